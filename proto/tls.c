/* Records, handshake messages in them, and what is told of these. */
#include "proto/tls.h"
#include "base/digest.h"
#include "proto/heads.h"
#include "proto/ja3.h"
#include "proto/tls_hello.h"
#include "proto/x509.h"

#define RECORD_HEAD  5u /* type, version, length */
#define RECORD_MAX   (16384u + 2048u)
#define MESSAGE_HEAD 4u     /* type, length */
#define ROOM         16384u /* of PROTO_ROOM_TO_SERVER and _TO_CLIENT */
#define SSL2_HEAD    11u    /* length, type, version, lengths of ciphers, session and challenge */
#define SSL2_LONG    0x80u  /* in the first byte: a length of two bytes */

enum record {
    RECORD_SSL2 = 1, /* not a record of TLS */
    RECORD_CHANGE_CIPHER = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_APPLICATION = 23,
    RECORD_HEARTBEAT = 24
};

enum handshake { CLIENT_HELLO = 1, SERVER_HELLO = 2, CERTIFICATE = 11, SERVER_HELLO_DONE = 14 };

struct side {
    uint8_t record_head[RECORD_HEAD], message_head[MESSAGE_HEAD];
    uint8_t n_record_head, n_message_head;
    uint8_t record;  /* enum record of the one under way */
    uint8_t message; /* enum handshake of the one under way */
    uint16_t left;   /* bytes of the record to come */
    uint32_t need;   /* bytes of the message to come, behind its head; 0: none is under way */
    uint32_t kept;   /* bytes of it in the room */
    bool keep;       /* it is put together there */
    bool cut;        /* what is told of is not whole */
    bool begun, told, done;
    bool certified; /* a certificate of the client was told of, behind its hello */
    bool lost;      /* where records begin is not known */
    bool opaque;    /* a record with encrypted data came */
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    struct ja3s server;
    uint16_t version[2]; /* that the ClientHello of SSL 2.0 and the ServerHello say */
    bool ssl2;
    bool has_server; /* a ServerHello came */
    bool hidden;     /* it says that certificates are encrypted */
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

/* The call under way. */
struct call {
    struct state *s;
    struct side *d;
    enum proto_direction dir;
    const struct proto_sink *sink;
};

/* ---- parts ---- */

struct parts {
    struct proto_scratch *scratch;
    struct proto_part *out;
    unsigned n;
};

static void part(struct parts *p, enum proto_part_id id, struct bytes bytes)
{
    if (p->n < PROTO_MESSAGE_PARTS)
        p->out[p->n++] = (struct proto_part){.id = (uint8_t)id, .bytes = bytes};
}

static void text_part(struct parts *p, enum proto_part_id id, const struct scratch_text *t)
{
    part(p, id, scratch_end(p->scratch, t));
}

static void version_part(struct parts *p, uint16_t version)
{
    struct scratch_text t = scratch_begin(p->scratch);
    uint8_t bytes[2];
    store_be16(bytes, version);
    if (version >> 8 == 0x7f)
        version = TLS_1_3;
    if (version >= TLS_1_0 && version <= TLS_1_3) {
        scratch_puts(&t, "1.");
        scratch_byte(&t, (uint8_t)('0' + version - TLS_1_0));
    } else {
        scratch_puts(&t, "0x");
        scratch_hex(&t, (struct bytes){bytes, 2}, scratch_lower, 0);
    }
    text_part(p, PART_TLS_VERSION, &t);
}

/* ja3_parts: a text that is cut has no hash. */
static void ja3_parts(struct parts *p, enum proto_part_id string, enum proto_part_id hash,
                      const struct scratch_text *t, bool whole)
{
    bool hashed = whole && !t->cut;
    struct bytes text = scratch_end(p->scratch, t);
    part(p, string, text);
    if (!hashed)
        return;
    struct scratch_text digest = scratch_begin(p->scratch);
    ja3_hash(&digest, text);
    text_part(p, hash, &digest);
}

static unsigned client_hello_parts(const struct proto_message *message,
                                   struct proto_scratch *scratch,
                                   struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const struct state *s = message->state;
    struct parts p = {.scratch = scratch, .out = out};
    bool cut = s->side[PROTO_TO_SERVER].cut;
    struct tls_hello hello;
    if (!tls_client_hello_read(message->head, cut, &hello))
        return 0;
    if (hello.name.len > 0) {
        const uint8_t *zero = memchr(hello.name.data, 0, hello.name.len);
        if (zero)
            hello.name.len = (size_t)(zero - hello.name.data);
        part(&p, PART_TLS_SNI, hello.name);
    }
    version_part(&p, hello.agreed);
    if (cut)
        return p.n;
    struct scratch_text t = scratch_begin(scratch);
    ja3_client_text(&t, &hello);
    ja3_parts(&p, PART_JA3_STRING, PART_JA3_HASH, &t, !hello.broken);
    t = scratch_begin(scratch);
    if (!hello.broken && ja4_client(&t, &hello))
        text_part(&p, PART_JA4_HASH, &t);
    return p.n;
}

static unsigned ssl2_hello_parts(const struct proto_message *message, struct proto_scratch *scratch,
                                 struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const struct state *s = message->state;
    struct parts p = {.scratch = scratch, .out = out};
    version_part(&p, s->version[PROTO_TO_SERVER]);
    return p.n;
}

/* name_part: false if it has a zero byte. */
static bool name_part(struct parts *p, enum proto_part_id id, struct bytes name)
{
    struct scratch_text t = scratch_begin(p->scratch);
    x509_name(&t, name);
    if (t.len > 0 && memchr(t.data, 0, t.len))
        return false;
    text_part(p, id, &t);
    return true;
}

static void hex_part(struct parts *p, enum proto_part_id id, struct bytes b, const char digits[17])
{
    struct scratch_text t = scratch_begin(p->scratch);
    scratch_hex(&t, b, digits, ':');
    text_part(p, id, &t);
}

/* subject_parts: of the first certificate. false: nothing more is told. */
static bool subject_parts(struct parts *p, struct bytes der, const struct x509 *certificate)
{
    uint8_t digest[SHA1_BYTES];
    if (!name_part(p, PART_TLS_CERT_SUBJECT, certificate->subject) ||
        !name_part(p, PART_TLS_CERT_ISSUER, certificate->issuer))
        return false;
    hex_part(p, PART_TLS_CERT_SERIAL, certificate->serial, scratch_upper);
    sha1(digest, der.data, der.len);
    hex_part(p, PART_TLS_CERT_FINGERPRINT, (struct bytes){digest, sizeof digest}, scratch_lower);
    return true;
}

static uint32_t reader_be24(struct reader *r)
{
    uint32_t high = reader_u8(r);
    return high << 16 | reader_be16(r);
}

/* certificate_parts: RFC 5246, 7.4.2. A list that says that it is longer than its message is none.
 */
static void certificate_parts(struct parts *p, struct bytes body, bool cut)
{
    struct reader r = reader_over(body.data, body.len);
    struct x509 certificate;
    uint32_t len = reader_be24(&r);
    bool read = false;
    if (len < reader_left(&r))
        r.end = r.at + len;
    else if (len > reader_left(&r) && !cut)
        return;
    while (reader_left(&r) > 0) {
        struct bytes der = {.len = reader_be24(&r)};
        der.data = reader_take(&r, der.len);
        if (!der.data)
            return;
        if (!read) {
            if (!x509_read(der, &certificate))
                continue;
            read = true;
            if (!subject_parts(p, der, &certificate))
                return;
        }
        part(p, PART_TLS_CERTS, der);
    }
}

static unsigned server_parts(const struct proto_message *message, struct proto_scratch *scratch,
                             struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const struct state *s = message->state;
    struct parts p = {.scratch = scratch, .out = out};
    if (s->has_server) {
        version_part(&p, s->version[PROTO_TO_CLIENT]);
        struct scratch_text t = scratch_begin(scratch);
        if (!s->server.too_many) {
            ja3_server_text(&t, &s->server);
            ja3_parts(&p, PART_JA3S_STRING, PART_JA3S_HASH, &t, !s->server.broken);
        }
    }
    certificate_parts(&p, message->head, s->side[PROTO_TO_CLIENT].cut);
    return p.n;
}

static unsigned client_certificate_parts(const struct proto_message *message,
                                         struct proto_scratch *scratch,
                                         struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const struct state *s = message->state;
    struct parts p = {.scratch = scratch, .out = out};
    certificate_parts(&p, message->head, s->side[PROTO_TO_SERVER].cut);
    return p.n;
}

/* ---- telling ---- */

typedef unsigned parts_of(const struct proto_message *message, struct proto_scratch *scratch,
                          struct proto_part out[PROTO_MESSAGE_PARTS]);

static void tell_message(const struct call *c, struct bytes head, parts_of *parts)
{
    struct proto_message message = {.protocol = PROTOCOL_TLS,
                                    .direction = (uint8_t)c->dir,
                                    .transaction = 1,
                                    .state = c->s,
                                    .head = head,
                                    .parts = parts};
    if (c->sink->message)
        c->sink->message(c->sink->ctx, &message);
}

static void tell(const struct call *c, struct bytes head, parts_of *parts)
{
    if (c->d->told)
        return;
    c->d->told = true;
    tell_message(c, head, parts);
}

static void give_room_back(const struct call *c)
{
    if (c->d->keep && c->sink->room_back)
        c->sink->room_back(c->sink->ctx,
                           c->dir == PROTO_TO_SERVER ? PROTO_ROOM_TO_SERVER : PROTO_ROOM_TO_CLIENT);
    c->d->keep = false;
}

/* finish: nothing more of this direction is read. */
static void finish(const struct call *c)
{
    if (c->d->done)
        return;
    c->d->done = true;
    give_room_back(c);
    if (c->dir == PROTO_TO_CLIENT && c->s->has_server)
        tell(c, (struct bytes){0}, server_parts);
}

static void anomaly(const struct call *c, enum proto_anomaly what)
{
    c->sink->anomaly(c->sink->ctx, what, c->dir);
}

static void malformed(const struct call *c)
{
    anomaly(c, PROTO_ANOMALY_MALFORMED);
    finish(c);
}

static void client_hello(const struct call *c, struct bytes body)
{
    tell(c, body, client_hello_parts);
    if (c->s->hidden)
        finish(c);
}

static void server_hello(const struct call *c, struct bytes body)
{
    struct state *s = c->s;
    struct side *client = &s->side[PROTO_TO_SERVER];
    struct tls_hello hello;
    if (s->has_server)
        return;
    if (!tls_server_hello_read(body, &hello)) {
        anomaly(c, PROTO_ANOMALY_MALFORMED);
        return;
    }
    s->has_server = true;
    s->version[PROTO_TO_CLIENT] = hello.agreed;
    ja3s_keep(&hello, &s->server);
    if (s->server.too_many)
        anomaly(c, PROTO_ANOMALY_OVERFLOW);
    s->hidden = tls_hides_certificate(hello.agreed);
    if (s->hidden) {
        finish(c);
        if (client->told)
            finish(&(struct call){s, client, PROTO_TO_SERVER, c->sink});
    }
}

static void certificate(const struct call *c, struct bytes body)
{
    tell(c, body, server_parts);
    finish(c);
}

static void client_certificate(const struct call *c, struct bytes body)
{
    c->d->certified = true;
    tell_message(c, body, client_certificate_parts);
}

static void server_hello_done(const struct call *c, struct bytes body)
{
    if (body.len == 0)
        finish(c);
}

/* What is looked at. */
static const struct taker {
    uint8_t dir, message;
    void (*take)(const struct call *c, struct bytes body);
} takers[] = {
    {PROTO_TO_SERVER, CLIENT_HELLO, client_hello},
    {PROTO_TO_SERVER, CERTIFICATE, client_certificate},
    {PROTO_TO_CLIENT, SERVER_HELLO, server_hello},
    {PROTO_TO_CLIENT, CERTIFICATE, certificate},
    {PROTO_TO_CLIENT, SERVER_HELLO_DONE, server_hello_done},
};

static const struct taker *taker_of(const struct call *c, uint8_t message)
{
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++)
        if (takers[i].dir == c->dir && takers[i].message == message &&
            (takers[i].take == client_certificate ? c->d->told && !c->d->certified : !c->d->told))
            return &takers[i];
    return NULL;
}

