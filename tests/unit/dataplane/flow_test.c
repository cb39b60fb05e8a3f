/* The flows of a shard against an array that is searched: what is found, which was used before all
 * others, when each is due. */
#include "tests/unit/check.h"

#include "base/time_point.h"
#include "dataplane/flow_table.h"

#include <string.h>

enum { ITEMS = 16 * 48, KEYS = 90, STEPS = 120000 };

static const int64_t idle_seconds[] = {0, 10, 60, 300, 3600};

/* The naive twin: a flow per key, with the time of its last use and its deadlines. */
struct twin {
    struct flow *flow[KEYS]; /* NULL: not there */
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
        if (w->flow[k] && (best == KEYS || w->used[k] < w->used[best]))
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
    struct flow_table flows;
    struct flow_shard *shard;
    struct twin twin;
    uint64_t seed;
    int64_t now;
    uint64_t made;
};

static unsigned key_with(const struct table *t, const struct flow *f)
{
    unsigned k = 0;
    while (k < KEYS && t->twin.flow[k] != f)
        k++;
    assert_true(k < KEYS);
    return k;
}

/* Every flow stands in one of the lists by use, and a list that has none is known to be empty. */
static void check_lists(const struct table *t)
{
    unsigned n = 0;
    for (unsigned list = 0; list < FLOW_USE_LISTS; list++) {
        assert_int_equal(t->shard->use_lists >> list & 1, t->shard->by_use[list] != NULL);
        const struct flow *before = NULL;
        for (const struct flow *f = t->shard->by_use[list]; f; before = f, f = f->behind) {
            key_with(t, f);
            assert_ptr_equal(f->before, before);
            assert_int_equal(f->use_list, list);
            n++;
        }
    }
    assert_int_equal(n, t->twin.n);
}

static void check_oldest(struct table *t)
{
    unsigned oldest = oldest_of(&t->twin);
    assert_ptr_equal(flow_oldest(t->shard), oldest == KEYS ? NULL : t->twin.flow[oldest]);
}

static void drop(struct table *t, unsigned k)
{
    struct flow_key key = key_of(k);
    struct flow *f = t->twin.flow[k];
    assert_true(flow_key_is(f, &key));
    flow_table_remove(&t->flows, f);
    flow_drop(&t->pools, t->shard, f);
    assert_false(flow_key_is(f, &key)); /* who still points to it can tell */
    t->twin.flow[k] = NULL;
    t->twin.n--;
}

/* set_deadlines: as a packet would: it may wait for longer or shorter from now on, and the other
 * deadlines go to some time ahead, nearer or farther than they were, or to none. */
static void set_deadlines(struct table *t, unsigned k)
{
    struct flow *f = t->twin.flow[k];
    f->last_ns = t->now;
    if (random_below(&t->seed, 2))
        f->idle = random_below(&t->seed, IDLE_TCP + 1);
    t->twin.deadline[k][0] = f->idle ? t->now + idle_seconds[f->idle] * NS_PER_S : INT64_MAX;
    int64_t *places[3] = {NULL, &f->attempt_at, &f->app_at};
    for (int i = 1; i < 3; i++)
        if (random_below(&t->seed, 2)) {
            int64_t ahead = (1 + (int64_t)random_below(&t->seed, 60)) * NS_PER_S;
            *places[i] = t->twin.deadline[k][i] =
                random_below(&t->seed, 4) ? t->now + ahead : INT64_MAX;
        }
    assert_int_equal(flow_idle_at(f), t->twin.deadline[k][0]);
    assert_int_equal(flow_deadline(f), due_of(&t->twin, k));
    flow_arm(t->shard, f);
}

static struct flow *make(struct table *t, const struct flow_key *key, uint64_t hash)
{
    struct flow *f = flow_make(&t->pools, t->shard, key, hash);
    if (f)
        flow_table_add(&t->flows, f);
    return f;
}

static void use(struct table *t, unsigned k)
{
    struct twin *w = &t->twin;
    struct flow_key key = key_of(k);
    uint64_t hash = flow_hash(&t->pools, &key);
    struct flow *f = flow_table_find(&t->flows, &key, hash);
    assert_ptr_equal(f, w->flow[k]);
    if (f) {
        flow_touch(t->shard, f);
    } else {
        f = make(t, &key, hash);
        if (w->n == t->pools.flows.budget) {
            assert_null(f);
            check_oldest(t);
            drop(t, oldest_of(w));
            f = make(t, &key, hash);
        }
        assert_non_null(f);
        assert_int_equal(f->id, 7 + SHARDS * t->made++); /* never one of another shard */
        assert_memory_equal(&f->key, &key, sizeof key);
        assert_int_equal(flow_deadline(f), INT64_MAX);
        assert_int_equal(f->attempt, ATTEMPT_NONE);
        assert_int_equal(f->side[0].stream.held, POOL_NONE);
        assert_int_equal(f->side[1].window, POOL_NONE);
        w->flow[k] = f;
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
        struct flow *f = flow_at(&t->pools, t->shard, item);
        unsigned k = key_with(t, f);
        f->timer_at = INT64_MAX;
        if (flow_deadline(f) <= deadline) {
            assert_int_equal(due_of(w, k), deadline);
            drop(t, k);
        } else {
            assert_true(due_of(w, k) > deadline); /* it was moved away; set again */
            flow_arm(t->shard, f);
        }
    }
    for (unsigned k = 0; k < KEYS; k++)
        assert_false(w->flow[k] && due_of(w, k) <= now);
}

