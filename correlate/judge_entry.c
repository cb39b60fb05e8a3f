/* The entry of a finding: one writer per field, in a table. Each value is in canonical form as it
 * is written (keys in order), which a test checks against jcs_append. */
#include "correlate/judge_parts.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

typedef void field_writer(struct json_writer *w, const struct judgement *j);

static void put_hex(struct json_writer *w, const uint8_t digest[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(hex, digest, SHA256_BYTES);
    json_put_string(w, hex);
}

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void put_number(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

static void put_accord(struct json_writer *w, const struct judgement *j)
{
    uint8_t digest[SHA256_BYTES];
    accord_digest(j->unit.accord, digest);
    json_open_object(w);
    json_put_key(w, "digest");
    put_hex(w, digest);
    put_pair(w, "id", accord_id(j->unit.accord));
    put_number(w, "version", accord_version(j->unit.accord));
    json_close_object(w);
}

static void put_act(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, j->unit.correlation);
}

static void put_assets(struct json_writer *w, const struct judgement *j)
{
    const struct asset *assets;
    accord_assets(j->unit.accord, &assets);
    bool two_way = gates_demand(j->unit.clause, GATE_TWO_WAY_CONTACT) != NULL;
    json_open_array(w);
    for (unsigned i = 0; i < j->unit.n_assets; i++) {
        const struct revision_asset *seen = &j->unit.assets[i];
        json_open_object(w);
        put_number(w, "addresses", seen->addresses);
        put_pair(w, "class", asset_class_names[assets[seen->asset].class]);
        put_number(w, "count", seen->count);
        put_pair(w, "id", assets[seen->asset].id);
        put_pair(w, "outcome", outcome_words[seen->outcome[two_way && seen->two_way]].name);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_assets_total(struct json_writer *w, const struct judgement *j)
{
    json_put_u64(w, j->assets_total);
}

static void put_clock(struct json_writer *w, const struct judgement *j)
{
    const struct revision *r = j->unit.revision;
    json_open_object(w);
    json_put_key(w, "error_ns");
    if (r->time_error_ns == TIME_ERROR_UNKNOWN)
        json_put_null(w);
    else
        json_put_i64_string(w,
                            r->time_error_ns > INT64_MAX ? INT64_MAX : (int64_t)r->time_error_ns);
    put_pair(w, "source", time_source_text((enum time_source)r->time_source));
    json_close_object(w);
}

/* Notices of exercises and maintenance are not read in this build: no context is known. */
static void put_context(struct json_writer *w, const struct judgement *j)
{
    (void)j;
    json_put_null(w);
}

static void put_count(struct json_writer *w, const struct judgement *j)
{
    json_put_u64(w, j->count);
}

/* The evidence is the whole incident's, also where a finding is about one sector of it. */
static void put_evidence(struct json_writer *w, const struct judgement *j)
{
    json_open_object(w);
    put_number(w, "observations", j->unit.revision->count + j->unit.revision->again);
    json_put_key(w, "sha256");
    put_hex(w, j->unit.revision->evidence);
    json_close_object(w);
}

static void put_first(struct json_writer *w, const struct judgement *j)
{
    json_put_i64_string(w, j->first_ns);
}

static void put_last(struct json_writer *w, const struct judgement *j)
{
    json_put_i64_string(w, j->last_ns);
}

/* put_gate_object: gate name -> text, in the order of names. */
static void put_gate_object(struct json_writer *w, const struct judgement *j,
                            const char *(*text)(const struct gate_outcome *))
{
    const char *last = "";
    json_open_object(w);
    for (unsigned written = 0; written < j->n_gates; written++) {
        const struct gate_outcome *next = NULL;
        for (unsigned i = 0; i < j->n_gates; i++)
            if (strcmp(j->gates[i].name, last) > 0 &&
                (!next || strcmp(j->gates[i].name, next->name) < 0))
                next = &j->gates[i];
        if (!next)
            break;
        put_pair(w, next->name, text(next));
        last = next->name;
    }
    json_close_object(w);
}

static const char *gate_result_text(const struct gate_outcome *gate)
{
    return gate_result_names[gate->result];
}
static const char *gate_why_text(const struct gate_outcome *gate)
{
    return gate->why;
}
static void put_gates(struct json_writer *w, const struct judgement *j)
{
    put_gate_object(w, j, gate_result_text);
}
static void put_gates_why(struct json_writer *w, const struct judgement *j)
{
    put_gate_object(w, j, gate_why_text);
}

static void put_hypotheses(struct json_writer *w, const struct judgement *j)
{
    const char *texts[ORIGIN_HYPOTHESES_MAX];
    unsigned n = origin_hypotheses(&j->origin, texts);
    json_open_array(w);
    for (unsigned i = 0; i < n; i++)
        json_put_string(w, texts[i]);
    json_close_array(w);
}

/* A sensor cannot weigh the hypotheses against each other: the word is a person's to give. */
static void put_likelihood(struct json_writer *w, const struct judgement *j)
{
    (void)j;
    json_put_null(w);
}

static void put_line(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, j->unit.line->id);
}

static void put_norm(struct json_writer *w, const struct judgement *j)
{
    json_put_raw(w, j->unit.line->norm_json, strlen(j->unit.line->norm_json));
}

static void put_obligation(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, j->unit.line->obligation);
}

static void put_observable(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, j->unit.line->observable);
}

static bool is_open(const struct judgement *j)
{
    return j->unit.revision->why != REVISION_CLOSED && j->unit.revision->why != REVISION_SUPERSEDED;
}

