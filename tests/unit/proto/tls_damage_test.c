/* TLS without rooms, with losses, beyond its bounds, and what cannot be read. */
#include "tests/unit/proto/tls_talk.h"

static void without_rooms_what_is_whole_is_told(void **state)
{
    (void)state;
    full(ROOM_BYTES);
    run((struct way){.no_rooms = true});
    want_client("a.example");
    want_server();
    want_chain();
    is_wanted("whole", 0);
    assert_int_equal(all_anomalies(), 0);
    /* 150 bytes hold either hello, and not the certificates. */
    run((struct way){.no_rooms = true, .cut = 150});
    want_client("a.example");
    want_server();
    is_wanted("cut", 150);
    assert_int_equal(told_anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    assert_true(told_over);
    run((struct way){.no_rooms = true, .cut = 1});
    is_wanted("cut", 1); /* nothing */
    assert_int_equal(told_anomalies[PROTO_ANOMALY_OVERFLOW], 3);
    assert_true(told_over);
}

static void where_nobody_looks_all_goes_on(void **state)
{
    (void)state;
    full(100);
    for (size_t cut = 0; cut < 20; cut++) {
        run((struct way){.nobody = true, .cut = cut});
        assert_int_equal(told_messages, 0);
        assert_int_equal(all_anomalies(), 0);
        assert_true(told_over);
    }
}

static void after_a_loss_a_direction_is_given_up(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 4; lost++) {
        full(ROOM_BYTES);
        talk.steps[lost].lost = true;
        run((struct way){.cut = 100});
        if (lost != 0)
            want_client("a.example");
        if (lost != 1) {
            want_server();
            want_chain();
        }
        is_wanted("lost", lost);
        /* The server has ended with its certificate: what it loses then is not missed. */
        assert_int_equal(told_anomalies[PROTO_ANOMALY_LOST_SYNC], lost != 3);
        assert_int_equal(all_anomalies(), lost != 3);
        assert_true(told_over);
    }
}

static void a_loss_within_the_servers_flight_leaves_its_hello(void **state)
{
    (void)state;
    full(ROOM_BYTES);
    size_t from = talk.steps[1].from, len = talk.steps[1].len;
    for (size_t n = 0; n <= len; n++) {
        struct message_bench *m = message_bench_new(&tls_parser);
        struct bench *b = m->bench;
        feed_bytes(b, PROTO_TO_CLIENT, START, talk.bytes.data + from, (uint32_t)n);
        tls_parser.gap(b->state, PROTO_TO_CLIENT, START, 1, &b->sink);
        assert_int_equal(m->lent, 0);
        feed_bytes(b, PROTO_TO_CLIENT, START, talk.bytes.data + from, (uint32_t)len);
        const char *lines = message_bench_lines(m);
        bool hello = n >= 5 + 4 + 2 + 32 + 5 + 3 + 2 + 5; /* record, message, what it says */
        bool chain = hello && m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC] == 0;
        assert_int_equal(strstr(lines, "ja3s.hash") != NULL, hello);
        assert_int_equal(strstr(lines, "tls.cert_subject") != NULL, chain);
        assert_int_equal(m->messages, hello);
        if (n == len)
            assert_true(chain);
        message_bench_free(m);
    }
}

/* A chain longer than the room, in records as long as may be. */
static void of_a_long_chain_what_fits_is_told(void **state)
{
    (void)state;
    static struct made big[4];
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
    size_t at = open_certificates();
    for (unsigned i = 0; i < 4; i++) {
        big[i].len = 0;
        if (i == 0)
            put_certificate(&big[i], "a.example", "authority");
        put_zeros(&big[i], 5450);
        certificate(&big[i]);
    }
    close_certificates(at);
    message(DONE, "", 0);
    records(ROOM_BYTES);
    for (size_t cut = 0; cut < 30000; cut = 3 * cut + 7) {
        run((struct way){.cut = cut});
        want_client("a.example");
        want_server();
        want_subject("CN=a.example", "CN=authority", &big[0]);
        want_certificate(&big[0]);
        want_certificate(&big[1]);
        is_wanted("cut", cut);
        assert_int_equal(told_anomalies[PROTO_ANOMALY_OVERFLOW], 1);
        assert_int_equal(all_anomalies(), 1);
    }
    /* It is told when the room is full, whether its end comes or not. */
    talk.steps[1].len -= 5000;
    run((struct way){.cut = 1000});
    assert_int_equal(told_early, 2);
    assert_non_null(strstr(told_lines, "tls.cert_subject=CN=a.example"));
}

