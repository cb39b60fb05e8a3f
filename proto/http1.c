/* Heads line by line, bodies by their length. What is needed of a line to find the next message and
 * to know who was let in is in its first bytes; a head is only kept whole if somebody wants its
 * parts. */
#include "proto/http1.h"
#include "proto/heads.h"
#include "proto/http1_body.h"
#include "proto/http1_fields.h"
#include "proto/http1_line.h"
#include "proto/http1_session.h"
#include "proto/http1_tell.h"

#include <string.h>

enum mode {
    MODE_START = 0, /* a request line or a status line is next */
    MODE_FIELDS,
    MODE_HEAD_END,   /* it ended oddly: one more line end may belong to it */
    MODE_MAYBE_BODY, /* of a response that should have none and says that it has one */
    MODE_BODY,       /* `left` bytes */
    MODE_TO_CLOSE,   /* a body that ends with the connection */
    MODE_CHUNK_SIZE, /* RFC 9112, 7.1 */
    MODE_CHUNK,
    MODE_CHUNK_END,
    MODE_TRAILERS,
    MODE_ASTRAY, /* a body up to a line that begins as a response does; `left`: within a line */
    MODE_REST,   /* what comes is no HTTP/1 */
    MODE_LOST    /* a start line is looked for */
};

struct side {
    struct head_line line; /* as far as it came in earlier calls */
    struct http1_message message;
    struct http1_fields fields;
    uint64_t left;
    uint8_t mode;
    bool bare_lf; /* the line ends with LF and no CR before it */
    bool swapped; /* the last line ended with LF CR */
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    struct http1_sessions sessions;
    uint32_t requests, responses; /* transactions that have one */
    uint64_t heads, connects;     /* by the transaction's last bits: its method is this one */
    uint16_t status;              /* of the response whose fields are read */
    bool odd;                     /* its first line is not as the RFC has it */
    bool switched;                /* to HTTP/2 */
    uint32_t rest;                /* bytes of the last feed behind the switch */
};
_Static_assert(sizeof(struct state) <= HTTP1_STATE_MAX, "state fits a flow");

/* One call of feed. */
struct pass {
    struct state *s;
    struct side *d;
    const struct proto_sink *sink;
    int64_t now;
    enum proto_direction dir;
    const uint8_t *at, *end;
    struct http1_tell tell;
};

static struct pass pass(struct state *s, enum proto_direction dir, int64_t now,
                        const struct proto_sink *sink)
{
    struct side *d = &s->side[dir], *other = &s->side[1 - dir];
    return (struct pass){
        .s = s,
        .d = d,
        .sink = sink,
        .now = now,
        .dir = dir,
        .tell = {.message = &d->message, .other = &other->message, .sink = sink, .dir = dir}};
}

static void message_over(struct pass *p)
{
    p->d->mode = MODE_START;
    http1_tell_next(&p->tell, p->at);
}

static void pause(struct pass *p)
{
    uint8_t mode = p->d->mode;
    if (mode == MODE_REST)
        http1_tell_next(&p->tell, p->at);
    http1_tell_pause(&p->tell, p->at, mode <= MODE_HEAD_END || mode == MODE_LOST);
}

/* ---- bodies ---- */

