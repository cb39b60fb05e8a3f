/* IEC 60870-5-104: APDUs of both directions, in step and out of step, and what begins a connection.
 *
 * The start octet, the length and the control octets lead from one APDU to the next; behind a gap
 * they are found again as proto/framing.h says. The control octets are not held against a message
 * in step: stations take what they can read, and so does this parser.
 */
#include "proto/iec104_pairs.h"

/* Owner: the flow. */
struct state {
    struct framing dir[2];
    struct iec104_pairs pairs;
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");
_Static_assert(IEC104_APDU_MAX <= FRAMING_MAX, "an APDU fits the buffer");

static void malformed(const struct proto_sink *sink, enum proto_direction dir)
{
    sink->anomaly(sink->ctx, PROTO_ANOMALY_MALFORMED, dir);
}

static void take(void *state, enum proto_direction dir, int64_t now, const uint8_t *apdu,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    struct iec104_asdu a;
    bool right = iec104_control_right(apdu);
    if (iec104_format(apdu) != IEC104_I || !iec104_asdu_parse(apdu, len, &a)) {
        if (!right)
            malformed(sink, dir);
        return;
    }
    int form = iec104_asdu_form(&a);
    if (!right || form < 0)
        malformed(sink, dir);
    bool deaf = framing_lost(&s->dir[!dir]);
    uint16_t sequence = load_le16(apdu + 2) >> 1;
    if (iec104_pairs_take(&s->pairs, dir, now, sequence, &a, form, framing_doubt_now(&s->dir[dir]),
                          deaf, sink))
        framing_confirm(&s->dir[!dir]);
}

static void lost(void *state, enum proto_direction dir)
{
    struct state *s = state;
    iec104_pairs_missed(&s->pairs, dir);
    iec104_pairs_disbelieve(&s->pairs, dir);
}

static enum framing_form form(enum proto_direction dir, const uint8_t *apdu, uint32_t len)
{
    (void)dir;
    struct iec104_asdu a;
    if (!iec104_control_right(apdu))
        return FORM_CONTRADICTS;
    if (iec104_format(apdu) != IEC104_I)
        return FORM_RIGHT;
    if (!iec104_asdu_parse(apdu, len, &a) || !iec104_cause_name(a.cause))
        return FORM_CONTRADICTS;
    int agrees = iec104_asdu_form(&a);
    return agrees > 0 ? FORM_RIGHT : agrees < 0 ? FORM_CONTRADICTS : FORM_UNKNOWN;
}

static const struct framing_kind framing = {
    .head = 2,
    .least = IEC104_HEAD_LEN,
    .max = IEC104_APDU_MAX,
    .length = iec104_apdu_len,
    .possible = iec104_control_right,
    .form = form,
    .take = take,
    .lost = lost,
};

static void expire(void *state, int64_t now, const struct proto_sink *sink)
{
    struct state *s = state;
    iec104_pairs_expire(&s->pairs, now, sink);
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    expire(s, now, sink);
    framing_feed(&framing, &s->dir[dir], s, dir, now, data, len, sink);
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    expire(s, now, sink);
    iec104_pairs_missed(&s->pairs, dir);
    framing_gap(&framing, &s->dir[dir], dir, len, sink);
}

static int64_t deadline(const void *state)
{
    const struct state *s = state;
    return iec104_pairs_deadline(&s->pairs);
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    expire(s, now, sink);
    for (int dir = 0; dir < 2; dir++)
        if (framing_partial(&s->dir[dir]))
            iec104_pairs_missed(&s->pairs, (enum proto_direction)dir);
    iec104_pairs_end(&s->pairs, now, open_requests, sink);
}

/* speaks: who sends such an APDU, the end that asks (PROTO_TO_SERVER) or the one that answers; -1:
 * either. */
static int speaks(const uint8_t *apdu, const struct iec104_asdu *a)
{
    if (!a) {
        if (apdu[2] == IEC104_STARTDT_ACT || apdu[2] == IEC104_STOPDT_ACT)
            return PROTO_TO_SERVER;
        bool confirms = apdu[2] == IEC104_STARTDT_CON || apdu[2] == IEC104_STOPDT_CON;
        return confirms ? PROTO_TO_CLIENT : -1;
    }
    const struct iec104_type *type = iec104_type(a->type);
    if (type->operation == OPERATION_NONE)
        return a->type < IEC104_INTERROGATION ? PROTO_TO_CLIENT : -1;
    bool acts = a->cause == IEC104_ACTIVATION || a->cause == IEC104_DEACTIVATION ||
                (a->type == IEC104_READ && a->cause == IEC104_REQUEST);
    bool answers = a->cause == IEC104_ACTIVATION_CON || a->cause == IEC104_DEACTIVATION_CON ||
                   a->cause == IEC104_TERMINATION || a->cause >= IEC104_UNKNOWN_TYPE;
    return acts ? PROTO_TO_SERVER : answers ? PROTO_TO_CLIENT : -1;
}

/* probe: an APDU that is right in every field says yes, one that begins with another octet or an
 * impossible length says no. */
static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    if (len > 0 && data[0] != IEC104_START)
        return -1;
    uint32_t whole = len >= 2 ? iec104_apdu_len(data) : 0;
    if (len >= 2 && whole == 0)
        return -1;
    if (whole == 0 || len < whole || form(PROTO_TO_SERVER, data, whole) != FORM_RIGHT)
        return 0;
    struct iec104_asdu a;
    bool numbered = iec104_format(data) == IEC104_I && iec104_asdu_parse(data, whole, &a);
    int sender = speaks(data, numbered ? &a : NULL);
    if (sender >= 0)
        *from_server = sender == PROTO_TO_CLIENT;
    return 1;
}

const struct proto_parser iec104_parser = {
    .protocol = PROTOCOL_IEC104,
    .port = 2404,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = deadline,
    .expire = expire,
    .end = end,
};
