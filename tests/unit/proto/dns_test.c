/* DNS: names, what is told of queries, streams however they are cut, and recognition. */
#include "proto/dns.h"
#include "proto/dns_message.h"
#include "tests/unit/proto/message_bench.h"

#define ROOM_TO_SERVER 16384

/* ---- messages by hand ---- */

struct made {
    uint8_t data[70000];
    uint32_t len;
};

static void put(struct made *m, const void *data, uint32_t len)
{
    assert_true(m->len + len <= sizeof m->data);
    memcpy(m->data + m->len, data, len);
    m->len += len;
}

static void put_hex(struct made *m, const char *hex)
{
    uint8_t data[600];
    put(m, data, unhex(hex, data));
}

static void put_number(struct made *m, unsigned number)
{
    const uint8_t bytes[2] = {(uint8_t)(number >> 8), (uint8_t)number};
    put(m, bytes, 2);
}

static struct made *made_new(void)
{
    struct made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    return m;
}

/* put_name: dotted text as labels, without pointers and, unless `open`, with the root behind. */
static void put_name(struct made *m, const char *text, bool open)
{
    while (*text) {
        uint8_t len = (uint8_t)strcspn(text, ".");
        put(m, &len, 1);
        put(m, text, len);
        text += len + (text[len] == '.');
    }
    if (!open)
        put_hex(m, "00");
}

/* put_query: an ordinary query for a name of type A. */
static void put_query(struct made *m, const char *name)
{
    put_hex(m, "1234 0100 0001 0000 0000 0000");
    put_name(m, name, false);
    put_hex(m, "0001 0001");
}

/* put_framed: behind its length, as over TCP. */
static void put_framed(struct made *m, const struct made *message)
{
    put_number(m, message->len);
    put(m, message->data, message->len);
}

static void put_framed_query(struct made *m, const char *name)
{
    struct made *query = made_new();
    put_query(query, name);
    put_framed(m, query);
    free(query);
}

static const char *datagram(struct message_bench *m, enum proto_direction dir,
                            const struct made *message)
{
    feed_bytes(m->bench, dir, START, message->data, message->len);
    return message_bench_lines(m);
}

/* ---- what is told of one query ---- */

#define HEAD(questions) "1234 0100 " questions " 0000 0000 0000 "
#define QUERY           HEAD("0001")
#define END             " 0001 0001" /* type A, class IN */

static void names_are_as_suricata_has_them(void **unused)
{
    (void)unused;
    /* All of these were put to Suricata 7.0.10 by rules with dns.query. */
    static const struct {
        const char *bytes, *told;
    } cases[] = {
        /* as they were sent, upper case too */
        {QUERY "03 777777 07 4578616d706c65 03 434f4d 00" END, "1 > dns.query=www.Example.COM\n"},
        /* any byte may be in a label: zero, a dot, 0xff, a backslash */
        {QUERY "03 610062 03 632e64 02 fffe 02 5c78 00" END,
         "1 > dns.query=a\\x00b.c.d.\\xff\\xfe.\\x5cx\n"},
        /* the root is a name without text, and no part */
        {QUERY "00" END, ""},
        /* one part a question */
        {HEAD("0003") "01 61 00" END "01 62 00" END "01 63 00" END,
         "1 > dns.query=a\n1 > dns.query=b\n1 > dns.query=c\n"},
        /* behind a question for the root no other is looked at */
        {HEAD("0003") "01 61 00" END "00" END "01 63 00" END, "1 > dns.query=a\n"},
        {HEAD("0002") "00" END "01 63 00" END, ""},
        /* a pointer to the name in front */
        {HEAD("0002") "01 61 03 6f6e65 00" END "01 62 c00c" END,
         "1 > dns.query=a.one\n1 > dns.query=b.a.one\n"},
        /* to a name that ends in a pointer; the next question is behind the first */
        {HEAD("0004") "01 61 03 6f6e65 00" END "01 62 c00c" END "01 63 c017" END "01 64 00" END,
         "1 > dns.query=a.one\n1 > dns.query=b.a.one\n1 > dns.query=c.b.a.one\n"
         "1 > dns.query=d\n"},
        /* to a pointer to itself: what is there is the name */
        {QUERY "01 61 c014" END "c014", "1 > dns.query=a\n"},
        /* forward, to bytes behind the question */
        {QUERY "01 61 c014" END "01 78 01 79 00", "1 > dns.query=a.x.y\n"},
        /* to the end of the message, where a name ends as well */
        {QUERY "01 61 c014" END, "1 > dns.query=a\n"},
        /* into the header: 12 34, a label longer than the message */
        {QUERY "01 61 c000" END, NULL},
        /* into the header: 01 00 is a label of a zero, 00 ends it (bytes 2 to 4) */
        {QUERY "01 61 c002" END, "1 > dns.query=a.\\x00\n"},
        /* extended DNS (RFC 6891, 6.1.2), whole and cut: only counts are looked at */
        {"1234 0100 0001 0000 0000 0001 01 61 00" END "00 0029 1000 00000000 0000",
         "1 > dns.query=a\n"},
        {"1234 0100 0001 0000 0000 0001 01 61 00" END "00 0029 1000", "1 > dns.query=a\n"},
        /* bytes behind the last record */
        {QUERY "01 61 00" END "7a7a7a7a", "1 > dns.query=a\n"},
        /* any opcode: an update (RFC 2136) has its zone there; 15 is nothing known */
        {"1234 2800 0001 0000 0000 0000 01 61 00 0006 0001", "1 > dns.query=a\n"},
        {"1234 7840 0001 0000 0000 0000 01 61 00" END, "1 > dns.query=a\n"},
        /* no question at all */
        {HEAD("0000"), ""},
        {HEAD("0000") "7a7a7a7a7a", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message_bench *m = message_bench_new(&dns_datagram_parser);
        feed_hex(m->bench, PROTO_TO_SERVER, START, cases[i].bytes);
        const char *told = message_bench_lines(m);
        if (strcmp(told, cases[i].told ? cases[i].told : "") ||
            m->messages != (cases[i].told != NULL) || anomalies(m->bench) != 0)
            fail_msg("%s: %u messages, %s", cases[i].bytes, m->messages, told);
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_MALFORMED], cases[i].told == NULL);
        message_bench_free(m);
    }
}