static void put_open(struct json_writer *w, const struct judgement *j)
{
    json_put_bool(w, is_open(j));
}

static void put_origin(struct json_writer *w, const struct judgement *j)
{
    const struct declared_network *declared = j->origin.declared;
    json_open_object(w);
    put_pair(w, "confidence", j->origin.confidence);
    json_put_key(w, "facts");
    json_open_array(w);
    if (j->origin.two_way_contact)
        json_put_string(w, "two-way-contact");
    if (declared) {
        json_open_object(w);
        json_put_key(w, "in-declared-network");
        json_open_object(w);
        put_pair(w, "party", declared->party);
        put_pair(w, "role", declared->role);
        json_put_key(w, "since");
        json_put_i64_string(w, declared->from_ns);
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
    put_pair(w, "headline", j->origin.headline);
    json_close_object(w);
}

static void put_outcome(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, outcome_words[j->outcome].name);
}

static void put_party(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, accord_own_party(j->unit.accord)->id);
}

static void put_policy(struct json_writer *w, const struct judgement *j)
{
    put_hex(w, j->policy->digest);
}

static void put_protocol(struct json_writer *w, const struct judgement *j)
{
    json_open_array(w);
    for (int p = 0; p < PROTOCOL_COUNT; p++)
        if (j->unit.revision->protocols & 1u << p)
            json_put_string(w, protocol_words[p].name);
    json_close_array(w);
}

static void put_sector(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, accord_sector_name(j->unit.accord, j->unit.sector));
}

static void put_severity(struct json_writer *w, const struct judgement *j)
{
    json_open_object(w);
    json_put_key(w, "score");
    json_put_i64(w, j->severity.score);
    json_put_key(w, "sum");
    json_open_array(w);
    for (unsigned i = 0; i < j->severity.n; i++) {
        json_open_array(w);
        json_put_string(w, j->severity.rows[i].what);
        json_put_i64(w, j->severity.rows[i].points);
        json_close_array(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void put_sources(struct json_writer *w, const struct judgement *j)
{
    char text[ADDRESS_TEXT_ROOM];
    json_open_array(w);
    for (unsigned i = 0; i < j->unit.revision->n_sources; i++)
        json_put_string(w, address_format(text, &j->unit.revision->sources[i]));
    json_close_array(w);
}

static void put_stage(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, line_stage_names[j->unit.line->stage]);
}

static void put_state(struct json_writer *w, const struct judgement *j)
{
    (void)j;
    json_put_string(w, "candidate");
}

static void put_statement(struct json_writer *w, const struct judgement *j)
{
    struct text statement = {0};
    text_printf(&statement, FINDING_STATEMENT, j->unit.line->id);
    json_put_string(w, text_str(&statement));
    text_free(&statement);
}

static void put_techniques(struct json_writer *w, const struct judgement *j)
{
    json_open_array(w);
    for (unsigned i = 0; i < j->unit.clause->n_techniques; i++)
        json_put_string(w, j->unit.clause->techniques[i]);
    json_close_array(w);
}

static void put_why(struct json_writer *w, const struct judgement *j)
{
    json_put_string(w, revision_why_words[j->unit.revision->why].text);
}

/* The fields of ledger/entry_fields.def but `supersedes`, which the sealer writes. `why` is the
 * last, so that the digest of the content can stop before it. */
static const struct {
    const char *name;
    field_writer *put;
} fields[] = {
    {"accord", put_accord},
    {"act", put_act},
    {"assets", put_assets},
    {"assets-total", put_assets_total},
    {"clock", put_clock},
    {"context", put_context},
    {"count", put_count},
    {"evidence", put_evidence},
    {"first", put_first},
    {"gates", put_gates},
    {"gates-why", put_gates_why},
    {"hypotheses", put_hypotheses},
    {"last", put_last},
    {"likelihood", put_likelihood},
    {"line", put_line},
    {"norm", put_norm},
    {"obligation", put_obligation},
    {"observable", put_observable},
    {"open", put_open},
    {"origin", put_origin},
    {"outcome", put_outcome},
    {"party", put_party},
    {"policy", put_policy},
    {"protocol", put_protocol},
    {"sector", put_sector},
    {"severity", put_severity},
    {"sources", put_sources},
    {"stage", put_stage},
    {"state", put_state},
    {"statement", put_statement},
    {"techniques", put_techniques},
    {"why", put_why},
};

int finding_fields(struct entry_fields *f, const struct judgement *j, uint8_t content[SHA256_BYTES])
{
    struct piece pieces[sizeof fields / sizeof *fields];
    bool failed = false;
    f->n = sizeof fields / sizeof *fields;
    for (size_t i = 0; i < f->n; i++) {
        struct text *value = &f->values[i];
        text_clear(value);
        struct json_writer w = json_writer_to(value);
        fields[i].put(&w, j);
        f->items[i] = (struct entry_field){fields[i].name, text_str(value), value->len};
        /* The NUL behind each value keeps neighbours apart. */
        pieces[i] = (struct piece){text_str(value), value->len + 1};
        failed = failed || value->failed;
    }
    sha256_pieces(content, pieces, f->n - 1);
    return failed ? ERR_NOMEM : 0;
}

void entry_fields_free(struct entry_fields *f)
{
    for (size_t i = 0; i < FINDING_FIELDS_MAX; i++)
        text_free(&f->values[i]);
    *f = (struct entry_fields){0};
}
