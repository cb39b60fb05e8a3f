/* Building a rule set: parse all files, drop what is there twice, order, compile, digest. */
#include "rules/rule_set.h"

#include "base/error.h"
#include "rules/classes.h"
#include "rules/matcher.h"
#include "rules/set_parts.h"
#include "rules/threshold_config.h"

#include <stdlib.h>
#include <string.h>

const struct rule_variable rule_default_variables[] = {
    {"HOME_NET", "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"},
    {"EXTERNAL_NET", "!$HOME_NET"},
    {"HTTP_SERVERS", "$HOME_NET"},
    {"SMTP_SERVERS", "$HOME_NET"},
    {"SQL_SERVERS", "$HOME_NET"},
    {"DNS_SERVERS", "$HOME_NET"},
    {"TELNET_SERVERS", "$HOME_NET"},
    {"AIM_SERVERS", "$EXTERNAL_NET"},
    {"DC_SERVERS", "$HOME_NET"},
    {"DNP3_SERVER", "$HOME_NET"},
    {"DNP3_CLIENT", "$HOME_NET"},
    {"MODBUS_CLIENT", "$HOME_NET"},
    {"MODBUS_SERVER", "$HOME_NET"},
    {"ENIP_CLIENT", "$HOME_NET"},
    {"ENIP_SERVER", "$HOME_NET"},
    {"HTTP_PORTS", "80"},
    {"SHELLCODE_PORTS", "!80"},
    {"ORACLE_PORTS", "1521"},
    {"SSH_PORTS", "22"},
    {"DNP3_PORTS", "20000"},
    {"MODBUS_PORTS", "502"},
    {"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"},
    {"FTP_PORTS", "21"},
    {"GENEVE_PORTS", "6081"},
    {"VXLAN_PORTS", "4789"},
    {"TEREDO_PORTS", "3544"},
    {"SIP_PORTS", "[5060,5061]"},
};
const size_t rule_default_variable_count =
    sizeof rule_default_variables / sizeof rule_default_variables[0];

#define PRIORITY_DEFAULT 3

/* give_classes: priority and text of what says only its class. */
static void give_classes(struct signature_list *list, const struct rule_class *read, size_t n)
{
    for (size_t i = 0; i < list->n; i++) {
        struct signature *s = &list->items[i];
        const struct rule_class *class = class_find(read, n, s->classtype);
        s->class_text = class ? class->text : NULL;
        if (!s->priority)
            s->priority = class ? class->priority : PRIORITY_DEFAULT;
    }
}

/* flowbit_rank: rules that set bits come before those that ask for them. */
static int flowbit_rank(const struct signature *s)
{
    bool sets = false, asks = false;
    for (unsigned i = 0; i < s->n_flowbits; i++) {
        sets |= s->flowbits[i].op < FLOWBIT_ISSET;
        asks |= s->flowbits[i].op >= FLOWBIT_ISSET;
    }
    return sets ? (asks ? 1 : 0) : asks ? 2 : 3;
}

/* flowint_rank: the same of numbers. */
static int flowint_rank(const struct signature *s)
{
    bool sets = false, asks = false;
    for (unsigned i = 0; i < s->n_flowints; i++) {
        sets |= s->flowints[i].op <= FLOWINT_SUBTRACT;
        asks |= s->flowints[i].op > FLOWINT_SUBTRACT;
    }
    return sets ? (asks ? 1 : 0) : asks ? 2 : 3;
}

/* pair_bit_rank: those that ask for them come before all others, those that set them included. */
static int pair_bit_rank(const struct signature *s)
{
    for (unsigned i = 0; i < s->n_pair_bits; i++)
        if (s->pair_bits[i].op >= FLOWBIT_ISSET)
            return 0;
    return 1;
}

static int state_rank(const struct signature *s)
{
    return 8 * flowbit_rank(s) + 2 * flowint_rank(s) + pair_bit_rank(s);
}

