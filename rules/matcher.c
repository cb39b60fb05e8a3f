/* The match runtime: scan for literals, collect the rules they stand for, confirm those in order.
 */
#include "rules/matcher_parts.h"
#include "rules/profile.h"
#include "rules/watch.h"

#include "base/error.h"
#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

/* A candidate is one number, so that sorting needs no memory: the rule in the upper half, in the
 * lower the place behind its literal's last place in the data. */
static uint64_t candidate(uint32_t rule, uint32_t at)
{
    return (uint64_t)rule << 32 | at;
}

struct matcher *matcher_create(const struct rule_set *set, struct diags *diags)
{
    struct matcher *m = calloc(1, sizeof *m);
    if (m) {
        m->marks = calloc(set->counts.loaded + 1, sizeof *m->marks);
        m->candidates = calloc(set->counts.loaded + 1, sizeof *m->candidates);
        m->cut = calloc(set->counts.loaded + 1, sizeof *m->cut);
    }
    if (m)
        m->views = message_views_create();
    if (!m || confirm_room_init(&m->room) || !m->marks || !m->candidates || !m->cut || !m->views) {
        matcher_destroy(m);
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
    confirm_room_free(&m->room);
    message_views_free(m->views);
    free(m->marks);
    free(m->candidates);
    free(m->cut);
    free(m);
}

size_t matcher_bytes(const struct matcher *m)
{
    size_t scratch = 0;
    if (m->scratch)
        hs_scratch_size(m->scratch, &scratch);
    return sizeof *m + scratch + sizeof *m->views + VIEW_MEMORY +
           (m->set->counts.loaded + 1) *
               (sizeof *m->marks + sizeof *m->candidates + sizeof *m->cut);
}

const struct matcher_stats *matcher_stats(const struct matcher *m)
{
    return &m->stats;
}

uint64_t matcher_cut_of(const struct matcher *m, uint32_t rule)
{
    return m->cut[rule];
}

void matcher_stats_add(struct matcher_stats *sum, const struct matcher_stats *part)
{
    const uint64_t *from = (const uint64_t *)part;
    uint64_t *into = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *from; i++)
        into[i] += from[i];
}

/* group_of: what applies to an input. */
static const struct match_group *group_of(const struct matcher *m, const struct match_input *in)
{
    static const uint8_t transports[256] = {
        [1] = GROUP_ICMP, [6] = GROUP_TCP, [17] = GROUP_UDP, [58] = GROUP_ICMP}; /* others: 0 */
    const struct port_groups *g =
        m->set->groups[transports[in->transport]]
                      [in->to_server ? DIRECTION_TO_SERVER : DIRECTION_TO_CLIENT];
    unsigned class = g->class_of[in->to_server ? in->target_port : in->source_port];
    return in->stream ? &g->stream[class] : &g->packet[class];
}

bool matcher_wants_stream(struct matcher *m, const struct match_input *input,
                          struct match_flow *flow)
{
    const struct match_group *group = group_of(m, input);
    (void)flow;
    return m->watch || m->set->bytes_and_parts || (group && (group->sets[0] || group->sets[1]));
}

void matcher_profile(struct matcher *m, struct rule_cost *costs)
{
    m->costs = costs;
}

void matcher_skip(struct matcher *m, uint32_t bytes)
{
    m->stats.bytes_offered += bytes;
    m->stats.bytes_skipped_no_rule += bytes;
}

void matcher_add_candidate(struct matcher *m, uint32_t rule, uint32_t at)
{
    struct rule_mark *mark = &m->marks[rule];
    if (mark->input == m->input) {
        uint64_t *c = &m->candidates[mark->place], later = candidate(rule, at);
        *c = later > *c ? later : *c;
        return;
    }
    mark->input = m->input;
    mark->place = m->n;
    m->candidates[m->n++] = candidate(rule, at);
    m->stats.candidates++;
    if (m->costs)
        m->costs[rule].candidates++;
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
        matcher_add_candidate(m, set->pattern_rules[i], end);
    return 0;
}

void matcher_scan(struct matcher *m, const struct literal_set *set, const uint8_t *data,
                  uint32_t len, uint32_t fresh)
{
    for (unsigned i = 0; i < set->n_always; i++)
        matcher_add_candidate(m, set->always[i], len);
    if (!set->database || len == fresh)
        return;
    uint32_t back = set->literal_max - 1;
    m->scanning = set;
    m->fresh = fresh;
    m->scan_from = fresh > back ? fresh - back : 0;
    m->stats.scans++;
    m->stats.bytes_scanned += len - m->scan_from;
    hs_scan(set->database, (const char *)data + m->scan_from, len - m->scan_from, 0, m->scratch,
            on_literal, m);
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
        matcher_add_candidate(m, p.rule, at);
    }
    flow->n_pending[side] = 0;
}

/* remember_pending: when there is no room, the one whose literal leaves the window first gives way.
 */
