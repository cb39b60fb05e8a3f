/* Fragments through reassembly. Checked: a datagram that is whole is one that decodes to what it
 * says of itself, what was taken is accounted for, and everything is given back at the end. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/decode.h"
#include "dataplane/defrag.h"

#include <string.h>

static uint8_t out[DATAGRAM_MAX];

struct counts {
    uint64_t fragments, overlap, bad, full, datagrams, incomplete, evicted;
};

/* take: one fragment, in a buffer that ends where it ends. */
static void take(struct defrag *d, bool v6, uint8_t id, uint16_t field, uint8_t len, int64_t t)
{
    uint32_t header = v6 ? 48 : 20, size = header + len;
    uint8_t bytes[48 + 256] = {0};
    if (v6) {
        bytes[0] = 0x60;
        store_be16(bytes + 4, (uint16_t)(8 + len));
        bytes[6] = 44;
        bytes[40] = 200;
        store_be16(bytes + 42, field);
        bytes[47] = id;
    } else {
        bytes[0] = 0x45;
        store_be16(bytes + 2, (uint16_t)size);
        bytes[5] = id;
        store_be16(bytes + 6, (uint16_t)(field >> 3 | (field & 1 ? 0x2000 : 0)));
        bytes[9] = 200;
    }
    uint8_t *data = fuzz_exact(bytes, size);
    struct packet pkt = {.t = t, .wire = size, .linktype = v6 ? LINKTYPE_IPV6 : LINKTYPE_IPV4};
    decode_frame(&pkt, data, size);
    uint32_t whole = 0;
    if (pkt.verdict == DECODE_FRAGMENT &&
        defrag_fragment(d, &pkt, data, out, &whole) == DEFRAG_WHOLE) {
        uint8_t *copy = fuzz_exact(out, whole);
        struct packet made = {.wire = whole, .linktype = pkt.linktype, .flags = PACKET_VALIDATE};
        decode_frame(&made, copy, whole);
        must(made.verdict == DECODE_NETWORK && made.transport == 200);
        must(made.payload_at + made.payload_len == whole && made.payload_len == made.payload_wire);
        free(copy);
    }
    free(data);
}

/* The input: for each fragment a byte of IP version, datagram and time; the field of the fragment
 * header (offset, more); a length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct defrag_pools pools;
    struct counts n = {0};
    must(shard_pool_init(&pools.datagrams, 256, sizeof(struct datagram)) == 0);
    must(shard_pool_init(&pools.fragments, 512, sizeof(struct fragment)) == 0);
    struct defrag_shard *shard = malloc(sizeof *shard);
    must(shard);
    defrag_shard_init(shard);
    struct defrag d = {.pools = &pools,
                       .shard = shard,
                       .hash_seed = 1,
                       .count = {&n.fragments, &n.overlap, &n.bad, &n.full, &n.datagrams,
                                 &n.incomplete, &n.evicted}};
    int64_t t = 0;
    for (; len >= 4; data += 4, len -= 4) {
        t += (int64_t)(data[0] >> 6) * 10000000000;
        take(&d, data[0] & 1, data[0] >> 1 & 31, load_be16(data + 1), data[3], t);
    }
    defrag_end(&d);
    must(shard->oldest == POOL_NONE && shard->newest == POOL_NONE);
    must(n.datagrams + n.incomplete + n.evicted <= n.fragments);
    must(n.bad + n.full <= n.fragments);
    for (unsigned i = 0; i < DEFRAG_BUCKETS; i++)
        must(shard->buckets[i] == 0);
    free(shard);
    shard_pool_free(&pools.datagrams);
    shard_pool_free(&pools.fragments);
    return 0;
}
