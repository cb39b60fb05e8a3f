/* The same revisions for any number of workers, any schedule and any ring size. */
#include "tests/unit/correlate/correlator_input.h"

#include <pthread.h>
#include <sched.h>

#define MANY_MAX 20000

/* One thread plays all workers by a random schedule; rings hold everything, so nobody waits. */
static struct outcome_list simulate(const struct fixture *f, const struct input *in,
                                    unsigned workers, uint64_t *rng)
{
    struct correlator_config config = fixture_config(f, workers);
    struct correlator *c;
    struct diags diags = {0};
    struct outcome_list out = {0};
    struct revision r;
    size_t at[CORRELATOR_WORKERS_MAX] = {0};
    bool ended[CORRELATOR_WORKERS_MAX] = {false};
    int got = 0;
    config.ring_slots = 2 * in->n;
    assert_int_equal(correlator_create(&c, &config, &diags), 0);
    while (got != ERR_CLOSED) {
        unsigned w = (unsigned)random_below(rng, workers);
        for (uint64_t burst = random_below(rng, 40); burst && at[w] < in->n; at[w]++)
            if (in->shards[at[w]] % workers == w) {
                correlator_push(c, w, &in->items[at[w]]);
                burst--;
            }
        if (at[w] < in->n && at[w] && random_below(rng, 2))
            correlator_watermark(c, w, in->items[at[w] - 1].order);
        if (at[w] == in->n && !ended[w]) {
            correlator_watermark(c, w, in->end);
            ended[w] = random_below(rng, 2);
            if (ended[w])
                correlator_watermark(c, w, ORDER_MAX);
        }
        if (random_below(rng, 3))
            correlator_turn(c, (unsigned)random_below(rng, workers));
        while ((got = correlator_next(c, &r)) == 1)
            keep(&out, &r);
    }
    struct correlator_counters counters = correlator_counters(c);
    assert_int_equal(counters.observations, in->n);
    assert_int_equal(counters.revisions, out.n);
    assert_int_equal(counters.revisions_lost, 0);
    correlator_destroy(c);
    return out;
}

static void any_number_of_workers_gives_the_same_revisions(void **state)
{
    (void)state;
    uint64_t rng = random_seed();
    struct fixture f;
    fixture_open(&f);
    for (int round = 0; round < 12; round++) {
        struct input in = make_input(&rng, 1 + (size_t)random_below(&rng, 600));
        struct outcome_list one = simulate(&f, &in, 1, &rng);
        static const unsigned counts[] = {1, 2, 3, 4, 5, 8};
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct outcome_list more = simulate(&f, &in, counts[i], &rng);
            assert_same(&one, &more);
            free(more.items);
        }
        free(one.items);
        drop_input(&in);
    }
    fixture_close(&f);
}

struct worker_thread {
    struct correlator *correlator;
    const struct input *in;
    unsigned worker, workers;
    uint64_t rng;
};

static void *work(void *arg)
{
    struct worker_thread *w = arg;
    uint64_t burst = 1;
    for (size_t i = 0; i < w->in->n; i++) {
        if (w->in->shards[i] % w->workers == w->worker)
            correlator_push(w->correlator, w->worker, &w->in->items[i]);
        if (--burst == 0) {
            correlator_watermark(w->correlator, w->worker, w->in->items[i].order);
            correlator_turn(w->correlator, w->worker);
            burst = 1 + random_below(&w->rng, 64);
        }
    }
    correlator_watermark(w->correlator, w->worker, w->in->end);
    correlator_turn(w->correlator, w->worker);
    correlator_watermark(w->correlator, w->worker, ORDER_MAX);
    while (!correlator_done(w->correlator, w->worker))
        if (!correlator_turn(w->correlator, w->worker))
            sched_yield();
    return NULL;
}

