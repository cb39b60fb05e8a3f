/* HTTP/1 on hand-written conversations: what rules look into, however the stream is cut. What
 * Suricata itself makes of the same is asked in tests/system/http_test.py. */
#include "proto/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_MAX   65536
#define SAYS_MAX   12
#define PARTS_MAX  24
#define NO_LOSS    (-1)
#define WHOLE      1000000
#define ROOM_COUNT 4

static const char *const keywords[PROTO_PART_COUNT] = {"none",
#define X(s, protocol, directions, keyword, text) keyword,
                                                       PROTO_PARTS(X)
#undef X
};

/* All that is told, as lines: the parts of messages as they come, bodies put together. */
struct told {
    char text[TOLD_MAX], bodies[2][TOLD_MAX];
    size_t n, body[2];
    unsigned anomalies, lent;
    bool refuses;
    uint8_t *room[ROOM_COUNT];
};

static void add(struct told *t, const char *text, size_t len)
{
    assert_true(t->n + len < TOLD_MAX);
    memcpy(t->text + t->n, text, len);
    t->n += len;
}

static void add_line(struct told *t, const struct proto_message *m, unsigned id, const void *bytes,
                     size_t len)
{
    char begin[64];
    int n = snprintf(begin, sizeof(begin), "%c%u %s=", m->direction ? '<' : '>', m->transaction,
                     keywords[id]);
    add(t, begin, (size_t)n);
    add(t, bytes, len);
    add(t, "\n", 1);
}

static void on_message(void *ctx, const struct proto_message *m)
{
    static uint8_t memory[PROTO_SCRATCH];
    struct proto_scratch scratch = {.data = memory, .room = sizeof(memory)};
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    unsigned n = m->parts(m, &scratch, parts);
    assert_true(n <= PROTO_MESSAGE_PARTS && scratch.used <= scratch.room);
    assert_int_equal(m->protocol, PROTOCOL_HTTP);
    for (unsigned i = 0; i < n; i++)
        add_line(ctx, m, parts[i].id, parts[i].bytes.data, parts[i].bytes.len);
}

static void on_body(void *ctx, const struct proto_message *m, const struct proto_body *b)
{
    struct told *t = ctx;
    static uint8_t memory[PROTO_SCRATCH];
    struct proto_scratch scratch = {.data = memory, .room = sizeof(memory)};
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    unsigned dir = m->direction;
    assert_true(b->at == t->body[dir]);
    assert_true(t->body[dir] + b->data.len < TOLD_MAX);
    assert_true(m->parts(m, &scratch, parts) > 0);
    if (b->data.len)
        memcpy(t->bodies[dir] + t->body[dir], b->data.data, b->data.len);
    t->body[dir] += b->data.len;
    if (!b->end)
        return;
    add_line(t, m, b->id, t->bodies[dir], t->body[dir]);
    t->body[dir] = 0;
}

static void on_session(void *ctx, const struct proto_session *session)
{
    (void)ctx;
    assert_true(session->outcome < OUTCOME_COUNT);
}

static void on_anomaly(void *ctx, enum proto_anomaly what, enum proto_direction dir)
{
    (void)what;
    (void)dir;
    ((struct told *)ctx)->anomalies++;
}

static uint8_t *lend(void *ctx, enum proto_room which)
{
    static const size_t sizes[] = {
#define X(s, bytes, text) bytes,
        PROTO_ROOMS(X)
#undef X
    };
    struct told *t = ctx;
    if (!t->room[which] && !t->refuses) {
        t->room[which] = malloc(sizes[which]);
        assert_non_null(t->room[which]);
        memset(t->room[which], 0xaa, sizes[which]);
        t->lent++;
    }
    return t->room[which];
}

static void take_back(void *ctx, enum proto_room which)
{
    struct told *t = ctx;
    assert_non_null(t->room[which]);
    free(t->room[which]);
    t->room[which] = NULL;
}

/* What one side says; S: the server. */
struct says {
    enum proto_direction dir;
    const void *data;
    uint32_t len;
};
#define C(text)                                 \
    {                                           \
        PROTO_TO_SERVER, text, sizeof(text) - 1 \
    }
