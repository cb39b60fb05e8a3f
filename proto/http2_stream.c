/* Where streams are, what is told of them, then what happens to them. */
#include "proto/http2_stream.h"
#include "proto/heads.h"
#include "proto/http2_parts.h"
#include "proto/unpack.h"

#include <string.h>

enum body_mode {
    BODY_NONE = 0, /* nobody wants it, or its head was not seen */
    BODY_PLAIN,
    BODY_PACKED,    /* nothing of it came yet */
    BODY_UNPACKED,  /* by the direction's own room */
    BODY_UNPACKED_2 /* by that of the other direction */
};

#define HEADS_MAX (PROTO_ROOM_BYTES - HTTP2_STREAMS_MAX * sizeof(struct http2_stream))

/* The room. */
struct room {
    struct http2_stream streams[HTTP2_STREAMS_MAX];
    uint8_t heads[HEADS_MAX];
};
_Static_assert(sizeof(struct room) <= PROTO_ROOM_BYTES && HEADS_MAX >= 8192, "there is room");

#define NO_STREAM UINT32_MAX

/* ---- where streams are ---- */

static struct room *room_of(const struct http2_call *c)
{
    return (struct room *)c->sink->room(c->sink->ctx, PROTO_ROOM_STREAMS);
}

static struct http2_stream *all(const struct http2_call *c)
{
    return c->streams->lent ? room_of(c)->streams : c->streams->own;
}

static struct http2_stream *at(const struct http2_call *c, uint32_t i)
{
    return &all(c)[i];
}

static uint32_t find(const struct http2_call *c, uint32_t id)
{
    const struct http2_stream *s = all(c);
    for (uint32_t i = c->streams->n; i > 0; i--)
        if (s[i - 1].id == id)
            return i - 1;
    return NO_STREAM;
}

/* lend: all streams are in the room from now on. */
static bool lend(struct http2_call *c)
{
    struct http2_streams *s = c->streams;
    struct room *room;
    if (s->lent)
        return true;
    if (!c->sink->room || !(room = room_of(c)))
        return false;
    memcpy(room->streams, s->own, s->n * sizeof(s->own[0]));
    s->lent = true;
    s->heads = 0;
    return true;
}

static void overflow(const struct http2_call *c, enum proto_direction dir)
{
    c->sink->anomaly(c->sink->ctx, PROTO_ANOMALY_OVERFLOW, dir);
}

/* ---- heads that are kept ---- */

static void keep_head(struct http2_call *c, uint32_t i, enum proto_direction dir, struct bytes head)
{
    struct http2_streams *s = c->streams;
    if (!lend(c) || head.len > HEADS_MAX - s->heads) {
        overflow(c, dir);
        return;
    }
    struct http2_body *b = &at(c, i)->body[dir];
    memcpy(room_of(c)->heads + s->heads, head.data, head.len);
    b->head = s->heads;
    b->n_head = (uint16_t)head.len;
    s->heads = (uint16_t)(s->heads + head.len);
}

/* drop_head: those behind it move up. */
static void drop_head(struct http2_call *c, struct http2_body *gone)
{
    struct http2_streams *s = c->streams;
    uint16_t from = gone->head, n = gone->n_head;
    if (n == 0)
        return;
    struct room *room = room_of(c);
    memmove(room->heads + from, room->heads + from + n, (size_t)(s->heads - from - n));
    s->heads = (uint16_t)(s->heads - n);
    gone->n_head = 0;
    for (uint32_t i = 0; i < s->n; i++)
        for (int dir = 0; dir < 2; dir++)
            if (room->streams[i].body[dir].head > from)
                room->streams[i].body[dir].head -= n;
}

/* ---- what is told ---- */

static struct proto_message message_of(const struct http2_call *c, uint32_t id,
                                       enum proto_direction dir, struct bytes head)
{
    return (struct proto_message){.protocol = PROTOCOL_HTTP,
                                  .direction = (uint8_t)dir,
                                  .transaction = c->streams->base + id,
                                  .head = head,
                                  .parts = http2_parts};
}

