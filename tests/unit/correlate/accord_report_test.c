/* What an accord holds, in words. */
#include "tests/unit/correlate/accord_fixture.h"

static void report_says_what_this_build_lacks(void **state)
{
    struct fixture f;
    char report[8192] = "";
    (void)state;
    fixture_start(&f);
    free(change_file(&f, "example-grid.yaml", "unless: plimsoll.remote-session-into-operator",
                     "unless: example.pivot"));
    free(change_file(&f, "example-grid.yaml", "correlation: plimsoll.credential-guessing",
                     "correlation: example.guessing"));
    FILE *out = fmemopen(report, sizeof report, "w");
    assert_int_equal(
        accord_check_report(in_fixture(&f, "example-grid.yaml"), "amber", out, &f.diags), 0);
    fclose(out);
    static const char *const wanted[] = {
        "accord example-grid version 3",
        "line control (reportable)",
        "its exception example.pivot is not in this build",
        ("matched by example.guessing; gates: two-way-contact, clock-error at most 1s, "
         "independent-evidence 2\n    not-decidable: not in this build"),
        "4 assets in 131328 monitored addresses",
        "3 declared networks",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(report, wanted[i]))
            fail_msg("'%s' is not in:\n%s", wanted[i], report);
    char *control = strstr(report, "matched by plimsoll.control-command"),
         *next = strstr(control, "line recon");
    *next = '\0';
    assert_null(strstr(control, "not-decidable"));
    fixture_end(&f);
}

static void report_of_a_faulty_accord_is_its_errors(void **state)
{
    struct fixture f;
    char report[8192] = "";
    (void)state;
    fixture_start(&f);
    free(change_file(&f, "example-grid.yaml", "version: 3", "version: three"));
    FILE *out = fmemopen(report, sizeof report, "w");
    assert_int_equal(
        accord_check_report(in_fixture(&f, "example-grid.yaml"), "amber", out, &f.diags),
        ERR_SYNTAX);
    fclose(out);
    assert_string_equal(report, "");
    assert_int_equal(f.diags.errors, 1);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_says_what_this_build_lacks),
        cmocka_unit_test(report_of_a_faulty_accord_is_its_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
