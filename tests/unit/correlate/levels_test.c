/* Rows of rules, correlations over correlations, and a policy that changes while windows and
 * incidents are open. */
#include "tests/unit/correlate/correlator_input.h"

#define DETECTIONS                                                                       \
    "title: s\nname: come\nlogsource: {product: plimsoll, category: observation}\n"      \
    "detection: {s: {kind: session}, condition: s}\n"                                    \
    "---\ntitle: a\nname: look\nlogsource: {product: plimsoll, category: observation}\n" \
    "detection: {s: {kind: attempt}, condition: s}\n"                                    \
    "---\ntitle: c\nname: act\nlogsource: {product: plimsoll, category: observation}\n"  \
    "detection: {s: {kind: command}, condition: s}\n"
#define CORRELATION(name, type, rules, rest)                                          \
    "---\ntitle: t\nname: " name "\ncorrelation:\n  type: " type "\n  rules: [" rules \
    "]\n  timespan: 10s\n" rest
#define BY_SOURCE "  group-by: [source.address]\n"
#define PIVOT                                                                         \
    CORRELATION("pivot", "temporal_ordered", "come, act",                             \
                "  aliases: {station: {come: target.address, act: source.address}}\n" \
                "  group-by: [station]\n")
#define ROW  CORRELATION("row", "temporal_ordered", "come, look, act", BY_SOURCE)
#define EACH CORRELATION("each", "temporal", "come, look, act", BY_SOURCE)
#define ALONE                                  \
    CORRELATION("alone", "event_count", "act", \
                "  group-by: [source.address, target.address]\n  condition: {gte: 2}\n")
#define WAVE                                    \
    CORRELATION("wave", "value_count", "alone", \
                BY_SOURCE "  condition: {field: target.address, gte: 3}\n")
#define STORM CORRELATION("storm", "temporal_ordered", "look, wave", BY_SOURCE)

static struct fixture fixture;
static struct run run;

static void begin(const char *text)
{
    fixture_open_with(&fixture, text);
    struct correlator_config config = fixture_config(&fixture, 1);
    run_open(&run, &config);
}

static void end(void)
{
    run_close(&run);
    fixture_close(&fixture);
}

static uint64_t seq;

/* tell: something seen at a time in ns, from 10.9.0.SOURCE to 10.1.0.TARGET. */
static void tell(int64_t t, enum kind kind, unsigned source, unsigned target)
{
    run_push(&run, seen_at(t, ++seq, kind, host(9, source), host(1, target)));
    correlator_turn(run.correlator, 0); /* what the lower level handed on */
}

static const char *opened(void)
{
    struct revision r;
    const char *name = NULL;
    while (correlator_next(run.correlator, &r) == 1)
        if (r.why == REVISION_OPENED) {
            name = definition_name(fixture.definitions, r.definition);
            run.last = r;
        }
    return name;
}

/* settle: a moment later than anything told, so that what waits reaches the judge. */
static const char *settled(int64_t t)
{
    run_until(&run, t);
    run_until(&run, t + 1);
    return opened();
}

static void rules_in_their_order_open_an_incident(void **state)
{
    (void)state;
    begin(DETECTIONS ROW);
    tell(1 * S, KIND_SESSION, 1, 1);
    tell(2 * S, KIND_ATTEMPT, 1, 2);
    assert_null(settled(3 * S));
    tell(4 * S, KIND_COMMAND, 1, 3);
    assert_string_equal(settled(5 * S), "row");
    assert_int_equal(run.last.count, 3);
    assert_int_equal(run.last.first_ns, START_NS + 1 * S - 1000);
    end();
}

static void another_order_or_too_long_a_time_does_not(void **state)
{
    (void)state;
    begin(DETECTIONS ROW);
    tell(1 * S, KIND_ATTEMPT, 1, 2);
    tell(2 * S, KIND_SESSION, 1, 1);
    tell(3 * S, KIND_COMMAND, 1, 3);
    assert_null(settled(4 * S));
    /* The session of 2 s is too old for the command of 12 s: the timespan is ten seconds. */
    tell(5 * S, KIND_ATTEMPT, 1, 2);
    tell(12 * S, KIND_COMMAND, 1, 3);
    assert_null(settled(13 * S));
    /* A younger session, and the row is whole within the timespan. */
    tell(14 * S, KIND_SESSION, 1, 2);
    tell(15 * S, KIND_ATTEMPT, 1, 2);
    tell(24 * S - 1, KIND_COMMAND, 1, 3);
    assert_string_equal(settled(25 * S), "row");
    end();
}

