/* Handshakes written by hand: what is told of them, however they are cut, put into records, or
 * lost. */
#include "tests/unit/proto/tls_talk.h"

static void a_full_handshake_is_told_in_two_messages(void **state)
{
    (void)state;
    full(ROOM_BYTES);
    run((struct way){0});
    want_client("a.example");
    want_server();
    want_chain();
    is_wanted("whole", 0);
    assert_int_equal(told_messages, 2);
    assert_true(told_over);
    assert_int_equal(all_anomalies(), 0);
}

static void cuts_and_records_change_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {ROOM_BYTES, 1, 2, 3, 4, 5, 7, 50, 200};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        full(sizes[i]);
        size_t longest = 0;
        for (unsigned k = 0; k < talk.n; k++)
            longest = talk.steps[k].len > longest ? talk.steps[k].len : longest;
        for (size_t cut = 0; cut < longest; cut = cut < 9 ? cut + 1 : 2 * cut) {
            run((struct way){.cut = cut});
            want_client("a.example");
            want_server();
            want_chain();
            is_wanted("cut", cut);
            assert_true(told_over && all_anomalies() == 0);
        }
        for (size_t first = 1; first < longest; first++) {
            run((struct way){.first = first});
            want_client("a.example");
            want_server();
            want_chain();
            is_wanted("first", first);
        }
    }
}

static void without_certificate_the_server_is_told_when_that_shows(void **state)
{
    (void)state;
    /* A session goes on: a ticket, then all is hidden. */
    static const uint8_t endings[] = {CCS, DATA, HANDSHAKE, 0};
    for (size_t i = 0; i < sizeof endings; i++) {
        begin();
        says(PROTO_TO_SERVER);
        client_hello("a.example", 9, 0);
        records(ROOM_BYTES);
        says(PROTO_TO_CLIENT);
        server_hello(0x0303);
        message(TICKET, "ticket", 6);
        if (endings[i] == HANDSHAKE)
            message(DONE, "", 0); /* nobody is named */
        records(ROOM_BYTES);
        if (endings[i] && endings[i] != HANDSHAKE)
            record(endings[i], "hidden", 6);
        for (size_t cut = 0; cut < 60; cut++) {
            run((struct way){.cut = cut});
            want_client("a.example");
            want_server();
            is_wanted("ending", i);
            assert_int_equal(told_early, endings[i] ? 2 : 1);
            assert_int_equal(told_messages, 2);
        }
    }
}

/* Who asks may be asked for a certificate too; it counts once, and behind a hello. */
static void the_client_may_have_a_certificate(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    certificates(); /* out of turn */
    client_hello("a.example", 9, 0);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
    certificates();
    message(DONE, "", 0);
    records(ROOM_BYTES);
    says(PROTO_TO_SERVER);
    certificates();
    certificates();
    message(16, "secret", 6);
    records(ROOM_BYTES);
    record(CCS, "\1", 1);
    for (size_t cut = 0; cut < 60; cut++) {
        run((struct way){.cut = cut});
        want_client("a.example");
        want_server();
        want_chain();
        holder = PROTO_TO_SERVER;
        want_chain();
        holder = PROTO_TO_CLIENT;
        is_wanted("cut", cut);
        assert_int_equal(told_messages, 3);
    }
}

/* readable_of: how many of the bytes of a direction come before encrypted data, fed in pieces. */
static uint32_t readable_of(enum proto_direction dir, size_t cut)
{
    struct message_bench *m = message_bench_new(&tls_parser);
    uint32_t sum = 0;
    for (unsigned i = 0; i < talk.n; i++) {
        const uint8_t *data = talk.bytes.data + talk.steps[i].from;
        size_t len = talk.steps[i].len;
        for (size_t at = 0, n; at < len; at += n) {
            n = cut && cut < len - at ? cut : len - at;
            if (talk.steps[i].dir == dir)
                sum += tls_parser.readable(m->bench->state, dir, data + at, (uint32_t)n);
            feed_bytes(m->bench, talk.steps[i].dir, START, data + at, (uint32_t)n);
        }
    }
    message_bench_free(m);
    return sum;
}

/* Up to the head of the first record with data, and with it; what is hidden in handshake records
 * behind a change of ciphers is not told from what is not. */
