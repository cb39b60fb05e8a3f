/* The flow table of a shard against an array that is searched: what is found, in which order flows
 * were last used, when each is due. */
#include "tests/unit/check.h"

#include "dataplane/flow.h"

#include <string.h>

enum { ITEMS = 16 * 48, KEYS = 90, STEPS = 120000 };

/* The naive twin: a flow per key, with the time of its last use and its deadlines. */
struct twin {
    bool there[KEYS];
    uint32_t item[KEYS];
    uint64_t used[KEYS], clock;
    int64_t deadline[KEYS][3];
    unsigned n;
};

static struct flow_key key_of(unsigned k)
{
    struct packet p = {.source = {{1, (uint8_t)(k % 7)}},
                       .target = {{2, (uint8_t)(k / 7)}},
                       .source_port = (uint16_t)(1000 + k),
                       .target_port = 502,
                       .transport = k % 3 ? 6 : 17,
                       .vlan = (uint16_t)(k % 2)};
    struct flow_key key;
    flow_key_of(&p, &key);
    return key;
}

static unsigned oldest_of(const struct twin *w)
{
    unsigned best = KEYS;
    for (unsigned k = 0; k < KEYS; k++)
        if (w->there[k] && (best == KEYS || w->used[k] < w->used[best]))
            best = k;
    return best;
}

static int64_t due_of(const struct twin *w, unsigned k)
{
    int64_t at = INT64_MAX;
    for (int i = 0; i < 3; i++)
        at = w->deadline[k][i] < at ? w->deadline[k][i] : at;
    return at;
}

struct table {
    struct flow_pools pools;
    struct flow_shard *shard;
    struct twin twin;
    uint64_t seed;
    int64_t now;
    uint64_t made;
};

/* The whole list by last use, both ways, must be the twin's. */
static void check_list(const struct table *t)
{
    const struct twin *w = &t->twin;
    uint32_t before = POOL_NONE;
    uint64_t last = 0;
    unsigned n = 0;
    for (uint32_t item = t->shard->oldest; item != POOL_NONE;) {
        const struct flow *f = flow_at(&t->pools, t->shard, item);
        unsigned k = 0;
        while (k < KEYS && !(w->there[k] && w->item[k] == item))
            k++;
        assert_true(k < KEYS);
        assert_true(n == 0 || w->used[k] > last);
        last = w->used[k];
        assert_int_equal(f->older, before);
        before = item;
        item = f->newer;
        n++;
    }
    assert_int_equal(n, w->n);
    assert_int_equal(t->shard->newest, before);
}

static void drop(struct table *t, unsigned k)
{
    flow_drop(&t->pools, t->shard, t->twin.item[k]);
    t->twin.there[k] = false;
    t->twin.n--;
}

/* set_deadlines: as a packet would: each deadline to some time ahead, nearer or farther than it
 * was, or to none. */
static void set_deadlines(struct table *t, unsigned k)
{
    struct flow *f = flow_at(&t->pools, t->shard, t->twin.item[k]);
    int64_t *places[3] = {&f->idle_at, &f->attempt_at, &f->app_at};
    for (int i = 0; i < 3; i++)
        if (random_below(&t->seed, 2)) {
            int64_t at = random_below(&t->seed, 4)
                             ? t->now + 1 + (int64_t)random_below(&t->seed, 60)
                             : INT64_MAX;
            *places[i] = t->twin.deadline[k][i] = at;
        }
    assert_int_equal(flow_deadline(f), due_of(&t->twin, k));
    flow_arm(t->shard, f, t->twin.item[k]);
}

static void use(struct table *t, unsigned k)
{
    struct twin *w = &t->twin;
    struct flow_key key = key_of(k);
    uint32_t hash = flow_hash(&t->pools, &key);
    uint32_t item = flow_find(&t->pools, t->shard, &key, hash);
    if (w->there[k]) {
        assert_int_equal(item, w->item[k]);
        flow_touch(&t->pools, t->shard, item);
    } else {
        assert_int_equal(item, POOL_NONE);
        item = flow_make(&t->pools, t->shard, &key, hash);
        if (w->n == t->pools.flows.budget) {
            assert_int_equal(item, POOL_NONE);
            unsigned oldest = oldest_of(w);
            assert_int_equal(t->shard->oldest, w->item[oldest]);
            drop(t, oldest);
            item = flow_make(&t->pools, t->shard, &key, hash);
        }
        assert_int_not_equal(item, POOL_NONE);
        const struct flow *f = flow_at(&t->pools, t->shard, item);
        assert_int_equal(f->id, 7 + SHARDS * t->made++); /* never one of another shard */
        assert_memory_equal(&f->key, &key, sizeof key);
        assert_int_equal(flow_deadline(f), INT64_MAX);
        assert_int_equal(f->attempt, ATTEMPT_NONE);
        assert_int_equal(f->side[0].stream.held, POOL_NONE);
        assert_int_equal(f->side[1].window, POOL_NONE);
        w->there[k] = true;
        w->item[k] = item;
        w->n++;
        for (int i = 0; i < 3; i++)
            w->deadline[k][i] = INT64_MAX;
    }
    w->used[k] = ++w->clock;
    set_deadlines(t, k);
}

/* expire: move time on; each flow that the table's timers name as due must be so in the twin, at
 * exactly its deadline, in the order of deadlines, and none may be left. */
