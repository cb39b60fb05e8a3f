/* The field table of the entry kinds, and what entry_check refuses. */
#include "ledger/entry.h"

#include "base/error.h"
#include "ledger/entry_table.h"
#include "tests/unit/check.h"

#include <string.h>

#define FIELDS_ROOM 128

/* A draft with every required field of a kind; lists are empty, other values null. */
struct sample {
    struct entry_draft draft;
    struct entry_field fields[FIELDS_ROOM];
};

static void fill(struct sample *s, enum entry_kind kind)
{
    size_t n;
    const struct entry_field_row *rows = entry_field_rows(&n);
    *s = (struct sample){.draft = {.kind = kind, .id = "f-test", .revision = 1}};
    for (size_t i = 0; i < n; i++)
        if (rows[i].kind == kind && rows[i].required) {
            const char *value = rows[i].list ? "[]" : "null";
            s->fields[s->draft.n++] = (struct entry_field){rows[i].name, value, strlen(value)};
        }
    s->draft.fields = s->fields;
}

static void assert_refused(const struct entry_draft *draft, const char *word)
{
    struct diags diags = {0};
    assert_int_equal(entry_check(draft, &diags), ERR_SCHEMA);
    bool named = false;
    for (size_t i = 0; i < diags.n; i++)
        named |= strstr(diags.items[i].text, word) != NULL;
    if (!named)
        fail_msg("no diagnostic names \"%s\"", word);
    diags_free(&diags);
}

static void required_fields_alone_are_accepted_for_every_kind(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ENTRY_KIND_COUNT; k++) {
        struct sample s;
        struct diags diags = {0};
        fill(&s, (enum entry_kind)k);
        assert_true(s.draft.n > 0);
        assert_int_equal(entry_check(&s.draft, &diags), 0);
        assert_int_equal(diags.n, 0);
    }
}

static void each_missing_field_is_named(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ENTRY_KIND_COUNT; k++) {
        struct sample whole;
        fill(&whole, (enum entry_kind)k);
        for (size_t i = 0; i < whole.draft.n; i++) {
            struct sample s;
            fill(&s, (enum entry_kind)k);
            const char *name = s.fields[i].name;
            s.fields[i] = s.fields[--s.draft.n];
            assert_refused(&s.draft, name);
        }
    }
}

static void field_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, ENTRY_ACCORD);
    s.fields[s.draft.n++] = (struct entry_field){"outcome", "null", 4};
    assert_refused(&s.draft, "outcome");
}

static void field_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, ENTRY_FINDING);
    s.fields[s.draft.n] = s.fields[0];
    s.draft.n++;
    assert_refused(&s.draft, s.fields[0].name);
}

/* `supersedes` is in the table, but a leaf hash that the engine made up must not be sealed. */
static void supersedes_is_the_sealers_own(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, ENTRY_FINDING);
    s.fields[s.draft.n++] = (struct entry_field){"supersedes", "\"x\"", 3};
    assert_refused(&s.draft, "supersedes");
}

static void list_field_needs_an_array(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, ENTRY_COVERAGE);
    for (size_t i = 0; i < s.draft.n; i++)
        if (strcmp(s.fields[i].name, "assets") == 0)
            s.fields[i] = (struct entry_field){"assets", "null", 4};
    assert_refused(&s.draft, "assets");
}

static void entry_without_id_or_revision_is_refused(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, ENTRY_START);
    s.draft.id = "";
    assert_refused(&s.draft, "id");
    s.draft.id = NULL;
    assert_refused(&s.draft, "id");
    s.draft.id = "start-1";
    s.draft.revision = 0;
    assert_refused(&s.draft, "revision");
}

static void more_than_64_fields_are_refused(void **state)
{
    (void)state;
    struct sample s;
    fill(&s, ENTRY_START);
    while (s.draft.n < 62)
        s.fields[s.draft.n++] = (struct entry_field){"time", "null", 4};
    assert_refused(&s.draft, "64");
}

static void names_of_kinds_come_back(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ENTRY_KIND_COUNT; k++) {
        enum entry_kind kind = ENTRY_KIND_COUNT;
        assert_int_equal(entry_kind_by_name(entry_kind_name((enum entry_kind)k), &kind), 0);
        assert_int_equal(kind, k);
    }
    enum entry_kind kind;
    assert_int_equal(entry_kind_by_name("verdict", &kind), ERR_NOT_FOUND);
    assert_int_equal(entry_kind_log(ENTRY_FINDING), LEDGER_FACTS);
    assert_int_equal(entry_kind_log(ENTRY_STOP), LEDGER_ACTS);
}

/* A name stands once in each kind: two rows would make two commitments to one field. */
static void no_kind_has_a_name_twice(void **state)
{
    (void)state;
    size_t n;
    const struct entry_field_row *rows = entry_field_rows(&n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(entry_field_row(rows[i].kind, rows[i].name), &rows[i]);
        assert_int_equal(entry_field_is_list(rows[i].kind, rows[i].name), rows[i].list);
    }
    assert_false(entry_field_is_list(ENTRY_FINDING, "no-such-field"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_fields_alone_are_accepted_for_every_kind),
        cmocka_unit_test(each_missing_field_is_named),
        cmocka_unit_test(field_of_another_kind_is_refused),
        cmocka_unit_test(field_that_is_there_twice_is_refused),
        cmocka_unit_test(supersedes_is_the_sealers_own),
        cmocka_unit_test(list_field_needs_an_array),
        cmocka_unit_test(entry_without_id_or_revision_is_refused),
        cmocka_unit_test(more_than_64_fields_are_refused),
        cmocka_unit_test(names_of_kinds_come_back),
        cmocka_unit_test(no_kind_has_a_name_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
