/* Quantiles against a sorted array: never below it, at most 1/16 above. */
#include "tests/unit/check.h"

#include "base/histogram.h"

#include <string.h>

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void quantiles_are_close_to_the_sorted_array(void **state)
{
    (void)state;
    enum { N = 4000 };
    static uint64_t values[N];
    uint64_t seed = random_seed();
    struct histogram h, part[2];
    memset(&h, 0, sizeof h);
    memset(part, 0, sizeof part);
    for (int i = 0; i < N; i++) {
        values[i] = random_next(&seed) >> random_below(&seed, 64);
        histogram_add(&part[i % 2], values[i]);
    }
    histogram_merge(&h, &part[0]);
    histogram_merge(&h, &part[1]);
    qsort(values, N, sizeof values[0], ascending);
    assert_int_equal(h.count, N);
    assert_true(h.max == values[N - 1]);
    static const double q[] = {0, 0.1, 0.5, 0.9, 0.99, 1};
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
        size_t at = (size_t)(q[i] * N);
        uint64_t want = values[at < N ? at : N - 1], got = histogram_quantile(&h, q[i]);
        assert_true(got >= want);
        assert_true(got - want <= want / 16);
    }
}

static void an_empty_histogram_has_no_quantile(void **state)
{
    (void)state;
    struct histogram h;
    memset(&h, 0, sizeof h);
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    histogram_add(&h, UINT64_MAX);
    assert_true(histogram_quantile(&h, 0.5) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_close_to_the_sorted_array),
        cmocka_unit_test(an_empty_histogram_has_no_quantile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
