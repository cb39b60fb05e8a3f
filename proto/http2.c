/* Frames as they come, their payloads, and the way back behind a loss. */
#include "proto/http2.h"
#include "proto/heads.h"
#include "proto/http2_parts.h"

#include <string.h>

enum type { /* RFC 9113, 6 */
            DATA = 0,
            HEADERS,
            PRIORITY,
            RST_STREAM,
            SETTINGS,
            PUSH_PROMISE,
            PING,
            GOAWAY,
            WINDOW_UPDATE,
            CONTINUATION,
            TYPES
};
#define END_STREAM   0x01
#define END_HEADERS  0x04
#define PADDED       0x08
#define HAS_PRIORITY 0x20

#define FRAME_MAX     16384 /* by default, and what is looked for behind a loss */
#define BLOCK_MAX     PROTO_ROOM_BYTES
#define PREFACE_BYTES (sizeof(HTTP2_PREFACE) - 1)

enum mode {
    MODE_FRAME = 0, /* a frame's head is next */
    MODE_PREFACE,
    MODE_FIRST,      /* the head of a server's first frame */
    MODE_PAD_LENGTH, /* the payload's first byte */
    MODE_PREFIX,     /* fields of a fixed length before the content */
    MODE_CONTENT,
    MODE_SKIP,      /* to the end of the payload */
    MODE_LOST,      /* a frame's head is looked for */
    MODE_LOST_SKIP, /* the payload of what may be a frame */
    MODE_FOUND      /* the head of a frame that must be right, for the one before it to be one */
};

/* One call of feed. */
struct pass {
    struct http2 *s;
    struct http2_side *d;
    struct http2_call call;
    const uint8_t *at, *end;
};

static struct pass pass(struct http2 *s, enum proto_direction dir, int64_t now,
                        const struct proto_sink *sink)
{
    static const uint8_t none[1];
    return (struct pass){
        .s = s,
        .d = &s->side[dir],
        .at = none,
        .end = none,
        .call = {.streams = &s->streams, .sink = sink, .now = now, .dir = dir},
    };
}

static void anomaly(const struct pass *p, enum proto_anomaly what)
{
    p->call.sink->anomaly(p->call.sink->ctx, what, p->call.dir);
}

static size_t bytes_here(const struct pass *p)
{
    return (size_t)(p->end - p->at);
}

/* ---- rooms ---- */

static uint8_t *room(const struct pass *p, enum proto_room which)
{
    const struct proto_sink *sink = p->call.sink;
    return sink->room ? sink->room(sink->ctx, which) : NULL;
}

static enum proto_room block_room(const struct pass *p)
{
    return p->call.dir == PROTO_TO_SERVER ? PROTO_ROOM_TO_SERVER : PROTO_ROOM_TO_CLIENT;
}

/* table_memory: one half of the room each. */
static uint8_t *table_memory(struct pass *p)
{
    _Static_assert(2 * HPACK_MEMORY <= PROTO_ROOM_BYTES, "two tables fit");
    uint8_t *memory = room(p, PROTO_ROOM_TABLES);
    return memory ? memory + (p->call.dir == PROTO_TO_SERVER ? 0 : HPACK_MEMORY) : NULL;
}

/* tables_back: the room goes back when no table has an entry. */
static void tables_back(struct pass *p)
{
    const struct proto_sink *sink = p->call.sink;
    if (p->s->side[0].fields.n + p->s->side[1].fields.n == 0 && sink->room)
        sink->room_back(sink->ctx, PROTO_ROOM_TABLES);
}

/* ---- header blocks ---- */

static void block_useless(struct pass *p)
{
    p->d->block_dropped = p->d->block_useless = true;
    p->s->streams.misses[p->call.dir] = true;
    hpack_forget(&p->d->fields);
}

static void block_begins(struct pass *p)
{
    struct http2_side *d = p->d;
    d->block = d->stream;
    d->n_block = d->kept = 0;
    d->block_ends = d->type == HEADERS && (d->flags & END_STREAM);
    d->block_dropped = d->type == PUSH_PROMISE;
    d->block_useless = false;
    hpack_block(&d->fields);
}

