/* Errors of the disk, and directories that are durable. */
#include "ledger/disk.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int disk_error(const char *path, const char *doing, struct diags *diags)
{
    /* A limit on file sizes or a quota is a disk that is full for us. */
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    return diag_error(diags, full ? ERR_FULL : ERR_IO, diag_file(path),
                      full ? "make room, then run again: what is sealed already is not repeated"
                           : "mend it, then run again: what is sealed already is not repeated",
                      "cannot %s: %s", doing, strerror(errno));
}

/* make_dir: one directory, and its name on the disk in the one above. */
static int make_dir(char *path, unsigned mode)
{
    if (mkdir(path, (mode_t)mode))
        return errno == EEXIST ? 0 : ERR_IO;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
    int fd = open(!slash ? "." : slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash)
        *slash = '/';
    if (fd < 0)
        return ERR_IO;
    int error = fsync(fd) ? ERR_IO : 0;
    close(fd);
    return error;
}

int disk_make_dirs(const char *path, unsigned mode, struct diags *diags)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        errno = ENAMETOOLONG;
        return disk_error(path, "make the directory", diags);
    }
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        part[i] = 0;
        if (part[i - 1] != '/' && make_dir(part, mode))
            return disk_error(path, "make the directory", diags);
        part[i] = path[i];
    }
    return 0;
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
