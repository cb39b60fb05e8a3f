/* The judge: what is raised, what is not, how it is numbered and named, and what an entry holds. */
#include "correlate/judge.h"

#include "base/bytes.h"
#include "base/json.h"
#include "tests/unit/correlate/accord_fixture.h"

#define KEPT 32

static const char definitions_text[] =
    "title: Commands\n"
    "name: command\n"
    "logsource: {product: plimsoll, category: observation}\n"
    "detection:\n"
    "  selection: {kind: command}\n"
    "  condition: selection\n"
    "---\n"
    "title: Control commands from one source to one sector\n"
    "name: plimsoll.control-command\n"
    "correlation:\n"
    "  type: event_count\n"
    "  rules: [command]\n"
    "  group-by: [source.address, target.sector]\n"
    "  timespan: 1h\n"
    "  condition: {gte: 1}\n"
    "---\n"
    "title: Attempts\n"
    "name: attempt\n"
    "logsource: {product: plimsoll, category: observation}\n"
    "detection:\n"
    "  selection: {kind: attempt}\n"
    "  condition: selection\n"
    "---\n"
    "title: Many addresses touched by one source\n"
    "name: plimsoll.selective-scan\n"
    "correlation:\n"
    "  type: value_count\n"
    "  rules: [attempt]\n"
    "  group-by: [source.address]\n"
    "  timespan: 10m\n"
    "  condition: {field: target.address, gte: 12}\n"
    "---\n"
    "title: Sessions\n"
    "name: session\n"
    "logsource: {product: plimsoll, category: observation}\n"
    "detection:\n"
    "  selection: {kind: session}\n"
    "  condition: selection\n"
    "---\n"
    "title: Somebody comes in, and a command goes out\n"
    "name: plimsoll.remote-session-into-operator\n"
    "correlation:\n"
    "  type: temporal_ordered\n"
    "  rules: [session, command]\n"
    "  aliases:\n"
    "    station: {session: target.address, command: source.address}\n"
    "  group-by: [station]\n"
    "  timespan: 1h\n";

/* What the sink was told, copied. */
struct told {
    bool raised, open;
    char id[24], line[16], sector[16], headline[48], gate[24], assets[64];
    uint32_t revision;
    int severity;
    enum outcome outcome;
    uint64_t count;
    unsigned n_assets;
    json_t *entry;
};

struct scene {
    struct fixture fixture;
    struct accord *accord;
    struct definitions *definitions;
    struct judge *judge;
    struct told told[KEPT];
    unsigned n;
    struct {
        int64_t from, to;
        json_t *entry;
        char id[48];
    } coverage[KEPT];
    unsigned n_coverage;
    struct revision revision;
    struct judge_policy policy;
    int64_t t;
};

enum { CSIRT_PORTAL, HOSPITAL_3, PUMPING_2, SUBSTATION_7 };

/* Every value must be in canonical form, and the entry complete. What was not raised is never
 * sealed and has revision 0; its fields are complete all the same. */
