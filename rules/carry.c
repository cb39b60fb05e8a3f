/* Carrying a flow's memory from one rule set to the next: two tables of numbers. */
#include "rules/carry.h"

#include "rules/set_parts.h"

#include <stdlib.h>
#include <string.h>

#define GONE UINT32_MAX

struct rule_carry {
    uint16_t bits[MATCH_FLOWBITS];    /* old bit -> new bit, MATCH_FLOWBITS: gone */
    uint8_t flowints[MATCH_FLOWINTS]; /* the same of numbers */
    uint32_t n_rules;
    uint32_t rules[]; /* old rule -> new rule, GONE */
};

/* One rule's digest and number, to find equal ones by sorting. */
struct named {
    const uint8_t *digest;
    uint32_t number;
};

static int by_digest(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    return memcmp(x->digest, y->digest, SHA256_BYTES);
}

static struct named *sorted_rules(const struct rule_set *set)
{
    size_t n = set->counts.loaded;
    struct named *out = calloc(n + 1, sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        out[i] = (struct named){set->rules[i].digest, (uint32_t)i};
    if (out && n)
        qsort(out, n, sizeof *out, by_digest);
    return out;
}

struct rule_carry *rule_carry_create(const struct rule_set *from, const struct rule_set *to)
{
    size_t n = from->counts.loaded, n_to = to->counts.loaded;
    struct rule_carry *c = calloc(1, sizeof *c + n * sizeof *c->rules);
    struct named *there = sorted_rules(to);
    if (!c || !there) {
        free(c);
        free(there);
        return NULL;
    }
    c->n_rules = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        struct named key = {from->rules[i].digest, 0};
        const struct named *found =
            n_to ? bsearch(&key, there, n_to, sizeof *there, by_digest) : NULL;
        c->rules[i] = found ? found->number : GONE;
    }
    for (unsigned bit = 0; bit < MATCH_FLOWBITS; bit++) {
        c->bits[bit] = MATCH_FLOWBITS;
        for (unsigned other = 0; bit < from->n_flowbits && other < to->n_flowbits; other++)
            if (strcmp(from->flowbit_names[bit], to->flowbit_names[other]) == 0)
                c->bits[bit] = (uint16_t)other;
    }
    for (unsigned i = 0; i < MATCH_FLOWINTS; i++) {
        c->flowints[i] = MATCH_FLOWINTS;
        for (unsigned other = 0; i < from->n_flowints && other < to->n_flowints; other++)
            if (strcmp(from->flowint_names[i], to->flowint_names[other]) == 0)
                c->flowints[i] = (uint8_t)other;
    }
    free(there);
    return c;
}

void rule_carry_destroy(struct rule_carry *c)
{
    free(c);
}

static void carry_flowints(const struct rule_carry *c, struct match_flow *flow)
{
    uint32_t values[MATCH_FLOWINTS] = {0};
    uint8_t set = 0;
    for (unsigned i = 0; i < MATCH_FLOWINTS; i++)
        if (flow->flowints_set >> i & 1 && c->flowints[i] < MATCH_FLOWINTS) {
            values[c->flowints[i]] = flow->flowints[i];
            set |= (uint8_t)(1u << c->flowints[i]);
        }
    memcpy(flow->flowints, values, sizeof values);
    flow->flowints_set = set;
}

void rule_carry_flow(const struct rule_carry *c, struct match_flow *flow)
{
    uint64_t bits[MATCH_FLOWBITS / 64] = {0};
    for (unsigned word = 0; word < MATCH_FLOWBITS / 64; word++)
        for (uint64_t left = flow->flowbits[word]; left; left &= left - 1) {
            unsigned to = c->bits[word * 64 + (unsigned)__builtin_ctzll(left)];
            if (to < MATCH_FLOWBITS)
                bits[to / 64] |= (uint64_t)1 << to % 64;
        }
    memcpy(flow->flowbits, bits, sizeof bits);
    carry_flowints(c, flow);
    for (unsigned side = 0; side < 2; side++) {
        unsigned kept = 0;
        for (unsigned i = 0; i < flow->n_pending[side]; i++) {
            struct match_pending p = flow->pending[side][i];
            p.rule = p.rule < c->n_rules ? c->rules[p.rule] : GONE;
            if (p.rule != GONE)
                flow->pending[side][kept++] = p;
        }
        flow->n_pending[side] = (uint8_t)kept;
    }
}
