/* The match runtime: scan for literals, collect the rules they stand for, confirm those in order.
 */
#include "rules/matcher.h"

#include "base/error.h"
#include "rules/set_parts.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 256 /* of one input */

struct candidate {
    uint32_t rule;
    uint32_t at; /* place behind the literal, in the data */
};

struct matcher {
    const struct rule_set *set;
    hs_scratch_t *scratch;
    uint32_t *stamps; /* of each rule: the input for which it is a candidate already */
    uint32_t stamp;
    struct candidate candidates[CANDIDATES_MAX];
    unsigned n;
    struct matcher_stats stats;
    /* of the scan under way */
    const struct literal_set *scanning;
    uint32_t scan_from, fresh;
};

struct matcher *matcher_create(const struct rule_set *set, struct diags *diags)
{
    struct matcher *m = calloc(1, sizeof *m);
    if (m)
        m->stamps = calloc(set->counts.loaded + 1, sizeof *m->stamps);
    if (!m || !m->stamps) {
        free(m);
        diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL, "no memory for a matcher");
        return NULL;
    }
    m->set = set;
    for (unsigned i = 0; i < set->n_literal_sets; i++)
        if (set->literal_sets[i]->database &&
            hs_alloc_scratch(set->literal_sets[i]->database, &m->scratch) != HS_SUCCESS) {
            diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                       "Hyperscan finds no memory to scan with");
            matcher_destroy(m);
            return NULL;
        }
    return m;
}

void matcher_destroy(struct matcher *m)
{
    if (!m)
        return;
    if (m->scratch)
        hs_free_scratch(m->scratch);
    free(m->stamps);
    free(m);
}

size_t matcher_bytes(const struct matcher *m)
{
    size_t scratch = 0;
    if (m->scratch)
        hs_scratch_size(m->scratch, &scratch);
    return sizeof *m + scratch + m->set->counts.loaded * sizeof *m->stamps;
}

const struct matcher_stats *matcher_stats(const struct matcher *m)
{
    return &m->stats;
}

void matcher_stats_add(struct matcher_stats *sum, const struct matcher_stats *part)
{
    const uint64_t *from = (const uint64_t *)part;
    uint64_t *into = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *from; i++)
        into[i] += from[i];
}

/* group_of: what applies to an input; NULL for transports without rules. */
static const struct match_group *group_of(const struct matcher *m, const struct match_input *in)
{
    if (in->transport != 6 && in->transport != 17)
        return NULL;
    const struct port_groups *g =
        m->set->groups[in->transport == 6 ? GROUP_TCP : GROUP_UDP]
                      [in->to_server ? DIRECTION_TO_SERVER : DIRECTION_TO_CLIENT];
    unsigned class = g->class_of[in->to_server ? in->target_port : in->source_port];
    return in->stream ? &g->stream[class] : &g->packet[class];
}

bool matcher_wants_stream(struct matcher *m, const struct match_input *input,
                          struct match_flow *flow)
{
    const struct match_group *group = group_of(m, input);
    (void)flow;
    return group && (group->sets[0] || group->sets[1]);
}

void matcher_skip(struct matcher *m, uint32_t bytes)
{
    m->stats.bytes_offered += bytes;
    m->stats.bytes_skipped_no_rule += bytes;
}

static void add_candidate(struct matcher *m, uint32_t rule, uint32_t at)
{
    if (m->stamps[rule] == m->stamp)
        return;
    if (m->n == CANDIDATES_MAX) {
        m->stats.candidates_over_limit++;
        return;
    }
    m->stamps[rule] = m->stamp;
    m->candidates[m->n++] = (struct candidate){rule, at};
    m->stats.candidates++;
}

static int on_literal(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                      void *ctx)
{
    struct matcher *m = ctx;
    const struct literal_set *set = m->scanning;
    uint32_t end = m->scan_from + (uint32_t)to;
    (void)from;
    (void)flags;
    if (end <= m->fresh)
        return 0;
    m->stats.literal_hits++;
    for (uint32_t i = set->first[id]; i < set->first[id + 1]; i++)
        add_candidate(m, set->pattern_rules[i], end);
    return 0;
}

