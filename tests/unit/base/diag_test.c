#include "tests/unit/check.h"

#include "base/diag.h"
#include "base/error.h"
#include "base/vocabulary.h"

#include <string.h>

static void a_diagnostic_says_what_where_and_what_to_do(void **state)
{
    (void)state;
    struct diags diags = {0};
    char *out = NULL;
    size_t len;
    int error =
        diag_error(&diags, ERR_SYNTAX, ((struct diag_pos){.file = "a.rules", .line = 3, .col = 9}),
                   "close it", "no %s", "bracket");
    diag_warning(&diags, ERR_TRUNCATED, ((struct diag_pos){.file = "a.pcap", .packet = 7}), NULL,
                 "cut");
    diag_add(&diags, DIAG_NOTE, 0, diag_file(NULL), NULL, "done");
    assert_int_equal(error, ERR_SYNTAX);
    FILE *f = open_memstream(&out, &len);
    diags_print(&diags, f);
    fclose(f);
    assert_string_equal(out, "a.rules:3:9: error: no bracket (hint: close it)\na.pcap:packet 7: "
                             "warning: cut\nnote: done\n");
    assert_int_equal(diags.errors, 1);
    assert_int_equal(diags.warnings, 1);
    free(out);
    diags_free(&diags);
}

static void what_is_beyond_the_limit_is_counted(void **state)
{
    (void)state;
    struct diags diags = {.limit = 2};
    char *out = NULL;
    size_t len;
    for (int i = 0; i < 5; i++)
        diag_error(&diags, ERR_RANGE, diag_file("x"), NULL, "%d", i);
    FILE *f = open_memstream(&out, &len);
    diags_print(&diags, f);
    fclose(f);
    assert_string_equal(out, "x: error: 0\nx: error: 1\n... and 3 more\n");
    free(out);
    diags_free(&diags);
}

static void what_was_collected_apart_can_be_moved_and_lowered(void **state)
{
    (void)state;
    struct diags into = {0}, from = {0};
    diag_error(&into, ERR_IO, diag_file("a"), NULL, "first");
    diag_error(&from, ERR_RANGE, diag_file("b"), "less", "100%% too much");
    diag_add(&from, DIAG_NOTE, 0, diag_file("c"), NULL, "done");
    diags_move(&into, &from, DIAG_WARNING);
    assert_int_equal(from.n, 0);
    assert_int_equal(into.n, 3);
    assert_int_equal(into.errors, 1);
    assert_int_equal(into.warnings, 1);
    assert_int_equal(into.items[1].level, DIAG_WARNING);
    assert_int_equal(into.items[1].error, ERR_RANGE);
    assert_string_equal(into.items[1].text, "100% too much");
    assert_string_equal(into.items[1].hint, "less");
    assert_string_equal(into.items[1].pos.file, "b");
    assert_int_equal(into.items[2].level, DIAG_NOTE);
    diags_free(&into);
}

static void every_error_has_its_text_and_every_word_is_found(void **state)
{
    (void)state;
    assert_string_equal(error_text(ERR_TRUNCATED), "data ends too early");
    assert_string_equal(error_text(0), "no error");
    assert_string_equal(error_text(-999), "unknown error");
    assert_int_equal(word_find(outcome_words, OUTCOME_COUNT, "acknowledged"), OUTCOME_ACKNOWLEDGED);
    assert_int_equal(word_find(outcome_words, OUTCOME_COUNT, "Acknowledged"), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_diagnostic_says_what_where_and_what_to_do),
        cmocka_unit_test(what_is_beyond_the_limit_is_counted),
        cmocka_unit_test(what_was_collected_apart_can_be_moved_and_lowered),
        cmocka_unit_test(every_error_has_its_text_and_every_word_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
