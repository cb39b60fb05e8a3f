/* The exchange between cores: every worker to the owner of a key. Inside correlate/. */
#ifndef CORRELATE_EXCHANGE_H
#define CORRELATE_EXCHANGE_H

#include "correlate/definition.h"
#include "correlate/ordered_merge.h"

/* Where an observation goes and what was looked up for it. */
struct route {
    uint8_t definition; /* number of the correlation; ROUTE_COVERAGE */
    uint8_t key_shard;
    struct host_facts facts;
    struct group_key key;
};
#define ROUTE_COVERAGE 255

struct exchange_item {
    struct observation obs; /* order.index: place within the packet << 8 | definition */
    struct route route;
};
static_assert(sizeof(struct exchange_item) == 256, "an exchanged item is four cache lines");

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

/* key_shard_of: low 8 bits of XXH3_64bits with seed 0 over the key's bytes: fixed, documented,
 * unkeyed, so that another machine finds the same owner. */
uint8_t key_shard_of(const struct group_key *key);

#endif