/* scan: new bytes, and so much before them that no literal is cut. */
static void scan(struct matcher *m, const struct literal_set *set, const struct match_input *in)
{
    for (unsigned i = 0; i < set->n_always; i++)
        add_candidate(m, set->always[i], in->len);
    if (!set->database || in->len == in->fresh)
        return;
    uint32_t back = set->literal_max - 1;
    m->scanning = set;
    m->fresh = in->fresh;
    m->scan_from = in->fresh > back ? in->fresh - back : 0;
    m->stats.scans++;
    m->stats.bytes_scanned += in->len - m->scan_from;
    hs_scan(set->database, (const char *)in->data + m->scan_from, in->len - m->scan_from, 0,
            m->scratch, on_literal, m);
}

/* recall_pending: rules that wait for more of the stream are candidates again while their literal
 * is in the window. */
static void recall_pending(struct matcher *m, const struct match_input *in, struct match_flow *flow)
{
    unsigned side = !in->to_server;
    for (unsigned i = 0; i < flow->n_pending[side]; i++) {
        struct match_pending p = flow->pending[side][i];
        uint32_t at = p.at - (uint32_t)in->stream_at;
        if (at > in->fresh || p.rule >= m->set->counts.loaded)
            continue; /* the window has gone past it */
        add_candidate(m, p.rule, at);
    }
    flow->n_pending[side] = 0;
}

static void remember_pending(struct matcher *m, const struct match_input *in,
                             struct match_flow *flow, const struct candidate *c)
{
    unsigned side = !in->to_server;
    struct match_pending *list = flow->pending[side];
    if (flow->n_pending[side] == MATCH_PENDING) {
        m->stats.pending_over_limit++;
        memmove(list, list + 1, (MATCH_PENDING - 1) * sizeof *list);
        flow->n_pending[side]--;
    }
    list[flow->n_pending[side]++] =
        (struct match_pending){c->rule, (uint32_t)in->stream_at + c->at};
}

static int by_rule(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* may_complete: the rule can match later with the literal seen now: it has more than the literal.
 */
static bool may_complete(const struct signature *s)
{
    return s->n_contents > 1 || (s->n_contents == 1 && s->contents[0].len > LITERAL_BYTES);
}

static size_t confirm_all(struct matcher *m, const struct match_input *in, struct match_flow *flow,
                          struct hit *hits)
{
    size_t n = 0;
    if (m->n > 1)
        qsort(m->candidates, m->n, sizeof m->candidates[0], by_rule);
    for (unsigned i = 0; i < m->n; i++) {
        const struct signature *s = &m->set->rules[m->candidates[i].rule];
        m->stats.confirms++;
        if (!rule_confirm(s, in, flow)) {
            if (in->stream && may_complete(s))
                remember_pending(m, in, flow, &m->candidates[i]);
            continue;
        }
        rule_apply_flowbits(s, flow);
        if (s->action == ACTION_PASS)
            break;
        if (s->noalert)
            continue;
        if (n == MATCH_HITS_MAX) {
            m->stats.hits_over_limit++;
            continue;
        }
        hits[n++].rule = m->candidates[i].rule;
        m->stats.hits++;
    }
    return n;
}

size_t matcher_run(struct matcher *m, const struct match_input *input, struct match_flow *flow,
                   struct hit hits[MATCH_HITS_MAX])
{
    const struct match_group *group = group_of(m, input);
    uint32_t fresh = input->len - input->fresh;
    if (!group || (!group->sets[0] && !group->sets[1])) {
        if (fresh)
            matcher_skip(m, fresh);
        return 0;
    }
    m->stats.inputs++;
    m->stats.bytes_offered += fresh;
    if (++m->stamp == 0) { /* after 2^32 inputs stamps are made new */
        memset(m->stamps, 0, m->set->counts.loaded * sizeof *m->stamps);
        m->stamp = 1;
    }
    m->n = 0;
    uint64_t scans = m->stats.scans;
    for (unsigned i = 0; i < 2; i++)
        if (group->sets[i])
            scan(m, group->sets[i], input);
    if (m->stats.scans == scans)
        m->stats.bytes_skipped_no_rule += fresh;
    if (input->stream && flow->n_pending[!input->to_server])
        recall_pending(m, input, flow);
    return m->n ? confirm_all(m, input, flow, hits) : 0;
}
