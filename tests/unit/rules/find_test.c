/* Finding as it is and whatever the case, beside a naive twin. */
#include "tests/unit/check.h"

#include "rules/find.h"

#include <ctype.h>
#include <string.h>

static const uint8_t *naive(const uint8_t *data, size_t len, const uint8_t *lower, size_t n)
{
    for (size_t at = 0; at + n <= len; at++) {
        size_t i = 0;
        while (i < n && tolower(data[at + i]) == lower[i])
            i++;
        if (i == n)
            return data + at;
    }
    return NULL;
}

/* Few letters, so that much is found; bytes around letters, where a wrong case would begin; each
 * text in a block of its exact size, for the sanitizers. */
static void it_finds_what_the_twin_finds(void **state)
{
    (void)state;
    static const char letters[] = "aAbBzZ@[`{0\xc1\xe1";
    uint64_t seed = random_seed();
    unsigned found = 0;
    for (unsigned round = 0; round < 200000; round++) {
        size_t len = random_below(&seed, 80), n = 1 + random_below(&seed, 5);
        uint8_t *data = malloc(len + !len), lower[8];
        assert_non_null(data);
        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)letters[random_below(&seed, sizeof letters - 1)];
        for (size_t i = 0; i < n; i++)
            lower[i] = (uint8_t)tolower((uint8_t)letters[random_below(&seed, sizeof letters - 1)]);
        const uint8_t *expected = naive(data, len, lower, n);
        assert_ptr_equal(find_any_case(data, len, lower, n), expected);
        found += expected != NULL;
        assert_ptr_equal(find_bytes(data, len, lower, n), memmem(data, len, lower, n));
        free(data);
    }
    assert_in_range(found, 1000, 199000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_the_twin_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
