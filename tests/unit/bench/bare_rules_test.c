/* Which literal plain scanning takes of a rule. */
#include "tests/unit/check.h"

#include "bench/bare_rules.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

/* literals_of: those of a file with this text. */
static struct bare_literals literals_of(const char *text, size_t min)
{
    char path[] = "/tmp/bare_rules_test.XXXXXX";
    int fd = mkstemp(path);
    struct bare_literals l = {0};
    struct diags diags = {0};
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_int_equal(bare_rules_read(&l, path, &diags), 0);
    unlink(path);
    diags_free(&diags);
    bare_literals_distinct(&l, min);
    return l;
}

static void expect_one(const char *rule, const char *bytes, size_t len, bool nocase)
{
    struct bare_literals l = literals_of(rule, 1);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.items[0].len, len);
    assert_memory_equal(l.items[0].bytes, bytes, len);
    assert_int_equal(l.items[0].nocase, nocase);
    bare_literals_free(&l);
}

static void the_longest_content_is_taken(void **state)
{
    (void)state;
    expect_one(
        "alert tcp any any -> any any (content:\"abc\"; content:\"longer\"; content:\"xyz\";)",
        "longer", 6, false);
    expect_one("alert tcp any any -> any any (content:\"first\"; content:\"later\";)", "first", 5,
               false);
}

static void fast_pattern_wins_over_length(void **state)
{
    (void)state;
    expect_one("alert tcp any any -> any any (content:\"abc\"; fast_pattern; content:\"longer\";)",
               "abc", 3, false);
    expect_one("alert tcp any any -> any any (content:\"longer\"; content:\"abc\"; nocase; "
               "fast_pattern:only;)",
               "abc", 3, true);
    expect_one(
        "alert tcp any any -> any any (content:\"0123456789\"; fast_pattern:2,3; content:\"z\";)",
        "234", 3, false);
}

static void a_negated_content_is_never_taken(void **state)
{
    (void)state;
    expect_one("alert tcp any any -> any any (content:!\"the longest of all\"; content:\"abc\";)",
               "abc", 3, false);
    struct bare_literals l =
        literals_of("alert tcp any any -> any any (content:!\"abc\"; sid:1;)\n"
                    "alert ip any any -> any any (msg:\"no content: at all\"; sid:2;)\n",
                    1);
    assert_int_equal(l.n, 0);
    assert_int_equal(l.rules, 2);
    assert_int_equal(l.no_content, 2);
    bare_literals_free(&l);
}

static void hex_and_escapes_become_bytes(void **state)
{
    (void)state;
    expect_one("alert tcp any any -> any any (msg:\"a \\\"quoted; msg\\\"\"; content:\"a|00 "
               "0d0A|b\\;\\\"\\\\\";)",
               "a\0\r\nb;\"\\", 8, false);
    expect_one("alert tcp any any -> any any ( content: \"|FF fe|\" ; sid:3;)", "\xff\xfe", 2,
               false);
    expect_one("alert tcp any any -> any any (content:\"a;bcd\"; content:\"xyz\";)", "a;bcd", 5,
               false);
}

static void nocase_folds_and_belongs_to_the_content_before_it(void **state)
{
    (void)state;
    expect_one(
        "alert http any any -> any any (http.uri; content:\"/AdMin\"; nocase; content:\"x\";)",
        "/admin", 6, true);
    expect_one(
        "alert http any any -> any any (content:\"X\"; nocase; http.uri; content:\"/AdMin\";)",
        "/AdMin", 6, false);
}

static void comments_are_left_out_and_lines_joined(void **state)
{
    (void)state;
    struct bare_literals l =
        literals_of("# alert tcp any any -> any any (content:\"off\";)\n\n"
                    "alert tcp any any -> any any (msg:\"two lines\"; \\\n  content:\"joined\";)\n",
                    1);
    assert_int_equal(l.rules, 1);
    assert_int_equal(l.n, 1);
    assert_memory_equal(l.items[0].bytes, "joined", 6);
    bare_literals_free(&l);
}

static void equal_literals_count_once_and_short_ones_can_be_left_out(void **state)
{
    (void)state;
    const char *rules = "alert tcp any any -> any any (content:\"same\";)\n"
                        "alert tcp any any -> any any (content:\"same\";)\n"
                        "alert tcp any any -> any any (content:\"SAME\"; nocase;)\n"
                        "alert tcp any any -> any any (content:\"sAmE\"; nocase;)\n"
                        "alert tcp any any -> any any (content:\"abc\";)\n";
    struct bare_literals l = literals_of(rules, 1);
    assert_int_equal(l.n, 3); /* same, same without case, abc */
    bare_literals_free(&l);
    l = literals_of(rules, 4);
    assert_int_equal(l.n, 2);
    bare_literals_free(&l);
}

static void a_rule_cut_anywhere_is_read_without_harm(void **state)
{
    (void)state;
    const char *rule = "alert tcp any any -> any any (msg:\"m\\\"\"; content:!\"|00 1\"; "
                       "content:\"a|41|\\\\\"; fast_pattern:1,9; nocase;)";
    char cut[256];
    for (size_t len = 0; len <= strlen(rule); len++) {
        memcpy(cut, rule, len);
        cut[len] = 0;
        struct bare_literals l = literals_of(cut, 1);
        assert_true(l.n <= 1 && l.rules == (strchr(cut, '(') != NULL));
        bare_literals_free(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_content_is_taken),
        cmocka_unit_test(fast_pattern_wins_over_length),
        cmocka_unit_test(a_negated_content_is_never_taken),
        cmocka_unit_test(hex_and_escapes_become_bytes),
        cmocka_unit_test(nocase_folds_and_belongs_to_the_content_before_it),
        cmocka_unit_test(comments_are_left_out_and_lines_joined),
        cmocka_unit_test(equal_literals_count_once_and_short_ones_can_be_left_out),
        cmocka_unit_test(a_rule_cut_anywhere_is_read_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
