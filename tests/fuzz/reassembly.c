/* Segments of one TCP direction in any order, with overlaps and holes. Checked: every byte that
 * comes out is the byte of its sequence number, offsets go up without a hole, what is held is
 * given back, and no byte is lost uncounted. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/reassembly.h"

struct check {
    uint32_t first_seq;
    uint64_t at, delivered, missing;
    int64_t now; /* of the segment under way */
};

/* byte_at: the content of the stream; each sequence number has its own. */
static uint8_t byte_at(uint32_t seq)
{
    return (uint8_t)(seq * 2654435761u >> 24);
}

static void on_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t)
{
    struct check *c = ctx;
    must(at == c->at && len > 0 && t > 0 && t <= c->now);
    for (uint32_t i = 0; i < len; i++)
        must(data[i] == byte_at(c->first_seq + (uint32_t)at + i));
    c->at += len;
    c->delivered += len;
}

static void on_gap(void *ctx, uint32_t len, uint64_t at)
{
    struct check *c = ctx;
    must(at == c->at && len > 0);
    c->at += len;
    c->missing += len;
}

/* The input: the first sequence number, then steps of four bytes: kind and length, distance,
 * distance, length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct shard_pool pool;
    static struct pool_share share;
    if (!pool.memory) {
        must(shard_pool_init(&pool, 4096, sizeof(struct held_segment)) == 0);
        pool_share_init(&share);
    }
    struct reader r = reader_over(data, len);
    struct check check = {.first_seq = reader_be32(&r)};
    uint64_t delivered = 0, duplicate = 0, held = 0, hold_full = 0, gaps = 0, gap_bytes = 0,
             given = 0;
    struct reassembly reassembly = {
        .pool = &pool,
        .share = &share,
        .count = {&delivered, &duplicate, &held, &hold_full, &gaps, &gap_bytes},
        .ctx = &check,
        .bytes = on_bytes,
        .gap = on_gap,
    };
    struct stream_side side;
    unsigned n = 0;
    stream_side_init(&side);
    reassembly_start(&side, check.first_seq);
    while (reader_left(&r) >= 4 && n < 4096) {
        uint8_t kind = reader_u8(&r);
        uint32_t seq = side.next_seq + (uint32_t)(int16_t)reader_be16(&r) * (kind & 2 ? 64 : 1);
        uint32_t size = reader_u8(&r) * (kind & 4 ? 16u : 1u);
        if (kind & 1) {
            reassembly_acked(&reassembly, &side, seq);
            continue;
        }
        /* What is held is copied: the segment is gone right after. */
        uint8_t *segment = malloc(size ? size : 1);
        must(segment);
        n++;
        for (uint32_t i = 0; i < size; i++)
            segment[i] = byte_at(seq + i);
        given += size;
        check.now = n;
        reassembly_segment(&reassembly, &side, seq, segment, size, n);
        free(segment);
    }
    reassembly_end(&reassembly, &side);
    must(side.held == POOL_NONE && side.held_n == 0 && side.held_bytes == 0);
    must(side.at == check.at && side.next_seq == check.first_seq + (uint32_t)check.at);
    must(delivered == check.delivered && gap_bytes == check.missing);
    must(delivered + duplicate == given);
    return 0;
}
