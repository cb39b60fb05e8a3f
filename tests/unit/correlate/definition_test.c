/* Definitions: what is accepted, what is refused and where, what is selected. */
#include "tests/unit/correlate/correlator_fixture.h"

#include "base/text.h"

#define LOGSOURCE         "logsource: {product: plimsoll, category: observation}\n"
#define DETECTION(body)   "title: d\nname: d\n" LOGSOURCE "detection:\n" body
#define CORRELATION(body) "---\ntitle: c\nname: c\ncorrelation:\n" body
#define GOOD_DETECTION    DETECTION("  s: {kind: hit}\n  condition: s\n")
#define TWO_DETECTIONS                                  \
    GOOD_DETECTION "---\ntitle: e\nname: e\n" LOGSOURCE \
                   "detection:\n  s: {kind: command}\n  condition: s\n"
#define GROUPED   "  group-by: [source.address]\n  timespan: 1m\n"
#define GOOD_REST "  rules: [d]\n  group-by: [source.address]\n  timespan: 1m\n"

static int load(struct definitions **set, const char *text, const struct tag_source *tags,
                struct diags *diags)
{
    int error = definitions_parse(set, "file.yaml", text, strlen(text), diags);
    return error ? error : definitions_finish(*set, tags, diags);
}

static void faults_are_refused_by_name_at_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
        unsigned line, col;
        const char *says;
    } cases[] = {
        {DETECTION("  s: {kind: hti}\n  condition: s\n"), ERR_UNSUPPORTED, 5, 13, "hti"},
        {DETECTION("  s: {protocol: [modbus, dnp3]}\n  condition: s\n"), ERR_UNSUPPORTED, 5, 26,
         "dnp3"},
        {DETECTION("  s: {color: red}\n  condition: s\n"), ERR_UNSUPPORTED, 5, 7, "color"},
        {DETECTION("  s: {unit|contains: 1}\n  condition: s\n"), ERR_UNSUPPORTED, 5, 7, "contains"},
        {DETECTION("  s: {target.port: 70000}\n  condition: s\n"), ERR_RANGE, 5, 20, "70000"},
        {DETECTION("  s: {target.address: nowhere}\n  condition: s\n"), ERR_SYNTAX, 5, 23,
         "nowhere"},
        {DETECTION("  s: {target.sector: power}\n  condition: s\n"), ERR_UNSUPPORTED, 5, 22,
         "target.sector"},
        {DETECTION("  s: {kind: hit}\n  condition: s and\n"), ERR_SYNTAX, 6, 14, NULL},
        {DETECTION("  s: {kind: hit}\n  condition: (s\n"), ERR_SYNTAX, 6, 14, NULL},
        {DETECTION("  s: {kind: hit}\n  condition: t\n"), ERR_SYNTAX, 6, 14, NULL},
        {DETECTION("  s: {kind: hit}\n"), ERR_SCHEMA, 5, 3, "condition"},
        {"title: d\nname: d\nlogsource: {product: zeek, category: observation}\n"
         "detection: {s: {kind: hit}, condition: s}\n",
         ERR_UNSUPPORTED, 3, 22, "zeek"},
        {"title: d\nname: d\nflavour: mild\n" LOGSOURCE
         "detection: {s: {kind: hit}, condition: s}\n",
         ERR_SCHEMA, 3, 1, "flavour"},
        {GOOD_DETECTION "---\n" GOOD_DETECTION, ERR_EXISTS, 9, 7, "file.yaml:1"},
        {GOOD_DETECTION CORRELATION("  type: temporal_reversed\n" GOOD_REST), ERR_UNSUPPORTED, 11,
         9, "temporal_reversed"},
        {GOOD_DETECTION CORRELATION("  type: temporal_ordered\n" GOOD_REST), ERR_SCHEMA, 12, 10,
         "at least 2"},
        {TWO_DETECTIONS CORRELATION("  type: temporal\n  rules: [d, e]\n" GROUPED
                                    "  condition: {gte: 1}\n"),
         ERR_SCHEMA, 22, 3, "no condition"},
        {TWO_DETECTIONS CORRELATION("  type: temporal\n  rules: [d, d]\n" GROUPED), ERR_SCHEMA, 19,
         14, "twice"},
        {TWO_DETECTIONS CORRELATION(
             "  type: temporal\n  rules: [d, e]\n  aliases: {a: {d: source.address}}\n"
             "  group-by: [a]\n  timespan: 1m\n"),
         ERR_SCHEMA, 20, 16, "`e`"},
        {TWO_DETECTIONS CORRELATION("  type: temporal\n  rules: [d, e]\n"
                                    "  aliases: {a: {d: source.address, e: target.port}}\n"
                                    "  group-by: [a]\n  timespan: 1m\n"),
         ERR_SCHEMA, 20, 39, "different types"},
        {TWO_DETECTIONS CORRELATION(
             "  type: temporal\n  rules: [d, e]\n"
             "  aliases: {a: {d: source.address, f: target.port}}\n" GROUPED),
         ERR_SCHEMA, 20, 13, "nothing is grouped by"},
        {TWO_DETECTIONS CORRELATION("  type: event_count\n  rules: [c]\n" GROUPED
                                    "  condition: {gte: 1}\n"),
         ERR_SCHEMA, 19, 11, "made of itself"},
        {TWO_DETECTIONS CORRELATION(
             "  type: event_count\n  rules: [d]\n" GROUPED
             "  condition: {gte: 1}\n") "---\ntitle: o\nname: o\ncorrelation:\n"
                                        "  type: event_count\n  rules: [c]\n  group-by: "
                                        "[target.address]\n  timespan: 1m\n"
                                        "  condition: {gte: 2}\n",
         ERR_SCHEMA, 29, 14, "group"},
        {GOOD_DETECTION CORRELATION("  type: event_count\n" GOOD_REST "  condition: {gt: 1}\n"),
         ERR_SCHEMA, 15, 15, "gt"},
        {GOOD_DETECTION CORRELATION("  type: event_count\n" GOOD_REST "  condition: {gte: 0}\n"),
         ERR_RANGE, 15, 20, NULL},
        {GOOD_DETECTION CORRELATION("  type: value_count\n" GOOD_REST "  condition: {gte: 2}\n"),
         ERR_SCHEMA, 15, 14, "field"},
        {GOOD_DETECTION CORRELATION(
             "  type: event_count\n  rules: [e]\n  group-by: [source.address]\n"
             "  timespan: 1m\n  condition: {gte: 1}\n"),
         ERR_NOT_FOUND, 12, 11, "e"},
        {GOOD_DETECTION CORRELATION("  type: event_count\n  rules: [d]\n  group-by: [rule.tag]\n"
                                    "  timespan: 1m\n  condition: {gte: 1}\n"),
         ERR_UNSUPPORTED, 13, 14, "rule.tag"},
        {GOOD_DETECTION CORRELATION(
             "  type: event_count\n  rules: [d]\n  group-by: [source.address]\n"
             "  timespan: soon\n  condition: {gte: 1}\n"),
         ERR_SYNTAX, 14, 13, "soon"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct definitions *set = NULL;
        struct diags diags = {0};
        int error = load(&set, cases[i].text, NULL, &diags);
        if (error != cases[i].error || !diags.n || diags.items[0].pos.line != cases[i].line ||
            diags.items[0].pos.col != cases[i].col ||
            (cases[i].says && !strstr(diags.items[0].text, cases[i].says))) {
            diags_print(&diags, stdout);
            fail_msg("case %zu: %s, wanted %s at %u:%u", i, error_text(error),
                     error_text(cases[i].error), cases[i].line, cases[i].col);
        }
        definitions_destroy(set);
        diags_free(&diags);
    }
}

