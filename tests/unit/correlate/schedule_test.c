/* The exchange under any schedule: workers are coroutines that a random scheduler runs, rings hold
 * two items, the judge comes by when it likes, bursts have any size, a worker can stand still for a
 * long time. The model knows none of this: one worker is given the same observations sorted, and
 * takes each before it sees the next. Both must hand the same revisions to the judge.
 *
 * PLIMSOLL_TEST_STEPS says how many steps are made at least (default one million).
 */
#include "tests/unit/correlate/correlator_input.h"

#include <ucontext.h>

#define STACK_BYTES 262144
#define WORKERS_MAX 6
#define LOGSOURCE   "logsource: {product: plimsoll, category: observation}\n"

static const char text[] =
    "title: c\nname: act\n" LOGSOURCE "detection: {s: {kind: command}, condition: s}\n"
    "---\ntitle: a\nname: look\n" LOGSOURCE "detection: {s: {kind: attempt}, condition: s}\n"
    "---\ntitle: t\nname: storm\ncorrelation: {type: event_count, rules: [alone, look],"
    " group-by: [source.address], timespan: 20s, condition: {gte: 4}}\n"
    "---\ntitle: t\nname: alone\ncorrelation: {type: event_count, rules: [act],"
    " group-by: [source.address, target.address], timespan: 30s, condition: {gte: 1}}\n"
    "---\ntitle: t\nname: row\ncorrelation: {type: temporal_ordered, rules: [look, act],"
    " aliases: {station: {look: target.address, act: target.address}}, group-by: [station],"
    " timespan: 20s}\n"
    "---\ntitle: t\nname: over\ncorrelation: {type: temporal, rules: [storm, many],"
    " group-by: [source.address], timespan: 1m}\n"
    "---\ntitle: t\nname: many\ncorrelation: {type: value_count, rules: [look],"
    " group-by: [source.address], timespan: 10s, condition: {field: target.address, gte: 3}}\n";

struct coroutine {
    ucontext_t context;
    char *stack;
    unsigned number;
    bool alive;
    unsigned asleep; /* steps that it still stands still */
};

static struct {
    struct correlator *correlator;
    const struct input *in;
    unsigned workers;
    uint64_t rng, steps;
    ucontext_t scheduler;
    struct coroutine worker[WORKERS_MAX], *now;
    size_t at[WORKERS_MAX]; /* in the input: how far each has read it */
} world;

static void pause_worker(void)
{
    swapcontext(&world.now->context, &world.scheduler);
}

static void before_wait(void *ctx, unsigned worker)
{
    (void)ctx;
    assert_int_equal(worker, world.now->number);
    pause_worker();
}

static void worker_main(void)
{
    unsigned me = world.now->number;
    struct correlator *c = world.correlator;
    const struct input *in = world.in;
    uint64_t burst = 1;
    for (size_t i = 0; i < in->n; i++) {
        if (in->shards[i] % world.workers == me) {
            correlator_push(c, me, &in->items[i]);
            if (random_below(&world.rng, 4) == 0)
                pause_worker();
        }
        if (--burst)
            continue;
        burst = 1 + random_below(&world.rng, 64);
        correlator_watermark(c, me, in->items[i].order);
        pause_worker();
        correlator_turn(c, me);
    }
    correlator_watermark(c, me, in->end);
    pause_worker();
    correlator_watermark(c, me, ORDER_MAX);
    while (!correlator_done(c, me)) {
        correlator_turn(c, me);
        pause_worker();
    }
    world.now->alive = false;
    pause_worker();
}

static void take_revisions(struct outcome_list *out, uint64_t most, bool *ended)
{
    struct revision r;
    int got = 0;
    while (most-- && (got = correlator_next(world.correlator, &r)) == 1)
        keep(out, &r);
    *ended = got == ERR_CLOSED;
}

