/* The one order of everything that happens: (t, input, seq, index), compared in that sequence.
 *
 * t is event time in ns since 1970. input numbers the sources from 1; 0 is ORDER_TIMER: what a
 * timer causes at t comes before what a packet causes at t (a shard expires everything due by t
 * before it takes a packet at t). For a timer, seq is the shard and index the ordinal within it.
 * For an observation, index is (place within the packet) << 8 | number of the definition it goes
 * to.
 */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#define ORDER_TIMER 0u

struct order {
    int64_t t;
    uint64_t seq;
    uint32_t input;
    uint32_t index;
};

#define ORDER_MIN ((struct order){INT64_MIN, 0, 0, 0})
#define ORDER_MAX ((struct order){INT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX})

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

#endif
