/* zlib's inflate with the caller's memory. */
#include "proto/unpack.h"

#include <zlib.h>

#define FIRST_MAX 512  /* bytes from the beginning, kept until something comes out */
#define PIECE     8192 /* what is handed on at once */

enum kind {
    KIND_UNKNOWN = 0, /* too few bytes */
    KIND_WRAPPED,     /* gzip or zlib */
    KIND_RAW,         /* deflate */
    KIND_AS_IS,
    KIND_OVER
};

/* At the beginning of the room. */
struct state {
    z_stream z;
    size_t used; /* of the room, by zlib */
    uint16_t n_first;
    uint8_t kind;
    bool came; /* something came out */
    bool gzip; /* is what was said */
    uint8_t first[FIRST_MAX];
};
_Static_assert(sizeof(struct state) <= 2048, "most of the room is zlib's");

static voidpf allocate(voidpf opaque, uInt items, uInt size)
{
    struct state *s = opaque;
    size_t want = ((size_t)items * size + 15) & ~(size_t)15;
    if (want > UNPACK_ROOM - s->used)
        return Z_NULL;
    s->used += want;
    return (uint8_t *)opaque + s->used - want;
}

static void release(voidpf opaque, voidpf memory)
{
    (void)opaque;
    (void)memory;
}

void unpack_begin(uint8_t *room, bool gzip)
{
    struct state *s = (struct state *)room;
    s->n_first = 0;
    s->kind = KIND_UNKNOWN;
    s->came = false;
    s->gzip = gzip;
}

static void begin(struct state *s, enum kind kind)
{
    s->z = (z_stream){.zalloc = allocate, .zfree = release, .opaque = s};
    s->used = (sizeof(*s) + 15) & ~(size_t)15;
    s->kind = (uint8_t)kind;
    if (inflateInit2(&s->z, kind == KIND_RAW ? -MAX_WBITS : MAX_WBITS + 32) != Z_OK)
        s->kind = KIND_OVER;
}

/* kind_of: RFC 1952, 2.3.1; RFC 1950, 2.2. No deflate begins like either, but for a stored block
 * with bits set that nobody sets. */
static enum kind kind_of(const uint8_t first[2])
{
    bool gzip = first[0] == 0x1f && first[1] == 0x8b;
    bool zlib = (first[0] & 0x0f) == Z_DEFLATED && load_be16(first) % 31 == 0;
    return gzip || zlib ? KIND_WRAPPED : KIND_RAW;
}

/* header_len: of gzip's, as far as a receiver that does not understand it would step over it; 0: of
 * none that has flags. All of what is there, if the header does not end in it. RFC 1952, 2.3 */
static size_t header_len(struct bytes b)
{
    size_t at = 10;
    if (b.data[0] != 0x1f || b.data[1] != 0x8b || (b.len > 3 && b.data[3] == 0))
        return 0;
    if (b.len > at && (b.data[3] & 0x18)) {
        const uint8_t *nul = memchr(b.data + at, 0, b.len - at);
        at = nul ? (size_t)(nul - b.data) + 1 : b.len;
    } else if (b.len > at && (b.data[3] & 2)) {
        at += 2;
    }
    return at < b.len ? at : b.len;
}

enum result { GOES_ON, ENDED, FAILED };

/* run: without `take` it is only tried. */
static enum result run(struct state *s, struct bytes packed, unpack_take *take, void *ctx)
{
    uint8_t piece[PIECE];
    int result;
    if (packed.len == 0 || s->kind == KIND_OVER)
        return s->kind == KIND_OVER ? ENDED : GOES_ON;
    s->z.next_in = (Bytef *)(uintptr_t)packed.data;
    s->z.avail_in = (uInt)packed.len;
    do {
        s->z.next_out = piece;
        s->z.avail_out = PIECE;
        result = inflate(&s->z, Z_SYNC_FLUSH);
        struct bytes out = {piece, PIECE - s->z.avail_out};
        s->came |= out.len > 0 && take;
        if (out.len > 0 && take && !take(ctx, out))
            return ENDED;
    } while (result == Z_OK && s->z.avail_out == 0);
    if (result == Z_OK || result == Z_BUF_ERROR)
        return GOES_ON;
    return result == Z_STREAM_END || s->came ? ENDED : FAILED;
}