static bool is_hex(uint8_t c)
{
    return http1_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* is_astray: no response begins like this, nor does white space before one. */
static bool is_astray(const struct pass *p)
{
    return p->dir == PROTO_TO_CLIENT && p->at < p->end && *p->at != 0 && (*p->at | 0x20) != 'h' &&
           !http1_is_space(*p->at);
}

/* body_over: all that its length says has come. Whether that is right shows in what follows, where
 * the length can be read in another way. */
static void body_over(struct pass *p)
{
    if (p->d->fields.vague)
        p->d->mode = MODE_ASTRAY;
    else
        message_over(p);
}

/* body_follows: the fields are read. RFC 9112, 6.3 */
static void body_follows(struct pass *p, bool none, bool to_close)
{
    struct side *d = p->d;
    if (none)
        message_over(p);
    else if (d->fields.chunked)
        d->mode = MODE_CHUNK_SIZE;
    else if (d->left > 0)
        d->mode = MODE_BODY;
    else if (d->fields.has_length)
        body_over(p);
    else if (!to_close)
        message_over(p);
    else
        d->mode = MODE_TO_CLOSE;
}

/* ---- the first line ---- */

static uint64_t bit_of(uint32_t transaction)
{
    return UINT64_C(1) << (transaction & 63);
}

static void mark(uint64_t *bits, uint32_t transaction, bool set)
{
    *bits = set ? *bits | bit_of(transaction) : *bits & ~bit_of(transaction);
}

static bool is_method(const struct http1_line *line, const char *name)
{
    return line->method.len == strlen(name) && bytes_begin(line->method, name);
}

static bool request_begins(struct pass *p, struct bytes bytes, bool cut)
{
    struct state *s = p->s;
    struct http1_line line;
    if (!http1_request_line(bytes, cut, &line) &&
        (p->d->mode == MODE_LOST || !http1_odd_request(bytes, cut, &line)))
        return false;
    p->d->message.transaction = ++s->requests;
    mark(&s->heads, s->requests, is_method(&line, "HEAD"));
    mark(&s->connects, s->requests, is_method(&line, "CONNECT"));
    http1_sessions_open(&s->sessions, &line, p->now, p->sink);
    return true;
}

static bool response_begins(struct pass *p, struct bytes bytes)
{
    struct state *s = p->s;
    struct http1_line line;
    if (!http1_status_line(bytes, &line) &&
        (p->d->mode == MODE_LOST || !http1_odd_response(bytes, &line)))
        return false;
    s->status = line.status;
    s->odd = line.odd;
    p->d->message.transaction = s->responses + 1;
    return true;
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
        http1_tell_next(&p->tell, p->at);
        return;
    }
    d->mode = MODE_FIELDS;
    d->fields = (struct http1_fields){0};
    d->bare_lf = d->swapped = false;
}

/* ---- whole heads ---- */

/* head_read: its fields are known. */
static void head_read(struct pass *p)
{
    struct side *d = p->d;
    d->left = d->fields.length;
    d->message.layers = d->fields.layers;
    d->message.gzip = d->fields.gzip;
    http1_tell_head(&p->tell, p->at);
}

/* says_body: the fields say that one follows. */
static bool says_body(const struct side *d)
{
    return d->fields.chunked || d->fields.length > 0;
}

static void request_read(struct pass *p)
{
    if (says_body(p->d))
        http1_sessions_body(&p->s->sessions);
    head_read(p);
    if (p->d->fields.h2c)
        http1_tell_hold(&p->tell);
    body_follows(p, false, false);
}

/* tunnel: what follows in both directions is another protocol. */
static void tunnel(struct pass *p)
{
    p->s->side[0].mode = p->s->side[1].mode = MODE_REST;
}

/* switch_over: to HTTP/2, where the request has its response. */
static void switch_over(struct pass *p)
{
    p->s->switched = true;
    tunnel(p);
}

/* body_refused: the client waited with its body for a yes and got a no, so none will come. */
static void body_refused(struct pass *p)
{
    struct pass request = pass(p->s, PROTO_TO_SERVER, p->now, p->sink);
    if (request.d->mode != MODE_BODY || !request.d->fields.expects || request.d->message.packed > 0)
        return;
    message_over(&request);
    pause(&request);
}

/* is_interim: RFC 9110, 15.2 */
static bool is_interim(uint16_t status)
{
    return status >= 100 && status < 200 && status != 101;
}

/* pairs: the response is the final one; its request is taken to be there. Whether it was. */
static bool pairs(struct pass *p)
{
    struct state *s = p->s;
    s->responses = p->d->message.transaction;
    bool asked = s->responses <= s->requests;
    if (!asked)
        s->requests = s->responses;
    return asked;
}

/* answers: the request; returns whether no response to it has a body. */
static bool answers(struct pass *p, bool asked)
{
    struct state *s = p->s;
    p->tell.other->held = 0;
    http1_sessions_answer(&s->sessions, s->odd ? 0 : s->status, p->now, p->sink);
    if (s->status / 100 == 4)
        body_refused(p);
    return asked && (s->heads & bit_of(s->responses));
}

