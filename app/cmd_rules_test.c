/* plimsoll rules test: what rules must tell of captures, and what they must not. */
#include "app/commands.h"
#include "app/rule_tests.h"

#include "base/digest.h"
#include "base/error.h"
#include "rules/threshold.h"

#include <stddef.h>
#include <stdlib.h>

#define THRESHOLD_COUNTS 65536

static const struct option test_option_rows[] = {{0}};

/* A test under way: alerts that were told, by rule. */
struct trial {
    const struct rule_set *set;
    struct thresholds *thresholds;
    uint64_t *told, *held_back;
};

static void on_observation(void *ctx, const struct observation *obs)
{
    struct trial *t = ctx;
    uint32_t rule;
    if (obs->kind != KIND_HIT || !rule_find(t->set, obs->rule_gid, obs->rule_sid, &rule))
        return;
    bool told = thresholds_decide(t->thresholds, t->set, rule, obs->order.t, &obs->source,
                                  &obs->target) == FATE_TOLD;
    (told ? t->told : t->held_back)[rule]++;
}

static int run_capture(struct trial *t, const struct rule_tests *tests, const char *capture,
                       struct diags *diags)
{
    struct solo *solo;
    struct solo_config config = {.captures = &capture,
                                 .n_captures = 1,
                                 .rules = t->set,
                                 .limits = tests->inputs.limits,
                                 .output = {.ctx = t, .observe = on_observation}};
    int error = solo_open(&solo, &config, diags);
    if (error)
        return error;
    error = solo_run(solo, diags);
    if (!error && solo_counts(solo).broken)
        error = ERR_TRUNCATED;
    solo_close(solo);
    return error;
}

static bool is_named(const struct rule_test *test, const struct rule_set *set, uint32_t rule)
{
    for (size_t i = 0; i < test->n; i++)
        if (test->expected[i].gid == rule_gid(set, rule) &&
            test->expected[i].sid == rule_sid(set, rule))
            return true;
    return false;
}

/* fault: a line that points into the file. */
static void fault(const struct rule_test *test, struct diag_pos pos, size_t *faults,
                  const struct text *what)
{
    if ((*faults)++ == 0)
        printf("FAILED  %s\n", test->name);
    printf("  %s:%u:%u: %s\n", pos.file, pos.line, pos.col, text_str(what));
}

static void check_expected(const struct trial *t, const struct rule_test *test, size_t i,
                           size_t *faults)
{
    const struct rule_expectation *e = &test->expected[i];
    struct text what = {0};
    uint32_t rule;
    if (!rule_find(t->set, e->gid, e->sid, &rule)) {
        text_printf(&what, "no rule %u:%u is loaded", e->gid, e->sid);
    } else {
        uint64_t told = t->told[rule];
        if (told == e->alerts || (told && e->alerts == RULE_TEST_ANY))
            return;
        text_printf(&what, "rule %u:%u tells %lu alert%s", e->gid, e->sid, told,
                    told == 1 ? "" : "s");
        if (e->alerts == RULE_TEST_ANY)
            text_puts(&what, ", at least one is wanted");
        else
            text_printf(&what, ", %lu %s wanted", e->alerts, e->alerts == 1 ? "is" : "are");
        if (t->held_back[rule])
            text_printf(&what, " (%lu more are held back)", t->held_back[rule]);
        if (told < e->alerts)
            text_printf(&what, "; plimsoll rules why %u:%u %s says why", e->gid, e->sid,
                        test->capture);
    }
    fault(test, e->pos, faults, &what);
    text_free(&what);
}

static void check_others(const struct trial *t, const struct rule_test *test, size_t *faults)
{
    struct text what = {0};
    for (uint32_t rule = 0; rule < rule_set_counts(t->set)->loaded; rule++) {
        if (!t->told[rule] || is_named(test, t->set, rule))
            continue;
        text_clear(&what);
        text_printf(&what, "rule %u:%u tells %lu alerts, and none of others is wanted",
                    rule_gid(t->set, rule), rule_sid(t->set, rule), t->told[rule]);
        fault(test, test->pos, faults, &what);
    }
    text_free(&what);
}

/* run_test: 1 passed, 0 failed, or an error. */
static int run_test(const struct rule_tests *tests, const struct rule_test *test,
                    struct diags *diags)
{
    const struct rule_set *set = tests->inputs.set;
    size_t n = rule_set_counts(set)->loaded + 1, faults = 0;
    uint64_t seed = 0;
    struct trial t = {
        .set = set, .told = calloc(n, sizeof *t.told), .held_back = calloc(n, sizeof *t.held_back)};
    int error = random_bytes(&seed, sizeof seed);
    t.thresholds = thresholds_create(THRESHOLD_COUNTS, seed);
    if (!error && (!t.told || !t.held_back || !t.thresholds))
        error = ERR_NOMEM;
    if (!error)
        error = run_capture(&t, tests, test->capture, diags);
    for (size_t i = 0; i < test->n && !error; i++)
        check_expected(&t, test, i, &faults);
    if (!error && test->no_others)
        check_others(&t, test, &faults);
    if (!error && !faults)
        printf("ok      %s\n", test->name);
    thresholds_free(t.thresholds);
    free(t.told);
    free(t.held_back);
    return error ? error : faults == 0;
}

static int run_file(const char *path, struct diags *diags)
{
    struct rule_tests tests;
    struct diags rejected = {0};
    size_t passed = 0;
    int code = EXIT_USAGE, error = rule_tests_read(&tests, path, diags);
    if (!error)
        error = rule_inputs_load(&tests.inputs, &rejected, diags);
    for (size_t i = 0; i < tests.n && !error; i++) {
        int result = run_test(&tests, &tests.tests[i], diags);
        error = result < 0 ? result : 0;
        passed += result == 1;
    }
    if (!error) {
        printf("%s: %zu of %zu tests passed\n", path, passed, tests.n);
        code = passed == tests.n ? EXIT_DONE : EXIT_FAIL_ON;
    }
    diags_free(&rejected);
    rule_tests_free(&tests);
    return code;
}

static int run_rules_test(const struct command *command, int argc, char **argv)
{
    struct option_list files = {0};
    struct diags diags = {0};
    char none;
    int code = EXIT_USAGE, error = options_parse(command, argc, argv, &none, &files, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error && files.n == 0)
        diag_error(&diags, ERR_USAGE, diag_file(NULL), "plimsoll rules test FILE.yaml",
                   "no file of tests was given");
    else if (!error)
        code = EXIT_DONE;
    for (size_t i = 0; i < files.n && !error; i++) {
        int of_file = run_file(files.items[i], &diags);
        code = of_file > code ? of_file : code;
    }
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&files);
    return code;
}

const struct command cmd_rules_test = {
    .name = "rules test",
    .synopsis = "FILE.yaml...",
    .summary = "run rules over captures: what must fire, and what must not",
    .help = "A file names rules, variables and tests:\n\n"
            "  rules: [plant.rules]\n"
            "  home-net: \"[10.0.0.0/8]\"\n"
            "  tests:\n"
            "    - name: a write from outside\n"
            "      capture: write.pcap\n"
            "      fires: {2001: 3, \"5:13\": any}\n"
            "      silent: [2002]\n"
            "      others: false\n\n"
            "fires counts alerts that are told; any is at least one. others: false says that no "
            "other rule\n"
            "tells an alert. Ends 0 when all hold, 1 when one does not, 2 for usage.\n",
    .options = test_option_rows,
    .n_options = 0,
    .run = run_rules_test,
};