static void malformed_queries_are_told_as_an_anomaly_once(void **unused)
{
    (void)unused;
    static const char *const cases[] = {
        "1234 0100 0001 0000 0000 00", /* a header that is cut */
        HEAD("0008") "01 61 00" END,   /* more questions than there is room for: 12 + 16 > 19 */
        HEAD("ffff") "01 61 00" END,   /* as many as can be written */
        QUERY "05 6162",               /* a label that is cut */
        QUERY "01 61",                 /* a name without an end */
        QUERY "01 61 00 00",           /* a type that is cut */
        QUERY "01 61 c0",              /* a pointer that is cut */
        QUERY "01 61 c014" END "c0ff", /* one that leads out of the message by way of another */
        QUERY "01 61 400c" END,        /* what would be one, were its kind not 01 */
        QUERY "01 61 c0ff" END,        /* one that leads out of the message */
        QUERY "c00c" END,              /* to itself */
        QUERY "01 61 c00e" END,        /* to itself, behind a label */
        QUERY "41 61 00" END,          /* kinds of labels that there are none of */
        QUERY "81 61 00" END,
        HEAD("0002") "01 61 00" END "05 61", /* the second question is cut: nothing is told */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message_bench *m = message_bench_new(&dns_datagram_parser);
        for (int twice = 0; twice < 2; twice++)
            feed_hex(m->bench, PROTO_TO_SERVER, START, cases[i]);
        if (m->messages != 0 || m->seen.anomalies[PROTO_ANOMALY_MALFORMED] != 1)
            fail_msg("%s: %u messages", cases[i], m->messages);
        /* what follows is read all the same */
        feed_hex(m->bench, PROTO_TO_SERVER, START, QUERY "01 61 00" END);
        assert_string_equal(message_bench_lines(m), "1 > dns.query=a\n");
        message_bench_free(m);
    }
}

/* many: n labels of `len` letters a. */
static void put_many(struct made *m, unsigned n, uint8_t len)
{
    uint8_t letters[63];
    memset(letters, 'a', sizeof letters);
    for (unsigned i = 0; i < n; i++) {
        put(m, &len, 1);
        put(m, letters, len);
    }
}

static size_t length_told(struct message_bench *m, const struct made *message)
{
    const char *told = datagram(m, PROTO_TO_SERVER, message), *from = strchr(told, '=');
    return from ? strlen(from + 1) - 1 : 0;
}

