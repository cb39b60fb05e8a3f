/* A depth-first walk. Names are compared as bytes, so that the order is the same everywhere. */
#include "dataplane/input_paths.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

/* add: takes the path. */
static int add(struct input_paths *p, char *path, bool found)
{
    if (path && p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        struct input_path *items = realloc(p->items, cap * sizeof *items);
        if (!items) {
            free(path);
            path = NULL;
        } else {
            p->items = items;
            p->cap = cap;
        }
    }
    if (!path)
        return ERR_NOMEM;
    p->items[p->n++] = (struct input_path){path, p->given, found};
    return 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int but_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int walk(struct input_paths *p, const char *folder, unsigned depth, struct diags *diags);

static int leave_out(const char *path, const char *why, struct diags *diags)
{
    diag_warning(diags, ERR_UNSUPPORTED, diag_file(path), NULL, "left out: %s", why);
    return 0;
}

/* take: one entry of a folder. */
static int take(struct input_paths *p, char *path, unsigned depth, struct diags *diags)
{
    struct stat st;
    int error = 0;
    if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
        error = walk(p, path, depth + 1, diags);
    } else if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
        return add(p, path, true); /* one that cannot be examined is named when it is opened */
    } else {
        error = leave_out(path, S_ISDIR(st.st_mode) ? "a link to a folder" : "not a file", diags);
    }
    free(path);
    return error;
}

static int walk(struct input_paths *p, const char *folder, unsigned depth, struct diags *diags)
{
    if (depth > DEPTH_MAX)
        return leave_out(folder, "too many folders in each other", diags);
    struct dirent **entries;
    int n = scandir(folder, &entries, but_dots, by_bytes), error = 0;
    if (n < 0) {
        p->broken++;
        p->error = diag_error(diags, ERR_IO, diag_file(folder), NULL,
                              "the folder cannot be read: %s", strerror(errno));
        return 0;
    }
    size_t len = strlen(folder);
    const char *slash = len && folder[len - 1] == '/' ? "" : "/";
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        if (!error)
            error = asprintf(&path, "%s%s%s", folder, slash, entries[i]->d_name) < 0
                        ? ERR_NOMEM
                        : take(p, path, depth, diags);
        free(entries[i]);
    }
    free(entries);
    return error;
}

int input_paths_find(struct input_paths *out, const char *const *paths, size_t n,
                     struct diags *diags)
{
    *out = (struct input_paths){0};
    bool standard = false;
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        bool dash = strcmp(paths[i], "-") == 0;
        out->given = i;
        size_t before = out->n + out->broken;
        int error = 0;
        if (dash && standard) {
            out->broken++;
            out->error = diag_error(diags, ERR_USAGE, diag_file("standard input"), NULL,
                                    "it can be given only once");
        } else if (!dash && stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode)) {
            error = walk(out, paths[i], 0, diags);
            if (!error && out->n + out->broken == before) {
                out->broken++;
                out->error = diag_error(diags, ERR_NOT_FOUND, diag_file(paths[i]), NULL,
                                        "there is no file in this folder");
            }
        } else {
            error = add(out, strdup(paths[i]), false);
        }
        if (error)
            return diag_error(diags, error, diag_file(paths[i]), NULL, "out of memory");
        standard |= dash;
    }
    return 0;
}

void input_paths_free(struct input_paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->items[i].path);
    free(p->items);
    *p = (struct input_paths){0};
}
