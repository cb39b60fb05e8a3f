/* The judge. Incidents that make one campaign are summed up (correlate/campaign.h); each is split
 * into units of (line, sector); each unit is judged by its line's gates, and raised or not. The
 * state kept for a unit is what numbering needs, nothing that was said before.
 *
 * A unit's id is keyed and made from what it is about: the correlation, its key with line and
 * sector, the time of the first act as it was known at the first judgement, and a tie that counts
 * the units which agree in the other three, that is incidents of one key that began in the same
 * nanosecond.
 *
 * Room for units is bounded. When it is used up, units whose incident has closed are forgotten; a
 * unit that finds no room even so is not judged, and counted.
 */
#include "correlate/judge_parts.h"

#include "base/error.h"
#include "base/json.h"
#include "base/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNITS_MAX 65536
#define ID_DIGITS 16
#define ID_ROOM   (2 + ID_DIGITS + 1)

/* One clause of the accord. */
struct watch {
    const struct accord_line *line;
    const struct match_clause *clause;
    int definition; /* -1: not in this build, so that nothing can come; accord check says so */
    int pivot;      /* the correlation that is the operator gate's exception, -1: none */
    struct selectivity_space space;
};

struct unit_key {
    uint16_t watch;
    uint8_t sector, campaign; /* campaign: 1 when it is one, and the key its first incident's */
    struct group_key group;
} __attribute__((packed));

struct unit_state {
    char id[ID_ROOM];
    int64_t first_ns;       /* as in the id */
    uint32_t tie, revision; /* revision: raised so far */
    bool closed, reported, raised;
    uint8_t content[SHA256_BYTES]; /* of what was reported last */
};

struct judge {
    struct judge_config config;
    const struct judge_policy *policy; /* in force */
    struct watch *watches;
    unsigned n_watches;
    struct campaigns *campaigns;
    struct table *units;
    struct coverage_interval coverage;
    struct judgement judgement; /* scratch, large */
    struct entry_fields fields;
    const char *asset_ids[REVISION_ASSETS];
    struct judge_counters counters;
};

static int add_watches(struct judge *j, const struct accord_line *line)
{
    for (unsigned i = 0; i < line->n_clauses; i++) {
        const struct match_clause *clause = &line->clauses[i];
        struct watch *grown = realloc(j->watches, (j->n_watches + 1) * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        j->watches = grown;
        struct watch *watch = &grown[j->n_watches];
        *watch = (struct watch){
            .line = line,
            .clause = clause,
            .definition = definition_find(j->policy->definitions, clause->correlation),
            .pivot = -1,
        };
        const struct gate *station = gates_demand(clause, GATE_OPERATOR);
        if (station && station->unless)
            watch->pivot = definition_find(j->policy->definitions, station->unless);
        if (selectivity_space_init(&watch->space, j->policy->accord, line))
            return ERR_NOMEM;
        j->n_watches++;
    }
    return 0;
}

static uint64_t hash_seed(const uint8_t *incident_key)
{
    uint8_t seed[SHA256_BYTES];
    uint64_t out;
    hmac_sha256(seed, incident_key, 32, "plimsoll-judge-units", 20);
    memcpy(&out, seed, sizeof out);
    return out;
}

static void drop_watches(struct judge *j)
{
    for (unsigned i = 0; i < j->n_watches; i++)
        selectivity_space_free(&j->watches[i].space);
    free(j->watches);
    j->watches = NULL;
    j->n_watches = 0;
}

/* adopt: judge by this policy from here on. Without an accord there is nothing to watch. */
static int adopt(struct judge *j, const struct judge_policy *policy)
{
    bool anew = !j->policy || !policy->same_accord;
    const struct accord_line *lines;
    int error = 0;
    j->policy = policy;
    drop_watches(j);
    if (anew) {
        coverage_free(&j->coverage);
        table_clear(j->units);
        campaigns_clear(j->campaigns);
    }
    if (!policy->accord)
        return 0;
    campaigns_adopt(j->campaigns, policy->definitions, accord_hosts(policy->accord),
                    policy->update_ns);
    if (anew)
        error = coverage_init(&j->coverage, policy->accord);
    unsigned n = accord_lines(policy->accord, &lines);
    for (unsigned i = 0; i < n && !error; i++)
        error = add_watches(j, &lines[i]);
    return error;
}

int judge_create(struct judge **out, const struct judge_config *config, struct diags *diags)
{
    struct judge *j = calloc(1, sizeof *j);
    *out = NULL;
    if (!j)
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL, "no memory for the judge");
    j->config = *config;
    uint64_t seed = hash_seed(config->incident_key);
    j->units = table_create(UNITS_MAX, sizeof(struct unit_key), sizeof(struct unit_state), seed);
    j->campaigns = campaigns_create(seed);
    int error = j->units && j->campaigns ? adopt(j, &config->policies[0]) : ERR_NOMEM;
    if (error) {
        judge_destroy(j);
        return diag_error(diags, error, diag_file(NULL), NULL, "no memory for the judge");
    }
    *out = j;
    return 0;
}

