/* Handshakes written by hand: what is told of them, however they are cut, put into records, or
 * lost. */
#include "proto/tls.h"
#include "tests/unit/proto/message_bench.h"
#include "tests/unit/proto/tls_bytes.h"

#include "base/digest.h"

enum { CCS = 20, ALERT, HANDSHAKE, DATA, HEARTBEAT };
enum { CLIENT_HELLO = 1, SERVER_HELLO, TICKET = 4, CERTIFICATE = 11, KEY_EXCHANGE, REQUEST, DONE };
#define ROOM_BYTES 16384

/* What both sides say, one behind the other. */
#define STEPS 16
struct talk {
    unsigned n;
    struct {
        enum proto_direction dir;
        size_t from, len;
        bool lost;
    } steps[STEPS];
    struct made bytes;
};

static struct talk talk;
static struct made messages; /* of the record that is being put together */
static char *told_lines;     /* by the last run */
static unsigned told_messages, told_early,
    told_anomalies[PROTO_ANOMALY_COUNT]; /* early: before the end */
static bool told_over;                   /* before the end */

/* ---- making ---- */

static void says(enum proto_direction dir)
{
    assert_true(talk.n < STEPS);
    talk.steps[talk.n].dir = dir;
    talk.steps[talk.n].from = talk.bytes.len;
    talk.steps[talk.n].len = 0;
    talk.steps[talk.n++].lost = false;
}

static void said(void)
{
    talk.steps[talk.n - 1].len = talk.bytes.len - talk.steps[talk.n - 1].from;
}

static void record(uint8_t type, const void *data, size_t len)
{
    put_number(&talk.bytes, type, 1);
    put_number(&talk.bytes, 0x0301, 2);
    put_number(&talk.bytes, (uint32_t)len, 2);
    put(&talk.bytes, data, len);
    said();
}

/* records: the messages that are ready, in pieces of a size. */
static void records(size_t size)
{
    for (size_t at = 0; at < messages.len; at += size)
        record(HANDSHAKE, messages.data + at, messages.len - at < size ? messages.len - at : size);
    messages.len = 0;
}

static size_t open_message(uint8_t type)
{
    put_number(&messages, type, 1);
    return open_list(&messages, 3);
}

static void message(uint8_t type, const void *data, size_t len)
{
    size_t at = open_message(type);
    put(&messages, data, len);
    close_list(&messages, at, 3);
}

static void client_hello(const char *name, size_t len, uint16_t version)
{
    size_t at = open_message(CLIENT_HELLO);
    put_hello_head(&messages, 0x0303, ARRAY(0x1301, 0x002f));
    size_t list = open_list(&messages, 2);
    put_server_name(&messages, name, len);
    if (version)
        put_extension_list(&messages, 43, 1, ARRAY(version));
    close_list(&messages, list, 2);
    close_list(&messages, at, 3);
}

static void server_hello(uint16_t version)
{
    size_t at = open_message(SERVER_HELLO);
    put_server_head(&messages, 0x0303, 0x002f);
    size_t list = open_list(&messages, 2);
    if (version > 0x0303) {
        uint8_t bytes[2];
        store_be16(bytes, version);
        put_extension(&messages, 43, bytes, 2);
    } else {
        put_extension(&messages, 0xff01, "\0", 1);
    }
    close_list(&messages, list, 2);
    close_list(&messages, at, 3);
}

static size_t open_certificates(void)
{
    size_t at = open_message(CERTIFICATE);
    open_list(&messages, 3);
    return at;
}

static void close_certificates(size_t at)
{
    close_list(&messages, at + 3, 3);
    close_list(&messages, at, 3);
}

static void certificate(const struct made *der)
{
    size_t at = open_list(&messages, 3);
    put(&messages, der->data, der->len);
    close_list(&messages, at, 3);
}

static struct made leaf, authority;

static void certificates(void)
{
    leaf.len = authority.len = 0;
    put_certificate(&leaf, "a.example", "authority");
    put_certificate(&authority, "authority", "root");
    size_t at = open_certificates();
    certificate(&leaf);
    certificate(&authority);
    close_certificates(at);
}

static void begin(void)
{
    talk.n = 0;
    talk.bytes.len = messages.len = 0;
}

/* full: a handshake of TLS 1.2 in records of a size. */
static void full(size_t size)
{
    begin();
    says(PROTO_TO_SERVER);
    client_hello("a.example", 9, 0);
    records(size);
    says(PROTO_TO_CLIENT);
    server_hello(0x0303);
    certificates();
    message(KEY_EXCHANGE, "key", 3);
    message(REQUEST, "\0\0\0\0", 4);
    message(DONE, "", 0);
    records(size);
    says(PROTO_TO_SERVER);
    message(16, "secret", 6);
    records(size);
    record(CCS, "\1", 1);
    record(HANDSHAKE, "\x01\x23\x45\x67 hidden", 11);
    says(PROTO_TO_CLIENT);
    record(CCS, "\1", 1);
    record(HANDSHAKE, "\x0b\0\0\x04 hidden", 11);
    record(DATA, "hidden", 6);
}

/* ---- running ---- */

struct way {
    size_t cut;   /* pieces of this many bytes, 0: whole */
    size_t first; /* the first piece of each step, 0: no matter */
    bool no_rooms, nobody;
};

static void feed_step(struct message_bench *m, enum proto_direction dir, int64_t now,
                      const uint8_t *data, size_t len, const struct way *way)
{
    size_t cut = way->first ? way->first : way->cut ? way->cut : len;
    for (size_t at = 0; at < len;) {
        size_t n = len - at < cut ? len - at : cut;
        feed_bytes(m->bench, dir, now, data + at, (uint32_t)n);
        at += n;
        cut = way->cut ? way->cut : len;
    }
}