static void expire(struct table *t, int64_t now)
{
    struct twin *w = &t->twin;
    uint32_t item;
    int64_t deadline, last = t->now;
    t->now = now;
    while (timers_pop(t->shard->timers, now, &item, &deadline)) {
        assert_true(deadline >= last);
        last = deadline;
        unsigned k = 0;
        while (k < KEYS && !(w->there[k] && w->item[k] == item))
            k++;
        assert_true(k < KEYS);
        struct flow *f = flow_at(&t->pools, t->shard, item);
        f->timer_at = INT64_MAX;
        if (flow_deadline(f) <= deadline) {
            assert_int_equal(due_of(w, k), deadline);
            drop(t, k);
        } else {
            assert_true(due_of(w, k) > deadline); /* it was moved away; set again */
            flow_arm(t->shard, f, item);
        }
    }
    for (unsigned k = 0; k < KEYS; k++)
        assert_false(w->there[k] && due_of(w, k) <= now);
}

static void the_table_agrees_with_its_twin(void **state)
{
    (void)state;
    struct table t = {.seed = random_seed()};
    t.pools.hash_seed = random_next(&t.seed);
    assert_int_equal(shard_pool_init(&t.pools.flows, ITEMS, sizeof(struct flow)), 0);
    assert_int_equal(t.pools.flows.budget, 48);
    t.shard = malloc(sizeof *t.shard);
    assert_non_null(t.shard);
    assert_int_equal(flow_shard_init(t.shard, &t.pools, 7), 0);
    unsigned evictions = 0, expiries = 0;
    for (int step = 0; step < STEPS; step++) {
        unsigned before = t.twin.n;
        switch (random_below(&t.seed, 8)) {
        case 0:
            expire(&t, t.now + (int64_t)random_below(&t.seed, step / 10000 % 2 ? 40 : 4));
            expiries += before - t.twin.n;
            break;
        case 1: {
            unsigned k = (unsigned)random_below(&t.seed, KEYS);
            if (t.twin.there[k] && random_below(&t.seed, 4) == 0)
                drop(&t, k);
            break;
        }
        default: {
            unsigned k = (unsigned)random_below(&t.seed, KEYS);
            evictions += !t.twin.there[k] && before == t.pools.flows.budget;
            use(&t, k);
        }
        }
        check_list(&t);
    }
    assert_true(evictions > 100 && expiries > 100);
    flow_shard_free(t.shard);
    free(t.shard);
    shard_pool_free(&t.pools.flows);
}

static void keys_that_share_a_bucket_are_kept_apart(void **state)
{
    (void)state;
    struct flow_pools pools = {.hash_seed = 1};
    assert_int_equal(shard_pool_init(&pools.flows, 16 * 64, sizeof(struct flow)), 0);
    struct flow_shard *s = malloc(sizeof *s);
    assert_non_null(s);
    assert_int_equal(flow_shard_init(s, &pools, 0), 0);
    /* The caller gives the hash: all of them one. */
    uint32_t items[20];
    for (unsigned k = 0; k < 20; k++) {
        struct flow_key key = key_of(k);
        assert_int_equal(flow_find(&pools, s, &key, 5), POOL_NONE);
        items[k] = flow_make(&pools, s, &key, 5);
    }
    for (unsigned gone = 0; gone < 20; gone += 3)
        flow_drop(&pools, s, items[gone]);
    for (unsigned k = 0; k < 20; k++) {
        struct flow_key key = key_of(k);
        assert_int_equal(flow_find(&pools, s, &key, 5), k % 3 ? items[k] : POOL_NONE);
        /* Another hash in the same bucket. */
        assert_int_equal(flow_find(&pools, s, &key, 5 + FLOW_BUCKETS), POOL_NONE);
    }
    flow_shard_free(s);
    free(s);
    shard_pool_free(&pools.flows);
}

static void both_directions_have_one_key(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 2000; round++) {
        struct packet there, back;
        memset(&there, 0, sizeof there);
        /* Few values, so that equal addresses and equal ports come too. */
        there.source.b[15] = (uint8_t)random_below(&seed, 3);
        there.target.b[15] = (uint8_t)random_below(&seed, 3);
        there.source_port = (uint16_t)random_below(&seed, 3);
        there.target_port = (uint16_t)random_below(&seed, 3);
        there.transport = (uint8_t)(6 + random_below(&seed, 2));
        there.vlan = (uint16_t)random_below(&seed, 2);
        back = there;
        back.source = there.target;
        back.target = there.source;
        back.source_port = there.target_port;
        back.target_port = there.source_port;
        struct flow_key a, b;
        unsigned side_a = flow_key_of(&there, &a), side_b = flow_key_of(&back, &b);
        assert_memory_equal(&a, &b, sizeof a);
        bool one_end =
            address_equal(&there.source, &there.target) && there.source_port == there.target_port;
        assert_int_equal(side_a == side_b, one_end);
        const struct address *low = side_a ? &there.target : &there.source;
        assert_memory_equal(&a.low, low, sizeof *low);
        assert_int_equal(a.low_port, side_a ? there.target_port : there.source_port);
        /* Another VLAN or transport is another flow. */
        there.vlan ^= 1;
        flow_key_of(&there, &b);
        assert_memory_not_equal(&a, &b, sizeof a);
        there.vlan ^= 1;
        there.transport ^= 1;
        flow_key_of(&there, &b);
        assert_memory_not_equal(&a, &b, sizeof a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_agrees_with_its_twin),
        cmocka_unit_test(keys_that_share_a_bucket_are_kept_apart),
        cmocka_unit_test(both_directions_have_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
