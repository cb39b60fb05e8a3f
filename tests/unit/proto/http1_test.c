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
#include <zlib.h>

#define TOLD_MAX   65536
#define SAYS_MAX   12
#define PARTS_MAX  24
#define NO_LOSS    (-1)
#define WHOLE      1000000
#define ROOM_COUNT PROTO_ROOM_COUNT

static const char *const keywords[PROTO_PART_COUNT] = {"none",
#define X(s, protocol, directions, keyword, text) keyword,
                                                       PROTO_PARTS(X)
#undef X
};

/* All that is told, as lines: the parts of messages as they come, bodies put together; files behind
 * all others, as they end before or behind their body, as the cut has it. */
struct told {
    char text[TOLD_MAX], files[TOLD_MAX], bodies[3][TOLD_MAX];
    size_t n, n_files, body[3];     /* of requests, of responses, of files */
    unsigned anomalies, lent, held; /* held: rooms at the end */
    bool refuses;
    uint8_t *room[ROOM_COUNT];
};

static void add(struct told *t, bool file, const char *text, size_t len)
{
    size_t *n = file ? &t->n_files : &t->n;
    assert_true(*n + len < TOLD_MAX);
    char *to = (file ? t->files : t->text) + *n;
    memcpy(to, text, len);
    for (size_t i = 0; i < len; i++)
        if (to[i] == 0)
            to[i] = '~'; /* so that it is still a text */
    *n += len;
}

static void add_line(struct told *t, const struct proto_message *m, unsigned id, const void *bytes,
                     size_t len)
{
    char begin[64];
    bool file = id == PART_FILE_DATA || id == PART_FILE_NAME;
    int n = snprintf(begin, sizeof(begin), "%c%u %s=", m->direction ? '<' : '>', m->transaction,
                     keywords[id]);
    add(t, file, begin, (size_t)n);
    add(t, file, bytes, len);
    add(t, file, "\n", 1);
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
    unsigned dir = b->id == PART_FILE_DATA ? 2 : m->direction;
    assert_true(b->at == t->body[dir]);
    assert_true(t->body[dir] + b->data.len < TOLD_MAX);
    unsigned n = m->parts(m, &scratch, parts);
    assert_true(n > 0 || m->head.len == 0);
    if (b->data.len)
        memcpy(t->bodies[dir] + t->body[dir], b->data.data, b->data.len);
    t->body[dir] += b->data.len;
    if (!b->end)
        return;
    if (b->id == PART_FILE_DATA)
        add_line(t, m, parts[n - 1].id, parts[n - 1].bytes.data, parts[n - 1].bytes.len);
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
    for (int i = 0; i < ROOM_COUNT; i++) {
        t->held += t->room[i] != NULL;
        free(t->room[i]);
    }
    add(t, false, t->files, t->n_files);
    t->text[t->n] = 0;
    return t;
}

struct conversation {
    const char *what;
    struct says says[SAYS_MAX];
    const char *told[PARTS_MAX]; /* lines that are there, each once */
    const char *not_told[4];
};

#define PLAIN    "packed, packed and packed again"
#define DEFLATED "+HL\xceNM\xd1Q(\x00\xd3\x0a\x89y)pfzbf\x1e\x00"
#define GZIP     "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" DEFLATED "\x9e\x7f\x43\xc9\x1f\0\0\0"
/* GZIP in gzip */
#define GZIP_TWICE                                                                           \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6`\x00\x01&fm\x0f\x9fs~\xbe\x17\x03" \
    "5\x18.suVj\x16\xa4U%\xa5\xc9"                                                           \
    "1\xcc\xabw>)\x0f\x94\x07\x00l\xc1$\xb7(\x00\x00\x00"
/* and that in gzip */
#define GZIP_TWICE_IN_GZIP                                                             \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6\x60\x00\x01\x26\xe6\xc9\xef" \
    "\x9f\x25\x30\x30\xaa\xa5\xe5\xf2\xcf\x2f\xae\xdb\x27\xce\x6c\x2a\xa1\x57\x5c\x1a" \
    "\x96\x25\xb6\x24\x54\x75\xe9\x49\xc3\x33\xab\xcb\xed\x34\xf9\xa7\xb0\x33\xe4\x1c" \
    "\x54\xd9\xae\x01\xd4\x00\x00\xc4\xc3\xae\xe5\x39\x00\x00\x00"