/* A body under way, in one call. */
struct telling {
    struct http2_call *call;
    const struct http2_stream *stream;
    struct http2_body *body;
    enum proto_direction dir;
};

/* tell: Suricata takes every body for a file. file.data looks into bodies of responses anyway. */
static void tell(const struct telling *t, struct bytes bytes, bool end)
{
    const struct http2_call *c = t->call;
    struct http2_body *b = t->body;
    bool to_server = t->dir == PROTO_TO_SERVER;
    struct proto_body body = {.id = to_server ? PART_HTTP_REQUEST_BODY : PART_HTTP_RESPONSE_BODY,
                              .end = end,
                              .at = b->told,
                              .data = bytes};
    struct bytes head = {0};
    b->told += bytes.len;
    if (b->told == 0 || !c->sink->body)
        return;
    if (b->n_head > 0)
        head = (struct bytes){room_of(c)->heads + b->head, b->n_head};
    struct proto_message message = message_of(c, t->stream->id, t->dir, head);
    c->sink->body(c->sink->ctx, &message, &body);
    body.id = PART_FILE_DATA;
    if (to_server)
        c->sink->body(c->sink->ctx, &message, &body);
}

static bool take_unpacked(void *ctx, struct bytes bytes)
{
    struct telling *t = ctx;
    tell(t, bytes, false);
    return !unpack_is_bomb(t->body->packed, t->body->told);
}

/* unpack_dir: the direction whose room a body has. */
static enum proto_direction unpack_dir(const struct telling *t)
{
    return t->body->mode == BODY_UNPACKED ? t->dir : 1 - t->dir;
}

static enum proto_room unpack_room(enum proto_direction dir)
{
    return dir == PROTO_TO_SERVER ? PROTO_ROOM_UNPACK_TO_SERVER : PROTO_ROOM_UNPACK_TO_CLIENT;
}

static uint8_t *unpacker(const struct telling *t)
{
    const struct proto_sink *sink = t->call->sink;
    return sink->room ? sink->room(sink->ctx, unpack_room(unpack_dir(t))) : NULL;
}

/* body_over: nothing more of it is told. */
static void body_over(struct telling *t, bool say)
{
    struct http2_body *b = t->body;
    const struct proto_sink *sink = t->call->sink;
    struct bytes none = {0};
    if (b->mode == BODY_NONE)
        return;
    bool unpacked = b->mode == BODY_UNPACKED || b->mode == BODY_UNPACKED_2;
    if (say && unpacked)
        unpack_end(unpacker(t), take_unpacked, t);
    if (say)
        tell(t, none, true);
    if (unpacked) {
        t->call->streams->unpacking &= (uint8_t) ~(1u << unpack_dir(t));
        sink->room_back(sink->ctx, unpack_room(unpack_dir(t)));
    }
    b->mode = BODY_NONE;
    drop_head(t->call, b);
}

/* unpack_begins: in the direction's own room if that is free, else in the other one. */
static bool unpack_begins(struct telling *t)
{
    struct http2_streams *s = t->call->streams;
    for (uint8_t mode = BODY_UNPACKED; mode <= BODY_UNPACKED_2; mode++) {
        t->body->mode = mode;
        uint8_t bit = (uint8_t)(1u << unpack_dir(t)), *room;
        if ((s->unpacking & bit) || !(room = unpacker(t)))
            continue;
        s->unpacking |= bit;
        unpack_begin(room, t->body->gzip);
        return true;
    }
    t->body->mode = BODY_PLAIN;
    body_over(t, false);
    overflow(t->call, t->dir);
    return false;
}

static void body_bytes(struct telling *t, struct bytes bytes)
{
    struct http2_body *b = t->body;
    b->packed += bytes.len;
    if (bytes.len == 0 || b->mode == BODY_NONE || (b->mode == BODY_PACKED && !unpack_begins(t)))
        return;
    if (b->mode == BODY_PLAIN)
        tell(t, bytes, false);
    else if (!unpack(unpacker(t), bytes, take_unpacked, t))
        body_over(t, true);
}

