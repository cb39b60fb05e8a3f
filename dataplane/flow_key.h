/* What tells one flow from another, made of a packet and looked up for every one: so it is made,
 * hashed and compared in few steps, in line. No DPDK here. Threads: any.
 */
#ifndef DATAPLANE_FLOW_KEY_H
#define DATAPLANE_FLOW_KEY_H

#include "base/bytes.h"
#include "dataplane/packet.h"

#include <emmintrin.h>
#include <stddef.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* The two ends in some order that is the same for both directions: of their addresses as words in
 * memory, then of their ports. The shard is part of it: what a tunnel carries belongs to the
 * tunnel's hosts. */
struct flow_key {
    union {
        uint64_t words[6]; /* hashed and compared */
        struct {
            struct address low, high;
            uint16_t low_port, high_port;
            uint16_t vlan;
            uint8_t transport, tunnels;
            uint8_t shard;
            uint8_t point; /* each sees a conversation for itself */
            bool ended;    /* no packet's any more: who guessed that it is theirs sees it */
            uint8_t unused[5];
        };
    };
};
static_assert(sizeof(struct flow_key) == 48 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the words are all of it, and flow_key_of makes them");

/* What a packet has in one word is in a key's word as well, in the same places. */
#define SAME_PLACE(member, first, of_key, first_of_key)                                            \
    static_assert(offsetof(struct packet, member) - offsetof(struct packet, first) ==              \
                      offsetof(struct flow_key, of_key) - offsetof(struct flow_key, first_of_key), \
                  "flow_key_of takes them at once")
SAME_PLACE(source_port, talk, low_port, words[4]);
SAME_PLACE(target_port, talk, high_port, words[4]);
SAME_PLACE(vlan, talk, vlan, words[4]);
SAME_PLACE(transport, talk, transport, words[4]);
SAME_PLACE(tunnels, talk, tunnels, words[4]);
SAME_PLACE(shard, place, shard, words[5]);
SAME_PLACE(point, place, point, words[5]);

/* flow_key_of: the key of a packet; returns the side that sent it.
 *
 * Which end is the lower one is as good as random, so there is no branch on it that the processor
 * would have to guess; and a key is written in words, because it is read in words at once. */
static inline unsigned flow_key_of(const struct packet *pkt, struct flow_key *key)
{
    uint64_t a0 = load_le64(pkt->source.b), a1 = load_le64(pkt->source.b + 8);
    uint64_t b0 = load_le64(pkt->target.b), b1 = load_le64(pkt->target.b + 8);
    bool swap = a1 > b1;
    if (a1 == b1)
        swap = a0 > b0 || (a0 == b0 && pkt->source_port > pkt->target_port);
    uint64_t mask = -(uint64_t)swap, differs0 = (a0 ^ b0) & mask, differs1 = (a1 ^ b1) & mask;
    key->words[0] = a0 ^ differs0;
    key->words[1] = a1 ^ differs1;
    key->words[2] = b0 ^ differs0;
    key->words[3] = b1 ^ differs1;
    uint32_t ports = (uint32_t)pkt->talk;
    key->words[4] = pkt->talk ^ ((ports ^ (ports << 16 | ports >> 16)) & mask);
    key->words[5] = pkt->place;
    return swap;
}

uint64_t flow_key_hash_ip6(const struct flow_key *key, uint64_t seed);

/* flow_key_hash: with a secret seed, so that nobody can choose keys of one hash.
 *
 * Of IPv4 all but four bytes of each address are known: two words are hashed, and the third, shard
 * and point, goes into the seed. Who could make two seeds answer alike would have no more keys of
 * one hash than there are shards and points. */
static inline uint64_t flow_key_hash(const struct flow_key *key, uint64_t seed)
{
    const uint64_t *w = key->words, ip4 = UINT64_C(0xffff0000), low = UINT32_MAX;
    if (w[0] | w[2] | ((w[1] ^ ip4) & low) | ((w[3] ^ ip4) & low))
        return flow_key_hash_ip6(key, seed);
    const uint64_t words[2] = {w[1] >> 32 | (w[3] & ~low), w[4]};
    return XXH3_64bits_withSeed(words, sizeof words, seed ^ w[5]);
}

static inline bool flow_keys_same(const struct flow_key *a, const struct flow_key *b)
{
    __m128i same = _mm_set1_epi8(-1);
    for (unsigned i = 0; i < 3; i++)
        same = _mm_and_si128(same,
                             _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)a + i),
                                            _mm_loadu_si128((const __m128i *)(const void *)b + i)));
    return _mm_movemask_epi8(same) == 0xffff;
}

#endif
