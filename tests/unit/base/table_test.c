/* The hash table against an array indexed by the key. */
#include "tests/unit/check.h"

#include "base/table.h"

#include <string.h>

enum { KEYS = 200 };

static void key_of(unsigned k, uint8_t key[6])
{
    memset(key, 0, 6);
    memcpy(key, &k, sizeof k);
}

static void agrees_with_an_array(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 30; round++) {
        struct table *t = table_create(100, 6, 12, random_next(&seed));
        uint32_t model[KEYS] = {0}; /* 0: absent */
        unsigned count = 0;
        for (int step = 0; step < 5000; step++) {
            unsigned k = (unsigned)random_below(&seed, KEYS);
            uint8_t key[6];
            key_of(k, key);
            if (random_below(&seed, 3)) {
                bool made;
                uint32_t *v = table_add(t, key, &made);
                if (!v) {
                    assert_int_equal(count, 100);
                    assert_int_equal(model[k], 0);
                    continue;
                }
                assert_int_equal(made, model[k] == 0);
                assert_int_equal(v[0], model[k]);
                assert_int_equal(v[2], model[k]);
                count += made;
                model[k] = v[0] = v[2] = (uint32_t)step + 1;
            } else {
                assert_int_equal(table_remove(t, key), model[k] != 0);
                count -= model[k] != 0;
                model[k] = 0;
            }
            assert_int_equal(table_count(t), count);
        }
        size_t cursor = 0, seen = 0;
        const void *key;
        void *value;
        while (table_next(t, &cursor, &key, &value)) {
            unsigned k;
            memcpy(&k, key, sizeof k);
            assert_int_equal(*(uint32_t *)value, model[k]);
            seen++;
        }
        assert_int_equal(seen, count);
        for (unsigned k = 0; k < KEYS; k++) {
            uint8_t bytes[6];
            key_of(k, bytes);
            assert_int_equal(table_find(t, bytes) != NULL, model[k] != 0);
        }
        table_clear(t);
        assert_int_equal(table_count(t), 0);
        cursor = 0;
        assert_false(table_next(t, &cursor, &key, &value));
        table_destroy(t);
    }
}

static void a_full_table_is_an_answer(void **state)
{
    (void)state;
    struct table *t = table_create(8, 4, 4, 1);
    bool made;
    uint32_t k;
    for (k = 0; k < 8; k++)
        assert_non_null(table_add(t, &k, &made));
    assert_null(table_add(t, &k, &made));
    assert_false(made);
    k = 3;
    assert_non_null(table_add(t, &k, &made));
    assert_false(made);
    assert_true(table_remove(t, &k));
    k = 8;
    assert_non_null(table_add(t, &k, &made));
    table_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(a_full_table_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
