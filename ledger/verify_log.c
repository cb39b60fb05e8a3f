/* One log, byte by byte: checkpoint, entries, tiles, and that there is nothing else. */
#include "ledger/verify_log.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/dir_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHECKPOINT_MAX 65536
#define BUNDLE_MAX     (TILE_WIDTH * (size_t)(ENTRY_BYTES_MAX + 2))

int verify_fault(struct verified_log *log, int error, const char *path, const char *format, ...)
{
    char text[512], file[PATH_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(file, sizeof file, "%s/%s", log->name, path);
    if (!log->error)
        log->error = error;
    return diag_error(log->diags, error, diag_file(file), NULL, "%s", text);
}

/* read_public: a file of the log; a missing one is a fault. */
static int read_public(struct verified_log *log, const char *path, size_t max, struct text *out)
{
    char full[PATH_MAX];
    if (snprintf(full, sizeof full, "%s/%s/%s", log->ledger_dir, log->name, path) >=
        (int)sizeof full)
        return verify_fault(log, ERR_IO, path, "the path is too long");
    struct stat st;
    bool plain = lstat(full, &st) || S_ISREG(st.st_mode); /* what else it is is not opened */
    int error = plain ? file_read(full, max, out) : ERR_CORRUPT;
    if (!plain)
        return verify_fault(log, ERR_CORRUPT, path, "this is no plain file");
    if (error == ERR_NOT_FOUND)
        return verify_fault(log, ERR_CORRUPT, path, "the file is missing");
    if (error == ERR_RANGE)
        return verify_fault(log, ERR_CORRUPT, path, "the file is longer than %zu bytes", max);
    if (error)
        return verify_fault(log, ERR_CORRUPT, path, "cannot read the file: %s", strerror(errno));
    return 0;
}

static int check_signature(const struct note_view *note, const struct verify_keys *keys,
                           const char *origin, uint64_t *unknown, char why[VERIFY_WHY_ROOM])
{
    int error = ERR_KEY;
    for (size_t i = 0; i < keys->n && error; i++) {
        size_t others = 0;
        if (strcmp(keys->items[i].name, origin) != 0)
            continue;
        error = note_open(note, &keys->items[i], &others);
        *unknown = others;
    }
    const char *form = error == ERR_KEY         ? "no key was given for the log %s"
                       : error == ERR_NOT_FOUND ? "the given key of %s has not signed it"
                                                : "the signature of %s does not verify";
    if (error)
        snprintf(why, VERIFY_WHY_ROOM, form, origin);
    return error && error != ERR_KEY ? ERR_SIGNATURE : error;
}

int verify_checkpoint(const struct text *note, const struct verify_keys *keys,
                      struct checkpoint *out, uint64_t *unknown, char why[VERIFY_WHY_ROOM])
{
    struct note_view view;
    size_t at = 0;
    *out = (struct checkpoint){0};
    *unknown = 0;
    const char *form = "this is no signed note; byte %zu is wrong";
    int error = note_parse(text_str(note), note->len, &view, &at);
    if (!error) {
        form = "the body is no checkpoint (origin, size, root); byte %zu is wrong";
        error = checkpoint_parse(view.body, view.body_len, out, &at);
    }
    if (!error)
        return check_signature(&view, keys, out->origin, unknown, why);
    *out = (struct checkpoint){0};
    snprintf(why, VERIFY_WHY_ROOM, form, at);
    return ERR_CORRUPT;
}

static void check_checkpoint(struct verified_log *log, const struct verify_keys *keys)
{
    struct text text = {0};
    char why[VERIFY_WHY_ROOM];
    if (read_public(log, "checkpoint", CHECKPOINT_MAX, &text) == 0) {
        int error = verify_checkpoint(&text, keys, &log->checkpoint, &log->unknown_lines, why);
        log->has_checkpoint = log->checkpoint.origin[0] != 0;
        if (error)
            verify_fault(log, error, "checkpoint", "%s", why);
    }
    text_free(&text);
}

static int keep_digests(struct verified_log *log, uint8_t (*digests)[SHA256_BYTES], unsigned n)
{
    uint64_t index = log->entries.n;
    if (log->n_digests + n > log->room_digests) {
        uint64_t room = log->room_digests ? 2 * log->room_digests : 1024;
        void *p = realloc(log->digests, room * SHA256_BYTES);
        if (!p)
            return ERR_NOMEM;
        log->digests = p;
        log->room_digests = room;
    }
    if (index >= log->room_entries) {
        uint64_t room = log->room_entries ? 2 * log->room_entries : 64;
        void *p = realloc(log->digests_end, room * sizeof *log->digests_end);
        if (!p)
            return ERR_NOMEM;
        log->digests_end = p;
        log->room_entries = room;
    }
    if (n)
        memcpy(log->digests + log->n_digests, digests, (size_t)n * SHA256_BYTES);
    log->n_digests += n;
    log->digests_end[index] = log->n_digests;
    return 0;
}

/* take_entry: a fault in an entry is named; it still counts for the tree. */
static int take_entry(struct verified_log *log, const char *path, size_t offset, const char *entry,
                      size_t len)
{
    uint8_t digests[COMMITMENTS_MAX][SHA256_BYTES], leaf[SHA256_BYTES];
    size_t at;
    const char *why;
    int n = commitment_parse(entry, len, digests, &at, &why);
    if (n < 0)
        verify_fault(log, ERR_CORRUPT, path, "entry %" PRIu64 " at byte %zu: %s", log->entries.n,
                     offset + at, why);
    int error = keep_digests(log, digests, n < 0 ? 0 : (unsigned)n);
    merkle_leaf(leaf, entry, len);
    if (!error)
        error = merkle_append(&log->tree, leaf);
    return error ? error : entry_list_append(&log->entries, entry, len);
}

/* read_bundle: exactly as many entries as the bundle is to have. Nonzero: what follows has no
 * place. */
static int read_bundle(void *ctx, const struct tile_id *id)
{
    struct verified_log *log = ctx;
    struct text bytes = {0};
    char path[TILE_PATH_MAX];
    if (id->level != TILE_ENTRIES)
        return 0;
    tile_path(id, path);
    int error = read_public(log, path, BUNDLE_MAX, &bytes);
    size_t at = 0;
    for (unsigned i = 0; i < id->width && !error; i++) {
        const uint8_t *p = (const uint8_t *)text_str(&bytes) + at;
        size_t left = bytes.len - at, len = left < 2 ? 0 : (size_t)(p[0] << 8 | p[1]);
        if (left < 2 || left - 2 < len)
            error = verify_fault(log, ERR_CORRUPT, path,
                                 "entry %" PRIu64 " at byte %zu is longer than the file",
                                 log->entries.n, at);
        else
            error = take_entry(log, path, at + 2, (const char *)p + 2, len);
        at += 2 + len;
    }
    if (!error && at != bytes.len)
        error = verify_fault(log, ERR_CORRUPT, path,
                             "bytes behind the last entry, from byte %zu on", at);
    text_free(&bytes);
    return error;
}

static int check_tile(void *ctx, const struct tile_id *id)
{
    struct verified_log *log = ctx;
    struct text there = {0}, right = {0};
    char path[TILE_PATH_MAX];
    if (id->level == TILE_ENTRIES)
        return 0;
    tile_path(id, path);
    tile_bytes(&right, &log->tree, &log->entries, id);
    if (read_public(log, path, TILE_WIDTH * SHA256_BYTES, &there) == 0) {
        size_t at = 0;
        while (at < right.len && at < there.len && right.data[at] == there.data[at])
            at++;
        if (at < right.len || at < there.len)
            verify_fault(log, ERR_CORRUPT, path,
                         "differs from the hashes of the entries at byte %zu", at);
    }
    bool failed = right.failed;
    text_free(&there);
    text_free(&right);
    return failed ? ERR_NOMEM : 0;
}

static void check_root(struct verified_log *log)
{
    uint8_t root[SHA256_BYTES];
    merkle_root(&log->tree, root);
    if (memcmp(root, log->checkpoint.root, sizeof root) != 0)
        verify_fault(log, ERR_CORRUPT, "checkpoint",
                     "the entries do not have the root that the checkpoint states");
}

static void check_item(void *ctx, const char *path, enum dir_item item)
{
    struct verified_log *log = ctx;
    struct tile_id id;
    if (item == DIR_EMPTY)
        verify_fault(log, ERR_CORRUPT, path, "an empty directory that does not belong to the log");
    else if (item == DIR_OTHER)
        verify_fault(log, ERR_CORRUPT, path, "this is no plain file");
    else if (strcmp(path, "checkpoint") != 0 &&
             (tile_parse(path, &id) ||
              (log->has_checkpoint && !tile_belongs(&id, log->checkpoint.size))))
        verify_fault(log, ERR_CORRUPT, path, "a file that does not belong to the log");
}

static void check_files(struct verified_log *log)
{
    char dir[PATH_MAX];
    int error = ERR_IO;
    if (snprintf(dir, sizeof dir, "%s/%s", log->ledger_dir, log->name) < (int)sizeof dir)
        error = dir_walk(dir, check_item, log);
    if (error)
        verify_fault(log, ERR_CORRUPT, "", "cannot read the directory: %s", error_text(error));
}

struct placed_digest {
    uint8_t digest[SHA256_BYTES];
    uint64_t entry;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed_digest *x = a, *y = b;
    int order = memcmp(x->digest, y->digest, SHA256_BYTES);
    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

/* check_repeats: no digest stands in two entries: values must not be linked by it. */
static void check_repeats(struct verified_log *log)
{
    if (log->n_digests == 0)
        return;
    struct placed_digest *all = malloc(log->n_digests * sizeof *all);
    if (!all) {
        verify_fault(log, ERR_NOMEM, "tile/entries", "out of memory");
        return;
    }
    for (uint64_t i = 0, entry = 0; i < log->n_digests; i++) {
        while (log->digests_end[entry] <= i)
            entry++;
        memcpy(all[i].digest, log->digests[i], SHA256_BYTES);
        all[i].entry = entry;
    }
    qsort(all, log->n_digests, sizeof *all, compare_placed);
    for (uint64_t i = 1; i < log->n_digests; i++)
        if (memcmp(all[i - 1].digest, all[i].digest, SHA256_BYTES) == 0)
            verify_fault(log, ERR_CORRUPT, "tile/entries",
                         "entries %" PRIu64 " and %" PRIu64 " have a digest in common",
                         all[i - 1].entry, all[i].entry);
    free(all);
}

void verify_log(struct verified_log *log, const struct verify_keys *keys)
{
    check_checkpoint(log, keys);
    if (log->has_checkpoint) {
        uint64_t size = log->checkpoint.size;
        int error = tiles_each(0, size, read_bundle, log);
        if (error == ERR_NOMEM)
            verify_fault(log, ERR_NOMEM, "tile/entries", "out of memory");
        log->complete = !error && log->entries.n == size;
        if (log->complete) {
            check_root(log);
            if (tiles_each(0, size, check_tile, log))
                verify_fault(log, ERR_NOMEM, "tile", "out of memory");
        } else {
            verify_fault(log, ERR_CORRUPT, "tile/entries",
                         "%" PRIu64 " of %" PRIu64
                         " entries could be read; the rest, the tiles and "
                         "the root are not checked",
                         log->entries.n, size);
        }
        check_repeats(log);
    }
    check_files(log);
}

void verified_log_free(struct verified_log *log)
{
    merkle_free(&log->tree);
    entry_list_free(&log->entries);
    free(log->digests);
    free(log->digests_end);
    log->digests = NULL;
    log->digests_end = NULL;
}
