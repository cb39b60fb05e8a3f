/* Deadlines in event time: an indexed heap of (deadline, ordinal) over a fixed number of items.
 *
 * Each item has a number from 0 to items - 1 and at most one deadline. Equal deadlines come out in
 * the order they were set, so the result does not depend on the heap's shape. One owner, no
 * allocation after creation; set, clear and pop cost O(log n).
 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timers;

struct timers *timers_create(uint32_t items);
void timers_destroy(struct timers *t);
size_t timers_bytes(const struct timers *t);
/* timers_set: set or move the item's deadline. */
void timers_set(struct timers *t, uint32_t item, int64_t deadline);
void timers_clear(struct timers *t, uint32_t item);
/* timers_next: the earliest deadline, INT64_MAX when none is set. */
int64_t timers_next(const struct timers *t);
/* timers_pop: take the earliest item whose deadline is <= now; false when there is none. */
bool timers_pop(struct timers *t, int64_t now, uint32_t *item, int64_t *deadline);

#endif