static void the_table_agrees_with_its_twin(void **state)
{
    (void)state;
    struct table t = {.seed = random_seed()};
    t.pools.hash_seed = random_next(&t.seed);
    assert_int_equal(shard_pool_init(&t.pools.flows, ITEMS, sizeof(struct flow)), 0);
    assert_int_equal(t.pools.flows.budget, 48);
    assert_int_equal(flow_table_init(&t.flows, &t.pools.flows), 0);
    t.shard = malloc(sizeof *t.shard);
    assert_non_null(t.shard);
    assert_int_equal(flow_shard_init(t.shard, &t.pools, 7), 0);
    unsigned evictions = 0, expiries = 0;
    for (int step = 0; step < STEPS; step++) {
        unsigned before = t.twin.n;
        switch (random_below(&t.seed, 9)) {
        case 0: {
            int64_t seconds = (int64_t)random_below(&t.seed, step / 10000 % 2 ? 40 : 4);
            expire(&t, t.now + seconds * NS_PER_S);
            expiries += before - t.twin.n;
            break;
        }
        case 1: {
            unsigned k = (unsigned)random_below(&t.seed, KEYS);
            if (t.twin.flow[k] && random_below(&t.seed, 4) == 0)
                drop(&t, k);
            break;
        }
        case 2:
            check_oldest(&t);
            break;
        default: {
            unsigned k = (unsigned)random_below(&t.seed, KEYS);
            evictions += !t.twin.flow[k] && before == t.pools.flows.budget;
            use(&t, k);
        }
        }
        check_lists(&t);
    }
    assert_true(evictions > 100 && expiries > 100);
    flow_shard_free(t.shard);
    free(t.shard);
    flow_table_free(&t.flows);
    shard_pool_free(&t.pools.flows);
}

/* All in the order of their last use, also when nobody asked for it before. */
static void the_order_of_use_is_exact(void **state)
{
    (void)state;
    enum { FLOWS = 4000 };
    uint64_t seed = random_seed();
    struct flow_pools pools = {.hash_seed = 1};
    assert_int_equal(shard_pool_init(&pools.flows, 16 * FLOWS, sizeof(struct flow)), 0);
    struct flow_shard *s = malloc(sizeof *s);
    struct flow **flows = calloc(FLOWS, sizeof(struct flow *));
    assert_true(s && flows);
    assert_int_equal(flow_shard_init(s, &pools, 0), 0);
    for (unsigned i = 0; i < FLOWS; i++) {
        struct flow_key key = {.low_port = (uint16_t)i};
        flows[i] = flow_make(&pools, s, &key, i);
        assert_non_null(flows[i]);
    }
    for (unsigned i = 0; i < 3 * FLOWS; i++)
        flow_touch(s, flows[random_below(&seed, FLOWS)]);
    uint64_t last = 0;
    for (unsigned n = FLOWS; n; n--) {
        struct flow *f = flow_oldest(s);
        assert_non_null(f);
        assert_true(f->used > last);
        last = f->used;
        flow_drop(&pools, s, f);
        /* Some are used in between, of those that are still there. */
        struct flow *other = flows[random_below(&seed, FLOWS)];
        if (!other->key.ended && random_below(&seed, 4) == 0)
            flow_touch(s, other);
    }
    assert_null(flow_oldest(s));
    flow_shard_free(s);
    free(s);
    free(flows);
    shard_pool_free(&pools.flows);
}

/* Of IPv4 and of IPv6, whether by one bit or by a nibble's worth of them in a row. */
static void every_bit_of_a_key_is_hashed(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct flow_pools pools = {.hash_seed = random_next(&seed)};
    for (unsigned round = 0; round < 400; round++) {
        struct flow_key key = {.shard = (uint8_t)random_next(&seed), .point = 3};
        key.words[4] = random_next(&seed);
        for (unsigned i = 0; i < 16; i++) {
            key.low.b[i] = (uint8_t)random_next(&seed);
            key.high.b[i] = (uint8_t)random_next(&seed);
        }
        if (round & 1) {
            key.low = address_v4(key.low.b);
            key.high = address_v4(key.high.b);
        }
        uint64_t hash = flow_hash(&pools, &key);
        for (unsigned bit = 0; bit < 8 * (unsigned)offsetof(struct flow_key, ended); bit++)
            for (unsigned len = 1; len <= 4; len += 3) {
                struct flow_key other = key;
                for (unsigned i = bit; i < bit + len && i / 8 < sizeof other; i++)
                    other.words[i / 64] ^= UINT64_C(1) << i % 64;
                assert_true(flow_hash(&pools, &other) != hash);
            }
    }
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
        /* Another VLAN or transport is another flow, and so is what another point saw. */
        there.point = (uint8_t)(1 + random_below(&seed, 15));
        flow_key_of(&there, &b);
        assert_memory_not_equal(&a, &b, sizeof a);
        there.point = 0;
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
        cmocka_unit_test(the_order_of_use_is_exact),
        cmocka_unit_test(every_bit_of_a_key_is_hashed),
        cmocka_unit_test(both_directions_have_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