static void of_a_long_hello_what_fits_is_told(void **state)
{
    (void)state;
    static const uint8_t padding[65000];
    for (unsigned behind = 0; behind < 2; behind++) {
        begin();
        says(PROTO_TO_SERVER);
        size_t at = open_message(CLIENT_HELLO);
        put_hello_head(&messages, 0x0303, ARRAY(0x002f));
        size_t list = open_list(&messages, 2);
        if (behind)
            put_extension(&messages, 21, padding, ROOM_BYTES);
        put_server_name(&messages, "a.example", 9);
        put_extension(&messages, 21, padding, ROOM_BYTES);
        close_list(&messages, list, 2);
        close_list(&messages, at, 3);
        records(ROOM_BYTES);
        for (size_t cut = 0; cut < 30000; cut = 3 * cut + 7) {
            run((struct way){.cut = cut});
            if (!behind)
                want(PROTO_TO_SERVER, PART_TLS_SNI, "a.example");
            want(PROTO_TO_SERVER, PART_TLS_VERSION, "1.2");
            is_wanted("cut", cut);
            assert_int_equal(told_anomalies[PROTO_ANOMALY_OVERFLOW], 1);
        }
    }
}

/* A record that is longer than it may be is still read, a message in it no further than others. */
static void a_message_in_one_long_record_is_no_longer_than_others(void **state)
{
    (void)state;
    static const uint8_t padding[ROOM_BYTES];
    begin();
    says(PROTO_TO_SERVER);
    size_t at = open_message(CLIENT_HELLO);
    put_hello_head(&messages, 0x0303, ARRAY(0x002f));
    size_t list = open_list(&messages, 2);
    put_extension(&messages, 21, padding, sizeof padding);
    put_server_name(&messages, "a.example", 9);
    close_list(&messages, list, 2);
    close_list(&messages, at, 3);
    records(18000);
    for (size_t cut = 0; cut < 30000; cut = 3 * cut + 7) {
        run((struct way){.cut = cut});
        want(PROTO_TO_SERVER, PART_TLS_VERSION, "1.2");
        is_wanted("cut", cut);
        assert_int_equal(told_anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    }
}

static void server_flight(void)
{
    begin();
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
}

static void certificates_that_cannot_be_read_are_passed_over(void **state)
{
    (void)state;
    static struct made junk;
    junk.len = 0;
    put_text(&junk, "junk");
    certificates(); /* makes the two */
    server_flight();
    size_t at = open_certificates();
    certificate(&junk);
    certificate(&leaf);
    certificate(&junk);
    close_certificates(at);
    records(ROOM_BYTES);
    run((struct way){0});
    want_server();
    want_subject("CN=a.example", "CN=authority", &leaf);
    want_certificate(&leaf);
    want_certificate(&junk); /* behind the first nobody reads them */
    is_wanted("junk first", 0);

    server_flight();
    close_certificates(open_certificates());
    records(ROOM_BYTES);
    run((struct way){0});
    want_server();
    is_wanted("an empty list", 0);
    assert_int_equal(told_messages, 1);
}

static void lists_of_certificates_may_contradict_themselves(void **state)
{
    (void)state;
    certificates();
    /* The list says one byte more than there is, or less than its certificates need. */
    static const int wrong[] = {1, -1, -(int)sizeof("a whole certificate")};
    for (size_t i = 0; i < 3; i++) {
        server_flight();
        size_t at = open_certificates();
        certificate(&leaf);
        certificate(&authority);
        close_certificates(at);
        size_t len = messages.len - at - 3;
        uint8_t bytes[4];
        store_be32(bytes, (uint32_t)((int)len + wrong[i]));
        memcpy(messages.data + at, bytes + 1, 3);
        records(ROOM_BYTES);
        run((struct way){0});
        want_server();
        if (wrong[i] < 0) {
            want_subject("CN=a.example", "CN=authority", &leaf);
            want_certificate(&leaf);
        }
        is_wanted("list", i);
    }
}

static void texts_with_a_zero_byte_are_as_suricata_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *issuer;
        size_t subject_len, issuer_len;
        bool has_subject;
    } cases[] = {{"a\0b", "c", 3, 1, false}, {"a", "b\0c", 1, 3, true}};
    static struct made der;
    for (size_t i = 0; i < 2; i++) {
        der.len = 0;
        put_certificate_of(&der, cases[i].subject, cases[i].subject_len, cases[i].issuer,
                           cases[i].issuer_len);
        server_flight();
        size_t at = open_certificates();
        certificate(&der);
        close_certificates(at);
        records(ROOM_BYTES);
        run((struct way){0});
        want_server();
        if (cases[i].has_subject)
            want(PROTO_TO_CLIENT, PART_TLS_CERT_SUBJECT, "CN=a");
        is_wanted("case", i);
    }
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.exa\0mple", 10, 0);
    records(ROOM_BYTES);
    run((struct way){0});
    want_client("a.exa");
    is_wanted("server name", 0);
}

