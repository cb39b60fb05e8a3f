/* Tiles: their names, their content, and keeping a directory to the tiles of one size. */
#include "ledger/tiles.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "ledger/dir_walk.h"
#include "ledger/disk.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEVEL_BITS  8
#define TILE_LEVELS (MERKLE_LEVELS / LEVEL_BITS)

int entry_list_append(struct entry_list *list, const void *entry, size_t len)
{
    if (list->n == list->cap) {
        uint64_t cap = list->cap ? list->cap * 2 : 64;
        uint64_t *ends = realloc(list->ends, cap * sizeof *ends);
        if (!ends)
            return ERR_NOMEM;
        list->ends = ends;
        list->cap = cap;
    }
    text_append(&list->bytes, entry, len);
    if (list->bytes.failed)
        return ERR_NOMEM;
    list->ends[list->n++] = list->bytes.len;
    return 0;
}

const char *entry_list_get(const struct entry_list *list, uint64_t index, size_t *len)
{
    uint64_t i = index - list->first, begin = i ? list->ends[i - 1] : 0;
    *len = list->ends[i] - begin;
    return list->bytes.data + begin;
}

void entry_list_drop(struct entry_list *list, uint64_t index)
{
    uint64_t keep = index / TILE_WIDTH * TILE_WIDTH;
    if (keep <= list->first)
        return;
    uint64_t gone = keep - list->first, bytes = list->ends[gone - 1];
    list->n -= gone;
    for (uint64_t i = 0; i < list->n; i++)
        list->ends[i] = list->ends[i + gone] - bytes;
    list->bytes.len -= bytes;
    memmove(list->bytes.data, list->bytes.data + bytes, list->bytes.len + 1);
    list->first = keep;
}

void entry_list_free(struct entry_list *list)
{
    free(list->ends);
    text_free(&list->bytes);
    *list = (struct entry_list){0};
}

void tile_path(const struct tile_id *id, char out[TILE_PATH_MAX])
{
    unsigned groups[7], n = 0;
    uint64_t rest = id->index;
    do {
        groups[n++] = (unsigned)(rest % 1000);
        rest /= 1000;
    } while (rest);
    size_t len = 0;
    if (id->level == TILE_ENTRIES)
        len += (size_t)snprintf(out, TILE_PATH_MAX, "tile/entries");
    else
        len += (size_t)snprintf(out, TILE_PATH_MAX, "tile/%d", id->level);
    while (n--)
        len += (size_t)snprintf(out + len, TILE_PATH_MAX - len, "/%s%03u", n ? "x" : "", groups[n]);
    if (id->width < TILE_WIDTH)
        snprintf(out + len, TILE_PATH_MAX - len, ".p/%u", id->width);
}

/* digits: a number at *p, which is left behind it. */
static uint64_t digits(const char **p)
{
    uint64_t v = 0;
    for (; **p >= '0' && **p <= '9' && v < UINT64_MAX / 10000; (*p)++)
        v = v * 10 + (uint64_t)(**p - '0');
    return v;
}

int tile_parse(const char *path, struct tile_id *out)
{
    static const char entries[] = "tile/entries/", hashes[] = "tile/";
    const char *p = path;
    *out = (struct tile_id){.level = TILE_ENTRIES, .width = TILE_WIDTH};
    if (strncmp(p, entries, sizeof entries - 1) == 0) {
        p += sizeof entries - 1;
    } else if (strncmp(p, hashes, sizeof hashes - 1) == 0) {
        p += sizeof hashes - 1;
        out->level = (int)(digits(&p) % 1000);
        if (*p++ != '/')
            return ERR_SYNTAX;
    } else {
        return ERR_SYNTAX;
    }
    while (*p == 'x') {
        p++;
        out->index = (out->index + digits(&p) % 1000) * 1000;
        if (*p++ != '/' || out->index > UINT64_MAX / 10000)
            return ERR_SYNTAX;
    }
    out->index += digits(&p) % 1000;
    if (strncmp(p, ".p/", 3) == 0) {
        p += 3;
        out->width = (unsigned)(digits(&p) % 1000);
    }
    /* One tile has one name: what does not come out the same is none. */
    char again[TILE_PATH_MAX];
    if (out->width == 0 || out->width > TILE_WIDTH || out->level >= TILE_LEVELS)
        return ERR_SYNTAX;
    tile_path(out, again);
    return strcmp(again, path) == 0 ? 0 : ERR_SYNTAX;
}

