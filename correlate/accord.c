/* From the document to the accord. The schema has refused every wrong key and type before anything
 * here looks; what is left are the rules that concern more than one place, each with a check of its
 * own. */
#include "correlate/accord_parts.h"

#include "base/error.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

const char *const gate_names[GATE_KIND_COUNT] = {
    [GATE_TWO_WAY_CONTACT] = "two-way-contact",
    [GATE_CLOCK_ERROR] = "clock-error",
    [GATE_OPERATOR] = "operator",
    [GATE_SELECTIVITY] = "selectivity",
    [GATE_INDEPENDENT_EVIDENCE] = "independent-evidence",
};

/* Getters. */

const char *accord_text(struct accord *a, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = map ? yaml_get(map, key) : NULL;
    return node ? arena_strdup(&a->arena, node->scalar) : NULL;
}

bool accord_bool(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    return node && strcmp(node->scalar, "true") == 0;
}

int64_t accord_time(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    int64_t ns = 0;
    if (node)
        time_parse(node->scalar, &ns);
    return ns;
}

static int64_t duration(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    int64_t ns = 0;
    if (node)
        duration_parse(node->scalar, &ns);
    return ns;
}

static int64_t integer(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    return node ? schema_integer(node) : 0;
}

static double real(const struct yaml_node *map, const char *key)
{
    return strtod(yaml_get(map, key)->scalar, NULL);
}

const char **accord_strings(struct accord *a, const struct yaml_node *list, unsigned *n)
{
    *n = list ? (unsigned)list->children : 0;
    const char **out = arena_alloc(&a->arena, (*n + 1) * sizeof *out);
    if (!out)
        return NULL;
    size_t i = 0;
    for (const struct yaml_node *node = list ? list->first : NULL; node; node = node->next)
        out[i++] = arena_strdup(&a->arena, node->scalar);
    return out;
}

uint8_t accord_sector(struct accord *a, const char *name)
{
    for (unsigned i = 1; i < a->n_sectors; i++)
        if (strcmp(a->sectors[i], name) == 0)
            return (uint8_t)i;
    if (a->n_sectors == SECTORS_MAX)
        return 0;
    a->sectors[a->n_sectors] = arena_strdup(&a->arena, name);
    return a->sectors[a->n_sectors] ? (uint8_t)a->n_sectors++ : 0;
}

/* An element of a list by what its key says, and the first one that says the same. */
struct named {
    const char *value;
    const struct yaml_node *node, *first;
    size_t place;
};

static int by_value(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->value, y->value);
    return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