/* ---- handshake messages ---- */

/* take: the body of a message, or as much of it as is looked at. */
static void take(const struct call *c, uint8_t message, struct bytes body, bool cut)
{
    const struct taker *taker = taker_of(c, message);
    if (!taker)
        return;
    c->d->cut = cut;
    if (cut)
        anomaly(c, PROTO_ANOMALY_OVERFLOW);
    taker->take(c, body);
}

static uint8_t *room(const struct call *c)
{
    const struct proto_sink *sink = c->sink;
    return sink->room ? sink->room(sink->ctx, c->dir == PROTO_TO_SERVER ? PROTO_ROOM_TO_SERVER
                                                                        : PROTO_ROOM_TO_CLIENT)
                      : NULL;
}

/* message_begins: its head is whole, its body is not. Without a room what it would have told is
 * given up. */
static void message_begins(const struct call *c)
{
    struct side *d = c->d;
    d->n_message_head = 0;
    d->message = d->message_head[0];
    d->need = load_be32(d->message_head) & 0xffffff;
    d->kept = 0;
    if (d->need == 0)
        take(c, d->message, (struct bytes){0}, false);
    else if (taker_of(c, d->message) && d->message != SERVER_HELLO_DONE && c->sink->message) {
        d->keep = room(c) != NULL;
        if (!d->keep)
            anomaly(c, PROTO_ANOMALY_OVERFLOW);
    }
}

