/* Packing for tests, and a writer that feeds a FIFO from a thread in pieces of random length. */
#ifndef TESTS_UNIT_DATAPLANE_PACK_H
#define TESTS_UNIT_DATAPLANE_PACK_H

#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct packed {
    uint8_t *data;
    size_t len;
};

static inline void pack_gzip(struct packed *out, const void *data, size_t len)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, len) + 64;
    out->data = realloc(out->data, out->len + room);
    assert_non_null(out->data);
    z.next_in = (uint8_t *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = out->data + out->len;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += room - z.avail_out;
    deflateEnd(&z);
}

static inline void pack_zstd(struct packed *out, const void *data, size_t len)
{
    size_t room = ZSTD_compressBound(len);
    out->data = realloc(out->data, out->len + room);
    assert_non_null(out->data);
    size_t got = ZSTD_compress(out->data + out->len, room, data, len, 1);
    assert_false(ZSTD_isError(got));
    out->len += got;
}

/* pack_zstd_flushed: one frame, which can be unpacked as far as it came every 200 bytes. */
static inline void pack_zstd_flushed(struct packed *out, const void *data, size_t len)
{
    ZSTD_CStream *z = ZSTD_createCStream();
    size_t room = 2 * len + 1000;
    out->data = realloc(out->data, out->len + room);
    assert_non_null(out->data);
    ZSTD_outBuffer to = {out->data, out->len + room, out->len};
    for (size_t at = 0; at < len; at += 200) {
        ZSTD_inBuffer in = {(const uint8_t *)data + at, len - at < 200 ? len - at : 200, 0};
        bool last = at + 200 >= len;
        assert_int_equal(ZSTD_compressStream2(z, &to, &in, last ? ZSTD_e_end : ZSTD_e_flush), 0);
    }
    out->len = to.pos;
    ZSTD_freeCStream(z);
}

static inline void pack_bytes(struct packed *out, const void *data, size_t len)
{
    out->data = realloc(out->data, out->len + len + 1);
    assert_non_null(out->data);
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

/* The ways in which bytes can come; MAPPED as they are, in a file. */
enum way { WAY_MAPPED, WAY_GZIP, WAY_ZSTD, WAY_FIFO, WAYS };

struct fifo_writer {
    pthread_t thread;
    char path[TEMPORARY_FILE];
    const uint8_t *data;
    size_t len;
    uint64_t seed;
};

static inline void *fifo_write(void *ctx)
{
    struct fifo_writer *w = ctx;
    int fd = open(w->path, O_WRONLY);
    for (size_t at = 0; fd >= 0 && at < w->len;) {
        size_t n = 1 + random_below(&w->seed, random_below(&w->seed, 4) ? 100 : 200000);
        ssize_t done = write(fd, w->data + at, n < w->len - at ? n : w->len - at);
        if (done <= 0)
            break; /* the reader has gone */
        at += (size_t)done;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* fifo_start: the bytes must live until fifo_join. */
static inline void fifo_start(struct fifo_writer *w, const char *path, const void *data, size_t len,
                              uint64_t seed)
{
    signal(SIGPIPE, SIG_IGN);
    *w = (struct fifo_writer){.data = data, .len = len, .seed = seed};
    snprintf(w->path, sizeof w->path, "%s", path);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&w->thread, NULL, fifo_write, w), 0);
}

/* fifo_join: also when nobody ever opened the other end. */
static inline void fifo_join(struct fifo_writer *w)
{
    int fd = open(w->path, O_RDONLY | O_NONBLOCK);
    pthread_join(w->thread, NULL);
    close(fd);
    unlink(w->path);
}

#endif
