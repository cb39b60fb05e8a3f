/* The exchange: one single-producer single-consumer ring per ordered pair of workers, and one
 * watermark per worker; a set of these for each level of correlations.
 *
 * Ordering guarantees
 *   A worker pushes in ascending order, so each ring is ascending. It publishes W only when all its
 *   later items are greater than W. An owner takes the smallest head x once every other producer
 * has a greater head, or an empty ring and a watermark >= x. It reads the watermark before it looks
 *   into the ring: what that producer pushed up to W is then in the ring, and what comes after is
 *   greater than W >= x. So no item smaller than x can still arrive, and every owner takes its
 * items in the one order, whatever the timing. Two items have the same order only as parts of one
 * sum (coverage of one asset by several workers), where it does not matter who is first.
 *
 * Progress guarantees, within a level
 *   Consider the smallest item x that is not taken, on its way to owner o. o is either at its
 * loop's top or waits before a full ring, and in both takes what it may. Every other producer q
 * publishes after each burst and before each wait: waiting with y in hand, y > x, it has published
 * the predecessor of y, which is >= x; idle, it publishes the source's position. So o's condition
 * for x comes true without o having to push to a ring of this level. x is taken, and by induction
 *   everything is. Waits yield, so one core is enough.
 *
 * Progress guarantees, between levels
 *   An owner pushes what it derives to the level above only where there is room, keeps the rest in
 *   its outbox, and takes no item whose results might not fit there; it never waits for room. The
 *   uppermost level hands on to nobody but the judge, who waits for nobody, and each turn begins
 * with it. Let x be the smallest item not taken of a level. Each of its producers publishes, at
 * every turn, the predecessor of the first item in its outbox, or of what may still come from
 * below. An item in an outbox is not smaller than x, or it would be the smallest itself: the ring
 * to its owner would hold only smaller ones, that is none, and have room. What may come from below
 * is greater than x in the end, by the same argument one level down. So x is taken, and room comes
 * back.
 *
 * Reclamation
 *   Items are copied into and out of rings; a slot is free after exchange_take.
 */
#include "correlate/exchange.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

struct producer {
    struct watermark mark;
    alignas(64) _Atomic int64_t reached; /* written by the producer, before a mark of ORDER_MAX */
};

struct exchange {
    unsigned workers;
    struct producer *producers;
    struct merge_input *inputs; /* [to][from] */
};

static struct merge_input *inputs_of(const struct exchange *x, unsigned to)
{
    return x->inputs + (size_t)to * x->workers;
}

struct exchange *exchange_create(unsigned workers, size_t slots)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->workers = workers;
    x->producers = aligned_alloc(64, workers * sizeof *x->producers);
    x->inputs = calloc((size_t)workers * workers, sizeof *x->inputs);
    bool failed = !x->producers || !x->inputs;
    for (unsigned w = 0; w < workers && !failed; w++) {
        memset(&x->producers[w], 0, sizeof x->producers[w]);
        watermark_publish(&x->producers[w].mark, ORDER_MIN);
        atomic_store(&x->producers[w].reached, INT64_MIN);
    }
    for (unsigned to = 0; to < workers && !failed; to++)
        for (unsigned from = 0; from < workers && !failed; from++) {
            struct merge_input *input = &inputs_of(x, to)[from];
            input->ring = ring_create(slots, sizeof(struct exchange_item));
            input->mark = &x->producers[from].mark;
            failed = !input->ring;
        }
    if (failed) {
        exchange_destroy(x);
        return NULL;
    }
    return x;
}

void exchange_destroy(struct exchange *x)
{
    if (!x)
        return;
    for (size_t i = 0; x->inputs && i < (size_t)x->workers * x->workers; i++)
        ring_destroy(x->inputs[i].ring);
    free(x->inputs);
    free(x->producers);
    free(x);
}

size_t exchange_bytes(const struct exchange *x)
{
    size_t pairs = (size_t)x->workers * x->workers;
    return sizeof *x + x->workers * sizeof *x->producers +
           pairs * (sizeof *x->inputs + ring_bytes(x->inputs[0].ring));
}

bool exchange_push(struct exchange *x, unsigned from, unsigned to, const struct exchange_item *item)
{
    return ring_push(inputs_of(x, to)[from].ring, item);
}

void exchange_publish(struct exchange *x, unsigned from, struct order mark)
{
    watermark_publish(&x->producers[from].mark, mark);
}

void exchange_reached(struct exchange *x, unsigned from, int64_t t)
{
    atomic_store_explicit(&x->producers[from].reached, t, memory_order_release);
}

struct merge_result exchange_next(struct exchange *x, unsigned to)
{
    return ordered_merge(inputs_of(x, to), x->workers, offsetof(struct exchange_item, obs.order));
}

void exchange_take(struct exchange *x, unsigned to, unsigned from)
{
    ring_drop(inputs_of(x, to)[from].ring);
}

int64_t exchange_event_end(const struct exchange *x)
{
    int64_t end = INT64_MIN;
    for (unsigned w = 0; w < x->workers; w++) {
        int64_t t = atomic_load_explicit(&x->producers[w].reached, memory_order_acquire);
        if (t > end)
            end = t;
    }
    return end;
}

uint8_t key_shard_of(const struct group_key *key)
{
    return (uint8_t)XXH3_64bits(key->bytes, key->len);
}
