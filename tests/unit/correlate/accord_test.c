/* Loading accords: what they hold, what is refused and where. */
#include "tests/unit/correlate/accord_fixture.h"

static int start(void **state)
{
    struct fixture *f = malloc(sizeof *f);
    fixture_start(f);
    *state = f;
    return 0;
}
static int end(void **state)
{
    fixture_end(*state);
    free(*state);
    return 0;
}

static struct accord *load(struct fixture *f, const char *name, const char *party)
{
    struct accord *a;
    int error = accord_load(&a, in_fixture(f, name), party, &f->diags);
    if (error)
        diags_print(&f->diags, stderr);
    assert_int_equal(error, 0);
    return a;
}

/* What a change of the accord leads to: an error of that kind at the place of `marker` in the new
 * text. */
static void refuse(struct fixture *f, const char *old, const char *new, const char *marker,
                   int error)
{
    struct accord *a;
    char *before = shipped_file("example-grid.yaml");
    put_file(f, "example-grid.yaml", before);
    free(before);
    char *text = change_file(f, "example-grid.yaml", old, new);
    assert_int_equal(accord_load(&a, in_fixture(f, "example-grid.yaml"), "amber", &f->diags),
                     error);
    assert_null(a);
    expect_diag_at(f, "example-grid.yaml", text, marker, error);
    diags_free(&f->diags);
    f->diags = (struct diags){0};
    free(text);
}

static void shipped_accord_holds_what_it_says(void **state)
{
    struct accord *a = load(*state, "example-grid.yaml", "amber");
    const struct accord_line *lines;
    const struct asset *assets;
    const struct declared_network *networks;
    const struct accord_party *parties;
    assert_string_equal(accord_id(a), "example-grid");
    assert_int_equal(accord_version(a), 3);
    assert_int_equal(accord_parties(a, &parties), 2);
    assert_string_equal(accord_own_party(a)->id, "amber");
    assert_int_equal(parties[1].quorum, 1);
    assert_string_equal(parties[1].origin_acts, "ledger.basalt.example/grid/acts-2026");
    assert_int_equal(accord_lines(a, &lines), 3);
    const struct match_clause *control = &lines[0].clauses[0];
    assert_int_equal(lines[0].stage, STAGE_REPORTABLE);
    assert_int_equal(control->n_gates, 3);
    assert_int_equal(control->gates[1].at_most_ns, NS_PER_S);
    assert_false(control->gates[2].registered);
    assert_int_equal(control->gates[2].unless_within_ns, 3600 * NS_PER_S);
    assert_int_equal(control->severity.outcome[OUTCOME_COMPLETED], 70);
    assert_int_equal(control->severity.cap, 95);
    assert_int_equal(control->n_techniques, 2);
    assert_true(lines[1].published_only);
    const struct gate *selectivity = &lines[1].clauses[0].gates[1];
    assert_int_equal(selectivity->kind, GATE_SELECTIVITY);
    assert_true(selectivity->lift == 5 && selectivity->chance_at_most == 1e-6);
    assert_int_equal(selectivity->touched, 12);

    assert_int_equal(accord_assets(a, &assets), 4);
    assert_string_equal(assets[0].id, "csirt-portal");
    assert_true(assets[0].shared);
    assert_string_equal(assets[3].id, "substation-7");
    assert_int_equal(assets[3].class, ASSET_CLASS_VITAL);
    assert_int_equal(assets[3].services[2].port, 502);
    assert_string_equal(accord_sector_name(a, assets[3].sector), "power");
    assert_true(lines[0].sectors & 1u << assets[3].sector);
    assert_int_equal(accord_networks(a, &networks), 3);
    assert_string_equal(networks[1].role, "hosting");
    assert_int_equal(accord_monitored_addresses(a), 65536 * 2 + 256);
    assert_int_equal(accord_incident_quiet(a), 900 * NS_PER_S);
    assert_int_equal(accord_coverage_interval(a), 300 * NS_PER_S);
    accord_destroy(a);
}

static void addresses_are_looked_up_by_what_was_declared(void **state)
{
    struct accord *a = load(*state, "example-grid.yaml", "amber");
    const struct host_lookup *hosts = accord_hosts(a);
    struct address address;
    assert_int_equal(hosts->asset_count, 4);
    assert_int_equal(address_parse("10.20.7.9", &address), 0);
    assert_int_equal(prefix_map_find(hosts->assets, &address), 3);
    assert_int_not_equal(prefix_map_find(hosts->monitored, &address), PREFIX_MAP_NONE);
    assert_int_equal(prefix_map_find(hosts->operators, &address), PREFIX_MAP_NONE);
    assert_int_equal(address_parse("10.20.1.11", &address), 0);
    assert_int_not_equal(prefix_map_find(hosts->operators, &address), PREFIX_MAP_NONE);
    assert_int_equal(address_parse("2001:db8:c5::7", &address), 0);
    assert_int_equal(prefix_map_find(hosts->assets, &address), 0);
    assert_int_equal(address_parse("203.0.113.1", &address), 0);
    assert_int_equal(prefix_map_find(hosts->monitored, &address), PREFIX_MAP_NONE);
    accord_destroy(a);
}

