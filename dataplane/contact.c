/* Contact, roles and attempts: what TCP flags and the course of a conversation show. RFC 9293, 3.5.
 */
#include "dataplane/line_parts.h"

#include "base/time_point.h"

#define ATTEMPT_WAIT (20 * NS_PER_S)
#define IDLE_NEW     (60 * NS_PER_S)
#define IDLE_TCP     (3600 * NS_PER_S)
#define IDLE_CLOSED  (10 * NS_PER_S)
#define IDLE_UDP     (300 * NS_PER_S)

enum contact flow_contact(const struct flow *f)
{
    const struct flow_side *a = &f->side[0], *b = &f->side[1];
    if (f->handshake)
        return CONTACT_COMPLETE;
    if (a->acked_other && b->acked_other)
        return CONTACT_TWO_WAY;
    if (a->answered_back || b->answered_back)
        return CONTACT_TWO_WAY;
    if (a->seen && b->seen)
        return a->has_data || b->has_data ? CONTACT_ONE_SIDED : CONTACT_NONE;
    return CONTACT_ONE_SIDED;
}

bool flow_established(const struct flow *f)
{
    return f->handshake ||
           (f->side[0].seen && f->side[1].seen && (f->side[0].has_data || f->side[1].has_data));
}

/* role_from_ports: a well-known port of a parser decides, else the smaller number. */
static void role_from_ports(struct flow *f, unsigned sender)
{
    bool low = proto_by_port(f->key.low_port) != NULL,
         high = proto_by_port(f->key.high_port) != NULL;
    if (low != high)
        f->client = low ? 1 : 0;
    else if (f->key.low_port != f->key.high_port)
        f->client = f->key.low_port < f->key.high_port ? 1 : 0;
    else
        f->client = (uint8_t)sender;
    f->role = ROLE_PORT;
}

/* acknowledges_data: the number covers some of what the other end sent. */
static bool acknowledges_data(const struct flow_side *other, uint32_t ack)
{
    return other->has_data && (int32_t)(ack - other->first_seq) > 0 &&
           (int32_t)(ack - other->data_end) <= 0;
}

static void open_attempt(struct flow *f, unsigned client, int64_t t)
{
    f->client = (uint8_t)client;
    f->role = ROLE_HANDSHAKE;
    if (f->attempt == ATTEMPT_NONE) {
        f->attempt = ATTEMPT_OPEN;
        f->attempt_began = t;
    }
    if (f->attempt == ATTEMPT_OPEN)
        f->attempt_at = t + ATTEMPT_WAIT;
}

static void end_attempt(struct line *line, enum outcome outcome)
{
    struct flow *f = line->now.flow;
    f->attempt = ATTEMPT_DONE;
    f->attempt_at = INT64_MAX;
    observe_attempt(line, outcome, f->attempt_began);
}

void attempt_unanswered(struct line *line)
{
    end_attempt(line, OUTCOME_UNANSWERED);
}

/* SYNs. Anybody can send one, in the name of either side and at any time; what counts is the one
 * that is answered. So the first begins a side, a different one is only noted, and one in the
 * middle of a conversation changes nothing. */

static void begin_side(struct flow_side *me, uint32_t first_seq)
{
    me->first_seq = me->data_end = first_seq;
    reassembly_start(&me->stream, first_seq);
}

void contact_syn(struct flow *f, unsigned side, uint32_t first_seq, int64_t t)
{
    struct flow_side *me = &f->side[side];
    if (!me->syn && !me->has_data) {
        me->syn = true;
        begin_side(me, first_seq);
        open_attempt(f, side, t);
        return;
    }
    if (f->attempt == ATTEMPT_OPEN && side == f->client)
        f->attempt_at = t + ATTEMPT_WAIT;
    if (me->first_seq != first_seq) {
        me->again = true;
        me->again_seq = first_seq;
        me->again_ns = t;
    }
}

