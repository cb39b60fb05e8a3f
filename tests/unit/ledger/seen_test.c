/* The index of what is sealed, against a naive list, while it grows. */
#include "ledger/seen.h"

#include "tests/unit/check.h"

#include <string.h>

#define ROUNDS 6000
#define IDS    900

struct row {
    unsigned id;
    uint32_t revision;
    uint8_t draft[SHA256_BYTES], leaf[SHA256_BYTES];
};

static const struct row *naive_find(const struct row *rows, size_t n, unsigned id,
                                    uint32_t revision)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].id == id && rows[i].revision == revision)
            return &rows[i];
    return NULL;
}

static const struct row *naive_last(const struct row *rows, size_t n, unsigned id)
{
    const struct row *last = NULL;
    for (size_t i = 0; i < n; i++)
        if (rows[i].id == id && (!last || rows[i].revision > last->revision))
            last = &rows[i];
    return last;
}

static void what_was_added_is_found_and_nothing_else(void **state)
{
    (void)state;
    static struct row rows[ROUNDS];
    uint64_t seed = random_seed();
    struct seen s;
    size_t n = 0;
    assert_int_equal(seen_init(&s), 0);
    for (int round = 0; round < ROUNDS; round++) {
        char id[16];
        struct row row = {.id = (unsigned)random_below(&seed, IDS),
                          .revision = 1 + (uint32_t)random_below(&seed, 12)};
        snprintf(id, sizeof id, "f-%u", row.id);
        const struct row *there = naive_find(rows, n, row.id, row.revision);
        const uint8_t *got = seen_draft(&s, id, row.revision);
        assert_int_equal(got != NULL, there != NULL);
        if (there) {
            assert_memory_equal(got, there->draft, SHA256_BYTES);
            continue;
        }
        const struct row *last = naive_last(rows, n, row.id);
        const uint8_t *before = seen_before(&s, id, row.revision);
        assert_int_equal(before != NULL, last && last->revision < row.revision);
        if (before)
            assert_memory_equal(before, last->leaf, SHA256_BYTES);
        for (unsigned i = 0; i < SHA256_BYTES; i++) {
            row.draft[i] = (uint8_t)random_next(&seed);
            row.leaf[i] = (uint8_t)random_next(&seed);
        }
        assert_int_equal(seen_add(&s, id, row.revision, row.draft, row.leaf), 0);
        rows[n++] = row;
    }
    assert_true(n > 3000); /* more than the first room */
    assert_null(seen_draft(&s, "f-1", 0));
    assert_null(seen_draft(&s, "f-none", 1));
    seen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