static struct outcome_list run_threads(const struct fixture *f, const struct input *in,
                                       unsigned workers, size_t slots, uint64_t *waits)
{
    struct correlator_config config = fixture_config(f, workers);
    struct correlator *c;
    struct diags diags = {0};
    struct worker_thread args[8];
    pthread_t threads[8];
    struct outcome_list out = {0};
    struct revision r;
    int got;
    config.ring_slots = slots;
    assert_int_equal(correlator_create(&c, &config, &diags), 0);
    for (unsigned w = 0; w < workers; w++) {
        args[w] = (struct worker_thread){c, in, w, workers, w + 1};
        assert_int_equal(pthread_create(&threads[w], NULL, work, &args[w]), 0);
    }
    while ((got = correlator_next(c, &r)) != ERR_CLOSED) {
        if (got == 1)
            keep(&out, &r);
        else
            sched_yield();
    }
    for (unsigned w = 0; w < workers; w++)
        pthread_join(threads[w], NULL);
    struct correlator_counters counters = correlator_counters(c);
    assert_int_equal(counters.revisions_lost, 0);
    *waits += counters.push_waits;
    correlator_destroy(c);
    return out;
}

static void threads_with_tiny_rings_give_the_same_revisions(void **state)
{
    (void)state;
    uint64_t rng = random_seed(), waits = 0;
    struct fixture f;
    fixture_open(&f);
    struct input in = make_input(&rng, MANY_MAX);
    struct outcome_list one = run_threads(&f, &in, 1, 4096, &waits);
    assert_true(one.n > 100);
    static const size_t slots[] = {2, 8, 1024};
    for (unsigned workers = 2; workers <= 4; workers += 2)
        for (size_t i = 0; i < 3; i++) {
            struct outcome_list more = run_threads(&f, &in, workers, slots[i], &waits);
            assert_same(&one, &more);
            free(more.items);
        }
    assert_true(waits > 0);
    free(one.items);
    drop_input(&in);
    fixture_close(&f);
}

static void coverage_is_summed_by_asset_and_interval(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    struct run run;
    run_open(&run, &config);
    static const struct {
        int64_t minute;
        unsigned shard, asset, class, n;
    } counts[] = {{1, 3, 2, COVERAGE_SEEN, 10},
                  {1, 3, 2, COVERAGE_PARSED, 4},
                  {1, 8, 0, COVERAGE_SEEN, 1},
                  {1, 9, 2, COVERAGE_SEEN, 5},
                  {2, 3, 2, COVERAGE_SEEN, 7}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct observation o = seen_at(counts[i].minute * 60 * S - 1, counts[i].shard,
                                       KIND_COVERAGE, host(0, 0), host(0, 0));
        o.order.input = ORDER_CLOSING;
        o.interval_ns[0] = START_NS + (counts[i].minute - 1) * 60 * S;
        o.interval_ns[1] = START_NS + counts[i].minute * 60 * S;
        o.order.index = (uint32_t)i;
        o.object_first = counts[i].asset;
        o.coverage = (uint8_t)counts[i].class;
        o.integer = counts[i].n;
        correlator_push(run.correlator, 0, &o);
    }
    run_until(&run, 121 * S);
    static const uint64_t wanted[][4] = {{0, 1, 1, 0}, {2, 1, 15, 4}, {2, 2, 7, 0}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(correlator_next(run.correlator, &run.last), 1);
        assert_int_equal(run.last.kind, REVISION_COVERAGE);
        assert_int_equal(run.last.coverage_asset, wanted[i][0]);
        assert_int_equal(run.last.last_ns, START_NS + (int64_t)wanted[i][1] * 60 * S);
        assert_int_equal(run.last.first_ns, run.last.last_ns - 60 * S);
        assert_int_equal(run.last.coverage[COVERAGE_SEEN], wanted[i][2]);
        assert_int_equal(run.last.coverage[COVERAGE_PARSED], wanted[i][3]);
    }
    expect(&run, NULL);
    run_close(&run);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_workers_gives_the_same_revisions),
        cmocka_unit_test(threads_with_tiny_rings_give_the_same_revisions),
        cmocka_unit_test(coverage_is_summed_by_asset_and_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
