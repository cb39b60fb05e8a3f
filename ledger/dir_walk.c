/* A directory, sorted, without following links. */
#include "ledger/dir_walk.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 16

struct walk {
    char path[PATH_MAX];
    size_t root_len; /* of the directory and its slash */
    dir_visit *visit;
    void *ctx;
};

static int walk_into(struct walk *w, unsigned depth);

static int no_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int walk_item(struct walk *w, const char *name, unsigned depth)
{
    size_t len = strlen(w->path);
    struct stat st;
    int error = 0;
    if (snprintf(w->path + len, sizeof w->path - len, "/%s", name) >= (int)(sizeof w->path - len))
        error = ERR_RANGE;
    else if (lstat(w->path, &st))
        error = errno == ENOENT ? 0 : ERR_IO;
    else if (S_ISDIR(st.st_mode))
        error = walk_into(w, depth + 1);
    else
        w->visit(w->ctx, w->path + w->root_len, S_ISREG(st.st_mode) ? DIR_FILE : DIR_OTHER);
    w->path[len] = 0;
    return error;
}

static int walk_into(struct walk *w, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return ERR_RANGE;
    struct dirent **items;
    int n = scandir(w->path, &items, no_dots, alphasort);
    if (n < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    int error = 0;
    for (int i = 0; i < n; i++) {
        if (!error)
            error = walk_item(w, items[i]->d_name, depth);
        free(items[i]);
    }
    free(items);
    if (n == 0 && depth)
        w->visit(w->ctx, w->path + w->root_len, DIR_EMPTY);
    return error;
}

int dir_walk(const char *dir, dir_visit *visit, void *ctx)
{
    struct walk w = {.root_len = strlen(dir) + 1, .visit = visit, .ctx = ctx};
    if (snprintf(w.path, sizeof w.path, "%s", dir) >= (int)sizeof w.path)
        return ERR_RANGE;
    return walk_into(&w, 0);
}