void judge_destroy(struct judge *j)
{
    if (!j)
        return;
    drop_watches(j);
    if (j->units)
        table_destroy(j->units);
    campaigns_destroy(j->campaigns);
    coverage_free(&j->coverage);
    entry_fields_free(&j->fields);
    free(j);
}

struct judge_counters judge_counters(const struct judge *j)
{
    struct judge_counters counters = j->counters;
    struct campaign_counters campaigns = campaign_counters(j->campaigns);
    counters.coverage_late = j->coverage.late;
    counters.joined = campaigns.joined;
    counters.campaigns_full = campaigns.no_room;
    counters.targets_lost = campaigns.targets_lost;
    return counters;
}

/* Identity. */

static const char *sector_name(void *ctx, uint8_t sector)
{
    return accord_sector_name(ctx, sector);
}

/* The input of the id: [correlation, key, first time, tie] in canonical form. */
static int id_input(const struct judge *j, const struct unit *unit, const struct unit_state *state,
                    struct text *out)
{
    struct text key = {0}, first = {0};
    definition_key_json(j->policy->definitions, unit->revision->definition, &unit->revision->key,
                        sector_name, (void *)(uintptr_t)j->policy->accord, &key);
    text_printf(&first, "%" PRId64, state->first_ns);
    json_t *object = json_loadb(text_str(&key), key.len, 0, NULL);
    json_t *input = object ? json_pack("[s, O, s, I]", unit->correlation, object, text_str(&first),
                                       (json_int_t)state->tie)
                           : NULL;
    int error = input ? json_object_set_new(object, "line", json_string(unit->line->id)) |
                            json_object_set_new(
                                object, "sector",
                                json_string(accord_sector_name(j->policy->accord, unit->sector)))
                      : ERR_NOMEM;
    if (!error)
        error = jcs_append(out, input);
    json_decref(input);
    json_decref(object);
    text_free(&key);
    text_free(&first);
    return error || out->failed ? ERR_NOMEM : 0;
}

static int make_id(const struct judge *j, const struct unit *unit, struct unit_state *state)
{
    struct text input = {0};
    uint8_t mac[SHA256_BYTES];
    char digits[(SHA256_BYTES * 8 + 4) / 5 + 1];
    int error = id_input(j, unit, state, &input);
    hmac_sha256(mac, j->config.incident_key, 32, text_str(&input), input.len);
    base32_lower(digits, mac, sizeof mac);
    snprintf(state->id, sizeof state->id, "f-%.*s", ID_DIGITS, digits);
    text_free(&input);
    return error;
}

/* forget_closed: make room. What is forgotten does not depend on the order of slots: it is all of
 * them. */
static void forget_closed(struct judge *j)
{
    const void *key;
    void *value;
    struct unit_key *keys = malloc(UNITS_MAX * sizeof *keys);
    size_t cursor = 0, n = 0;
    while (keys && n < UNITS_MAX && table_next(j->units, &cursor, &key, &value))
        if (((struct unit_state *)value)->closed)
            memcpy(&keys[n++], key, sizeof *keys);
    for (size_t i = 0; i < n; i++)
        table_remove(j->units, &keys[i]);
    free(keys);
}

/* next_tie: what tells a new unit from those of its key that began in the same nanosecond. An
 * incident that found no room in a campaign has a key that may be a campaign's as well. */
static uint32_t next_tie(const struct judge *j, struct unit_key key, int64_t first_ns)
{
    uint32_t tie = 0;
    for (key.campaign = 0; key.campaign <= 1; key.campaign++) {
        const struct unit_state *before = table_find(j->units, &key);
        if (before && before->first_ns == first_ns && before->tie >= tie)
            tie = before->tie + 1;
    }
    return tie;
}