static void response_read(struct pass *p)
{
    struct state *s = p->s;
    struct side *d = p->d;
    uint16_t status = s->status;
    head_read(p);
    if (is_interim(status)) {
        if (says_body(d))
            d->mode = MODE_MAYBE_BODY;
        else
            message_over(p);
        return;
    }
    bool asked = pairs(p);
    if (status == 101 && d->fields.h2c) {
        switch_over(p);
        return;
    }
    bool none = answers(p, asked);
    bool empty = status == 101 || status == 204 || status == 304;
    if (empty && !none && says_body(d))
        d->mode = MODE_MAYBE_BODY;
    else if (status == 101 || (status / 100 == 2 && asked && (s->connects & bit_of(s->responses))))
        tunnel(p);
    else
        body_follows(p, empty || none, true);
}

/* ---- the stream ---- */

static void chunk_size(struct pass *p, struct bytes line)
{
    p->d->left = http1_number(line, 16);
    p->d->mode = p->d->left ? MODE_CHUNK : MODE_TRAILERS;
}

/* ends_oddly: heads of responses may end with a blank before a LF, or with an empty line behind LF
 * CR. */
static bool ends_oddly(const struct pass *p, struct bytes line)
{
    const struct side *d = p->d;
    if (p->dir == PROTO_TO_SERVER)
        return false;
    return line.len == 0 ? d->swapped
                         : line.len == 1 && d->bare_lf && (*line.data == ' ' || *line.data == '\t');
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
        if (ends_oddly(p, line))
            d->mode = MODE_HEAD_END;
        else if (line.len > 0)
            http1_field_line(&d->fields, p->dir, &p->s->sessions, line);
        else if (p->dir == PROTO_TO_SERVER)
            request_read(p);
        else
            response_read(p);
        d->swapped = false;
        break;
    case MODE_CHUNK_SIZE:
        chunk_size(p, line);
        break;
    case MODE_CHUNK_END:
        d->mode = MODE_CHUNK_SIZE;
        break;
    case MODE_TRAILERS:
        if (line.len == 0) {
            http1_body(&p->tell, (struct bytes){0}, true);
            message_over(p);
        }
        break;
    default:
        break;
    }
}

/* take_lines: in heads of responses a line may be several. */
static void take_lines(struct pass *p, struct bytes line, bool cut)
{
    while (p->dir == PROTO_TO_CLIENT && (p->d->mode == MODE_START || p->d->mode == MODE_FIELDS)) {
        size_t n = http1_cr_end(line);
        if (n == line.len)
            break;
        struct bytes first = {line.data, n};
        while (first.len > 0 && first.data[first.len - 1] == '\r')
            first.len--;
        bool bare_lf = p->d->bare_lf;
        p->d->bare_lf = false;
        if (first.len > 0)
            take_line(p, first, false);
        p->d->bare_lf = bare_lf;
        line.data += n;
        line.len -= n;
    }
    take_line(p, line, cut);
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
    if (n > 0 || lies_whole)
        d->bare_lf = n == 0 || from[n - 1] != '\r';
    if (!lies_whole)
        add_to_line(&d->line, from, n);
    if (!lf)
        return;
    struct bytes line = lies_whole ? (struct bytes){from, n < HEAD_LINE_MAX ? n : HEAD_LINE_MAX}
                                   : (struct bytes){d->line.data, d->line.len};
    bool cut = lies_whole ? n > HEAD_LINE_MAX : d->line.cut;
    if (!cut && !d->bare_lf && line.len > 0)
        line.len--;
    take_lines(p, line, cut);
    d->line.len = 0;
    d->line.cut = false;
}

/* body_read: what `left` says has been taken off. */
static void body_read(struct pass *p)
{
    struct side *d = p->d;
    if (d->left == 0 && d->mode == MODE_BODY)
        body_over(p);
    else if (d->left == 0 && d->mode == MODE_CHUNK)
        d->mode = MODE_CHUNK_END;
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
    http1_body(&p->tell, bytes, d->mode == MODE_BODY && d->left == 0 && !d->fields.vague);
    body_read(p);
}

/* astray_len: up to a line that begins as a response does. */
static size_t astray_len(const uint8_t *from, const uint8_t *end)
{
    const uint8_t *at = from, *lf;
    while (at < end && (lf = memchr(at, '\n', (size_t)(end - at)))) {
        at = lf + 1;
        if (at < end && (*at | 0x20) == 'h')
            return (size_t)(at - from);
    }
    return (size_t)(end - from);
}

