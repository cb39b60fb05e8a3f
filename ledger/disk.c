/* Errors of the disk, and directories that are durable. */
#include "ledger/disk.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int disk_error(const char *path, const char *doing, struct diags *diags)
{
    /* A limit on file sizes or a quota is a disk that is full for us. */
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    return diag_error(diags, full ? ERR_FULL : ERR_IO, diag_file(path),
                      full ? "make room, then run again: what is sealed already is not repeated"
                           : "mend it, then run again: what is sealed already is not repeated",
                      "cannot %s: %s", doing, strerror(errno));
}

int disk_make_dirs(const char *path, unsigned mode, struct diags *diags)
{
    return file_make_dirs(path, mode) ? disk_error(path, "make the directory", diags) : 0;
}

int disk_replace(const char *path, const void *data, size_t len, unsigned mode, struct diags *diags)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int error = file_replace(path, data, len, mode);
    if (error && errno == ENOENT && slash && (size_t)(slash - path) < sizeof dir) {
        memcpy(dir, path, (size_t)(slash - path));
        dir[slash - path] = 0;
        error = disk_make_dirs(dir, 0755, diags);
        if (error)
            return error;
        error = file_replace(path, data, len, mode);
    }
    return error ? disk_error(path, "write", diags) : 0;
}
