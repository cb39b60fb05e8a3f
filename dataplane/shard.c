/* Shards: the symmetric Toeplitz hash of the address pair.
 *
 * The key repeats 0x6d5a, so that exchanging the two ends changes nothing (Woo and Park, "Scalable
 * TCP Session Monitoring with Symmetric Receive-side Scaling", 2012) and ports that hash so deliver
 * shards to their workers. A key of period 16 makes the hash a function of the exclusive or of all
 * 16-bit words of the input: each input bit i contributes the 32 key bits from i on, and these only
 * depend on i modulo 16.
 */
#include "dataplane/decode.h"

#include "base/bytes.h"

#define KEY_WORD 0x6d5au

/* contribution of bit i (0 is the most significant) of a word: the key from bit i on, of which the
 * low 8 of 32 bits count, that is key bits i + 24 to i + 31. */
static uint8_t low_byte_from(unsigned i)
{
    uint32_t key = KEY_WORD << 16 | KEY_WORD;
    unsigned shift = (i + 24) % 16;
    return (uint8_t)(key >> (24 - shift));
}

static uint8_t toeplitz_low(uint16_t word)
{
    uint8_t out = 0;
    for (unsigned i = 0; i < 16; i++)
        if (word & (0x8000u >> i))
            out ^= low_byte_from(i);
    return out;
}

/* fold: exclusive or of the 16-bit words of a range of even length. */
static uint16_t fold(const uint8_t *data, unsigned len)
{
    uint16_t word = 0;
    for (unsigned i = 0; i < len; i += 2)
        word ^= load_be16(data + i);
    return word;
}

uint8_t shard_of_pair(const struct address *a, const struct address *b)
{
    if (address_is_v4(a) && address_is_v4(b))
        return toeplitz_low(fold(a->b + 12, 4) ^ fold(b->b + 12, 4));
    return toeplitz_low(fold(a->b, 16) ^ fold(b->b, 16));
}

uint8_t shard_of_bytes(const uint8_t *both, unsigned len)
{
    return toeplitz_low(fold(both, len));
}

uint8_t frame_shard(uint16_t linktype, const uint8_t *data, uint32_t len)
{
    struct packet pkt = {.linktype = linktype, .wire = len};
    decode_link(&pkt, data, len);
    return pkt.shard;
}
