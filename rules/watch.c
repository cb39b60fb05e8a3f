/* The watched rule is confirmed by the code that confirms every rule, with a trace. */
#include "rules/watch.h"

#include "base/ip_protocol.h"

#include "rules/matcher_parts.h"

#include <stddef.h>

static const struct signature *rule_of(const struct matcher *m)
{
    return &m->set->rules[m->watch->rule];
}

void matcher_watch(struct matcher *m, struct rule_watch *watch)
{
    m->watch = watch;
    m->room.screened = !watch; /* the watched rule is confirmed whatever its ends */
}

static void told(struct matcher *m, enum rule_ask ask, unsigned index, bool held)
{
    m->watch->trace->asked(m->watch->trace, ask, index, held);
}

/* transport_holds: grouping asks this before rules are confirmed. */
static bool transport_holds(const struct signature *s, uint8_t transport)
{
    switch ((enum rule_transport)s->transport) {
    case TRANSPORT_IP:
        return true;
    case TRANSPORT_TCP:
        return transport == IP_TCP;
    case TRANSPORT_UDP:
        return transport == IP_UDP;
    case TRANSPORT_ICMP:
        return transport == IP_ICMP || transport == IP_ICMP6;
    case TRANSPORT_SCTP:
        return transport == IP_SCTP;
    case TRANSPORT_TCP_UDP:
        return transport == IP_TCP || transport == IP_UDP;
    }
    return false;
}

static bool is_for(const struct signature *s, const struct match_input *in)
{
    if (s->views == VIEW_MESSAGE)
        return false;
    return in->transport == IP_TCP ? !!(s->views & (in->stream ? VIEW_STREAM : VIEW_PACKET))
                                   : !in->stream;
}

static void begin(struct matcher *m, const struct watched *what, bool passed)
{
    const struct signature *s = rule_of(m);
    m->watch->begin(m->watch->ctx, what);
    if (what->not_inspected)
        told(m, ASK_INSPECTED, 0, false);
    if (passed)
        told(m, ASK_PASS, m->watch->passed_by, false);
    if (s->transport != TRANSPORT_IP)
        told(m, ASK_TRANSPORT, 0, transport_holds(s, what->input->transport));
}

static enum rule_verdict confirm(struct matcher *m, const struct watched *what,
                                 const struct match_flow *flow)
{
    const struct signature *s = rule_of(m);
    struct confirm_room *room = &m->room;
    enum rule_verdict verdict = RULE_NEVER;
    bool cut = room->cut;
    room->trace = m->watch->trace;
    if (what->ends_only)
        rule_trace_ends(s, what->input, room);
    else if (what->message)
        verdict = rule_confirm_message(s, what->input, m->views, flow, room);
    else
        verdict = rule_confirm(s, what->input, flow, room);
    room->trace = NULL;
    room->cut = cut;
    return verdict;
}

static void ask(struct matcher *m, const struct watched *what, bool passed, bool deep,
                const struct match_flow *flow)
{
    begin(m, what, passed);
    if (deep)
        told(m, ASK_DEPTH, 0, false);
    bool matches = confirm(m, what, flow) == RULE_MATCHES;
    if (what->ends_only)
        told(m, ASK_INPUT, 0, false);
    m->watch->end(m->watch->ctx, what, matches);
}

static struct watched packet_of(const struct match_input *in)
{
    return (struct watched){.kind = in->stream ? WATCHED_STREAM : WATCHED_PACKET, .input = in};
}

static struct watched message_of(const struct match_input *in, const struct proto_message *message,
                                 const struct match_body *body)
{
    return (struct watched){.kind = body ? WATCHED_BODY : WATCHED_MESSAGE,
                            .input = in,
                            .message = message,
                            .body = body};
}

void watch_ends(struct matcher *m, const struct match_input *input, const char *why)
{
    static const struct match_flow none;
    struct watched what = packet_of(input);
    bool whole = why && input->len && rule_of(m)->views != VIEW_MESSAGE;
    if (!why && is_for(rule_of(m), input))
        return; /* it was asked when it was inspected */
    what.not_inspected = why;
    what.ends_only = !whole;
    ask(m, &what, false, false, &none);
}

void watch_deep(struct matcher *m, const struct match_input *input, struct match_flow *flow)
{
    struct watched what = packet_of(input);
    if (is_for(rule_of(m), input))
        ask(m, &what, false, true, flow);
}

static bool is_for_message(const struct signature *s, const struct proto_message *message)
{
    return s->views == VIEW_MESSAGE && (!s->protocol || s->protocol == message->protocol) &&
           s->directions >> message->direction & 1;
}

