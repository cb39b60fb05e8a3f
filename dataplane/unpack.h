/* Bytes of a descriptor in order, unpacked where they are packed: gzip (RFC 1952), Zstandard
 * (RFC 8878), told by their first bytes. Memory is bounded by the format's window. */
#ifndef DATAPLANE_UNPACK_H
#define DATAPLANE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unpacker;

/* unpacker_knows: whether bytes begin like a packed file. */
bool unpacker_knows(const uint8_t *data, size_t len);

/* unpacker_open: the descriptor then belongs to the unpacker. ERR_NOMEM: it is still the caller's.
 */
int unpacker_open(struct unpacker **out, int fd);
void unpacker_close(struct unpacker *u);
/* unpacker_read: the next bytes, at least one and at most `room`; 0 at the end; ERR_AGAIN when a
 * pipe has none yet (after a short wait), ERR_IO, ERR_TRUNCATED, ERR_CORRUPT, ERR_UNSUPPORTED,
 * ERR_NOMEM: unpacker_why says more. After the end or an error other than ERR_AGAIN there is
 * nothing more. */
int64_t unpacker_read(struct unpacker *u, uint8_t *out, size_t room);
/* unpacker_why: what was wrong, as the rest of a sentence about the file. */
const char *unpacker_why(const struct unpacker *u);
/* unpacker_taken: bytes read from the descriptor. */
uint64_t unpacker_taken(const struct unpacker *u);

#endif
