/* Datagrams as they come; messages of a stream by their lengths.
 *
 * Out of step, which is behind a gap whose end is not inside a message of known length, and behind
 * a message that is none, a stream is looked through for an ordinary query: its first bytes are as
 * good as none that come by chance, and as a whole it must be one.
 */
#include "proto/dns.h"
#include "proto/dns_message.h"
#include "proto/heads.h"

#define PREFIX    2u                        /* bytes that say a message's length */
#define BEGINNING (PREFIX + DNS_ASKING_LEN) /* bytes that are looked at out of step */

/* What both kinds of conversation have. */
struct talk {
    uint32_t transaction; /* of the query told last */
    uint8_t told;         /* anomalies, as bits */
};

/* Owner: the flow. Of what goes to the server; a message is under way while length > 0. */
struct stream {
    struct talk talk;
    uint32_t length, have; /* of the message that waits in the room: its own, what is there */
    uint32_t skip;         /* bytes that are no longer of interest */
    bool lost;             /* out of step */
    bool found;            /* the message under way was found out of step */
    uint8_t n;             /* bytes of a beginning that do not yet tell */
    uint8_t beginning[BEGINNING];
};
_Static_assert(sizeof(struct stream) <= PROTO_STATE_MAX, "state fits a flow");

static void anomaly(struct talk *t, enum proto_anomaly what, const struct proto_sink *sink)
{
    if (!(t->told >> what & 1))
        sink->anomaly(sink->ctx, what, PROTO_TO_SERVER);
    t->told |= (uint8_t)(1u << what);
}

/* ---- one message ---- */

/* parts: Suricata looks at no question behind one for the root. */
static unsigned parts(const struct proto_message *message, struct proto_scratch *scratch,
                      struct proto_part out[PROTO_MESSAGE_PARTS])
{
    struct dns_questions q = dns_questions_of(message->head);
    unsigned n = 0;
    while (n < PROTO_MESSAGE_PARTS && dns_question_next(&q, scratch, &out[n].bytes) > 0 &&
           out[n].bytes.len > 0)
        out[n++].id = PART_DNS_QUERY;
    return n;
}

static bool readable(struct bytes head)
{
    struct dns_questions q = dns_questions_of(head);
    int got;
    while ((got = dns_question_next(&q, NULL, NULL)) > 0)
        continue;
    return got == 0;
}

/* take: a message of so many bytes, of which the head is there; false if it is none. */
static bool take(struct talk *t, struct bytes head, uint32_t whole, const struct proto_sink *sink)
{
    if (!sink->message)
        return true;
    if (dns_plausible(head, whole)) {
        if (dns_flags(head.data) & DNS_FLAG_ANSWER)
            return true;
        if (readable(head)) {
            struct proto_message message = {
                .protocol = PROTOCOL_DNS,
                .direction = PROTO_TO_SERVER,
                .transaction = ++t->transaction,
                .state = t,
                .head = head,
                .parts = parts,
            };
            sink->message(sink->ctx, &message);
            return true;
        }
    }
    anomaly(t, PROTO_ANOMALY_MALFORMED, sink);
    return false;
}

static void feed_datagram(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                          uint32_t len, const struct proto_sink *sink)
{
    (void)now;
    if (dir == PROTO_TO_SERVER)
        take(state, (struct bytes){data, len}, len, sink);
}

static void no_gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                   const struct proto_sink *sink)
{
    (void)state;
    (void)dir;
    (void)now;
    (void)len;
    (void)sink;
}

/* ---- streams ---- */

enum {
#define X(s, bytes, text) ROOM_BYTES_##s = bytes,
    PROTO_ROOMS(X)
#undef X
};

static uint32_t head_of(uint32_t length)
{
    return length < ROOM_BYTES_TO_SERVER ? length : ROOM_BYTES_TO_SERVER;
}

/* give_up: the message under way; what follows of it is passed over. */
static void give_up(struct stream *s, const struct proto_sink *sink)
{
    if (s->have > 0 && sink->room_back)
        sink->room_back(sink->ctx, PROTO_ROOM_TO_SERVER);
    s->skip = s->length - s->have;
    s->length = s->have = 0;
    s->found = false;
}

/* take_head: the message under way, of which this is the head. Behind one that is none the next
 * length may be none either. */
static void take_head(struct stream *s, const uint8_t *at, const struct proto_sink *sink)
{
    uint32_t len = head_of(s->length);
    struct bytes head = {at, len};
    if (s->found && !dns_asks_ordinarily(head, s->length))
        s->lost = true;
    else
        s->lost = !take(&s->talk, head, s->length, sink);
    s->found = false;
    s->skip = s->length - len;
    s->length = 0;
}

