/* HTTP/2 written by hand: what is told of it, however it is cut, lost, or meant. What Suricata
 * itself makes of such conversations is asked in tests/system/http2_test.py. */
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

static void says(enum proto_direction dir, const void *data, size_t len)
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

static void frame(enum proto_direction dir, uint8_t type, uint8_t flags, uint32_t stream,
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

static void put(const void *data, size_t len)
{
    assert_true(block.len + len <= sizeof block.bytes);
    memcpy(block.bytes + block.len, data, len);
    block.len += len;
}

static void put_byte(uint8_t byte)
{
    put(&byte, 1);
}

static void put_string(const char *text)
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
static void field(const char *name, const char *value, bool kept)
{
    put_byte(kept ? 0x40 : 0);
    put_string(name);
    put_string(value);
}

/* headers: the block that was put together, in one frame; it is empty then. */
static void headers(enum proto_direction dir, uint8_t flags, uint32_t stream)
{
    frame(dir, HEADERS, flags, stream, block.bytes, block.len);
    block.len = 0;
}

/* continued: in frames of a size. */
static void continued(enum proto_direction dir, uint8_t flags, uint32_t stream, size_t size)
{
    for (size_t at = 0; at < block.len; at += size) {
        bool last = block.len - at <= size;
        frame(dir, at ? CONTINUATION : HEADERS,
              (uint8_t)((at ? 0 : flags) | (last ? END_HEADERS : 0)), stream, block.bytes + at,
              last ? block.len - at : size);
    }
    block.len = 0;
}

static void data(enum proto_direction dir, uint8_t flags, uint32_t stream, const char *text)
{
    frame(dir, DATA, flags, stream, text, strlen(text));
}

static void begins(void)
{
    talk.n = 0;
    talk.len = block.len = 0;
    says(C, HTTP2_PREFACE, strlen(HTTP2_PREFACE));
    frame(C, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
    frame(S, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
}

static void request(const char *method, const char *path)
{
    field(":method", method, false);
    field(":path", path, false);
}

static void get(uint32_t stream, const char *path)
{
    request("GET", path);
    headers(C, WHOLE, stream);
}

static void ok(uint32_t stream, const char *body)
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

static void on_told_session(void *ctx, const struct proto_session *s)
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
static void feed(struct message_bench *m, enum proto_direction dir, size_t from, size_t to,
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
static char *told_of(size_t first, size_t cut, size_t lost, size_t n)
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

static char *told(void)
{
    return told_of(0, TALK_ROOM, NO_LOSS, 0);
}

static unsigned anomalies_now(void)
{
    unsigned sum = 0;
    for (int i = 0; i < PROTO_ANOMALY_COUNT; i++)
        sum += run.anomalies[i];
    return sum;
}

static void is_told(const char *lines)
{
    char *got = told();
    assert_string_equal(got, lines);
    free(got);
}

/* has: among the lines. */
static bool has(const char *lines, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = lines; (at = strstr(at, line)); at++)
        if ((at == lines || at[-1] == '\n') && at[n] == '\n')
            return true;
    return false;
}

static void tells(const char *line)
{
    char *got = told();
    if (!has(got, line))
        print_error("not told: %s\n", line);
    assert_true(has(got, line));
    free(got);
}

static void tells_nothing_of(const char *part)
{
    char *got = told();
    assert_null(strstr(got, part));
    free(got);
}

/* ---- messages ---- */

static void a_request_and_its_response(void **state)
{
    (void)state;
    begins();
    field(":method", "POST", true);
    field(":authority", "u@Ex.ample:80", true);
    field(":path", "/a%41?b", true);
    field("cookie", "a=b", false);
    field("x-a", " b ", false);
    field("cookie", "c", false);
    field("user-agent", "x", false);
    headers(C, END_HEADERS, 1);
    data(C, END_STREAM, 1, "what is sent");
    put_byte(0x89); /* 204 */
    field("set-cookie", "q", false);
    headers(S, WHOLE, 1);
    is_told("1 > http.method=POST\n"
            "1 > http.uri=/a%41?b\n"
            "1 > http.uri.raw=/a%41?b\n"
            "1 > http.host.raw=u@Ex.ample:80\n"
            "1 > http.host=ex.ample\n"
            "1 > http.request_line=POST /a%41?b HTTP/2\\x0d\\x0a\n"
            "1 > http.protocol=HTTP/2\n"
            "1 > http.user_agent=x\n"
            "1 > http.cookie=a=b, c\n"
            "1 > http.header=:method: POST\\x0d\\x0a:authority: u@Ex.ample:80\\x0d\\x0a"
            ":path: /a%41?b\\x0d\\x0ax-a: b\\x0d\\x0auser-agent: x\\x0d\\x0a\n"
            "1 > http.header.raw=:method: POST\\x0d\\x0a:authority: u@Ex.ample:80\\x0d\\x0a"
            ":path: /a%41?b\\x0d\\x0acookie: a=b\\x0d\\x0ax-a:  b \\x0d\\x0acookie: c\\x0d\\x0a"
            "user-agent: x\\x0d\\x0a\n"
            "1 > http.header_names=\\x0d\\x0a:method\\x0d\\x0a:authority\\x0d\\x0a:path\\x0d\\x0a"
            "cookie\\x0d\\x0ax-a\\x0d\\x0acookie\\x0d\\x0auser-agent\\x0d\\x0a\\x0d\\x0a\n"
            "1 > http.request_body=what is sent\n"
            "1 > file.data=what is sent\n"
            "1 < http.stat_code=204\n"
            "1 < http.stat_msg=\n"
            "1 < http.response_line=HTTP/2 204\\x0d\\x0a\n"
            "1 < http.protocol=HTTP/2\n"
            "1 < http.cookie=q\n"
            "1 < http.header=:status: 204\\x0d\\x0a\n"
            "1 < http.header.raw=:status: 204\\x0d\\x0aset-cookie: q\\x0d\\x0a\n"
            "1 < http.header_names=\\x0d\\x0a:status\\x0d\\x0aset-cookie\\x0d\\x0a\\x0d\\x0a\n"
            "session acknowledged 204 @u@Ex.ample:80 POST /a%41?b\n");
    assert_int_equal(anomalies_now(), 0);
}

/* busy: all that a connection may have, its streams by turns. */
static void busy(void)
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

static void streams_come_by_turns(void **state)
{
    (void)state;
    busy();
    tells("1 > http.uri=/one");
    tells("3 > http.method=GET");
    tells("3 > http.uri=/three");
    tells("3 > http.request_body=halfwhole");
    tells("1 < http.response_body=packed packed packed");
    tells("3 < http.stat_code=404");
    tells("3 < http.response_body=not found");
    tells("2 < http.response_body=pushed");
    tells_nothing_of("/pushed");
    tells_nothing_of("grpc-status");
    assert_int_equal(anomalies_now(), 0);
    assert_int_equal(run.lent, 1); /* the tables */
}

static void any_cut_tells_the_same(void **state)
{
    (void)state;
    busy();
    char *whole = told();
    for (size_t cut = 1; cut <= 10; cut++) {
        char *got = told_of(0, cut, NO_LOSS, 0);
        assert_string_equal(got, whole);
        free(got);
    }
    for (size_t first = 1; first < talk.len; first++) {
        char *got = told_of(first, TALK_ROOM, NO_LOSS, 0);
        assert_string_equal(got, whole);
        assert_int_equal(anomalies_now(), 0);
        free(got);
    }
    free(whole);
}

static void sessions_are_the_same_when_nobody_looks(void **state)
{
    (void)state;
    busy();
    char *whole = told();
    run.no_messages = true;
    char *got = told();
    run.no_messages = false;
    assert_non_null(strstr(whole, got)); /* what remains are the sessions */
    assert_string_equal(got, "session acknowledged 200 @ GET /one\n");
    free(got);
    free(whole);
}

/* body_of_line: what follows the "=" of a body; NULL: it is none. */
static const char *body_of_line(const char *line, size_t n)
{
    static const char *const names[] = {"request_body=", "response_body=", "file.data="};
    for (int i = 0; i < 3; i++) {
        const char *at = strstr(line, names[i]);
        if (at && at < line + n)
            return at + strlen(names[i]);
    }
    return NULL;
}

/* is_part_of: each line is one of the whole's, or a body that begins as one of these does. */
static void is_part_of(const char *lines, const char *whole)
{
    for (const char *end; *lines; lines = end + 1) {
        char line[1024];
        end = strchr(lines, '\n');
        size_t n = (size_t)(end - lines);
        assert_true(n < sizeof line);
        memcpy(line, lines, n);
        line[n] = '\0';
        bool known = body_of_line(line, n) ? strstr(whole, line) != NULL : has(whole, line);
        if (!known && strncmp(line, "session ", 8) != 0)
            print_error("invented: %s\n", line);
        assert_true(known || strncmp(line, "session ", 8) == 0);
    }
}

static void a_loss_anywhere_invents_nothing(void **state)
{
    (void)state;
    busy();
    char *whole = told();
    for (size_t lost = 0; lost < talk.len; lost++)
        for (size_t n = 1; n < 120; n += n < 12 ? 1 : 23) {
            char *got = told_of(0, lost % 3 ? TALK_ROOM : 5, lost, n);
            is_part_of(got, whole);
            free(got);
        }
    free(whole);
}

static size_t place_of(const char *text)
{
    for (size_t at = 0; at + strlen(text) <= talk.len; at++)
        if (memcmp(talk.bytes + at, text, strlen(text)) == 0)
            return at;
    fail();
    return 0;
}

static void a_loss_within_a_body_is_of_that_body_alone(void **state)
{
    (void)state;
    begins();
    field(":method", "GET", true);
    headers(C, WHOLE, 1);
    field(":status", "200", true);
    headers(S, END_HEADERS, 1);
    data(S, 0, 1, "before and ");
    frame(S, DATA, END_STREAM | PADDED, 1, "\5what is lost\0\0\0\0\0", 18);
    put_byte(0xbe); /* the status again */
    headers(S, END_HEADERS, 3);
    data(S, END_STREAM, 3, "another");
    for (size_t n = 1; n <= 12; n++) { /* up to the end of the padding */
        char *got = told_of(0, TALK_ROOM, place_of("is lost"), n);
        assert_true(has(got, "1 < http.response_body=before and what "));
        assert_true(has(got, "3 < http.stat_code=200"));
        assert_true(has(got, "3 < http.header=:status: 200\\x0d\\x0a"));
        assert_true(has(got, "3 < http.response_body=another"));
        assert_int_equal(anomalies_now(), 1); /* the second answer was not asked for */
        free(got);
    }
}

static void behind_a_lost_block_only_what_is_certain_is_told(void **state)
{
    (void)state;
    begins();
    field("x-lost", "entry", true);
    request("GET", "/lost");
    headers(C, WHOLE, 1);
    request("GET", "/literal");
    put_byte(0xbe); /* x-lost */
    field("user-agent", "x", false);
    field("accept", "y", false);
    headers(C, WHOLE, 3);
    request("GET", "/known");
    headers(C, WHOLE, 5);
    char *got = told_of(0, TALK_ROOM, place_of("entry"), 5);
    assert_null(strstr(got, "/lost"));
    assert_true(has(got, "3 > http.method=GET"));
    assert_true(has(got, "3 > http.uri=/literal"));
    assert_true(has(got, "3 > http.user_agent=x"));
    assert_null(strstr(got, "3 > http.header"));
    assert_null(strstr(got, "3 > http.accept"));
    assert_true(has(got, "5 > http.header=:method: GET\\x0d\\x0a:path: /known\\x0d\\x0a"));
    assert_int_equal(run.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
    free(got);
}

static void a_body_that_may_be_packed_is_not_told(void **state)
{
    (void)state;
    begins();
    get(1, "/");
    field("content-encoding", "gzip", true);
    put_byte(0x88);
    headers(S, END_HEADERS, 1);
    data(S, END_STREAM, 1, "x");
    put_byte(0x88);
    put_byte(0xbe);
    headers(S, END_HEADERS, 3);
    data(S, END_STREAM, 3, "seems to be text");
    char *got = told_of(0, TALK_ROOM, place_of("gzip"), 4);
    assert_true(has(got, "3 < http.stat_code=200"));
    assert_null(strstr(got, "seems"));
    free(got);
}

static void frames_are_found_again(void **state)
{
    (void)state;
    begins();
    get(1, "/one");
    /* What begins as a frame does, and has none behind it. */
    put("\0\0\x0a\1\5\0\0\0\x63\x82\4\6/decoy z", 21);
    data(C, 0, 1, "some text before");
    says(C, block.bytes, block.len);
    block.len = 0;
    get(3, "/two");
    get(5, "/three");
    get(7, "/four");
    size_t lost = place_of("/one") - 3;
    char *got = told_of(0, TALK_ROOM, lost, place_of("text") - lost);
    assert_null(strstr(got, "/one"));
    assert_null(strstr(got, "decoy"));
    assert_true(has(got, "5 > http.uri=/three"));
    assert_true(has(got, "7 > http.uri=/four"));
    free(got);
}

/* ---- bounds ---- */

static void a_long_block_is_given_up_and_its_entries_are_kept(void **state)
{
    (void)state;
    char value[1000];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (size_t cut = 1; cut <= TALK_ROOM; cut = cut * 7 + 3) {
        begins();
        request("GET", "/long");
        for (int i = 0; i < 20; i++)
            field("x-many", value, false);
        field("x-kept", "entry", true);
        continued(C, END_STREAM, 1, cut % 2 ? 500 : 30000);
        request("GET", "/next");
        put_byte(0xbe);
        headers(C, WHOLE, 3);
        char *got = told_of(0, cut, NO_LOSS, 0);
        assert_null(strstr(got, "/long"));
        assert_true(has(got, "3 > http.header=:method: GET\\x0d\\x0a:path: /next\\x0d\\x0a"
                             "x-kept: entry\\x0d\\x0a"));
        assert_int_equal(run.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
        assert_int_equal(anomalies_now(), 1);
        free(got);
    }
}

static void a_field_longer_than_a_room_makes_the_table_unknown(void **state)
{
    (void)state;
    static char value[20000];
    memset(value, 'v', sizeof value - 1);
    begins();
    field("x-kept", "entry", true);
    field("x-huge", value, true);
    continued(C, END_STREAM, 1, 16000);
    request("GET", "/next");
    put_byte(0xbe);
    headers(C, WHOLE, 3);
    char *got = told();
    assert_true(has(got, "3 > http.uri=/next"));
    assert_null(strstr(got, "entry"));
    assert_int_equal(run.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    free(got);
}

static void the_oldest_of_many_streams_is_given_up(void **state)
{
    (void)state;
    begins();
    request("POST", "/first");
    headers(C, END_HEADERS, 1);
    data(C, 0, 1, "begun");
    for (uint32_t i = 1; i <= HTTP2_STREAMS_MAX; i++)
        get(2 * i + 1, "/more");
    data(C, END_STREAM, 1, " and ended");
    put_byte(0x88);
    headers(S, WHOLE, 1);
    for (uint32_t i = HTTP2_STREAMS_MAX; i >= 1; i--)
        ok(2 * i + 1, "more");
    char *got = told();
    assert_true(has(got, "1 > http.request_body=begun"));
    assert_true(has(got, "1 < http.stat_code=200"));
    assert_true(has(got, "3 < http.response_body=more"));
    assert_true(has(got, "65 < http.response_body=more"));
    assert_int_equal(run.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    assert_int_equal(anomalies_now(), 1);
    assert_int_equal(run.lent, 0);
    free(got);
}

static void heads_that_find_no_room_are_left_out(void **state)
{
    (void)state;
    char value[3000];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    begins();
    for (uint32_t i = 0; i < 5; i++) {
        request("POST", "/");
        field("x-large", value, false);
        headers(C, END_HEADERS, 2 * i + 1);
    }
    for (uint32_t i = 0; i < 5; i++)
        data(C, END_STREAM, 2 * i + 1, "body");
    tells("1 > http.request_body=body");
    tells("9 > http.request_body=body");
    assert_int_equal(run.anomalies[PROTO_ANOMALY_OVERFLOW], 2);
}

/* path_of_body: the target in the head that comes with a body, at its end. */
static char path_of_body[64];
static void note_path(void *ctx, const struct proto_message *message, const struct proto_body *body)
{
    uint8_t memory[1024];
    struct proto_scratch scratch = {.data = memory, .room = sizeof memory};
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    unsigned n = message->parts(message, &scratch, parts);
    (void)ctx;
    for (unsigned i = 0; i < n && body->end && body->id == PART_FILE_DATA; i++)
        if (parts[i].id == PART_HTTP_URI)
            strncat(path_of_body, (const char *)parts[i].bytes.data, parts[i].bytes.len);
}

static void a_body_comes_with_its_own_head(void **state)
{
    (void)state;
    static const uint32_t order[] = {3, 9, 1, 7, 5};
    char path[] = "/1";
    begins();
    for (uint32_t i = 1; i < 10; i += 2) {
        path[1] = (char)('0' + i);
        request("POST", path);
        headers(C, END_HEADERS, i);
        data(C, 0, i, "body");
    }
    for (int i = 0; i < 5; i++)
        data(C, END_STREAM, order[i], "");
    struct message_bench *m = message_bench_new(&http_parser);
    m->bench->sink.body = note_path;
    feed(m, C, talk.steps[0].from, talk.steps[0].len, TALK_ROOM, NO_LOSS, 0);
    feed(m, C, talk.steps[2].from, talk.len, TALK_ROOM, NO_LOSS, 0);
    assert_string_equal(path_of_body, "/3/9/1/7/5");
    message_bench_free(m);
}

static void two_bodies_are_unpacked_at_once(void **state)
{
    (void)state;
    uint8_t packed[3][100];
    uLongf n[3] = {100, 100, 100};
    char text[] = "body 0";
    begins();
    for (int i = 0; i < 3; i++) {
        text[5] = (char)('0' + i);
        assert_int_equal(compress(packed[i], &n[i], (const uint8_t *)text, 6), Z_OK);
        get((uint32_t)(2 * i + 1), "/");
        put_byte(0x88);
        field("content-encoding", "Deflate", false);
        headers(S, END_HEADERS, (uint32_t)(2 * i + 1));
        frame(S, DATA, 0, (uint32_t)(2 * i + 1), packed[i], 5);
    }
    for (int i = 0; i < 3; i++)
        frame(S, DATA, END_STREAM, (uint32_t)(2 * i + 1), packed[i] + 5, n[i] - 5);
    get(7, "/");
    put_byte(0x88);
    field("content-encoding", "deflate", false);
    headers(S, END_HEADERS, 7);
    frame(S, DATA, END_STREAM, 7, packed[2], n[2]);
    tells("1 < http.response_body=body 0");
    tells("3 < http.response_body=body 1");
    tells("7 < http.response_body=body 2");
    tells_nothing_of("5 < http.response_body");
    assert_int_equal(run.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    assert_int_equal(run.lent, 0);
}

static void without_rooms_heads_are_told(void **state)
{
    (void)state;
    busy();
    run.no_rooms = true;
    char *got = told_of(0, 1, NO_LOSS, 0), *whole;
    free(got);
    got = told();
    run.no_rooms = false;
    whole = told();
    is_part_of(got, whole);
    assert_true(has(got, "3 > http.uri=/three"));
    assert_true(has(got, "3 < http.stat_code=404"));
    assert_true(has(got, "3 < http.response_body=not found"));
    assert_null(strstr(got, "3 > http.method")); /* an entry of the table */
    free(got);
    free(whole);
}

/* ---- nonsense ---- */

static void nonsense_is_reported_and_stepped_over(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, flags;
        uint32_t stream;
        const char *payload;
        size_t len;
        unsigned malformed;
    } rows[] = {
        {HEADERS, WHOLE, 0, "\x82", 1, 1},              /* of no stream */
        {DATA, END_STREAM, 0, "x", 1, 1},               /* likewise */
        {RST_STREAM, 0, 0, "\0\0\0\0", 4, 1},           /* likewise */
        {HEADERS, WHOLE | PADDED, 9, "", 0, 1},         /* padding of an empty frame */
        {HEADERS, WHOLE | PADDED, 9, "\5\x82\0", 3, 1}, /* more padding than there is */
        {DATA, PADDED, 1, "\5x", 2, 1},
        {HEADERS, WHOLE | HAS_PRIORITY, 9, "\0\0\0", 3, 1}, /* no whole priority */
        {CONTINUATION, END_HEADERS, 9, "\x82", 1, 1},       /* of nothing */
        {HEADERS, WHOLE, 9, "\x80", 1, 1},                  /* place 0 */
        {HEADERS, WHOLE, 9, "\xff\xff\xff\xff\xff\xff", 6, 1},
        {HEADERS, WHOLE, 9, "\0\7", 2, 1},             /* a string that is not there */
        {HEADERS, WHOLE, 9, "\x82\x3f\xe1\x1f", 4, 1}, /* a size behind a field */
        {HEADERS, WHOLE, 9, "\x3f\xff\xff\xff\xff\x0f", 6, 1},
        {PUSH_PROMISE, END_HEADERS, 9, "\0\0", 2, 1}, /* no whole stream */
        {WINDOW_UPDATE, 0xff, 0, "\xff\xff\xff\xff\xff", 5, 0},
        {SETTINGS, 0, 7, "\0\1\xff\xff\xff\xff\0", 7, 0},
        {PING, 1, 1, "", 0, 0},
        {255, 255, 0x7fffffff, "?", 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begins();
        request("POST", "/before");
        headers(C, END_HEADERS, 1);
        frame(C, rows[i].type, rows[i].flags, rows[i].stream, rows[i].payload, rows[i].len);
        data(C, END_STREAM, 1, "goes on");
        get(11, "/behind");
        tells("1 > http.request_body=goes on");
        tells("11 > http.uri=/behind");
        assert_int_equal(run.anomalies[PROTO_ANOMALY_MALFORMED], rows[i].malformed);
        tells_nothing_of("9 > ");
    }
}

static void a_frame_between_those_of_a_block_ends_it(void **state)
{
    (void)state;
    begins();
    field("x-kept", "entry", true);
    frame(C, HEADERS, END_STREAM, 1, block.bytes, block.len);
    block.len = 0;
    get(3, "/three");
    frame(C, CONTINUATION, END_HEADERS, 1, "\x82", 1);
    request("GET", "/five");
    put_byte(0xbe);
    headers(C, WHOLE, 5);
    tells("3 > http.uri=/three");
    tells("5 > http.uri=/five");
    tells_nothing_of("entry");
    tells_nothing_of("1 > ");
    /* The second of them behind a block that may be missing is no fault of its own. */
    assert_int_equal(run.anomalies[PROTO_ANOMALY_MALFORMED], 1);
}

static void what_begins_otherwise_is_searched_for_frames(void **state)
{
    (void)state;
    talk.n = 0;
    talk.len = block.len = 0;
    says(C, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 24);
    get(1, "/one");
    get(3, "/two");
    says(S, "\0no settings, and no frames", 27);
    ok(1, "");
    ok(3, "second");
    tells("3 > http.uri=/two");
    tells("3 < http.response_body=second");
    assert_int_equal(run.anomalies[PROTO_ANOMALY_MALFORMED], 2);
    assert_int_equal(run.anomalies[PROTO_ANOMALY_LOST_SYNC], 2);
}

/* ---- sessions ---- */

static void asks_as(uint32_t stream, const char *path, const char *credentials)
{
    request("GET", path);
    if (credentials)
        field("authorization", credentials, false);
    headers(C, WHOLE, stream);
}

static void status(uint32_t stream, const char *code)
{
    field(":status", code, false);
    headers(S, WHOLE, stream);
}

static void who_was_let_in(void **state)
{
    (void)state;
    begins();
    asks_as(1, "/1", NULL);
    asks_as(3, "/3", "Basic YW5uYTpz"); /* anna:s */
    asks_as(5, "/5", "Bearer x");
    asks_as(7, "/7", NULL);
    asks_as(9, "/9", NULL);
    request("POST", "/11");
    headers(C, END_HEADERS, 11);
    data(C, END_STREAM, 11, "secret");
    status(11, "401"); /* may have held credentials */
    status(9, "401");  /* a challenge */
    status(7, "403");
    field(":status", "100", false);
    headers(S, END_HEADERS, 5); /* not the response */
    status(5, "200");
    status(3, "401");
    frame(S, RST_STREAM, 0, 1, "\0\0\0\7", 4);
    run.no_messages = true;
    is_told("session refused 401 @ POST /11\n"
            "session refused 403 @ GET /7\n"
            "session acknowledged 200 @ GET /5\n"
            "session refused 401 anna@ GET /3\n");
    run.no_messages = false;
}

static void what_waits_at_the_end(void **state)
{
    (void)state;
    run.no_messages = true;
    begins();
    asks_as(1, "/1", NULL);
    run.outcome = OUTCOME_UNANSWERED;
    is_told("session unanswered 0 @ GET /1\n");
    run.outcome = OUTCOME_SEEN;
    is_told("session seen 0 @ GET /1\n");
    /* A loss may have hidden the answer. */
    run.outcome = OUTCOME_UNANSWERED;
    says(S, "x", 1);
    char *got = told_of(0, TALK_ROOM, talk.len - 1, 1);
    assert_string_equal(got, "session seen 0 @ GET /1\n");
    free(got);
    run.outcome = OUTCOME_ACKNOWLEDGED;
    run.no_messages = false;
}

/* ---- from HTTP/1 ---- */

#define UPGRADE                                                                    \
    "GET /up HTTP/1.1\r\nHost: Ex.ample\r\nUser-Agent: x\r\nConnection: Upgrade, " \
    "HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"       \
    "Authorization: Basic YW5uYTpz\r\n\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

static void switches(const char *before, const char *answer)
{
    talk.n = 0;
    talk.len = block.len = 0;
    says(C, before, strlen(before));
    if (*before)
        says(S, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
    says(C, UPGRADE, strlen(UPGRADE));
    says(S, answer, strlen(answer));
    frame(S, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
}

static void a_connection_is_switched(void **state)
{
    (void)state;
    switches("GET /first HTTP/1.1\r\n\r\n", SWITCH);
    says(C, HTTP2_PREFACE, strlen(HTTP2_PREFACE));
    frame(C, SETTINGS, 0, 0, "", 0);
    get(3, "/third");
    ok(3, "third");
    status(1, "403");
    char *whole = told();
    assert_true(has(whole, "1 > http.uri=/first"));
    assert_true(has(whole, "2 > http.uri=/up"));
    assert_true(has(whole, "2 < http.stat_code=101"));
    assert_true(has(whole, "3 > http.header=:method: GET\\x0d\\x0a:path: /up\\x0d\\x0a"
                           ":authority: Ex.ample\\x0d\\x0aUser-Agent: x\\x0d\\x0a"
                           "Connection: Upgrade, HTTP2-Settings\\x0d\\x0aUpgrade: h2c\\x0d\\x0a"
                           "Authorization: Basic YW5uYTpz\\x0d\\x0a"));
    assert_true(has(whole, "3 < http.stat_code=403"));
    assert_true(has(whole, "5 > http.uri=/third"));
    assert_true(has(whole, "5 < http.response_body=third"));
    assert_true(has(whole, "session acknowledged 200 @ GET /first"));
    assert_true(has(whole, "session refused 403 anna@Ex.ample GET /up"));
    assert_null(strstr(whole, "GET /third\n")); /* not the connection's first exchange */
    assert_int_equal(anomalies_now(), 0);
    assert_int_equal(run.lent, 0);
    for (size_t first = 1; first < talk.len; first++) {
        char *got = told_of(first, first % 2 ? TALK_ROOM : 3, NO_LOSS, 0);
        assert_string_equal(got, whole);
        free(got);
    }
    free(whole);
}

static void no_other_answer_switches(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 101 Other\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Other\r\nUpgrade: H2C\r\n\r\n",
        "HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        switches("", answers[i]);
        status(1, "403");
        says(C, "GET /next HTTP/1.1\r\n\r\n", 22);
        tells_nothing_of("2 > http.uri=/up");
        tells_nothing_of("HTTP/2");
        tells_nothing_of("refused");
        assert_int_equal(run.lent, i == 2); /* what seems to begin another response */
    }
}

/* The head of a request that comes before the answer takes the room. */
static void a_head_that_is_gone_is_not_told_again(void **state)
{
    (void)state;
    static const char next[] = "GET /second HTTP/1.1\r\nHost: other\r\nX-Long: value\r\n\r\n";
    talk.n = 0;
    talk.len = block.len = 0;
    says(C, UPGRADE, strlen(UPGRADE));
    says(C, next, strlen(next));
    says(S, SWITCH, strlen(SWITCH));
    frame(S, SETTINGS, 0, 0, "\0\3\0\0\0\x64", 6);
    status(1, "403");
    char *got = told_of(0, 20, NO_LOSS, 0);
    assert_true(has(got, "2 > http.uri=/second"));
    assert_true(has(got, "3 < http.stat_code=403"));
    assert_null(strstr(got, "3 > "));
    free(got);
}

static void a_loss_around_the_switch_invents_nothing(void **state)
{
    (void)state;
    switches("", SWITCH);
    status(1, "403");
    says(C, HTTP2_PREFACE, strlen(HTTP2_PREFACE));
    frame(C, SETTINGS, 0, 0, "", 0);
    get(3, "/third");
    for (size_t lost = 0; lost < talk.len; lost++)
        for (size_t n = 1; n < 400; n = n * 3 + 1) {
            char *got = told_of(0, TALK_ROOM, lost, n);
            for (const char *at = got; (at = strstr(at, "http.stat_code=")); at++)
                assert_true(memcmp(at + 15, "101\n", 4) == 0 || memcmp(at + 15, "403\n", 4) == 0);
            free(got);
        }
}

/* ---- which of them ---- */

static void beginnings_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        uint32_t len;
        int verdict;
        bool from_server;
    } rows[] = {
        {HTTP2_PREFACE, 24, 1, false},
        {HTTP2_PREFACE, 16, 1, false},
        {"PRI * ", 6, 0, true}, /* no more is known than before */
        {"PRIVMSG x\r\n", 11, -1, true},
        {"PRI * HTTP/3", 12, 1, false}, /* a method of HTTP/1 */
        {"\0\0\x12\4\0\0\0\0\0\0\3", 11, 1, true},
        {"\0\0\x12\4\0\0\0\0\0", 9, 0, true},
        {"\0\0\x12\4\0\0\0\0\0\0\x0a", 11, -1, true}, /* no such setting */
        {"\0\0\x12\4\0\0\0\0\0\1\1", 11, -1, true},
        {"\0\0\x13\4\0\0\0\0\0\0\3", 11, -1, true}, /* no whole number of settings */
        {"\0\0\0\4\0\0\0\0\0", 9, 0, true},         /* none: many things begin like that */
        {"\0\0\0\4\0\0\0\0\0\0\0\4\x08\0\0\0\0\0", 18, 1, true},
        {"\0\0\0\4\0\0\0\0\0\0\0\4\x08\1\0\0\0\0", 18, -1, true},
        {"\0\0", 2, 0, true},
        {"\0\1", 2, -1, true},
        {"\0\0\x12\4\1\0\0\0\0\0\3", 11, -1, true}, /* an acknowledgement */
        {"\0\0\x12\4\0\0\0\0\1\0\3", 11, -1, true}, /* of a stream */
        {"\0\0\x12\0\0\0\0\0\0\0\3", 11, -1, true}, /* data */
        {"GET / HTTP/1.1", 14, 1, false},
        {"HTTP/1.1 200", 12, 1, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool from_server = true;
        assert_int_equal(
            http_parser.probe((const uint8_t *)rows[i].data, rows[i].len, &from_server),
            rows[i].verdict);
        if (rows[i].verdict > 0)
            assert_int_equal(from_server, rows[i].from_server);
    }
}

static void a_beginning_that_comes_byte_by_byte(void **state)
{
    (void)state;
    talk.n = 0;
    talk.len = block.len = 0;
    says(C, "PRI * HTTP/2.0 HTTP/1.1\r\n\r\n", 27); /* a method of its own */
    for (size_t cut = 1; cut < 28; cut++) {
        char *got = told_of(0, cut, NO_LOSS, 0);
        assert_true(has(got, "1 > http.method=PRI"));
        free(got);
    }
    begins();
    get(1, "/");
    says(S, "HTTP/1.1 200 OK\r\n", 17); /* HTTP/2 it is, and this is no frame of it */
    tells("1 > http.protocol=HTTP/2");
    tells_nothing_of("HTTP/1.1");
}

int main(void)
{
    run.outcome = OUTCOME_ACKNOWLEDGED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_and_its_response),
        cmocka_unit_test(streams_come_by_turns),
        cmocka_unit_test(any_cut_tells_the_same),
        cmocka_unit_test(sessions_are_the_same_when_nobody_looks),
        cmocka_unit_test(a_loss_anywhere_invents_nothing),
        cmocka_unit_test(a_loss_within_a_body_is_of_that_body_alone),
        cmocka_unit_test(behind_a_lost_block_only_what_is_certain_is_told),
        cmocka_unit_test(a_body_that_may_be_packed_is_not_told),
        cmocka_unit_test(frames_are_found_again),
        cmocka_unit_test(a_long_block_is_given_up_and_its_entries_are_kept),
        cmocka_unit_test(a_field_longer_than_a_room_makes_the_table_unknown),
        cmocka_unit_test(the_oldest_of_many_streams_is_given_up),
        cmocka_unit_test(heads_that_find_no_room_are_left_out),
        cmocka_unit_test(a_body_comes_with_its_own_head),
        cmocka_unit_test(two_bodies_are_unpacked_at_once),
        cmocka_unit_test(without_rooms_heads_are_told),
        cmocka_unit_test(nonsense_is_reported_and_stepped_over),
        cmocka_unit_test(a_frame_between_those_of_a_block_ends_it),
        cmocka_unit_test(what_begins_otherwise_is_searched_for_frames),
        cmocka_unit_test(who_was_let_in),
        cmocka_unit_test(what_waits_at_the_end),
        cmocka_unit_test(a_connection_is_switched),
        cmocka_unit_test(no_other_answer_switches),
        cmocka_unit_test(a_head_that_is_gone_is_not_told_again),
        cmocka_unit_test(a_loss_around_the_switch_invents_nothing),
        cmocka_unit_test(beginnings_are_recognised),
        cmocka_unit_test(a_beginning_that_comes_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