/* state_of: the unit's state, new when the incident is. */
static struct unit_state *state_of(struct judge *j, unsigned watch, const struct unit *unit)
{
    const struct revision *r = unit->revision;
    struct unit_key key;
    memset(&key, 0, sizeof key);
    key.watch = (uint16_t)watch;
    key.sector = unit->sector;
    key.campaign = unit->campaign;
    key.group.len = r->key.len;
    memcpy(key.group.bytes, r->key.bytes, r->key.len < GROUP_KEY_MAX ? r->key.len : GROUP_KEY_MAX);
    bool made;
    uint32_t tie = next_tie(j, key, r->first_ns);
    struct unit_state *state = table_add(j->units, &key, &made);
    if (!state) {
        forget_closed(j);
        state = table_add(j->units, &key, &made);
    }
    if (!state) {
        j->counters.units_full++;
        return NULL;
    }
    /* After its incident has closed, or at a first revision, a unit of the same key is another one.
     */
    if (made || state->closed || r->number == 1) {
        *state = (struct unit_state){.first_ns = r->first_ns, .tie = tie};
        if (make_id(j, unit, state)) {
            table_remove(j->units, &key);
            j->counters.units_full++;
            return NULL;
        }
    }
    return state;
}

/* Judging. */

static int by_number(const void *x, const void *y)
{
    const struct revision_asset *a = x, *b = y;
    return (a->asset > b->asset) - (a->asset < b->asset);
}

/* take_assets: the listed assets of the sector that the line protects, in the order of their ids.
 */
static void take_assets(struct unit *unit)
{
    const struct asset *assets;
    unsigned n = accord_assets(unit->accord, &assets);
    const struct revision *r = unit->revision;
    unit->n_assets = 0;
    for (unsigned i = 0; i < r->n_assets; i++) {
        uint16_t number = r->assets[i].asset;
        if (number < n && assets[number].sector == unit->sector &&
            (!unit->line->published_only || assets[number].published))
            unit->assets[unit->n_assets++] = r->assets[i];
    }
    qsort(unit->assets, unit->n_assets, sizeof *unit->assets, by_number);
    unit->n_all = unit->n_assets;
}

/* weigh: outcome, times, counts and severity of the assets that the gates have left. Where two-way
 * contact is demanded, what was seen without it tells nothing of outcome and times: a forged packet
 * must not date a finding back. Assets beyond those listed have no known class. */
static void weigh(struct judgement *j)
{
    const struct unit *unit = &j->unit;
    const struct revision *r = unit->revision;
    const struct asset *assets;
    accord_assets(unit->accord, &assets);
    bool demanded = gates_demand(unit->clause, GATE_TWO_WAY_CONTACT) != NULL, two_way = false;
    unsigned by_class[ASSET_CLASS_COUNT] = {0};
    uint64_t count = 0;
    int outcome = 0;
    j->first_ns = INT64_MAX;
    j->last_ns = INT64_MIN;
    for (unsigned i = 0; i < unit->n_assets; i++) {
        const struct revision_asset *seen = &unit->assets[i];
        unsigned view = demanded && seen->two_way;
        outcome = seen->outcome[view] > outcome ? seen->outcome[view] : outcome;
        j->first_ns = seen->first_ns[view] < j->first_ns ? seen->first_ns[view] : j->first_ns;
        j->last_ns = seen->last_ns[view] > j->last_ns ? seen->last_ns[view] : j->last_ns;
        by_class[assets[seen->asset].class]++;
        count += seen->count;
        two_way = two_way || seen->two_way;
    }
    bool whole = unit->n_assets == r->n_assets;
    j->outcome = (enum outcome)outcome;
    j->count = count;
    j->assets_total = whole ? r->assets_total : unit->n_assets;
    severity_of(&unit->clause->severity, j->outcome, by_class[ASSET_CLASS_VITAL],
                by_class[ASSET_CLASS_IMPORTANT], &j->severity);
    origin_of(unit->accord, &unit->source, j->first_ns, two_way, &j->origin);
}