static void long_names_are_cut_where_suricata_cuts_them(void **unused)
{
    (void)unused;
    static const struct {
        unsigned labels;
        uint8_t len;
        size_t told;
    } cases[] = {
        {5, 63, 319},                   /* longer than RFC 1035 allows, 255 */
        {16, 63, 1023}, {17, 63, 1025}, /* 1087 without the limit */
        {255, 1, 509},  {256, 1, 0},    /* one label too many: malformed */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message_bench *m = message_bench_new(&dns_datagram_parser);
        struct made *message = made_new();
        put_hex(message, QUERY);
        put_many(message, cases[i].labels, cases[i].len);
        put_hex(message, "00" END);
        assert_int_equal(length_told(m, message), cases[i].told);
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_MALFORMED], cases[i].told == 0);
        free(message);
        message_bench_free(m);
    }
    /* A circle of pointers is cut at 255 steps: 128 times "a", 127 dots. */
    struct message_bench *m = message_bench_new(&dns_datagram_parser);
    struct made *circle = made_new();
    put_hex(circle, QUERY "01 61 c00c" END);
    assert_int_equal(length_told(m, circle), 255);
    free(circle);
    message_bench_free(m);
}

static void names_without_end_cost_little_and_leave_later_questions_out(void **unused)
{
    (void)unused;
    struct message_bench *m = message_bench_new(&dns_datagram_parser);
    struct made *message = made_new();
    put_hex(message, HEAD("0040"));
    for (int i = 0; i < 64; i++)
        put_hex(message, "01 61 c00c" END);
    datagram(m, PROTO_TO_SERVER, message);
    /* 255 steps each: the fifth would begin behind 1024. */
    const char *told = m->lines;
    unsigned n = 0;
    for (; (told = strstr(told, "dns.query=")); told++)
        n++;
    assert_int_equal(n, 4);
    assert_int_equal(m->messages, 1);
    free(message);
    message_bench_free(m);
}

static void at_most_as_many_questions_as_parts_are_told(void **unused)
{
    (void)unused;
    struct message_bench *m = message_bench_new(&dns_datagram_parser);
    struct made *message = made_new();
    put_hex(message, HEAD("0064"));
    for (int i = 0; i < 100; i++)
        put_hex(message, i == 64 ? "41 61 00" END : "01 61 00" END); /* nobody asks for the 65th */
    const char *told = datagram(m, PROTO_TO_SERVER, message);
    unsigned n = 0;
    for (; (told = strchr(told, '\n')); told++)
        n++;
    assert_int_equal(n, PROTO_MESSAGE_PARTS);
    free(message);
    message_bench_free(m);
}

static unsigned small_scratch_lens[2];

static void into_small_scratch(void *ctx, const struct proto_message *message)
{
    (void)ctx;
    uint8_t *memory = malloc(12);
    assert_non_null(memory);
    struct proto_scratch scratch = {.data = memory, .room = 12, .used = 4};
    struct proto_part out[PROTO_MESSAGE_PARTS];
    unsigned n = message->parts(message, &scratch, out);
    assert_true(n == 1 && scratch.used == 12);
    assert_memory_equal(out[0].bytes.data, "abc.defg", 8);
    small_scratch_lens[0] = (unsigned)out[0].bytes.len;
    free(memory);
}

static void what_finds_no_room_in_the_scratch_is_cut(void **unused)
{
    (void)unused;
    struct message_bench *m = message_bench_new(&dns_datagram_parser);
    m->bench->sink.message = into_small_scratch;
    struct made *message = made_new();
    put_query(message, "abc.defghi.example");
    datagram(m, PROTO_TO_SERVER, message);
    assert_int_equal(small_scratch_lens[0], 8);
    free(message);
    message_bench_free(m);
}

static void answers_and_what_the_server_sends_are_not_told(void **unused)
{
    (void)unused;
    struct message_bench *m = message_bench_new(&dns_datagram_parser);
    const char *answer =
        "1234 8180 0001 0001 0000 0000 01 61 00" END "c00c 0001 0001 00000e10 0004 c0000201";
    feed_hex(m->bench, PROTO_TO_CLIENT, START, answer);
    feed_hex(m->bench, PROTO_TO_CLIENT, START, "ffff");
    feed_hex(m->bench, PROTO_TO_CLIENT, START, QUERY "01 61 00" END);
    feed_hex(m->bench, PROTO_TO_SERVER, START, answer);
    assert_int_equal(m->messages, 0);
    assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_MALFORMED], 0);
    message_bench_free(m);
    m = message_bench_new(&dns_stream_parser);
    feed_hex(m->bench, PROTO_TO_CLIENT, START, "0013" QUERY "01 61 00" END);
    feed_hex(m->bench, PROTO_TO_CLIENT, START, "0013" QUERY "01 61");
    feed_hex(m->bench, PROTO_TO_SERVER, START, "0013" QUERY "01 62 00" END);
    assert_string_equal(message_bench_lines(m), "1 > dns.query=b\n");
    message_bench_free(m);
}

