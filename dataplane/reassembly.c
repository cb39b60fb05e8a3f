/* Reassembly: a sorted list of held segments behind the next byte. Sequence numbers are compared
 * modulo 2^32. */
#include "dataplane/reassembly.h"

#include <string.h>

/* distance: how far a is behind b, as a signed number. */
static int32_t distance(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static struct held_segment *segment_at(const struct reassembly *r, uint32_t item)
{
    return pool_at(r->pool, r->share, item);
}

void stream_side_init(struct stream_side *side)
{
    *side = (struct stream_side){.held = POOL_NONE};
}

void reassembly_start(struct stream_side *side, uint32_t seq)
{
    side->next_seq = seq;
    side->begun = true;
}

/* deliver: what is new of a segment that begins at or before the next byte. */
static void deliver(struct reassembly *r, struct stream_side *side, uint32_t seq,
                    const uint8_t *data, uint32_t len, int64_t t)
{
    uint32_t old = (uint32_t)distance(side->next_seq, seq);
    if (old >= len) {
        *r->count.duplicate += len;
        return;
    }
    *r->count.duplicate += old;
    *r->count.delivered += len - old;
    uint64_t at = side->at;
    side->next_seq += len - old;
    side->at += len - old;
    r->bytes(r->ctx, data + old, len - old, at, t);
}

/* give_items: hand back the items of a segment. */
static void give_items(struct reassembly *r, uint32_t item)
{
    while (item != POOL_NONE) {
        uint32_t more = segment_at(r, item)->more;
        pool_give(r->pool, r->share, item);
        item = more;
    }
}

/* deliver_first: deliver the first held segment, piece by piece, and take it off the list. */
static void deliver_first(struct reassembly *r, struct stream_side *side)
{
    uint32_t first = side->held, len = segment_at(r, first)->len, at = 0;
    for (uint32_t item = first; item != POOL_NONE; item = segment_at(r, item)->more) {
        uint32_t piece = len - at < HELD_ITEM_BYTES ? len - at : HELD_ITEM_BYTES;
        deliver(r, side, segment_at(r, first)->seq + at, segment_at(r, item)->data, piece,
                segment_at(r, first)->t);
        at += piece;
    }
    side->held = segment_at(r, first)->next;
    side->held_n--;
    side->held_bytes -= len;
    give_items(r, first);
}

/* drain: deliver held segments as long as they are in order. */
static void drain(struct reassembly *r, struct stream_side *side)
{
    while (side->held != POOL_NONE && distance(segment_at(r, side->held)->seq, side->next_seq) <= 0)
        deliver_first(r, side);
}

/* skip: the next bytes, up to `seq`, never come. */
static void skip(struct reassembly *r, struct stream_side *side, uint32_t seq)
{
    uint32_t missing = seq - side->next_seq;
    uint64_t at = side->at;
    ++*r->count.gaps;
    *r->count.gap_bytes += missing;
    side->next_seq = seq;
    side->at += missing;
    r->gap(r->ctx, missing, at);
}

/* give_up_hole: the bytes before the first held segment never come. */
static void give_up_hole(struct reassembly *r, struct stream_side *side)
{
    skip(r, side, segment_at(r, side->held)->seq);
    drain(r, side);
}

/* copy: the bytes in a chain of items; POOL_NONE without room. */
static uint32_t copy(struct reassembly *r, const uint8_t *data, uint32_t len)
{
    uint32_t first = POOL_NONE, last = POOL_NONE;
    for (uint32_t at = 0; at < len; at += HELD_ITEM_BYTES) {
        uint32_t item = pool_take(r->pool, r->share);
        if (item == POOL_NONE) {
            give_items(r, first);
            return POOL_NONE;
        }
        struct held_segment *s = segment_at(r, item);
        s->more = POOL_NONE;
        memcpy(s->data, data + at, len - at < HELD_ITEM_BYTES ? len - at : HELD_ITEM_BYTES);
        *(at ? &segment_at(r, last)->more : &first) = item;
        last = item;
    }
    return first;
}

/* hold: keep a segment that begins behind the next byte; false without room. */
static bool hold(struct reassembly *r, struct stream_side *side, uint32_t seq, const uint8_t *data,
                 uint32_t len, int64_t t)
{
    if (side->held_n == HELD_SEGMENTS_MAX || side->held_bytes + len > HELD_BYTES_MAX)
        return false;
    uint32_t item = copy(r, data, len);
    if (item == POOL_NONE)
        return false;
    uint32_t *link = &side->held;
    while (*link != POOL_NONE && distance(segment_at(r, *link)->seq, seq) <= 0)
        link = &segment_at(r, *link)->next;
    struct held_segment *s = segment_at(r, item);
    s->next = *link;
    s->seq = seq;
    s->len = len;
    s->t = t;
    *link = item;
    side->held_n++;
    side->held_bytes += len;
    ++*r->count.held;
    return true;
}

void reassembly_segment(struct reassembly *r, struct stream_side *side, uint32_t seq,
                        const uint8_t *data, uint32_t len, int64_t t)
{
    if (len == 0)
        return;
    if (!side->begun)
        reassembly_start(side, seq);
    bool full = false;
    while (distance(seq, side->next_seq) > 0) {
        if (hold(r, side, seq, data, len, t))
            return;
        /* Without room the oldest hole is given up, until the segment is in order or fits. */
        *r->count.hold_full += !full;
        full = true;
        if (side->held != POOL_NONE && distance(segment_at(r, side->held)->seq, seq) <= 0)
            give_up_hole(r, side);
        else
            skip(r, side, seq);
    }
    deliver(r, side, seq, data, len, t);
    drain(r, side);
}

void reassembly_acked(struct reassembly *r, struct stream_side *side, uint32_t ack)
{
    while (side->held != POOL_NONE && distance(ack, segment_at(r, side->held)->seq) >= 0)
        give_up_hole(r, side);
}

void reassembly_end(struct reassembly *r, struct stream_side *side)
{
    while (side->held != POOL_NONE)
        give_up_hole(r, side);
}
