/* HTTP/1, SSH, RDP, VNC and Telnet on hand-written conversations: who is let in, however they are
 * cut. */
#include "proto/http1.h"
#include "proto/rdp.h"
#include "proto/ssh.h"
#include "proto/telnet.h"
#include "proto/vnc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define START  (1767225600 * SECOND)
#define ROOM   16

struct seen {
    struct proto_session sessions[ROOM];
    char user[ROOM][64], host[ROOM][64], uri[ROOM][64];
    unsigned n, anomalies;
};

static void keep(char to[64], struct bytes from)
{
    assert_true(from.len < 64);
    if (from.len)
        memcpy(to, from.data, from.len);
    to[from.len] = 0;
}

static void on_session(void *ctx, const struct proto_session *session)
{
    struct seen *seen = ctx;
    assert_true(seen->n < ROOM);
    seen->sessions[seen->n] = *session;
    keep(seen->user[seen->n], session->user);
    keep(seen->host[seen->n], session->host);
    keep(seen->uri[seen->n], session->uri);
    seen->n++;
}

static void on_anomaly(void *ctx, enum proto_anomaly what, enum proto_direction dir)
{
    struct seen *seen = ctx;
    (void)what;
    (void)dir;
    seen->anomalies++;
}

/* What one side says at one moment, 0.1 seconds behind the last. */
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
#define SAYS_MAX 24

/* talk: the conversation cut into pieces of `width` bytes; what is said `lost` (-1: nothing) is
 * missing. */
static struct seen *talk(const struct proto_parser *p, const struct says *says, uint32_t width,
                         int lost, enum outcome at_end)
{
    _Alignas(8) static uint8_t state[PROTO_STATE_MAX];
    struct seen *seen = calloc(1, sizeof(*seen));
    assert_non_null(seen);
    struct proto_sink sink = {.ctx = seen, .anomaly = on_anomaly, .session = on_session};
    memset(state, 0, sizeof(state));
    int64_t now = START;
    for (int i = 0; i < SAYS_MAX && says[i].data; i++, now += SECOND / 10) {
        if (i == lost) {
            p->gap(state, says[i].dir, now, says[i].len, &sink);
            continue;
        }
        for (uint32_t at = 0; at < says[i].len; at += width) {
            uint32_t n = says[i].len - at < width ? says[i].len - at : width;
            uint8_t *copy = malloc(n);
            assert_non_null(copy);
            memcpy(copy, (const uint8_t *)says[i].data + at, n);
            sink.seen_ns = now;
            p->feed(state, says[i].dir, now, copy, n, &sink);
            free(copy);
        }
        assert_int_equal(p->deadline(state), INT64_MAX);
    }
    p->end(state, now, at_end, &sink);
    return seen;
}

struct expected {
    uint8_t outcome;
    uint16_t code;
    const char *user, *host, *uri;
};

/* The first n of what is expected are reported; others are told only if they come first. */
struct conversation {
    const struct proto_parser *parser;
    const char *what;
    struct says says[SAYS_MAX];
    struct expected expected[6];
    unsigned n;
};

static const char zeros[70000];
#define SIZE_C(n)                 \
    {                             \
        PROTO_TO_SERVER, zeros, n \
    }
#define SIZE_S(n)                 \
    {                             \
        PROTO_TO_CLIENT, zeros, n \
    }
/* Banners, then key exchange: a packet is its length, 0, its type and the rest. */
#define SSH_BEGINS                                                                       \
    S("Welcome\r\nSSH-2.0-server\r\n"), C("SSH-2.0-client\r\n\0\0\0\x06\0\x14\1\2\3\4"), \
        S("\0\0\0\x06\0\x14\1\2\3\4"), C("\0\0\0\x04\0\x1e\1\2"),                        \
        S("\0\0\0\x04\0\x1f\1\2\0\0\0\x02\0\x15"), C("\0\0\0\x02\0\x15")
#define RDP_ASKS "\3\0\0\x29\x24\xe0\0\0\0\0\0Cookie: mstshash=eve\r\n\1\0\x08\0\3\0\0\0"