static json_t *entry_json(const struct entry_draft *draft)
{
    struct diags diags = {0};
    json_t *object = json_object();
    struct entry_draft sealed = *draft;
    sealed.revision += sealed.revision == 0;
    int error = entry_check(&sealed, &diags);
    diags_print(&diags, stderr);
    assert_int_equal(error, 0);
    diags_free(&diags);
    for (size_t i = 0; i < draft->n; i++) {
        struct text canonical = {0};
        json_t *value =
            json_loadb(draft->fields[i].value, draft->fields[i].value_len, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        assert_int_equal(jcs_append(&canonical, value), 0);
        assert_int_equal(canonical.len, draft->fields[i].value_len);
        assert_memory_equal(canonical.data, draft->fields[i].value, canonical.len);
        text_free(&canonical);
        json_object_set_new(object, draft->fields[i].name, value);
    }
    return object;
}

static void on_judged(void *ctx, const struct judged *judged)
{
    struct scene *s = ctx;
    assert_true(s->n < KEPT);
    struct told *t = &s->told[s->n++];
    t->raised = judged->raised;
    t->open = judged->open;
    t->revision = judged->revision;
    t->severity = judged->severity;
    t->outcome = judged->outcome;
    t->count = judged->count;
    t->n_assets = judged->n_assets;
    snprintf(t->id, sizeof t->id, "%s", judged->id);
    snprintf(t->line, sizeof t->line, "%s", judged->line);
    snprintf(t->sector, sizeof t->sector, "%s", judged->sector);
    snprintf(t->headline, sizeof t->headline, "%s", judged->headline);
    for (unsigned i = 0; i < judged->n_assets; i++)
        snprintf(t->assets + strlen(t->assets), sizeof t->assets - strlen(t->assets), "%s ",
                 judged->assets[i]);
    for (unsigned i = 0; i < judged->n_gates; i++)
        if (judged->gates[i].result != GATE_HELD && !t->gate[0])
            snprintf(t->gate, sizeof t->gate, "%s", judged->gates[i].name);
    assert_string_equal(judged->entry.id, judged->id);
    assert_int_equal(judged->entry.revision, judged->revision);
    t->entry = entry_json(&judged->entry);
}

static void on_coverage(void *ctx, const struct judged_coverage *coverage)
{
    struct scene *s = ctx;
    s->coverage[s->n_coverage].from = coverage->from_ns;
    s->coverage[s->n_coverage].to = coverage->to_ns;
    snprintf(s->coverage[s->n_coverage].id, sizeof s->coverage[0].id, "%s", coverage->entry.id);
    s->coverage[s->n_coverage++].entry = entry_json(&coverage->entry);
}

static void create_judge(struct scene *s, const char *incident_key)
{
    s->policy = (struct judge_policy){.accord = s->accord,
                                      .definitions = s->definitions,
                                      .update_ns = NS_PER_S,
                                      .digest = {1, 2, 3}};
    struct judge_config config = {
        .policies = &s->policy,
        .n_policies = 1,
        .incident_key = (const uint8_t *)incident_key,
        .sink = {.ctx = s, .judged = on_judged, .coverage = on_coverage},
    };
    if (s->judge)
        judge_destroy(s->judge);
    assert_int_equal(judge_create(&s->judge, &config, &s->fixture.diags), 0);
}

#define KEY_1 "0123456789abcdef0123456789abcdef"
#define KEY_2 "1123456789abcdef0123456789abcdef"

static int start(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    fixture_start(&s->fixture);
    assert_int_equal(accord_load(&s->accord, in_fixture(&s->fixture, "example-grid.yaml"), "amber",
                                 &s->fixture.diags),
                     0);
    int error = definitions_parse(&s->definitions, "test", definitions_text,
                                  strlen(definitions_text), &s->fixture.diags);
    if (!error)
        error = definitions_finish(s->definitions, NULL, &s->fixture.diags);
    diags_print(&s->fixture.diags, stderr);
    assert_int_equal(error, 0);
    time_parse("2026-03-01", &s->t);
    create_judge(s, KEY_1);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < s->n; i++)
        json_decref(s->told[i].entry);
    for (unsigned i = 0; i < s->n_coverage; i++)
        json_decref(s->coverage[i].entry);
    judge_destroy(s->judge);
    definitions_destroy(s->definitions);
    accord_destroy(s->accord);
    fixture_end(&s->fixture);
    free(s);
    return 0;
}

