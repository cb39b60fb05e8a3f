/* Merging what several producers send to one consumer into the one order. See exchange.c for the
 * argument. Used twice: by the owner of a key for observations, by the judge for revisions. */
#ifndef CORRELATE_ORDERED_MERGE_H
#define CORRELATE_ORDERED_MERGE_H

#include "base/ring_spsc.h"
#include "base/watermark.h"

#include <stddef.h>

/* One producer as this consumer sees it. The order stands at order_at in each element of the ring.
 */
struct merge_input {
    struct ring *ring;
    const struct watermark *mark;
};

struct merge_result {
    const void *head;  /* the next element in order, or NULL: not yet */
    unsigned producer; /* whose it is */
    struct order safe; /* everything still to come is at least this */
};

/* ordered_merge: find the next element that may be taken; ring_drop on that producer's ring takes
 * it. threads  the consumer of all these rings */
static inline struct merge_result ordered_merge(const struct merge_input *inputs, unsigned n,
                                                size_t order_at)
{
    struct merge_result out = {.safe = ORDER_MAX};
    struct order lowest_empty = ORDER_MAX;
    for (unsigned i = 0; i < n; i++) {
        /* The mark first: what was pushed before it was published is then seen in the ring. */
        struct order mark = watermark_read(inputs[i].mark);
        const char *element = ring_peek(inputs[i].ring);
        if (!element) {
            if (order_less(&mark, &lowest_empty))
                lowest_empty = mark;
            continue;
        }
        const struct order *order = (const void *)(element + order_at);
        if (!out.head || order_less(order, &out.safe)) {
            out.head = element;
            out.producer = i;
            out.safe = *order;
        }
    }
    if (order_less(&lowest_empty, &out.safe)) {
        out.safe = lowest_empty;
        out.head = NULL;
    }
    return out;
}

#endif
