/* Matching messages: part by part for literals, then each candidate on all that it asks.
 *
 * A rule that looks into heads alone is asked once, when the head is whole. One that looks into a
 * body too is asked when its literal comes, in the head or in the body; where its head holds and
 * the body does not yet, it waits and is asked again of every piece of the body.
 */
#include "rules/matcher_parts.h"
#include "rules/profile.h"
#include "rules/watch.h"

#include "base/sort.h"

#include <string.h>

static const struct message_group *group_of(const struct matcher *m, unsigned protocol,
                                            bool to_server)
{
    return &m->set->messages[protocol][to_server ? DIRECTION_TO_SERVER : DIRECTION_TO_CLIENT];
}

bool matcher_wants_messages(const struct matcher *m, unsigned protocol, bool to_server)
{
    return group_of(m, protocol, to_server)->n_scans != 0;
}

bool matcher_wants_body(const struct matcher *m, unsigned protocol, bool to_server, unsigned id)
{
    return group_of(m, protocol, to_server)->bodies >> id & 1;
}

static uint64_t bodies_of(const struct signature *s)
{
    uint64_t parts = 0;
    for (unsigned i = 1; i < s->n_sections; i++)
        parts |= s->sections[i].view->parts & BODY_PARTS;
    return parts;
}

static void scan_part(struct matcher *m, const struct message_scan *scan,
                      const struct match_body *body)
{
    unsigned n;
    const struct match_bytes *bytes = message_views_of(m->views, scan->view, &n);
    for (unsigned i = 0; i < n; i++) {
        bool whole = !body || scan->view->n_transforms || bytes[i].data != body->data;
        m->stats.bytes_offered += bytes[i].len;
        matcher_scan(m, scan->set, bytes[i].data, bytes[i].len, whole ? 0 : body->fresh);
    }
}

static void scan_all(struct matcher *m, const struct message_group *g,
                     const struct match_body *body, const struct match_message *state)
{
    for (unsigned i = 0; i < g->n_scans; i++) {
        const struct message_scan *scan = &g->scans[i];
        if (scan->view && (!body || scan->view->parts >> body->id & 1))
            scan_part(m, scan, body);
        for (unsigned k = 0; !scan->view && k < scan->set->n_always; k++) {
            const struct signature *s = &m->set->rules[scan->set->always[k]];
            uint64_t bodies = bodies_of(s);
            if (body ? bodies >> body->id & 1 : !bodies)
                matcher_add_candidate(m, scan->set->always[k], 0);
        }
    }
    for (unsigned i = 0; body && i < state->n_waiting; i++)
        if (state->waiting[i] < m->set->counts.loaded)
            matcher_add_candidate(m, state->waiting[i], 0);
}

static bool is_done(const struct match_message *state, uint32_t rule)
{
    for (unsigned i = 0; i < state->n_done; i++)
        if (state->done[i] == rule)
            return true;
    return false;
}

/* note: into a list, of which the oldest gives way; true when one did. */
static bool note(uint32_t *list, uint8_t *n, uint32_t rule)
{
    bool full = *n == MATCH_MESSAGE_RULES;
    if (full)
        memmove(list, list + 1, --*n * sizeof *list);
    list[(*n)++] = rule;
    return full;
}

static size_t confirm_all(struct matcher *m, const struct match_input *in,
                          const struct match_body *body, struct match_message *state,
                          struct match_flow *flow, struct hit *hits)
{
    size_t n = 0;
    sort_u64(m->candidates, m->n);
    state->n_waiting = 0;
    for (unsigned i = 0; i < m->n && !m->passed; i++) {
        uint32_t rule = matcher_candidate_rule(m->candidates[i]);
        const struct signature *s = &m->set->rules[rule];
        if (m->watch && !watch_message(m, rule, in, body, is_done(state, rule), flow))
            continue;
        if (is_done(state, rule))
            continue;
        m->stats.confirms++;
        uint64_t began = profile_begin(m->costs);
        enum rule_verdict verdict = rule_confirm_message(s, in, m->views, flow, &m->room);
        profile_confirmed(m->costs, rule, began);
        matcher_note_cut(m, rule);
        if (verdict == RULE_NOT_YET && bodies_of(s) && !(body && body->end))
            m->stats.pending_over_limit += note(state->waiting, &state->n_waiting, rule);
        if (verdict != RULE_MATCHES)
            continue;
        note(state->done, &state->n_done, rule);
        matcher_hit(m, rule, flow, hits, &n);
        flow->passed |= m->passed;
    }
    return n;
}

size_t matcher_message(struct matcher *m, const struct match_input *input,
                       const struct proto_message *message, const struct match_body *body,
                       struct match_message *state, struct match_flow *flow,
                       struct hit hits[MATCH_HITS_MAX])
{
    const struct message_group *g = group_of(m, input->protocol, input->to_server);
    if (g->n_scans == 0 || flow->passed) {
        if (m->watch)
            watch_message_skipped(m, input, message, body, flow);
        return 0;
    }
    if (state->transaction != message->transaction)
        *state = (struct match_message){.transaction = message->transaction};
    matcher_begin(m, false);
    message_views_begin(m->views, message, body);
    m->stats.inputs++;
    scan_all(m, g, body, state);
    if (m->watch)
        watch_add_message(m, message, body);
    size_t n = m->n ? confirm_all(m, input, body, state, flow, hits) : 0;
    if (m->watch)
        watch_left(m, input, body, flow);
    return n;
}
