/* Loading what governs a run, and the entries that say so. */
#include "app/policy.h"

#include "app/rule_options.h"
#include "base/error.h"
#include "base/json.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_QUIET    (15 * 60 * NS_PER_S)
#define DEFAULT_COVERAGE (5 * 60 * NS_PER_S)

static bool sid_has_tag(void *ctx, uint32_t sid, const char *tag)
{
    const struct rule_set *rules = ctx;
    for (uint32_t i = 0; i < rule_set_counts(rules)->loaded; i++)
        if (rule_sid(rules, i) == sid)
            return rule_has_tag(rules, i, tag);
    return false;
}

static int load_rules(struct policy *p, const struct policy_files *files, struct diags *diags,
                      struct diags *rule_diags)
{
    struct rule_variable *variables = NULL;
    size_t n = 0;
    int error = rule_options_variables(&files->variables, files->home_net, files->vars_file,
                                       &variables, &n, diags);
    if (!error) {
        struct rule_set_config config = {.files = files->rules.items,
                                         .n_files = files->rules.n,
                                         .variables = variables,
                                         .n_variables = n,
                                         .classification = files->classification,
                                         .references = files->references,
                                         .thresholds = files->thresholds};
        error = rule_set_build(&p->rules, &config, rule_diags);
    }
    rule_options_free(variables, n);
    return error;
}

static int load_definitions(struct policy *p, const struct policy_files *files, struct diags *diags)
{
    size_t len;
    const char *shipped = definitions_shipped(&len);
    int error = definitions_parse(&p->definitions, "(shipped correlations)", shipped, len, diags);
    for (size_t i = 0; !error && i < files->correlations.n; i++)
        error = definitions_load(&p->definitions, files->correlations.items[i], diags);
    struct tag_source tags = {.ctx = p->rules, .has_tag = sid_has_tag};
    return error ? error : definitions_finish(p->definitions, &tags, diags);
}

static void put_intake(struct json_writer *w, const struct intake_config *intake)
{
    static const char *const modes[] = {
#define X(s, n, t) n,
        CHECKSUM_MODES(X)
#undef X
    };
    static const char *const layers[] = {
#define X(s, n, t) n,
        PACKET_LAYERS(X)
#undef X
    };
    json_put_key(w, "intake");
    json_open_object(w);
    json_put_key(w, "checksums");
    json_put_string(w, modes[intake->checksums]);
    if (intake->filter) {
        json_put_key(w, "filter");
        json_put_string(w, intake->filter);
    }
    if (intake->strip) {
        json_put_key(w, "strip");
        json_open_array(w);
        for (int i = 0; i < PACKET_LAYER_COUNT; i++)
            if (intake->strip >> i & 1)
                json_put_string(w, layers[i]);
        json_close_array(w);
    }
    json_close_object(w);
}

static void put_limits(struct json_writer *w, const struct engine_limits *limits)
{
    json_open_object(w);
    bool intake = false; /* keys are in the order of their names */
#define X(member, name, value, text)             \
    if (!intake && strcmp(name, "intake") > 0) { \
        put_intake(w, &limits->intake);          \
        intake = true;                           \
    }                                            \
    json_put_key(w, name);                       \
    json_put_u64(w, limits->member);
    ENGINE_LIMITS(X)
#undef X
    json_close_object(w);
}

/* The digest is over all that can change what is found: rules with their variables, correlations,
 * limits, the accord (zeros: none). */
static int digest_all(struct policy *p)
{
    uint8_t rules[SHA256_BYTES], definitions[SHA256_BYTES], accord[SHA256_BYTES] = {0};
    struct text limits = {0};
    struct json_writer w = json_writer_to(&limits);
    put_limits(&w, &p->limits);
    rule_set_digest(p->rules, rules);
    definitions_digest(p->definitions, definitions);
    if (p->accord)
        accord_digest(p->accord, accord);
    struct piece pieces[] = {{"plimsoll-policy/1\n", 18},
                             {rules, sizeof rules},
                             {definitions, sizeof definitions},
                             {accord, sizeof accord},
                             {text_str(&limits), limits.len}};
    sha256_pieces(p->digest, pieces, 5);
    int error = limits.failed ? ERR_NOMEM : 0;
    text_free(&limits);
    return error;
}