/* As deflate this is 100 odd bytes and then an error. */
#define JSON "{\"sdk_version\":11026,\"app_package\":\"com.plant\",\"id\":\"35067\"}"

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
    {"bodies that are packed, and say so in more than one way",
     {C("POST /1 HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n" GZIP
        "GET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 22\r\n\r\n" DEFLATED
        "HTTP/1.1 200 OK\r\nContent-Encoding:\r\n gzip\r\nTransfer-Encoding: "
        "chunked\r\n\r\n14\r\n"),
      {PROTO_TO_CLIENT, GZIP, 20},
      S("\r\n14\r\n"),
      {PROTO_TO_CLIENT, &GZIP[20], 20},
      S("\r\n0\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\nContent-Encoding: br, gzip\r\n"
        "Content-Length: 40\r\n\r\n" GZIP
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\ncontent-encoding: x-gzip\r\n"
        "Content-Length: 57\r\n\r\n" GZIP_TWICE)},
     {">1 http.request_body=" PLAIN, "<1 http.response_body=" PLAIN, "<2 http.response_body=" PLAIN,
      /* a fourth name is not looked at */
      "<3 http.response_body=" PLAIN, "<4 http.response_body=" PLAIN},
     {0}},
    {"what is said to be packed and is not",
     {C("GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Encoding: gzip, gzip\r\n"
        "Content-Length: 5\r\n\r\nplain"),
      S("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n<html>")},
     {"<1 http.response_body=<html>", ">2 http.request_body=plain"},
     {0}},
    {"a form with files, and bodies that are files as a whole",
     {C("POST /form HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=\"=b\"\r\n"
        "Content-Length: 230\r\n\r\nbefore\r\n--=b\r\nContent-Disposition: form-data; "
        "name=a\r\n\r\n"
        "value\r\n--=b\r\ncontent-disposition: form-data; name=f; filename=\"a;b.txt\"\r\n\r\n"
        "one\r\n--=c\r\r\n--=b\r\nX: y\r\nContent-Disposition: form-data; FileName=c\r\n\r\n"
        "two\r\n--=b--\r\nbehind\r\n--=b\r\n\r\n"),
      C("PUT /a/%2e/b?c HTTP/1.1\r\nContent-Length: 4\r\n\r\nfileGET /3 HTTP/1.1\r\n"
        "Content-Length: 4\r\n\r\nnone")},
     {">1 file.name=a;b.txt", ">1 file.data=one\r\n--=c\r", ">1 file.name=c", ">1 file.data=two",
      ">2 http.request_body=file", ">2 file.name=/a/b", ">2 file.data=file",
      ">3 http.request_body=none"},
     {">3 file.data", "file.data=value", "file.name=a\n"}},
    {"three layers of packing",
     {C("GET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, x-gzip\r\nContent-Encoding: deflate\r\n"
        "Content-Length: 75\r\n\r\n" GZIP_TWICE_IN_GZIP)},
     {"<1 http.response_body=" PLAIN},
     {0}},
    {"what is said to be gzip, and begins as deflate may: text as it is, deflate that is cut off",
     {C("POST /1 HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 60\r\n\r\n" JSON
        "POST /2 HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"),
      {PROTO_TO_SERVER, DEFLATED, 20},
      S("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 60\r\n\r\n" JSON OK_2)},
     {">1 http.request_body=" JSON, ">2 http.request_body=packed, packed and packed agai",
      "<1 http.response_body=" JSON, "<2 http.response_body=ok"},
     {0}},
    {"nothing that is packed",
     {C("GET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 2\r\n\r\n\x03\0")},
     {"<1 http.stat_code=200"},
     {"response_body"}},
    {"a fourth name is not looked at",
     {C("GET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Encoding: br, br, br, gzip\r\nContent-Length: 5\r\n\r\nplain")},
     {"<1 http.response_body=plain"},
     {0}},
    {"first lines that servers and browsers take",
     {C("get\t/1 http/1.1\r\n\r\n  GET  /2  HTTP/1.1\r\n\r\nGET /3\r\n\r\n"),
      S("http/1.1  200  All right \r\nContent-Length: 2\r\n\r\nokHTTP 20x\r\n"
        "Content-Length: 2\r\n\r\nok")},
     {">1 http.method=get", ">1 http.uri=/1", ">1 http.protocol=http/1.1", ">2 http.method=GET",
      ">2 http.uri=/2", ">2 http.request_line=  GET  /2  HTTP/1.1", ">3 http.uri=/3",
      "<1 http.stat_code=200", "<1 http.stat_msg=All right ", "<1 http.response_body=ok",
      "<2 http.stat_code=20x", "<2 http.response_body=ok"},
     {">3 http.protocol"}},
    {"lengths of which more than one is said",
     {C("POST /1 HTTP/1.1\r\nContent-Length: x3\r\nContent-Length: 5\r\n\r\nabc"
        "POST /2 HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
        "2\r\nde\r\n0\r\n\r\n")},
     {">1 http.request_body=abc", ">1 http.content_len=x3", ">2 http.request_body=de"},
     {0}},
    {"chunks that are none",
     {C("GET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\t3;x\r\nabc\r\n<html>\r\nplain")},
     {"<1 http.response_body=abc<html>\r\nplain"},
     {0}},
    {"a request that breaks off",
     {C("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nA: b"), S(OK_2)},
     {">2 http.uri=/2", ">2 http.header=Host: h\r\n", ">2 http.header.raw=Host: h\r\nA: b"},
     {0}},
    {"a body that the server does not want",
     {C("PUT /1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 999\r\n\r\n"),
      S("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), C("GET /2 HTTP/1.1\r\n\r\n")},
     {"<1 http.stat_code=401", ">2 http.uri=/2"},
     {">1 http.request_body"}},
    {"no content, with some; then none that is said to be some",
     {C("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\nsome"),
      S("HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\nHTTP/1.1 304 Same\r\nContent-Length: "
        "4\r\n\r\n")},
     {"<1 http.response_body=some", "<2 http.stat_code=204", "<3 http.stat_code=304"},
     {"<2 http.response_body"}},
    {"lines of a response that end otherwise",
     {C("GET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nA: b\rContent-Length: 2\nServer: c\n\rX: d\r\n E: f\r\n\r\nok")},
     {"<1 http.header=A: b\r\nContent-Length: 2\r\nServer: c\r\nX: d\r\nE: f\r\n",
      "<1 http.response_body=ok"},
     {0}},
    {"names of fields with a NUL in them: not there, to browsers; of a request it ends the name",
     {C("POST / HTTP/1.1\r\nContent\0-Length: 3\r\nContent-Length: 2\r\n\r\nab"
        "GET /2 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nTransfer\0-Encoding\0: chun\0ked\r\nContent\0-Encoding: gzip\r\n\r\n"
        "28\r\n" GZIP "\r\n0\r\n\r\n")},
     {">1 http.request_body=ab", ">2 http.uri=/2", "<1 http.response_body=" PLAIN},
     {0}},
    {"a name, its colon and its value on lines of their own: one field, as it is folded",
     {C("POST / HTTP/1.1\r\nContent-Length\r\n \r\n :\r\n\t2\r\n\r\nab"),
      S("HTTP/1.1 200 OK\r\nContent-Encoding\n :gzip\r\nTransfer-Encoding\r \r\n :\r\n "
        "chunked\r\n\r\n28\r\n" GZIP "\r\n0\r\n\r\n")},
     {">1 http.request_body=ab", ">1 http.header=Content-Length: 2\r\n",
      "<1 http.header=Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
      "<1 http.response_body=" PLAIN},
     {0}},
    {"a name without a colon that other words follow",
     {C("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length\r\n x:1\r\nContent-Length: 2\r\n\r\nok" OK_2)},
     {"<1 http.response_body=ok", "<2 http.response_body=ok"},
     {0}},
    {"lengths that can be read in two ways: of a request the first number counts, of a response "
     "also what is behind so much, up to the next one",
     {C("POST / HTTP/1.1\r\nContent-Length: 2\r\n 9\r\n\r\nabGET /2 HTTP/1.1\r\n\r\n"
        "GET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n 6\r\n\r\nabcde\n" OK_2
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc"
        "HTTP/1.1 200 OK\r\nContent-Length: 0( 4)\r\n\r\nabcd")},
     {">1 http.request_body=ab", "<1 http.response_body=abcde\n", "<2 http.response_body=ok",
      "<3 http.response_body=abc", "<4 http.response_body=abcd"},
     {0}},
    {"a length that is said twice",
     {C("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 02\r\n\r\nok" OK_2)},
     {"<1 http.response_body=ok", "<2 http.content_len=2"},
     {0}},
    {"heads that end with LF CR CR LF: LF CR is a line's end, and to browsers so is one that "
     "follows",
     {C("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\r\nok"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\r\n\r\nok"
        "HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n")},
     {"<1 http.header=Content-Length: 2\r\n", "<1 http.response_body=ok",
      "<2 http.response_body=ok", "<3 http.content_len=0"},
     {0}},
    {"heads that end with a blank line whose blank a LF stands on both sides of",
     {C("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 2\n \nok"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\n\t\n\nok"
        /* where CRs stand it is a fold */
        "HTTP/1.1 200 OK\r\nA: b\r\n \r\nContent-Length: 2\r\n\r\nok")},
     {"<1 http.header=Content-Length: 2\r\n", "<1 http.response_body=ok",
      "<2 http.response_body=ok", "<3 http.response_body=ok"},
     {0}},
    {"a response behind NULs",
     {C("GET / HTTP/1.1\r\n\r\n"), S("\0\0HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")},
     {"<1 http.stat_code=200", "<1 http.response_body=ok"},
     {0}},
    {"statuses that go without a body, with one all the same: browsers read it",
     {C("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"
        "GET /4 HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 100 x\r\nContent-Length: 1\r\n\r\naHTTP/1.1 102 x\r\nContent-Length: "
        "1\r\n\r\nbHTTP/1.1 101 x\r\nContent-Length: 1\r\n\r\nc"
        "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nd\r\n0\r\n\r\n"),
      C("GET /5 HTTP/1.1\r\n\r\n"),
      /* an interim response that only says so */
      S("HTTP/1.1 103 x\r\nContent-Length: 1\r\n\r\n" OK_2)},
     {"<1 http.response_body=a", "<1 http.content_len=1", "<2 http.response_body=b",
      "<3 http.response_body=c", "<4 http.response_body=d", "<5 http.stat_code=103",
      "<5 http.stat_code=200", "<5 http.response_body=ok"},
     {0}},
    {"a response's head that breaks off",
     {C("GET / HTTP/1.1\r\n\r\n"), S("HTTP/1.0 200 OK\nServer:s\r\nA: b")},
     {"<1 http.server=s", "<1 http.header=Server: s\r\n"},
     {0}},
    {"a response's head that breaks off where it may be over",
     {C("GET / HTTP/1.1\r\n\r\n"), S("HTTP/1.0 200 OK\nServer:s\n \n")},
     {"<1 http.server=s"},
     {0}},
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

static struct told *talk_lossy(const struct says *says, int lost)
{
    struct told *whole = talk(says, WHOLE, lost, false);
    for (uint32_t width = 1; width < 20; width += 6) {
        struct told *cut = talk(says, width, lost, false);
        assert_string_equal(whole->text, cut->text);
        assert_int_equal(whole->anomalies, cut->anomalies);
        free(cut);
    }
    return whole;
}

static void a_loss_in_a_body_is_counted_off(void **unused)
{
    (void)unused;
    static const struct says says[SAYS_MAX] = {
        C("POST /1 HTTP/1.1\r\nContent-Length: 10\r\n\r\n012"),
        C("3456"),
        C("789POST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"),
        C("0123"),
        C("\r\n0\r\n\r\nPOST /3 HTTP/1.1\r\nContent-Length: 4\r\n\r\n"),
        C("0123"),
        C("GET /4 HTTP/1.1\r\n\r\n"),
    };
    struct told *t = talk_lossy(says, 1);
    assert_true(has_line(t, ">1 http.request_body=012"));
    assert_true(has_line(t, ">2 http.request_body=0123"));
    assert_int_equal(t->anomalies, 0);
    free(t);
    t = talk_lossy(says, 3);
    assert_null(strstr(t->text, ">2 http.request_body"));
    assert_true(has_line(t, ">3 http.request_body=0123"));
    free(t);
    t = talk_lossy(says, 5);
    assert_null(strstr(t->text, ">3 http.request_body"));
    assert_true(has_line(t, ">4 http.uri=/4"));
    assert_int_equal(t->anomalies, 0);
    free(t);
}

static void after_a_loss_the_next_start_line_is_found(void **unused)
{
    (void)unused;
    static const struct says says[SAYS_MAX] = {
        C("GET /1 HTTP/1.1\r\nX: "),
        C("a\r\n\r\nGET /2 HTTP/1.1\r\nY: "),
        C("b\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
        S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    };
    struct told *t = talk_lossy(says, 1);
    assert_true(has_line(t, ">2 http.uri=/3"));
    assert_null(strstr(t->text, "uri=/1"));
    assert_null(strstr(t->text, "Y"));
    /* nothing that waits is known any more, so the response has a number of its own */
    assert_true(has_line(t, "<3 http.stat_code=200") || has_line(t, "<2 http.stat_code=200"));
    assert_int_equal(t->anomalies, 1);
    free(t);
}

static void what_is_no_response_is_a_body(void **unused)
{
    (void)unused;
    static const struct says old[SAYS_MAX] = {C("GET / HTTP/1.1\r\n\r\n"), S("not\na head, "),
                                              S("at all")};
    struct told *t = talk_lossy(old, NO_LOSS);
    assert_true(has_line(t, "<1 http.response_body=not\na head, at all"));
    assert_int_equal(t->anomalies, 1);
    free(t);
    /* a line that begins as a response does is looked at; white space before it is not minded */
    static const struct says then[SAYS_MAX] = {C("GET / HTTP/1.1\r\n\r\n"),
                                               S("\r\nodd\r\n" OK_2 "\r\n" OK_2)};
    t = talk_lossy(then, NO_LOSS);
    assert_true(has_line(t, "<1 http.response_body=odd\r\n"));
    assert_true(has_line(t, "<1 http.response_body=ok"));
    assert_true(has_line(t, "<2 http.response_body=ok"));
    assert_int_equal(t->anomalies, 1);
    free(t);
    /* behind a loss it is the rest of something */
    t = talk_lossy(old, 1);
    assert_null(strstr(t->text, "response_body"));
    free(t);
}

/* A length that is only wrong is believed; what is behind it has no head, however it came. */
static void a_length_that_is_too_short(void **unused)
{
    (void)unused;
    static const struct {
        struct says says[SAYS_MAX];
        const char *first, *second;
    } cases[] = {
        {{C("GET / HTTP/1.1\r\n\r\n"), S("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcde\nf"
                                         "\n" OK_2)},
         "<1 http.response_body=abc",
         "<2 http.response_body=de\nf\n"},
        {{C("GET / HTTP/1.1\r\n\r\n"),
          S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nbcd")},
         "<1 http.response_body=a",
         "<2 http.response_body=bcd"},
        /* that it is said twice does not make it doubtful */
        {{C("GET / HTTP/1.1\r\n\r\n"), S("HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabcde")},
         "<1 http.response_body=abc",
         "<2 http.response_body=de"},
        /* nor is it packed like the one before */
        {{C("GET / HTTP/1.1\r\n\r\n"),
          S("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n" GZIP "x")},
         "<1 http.response_body=" PLAIN,
         "<2 http.response_body=x"},
        {{C("HEAD / HTTP/1.1\r\n\r\n"), S("HTTP/1.1 200 OK\r\n\r\nbody")},
         "<1 http.stat_code=200",
         "<2 http.response_body=body"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told *t = talk_lossy(cases[i].says, NO_LOSS);
        if (!has_line(t, cases[i].first) || !has_line(t, cases[i].second))
            fail_msg("not %s and %s in\n%s", cases[i].first, cases[i].second, t->text);
        assert_int_equal(t->anomalies, 1);
        free(t);
    }
}

static void without_rooms_only_what_lies_whole_is_told(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        struct told *t = talk(conversations[i].says, 5, NO_LOSS, true);
        assert_int_equal(t->n, 0);
        assert_true(t->anomalies > 0);
        free(t);
    }
    struct told *t = talk(conversations[0].says, WHOLE, NO_LOSS, true);
    assert_true(has_line(t, ">1 http.uri=/a/b?c=d") && has_line(t, "<1 http.response_body=body"));
    assert_int_equal(t->anomalies, 0);
    free(t);
    /* a packed body needs one wherever it lies, a form only for its files */
    static const struct says packed[SAYS_MAX] = {C(
        "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n" GZIP
        "POST /2 HTTP/1.1\r\nContent-Type: form; boundary=b\r\nContent-Length: 5\r\n\r\n--b\r\n")};
    t = talk(packed, WHOLE, NO_LOSS, true);
    assert_null(strstr(t->text, "1 http.request_body"));
    assert_true(has_line(t, ">2 http.request_body=--b\r\n"));
    assert_int_equal(t->anomalies, 2);
    free(t);
}

static void what_lies_whole_takes_no_room(void **unused)
{
    (void)unused;
    struct told *t = talk(conversations[0].says, WHOLE, NO_LOSS, false);
    assert_int_equal(t->lent, 0);
    free(t);
    t = talk(conversations[0].says, 50, NO_LOSS, false);
    assert_int_equal(t->lent, 2);
    free(t);
}

static void a_form_of_odd_parts(void **unused)
{
    (void)unused;
    static char said[8000];
    size_t n = (size_t)sprintf(said, "POST / HTTP/1.1\r\nContent-Type: form; boundary=b\r\n"
                                     "Content-Length: 4098\r\n\r\n--b\r\nX: ");
    size_t body = n - 8;
    memset(said + n, 'y', 3000);
    n += 3000;
    n += (size_t)sprintf(said + n,
                         "\r\nContent-Disposition: a; filename=one\r\n\r\n1\r\n--b--\r\n"
                         "--b\r\nContent-Disposition: a; filename=late\r\n\r\n2\r\n--b\r\n");
    memset(said + n, ' ', body + 4098 - n);
    const struct says says[SAYS_MAX] = {{PROTO_TO_SERVER, said, (uint32_t)(body + 4098)}};
    struct told *t = talk_lossy(says, NO_LOSS);
    assert_true(has_line(t, ">1 file.name=one") && has_line(t, ">1 file.data=1"));
    /* behind the last delimiter there is nothing */
    assert_null(strstr(t->text, "file.name=late"));
    free(t);
}

static void a_second_layer_takes_the_other_directions_room(void **unused)
{
    (void)unused;
    static const struct says says[SAYS_MAX] = {
        C("POST /1 HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n\x1f\x8b\x08"),
        S("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: "
          "57\r\n\r\n" GZIP_TWICE),
        {PROTO_TO_SERVER, &GZIP[3], 37},
    };
    struct told *t = talk_lossy(says, NO_LOSS);
    assert_true(has_line(t, ">1 http.request_body=" PLAIN));
    assert_null(strstr(t->text, "response_body"));
    assert_int_equal(t->anomalies, 1);
    assert_int_equal(t->held, 0);
    free(t);
}

static void rooms_go_back_when_nothing_follows(void **unused)
{
    (void)unused;
    static const struct says says[SAYS_MAX] = {
        C("POST /1 HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n\x1f\x8b\x08"),
        S("HTTP/1.1 101 Switching\r\n\r\n"),
        C("x"),
    };
    struct told *t = talk_lossy(says, NO_LOSS);
    assert_true(has_line(t, "<1 http.stat_code=101"));
    assert_int_equal(t->lent, 2); /* for a head and for unpacking */
    assert_int_equal(t->held, 0);
    free(t);
}

/* in_gzip: returns its length. */
static size_t in_gzip(uint8_t *to, size_t room, const uint8_t *from, size_t len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from,
                  .avail_in = (uInt)len,
                  .next_out = to,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

struct count {
    struct told told; /* for rooms */
    uint64_t bytes;
    unsigned ends;
};

static void count_body(void *ctx, const struct proto_message *m, const struct proto_body *b)
{
    struct count *c = ctx;
    (void)m;
    c->bytes += b->data.len;
    c->ends += b->end;
}

/* 8 MiB in some 60 bytes: libhtp gives up behind 1 MiB where that is more than 2048 times what
 * came. */
static void a_bomb_is_given_up(void **unused)
{
    (void)unused;
    enum { ZEROS = 8 << 20 };
    _Alignas(8) static uint8_t state[PROTO_STATE_MAX];
    static struct count count;
    uint8_t *zeros = calloc(1, ZEROS), *once = malloc(65536), *twice = malloc(65536);
    assert_true(zeros && once && twice);
    int head = sprintf((char *)twice, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n");
    size_t n = in_gzip(once, 65536, zeros, ZEROS);
    n = in_gzip(twice + head, 65536 - (size_t)head, once, n);
    struct proto_sink sink = {.ctx = &count,
                              .anomaly = on_anomaly,
                              .session = on_session,
                              .body = count_body,
                              .room = lend,
                              .room_back = take_back};
    http1_parser.feed(state, PROTO_TO_CLIENT, 0, twice, (uint32_t)(head + (int)n), &sink);
    assert_int_equal(count.ends, 1);
    assert_true(count.bytes > 1 << 20 && count.bytes < (1 << 20) + 65536);
    assert_null(count.told.room[PROTO_ROOM_UNPACK_TO_CLIENT]);
    free(zeros);
    free(once);
    free(twice);
}

static void a_long_head_is_told_as_far_as_it_fits(void **unused)
{
    (void)unused;
    static char head[40000];
    size_t n = (size_t)snprintf(head, sizeof(head), "GET /long HTTP/1.1\r\n");
    for (unsigned i = 0; n < 20000; i++)
        n += (size_t)snprintf(head + n, sizeof(head) - n, "X-%u: %u\r\n", i, i);
    n += (size_t)snprintf(head + n, sizeof(head) - n,
                          "User-Agent: late\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
    const struct says says[SAYS_MAX] = {{PROTO_TO_SERVER, head, (uint32_t)n}};
    struct told *t = talk_lossy(says, NO_LOSS);
    assert_true(has_line(t, ">1 http.uri=/long") && has_line(t, ">2 http.uri=/next"));
    assert_null(strstr(t->text, "user_agent"));
    /* fields 0 to 255 and no more */
    assert_non_null(strstr(t->text, "\r\nX-255\r\n\r\n"));
    free(t);
}

static void it_is_over_when_both_speak_another_protocol(void **unused)
{
    (void)unused;
    _Alignas(8) static uint8_t state[PROTO_STATE_MAX];
    struct proto_sink sink = {.anomaly = on_anomaly, .session = on_session};
    static const char *const talks[][2] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n"},
        {"CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
        {"CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 No\r\n\r\n"},
    };
    for (int i = 0; i < 3; i++) {
        memset(state, 0, sizeof(state));
        for (int dir = 0; dir < 2; dir++) {
            assert_false(http1_parser.over(state));
            http1_parser.feed(state, (enum proto_direction)dir, 0, (const uint8_t *)talks[i][dir],
                              (uint32_t)strlen(talks[i][dir]), &sink);
        }
        assert_int_equal(http1_parser.over(state), i < 2 ? PROTO_GIVES_WAY : PROTO_GOES_ON);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_and_bodies),
        cmocka_unit_test(cuts_change_nothing),
        cmocka_unit_test(a_loss_in_a_body_is_counted_off),
        cmocka_unit_test(after_a_loss_the_next_start_line_is_found),
        cmocka_unit_test(what_is_no_response_is_a_body),
        cmocka_unit_test(a_length_that_is_too_short),
        cmocka_unit_test(without_rooms_only_what_lies_whole_is_told),
        cmocka_unit_test(what_lies_whole_takes_no_room),
        cmocka_unit_test(a_form_of_odd_parts),
        cmocka_unit_test(a_second_layer_takes_the_other_directions_room),
        cmocka_unit_test(rooms_go_back_when_nothing_follows),
        cmocka_unit_test(a_bomb_is_given_up),
        cmocka_unit_test(a_long_head_is_told_as_far_as_it_fits),
        cmocka_unit_test(it_is_over_when_both_speak_another_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