static void what_is_encrypted_cannot_be_read(void **state)
{
    (void)state;
    begin();
    full(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    record(DATA, "hidden too", 10);
    uint32_t sent[2] = {0};
    for (unsigned i = 0; i < talk.n; i++)
        sent[talk.steps[i].dir] += (uint32_t)talk.steps[i].len;
    for (size_t cut = 0; cut < 40; cut++) {
        assert_int_equal(readable_of(PROTO_TO_SERVER, cut), sent[PROTO_TO_SERVER]);
        /* "hidden" of six bytes, then a record of ten with its head of five */
        assert_int_equal(readable_of(PROTO_TO_CLIENT, cut), sent[PROTO_TO_CLIENT] - 6 - 5 - 10);
    }
}

static void what_is_no_record_is_not_encrypted(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0);
    records(ROOM_BYTES);
    says(PROTO_TO_SERVER);
    record(99, "no record", 9);
    record(DATA, "who knows", 9);
    uint32_t sent = 0;
    for (unsigned i = 0; i < talk.n; i++)
        sent += (uint32_t)talk.steps[i].len;
    for (size_t cut = 0; cut < 40; cut++)
        assert_int_equal(readable_of(PROTO_TO_SERVER, cut), sent);
}

static void tls_1_3_is_over_with_its_hellos(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0x0304);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    server_hello(0x0304);
    certificates(); /* would be encrypted; nobody may look */
    records(ROOM_BYTES);
    for (size_t cut = 0; cut < 80; cut++) {
        run((struct way){.cut = cut});
        want_client_13("a.example");
        want_server_13();
        is_wanted("cut", cut);
        assert_true(told_over);
    }
}

static void the_first_hellos_count(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0x0304);
    records(ROOM_BYTES);
    record(CCS, "\1", 1);
    says(PROTO_TO_CLIENT);
    server_hello(0x0304); /* asks for another: HelloRetryRequest */
    records(ROOM_BYTES);
    record(CCS, "\1", 1);
    says(PROTO_TO_SERVER);
    client_hello("second", 6, 0x0304);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
    records(ROOM_BYTES);
    run((struct way){0});
    want_client_13("a.example");
    want_server_13();
    is_wanted("retry", 0);
    assert_true(told_over);
    assert_int_equal(told_messages, 2);

    begin(); /* and where nothing is hidden */
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0);
    client_hello("second", 6, 0);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
    server_hello(0x0304);
    certificates();
    certificates();
    records(ROOM_BYTES);
    run((struct way){.cut = 30});
    want_client("a.example");
    want_server();
    want_chain();
    is_wanted("twice", 0);

    begin(); /* no room is asked for a second */
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0);
    records(ROOM_BYTES);
    size_t first = talk.bytes.len;
    says(PROTO_TO_SERVER);
    client_hello("another.example", 15, 0);
    records(ROOM_BYTES);
    run((struct way){.no_rooms = true, .first = first});
    want_client("a.example");
    is_wanted("without rooms", 0);
    assert_int_equal(all_anomalies(), 0);
}

static void the_server_may_be_seen_first(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_CLIENT);
    server_hello(0x0304);
    records(ROOM_BYTES);
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0x0304);
    records(ROOM_BYTES);
    run((struct way){0});
    want_server_13();
    want_client_13("a.example");
    is_wanted("turned", 0);
    assert_true(told_over);
}

/* put_ssl2_hello: RFC 5246, E.2. */
static void put_ssl2_hello(uint16_t version)
{
    size_t at = talk.bytes.len;
    put_number(&talk.bytes, 0, 2);
    put_number(&talk.bytes, 1, 1);
    put_number(&talk.bytes, version, 2);
    put_number(&talk.bytes, 3, 2);
    put_number(&talk.bytes, 0, 2);
    put_number(&talk.bytes, 16, 2);
    put_zeros(&talk.bytes, 3 + 16);
    store_be16(talk.bytes.data + at, (uint16_t)(0x8000 | (talk.bytes.len - at - 2)));
    said();
}

static void a_hello_may_have_the_form_of_ssl_2(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 40; cut++) {
        begin();
        says(PROTO_TO_SERVER);
        put_ssl2_hello(0x0301);
        says(PROTO_TO_CLIENT);
        server_hello(0x0303);
        certificates();
        records(ROOM_BYTES);
        says(PROTO_TO_SERVER);
        record(CCS, "\1", 1);
        run((struct way){.cut = cut});
        want(PROTO_TO_SERVER, PART_TLS_VERSION, "1.0");
        want_server();
        want_chain();
        is_wanted("cut", cut);
        assert_true(told_over && all_anomalies() == 0);

        begin(); /* both speak it */
        says(PROTO_TO_SERVER);
        put_ssl2_hello(0x0002);
        says(PROTO_TO_CLIENT);
        put(&talk.bytes, "\x84\x2f\4\0\1\0\2hello", 12);
        said();
        says(PROTO_TO_SERVER);
        put(&talk.bytes, "\x80\x90\2\1\0\x80master key", 16);
        said();
        run((struct way){.cut = cut});
        want(PROTO_TO_SERVER, PART_TLS_VERSION, "0x0002");
        is_wanted("SSL 2.0, cut", cut);
        assert_true(told_over && all_anomalies() == 0);
    }
}