int policy_load(struct policy *out, const struct policy_files *files,
                const struct engine_limits *limits, struct diags *diags, struct diags *rule_diags)
{
    *out = (struct policy){.incident_quiet_ns = DEFAULT_QUIET,
                           .coverage_interval_ns = DEFAULT_COVERAGE,
                           .limits = *limits};
    int error = load_rules(out, files, diags, rule_diags);
    if (!error)
        error = load_definitions(out, files, diags);
    if (!error && files->accord)
        error = accord_load(&out->accord, files->accord, files->party, diags);
    if (!error)
        error = digest_all(out);
    if (error) {
        policy_free(out);
        return error;
    }
    if (out->accord) {
        out->incident_quiet_ns = accord_incident_quiet(out->accord);
        out->coverage_interval_ns = accord_coverage_interval(out->accord);
    }
    return 0;
}

void policy_free(struct policy *p)
{
    if (p->accord)
        accord_destroy(p->accord);
    if (p->definitions)
        definitions_destroy(p->definitions);
    if (p->rules)
        rule_set_destroy(p->rules);
    *p = (struct policy){0};
}

/* Fields of an entry built one by one; the texts live in the struct. */
struct fields {
    struct entry_field items[8];
    struct text values[8];
    size_t n;
};

static struct json_writer field_open(struct fields *f)
{
    return json_writer_to(&f->values[f->n]);
}
static void field_close(struct fields *f, const char *name)
{
    f->items[f->n] = (struct entry_field){name, text_str(&f->values[f->n]), f->values[f->n].len};
    f->n++;
}
static void field_string(struct fields *f, const char *name, const char *value)
{
    struct json_writer w = field_open(f);
    json_put_string(&w, value);
    field_close(f, name);
}
static void field_digest(struct fields *f, const char *name, const uint8_t digest[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(hex, digest, SHA256_BYTES);
    field_string(f, name, hex);
}
static void fields_free(struct fields *f)
{
    for (size_t i = 0; i < f->n; i++)
        text_free(&f->values[i]);
}

static int hand_on(policy_submit *submit, void *ctx, enum entry_kind kind, const char *id,
                   struct fields *f)
{
    struct entry_draft draft = {
        .kind = kind, .id = id, .revision = 1, .fields = f->items, .n = f->n};
    int error = submit(ctx, &draft);
    fields_free(f);
    return error;
}

static void field_from(struct fields *f, const struct policy *p)
{
    if (p->from_ns == INT64_MIN)
        return;
    struct json_writer w = field_open(f);
    json_put_i64_string(&w, p->from_ns);
    field_close(f, "from");
}

/* Entry ids: what is in force from the start, or from a time on. */
static void id_from(char *id, size_t room, const struct policy *p)
{
    if (p->from_ns != INT64_MIN)
        snprintf(id + strlen(id), room - strlen(id), "-%ld", p->from_ns);
}

static int policy_entry(const struct policy *p, policy_submit *submit, void *ctx)
{
    struct fields f = {0};
    uint8_t digest[SHA256_BYTES];
    char id[2 * SHA256_BYTES + 16] = "policy-";
    hex_encode(id + strlen(id), p->digest, 8);
    id_from(id, sizeof id, p);
    field_from(&f, p);
    field_digest(&f, "digest", p->digest);
    rule_set_digest(p->rules, digest);
    field_digest(&f, "rules", digest);
    definitions_digest(p->definitions, digest);
    field_digest(&f, "correlations", digest);
    field_string(&f, "shard-by", "pair");
    struct json_writer w = field_open(&f);
    put_limits(&w, &p->limits);
    field_close(&f, "limits");
    field_string(&f, "version", PLIMSOLL_VERSION);
    return hand_on(submit, ctx, ENTRY_POLICY, id, &f);
}

static int accord_entry(const struct policy *p, policy_submit *submit, void *ctx)
{
    struct fields f = {0};
    uint8_t digest[SHA256_BYTES];
    char id[128];
    snprintf(id, sizeof id, "accord-%.80s-%u", accord_id(p->accord), accord_version(p->accord));
    id_from(id, sizeof id, p);
    field_from(&f, p);
    accord_digest(p->accord, digest);
    field_digest(&f, "digest", digest);
    field_string(&f, "accord", accord_id(p->accord));
    struct json_writer w = field_open(&f);
    json_put_u64(&w, accord_version(p->accord));
    field_close(&f, "version");
    field_string(&f, "party", accord_own_party(p->accord)->id);
    return hand_on(submit, ctx, ENTRY_ACCORD, id, &f);
}

int policy_entries(const struct policy *p, policy_submit *submit, void *ctx)
{
    int error = policy_entry(p, submit, ctx);
    return error || !p->accord || p->same_accord ? error : accord_entry(p, submit, ctx);
}
