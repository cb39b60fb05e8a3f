/* Which protocol a flow speaks does not depend on how its first bytes come. */
#include "tests/unit/dataplane/line_fixture.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define SSH     "SSH-2.0-OpenSSH_9.2\r\n"
#define MODBUS  "\0\1\0\0\0\6\1\3\0\0\0\1"

static const struct {
    uint16_t port;
    const char *data;
    unsigned len;
    enum protocol protocol; /* UNKNOWN: nobody's */
    const char *why;
} rows[] = {
    {8081, REQUEST, sizeof REQUEST - 1, PROTOCOL_HTTP, "by what it says, on any port"},
    {502, REQUEST, sizeof REQUEST - 1, PROTOCOL_HTTP,
     "its first bytes could be a number of Modbus"},
    {80, SSH, sizeof SSH - 1, PROTOCOL_SSH, "its first byte could be a method of HTTP"},
    {502, MODBUS, sizeof MODBUS - 1, PROTOCOL_MODBUS, "by its port, for its bytes may be it"},
    {9999, "~~~~~~~~~~~~~~~", 15, PROTOCOL_UNKNOWN, "no parser's"},
};

static struct frame_spec segment(uint16_t port, uint32_t at, const char *data, unsigned len)
{
    struct frame_spec s = to_server(TCP_ACK, 1000 + at, 7000);
    s.target_port = port;
    s.payload = data;
    s.payload_len = len;
    return s;
}

/* play: the row's bytes in pieces of this length. */
static struct flow *play(struct line_fixture *x, size_t row, unsigned piece)
{
    struct frame_spec s = segment(rows[row].port, 0, NULL, 0);
    s.flags = TCP_SYN;
    s.seq = 999;
    fixture_send(x, 0, &s);
    for (unsigned at = 0, n; at < rows[row].len; at += n) {
        n = piece < rows[row].len - at ? piece : rows[row].len - at;
        s = segment(rows[row].port, at, rows[row].data + at, n);
        fixture_send(x, 1 + at, &s);
    }
    return fixture_flow(x, &s);
}

static void a_protocol_is_told_however_its_bytes_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned piece = 1; piece <= rows[i].len; piece++) {
            struct line_fixture *x = fixture_make(1, 4096, 0);
            const struct flow *f = play(x, i, piece);
            bool known = rows[i].protocol != PROTOCOL_UNKNOWN;
            if (f->app != (known ? APP_PARSED : APP_OPAQUE) ||
                (known && proto_parsers[f->parser]->protocol != rows[i].protocol))
                fail_msg("row %zu in pieces of %u: app %u; %s", i, piece, f->app, rows[i].why);
            /* The parser has had all of it, from the start. */
            assert_int_equal(line_stats(x->lines[0])->counters.app_bytes, known ? rows[i].len : 0);
            fixture_free(x);
        }
}

/* What is kept goes back when nothing will tell, and when the flow ends before anything did. */
static void what_was_kept_goes_back(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    struct flow *f;
    struct frame_spec s = segment(8081, 0, "GE", 2);
    fixture_send(x, 0, &s);
    f = fixture_flow(x, &s);
    assert_int_equal(f->app, APP_UNDECIDED);
    assert_int_not_equal(f->app_item, POOL_NONE);
    s = segment(8081, 2, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14);
    fixture_send(x, 1, &s);
    assert_int_equal(f->app, APP_OPAQUE);
    assert_int_equal(f->app_item, POOL_NONE);
    fixture_free(x);

    x = fixture_make(1, 4096, 0);
    for (unsigned i = 0; i < 2 * 4096; i++) { /* more flows than the pool has items */
        s = segment(8081, 0, "GE", 2);
        s.source_port = (uint16_t)(1024 + i);
        fixture_send(x, 2 * i, &s);
        s = segment(8081, 2, NULL, 0);
        s.source_port = (uint16_t)(1024 + i);
        s.flags = TCP_RST;
        fixture_send(x, 2 * i + 1, &s);
        line_expire(x->lines[0], (int64_t)(i + 1) * 3600 * NS_PER_S);
    }
    assert_int_equal(line_stats(x->lines[0])->counters.app_state_full, 0);
    fixture_free(x);
}