/* message_goes_on: n bytes of it, at most as many as it needs. */
static void message_goes_on(const struct call *c, const uint8_t *data, uint32_t n)
{
    struct side *d = c->d;
    uint8_t *to = d->keep ? room(c) : NULL;
    d->need -= n;
    if (!to)
        return;
    uint32_t left = ROOM - d->kept, part = n < left ? n : left;
    memcpy(to + d->kept, data, part);
    d->kept += part;
    if (d->need > 0 && d->kept < ROOM)
        return;
    take(c, d->message, (struct bytes){to, d->kept}, n > part || d->need > 0);
    give_room_back(c);
}

/* handshake: of n bytes that a record has; returns how many are done with. */
static uint32_t handshake(const struct call *c, const uint8_t *data, uint32_t n)
{
    struct side *d = c->d;
    if (d->need > 0) {
        uint32_t used = d->need < n ? d->need : n;
        message_goes_on(c, data, used);
        return used;
    }
    if (d->n_message_head == 0 && n >= MESSAGE_HEAD) {
        uint32_t len = load_be32(data) & 0xffffff;
        if (len <= n - MESSAGE_HEAD) {
            struct bytes body = {data + MESSAGE_HEAD, len < ROOM ? len : ROOM};
            take(c, data[0], body, len > ROOM);
            return MESSAGE_HEAD + len;
        }
    }
    uint32_t used = MESSAGE_HEAD - d->n_message_head;
    used = used < n ? used : n;
    memcpy(d->message_head + d->n_message_head, data, used);
    d->n_message_head = (uint8_t)(d->n_message_head + used);
    if (d->n_message_head == MESSAGE_HEAD)
        message_begins(c);
    return used;
}

