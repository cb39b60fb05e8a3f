/* Gates: each held, failed and not-decidable; and chance against its naive count. */
#include "correlate/gates.h"

#include "tests/unit/correlate/accord_fixture.h"

#include <math.h>

/* A unit of the shipped accord; assets by number: csirt-portal, hospital-3, pumping-2,
 * substation-7. */
struct scene {
    struct fixture fixture;
    struct accord *accord;
    struct definitions *definitions; /* the shipped ones */
    const char *correlation;         /* of the revision */
    const struct accord_line *lines;
    struct match_clause clause;
    struct selectivity_space space;
    struct revision revision;
    struct unit unit;
    struct gate_outcome out[FINDING_GATES_MAX];
    unsigned n;
    bool held;
};

enum { CSIRT_PORTAL, HOSPITAL_3, PUMPING_2, SUBSTATION_7 };

static int start(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    fixture_start(&s->fixture);
    assert_int_equal(accord_load(&s->accord, in_fixture(&s->fixture, "example-grid.yaml"), "amber",
                                 &s->fixture.diags),
                     0);
    accord_lines(s->accord, &s->lines);
    size_t len;
    const char *text = definitions_shipped(&len);
    assert_int_equal(definitions_parse(&s->definitions, "shipped", text, len, &s->fixture.diags),
                     0);
    assert_int_equal(definitions_finish(s->definitions, NULL, &s->fixture.diags), 0);
    s->correlation = "plimsoll.control-command";
    time_parse("2026-03-01", &s->revision.first_ns);
    *state = s;
    return 0;
}
static int end(void **state)
{
    struct scene *s = *state;
    selectivity_space_free(&s->space);
    definitions_destroy(s->definitions);
    accord_destroy(s->accord);
    fixture_end(&s->fixture);
    free(s);
    return 0;
}

static void touch(struct scene *s, uint16_t asset, bool two_way)
{
    s->revision.assets[s->revision.n_assets++] =
        (struct revision_asset){.asset = asset, .two_way = two_way, .count = 1, .addresses = 1};
    s->revision.assets_total++;
}

static void come_from(struct scene *s, const char *source)
{
    s->revision.n_sources = 1;
    s->revision.sources_total = 1;
    assert_int_equal(address_parse(source, &s->revision.sources[0]), 0);
}

/* judge_clause: by the scene's clause; whether all is held. */
static bool judge_clause(struct scene *s)
{
    s->unit = (struct unit){.accord = s->accord,
                            .definitions = s->definitions,
                            .correlation = s->correlation,
                            .line = &s->lines[1],
                            .clause = &s->clause,
                            .space = &s->space,
                            .revision = &s->revision};
    s->unit.source = s->revision.sources[0];
    memcpy(s->unit.assets, s->revision.assets, sizeof s->unit.assets);
    s->unit.n_assets = s->unit.n_all = s->revision.n_assets;
    s->held = gates_judge(&s->unit, s->out, &s->n);
    for (unsigned i = 0; i < s->n; i++)
        assert_true(s->out[i].why[0] != '\0');
    return s->held;
}

/* judge_one: by a clause with this gate alone. */
static enum gate_result judge_one(struct scene *s, struct gate gate)
{
    s->clause = (struct match_clause){.gates = {gate}, .n_gates = 1};
    judge_clause(s);
    return s->out[s->n - 1].result;
}

static void two_way_contact_is_held_for_the_assets_that_had_it(void **state)
{
    struct scene *s = *state;
    touch(s, HOSPITAL_3, false);
    assert_int_equal(judge_one(s, (struct gate){.kind = GATE_TWO_WAY_CONTACT}), GATE_FAILED);
    assert_false(s->held);
    assert_int_equal(s->unit.n_assets, 1);
    touch(s, SUBSTATION_7, true);
    assert_int_equal(judge_one(s, (struct gate){.kind = GATE_TWO_WAY_CONTACT}), GATE_HELD);
    assert_true(s->held);
    assert_int_equal(s->unit.n_assets, 1);
    assert_int_equal(s->unit.assets[0].asset, SUBSTATION_7);
}

