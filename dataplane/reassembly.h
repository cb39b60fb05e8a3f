/* TCP reassembly of one direction: bytes in order, gaps as events. RFC 9293, 3.10.7.4.
 *
 * Segments in order are delivered in place on arrival. One that comes before its turn is copied
 * into items of its shard's pool and waits in a list by sequence number, so that no packet buffer
 * outlives its burst; of bytes that overlap, those of the segment with the lower start win, and of
 * equal starts the first: Suricata's policies `bsd`, its default, and `windows`. A hole is given up
 * when the other end acknowledges beyond it, when the room for held segments is used up, or when
 * the stream ends. No DPDK here.
 */
#ifndef DATAPLANE_REASSEMBLY_H
#define DATAPLANE_REASSEMBLY_H

#include "dataplane/shard_pool.h"

#include <assert.h>

#define HELD_ITEM_BYTES 2088

/* An item of the pool: a segment, or the continuation of one that needs several. */
struct held_segment {
    uint32_t next; /* segment behind it; also used by the pool while free */
    uint32_t more; /* item with its further bytes, POOL_NONE */
    uint32_t seq, len;
    int64_t t; /* when it came */
    uint8_t data[HELD_ITEM_BYTES];
};
static_assert(sizeof(struct held_segment) == 33 * 64, "no room is lost to the pool's alignment");

/* One direction; zeroed and then stream_side_init'ed. */
struct stream_side {
    uint64_t at;         /* stream offset of next_seq */
    uint32_t next_seq;   /* of the next byte to deliver */
    uint32_t held;       /* first held segment, POOL_NONE */
    uint32_t held_bytes; /* of all held segments */
    uint16_t held_n;     /* how many */
    bool begun;          /* next_seq is known */
};

#define HELD_SEGMENTS_MAX 256 /* of one direction */
#define HELD_BYTES_MAX    262144

struct reassembly_counters {
    uint64_t *delivered, *duplicate, *held, *hold_full, *gaps, *gap_bytes;
};

struct reassembly {
    struct shard_pool *pool;
    struct pool_share *share;
    struct reassembly_counters count;
    void *ctx;
    /* bytes: `len` new bytes at stream offset `at`, of a segment that came at t. gap: `len` bytes
     * are missing at that offset. */
    void (*bytes)(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t);
    void (*gap)(void *ctx, uint32_t len, uint64_t at);
};

void stream_side_init(struct stream_side *side);
/* reassembly_start: the stream's first byte has this sequence number. */
void reassembly_start(struct stream_side *side, uint32_t seq);
/* reassembly_segment: data that arrived at t; delivers what is in order. A stream that has not
 * begun begins here. */
void reassembly_segment(struct reassembly *r, struct stream_side *side, uint32_t seq,
                        const uint8_t *data, uint32_t len, int64_t t);
/* reassembly_acked: the other end acknowledged everything before `ack`: holes before it are final.
 */
void reassembly_acked(struct reassembly *r, struct stream_side *side, uint32_t ack);
/* reassembly_end: nothing more comes: deliver what is held, with its gaps. */
void reassembly_end(struct reassembly *r, struct stream_side *side);

#endif
