/* One TPKT of each side, then a count of bytes. */
#include "proto/rdp.h"
#include "proto/heads.h"

#define TPKT_LEN   4
#define X224_LEN   7 /* length indicator, code, two references, class */
#define TPKT_MAX   160
#define USER_MAX   32
#define NEG_LEN    8
#define COOKIE     "Cookie: mstshash="
#define X224_ASK   0xe0u
#define X224_AGREE 0xd0u

enum negotiation { NEG_REQUEST = 1, NEG_RESPONSE = 2, NEG_FAILURE = 3 };
enum selected { SELECTED_HYBRID = 2, SELECTED_HYBRID_EX = 8 };

struct side {
    uint8_t buf[TPKT_MAX];
    uint16_t len;
    bool done;
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    int64_t began;
    uint64_t server_bytes; /* behind its confirm */
    uint16_t code;
    uint8_t user_len, user[USER_MAX];
    bool begun, told, picture; /* many bytes say that somebody was let in */
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

static void tell(struct state *s, enum outcome outcome, int64_t now, const struct proto_sink *sink)
{
    if (s->told || !s->begun)
        return;
    s->told = true;
    struct proto_session session = {.outcome = (uint8_t)outcome,
                                    .code = s->code,
                                    .user = {s->user, s->user_len},
                                    .request_ns = s->began,
                                    .answer_ns = now};
    sink->session(sink->ctx, &session);
}

static uint32_t tpkt_len(const uint8_t *p)
{
    uint32_t len = load_be16(p + 2);
    return p[0] == 3 && p[1] == 0 && len >= TPKT_LEN + X224_LEN && len <= TPKT_MAX ? len : 0;
}

static void connection_request(struct state *s, struct bytes b)
{
    if (!bytes_begin(b, COOKIE))
        return;
    size_t from = sizeof(COOKIE) - 1, to = from;
    while (to < b.len && b.data[to] != '\r' && b.data[to] != '\n')
        to++;
    s->user_len = bytes_keep(s->user, USER_MAX, (struct bytes){b.data + from, to - from});
}

static void connection_confirm(struct state *s, struct bytes b, int64_t now,
                               const struct proto_sink *sink)
{
    if (b.len < NEG_LEN)
        return;
    s->code = load_le16(b.data + 4);
    if (b.data[0] == NEG_FAILURE)
        tell(s, OUTCOME_REFUSED, now, sink);
    else if (b.data[0] == NEG_RESPONSE)
        s->picture = s->code == SELECTED_HYBRID || s->code == SELECTED_HYBRID_EX;
}

static void take_tpkt(struct state *s, enum proto_direction dir, int64_t now,
                      const struct proto_sink *sink)
{
    struct side *d = &s->side[dir];
    uint8_t code = d->buf[TPKT_LEN + 1];
    struct bytes rest = {d->buf + TPKT_LEN + X224_LEN, (size_t)d->len - TPKT_LEN - X224_LEN};
    d->done = true;
    if (code != (dir == PROTO_TO_SERVER ? X224_ASK : X224_AGREE))
        sink->anomaly(sink->ctx, PROTO_ANOMALY_MALFORMED, dir);
    else if (dir == PROTO_TO_SERVER)
        connection_request(s, rest);
    else
        connection_confirm(s, rest, now, sink);
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    struct side *d = &s->side[dir];
    if (!s->begun && len > 0) {
        s->begun = true;
        s->began = sink->seen_ns;
    }
    for (; len > 0 && !d->done; data++, len--) {
        d->buf[d->len++] = *data;
        uint32_t whole = d->len >= TPKT_LEN ? tpkt_len(d->buf) : TPKT_MAX;
        if (whole == 0) {
            d->done = true;
            sink->anomaly(sink->ctx, PROTO_ANOMALY_MALFORMED, dir);
        } else if (d->len == whole) {
            take_tpkt(s, dir, now, sink);
        }
    }
    if (dir == PROTO_TO_CLIENT && s->picture) {
        s->server_bytes += len;
        if (s->server_bytes > RDP_BYTES_MAX)
            tell(s, OUTCOME_ACKNOWLEDGED, now, sink);
    }
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    (void)now;
    (void)len;
    if (!s->side[dir].done)
        sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    s->side[dir].done = true;
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    (void)open_requests;
    tell(state, OUTCOME_SEEN, now, sink);
}

/* probe: others have TPKT and X.224 too; a cookie or a negotiation in the last eight bytes is
 * RDP's. */
static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    if (len < TPKT_LEN + X224_LEN)
        return data[0] == 3 && (len < 2 || data[1] == 0) ? 0 : -1;
    uint32_t whole = tpkt_len(data);
    uint8_t code = data[TPKT_LEN + 1];
    if (whole == 0 || (code != X224_ASK && code != X224_AGREE) || data[TPKT_LEN] != whole - 5)
        return -1;
    if (len < whole)
        return 0;
    const uint8_t *last = data + whole - NEG_LEN;
    bool cookie = bytes_begin(
        (struct bytes){data + TPKT_LEN + X224_LEN, whole - TPKT_LEN - X224_LEN}, "Cookie: ");
    bool negotiates = whole >= TPKT_LEN + X224_LEN + NEG_LEN && last[0] >= NEG_REQUEST &&
                      last[0] <= NEG_FAILURE && last[2] == NEG_LEN && last[3] == 0;
    if (!cookie && !negotiates)
        return 0;
    *from_server = code == X224_AGREE;
    return 1;
}

const struct proto_parser rdp_parser = {
    .protocol = PROTOCOL_RDP,
    .port = 3389,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
};
