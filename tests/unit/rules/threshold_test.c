/* Thresholds: which of the alerts of a rule are told. Expected fates follow from the definitions in
 * Suricata's documentation, "Thresholding Keywords", worked out by hand. */
#include "tests/unit/rules/given.h"

#include "base/time_point.h"
#include "rules/threshold.h"

/* One letter an alert: t told, l over the limit, b before there were enough, s suppressed. */
static const char letters[FATE_COUNT] = {
    [FATE_TOLD] = 't', [FATE_LIMITED] = 'l', [FATE_BELOW] = 'b', [FATE_SUPPRESSED] = 's'};

struct bench {
    struct rule_set *set;
    struct thresholds *thresholds;
};

static void bench_begin(struct bench *b, const char *threshold, size_t room)
{
    char rule[256];
    snprintf(rule, sizeof rule, "alert tcp any any -> any any (content:\"x\"; %s sid:1;)\n",
             threshold);
    b->set = set_of(rule, NULL);
    assert_int_equal(rule_set_counts(b->set)->loaded, 1);
    b->thresholds = thresholds_create(room, 1);
    assert_non_null(b->thresholds);
}

static void bench_end(struct bench *b)
{
    thresholds_free(b->thresholds);
    rule_set_destroy(b->set);
}

static char alert(struct bench *b, double seconds, unsigned source, unsigned target)
{
    struct address from = address_v4((uint8_t[4]){10, 0, (uint8_t)(source >> 8), (uint8_t)source}),
                   to = address_v4((uint8_t[4]){10, 1, 0, (uint8_t)target});
    return letters[thresholds_decide(b->thresholds, b->set, 0, (int64_t)(seconds * NS_PER_S), &from,
                                     &to)];
}

static void each_type_tells_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *threshold, *fates; /* of an alert a second, from second 0 on */
    } rows[] = {
        {"", "tttttttttt"},
        {"threshold:type limit, track by_src, count 2, seconds 5;", "ttllllttll"},
        {"threshold:type threshold, track by_src, count 3, seconds 5;", "bbtbbtbbtb"},
        {"threshold:type both, track by_dst, count 2, seconds 5;", "btllllbtll"},
        {"detection_filter:track by_src, count 2, seconds 5;", "bbttttbbtt"},
        {"threshold:type limit, count 1, seconds 100, track by_rule;", "tlllllllll"},
        {"threshold:type threshold,track by_both,count 1,seconds 60;", "tttttttttt"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        bench_begin(&b, rows[i].threshold, 16);
        char fates[11] = {0};
        for (unsigned second = 0; second < 10; second++)
            fates[second] = alert(&b, second, 1, 1);
        assert_string_equal(fates, rows[i].fates);
        bench_end(&b);
    }
}

static void ends_are_counted_apart_as_far_as_they_are_tracked(void **state)
{
    (void)state;
    static const struct {
        const char *track, *fates; /* of 1 -> 1, 1 -> 2, 2 -> 1, 2 -> 2, 1 -> 1 */
    } rows[] = {
        {"by_src", "tltll"}, {"by_dst", "ttlll"}, {"by_both", "ttttl"}, {"by_rule", "tllll"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        char threshold[96], fates[6];
        snprintf(threshold, sizeof threshold,
                 "threshold:type limit, track %s, count 1, seconds 60;", rows[i].track);
        bench_begin(&b, threshold, 16);
        for (unsigned n = 0; n < 4; n++)
            fates[n] = alert(&b, n, 1 + n / 2, 1 + n % 2);
        fates[4] = alert(&b, 4, 1, 1);
        fates[5] = 0;
        assert_string_equal(fates, rows[i].fates);
        bench_end(&b);
    }
}

/* Of more sources than there is room for none is held back unless it was counted; those whose time
 * is over make room. */
static void without_room_alerts_are_told_and_counted(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "threshold:type limit, track by_src, count 1, seconds 10;", 100);
    unsigned limited = 0;
    for (unsigned source = 0; source < 1000; source++)
        assert_int_equal(alert(&b, 1, source, 1), 't');
    for (unsigned source = 0; source < 1000; source++)
        limited += alert(&b, 2, source, 1) == 'l';
    assert_in_range(limited, 100, 200); /* the table may have more slots than were asked for */
    assert_int_equal(thresholds_full(b.thresholds), 2 * (1000 - limited));
    uint64_t full = thresholds_full(b.thresholds);
    for (unsigned source = 2000; source < 2100; source++)
        assert_int_equal(alert(&b, 20, source, 1), 't');
    assert_int_equal(thresholds_full(b.thresholds), full);
    assert_int_equal(alert(&b, 21, 2099, 1), 'l');
    bench_end(&b);
}

