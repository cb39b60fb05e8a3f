/* Whole files, and replacing one so that a crash leaves the old content or the new. */
#include "base/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, size_t max, struct text *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    char block[65536];
    size_t total = 0;
    int error = 0;
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            error = ERR_IO;
        else if (total + (size_t)n > max)
            error = ERR_RANGE;
        if (n <= 0 || error)
            break;
        text_append(out, block, (size_t)n);
        total += (size_t)n;
    }
    int kept = errno;
    close(fd);
    errno = kept;
    return error ? error : out->failed ? ERR_NOMEM : 0;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

int file_sync_name(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 1;
    if (len >= sizeof dir)
        return ERR_IO;
    memcpy(dir, slash ? path : ".", len);
    dir[len] = 0;
    int fd = open(len ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int error = fsync(fd) ? ERR_IO : 0;
    int kept = errno;
    close(fd);
    errno = kept;
    return error;
}

/* make_dir: one directory, its name on the disk. Of one that is there that is not known: who made
 * it may have been killed before it was synced. Where we may not look, it was not us. */
static int make_dir(const char *path, unsigned mode)
{
    bool made = mkdir(path, (mode_t)mode) == 0;
    if (!made && errno != EEXIST)
        return ERR_IO;
    int error = file_sync_name(path);
    return made || errno != EACCES ? error : 0;
}

/* create: a file that is ours alone. What stands there is of a write that was not finished, or of
 * somebody who waits for what will be written: it is not written into, nor is a link followed. */
static int create(const char *path, unsigned mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = open(path, flags, (mode_t)mode);
    if (fd < 0 && errno == EEXIST && unlink(path) == 0)
        fd = open(path, flags, (mode_t)mode);
    return fd;
}

int file_replace(const char *path, const void *data, size_t len, unsigned mode)
{
    char fresh[PATH_MAX];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    int fd = create(fresh, mode);
    if (fd < 0)
        return ERR_IO;
    int error = write_all(fd, data, len);
    if (!error && fsync(fd))
        error = ERR_IO;
    if (close(fd) && !error)
        error = ERR_IO;
    if (!error && rename(fresh, path))
        error = ERR_IO;
    if (error) {
        int kept = errno;
        unlink(fresh);
        errno = kept;
        return error;
    }
    return file_sync_name(path);
}

int file_make_dirs(const char *path, unsigned mode)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if ((part[i] != '/' && part[i] != 0) || part[i - 1] == '/')
            continue;
        part[i] = 0;
        if (make_dir(part, mode))
            return ERR_IO;
        part[i] = path[i];
    }
    return 0;
}