/* block_over: nothing of it is kept any more. */
static void block_over(struct pass *p)
{
    struct http2_side *d = p->d;
    d->block = d->n_block = 0;
    d->kept = 0;
    if (d->block_lent)
        p->call.sink->room_back(p->call.sink->ctx, block_room(p));
    d->block_lent = false;
}

/* block_lost: one that will not be read; nothing more of it may come. */
static void block_lost(struct pass *p)
{
    block_useless(p);
    block_over(p);
}

/* decode: of a block, or of what is there of one that is not told. */
static enum hpack_result decode(struct pass *p, struct bytes bytes, size_t *used,
                                struct hpack_list *list)
{
    enum hpack_result result = hpack_decode(&p->d->fields, table_memory(p), bytes, used, list);
    if (result == HPACK_BAD) {
        anomaly(p, PROTO_ANOMALY_MALFORMED);
        block_useless(p);
    }
    tables_back(p);
    return result;
}

/* block_read: all of it is here. */
static void block_read(struct pass *p, struct bytes bytes)
{
    struct http2_side *d = p->d;
    uint8_t memory[HTTP2_HEAD_MAX];
    struct hpack_list list = http2_head_begin(memory);
    size_t used;
    enum hpack_result result = HPACK_WHOLE;
    uint32_t stream = d->block;
    bool ends = d->block_ends;
    if (!d->block_useless)
        result = decode(p, bytes, &used, &list);
    if (result == HPACK_MORE) {
        anomaly(p, PROTO_ANOMALY_MALFORMED);
        block_useless(p);
    }
    bool told = !d->block_dropped;
    block_over(p);
    if (told)
        http2_streams_head(&p->call, stream, http2_head_end(&list), ends);
    else if (ends)
        http2_streams_data(&p->call, stream, (struct bytes){0}, true);
}

/* block_full: it is longer than the room. What is whole of it goes, the rest moves up. */
static void block_full(struct pass *p, uint8_t *kept)
{
    struct http2_side *d = p->d;
    size_t used = 0;
    if (!d->block_dropped)
        anomaly(p, PROTO_ANOMALY_OVERFLOW);
    d->block_dropped = true;
    decode(p, (struct bytes){kept, d->kept}, &used, NULL);
    if (used == 0 && !d->block_useless)
        block_useless(p);
    d->kept = (uint16_t)(d->kept - used);
    memmove(kept, kept + used, d->kept);
}

/* block_keep: until more comes. */
static void block_keep(struct pass *p, struct bytes bytes)
{
    struct http2_side *d = p->d;
    uint8_t *kept = d->block_useless || bytes.len == 0 ? NULL : room(p, block_room(p));
    d->n_block += (uint32_t)bytes.len;
    if (!kept && bytes.len > 0 && !d->block_useless) {
        anomaly(p, PROTO_ANOMALY_OVERFLOW);
        block_useless(p);
    }
    d->block_lent |= kept != NULL;
    while (bytes.len > 0 && !d->block_useless) {
        if (d->kept == BLOCK_MAX)
            block_full(p, kept);
        size_t left = (size_t)(BLOCK_MAX - d->kept), n = bytes.len < left ? bytes.len : left;
        memcpy(kept + d->kept, bytes.data, n);
        d->kept = (uint16_t)(d->kept + n);
        bytes.data += n;
        bytes.len -= n;
    }
}

/* block_bytes: the next of a block; last: it has no more. */
static void block_bytes(struct pass *p, struct bytes bytes, bool last)
{
    struct http2_side *d = p->d;
    if (last && d->n_block == 0 && bytes.len <= BLOCK_MAX) {
        block_read(p, bytes);
        return;
    }
    block_keep(p, bytes);
    if (last)
        block_read(p, (struct bytes){d->kept ? room(p, block_room(p)) : NULL, d->kept});
}

/* ---- frames ---- */

static bool has_block(const struct http2_side *d)
{
    return d->type == HEADERS || d->type == PUSH_PROMISE || d->type == CONTINUATION;
}

static void frame_over(struct pass *p)
{
    p->d->mode = MODE_FRAME;
    p->d->n_head = 0;
}

static void skip_frame(struct pass *p)
{
    p->d->mode = MODE_SKIP;
    if (p->d->left == 0)
        frame_over(p);
}

static void content_begins(struct pass *p);