static const struct conversation conversations[] = {
    {&http1_parser,
     "basic credentials, refused and let in",
     {C("GET /a HTTP/1.1\r\nHost: plant\r\n\r\n"),
      S("HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nHTTP/"),
      C("GET /a HTTP/1.1\r\nhost:plant\r\nAuthorization: Basic YWRtaW46eA==\r\n\r\n"),
      S("HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;a=b\r\nHTTP/\r\n0\r\nx: y\r\n\r\n"),
      C("GET /b HTTP/1.1\r\nAuthorization: BASIC  YWRtaW46eQ==\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), C("GET /c HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")},
     {{OUTCOME_SEEN, 401, "", "plant", "/a"},
      {OUTCOME_REFUSED, 401, "admin", "plant", "/a"},
      {OUTCOME_ACKNOWLEDGED, 200, "admin", "", "/b"}},
     3},
    {&http1_parser,
     "a form, forbidden, and two requests before the first response",
     {C("POST /login HTTP/1.1\r\nContent-Length: 7\r\n\r\nGET / H"),
      S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
      C("HEAD /x HTTP/1.1\r\n\r\nGET /y HTTP/1.1\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 403 No\r\n\r\nuntil the end\r\n")},
     {{OUTCOME_REFUSED, 401, "", "", "/login"},
      {OUTCOME_REFUSED, 403, "", "", "/y"},
      {OUTCOME_ACKNOWLEDGED, 200, "", "", "/x"}},
     2},
    {&http1_parser,
     "a request that nobody answers",
     {C("GET / HTTP/1.0\r\n\r\n")},
     {{OUTCOME_UNANSWERED, 0, "", "", "/"}},
     1},
    {&http1_parser,
     "a tunnel is not looked into",
     {C("CONNECT a:443 HTTP/1.1\r\n\r\n"), S("HTTP/1.1 200 OK\r\n\r\n"),
      C("GET /in HTTP/1.1\r\n\r\n"), S("HTTP/1.1 403 No\r\n\r\n")},
     {{OUTCOME_ACKNOWLEDGED, 200, "", "", "a:443"}, {OUTCOME_REFUSED, 403, "", "", "/in"}},
     1},
    {&http1_parser,
     "of lines that are not as they should be nothing is claimed",
     {C("GET /a HTTP/1.1\r\nAuthorization: Basic YWRtaW46eA==\r\n\r\n"),
      S("HTTP/1.1  401 No\r\nContent-Length: 0\r\n\r\n"),
      C("get /b HTTP/1.1\r\nAuthorization: Basic YWRtaW46eA==\r\n\r\n"),
      S("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
      C("GET /c HTTP/1.1\r\nAuthorization: Basic YWRtaW46eA==\r\n\r\n"),
      S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
      C("GET /d HTTP/1.1\r\nAuthorization: Basic YWRtaW46eA==\r\n\r\n"),
      S("HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n")},
     {{OUTCOME_SEEN, 0, "admin", "", "/a"},
      {OUTCOME_ACKNOWLEDGED, 200, "admin", "", "/c"},
      {OUTCOME_SEEN, 0, "admin", "", "/d"}},
     3},
    {&ssh_parser,
     "three attempts, each refused",
     {SSH_BEGINS, SIZE_C(44), SIZE_S(44), SIZE_C(60), SIZE_S(52), SIZE_C(80), SIZE_S(52),
      SIZE_C(80), SIZE_S(52)},
     {{OUTCOME_REFUSED, 3, "", "", ""}},
     1},
    {&ssh_parser,
     "the last answer says good-bye",
     {SSH_BEGINS, SIZE_C(44), SIZE_S(44), SIZE_C(60), SIZE_S(52), SIZE_C(80), SIZE_S(52),
      SIZE_C(80), SIZE_S(84)},
     {{OUTCOME_REFUSED, 3, "", "", ""}},
     1},
    {&ssh_parser,
     "the second attempt is let in",
     {SSH_BEGINS, SIZE_C(44), SIZE_S(44), SIZE_C(60), SIZE_S(52), SIZE_C(80), SIZE_S(28),
      SIZE_C(90)},
     {{OUTCOME_ACKNOWLEDGED, 2, "", "", ""}},
     1},
    {&ssh_parser,
     "the small answer is followed by more at once, then much is said",
     {SSH_BEGINS, SIZE_C(44), SIZE_S(44), SIZE_C(60), SIZE_S(52), SIZE_C(80), SIZE_S(900),
      SIZE_C(90), SIZE_S(4000)},
     {{OUTCOME_ACKNOWLEDGED, 2, "", "", ""}},
     1},
    {&ssh_parser,
     "a short session whose answers tell nothing",
     {SSH_BEGINS, SIZE_C(44), SIZE_S(44), SIZE_C(60), SIZE_S(52), SIZE_C(80), SIZE_S(900),
      SIZE_C(90), SIZE_S(60)},
     {{OUTCOME_SEEN, 3, "", "", ""}},
     1},
    {&ssh_parser,
     "a banner is taken and no more",
     {S("SSH-2.0-server\r\n"), C("SSH-2.0-client\r\n")},
     {{OUTCOME_SEEN, 0, "", "", ""}},
     1},
    {&rdp_parser,
     "negotiated, and then a picture",
     {C(RDP_ASKS), S("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0"), SIZE_C(300),
      SIZE_S(1000), SIZE_S(65000)},
     {{OUTCOME_ACKNOWLEDGED, 2, "eve", "", ""}},
     1},
    {&rdp_parser,
     "negotiated, and nothing that a login could not need",
     {C(RDP_ASKS), S("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0"), SIZE_C(300),
      SIZE_S(3000)},
     {{OUTCOME_SEEN, 2, "eve", "", ""}},
     1},
    {&rdp_parser,
     "a login on the picture itself",
     {C(RDP_ASKS), S("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\1\0\0\0"), SIZE_C(300),
      SIZE_S(70000)},
     {{OUTCOME_SEEN, 1, "eve", "", ""}},
     1},
    {&rdp_parser,
     "negotiation fails",
     {C(RDP_ASKS), S("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\3\0\x08\0\5\0\0\0")},
     {{OUTCOME_REFUSED, 5, "eve", "", ""}},
     1},
    {&vnc_parser,
     "a wrong password",
     {S("RFB 003.008\n"), C("RFB 003.008\n"), S("\2\1\2"), C("\2"), S("0123456789abcdef"),
      C("0123456789abcdef"), S("\0\0\0\1\0\0\0\3bad")},
     {{OUTCOME_REFUSED, 2, "", "", ""}},
     1},
    {&vnc_parser,
     "the right password, an old version",
     {S("RFB 003.008\n"), C("RFB 003.003\n"), S("\0\0\0\2"), S("0123456789abcdef"),
      C("0123456789abcdef"), S("\0\0\0\0"), C("\1")},
     {{OUTCOME_ACKNOWLEDGED, 2, "", "", ""}},
     1},
    {&vnc_parser,
     "no password, with and without a result",
     {S("RFB 003.007\n"), C("RFB 003.007\n"), S("\1\1"), C("\1"), C("\1")},
     {{OUTCOME_ACKNOWLEDGED, 1, "", "", ""}},
     1},
    {&vnc_parser,
     "no type is offered",
     {S("RFB 003.008\n"), C("RFB 003.008\n"), S("\0\0\0\0\3bad")},
     {{OUTCOME_REFUSED, 0, "", "", ""}},
     1},
    {&vnc_parser,
     "a type that hides what follows",
     {S("RFB 003.008\n"), C("RFB 003.008\n"), S("\1\x13"), C("\x13"), S("\0\0\0\0")},
     {{OUTCOME_SEEN, 19, "", "", ""}},
     1},
    {&telnet_parser,
     "refused, refused again, let in",
     {S("\xff\xfd\x18\xff\xfa\x18\1:login:\xff\xf0\r\nhost login: "),
      C("\xff\xfb\x18rooot\x7f\x7ft\r\0"), S("rooot\r\nPassword: "), C("x\r\0"),
      S("\r\nLogin incorrect\r\nhost login: "), C("eve\r\n"), S("Password: "), C("y\r\n"),
      S("\r\nhost login: "), C("eve\r\n"), S("Password: "), C("z\r\n"),
      S("\r\nLast login: Sunday\r\n# not yet\r\neve@host:~$ "), C("ls\r\n")},
     {{OUTCOME_REFUSED, 1, "root", "", ""},
      {OUTCOME_REFUSED, 2, "eve", "", ""},
      {OUTCOME_ACKNOWLEDGED, 3, "eve", "", ""}},
     3},
    {&telnet_parser,
     "no password was asked for",
     {S("\xff\xfd\x18hello\r\n"), C("\xff\xfc\x18help\r\n"), S("bad command\r\n")},
     {{OUTCOME_SEEN, 0, "", "", ""}},
     1},
};
#define CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

static void outcomes_do_not_depend_on_the_cut(void **unused)
{
    (void)unused;
    static const uint32_t widths[] = {1, 2, 3, 7, 50, 100000};
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            struct seen *seen = talk(c->parser, c->says, widths[w], -1, OUTCOME_UNANSWERED);
            if (seen->n != c->n || seen->anomalies != 0)
                fail_msg("%s, %u: %u sessions, %u anomalies", c->what, widths[w], seen->n,
                         seen->anomalies);
            for (unsigned k = 0; k < c->n; k++) {
                const struct expected *e = &c->expected[k];
                const struct proto_session *s = &seen->sessions[k];
                if (s->outcome != e->outcome || s->code != e->code)
                    fail_msg("%s, %u: session %u: outcome %u, code %u", c->what, widths[w], k,
                             s->outcome, s->code);
                assert_string_equal(seen->user[k], e->user);
                assert_string_equal(seen->host[k], e->host);
                assert_string_equal(seen->uri[k], e->uri);
                assert_true(s->request_ns >= START && s->request_ns <= s->answer_ns);
            }
            free(seen);
        }
    }
}

static void a_loss_never_makes_an_outcome(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = &conversations[i];
        for (int lost = 0; lost < SAYS_MAX && c->says[lost].data; lost++) {
            struct seen *seen = talk(c->parser, c->says, 100000, lost, OUTCOME_UNANSWERED);
            assert_true(seen->n <= c->n + 1);
            for (unsigned k = 0; k < seen->n; k++) {
                const struct proto_session *s = &seen->sessions[k];
                bool known = s->outcome == OUTCOME_SEEN;
                for (unsigned e = 0; e < 6 && c->expected[e].uri; e++)
                    known |= c->expected[e].outcome == s->outcome &&
                             strcmp(c->expected[e].uri, seen->uri[k]) == 0;
                if (!known)
                    fail_msg("%s, without %d: outcome %u", c->what, lost, s->outcome);
            }
            free(seen);
        }
    }
}