static void clock_error_is_compared_with_what_is_allowed(void **state)
{
    struct scene *s = *state;
    struct gate gate = {.kind = GATE_CLOCK_ERROR, .at_most_ns = NS_PER_S};
    touch(s, SUBSTATION_7, true);
    s->revision.time_error_ns = TIME_ERROR_UNKNOWN;
    assert_int_equal(judge_one(s, gate), GATE_NOT_DECIDABLE);
    assert_false(s->held);
    s->revision.time_error_ns = NS_PER_S;
    assert_int_equal(judge_one(s, gate), GATE_HELD);
    s->revision.time_error_ns = NS_PER_S + 1;
    assert_int_equal(judge_one(s, gate), GATE_FAILED);
    s->revision.time_error_ns = TIME_ERROR_UNKNOWN - 1;
    assert_int_equal(judge_one(s, gate), GATE_FAILED);
}

static void operator_is_left_alone_with_its_own_equipment_only(void **state)
{
    struct scene *s = *state;
    struct gate gate = {.kind = GATE_OPERATOR, .unless = "example.pivot"};
    touch(s, SUBSTATION_7, true);
    come_from(s, "203.0.113.9");
    assert_int_equal(judge_one(s, gate), GATE_HELD);
    assert_non_null(strstr(s->out[0].why, "203.0.113.9"));
    assert_non_null(strstr(s->out[0].why, "example.pivot is not in this build"));
    gate.unless = "plimsoll.remote-session-into-operator";
    assert_int_equal(judge_one(s, gate), GATE_HELD);
    assert_null(strstr(s->out[0].why, "not in this build"));
    come_from(s, "10.20.1.10");
    assert_int_equal(judge_one(s, gate), GATE_FAILED);
    /* The substation's operator is not the pumping station's. */
    touch(s, PUMPING_2, true);
    assert_int_equal(judge_one(s, gate), GATE_HELD);
    assert_int_equal(s->unit.n_assets, 1);
    assert_int_equal(s->unit.assets[0].asset, PUMPING_2);
    /* One of several sources is no operator. */
    s->revision.n_sources = s->revision.sources_total = 2;
    address_parse("203.0.113.9", &s->revision.sources[1]);
    assert_int_equal(judge_one(s, gate), GATE_HELD);
    assert_int_equal(s->unit.n_assets, 2);
}

/* Somebody came into the station, and within the time that the accord gives it sent a command. */
static void an_operators_station_that_somebody_came_into_is_no_operator(void **state)
{
    struct scene *s = *state;
    struct gate gate = {.kind = GATE_OPERATOR,
                        .unless = "plimsoll.remote-session-into-operator",
                        .unless_within_ns = 600 * NS_PER_S};
    touch(s, SUBSTATION_7, true);
    come_from(s, "203.0.113.9");
    s->revision.n_sources = s->revision.sources_total = 2;
    address_parse("10.20.1.10", &s->revision.sources[1]);
    s->correlation = gate.unless;
    s->revision.assets[0].first_ns[0] = s->revision.first_ns + 600 * NS_PER_S;
    assert_int_equal(judge_one(s, gate), GATE_HELD);
    assert_non_null(strstr(s->out[0].why, "203.0.113.9 came into an operator's station"));
    assert_non_null(strstr(s->out[0].why, "10m later"));
    s->revision.assets[0].first_ns[0]++;
    assert_int_equal(judge_one(s, gate), GATE_FAILED);
}

