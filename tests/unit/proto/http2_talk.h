/* Conversations over HTTP/2 written by hand, and what is told of them however they are cut. */
#ifndef TESTS_UNIT_PROTO_HTTP2_TALK_H
#define TESTS_UNIT_PROTO_HTTP2_TALK_H

#include "proto/http.h"
#include "proto/http2.h"
#include "tests/unit/proto/message_bench.h"

#include <zlib.h>

#define TALK_ROOM 200000
#define STEPS     64
#define NO_LOSS   SIZE_MAX
#define C         PROTO_TO_SERVER
#define S         PROTO_TO_CLIENT

enum {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION
};
enum {
    END_STREAM = 1,
    END_HEADERS = 4,
    PADDED = 8,
    HAS_PRIORITY = 32,
    WHOLE = END_STREAM | END_HEADERS
};

/* What both sides say, one behind the other. */
struct talk {
    unsigned n;
    struct {
        enum proto_direction dir;
        size_t from, len;
    } steps[STEPS];
    size_t len;
    uint8_t bytes[TALK_ROOM];
};

/* A block of fields, or another payload. */
struct block {
    size_t len;
    uint8_t bytes[70000];
};

static struct talk talk;
static struct block block;

/* ---- making ---- */

static inline void says(enum proto_direction dir, const void *data, size_t len)
{
    assert_true(talk.len + len <= TALK_ROOM && talk.n < STEPS);
    if (talk.n == 0 || talk.steps[talk.n - 1].dir != dir) {
        talk.steps[talk.n].dir = dir;
        talk.steps[talk.n].from = talk.len;
        talk.steps[talk.n++].len = 0;
    }
    memcpy(talk.bytes + talk.len, data, len);
    talk.len += len;
    talk.steps[talk.n - 1].len += len;
}

static inline void frame(enum proto_direction dir, uint8_t type, uint8_t flags, uint32_t stream,
                         const void *payload, size_t len)
{
    uint8_t head[HTTP2_FRAME_HEAD];
    store_be32(head, (uint32_t)len << 8);
    head[3] = type;
    head[4] = flags;
    store_be32(head + 5, stream);
    says(dir, head, sizeof head);
    says(dir, payload, len);
}

static inline void put(const void *data, size_t len)
{
    assert_true(block.len + len <= sizeof block.bytes);
    memcpy(block.bytes + block.len, data, len);
    block.len += len;
}

static inline void put_byte(uint8_t byte)
{
    put(&byte, 1);
}

static inline void put_string(const char *text)
{
    size_t n = strlen(text);
    if (n < 127) {
        put_byte((uint8_t)n);
    } else {
        put_byte(127);
        for (n -= 127; n > 127; n >>= 7)
            put_byte((uint8_t)(n | 0x80));
        put_byte((uint8_t)n);
    }
    put(text, strlen(text));
}

/* field: kept: with an entry in the table. */
static inline void field(const char *name, const char *value, bool kept)
{
    put_byte(kept ? 0x40 : 0);
    put_string(name);
    put_string(value);
}

/* headers: the block that was put together, in one frame; it is empty then. */
static inline void headers(enum proto_direction dir, uint8_t flags, uint32_t stream)
{
    frame(dir, HEADERS, flags, stream, block.bytes, block.len);
    block.len = 0;
}

/* continued: in frames of a size. */
static inline void continued(enum proto_direction dir, uint8_t flags, uint32_t stream, size_t size)
{
    for (size_t at = 0; at < block.len; at += size) {
        bool last = block.len - at <= size;
        frame(dir, at ? CONTINUATION : HEADERS,
              (uint8_t)((at ? 0 : flags) | (last ? END_HEADERS : 0)), stream, block.bytes + at,
              last ? block.len - at : size);
    }
    block.len = 0;
}

static inline void data(enum proto_direction dir, uint8_t flags, uint32_t stream, const char *text)
{
    frame(dir, DATA, flags, stream, text, strlen(text));
}

