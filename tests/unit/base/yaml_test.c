#include "tests/unit/check.h"

#include "base/error.h"
#include "base/yaml.h"

#include <string.h>

static void a_tree_has_positions(void **state)
{
    (void)state;
    static const char text[] =
        "a: 1\nlist:\n  - x\n  - {k: \"v\"}\n---\nsecond: >-\n  two\n  words\n";
    struct yaml_documents docs;
    struct diags diags = {0};
    assert_int_equal(yaml_parse("f.yaml", text, sizeof text - 1, &docs, &diags), 0);
    assert_int_equal(docs.n, 2);
    const struct yaml_node *list = yaml_get(docs.roots[0], "list");
    assert_int_equal(list->type, YAML_SEQUENCE);
    assert_int_equal(list->children, 2);
    assert_int_equal(list->key_line, 2);
    const struct yaml_node *v = yaml_get(list->first->next, "k");
    assert_string_equal(v->scalar, "v");
    assert_true(v->quoted);
    assert_int_equal(v->line, 4);
    assert_int_equal(v->col, 9);
    assert_string_equal(yaml_get(docs.roots[1], "second")->scalar, "two words");
    assert_null(yaml_get(docs.roots[0], "none"));
    yaml_documents_free(&docs);
}

static void what_hides_meaning_is_refused_where_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
        uint32_t line, col;
    } rows[] = {
        {"a: &x 1\n", ERR_SCHEMA, 1, 4},
        {"a: 1\nb: *x\n", ERR_SCHEMA, 2, 4},
        {"a: !!int 1\n", ERR_SCHEMA, 1, 4},
        {"a: 1\nb: 2\na: 3\n", ERR_SCHEMA, 3, 1},
        {"[a]: 1\n", ERR_SCHEMA, 1, 1},
        {"a: [1, 2\nb: 3\n", ERR_SYNTAX, 2, 2},
        {"a: \"\\0\"\n", ERR_SYNTAX, 1, 4},
        /* What has no end is named where it begins, not where the file ends. */
        {"a: 1\nlines\n  - b: 1\n", ERR_SYNTAX, 2, 1},
        {"a: 1\nb: \"x\nc: 3\nd: 4\n", ERR_SYNTAX, 2, 4},
        {"a: 'x\n---\nb: 1\n", ERR_SYNTAX, 1, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yaml_documents docs;
        struct diags diags = {0};
        assert_int_equal(yaml_parse("f.yaml", rows[i].text, strlen(rows[i].text), &docs, &diags),
                         rows[i].error);
        assert_int_equal(diags.n, 1);
        assert_string_equal(diags.items[0].pos.file, "f.yaml");
        assert_int_equal(diags.items[0].pos.line, rows[i].line);
        assert_int_equal(diags.items[0].pos.col, rows[i].col);
        diags_free(&diags);
    }
}

static void what_was_under_way_is_said(void **state)
{
    (void)state;
    const char *text = "a: 1\nb: [1, 2\nc: 3\n";
    struct yaml_documents docs;
    struct diags diags = {0};
    assert_int_equal(yaml_parse("f", text, strlen(text), &docs, &diags), ERR_SYNTAX);
    assert_non_null(strstr(diags.items[0].text, "flow sequence that begins at 2:4"));
    diags_free(&diags);
}

static void depth_and_encoding_are_bounded(void **state)
{
    (void)state;
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    struct yaml_documents docs;
    struct diags diags = {0};
    assert_int_equal(yaml_parse("f", deep, sizeof deep, &docs, &diags), ERR_RANGE);
    assert_int_equal(yaml_parse("f", "a: \xff\n", 5, &docs, &diags), ERR_SYNTAX);
    assert_int_equal(diags.errors, 2);
    diags_free(&diags);
}

static void an_empty_document_has_no_root(void **state)
{
    (void)state;
    struct yaml_documents docs;
    struct diags diags = {0};
    assert_int_equal(yaml_parse("f", "---\n---\na: 1\n", 13, &docs, &diags), 0);
    assert_int_equal(docs.n, 2);
    assert_null(docs.roots[0]);
    yaml_documents_free(&docs);
    assert_int_equal(yaml_parse("f", "", 0, &docs, &diags), 0);
    assert_int_equal(docs.n, 0);
    yaml_documents_free(&docs);
    assert_int_equal(yaml_load("/nonexistent/file.yaml", &docs, &diags), ERR_NOT_FOUND);
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_has_positions),
        cmocka_unit_test(what_hides_meaning_is_refused_where_it_stands),
        cmocka_unit_test(what_was_under_way_is_said),
        cmocka_unit_test(depth_and_encoding_are_bounded),
        cmocka_unit_test(an_empty_document_has_no_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
