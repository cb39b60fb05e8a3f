/* Where tests put their files: on a disk in memory where there is one. Most of the time of a test
 * that writes a thousand small files would be the disk's, and what a disk keeps is not what these
 * test (tests/pipeline/disk_shim.c does). TMPDIR decides where it is set. */
#ifndef TESTS_UNIT_TEMPORARY_H
#define TESTS_UNIT_TEMPORARY_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMPORARY_ROOM 256                   /* of a name made here */
#define TEMPORARY_FILE (TEMPORARY_ROOM + 64) /* of a file in such a folder */

/* temporary_name: what mkdtemp and mkstemp ask for.
 *   path      out: TEMPORARY_ROOM bytes at least
 */
static inline char *temporary_name(char *path)
{
    const char *dir = getenv("TMPDIR");
    if (!dir)
        dir = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    if (snprintf(path, TEMPORARY_ROOM, "%s/plimsoll-test-XXXXXX", dir) >= TEMPORARY_ROOM)
        abort();
    return path;
}

/* temporary_folder: a new one, of this name. */
static inline char *temporary_folder(char *path)
{
    if (!mkdtemp(temporary_name(path)))
        abort();
    return path;
}

#endif