static struct outcome_list run_schedule(const struct correlator_config *config,
                                        const struct input *in)
{
    struct outcome_list out = {0};
    struct diags diags = {0};
    struct correlator_config mine = *config;
    bool ended = false;
    mine.before_wait = before_wait;
    mine.ring_slots = 2;
    world.workers = config->workers;
    world.in = in;
    assert_int_equal(correlator_create(&world.correlator, &mine, &diags), 0);
    for (unsigned w = 0; w < config->workers; w++) {
        struct coroutine *co = &world.worker[w];
        getcontext(&co->context);
        co->context.uc_stack.ss_sp = co->stack;
        co->context.uc_stack.ss_size = STACK_BYTES;
        co->context.uc_link = &world.scheduler;
        co->number = w;
        co->alive = true;
        co->asleep = 0;
        makecontext(&co->context, worker_main, 0);
    }
    for (uint64_t idle = 0; !ended; world.steps++) {
        assert_true(idle++ < 10000000); /* else it hangs */
        struct coroutine *co = &world.worker[random_below(&world.rng, config->workers)];
        if (random_below(&world.rng, 2000) == 0)
            co->asleep = (unsigned)random_below(&world.rng, 3000);
        if (co->alive && !(co->asleep && co->asleep--)) {
            world.now = co;
            swapcontext(&world.scheduler, &co->context);
        }
        if (random_below(&world.rng, 16) == 0)
            take_revisions(&out, random_below(&world.rng, 8), &ended);
    }
    assert_int_equal(correlator_counters(world.correlator).revisions_lost, 0);
    correlator_destroy(world.correlator);
    return out;
}

/* The model: nothing is in flight when the next observation comes. */
static struct outcome_list run_model(const struct correlator_config *config, const struct input *in)
{
    struct outcome_list out = {0};
    struct diags diags = {0};
    struct correlator_config mine = *config;
    bool ended = false;
    mine.workers = 1;
    assert_int_equal(correlator_create(&world.correlator, &mine, &diags), 0);
    for (size_t i = 0; i < in->n; i++) {
        correlator_push(world.correlator, 0, &in->items[i]);
        correlator_watermark(world.correlator, 0, in->items[i].order);
        for (unsigned level = 0; level < DEFINITION_LEVELS_MAX; level++)
            correlator_turn(world.correlator, 0);
        take_revisions(&out, UINT64_MAX, &ended);
    }
    correlator_watermark(world.correlator, 0, in->end);
    correlator_watermark(world.correlator, 0, ORDER_MAX);
    while (!ended) {
        correlator_turn(world.correlator, 0);
        take_revisions(&out, UINT64_MAX, &ended);
    }
    correlator_destroy(world.correlator);
    return out;
}

static void any_schedule_gives_what_the_model_gives(void **state)
{
    (void)state;
    const char *asked = getenv("PLIMSOLL_TEST_STEPS");
    uint64_t steps = asked ? strtoull(asked, NULL, 0) : 1000000, revisions = 0, levels = 0;
    struct fixture f, g;
    world.rng = random_seed();
    fixture_open_with(&f, text);
    fixture_open(&g);
    for (unsigned w = 0; w < WORKERS_MAX; w++)
        world.worker[w].stack = malloc(STACK_BYTES);
    while (world.steps < steps) {
        struct input in = make_input(&world.rng, 1 + (size_t)random_below(&world.rng, 1500));
        /* From some time on another policy, with or without the same accord, and back again. */
        int64_t middle = in.items[random_below(&world.rng, in.n)].order.t,
                later = middle + 1 + (int64_t)random_below(&world.rng, 60 * S);
        struct correlator_policy policies[3] = {f.policy, g.policy, f.policy};
        policies[1].from_ns = middle;
        policies[2].from_ns = later;
        policies[1].same_accord = random_below(&world.rng, 2);
        policies[2].same_accord = random_below(&world.rng, 2);
        for (size_t i = 0; i < in.n; i++)
            in.items[i].generation =
                (in.items[i].order.t >= middle) + (in.items[i].order.t >= later);
        struct correlator_config config = fixture_config(&f, 1);
        config.policies = policies;
        config.n_policies = 1 + 2 * (unsigned)random_below(&world.rng, 2);
        for (size_t i = 0; i < in.n && config.n_policies == 1; i++)
            in.items[i].generation = 0;
        config.keys_per_shard = 4 << 2 * random_below(&world.rng, 3);
        struct outcome_list model = run_model(&config, &in);
        config.workers = 1 + (unsigned)random_below(&world.rng, WORKERS_MAX);
        struct outcome_list real = run_schedule(&config, &in);
        assert_same(&model, &real);
        revisions += real.n;
        for (size_t i = 0; i < real.n; i++)
            levels += real.items[i].kind == REVISION_INCIDENT &&
                      definition_level(policies[real.items[i].generation].definitions,
                                       real.items[i].definition) == 2;
        free(model.items);
        free(real.items);
        drop_input(&in);
    }
    printf("%lu steps, %lu revisions, %lu of them of the third level\n", world.steps, revisions,
           levels);
    assert_true(revisions > steps / 1000 && levels > 0);
    for (unsigned w = 0; w < WORKERS_MAX; w++)
        free(world.worker[w].stack);
    fixture_close(&f);
    fixture_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_schedule_gives_what_the_model_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