/* A revision of the incident of one source under a correlation; change it, then take it. */
static struct revision *revision_of(struct scene *s, const char *correlation, const char *source,
                                    enum revision_why why, uint32_t number)
{
    struct revision *r = &s->revision;
    int definition = definition_find(s->definitions, correlation);
    assert_true(definition >= 0);
    *r = (struct revision){.kind = REVISION_INCIDENT,
                           .why = (uint8_t)why,
                           .definition = (uint16_t)definition,
                           .number = number,
                           .first_ns = s->t,
                           .last_ns = s->t + number,
                           .count = number,
                           .time_error_ns = 1000,
                           .time_source = TIME_SOURCE_CAPTURE_STATED,
                           .n_sources = 1,
                           .sources_total = 1};
    r->order.t = s->t + number;
    assert_int_equal(address_parse(source, &r->sources[0]), 0);
    r->key.len = 16;
    memcpy(r->key.bytes, r->sources[0].b, 16);
    return r;
}

static void touch(struct revision *r, uint16_t asset, enum outcome all, enum outcome two_way,
                  uint32_t addresses)
{
    r->assets[r->n_assets++] = (struct revision_asset){.asset = asset,
                                                       .outcome = {(uint8_t)all, (uint8_t)two_way},
                                                       .first_ns = {r->first_ns, r->first_ns},
                                                       .last_ns = {r->last_ns, r->last_ns},
                                                       .two_way = two_way != OUTCOME_SEEN,
                                                       .count = addresses,
                                                       .addresses = addresses};
    r->assets_total++;
}

static struct revision *command(struct scene *s, const char *source, uint16_t asset,
                                enum outcome all, enum outcome two_way, enum revision_why why,
                                uint32_t number)
{
    const struct asset *assets;
    accord_assets(s->accord, &assets);
    struct revision *r = revision_of(s, "plimsoll.control-command", source, why, number);
    r->protocols = 1u << PROTOCOL_MODBUS;
    r->key.bytes[r->key.len++] = assets[asset].sector;
    touch(r, asset, all, two_way, 1);
    return r;
}

static const char *string_of(const struct told *t, const char *field, const char *member)
{
    const json_t *value = json_object_get(t->entry, field);
    return json_string_value(member ? json_object_get(value, member) : value);
}

static void foreign_command_is_raised_with_all_its_fields(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    assert_int_equal(s->n, 1);
    const struct told *t = &s->told[0];
    assert_true(t->raised && t->open);
    assert_int_equal(t->revision, 1);
    assert_string_equal(t->line, "control");
    assert_string_equal(t->sector, "power");
    assert_string_equal(t->headline, "address");
    assert_string_equal(t->assets, "substation-7 ");
    assert_int_equal(t->severity, 75);
    assert_int_equal(strlen(t->id), 18);
    assert_int_equal(strspn(t->id + 2, "abcdefghijklmnopqrstuvwxyz234567"), 16);
    assert_string_equal(string_of(t, "statement", NULL),
                        "This records the observable of line control. It makes no statement on the "
                        "responsibility of any State.");
    assert_string_equal(string_of(t, "gates", "operator"), "held");
    assert_string_equal(string_of(t, "clock", "error_ns"), "1000");
    assert_string_equal(string_of(t, "first", NULL), "1772323200000000000");
    assert_string_equal(string_of(t, "norm", "para"), "13(f)");
    assert_string_equal(string_of(t, "accord", "id"), "example-grid");
    assert_string_equal(string_of(t, "state", NULL), "candidate");
    assert_string_equal(json_string_value(json_array_get(json_object_get(t->entry, "sources"), 0)),
                        "203.0.113.9");
    assert_string_equal(json_string_value(json_array_get(json_object_get(t->entry, "protocol"), 0)),
                        "modbus");
    const json_t *severity = json_object_get(t->entry, "severity");
    assert_int_equal(json_integer_value(json_object_get(severity, "score")), 75);
    assert_int_equal(json_array_size(json_object_get(severity, "sum")), 2);
}

static void operators_own_commands_are_not_raised(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "10.20.1.10", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    assert_int_equal(s->n, 1);
    assert_false(s->told[0].raised);
    assert_int_equal(s->told[0].revision, 0);
    assert_string_equal(s->told[0].gate, "operator");
    assert_string_equal(s->told[0].assets, "substation-7 ");
}