static void registration_can_be_demanded_instead(void **state)
{
    struct scene *s = *state;
    struct gate gate = {.kind = GATE_OPERATOR, .registered = true};
    touch(s, SUBSTATION_7, true);
    come_from(s, "203.0.113.9");
    assert_int_equal(judge_one(s, gate), GATE_FAILED);
    come_from(s, "10.20.1.11");
    assert_int_equal(judge_one(s, gate), GATE_HELD);
}

static void points_that_are_not_told_apart_are_one_at_least(void **state)
{
    struct scene *s = *state;
    touch(s, SUBSTATION_7, true);
    assert_int_equal(
        judge_one(s, (struct gate){.kind = GATE_INDEPENDENT_EVIDENCE, .independent = 1}),
        GATE_HELD);
    assert_int_equal(
        judge_one(s, (struct gate){.kind = GATE_INDEPENDENT_EVIDENCE, .independent = 2}),
        GATE_NOT_DECIDABLE);
}

static void points_must_have_seen_the_same_act(void **state)
{
    struct scene *s = *state;
    const struct gate two = {.kind = GATE_INDEPENDENT_EVIDENCE, .independent = 2},
                      three = {.kind = GATE_INDEPENDENT_EVIDENCE, .independent = 3};
    touch(s, SUBSTATION_7, true);
    touch(s, PUMPING_2, true);
    s->revision.assets[0].points[0] = s->revision.assets[1].points[0] = 1;
    assert_int_equal(judge_one(s, two), GATE_FAILED);
    assert_false(s->held);
    assert_non_null(strstr(s->out[0].why, "1 of 2"));
    s->revision.assets[1].points[0] = 2;
    assert_int_equal(judge_one(s, two), GATE_HELD);
    assert_int_equal(s->unit.n_assets, 1);
    assert_int_equal(s->unit.assets[0].asset, PUMPING_2);
    assert_int_equal(judge_one(s, three), GATE_FAILED);
    assert_non_null(strstr(s->out[0].why, "2 of 3"));
    s->revision.assets[0].points[0] = 3;
    assert_int_equal(judge_one(s, three), GATE_HELD);
}

static void points_without_contact_are_none_where_contact_is_demanded(void **state)
{
    struct scene *s = *state;
    touch(s, SUBSTATION_7, true);
    s->revision.assets[0].points[0] = 2;
    s->revision.assets[0].points[1] = 1;
    s->clause =
        (struct match_clause){.gates = {{.kind = GATE_INDEPENDENT_EVIDENCE, .independent = 2},
                                        {.kind = GATE_TWO_WAY_CONTACT}},
                              .n_gates = 2};
    assert_false(judge_clause(s));
    s->revision.assets[0].points[1] = 2;
    assert_true(judge_clause(s));
}

/* What a correlation over others takes is the observation that opened theirs, of one point. */
static void points_of_what_was_derived_are_not_told(void **state)
{
    struct scene *s = *state;
    const struct gate two = {.kind = GATE_INDEPENDENT_EVIDENCE, .independent = 2};
    static const char over[] = "title: Over\nname: over\ncorrelation: {type: event_count, "
                               "rules: [plimsoll.selective-scan], group-by: [source.address], "
                               "timespan: 1h, condition: {gte: 1}}\n";
    size_t len;
    const char *text = definitions_shipped(&len);
    definitions_destroy(s->definitions);
    s->definitions = NULL;
    assert_int_equal(definitions_parse(&s->definitions, "shipped", text, len, &s->fixture.diags),
                     0);
    assert_int_equal(
        definitions_parse(&s->definitions, "over", over, sizeof over - 1, &s->fixture.diags), 0);
    assert_int_equal(definitions_finish(s->definitions, NULL, &s->fixture.diags), 0);
    int derived = definition_find(s->definitions, "over");
    assert_int_equal(definition_level(s->definitions, (unsigned)derived), 1);
    touch(s, SUBSTATION_7, true);
    s->revision.assets[0].points[0] = 1;
    s->revision.definition = (uint16_t)derived;
    assert_int_equal(judge_one(s, two), GATE_NOT_DECIDABLE);
}

