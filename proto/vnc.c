/* Each side's next field has a length that is known before it comes. */
#include "proto/vnc.h"
#include "proto/heads.h"

#define VERSION_LEN   12
#define CHALLENGE_LEN 16

enum security { SECURITY_NONE = 1, SECURITY_VNC = 2 };

/* What a side sends next. */
enum field {
    FIELD_VERSION = 0,
    FIELD_TYPE33, /* version 3.3: the server decides, in four octets */
    FIELD_COUNT,  /* of the types that follow */
    FIELD_TYPES,
    FIELD_CHOICE, /* the client's */
    FIELD_CHALLENGE,
    FIELD_RESPONSE,
    FIELD_RESULT,
    FIELD_NOTHING /* it is the other's turn, or nothing more is of interest */
};

struct side {
    uint8_t buf[CHALLENGE_LEN];
    uint8_t field, have;
    uint16_t need;
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    int64_t began;
    uint8_t minor; /* of the version that the client chose */
    uint8_t security;
    bool begun, told;
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

static void tell(struct state *s, enum outcome outcome, int64_t now, const struct proto_sink *sink)
{
    s->side[0].field = s->side[1].field = FIELD_NOTHING;
    if (s->told || !s->begun)
        return;
    s->told = true;
    struct proto_session session = {
        .outcome = (uint8_t)outcome, .code = s->security, .request_ns = s->began, .answer_ns = now};
    sink->session(sink->ctx, &session);
}

static void expect(struct state *s, enum proto_direction dir, enum field field, uint16_t need)
{
    s->side[dir] = (struct side){.field = (uint8_t)field, .need = need};
}

static void security_chosen(struct state *s, uint8_t type, int64_t now,
                            const struct proto_sink *sink)
{
    s->security = type;
    if (type == SECURITY_VNC) {
        expect(s, PROTO_TO_CLIENT, FIELD_CHALLENGE, CHALLENGE_LEN);
        expect(s, PROTO_TO_SERVER, FIELD_RESPONSE, CHALLENGE_LEN);
    } else if (type == SECURITY_NONE && s->minor >= 8) {
        expect(s, PROTO_TO_CLIENT, FIELD_RESULT, 4);
    } else {
        tell(s, type == SECURITY_NONE ? OUTCOME_ACKNOWLEDGED : OUTCOME_SEEN, now, sink);
    }
}

static void version_chosen(struct state *s)
{
    bool server_decides = s->minor < 7;
    expect(s, PROTO_TO_CLIENT, server_decides ? FIELD_TYPE33 : FIELD_COUNT, server_decides ? 4 : 1);
    expect(s, PROTO_TO_SERVER, server_decides ? FIELD_NOTHING : FIELD_CHOICE, 1);
}

static void take_field(struct state *s, enum proto_direction dir, int64_t now,
                       const struct proto_sink *sink)
{
    struct side *d = &s->side[dir];
    uint8_t first = d->buf[0];
    switch ((enum field)d->field) {
    case FIELD_VERSION:
        if (!bytes_begin((struct bytes){d->buf, VERSION_LEN}, "RFB 00")) {
            sink->anomaly(sink->ctx, PROTO_ANOMALY_MALFORMED, dir);
            tell(s, OUTCOME_SEEN, now, sink);
        } else if (dir == PROTO_TO_CLIENT) {
            expect(s, dir, FIELD_NOTHING, 0);
        } else if (s->side[PROTO_TO_CLIENT].field == FIELD_VERSION) {
            tell(s, OUTCOME_SEEN, now,
                 sink); /* who answers before he is asked speaks something else */
        } else {
            s->minor = (uint8_t)(d->buf[10] - '0');
            version_chosen(s);
        }
        break;
    case FIELD_TYPE33:
        if (load_be32(d->buf) == 0)
            tell(s, OUTCOME_REFUSED, now, sink);
        else
            security_chosen(s, d->buf[3], now, sink);
        break;
    case FIELD_COUNT:
        if (first == 0)
            tell(s, OUTCOME_REFUSED, now, sink);
        else
            expect(s, dir, FIELD_TYPES, first);
        break;
    case FIELD_TYPES:
        expect(s, dir, FIELD_NOTHING, 0);
        break;
    case FIELD_CHOICE:
        security_chosen(s, first, now, sink);
        break;
    case FIELD_CHALLENGE:
        expect(s, dir, FIELD_RESULT, 4);
        break;
    case FIELD_RESPONSE:
        expect(s, dir, FIELD_NOTHING, 0);
        break;
    case FIELD_RESULT:
        tell(s, load_be32(d->buf) == 0 ? OUTCOME_ACKNOWLEDGED : OUTCOME_REFUSED, now, sink);
        break;
    case FIELD_NOTHING:
        break;
    }
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    if (!s->begun) {
        s->begun = true;
        s->began = sink->seen_ns;
        s->side[0].need = s->side[1].need = VERSION_LEN;
    }
    struct side *d = &s->side[dir];
    for (uint32_t i = 0; i < len && d->field != FIELD_NOTHING; i++) {
        if (d->have < sizeof(d->buf))
            d->buf[d->have] = data[i];
        d->have++;
        if (d->have == d->need)
            take_field(s, dir, now, sink);
    }
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    (void)len;
    if (!s->told)
        sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    s->begun = true;
    tell(s, OUTCOME_SEEN, now, sink);
}

/* A result that does not come any more says nothing. */
static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    (void)open_requests;
    tell(state, OUTCOME_SEEN, now, sink);
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    (void)from_server;
    struct bytes text = {data, len};
    if (len >= VERSION_LEN)
        return bytes_begin(text, "RFB 00") && data[7] == '.' && data[11] == '\n' ? 1 : -1;
    return len < 4 || bytes_begin(text, "RFB ") ? 0 : -1;
}

const struct proto_parser vnc_parser = {
    .protocol = PROTOCOL_VNC,
    .port = 5900,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
};