static void one_observation_does_not_follow_itself(void **state)
{
    (void)state;
    begin(DETECTIONS "---\ntitle: c\nname: again\nlogsource: {product: plimsoll, category: "
                     "observation}\ndetection: {s: {kind: command}, condition: s}\n" CORRELATION(
                         "twice", "temporal_ordered", "act, again", BY_SOURCE));
    tell(1 * S, KIND_COMMAND, 1, 1);
    assert_null(settled(2 * S));
    tell(3 * S, KIND_COMMAND, 1, 1);
    assert_string_equal(settled(4 * S), "twice");
    end();
}

static void a_flood_in_the_middle_does_not_hide_a_row(void **state)
{
    (void)state;
    begin(DETECTIONS ROW);
    tell(1 * S, KIND_SESSION, 1, 1);
    for (int i = 0; i < 2000; i++)
        tell(2 * S + i, KIND_ATTEMPT, 1, 2);
    assert_null(settled(3 * S));
    tell(4 * S, KIND_COMMAND, 1, 3);
    assert_string_equal(settled(5 * S), "row");
    assert_true(run.last.window_inexact);
    end();
}

static void temporal_asks_for_each_in_any_order(void **state)
{
    (void)state;
    begin(DETECTIONS EACH);
    tell(1 * S, KIND_COMMAND, 1, 3);
    tell(2 * S, KIND_SESSION, 1, 1);
    tell(12 * S, KIND_ATTEMPT, 1, 2); /* the command is too old by now */
    assert_null(settled(13 * S - 1));
    tell(13 * S, KIND_SESSION, 1, 1);
    tell(14 * S, KIND_COMMAND, 1, 3);
    assert_string_equal(settled(15 * S), "each");
    end();
}

static void an_alias_joins_what_is_target_of_one_and_source_of_the_other(void **state)
{
    (void)state;
    begin(DETECTIONS PIVOT);
    /* From outside into 10.1.0.5, then a command by 10.1.0.6: another station. */
    tell(1 * S, KIND_SESSION, 1, 5);
    run_push(&run, seen_at(2 * S, ++seq, KIND_COMMAND, host(1, 6), host(2, 1)));
    assert_null(settled(3 * S));
    run_push(&run, seen_at(4 * S, ++seq, KIND_COMMAND, host(1, 5), host(2, 1)));
    assert_string_equal(settled(5 * S), "pivot");
    struct text json = {0};
    definition_key_json(fixture.definitions, run.last.definition, &run.last.key, NULL, NULL, &json);
    assert_string_equal(text_str(&json), "{\"station\":\"10.1.0.5\"}");
    text_free(&json);
    end();
}

static void incidents_are_counted_by_the_level_above(void **state)
{
    (void)state;
    begin(DETECTIONS ALONE WAVE);
    assert_int_equal(definitions_levels(fixture.definitions), 2);
    for (unsigned target = 1; target <= 3; target++) {
        tell((int64_t)target * S, KIND_COMMAND, 1, target);
        assert_null(settled((int64_t)target * S + 1));
        /* A second one opens the incident of this pair; the third such incident is a wave. */
        tell((int64_t)target * S + 5, KIND_COMMAND, 1, target);
        const char *name = settled((int64_t)target * S + 9);
        assert_string_equal(name, target < 3 ? "alone" : "wave");
    }
    assert_int_equal(run.last.count, 3);
    assert_int_equal(run.last.targets, 3);
    assert_int_equal(correlator_counters(run.correlator).derived, 3);
    end();
}

static void levels_can_be_stacked_and_mixed_with_detections(void **state)
{
    (void)state;
    begin(DETECTIONS ALONE WAVE STORM);
    assert_int_equal(definitions_levels(fixture.definitions), 3);
    tell(0, KIND_ATTEMPT, 1, 1);
    for (unsigned target = 1; target <= 3; target++)
        for (int i = 0; i < 2; i++)
            tell((int64_t)target * S + i, KIND_COMMAND, 1, target);
    assert_string_equal(settled(4 * S), "storm");
    end();
}

/* Without contact anybody can claim a completed command; the level above hears only of the one with
 * contact that opened the incident. */