static void nothing_is_raised_before_the_accord_is_in_force(void **state)
{
    struct scene *s = *state;
    touch(s, SUBSTATION_7, true);
    time_parse("2025-12-31", &s->revision.first_ns);
    judge_one(s, (struct gate){.kind = GATE_TWO_WAY_CONTACT});
    assert_false(s->held);
    assert_string_equal(s->out[0].name, "in-force");
    assert_int_equal(s->out[0].result, GATE_FAILED);
}

static void shared_address_alone_is_not_decidable(void **state)
{
    struct scene *s = *state;
    touch(s, CSIRT_PORTAL, true);
    judge_one(s, (struct gate){.kind = GATE_TWO_WAY_CONTACT});
    assert_false(s->held);
    assert_string_equal(s->out[0].name, "shared-address");
    assert_int_equal(s->out[0].result, GATE_NOT_DECIDABLE);
    touch(s, SUBSTATION_7, true);
    judge_one(s, (struct gate){.kind = GATE_TWO_WAY_CONTACT});
    assert_true(s->held);
    assert_int_equal(s->unit.n_assets, 1);
}

/* Selectivity. */

static const struct gate selectivity = {.kind = GATE_SELECTIVITY,
                                        .touched = 12,
                                        .control_addresses = 256,
                                        .lift = 5,
                                        .chance_at_most = 1e-6};

static void space_counts_published_protected_and_monitored_assets(void **state)
{
    struct scene *s = *state;
    assert_int_equal(selectivity_space_init(&s->space, s->accord, &s->lines[1]), 0);
    assert_int_equal(s->space.monitored, 131328);
    assert_int_equal(s->space.protected, 3 * 256);
    assert_false(s->space.counts[CSIRT_PORTAL]);
    assert_true(s->space.counts[HOSPITAL_3]);
}

static void choosing_protected_addresses_is_selective_and_sweeping_is_not(void **state)
{
    struct scene *s = *state;
    assert_int_equal(selectivity_space_init(&s->space, s->accord, &s->lines[1]), 0);
    touch(s, SUBSTATION_7, false);
    s->revision.assets[0].addresses = 12;
    s->revision.targets = s->revision.targets_monitored = 12;
    assert_int_equal(judge_one(s, selectivity), GATE_HELD);
    /* The same dozen within a sweep of a whole network. */
    s->revision.targets_monitored = 4096;
    s->revision.assets[0].addresses = 24;
    assert_int_equal(judge_one(s, selectivity), GATE_FAILED);
    /* A high lift of too few to be sure. */
    s->revision.targets_monitored = 12;
    s->revision.assets[0].addresses = 1;
    assert_int_equal(judge_one(s, selectivity), GATE_FAILED);
    /* Fewer than the accord asks for. */
    s->revision.targets_monitored = 11;
    s->revision.assets[0].addresses = 11;
    assert_int_equal(judge_one(s, selectivity), GATE_FAILED);
}

static void selectivity_counts_the_protected_assets_of_all_sectors(void **state)
{
    struct scene *s = *state;
    assert_int_equal(selectivity_space_init(&s->space, s->accord, &s->lines[1]), 0);
    touch(s, SUBSTATION_7, false);
    touch(s, HOSPITAL_3, false);
    touch(s, PUMPING_2, false);
    s->revision.targets_monitored = 12;
    for (int i = 0; i < 3; i++)
        s->revision.assets[i].addresses = 4;
    assert_int_equal(judge_one(s, selectivity), GATE_HELD);
    assert_non_null(strstr(s->out[0].why, "12 of 12 touched are protected"));
}