/* What a pivot's incident holds is raised by the line whose operator gate excepts it. */
static void a_pivot_is_raised_under_its_own_name(void **state)
{
    struct scene *s = *state;
    struct revision *r =
        revision_of(s, "plimsoll.remote-session-into-operator", "203.0.113.9", REVISION_OPENED, 1);
    struct address station;
    assert_int_equal(address_parse("10.20.1.10", &station), 0);
    memcpy(r->key.bytes, station.b, 16);
    r->sources[1] = station;
    r->n_sources = r->sources_total = 2;
    touch(r, SUBSTATION_7, OUTCOME_COMPLETED, OUTCOME_COMPLETED, 1);
    judge_take(s->judge, r);
    assert_int_equal(s->n, 1);
    assert_true(s->told[0].raised);
    assert_string_equal(s->told[0].line, "control");
    assert_string_equal(string_of(&s->told[0], "act", NULL),
                        "plimsoll.remote-session-into-operator");
    assert_int_equal(json_array_size(json_object_get(s->told[0].entry, "sources")), 2);
}

static void one_sided_command_is_not_raised(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED, OUTCOME_SEEN,
                                 REVISION_OPENED, 1));
    assert_false(s->told[0].raised);
    assert_string_equal(s->told[0].gate, "two-way-contact");
    assert_string_equal(s->told[0].headline, "undetermined");
}

static void outcome_is_what_two_way_contact_showed(void **state)
{
    struct scene *s = *state;
    /* Something completed without two-way contact; with it, a refusal. */
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED, OUTCOME_REFUSED,
                                 REVISION_OPENED, 1));
    assert_true(s->told[0].raised);
    assert_int_equal(s->told[0].outcome, OUTCOME_REFUSED);
    assert_int_equal(s->told[0].severity, 25);
}

static void times_are_of_what_counts_for_the_line_and_the_sector(void **state)
{
    struct scene *s = *state;
    /* Without two-way contact it began a second earlier, and went on a second longer. */
    struct revision *r = command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED, OUTCOME_REFUSED,
                                 REVISION_OPENED, 1);
    r->assets[0].first_ns[0] = s->t - NS_PER_S;
    r->assets[0].last_ns[0] = s->t + NS_PER_S;
    r->assets[0].first_ns[1] = s->t + 1;
    r->assets[0].last_ns[1] = s->t + 2;
    judge_take(s->judge, r);
    assert_string_equal(string_of(&s->told[0], "first", NULL), "1772323200000000001");
    assert_string_equal(string_of(&s->told[0], "last", NULL), "1772323200000000002");

    /* A line that does not ask for contact takes all, but of its sector only. */
    r = revision_of(s, "plimsoll.selective-scan", "203.0.113.9", REVISION_OPENED, 1);
    touch(r, SUBSTATION_7, OUTCOME_SEEN, OUTCOME_REFUSED, 6);
    touch(r, PUMPING_2, OUTCOME_SEEN, OUTCOME_SEEN, 6);
    r->assets[0].first_ns[0] = s->t + 3;
    r->assets[0].last_ns[0] = s->t + 4;
    r->assets[1].first_ns[0] = s->t;
    r->assets[1].last_ns[0] = s->t + 5;
    r->targets = r->targets_monitored = 12;
    judge_take(s->judge, r);
    assert_int_equal(s->n, 3);
    assert_string_equal(string_of(&s->told[1], "sector", NULL), "power");
    assert_string_equal(string_of(&s->told[1], "first", NULL), "1772323200000000003");
    assert_string_equal(string_of(&s->told[1], "last", NULL), "1772323200000000004");
    assert_string_equal(string_of(&s->told[2], "first", NULL), "1772323200000000000");
    assert_string_equal(string_of(&s->told[2], "last", NULL), "1772323200000000005");
}

