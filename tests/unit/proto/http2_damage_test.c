/* HTTP/2 with losses, beyond its bounds, and what is none. */
#include "tests/unit/proto/http2_talk.h"

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

int main(void)
{
    run.outcome = OUTCOME_ACKNOWLEDGED;
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