static void on_syn_ack(struct line *line, unsigned side)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    struct flow_side *me = &f->side[side], *other = &f->side[!side];
    if (f->handshake || me->has_data || other->syn_acked)
        return;
    me->syn = true;
    begin_side(me, pkt->tcp_seq + 1);
    if (other->again && pkt->tcp_ack == other->again_seq)
        begin_side(other, other->again_seq);
    me->syn_acked = other->syn && pkt->tcp_ack == other->first_seq;
    if (!me->syn_acked && !other->has_data)
        begin_side(other, pkt->tcp_ack);
    open_attempt(f, !side, pkt->t);
    if (f->attempt == ATTEMPT_OPEN)
        end_attempt(line, OUTCOME_ACKNOWLEDGED);
}

bool contact_begins_anew(const struct flow *f, const struct packet *pkt, unsigned side)
{
    const struct flow_side *me = &f->side[side], *other = &f->side[!side];
    uint8_t flags = pkt->tcp_flags & (TCP_SYN | TCP_ACK);
    if (flags == TCP_SYN)
        return f->closed;
    if (flags != (TCP_SYN | TCP_ACK))
        return false;
    /* Where the other end is never seen, the answer alone tells. */
    if (!other->seen)
        return me->has_data && me->first_seq != pkt->tcp_seq + 1;
    bool under_way = f->handshake || me->has_data || other->has_data;
    return under_way && other->again && pkt->tcp_ack == other->again_seq;
}

/* note_sent: how far what the side sent reaches, with what an acknowledgement of it counts besides
 * data: a SYN and a FIN take a number each. */
static void note_sent(struct flow_side *me, const struct packet *pkt)
{
    bool syn = pkt->tcp_flags & TCP_SYN, fin = pkt->tcp_flags & TCP_FIN;
    if (!pkt->payload_wire && !fin)
        return;
    if (!me->has_data && !me->syn)
        me->first_seq = pkt->tcp_seq;
    uint32_t end = pkt->tcp_seq + syn + pkt->payload_wire + fin;
    if (!me->has_data || (int32_t)(end - me->data_end) > 0)
        me->data_end = end;
    me->has_data |= pkt->payload_wire > 0;
}

void contact_tcp(struct line *line)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    unsigned side = line->now.side;
    struct flow_side *me = &f->side[side], *other = &f->side[!side];
    uint8_t flags = pkt->tcp_flags;
    me->seen = true;
    if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
        contact_syn(f, side, pkt->tcp_seq + 1, pkt->t);
    else if ((flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
        on_syn_ack(line, side);
    else if (f->role == ROLE_UNKNOWN)
        role_from_ports(f, side);
    note_sent(me, pkt);
    if (flags & TCP_ACK) {
        if (other->syn_acked && me->syn && pkt->tcp_ack == other->first_seq)
            f->handshake = true;
        if (acknowledges_data(other, pkt->tcp_ack))
            me->acked_other = true;
    }
    if (flags & TCP_FIN)
        me->fin = true;
    if (flags & TCP_RST && f->attempt == ATTEMPT_OPEN && side != f->client)
        end_attempt(line, OUTCOME_REFUSED);
    if (flags & TCP_RST || (me->fin && other->fin))
        f->closed = true;
    bool young = f->attempt == ATTEMPT_OPEN && !me->has_data;
    f->idle_at = pkt->t + (f->closed ? IDLE_CLOSED : young ? IDLE_NEW : IDLE_TCP);
}

void contact_udp(struct line *line)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    unsigned side = line->now.side;
    struct flow_side *me = &f->side[side], *other = &f->side[!side];
    if (!me->seen && !other->seen) {
        open_attempt(f, side, pkt->t);
        f->role = ROLE_MESSAGE;
    }
    /* Not that it sent twice, but that it did so once the other end had answered. */
    me->answered_back |= me->answered;
    other->answered |= other->seen;
    me->seen = true;
    me->has_data |= pkt->payload_wire > 0;
    if (f->attempt == ATTEMPT_OPEN && side != f->client)
        end_attempt(line, OUTCOME_ACKNOWLEDGED);
    f->idle_at = pkt->t + (other->seen ? IDLE_UDP : IDLE_NEW);
}
