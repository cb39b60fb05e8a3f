/* Heads line by line, bodies by their length. What is needed of a line to find the next message and
 * to know who was let in is in its first bytes; a head is only kept whole if somebody wants its
 * parts. */
#include "proto/http1.h"
#include "proto/heads.h"
#include "proto/http1_parts.h"
#include "proto/http1_session.h"
#include "proto/http1_uri.h"

#include <string.h>

#define HEAD_MAX 16384 /* of a head that parts are made of: a room */

enum mode {
    MODE_START = 0, /* a request line or a status line is next */
    MODE_FIELDS,
    MODE_BODY,       /* `left` bytes */
    MODE_TO_CLOSE,   /* a body that ends with the connection */
    MODE_CHUNK_SIZE, /* RFC 9112, 7.1 */
    MODE_CHUNK,
    MODE_CHUNK_END,
    MODE_TRAILERS,
    MODE_REST, /* what comes is no HTTP/1 */
    MODE_LOST  /* a start line is looked for */
};

struct side {
    struct head_line line; /* as far as it came in earlier calls */
    uint64_t left;
    uint64_t told;        /* bytes of the body */
    uint32_t transaction; /* of the message */
    uint16_t kept;        /* bytes of its head in the room */
    uint8_t mode;
    bool chunked, has_length;
    bool lent;   /* the room */
    bool silent; /* nothing more is told of this message */
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    struct http1_sessions sessions;
    uint32_t requests, responses; /* transactions that have one */
    uint64_t heads, connects;     /* by the transaction's last bits: its method is this one */
    uint16_t status;              /* of the response whose fields are read; 0 unreadable */
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

/* One call of feed. */
struct pass {
    struct state *s;
    struct side *d;
    const struct proto_sink *sink;
    int64_t now;
    enum proto_direction dir;
    const uint8_t *at, *end;
    const uint8_t *head; /* in these bytes: where those of the head under way begin */
    struct bytes whole;  /* the head of the message whose body comes, if it is in these bytes */
};

/* ---- what is told ---- */

static bool is_wanted(const struct pass *p)
{
    return (p->sink->message || p->sink->body) && !p->d->silent;
}

static enum proto_room room_of(enum proto_direction dir)
{
    return dir == PROTO_TO_SERVER ? PROTO_ROOM_TO_SERVER : PROTO_ROOM_TO_CLIENT;
}

static uint8_t *room(const struct pass *p)
{
    return p->sink->room ? p->sink->room(p->sink->ctx, room_of(p->dir)) : NULL;
}

static struct bytes head_of(const struct pass *p)
{
    if (p->whole.data)
        return p->whole;
    return p->d->kept ? (struct bytes){room(p), p->d->kept} : (struct bytes){0};
}

/* keep: these bytes of the head outlast the call; those that find no room are left out. */
static void keep(struct pass *p, struct bytes bytes)
{
    struct side *d = p->d;
    if (bytes.len == 0 || !is_wanted(p))
        return;
    uint8_t *to = room(p);
    if (!to) {
        d->silent = true;
        d->kept = 0;
        p->sink->anomaly(p->sink->ctx, PROTO_ANOMALY_OVERFLOW, p->dir);
        return;
    }
    size_t n = bytes.len < (size_t)HEAD_MAX - d->kept ? bytes.len : (size_t)HEAD_MAX - d->kept;
    memcpy(to + d->kept, bytes.data, n);
    d->kept = (uint16_t)(d->kept + n);
    d->lent = true;
}

/* forget: the head, and what the line under way had of it. The next one may begin here. */
static void forget(struct pass *p)
{
    p->d->kept = 0;
    p->d->silent = false;
    p->whole = (struct bytes){0};
    p->head = p->at;
}

static struct proto_message message_of(const struct pass *p)
{
    return (struct proto_message){.protocol = PROTOCOL_HTTP,
                                  .direction = (uint8_t)p->dir,
                                  .transaction = p->d->transaction,
                                  .state = p->s,
                                  .head = head_of(p),
                                  .parts = http1_parts};
}

/* head_whole: it ends here. */
static void head_whole(struct pass *p)
{
    struct side *d = p->d;
    size_t n = (size_t)(p->at - p->head);
    if (!is_wanted(p))
        return;
    if (d->kept)
        keep(p, (struct bytes){p->head, n});
    else
        p->whole = (struct bytes){p->head, n < HEAD_MAX ? n : HEAD_MAX};
    d->told = 0;
    struct proto_message message = message_of(p);
    if (p->sink->message && !d->silent)
        p->sink->message(p->sink->ctx, &message);
}

static void tell_body(struct pass *p, struct bytes bytes, bool end)
{
    struct side *d = p->d;
    if (!is_wanted(p) || !p->sink->body)
        return;
    struct proto_message message = message_of(p);
    struct proto_body body = {.id = p->dir == PROTO_TO_SERVER ? PART_HTTP_REQUEST_BODY
                                                              : PART_HTTP_RESPONSE_BODY,
                              .end = end,
                              .at = d->told,
                              .data = bytes};
    d->told += bytes.len;
    d->silent = end;
    p->sink->body(p->sink->ctx, &message, &body);
}

/* pause: what the next call needs of this one's bytes is kept, and a room that holds nothing goes
 * back. */
static void pause(struct pass *p)
{
    struct side *d = p->d;
    if (d->mode == MODE_START || d->mode == MODE_LOST || d->mode == MODE_FIELDS)
        keep(p, (struct bytes){p->head, (size_t)(p->at - p->head)});
    else if (p->sink->body)
        keep(p, p->whole);
    if (d->mode == MODE_REST || d->silent)
        d->kept = 0;
    if (d->lent && d->kept == 0) {
        d->lent = false;
        p->sink->room_back(p->sink->ctx, room_of(p->dir));
    }
}

/* ---- lengths ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint64_t number(struct bytes text, uint32_t base)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len && i < 15; i++) {
        uint8_t c = text.data[i], letter = c | 0x20;
        uint32_t v = is_digit(c) ? c - (uint32_t)'0' : letter >= 'a' ? letter - 'a' + 10u : base;
        if (v >= base)
            break;
        value = value * base + v;
    }
    return value;
}

static void message_over(struct pass *p)
{
    p->d->mode = MODE_START;
    forget(p);
}

/* body_follows: the fields are read. RFC 9112, 6.3 */
static void body_follows(struct pass *p, bool none, bool to_close)
{
    struct side *d = p->d;
    if (none)
        message_over(p);
    else if (d->chunked)
        d->mode = MODE_CHUNK_SIZE;
    else if (d->has_length && d->left)
        d->mode = MODE_BODY;
    else if (d->has_length || !to_close)
        message_over(p);
    else
        d->mode = MODE_TO_CLOSE;
}

/* ---- fields ---- */

static void content_length(struct pass *p, struct bytes value)
{
    p->d->has_length = true;
    p->d->left = number(value, 10);
}

static void transfer_encoding(struct pass *p, struct bytes value)
{
    for (size_t i = 0; i + 7 <= value.len; i++)
        p->d->chunked |= bytes_begin_any_case((struct bytes){value.data + i, 7}, "chunked");
}

static void host(struct pass *p, struct bytes value)
{
    if (p->dir == PROTO_TO_SERVER)
        http1_sessions_host(&p->s->sessions, value);
}

static void authorization(struct pass *p, struct bytes value)
{
    if (p->dir == PROTO_TO_SERVER)
        http1_sessions_credentials(&p->s->sessions, value);
}

static const struct {
    const char *name;
    size_t len;
    void (*take)(struct pass *p, struct bytes value);
} fields[] = {
    {"host", 4, host},
    {"content-length", 14, content_length},
    {"transfer-encoding", 17, transfer_encoding},
    {"authorization", 13, authorization},
    {"proxy-authorization", 19, authorization},
};

static struct bytes without_blanks(const uint8_t *from, const uint8_t *end)
{
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct bytes){from, (size_t)(end - from)};
}

