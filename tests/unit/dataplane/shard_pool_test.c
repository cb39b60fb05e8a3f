/* Pools against lists of what each shard holds: numbers of a shard depend on that shard alone, no
 * item is given twice, budgets and the total hold. */
#include "tests/unit/check.h"

#include "dataplane/shard_pool.h"

#include <string.h>

enum { USERS = 5, ITEM = 72, STEPS = 200000 };

struct item {
    uint32_t pool_link;
    uint32_t owner, number;
    uint8_t fill[ITEM - 12];
};

static struct pool_share *new_share(void)
{
    struct pool_share *s = calloc(1, sizeof *s);
    assert_non_null(s);
    pool_share_init(s);
    return s;
}

static void items_are_distinct_and_keep_what_is_written(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct shard_pool pool;
    assert_int_equal(shard_pool_init(&pool, 16 * 100, sizeof(struct item)), 0);
    assert_int_equal(pool.budget, 100);
    struct pool_share *shares[USERS];
    bool held[USERS][100] = {{false}};
    uint32_t n[USERS] = {0};
    for (int i = 0; i < USERS; i++)
        shares[i] = new_share();
    unsigned refused = 0;
    for (int step = 0; step < STEPS; step++) {
        uint32_t u = (uint32_t)random_below(&seed, USERS);
        /* Phases that mostly take and that mostly give, so that budgets are reached and left. */
        if (random_below(&seed, 100) < (step / 1000 % 2 ? 70u : 30u)) {
            uint32_t item = pool_take(&pool, shares[u]);
            if (n[u] == pool.budget) {
                assert_int_equal(item, POOL_NONE);
                refused++;
                continue;
            }
            assert_true(item < pool.budget);
            assert_false(held[u][item]);
            held[u][item] = true;
            n[u]++;
            struct item *at = pool_at(&pool, shares[u], item);
            assert_int_equal((uintptr_t)at % 64, 0);
            memset(at, (int)(u + 1), sizeof *at);
            at->owner = u;
            at->number = item;
        } else if (n[u]) {
            uint32_t item;
            do
                item = (uint32_t)random_below(&seed, pool.budget);
            while (!held[u][item]);
            const struct item *at = pool_at(&pool, shares[u], item);
            assert_int_equal(at->owner, u);
            assert_int_equal(at->number, item);
            for (size_t i = 0; i < sizeof at->fill; i++)
                assert_int_equal(at->fill[i], u + 1);
            pool_give(&pool, shares[u], item);
            held[u][item] = false;
            n[u]--;
        }
    }
    assert_true(refused > 0);
    assert_false(atomic_load(&pool.total_reached));
    for (int i = 0; i < USERS; i++)
        free(shares[i]);
    shard_pool_free(&pool);
}

static void numbers_do_not_depend_on_other_shards(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct shard_pool alone, shared;
    assert_int_equal(shard_pool_init(&alone, 16 * 64, 64), 0);
    assert_int_equal(shard_pool_init(&shared, 16 * 64, 64), 0);
    struct pool_share *a = new_share(), *b = new_share(), *noise = new_share();
    uint32_t taken[64], n = 0;
    for (int step = 0; step < 5000; step++) {
        if (random_below(&seed, 2))
            (void)pool_take(&shared, noise);
        if (random_below(&seed, 3) && n < 64) {
            uint32_t x = pool_take(&alone, a), y = pool_take(&shared, b);
            assert_int_equal(x, y);
            assert_int_not_equal(x, POOL_NONE);
            taken[n++] = x;
        } else if (n) {
            uint32_t at = (uint32_t)random_below(&seed, n);
            pool_give(&alone, a, taken[at]);
            pool_give(&shared, b, taken[at]);
            taken[at] = taken[--n];
        }
    }
    free(a);
    free(b);
    free(noise);
    shard_pool_free(&alone);
    shard_pool_free(&shared);
}

static void reaching_the_total_is_told(void **state)
{
    (void)state;
    struct shard_pool pool;
    /* 40 items are three pages of 16; a share's budget is a page at least. */
    assert_int_equal(shard_pool_init(&pool, 40, 100), 0);
    assert_int_equal(pool.budget, POOL_PAGE);
    assert_int_equal(shard_pool_bytes(&pool),
                     3 * 16 * 192); /* 100 bytes take two lines; odd: three */
    struct pool_share *shares[4];
    for (int i = 0; i < 4; i++) {
        shares[i] = new_share();
        assert_false(atomic_load(&pool.total_reached));
        for (int k = 0; k < POOL_PAGE; k++)
            assert_int_equal(pool_take(&pool, shares[i]), i < 3 ? (uint32_t)k : POOL_NONE);
        if (i < 3)
            assert_int_equal(pool_take(&pool, shares[i]),
                             POOL_NONE); /* its budget, not the total */
    }
    assert_true(atomic_load(&pool.total_reached));
    /* Items given back are there again, for the share that had them. */
    pool_give(&pool, shares[1], 7);
    assert_int_equal(pool_take(&pool, shares[1]), 7);
    assert_int_equal(pool_take(&pool, shares[3]), POOL_NONE);
    for (int i = 0; i < 4; i++)
        free(shares[i]);
    shard_pool_free(&pool);
}

/* Ten items of 64 KiB are for ten shards, if each wants one; one alone may have its budget. */
static void few_large_items_are_not_tied_to_few_shards(void **state)
{
    (void)state;
    struct shard_pool pool;
    assert_int_equal(shard_pool_init(&pool, 10, 65536), 0);
    assert_int_equal(shard_pool_bytes(&pool), 10 * (65536 + 64));
    struct pool_share *shares[11];
    for (int i = 0; i < 11; i++) {
        shares[i] = new_share();
        assert_int_equal(pool_take(&pool, shares[i]), i < 10 ? 0 : POOL_NONE);
        assert_int_equal(atomic_load(&pool.total_reached), i == 10);
        if (i)
            assert_true(i == 10 || pool_at(&pool, shares[i], 0) != pool_at(&pool, shares[0], 0));
    }
    for (int i = 0; i < 11; i++)
        free(shares[i]);
    shard_pool_free(&pool);
    /* 20,000 bytes: two of them are a page of at most 64 KiB, as four would be too many. */
    assert_int_equal(shard_pool_init(&pool, 3, 20000), 0);
    assert_int_equal(pool.budget, 2);
    assert_int_equal(shard_pool_bytes(&pool), 2 * 2 * 20032);
    shard_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_distinct_and_keep_what_is_written),
        cmocka_unit_test(numbers_do_not_depend_on_other_shards),
        cmocka_unit_test(reaching_the_total_is_told),
        cmocka_unit_test(few_large_items_are_not_tied_to_few_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