/* follow: bytes of the message under way. Returns how many are done with. */
static uint32_t follow(struct stream *s, const uint8_t *data, uint32_t len,
                       const struct proto_sink *sink)
{
    uint32_t missing = head_of(s->length) - s->have, n = len < missing ? len : missing;
    if (sink->message && s->have == 0 && len >= missing) {
        take_head(s, data, sink);
        return missing;
    }
    uint8_t *room =
        sink->message && sink->room ? sink->room(sink->ctx, PROTO_ROOM_TO_SERVER) : NULL;
    if (!room) {
        if (sink->message)
            anomaly(&s->talk, PROTO_ANOMALY_OVERFLOW, sink);
        give_up(s, sink);
        return 0;
    }
    memcpy(room + s->have, data, n);
    s->have += n;
    if (n == missing) {
        take_head(s, room, sink);
        sink->room_back(sink->ctx, PROTO_ROOM_TO_SERVER);
        s->have = 0;
    }
    return n;
}

static uint32_t go_on(struct stream *s, const uint8_t *data, uint32_t len,
                      const struct proto_sink *sink)
{
    uint32_t n = len < s->skip ? len : s->skip;
    if (n == 0)
        return follow(s, data, len, sink);
    s->skip -= n;
    return n;
}

/* begin: the bytes that have to be seen of a message are in s->beginning. */
static void begin(struct stream *s, const struct proto_sink *sink)
{
    uint32_t length = load_be16(s->beginning), n = s->n;
    if (s->lost && !dns_may_ask(s->beginning + PREFIX, length)) {
        anomaly(&s->talk, PROTO_ANOMALY_LOST_SYNC, sink);
        s->n--;
        memmove(s->beginning, s->beginning + 1, s->n);
        return;
    }
    s->found |= s->lost;
    s->lost = false;
    s->n = 0;
    s->length = length;
    for (uint32_t at = PREFIX; at < n;)
        at += go_on(s, s->beginning + at, n - at, sink);
}

/* next: no message is under way. Returns how many of the bytes are done with. */
static uint32_t next(struct stream *s, const uint8_t *data, uint32_t len,
                     const struct proto_sink *sink)
{
    uint32_t wanted = (s->lost ? BEGINNING : PREFIX) - s->n;
    uint32_t n = len < wanted ? len : wanted;
    if (s->lost && s->n == 0 && n == wanted) {
        if (!dns_may_ask(data + PREFIX, load_be16(data))) {
            anomaly(&s->talk, PROTO_ANOMALY_LOST_SYNC, sink);
            return 1;
        }
        s->lost = false;
        s->found = true;
        return 0;
    }
    memcpy(s->beginning + s->n, data, n);
    s->n = (uint8_t)(s->n + n);
    if (n == wanted)
        begin(s, sink);
    return n;
}

static void feed_stream(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                        uint32_t len, const struct proto_sink *sink)
{
    struct stream *s = state;
    (void)now;
    while (dir == PROTO_TO_SERVER && len > 0) {
        bool under_way = s->skip > 0 || s->length > 0;
        uint32_t n = under_way ? go_on(s, data, len, sink) : next(s, data, len, sink);
        data += n;
        len -= n;
    }
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct stream *s = state;
    (void)now;
    if (dir == PROTO_TO_CLIENT)
        return;
    if (s->length > 0 || s->n > 0)
        anomaly(&s->talk, PROTO_ANOMALY_LOST_SYNC, sink);
    if (s->length > 0)
        give_up(s, sink);
    s->n = 0;
    if (len > 0 && len <= s->skip) {
        s->skip -= len;
    } else {
        s->skip = 0;
        s->lost = true;
    }
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    (void)state;
    (void)now;
    (void)open_requests;
    (void)sink;
}

/* ---- recognition ---- */

/* probe: a message of which a header is there, at least. */
static int probe(struct bytes message, uint32_t whole, bool *from_server)
{
    int verdict = dns_recognise(message, whole);
    if (verdict > 0 || (verdict == 0 && dns_asks(message) && readable(message)))
        *from_server = dns_flags(message.data) & DNS_FLAG_ANSWER;
    return verdict;
}

static int probe_datagram(const uint8_t *data, uint32_t len, bool *from_server)
{
    return len < DNS_HEADER_LEN ? -1 : probe((struct bytes){data, len}, len, from_server);
}

static int probe_stream(const uint8_t *data, uint32_t len, bool *from_server)
{
    if (len < PREFIX)
        return 0;
    uint32_t whole = load_be16(data), there = len - PREFIX < whole ? len - PREFIX : whole;
    if (whole < DNS_HEADER_LEN)
        return -1;
    if (there < DNS_HEADER_LEN)
        return 0;
    return probe((struct bytes){data + PREFIX, there}, whole, from_server);
}

const struct proto_parser dns_datagram_parser = {
    .protocol = PROTOCOL_DNS,
    .datagrams = true,
    .port = DNS_PORT,
    .state_size = sizeof(struct talk),
    .probe = probe_datagram,
    .feed = feed_datagram,
    .gap = no_gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
};

const struct proto_parser dns_stream_parser = {
    .protocol = PROTOCOL_DNS,
    .port = DNS_PORT,
    .state_size = sizeof(struct stream),
    .probe = probe_stream,
    .feed = feed_stream,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
};