static void field(struct pass *p, struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (!colon)
        return;
    struct bytes name = without_blanks(line.data, colon);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (name.len != fields[i].len || !bytes_begin_any_case(name, fields[i].name))
            continue;
        struct bytes value = without_blanks(colon + 1, line.data + line.len);
        if (value.len)
            fields[i].take(p, value);
        return;
    }
}

/* ---- the first line ---- */

/* is_odd_request: a first line that the RFC does not know and servers answer. */
static bool is_odd_request(struct bytes line)
{
    (void)line;
    return false;
}

static uint64_t bit_of(uint32_t transaction)
{
    return UINT64_C(1) << (transaction & 63);
}

static bool request_begins(struct pass *p, struct bytes line, bool cut)
{
    struct state *s = p->s;
    struct http1_request q = {.ns = p->sink->seen_ns};
    if (!http1_request_line(line, cut, &q)) {
        if (p->d->mode == MODE_LOST || !is_odd_request(line))
            return false;
        q.odd = true;
    }
    struct bytes method = {q.method, q.method_len};
    uint64_t bit = bit_of(++s->requests);
    p->d->transaction = s->requests;
    s->heads = method.len == 4 && bytes_begin(method, "HEAD") ? s->heads | bit : s->heads & ~bit;
    s->connects =
        method.len == 7 && bytes_begin(method, "CONNECT") ? s->connects | bit : s->connects & ~bit;
    http1_sessions_open(&s->sessions, &q, p->now, p->sink);
    return true;
}