/* level_count: hashes of a level; entries count as those of level 0. */
static uint64_t level_count(int level, uint64_t size)
{
    return level == TILE_ENTRIES ? size : size >> (LEVEL_BITS * level);
}

bool tile_belongs(const struct tile_id *id, uint64_t size)
{
    uint64_t n = level_count(id->level, size);
    if (id->index < n / TILE_WIDTH)
        return id->width == TILE_WIDTH;
    return id->index == n / TILE_WIDTH && id->width == n % TILE_WIDTH;
}

int tiles_each(uint64_t from, uint64_t size, tile_visit *visit, void *ctx)
{
    for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
        uint64_t had = level_count(level, from), n = level_count(level, size);
        if (had == n)
            continue;
        for (uint64_t i = had / TILE_WIDTH; i * TILE_WIDTH < n; i++) {
            uint64_t left = n - i * TILE_WIDTH;
            struct tile_id id = {level, i, left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH};
            int result = visit(ctx, &id);
            if (result)
                return result;
        }
    }
    return 0;
}

void tile_bytes(struct text *out, const struct merkle *tree, const struct entry_list *entries,
                const struct tile_id *id)
{
    for (unsigned i = 0; i < id->width; i++) {
        uint64_t at = id->index * TILE_WIDTH + i;
        if (id->level == TILE_ENTRIES) {
            size_t len;
            const char *entry = entry_list_get(entries, at, &len);
            const uint8_t head[2] = {(uint8_t)(len >> 8), (uint8_t)len};
            text_append(out, head, 2);
            text_append(out, entry, len);
        } else {
            text_append(out, merkle_subtree(tree, (unsigned)id->level * LEVEL_BITS, at),
                        SHA256_BYTES);
        }
    }
}

/* One run of tiles_write or tiles_remove. */
struct tile_work {
    const char *dir;
    const struct merkle *tree;
    const struct entry_list *entries;
    uint64_t size; /* the size whose tiles stay */
    struct text bytes, found;
    struct diags *diags;
};

static int write_tile(void *ctx, const struct tile_id *id)
{
    struct tile_work *w = ctx;
    char name[TILE_PATH_MAX], path[PATH_MAX];
    tile_path(id, name);
    if (snprintf(path, sizeof path, "%s/%s", w->dir, name) >= (int)sizeof path)
        return diag_error(w->diags, ERR_IO, diag_file(w->dir), NULL, "the path is too long");
    text_clear(&w->bytes);
    text_clear(&w->found);
    tile_bytes(&w->bytes, w->tree, w->entries, id);
    if (w->bytes.failed)
        return ERR_NOMEM;
    if (file_read(path, w->bytes.len, &w->found) == 0 && w->found.len == w->bytes.len &&
        memcmp(w->found.data, w->bytes.data, w->bytes.len) == 0)
        return 0;
    return disk_replace(path, w->bytes.data, w->bytes.len, 0644, w->diags);
}

/* prune: the directories that held only what is gone go with it. path is used up. */
static void prune(const char *dir, char *path)
{
    for (char *slash = strrchr(path, '/'); (size_t)(slash - path) > strlen(dir);
         slash = strrchr(path, '/')) {
        *slash = 0;
        if (rmdir(path))
            break;
    }
}