static inline void begins(void)
{
    talk.n = 0;
    talk.len = block.len = 0;
    says(C, HTTP2_PREFACE, strlen(HTTP2_PREFACE));
    frame(C, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
    frame(S, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
}

static inline void request(const char *method, const char *path)
{
    field(":method", method, false);
    field(":path", path, false);
}

static inline void get(uint32_t stream, const char *path)
{
    request("GET", path);
    headers(C, WHOLE, stream);
}

static inline void ok(uint32_t stream, const char *body)
{
    put_byte(0x88);
    headers(S, END_HEADERS, stream);
    data(S, END_STREAM, stream, body);
}

/* ---- running ---- */

static struct {
    bool no_rooms, no_messages;
    enum outcome outcome; /* of what waits at the end */
    unsigned anomalies[PROTO_ANOMALY_COUNT], lent;
} run;

static const char *const outcomes[OUTCOME_COUNT] = {[OUTCOME_ACKNOWLEDGED] = "acknowledged",
                                                    [OUTCOME_REFUSED] = "refused",
                                                    [OUTCOME_UNANSWERED] = "unanswered",
                                                    [OUTCOME_SEEN] = "seen"};

static inline void on_told_session(void *ctx, const struct proto_session *s)
{
    struct message_bench *m = ctx;
    told_grows(m, 256);
    m->len +=
        (size_t)sprintf(m->lines + m->len, "session %s %u %.*s@%.*s %.*s %.*s\n",
                        outcomes[s->outcome], s->code, (int)s->user.len, (const char *)s->user.data,
                        (int)s->host.len, (const char *)s->host.data, (int)s->method.len,
                        (const char *)s->method.data, (int)s->uri.len, (const char *)s->uri.data);
}

/* feed: bytes of a step up to `to`, of which those from `lost` on, n of them, are missing. */
static inline void feed(struct message_bench *m, enum proto_direction dir, size_t from, size_t to,
                        size_t cut, size_t lost, size_t n)
{
    struct bench *b = m->bench;
    while (from < to) {
        size_t end = from + cut < to ? from + cut : to;
        if (from < lost && lost < end)
            end = lost;
        if (from >= lost && from - lost < n) {
            end = lost + n < to ? lost + n : to;
            b->parser->gap(b->state, dir, START, (uint32_t)(end - from), &b->sink);
        } else {
            feed_bytes(b, dir, START, talk.bytes + from, (uint32_t)(end - from));
        }
        from = end;
    }
}

/* told: all lines of the talk; the caller frees them. first: the first piece is of this length. */
static inline char *told_of(size_t first, size_t cut, size_t lost, size_t n)
{
    struct message_bench *m = message_bench_new(&http_parser);
    struct bench *b = m->bench;
    m->no_rooms = run.no_rooms;
    b->sink.session = on_told_session;
    if (run.no_messages) {
        b->sink.message = NULL;
        b->sink.body = NULL;
    }
    for (unsigned i = 0; i < talk.n; i++) {
        size_t from = talk.steps[i].from, to = from + talk.steps[i].len;
        if (from < first && first < to) {
            feed(m, talk.steps[i].dir, from, first, cut, lost, n);
            from = first;
        }
        feed(m, talk.steps[i].dir, from, to, cut, lost, n);
    }
    run.lent = m->lent;
    b->parser->end(b->state, START, run.outcome, &b->sink);
    memcpy(run.anomalies, m->seen.anomalies, sizeof run.anomalies);
    char *lines = strdup(message_bench_lines(m));
    assert_non_null(lines);
    message_bench_free(m);
    return lines;
}

static inline char *told(void)
{
    return told_of(0, TALK_ROOM, NO_LOSS, 0);
}

static inline unsigned anomalies_now(void)
{
    unsigned sum = 0;
    for (int i = 0; i < PROTO_ANOMALY_COUNT; i++)
        sum += run.anomalies[i];
    return sum;
}

static inline void is_told(const char *lines)
{
    char *got = told();
    assert_string_equal(got, lines);
    free(got);
}

/* has: among the lines. */
static inline bool has(const char *lines, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = lines; (at = strstr(at, line)); at++)
        if ((at == lines || at[-1] == '\n') && at[n] == '\n')
            return true;
    return false;
}

static inline void tells(const char *line)
{
    char *got = told();
    if (!has(got, line))
        print_error("not told: %s\n", line);
    assert_true(has(got, line));
    free(got);
}

static inline void tells_nothing_of(const char *part)
{
    char *got = told();
    assert_null(strstr(got, part));
    free(got);
}

/* busy: all that a connection may have, its streams by turns. */
static inline void busy(void)
{
    uint8_t packed[200];
    uLongf n = sizeof packed;
    assert_int_equal(compress(packed, &n, (const uint8_t *)"packed packed packed", 20), Z_OK);
    begins();
    field(":method", "GET", true);
    field(":path", "/one", true);
    field("x-long", "a value that goes over several frames", true);
    continued(C, END_STREAM, 1, 7);
    put("\2\x80\0\0\0\x10", 6); /* padding, then a priority */
    put_byte(0xc0);             /* the method, of stream 1 */
    field(":path", "/three", false);
    put("\0\0", 2);
    headers(C, END_HEADERS | PADDED | HAS_PRIORITY, 3);
    frame(C, DATA, PADDED, 3, "\3half\0\0\0", 8);
    frame(S, PING, 0, 0, "12345678", 8);
    frame(S, 0x4d, 0xff, 77, "unknown", 7);
    put_byte(0x88);
    field("content-encoding", "deflate", true);
    headers(S, END_HEADERS, 1);
    frame(S, DATA, 0, 1, packed, n / 2);
    data(C, END_STREAM, 3, "whole");
    put_byte(0x8d); /* 404 */
    headers(S, END_HEADERS, 3);
    data(S, 0, 3, "not ");
    frame(S, DATA, 0, 1, packed + n / 2, n - n / 2);
    put("\0\0\0\2", 4);
    request("GET", "/pushed");
    frame(S, PUSH_PROMISE, END_HEADERS, 3, block.bytes, block.len);
    block.len = 0;
    data(S, END_STREAM, 3, "found");
    field("grpc-status", "0", true);
    headers(S, WHOLE, 1);
    ok(2, "pushed");
    get(5, "/five");
    frame(C, WINDOW_UPDATE, 0, 5, "\0\0\0\0", 4);
    frame(S, RST_STREAM, 0, 5, "\0\0\0\1", 4);
    frame(S, GOAWAY, 0, 0, "\0\0\0\5\0\0\0\0bye", 11);
}

#endif