/* body_begins: what its head does not say for certain is not told. */
static void body_begins(struct http2_call *c, uint32_t i, struct bytes head)
{
    struct bytes coding = http2_head_field(head, "content-encoding");
    if (!c->sink->body || at(c, i)->body[c->dir].mode != BODY_NONE ||
        (!coding.data && !http2_head_is_known(head)))
        return;
    bool gzip = coding.len == 4 && bytes_begin_any_case(coding, "gzip");
    bool packed = gzip || (coding.len == 7 && bytes_begin_any_case(coding, "deflate"));
    keep_head(c, i, c->dir, head);
    struct http2_body *b = &at(c, i)->body[c->dir];
    b->mode = packed ? BODY_PACKED : BODY_PLAIN;
    b->packed = b->told = 0;
    b->gzip = gzip;
}

/* ---- streams ---- */

static struct telling telling(struct http2_call *c, uint32_t i, enum proto_direction dir)
{
    struct http2_stream *s = at(c, i);
    return (struct telling){.call = c, .stream = s, .body = &s->body[dir], .dir = dir};
}

static void settle(struct http2_call *c, struct http2_stream *s, uint16_t status,
                   enum outcome outcome)
{
    if (s->waits)
        http1_request_tell(&s->request, &c->streams->told, status, outcome, c->now, c->sink);
    s->waits = false;
}

static void close_stream(struct http2_call *c, uint32_t i, enum outcome outcome)
{
    struct http2_streams *s = c->streams;
    settle(c, at(c, i), 0, outcome);
    for (int dir = 0; dir < 2; dir++) {
        struct telling t = telling(c, i, (enum proto_direction)dir);
        body_over(&t, true);
    }
    s->n--;
    memmove(at(c, i), at(c, i + 1), (s->n - i) * sizeof(struct http2_stream));
    if (s->n == 0 && s->lent) {
        s->lent = false;
        c->sink->room_back(c->sink->ctx, PROTO_ROOM_STREAMS);
    }
}

static uint32_t open_stream(struct http2_call *c, uint32_t id)
{
    struct http2_streams *s = c->streams;
    if (s->n == HTTP2_STREAMS_OWN && !s->lent)
        lend(c);
    if (s->n == (s->lent ? HTTP2_STREAMS_MAX : HTTP2_STREAMS_OWN)) {
        overflow(c, c->dir);
        close_stream(c, 0, OUTCOME_SEEN);
    }
    *at(c, s->n) = (struct http2_stream){.id = id};
    return s->n++;
}

static void half_close(struct http2_call *c, uint32_t i)
{
    struct telling t = telling(c, i, c->dir);
    body_over(&t, true);
    struct http2_stream *s = at(c, i);
    s->ended |= (uint8_t)(1u << c->dir);
    if (s->ended == 3)
        close_stream(c, i, OUTCOME_SEEN);
}

/* ---- heads ---- */

static void request_begins(struct http2_call *c, struct http2_stream *s, struct bytes head)
{
    static const char *const names[] = {"authorization", "proxy-authorization"};
    struct bytes method = http2_head_field(head, ":method");
    struct bytes path = http2_head_field(head, ":path");
    struct bytes host = http2_head_field(head, ":authority");
    http1_request_begin(&s->request, method, path, c->sink->seen_ns);
    if (host.len > 0)
        http1_request_host(&s->request, host);
    for (int i = 0; i < 2; i++) {
        struct bytes value = http2_head_field(head, names[i]);
        if (value.len > 0)
            http1_request_credentials(&s->request, value);
    }
    s->waits = true;
}

static void request(struct http2_call *c, uint32_t i, uint32_t id, struct bytes head, bool ends)
{
    bool fresh = i == NO_STREAM;
    if (fresh) {
        i = open_stream(c, id);
        request_begins(c, at(c, i), head);
    }
    if (id > c->streams->newest)
        c->streams->newest = id;
    if (ends)
        half_close(c, i);
    else
        body_begins(c, i, head);
}