static void nothing_is_done_where_nobody_looks(void **unused)
{
    (void)unused;
    const struct proto_parser *const parsers[] = {&dns_datagram_parser, &dns_stream_parser};
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new(parsers[i]);
        feed_hex(b, PROTO_TO_SERVER, START, "0100 0001");
        feed_hex(b, PROTO_TO_SERVER, START, QUERY "41 61 00" END);
        parsers[i]->gap(b->state, PROTO_TO_CLIENT, START, 10, &b->sink);
        assert_int_equal(parsers[i]->deadline(b->state), INT64_MAX);
        parsers[i]->expire(b->state, START, &b->sink);
        parsers[i]->end(b->state, START, OUTCOME_UNANSWERED, &b->sink);
        assert_int_equal(anomalies(b) + b->seen.n, 0);
        free(b);
    }
}

/* ---- streams ---- */

/* feed_cut: in pieces of so many bytes. */
static void feed_cut(struct message_bench *m, const struct made *stream, uint32_t from, uint32_t to,
                     uint32_t piece)
{
    for (uint32_t n; from < to; from += n) {
        n = to - from < piece ? to - from : piece;
        feed_bytes(m->bench, PROTO_TO_SERVER, START, stream->data + from, n);
    }
}

static void gap_in(struct message_bench *m, uint32_t len)
{
    m->bench->parser->gap(m->bench->state, PROTO_TO_SERVER, START, len, &m->bench->sink);
}

/* A talk with all that may stand in a stream: two queries in one go, an empty message, an answer, a
 * malformed one, an unusual one, and one longer than the room. */
static struct made *talk(void)
{
    struct made *stream = made_new(), *one = made_new();
    put_framed_query(stream, "first.example");
    put_framed_query(stream, "second.example");
    put_hex(stream, "0000");
    put_hex(one, "1234 8180 0001 0000 0000 0000 01 61 00" END);
    put_framed(stream, one);
    put_framed_query(stream, "third.example");
    one->len = 0;
    put_hex(one, HEAD("0002") "01 61 00" END "01 62 c00c" END);
    put_framed(stream, one);
    one->len = 0;
    /* padded (RFC 7830) to 20,000 bytes */
    put_hex(one, "1234 0100 0001 0000 0000 0001");
    put_name(one, "padded.example", false);
    put_hex(one, "0001 0001 00 0029 1000 00000000");
    put_number(one, 20000 - one->len - 2);
    memset(one->data + one->len, 0, 20000 - one->len);
    one->len = 20000;
    put_framed(stream, one);
    put_framed_query(stream, "last.example");
    free(one);
    return stream;
}

static const char talk_told[] = "1 > dns.query=first.example\n"
                                "2 > dns.query=second.example\n"
                                "3 > dns.query=third.example\n"
                                "4 > dns.query=a\n4 > dns.query=b.a\n"
                                "5 > dns.query=padded.example\n"
                                "6 > dns.query=last.example\n";

static void any_cut_of_a_stream_tells_the_same(void **unused)
{
    (void)unused;
    struct made *stream = talk();
    for (uint32_t piece = 1; piece <= stream->len; piece += piece < 100 ? 1 : 997) {
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        feed_cut(m, stream, 0, stream->len, piece);
        if (strcmp(message_bench_lines(m), talk_told))
            fail_msg("pieces of %u: %s", piece, m->lines);
        assert_int_equal(m->lent, 0);
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_MALFORMED] +
                             m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC] +
                             m->seen.anomalies[PROTO_ANOMALY_OVERFLOW],
                         0);
        message_bench_free(m);
    }
    /* and two pieces, cut anywhere */
    for (uint32_t at = 0; at <= stream->len; at += at < 300 ? 1 : 61) {
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        feed_cut(m, stream, 0, at, UINT32_MAX);
        feed_cut(m, stream, at, stream->len, UINT32_MAX);
        assert_string_equal(message_bench_lines(m), talk_told);
        message_bench_free(m);
    }
    free(stream);
}

static void whole_messages_need_no_room(void **unused)
{
    (void)unused;
    struct made *stream = talk();
    struct message_bench *m = message_bench_new(&dns_stream_parser);
    m->no_rooms = true;
    feed_cut(m, stream, 0, stream->len, UINT32_MAX);
    assert_string_equal(message_bench_lines(m), talk_told);
    message_bench_free(m);
    /* nor do those whose length came alone */
    m = message_bench_new(&dns_stream_parser);
    m->no_rooms = true;
    feed_cut(m, stream, 0, 2, UINT32_MAX);
    feed_cut(m, stream, 2, stream->len, UINT32_MAX);
    assert_string_equal(message_bench_lines(m), talk_told);
    message_bench_free(m);
    free(stream);
}

