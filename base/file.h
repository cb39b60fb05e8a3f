/* Whole files: read, and write so that a reader sees the old content or the new, never half. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/text.h"

#include <stddef.h>

/* file_read: append a file's bytes to out. 0, ERR_NOT_FOUND, ERR_IO (errno is kept), ERR_RANGE over
 * max. */
int file_read(const char *path, size_t max, struct text *out);
/* file_replace: write to PATH.new, fsync, rename, fsync the directory. mode as for open(2). */
int file_replace(const char *path, const void *data, size_t len, unsigned mode);
/* file_sync_name: the name of a file or directory is on the disk: fsync of the directory above. 0
 * or ERR_IO (errno is kept). */
int file_sync_name(const char *path);
/* file_make_dirs: mkdir -p, and the names of all of them are on the disk, whoever made them. */
int file_make_dirs(const char *path, unsigned mode);

#endif