static void read_astray(struct pass *p)
{
    struct side *d = p->d;
    if (d->left == 0 && (*p->at | 0x20) == 'h') {
        http1_body(&p->tell, (struct bytes){0}, true);
        message_over(p);
        return;
    }
    struct bytes bytes = {p->at, astray_len(p->at, p->end)};
    p->at += bytes.len;
    d->left = p->at[-1] != '\n';
    http1_body(&p->tell, bytes, false);
}

/* without_head: what is no response is a body to the end of the connection, as HTTP/0.9 has it. */
static void without_head(struct pass *p)
{
    p->d->message.transaction = p->s->responses + 1;
    p->d->message.layers = 0;
    http1_tell_no_head(&p->tell, p->at);
    p->d->mode = MODE_ASTRAY;
    p->d->left = 0;
    p->sink->anomaly(p->sink->ctx, PROTO_ANOMALY_MALFORMED, p->dir);
}

/* chunk_begins: white space before its size is not minded. What has no size ends with the
 * connection if it is a response, as browsers have it; of a request nothing can be made of it. */
static void chunk_begins(struct pass *p)
{
    uint8_t c = *p->at;
    struct bytes none = {0};
    if (http1_is_space(c)) {
        p->at++;
    } else if (is_hex(c)) {
        read_line(p);
    } else if (p->dir == PROTO_TO_CLIENT) {
        p->d->mode = MODE_TO_CLOSE;
    } else {
        http1_body(&p->tell, none, true);
        p->d->mode = MODE_LOST;
        http1_tell_next(&p->tell, p->at);
        p->sink->anomaly(p->sink->ctx, PROTO_ANOMALY_MALFORMED, p->dir);
    }
}

/* maybe_body: no body of such a response begins as the next response does. */
static void maybe_body(struct pass *p)
{
    if (*p->at == 'H') {
        message_over(p);
        return;
    }
    if (is_interim(p->s->status))
        answers(p, pairs(p));
    p->d->mode = p->d->fields.chunked ? MODE_CHUNK_SIZE : MODE_BODY;
}

/* head_end: another CR, LF or both are its own. */
static void head_end(struct pass *p)
{
    struct side *d = p->d;
    bool is_cr = *p->at == '\r' && !d->swapped;
    d->swapped = true;
    if (is_cr) {
        p->at++;
        return;
    }
    if (*p->at == '\n')
        p->at++;
    response_read(p);
}

/* LF CR ends a line of a response's head too: so browsers have it. */
static bool is_swapped(const struct pass *p)
{
    return p->dir == PROTO_TO_CLIENT && p->d->line.len == 0 && *p->at == '\r';
}

static void swap(struct pass *p)
{
    p->d->bare_lf = false;
    p->d->swapped = true;
    p->at++;
}

/* has_body: a message whose body is under way. */
static bool has_body(const struct side *d)
{
    return d->mode > MODE_MAYBE_BODY && d->mode < MODE_REST;
}

/* go_on: what comes next of what the mode says. */
static void go_on(struct pass *p)
{
    const struct side *d = p->d;
    switch ((enum mode)d->mode) {
    case MODE_START:
        if (d->line.len == 0 && is_astray(p))
            without_head(p);
        else
            read_line(p);
        break;
    case MODE_FIELDS:
        if (d->bare_lf && is_swapped(p))
            swap(p);
        else
            read_line(p);
        break;
    case MODE_HEAD_END:
        head_end(p);
        break;
    case MODE_MAYBE_BODY:
        maybe_body(p);
        break;
    case MODE_BODY:
    case MODE_CHUNK:
    case MODE_TO_CLOSE:
        read_body(p);
        break;
    case MODE_CHUNK_SIZE:
        if (d->line.len == 0)
            chunk_begins(p);
        else
            read_line(p);
        break;
    case MODE_ASTRAY:
        read_astray(p);
        break;
    default:
        read_line(p);
        break;
    }
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct pass p = pass(state, dir, now, sink);
    p.at = p.tell.from = data;
    p.end = data + len;
    while (p.at < p.end && p.d->mode != MODE_REST)
        go_on(&p);
    p.s->rest = (uint32_t)(p.end - p.at);
    pause(&p);
}

