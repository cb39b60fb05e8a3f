/* The Merkle tree of RFC 6962 (and RFC 9162), 2.1, kept so that it grows at the end.
 *
 * The hashes of all complete subtrees are kept: level k holds those of 2^k leaves each, so that
 * tiles are copies of a level's rows and a root is a fold over at most 64 of them. Owner: one
 * thread.
 */
#ifndef LEDGER_MERKLE_H
#define LEDGER_MERKLE_H

#include "base/digest.h"

#include <stdbool.h>
#include <stdint.h>

#define MERKLE_LEVELS 48

struct merkle_level {
    uint8_t (*hash)[SHA256_BYTES];
    uint64_t n, cap;
};

/* Zero-initialise; merkle_free when done. */
struct merkle {
    struct merkle_level levels[MERKLE_LEVELS];
};

/* merkle_leaf: SHA-256(0x00 || data). merkle_node: SHA-256(0x01 || left || right). */
void merkle_leaf(uint8_t out[SHA256_BYTES], const void *data, size_t len);
void merkle_node(uint8_t out[SHA256_BYTES], const uint8_t left[SHA256_BYTES],
                 const uint8_t right[SHA256_BYTES]);

/* merkle_append: 0 or ERR_NOMEM (the tree is then as it was). */
int merkle_append(struct merkle *m, const uint8_t leaf[SHA256_BYTES]);
uint64_t merkle_size(const struct merkle *m);
/* merkle_root: of the whole tree; of an empty one SHA-256 of nothing. merkle_root_at: of its first
 * `size` leaves, which must be there. */
void merkle_root(const struct merkle *m, uint8_t out[SHA256_BYTES]);
void merkle_root_at(const struct merkle *m, uint64_t size, uint8_t out[SHA256_BYTES]);
/* merkle_subtree: hash of the complete subtree number `index` of 2^height leaves; it must be there.
 */
const uint8_t *merkle_subtree(const struct merkle *m, unsigned height, uint64_t index);
void merkle_free(struct merkle *m);

#endif