#define S(text)                                 \
    {                                           \
        PROTO_TO_CLIENT, text, sizeof(text) - 1 \
    }

/* talk: in pieces of `width` bytes; what is said `lost` is missing. The caller frees. */
static struct told *talk(const struct says *says, uint32_t width, int lost, bool refuses)
{
    _Alignas(8) static uint8_t state[PROTO_STATE_MAX];
    struct told *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->refuses = refuses;
    struct proto_sink sink = {.ctx = t,
                              .anomaly = on_anomaly,
                              .session = on_session,
                              .message = on_message,
                              .body = on_body,
                              .room = lend,
                              .room_back = take_back};
    memset(state, 0, sizeof(state));
    for (int i = 0; i < SAYS_MAX && says[i].data; i++) {
        if (i == lost) {
            http1_parser.gap(state, says[i].dir, i, says[i].len, &sink);
            continue;
        }
        for (uint32_t at = 0; at < says[i].len; at += width) {
            uint32_t n = says[i].len - at < width ? says[i].len - at : width;
            uint8_t *copy = malloc(n);
            assert_non_null(copy);
            memcpy(copy, (const uint8_t *)says[i].data + at, n);
            sink.seen_ns = i;
            http1_parser.feed(state, says[i].dir, i, copy, n, &sink);
            free(copy);
        }
    }
    http1_parser.end(state, 100, OUTCOME_UNANSWERED, &sink);
    for (int i = 0; i < ROOM_COUNT; i++)
        free(t->room[i]);
    t->text[t->n] = 0;
    return t;
}