/* The order in which Suricata tries rules on one packet: action, those of addresses only, flowbits,
 * flowints, xbits, priority, id. */
static int by_order(const void *a, const void *b)
{
    const struct signature *x = a, *y = b;
    int ranks[2] = {state_rank(x), state_rank(y)};
    if (x->action != y->action)
        return x->action - y->action;
    if (x->addresses_only != y->addresses_only)
        return y->addresses_only - x->addresses_only;
    if (ranks[0] != ranks[1])
        return ranks[0] - ranks[1];
    if (x->priority != y->priority)
        return x->priority - y->priority;
    if (x->gid != y->gid)
        return x->gid < y->gid ? -1 : 1;
    return x->sid < y->sid ? -1 : x->sid > y->sid;
}

/* By id, and of one id the highest revision first, then by text: the order of files does not
 * matter.
 */
static int by_id(const void *a, const void *b)
{
    const struct signature *x = a, *y = b;
    if (x->gid != y->gid)
        return x->gid < y->gid ? -1 : 1;
    if (x->sid != y->sid)
        return x->sid < y->sid ? -1 : 1;
    int order = memcmp(x->digest, y->digest, SHA256_BYTES);
    return x->rev != y->rev ? (x->rev > y->rev ? -1 : 1) : order;
}

/* drop_twins: of one id the highest revision stays. */
static void drop_twins(struct signature_list *list, struct parse_counts *counts,
                       struct diags *diags)
{
    size_t kept = 0;
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, by_id);
    for (size_t i = 0; i < list->n; i++) {
        const struct signature *s = &list->items[i], *last = kept ? &list->items[kept - 1] : NULL;
        if (last && last->gid == s->gid && last->sid == s->sid) {
            diag_error(diags, ERR_EXISTS, s->pos, NULL, "sid %u is there already, at %s:%u", s->sid,
                       last->pos.file, last->pos.line);
            counts->rejected++;
            rules_count_reason(counts, "the sid is there already");
            continue;
        }
        list->items[kept++] = *s;
    }
    list->n = kept;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, SHA256_BYTES);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct rule_variable *)a)->name, ((const struct rule_variable *)b)->name);
}

/* effective: the variables that rules saw, by name; of those given twice the last. */
static size_t effective(const struct rule_context *ctx, struct rule_variable *out)
{
    size_t n = 0;
    for (size_t i = 0; i < ctx->n_variables; i++) {
        size_t later = i + 1;
        while (later < ctx->n_variables && by_name(&ctx->variables[i], &ctx->variables[later]) != 0)
            later++;
        if (later == ctx->n_variables)
            out[n++] = ctx->variables[i];
    }
    qsort(out, n, sizeof *out, by_name);
    return n;
}

/* digest_set: rules by their digests, so that files and their order do not matter, then variables.
 */
static int digest_set(struct rule_set *set, const struct rule_context *ctx,
                      const struct text *classes)
{
    size_t n = set->counts.loaded, k = 0;
    const uint8_t **digests = calloc(n + 1, sizeof *digests);
    struct piece *pieces = calloc(n + 4 * ctx->n_variables + 2, sizeof *pieces);
    struct rule_variable *variables = calloc(ctx->n_variables + 1, sizeof *variables);
    int error = digests && pieces && variables ? 0 : ERR_NOMEM;
    if (!error) {
        for (size_t i = 0; i < n; i++)
            digests[i] = set->rules[i].digest;
        qsort(digests, n, sizeof *digests, by_digest);
        for (size_t i = 0; i < n; i++)
            pieces[k++] = (struct piece){digests[i], SHA256_BYTES};
        size_t n_variables = effective(ctx, variables);
        for (size_t i = 0; i < n_variables; i++) {
            pieces[k++] = (struct piece){variables[i].name, strlen(variables[i].name)};
            pieces[k++] = (struct piece){"=", 1};
            pieces[k++] = (struct piece){variables[i].value, strlen(variables[i].value)};
            pieces[k++] = (struct piece){"\n", 1};
        }
        if (classes->len)
            pieces[k++] = (struct piece){classes->data, classes->len};
        sha256_pieces(set->digest, pieces, k);
    }
    free(digests);
    free(pieces);
    free(variables);
    return error;
}

