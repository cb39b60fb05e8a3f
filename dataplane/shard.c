/* Shards: the symmetric Toeplitz hash of the address pair.
 *
 * The key repeats 0x6d5a, so that exchanging the two ends changes nothing (Woo and Park, "Scalable
 * TCP Session Monitoring with Symmetric Receive-side Scaling", 2012) and ports that hash so deliver
 * shards to their workers. A key of period 16 makes the hash a function of the exclusive or of all
 * 16-bit words of the input: each input bit i contributes the 32 key bits from i on, and these only
 * depend on i modulo 16.
 */
#include "dataplane/decode_parts.h"

#include <string.h>

#define KEY_WORD 0x6d5au

/* FROM(i): what bit i (0 is the most significant) of a word adds: the key from bit i on, of which
 * the low 8 of 32 bits count, that is key bits i + 24 to i + 31. OF(byte, at): of the bits of a
 * byte whose first is bit `at`. */
#define KEY           (KEY_WORD << 16 | KEY_WORD)
#define FROM(i)       (KEY >> (24 - ((i) + 24) % 16) & 0xff)
#define BIT(b, at, i) ((b) >> (7 - (i)) & 1 ? FROM((at) + (i)) : 0)
#define OF(b, at)                                                                    \
    (BIT(b, at, 0) ^ BIT(b, at, 1) ^ BIT(b, at, 2) ^ BIT(b, at, 3) ^ BIT(b, at, 4) ^ \
     BIT(b, at, 5) ^ BIT(b, at, 6) ^ BIT(b, at, 7))
#define OF_4(b, at)  OF(b, at), OF((b) + 1, at), OF((b) + 2, at), OF((b) + 3, at)
#define OF_16(b, at) OF_4(b, at), OF_4((b) + 4, at), OF_4((b) + 8, at), OF_4((b) + 12, at)
#define OF_64(b, at) OF_16(b, at), OF_16((b) + 16, at), OF_16((b) + 32, at), OF_16((b) + 48, at)
#define OF_256(at)   OF_64(0, at), OF_64(64, at), OF_64(128, at), OF_64(192, at)

const uint8_t shard_of_byte[2][256] = {{OF_256(0)}, {OF_256(8)}};

/* fold: exclusive or of the 16-bit words of a range of even length, as they lie in memory. */
static uint16_t fold(const uint8_t *data, unsigned len)
{
    uint64_t words = 0, some;
    for (; len >= sizeof some; data += sizeof some, len -= sizeof some) {
        memcpy(&some, data, sizeof some);
        words ^= some;
    }
    some = 0;
    memcpy(&some, data, len);
    words ^= some;
    words ^= words >> 32;
    return (uint16_t)(words ^ words >> 16);
}

uint8_t shard_of_pair(const struct address *a, const struct address *b)
{
    if (address_is_v4(a) && address_is_v4(b))
        return shard_of_folded(fold(a->b + 12, 4) ^ fold(b->b + 12, 4));
    return shard_of_folded(fold(a->b, 16) ^ fold(b->b, 16));
}

uint8_t shard_of_bytes(const uint8_t *both, unsigned len)
{
    return shard_of_folded(fold(both, len));
}

uint8_t frame_shard(uint16_t linktype, const uint8_t *data, uint32_t len)
{
    struct packet pkt = {.linktype = linktype, .wire = len};
    decode_link(&pkt, data, len);
    return pkt.shard;
}