struct conversation {
    const char *what;
    struct says says[SAYS_MAX];
    const char *told[PARTS_MAX]; /* lines that are there, each once */
    const char *not_told[4];
};

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct conversation conversations[] = {
    {"a request as browsers send it, and its response",
     {C("GET /a/b?c=d HTTP/1.1\r\nHost: Plant.Example:8080\r\nUser-Agent: curl/7\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip\r\nAccept-Language: en\r\nCookie: id=7\r\n"
        "Referer: http://x/\r\nConnection: close\r\n\r\n"),
      S("HTTP/1.1 404 Not Found\r\nServer: tiny\r\nSet-Cookie: a=1\r\nLocation: /b\r\n"
        "Content-Type: text/html\r\nContent-Length: 4\r\n\r\nbody")},
     {">1 http.request_line=GET /a/b?c=d HTTP/1.1", ">1 http.method=GET", ">1 http.uri=/a/b?c=d",
      ">1 http.protocol=HTTP/1.1",
      /* a name with a port keeps its letters: so has it libhtp */
      ">1 http.host=Plant.Example", ">1 http.host.raw=Plant.Example:8080",
      ">1 http.user_agent=curl/7", ">1 http.accept=*/*", ">1 http.accept_enc=gzip",
      ">1 http.accept_lang=en", ">1 http.cookie=id=7", ">1 http.referer=http://x/",
      ">1 http.connection=close",
      ">1 http.header_names=\r\nHost\r\nUser-Agent\r\nAccept\r\nAccept-Encoding\r\n"
      "Accept-Language\r\nCookie\r\nReferer\r\nConnection\r\n\r\n",
      "<1 http.response_line=HTTP/1.1 404 Not Found", "<1 http.stat_code=404",
      "<1 http.stat_msg=Not Found", "<1 http.server=tiny", "<1 http.cookie=a=1",
      "<1 http.location=/b", "<1 http.content_type=text/html", "<1 http.content_len=4",
      /* without the cookie */
      "<1 http.header=Server: tiny\r\nLocation: /b\r\nContent-Type: text/html\r\n"
      "Content-Length: 4\r\n",
      "<1 http.response_body=body"},
     {0}},
    {"names twice, folded lines, blanks",
     {C("GET / HTTP/1.1\r\nX:  a \r\nHOST:h\r\nx: b\r\n c\r\nno colon\r\nY :\r\n\r\n"), S(OK_2)},
     {">1 http.header=X: a, b c\r\nHOST: h\r\n: no colon\r\nY: \r\n",
      ">1 http.header.raw=X:  a \r\nHOST:h\r\nx: b\r\n c\r\nno colon\r\nY :\r\n\r\n",
      ">1 http.header_names=\r\nX\r\nHOST\r\n\r\nY\r\n\r\n", ">1 http.host=h",
      ">1 http.start=GET / HTTP/1.1\r\nX: a, b c\r\nHOST: h\r\n: no colon\r\nY: \r\n\r\n"},
     {0}},
    {"bodies by their length, in chunks, to the end of the connection",
     {C("POST /1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloPUT /2 HTTP/1.1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: t\r\n\r\n"),
      S("HTTP/1.1 100 Continue\r\n\r\n" OK_2 "HTTP/1.1 201 Created\r\n\r\nuntil "),
      S("the end\r\n")},
     {">1 http.request_body=hello", ">2 http.request_body=abc0123456789", "<1 http.stat_code=100",
      "<1 http.stat_code=200", "<1 http.response_body=ok", "<2 http.stat_code=201",
      "<2 http.response_body=until the end\r\n"},
     {0}},
    {"responses that have no body whatever they say",
     {C("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" OK_2)},
     {"<1 http.content_len=9", "<2 http.content_len=2", "<2 http.response_body=ok"},
     {"<1 http.response_body"}},
    {"an answer that nobody asked for, then one that was",
     {S(OK_2), C("GET /x HTTP/1.1\r\n\r\n"), S(OK_2)},
     {"<1 http.response_body=ok", ">2 http.uri=/x", "<2 http.response_body=ok"},
     {0}},
    {"after an upgrade nothing is HTTP",
     {C("GET /x HTTP/1.1\r\nUpgrade: y\r\n\r\n"), S("HTTP/1.1 101 Switching\r\n\r\n"),
      C("GET /z HTTP/1.1\r\n\r\n")},
     {"<1 http.stat_code=101"},
     {">2 http.uri"}},
    {"targets",
     {C("GET /a/%2e%2e/b\\c//d?e=%2e+f HTTP/1.1\r\n\r\n"
        "GET http://u@Ex.AM./%41%u0042%c3%89 HTTP/1.1\r\nHost: other\r\n\r\n")},
     {">1 http.uri=/b/c/d?e=.+f", ">1 http.uri.raw=/a/%2e%2e/b\\c//d?e=%2e+f",
      ">2 http.uri=/AB\xc9", ">2 http.host=ex.am", ">2 http.host.raw=ex.am"},
     {0}},
};
#define CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

static bool has_line(const struct told *t, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = t->text; *at; at++)
        if ((at == t->text || at[-1] == '\n') && strncmp(at, line, n) == 0 && at[n] == '\n')
            return true;
    return false;
}

static void parts_and_bodies(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];
        struct told *t = talk(c->says, WHOLE, NO_LOSS, false);
        for (int k = 0; k < PARTS_MAX && c->told[k]; k++)
            if (!has_line(t, c->told[k]))
                fail_msg("%s: no %s in\n%s", c->what, c->told[k], t->text);
        for (int k = 0; k < 4 && c->not_told[k]; k++)
            if (strstr(t->text, c->not_told[k]))
                fail_msg("%s: %s in\n%s", c->what, c->not_told[k], t->text);
        assert_int_equal(t->anomalies, 0);
        free(t);
    }
}

static void cuts_change_nothing(void **unused)
{
    (void)unused;
    static const uint32_t widths[] = {1, 2, 3, 5, 16, 17, 100};
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        struct told *whole = talk(conversations[i].says, WHOLE, NO_LOSS, false);
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            struct told *cut = talk(conversations[i].says, widths[w], NO_LOSS, false);
            if (strcmp(whole->text, cut->text) != 0 || cut->anomalies)
                fail_msg("%s, %u:\n%s\nnot\n%s", conversations[i].what, widths[w], cut->text,
                         whole->text);
            free(cut);
        }
        free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_and_bodies),
        cmocka_unit_test(cuts_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
