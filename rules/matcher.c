/* The match runtime: scan for literals, collect the rules they stand for, confirm those in order.
 */
#include "rules/matcher_parts.h"
#include "rules/profile.h"
#include "rules/watch.h"

#include "base/error.h"
#include "base/ip_protocol.h"
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
    if (!m || confirm_room_init(&m->room) ||
        screen_room_init(&m->ends, set->address_lists, set->n_address_lists) || !m->marks ||
        !m->candidates || !m->cut || !m->views) {
        matcher_destroy(m);
        diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL, "no memory for a matcher");
        return NULL;
    }
    m->set = set;
    m->room.screened = true;
    for (unsigned i = 0; i < set->n_literal_sets * LITERAL_SCANS; i++) {
        const struct literal_scan *scan =
            &set->literal_sets[i / LITERAL_SCANS]->scans[i % LITERAL_SCANS];
        if (scan->database && hs_alloc_scratch(scan->database, &m->scratch) != HS_SUCCESS) {
            diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                       "Hyperscan finds no memory to scan with");
            matcher_destroy(m);
            return NULL;
        }
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
    screen_room_free(&m->ends);
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
               (sizeof *m->marks + sizeof *m->candidates + sizeof *m->cut) +
           2 * m->set->n_address_lists * sizeof *m->ends.source_known;
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

/* applicable: the rules that an input is scanned for; NULL: there are none. */
static const struct literal_set *applicable(const struct matcher *m, const struct match_input *in)
{
    static const uint8_t looks[256] = {
        [IP_ICMP] = LOOK_ICMP, [IP_UDP] = LOOK_UDP, [IP_ICMP6] = LOOK_ICMP}; /* of others
                                                                                LOOK_OTHERS */
    unsigned direction = in->to_server ? DIRECTION_TO_SERVER : DIRECTION_TO_CLIENT,
             look = in->transport != IP_TCP ? looks[in->transport]
                    : in->stream            ? LOOK_TCP_STREAMS
                                            : LOOK_TCP_PACKETS;
    return m->set->bytes[in->protocol][direction][look];
}