/* "Global Thresholds": what is for a sig_id goes before the rule's own, what is for all behind it.
 */
static void a_threshold_config_goes_before_rules_it_names(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *options,
            *fates; /* of ten alerts in ten seconds, 10.0.0.1 to 10.1.0.1 */
    } rows[] = {
        {"suppress gen_id 1, sig_id 1\n", "", "ssssssssss"},
        {"suppress gen_id 1, sig_id 0\n", "", "ssssssssss"},
        {"suppress gen_id 0, sig_id 0\n", "", "ssssssssss"},
        {"suppress gen_id 2, sig_id 0\n", "", "tttttttttt"},
        {"suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.0/24\n", "", "ssssssssss"},
        {"suppress gen_id 1, sig_id 1, track by_dst, ip 10.0.0.0/24\n", "", "tttttttttt"},
        {"suppress gen_id 1, sig_id 1, track by_either, ip [10.9.0.1,$HOME_NET]\n", "",
         "ssssssssss"},
        {"suppress gen_id 1,sig_id 1,track by_src,ip 10.0.0.2\n"
         "  suppress gen_id 1, sig_id 1, track by_dst, ip 10.1.0.1 \n",
         "", "ssssssssss"},
        {"event_filter gen_id 1, sig_id 1, type limit, track by_src, count 2, seconds 100\n", "",
         "ttllllllll"},
        {"# none\n\nthreshold gen_id 0, sig_id 0, type limit, track by_src, count 2, seconds 100\n",
         "threshold:type limit, track by_src, count 4, seconds 100;", "ttttllllll"},
        {"threshold gen_id 1, sig_id 1, type limit, track by_src, count 2, seconds 100\n",
         "detection_filter:track by_src, count 4, seconds 100;", "ttllllllll"},
        {"threshold gen_id 1, sig_id 0, type limit, track by_src, count 2, seconds 100\n"
         "threshold gen_id 1, sig_id 0, type limit, track by_src, count 5, seconds 100\n",
         "", "ttllllllll"},
        {"threshold gen_id 1, sig_id 0, type limit, track by_src, count 2, seconds 100\n"
         "threshold gen_id 1, sig_id 1, type limit, track by_src, count 5, seconds 100\n",
         "", "tttttlllll"},
        {"rate_filter gen_id 1, sig_id 1, track by_src, count 2, seconds 9, new_action drop, "
         "timeout "
         "9\nthreshold gen_id 0, sig_id 0, type limit, track by_src, count 2, seconds 100\n",
         "", "tttttttttt"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct diags diags = {0};
        char rule[256], fates[11] = {0};
        snprintf(rule, sizeof rule, "alert tcp any any -> any any (content:\"x\"; %s sid:1;)\n",
                 rows[i].options);
        char *rules = temporary_file(rule), *thresholds = temporary_file(rows[i].lines);
        const char *files[] = {rules};
        struct bench b = {.thresholds = thresholds_create(16, 1)};
        struct rule_set_config config = {.files = files, .n_files = 1, .thresholds = thresholds};
        int error = rule_set_build(&b.set, &config, &diags);
        if (error)
            diags_print(&diags, stderr);
        assert_int_equal(error, 0);
        for (unsigned second = 0; second < 10; second++)
            fates[second] = alert(&b, second, 1, 1);
        if (strcmp(fates, rows[i].fates) != 0)
            fail_msg("%s: %s", rows[i].lines, fates);
        unlink(rules);
        unlink(thresholds);
        free(rules);
        free(thresholds);
        diags_free(&diags);
        bench_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_tells_what_it_says),
        cmocka_unit_test(ends_are_counted_apart_as_far_as_they_are_tracked),
        cmocka_unit_test(without_room_alerts_are_told_and_counted),
        cmocka_unit_test(a_threshold_config_goes_before_rules_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
