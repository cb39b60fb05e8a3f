/* Contact, roles and attempts: what TCP flags and the course of a conversation show. RFC 9293, 3.5.
 */
#include "dataplane/line_parts.h"

#include "base/time_point.h"

#define ATTEMPT_WAIT (20 * NS_PER_S)

enum contact flow_contact(const struct flow *f)
{
    const struct flow_shown *a = &f->shown[0], *b = &f->shown[1];
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
           (f->shown[0].seen && f->shown[1].seen && (f->shown[0].has_data || f->shown[1].has_data));
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

/* acknowledges_data: the number covers some of what this side sent. */
static bool acknowledges_data(const struct flow *f, unsigned side, uint32_t ack)
{
    const struct flow_side *sent = &f->side[side];
    return f->shown[side].has_data && (int32_t)(ack - sent->first_seq) > 0 &&
           (int32_t)(ack - sent->data_end) <= 0;
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
    struct flow_shown *mine = &f->shown[side];
    if (!mine->syn && !mine->has_data) {
        mine->syn = true;
        begin_side(me, first_seq);
        open_attempt(f, side, t);
        return;
    }
    if (f->attempt == ATTEMPT_OPEN && side == f->client)
        f->attempt_at = t + ATTEMPT_WAIT;
    if (me->first_seq != first_seq) {
        mine->again = true;
        me->again_seq = first_seq;
        me->again_ns = t;
    }
}

static void on_syn_ack(struct line *line, unsigned side)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    struct flow_side *me = &f->side[side], *other = &f->side[!side];
    struct flow_shown *mine = &f->shown[side], *theirs = &f->shown[!side];
    if (f->handshake || mine->has_data || theirs->syn_acked)
        return;
    mine->syn = true;
    begin_side(me, pkt->tcp_seq + 1);
    if (theirs->again && pkt->tcp_ack == other->again_seq)
        begin_side(other, other->again_seq);
    mine->syn_acked = theirs->syn && pkt->tcp_ack == other->first_seq;
    if (!mine->syn_acked && !theirs->has_data)
        begin_side(other, pkt->tcp_ack);
    open_attempt(f, !side, pkt->t);
    if (f->attempt == ATTEMPT_OPEN)
        end_attempt(line, OUTCOME_ACKNOWLEDGED);
}

bool contact_begins_anew(const struct flow *f, const struct packet *pkt, unsigned side)
{
    const struct flow_side *me = &f->side[side], *other = &f->side[!side];
    const struct flow_shown *mine = &f->shown[side], *theirs = &f->shown[!side];
    uint8_t flags = pkt->tcp_flags & (TCP_SYN | TCP_ACK);
    if (flags == TCP_SYN)
        return f->closed;
    if (flags != (TCP_SYN | TCP_ACK))
        return false;
    /* Where the other end is never seen, the answer alone tells. */
    if (!theirs->seen)
        return mine->has_data && me->first_seq != pkt->tcp_seq + 1;
    bool under_way = f->handshake || mine->has_data || theirs->has_data;
    return under_way && theirs->again && pkt->tcp_ack == other->again_seq;
}

/* note_sent: how far what the side sent reaches, with what an acknowledgement of it counts besides
 * data: a SYN and a FIN take a number each. */
static void note_sent(struct flow *f, unsigned side, const struct packet *pkt)
{
    struct flow_side *me = &f->side[side];
    struct flow_shown *mine = &f->shown[side];
    bool syn = pkt->tcp_flags & TCP_SYN, fin = pkt->tcp_flags & TCP_FIN;
    if (!pkt->payload_wire && !fin)
        return;
    if (!mine->has_data && !mine->syn)
        me->first_seq = pkt->tcp_seq;
    uint32_t end = pkt->tcp_seq + syn + pkt->payload_wire + fin;
    if (!mine->has_data || (int32_t)(end - me->data_end) > 0)
        me->data_end = end;
    mine->has_data |= pkt->payload_wire > 0;
}

void contact_tcp(struct line *line)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    unsigned side = line->now.side;
    const struct flow_side *other = &f->side[!side];
    struct flow_shown *mine = &f->shown[side], *theirs = &f->shown[!side];
    uint8_t flags = pkt->tcp_flags;
    mine->seen = true;
    if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
        contact_syn(f, side, pkt->tcp_seq + 1, pkt->t);
    else if ((flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
        on_syn_ack(line, side);
    else if (f->role == ROLE_UNKNOWN)
        role_from_ports(f, side);
    note_sent(f, side, pkt);
    if (flags & TCP_ACK) {
        if (theirs->syn_acked && mine->syn && pkt->tcp_ack == other->first_seq)
            f->handshake = true;
        if (acknowledges_data(f, !side, pkt->tcp_ack))
            mine->acked_other = true;
    }
    if (flags & TCP_FIN)
        mine->fin = true;
    if (flags & TCP_RST && f->attempt == ATTEMPT_OPEN && side != f->client)
        end_attempt(line, OUTCOME_REFUSED);
    if (flags & TCP_RST || (mine->fin && theirs->fin))
        f->closed = true;
    bool young = f->attempt == ATTEMPT_OPEN && !mine->has_data;
    f->idle = f->closed ? IDLE_CLOSED : young ? IDLE_NEW : IDLE_TCP;
}

void contact_udp(struct line *line)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    unsigned side = line->now.side;
    struct flow_shown *mine = &f->shown[side], *theirs = &f->shown[!side];
    if (!mine->seen && !theirs->seen) {
        open_attempt(f, side, pkt->t);
        f->role = ROLE_MESSAGE;
    }
    /* Not that it sent twice, but that it did so once the other end had answered. */
    mine->answered_back |= mine->answered;
    theirs->answered |= theirs->seen;
    mine->seen = true;
    mine->has_data |= pkt->payload_wire > 0;
    if (f->attempt == ATTEMPT_OPEN && side != f->client)
        end_attempt(line, OUTCOME_ACKNOWLEDGED);
    f->idle = theirs->seen ? IDLE_UDP : IDLE_NEW;
}
