/* Sorting numbers, beside the C library. */
#include "tests/unit/check.h"

#include "base/sort.h"

#include <string.h>

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void any_numbers_come_out_as_qsort_has_them(void **state)
{
    (void)state;
    uint64_t rng = random_seed(), mine[300], other[300];
    for (int round = 0; round < 5000; round++) {
        size_t n = random_below(&rng, 300);
        uint64_t range = random_below(&rng, 4) ? UINT64_MAX : 5; /* also many that are equal */
        for (size_t i = 0; i < n; i++)
            mine[i] = other[i] = random_below(&rng, range);
        sort_u64(mine, n);
        qsort(other, n, sizeof *other, ascending);
        assert_memory_equal(mine, other, n * sizeof *mine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_numbers_come_out_as_qsort_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
