/* The private view and the report: what was put in comes out, and later revisions name the one
 * before. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/entry_table.h"

#include <jansson.h>

/* A finding with every required field; lists have one element. */
struct finding {
    struct entry_field fields[ENTRY_FIELDS_MAX];
    struct entry_draft draft;
};

static void fill_finding(struct finding *f, uint32_t revision, const char *count)
{
    size_t n;
    const struct entry_field_row *rows = entry_field_rows(&n);
    *f = (struct finding){.draft = {ENTRY_FINDING, "f-1", revision, f->fields, 0}};
    for (size_t i = 0; i < n; i++)
        if (rows[i].kind == ENTRY_FINDING && rows[i].required) {
            const char *value = strcmp(rows[i].name, "count") == 0 ? count
                                : rows[i].list                     ? "[\"a\",{\"b\":1}]"
                                                                   : "null";
            f->fields[f->draft.n++] = (struct entry_field){rows[i].name, value, strlen(value)};
        }
}

static void fill(struct fixture *f)
{
    struct sealed_log *l;
    struct finding finding;
    struct sample s;
    bool repeated;
    fixture_make(f);
    fixture_fill(f, LEDGER_ACTS, 0, 2);
    assert_int_equal(fixture_open(f, LEDGER_FACTS, &l), 0);
    fill_finding(&finding, 1, "1");
    assert_int_equal(log_append(l, &finding.draft, &repeated, &f->diags), 0);
    assert_int_equal(log_append(l, sample_fact(&s, 1), &repeated, &f->diags), 0);
    /* Revision 2 was not raised: 3 takes the place of 1. */
    fill_finding(&finding, 3, "3");
    assert_int_equal(log_append(l, &finding.draft, &repeated, &f->diags), 0);
    assert_int_equal(log_publish(l, &f->diags), 0);
    log_close(l);
}

/* shown: the objects that ledger_show prints, as an array. */
static json_t *shown(struct fixture *f, const char *kind, const char *id)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_int_equal(ledger_show(f->dir, &(struct show_filter){kind, id}, out, &f->diags), 0);
    fclose(out);
    json_t *list = json_array();
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) && *line)
        json_array_append_new(list, json_loads(line, 0, NULL));
    free(text);
    return list;
}

static const char *string_of(const json_t *list, size_t i, const char *name)
{
    return json_string_value(json_object_get(json_array_get(list, i), name));
}

static void fields_come_back_with_their_values_and_lists(void **state)
{
    (void)state;
    struct fixture f;
    struct finding finding;
    fill(&f);
    json_t *list = shown(&f, NULL, NULL);
    assert_int_equal(json_array_size(list), 5);
    assert_string_equal(string_of(list, 1, "kind"), "coverage");
    assert_string_equal(string_of(list, 3, "log"), "acts");
    const json_t *first = json_array_get(list, 0);
    fill_finding(&finding, 1, "1");
    for (size_t i = 0; i < finding.draft.n; i++) {
        json_t *value =
            json_loadb(finding.fields[i].value, finding.fields[i].value_len, JSON_DECODE_ANY, NULL);
        assert_true(json_equal(value, json_object_get(first, finding.fields[i].name)));
        json_decref(value);
    }
    /* And id, kind, revision, log, index, leaf. */
    assert_int_equal(json_object_size(first), finding.draft.n + 6);
    json_decref(list);
    fixture_remove(&f);
}

static void later_revision_names_the_leaf_of_the_one_before(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f);
    json_t *list = shown(&f, "finding", "f-1");
    assert_int_equal(json_array_size(list), 2);
    assert_null(string_of(list, 0, "supersedes"));
    assert_string_equal(string_of(list, 1, "supersedes"), string_of(list, 0, "leaf"));
    json_decref(list);
    list = shown(&f, "finding", "f-2");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    /* And the same bytes when it is made again from the write-ahead log. */
    struct text before = {0}, after = {0};
    struct sealed_log *l;
    char *path = path_in(f.dir, "facts/checkpoint");
    assert_int_equal(file_read(path, 4096, &before), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
    log_close(l);
    assert_int_equal(file_read(path, 4096, &after), 0);
    assert_string_equal(text_str(&before), text_str(&after));
    text_free(&before);
    text_free(&after);
    free(path);
    fixture_remove(&f);
}

static void kind_that_is_none_and_a_public_copy_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f);
    struct show_filter filter = {"verdict", NULL};
    assert_int_equal(ledger_show(f.dir, &filter, stdout, &f.diags), ERR_USAGE);
    filter.kind = NULL;
    char *path = path_in(f.dir, "private");
    remove_tree(path);
    assert_int_equal(ledger_show(f.dir, &filter, stdout, &f.diags), ERR_NOT_FOUND);
    struct verify_result result;
    assert_int_equal(fixture_verify(&f, &result), 0);
    assert_int_equal(result.private_entries, 0);
    free(path);
    fixture_remove(&f);
}

static char *report_of(const struct verify_result *result, bool ok)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct verify_request request = {.dir = "d"};
    ledger_verify_report(out, &request, result, ok);
    fclose(out);
    return text;
}

static void report_has_its_sections_and_claims_nothing_after_a_fault(void **state)
{
    (void)state;
    struct verify_result result = {.facts_size = 17, .ignored_signature_lines = 2};
    char *good = report_of(&result, true), *bad = report_of(&result, false);
    static const char *const sections[] = {"PROVES", "DOES NOT PROVE", "STILL OPEN",
                                           "2 signature lines of unknown keys were ignored"};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        assert_non_null(strstr(good, sections[i]));
        assert_non_null(strstr(bad, sections[i]));
    }
    assert_non_null(strstr(good, "17 entries"));
    assert_null(strstr(bad, "17 entries"));
    free(good);
    free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_back_with_their_values_and_lists),
        cmocka_unit_test(later_revision_names_the_leaf_of_the_one_before),
        cmocka_unit_test(kind_that_is_none_and_a_public_copy_are_refused),
        cmocka_unit_test(report_has_its_sections_and_claims_nothing_after_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