static bool as_is(struct state *s, struct bytes bytes, unpack_take *take, void *ctx)
{
    s->kind = KIND_AS_IS;
    return bytes.len == 0 || take(ctx, bytes);
}

/* run_both: all that came so far, of which `first` may still turn out to be something else. */
static enum result run_both(struct state *s, struct bytes first, struct bytes rest,
                            unpack_take *take, void *ctx)
{
    enum result r = run(s, first, take, ctx);
    if (r == GOES_ON && run(s, rest, take, ctx) != GOES_ON)
        r = ENDED;
    return r;
}

/* is_guess: text may begin like deflate does. */
static bool is_guess(const struct state *s)
{
    return s->gzip && kind_of(s->first) == KIND_RAW;
}

/* try_guess: whether what came first is in order, as far as it is there. */
static enum result try_guess(struct state *s)
{
    begin(s, KIND_RAW);
    return run(s, (struct bytes){s->first, s->n_first}, NULL, NULL);
}

/* run_from_first: what fails as gzip may be deflate behind a header that zlib does not take. */
static enum result run_from_first(struct state *s, struct bytes rest, unpack_take *take, void *ctx)
{
    struct bytes first = {s->first, s->n_first};
    enum kind kind = kind_of(s->first);
    if (is_guess(s)) {
        enum result guess = try_guess(s);
        if (guess == FAILED || (guess == GOES_ON && s->n_first < FIRST_MAX))
            return guess;
    }
    begin(s, kind);
    enum result r = run_both(s, first, rest, take, ctx);
    if (r != FAILED || kind == KIND_RAW)
        return r;
    size_t header = header_len(first);
    begin(s, KIND_RAW);
    return run_both(s, (struct bytes){first.data + header, first.len - header}, rest, take, ctx);
}

/* keep_first: returns what found no room. */
static struct bytes keep_first(struct state *s, struct bytes packed)
{
    size_t room = (size_t)FIRST_MAX - s->n_first, n = packed.len < room ? packed.len : room;
    memcpy(s->first + s->n_first, packed.data, n);
    s->n_first = (uint16_t)(s->n_first + n);
    return (struct bytes){packed.data + n, packed.len - n};
}

bool unpack(uint8_t *room, struct bytes packed, unpack_take *take, void *ctx)
{
    struct state *s = (struct state *)room;
    enum result r;
    if (s->kind == KIND_AS_IS || s->kind == KIND_OVER)
        return s->kind == KIND_AS_IS && take(ctx, packed);
    if (s->came || s->n_first == FIRST_MAX) {
        r = run(s, packed, take, ctx);
    } else {
        /* Until something comes out it is begun anew with each call: what it is may still change.
         */
        struct bytes rest = keep_first(s, packed);
        if (s->n_first < 2)
            return true;
        r = run_from_first(s, rest, take, ctx);
        if (r == FAILED)
            return as_is(s, (struct bytes){s->first, s->n_first}, take, ctx) &&
                   as_is(s, rest, take, ctx);
    }
    if (r != GOES_ON)
        s->kind = KIND_OVER;
    return r == GOES_ON;
}

void unpack_end(uint8_t *room, unpack_take *take, void *ctx)
{
    struct state *s = (struct state *)room;
    if (s->came || s->kind == KIND_AS_IS || s->kind == KIND_OVER || s->n_first < 2 || !is_guess(s))
        return;
    begin(s, KIND_RAW);
    run(s, (struct bytes){s->first, s->n_first}, take, ctx);
    s->kind = KIND_OVER;
}