static uint16_t status_of(struct bytes value)
{
    uint16_t status = 0;
    if (value.len != 3)
        return 0;
    for (int i = 0; i < 3; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return 0;
        status = (uint16_t)(status * 10 + value.data[i] - '0');
    }
    return status;
}

/* response: one that was not asked for was pushed, or its request is missing. */
static void response(struct http2_call *c, uint32_t i, uint32_t id, struct bytes head, bool ends)
{
    uint16_t status = status_of(http2_head_field(head, ":status"));
    if (i == NO_STREAM) {
        if ((id & 1) && id > c->streams->newest && !c->streams->misses[PROTO_TO_SERVER])
            c->sink->anomaly(c->sink->ctx, PROTO_ANOMALY_ANSWER_UNASKED, c->dir);
        if (ends)
            return;
        i = open_stream(c, id);
        at(c, i)->ended = 1u << PROTO_TO_SERVER;
    }
    struct http2_stream *s = at(c, i);
    settle(c, s, status, http1_request_outcome(&s->request, status));
    if (ends)
        half_close(c, i);
    else
        body_begins(c, i, head);
}

/* is_interim: RFC 9110, 15.2; the response itself follows. */
static bool is_interim(struct bytes status)
{
    return status.len == 3 && status.data[0] == '1';
}

/* begins_message: the first fields have pseudo-headers, or ought to. */
static bool begins_message(const struct http2_call *c, uint32_t i, uint32_t id, struct bytes head)
{
    if (http2_head_begins(head))
        return true;
    if (c->streams->misses[c->dir])
        return false;
    return c->dir == PROTO_TO_SERVER ? id > c->streams->newest : i != NO_STREAM && at(c, i)->waits;
}

void http2_streams_head(struct http2_call *c, uint32_t id, struct bytes head, bool ends)
{
    bool to_server = c->dir == PROTO_TO_SERVER;
    uint32_t i = find(c, id);
    if (!begins_message(c, i, id, head)) {
        if (ends && i != NO_STREAM)
            half_close(c, i);
        return;
    }
    struct proto_message message = message_of(c, id, c->dir, head);
    if (c->sink->message)
        c->sink->message(c->sink->ctx, &message);
    if (to_server)
        request(c, i, id, head, ends);
    else if (ends || !is_interim(http2_head_field(head, ":status")))
        response(c, i, id, head, ends);
}

void http2_streams_first(struct http2_call *c, const struct http1_request *request,
                         struct bytes head)
{
    struct proto_message message = message_of(c, 1, PROTO_TO_SERVER, head);
    struct http2_stream *s = at(c, open_stream(c, 1));
    s->ended = 1u << PROTO_TO_SERVER;
    s->waits = request != NULL;
    if (request)
        s->request = *request;
    c->streams->newest = 1;
    if (head.len > 0 && c->sink->message)
        c->sink->message(c->sink->ctx, &message);
}

/* ---- the rest ---- */

void http2_streams_data(struct http2_call *c, uint32_t id, struct bytes bytes, bool ends)
{
    uint32_t i = find(c, id);
    if (i == NO_STREAM)
        return;
    struct telling t = telling(c, i, c->dir);
    if (c->dir == PROTO_TO_SERVER && bytes.len > 0)
        http1_request_body(&at(c, i)->request);
    body_bytes(&t, bytes);
    if (ends)
        half_close(c, i);
}

void http2_streams_reset(struct http2_call *c, uint32_t id)
{
    uint32_t i = find(c, id);
    if (i != NO_STREAM)
        close_stream(c, i, OUTCOME_SEEN);
}

void http2_streams_hole(struct http2_call *c, uint32_t id)
{
    for (uint32_t i = 0; i < c->streams->n; i++) {
        struct telling t = telling(c, i, c->dir);
        if (id == 0 || t.stream->id == id)
            body_over(&t, true);
    }
}

void http2_streams_end(struct http2_call *c, enum outcome outcome)
{
    while (c->streams->n > 0)
        close_stream(c, 0, outcome);
}
