/* Stands between a program and its disk (LD_PRELOAD): writes a journal of what changes the files
 * beneath a directory, ends everything at one of these points, or lets some of them fail.
 *
 * Points are the calls that change something beneath PLIMSOLL_DISK_ROOT: write, pwrite, ftruncate,
 * fallocate, fsync, fdatasync, rename, unlink, mkdir, rmdir, and an open that makes or empties a
 * file. They are numbered from 1 over all processes that share PLIMSOLL_DISK_CONTROL, a file of six
 * 64-bit numbers:
 *
 *     points so far | lose power at | lost | fail from | fail up to | errno
 *
 * At the point where power is lost the call is not made: every process ends at its next point, and
 * the parent of a sealer at once (it holds the other end of the socket, and need not have one).
 * What was done before is in PLIMSOLL_DISK_JOURNAL, in order; tests/pipeline/disk_model.py makes of
 * it what a disk may hold then. From "fail from" on, and before "fail up to", calls fail with
 * errno; a write that meets a full disk first writes half, as the kernel does.
 *
 * A journal record is "POINT CALL PATH PATH2 OFFSET LENGTH\n" and LENGTH bytes; paths are relative
 * to the root, "-" is none. It is written after the call came back without an error.
 */
/* Both names of a call are wanted, open and open64; this would make one of them. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    _Atomic uint64_t points, lose_at, lost, fail_from, fail_to, fail_errno;
};

static struct control *control;
static const char *root;
static size_t root_len;
static int journal = -1;
static int inside;      /* our own calls are not points */
static uint64_t latest; /* point of this process */

/* next: the call itself, by its name in the library behind this one. */
static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (!function)
        abort();
    return function;
}
#define REAL(name) ((__typeof__(&name))next(#name))

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("PLIMSOLL_DISK_CONTROL"), *to = getenv("PLIMSOLL_DISK_JOURNAL");
    root = getenv("PLIMSOLL_DISK_ROOT");
    if (!path || !root)
        return;
    inside++;
    root_len = strlen(root);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED
                       : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        control = map;
    if (fd >= 0)
        close(fd);
    if (to)
        journal = open(to, O_WRONLY | O_APPEND | O_CLOEXEC);
    inside--;
}

/* beneath: the path relative to the root ("." is the root itself), or NULL. */
static const char *beneath(const char *path)
{
    if (!control || inside || strncmp(path, root, root_len) != 0)
        return NULL;
    return path[root_len] == '/' ? path + root_len + 1 : path[root_len] == 0 ? "." : NULL;
}

/* name_of: the same of an open file; where it is now, if it was renamed. */
static const char *name_of(int fd, char path[PATH_MAX])
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = control && !inside ? readlink(link, path, PATH_MAX - 1) : -1;
    if (n < 0)
        return NULL;
    path[n] = 0;
    return beneath(path);
}

/* point: count one. Does not come back where power is lost. 0, or -1 with errno where it is to
 * fail. */
static int point(void)
{
    uint64_t number = latest = atomic_fetch_add(&control->points, 1) + 1;
    if (number == atomic_load(&control->lose_at)) {
        atomic_store(&control->lost, 1);
        if (strcmp(program_invocation_short_name, "plimsoll-sealer") == 0)
            kill(getppid(), SIGKILL);
    }
    if (atomic_load(&control->lost))
        _exit(1);
    if (number < atomic_load(&control->fail_from) || number >= atomic_load(&control->fail_to))
        return 0;
    errno = (int)atomic_load(&control->fail_errno);
    return -1;
}

static void record(const char *call, const char *path, const char *path2, off_t offset,
                   const void *data, size_t len)
{
    char head[2 * PATH_MAX + 64];
    if (journal < 0)
        return;
    int n = snprintf(head, sizeof head, "%lu %s %s %s %lld %zu\n", latest, call, path,
                     path2 ? path2 : "-", (long long)offset, len);
    struct iovec parts[] = {{head, (size_t)n}, {(void *)(uintptr_t)data, data ? len : 0}};
    int kept = errno;
    if (writev(journal, parts, 2) < n)
        abort();
    errno = kept;
}

