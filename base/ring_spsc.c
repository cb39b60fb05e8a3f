/* The ring of base/ring_spsc.h: two indexes that only grow, each written by one side.
 *
 * tail is stored with release after the element's bytes and loaded with acquire by the consumer, so
 * the bytes are there when the index says so; head likewise gives slots back. The cached copies are
 * private to their side and may only be too old, which makes a ring look fuller or emptier than it
 * is.
 */
#include "base/ring_spsc.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LINE 64

struct ring {
    size_t mask, element_size;
    uint8_t *slots;
    alignas(LINE) _Atomic size_t tail; /* written by the producer */
    size_t head_seen;                  /* the producer's copy of head */
    alignas(LINE) _Atomic size_t head; /* written by the consumer */
    size_t tail_seen;                  /* the consumer's copy of tail */
};

struct ring *ring_create(size_t slots, size_t element_size)
{
    size_t n = 2;
    while (n < slots)
        n *= 2;
    struct ring *r = aligned_alloc(LINE, sizeof *r);
    if (!r)
        return NULL;
    memset(r, 0, sizeof *r);
    size_t bytes = (n * element_size + LINE - 1) / LINE * LINE;
    r->slots = aligned_alloc(LINE, bytes);
    if (!r->slots) {
        free(r);
        return NULL;
    }
    r->mask = n - 1;
    r->element_size = element_size;
    return r;
}

void ring_destroy(struct ring *r)
{
    if (r)
        free(r->slots);
    free(r);
}

size_t ring_bytes(const struct ring *r)
{
    return sizeof *r + (r->mask + 1) * r->element_size;
}

bool ring_push(struct ring *r, const void *element)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (tail - r->head_seen > r->mask) {
        r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
        if (tail - r->head_seen > r->mask)
            return false;
    }
    memcpy(r->slots + (tail & r->mask) * r->element_size, element, r->element_size);
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return true;
}

const void *ring_peek(struct ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head == r->tail_seen) {
        r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
        if (head == r->tail_seen)
            return NULL;
    }
    return r->slots + (head & r->mask) * r->element_size;
}

void ring_drop(struct ring *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

bool ring_pop(struct ring *r, void *element)
{
    const void *p = ring_peek(r);
    if (!p)
        return false;
    memcpy(element, p, r->element_size);
    ring_drop(r);
    return true;
}