static uint16_t status_line(struct bytes line)
{
    const uint8_t *d = line.data;
    if (line.len < 12 || memcmp(d, "HTTP/1.", 7) != 0 || d[8] != ' ' || !is_digit(d[9]) ||
        !is_digit(d[10]) || !is_digit(d[11]))
        return 0;
    return (uint16_t)((d[9] - '0') * 100 + (d[10] - '0') * 10 + (d[11] - '0'));
}

static bool response_begins(struct pass *p, struct bytes line)
{
    struct state *s = p->s;
    s->status = status_line(line);
    p->d->transaction = s->responses + 1;
    return s->status > 0;
}

static void start(struct pass *p, struct bytes line, bool cut)
{
    struct side *d = p->d;
    bool right =
        p->dir == PROTO_TO_SERVER ? request_begins(p, line, cut) : response_begins(p, line);
    if (!right) {
        if (d->mode == MODE_START && line.len > 0) {
            d->mode = MODE_LOST;
            p->sink->anomaly(p->sink->ctx, PROTO_ANOMALY_MALFORMED, p->dir);
        }
        forget(p);
        return;
    }
    d->mode = MODE_FIELDS;
    d->left = 0;
    d->chunked = d->has_length = false;
}

/* ---- whole heads ---- */

static void request_read(struct pass *p)
{
    struct side *d = p->d;
    if (d->chunked || (d->has_length && d->left))
        http1_sessions_body(&p->s->sessions);
    head_whole(p);
    body_follows(p, false, false);
}

/* tunnel: what follows in both directions is another protocol. */
static void tunnel(struct pass *p)
{
    p->s->side[0].mode = p->s->side[1].mode = MODE_REST;
}

static void response_read(struct pass *p)
{
    struct state *s = p->s;
    uint16_t status = s->status;
    head_whole(p);
    if (status < 200 && status != 101) {
        message_over(p);
        return;
    }
    s->responses = p->d->transaction;
    bool asked = s->responses <= s->requests;
    uint64_t bit = bit_of(s->responses);
    if (!asked)
        s->requests = s->responses;
    http1_sessions_answer(&s->sessions, status, p->now, p->sink);
    body_follows(p, status == 204 || status == 304 || (asked && (s->heads & bit)), true);
    if (status == 101 || (asked && status < 300 && (s->connects & bit)))
        tunnel(p);
}

/* ---- the stream ---- */

static void chunk_size(struct pass *p, struct bytes line)
{
    p->d->left = number(line, 16);
    p->d->mode = p->d->left ? MODE_CHUNK : MODE_TRAILERS;
}

static void take_line(struct pass *p, struct bytes line, bool cut)
{
    struct side *d = p->d;
    switch ((enum mode)d->mode) {
    case MODE_START:
    case MODE_LOST:
        start(p, line, cut);
        break;
    case MODE_FIELDS:
        if (line.len > 0)
            field(p, line);
        else if (p->dir == PROTO_TO_SERVER)
            request_read(p);
        else
            response_read(p);
        break;
    case MODE_CHUNK_SIZE:
        chunk_size(p, line);
        break;
    case MODE_CHUNK_END:
        d->mode = MODE_CHUNK_SIZE;
        break;
    case MODE_TRAILERS:
        if (line.len == 0) {
            tell_body(p, (struct bytes){0}, true);
            message_over(p);
        }
        break;
    default:
        break;
    }
}

static void add_to_line(struct head_line *line, const uint8_t *data, size_t len)
{
    size_t n = len < (size_t)HEAD_LINE_MAX - line->len ? len : (size_t)HEAD_LINE_MAX - line->len;
    memcpy(line->data + line->len, data, n);
    line->len = (uint8_t)(line->len + n);
    line->cut |= n < len;
}