static void the_shipped_correlations_load(void **state)
{
    (void)state;
    struct definitions *set = NULL;
    struct diags diags = {0};
    size_t len;
    const char *text = definitions_shipped(&len);
    assert_int_equal(definitions_parse(&set, "(shipped)", text, len, &diags), 0);
    assert_int_equal(definitions_finish(set, NULL, &diags), 0);
    int command = definition_find(set, "plimsoll.control-command");
    int scan = definition_find(set, "plimsoll.selective-scan");
    assert_true(command >= 0 && scan >= 0);
    assert_int_equal(definition_find(set, "plimsoll.nothing"), -1);
    assert_int_equal(definition_type(set, (unsigned)command), CORRELATION_EVENT_COUNT);
    assert_int_equal(definition_threshold(set, (unsigned)command), 1);
    assert_int_equal(definition_timespan(set, (unsigned)command), 3600 * NS_PER_S);
    assert_int_equal(definition_type(set, (unsigned)scan), CORRELATION_VALUE_COUNT);
    assert_int_equal(definition_threshold(set, (unsigned)scan), 12);
    assert_int_equal(definition_timespan(set, (unsigned)scan), 600 * NS_PER_S);
    definitions_destroy(set);
}

static void the_digest_is_of_the_meaning_not_of_the_spelling(void **state)
{
    (void)state;
    static const char *const texts[] = {
        DETECTION("  s: {kind: hit}\n  condition: s\n"),
        "# a remark\n" DETECTION("  s:\n    kind: 'hit'\n  condition: \"s\"\n"),
        DETECTION("  s: {kind: log}\n  condition: s\n"),
    };
    uint8_t digest[3][SHA256_BYTES];
    for (int i = 0; i < 3; i++) {
        struct definitions *set = NULL;
        struct diags diags = {0};
        assert_int_equal(load(&set, texts[i], NULL, &diags), 0);
        assert_int_equal(diags.n, 0);
        definitions_digest(set, digest[i]);
        definitions_destroy(set);
    }
    assert_memory_equal(digest[0], digest[1], SHA256_BYTES);
    assert_memory_not_equal(digest[0], digest[2], SHA256_BYTES);
}