static int remove_tile(void *ctx, const struct tile_id *id)
{
    struct tile_work *w = ctx;
    char name[TILE_PATH_MAX], path[PATH_MAX];
    if (tile_belongs(id, w->size))
        return 0;
    tile_path(id, name);
    if (snprintf(path, sizeof path, "%s/%s", w->dir, name) >= (int)sizeof path)
        return 0;
    unlink(path);
    prune(w->dir, path);
    return 0;
}

void tiles_remove(const char *dir, uint64_t old, uint64_t size)
{
    struct tile_work w = {.dir = dir, .size = size};
    tiles_each(0, old, remove_tile, &w);
}

int tiles_write(const char *dir, const struct merkle *tree, const struct entry_list *entries,
                uint64_t from, uint64_t kept, struct diags *diags)
{
    struct tile_work w = {.dir = dir, .tree = tree, .entries = entries, .diags = diags};
    uint64_t size = merkle_size(tree);
    int error = tiles_each(from, size, write_tile, &w);
    if (error)
        tiles_remove(dir, size, kept);
    text_free(&w.bytes);
    text_free(&w.found);
    return error;
}

static void sweep_item(void *ctx, const char *path, enum dir_item item)
{
    struct tile_work *w = ctx;
    struct tile_id id;
    char full[PATH_MAX], stem[PATH_MAX];
    size_t len = strlen(path);
    if (snprintf(full, sizeof full, "%s/tile/%s", w->dir, path) >= (int)sizeof full)
        return;
    const char *name = full + strlen(w->dir) + 1;
    if (item == DIR_EMPTY) {
        rmdir(full);
        prune(w->dir, full);
        return;
    }
    if (tile_parse(name, &id) == 0) {
        remove_tile(w, &id);
    } else if (len > 4 && strcmp(path + len - 4, ".new") == 0) {
        snprintf(stem, sizeof stem, "%.*s", (int)(strlen(name) - 4), name);
        if (tile_parse(stem, &id) == 0 && unlink(full) == 0)
            prune(w->dir, full);
    }
}

void tiles_sweep(const char *dir, uint64_t size)
{
    char path[PATH_MAX];
    struct tile_work w = {.dir = dir, .size = size};
    if (snprintf(path, sizeof path, "%s/tile", dir) < (int)sizeof path)
        dir_walk(path, sweep_item, &w);
}

static void look_for_tile(void *ctx, const char *path, enum dir_item item)
{
    char name[PATH_MAX];
    struct tile_id id;
    bool *any = ctx;
    snprintf(name, sizeof name, "tile/%s", path);
    *any = *any || (item == DIR_FILE && tile_parse(name, &id) == 0);
}

bool tiles_any(const char *dir)
{
    char path[PATH_MAX];
    bool any = false;
    if (snprintf(path, sizeof path, "%s/tile", dir) < (int)sizeof path)
        dir_walk(path, look_for_tile, &any);
    return any;
}

struct settling {
    const char *dir;
    char last[PATH_MAX]; /* the directory that was synced last */
    int error;
    struct diags *diags;
};

/* settle_item: sync the name of each item, once a directory, and of all that is above it. */
static void settle_item(void *ctx, const char *path, enum dir_item item)
{
    struct settling *s = ctx;
    char full[PATH_MAX];
    (void)item;
    if (snprintf(full, sizeof full, "%s/tile/%s", s->dir, path) >= (int)sizeof full)
        return;
    size_t len = (size_t)(strrchr(full, '/') - full);
    if (strncmp(full, s->last, len) == 0 && s->last[len] == 0)
        return;
    snprintf(s->last, sizeof s->last, "%.*s", (int)len, full);
    while (!s->error && strlen(full) > strlen(s->dir)) {
        if (file_sync_name(full))
            s->error = disk_error(full, "write", s->diags);
        *strrchr(full, '/') = 0;
    }
}

int tiles_settle(const char *dir, struct diags *diags)
{
    char path[PATH_MAX];
    struct settling s = {.dir = dir, .diags = diags};
    if (snprintf(path, sizeof path, "%s/tile", dir) < (int)sizeof path)
        dir_walk(path, settle_item, &s);
    return s.error;
}