static void command_to_what_no_line_protects_makes_no_unit(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "203.0.113.9", HOSPITAL_3, OUTCOME_COMPLETED, OUTCOME_COMPLETED,
                                 REVISION_OPENED, 1));
    assert_int_equal(s->n, 0);
}

static void source_in_declared_network_is_a_fact_with_low_confidence(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "198.51.100.7", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    assert_string_equal(s->told[0].headline, "address in declared network");
    assert_string_equal(string_of(&s->told[0], "origin", "confidence"), "low");
    const json_t *facts = json_object_get(json_object_get(s->told[0].entry, "origin"), "facts");
    assert_int_equal(json_array_size(facts), 2);
}

static void revisions_are_numbered_and_said_only_when_something_is_new(void **state)
{
    struct scene *s = *state;
    struct revision *r = command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_REFUSED, OUTCOME_REFUSED,
                                 REVISION_OPENED, 1);
    judge_take(s->judge, r);
    r->why = REVISION_BOUNDARY; /* nothing but the reason differs */
    r->number = 2;
    judge_take(s->judge, r);
    assert_int_equal(s->n, 1);
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_ESCALATED, 3));
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_CLOSED, 4));
    assert_int_equal(s->n, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(s->told[i].revision, i + 1);
        assert_string_equal(s->told[i].id, s->told[0].id);
    }
    assert_true(s->told[1].open);
    assert_false(s->told[2].open);
}

static void incident_not_raised_at_first_can_be_raised_later_under_its_id(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_SEEN, OUTCOME_SEEN,
                                 REVISION_OPENED, 1));
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_ESCALATED, 2));
    assert_int_equal(s->n, 2);
    assert_false(s->told[0].raised);
    assert_true(s->told[1].raised);
    assert_int_equal(s->told[1].revision, 1);
    assert_string_equal(s->told[0].id, s->told[1].id);
}

/* A correlation that groups by target makes an incident of each. */
static void split_by_target(struct scene *s)
{
    struct text finer = {0};
    const char *sector = strstr(definitions_text, "target.sector");
    text_printf(&finer, "%.*starget.address%s", (int)(sector - definitions_text), definitions_text,
                sector + strlen("target.sector"));
    definitions_destroy(s->definitions);
    s->definitions = NULL;
    assert_int_equal(
        definitions_parse(&s->definitions, "test", text_str(&finer), finer.len, &s->fixture.diags),
        0);
    assert_int_equal(definitions_finish(s->definitions, NULL, &s->fixture.diags), 0);
    text_free(&finer);
    create_judge(s, KEY_1);
}

static struct revision *command_to(struct scene *s, uint8_t target, enum revision_why why,
                                   uint32_t number)
{
    struct revision *r =
        command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED, OUTCOME_COMPLETED, why, number);
    r->key.len = 32; /* the target's address stands where the sector did */
    r->key.bytes[16] = 0;
    r->key.bytes[31] = target;
    r->targets = r->n_targets = 1;
    r->sample[0] = address_v4((const uint8_t[4]){10, 20, 1, target});
    return r;
}

/* The incidents of one source are one finding. */
static void a_campaign_is_one_finding(void **state)
{
    struct scene *s = *state;
    split_by_target(s);
    for (uint8_t target = 1; target <= 4; target++)
        judge_take(s->judge, command_to(s, target, REVISION_OPENED, 1));
    /* Said when it opened and when it had doubled: with one, two and four incidents. */
    assert_int_equal(s->n, 3);
    for (unsigned i = 0; i < s->n; i++) {
        assert_string_equal(s->told[i].id, s->told[0].id);
        assert_int_equal(s->told[i].revision, i + 1);
        assert_int_equal(s->told[i].count, 1u << i);
    }
    assert_int_equal(judge_counters(s->judge).joined, 4);
}

