#include "rules/literal_set.h"

#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A rule and its literal while a set is built. */
struct pattern {
    struct literal literal;
    uint32_t rule;
};

static int by_literal(const void *a, const void *b)
{
    const struct pattern *x = a, *y = b;
    int order = memcmp(&x->literal, &y->literal, sizeof x->literal);
    return order ? order : x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* compile: each distinct literal once; HS ids are their places. */
static int compile(struct literal_scan *scan, struct arena *arena, struct pattern *patterns,
                   unsigned n, struct diags *diags)
{
    qsort(patterns, n, sizeof *patterns, by_literal);
    char(*texts)[4 * LITERAL_BYTES + 1] = calloc(n, sizeof *texts);
    const char **expressions = calloc(n, sizeof *expressions);
    unsigned *flags = calloc(n, sizeof *flags), *ids = calloc(n, sizeof *ids);
    scan->first = arena_alloc(arena, (n + 1) * sizeof *scan->first);
    scan->pattern_rules = arena_alloc(arena, n * sizeof *scan->pattern_rules);
    int error = ERR_NOMEM;
    if (!texts || !expressions || !flags || !ids || !scan->first || !scan->pattern_rules)
        goto out;
    for (unsigned i = 0; i < n; i++) {
        const struct literal *l = &patterns[i].literal;
        if (i == 0 || memcmp(l, &patterns[i - 1].literal, sizeof *l) != 0) {
            unsigned id = scan->n_patterns++;
            for (unsigned k = 0; k < l->len; k++)
                snprintf(texts[id] + 4 * k, 5, "\\x%02x", l->bytes[k]);
            expressions[id] = texts[id];
            flags[id] = l->nocase ? HS_FLAG_CASELESS : 0;
            ids[id] = id;
            scan->first[id] = i;
            if (l->len > scan->literal_max)
                scan->literal_max = l->len;
        }
        scan->pattern_rules[i] = patterns[i].rule;
    }
    scan->first[scan->n_patterns] = n;
    hs_compile_error_t *fault = NULL;
    error = 0;
    if (hs_compile_multi(expressions, flags, ids, scan->n_patterns, HS_MODE_BLOCK, NULL,
                         &scan->database, &fault) != HS_SUCCESS) {
        error = diag_error(diags, ERR_INTERNAL, diag_file(NULL), NULL,
                           "Hyperscan refuses %u literals: %s", scan->n_patterns, fault->message);
        hs_free_compile_error(fault);
    }
out:
    free(texts);
    free(expressions);
    free(flags);
    free(ids);
    return error;
}

/* What a rule looks up. */
struct probed {
    uint64_t key;
    uint32_t at, rule;
    uint8_t bytes;
};

static int by_probe(const void *a, const void *b)
{
    const struct probed *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->bytes != y->bytes)
        return y->bytes - x->bytes;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool same_probe(const struct probed *a, const struct probed *b)
{
    return a->at == b->at && a->bytes == b->bytes;
}

/* fill_probe: the table of n items, which have one place and length. */
static int fill_probe(struct literal_set *set, struct literal_probe *probe, struct arena *arena,
                      const struct probed *items, unsigned n, uint32_t first)
{
    *probe = (struct literal_probe){.at = items->at, .bytes = items->bytes, .bits = 1};
    while (UINT32_C(1) << probe->bits < 2 * n)
        probe->bits++;
    uint32_t size = UINT32_C(1) << probe->bits;
    probe->slots = arena_alloc(arena, size * sizeof *probe->slots);
    if (!probe->slots)
        return ERR_NOMEM;
    memset(probe->slots, 0, size * sizeof *probe->slots);
    for (unsigned i = 0, k; i < n; i = k) {
        for (k = i; k < n && items[k].key == items[i].key; k++)
            set->probe_rules[first + k] = items[k].rule;
        uint8_t begin = (uint8_t)items[i].key;
        probe->begin[begin / 64] |= UINT64_C(1) << begin % 64;
        begin = (uint8_t)toupper(begin);
        probe->begin[begin / 64] |= UINT64_C(1) << begin % 64;
        uint32_t slot = literal_probe_slot(probe, items[i].key);
        while (probe->slots[slot & (size - 1)].n)
            slot++;
        probe->slots[slot & (size - 1)] =
            (struct probe_slot){.key = items[i].key, .first = first + i, .n = k - i};
    }
    return 0;
}

static int make_probes(struct literal_set *set, struct arena *arena, struct probed *items,
                       unsigned n)
{
    unsigned probes = 0;
    qsort(items, n, sizeof *items, by_probe);
    for (unsigned i = 0; i < n; i++)
        probes += i == 0 || !same_probe(&items[i], &items[i - 1]);
    set->probes = arena_alloc(arena, (probes + 1) * sizeof *set->probes);
    set->probe_rules = arena_alloc(arena, (n + 1) * sizeof *set->probe_rules);
    int error = set->probes && set->probe_rules ? 0 : ERR_NOMEM;
    for (unsigned i = 0, k; i < n && !error; i = k) {
        for (k = i; k < n && same_probe(&items[k], &items[i]);)
            k++;
        error = fill_probe(set, &set->probes[set->n_probes++], arena, items + i, k - i, i);
        if ((uint64_t)items[i].at + items[i].bytes > set->probes_end)
            set->probes_end = (uint64_t)items[i].at + items[i].bytes;
    }
    return error;
}

/* index_addresses: rules that ask for addresses only: by the narrower list, or once. Out of
 * `always`. */
static int index_addresses(struct literal_set *set, struct arena *arena,
                           const struct signature *all)
{
    uint32_t *chosen = calloc(set->n_always + 1, sizeof *chosen);
    set->once = arena_alloc(arena, (set->n_always + 1) * sizeof *set->once);
    int error = chosen && set->once ? 0 : ERR_NOMEM;
    for (unsigned source = 0; source < 2 && !error; source++) {
        unsigned n = 0, kept = 0;
        for (unsigned i = 0; i < set->n_always; i++) {
            const struct signature *s = &all[set->always[i]];
            if (s->addresses_only && !s->bidirectional &&
                address_set_is_narrow(source ? s->source : s->target))
                chosen[n++] = set->always[i];
            else if (s->addresses_only && source)
                set->once[set->n_once++] = set->always[i];
            else
                set->always[kept++] = set->always[i];
        }
        set->n_always = kept;
        error = address_index_make(source ? &set->by_source : &set->by_target, arena, all, chosen,
                                   n, source);
    }
    free(chosen);
    return error;
}

static int by_port(const void *a, const void *b)
{
    const struct port_rule *x = a, *y = b;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* index_ports: rules of few ports. Out of `always`. */
static int index_ports(struct literal_set *set, struct arena *arena, const struct signature *all)
{
    struct port_rule *list = calloc(set->n_always * FEW_PORTS + 1, sizeof *list);
    int error = list ? 0 : ERR_NOMEM;
    for (unsigned which = PORT_SOURCE; which <= PORT_TARGET && !error; which++) {
        unsigned kept = 0, n = 0;
        for (unsigned i = 0; i < set->n_always; i++) {
            const struct signature *s = &all[set->always[i]];
            const struct port_set *ports = which == PORT_SOURCE ? s->source_port : s->target_port;
            bool few = signature_asks_few(s, ports);
            for (unsigned port = 0; few && port < 65536; port++)
                if (port_set_holds(ports, (uint16_t)port))
                    list[n++] = (struct port_rule){(uint16_t)port, set->always[i]};
            if (!few)
                set->always[kept++] = set->always[i];
        }
        qsort(list, n, sizeof *list, by_port);
        set->n_always = kept;
        set->by_port[which] = arena_memdup(arena, list, n * sizeof *list);
        set->n_by_port[which] = n;
        error = set->by_port[which] || n == 0 ? 0 : ERR_NOMEM;
    }
    free(list);
    return error;
}

const struct port_rule *literal_set_by_port(const struct literal_set *set, unsigned which,
                                            uint16_t port, unsigned *n)
{
    const struct port_rule *list = set->by_port[which];
    unsigned low = 0, end = set->n_by_port[which];
    while (low < end) {
        unsigned middle = low + (end - low) / 2;
        if (list[middle].port < port)
            low = middle + 1;
        else
            end = middle;
    }
    for (*n = 0; low + *n < set->n_by_port[which] && list[low + *n].port == port;)
        ++*n;
    return list + low;
}

/* pattern_of: what is scanned for is the same wherever rules look for it. */
static struct pattern pattern_of(const struct literal *l, uint32_t rule)
{
    struct pattern p = {.rule = rule};
    p.literal.len = l->len;
    p.literal.nocase = l->nocase;
    memcpy(p.literal.bytes, l->bytes, l->len);
    return p;
}

/* scans_of: a bit for each scan that looks for the rule's literal. */
static unsigned scans_of(const struct signature *s, bool split)
{
    const unsigned anywhere = 1u << SCAN_ANYWHERE;
    bool sized = s->has_dsize && !s->dsize_negated;
    if (!split)
        return anywhere;
    unsigned scans = !sized || s->dsize_low <= SCAN_START_BYTES ? 1u << SCAN_SHORT : 0;
    if (!sized || s->dsize_high > SCAN_START_BYTES)
        scans |= s->literal.end <= SCAN_START_BYTES ? 1u << SCAN_START : anywhere;
    return scans;
}

int literal_set_fill(struct literal_set *set, struct arena *arena, const struct signature *all,
                     bool split, struct diags *diags)
{
    struct pattern *patterns[LITERAL_SCANS];
    unsigned n[LITERAL_SCANS] = {0}, n_probed = 0;
    struct probed *probed = calloc(set->n_rules + 1, sizeof *probed);
    int error = probed ? 0 : ERR_NOMEM;
    for (unsigned i = 0; i < LITERAL_SCANS; i++) {
        patterns[i] = calloc(set->n_rules + 1, sizeof *patterns[i]);
        error = patterns[i] ? error : ERR_NOMEM;
    }
    set->always = arena_alloc(arena, (set->n_rules + 1) * sizeof *set->always);
    error = set->always ? error : ERR_NOMEM;
    for (unsigned i = 0; i < set->n_rules && !error; i++) {
        uint32_t rule = set->rules[i];
        const struct signature *s = &all[rule];
        const struct literal *l = &s->literal;
        if (!l->len) {
            set->always[set->n_always++] = rule;
        } else if (l->at != LITERAL_ANYWHERE) {
            probed[n_probed++] =
                (struct probed){literal_probe_key(l->bytes, l->len), l->at, rule, l->len};
        } else {
            for (unsigned scans = scans_of(s, split); scans; scans &= scans - 1) {
                unsigned scan = (unsigned)__builtin_ctz(scans);
                patterns[scan][n[scan]++] = pattern_of(l, rule);
            }
        }
    }
    if (!error)
        error = index_addresses(set, arena, all);
    if (!error && split)
        error = index_ports(set, arena, all);
    if (!error)
        error = make_probes(set, arena, probed, n_probed);
    set->split = n[SCAN_START] || n[SCAN_SHORT] > n[SCAN_ANYWHERE];
    for (unsigned i = 0; i < LITERAL_SCANS && !error; i++)
        if (n[i] && (set->split || i == SCAN_ANYWHERE))
            error = compile(&set->scans[i], arena, patterns[i], n[i], diags);
    free(probed);
    for (unsigned i = 0; i < LITERAL_SCANS; i++)
        free(patterns[i]);
    return error;
}

void literal_set_free(struct literal_set *set)
{
    for (unsigned i = 0; i < LITERAL_SCANS; i++)
        hs_free_database(set->scans[i].database);
}
