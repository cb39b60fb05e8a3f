/* What fuzz targets share: the entry point, a check that stops the program, and a script reader.
 *
 * A target is one file with LLVMFuzzerTestOneInput. It is linked twice: with driver.c by any
 * compiler, to run committed inputs in the tests, and with clang's fuzzer (scripts/fuzz.sh). Inputs
 * of any kind must be harmless; what a target checks beyond that is said at its head.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* must: a property that holds for every input. */
#define must(condition)                                                                    \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* fuzz_exact: a copy that ends where its memory ends, so that reading one byte too far is noticed.
 * Freed by the caller. */
static inline uint8_t *fuzz_exact(const void *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    must(copy);
    if (len)
        memcpy(copy, data, len);
    return copy;
}

/* fuzz_file: the bytes as a file without a name on a disk; returns its path, valid until the next
 * call. */
static inline const char *fuzz_file(const void *data, size_t len)
{
    static char path[64];
    static int fd = -1;
    if (fd >= 0)
        close(fd);
    fd = memfd_create("fuzz", 0);
    must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

#endif