static void the_end_of_input_claims_nothing(void **unused)
{
    (void)unused;
    static const size_t open[] = {2, 5, 6};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        const struct conversation *c = &conversations[open[i]];
        struct seen *seen = talk(c->parser, c->says, 100000, -1, OUTCOME_SEEN);
        assert_int_equal(seen->n, 1);
        assert_int_equal(seen->sessions[0].outcome, OUTCOME_SEEN);
        free(seen);
    }
}

static void beginnings_are_recognised(void **unused)
{
    (void)unused;
    static const struct {
        const struct proto_parser *parser;
        const char *bytes;
        uint32_t len;
        int verdict;
        bool before, after;
    } cases[] = {
        {&http1_parser, "GET / HTTP/1.1", 14, 1, true, false},
        {&http1_parser, "HTTP/1.1 200", 12, 1, false, true},
        {&http1_parser, "GE", 2, 0, true, true},
        {&http1_parser, "VERSION-CONTROL /a HTTP/1.1\r\n", 29, 1, true, false},
        {&http1_parser, "VERSION-CONTROL /a", 18, 0, true, true},
        {&http1_parser, "PROPFIND /a HTTP/1.1", 20, 1, true, false},
        {&http1_parser, "\r\n\r\nGET /", 9, 1, true, false},
        {&http1_parser, "\r\n", 2, 0, true, true},
        {&http1_parser, "get\t/a http/1.1\r\n", 17, 1, true, false},
        {&http1_parser, "get /a\r\n", 8, -1, true, true},
        /* HTTP/2 begins so, to be refused by who speaks 1 */
        {&http1_parser, "PRI * HTTP/2.0\r\n\r\nSM", 20, -1, true, true},
        {&http1_parser, "QUIT now\r\nHTTP/1.1", 18, -1, true, true},
        {&http1_parser, "SSH-2.0", 7, -1, true, true},
        {&ssh_parser, "SSH-2.0", 7, 1, true, true},
        {&ssh_parser, "SS", 2, 0, true, true},
        {&ssh_parser, "GET ", 4, -1, true, true},
        {&rdp_parser, RDP_ASKS, 41, 1, true, false},
        {&rdp_parser, "\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0", 19, 1, false, true},
        {&rdp_parser, "\3\0\0\x0b\x06\xe0\0\0\0\0\0", 11, 0, true, true},
        /* S7 begins so as well: parameters, no cookie */
        {&rdp_parser, "\3\0\0\x16\x11\xe0\0\0\0\x0f\0\xc1\2\1\0\xc2\2\1\2\xc0\1\x0a", 22, 0, true,
         true},
        {&rdp_parser, "\3\0\0\x16\x02\xf0\x80\0\0\0\0", 11, -1, true, true},
        {&vnc_parser, "RFB 003.008\n", 12, 1, true, true},
        {&vnc_parser, "RFB 003", 7, 0, true, true},
        {&vnc_parser, "RFC 003.008\n", 12, -1, true, true},
        {&telnet_parser, "\xff\xfd\x18", 3, 1, true, true},
        {&telnet_parser, "\xff", 1, 0, true, true},
        {&telnet_parser, "\xff\xff\xff", 3, -1, true, true},
        {&telnet_parser, "hello", 5, -1, true, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool from_server = cases[i].before;
        int verdict =
            cases[i].parser->probe((const uint8_t *)cases[i].bytes, cases[i].len, &from_server);
        if (verdict != cases[i].verdict || from_server != cases[i].after)
            fail_msg("case %zu: %d, from server %d", i, verdict, from_server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_do_not_depend_on_the_cut),
        cmocka_unit_test(a_loss_never_makes_an_outcome),
        cmocka_unit_test(the_end_of_input_claims_nothing),
        cmocka_unit_test(beginnings_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