static bool has_tag(void *ctx, uint32_t sid, const char *tag)
{
    (void)ctx;
    return sid == 7 && strcmp(tag, "wiper") == 0;
}

/* a: sid 7 or 8; b: tagged; c: port 502. */
static void conditions_join_selections(void **state)
{
    (void)state;
    static const struct {
        const char *condition;
        bool wanted[4]; /* sid 7 port 502, sid 8 port 502, sid 7 port 80, sid 9 port 80 */
    } cases[] = {
        {"by_sid", {true, true, true, false}},
        {"by_tag", {true, false, true, false}},
        {"not by_sid", {false, false, false, true}},
        {"by_sid and not port", {false, false, true, false}},
        {"by_tag or port", {true, true, true, false}},
        {"by_sid and (port or by_tag)", {true, true, true, false}},
        {"not (by_sid and port)", {false, false, true, true}},
        {"by_tag or by_sid and port", {true, true, true, false}},
        {"not by_tag and port", {false, true, false, false}},
        {"1 of by_*", {true, true, true, false}},
        {"all of by_*", {true, false, true, false}},
        {"1 of them", {true, true, true, false}},
        {"all of them", {true, false, false, false}},
    };
    static const struct {
        uint32_t sid;
        uint16_t port;
    } hits[] = {{7, 502}, {8, 502}, {7, 80}, {9, 80}};
    struct tag_source tags = {.has_tag = has_tag};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct definitions *set = NULL;
        struct diags diags = {0};
        struct text text = {0};
        text_printf(&text, "%s%s\n%s",
                    DETECTION("  by_sid: {kind: hit, rule.sid: [8, 7]}\n"
                              "  by_tag: {kind: hit, rule.tag: wiper}\n"
                              "  port: {target.port: 502}\n"
                              "  condition: "),
                    cases[i].condition,
                    CORRELATION("  type: event_count\n" GOOD_REST "  condition: {gte: 1}\n"));
        int error = load(&set, text_str(&text), &tags, &diags);
        diags_print(&diags, stdout);
        assert_int_equal(error, 0);
        for (int h = 0; h < 4; h++) {
            struct observation obs = seen_at(0, 1, KIND_HIT, host(9, 1), host(1, 1));
            struct host_facts facts;
            struct group_key key;
            obs.rule_sid = hits[h].sid;
            obs.target_port = hits[h].port;
            host_lookup_of(NULL, &obs.source, &obs.target, &facts);
            if ((definition_match(set, 0, 0, &obs, &facts, &key) == 0) != cases[i].wanted[h])
                fail_msg("'%s' for hit %d", cases[i].condition, h);
        }
        definitions_destroy(set);
        text_free(&text);
    }
}

static const char *sector_name(void *ctx, uint8_t sector)
{
    (void)ctx;
    return sector == 1 ? "power" : "water";
}

static void a_key_is_its_fields_and_canonical_json(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct observation obs = seen_at(0, 1, KIND_COMMAND, host(9, 1), host(2, 1));
    struct host_facts facts;
    struct group_key key;
    struct text json = {0};
    host_lookup_of(&f.hosts, &obs.source, &obs.target, &facts);
    assert_int_equal(definition_match(f.definitions, BY_SECTOR, 0, &obs, &facts, &key), 0);
    assert_int_equal(key.len, 17);
    assert_memory_equal(key.bytes, obs.source.b, 16);
    assert_int_equal(key.bytes[16], 2);
    definition_key_json(f.definitions, BY_SECTOR, &key, sector_name, NULL, &json);
    assert_string_equal(text_str(&json),
                        "{\"source.address\":\"10.9.0.1\",\"target.sector\":\"water\"}");
    assert_int_equal(definition_match(f.definitions, MANY, 0, &obs, &facts, &key), -1);
    obs.target = host(3, 1); /* of no sector */
    host_lookup_of(&f.hosts, &obs.source, &obs.target, &facts);
    assert_int_equal(definition_match(f.definitions, BY_SECTOR, 0, &obs, &facts, &key), -1);
    text_free(&json);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_refused_by_name_at_their_place),
        cmocka_unit_test(the_shipped_correlations_load),
        cmocka_unit_test(the_digest_is_of_the_meaning_not_of_the_spelling),
        cmocka_unit_test(conditions_join_selections),
        cmocka_unit_test(a_key_is_its_fields_and_canonical_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