static void selectivity_without_enough_to_compare_with_is_not_decidable(void **state)
{
    struct scene *s = *state;
    assert_int_equal(selectivity_space_init(&s->space, s->accord, &s->lines[1]), 0);
    touch(s, SUBSTATION_7, false);
    s->revision.targets_monitored = s->revision.assets[0].addresses = 12;
    s->space.monitored = s->space.protected + 255;
    assert_int_equal(judge_one(s, selectivity), GATE_NOT_DECIDABLE);
    s->space.monitored = s->space.protected + 256;
    assert_int_not_equal(judge_one(s, selectivity), GATE_NOT_DECIDABLE);
    s->space.monitored = UINT64_MAX;
    assert_int_equal(judge_one(s, selectivity), GATE_NOT_DECIDABLE);
}

static void inexact_counts_are_called_lower_bounds(void **state)
{
    struct scene *s = *state;
    assert_int_equal(selectivity_space_init(&s->space, s->accord, &s->lines[1]), 0);
    touch(s, SUBSTATION_7, false);
    s->revision.targets_monitored = s->revision.assets[0].addresses = 12;
    judge_one(s, selectivity);
    assert_null(strstr(s->out[0].why, "lower bounds"));
    s->revision.targets_inexact = true;
    judge_one(s, selectivity);
    assert_non_null(strstr(s->out[0].why, "lower bounds"));
}

/* All ways to draw `drawn` of n, counted one by one. */
static double naive_tail(unsigned n, unsigned marked, unsigned drawn, unsigned k)
{
    uint64_t all = 0, tail = 0;
    for (uint32_t set = 0; set < 1u << n; set++) {
        if ((unsigned)__builtin_popcount(set) != drawn)
            continue;
        all++;
        tail += (unsigned)__builtin_popcount(set & ((1u << marked) - 1)) >= k;
    }
    return (double)tail / (double)all;
}

static void chance_is_that_of_counting_all_draws(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 9; n++)
        for (unsigned marked = 0; marked <= n; marked++)
            for (unsigned drawn = 0; drawn <= n; drawn++)
                for (unsigned k = 0; k <= drawn + 1; k++) {
                    double wanted = naive_tail(n, marked, drawn, k);
                    double got = hypergeometric_tail(n, marked, drawn, k);
                    if (fabs(got - wanted) > 1e-12)
                        fail_msg("N %u K %u t %u k %u: %.15g, not %.15g", n, marked, drawn, k, got,
                                 wanted);
                }
}

static void chance_of_a_full_hit_is_a_product(void **state)
{
    (void)state;
    double wanted = 1;
    for (int i = 0; i < 12; i++)
        wanted *= (768.0 - i) / (131328.0 - i);
    double got = hypergeometric_tail(131328, 768, 12, 12);
    assert_true(fabs(got / wanted - 1) < 1e-8);
    assert_true(hypergeometric_tail(131328, 768, 65536, 65) > 0.999);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(two_way_contact_is_held_for_the_assets_that_had_it),
        TEST(clock_error_is_compared_with_what_is_allowed),
        TEST(operator_is_left_alone_with_its_own_equipment_only),
        TEST(an_operators_station_that_somebody_came_into_is_no_operator),
        TEST(registration_can_be_demanded_instead),
        TEST(points_that_are_not_told_apart_are_one_at_least),
        TEST(points_must_have_seen_the_same_act),
        TEST(points_without_contact_are_none_where_contact_is_demanded),
        TEST(points_of_what_was_derived_are_not_told),
        TEST(nothing_is_raised_before_the_accord_is_in_force),
        TEST(shared_address_alone_is_not_decidable),
        TEST(space_counts_published_protected_and_monitored_assets),
        TEST(choosing_protected_addresses_is_selective_and_sweeping_is_not),
        TEST(selectivity_counts_the_protected_assets_of_all_sectors),
        TEST(selectivity_without_enough_to_compare_with_is_not_decidable),
        TEST(inexact_counts_are_called_lower_bounds),
        cmocka_unit_test(chance_is_that_of_counting_all_draws),
        cmocka_unit_test(chance_of_a_full_hit_is_a_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