static int by_place(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Sorted, for a list of networks may be long. */
void accord_refuse_twins(struct schema_reader *r, const struct yaml_node *list, const char *key,
                         const char *what)
{
    size_t n = 0;
    struct named *all = calloc(list->children + 1, sizeof *all);
    if (!all) {
        r->error = ERR_NOMEM;
        return;
    }
    for (const struct yaml_node *node = list->first; node; node = node->next, n++)
        all[n] = (struct named){yaml_get(node, key)->scalar, node, node, n};
    qsort(all, n, sizeof *all, by_value);
    for (size_t i = 1; i < n; i++)
        if (strcmp(all[i].value, all[i - 1].value) == 0)
            all[i].first = all[i - 1].first;
    qsort(all, n, sizeof *all, by_place);
    for (size_t i = 0; i < n; i++)
        if (all[i].first != all[i].node)
            schema_fault(r, ERR_EXISTS, yaml_get(all[i].node, key), NULL,
                         "%s '%s' is there already, in line %u", what, all[i].value,
                         all[i].first->line);
    free(all);
}

/* Parties. */

static void build_keys(struct accord *a, struct accord_party *party, const struct yaml_node *list)
{
    party->keys = arena_alloc(&a->arena, list->children * sizeof *party->keys);
    for (const struct yaml_node *node = list->first; node && party->keys; node = node->next)
        note_verifier_parse(node->scalar, &party->keys[party->n_keys++]);
}

static bool same_key(const struct accord_party *party, const char *vkey)
{
    struct note_verifier other;
    if (note_verifier_parse(vkey, &other))
        return false;
    for (unsigned i = 0; i < party->n_keys; i++)
        if (memcmp(party->keys[i].key, other.key, sizeof other.key) == 0)
            return true;
    return false;
}

static void build_logs(struct schema_reader *r, struct accord *a, struct accord_party *party,
                       const struct yaml_node *logs)
{
    accord_refuse_twins(r, logs, "kind", "a log of kind");
    accord_refuse_twins(r, logs, "origin", "the origin");
    for (const struct yaml_node *node = logs->first; node; node = node->next) {
        bool facts = strcmp(yaml_get(node, "kind")->scalar, "facts") == 0;
        *(facts ? &party->origin_facts : &party->origin_acts) = accord_text(a, node, "origin");
        if (same_key(party, yaml_get(node, "key")->scalar))
            schema_fault(r, ERR_KEY, yaml_get(node, "key"), "make a key of its own for each log",
                         "a key that signs accords cannot be a log's key");
    }
}

/* place_of: where a node stands; outlives the reading. */
static struct diag_pos place_of(const struct accord *a, const struct yaml_node *node)
{
    return (struct diag_pos){.file = a->path, .line = node->line, .col = node->col};
}

static struct annex_ref build_ref(struct accord *a, const struct yaml_node *annexes,
                                  const char *kind)
{
    const struct yaml_node *node = yaml_get(annexes, kind);
    return (struct annex_ref){.file = accord_text(a, node, "file"),
                              .file_pos = place_of(a, yaml_get(node, "file")),
                              .root = accord_text(a, node, "root"),
                              .root_pos = place_of(a, yaml_get(node, "root"))};
}

static void build_party(struct schema_reader *r, struct accord *a, const struct yaml_node *node)
{
    struct accord_party *party = &a->parties[a->n_parties];
    party->id = accord_text(a, node, "id");
    party->name = accord_text(a, node, "name");
    build_keys(a, party, yaml_get(node, "keys"));
    party->quorum = yaml_get(node, "quorum") ? (unsigned)integer(node, "quorum") : 1;
    if (party->quorum > party->n_keys)
        schema_fault(r, ERR_RANGE, yaml_get(node, "quorum"), NULL,
                     "a quorum of %u cannot be reached with %u keys", party->quorum, party->n_keys);
    build_logs(r, a, party, yaml_get(node, "logs"));
    const struct yaml_node *annexes = yaml_get(node, "annexes");
    a->assets_ref[a->n_parties] = build_ref(a, annexes, "assets");
    a->networks_ref[a->n_parties] = build_ref(a, annexes, "networks");
    a->n_parties++;
}

/* Lines. */

/* Readers of gates, by kind. */
static void read_clock(struct schema_reader *r, struct accord *a, const struct yaml_node *node,
                       struct gate *gate)
{
    (void)r, (void)a;
    gate->at_most_ns = duration(node, "at-most");
}
static void read_operator(struct schema_reader *r, struct accord *a, const struct yaml_node *node,
                          struct gate *gate)
{
    gate->registered = accord_bool(node, "registered");
    gate->unless = accord_text(a, node, "unless");
    gate->unless_within_ns = duration(node, "within");
    if (!gate->unless != !gate->unless_within_ns)
        schema_fault(r, ERR_SCHEMA, node, "unless: CORRELATION, within: 1h",
                     "'unless' and 'within' go together");
}
static void read_selectivity(struct schema_reader *r, struct accord *a,
                             const struct yaml_node *node, struct gate *gate)
{
    (void)r, (void)a;
    gate->touched = (uint32_t)integer(node, "touched");
    gate->control_addresses = (uint32_t)integer(node, "control-addresses");
    gate->lift = real(node, "lift");
    gate->chance_at_most = real(node, "chance-at-most");
}
static void read_independent(struct schema_reader *r, struct accord *a,
                             const struct yaml_node *node, struct gate *gate)
{
    (void)r, (void)a;
    gate->independent = (uint32_t)schema_integer(node);
}

typedef void gate_reader(struct schema_reader *, struct accord *, const struct yaml_node *,
                         struct gate *);
static gate_reader *const gate_readers[GATE_KIND_COUNT] = {
    [GATE_CLOCK_ERROR] = read_clock,
    [GATE_OPERATOR] = read_operator,
    [GATE_SELECTIVITY] = read_selectivity,
    [GATE_INDEPENDENT_EVIDENCE] = read_independent,
};

/* Gates are held in the order of their kinds, whatever order the accord has them in. */
static void build_gates(struct schema_reader *r, struct accord *a, const struct yaml_node *map,
                        struct match_clause *clause)
{
    for (uint8_t kind = 0; kind < GATE_KIND_COUNT; kind++) {
        const struct yaml_node *node = yaml_get(map, gate_names[kind]);
        if (!node)
            continue;
        struct gate *gate = &clause->gates[clause->n_gates++];
        gate->kind = kind;
        if (gate_readers[kind])
            gate_readers[kind](r, a, node, gate);
    }
}

static void build_severity(const struct yaml_node *map, struct severity_weights *out)
{
    for (int i = 0; i < OUTCOME_COUNT; i++)
        out->outcome[i] = (int)integer(map, outcome_words[i].name);
    const struct yaml_node *per_asset = yaml_get(map, "per-asset");
    out->vital = (int)integer(per_asset, "vital");
    out->important = (int)integer(per_asset, "important");
    out->cap = (int)integer(map, "cap");
}

static void check_techniques(struct schema_reader *r, const struct yaml_node *list,
                             const struct yaml_node *domains)
{
    for (const struct yaml_node *node = list->first; node; node = node->next) {
        size_t len = strcspn(node->scalar, "/");
        bool found = false;
        for (const struct yaml_node *domain = domains->first; domain; domain = domain->next)
            found |=
                strlen(domain->scalar) == len && strncmp(domain->scalar, node->scalar, len) == 0;
        if (!found)
            schema_fault(r, ERR_SCHEMA, node, "add it to attack: domains",
                         "technique '%s' is of a domain that this accord does not name",
                         node->scalar);
    }
}

static void build_clause(struct schema_reader *r, struct accord *a, const struct yaml_node *node,
                         const struct yaml_node *domains, struct match_clause *clause)
{
    clause->correlation = accord_text(a, node, "correlation");
    build_gates(r, a, yaml_get(node, "gates"), clause);
    build_severity(yaml_get(node, "severity"), &clause->severity);
    clause->techniques = accord_strings(a, yaml_get(node, "techniques"), &clause->n_techniques);
    check_techniques(r, yaml_get(node, "techniques"), domains);
}

/* A norm is either cited with its relation, or there is none and the accord is the basis. */
static void check_norm(struct schema_reader *r, const struct yaml_node *norm)
{
    bool none = strcmp(yaml_get(norm, "source")->scalar, "none") == 0;
    bool cited = yaml_get(norm, "para") && yaml_get(norm, "relation");
    if (none ? !yaml_get(norm, "basis") : !cited)
        schema_fault(r, ERR_SCHEMA, norm, "{source: none, basis: this-accord} where no norm exists",
                     none ? "a line without a norm says its 'basis'"
                          : "a cited norm needs 'para' and 'relation'");
}

static const char *json_of(struct accord *a, const json_t *value)
{
    struct text text = {0};
    const char *copy = jcs_append(&text, value) ? NULL : arena_strdup(&a->arena, text_str(&text));
    text_free(&text);
    return copy;
}

static void build_line(struct schema_reader *r, struct accord *a, const struct yaml_node *node,
                       const json_t *typed, const struct yaml_node *domains)
{
    struct accord_line *line = &a->lines[a->n_lines++];
    line->id = accord_text(a, node, "id");
    line->category = accord_text(a, node, "category");
    line->obligation = accord_text(a, node, "obligation");
    line->observable = accord_text(a, node, "observable");
    while (strcmp(line_stage_names[line->stage], yaml_get(node, "stage")->scalar) != 0)
        line->stage++;
    const struct yaml_node *norm = yaml_get(node, "norm"), *protects = yaml_get(node, "protects");
    line->norm_source = accord_text(a, norm, "source");
    line->norm_para = accord_text(a, norm, "para");
    line->norm_relation = accord_text(a, norm, "relation");
    line->norm_json = json_of(a, json_object_get(typed, "norm"));
    check_norm(r, norm);
    for (const struct yaml_node *s = yaml_get(protects, "sectors")->first; s; s = s->next) {
        uint8_t sector = accord_sector(a, s->scalar);
        if (sector == 0)
            schema_fault(r, ERR_FULL, s, NULL, "more than %d sectors", SECTORS_MAX - 1);
        else if (!a->sector_pos[sector].line)
            a->sector_pos[sector] = place_of(a, s);
        line->sectors |= sector ? 1u << sector : 0;
    }
    line->published_only = accord_bool(protects, "published");
    const struct yaml_node *clauses = yaml_get(node, "matched-by");
    accord_refuse_twins(r, clauses, "correlation", "correlation");
    line->clauses = arena_alloc(&a->arena, clauses->children * sizeof *line->clauses);
    for (const struct yaml_node *c = clauses->first; c && line->clauses; c = c->next)
        build_clause(r, a, c, domains, &line->clauses[line->n_clauses++]);
}

/* The whole. */

static void build_digest(struct schema_reader *r, struct accord *a, const json_t *typed,
                         const struct yaml_node *root)
{
    struct text text = {0};
    int error = jcs_append(&text, typed);
    if (error || text.failed)
        schema_fault(r, error ? error : ERR_NOMEM, root, NULL, "no canonical form");
    sha256(a->digest, text_str(&text), text.len);
    text_free(&text);
}

static void build(struct schema_reader *r, struct accord *a, const struct yaml_node *root,
                  const json_t *typed)
{
    a->id = accord_text(a, root, "accord");
    a->title = accord_text(a, root, "title");
    a->version = (uint32_t)integer(root, "version");
    const struct yaml_node *in_force = yaml_get(root, "in-force");
    a->from_ns = accord_time(in_force, "from");
    a->until_ns = accord_time(in_force, "until");
    if (a->from_ns >= a->until_ns)
        schema_fault(r, ERR_RANGE, yaml_get(in_force, "until"), NULL,
                     "'until' is not behind 'from'");
    a->incident_quiet_ns = duration(yaml_get(root, "intervals"), "incident-quiet");
    a->coverage_ns = duration(yaml_get(root, "intervals"), "coverage");

    const struct yaml_node *parties = yaml_get(root, "parties"), *lines = yaml_get(root, "lines");
    accord_refuse_twins(r, parties, "id", "party");
    accord_refuse_twins(r, lines, "id", "line");
    a->parties = arena_alloc(&a->arena, parties->children * sizeof *a->parties);
    a->assets_ref = arena_alloc(&a->arena, parties->children * sizeof *a->assets_ref);
    a->networks_ref = arena_alloc(&a->arena, parties->children * sizeof *a->networks_ref);
    a->lines = arena_alloc(&a->arena, lines->children * sizeof *a->lines);
    if (!a->parties || !a->assets_ref || !a->networks_ref || !a->lines) {
        schema_fault(r, ERR_NOMEM, root, NULL, "out of memory");
        return;
    }
    for (const struct yaml_node *node = parties->first; node; node = node->next)
        build_party(r, a, node);
    const struct yaml_node *domains = yaml_get(yaml_get(root, "attack"), "domains");
    size_t i = 0;
    for (const struct yaml_node *node = lines->first; node; node = node->next)
        build_line(r, a, node, json_array_get(json_object_get(typed, "lines"), i++), domains);
    build_digest(r, a, typed, root);
}

int accord_read(struct accord **out, const char *path, struct diags *diags)
{
    struct yaml_documents docs;
    *out = NULL;
    int error = yaml_load(path, &docs, diags);
    if (error)
        return error;
    if (docs.n != 1 || !docs.roots[0]) {
        yaml_documents_free(&docs);
        return diag_error(diags, ERR_SCHEMA, diag_file(path), "an accord is one YAML document",
                          "%s", docs.n ? "several documents, or an empty one" : "nothing in it");
    }
    struct schema_reader reader = {.docs = &docs, .diags = diags};
    struct accord *a = calloc(1, sizeof *a);
    if (!a) {
        yaml_documents_free(&docs);
        return ERR_NOMEM;
    }
    a->path = arena_strdup(&a->arena, path);
    a->n_sectors = 1;
    json_t *typed = schema_read(&reader, &accord_schema, docs.roots[0], "the accord");
    if (typed)
        build(&reader, a, docs.roots[0], typed);
    json_decref(typed);
    yaml_documents_free(&docs);
    if (reader.error) {
        accord_destroy(a);
        return reader.error;
    }
    *out = a;
    return 0;
}

static const struct accord_party *party_of(const struct accord *a, const char *id)
{
    if (!id)
        return a->n_parties == 1 ? &a->parties[0] : NULL;
    for (unsigned i = 0; i < a->n_parties; i++)
        if (strcmp(a->parties[i].id, id) == 0)
            return &a->parties[i];
    return NULL;
}

int accord_load(struct accord **out, const char *path, const char *party, struct diags *diags)
{
    struct accord *a;
    *out = NULL;
    int error = accord_read(&a, path, diags);
    if (error)
        return error;
    const struct accord_party *own = party_of(a, party);
    if (own) {
        error = accord_annexes(a, own, diags);
    } else {
        struct text ids = {0};
        for (unsigned i = 0; i < a->n_parties; i++)
            text_printf(&ids, "%s--party %s", i ? " or " : "", a->parties[i].id);
        error = party ? diag_error(diags, ERR_USAGE, diag_file(path), text_str(&ids),
                                   "accord %s has no party '%s'", a->id, party)
                      : diag_error(diags, ERR_USAGE, diag_file(path), text_str(&ids),
                                   "accord %s has %u parties: say whose sensor this is", a->id,
                                   a->n_parties);
        text_free(&ids);
    }
    if (error) {
        accord_destroy(a);
        return error;
    }
    *out = a;
    return 0;
}

void accord_destroy(struct accord *a)
{
    if (!a)
        return;
    if (a->asset_map)
        prefix_map_destroy(a->asset_map);
    if (a->operator_map)
        prefix_map_destroy(a->operator_map);
    if (a->monitored_map)
        prefix_map_destroy(a->monitored_map);
    arena_free(&a->arena);
    free(a);
}

/* Reading it. */

const char *accord_id(const struct accord *a)
{
    return a->id;
}
uint32_t accord_version(const struct accord *a)
{
    return a->version;
}
void accord_digest(const struct accord *a, uint8_t out[SHA256_BYTES])
{
    memcpy(out, a->digest, SHA256_BYTES);
}
const struct accord_party *accord_own_party(const struct accord *a)
{
    return a->own;
}
unsigned accord_parties(const struct accord *a, const struct accord_party **out)
{
    *out = a->parties;
    return a->n_parties;
}
unsigned accord_lines(const struct accord *a, const struct accord_line **out)
{
    *out = a->lines;
    return a->n_lines;
}
unsigned accord_assets(const struct accord *a, const struct asset **out)
{
    *out = a->assets;
    return a->n_assets;
}
unsigned accord_networks(const struct accord *a, const struct declared_network **out)
{
    *out = a->networks;
    return a->n_networks;
}
const char *accord_sector_name(const struct accord *a, uint8_t sector)
{
    return sector && sector < a->n_sectors ? a->sectors[sector] : "none";
}
const struct host_lookup *accord_hosts(const struct accord *a)
{
    return &a->hosts;
}
uint64_t accord_monitored_addresses(const struct accord *a)
{
    return prefix_map_addresses(a->monitored_map);
}
unsigned accord_monitored(const struct accord *a, const struct prefix **out)
{
    *out = a->monitored;
    return a->n_monitored;
}
int64_t accord_incident_quiet(const struct accord *a)
{
    return a->incident_quiet_ns;
}
int64_t accord_coverage_interval(const struct accord *a)
{
    return a->coverage_ns;
}
bool accord_in_force(const struct accord *a, int64_t ns)
{
    return ns >= a->from_ns && ns < a->until_ns;
}
