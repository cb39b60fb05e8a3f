/* A bounded ring of fixed-size elements between one producer thread and one consumer thread.
 *
 * Ordering guarantees: elements come out in the order they went in; what the producer wrote before
 *   ring_push is seen by the consumer of that element (release store of tail, acquire load by
 * consumer). Progress guarantees: push and pop are wait-free; a full or empty ring is an answer,
 * not a wait. Reclamation: elements are copied; a slot is reused after the consumer's release store
 * of head. Each side keeps a cached copy of the other's index and reads the shared line only when
 * it must.
 */
#ifndef BASE_RING_SPSC_H
#define BASE_RING_SPSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* ring_create: slots is rounded up to a power of two; element_size > 0. NULL when out of memory. */
struct ring *ring_create(size_t slots, size_t element_size);
void ring_destroy(struct ring *r);
size_t ring_bytes(const struct ring *r);
/* ring_push: copy one element in; false when full.      threads  the producer */
bool ring_push(struct ring *r, const void *element);
/* ring_peek: the oldest element in place, or NULL when empty; valid until ring_drop.   threads  the
 * consumer */
const void *ring_peek(struct ring *r);
/* ring_drop: give the slot of ring_peek's element back.                                threads  the
 * consumer */
void ring_drop(struct ring *r);
/* ring_pop: peek, copy and drop; false when empty.                                     threads  the
 * consumer */
bool ring_pop(struct ring *r, void *element);

#endif
