/* The one order of everything that happens: (t, input, seq, index), compared in that sequence.
 *
 * t is event time in ns since 1970. input numbers the sources from 1; 0 is ORDER_TIMER: what a
 * timer causes at t comes before what a packet causes at t (a shard expires everything due by t
 * before it takes a packet at t), and ORDER_LAST comes behind all packets of t. seq counts the
 * packets of an input; for a timer it says whose timer it is. index is the place within the packet
 * or timer; the correlator splits it further (correlate/route.h).
 */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define ORDER_TIMER 0u
#define ORDER_LAST  UINT16_MAX

#define ORDER_INPUTS_MAX \
    (ORDER_LAST - 2) /* one below it is taken too, by who needs a place there */

/* 48 bits count the packets of a port that takes ten million a second for ten months; what comes
 * later begins anew, which matters only to packets of the same nanosecond. */
struct order {
    int64_t t;
    uint64_t seq : 48;
    uint64_t input : 16;
    uint64_t index;
};
#define ORDER_SEQ_MAX (UINT64_MAX >> 16)

#define ORDER_MIN ((struct order){.t = INT64_MIN})
#define ORDER_MAX ((struct order){INT64_MAX, ORDER_SEQ_MAX, ORDER_LAST, UINT64_MAX})

/* order_of: the place `index` of a packet. seq is cut to its bits. */
static inline struct order order_of(int64_t t, uint32_t input, uint64_t seq, uint64_t index)
{
    return (struct order){
        .t = t, .seq = seq & ORDER_SEQ_MAX, .input = (uint16_t)input, .index = index};
}

static inline int order_compare(const struct order *a, const struct order *b)
{
    if (a->t != b->t)
        return a->t < b->t ? -1 : 1;
    if (a->input != b->input)
        return a->input < b->input ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return 0;
}

static inline bool order_less(const struct order *a, const struct order *b)
{
    return order_compare(a, b) < 0;
}

/* order_before: the greatest order below x; of ORDER_MIN, itself. */
static inline struct order order_before(struct order x)
{
    if (order_compare(&x, &ORDER_MIN) == 0)
        return x;
    if (x.index-- == 0 && x.seq-- == 0 && x.input-- == 0)
        x.t--;
    return x;
}

#endif
