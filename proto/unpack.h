/* Bodies that were packed: gzip (RFC 1952), zlib (RFC 1950), deflate (RFC 1951), piece by piece as
 * they come.
 *
 * Which of the three it is, the first bytes say, not the name that the sender gave: senders mix
 * them up and receivers are lenient. What is none of them is handed on as it is, as browsers do.
 * Where gzip was said and the bytes are none, that they are deflate is believed when their first
 * 512 are in order, as text may begin like it: what comes out is held back until then.
 * Only the first member of a gzip file is unpacked. All memory is the caller's, UNPACK_ROOM bytes,
 * 16-byte aligned, and stays where it is.
 */
#ifndef PROTO_UNPACK_H
#define PROTO_UNPACK_H

#include "base/bytes.h"

#define UNPACK_ROOM 49152

/* unpack_is_bomb: what is unpacked is given up where it is longer than both, as libhtp does it. */
#define UNPACK_BOMB_BYTES (1u << 20)
#define UNPACK_BOMB_RATIO 2048u
static inline bool unpack_is_bomb(uint64_t packed, uint64_t unpacked)
{
    return unpacked > UNPACK_BOMB_BYTES && unpacked > UNPACK_BOMB_RATIO * packed;
}

/* Gets what comes out, in pieces; false: no more of it is wanted. */
typedef bool unpack_take(void *ctx, struct bytes bytes);

/* unpack_begin: the memory is for a new body, which is said to be gzip, or else deflate. */
void unpack_begin(uint8_t *room, bool gzip);
/* unpack: the next bytes. False: nothing more will come out of this body; it is over, or damaged,
 * or not wanted. */
bool unpack(uint8_t *room, struct bytes packed, unpack_take *take, void *ctx);
/* unpack_end: the body is over, though it may not be whole: what was held back comes out. */
void unpack_end(uint8_t *room, unpack_take *take, void *ctx);

#endif