/* When there is no room for campaigns an incident stands for itself, and has the key that the
 * campaign of such an incident had. */
static void a_campaign_and_an_incident_of_its_key_are_told_apart(void **state)
{
    struct scene *s = *state;
    split_by_target(s);
    judge_take(s->judge, command_to(s, 1, REVISION_OPENED, 1));
    judge_take(s->judge, command_to(s, 1, REVISION_CLOSED, 2));
    assert_int_equal(s->n, 2);
    for (uint32_t n = 1; judge_counters(s->judge).campaigns_full == 0; n++) {
        struct revision *r = command_to(s, 1, REVISION_OPENED, 1);
        r->n_assets = r->assets_total = 0; /* so that nothing is said of it */
        store_be32(r->key.bytes, n);       /* of another source */
        judge_take(s->judge, r);
    }
    judge_take(s->judge, command_to(s, 1, REVISION_OPENED, 1));
    assert_int_equal(judge_counters(s->judge).campaigns_full, 2);
    assert_int_equal(s->n, 3);
    assert_string_equal(s->told[0].id, s->told[1].id);
    assert_string_not_equal(s->told[0].id, s->told[2].id);
    assert_int_equal(s->told[2].revision, 1);
}

static void ids_differ_by_key_source_sector_time_and_tie(void **state)
{
    struct scene *s = *state;
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    judge_take(s->judge, command(s, "203.0.113.10", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    judge_take(s->judge, command(s, "203.0.113.9", PUMPING_2, OUTCOME_COMPLETED, OUTCOME_COMPLETED,
                                 REVISION_OPENED, 1));
    /* The same key again: another incident, first at the same nanosecond (a tie), then at another.
     */
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    s->t++;
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    s->t--;
    create_judge(s, KEY_2);
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    assert_int_equal(s->n, 6);
    for (unsigned i = 0; i < 6; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(s->told[i].id, s->told[j].id);
    /* And are the same in another run. */
    create_judge(s, KEY_1);
    judge_take(s->judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1));
    assert_string_equal(s->told[6].id, s->told[0].id);
    assert_true(json_equal(s->told[6].entry, s->told[0].entry));
}

/* The id, from its definition: nothing of the judge but the words of the accord. */
static void id_is_a_keyed_digest_of_what_the_unit_is(void **state)
{
    struct scene *s = *state;
    static const char input[] = "[\"plimsoll.selective-scan\",{\"line\":\"recon\",\"sector\":"
                                "\"power\",\"source.address\":\"203.0.113.9\"},"
                                "\"1772323200000000000\",0]";
    uint8_t mac[SHA256_BYTES];
    char digits[64], wanted[24];
    hmac_sha256(mac, (const uint8_t *)KEY_1, 32, input, strlen(input));
    base32_lower(digits, mac, sizeof mac);
    snprintf(wanted, sizeof wanted, "f-%.16s", digits);
    struct revision *r =
        revision_of(s, "plimsoll.selective-scan", "203.0.113.9", REVISION_OPENED, 1);
    touch(r, SUBSTATION_7, OUTCOME_SEEN, OUTCOME_SEEN, 12);
    judge_take(s->judge, r);
    assert_string_equal(s->told[0].id, wanted);
}

static void scan_is_split_by_sector(void **state)
{
    struct scene *s = *state;
    struct revision *r =
        revision_of(s, "plimsoll.selective-scan", "203.0.113.9", REVISION_OPENED, 1);
    touch(r, SUBSTATION_7, OUTCOME_SEEN, OUTCOME_SEEN, 6);
    touch(r, HOSPITAL_3, OUTCOME_SEEN, OUTCOME_SEEN, 5);
    touch(r, PUMPING_2, OUTCOME_SEEN, OUTCOME_SEEN, 4);
    touch(r, CSIRT_PORTAL, OUTCOME_SEEN, OUTCOME_SEEN, 1);
    r->targets = r->targets_monitored = 16;
    r->count = 16;
    judge_take(s->judge, r);
    assert_int_equal(s->n, 3);
    static const struct {
        const char *sector, *assets;
        unsigned count;
        int severity;
    } wanted[] = {{"power", "substation-7 ", 6, 11},
                  {"water", "pumping-2 ", 4, 11},
                  {"health", "hospital-3 ", 5, 11}};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(s->told[i].raised);
        assert_string_equal(s->told[i].line, "recon");
        assert_string_equal(s->told[i].sector, wanted[i].sector);
        assert_string_equal(s->told[i].assets, wanted[i].assets);
        assert_int_equal(s->told[i].count, wanted[i].count);
        assert_int_equal(s->told[i].severity, wanted[i].severity);
    }
    assert_non_null(strstr(string_of(&s->told[0], "gates-why", "selectivity"), "15 of 16"));
}

/* What one source did elsewhere is no part of what is said of an asset. */
static void only_what_met_the_assets_counts(void **state)
{
    struct scene *s = *state;
    struct revision *r = command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1);
    r->count = 100; /* 99 of them to hosts of the sector that are no asset */
    judge_take(s->judge, r);
    assert_int_equal(s->told[0].count, 1);
}

