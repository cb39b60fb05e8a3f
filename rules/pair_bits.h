/* Bits of pairs of addresses, by name, each for some time: what xbits with `track ip_pair` keep.
 *
 * One owner. All packets between two addresses are of one shard, so each shard has its own, and
 * what finds no room depends on the shard's packets alone.
 */
#ifndef RULES_PAIR_BITS_H
#define RULES_PAIR_BITS_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>

struct pair_bits;

/* The pair in either order, and the bit's name: a hash of it, so that bits stay when rules change.
 * Each observation point has bits of its own. */
struct pair_bit_key {
    struct address low, high;
    uint64_t name;
};

/* pair_bits_create: room for so many bits; NULL without memory. What finds no room is counted in
 * *full, which stays the caller's; before that those whose time is over go. */
struct pair_bits *pair_bits_create(size_t entries, uint64_t hash_seed, uint64_t *full);
void pair_bits_free(struct pair_bits *p);
size_t pair_bits_bytes(const struct pair_bits *p);

struct pair_bit_key pair_bit_key_of(const struct address *a, const struct address *b, uint64_t name,
                                    uint8_t point);
/* pair_bits_is_set: at a time in seconds, which ascends. A bit is set up to the second until which
 * it is, that one included, as in Suricata. */
bool pair_bits_is_set(const struct pair_bits *p, const struct pair_bit_key *key, int64_t now);
void pair_bits_set(struct pair_bits *p, const struct pair_bit_key *key, int64_t now, int64_t until);
void pair_bits_unset(struct pair_bits *p, const struct pair_bit_key *key);

#endif
