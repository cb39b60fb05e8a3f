#include "tests/unit/check.h"

#include "rules/ranges.h"

#include <string.h>

/* The naive twin: a bit for each of 256 addresses, which are the last byte of an address. */
struct twin {
    bool in[256];
};

static struct range range_of(unsigned low, unsigned high)
{
    return (struct range){.low = {{[15] = (uint8_t)low}}, .high = {{[15] = (uint8_t)high}}};
}

static void random_set(uint64_t *seed, struct ranges *set, struct twin *twin)
{
    memset(twin, 0, sizeof *twin);
    for (uint64_t n = random_below(seed, 6); n-- > 0;) {
        unsigned low = (unsigned)random_below(seed, 256),
                 high = low + (unsigned)random_below(seed, random_below(seed, 8) ? 12 : 256);
        high = high > 255 ? 255 : high;
        struct range r = range_of(low, high);
        assert_int_equal(ranges_add(set, &r), 0);
        for (unsigned i = low; i <= high; i++)
            twin->in[i] = true;
    }
    ranges_sort(set);
}

static void assert_same(const struct ranges *set, const struct twin *twin)
{
    for (unsigned i = 0; i < 256; i++) {
        struct address a = {{[15] = (uint8_t)i}};
        assert_int_equal(ranges_hold(set->items, set->n, &a), twin->in[i]);
    }
    for (size_t i = 1; i < set->n; i++) /* apart, and not touching */
        assert_true(set->items[i].low.b[15] > set->items[i - 1].high.b[15] + 1);
}

static void sorted_ranges_hold_what_their_twin_holds(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 20000; round++) {
        struct ranges a = {0}, b = {0};
        struct twin x, y;
        random_set(&seed, &a, &x);
        assert_same(&a, &x);
        random_set(&seed, &b, &y);
        assert_int_equal(ranges_subtract(&a, &b), 0);
        for (unsigned i = 0; i < 256; i++)
            x.in[i] &= !y.in[i];
        assert_same(&a, &x);
        ranges_free(&a);
        ranges_free(&b);
    }
}

static void the_ends_of_the_space_are_kept(void **state)
{
    (void)state;
    struct range all = {.low = {{0}}}, first = {.low = {{0}}}, last, middle = range_of(7, 7);
    memset(all.high.b, 255, 16);
    last = (struct range){all.high, all.high};
    struct ranges set = {0}, ends = {0}, one = {0};
    assert_int_equal(ranges_add(&set, &all), 0);
    assert_int_equal(ranges_add(&set, &middle), 0);
    ranges_sort(&set);
    assert_int_equal(set.n, 1); /* what ends at the last address takes in all behind its begin */

    assert_int_equal(ranges_add(&ends, &last), 0);
    assert_int_equal(ranges_add(&ends, &first), 0);
    ranges_sort(&ends);
    assert_int_equal(ranges_subtract(&set, &ends), 0);
    assert_int_equal(set.n, 1);
    assert_false(ranges_hold(set.items, set.n, &all.low));
    assert_false(ranges_hold(set.items, set.n, &all.high));
    assert_true(ranges_hold(set.items, set.n, &middle.low));

    assert_int_equal(ranges_add(&one, &all), 0);
    assert_int_equal(ranges_subtract(&set, &one), 0);
    assert_int_equal(set.n, 0);
    assert_false(ranges_hold(set.items, set.n, &middle.low));
    ranges_free(&set);
    ranges_free(&ends);
    ranges_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_ranges_hold_what_their_twin_holds),
        cmocka_unit_test(the_ends_of_the_space_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