static void sweep_over_everything_is_not_raised(void **state)
{
    struct scene *s = *state;
    struct revision *r =
        revision_of(s, "plimsoll.selective-scan", "203.0.113.9", REVISION_OPENED, 1);
    touch(r, SUBSTATION_7, OUTCOME_SEEN, OUTCOME_SEEN, 256);
    r->targets = r->targets_monitored = 65536;
    judge_take(s->judge, r);
    assert_int_equal(s->n, 1);
    assert_false(s->told[0].raised);
    assert_string_equal(s->told[0].gate, "selectivity");
}

static void unknown_clock_is_not_decidable_and_recorded(void **state)
{
    struct scene *s = *state;
    struct revision *r = command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1);
    r->time_error_ns = TIME_ERROR_UNKNOWN;
    judge_take(s->judge, r);
    assert_false(s->told[0].raised);
    assert_string_equal(string_of(&s->told[0], "gates", "clock-error"), "not-decidable");
    assert_string_equal(string_of(&s->told[0], "gates", "operator"), "held");
    assert_true(
        json_is_null(json_object_get(json_object_get(s->told[0].entry, "clock"), "error_ns")));
}

/* Coverage. */

static void cover(struct scene *s, int64_t from, uint16_t asset, uint64_t seen)
{
    struct revision r = {.kind = REVISION_COVERAGE,
                         .first_ns = from,
                         .last_ns = from + 300 * NS_PER_S,
                         .coverage_asset = asset,
                         .coverage = {seen}};
    r.order.t = r.last_ns;
    judge_take(s->judge, &r);
}

static int64_t seen_by(const json_t *entry, size_t place, const char **id)
{
    const json_t *asset = json_array_get(json_object_get(entry, "assets"), place);
    *id = json_string_value(json_object_get(asset, "id"));
    assert_int_equal(json_object_size(json_object_get(asset, "counts")), COVERAGE_COUNT);
    return json_integer_value(json_object_get(json_object_get(asset, "counts"), "seen"));
}

