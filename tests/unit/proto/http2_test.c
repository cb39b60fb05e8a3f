/* HTTP/2 written by hand: what is told of it, however it is cut or meant. What Suricata itself
 * makes of such conversations is asked in tests/system/http2_test.py. */
#include "tests/unit/proto/http2_talk.h"

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