/* report: hand the unit on if there is anything new but why. */
static void report(struct judge *j, struct unit_state *state)
{
    struct judgement *u = &j->judgement;
    const struct revision *r = u->unit.revision;
    uint8_t content[SHA256_BYTES];
    if (finding_fields(&j->fields, u, content)) {
        j->counters.units_full++;
        return;
    }
    if (state->reported && state->raised == u->raised &&
        memcmp(state->content, content, sizeof content) == 0)
        return;
    memcpy(state->content, content, sizeof content);
    state->reported = true;
    state->raised = u->raised;
    state->revision += u->raised;
    *(u->raised ? &j->counters.raised : &j->counters.not_raised) += 1;

    const struct asset *assets;
    accord_assets(u->unit.accord, &assets);
    for (unsigned i = 0; i < u->unit.n_assets; i++)
        j->asset_ids[i] = assets[u->unit.assets[i].asset].id;
    struct judged judged = {
        .raised = u->raised,
        .id = state->id,
        .revision = state->revision,
        .line = u->unit.line->id,
        .sector = accord_sector_name(u->unit.accord, u->unit.sector),
        .correlation = u->unit.correlation,
        .stage = line_stage_names[u->unit.line->stage],
        .why = revision_why_words[r->why].text,
        .open = r->why != REVISION_CLOSED && r->why != REVISION_SUPERSEDED,
        .first_ns = u->first_ns,
        .last_ns = u->last_ns,
        .time_error_ns = r->time_error_ns,
        .outcome = u->outcome,
        .severity = u->severity.score,
        .count = u->count,
        .incident = r->incident,
        .campaign = r->campaign,
        .observations = r->count + r->again,
        .source = u->unit.source,
        .sources_total = r->sources_total,
        .assets = j->asset_ids,
        .n_assets = u->unit.n_assets,
        .assets_total = u->assets_total,
        .headline = u->origin.headline,
        .confidence = u->origin.confidence,
        .n_gates = u->n_gates,
        .entry = {ENTRY_FINDING, state->id, state->revision, j->fields.items, j->fields.n},
    };
    memcpy(judged.gates, u->gates, sizeof judged.gates);
    if (j->config.sink.judged)
        j->config.sink.judged(j->config.sink.ctx, &judged);
}

static void judge_unit(struct judge *j, unsigned number, uint8_t sector,
                       const struct revision *revision, bool campaign)
{
    const struct watch *watch = &j->watches[number];
    struct judgement *u = &j->judgement;
    u->policy = j->policy;
    u->unit = (struct unit){
        .accord = j->policy->accord,
        .definitions = j->policy->definitions,
        .line = watch->line,
        .clause = watch->clause,
        .correlation = definition_name(j->policy->definitions, revision->definition),
        .space = &watch->space,
        .revision = revision,
        .sector = sector,
        .campaign = campaign,
    };
    if (revision->n_sources)
        u->unit.source = revision->sources[0];
    take_assets(&u->unit);
    if (u->unit.n_assets == 0)
        return; /* nothing that the line protects in that sector was touched */
    struct unit_state *state = state_of(j, number, &u->unit);
    if (!state)
        return;
    u->raised = gates_judge(&u->unit, u->gates, &u->n_gates);
    weigh(u);
    report(j, state);
    state->closed = revision->why == REVISION_CLOSED || revision->why == REVISION_SUPERSEDED ||
                    revision->why == REVISION_OPEN_AT_END;
}

static struct coverage_context coverage_context(const struct judge *j)
{
    return (struct coverage_context){j->policy->accord, &j->config.sink};
}

static void switch_policy(struct judge *j, unsigned generation)
{
    struct coverage_context context = coverage_context(j);
    if (j->policy->accord)
        coverage_flush(&j->coverage, &context);
    if (adopt(j, &j->config.policies[generation]))
        j->counters.units_full++;
    if (j->config.sink.policy)
        j->config.sink.policy(j->config.sink.ctx, generation);
}

static void judge_units(struct judge *j, const struct revision *revision, bool campaign)
{
    for (unsigned i = 0; i < j->n_watches; i++) {
        if (j->watches[i].definition != revision->definition &&
            j->watches[i].pivot != revision->definition)
            continue;
        for (uint8_t sector = 1; sector < SECTORS_MAX; sector++)
            if (j->watches[i].line->sectors & 1u << sector)
                judge_unit(j, i, sector, revision, campaign);
    }
}

/* judge_due: campaigns with news whose update interval ended before t. */
static void judge_due(struct judge *j, int64_t t)
{
    const struct revision *due;
    while ((due = campaigns_due(j->campaigns, t)))
        judge_units(j, due, true);
}

void judge_take(struct judge *j, const struct revision *revision)
{
    j->counters.revisions++;
    if (revision->kind == REVISION_POLICY) {
        switch_policy(j, revision->generation);
        return;
    }
    if (!j->policy->accord)
        return;
    judge_due(j, revision->order.t);
    struct coverage_context context = coverage_context(j);
    if (revision->kind == REVISION_COVERAGE) {
        coverage_take(&j->coverage, &context, revision);
        return;
    }
    coverage_until(&j->coverage, &context, revision->order.t);
    uint32_t campaign;
    const struct revision *whole = campaigns_take(j->campaigns, revision, &campaign);
    if (campaign && j->config.sink.joined)
        j->config.sink.joined(j->config.sink.ctx, campaign, &revision->incident,
                              revision->count + revision->again);
    if (whole)
        judge_units(j, whole, whole != revision);
}

void judge_end(struct judge *j)
{
    struct coverage_context context = coverage_context(j);
    if (j->policy->accord)
        coverage_flush(&j->coverage, &context);
}
