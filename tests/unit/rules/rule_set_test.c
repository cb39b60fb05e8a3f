#include "tests/unit/rules/given.h"

#include "rules/check.h"

#define HEAD "alert udp any any -> any any "

static int build(struct rule_set **set, const char *a, const char *b,
                 const struct rule_variable *variables, size_t n, struct diags *diags)
{
    char *paths[2] = {temporary_file(a), temporary_file(b)};
    const char *files[2] = {paths[0], paths[1]};
    struct rule_set_config config = {
        .files = files, .n_files = 2, .variables = variables, .n_variables = n};
    int error = rule_set_build(set, &config, diags);
    for (int i = 0; i < 2; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    return error;
}

static void of_one_sid_the_highest_revision_stays(void **state)
{
    (void)state;
    struct rule_set *set;
    struct diags diags = {0};
    assert_int_equal(build(&set, HEAD "(sid:1; rev:2;)\n" HEAD "(sid:1; gid:2; rev:1;)\n",
                           HEAD "(msg:\"kept\"; sid:1; rev:3;)\n" HEAD "(sid:1; rev:1;)\n", NULL, 0,
                           &diags),
                     0);
    const struct rule_set_counts *c = rule_set_counts(set);
    assert_int_equal(c->rules, 4);
    assert_int_equal(c->loaded, 2); /* another gid is another rule */
    assert_int_equal(c->rejected, 2);
    assert_int_equal(set->parsed.n_reasons, 1);
    assert_int_equal(set->parsed.reasons[0].n, 2);
    assert_int_equal(diags.errors, 2);
    assert_non_null(strstr(diags.items[0].text, "sid 1 is there already"));
    for (uint32_t i = 0; i < 2; i++)
        if (set->rules[i].gid == 1) {
            assert_int_equal(rule_rev(set, i), 3);
            assert_string_equal(rule_msg(set, i), "kept");
        }
    rule_set_destroy(set);
    diags_free(&diags);
}

static void digests_follow_what_is_written_not_where(void **state)
{
    (void)state;
    static const char a[] = HEAD "(content:\"a\"; sid:1;)\n",
                      b[] = HEAD "(content:\"b\"; sid:2;)\n",
                      other[] = HEAD "(content:\"c\"; sid:2;)\n";
    static const struct rule_variable home[] = {{"HOME_NET", "10.1.0.0/16"}, {"SITE", "any"}},
                                      turned[] = {{"SITE", "any"}, {"HOME_NET", "10.1.0.0/16"}},
                                      twice[] = {{"HOME_NET", "10.9.0.0/16"},
                                                 {"SITE", "any"},
                                                 {"HOME_NET", "10.1.0.0/16"}};
    static const struct {
        const char *first, *second;
        const struct rule_variable *variables;
        size_t n;
        unsigned same; /* rows with one number have one digest */
    } rows[] = {
        {a, b, NULL, 0, 1},    {b, a, NULL, 0, 1}, {a, other, NULL, 0, 2},
        {a, "\n", NULL, 0, 3}, {a, b, home, 2, 4}, {a, b, turned, 2, 4},
        {a, b, twice, 3, 4},   {a, b, home, 1, 5}, {"# x\n\n", a, NULL, 0, 3},
    };
    enum { N = sizeof rows / sizeof rows[0] };
    uint8_t digests[N][SHA256_BYTES];
    for (unsigned i = 0; i < N; i++) {
        struct rule_set *set;
        assert_int_equal(
            build(&set, rows[i].first, rows[i].second, rows[i].variables, rows[i].n, NULL), 0);
        rule_set_digest(set, digests[i]);
        rule_set_destroy(set);
        for (unsigned k = 0; k < i; k++)
            if ((memcmp(digests[i], digests[k], SHA256_BYTES) == 0) !=
                (rows[i].same == rows[k].same))
                fail_msg("rows %u and %u", k, i);
    }
}

static void variables_override_the_defaults(void **state)
{
    (void)state;
    struct rule_set *set;
    static const struct rule_variable given[] = {{"HOME_NET", "[10.1.0.0/16,!10.1.9.0/24]"}};
    assert_int_equal(build(&set, "alert ip $EXTERNAL_NET any -> $SQL_SERVERS any (sid:1;)\n", "\n",
                           given, 1, NULL),
                     0);
    assert_int_equal(rule_set_counts(set)->loaded, 1);
    struct address in = given_address("10.1.2.3"), out = given_address("10.2.0.1"),
                   apart = given_address("10.1.9.1");
    const struct signature *s = &set->rules[0];
    assert_true(address_set_holds(s->target, &in));
    assert_false(address_set_holds(s->target, &out));
    assert_false(address_set_holds(s->target, &apart));
    assert_false(address_set_holds(s->source, &in));
    assert_true(address_set_holds(s->source, &out));
    assert_true(address_set_holds(s->source, &apart)); /* what is not home is outside */
    rule_set_destroy(set);
}

static void a_fault_in_a_variable_is_reported_where_it_is_named(void **state)
{
    (void)state;
    struct rule_set *set;
    struct diags diags = {0};
    static const struct rule_variable given[] = {
        {"INNER", "[10.0.0.1,10.0.0.x]"}, {"SITE", "[10.1.0.0/16,$INNER]"}, {"LOOP", "$LOOP"}};
    assert_int_equal(build(&set, "alert ip any any -> [10.2.0.0/16,$SITE] any (sid:1;)\n",
                           "alert ip ![$LOOP] any -> any any (sid:2;)\n", given, 3, &diags),
                     0);
    assert_int_equal(diags.errors, 2);
    assert_int_equal(diags.items[0].pos.col, 34); /* of $SITE */
    assert_non_null(strstr(diags.items[0].text, "no address: `10.0.0.x`"));
    assert_int_equal(diags.items[1].pos.col, 12); /* of $LOOP */
    assert_non_null(strstr(diags.items[1].text, "nested too deeply"));
    rule_set_destroy(set);
    diags_free(&diags);
}

static void priority_comes_from_the_rule_else_from_its_class(void **state)
{
    (void)state;
    /* Priorities of Suricata's classification.config; 3 is its default. */
    static const struct {
        const char *options;
        uint8_t priority;
    } rows[] = {
        {"classtype:trojan-activity;", 1},
        {"classtype:bad-unknown;", 2},
        {"classtype:misc-activity;", 3},
        {"classtype:tcp-connection;", 4},
        {"classtype:of-our-own;", 3},
        {"", 3},
        {"classtype:trojan-activity; priority:9;", 9},
        {"priority:255; classtype:trojan-activity;", 255},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, HEAD "(%s sid:1;)\n", rows[i].options);
        struct rule_set *set = set_of(text, NULL);
        if (rule_priority(set, 0) != rows[i].priority)
            fail_msg("%s: %u", rows[i].options, rule_priority(set, 0));
        rule_set_destroy(set);
    }
}

