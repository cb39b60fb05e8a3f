/* The exchange between cores: every worker to the owner of a key. Inside correlate/. */
#ifndef CORRELATE_EXCHANGE_H
#define CORRELATE_EXCHANGE_H

#include "correlate/ordered_merge.h"
#include "correlate/route.h"

struct exchange;

/* exchange_create: rings for every ordered pair of workers. NULL when out of memory. */
struct exchange *exchange_create(unsigned workers, size_t slots);
void exchange_destroy(struct exchange *x);
size_t exchange_bytes(const struct exchange *x);
/* exchange_push: false when the ring is full.                     threads  worker `from` */
bool exchange_push(struct exchange *x, unsigned from, unsigned to,
                   const struct exchange_item *item);
/* exchange_publish: all later items of this worker are greater.   threads  worker `from` */
void exchange_publish(struct exchange *x, unsigned from, struct order mark);
/* exchange_reached: a finite time that this worker published; before its mark of ORDER_MAX. threads
 * worker `from` */
void exchange_reached(struct exchange *x, unsigned from, int64_t t);
/* exchange_next: the next item in order for this owner; take it with exchange_take. threads  worker
 * `to` */
struct merge_result exchange_next(struct exchange *x, unsigned to);
void exchange_take(struct exchange *x, unsigned to, unsigned from);
/* exchange_event_end: the largest finite time that any worker published; exact once all are at
 * ORDER_MAX. */
int64_t exchange_event_end(const struct exchange *x);

#endif
