/* Reassembly: a sorted list of held segments behind the next byte. Sequence numbers are compared
 * modulo 2^32. */
#include "dataplane/reassembly.h"

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
                    const uint8_t *data, uint32_t len)
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
    r->bytes(r->ctx, data + old, len - old, at);
}

/* release_first: take the first held segment off the list. */
static void release_first(struct reassembly *r, struct stream_side *side)
{
    uint32_t item = side->held;
    struct held_segment *s = segment_at(r, item);
    side->held = s->next;
    side->held_n--;
    side->held_bytes -= s->len;
    r->release(s->owner);
    pool_give(r->pool, r->share, item);
}

/* drain: deliver held segments as long as they are in order. */
static void drain(struct reassembly *r, struct stream_side *side)
{
    while (side->held != POOL_NONE) {
        const struct held_segment *s = segment_at(r, side->held);
        if (distance(s->seq, side->next_seq) > 0)
            return;
        deliver(r, side, s->seq, s->data, s->len);
        release_first(r, side);
    }
}

/* give_up_hole: the bytes before the first held segment never come. */
static void give_up_hole(struct reassembly *r, struct stream_side *side)
{
    uint32_t missing = segment_at(r, side->held)->seq - side->next_seq;
    uint64_t at = side->at;
    ++*r->count.gaps;
    *r->count.gap_bytes += missing;
    side->next_seq += missing;
    side->at += missing;
    r->gap(r->ctx, missing, at);
    drain(r, side);
}

/* hold: keep a segment that begins behind the next byte; false without room. */
static bool hold(struct reassembly *r, struct stream_side *side, uint32_t seq, const uint8_t *data,
                 uint32_t len, void *owner)
{
    if (side->held_n == HELD_SEGMENTS_MAX || side->held_bytes + len > HELD_BYTES_MAX)
        return false;
    uint32_t item = pool_take(r->pool, r->share);
    if (item == POOL_NONE)
        return false;
    uint32_t *link = &side->held;
    while (*link != POOL_NONE && distance(segment_at(r, *link)->seq, seq) <= 0)
        link = &segment_at(r, *link)->next;
    struct held_segment *s = segment_at(r, item);
    *s = (struct held_segment){.next = *link, .seq = seq, .len = len, .data = data, .owner = owner};
    *link = item;
    side->held_n++;
    side->held_bytes += len;
    ++*r->count.held;
    r->keep(owner);
    return true;
}

void reassembly_segment(struct reassembly *r, struct stream_side *side, uint32_t seq,
                        const uint8_t *data, uint32_t len, void *owner)
{
    if (len == 0)
        return;
    if (!side->begun)
        reassembly_start(side, seq);
    /* Without room the oldest hole is given up, until the segment is in order or fits. */
    while (distance(seq, side->next_seq) > 0) {
        if (hold(r, side, seq, data, len, owner))
            return;
        if (side->held == POOL_NONE || distance(segment_at(r, side->held)->seq, seq) >= 0) {
            uint32_t missing = seq - side->next_seq;
            ++*r->count.hold_full;
            ++*r->count.gaps;
            *r->count.gap_bytes += missing;
            uint64_t at = side->at;
            side->next_seq = seq;
            side->at += missing;
            r->gap(r->ctx, missing, at);
        } else {
            ++*r->count.hold_full;
            give_up_hole(r, side);
        }
    }
    deliver(r, side, seq, data, len);
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
