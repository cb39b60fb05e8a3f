/* From what a person names to the files to read: folders become the files in and below them. */
#ifndef DATAPLANE_INPUT_PATHS_H
#define DATAPLANE_INPUT_PATHS_H

#include "base/diag.h"

#include <stdbool.h>

struct input_path {
    char *path;
    size_t given; /* place of the path that it was found by */
    bool found;   /* in a folder, so that it need not be a capture */
};

struct input_paths {
    struct input_path *items;
    size_t n, cap;
    size_t given;  /* while they are being found: the path under way */
    size_t broken; /* folders that could not be read to the end, or without any file; "-" again */
    int error;     /* of the last of these */
};

/* input_paths_find: the files of n paths; those of a folder in ascending order of their names'
 * bytes, level by level. What is neither a file nor a folder there is named and left out; a
 * symbolic link to a folder is not followed. 0 or ERR_NOMEM; input_paths_free is due in any case.
 */
int input_paths_find(struct input_paths *out, const char *const *paths, size_t n,
                     struct diags *diags);
void input_paths_free(struct input_paths *p);

#endif