static void without_a_room_a_message_is_given_up_and_the_next_is_told(void **unused)
{
    (void)unused;
    struct made *stream = made_new();
    struct message_bench *m = message_bench_new(&dns_stream_parser);
    put_framed_query(stream, "cut.example");
    uint32_t first = stream->len;
    put_framed_query(stream, "whole.example");
    m->no_rooms = true;
    feed_cut(m, stream, 0, 9, UINT32_MAX);
    feed_cut(m, stream, 9, first - 1, UINT32_MAX);
    feed_cut(m, stream, first - 1, stream->len, UINT32_MAX);
    assert_string_equal(message_bench_lines(m), "1 > dns.query=whole.example\n");
    assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 0);
    free(stream);
    message_bench_free(m);
}

static void somebody_may_begin_or_cease_to_look_inside_a_message(void **unused)
{
    (void)unused;
    struct made *stream = talk();
    for (uint32_t at = 0; at < stream->len; at += at < 300 ? 1 : 61) {
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        m->bench->sink.message = NULL;
        feed_cut(m, stream, 0, at, 7);
        assert_int_equal(m->lent, 0);
        m->bench->sink.message = told_message;
        feed_cut(m, stream, at, stream->len, 7);
        const char *told = message_bench_lines(m), *last = strstr(told, "last.example");
        assert_true(last || at > stream->len - 30);
        message_bench_free(m);
        m = message_bench_new(&dns_stream_parser);
        feed_cut(m, stream, 0, at, 7);
        m->bench->sink.message = NULL;
        feed_cut(m, stream, at, stream->len, 7);
        assert_int_equal(m->lent, 0);
        told = message_bench_lines(m);
        assert_memory_equal(told, talk_told, strlen(told) < 3 ? 0 : strlen(told) - 2);
        message_bench_free(m);
    }
    free(stream);
}

static void a_message_of_the_size_of_the_room_waits_in_it(void **unused)
{
    (void)unused;
    for (uint32_t size = ROOM_TO_SERVER - 1; size <= ROOM_TO_SERVER + 1; size++) {
        struct made *stream = made_new(), *one = made_new();
        put_query(one, "large.example");
        one->len = size; /* zeros behind the question */
        put_framed(stream, one);
        put_framed_query(stream, "next.example");
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        feed_cut(m, stream, 0, stream->len, 1400);
        assert_string_equal(message_bench_lines(m),
                            "1 > dns.query=large.example\n2 > dns.query=next.example\n");
        free(one);
        free(stream);
        message_bench_free(m);
    }
}

static void a_malformed_message_costs_what_cannot_be_a_query_behind_it(void **unused)
{
    (void)unused;
    struct made *stream = made_new(), *one = made_new();
    put_hex(one, QUERY "41 61 00" END);
    put_framed(stream, one);
    put_framed_query(stream, "found.example"); /* an ordinary query: that is one surely */
    put_framed(stream, one);
    put_hex(stream, "0003 616263"); /* too short for a message */
    put_framed_query(stream, "again.example");
    for (uint32_t piece = 1; piece < 40; piece++) {
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        feed_cut(m, stream, 0, stream->len, piece);
        assert_string_equal(message_bench_lines(m),
                            "1 > dns.query=found.example\n2 > dns.query=again.example\n");
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_MALFORMED], 1);
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
        message_bench_free(m);
    }
    free(one);
    free(stream);
}

/* Whatever part of a talk is lost, nothing is told that was not sent, and from the second whole
 * query behind the loss on everything is. */
static void a_gap_anywhere_invents_nothing_and_later_queries_are_told(void **unused)
{
    (void)unused;
    struct made *stream = made_new();
    char names[8][32];
    uint32_t begins[8];
    for (int i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "host-%d.example", i);
        begins[i] = stream->len;
        put_framed_query(stream, names[i]);
    }
    for (uint32_t from = 0; from < stream->len; from++)
        for (uint32_t lost = 1; lost < 70 && from + lost <= stream->len; lost++)
            for (int known = 0; known < 2; known++) {
                struct message_bench *m = message_bench_new(&dns_stream_parser);
                feed_cut(m, stream, 0, from, 11);
                gap_in(m, known ? lost : 0);
                feed_cut(m, stream, from + lost, stream->len, 11);
                const char *told = message_bench_lines(m);
                for (int i = 0; i < 8; i++) {
                    uint32_t end = i < 7 ? begins[i + 1] : stream->len;
                    bool whole = end <= from || begins[i] >= from + lost;
                    char line[48];
                    snprintf(line, sizeof line, "dns.query=%s\n", names[i]);
                    if (whole != (strstr(told, line) != NULL))
                        fail_msg("%u lost at %u, %s: %s\n%s", lost, from,
                                 known ? "known" : "unknown", names[i], told);
                }
                assert_int_equal(m->lent, 0);
                message_bench_free(m);
            }
    free(stream);
}