/* ---- records ---- */

static bool is_ssl2_hello(const uint8_t *head)
{
    uint16_t version = load_be16(head + 3);
    return head[0] & SSL2_LONG && head[2] == CLIENT_HELLO &&
           (version == TLS_SSL2 || version >> 8 == 3);
}

/* record_read: what its head says, which is whole. */
static void record_read(struct side *d)
{
    const uint8_t *head = d->record_head;
    d->begun = true;
    d->n_record_head = 0;
    d->record = head[0];
    d->left = load_be16(head + 3);
    d->lost = head[0] < RECORD_CHANGE_CIPHER || head[0] > RECORD_HEARTBEAT || head[1] != 3 ||
              d->left > RECORD_MAX;
    d->opaque = !d->lost && head[0] == RECORD_APPLICATION;
}

static bool ended(const struct side *d)
{
    return d->lost || d->opaque;
}

/* record_begins: its head is whole. Where both sides speak SSL 2.0 there is nothing to tell. */
static void record_begins(const struct call *c)
{
    struct side *d = c->d;
    const uint8_t *head = d->record_head;
    bool first = !d->begun;
    record_read(d);
    if (d->done)
        return;
    if (c->dir == PROTO_TO_SERVER && first && is_ssl2_hello(head)) {
        c->s->ssl2 = true;
        c->s->version[PROTO_TO_SERVER] = load_be16(head + 3);
        d->record = RECORD_SSL2;
        d->left = load_be16(head) & 0x7fff;
        d->left = (uint16_t)(d->left > 3 ? d->left - 3 : 0);
        d->lost = d->left == 0;
        if (d->lost)
            malformed(c);
    } else if (c->s->ssl2 && head[0] & (SSL2_LONG | 0x40)) {
        finish(c);
    } else if (d->lost) {
        malformed(c);
    } else if (head[0] == RECORD_CHANGE_CIPHER || head[0] == RECORD_APPLICATION) {
        finish(c);
    }
}

/* head_goes_on: true when it is whole now. */
static bool head_goes_on(struct side *d, const uint8_t *data, uint32_t len, uint32_t *used)
{
    *used = RECORD_HEAD - d->n_record_head;
    *used = *used < len ? *used : len;
    memcpy(d->record_head + d->n_record_head, data, *used);
    d->n_record_head = (uint8_t)(d->n_record_head + *used);
    return d->n_record_head == RECORD_HEAD;
}