static void content(struct pass *p)
{
    struct http2_side *d = p->d;
    uint32_t left = d->left - d->pad;
    size_t n = bytes_here(p) < left ? bytes_here(p) : left;
    struct bytes bytes = {p->at, n};
    bool last = n == left;
    p->at += n;
    d->left -= (uint32_t)n;
    if (d->type == DATA)
        http2_streams_data(&p->call, d->stream, bytes, last && (d->flags & END_STREAM));
    else if (d->block)
        block_bytes(p, bytes, last && (d->flags & END_HEADERS));
    if (last)
        skip_frame(p);
}

/* malformed: the frame is of no use. A block that it should have belonged to is missing then. */
static void malformed(struct pass *p)
{
    anomaly(p, PROTO_ANOMALY_MALFORMED);
    if (has_block(p->d))
        block_lost(p);
    skip_frame(p);
}

static void content_begins(struct pass *p)
{
    struct http2_side *d = p->d;
    if (d->left < (uint32_t)d->pad + d->prefix) {
        malformed(p);
        return;
    }
    d->mode = d->prefix ? MODE_PREFIX : MODE_CONTENT;
    if (d->mode == MODE_CONTENT && d->left == d->pad)
        content(p);
}

/* payload_begins: of DATA, HEADERS, PUSH_PROMISE and CONTINUATION. */
static void payload_begins(struct pass *p)
{
    struct http2_side *d = p->d;
    bool padded = d->type != CONTINUATION && (d->flags & PADDED);
    d->pad = 0;
    d->prefix = d->type == HEADERS && (d->flags & HAS_PRIORITY) ? 5
                : d->type == PUSH_PROMISE                       ? 4
                                                                : 0;
    if (d->type == HEADERS || d->type == PUSH_PROMISE)
        block_begins(p);
    if (padded && d->left == 0)
        malformed(p);
    else if (padded)
        d->mode = MODE_PAD_LENGTH;
    else
        content_begins(p);
}

/* in_order: RFC 9113, 6.10: between the frames of a block there are no others. */
static bool in_order(struct pass *p)
{
    struct http2_side *d = p->d;
    bool goes_on = d->type == CONTINUATION && d->stream == d->block;
    if (d->block ? goes_on : d->type != CONTINUATION)
        return true;
    if (d->block || !p->s->streams.misses[p->call.dir])
        anomaly(p, PROTO_ANOMALY_MALFORMED);
    block_lost(p);
    return d->type != CONTINUATION;
}

static void frame_begins(struct pass *p)
{
    struct http2_side *d = p->d;
    bool of_stream = d->type == DATA || has_block(d) || d->type == RST_STREAM;
    if (!in_order(p)) {
        skip_frame(p);
    } else if (of_stream && d->stream == 0) {
        malformed(p);
    } else if (d->type == DATA || has_block(d)) {
        payload_begins(p);
    } else {
        if (d->type == RST_STREAM)
            http2_streams_reset(&p->call, d->stream);
        skip_frame(p);
    }
}

static void read_head(struct http2_side *d)
{
    d->left = load_be32(d->head) >> 8;
    d->type = d->head[3];
    d->flags = d->head[4];
    d->stream = load_be32(d->head + 5) & 0x7fffffff;
}

/* ---- behind a loss ---- */

/* What a frame has: least and most bytes, and what these are a multiple of; flags that it may have;
 * whether it belongs to a stream. */
static const struct {
    uint32_t least, most, step;
    uint8_t flags;
    bool of_stream, of_connection;
} forms[TYPES] = {
    [DATA] = {0, FRAME_MAX, 1, END_STREAM | PADDED, true, false},
    [HEADERS] = {1, FRAME_MAX, 1, END_STREAM | END_HEADERS | PADDED | HAS_PRIORITY, true, false},
    [PRIORITY] = {5, 5, 1, 0, true, false},
    [RST_STREAM] = {4, 4, 1, 0, true, false},
    [SETTINGS] = {0, 120, 6, 1, false, true},
    [PUSH_PROMISE] = {5, FRAME_MAX, 1, END_HEADERS | PADDED, true, false},
    [PING] = {8, 8, 1, 1, false, true},
    [GOAWAY] = {8, FRAME_MAX, 1, 0, false, true},
    [WINDOW_UPDATE] = {4, 4, 1, 0, true, true},
    [CONTINUATION] = {0, FRAME_MAX, 1, END_HEADERS, true, false},
};

