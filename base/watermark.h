/* A place in the order that one thread publishes and others read: "everything later of mine is
 * greater".
 *
 * Ordering guarantees: whatever the writer did before watermark_publish is seen by a reader that
 * reads the published value or a later one. The reader never sees a mixture of two values: the
 * version is odd while the parts are written; a reader that saw a new part also sees that version
 * (each part is stored with release and loaded with acquire) and tries again. Progress guarantees:
 * publish is wait-free; a reader repeats only while a publish is under way. Reclamation: none; the
 * mark lives as long as its owner.
 */
#ifndef BASE_WATERMARK_H
#define BASE_WATERMARK_H

#include "base/order.h"

#include <stdalign.h>
#include <stdatomic.h>

struct watermark {
    alignas(64) _Atomic uint64_t version;
    _Atomic int64_t t;
    _Atomic uint64_t input_seq, index;
};

static inline void watermark_publish(struct watermark *w, struct order mark)
{
    uint64_t version = atomic_load_explicit(&w->version, memory_order_relaxed);
    atomic_store_explicit(&w->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&w->t, mark.t, memory_order_release);
    atomic_store_explicit(&w->input_seq, (uint64_t)mark.input << 48 | mark.seq,
                          memory_order_release);
    atomic_store_explicit(&w->index, mark.index, memory_order_release);
    atomic_store_explicit(&w->version, version + 2, memory_order_release);
}

static inline struct order watermark_read(const struct watermark *w)
{
    for (;;) {
        uint64_t before = atomic_load_explicit(&w->version, memory_order_acquire);
        struct order mark = {.t = atomic_load_explicit(&w->t, memory_order_acquire)};
        uint64_t both = atomic_load_explicit(&w->input_seq, memory_order_acquire);
        mark.index = atomic_load_explicit(&w->index, memory_order_acquire);
        uint64_t after = atomic_load_explicit(&w->version, memory_order_relaxed);
        if (before == after && !(before & 1)) {
            mark.input = (uint16_t)(both >> 48);
            mark.seq = both & ORDER_SEQ_MAX;
            return mark;
        }
    }
}

#endif