static void parts_have_a_bound(void **state)
{
    (void)state;
    certificates();
    server_flight();
    size_t at = open_certificates();
    for (unsigned i = 0; i < 80; i++)
        certificate(&leaf);
    close_certificates(at);
    records(ROOM_BYTES);
    run((struct way){0});
    want_server();
    want_subject("CN=a.example", "CN=authority", &leaf);
    for (unsigned i = 3 + 4; i < PROTO_MESSAGE_PARTS; i++)
        want_certificate(&leaf);
    is_wanted("many", 0);
}

static void records_that_are_none_end_their_direction(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"GET / HTTP/1.1\r\n", 16},   {"\x19\3\1\0\1a", 6},   {"\x13\3\1\0\1a", 6},
        {"\x16\2\1\0\1a", 6},         {"\x16\3\1\x48\1a", 6}, /* 18433 bytes */
        {"\x80\x2c\1\3\1abcdef", 11},                         /* of SSL 2.0, but not the first */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t cut = 0; cut < 8; cut++) {
            begin();
            says(PROTO_TO_SERVER);
            client_hello("a.example", 9, 0);
            records(ROOM_BYTES);
            put(&talk.bytes, cases[i].bytes, cases[i].len);
            said();
            says(PROTO_TO_CLIENT);
            put(&talk.bytes, cases[i].bytes, cases[i].len);
            said();
            run((struct way){.cut = cut});
            want_client("a.example");
            is_wanted("case", i);
            assert_int_equal(told_anomalies[PROTO_ANOMALY_MALFORMED], 2);
            assert_int_equal(all_anomalies(), 2);
            assert_true(told_over);
        }
}

static void alerts_heartbeats_and_empty_records_are_passed_over(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 20; cut++) {
        begin();
        says(PROTO_TO_SERVER);
        record(HANDSHAKE, "", 0);
        record(ALERT, "\1\0", 2);
        record(HEARTBEAT, "\1\0\1abcdefghijklmnopq", 20);
        client_hello("a.example", 9, 0);
        records(50);
        says(PROTO_TO_CLIENT);
        message(0, "", 0); /* HelloRequest */
        server_hello(0x0303);
        records(20);
        record(ALERT, "\2\x28", 2);
        run((struct way){.cut = cut});
        want_client("a.example");
        want_server();
        is_wanted("cut", cut);
        assert_int_equal(all_anomalies(), 0);
    }
}