/* is_plausible: a head that follows all rules of RFC 9113. */
static bool is_plausible(const struct http2_side *d)
{
    if (d->type >= TYPES || (d->head[5] & 0x80))
        return false;
    return d->left >= forms[d->type].least && d->left <= forms[d->type].most &&
           d->left % forms[d->type].step == 0 && (d->flags & ~forms[d->type].flags) == 0 &&
           (d->stream ? forms[d->type].of_stream : forms[d->type].of_connection);
}

static void lose(struct pass *p)
{
    anomaly(p, PROTO_ANOMALY_LOST_SYNC);
    p->d->mode = MODE_LOST;
    p->d->n_head = 0;
    block_lost(p);
    http2_streams_hole(&p->call, 0);
}

/* seek: none at this byte; from the next one on. */
static void seek(struct http2_side *d)
{
    d->mode = MODE_LOST;
    memmove(d->head, d->head + 1, HTTP2_FRAME_HEAD - 1);
    d->n_head = HTTP2_FRAME_HEAD - 1;
}

static void head_is_whole(struct pass *p)
{
    struct http2_side *d = p->d;
    read_head(d);
    bool plausible = d->mode == MODE_FRAME || is_plausible(d);
    if (d->mode == MODE_FIRST && !plausible) {
        anomaly(p, PROTO_ANOMALY_MALFORMED);
        lose(p);
        plausible = false;
    }
    if (!plausible) {
        seek(d);
    } else if (d->mode == MODE_LOST) {
        d->n_head = 0;
        d->mode = d->left ? MODE_LOST_SKIP : MODE_FOUND;
    } else {
        d->mode = MODE_FRAME;
        frame_begins(p);
    }
}

/* ---- the stream ---- */

static void frame_head(struct pass *p)
{
    struct http2_side *d = p->d;
    size_t want = (size_t)(HTTP2_FRAME_HEAD - d->n_head);
    size_t n = bytes_here(p) < want ? bytes_here(p) : want;
    memcpy(d->head + d->n_head, p->at, n);
    d->n_head = (uint8_t)(d->n_head + n);
    p->at += n;
    if (d->n_head == HTTP2_FRAME_HEAD)
        head_is_whole(p);
}

static void preface(struct pass *p)
{
    struct http2_side *d = p->d;
    if (*p->at != (uint8_t)HTTP2_PREFACE[d->n_preface]) {
        anomaly(p, PROTO_ANOMALY_MALFORMED);
        lose(p);
        return;
    }
    p->at++;
    if (++d->n_preface == PREFACE_BYTES)
        frame_over(p);
}

static void pad_length(struct pass *p)
{
    p->d->pad = *p->at++;
    p->d->left--;
    content_begins(p);
}

static void skip(struct pass *p, uint32_t most)
{
    size_t n = bytes_here(p) < most ? bytes_here(p) : most;
    p->at += n;
    p->d->left -= (uint32_t)n;
}

static void prefix(struct pass *p)
{
    struct http2_side *d = p->d;
    uint32_t before = d->left;
    skip(p, d->prefix);
    d->prefix = (uint8_t)(d->prefix - (before - d->left));
    if (d->prefix == 0)
        content_begins(p);
}

static void skip_rest(struct pass *p)
{
    struct http2_side *d = p->d;
    skip(p, d->left);
    if (d->left > 0)
        return;
    if (d->mode == MODE_SKIP)
        frame_over(p);
    else
        d->mode = MODE_FOUND;
}

static void (*const steps[])(struct pass *p) = {
    [MODE_FRAME] = frame_head,      [MODE_FIRST] = frame_head,    [MODE_PREFACE] = preface,
    [MODE_PAD_LENGTH] = pad_length, [MODE_PREFIX] = prefix,       [MODE_CONTENT] = content,
    [MODE_SKIP] = skip_rest,        [MODE_LOST_SKIP] = skip_rest, [MODE_LOST] = frame_head,
    [MODE_FOUND] = frame_head,
};