/* index_ids: rules by id, for rule_find. */
static int compare_ids(const struct signature *s, uint32_t gid, uint32_t sid)
{
    if (s->gid != gid)
        return s->gid < gid ? -1 : 1;
    return s->sid < sid ? -1 : s->sid > sid;
}

static int by_index(const void *a, const void *b, void *ctx)
{
    const struct rule_set *set = ctx;
    const struct signature *other = &set->rules[*(const uint32_t *)b];
    return compare_ids(&set->rules[*(const uint32_t *)a], other->gid, other->sid);
}

static int index_ids(struct rule_set *set)
{
    size_t n = set->counts.loaded;
    set->by_id = arena_alloc(&set->arena, (n + 1) * sizeof *set->by_id);
    if (!set->by_id)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        set->by_id[i] = (uint32_t)i;
    qsort_r(set->by_id, n, sizeof *set->by_id, by_index, set);
    return 0;
}

bool rule_find(const struct rule_set *set, uint32_t gid, uint32_t sid, uint32_t *index)
{
    size_t low = 0, end = set->counts.loaded;
    while (low < end) {
        size_t middle = low + (end - low) / 2;
        int order = compare_ids(&set->rules[set->by_id[middle]], gid, sid);
        if (order == 0) {
            *index = set->by_id[middle];
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            end = middle;
    }
    return false;
}

static bool asks_headers(const struct signature *s)
{
    bool asks = s->n_tests != 0;
    for (unsigned i = 1; i < s->n_sections; i++)
        asks |= s->sections[i].header != 0;
    return asks;
}

static int parse_all(struct rule_set *set, struct rule_context *ctx,
                     const struct rule_set_config *config, struct diags *diags)
{
    struct signature_list list = {0};
    struct rule_class *classes = NULL;
    struct text normal = {0};
    struct threshold_row *thresholds = NULL;
    size_t n_classes = 0, n_thresholds = 0;
    int error = 0;
    if (config->classification)
        error =
            classes_read(config->classification, &set->arena, &classes, &n_classes, &normal, diags);
    if (!error && config->references)
        error =
            references_read(config->references, &set->arena, &set->systems, &set->n_systems, diags);
    if (!error && config->thresholds)
        error = threshold_config_read(config->thresholds, ctx, &thresholds, &n_thresholds, &normal,
                                      diags);
    for (size_t i = 0; i < config->n_files && !error; i++)
        error = rules_parse_file(ctx, config->files[i], &list, &set->parsed, diags);
    if (error) {
        free(list.items);
        text_free(&normal);
        return error;
    }
    drop_twins(&list, &set->parsed, diags);
    give_classes(&list, classes, n_classes);
    if (list.n)
        qsort(list.items, list.n, sizeof *list.items, by_order);
    set->rules = list.items;
    set->counts = (struct rule_set_counts){.files = config->n_files,
                                           .lines = set->parsed.lines,
                                           .rules = set->parsed.rules,
                                           .loaded = list.n,
                                           .rejected = set->parsed.rejected,
                                           .disabled = set->parsed.disabled};
    for (size_t i = 0; i < list.n; i++) {
        set->counts.without_literal += !list.items[i].literal.len;
        set->counts.with_pair_bits += list.items[i].n_pair_bits != 0;
        set->counts.with_headers += asks_headers(&list.items[i]);
    }
    error = index_ids(set);
    if (!error)
        error = threshold_config_give(thresholds, n_thresholds, set, diags);
    if (!error)
        error = normal.failed ? ERR_NOMEM : digest_set(set, ctx, &normal);
    text_free(&normal);
    return error;
}

static size_t bytes_of(const struct rule_set *set)
{
    size_t sum = sizeof *set + set->arena.bytes + set->counts.loaded * sizeof *set->rules;
    for (unsigned i = 0; i < set->n_literal_sets; i++) {
        size_t size;
        for (unsigned k = 0; k < LITERAL_SCANS; k++)
            if (set->literal_sets[i]->scans[k].database &&
                hs_database_size(set->literal_sets[i]->scans[k].database, &size) == HS_SUCCESS)
                sum += size;
    }
    return sum;
}

int rule_set_build(struct rule_set **out, const struct rule_set_config *config, struct diags *diags)
{
    *out = NULL;
    struct rule_set *set = calloc(1, sizeof *set);
    size_t n = rule_default_variable_count + config->n_variables;
    struct rule_variable *variables = calloc(n, sizeof *variables);
    if (set)
        set->flowbit_names = calloc(MATCH_FLOWBITS, sizeof *set->flowbit_names);
    int error = set && variables && set->flowbit_names ? 0 : ERR_NOMEM;
    if (!error) {
        memcpy(variables, rule_default_variables, sizeof rule_default_variables);
        if (config->n_variables)
            memcpy(variables + rule_default_variable_count, config->variables,
                   config->n_variables * sizeof *variables);
        struct rule_context ctx = {.arena = &set->arena,
                                   .variables = variables,
                                   .n_variables = n,
                                   .flowbit_names = set->flowbit_names};
        error = parse_all(set, &ctx, config, diags);
        set->n_flowbits = ctx.n_flowbits;
        set->n_flowints = ctx.n_flowints;
        memcpy(set->flowint_names, ctx.flowint_names, sizeof set->flowint_names);
        set->regexes = ctx.regexes;
        set->views = ctx.views;
        set->home = rule_addresses(&ctx, "$HOME_NET");
        set->n_address_lists = ctx.n_address_sets;
    }
    if (!error)
        error = rules_compile(set, diags);
    free(variables);
    if (error) {
        rule_set_destroy(set);
        return error;
    }
    set->counts.bytes = bytes_of(set);
    *out = set;
    return 0;
}

void rule_set_destroy(struct rule_set *set)
{
    if (!set)
        return;
    rules_compile_free(set);
    regexes_free(set->regexes);
    free(set->rules);
    free(set->flowbit_names);
    arena_free(&set->arena);
    free(set);
}

const struct rule_set_counts *rule_set_counts(const struct rule_set *set)
{
    return &set->counts;
}
void rule_set_digest(const struct rule_set *set, uint8_t out[SHA256_BYTES])
{
    memcpy(out, set->digest, SHA256_BYTES);
}
bool rule_set_is_home(const struct rule_set *set, const struct address *address)
{
    return set->home && address_set_holds(set->home, address);
}
uint32_t rule_sid(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].sid;
}
uint32_t rule_gid(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].gid;
}
uint32_t rule_rev(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].rev;
}
const char *rule_msg(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].msg ? set->rules[index].msg : "";
}
const char *rule_classtype(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].classtype ? set->rules[index].classtype : "";
}
const char *rule_class_text(const struct rule_set *set, uint32_t index)
{
    const char *text = set->rules[index].class_text;
    return text ? text : rule_classtype(set, index);
}
bool rule_reference(const struct rule_set *set, uint32_t index, unsigned i, struct text *out)
{
    const struct reference *r = set->systems ? set->rules[index].references : NULL;
    while (r && i-- > 0)
        r = r->next;
    if (r)
        reference_url(out, set->systems, set->n_systems, r);
    return r != NULL;
}
uint8_t rule_priority(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].priority;
}
bool rule_has_tag(const struct rule_set *set, uint32_t index, const char *tag)
{
    for (unsigned i = 0; i < set->rules[index].n_tags; i++)
        if (strcmp(set->rules[index].tags[i], tag) == 0)
            return true;
    return false;
}
