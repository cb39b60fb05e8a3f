/* Heads line by line, bodies by their length. */
#include "proto/http1.h"
#include "proto/heads.h"

#include <string.h>

#define URI_MAX    64
#define HOST_MAX   32
#define USER_MAX   24
#define METHOD_MAX 10 /* that is kept */

#define METHOD_LONGEST 24 /* of those that IANA lists, and some more */

enum mode {
    MODE_START = 0, /* a request line or a status line is next */
    MODE_FIELDS,
    MODE_BODY,       /* `left` bytes */
    MODE_CHUNK_SIZE, /* RFC 9112, 7.1 */
    MODE_CHUNK,
    MODE_CHUNK_END,
    MODE_TRAILERS,
    MODE_REST, /* what comes is no HTTP/1, or ends with the connection */
    MODE_LOST  /* a start line is looked for */
};

struct side {
    struct head_line line;
    uint64_t left;
    uint8_t mode;
    bool chunked, has_length;
};

struct request {
    int64_t ns;
    uint8_t method_len, uri_len, host_len, user_len;
    bool credentials;     /* in a field */
    bool may_hold_secret; /* a body that may hold some */
    bool no_body;         /* the response has none */
    uint8_t method[METHOD_MAX], uri[URI_MAX], host[HOST_MAX], user[USER_MAX];
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    struct request open[HTTP1_OPEN_MAX];
    uint8_t n_open;
    uint16_t status; /* of the response whose fields are read */
    bool told;       /* the connection's first exchange */
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

/* ---- requests that wait ---- */

static void close_oldest(struct state *s, uint16_t status, enum outcome outcome, int64_t now,
                         const struct proto_sink *sink)
{
    struct request q = s->open[0];
    s->n_open--;
    memmove(&s->open[0], &s->open[1], s->n_open * sizeof(s->open[0]));
    if (s->told && !q.credentials && outcome != OUTCOME_REFUSED)
        return;
    s->told = true;
    struct proto_session session = {
        .outcome = (uint8_t)outcome,
        .code = status,
        .user = {q.user, q.user_len},
        .host = {q.host, q.host_len},
        .method = {q.method, q.method_len},
        .uri = {q.uri, q.uri_len},
        .request_ns = q.ns,
        .answer_ns = now,
    };
    sink->session(sink->ctx, &session);
}

static enum outcome outcome_of(const struct request *q, uint16_t status)
{
    bool unauthorised = status == 401 || status == 407;
    if (status == 403 || (unauthorised && (q->credentials || q->may_hold_secret)))
        return OUTCOME_REFUSED;
    return status < 400 ? OUTCOME_ACKNOWLEDGED : OUTCOME_SEEN;
}

/* ---- heads ---- */

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* method_len: of what looks like a method and has its SP behind it, 0 if there is none. */
static uint32_t method_len(const uint8_t *data, uint32_t len)
{
    uint32_t at = 0;
    while (at < len && at < METHOD_LONGEST &&
           (is_upper(data[at]) || data[at] == '-' || data[at] == '_'))
        at++;
    return at >= 3 && at < len && data[at] == ' ' ? at : 0;
}

/* version_at: where " HTTP/" stands last in the line, from `from` on; 0: nowhere. */
static uint32_t version_at(const uint8_t *data, uint32_t from, uint32_t len)
{
    for (uint32_t at = len < 6 ? 0 : len - 6; at >= from && at > 0; at--)
        if (memcmp(data + at, " HTTP/", 6) == 0)
            return at;
    return 0;
}

/* request_line: method SP target SP version; one that is longer than what is kept of it is known by
 * its method. */
static bool request_line(const struct head_line *line, struct request *q)
{
    uint32_t at = method_len(line->data, line->len);
    uint32_t end = line->cut ? line->len : version_at(line->data, at, line->len);
    if (at == 0 || end <= at)
        return false;
    q->method_len = bytes_keep(q->method, METHOD_MAX, (struct bytes){line->data, at});
    q->uri_len = bytes_keep(q->uri, URI_MAX, (struct bytes){line->data + at + 1, end - at - 1});
    q->no_body = at == 4 && memcmp(line->data, "HEAD", 4) == 0;
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint16_t status_line(const struct head_line *line)
{
    const uint8_t *p = line->data;
    if (line->len < 12 || memcmp(p, "HTTP/1.", 7) != 0 || p[8] != ' ' || !is_digit(p[9]) ||
        !is_digit(p[10]) || !is_digit(p[11]))
        return 0;
    return (uint16_t)((p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0'));
}

static int sextet(uint8_t c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? memchr(alphabet, c, sizeof(alphabet) - 1) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* basic_user: what stands before the colon. */
static void basic_user(struct request *q, struct bytes text)
{
    uint32_t bits = 0, n = 0;
    q->user_len = 0;
    size_t i = 0;
    while (i < text.len && text.data[i] == ' ')
        i++;
    for (; i < text.len && q->user_len < USER_MAX; i++) {
        int v = sextet(text.data[i]);
        if (v < 0)
            break;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n < 8)
            continue;
        n -= 8;
        uint8_t c = (uint8_t)(bits >> n);
        if (c == ':')
            return;
        q->user[q->user_len++] = c;
    }
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

static void field(struct state *s, enum proto_direction dir, const struct head_line *line)
{
    struct side *d = &s->side[dir];
    struct bytes value = head_line_value(line, "content-length:");
    if (value.len) {
        d->has_length = true;
        d->left = number(value, 10);
        return;
    }
    value = head_line_value(line, "transfer-encoding:");
    if (value.len >= 7 &&
        bytes_begin_any_case((struct bytes){value.data + value.len - 7, 7}, "chunked"))
        d->chunked = true;
    if (dir != PROTO_TO_SERVER || s->n_open == 0)
        return;
    struct request *q = &s->open[s->n_open - 1];
    value = head_line_value(line, "host:");
    if (value.len)
        q->host_len = bytes_keep(q->host, HOST_MAX, value);
    static const char *const credentials[] = {"authorization:", "proxy-authorization:"};
    for (int i = 0; i < 2; i++) {
        value = head_line_value(line, credentials[i]);
        q->credentials |= value.len > 0;
        if (bytes_begin_any_case(value, "basic "))
            basic_user(q, (struct bytes){value.data + 6, value.len - 6});
    }
}

/* body_follows: the fields are read. RFC 9112, 6.3 */
static void body_follows(struct side *d, bool none, bool until_close)
{
    if (none)
        d->mode = MODE_START;
    else if (d->chunked)
        d->mode = MODE_CHUNK_SIZE;
    else if (d->has_length)
        d->mode = d->left ? MODE_BODY : MODE_START;
    else
        d->mode = until_close ? MODE_REST : MODE_START;
}

static void request_read(struct state *s)
{
    struct side *d = &s->side[PROTO_TO_SERVER];
    struct request *q = s->n_open ? &s->open[s->n_open - 1] : NULL;
    struct bytes method = q ? (struct bytes){q->method, q->method_len} : (struct bytes){0};
    if (q && (d->chunked || (d->has_length && d->left)) &&
        (bytes_begin(method, "POST") || bytes_begin(method, "PUT") || bytes_begin(method, "PATCH")))
        q->may_hold_secret = true;
    body_follows(d, false, false);
}

static void response_read(struct state *s, int64_t now, const struct proto_sink *sink)
{
    struct side *d = &s->side[PROTO_TO_CLIENT];
    if (s->status < 200 && s->status != 101) {
        d->mode = MODE_START;
        return;
    }
    bool none = s->status == 204 || s->status == 304, tunnel = s->status == 101;
    if (s->n_open > 0) {
        const struct request *q = &s->open[0];
        none |= q->no_body;
        tunnel |=
            s->status < 300 && bytes_begin((struct bytes){q->method, q->method_len}, "CONNECT");
        close_oldest(s, s->status, outcome_of(q, s->status), now, sink);
    }
    body_follows(d, none, true);
    if (tunnel)
        s->side[0].mode = s->side[1].mode = MODE_REST;
}

static void start(struct state *s, enum proto_direction dir, int64_t now,
                  const struct proto_sink *sink)
{
    struct side *d = &s->side[dir];
    struct request q = {.ns = sink->seen_ns};
    bool right = dir == PROTO_TO_SERVER ? request_line(&d->line, &q) : status_line(&d->line) > 0;
    if (!right) {
        if (d->mode == MODE_START && d->line.len > 0) {
            d->mode = MODE_LOST;
            sink->anomaly(sink->ctx, PROTO_ANOMALY_MALFORMED, dir);
        }
        return;
    }
    d->mode = MODE_FIELDS;
    d->left = 0;
    d->chunked = d->has_length = false;
    if (dir == PROTO_TO_CLIENT) {
        s->status = status_line(&d->line);
        return;
    }
    if (s->n_open == HTTP1_OPEN_MAX) {
        sink->anomaly(sink->ctx, PROTO_ANOMALY_OVERFLOW, dir);
        close_oldest(s, 0, OUTCOME_SEEN, now, sink);
    }
    s->open[s->n_open++] = q;
}

static void take_line(struct state *s, enum proto_direction dir, int64_t now,
                      const struct proto_sink *sink)
{
    struct side *d = &s->side[dir];
    switch ((enum mode)d->mode) {
    case MODE_START:
    case MODE_LOST:
        start(s, dir, now, sink);
        break;
    case MODE_FIELDS:
        if (d->line.len > 0)
            field(s, dir, &d->line);
        else if (dir == PROTO_TO_SERVER)
            request_read(s);
        else
            response_read(s, now, sink);
        break;
    case MODE_CHUNK_SIZE:
        d->left = number((struct bytes){d->line.data, d->line.len}, 16);
        d->mode = d->left ? MODE_CHUNK : MODE_TRAILERS;
        break;
    case MODE_CHUNK_END:
        d->mode = MODE_CHUNK_SIZE;
        break;
    case MODE_TRAILERS:
        if (d->line.len == 0)
            d->mode = MODE_START;
        break;
    default:
        break;
    }
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    struct side *d = &s->side[dir];
    while (len > 0 && d->mode != MODE_REST) {
        if (d->mode == MODE_BODY || d->mode == MODE_CHUNK) {
            uint32_t part = d->left < len ? (uint32_t)d->left : len;
            d->left -= part;
            data += part;
            len -= part;
            if (d->left == 0)
                d->mode = d->mode == MODE_BODY ? MODE_START : MODE_CHUNK_END;
            continue;
        }
        if (head_line_take(&d->line, *data))
            take_line(s, dir, now, sink);
        data++;
        len--;
    }
}

/* A loss inside a body is stepped over. Else nothing more is claimed for what was asked before it.
 */
static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    struct side *d = &s->side[dir];
    if (d->mode == MODE_REST)
        return;
    bool in_body = d->mode == MODE_BODY || d->mode == MODE_CHUNK;
    if (in_body && len > 0 && len < d->left) {
        d->left -= len;
        return;
    }
    d->mode = MODE_LOST;
    d->line.whole = true;
    sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    while (s->n_open > 0)
        close_oldest(s, 0, OUTCOME_SEEN, now, sink);
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    const struct side *d = &s->side[PROTO_TO_CLIENT];
    bool clear = d->mode == MODE_START && (d->line.whole || d->line.len == 0);
    while (s->n_open > 0)
        close_oldest(s, 0, clear ? open_requests : OUTCOME_SEEN, now, sink);
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
    uint32_t line = end ? (uint32_t)(end - data) : len;
    uint32_t method = method_len(data, line);
    open |= method > 0 && !end;
    if (method > 0 && version_at(data, method, line) > method) {
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
};