static void what_was_seen_without_contact_claims_nothing_one_level_up(void **state)
{
    (void)state;
    begin(DETECTIONS ALONE CORRELATION("any", "event_count", "alone",
                                       BY_SOURCE "  condition: {gte: 1}\n"));
    struct observation forged = seen_at(1 * S, ++seq, KIND_COMMAND, host(9, 1), host(1, 1)),
                       real = seen_at(2 * S, ++seq, KIND_COMMAND, host(9, 1), host(1, 1));
    forged.contact = CONTACT_ONE_SIDED;
    forged.outcome = OUTCOME_COMPLETED;
    real.contact = CONTACT_COMPLETE;
    real.outcome = OUTCOME_REFUSED;
    run_push(&run, forged);
    run_push(&run, real);
    correlator_turn(run.correlator, 0);
    assert_string_equal(settled(3 * S), "any");
    assert_int_equal(run.last.by[CONTACT_COMPLETE][OUTCOME_REFUSED], 1);
    assert_int_equal(run.last.count, 1);
    assert_int_equal(run.last.first_ns, real.began_ns);
    end();
}

/* Policy: at 5 s, `row` stays as it is, `each` is there with another timespan. */
static void a_switch_carries_over_what_stays_the_same(void **state)
{
    (void)state;
    static const char after[] = DETECTIONS ALONE ROW
        "---\ntitle: t\nname: each\ncorrelation:\n  type: temporal\n  rules: [come, look, act]\n"
        "  timespan: 20s\n" BY_SOURCE;
    struct definitions *second = NULL;
    fixture_open_with(&fixture, DETECTIONS EACH ROW);
    assert_int_equal(definitions_parse(&second, "second", after, strlen(after), &fixture.diags), 0);
    assert_int_equal(definitions_finish(second, NULL, &fixture.diags), 0);
    for (int same = 0; same < 2; same++) {
        struct correlator_policy policies[2] = {fixture.policy, fixture.policy};
        policies[1].from_ns = START_NS + 5 * S;
        policies[1].definitions = second;
        policies[1].same_accord = same;
        struct correlator_config config = fixture_config(&fixture, 1);
        config.policies = policies;
        config.n_policies = 2;
        run_open(&run, &config);
        /* Source 1 has both incidents open, source 2 is one step short of them. */
        for (unsigned source = 1; source <= 2; source++) {
            tell(1 * S + source, KIND_SESSION, source, 1);
            tell(2 * S + source, KIND_ATTEMPT, source, 2);
        }
        tell(3 * S, KIND_COMMAND, 1, 3);
        struct observation late = seen_at(6 * S, ++seq, KIND_COMMAND, host(9, 2), host(1, 3));
        late.generation = 1;
        run_push(&run, late);
        run_until(&run, 7 * S);
        unsigned superseded = 0, opened_after = 0, policy = 0;
        struct revision r;
        while (correlator_next(run.correlator, &r) == 1) {
            superseded += r.kind == REVISION_INCIDENT && r.why == REVISION_SUPERSEDED;
            policy += r.kind == REVISION_POLICY;
            assert_int_equal(r.generation, r.order.t >= START_NS + 5 * S || policy);
            if (r.kind == REVISION_INCIDENT && r.why == REVISION_OPENED && policy) {
                opened_after++;
                assert_string_equal(definition_name(second, r.definition), "row");
            }
        }
        assert_int_equal(policy, 1);
        assert_int_equal(superseded, same ? 1 : 2); /* `each`, and without the accord also `row` */
        assert_int_equal(opened_after, same ? 1 : 0);
        run_close(&run);
    }
    definitions_destroy(second);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_in_their_order_open_an_incident),
        cmocka_unit_test(another_order_or_too_long_a_time_does_not),
        cmocka_unit_test(one_observation_does_not_follow_itself),
        cmocka_unit_test(a_flood_in_the_middle_does_not_hide_a_row),
        cmocka_unit_test(temporal_asks_for_each_in_any_order),
        cmocka_unit_test(an_alias_joins_what_is_target_of_one_and_source_of_the_other),
        cmocka_unit_test(incidents_are_counted_by_the_level_above),
        cmocka_unit_test(levels_can_be_stacked_and_mixed_with_detections),
        cmocka_unit_test(what_was_seen_without_contact_claims_nothing_one_level_up),
        cmocka_unit_test(a_switch_carries_over_what_stays_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