static void a_gap_inside_a_long_message_keeps_step(void **unused)
{
    (void)unused;
    struct made *stream = made_new(), *one = made_new();
    put_query(one, "bait.example"); /* behind the gap is what looks like a query */
    struct made *outer = made_new();
    put_query(outer, "outer.example");
    put_framed(outer, one);
    put_framed(outer, one);
    put_framed(stream, outer);
    put_hex(one, "");
    /* not ordinary: it is only found in step */
    put_hex(stream, "0013 1234 0000 0001 0000 0000 0000 01 7a 00 00ff 0001");
    struct message_bench *m = message_bench_new(&dns_stream_parser);
    feed_cut(m, stream, 0, 10, UINT32_MAX);
    gap_in(m, 20);
    feed_cut(m, stream, 30, stream->len, UINT32_MAX);
    assert_string_equal(message_bench_lines(m), "1 > dns.query=z\n");
    assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
    message_bench_free(m);
    free(one);
    free(outer);
    free(stream);
}

static void a_gap_to_the_end_of_a_message_keeps_step_and_one_beyond_does_not(void **unused)
{
    (void)unused;
    for (uint32_t beyond = 0; beyond < 2; beyond++) {
        struct made *stream = made_new();
        put_framed_query(stream, "first.example");
        uint32_t end = stream->len;
        /* two questions are only read in step */
        put_hex(stream, "001a" HEAD("0002") "01 61 00" END "01 62 00" END);
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        feed_cut(m, stream, 0, 10, UINT32_MAX);
        gap_in(m, end + beyond - 10);
        feed_cut(m, stream, end + beyond, stream->len, UINT32_MAX);
        assert_string_equal(message_bench_lines(m),
                            beyond ? "" : "1 > dns.query=a\n1 > dns.query=b\n");
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
        message_bench_free(m);
        free(stream);
    }
}

static void a_gap_behind_half_a_length_is_a_loss(void **unused)
{
    (void)unused;
    struct message_bench *m = message_bench_new(&dns_stream_parser);
    struct made *stream = made_new();
    put_framed_query(stream, "first.example");
    gap_in(m, 1);
    feed_cut(m, stream, 0, stream->len, UINT32_MAX);
    assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 0);
    feed_cut(m, stream, 0, 1, UINT32_MAX);
    gap_in(m, stream->len - 1);
    assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
    feed_cut(m, stream, 0, stream->len, UINT32_MAX);
    assert_string_equal(message_bench_lines(m),
                        "1 > dns.query=first.example\n2 > dns.query=first.example\n");
    message_bench_free(m);
    free(stream);
}

/* What begins like an ordinary query and goes on otherwise is none, however it comes. */
static void what_only_begins_like_a_query_is_none_behind_a_gap(void **unused)
{
    (void)unused;
    static const char *const cases[] = {
        "0013 1234 0100 0001 0000 0000 0000 01 7a 00 1234 0001",      /* a type that nobody knows */
        "0013 1234 0100 0001 0000 0000 0000 01 7a 40 000c 0001 0001", /* a kind of labels */
        "0017 1234 0100 0001 0000 0000 0000 01 7a 00 0001 0001 00000000", /* more behind it */
        "0012 1234 0100 0001 0000 0000 0000 01 7a 00 0001 00", /* too short for its question */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint32_t piece = 1; piece < 60; piece++) {
            struct made *stream = made_new();
            struct message_bench *m = message_bench_new(&dns_stream_parser);
            put_hex(stream, cases[i]);
            put_hex(stream, "ff");
            put_framed_query(stream, "found.example");
            gap_in(m, 0);
            feed_cut(m, stream, 0, stream->len, piece);
            assert_string_equal(message_bench_lines(m), "1 > dns.query=found.example\n");
            assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
            message_bench_free(m);
            free(stream);
        }
}

