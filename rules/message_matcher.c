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
    const struct message_group *g = group_of(m, protocol, to_server);
    return g->n_scans || g->of_bodies;
}

bool matcher_wants_body(const struct matcher *m, unsigned protocol, bool to_server, unsigned id)
{
    return group_of(m, protocol, to_server)->bodies >> id & 1;
}

static void scan_part(struct matcher *m, const struct message_scan *scan,
                      const struct match_body *body)
{
    unsigned n;
    const struct match_bytes *bytes = message_views_of(m->views, scan->view, &n);
    for (unsigned i = 0; i < n; i++) {
        bool whole = !body || scan->view->n_transforms || bytes[i].data != body->data;
        m->stats.bytes_offered += bytes[i].len;
        matcher_scan(m, scan->set, bytes[i].data, bytes[i].len, whole ? 0 : body->fresh,
                     bytes[i].at);
    }
}

/* in_body: is the rule's literal looked for in a body as it is? */
static bool in_body(const struct signature *s)
{
    const struct part_view *view = s->literal.len ? s->sections[s->literal.section].view : NULL;
    return view && view->parts & BODY_PARTS && !view->n_transforms;
}

/* recall_waiting: what waits is asked again, but for rules whose literal has left the window. */
static void recall_waiting(struct matcher *m, const struct match_body *body,
                           struct match_message *state)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < state->n_waiting; i++) {
        struct match_pending w = state->waiting[i];
        if (w.rule >= m->set->counts.loaded)
            continue; /* of a set that is in force no more */
        const struct signature *s = &m->set->rules[w.rule];
        if (!(s->bodies >> body->id & 1)) {
            state->waiting[kept++] = w; /* for another body of the message */
            continue;
        }
        uint32_t at = w.at - (uint32_t)body->at;
        if (in_body(s) && at - s->literal.len > body->len)
            continue;
        state->waiting[kept++] = w;
        matcher_add_candidate(m, w.rule, in_body(s) ? at : 0);
    }
    state->n_waiting = (uint8_t)kept;
}

static void scan_all(struct matcher *m, const struct message_group *g,
                     const struct match_body *body, struct match_message *state)
{
    for (unsigned i = 0; i < g->n_scans; i++) {
        const struct message_scan *scan = &g->scans[i];
        if (scan->view && (!body || bodies_for(scan->view->parts) >> body->id & 1))
            scan_part(m, scan, body);
        for (unsigned k = 0; !scan->view && k < scan->set->n_always; k++) {
            uint64_t bodies = m->set->rules[scan->set->always[k]].bodies;
            if (body ? bodies >> body->id & 1 : !bodies)
                matcher_add_candidate(m, scan->set->always[k], 0);
        }
    }
    if (!body)
        return;
    if (g->of_bodies) {
        m->stats.bytes_offered += body->len;
        matcher_scan(m, g->of_bodies, body->data, body->len, body->fresh, body->at);
    }
    recall_waiting(m, body, state);
}

static bool is_done(const struct match_message *state, uint32_t rule)
{
    for (unsigned i = 0; i < state->n_done; i++)
        if (state->done[i] == rule)
            return true;
    return false;
}

static bool is_waiting(const struct match_message *state, uint32_t rule)
{
    for (unsigned i = 0; i < state->n_waiting; i++)
        if (state->waiting[i].rule == rule)
            return true;
    return false;
}

/* note_done: the oldest gives way. */
static void note_done(struct match_message *state, uint32_t rule)
{
    if (state->n_done == MATCH_MESSAGE_RULES)
        memmove(state->done, state->done + 1, --state->n_done * sizeof state->done[0]);
    state->done[state->n_done++] = rule;
}

/* wait_no_more, wait_on: a rule waits once, with the last place of its literal. */
static void wait_no_more(struct match_message *state, uint32_t rule)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < state->n_waiting; i++)
        if (state->waiting[i].rule != rule)
            state->waiting[kept++] = state->waiting[i];
    state->n_waiting = (uint8_t)kept;
}

static void wait_on(struct matcher *m, struct match_message *state, uint32_t rule, uint32_t at)
{
    wait_no_more(state, rule);
    if (state->n_waiting == MATCH_MESSAGE_RULES) {
        memmove(state->waiting, state->waiting + 1, --state->n_waiting * sizeof state->waiting[0]);
        m->stats.pending_over_limit++;
    }
    state->waiting[state->n_waiting++] = (struct match_pending){rule, at};
}

/* to_come: whether more of what a rule looks into may come. The end of a file is none of the
 * message's. */
static bool to_come(const struct signature *s, const struct match_body *body)
{
    bool over = body && body->end && body->id != PART_FILE_DATA;
    return s->bodies & ~(over ? UINT64_C(1) << body->id : 0);
}

/* is_asked_again: of every piece of the body, or of nothing more. */
static bool is_asked_again(const struct signature *s, const struct match_body *body)
{
    return !to_come(s, body) || (body && !s->literal.len);
}

static size_t confirm_all(struct matcher *m, const struct match_input *in,
                          const struct match_body *body, struct match_message *state,
                          struct match_flow *flow, struct hit *hits)
{
    size_t n = 0;
    sort_u64(m->candidates, m->n);
    for (unsigned i = 0; i < m->n && !m->passed; i++) {
        uint32_t rule = matcher_candidate_rule(m->candidates[i]);
        const struct signature *s = &m->set->rules[rule];
        if (m->watch && !watch_message(m, rule, in, body, is_done(state, rule), flow))
            continue;
        if (is_done(state, rule) || (!rule_remembered_holds(s, in, flow) &&
                                     (is_waiting(state, rule) || is_asked_again(s, body))))
            continue;
        m->stats.confirms++;
        uint64_t began = profile_begin(m->costs);
        enum rule_verdict verdict = rule_confirm_message(s, in, m->views, flow, &m->room);
        profile_confirmed(m->costs, rule, began);
        matcher_note_cut(m, rule);
        if (verdict == RULE_NOT_YET && !is_asked_again(s, body))
            wait_on(m, state, rule, (uint32_t)m->candidates[i] + (body ? (uint32_t)body->at : 0));
        else
            wait_no_more(state, rule);
        if (verdict != RULE_MATCHES)
            continue;
        note_done(state, rule);
        matcher_hit(m, rule, in, flow, hits, &n);
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
    if (!matcher_wants_messages(m, input->protocol, input->to_server) || flow->passed) {
        if (m->watch)
            watch_message_skipped(m, input, message, body, flow);
        return 0;
    }
    if (state->transaction != message->transaction)
        *state = (struct match_message){.transaction = message->transaction};
    matcher_begin(m, input);
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