static uint32_t record_head(const struct call *c, const uint8_t *data, uint32_t len)
{
    uint32_t used;
    if (head_goes_on(c->d, data, len, &used))
        record_begins(c);
    return used;
}

static uint32_t record_body(const struct call *c, const uint8_t *data, uint32_t len)
{
    struct side *d = c->d;
    uint32_t used = d->left < len ? d->left : len;
    if (d->record == RECORD_HANDSHAKE && !d->done)
        used = handshake(c, data, used);
    d->left = (uint16_t)(d->left - used);
    if (d->record == RECORD_SSL2 && d->left == 0 && !d->done)
        tell(c, (struct bytes){0}, ssl2_hello_parts);
    return used;
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    const struct call c = {s, &s->side[dir], dir, sink};
    (void)now;
    while (len > 0 && !ended(c.d)) {
        uint32_t used = c.d->left == 0 ? record_head(&c, data, len) : record_body(&c, data, len);
        data += used;
        len -= used;
    }
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    const struct call c = {s, &s->side[dir], dir, sink};
    (void)now;
    (void)len;
    c.d->lost |= !c.d->opaque;
    if (c.d->done)
        return;
    anomaly(&c, PROTO_ANOMALY_LOST_SYNC);
    finish(&c);
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    (void)now;
    (void)open_requests;
    for (int dir = 0; dir < 2; dir++)
        finish(&(struct call){s, &s->side[dir], (enum proto_direction)dir, sink});
    s->side[PROTO_TO_SERVER].lost = s->side[PROTO_TO_CLIENT].lost = true;
}

static enum proto_over over(const void *state)
{
    const struct state *s = state;
    bool both = ended(&s->side[PROTO_TO_SERVER]) && ended(&s->side[PROTO_TO_CLIENT]);
    return both ? PROTO_OVER : PROTO_GOES_ON;
}

/* readable: up to the head of the first record with encrypted data, and with it. */
static uint32_t readable(const void *state, enum proto_direction dir, const uint8_t *data,
                         uint32_t len)
{
    struct side d = ((const struct state *)state)->side[dir];
    uint32_t at = 0, used;
    while (at < len && !ended(&d)) {
        if (d.left == 0 && head_goes_on(&d, data + at, len - at, &used))
            record_read(&d);
        else if (d.left > 0)
            d.left = (uint16_t)(d.left - (used = d.left < len - at ? d.left : len - at));
        at += used;
    }
    return d.lost ? len : at;
}

/* ---- recognising ---- */

/* probe_ssl2: the three lengths add up to that of the message (RFC 5246, E.2). */
static int probe_ssl2(const uint8_t *data, uint32_t len, bool *from_server)
{
    if ((len >= 3 && data[2] != CLIENT_HELLO) || (len >= RECORD_HEAD && !is_ssl2_hello(data)))
        return -1;
    if (len < SSL2_HEAD)
        return 0;
    unsigned ciphers = load_be16(data + 5), session = load_be16(data + 7);
    unsigned challenge = load_be16(data + 9), whole = load_be16(data) & 0x7fff;
    if (ciphers == 0 || ciphers % 3 || challenge < 16 || challenge > 32 ||
        SSL2_HEAD - 2 + ciphers + session + challenge != whole)
        return -1;
    *from_server = false;
    return 1;
}

/* A hello tells which side sends it. An alert alone, or data of a session whose beginning is
 * missing, is TLS as well. */
static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    if (len > 0 && data[0] & SSL2_LONG)
        return probe_ssl2(data, len, from_server);
    if ((len > 0 && (data[0] < RECORD_ALERT || data[0] > RECORD_APPLICATION)) ||
        (len > 1 && data[1] != 3) || (len > 2 && data[2] > 4))
        return -1;
    if (len <= RECORD_HEAD)
        return 0;
    unsigned left = load_be16(data + 3);
    uint8_t first = data[RECORD_HEAD];
    switch (data[0]) {
    case RECORD_ALERT: /* level: warning or fatal */
        return left == 2 && (first == 1 || first == 2) ? 1 : -1;
    case RECORD_APPLICATION:
        return left > 0 && left <= RECORD_MAX ? 1 : -1;
    default:
        if (left < MESSAGE_HEAD || left > RECORD_MAX ||
            (first != CLIENT_HELLO && first != SERVER_HELLO))
            return -1;
        *from_server = first == SERVER_HELLO;
        return 1;
    }
}

const struct proto_parser tls_parser = {
    .protocol = PROTOCOL_TLS,
    .port = 443,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
    .over = over,
    .readable = readable,
};