static void interval_is_one_entry_with_every_asset(void **state)
{
    struct scene *s = *state;
    const char *id;
    cover(s, s->t, SUBSTATION_7, 7);
    cover(s, s->t, HOSPITAL_3, 5);
    cover(s, s->t, SUBSTATION_7, 2);
    assert_int_equal(s->n_coverage, 0);
    cover(s, s->t + 300 * NS_PER_S, HOSPITAL_3, 1);
    assert_int_equal(s->n_coverage, 1);
    assert_int_equal(s->coverage[0].from, s->t);
    assert_int_equal(s->coverage[0].to, s->t + 300 * NS_PER_S);
    assert_string_equal(s->coverage[0].id, "coverage-1772323200000000000");
    assert_int_equal(json_array_size(json_object_get(s->coverage[0].entry, "assets")), 4);
    assert_int_equal(seen_by(s->coverage[0].entry, 0, &id), 0);
    assert_string_equal(id, "csirt-portal");
    assert_int_equal(seen_by(s->coverage[0].entry, 1, &id), 5);
    assert_int_equal(seen_by(s->coverage[0].entry, 3, &id), 9);
    assert_string_equal(id, "substation-7");
    judge_end(s->judge);
    assert_int_equal(s->n_coverage, 2);
    assert_int_equal(seen_by(s->coverage[1].entry, 1, &id), 1);
    assert_int_equal(seen_by(s->coverage[1].entry, 3, &id), 0);
    judge_end(s->judge);
    assert_int_equal(s->n_coverage, 2);
}

static void anything_later_completes_an_interval(void **state)
{
    struct scene *s = *state;
    cover(s, s->t, SUBSTATION_7, 7);
    struct revision *r = command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED,
                                 OUTCOME_COMPLETED, REVISION_OPENED, 1);
    r->order.t = s->t + 300 * NS_PER_S;
    judge_take(s->judge, r);
    assert_int_equal(s->n_coverage, 0);
    r->order.t += 2;
    judge_take(s->judge, r);
    assert_int_equal(s->n_coverage, 1);
    /* What comes for it now is too late, and counted. */
    cover(s, s->t, HOSPITAL_3, 1);
    judge_end(s->judge);
    assert_int_equal(s->n_coverage, 1);
    assert_int_equal(judge_counters(s->judge).coverage_late, 1);
}

static void without_an_accord_nothing_is_judged(void **state)
{
    struct scene *s = *state;
    struct judge_policy policy = {.definitions = s->definitions};
    struct judge_config config = {.policies = &policy,
                                  .n_policies = 1,
                                  .incident_key = (const uint8_t *)KEY_1,
                                  .sink = {.ctx = s, .judged = on_judged, .coverage = on_coverage}};
    struct judge *judge;
    assert_int_equal(judge_create(&judge, &config, &s->fixture.diags), 0);
    judge_take(judge, command(s, "203.0.113.9", SUBSTATION_7, OUTCOME_COMPLETED, OUTCOME_COMPLETED,
                              REVISION_OPENED, 1));
    judge_end(judge);
    assert_int_equal(s->n, 0);
    assert_int_equal(judge_counters(judge).revisions, 1);
    judge_destroy(judge);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(foreign_command_is_raised_with_all_its_fields),
        TEST(operators_own_commands_are_not_raised),
        TEST(a_pivot_is_raised_under_its_own_name),
        TEST(one_sided_command_is_not_raised),
        TEST(outcome_is_what_two_way_contact_showed),
        TEST(times_are_of_what_counts_for_the_line_and_the_sector),
        TEST(command_to_what_no_line_protects_makes_no_unit),
        TEST(source_in_declared_network_is_a_fact_with_low_confidence),
        TEST(revisions_are_numbered_and_said_only_when_something_is_new),
        TEST(incident_not_raised_at_first_can_be_raised_later_under_its_id),
        TEST(a_campaign_is_one_finding),
        TEST(a_campaign_and_an_incident_of_its_key_are_told_apart),
        TEST(ids_differ_by_key_source_sector_time_and_tie),
        TEST(id_is_a_keyed_digest_of_what_the_unit_is),
        TEST(scan_is_split_by_sector),
        TEST(only_what_met_the_assets_counts),
        TEST(sweep_over_everything_is_not_raised),
        TEST(unknown_clock_is_not_decidable_and_recorded),
        TEST(interval_is_one_entry_with_every_asset),
        TEST(anything_later_completes_an_interval),
        TEST(without_an_accord_nothing_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