static void facts_are_asked_by_index(void **state)
{
    (void)state;
    struct rule_set *set = set_of(
        HEAD "(msg:\"a\"; classtype:bad-unknown; metadata:tag one, tag two; sid:5; rev:6;)\n" HEAD
             "(sid:7;)\n",
        NULL);
    assert_int_equal(rule_sid(set, 0), 5);
    assert_int_equal(rule_rev(set, 0), 6);
    assert_string_equal(rule_msg(set, 0), "a");
    assert_string_equal(rule_classtype(set, 0), "bad-unknown");
    assert_true(rule_has_tag(set, 0, "two"));
    assert_false(rule_has_tag(set, 0, "tw"));
    assert_string_equal(rule_msg(set, 1), "");
    assert_string_equal(rule_classtype(set, 1), "");
    assert_false(rule_has_tag(set, 1, "one"));
    rule_set_destroy(set);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct rule_set *set;
    struct diags diags = {0};
    const char *files[] = {"/nonexistent/x.rules"};
    struct rule_set_config config = {.files = files, .n_files = 1};
    assert_int_equal(rule_set_build(&set, &config, &diags), ERR_NOT_FOUND);
    assert_null(set);
    assert_string_equal(diags.items[0].pos.file, files[0]);
    diags_free(&diags);
}

static void a_check_counts_what_loads_and_why_not(void **state)
{
    (void)state;
    struct diags diags = {0};
    char *text = NULL,
         *path = temporary_file(HEAD "(sid:1;)\n#" HEAD "(sid:9;)\n" HEAD "(lua:a; sid:2;)\n" HEAD
                                     "(lua:b; sid:3;)\n"
                                     "alert nfs any any -> any any (sid:4;)\n" HEAD "(sid:1;)\n");
    size_t len = 0;
    const char *files[] = {path};
    FILE *out = open_memstream(&text, &len);
    struct check_config config = {.files = files, .n_files = 1};
    size_t rejected;
    assert_int_equal(rules_check(&config, out, &rejected, &diags), 0);
    fclose(out);
    assert_non_null(
        strstr(text, "1 files, 5 rules: 1 load, 4 are rejected; 1 are commented out\n"));
    const char *lua = strstr(text, "     2  lua\n"), *nfs = strstr(text, "     1  nfs\n");
    assert_non_null(lua);
    assert_non_null(nfs);
    assert_true(lua < nfs); /* the most frequent first */
    assert_non_null(strstr(text, "     1  the sid is there already\n"));
    assert_int_equal(diags.errors, 4);
    assert_int_equal(rejected, 4);
    free(text);
    unlink(path);
    free(path);
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_one_sid_the_highest_revision_stays),
        cmocka_unit_test(digests_follow_what_is_written_not_where),
        cmocka_unit_test(variables_override_the_defaults),
        cmocka_unit_test(a_fault_in_a_variable_is_reported_where_it_is_named),
        cmocka_unit_test(priority_comes_from_the_rule_else_from_its_class),
        cmocka_unit_test(facts_are_asked_by_index),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
        cmocka_unit_test(a_check_counts_what_loads_and_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