static void lists_that_reach_behind_their_hello_have_no_hashes(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    size_t at = open_message(CLIENT_HELLO);
    put_hello_head(&messages, 0x0303, ARRAY(0x1301, 0x002f));
    put_number(&messages, 99, 2);
    close_list(&messages, at, 3);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    at = open_message(SERVER_HELLO);
    put_server_head(&messages, 0x0303, 0x002f);
    put_number(&messages, 99, 2);
    close_list(&messages, at, 3);
    records(ROOM_BYTES);
    run((struct way){0});
    want(PROTO_TO_SERVER, PART_TLS_VERSION, "1.2");
    want(PROTO_TO_SERVER, PART_JA3_STRING, "771,4865-47");
    want(PROTO_TO_CLIENT, PART_TLS_VERSION, "1.2");
    want(PROTO_TO_CLIENT, PART_JA3S_STRING, "771,47");
    is_wanted("behind", 0);
}

static void a_server_with_too_many_extensions_has_no_ja3s(void **state)
{
    (void)state;
    for (unsigned n = 256; n <= 257; n++) {
        begin();
        says(PROTO_TO_CLIENT);
        size_t at = open_message(SERVER_HELLO);
        put_server_head(&messages, 0x0303, 0x002f);
        size_t list = open_list(&messages, 2);
        for (unsigned i = 0; i < n; i++)
            put_extension(&messages, (uint16_t)(100 + i), "", 0);
        close_list(&messages, list, 2);
        close_list(&messages, at, 3);
        records(ROOM_BYTES);
        run((struct way){0});
        assert_non_null(strstr(told_lines, "tls.version=1.2"));
        assert_int_equal(strstr(told_lines, "ja3s.hash") != NULL, n == 256);
        assert_int_equal(strstr(told_lines, "ja3s.string") != NULL, n == 256);
        assert_int_equal(told_anomalies[PROTO_ANOMALY_OVERFLOW], n > 256);
    }
}

static void hellos_that_cannot_be_read_tell_nothing(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    message(CLIENT_HELLO, "\3\3 too short", 12);
    records(ROOM_BYTES);
    says(PROTO_TO_CLIENT);
    message(SERVER_HELLO, "\3\3 too short", 12);
    certificates();
    records(ROOM_BYTES);
    run((struct way){0});
    want_chain();
    is_wanted("short", 0);
    assert_int_equal(told_anomalies[PROTO_ANOMALY_MALFORMED], 1); /* the server's, which is read */
}

static void a_direction_that_ends_amid_a_message_gives_its_room_back(void **state)
{
    (void)state;
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0);
    messages.len -= 5;
    records(ROOM_BYTES);
    record(CCS, "\1", 1);
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
    certificates();
    messages.len -= 5;
    records(ROOM_BYTES);
    record(DATA, "hidden", 6);
    run((struct way){.cut = 11}); /* looks at what is lent */
    want_server();
    is_wanted("amid", 0);
    assert_true(told_over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rooms_what_is_whole_is_told),
        cmocka_unit_test(where_nobody_looks_all_goes_on),
        cmocka_unit_test(after_a_loss_a_direction_is_given_up),
        cmocka_unit_test(a_loss_within_the_servers_flight_leaves_its_hello),
        cmocka_unit_test(of_a_long_chain_what_fits_is_told),
        cmocka_unit_test(of_a_long_hello_what_fits_is_told),
        cmocka_unit_test(a_message_in_one_long_record_is_no_longer_than_others),
        cmocka_unit_test(certificates_that_cannot_be_read_are_passed_over),
        cmocka_unit_test(lists_of_certificates_may_contradict_themselves),
        cmocka_unit_test(texts_with_a_zero_byte_are_as_suricata_has_them),
        cmocka_unit_test(parts_have_a_bound),
        cmocka_unit_test(records_that_are_none_end_their_direction),
        cmocka_unit_test(alerts_heartbeats_and_empty_records_are_passed_over),
        cmocka_unit_test(lists_that_reach_behind_their_hello_have_no_hashes),
        cmocka_unit_test(a_server_with_too_many_extensions_has_no_ja3s),
        cmocka_unit_test(hellos_that_cannot_be_read_tell_nothing),
        cmocka_unit_test(a_direction_that_ends_amid_a_message_gives_its_room_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