static void remember_pending(struct matcher *m, const struct match_input *in,
                             struct match_flow *flow, uint32_t rule, uint32_t at)
{
    unsigned side = !in->to_server, place = flow->n_pending[side];
    struct match_pending *list = flow->pending[side];
    if (place < MATCH_PENDING) {
        flow->n_pending[side]++;
    } else {
        uint32_t start = (uint32_t)in->stream_at, least = at;
        m->stats.pending_over_limit++;
        for (unsigned i = 0; i < MATCH_PENDING; i++)
            if (list[i].at - start < least) {
                least = list[i].at - start;
                place = i;
            }
        if (place == MATCH_PENDING)
            return;
    }
    list[place] = (struct match_pending){rule, (uint32_t)in->stream_at + at};
}

static bool addresses_done(const struct match_input *in, const struct match_flow *flow)
{
    return flow->addresses_done >> !in->to_server & 1;
}

void matcher_note_cut(struct matcher *m, uint32_t rule)
{
    m->cut[rule] += m->room.cut;
    m->stats.confirms_cut += m->room.cut;
    m->room.cut = false;
}

void matcher_hit(struct matcher *m, uint32_t rule, struct match_flow *flow, struct hit *hits,
                 size_t *n)
{
    const struct signature *s = &m->set->rules[rule];
    m->marks[rule].packet = m->packet;
    rule_apply_flowbits(s, flow);
    m->passed = s->action == ACTION_PASS;
    if (m->costs)
        m->costs[rule].matches++;
    if (m->watch)
        watch_matched(m, rule, *n == MATCH_HITS_MAX);
    if (m->passed || s->noalert)
        return;
    if (*n == MATCH_HITS_MAX) {
        m->stats.hits_over_limit++;
        return;
    }
    hits[(*n)++].rule = rule;
    m->stats.hits++;
}

/* find_by_address: rules that ask for addresses only; once a direction of a flow. */
static void find_by_address(struct matcher *m, const struct literal_set *set,
                            const struct match_input *in)
{
    unsigned n;
    const uint32_t *rules = address_index_find(&set->by_source, &in->source, &n);
    for (unsigned i = 0; i < n; i++)
        matcher_add_candidate(m, rules[i], in->len);
    rules = address_index_find(&set->by_target, &in->target, &n);
    for (unsigned i = 0; i < n; i++)
        matcher_add_candidate(m, rules[i], in->len);
}

static size_t confirm_all(struct matcher *m, const struct match_input *in, struct match_flow *flow,
                          struct hit *hits)
{
    size_t n = 0;
    sort_u64(m->candidates, m->n);
    for (unsigned i = 0; i < m->n; i++) {
        uint32_t rule = matcher_candidate_rule(m->candidates[i]), at = (uint32_t)m->candidates[i];
        const struct signature *s = &m->set->rules[rule];
        if (m->watch && !watch_packet(m, rule, in, flow))
            continue;
        if (m->marks[rule].packet == m->packet || (s->addresses_only && addresses_done(in, flow)))
            continue;
        m->stats.confirms += !m->passed;
        uint64_t began = profile_begin(m->costs);
        enum rule_verdict verdict = m->passed ? RULE_NOT_YET : rule_confirm(s, in, flow, &m->room);
        profile_confirmed(m->costs, rule, began);
        matcher_note_cut(m, rule);
        if (verdict == RULE_NOT_YET && in->stream && s->grows)
            remember_pending(m, in, flow, rule, at);
        if (verdict != RULE_MATCHES)
            continue;
        matcher_hit(m, rule, flow, hits, &n);
        flow->passed |= m->passed && (in->stream || s->addresses_only);
    }
    return n;
}

void matcher_begin(struct matcher *m, bool same_packet)
{
    m->n = 0;
    m->input++;
    if (!same_packet) {
        m->packet++;
        m->passed = false;
    }
    if (m->input == 0 || m->packet == 0) { /* after 2^32 of them */
        memset(m->marks, 0, m->set->counts.loaded * sizeof *m->marks);
        m->input = m->packet = 1;
    }
}

size_t matcher_run(struct matcher *m, const struct match_input *input, struct match_flow *flow,
                   struct hit hits[MATCH_HITS_MAX])
{
    const struct match_group *group = group_of(m, input);
    uint32_t fresh = input->len - input->fresh;
    matcher_begin(m, input->same_packet);
    if (!group || (!group->sets[0] && !group->sets[1]) || m->passed || flow->passed) {
        if (fresh)
            matcher_skip(m, fresh);
        if (m->watch)
            watch_skipped(m, input, flow);
        return 0;
    }
    m->stats.inputs++;
    m->stats.bytes_offered += fresh;
    uint64_t scans = m->stats.scans;
    for (unsigned i = 0; i < 2; i++) {
        if (!group->sets[i])
            continue;
        matcher_scan(m, group->sets[i], input->data, input->len, input->fresh);
        if (!input->stream && !addresses_done(input, flow))
            find_by_address(m, group->sets[i], input);
    }
    if (m->stats.scans == scans)
        m->stats.bytes_skipped_no_rule += fresh;
    if (input->stream && flow->n_pending[!input->to_server])
        recall_pending(m, input, flow);
    if (m->watch)
        watch_add(m, input);
    size_t n = m->n ? confirm_all(m, input, flow, hits) : 0;
    if (!input->stream)
        flow->addresses_done |= (uint8_t)(1u << !input->to_server);
    return n;
}
