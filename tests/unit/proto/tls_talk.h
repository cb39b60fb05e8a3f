/* Handshakes of TLS written by hand, and what is told of them however they are cut. */
#ifndef TESTS_UNIT_PROTO_TLS_TALK_H
#define TESTS_UNIT_PROTO_TLS_TALK_H

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

static inline void says(enum proto_direction dir)
{
    assert_true(talk.n < STEPS);
    talk.steps[talk.n].dir = dir;
    talk.steps[talk.n].from = talk.bytes.len;
    talk.steps[talk.n].len = 0;
    talk.steps[talk.n++].lost = false;
}

static inline void said(void)
{
    talk.steps[talk.n - 1].len = talk.bytes.len - talk.steps[talk.n - 1].from;
}

static inline void record(uint8_t type, const void *data, size_t len)
{
    put_number(&talk.bytes, type, 1);
    put_number(&talk.bytes, 0x0301, 2);
    put_number(&talk.bytes, (uint32_t)len, 2);
    put(&talk.bytes, data, len);
    said();
}

/* records: the messages that are ready, in pieces of a size. */
static inline void records(size_t size)
{
    for (size_t at = 0; at < messages.len; at += size)
        record(HANDSHAKE, messages.data + at, messages.len - at < size ? messages.len - at : size);
    messages.len = 0;
}

static inline size_t open_message(uint8_t type)
{
    put_number(&messages, type, 1);
    return open_list(&messages, 3);
}

static inline void message(uint8_t type, const void *data, size_t len)
{
    size_t at = open_message(type);
    put(&messages, data, len);
    close_list(&messages, at, 3);
}

static inline void client_hello(const char *name, size_t len, uint16_t version)
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

static inline void server_hello(uint16_t version)
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

static inline size_t open_certificates(void)
{
    size_t at = open_message(CERTIFICATE);
    open_list(&messages, 3);
    return at;
}

static inline void close_certificates(size_t at)
{
    close_list(&messages, at + 3, 3);
    close_list(&messages, at, 3);
}

static inline void certificate(const struct made *der)
{
    size_t at = open_list(&messages, 3);
    put(&messages, der->data, der->len);
    close_list(&messages, at, 3);
}

static struct made leaf, authority;

static inline void certificates(void)
{
    leaf.len = authority.len = 0;
    put_certificate(&leaf, "a.example", "authority");
    put_certificate(&authority, "authority", "root");
    size_t at = open_certificates();
    certificate(&leaf);
    certificate(&authority);
    close_certificates(at);
}

static inline void begin(void)
{
    talk.n = 0;
    talk.bytes.len = messages.len = 0;
}

/* full: a handshake of TLS 1.2 in records of a size. */
static inline void full(size_t size)
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

static inline void feed_step(struct message_bench *m, enum proto_direction dir, int64_t now,
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
static inline void feed_data(struct message_bench *m)
{
    static const uint8_t record[] = {DATA, 3, 3, 0, 1, 0x99};
    for (int dir = 0; dir < 2; dir++)
        feed_bytes(m->bench, (enum proto_direction)dir, START + STEPS * SECOND, record,
                   sizeof record);
}

static inline void run(struct way way)
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

static inline unsigned all_anomalies(void)
{
    unsigned n = 0;
    for (int i = 0; i < PROTO_ANOMALY_COUNT; i++)
        n += told_anomalies[i];
    return n;
}

/* ---- what is expected ---- */

static struct message_bench *wanted;

static inline void want(enum proto_direction dir, enum proto_part_id part, const char *text)
{
    told_line(wanted, dir, 1, part, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static inline void is_wanted(const char *what, size_t number)
{
    const char *lines = message_bench_lines(wanted);
    if (strcmp(told_lines, lines) != 0)
        fail_msg("%s %zu: %s, not %s", what, number, told_lines, lines);
}

static inline void want_server_name(const char *name, const char *version)
{
    want(PROTO_TO_SERVER, PART_TLS_SNI, name);
    want(PROTO_TO_SERVER, PART_TLS_VERSION, version);
}

/* Hashes by md5sum and sha256sum of these texts. */
static inline void want_client(const char *name)
{
    want_server_name(name, "1.2");
    want(PROTO_TO_SERVER, PART_JA3_STRING, "771,4865-47,0,,");
    want(PROTO_TO_SERVER, PART_JA3_HASH, "511974de8ee61c0ed69a8e1d1d9c2cba");
    want(PROTO_TO_SERVER, PART_JA4_HASH, "t12d020100_84cdcbea686c_000000000000");
}

static inline void want_client_13(const char *name)
{
    want_server_name(name, "1.3");
    want(PROTO_TO_SERVER, PART_JA3_STRING, "771,4865-47,0-43,,");
    want(PROTO_TO_SERVER, PART_JA3_HASH, "9d78ae72a02649f9530c77eec0e690d8");
    want(PROTO_TO_SERVER, PART_JA4_HASH, "t13d020200_84cdcbea686c_b9a491fefe05");
}

static inline void want_server(void)
{
    want(PROTO_TO_CLIENT, PART_TLS_VERSION, "1.2");
    want(PROTO_TO_CLIENT, PART_JA3S_STRING, "771,47,65281");
    want(PROTO_TO_CLIENT, PART_JA3S_HASH, "573a9f3f80037fb40d481e2054def5bb");
}

static inline void want_server_13(void)
{
    want(PROTO_TO_CLIENT, PART_TLS_VERSION, "1.3");
    want(PROTO_TO_CLIENT, PART_JA3S_STRING, "771,47,43");
    want(PROTO_TO_CLIENT, PART_JA3S_HASH, "eda060e1e5ea1eaa3ea7e9ca509b6676");
}

static enum proto_direction holder = PROTO_TO_CLIENT; /* who sends certificates */

static inline void want_certificate(const struct made *der)
{
    told_line(wanted, holder, 1, PART_TLS_CERTS, made_view(der));
}

static inline void want_subject(const char *subject, const char *issuer, const struct made *der)
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

static inline void want_chain(void)
{
    want_subject("CN=a.example", "CN=authority", &leaf);
    want_certificate(&leaf);
    want_certificate(&authority);
}

static inline int set_up(void **state)
{
    (void)state;
    wanted = message_bench_new(&tls_parser);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    message_bench_free(wanted);
    free(told_lines);
    return 0;
}

#endif
