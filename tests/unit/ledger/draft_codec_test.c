/* Drafts as bytes: they come back, equal drafts are equal bytes, and no other bytes are taken. */
#include "ledger/draft_codec.h"

#include "base/error.h"
#include "tests/unit/check.h"

#include <string.h>

static const struct entry_field sample_fields[] = {
    {"version", "1", 1}, {"accord", "\"a\"", 3}, {"party", "", 0}, {"digest", "\"d\"", 3}};
static const struct entry_draft sample = {ENTRY_ACCORD, "accord-1", 7, sample_fields, 4};

static const struct entry_field *find(const struct entry_draft *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->fields[i].name, name) == 0)
            return &d->fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

static void draft_comes_back(void **state)
{
    (void)state;
    struct text t = {0};
    struct draft_copy copy = {0};
    assert_int_equal(draft_encode(&t, &sample), 0);
    for (int i = 0; i < 2; i++) { /* twice into the same copy */
        assert_int_equal(draft_decode(t.data, t.len, &copy), 0);
        assert_int_equal(copy.draft.kind, ENTRY_ACCORD);
        assert_string_equal(copy.draft.id, "accord-1");
        assert_int_equal(copy.draft.revision, 7);
        assert_int_equal(copy.draft.n, 4);
        for (size_t k = 0; k < sample.n; k++) {
            const struct entry_field *f = find(&copy.draft, sample_fields[k].name);
            assert_int_equal(f->value_len, sample_fields[k].value_len);
            assert_memory_equal(f->value, sample_fields[k].value, f->value_len);
        }
    }
    text_free(&t);
    draft_copy_free(&copy);
}

static void order_of_fields_does_not_matter(void **state)
{
    (void)state;
    struct entry_field turned[4];
    struct entry_draft other = sample;
    struct text a = {0}, b = {0};
    for (size_t i = 0; i < 4; i++)
        turned[i] = sample_fields[3 - i];
    other.fields = turned;
    assert_int_equal(draft_encode(&a, &sample), 0);
    assert_int_equal(draft_encode(&b, &other), 0);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    other.revision = 8;
    text_clear(&b);
    assert_int_equal(draft_encode(&b, &other), 0);
    assert_memory_not_equal(a.data, b.data, a.len);
    text_free(&a);
    text_free(&b);
}

static void every_cut_and_every_longer_form_is_refused(void **state)
{
    (void)state;
    struct text t = {0};
    struct draft_copy copy = {0};
    assert_int_equal(draft_encode(&t, &sample), 0);
    for (size_t len = 0; len < t.len; len++) {
        char *cut = malloc(len ? len : 1);
        memcpy(cut, t.data, len);
        assert_int_equal(draft_decode(cut, len, &copy), ERR_SYNTAX);
        free(cut);
    }
    text_append(&t, "", 1);
    assert_int_equal(draft_decode(t.data, t.len, &copy), ERR_SYNTAX);
    text_free(&t);
    draft_copy_free(&copy);
}

/* What is taken from changed bytes is a draft that encodes again, or nothing; and never a read
 * outside. */
static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct text t = {0};
    struct draft_copy copy = {0};
    assert_int_equal(draft_encode(&t, &sample), 0);
    for (int round = 0; round < 20000; round++) {
        char *changed = malloc(t.len);
        memcpy(changed, t.data, t.len);
        for (uint64_t n = 1 + random_below(&seed, 3); n > 0; n--)
            changed[random_below(&seed, t.len)] = (char)random_next(&seed);
        if (draft_decode(changed, t.len, &copy) == 0) {
            assert_true((unsigned)copy.draft.kind < ENTRY_KIND_COUNT);
            for (size_t i = 0; i < copy.draft.n; i++)
                assert_true(strlen(copy.draft.fields[i].name) < t.len);
        }
        free(changed);
    }
    text_free(&t);
    draft_copy_free(&copy);
}

/* A name that is cut short at a NUL would be another name. */
static void nul_in_a_name_is_refused(void **state)
{
    (void)state;
    struct text t = {0};
    struct draft_copy copy = {0};
    assert_int_equal(draft_encode(&t, &sample), 0);
    char *name = memmem(t.data, t.len, "accord-1", 8);
    assert_non_null(name);
    name[3] = 0;
    assert_int_equal(draft_decode(t.data, t.len, &copy), ERR_SYNTAX);
    name[3] = 'o';
    assert_int_equal(draft_decode(t.data, t.len, &copy), 0);
    text_free(&t);
    draft_copy_free(&copy);
}

static void draft_that_is_too_large_leaves_nothing_behind(void **state)
{
    (void)state;
    struct text t = {0};
    struct entry_field many[ENTRY_FIELDS_MAX + 1];
    for (size_t i = 0; i < ENTRY_FIELDS_MAX + 1; i++)
        many[i] = sample_fields[0];
    const struct entry_draft wide = {ENTRY_ACCORD, "a", 1, many, ENTRY_FIELDS_MAX + 1};
    assert_int_equal(draft_encode(&t, &wide), ERR_SCHEMA);
    char *big = calloc(1, DRAFT_BYTES_MAX);
    many[0].value = big;
    many[0].value_len = DRAFT_BYTES_MAX;
    const struct entry_draft large = {ENTRY_ACCORD, "a", 1, many, 1};
    assert_int_equal(draft_encode(&t, &large), ERR_SCHEMA);
    assert_int_equal(t.len, 0);
    free(big);
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draft_comes_back),
        cmocka_unit_test(order_of_fields_does_not_matter),
        cmocka_unit_test(every_cut_and_every_longer_form_is_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(nul_in_a_name_is_refused),
        cmocka_unit_test(draft_that_is_too_large_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