bool matcher_wants_stream(struct matcher *m, const struct match_input *input,
                          struct match_flow *flow)
{
    (void)flow;
    return m->watch || applicable(m, input) || m->set->bytes_and_parts ||
           (input->protocol == PROTOCOL_UNKNOWN && m->set->protocols_stream);
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

void matcher_skip_encrypted(struct matcher *m, uint32_t bytes)
{
    m->stats.bytes_offered += bytes;
    m->stats.bytes_skipped_encrypted += bytes;
}

void matcher_add_candidate(struct matcher *m, uint32_t rule, uint32_t at)
{
    struct rule_mark *mark = &m->marks[rule];
    if (mark->input == m->input) {
        if (mark->place == TURNED_AWAY)
            return;
        uint64_t *c = &m->candidates[mark->place], later = candidate(rule, at);
        *c = later > *c ? later : *c;
        return;
    }
    mark->input = m->input;
    mark->place = TURNED_AWAY;
    if (!(m->watch && m->watch->rule == rule) &&
        !screen_lets_pass(&m->ends, &m->set->screens[rule], m->input_now)) {
        m->stats.turned_away++;
        return;
    }
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
    const struct literal_scan *scan = m->scanning;
    uint32_t end = m->scan_from + (uint32_t)to;
    (void)from;
    (void)flags;
    if (end <= m->fresh)
        return 0;
    m->stats.literal_hits++;
    for (uint32_t i = scan->first[id]; i < scan->first[id + 1]; i++)
        matcher_add_candidate(m, scan->pattern_rules[i], end);
    return 0;
}

/* scan: data up to len, of which what is behind `fresh` is new; nothing where no literal is. */
static void scan(struct matcher *m, const struct literal_scan *scan, const uint8_t *data,
                 uint32_t len, uint32_t fresh)
{
    if (!scan->database)
        return;
    uint32_t back = scan->literal_max - 1;
    m->scanning = scan;
    m->fresh = fresh;
    m->scan_from = fresh > back ? fresh - back : 0;
    m->stats.scans++;
    m->stats.bytes_scanned += len - m->scan_from;
    hs_scan(scan->database, (const char *)data + m->scan_from, len - m->scan_from, 0, m->scratch,
            on_literal, m);
}

/* look_up: literals whose place is known, where that is in the data and new. */
static void look_up(struct matcher *m, const struct literal_set *set, const uint8_t *data,
                    uint32_t len, uint32_t fresh, uint64_t at)
{
    if (at + fresh >= set->probes_end)
        return;
    for (unsigned i = 0; i < set->n_probes && set->probes[i].at < at + len; i++) {
        const struct literal_probe *p = &set->probes[i];
        uint64_t place = p->at - at, end = place + p->bytes;
        if (p->at < at || end > len || end <= fresh)
            continue;
        unsigned n;
        const uint32_t *rules = literal_probe_find(set, p, data + place, &n);
        m->stats.probes++;
        for (unsigned k = 0; k < n; k++)
            matcher_add_candidate(m, rules[k], (uint32_t)end);
    }
}

void matcher_scan(struct matcher *m, const struct literal_set *set, const uint8_t *data,
                  uint32_t len, uint32_t fresh, uint64_t at)
{
    for (unsigned i = 0; i < set->n_always; i++)
        matcher_add_candidate(m, set->always[i], len);
    if (len == fresh || m->input_now->opaque)
        return;
    look_up(m, set, data, len, fresh, at);
    if (set->split && at + len <= SCAN_START_BYTES) {
        scan(m, &set->scans[SCAN_SHORT], data, len, fresh);
        return;
    }
    if (at + fresh < SCAN_START_BYTES)
        scan(m, &set->scans[SCAN_START], data, (uint32_t)(SCAN_START_BYTES - at), fresh);
    scan(m, &set->scans[SCAN_ANYWHERE], data, len, fresh);
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

void matcher_hit(struct matcher *m, uint32_t rule, const struct match_input *in,
                 struct match_flow *flow, struct hit *hits, size_t *n)
{
    const struct signature *s = &m->set->rules[rule];
    m->marks[rule].packet = m->packet;
    rule_apply(s, in, flow);
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
    for (unsigned i = 0; i < set->n_once; i++)
        matcher_add_candidate(m, set->once[i], in->len);
}

/* find_by_port: rules without a literal that ask for few ports. */
static void find_by_port(struct matcher *m, const struct literal_set *set,
                         const struct match_input *in)
{
    const uint16_t ports[] = {[PORT_SOURCE] = in->source_port, [PORT_TARGET] = in->target_port};
    for (unsigned which = PORT_SOURCE; which <= PORT_TARGET; which++) {
        unsigned n;
        const struct port_rule *found = literal_set_by_port(set, which, ports[which], &n);
        for (unsigned i = 0; i < n; i++)
            matcher_add_candidate(m, found[i].rule, in->len);
    }
}

/* confirm_all: early is the input as rules of the flow's protocol see it. */
static size_t confirm_all(struct matcher *m, const struct match_input *in,
                          const struct match_input *early, struct match_flow *flow,
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
        enum rule_verdict verdict = RULE_NOT_YET;
        if (!m->passed && rule_remembered_holds(s, in, flow)) {
            m->stats.confirms++;
            uint64_t began = profile_begin(m->costs);
            verdict = rule_confirm(s, s->protocol ? early : in, flow, &m->room);
            profile_confirmed(m->costs, rule, began);
        }
        matcher_note_cut(m, rule);
        if (verdict == RULE_NOT_YET && in->stream && s->grows)
            remember_pending(m, in, flow, rule, at);
        if (verdict != RULE_MATCHES)
            continue;
        matcher_hit(m, rule, in, flow, hits, &n);
        flow->passed |= m->passed && (in->stream || s->addresses_only);
    }
    return n;
}

void matcher_begin(struct matcher *m, const struct match_input *input)
{
    m->n = 0;
    m->input++;
    m->input_now = input;
    screen_ends(&m->ends, input);
    if (!input->same_packet) {
        m->packet++;
        m->passed = false;
    }
    if (m->input == 0 || m->packet == 0) { /* after 2^32 of them */
        memset(m->marks, 0, m->set->counts.loaded * sizeof *m->marks);
        m->input = m->packet = 1;
    }
}

/* first_seen: where what is new begins for rules of the flow's protocol: once it is known they see
 * the whole window, however the stream was cut before. */
static uint32_t first_seen(const struct match_input *in, struct match_flow *flow)
{
    uint8_t *as = &flow->streamed_as[!in->to_server];
    bool known = *as == in->protocol;
    if (!in->stream)
        return 0;
    *as = in->protocol;
    return known ? in->fresh : 0;
}

size_t matcher_run(struct matcher *m, const struct match_input *input, struct match_flow *flow,
                   struct hit hits[MATCH_HITS_MAX])
{
    const struct literal_set *set = applicable(m, input);
    uint32_t fresh = input->len - input->fresh;
    matcher_begin(m, input);
    if (!set || m->passed || flow->passed) {
        if (fresh)
            matcher_skip(m, fresh);
        if (m->watch)
            watch_skipped(m, input, flow);
        return 0;
    }
    m->stats.inputs++;
    m->stats.bytes_offered += fresh;
    if (input->opaque)
        m->stats.bytes_skipped_encrypted += fresh;
    struct match_input early = *input;
    early.fresh = first_seen(input, flow);
    matcher_scan(m, set, input->data, input->len, early.fresh, input->stream_at);
    find_by_port(m, set, input);
    if (!input->stream && !addresses_done(input, flow))
        find_by_address(m, set, input);
    if (input->stream && flow->n_pending[!input->to_server])
        recall_pending(m, input, flow);
    if (m->watch)
        watch_add(m, input);
    size_t n = m->n ? confirm_all(m, input, &early, flow, hits) : 0;
    if (!input->stream)
        flow->addresses_done |= (uint8_t)(1u << !input->to_server);
    return n;
}