static void versions_have_names(void **state)
{
    (void)state;
    static const struct {
        uint16_t version;
        const char *text;
    } cases[] = {{0x0300, "0x0300"}, {0x0301, "1.0"}, {0x0302, "1.1"},   {0x0303, "1.2"},
                 {0x0304, "1.3"},    {0x7f1c, "1.3"}, {0xfb1a, "0xfb1a"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        says(PROTO_TO_SERVER);
        client_hello("a", 1, cases[i].version);
        records(ROOM_BYTES);
        run((struct way){0});
        char line[64];
        snprintf(line, sizeof line, "1 > tls.version=%s\n", cases[i].text);
        assert_non_null(strstr(told_lines, line));
    }
}

static void beginnings_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t len;
        int verdict;
        bool before, after;
    } cases[] = {
        {"\x16\3\1\0\xc8\1\0\0\xc4\3\3", 11, 1, true, false},
        {"\x16\3\3\0\x51\2\0\0\x4d\3\3", 11, 1, false, true},
        {"\x16\3\0\0\x51\1", 6, 1, false, false},
        {"\x16", 1, 0, true, true},
        {"\x16\3\1\0\xc8", 5, 0, true, true},
        {"\x16\3\5\0\xc8\1", 6, -1, true, true},
        {"\x16\2\1\0\xc8\1", 6, -1, true, true},
        {"\x16\3\1\0\3\1", 6, -1, true, true},     /* no room for a message */
        {"\x16\3\1\x50\0\1", 6, -1, true, true},   /* too long */
        {"\x16\3\1\0\xc8\x0b", 6, -1, true, true}, /* begins with no hello */
        {"\x15\3\1\0\2\2\x28", 7, 1, true, true},
        {"\x15\3\1\0\2\3\x28", 7, -1, true, true},
        {"\x15\3\1\0\x1a\2\x28", 7, -1, true, true}, /* encrypted */
        {"\x17\3\3\2\0abc", 8, 1, true, true},
        {"\x17\3\3\0\0abc", 8, -1, true, true},
        {"\x17\3\3\xff\0abc", 8, -1, true, true},
        {"\x14\3\3\0\1\1", 6, -1, true, true},
        {"\x18\3\3\0\x20\1", 6, -1, true, true},
        {"GET / HTTP/1.1", 14, -1, true, true},
        {"", 0, 0, true, true},
        /* one cipher, no session, a challenge of 16 bytes: 9 + 3 + 16 */
        {"\x80\x1c\1\3\1\0\3\0\0\0\x10", 11, 1, true, false},
        {"\x80\x1c\1\0\2\0\3\0\0\0\x10", 11, 1, true, false},
        {"\x80\x1c\1\3\1\0\3\0\0\0", 10, 0, true, true},
        {"\x80\x1c\1", 3, 0, true, true},
        {"\x80", 1, 0, true, true},
        {"\x80\x1c\2", 3, -1, true, true},
        {"\x80\x1c\1\4\1", 5, -1, true, true},
        {"\x80\x1d\1\3\1\0\3\0\0\0\x10", 11, -1, true, true},
        {"\x80\x1d\1\3\1\0\4\0\0\0\x10", 11, -1, true, true},
        {"\x80\x19\1\3\1\0\0\0\0\0\x10", 11, -1, true, true},
        {"\x80\x1b\1\3\1\0\3\0\0\0\x0f", 11, -1, true, true},
        {"\x80\x2d\1\3\1\0\3\0\0\0\x21", 11, -1, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool from_server = cases[i].before;
        uint8_t *copy = malloc(cases[i].len ? cases[i].len : 1);
        assert_non_null(copy);
        memcpy(copy, cases[i].bytes, cases[i].len);
        int verdict = tls_parser.probe(copy, cases[i].len, &from_server);
        free(copy);
        if (verdict != cases[i].verdict || from_server != cases[i].after)
            fail_msg("case %zu: %d, from server %d", i, verdict, from_server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_handshake_is_told_in_two_messages),
        cmocka_unit_test(cuts_and_records_change_nothing),
        cmocka_unit_test(without_certificate_the_server_is_told_when_that_shows),
        cmocka_unit_test(the_client_may_have_a_certificate),
        cmocka_unit_test(what_is_encrypted_cannot_be_read),
        cmocka_unit_test(what_is_no_record_is_not_encrypted),
        cmocka_unit_test(tls_1_3_is_over_with_its_hellos),
        cmocka_unit_test(the_first_hellos_count),
        cmocka_unit_test(the_server_may_be_seen_first),
        cmocka_unit_test(a_hello_may_have_the_form_of_ssl_2),
        cmocka_unit_test(versions_have_names),
        cmocka_unit_test(beginnings_are_recognised),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