static int simple(int result, const char *call, const char *path, const char *path2, off_t number)
{
    if (result == 0)
        record(call, path, path2, number, NULL, 0);
    return result;
}

static int open_real(const char *path, int flags, mode_t mode)
{
    const char *name = flags & (O_CREAT | O_TRUNC) ? beneath(path) : NULL;
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (!name || (there && (!(flags & O_TRUNC) || st.st_size == 0)))
        return REAL(open)(path, flags, mode);
    if (point())
        return -1;
    int fd = REAL(open)(path, flags, mode);
    if (fd >= 0)
        record(there ? "truncate" : "create", name, NULL, 0, NULL, 0);
    return fd;
}

#define TAKE_MODE(flags)                       \
    mode_t mode = 0;                           \
    if ((flags) & (O_CREAT | O_TMPFILE)) {     \
        va_list args;                          \
        va_start(args, flags);                 \
        mode = (mode_t)va_arg(args, unsigned); \
        va_end(args);                          \
    }

int open(const char *path, int flags, ...)
{
    TAKE_MODE(flags)
    return open_real(path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    TAKE_MODE(flags)
    return open_real(path, flags, mode);
}

/* half: what a full disk still takes of a write. The rest meets the error in the next call. */
static size_t half(size_t len)
{
    uint64_t first = atomic_load(&control->fail_from);
    bool now = atomic_load(&control->points) + 1 == first && len > 1;
    return now && atomic_load(&control->fail_errno) == ENOSPC ? len / 2 : len;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return REAL(pwrite)(fd, data, len, offset);
    size_t part = half(len);
    if (part == len && point())
        return -1;
    ssize_t n = REAL(pwrite)(fd, data, part, offset);
    if (n > 0)
        record("write", name, NULL, offset, data, (size_t)n);
    return n;
}
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
    return pwrite(fd, data, len, offset);
}

ssize_t write(int fd, const void *data, size_t len)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return REAL(write)(fd, data, len);
    off_t offset = lseek(fd, 0, SEEK_CUR);
    size_t part = half(len);
    if (part == len && point())
        return -1;
    ssize_t n = REAL(write)(fd, data, part);
    if (n > 0)
        record("write", name, NULL, offset, data, (size_t)n);
    return n;
}

int fsync(int fd)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return REAL(fsync)(fd);
    return point() ? -1 : simple(REAL(fsync)(fd), "sync", name, NULL, 0);
}
int fdatasync(int fd)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return REAL(fdatasync)(fd);
    return point() ? -1 : simple(REAL(fdatasync)(fd), "sync", name, NULL, 0);
}
int ftruncate(int fd, off_t size)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return REAL(ftruncate)(fd, size);
    return point() ? -1 : simple(REAL(ftruncate)(fd, size), "truncate", name, NULL, size);
}
int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}
int fallocate(int fd, int mode, off_t offset, off_t len)
{
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name)
        return REAL(fallocate)(fd, mode, offset, len);
    return point() ? -1
                   : simple(REAL(fallocate)(fd, mode, offset, len), "allocate", name, NULL,
                            offset + len);
}
int fallocate64(int fd, int mode, off_t offset, off_t len)
{
    return fallocate(fd, mode, offset, len);
}
int rename(const char *from, const char *to)
{
    const char *a = beneath(from), *b = beneath(to);
    if (!a || !b)
        return REAL(rename)(from, to);
    return point() ? -1 : simple(REAL(rename)(from, to), "rename", a, b, 0);
}
int unlink(const char *path)
{
    const char *name = beneath(path);
    if (!name || access(path, F_OK))
        return REAL(unlink)(path);
    return point() ? -1 : simple(REAL(unlink)(path), "unlink", name, NULL, 0);
}
int mkdir(const char *path, mode_t mode)
{
    const char *name = beneath(path);
    if (!name || access(path, F_OK) == 0)
        return REAL(mkdir)(path, mode);
    return point() ? -1 : simple(REAL(mkdir)(path, mode), "mkdir", name, NULL, 0);
}
int rmdir(const char *path)
{
    const char *name = beneath(path);
    if (!name)
        return REAL(rmdir)(path);
    return point() ? -1 : simple(REAL(rmdir)(path), "rmdir", name, NULL, 0);
}