static uint64_t bodies_of(const struct signature *s)
{
    uint64_t parts = 0;
    for (unsigned i = 1; i < s->n_sections; i++)
        parts |= s->sections[i].view->parts & BODY_PARTS;
    return parts;
}

/* is_for_piece: a rule that looks into bodies is asked of them, and of a head too: it may be all
 * that comes. */
static bool is_for_piece(const struct signature *s, const struct match_body *body)
{
    return !body || bodies_of(s) >> body->id & 1;
}

void watch_deep_body(struct matcher *m, const struct match_input *input,
                     const struct proto_message *message, const struct match_body *body,
                     struct match_flow *flow)
{
    struct watched what = message_of(input, message, body);
    if (!is_for_message(rule_of(m), message) || !is_for_piece(rule_of(m), body))
        return;
    message_views_begin(m->views, message, body);
    ask(m, &what, false, true, flow);
}

static unsigned no_parts(const struct proto_message *message, struct proto_scratch *scratch,
                         struct proto_part out[PROTO_MESSAGE_PARTS])
{
    (void)message;
    (void)scratch;
    (void)out;
    return 0;
}

void watch_nothing(struct matcher *m)
{
    static const struct match_flow none;
    const struct signature *s = rule_of(m);
    const struct proto_message message = {
        .protocol = s->protocol, .direction = s->directions == 2, .parts = no_parts};
    const struct match_input input = {.stream = s->views == VIEW_STREAM};
    struct watched what = packet_of(&input);
    if (s->views == VIEW_MESSAGE) {
        what = message_of(&input, &message, NULL);
        message_views_begin(m->views, &message, NULL);
    }
    ask(m, &what, false, false, &none);
}

static void add(struct matcher *m)
{
    uint32_t rule = m->watch->rule;
    m->watch->inputs_asked = true;
    m->watch->natural = m->marks[rule].input == m->input;
    if (!m->watch->natural)
        matcher_add_candidate(m, rule, 0);
}

void watch_add(struct matcher *m, const struct match_input *in)
{
    m->watch->inputs_asked = false;
    if (is_for(rule_of(m), in))
        add(m);
}

void watch_add_message(struct matcher *m, const struct proto_message *message,
                       const struct match_body *body)
{
    m->watch->inputs_asked = false;
    m->watch->message = message;
    if (is_for_message(rule_of(m), message) && is_for_piece(rule_of(m), body))
        add(m);
}

bool watch_packet(struct matcher *m, uint32_t rule, const struct match_input *in,
                  struct match_flow *flow)
{
    struct watched what = packet_of(in);
    if (rule != m->watch->rule || !m->watch->inputs_asked)
        return true;
    what.natural = m->watch->natural;
    m->watch->inputs_asked = false;
    what.done = m->marks[rule].packet == m->packet ||
                (rule_of(m)->addresses_only && flow->addresses_done >> !in->to_server & 1);
    ask(m, &what, m->passed, false, flow);
    return m->watch->natural;
}

bool watch_message(struct matcher *m, uint32_t rule, const struct match_input *in,
                   const struct match_body *body, bool done, struct match_flow *flow)
{
    struct watched what = message_of(in, m->watch->message, body);
    if (rule != m->watch->rule || !m->watch->inputs_asked)
        return true;
    what.natural = m->watch->natural;
    what.done = done;
    m->watch->inputs_asked = false;
    ask(m, &what, m->passed, false, flow);
    return m->watch->natural;
}

void watch_left(struct matcher *m, const struct match_input *in, const struct match_body *body,
                struct match_flow *flow)
{
    watch_message(m, m->watch->rule, in, body, false, flow);
}

void watch_skipped(struct matcher *m, const struct match_input *in, struct match_flow *flow)
{
    struct watched what = packet_of(in);
    if (!is_for(rule_of(m), in))
        return;
    what.done = m->marks[m->watch->rule].packet == m->packet;
    ask(m, &what, m->passed || flow->passed, false, flow);
}

void watch_message_skipped(struct matcher *m, const struct match_input *in,
                           const struct proto_message *message, const struct match_body *body,
                           struct match_flow *flow)
{
    struct watched what = message_of(in, message, body);
    if (!is_for_message(rule_of(m), message) || !is_for_piece(rule_of(m), body))
        return;
    message_views_begin(m->views, message, body);
    ask(m, &what, flow->passed, false, flow);
}

void watch_matched(struct matcher *m, uint32_t rule, bool full)
{
    const struct signature *s = &m->set->rules[rule];
    if (s->action == ACTION_PASS)
        m->watch->passed_by = rule;
    if (rule == m->watch->rule)
        m->watch->matched(m->watch->ctx, full || s->noalert || s->action == ACTION_PASS);
}
