/* One buffer of bytes as they come, and a row for each way in which they may be packed.
 *
 * Both formats may have several members one behind the other, as `cat a.gz b.gz` makes them; the
 * end is good only between members. Zeros behind a gzip member are padding (of tapes), anything
 * else that is no member is named: it was not read.
 */
#include "dataplane/unpack.h"

#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define IN_BYTES 65536u
#define WAIT_MS  10 /* for a pipe; then the caller looks after its other work */

struct packing {
    const char *name;
    uint8_t magic[4], magic_len;
    int (*begin)(struct unpacker *u);
    /* some of `in` to some of `out`; sets u->between when a member has ended. Returns bytes. */
    int64_t (*step)(struct unpacker *u, uint8_t *out, size_t room);
};

/* Owner: the source's thread. */
struct unpacker {
    int fd;
    const struct packing *packing; /* NULL: not known yet */
    uint8_t in[IN_BYTES];
    size_t at, n; /* what is left of `in` */
    bool in_ended;
    bool between; /* no member is under way */
    uint64_t taken;
    z_stream gzip;
    ZSTD_DStream *zstd;
    char why[120];
};

static int64_t fail(struct unpacker *u, int error, const char *format, const char *detail)
{
    snprintf(u->why, sizeof u->why, format, detail);
    return error;
}

static int begin_plain(struct unpacker *u)
{
    u->between = true;
    return 0;
}

static int64_t step_plain(struct unpacker *u, uint8_t *out, size_t room)
{
    size_t n = u->n < room ? u->n : room;
    memcpy(out, u->in + u->at, n);
    u->at += n;
    u->n -= n;
    return (int64_t)n;
}

static int begin_gzip(struct unpacker *u)
{
    return inflateInit2(&u->gzip, 15 + 16) == Z_OK ? 0 : ERR_NOMEM;
}

static int64_t step_gzip(struct unpacker *u, uint8_t *out, size_t room)
{
    if (u->between) {
        while (u->n && u->in[u->at] == 0)
            u->at++, u->n--;
        if (u->n == 0)
            return 0;
        if (inflateReset(&u->gzip) != Z_OK)
            return fail(u, ERR_INTERNAL, "gzip cannot be started again%s", "");
        u->between = false;
    }
    u->gzip.next_in = u->in + u->at;
    u->gzip.avail_in = (uInt)u->n;
    u->gzip.next_out = out;
    u->gzip.avail_out = (uInt)(room < UINT32_MAX ? room : UINT32_MAX);
    uInt before = u->gzip.avail_out;
    int got = inflate(&u->gzip, Z_NO_FLUSH);
    u->at += u->n - u->gzip.avail_in;
    u->n = u->gzip.avail_in;
    u->between = got == Z_STREAM_END;
    if (got == Z_MEM_ERROR)
        return fail(u, ERR_NOMEM, "there is no memory to unpack gzip%s", "");
    if (got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR)
        return fail(u, ERR_CORRUPT, "its gzip data is damaged (%s)",
                    u->gzip.msg ? u->gzip.msg : "it asks for a dictionary");
    return before - u->gzip.avail_out;
}

static int begin_zstd(struct unpacker *u)
{
    u->zstd = ZSTD_createDStream();
    return u->zstd ? 0 : ERR_NOMEM;
}

static int64_t step_zstd(struct unpacker *u, uint8_t *out, size_t room)
{
    ZSTD_inBuffer in = {u->in + u->at, u->n, 0};
    ZSTD_outBuffer to = {out, room, 0};
    size_t got = ZSTD_decompressStream(u->zstd, &to, &in);
    u->at += in.pos;
    u->n -= in.pos;
    if (ZSTD_isError(got))
        return fail(u, ERR_CORRUPT, "its zstd data is damaged (%s)", ZSTD_getErrorName(got));
    /* 0: a frame is complete, read and written. Asked again without input it would say how much of
     * the next header it wants. */
    if (in.pos || to.pos)
        u->between = got == 0;
    return (int64_t)to.pos;
}

static const struct packing packings[] = {
    {"gzip", {0x1f, 0x8b}, 2, begin_gzip, step_gzip},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, begin_zstd, step_zstd},
    {"zstd", {0x50, 0x2a, 0x4d, 0x18}, 4, begin_zstd, step_zstd}, /* a skippable frame first */
    {"plain", {0}, 0, begin_plain, step_plain},                   /* what is none of these */
};

/* packing_of: the first row whose mark the bytes begin with; the last has none. */
static const struct packing *packing_of(const uint8_t *data, size_t len)
{
    const struct packing *p = packings;
    while (len < p->magic_len || memcmp(data, p->magic, p->magic_len) != 0)
        p++;
    return p;
}

bool unpacker_knows(const uint8_t *data, size_t len)
{
    return packing_of(data, len)->magic_len != 0;
}

int unpacker_open(struct unpacker **out, int fd)
{
    struct unpacker *u = calloc(1, sizeof *u);
    if (!u)
        return ERR_NOMEM;
    u->fd = fd;
    *out = u;
    return 0;
}

void unpacker_close(struct unpacker *u)
{
    if (!u)
        return;
    if (u->packing && u->packing->begin == begin_gzip)
        inflateEnd(&u->gzip);
    ZSTD_freeDStream(u->zstd);
    close(u->fd);
    free(u);
}

/* take_in: read behind what is left of `in`. 1, 0 at the end, or an error. */
static int64_t take_in(struct unpacker *u)
{
    if (u->in_ended)
        return 0;
    memmove(u->in, u->in + u->at, u->n);
    u->at = 0;
    /* A regular file is always ready. A FIFO that nobody has opened for writing yet is not, while a
     * read would take it for its end. */
    struct pollfd ready = {.fd = u->fd, .events = POLLIN};
    if (poll(&ready, 1, WAIT_MS) <= 0)
        return ERR_AGAIN;
    ssize_t got = read(u->fd, u->in + u->n, IN_BYTES - u->n);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return ERR_AGAIN;
    if (got < 0)
        return fail(u, ERR_IO, "cannot be read: %s", strerror(errno));
    u->in_ended = got == 0;
    u->n += (size_t)got;
    u->taken += (uint64_t)got;
    return got > 0;
}

/* find_packing: from as many first bytes as the longest mark has, or all that there are. */
static int64_t find_packing(struct unpacker *u)
{
    while (u->n < sizeof packings[0].magic) {
        int64_t got = take_in(u);
        if (got < 0)
            return got;
        if (got == 0)
            break;
    }
    const struct packing *p = packing_of(u->in, u->n);
    int error = p->begin(u);
    if (error)
        return fail(u, error, "there is no memory to unpack %s", p->name);
    u->packing = p;
    return 0;
}

int64_t unpacker_read(struct unpacker *u, uint8_t *out, size_t room)
{
    int64_t got = u->packing ? 0 : find_packing(u);
    while (got == 0) {
        /* Also without input: something may be left inside that had no room. */
        got = u->packing->step(u, out, room);
        if (got)
            break;
        int64_t more = u->n ? 1 : take_in(u);
        if (more < 0)
            return more;
        if (more == 0)
            return u->between
                       ? 0
                       : fail(u, ERR_TRUNCATED, "its %s data ends too early", u->packing->name);
    }
    return got;
}

const char *unpacker_why(const struct unpacker *u)
{
    return u->why;
}

uint64_t unpacker_taken(const struct unpacker *u)
{
    return u->taken;
}