static void accord_is_in_force_from_the_first_to_before_the_last_moment(void **state)
{
    struct accord *a = load(*state, "amber-own.yaml", NULL);
    int64_t from, until;
    time_parse("2026-01-01", &from);
    time_parse("2028-01-01", &until);
    assert_false(accord_in_force(a, from - 1));
    assert_true(accord_in_force(a, from));
    assert_true(accord_in_force(a, until - 1));
    assert_false(accord_in_force(a, until));
    accord_destroy(a);
}

static void several_parties_need_a_choice_and_one_does_not(void **state)
{
    struct fixture *f = *state;
    struct accord *a;
    assert_int_equal(accord_load(&a, in_fixture(f, "example-grid.yaml"), NULL, &f->diags),
                     ERR_USAGE);
    assert_string_equal(f->diags.items[0].hint, "--party amber or --party basalt");
    assert_int_equal(accord_load(&a, in_fixture(f, "example-grid.yaml"), "cobalt", &f->diags),
                     ERR_USAGE);
    assert_int_equal(accord_load(&a, in_fixture(f, "example-grid.yaml"), "basalt", &f->diags),
                     ERR_NOT_FOUND);
    a = load(f, "amber-own.yaml", NULL);
    assert_string_equal(accord_own_party(a)->id, "amber");
    accord_destroy(a);
}

static void shortened_keys_are_refused_at_the_first_one(void **state)
{
    struct fixture *f = *state;
    struct note_signer amber = test_key("amber");
    struct text key = {0};
    note_verifier_format(&key, &amber.verifier);
    char *quoted = malloc(key.len + 3);
    sprintf(quoted, "\"%s\"", key.data);
    refuse(f, quoted, "\"amber+7c3a1f00+AX...\"", "\"amber+7c3a1f00", ERR_SYNTAX);
    free(quoted);
    text_free(&key);
}

/* Rows: what is replaced, by what, where the error is, which error. */
static const struct {
    const char *old, *new, *marker;
    int error;
} faults[] = {
    {"version: 3", "version: 3\ncolour: red", "colour", ERR_SCHEMA},
    {"version: 3", "version: three", "three", ERR_SYNTAX},
    {"version: 3", "version: \"3\"", "\"3\"", ERR_SYNTAX},
    {"version: 3", "version: 0", "0\ntitle", ERR_RANGE},
    {"version: 3\n", "", "accord: example-grid", ERR_SCHEMA},
    {"until: 2028-01-01T00:00:00Z", "until: tomorrow", "tomorrow", ERR_SYNTAX},
    {"until: 2028-01-01T00:00:00Z", "until: 2025-01-01", "2025-01-01", ERR_RANGE},
    {"id: basalt", "id: amber", "amber\n    name: Basalt", ERR_EXISTS},
    {"quorum: 1\n", "quorum: 3\n", "3\n    annexes", ERR_RANGE},
    {"kind: acts", "kind: facts", "facts\n        origin: ledger.amber.example/grid/acts",
     ERR_EXISTS},
    {"stage: reportable", "stage: loud", "loud", ERR_SCHEMA},
    {"id: recon", "id: control", "control\n    stage: confidential", ERR_EXISTS},
    {"observable: >-", "observed: >-", "observed", ERR_SCHEMA},
    {", relation: related,", ",", "{source: A/70/174", ERR_SCHEMA},
    {", basis: this-accord", "", "{source: none}", ERR_SCHEMA},
    {"sectors: [power, water]", "sectors: []", "[]", ERR_SCHEMA},
    {"two-way-contact: required", "two-way-contact: preferred", "preferred", ERR_SCHEMA},
    {"at-most: 1s", "at-most: 1", "1}", ERR_SYNTAX},
    {"registered: false", "registered: maybe", "maybe", ERR_SYNTAX},
    {", within: 1h", "", "{registered: false", ERR_SCHEMA},
    {"unit: address", "unit: host", "host,", ERR_SCHEMA},
    {"lift: 5", "lift: -5", "-5", ERR_RANGE},
    {"chance-at-most: 1e-6", "chance-at-most: small", "small", ERR_SYNTAX},
    {"unanswered: 25, ", "", "{seen: 20", ERR_SCHEMA},
    {"completed: 70", "completed: [70]", "[70]", ERR_SCHEMA},
    {"cap: 95", "cap: 5000", "5000", ERR_RANGE},
    {"ics/T0836", "ics/0836", "ics/0836", ERR_SYNTAX},
    {"ics/T0836", "mobile/T0836", "mobile/T0836", ERR_SCHEMA},
    {"incident-quiet: 15m", "incident-quiet: 0m", "0m", ERR_RANGE},
    {"independent-evidence: 2", "independent-evidence: 0", "0, clock", ERR_RANGE},
    {"distinct: true", "distinct: \"true\"", "\"true\"", ERR_SYNTAX},
    {"title: Restraint", "title: &anchor Restraint", "&anchor", ERR_SCHEMA},
};