void http2_feed(struct http2 *s, enum proto_direction dir, int64_t now, const uint8_t *data,
                uint32_t len, const struct proto_sink *sink)
{
    struct pass p = pass(s, dir, now, sink);
    p.at = data;
    p.end = data + len;
    while (p.at < p.end)
        steps[p.d->mode](&p);
}

/* in_payload: the frame's end is known. */
static bool in_payload(const struct http2_side *d)
{
    return d->mode == MODE_PAD_LENGTH || d->mode == MODE_PREFIX || d->mode == MODE_CONTENT ||
           d->mode == MODE_SKIP;
}

/* step_over: missing bytes of the payload; what lies behind them in the frame still comes. */
static void step_over(struct pass *p, uint32_t len)
{
    struct http2_side *d = p->d;
    if (d->mode != MODE_CONTENT)
        d->pad = d->prefix = 0;
    uint32_t left = d->left - d->pad, n = len < left ? len : left;
    d->mode = MODE_CONTENT;
    d->left -= n;
    if (n == left)
        content(p);
    d->left -= len - n;
    if (d->mode == MODE_SKIP && d->left == 0)
        frame_over(p);
}

/* A loss within a frame leaves the others as they are. */
void http2_gap(struct http2 *s, enum proto_direction dir, int64_t now, uint32_t len,
               const struct proto_sink *sink)
{
    struct pass p = pass(s, dir, now, sink);
    struct http2_side *d = p.d;
    if (!in_payload(d) || len == 0 || len > d->left) {
        lose(&p);
    } else if (d->mode == MODE_SKIP) {
        d->left -= len;
        skip_frame(&p);
    } else if (d->type == DATA) {
        http2_streams_hole(&p.call, d->stream);
        step_over(&p, len);
    } else {
        anomaly(&p, PROTO_ANOMALY_LOST_SYNC);
        block_useless(&p);
        step_over(&p, len);
    }
}

void http2_begin(struct http2 *s)
{
    memset(s, 0, sizeof(*s));
    s->side[PROTO_TO_SERVER].mode = MODE_PREFACE;
    s->side[PROTO_TO_CLIENT].mode = MODE_FIRST;
    hpack_begin(&s->side[0].fields);
    hpack_begin(&s->side[1].fields);
}

void http2_upgraded(struct http2 *s, uint32_t base, const struct http1_request *request,
                    struct bytes head, const struct proto_sink *sink)
{
    struct pass p = pass(s, PROTO_TO_SERVER, 0, sink);
    s->streams.base = base;
    http2_streams_first(&p.call, request, head);
}

void http2_end(struct http2 *s, int64_t now, enum outcome open_requests,
               const struct proto_sink *sink)
{
    struct pass p = pass(s, PROTO_TO_CLIENT, now, sink);
    bool clear = !s->streams.misses[PROTO_TO_CLIENT] && p.d->block == 0;
    http2_streams_end(&p.call, clear ? open_requests : OUTCOME_SEEN);
}

/* probe_settings: the frame that a server begins with. Many things begin like one that is empty, so
 * what follows it counts then. */
static int probe_settings(const uint8_t *data, uint32_t len)
{
    static const uint8_t form[HTTP2_FRAME_HEAD] = {[3] = SETTINGS};
    struct http2_side d = {0};
    for (uint32_t i = 0; i < len && i < sizeof(form); i++)
        if (i != 2 && data[i] != form[i])
            return -1;
    if (len > 2 && (data[2] > forms[SETTINGS].most || data[2] % forms[SETTINGS].step))
        return -1;
    if (len < HTTP2_FRAME_HEAD + (len > 2 && data[2] ? 2u : HTTP2_FRAME_HEAD))
        return 0;
    memcpy(d.head, data + HTTP2_FRAME_HEAD, data[2] ? 2 : HTTP2_FRAME_HEAD);
    read_head(&d);
    return (data[2] ? load_be16(d.head) - 1u < 9 : is_plausible(&d)) ? 1 : -1;
}

int http2_probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    size_t n = len < PREFACE_BYTES ? len : PREFACE_BYTES;
    bool begins = memcmp(data, HTTP2_PREFACE, n) == 0;
    int verdict = begins ? n > strlen("PRI * ") : probe_settings(data, len);
    if (verdict > 0)
        *from_server = !begins;
    return verdict;
}