/* read_line: the next line, where it lies if it is whole; only its first bytes if it is long. */
static void read_line(struct pass *p)
{
    struct side *d = p->d;
    const uint8_t *lf = memchr(p->at, '\n', (size_t)(p->end - p->at)), *from = p->at;
    size_t n = (size_t)((lf ? lf : p->end) - from);
    bool lies_whole = lf && d->line.len == 0;
    p->at += n + (lf ? 1 : 0);
    if (!lies_whole)
        add_to_line(&d->line, from, n);
    if (!lf)
        return;
    struct bytes line = lies_whole ? (struct bytes){from, n < HEAD_LINE_MAX ? n : HEAD_LINE_MAX}
                                   : (struct bytes){d->line.data, d->line.len};
    bool cut = lies_whole ? n > HEAD_LINE_MAX : d->line.cut;
    if (!cut && line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    take_line(p, line, cut);
    d->line.len = 0;
    d->line.cut = false;
}

static void read_body(struct pass *p)
{
    struct side *d = p->d;
    size_t n = (size_t)(p->end - p->at);
    if (d->mode != MODE_TO_CLOSE) {
        n = d->left < n ? (size_t)d->left : n;
        d->left -= n;
    }
    struct bytes bytes = {p->at, n};
    p->at += n;
    bool over = d->mode == MODE_BODY && d->left == 0;
    tell_body(p, bytes, over);
    if (over)
        message_over(p);
    else if (d->mode == MODE_CHUNK && d->left == 0)
        d->mode = MODE_CHUNK_END;
}

static bool in_body(const struct side *d)
{
    return d->mode == MODE_BODY || d->mode == MODE_CHUNK || d->mode == MODE_TO_CLOSE;
}

static struct pass pass(struct state *s, enum proto_direction dir, int64_t now,
                        const struct proto_sink *sink)
{
    return (struct pass){.s = s, .d = &s->side[dir], .sink = sink, .now = now, .dir = dir};
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct pass p = pass(state, dir, now, sink);
    p.at = p.head = data;
    p.end = data + len;
    while (p.at < p.end && p.d->mode != MODE_REST) {
        if (in_body(p.d))
            read_body(&p);
        else
            read_line(&p);
    }
    pause(&p);
}

/* A loss inside a body is stepped over. Else nothing more is claimed for what was asked before it.
 */
static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    struct pass p = pass(s, dir, now, sink);
    struct side *d = p.d;
    if (d->mode == MODE_REST)
        return;
    /* What comes behind the hole is no part of what was told. */
    if (in_body(d) || d->mode == MODE_CHUNK_SIZE || d->mode == MODE_CHUNK_END ||
        d->mode == MODE_TRAILERS)
        tell_body(&p, (struct bytes){0}, true);
    if (d->mode == MODE_TO_CLOSE)
        goto done;
    if (in_body(d) && len > 0 && len <= d->left) {
        d->left -= len;
        if (d->left == 0 && d->mode == MODE_CHUNK)
            d->mode = MODE_CHUNK_END;
        else if (d->left == 0)
            message_over(&p);
        goto done;
    }
    d->mode = MODE_LOST;
    d->line.len = 0;
    d->line.cut = false;
    s->responses = s->requests;
    forget(&p);
    sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    http1_sessions_close(&s->sessions, OUTCOME_SEEN, now, sink);
done:
    pause(&p);
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    const struct side *d = &s->side[PROTO_TO_CLIENT];
    bool clear = d->mode == MODE_START && d->line.len == 0;
    for (int i = 0; i < 2; i++) {
        struct pass p = pass(s, (enum proto_direction)i, now, sink);
        if (p.d->mode > MODE_FIELDS && p.d->mode < MODE_REST)
            tell_body(&p, (struct bytes){0}, true);
    }
    http1_sessions_close(&s->sessions, clear ? open_requests : OUTCOME_SEEN, now, sink);
}

static bool over(const void *state)
{
    const struct state *s = state;
    return s->side[0].mode == MODE_REST && s->side[1].mode == MODE_REST;
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    static const char *const begins[] = {"HTTP/1.",  "GET ",   "POST ",    "HEAD ",  "PUT ",
                                         "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "DELETE "};
    bool open = false;
    for (unsigned i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        size_t n = strlen(begins[i]);
        if (len < n) {
            open |= memcmp(data, begins[i], len) == 0;
        } else if (memcmp(data, begins[i], n) == 0) {
            *from_server = i == 0;
            return 1;
        }
    }
    /* A method that is not in the list says so by the version at the end of its line. */
    const uint8_t *end = memchr(data, '\n', len);
    struct bytes line = {data, end ? (size_t)(end - data) : len};
    uint32_t method = http1_method_len(line);
    open |= method > 0 && !end;
    if (method > 0 && http1_version_at(line, method) > method) {
        *from_server = false;
        return 1;
    }
    return open ? 0 : -1;
}

const struct proto_parser http1_parser = {
    .protocol = PROTOCOL_HTTP,
    .port = 80,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
    .over = over,
};
