/* The table by key where buckets are full, and what is guessed ahead. */
#include "tests/unit/check.h"

#include "dataplane/flow_table.h"

enum { FLOWS = 40 };

struct fixture {
    struct flow_pools pools;
    struct flow_shard *shard;
    struct flow_table table;
};

static struct flow_key key_of(unsigned k)
{
    return (struct flow_key){.low_port = (uint16_t)k, .high_port = 502, .transport = 6};
}

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    assert_int_equal(shard_pool_init(&x->pools.flows, 16 * 64, sizeof(struct flow)), 0);
    assert_int_equal(flow_table_init(&x->table, &x->pools.flows), 0);
    x->shard = malloc(sizeof *x->shard);
    assert_non_null(x->shard);
    assert_int_equal(flow_shard_init(x->shard, &x->pools, 0), 0);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;
    flow_shard_free(x->shard);
    free(x->shard);
    flow_table_free(&x->table);
    shard_pool_free(&x->pools.flows);
    free(x);
    return 0;
}

static struct flow *add(struct fixture *x, const struct flow_key *key, uint64_t hash)
{
    struct flow *f = flow_make(&x->pools, x->shard, key, hash);
    assert_non_null(f);
    flow_table_add(&x->table, f);
    return f;
}

static void take_out(struct fixture *x, struct flow *f)
{
    flow_table_remove(&x->table, f);
    flow_drop(&x->pools, x->shard, f);
}

/* The caller gives the hash: all of them one, so that most are behind a full bucket. */
static void keys_of_one_hash_are_kept_apart(void **state)
{
    struct fixture *x = *state;
    struct flow *flows[FLOWS];
    for (unsigned k = 0; k < FLOWS; k++) {
        struct flow_key key = key_of(k);
        assert_null(flow_table_find(&x->table, &key, 5));
        flows[k] = add(x, &key, 5);
    }
    /* From the front, from behind and from the middle, until what was behind has moved up. */
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned k = round; k < FLOWS; k += 3) {
            take_out(x, flows[k]);
            flows[k] = NULL;
        }
        for (unsigned k = 0; k < FLOWS; k++) {
            struct flow_key key = key_of(k);
            assert_ptr_equal(flow_table_find(&x->table, &key, 5), flows[k]);
        }
    }
    /* Nothing of those that are gone is left behind: their memory is that of others now. */
    for (unsigned k = 0; k < FLOWS; k++) {
        struct flow_key key = key_of(k);
        add(x, &key, 6);
        assert_null(flow_table_find(&x->table, &key, 5));
    }
}

/* Hashes that differ in bits that choose neither bucket nor tag. */
static void another_hash_finds_by_key_alone(void **state)
{
    struct fixture *x = *state;
    struct flow_key key = key_of(1), other = key_of(2);
    struct flow *f = add(x, &key, 5);
    uint64_t near = 5 | UINT64_C(1) << 40;
    assert_null(flow_table_find(&x->table, &other, near));
    assert_ptr_equal(flow_table_find(&x->table, &key, near), f);
}

/* A guess is told right from wrong by the key: also once the flow has ended, and when another has
 * taken its place in memory. */
static void a_guess_is_checked_by_the_key(void **state)
{
    struct fixture *x = *state;
    struct flow_key key = key_of(1), other = key_of(2);
    assert_null(flow_table_guess(&x->table, 5));
    struct flow *f = add(x, &key, 5), *guess = flow_table_guess(&x->table, 5);
    assert_ptr_equal(guess, f);
    assert_true(flow_key_is(guess, &key));
    assert_false(flow_key_is(guess, &other));
    take_out(x, f);
    assert_false(flow_key_is(guess, &key));
    assert_ptr_equal(add(x, &other, 5), guess);
    assert_false(flow_key_is(guess, &key));
    assert_true(flow_key_is(guess, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_of_one_hash_are_kept_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(another_hash_finds_by_key_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_guess_is_checked_by_the_key, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