/* A loss inside a body is stepped over. Else nothing more is claimed for what was asked before it.
 */
static void lost(struct pass *p)
{
    struct state *s = p->s;
    p->d->mode = MODE_LOST;
    p->d->line.len = 0;
    p->d->line.cut = false;
    s->responses = s->requests;
    http1_tell_next(&p->tell, p->at);
    p->sink->anomaly(p->sink->ctx, PROTO_ANOMALY_LOST_SYNC, p->dir);
    http1_sessions_close(&s->sessions, OUTCOME_SEEN, p->now, p->sink);
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct pass p = pass(state, dir, now, sink);
    struct side *d = p.d;
    bool counted = d->mode == MODE_BODY || d->mode == MODE_CHUNK;
    if (d->mode == MODE_REST)
        return;
    /* What comes behind the hole is not told. */
    if (has_body(d))
        http1_body(&p.tell, (struct bytes){0}, true);
    if (counted && len > 0 && len <= d->left) {
        d->left -= len;
        body_read(&p);
    } else if (d->mode != MODE_TO_CLOSE) {
        lost(&p);
    }
    pause(&p);
}

/* break_off: the whole lines of a head say what they say even if no more of them came. */
static void break_off(struct pass *p)
{
    struct bytes none = {0};
    if (has_body(p->d))
        http1_body(&p->tell, none, true);
    else if (p->d->mode == MODE_HEAD_END)
        response_read(p);
    else if (p->d->mode == MODE_FIELDS && p->d->message.kept > 0)
        http1_tell_head(&p->tell, p->at);
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    const struct side *d = &s->side[PROTO_TO_CLIENT];
    bool clear = d->mode == MODE_START && d->line.len == 0;
    for (int i = 0; i < 2; i++) {
        struct pass p = pass(s, (enum proto_direction)i, now, sink);
        break_off(&p);
    }
    http1_sessions_close(&s->sessions, clear ? open_requests : OUTCOME_SEEN, now, sink);
}

static enum proto_over over(const void *state)
{
    const struct state *s = state;
    bool rest = s->side[0].mode == MODE_REST && s->side[1].mode == MODE_REST;
    return rest ? PROTO_GIVES_WAY : PROTO_GOES_ON; /* a tunnel, a switch of protocols */
}

bool http1_switched(const void *state, struct http1_switch *out)
{
    const struct state *s = state;
    *out = (struct http1_switch){.rest = s->rest,
                                 .transactions = s->requests,
                                 .head = s->side[PROTO_TO_SERVER].message.held,
                                 .asked = s->sessions.n_open > 0 ? &s->sessions.open[0] : NULL,
                                 .told = s->sessions.told};
    return s->switched;
}

/* probe_line: a method that is not in the list says so by the version at the end of its line. */
static int probe_line(struct bytes line, bool whole)
{
    struct http1_line out;
    uint32_t method = http1_method_len(line);
    if (bytes_begin(line, "PRI * HTTP/2"))
        return -1;
    if ((method > 0 && http1_version_at(line, method) > method) ||
        (whole && http1_versioned_request(line, &out)))
        return 1;
    return method > 0 && !whole ? 0 : -1;
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    static const char *const begins[] = {"HTTP/1.",  "GET ",   "POST ",    "HEAD ",  "PUT ",
                                         "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ", "DELETE "};
    bool open = false;
    /* RFC 9112, 2.2: empty lines before the first are not minded. */
    while (len > 0 && (*data == '\r' || *data == '\n')) {
        data++;
        len--;
    }
    if (len == 0)
        return 0;
    for (unsigned i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        size_t n = strlen(begins[i]);
        if (len < n) {
            open |= memcmp(data, begins[i], len) == 0;
        } else if (memcmp(data, begins[i], n) == 0) {
            *from_server = i == 0;
            return 1;
        }
    }
    const uint8_t *end = memchr(data, '\n', len);
    int verdict = probe_line((struct bytes){data, end ? (size_t)(end - data) : len}, end);
    if (verdict > 0)
        *from_server = false;
    return verdict < 0 && open ? 0 : verdict;
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