static void each_fault_is_refused_where_it_stands(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        print_message("  %s\n", faults[i].new);
        refuse(*state, faults[i].old, faults[i].new, faults[i].marker, faults[i].error);
    }
}

static void key_of_a_log_cannot_sign_accords(void **state)
{
    struct note_signer log = test_key("ledger.basalt.example/grid/facts-2026");
    struct note_signer basalt = test_key("basalt");
    struct text was = {0}, is = {0};
    note_verifier_format(&was, &log.verifier);
    note_verifier_format(&is, &basalt.verifier);
    text_puts(&was, "\"");
    text_puts(&is, "\"\n# marked");
    char marker[64];
    snprintf(marker, sizeof marker, "\"basalt+%08x", basalt.verifier.hash);
    struct fixture *f = *state;
    struct accord *a;
    char *text = change_file(f, "example-grid.yaml", was.data, is.data);
    assert_int_equal(accord_load(&a, in_fixture(f, "example-grid.yaml"), "amber", &f->diags),
                     ERR_KEY);
    text_free(&was);
    text_free(&is);
    free(text);
}

static void all_faults_are_reported_at_once(void **state)
{
    struct fixture *f = *state;
    struct accord *a;
    free(change_file(f, "example-grid.yaml", "version: 3", "version: three"));
    free(change_file(f, "example-grid.yaml", "completed: 70, ", ""));
    free(change_file(f, "example-grid.yaml", "coverage: 5m", "coverage: often"));
    assert_int_not_equal(accord_load(&a, in_fixture(f, "example-grid.yaml"), "amber", &f->diags),
                         0);
    assert_int_equal(f->diags.errors, 3);
    assert_non_null(strstr(f->diags.items[1].text, "'completed' is missing"));
}

static void digest_of(struct fixture *f, uint8_t out[SHA256_BYTES])
{
    struct accord *a = load(f, "example-grid.yaml", "amber");
    accord_digest(a, out);
    accord_destroy(a);
}

static void digest_is_of_the_content_not_of_how_it_is_written(void **state)
{
    struct fixture *f = *state;
    uint8_t before[SHA256_BYTES], after[SHA256_BYTES];
    digest_of(f, before);
    free(change_file(f, "example-grid.yaml", "# what a sensor can see", "# something else"));
    free(change_file(f, "example-grid.yaml",
                     "title: Restraint around power, water and health networks",
                     "title: \"Restraint around power, water and health networks\""));
    free(change_file(f, "example-grid.yaml", "accord: example-grid\nversion: 3\n",
                     "version: 3\naccord: example-grid\n"));
    free(change_file(f, "example-grid.yaml", "chance-at-most: 1e-6", "chance-at-most: 0.000001"));
    free(change_file(f, "example-grid.yaml", "{sectors: [power, water]}",
                     "\n      sectors:\n      - power\n      - water"));
    digest_of(f, after);
    assert_memory_equal(before, after, SHA256_BYTES);
    free(change_file(f, "example-grid.yaml", "completed: 70", "completed: 71"));
    digest_of(f, after);
    assert_memory_not_equal(before, after, SHA256_BYTES);
}

static void digest_of_the_shipped_accord_is_known(void **state)
{
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct text note = {0};
    digest_of(*state, digest);
    hex_encode(hex, digest, sizeof digest);
    assert_int_equal(file_read(in_fixture(*state, "example-grid.note"), 4096, &note), 0);
    assert_non_null(strstr(note.data, hex));
    text_free(&note);
}

static void line_of_a_correlation_that_no_build_has_is_legal(void **state)
{
    struct fixture *f = *state;
    free(change_file(f, "example-grid.yaml", "correlation: plimsoll.control-command",
                     "correlation: not.invented-yet"));
    accord_destroy(load(f, "example-grid.yaml", "amber"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(shipped_accord_holds_what_it_says),
        TEST(addresses_are_looked_up_by_what_was_declared),
        TEST(accord_is_in_force_from_the_first_to_before_the_last_moment),
        TEST(several_parties_need_a_choice_and_one_does_not),
        TEST(shortened_keys_are_refused_at_the_first_one),
        TEST(each_fault_is_refused_where_it_stands),
        TEST(key_of_a_log_cannot_sign_accords),
        TEST(all_faults_are_reported_at_once),
        TEST(digest_is_of_the_content_not_of_how_it_is_written),
        TEST(digest_of_the_shipped_accord_is_known),
        TEST(line_of_a_correlation_that_no_build_has_is_legal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
