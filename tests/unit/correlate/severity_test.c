/* The sum of severity: what is in it, and that its rows make the score. */
#include "correlate/severity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct severity_weights weights = {
    .outcome = {20, 20, 25, 55, 70}, .vital = 5, .important = 2, .cap = 95};

static int rows_sum(const struct severity *s)
{
    int sum = 0;
    for (unsigned i = 0; i < s->n; i++)
        sum += s->rows[i].points;
    return sum;
}

static void score_is_outcome_and_classes(void **state)
{
    (void)state;
    struct severity s;
    severity_of(&weights, OUTCOME_COMPLETED, 1, 0, &s);
    assert_int_equal(s.score, 75);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.rows[0].what, "completed");
    assert_int_equal(s.rows[0].points, 70);
    assert_string_equal(s.rows[1].what, "vital x 1");
    assert_int_equal(s.rows[1].points, 5);
    severity_of(&weights, OUTCOME_REFUSED, 2, 3, &s);
    assert_int_equal(s.score, 20 + 10 + 6);
    assert_string_equal(s.rows[2].what, "important x 3");
}

static void cap_cuts_and_says_so(void **state)
{
    (void)state;
    struct severity s;
    severity_of(&weights, OUTCOME_COMPLETED, 5, 0, &s);
    assert_int_equal(s.score, 95);
    assert_int_equal(s.n, 2); /* exactly at the cap: nothing is cut */
    severity_of(&weights, OUTCOME_COMPLETED, 6, 1, &s);
    assert_int_equal(s.score, 95);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.rows[3].what, "cap 95");
    assert_int_equal(s.rows[3].points, 95 - 102);
}

static void rows_add_up_to_the_score_for_all_outcomes(void **state)
{
    (void)state;
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        for (unsigned vital = 0; vital < 8; vital++)
            for (unsigned important = 0; important < 8; important++) {
                struct severity s;
                severity_of(&weights, (enum outcome)outcome, vital, important, &s);
                int sum = weights.outcome[outcome] + (int)vital * 5 + (int)important * 2;
                assert_int_equal(s.score, sum < 95 ? sum : 95);
                assert_int_equal(rows_sum(&s), s.score);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(score_is_outcome_and_classes),
        cmocka_unit_test(cap_cuts_and_says_so),
        cmocka_unit_test(rows_add_up_to_the_score_for_all_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
