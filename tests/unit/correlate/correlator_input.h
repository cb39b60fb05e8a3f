/* Random observations for runs of the correlator, and comparing what such runs hand to the judge.
 */
#ifndef TESTS_UNIT_CORRELATE_CORRELATOR_INPUT_H
#define TESTS_UNIT_CORRELATE_CORRELATOR_INPUT_H

#include "tests/unit/correlate/correlator_fixture.h"

#define S NS_PER_S

/* What a run hands to the judge. */
struct outcome_list {
    struct revision *items;
    size_t n;
};

static inline void keep(struct outcome_list *list, const struct revision *r)
{
    if (list->n % 256 == 0)
        list->items = realloc(list->items, (list->n + 256) * sizeof *list->items);
    if (list->n)
        assert_true(order_less(&list->items[list->n - 1].order, &r->order));
    list->items[list->n++] = *r;
}

static inline void assert_same(const struct outcome_list *a, const struct outcome_list *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        struct revision x = a->items[i], y = b->items[i];
        assert_memory_equal(&x, &y, sizeof x);
    }
}

struct input {
    struct observation *items;
    uint8_t *shards; /* of the dataplane: whose worker pushes it */
    size_t n;
    struct order end;
};

/* Commands and attempts by a few sources; several observations of one packet; coverage at each
 * minute from every shard that has some. */
static inline struct input make_input(uint64_t *rng, size_t n)
{
    struct input in = {.items = calloc(n + 1024, sizeof *in.items), .shards = calloc(n + 1024, 1)};
    int64_t t = 0, minute = 60 * S;
    uint64_t seq = 0;
    while (in.n < n) {
        t += random_below(rng, 50) ? (int64_t)random_below(rng, S / 10)
                                   : (int64_t)random_below(rng, 40 * S);
        for (; t > minute; minute += 60 * S)
            for (unsigned shard = 0; shard < 256 && in.n < n; shard += 64) {
                struct observation *o = &in.items[in.n];
                *o = seen_at(minute - 1, shard, KIND_COVERAGE, host(0, 0), host(0, 0));
                o->order.input = ORDER_CLOSING;
                o->interval_ns[0] = START_NS + minute - 60 * S;
                o->interval_ns[1] = START_NS + minute;
                o->object_first = (uint32_t)random_below(rng, 3);
                o->integer = (int64_t)random_below(rng, 1000);
                o->coverage = (uint8_t)random_below(rng, COVERAGE_COUNT);
                in.shards[in.n++] = (uint8_t)shard;
            }
        uint8_t shard = (uint8_t)random_below(rng, 256);
        unsigned facts = 1 + (unsigned)random_below(rng, 3);
        seq++;
        for (unsigned i = 0; i < facts && in.n < n; i++) {
            enum kind kind = random_below(rng, 2) ? KIND_COMMAND : KIND_ATTEMPT;
            struct observation *o = &in.items[in.n];
            *o = seen_at(t, seq, kind, host(9, (unsigned)random_below(rng, 12)),
                         host(1 + (unsigned)random_below(rng, 3), (unsigned)random_below(rng, 30)));
            o->order.index = i;
            o->contact = (uint8_t)random_below(rng, CONTACT_COUNT);
            o->outcome = (uint8_t)random_below(rng, OUTCOME_COUNT);
            in.shards[in.n++] = shard;
        }
    }
    in.end = (struct order){.t = START_NS + t, .input = ORDER_LAST};
    return in;
}

static inline void drop_input(struct input *in)
{
    free(in->items);
    free(in->shards);
}

#endif