static uint64_t random_next(uint64_t *s)
{
    *s += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *s;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void garbage_behind_a_gap_is_no_query(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        uint64_t s = seed;
        struct message_bench *m = message_bench_new(&dns_stream_parser);
        gap_in(m, 100);
        struct made *noise = made_new();
        for (noise->len = 0; noise->len < 60000; noise->len++) {
            uint64_t r = random_next(&s);
            /* every other seed is rich in zeros and small numbers, as headers are */
            noise->data[noise->len] = (uint8_t)(seed % 2 && (r & 0x700) ? 0 : r);
        }
        feed_cut(m, noise, 0, noise->len, 1400);
        if (m->messages)
            fail_msg("seed %llu: %u messages out of noise", (unsigned long long)seed, m->messages);
        assert_int_equal(m->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
        free(noise);
        message_bench_free(m);
    }
}

/* ---- recognition ---- */

#define NAME     "03 777777 07 6578616d706c65 03 636f6d 00" END /* 21 bytes */
#define ANSWER_A "c00c 0001 0001 00000e10 0004 c0000201"

enum side { CLIENT, SERVER, EITHER };

static void first_datagram_tells_the_protocol_and_the_side(void **unused)
{
    (void)unused;
    static const struct {
        const char *bytes;
        int verdict;
        enum side side; /* who sends that */
    } cases[] = {
        /* a query and an answer as resolvers send them */
        {QUERY NAME, 1, CLIENT},
        {"1234 0120 0001 0000 0000 0001" NAME "00 0029 1000 00000000 0000", 1, CLIENT},
        {"1234 8180 0001 0001 0000 0000" NAME ANSWER_A, 1, SERVER},
        {"1234 8183 0001 0000 0000 0000" NAME, 1, SERVER},
        {"1234 8580 0001 0001 0000 0001" NAME ANSWER_A "00 0029 1000 00000000 0000", 1, SERVER},
        /* the same, but it does not end where its records end */
        {QUERY NAME "00", 0, CLIENT},
        {"1234 0120 0001 0000 0000 0001" NAME "00 0029 1000 00000000 0001", 0, CLIENT},
        {"1234 8180 0001 0002 0000 0000" NAME ANSWER_A, 0, SERVER},
        /* between servers: recursion is not desired */
        {"1234 0000 0001 0000 0000 0000" NAME, 0, CLIENT},
        /* another opcode, a return code, the bit that must be zero, an answer in a query */
        {"1234 2900 0001 0000 0000 0000" NAME, 0, CLIENT},
        {"1234 0101 0001 0000 0000 0000" NAME, 0, CLIENT},
        {"1234 0140 0001 0000 0000 0000" NAME, 0, CLIENT},
        {"1234 0100 0001 0001 0000 0000" NAME ANSWER_A, 0, CLIENT},
        /* a return code that nobody knows (RFC 6895, 2.3) */
        {"1234 818f 0001 0000 0000 0000" NAME, 0, SERVER},
        /* a type, a class that nobody knows */
        {QUERY "01 61 01 62 00 1234 0001", 0, CLIENT},
        {QUERY "01 61 01 62 00 0001 1234", 0, CLIENT},
        /* the root, one label, a pointer */
        {QUERY "00" END, 0, CLIENT},
        {QUERY "03 6e6173 00" END, 0, CLIENT},
        {"1234 0100 0001 0000 0000 0001 01 61 01 62 c00e" END, 0, CLIENT},
        /* mDNS (RFC 6762, 18) and LLMNR (RFC 4795, 2.1.1), which have other ports */
        {"0000 0000 0001 0000 0000 0000 03 6e6173 05 6c6f63616c 00 0001 8001", 0, CLIENT},
        {"b1c2 0000 0001 0000 0000 0000 03 6e6173 00" END, 0, CLIENT},
        /* a name query of NetBIOS (RFC 1002, 4.2.12) with a scope */
        {"b1c2 0110 0001 0000 0000 0000 20 46484641454243414341434143414341"
         "43414341434143414341434143414141 03 616263 00 0020 0001",
         0, CLIENT},
        /* what only the counts allow */
        {"000000000000000000000000", 0, EITHER},
        {QUERY "41 61 00" END, 0, EITHER},
        {QUERY "05 61", 0, EITHER},
        /* what they do not allow: more records than two bytes each could be */
        {"1234 0100 0001 0000 0000 0009" NAME, 0, CLIENT},
        {"1234 0100 0001 0000 0000 000a" NAME, -1, EITHER},
        {"474554202f20485454502f312e310d0a0d0a", -1, EITHER},
        {"1234 0100 0001 0000 0000 00", -1, EITHER},
        {"", -1, EITHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[600];
        uint32_t len = unhex(cases[i].bytes, data);
        uint8_t *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, data, len);
        for (int believed = 0; believed < 2; believed++) {
            bool from_server = believed;
            int verdict = dns_datagram_parser.probe(copy, len, &from_server);
            bool wanted = cases[i].side == EITHER ? believed : cases[i].side == SERVER;
            if (verdict != cases[i].verdict || from_server != wanted)
                fail_msg("%s: %d, from server %d", cases[i].bytes, verdict, from_server);
        }
        free(copy);
    }
}

static void beginning_of_a_stream_tells_as_far_as_it_goes(void **unused)
{
    (void)unused;
    struct made *m = made_new();
    put_framed_query(m, "www.example.com");
    for (uint32_t len = 0; len <= m->len; len++) {
        bool from_server = true;
        int verdict = dns_stream_parser.probe(m->data, len, &from_server);
        /* The question ends the message; without it the rest of the name may be anything. */
        assert_int_equal(verdict, len == m->len);
        assert_true(from_server == (len < m->len));
    }
    /* two messages, and one that is longer than what is there of it */
    put_framed_query(m, "b.example.com");
    bool from_server = true;
    assert_int_equal(dns_stream_parser.probe(m->data, m->len, &from_server), 1);
    m->len = 0;
    put_hex(m, "7fff 1234 8180 0001 0100 0000 0000" NAME ANSWER_A "c00c 0001");
    from_server = false;
    assert_int_equal(dns_stream_parser.probe(m->data, m->len, &from_server), 1);
    assert_true(from_server);
    /* lengths of no message, of which nothing else is there */
    assert_int_equal(dns_stream_parser.probe((const uint8_t *)"\0\13", 2, &from_server), -1);
    assert_int_equal(dns_stream_parser.probe((const uint8_t *)"\0\0", 2, &from_server), -1);
    assert_int_equal(dns_stream_parser.probe((const uint8_t *)"\0\14", 2, &from_server), 0);
    free(m);
}

static void noise_is_not_recognised(void **unused)
{
    (void)unused;
    uint64_t s = 1;
    for (int i = 0; i < 200000; i++) {
        uint8_t data[64];
        bool from_server = false, small = random_next(&s) & 1;
        for (size_t k = 0; k < sizeof data; k++) {
            uint64_t r = random_next(&s);
            data[k] = (uint8_t)(small ? (r & 0x700 ? 0 : r % 7) : r);
        }
        assert_true(dns_datagram_parser.probe(data, sizeof data, &from_server) <= 0);
        assert_true(dns_stream_parser.probe(data, sizeof data, &from_server) <= 0);
    }
}

static void both_are_in_the_table(void **unused)
{
    (void)unused;
    unsigned found = 0;
    for (unsigned i = 0; i < proto_parser_count; i++)
        found += proto_parsers[i] == &dns_datagram_parser || proto_parsers[i] == &dns_stream_parser;
    assert_int_equal(found, 2);
    assert_true(dns_datagram_parser.datagrams && !dns_stream_parser.datagrams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_as_suricata_has_them),
        cmocka_unit_test(malformed_queries_are_told_as_an_anomaly_once),
        cmocka_unit_test(long_names_are_cut_where_suricata_cuts_them),
        cmocka_unit_test(names_without_end_cost_little_and_leave_later_questions_out),
        cmocka_unit_test(at_most_as_many_questions_as_parts_are_told),
        cmocka_unit_test(what_finds_no_room_in_the_scratch_is_cut),
        cmocka_unit_test(answers_and_what_the_server_sends_are_not_told),
        cmocka_unit_test(nothing_is_done_where_nobody_looks),
        cmocka_unit_test(any_cut_of_a_stream_tells_the_same),
        cmocka_unit_test(whole_messages_need_no_room),
        cmocka_unit_test(without_a_room_a_message_is_given_up_and_the_next_is_told),
        cmocka_unit_test(somebody_may_begin_or_cease_to_look_inside_a_message),
        cmocka_unit_test(a_message_of_the_size_of_the_room_waits_in_it),
        cmocka_unit_test(a_malformed_message_costs_what_cannot_be_a_query_behind_it),
        cmocka_unit_test(a_gap_anywhere_invents_nothing_and_later_queries_are_told),
        cmocka_unit_test(a_gap_inside_a_long_message_keeps_step),
        cmocka_unit_test(a_gap_to_the_end_of_a_message_keeps_step_and_one_beyond_does_not),
        cmocka_unit_test(a_gap_behind_half_a_length_is_a_loss),
        cmocka_unit_test(what_only_begins_like_a_query_is_none_behind_a_gap),
        cmocka_unit_test(garbage_behind_a_gap_is_no_query),
        cmocka_unit_test(first_datagram_tells_the_protocol_and_the_side),
        cmocka_unit_test(beginning_of_a_stream_tells_as_far_as_it_goes),
        cmocka_unit_test(noise_is_not_recognised),
        cmocka_unit_test(both_are_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