/* Bytes that never come make what was kept useless: what follows is asked by itself. */
static void a_gap_begins_anew(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    struct frame_spec s = segment(8081, 0, "GE", 2), ack = to_client(TCP_ACK, 7000, 1102);
    fixture_send(x, 0, &s);
    s = segment(8081, 102, REQUEST, sizeof REQUEST - 1);
    fixture_send(x, 1, &s);
    ack.source_port = 8081;
    fixture_send(x, 2, &ack);
    const struct flow *f = fixture_flow(x, &s);
    assert_int_equal(f->app, APP_PARSED);
    assert_int_equal(proto_parsers[f->parser]->protocol, PROTOCOL_HTTP);
    assert_int_equal(line_stats(x->lines[0])->counters.app_bytes, sizeof REQUEST - 1);
    fixture_free(x);
}

/* A keep-alive repeats a byte that was sent before the capture; the protocol of the port begins
 * behind it. */
static void a_byte_before_the_first_message_is_passed_over(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    struct frame_spec s = segment(502, 0, "\1", 1);
    fixture_send(x, 0, &s);
    s = segment(502, 1, MODBUS, sizeof MODBUS - 1);
    fixture_send(x, 1, &s);
    const struct flow *f = fixture_flow(x, &s);
    assert_int_equal(f->app, APP_PARSED);
    assert_int_equal(flow_protocol(f), PROTOCOL_MODBUS);
    assert_int_equal(line_stats(x->lines[0])->counters.app_bytes, sizeof MODBUS - 1);
    fixture_free(x);
}

/* A conversation over SMTP up to what STARTTLS is answered with; then what the client sends. */
static struct flow *behind_starttls(struct line_fixture *x, const char *data, unsigned len)
{
    static const struct {
        bool client;
        const char *text;
    } lines[] = {{false, "220 mx ESMTP\r\n"},
                 {true, "EHLO x\r\n"},
                 {false, "250-mx\r\n250 STARTTLS\r\n"},
                 {true, "STARTTLS\r\n"},
                 {false, "220 go ahead\r\n"}};
    uint32_t seq[2] = {7000, 1000};
    struct frame_spec s;
    int64_t t = 0;
    for (size_t i = 0; i <= sizeof lines / sizeof lines[0]; i++) {
        bool last = i == sizeof lines / sizeof lines[0], client = last || lines[i].client;
        const char *text = last ? data : lines[i].text;
        unsigned n = last ? len : (unsigned)strlen(text);
        s = client ? to_server(TCP_ACK, seq[1], seq[0]) : to_client(TCP_ACK, seq[0], seq[1]);
        *(client ? &s.target_port : &s.source_port) = 25;
        s.payload = text;
        s.payload_len = n;
        seq[client] += n;
        fixture_send(x, t++, &s);
        if (i == 3)
            assert_int_equal(flow_protocol(fixture_flow(x, &s)), PROTOCOL_SMTP);
    }
    return fixture_flow(x, &s);
}

/* RFC 3207: TLS begins where the server has said that it is ready; it is parsed as TLS anywhere. */
static void a_protocol_may_give_way_to_another(void **state)
{
    (void)state;
    static const char hello[] = "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03"
                                "0123456789abcdef0123456789abcdef\x00"
                                "\x00\x02\x13\x01\x01\x00\x00\x00";
    struct line_fixture *x = fixture_make(1, 4096, 0);
    const struct flow *f = behind_starttls(x, hello, sizeof hello - 1);
    assert_int_equal(f->app, APP_PARSED);
    assert_int_equal(flow_protocol(f), PROTOCOL_TLS);
    fixture_free(x);

    /* What nobody knows leaves it at what it was. */
    x = fixture_make(1, 4096, 0);
    f = behind_starttls(x, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15);
    assert_int_equal(flow_protocol(f), PROTOCOL_SMTP);
    assert_int_equal(f->app_item, POOL_NONE);
    fixture_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_protocol_is_told_however_its_bytes_come),
        cmocka_unit_test(what_was_kept_goes_back),
        cmocka_unit_test(a_gap_begins_anew),
        cmocka_unit_test(a_byte_before_the_first_message_is_passed_over),
        cmocka_unit_test(a_protocol_may_give_way_to_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