/* feed_data: a record of encrypted data of each side. */
static void feed_data(struct message_bench *m)
{
    static const uint8_t record[] = {DATA, 3, 3, 0, 1, 0x99};
    for (int dir = 0; dir < 2; dir++)
        feed_bytes(m->bench, (enum proto_direction)dir, START + STEPS * SECOND, record,
                   sizeof record);
}

static void run(struct way way)
{
    struct message_bench *m = message_bench_new(&tls_parser);
    m->no_rooms = way.no_rooms;
    if (way.nobody) {
        m->bench->sink.message = NULL;
        m->bench->sink.room = NULL;
        m->bench->sink.room_back = NULL;
    }
    for (unsigned i = 0; i < talk.n; i++) {
        int64_t now = START + i * SECOND;
        const uint8_t *data = talk.bytes.data + talk.steps[i].from;
        if (talk.steps[i].lost)
            tls_parser.gap(m->bench->state, talk.steps[i].dir, now, (uint32_t)talk.steps[i].len,
                           &m->bench->sink);
        else
            feed_step(m, talk.steps[i].dir, now, data, talk.steps[i].len, &way);
        assert_int_equal(tls_parser.deadline(m->bench->state), INT64_MAX);
    }
    told_early = m->messages;
    feed_data(m);
    told_over = tls_parser.over(m->bench->state);
    if (told_over)
        assert_int_equal(m->lent, 0);
    tls_parser.end(m->bench->state, START + STEPS * SECOND, OUTCOME_SEEN, &m->bench->sink);
    assert_true(tls_parser.over(m->bench->state));
    assert_int_equal(m->lent, 0);
    free(told_lines);
    told_lines = strdup(message_bench_lines(m));
    told_messages = m->messages;
    memcpy(told_anomalies, m->seen.anomalies, sizeof told_anomalies);
    message_bench_free(m);
}

static unsigned all_anomalies(void)
{
    unsigned n = 0;
    for (int i = 0; i < PROTO_ANOMALY_COUNT; i++)
        n += told_anomalies[i];
    return n;
}

/* ---- what is expected ---- */

static struct message_bench *wanted;

static void want(enum proto_direction dir, enum proto_part_id part, const char *text)
{
    told_line(wanted, dir, 1, part, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void is_wanted(const char *what, size_t number)
{
    const char *lines = message_bench_lines(wanted);
    if (strcmp(told_lines, lines) != 0)
        fail_msg("%s %zu: %s, not %s", what, number, told_lines, lines);
}

static void want_server_name(const char *name, const char *version)
{
    want(PROTO_TO_SERVER, PART_TLS_SNI, name);
    want(PROTO_TO_SERVER, PART_TLS_VERSION, version);
}

/* Hashes by md5sum and sha256sum of these texts. */
static void want_client(const char *name)
{
    want_server_name(name, "1.2");
    want(PROTO_TO_SERVER, PART_JA3_STRING, "771,4865-47,0,,");
    want(PROTO_TO_SERVER, PART_JA3_HASH, "511974de8ee61c0ed69a8e1d1d9c2cba");
    want(PROTO_TO_SERVER, PART_JA4_HASH, "t12d020100_84cdcbea686c_000000000000");
}

static void want_client_13(const char *name)
{
    want_server_name(name, "1.3");
    want(PROTO_TO_SERVER, PART_JA3_STRING, "771,4865-47,0-43,,");
    want(PROTO_TO_SERVER, PART_JA3_HASH, "9d78ae72a02649f9530c77eec0e690d8");
    want(PROTO_TO_SERVER, PART_JA4_HASH, "t13d020200_84cdcbea686c_b9a491fefe05");
}

static void want_server(void)
{
    want(PROTO_TO_CLIENT, PART_TLS_VERSION, "1.2");
    want(PROTO_TO_CLIENT, PART_JA3S_STRING, "771,47,65281");
    want(PROTO_TO_CLIENT, PART_JA3S_HASH, "573a9f3f80037fb40d481e2054def5bb");
}

static void want_server_13(void)
{
    want(PROTO_TO_CLIENT, PART_TLS_VERSION, "1.3");
    want(PROTO_TO_CLIENT, PART_JA3S_STRING, "771,47,43");
    want(PROTO_TO_CLIENT, PART_JA3S_HASH, "eda060e1e5ea1eaa3ea7e9ca509b6676");
}

static enum proto_direction holder = PROTO_TO_CLIENT; /* who sends certificates */

static void want_certificate(const struct made *der)
{
    told_line(wanted, holder, 1, PART_TLS_CERTS, made_view(der));
}

static void want_subject(const char *subject, const char *issuer, const struct made *der)
{
    uint8_t digest[SHA1_BYTES];
    char text[3 * SHA1_BYTES + 1];
    want(holder, PART_TLS_CERT_SUBJECT, subject);
    want(holder, PART_TLS_CERT_ISSUER, issuer);
    want(holder, PART_TLS_CERT_SERIAL, "00:8A:01");
    sha1(digest, der->data, der->len);
    for (unsigned i = 0; i < SHA1_BYTES; i++)
        snprintf(text + 3 * i, 4, "%02x%s", digest[i], i + 1 < SHA1_BYTES ? ":" : "");
    want(holder, PART_TLS_CERT_FINGERPRINT, text);
}

static void want_chain(void)
{
    want_subject("CN=a.example", "CN=authority", &leaf);
    want_certificate(&leaf);
    want_certificate(&authority);
}

/* ---- tests ---- */

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

static int set_up(void **state)
{
    (void)state;
    wanted = message_bench_new(&tls_parser);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    message_bench_free(wanted);
    free(told_lines);
    return 0;
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
        cmocka_unit_test(beginnings_are_recognised),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
