/* Modbus TCP on hand-written bytes: pairing, outcomes, cuts, losses, swaps and garbage. */
#include "proto/modbus.h"
#include "tests/unit/proto/parser_bench.h"

/* ---- single exchanges ---- */

struct exchange {
    const char *request, *answer;
    uint8_t operation, outcome, function, exception;
    uint32_t first, count;
    int64_t value; /* -1: none */
};

static const struct exchange exchanges[] = {
    {"0001 0000 0006 11 01 0013 0025", "0001 0000 0008 11 01 05 cd6bb20e1b", OPERATION_READ,
     OUTCOME_ACKNOWLEDGED, 1, 0, 0x13, 0x25, -1},
    {"0001 0000 0006 11 02 00c4 0016", "0001 0000 0006 11 02 03 acdb35", OPERATION_READ,
     OUTCOME_ACKNOWLEDGED, 2, 0, 0xc4, 0x16, -1},
    {"0002 0000 0006 01 03 006b 0003", "0002 0000 0009 01 03 06 022b00000064", OPERATION_READ,
     OUTCOME_ACKNOWLEDGED, 3, 0, 0x6b, 3, -1},
    {"0002 0000 0006 01 04 0008 0001", "0002 0000 0005 01 04 02 000a", OPERATION_READ,
     OUTCOME_ACKNOWLEDGED, 4, 0, 8, 1, -1},
    {"0003 0000 0006 01 05 00ac ff00", "0003 0000 0006 01 05 00ac ff00", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 5, 0, 0xac, 1, 1},
    {"0003 0000 0006 01 05 00ac 0000", "0003 0000 0006 01 05 00ac 0000", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 5, 0, 0xac, 1, 0},
    {"0004 0000 0006 01 06 0001 1234", "0004 0000 0006 01 06 0001 1234", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 6, 0, 1, 1, 0x1234},
    {"0004 0000 0002 01 07", "0004 0000 0003 01 07 6d", OPERATION_DIAGNOSE, OUTCOME_ACKNOWLEDGED, 7,
     0, 0, 0, -1},
    {"0004 0000 0006 01 08 0000 a537", "0004 0000 0006 01 08 0000 a537", OPERATION_DIAGNOSE,
     OUTCOME_ACKNOWLEDGED, 8, 0, 0, 0, -1},
    {"0004 0000 0002 01 0b", "0004 0000 0006 01 0b ffff 0108", OPERATION_DIAGNOSE,
     OUTCOME_ACKNOWLEDGED, 11, 0, 0, 0, -1},
    {"0004 0000 0002 01 0c", "0004 0000 000b 01 0c 08 0000 0108 0121 20 00", OPERATION_DIAGNOSE,
     OUTCOME_ACKNOWLEDGED, 12, 0, 0, 0, -1},
    {"0005 0000 0009 01 0f 0013 000a 02 cd01", "0005 0000 0006 01 0f 0013 000a", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 15, 0, 0x13, 10, -1},
    {"0005 0000 0008 01 0f 0013 0001 01 01", "0005 0000 0006 01 0f 0013 0001", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 15, 0, 0x13, 1, 1},
    {"0006 0000 000b 01 10 0001 0002 04 000a0102", "0006 0000 0006 01 10 0001 0002",
     OPERATION_WRITE, OUTCOME_ACKNOWLEDGED, 16, 0, 1, 2, -1},
    {"0006 0000 0009 01 10 0001 0001 02 beef", "0006 0000 0006 01 10 0001 0001", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 16, 0, 1, 1, 0xbeef},
    {"0007 0000 0002 01 11", "0007 0000 0006 01 11 03 41 ff 00", OPERATION_IDENTIFY,
     OUTCOME_ACKNOWLEDGED, 17, 0, 0, 0, -1},
    {"0007 0000 000a 01 14 07 06 0004 0001 0002", "0007 0000 0009 01 14 06 05 06 0dfe0020",
     OPERATION_READ, OUTCOME_ACKNOWLEDGED, 20, 0, 0x40001, 2, -1},
    {"0007 0000 000e 01 15 0b 06 0004 0007 0002 06af 04be",
     "0007 0000 000e 01 15 0b 06 0004 0007 0002 06af 04be", OPERATION_WRITE, OUTCOME_ACKNOWLEDGED,
     21, 0, 0x40007, 2, -1},
    {"0008 0000 0008 01 16 0004 00f2 0025", "0008 0000 0008 01 16 0004 00f2 0025", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 22, 0, 4, 1, -1},
    {"0009 0000 000d 01 17 0003 0002 000e 0001 02 00ff", "0009 0000 0007 01 17 04 00fe0acd",
     OPERATION_WRITE, OUTCOME_ACKNOWLEDGED, 23, 0, 14, 1, 0xff},
    {"0009 0000 0004 01 18 04de", "0009 0000 000a 01 18 0006 0002 01b8 1284", OPERATION_READ,
     OUTCOME_ACKNOWLEDGED, 24, 0, 0x4de, 1, -1},
    {"000a 0000 0005 01 2b 0e 01 00", "000a 0000 000b 01 2b 0e 01 01 00 00 01 00 01 41",
     OPERATION_IDENTIFY, OUTCOME_ACKNOWLEDGED, 43, 0, 0, 0, -1},
    {"000a 0000 0004 01 2b 0d 00", "000a 0000 0004 01 2b 0d 00", OPERATION_OTHER,
     OUTCOME_ACKNOWLEDGED, 43, 0, 0, 0, -1},
    {"000b 0000 0004 00 5a 00 02", "000b 0000 0005 00 5a 00 fe 01", OPERATION_OTHER,
     OUTCOME_ACKNOWLEDGED, 90, 0, 0, 0, -1},
    {"000b 0000 0004 00 64 00 02", "000b 0000 0005 00 64 00 fe 01", OPERATION_OTHER,
     OUTCOME_ACKNOWLEDGED, 100, 0, 0, 0, -1},
    /* refusals; 5 says that the request was taken and will last long */
    {"000c 0000 0006 01 06 0001 1234", "000c 0000 0003 01 86 02", OPERATION_WRITE, OUTCOME_REFUSED,
     6, 2, 1, 1, 0x1234},
    {"000c 0000 0006 01 05 0001 ff00", "000c 0000 0003 01 85 05", OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED, 5, 5, 1, 1, 1},
    {"000c 0000 0006 01 03 0001 0001", "000c 0000 0003 01 83 0b", OPERATION_READ, OUTCOME_REFUSED,
     3, 11, 1, 1, -1},
};

static void each_function_is_reported_with_its_objects_and_outcome(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        const struct exchange *x = &exchanges[i];
        struct bench *b = bench_new(&modbus_parser);
        feed_hex(b, PROTO_TO_SERVER, START, x->request);
        assert_int_equal(b->seen.n, 0);
        assert_int_equal(modbus_parser.deadline(b->state), START + MODBUS_ANSWER_NS);
        feed_hex(b, PROTO_TO_CLIENT, START + 5, x->answer);
        if (b->seen.n != 1 || anomalies(b) != 0)
            fail_msg("%s: %u commands, %u anomalies", x->request, b->seen.n, anomalies(b));
        const struct proto_command *c = &b->seen.commands[0];
        assert_int_equal(c->operation, x->operation);
        assert_int_equal(c->outcome, x->outcome);
        assert_int_equal(c->function, x->function);
        assert_int_equal(c->exception, x->exception);
        assert_int_equal(c->object_first, x->first);
        assert_int_equal(c->object_count, x->count);
        assert_int_equal(c->has_value, x->value >= 0);
        assert_int_equal(c->value, x->value >= 0 ? x->value : 0);
        assert_int_equal(c->request_ns, START);
        assert_int_equal(c->answer_ns, START + 5);
        assert_int_equal(modbus_parser.deadline(b->state), INT64_MAX);
        free(b);
    }
}

static void contradicting_answer_is_an_anomaly_and_confirms_nothing(void **unused)
{
    (void)unused;
    static const char *const pairs[][2] = {
        {"0001 0000 0006 01 05 00ac ff00", "0001 0000 0006 01 05 00ad ff00"},
        {"0001 0000 0006 01 05 00ac ff00", "0001 0000 0006 01 05 00ac 0000"},
        {"0001 0000 0006 01 06 0001 1234", "0001 0000 0006 01 06 0001 1235"},
        {"0001 0000 0009 01 10 0001 0001 02 beef", "0001 0000 0006 01 10 0001 0002"},
        {"0001 0000 0009 01 0f 0013 000a 02 cd01", "0001 0000 0006 01 0f 0014 000a"},
        {"0001 0000 0008 01 16 0004 00f2 0025", "0001 0000 0008 01 16 0004 00f2 0024"},
        {"0001 0000 0006 01 03 006b 0003", "0001 0000 0007 01 03 04 022b0000"},
        {"0001 0000 0006 01 01 0013 0025", "0001 0000 0007 01 01 04 cd6bb20e"},
        {"0001 0000 0004 01 18 04de", "0001 0000 000a 01 18 0006 0001 01b8 1284"},
        {"0001 0000 0002 01 0b", "0001 0000 0007 01 0b ffff 0108 00"},
        {"0001 0000 0006 01 06 0001 1234", "0001 0000 0003 01 86 00"},
        {"0001 0000 0006 01 06 0001 1234", "0001 0000 0002 01 86"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct bench *b = bench_new(&modbus_parser);
        feed_hex(b, PROTO_TO_SERVER, START, pairs[i][0]);
        feed_hex(b, PROTO_TO_CLIENT, START + 1, pairs[i][1]);
        assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_MALFORMED], 1);
        assert_int_equal(b->seen.n, 1);
        assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
        free(b);
    }
}

static void answer_without_its_request_is_no_command(void **unused)
{
    (void)unused;
    static const char *const answers[] = {
        "0002 0000 0006 01 06 0001 1234", /* another transaction */
        "0001 0000 0006 02 06 0001 1234", /* another unit */
        "0001 0000 0006 01 05 0001 ff00", /* another function */
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct bench *b = bench_new(&modbus_parser);
        feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 0006 01 06 0001 1234");
        feed_hex(b, PROTO_TO_CLIENT, START + 1, answers[i]);
        assert_int_equal(b->seen.n, 0);
        assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_ANSWER_UNASKED], 1);
        free(b);
    }
}

static void request_without_answer_is_unanswered_at_its_deadline(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 0006 01 06 0001 1234");
    modbus_parser.expire(b->state, START + MODBUS_ANSWER_NS - 1, &b->sink);
    assert_int_equal(b->seen.n, 0);
    modbus_parser.expire(b->state, START + MODBUS_ANSWER_NS, &b->sink);
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_UNANSWERED);
    assert_int_equal(b->seen.commands[0].answer_ns, START + MODBUS_ANSWER_NS);
    free(b);
}

static void answer_behind_the_deadline_is_too_late_even_if_nobody_called_expire(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 0006 01 06 0001 1234");
    feed_hex(b, PROTO_TO_CLIENT, START + MODBUS_ANSWER_NS, "0001 0000 0006 01 06 0001 1234");
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_UNANSWERED);
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_ANSWER_UNASKED], 1);
    free(b);
}

static void end_of_flow_reports_what_is_open_as_told(void **unused)
{
    (void)unused;
    static const enum outcome outcomes[] = {OUTCOME_UNANSWERED, OUTCOME_SEEN};
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new(&modbus_parser);
        feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 0006 01 06 0001 1234");
        modbus_parser.end(b->state, START + 7, outcomes[i], &b->sink);
        assert_int_equal(b->seen.n, 1);
        assert_int_equal(b->seen.commands[0].outcome, outcomes[i]);
        assert_int_equal(b->seen.commands[0].answer_ns, START + 7);
        assert_int_equal(modbus_parser.deadline(b->state), INT64_MAX);
        free(b);
    }
}

static void nothing_is_called_unanswered_when_answer_bytes_are_missing(void **unused)
{
    (void)unused;
    for (int way = 0; way < 3; way++) {
        struct bench *b = bench_new(&modbus_parser);
        feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 0006 01 06 0001 1234");
        if (way == 0)
            modbus_parser.gap(b->state, PROTO_TO_CLIENT, START + 1, 12, &b->sink);
        else if (way == 1)
            feed_hex(b, PROTO_TO_CLIENT, START + 1, "ffffffffffffffffffffffffffffff");
        else
            feed_hex(b, PROTO_TO_CLIENT, START + 1, "0001 0000 0006 01 06");
        modbus_parser.end(b->state, START + 2, OUTCOME_UNANSWERED, &b->sink);
        assert_int_equal(b->seen.n, 1);
        assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
        free(b);
    }
}

static void more_open_requests_than_tracked_give_up_the_oldest(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    for (unsigned i = 0; i <= MODBUS_OPEN_MAX; i++) {
        uint8_t adu[12] = {0, (uint8_t)i, 0, 0, 0, 6, 1, 6, 0, 9, 0, (uint8_t)i};
        feed_bytes(b, PROTO_TO_SERVER, START + i, adu, sizeof(adu));
    }
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].transaction, 0);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
    for (unsigned i = MODBUS_OPEN_MAX; i >= 1; i--) {
        uint8_t adu[12] = {0, (uint8_t)i, 0, 0, 0, 6, 1, 6, 0, 9, 0, (uint8_t)i};
        feed_bytes(b, PROTO_TO_CLIENT, START + 100, adu, sizeof(adu));
    }
    assert_int_equal(b->seen.n, MODBUS_OPEN_MAX + 1);
    for (unsigned i = 1; i <= MODBUS_OPEN_MAX; i++)
        assert_int_equal(b->seen.commands[i].outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(anomalies(b), 1);
    free(b);
}

static void repeated_request_leaves_the_earlier_one_as_seen(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 0006 01 06 0001 1234");
    feed_hex(b, PROTO_TO_SERVER, START + SECOND, "0001 0000 0006 01 06 0001 1234");
    feed_hex(b, PROTO_TO_CLIENT, START + 2 * SECOND, "0001 0000 0006 01 06 0001 1234");
    assert_int_equal(b->seen.n, 2);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
    assert_int_equal(b->seen.commands[0].request_ns, START);
    assert_int_equal(b->seen.commands[1].outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(b->seen.commands[1].request_ns, START + SECOND);
    assert_int_equal(anomalies(b), 0);
    free(b);
}

static void requests_that_share_a_transaction_take_the_answers_that_fit(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, "0000 0000 0006 01 06 0001 0001");
    feed_hex(b, PROTO_TO_SERVER, START, "0000 0000 0006 01 06 0002 0002");
    feed_hex(b, PROTO_TO_CLIENT, START + 1, "0000 0000 0006 01 06 0002 0002");
    feed_hex(b, PROTO_TO_CLIENT, START + 2, "0000 0000 0006 01 06 0001 0001");
    assert_int_equal(b->seen.n, 2);
    assert_int_equal(b->seen.commands[0].object_first, 2);
    assert_int_equal(b->seen.commands[1].object_first, 1);
    assert_int_equal(b->seen.commands[1].outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(anomalies(b), 0);
    free(b);
}

static void malformed_request_is_reported_without_objects_and_never_acknowledged(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    /* four bytes announced for two registers, but six of them */
    feed_hex(b, PROTO_TO_SERVER, START, "0001 0000 000d 01 10 0001 0002 04 000a01020304");
    feed_hex(b, PROTO_TO_CLIENT, START + 1, "0001 0000 0006 01 10 0001 0002");
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_MALFORMED], 1);
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].operation, OPERATION_WRITE);
    assert_int_equal(b->seen.commands[0].object_count, 0);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
    free(b);
}

/* ---- whole conversations, cut, thinned and shuffled ---- */

struct piece {
    enum proto_direction dir;
    const char *bytes;
};

static const struct piece talk[] = {
    {PROTO_TO_SERVER, "0001 0000 0006 01 03 0000 000a"},
    {PROTO_TO_CLIENT, "0001 0000 0017 01 03 14 000100020003000400050006000700080009000a"},
    {PROTO_TO_SERVER, "0002 0000 0006 01 06 0010 0001 0003 0000 0006 01 05 0011 ff00"},
    {PROTO_TO_CLIENT, "0002 0000 0006 01 06 0010 0001 0003 0000 0003 01 85 02"},
    /* a write whose values look like a request to write */
    {PROTO_TO_SERVER, "0004 0000 0013 01 10 0020 0006 0c 0099 0000 0006 0106 0077 0077"},
    {PROTO_TO_CLIENT, "0004 0000 0006 01 10 0020 0006"},
    {PROTO_TO_SERVER, "0005 0000 0009 01 10 0030 0001 02 0005"},
    {PROTO_TO_SERVER, "0006 0000 0006 01 04 0000 0002"},
    {PROTO_TO_CLIENT, "0006 0000 0007 01 04 04 00010002"},
    {PROTO_TO_CLIENT, "0005 0000 0006 01 10 0030 0001"},
    {PROTO_TO_SERVER, "0007 0000 0005 01 2b 0e 01 00"},
    {PROTO_TO_CLIENT, "0007 0000 000b 01 2b 0e 01 01 00 00 01 00 01 41"},
    {PROTO_TO_SERVER, "0008 0000 0006 01 06 0040 0008"},
};
#define TALK (sizeof(talk) / sizeof(talk[0]))

static int64_t talk_time(size_t i)
{
    return START + (int64_t)i * SECOND / 10;
}

static void talk_end(struct bench *b)
{
    modbus_parser.end(b->state, talk_time(TALK), OUTCOME_UNANSWERED, &b->sink);
}

static struct bench *talk_whole(void)
{
    struct bench *b = bench_new(&modbus_parser);
    for (size_t i = 0; i < TALK; i++)
        feed_hex(b, talk[i].dir, talk_time(i), talk[i].bytes);
    talk_end(b);
    return b;
}

static void assert_same_commands(const struct seen *a, const struct seen *b)
{
    assert_int_equal(a->n, b->n);
    for (unsigned i = 0; i < a->n; i++) {
        const struct proto_command *x = &a->commands[i], *y = &b->commands[i];
        assert_int_equal(x->operation, y->operation);
        assert_int_equal(x->outcome, y->outcome);
        assert_int_equal(x->function, y->function);
        assert_int_equal(x->exception, y->exception);
        assert_int_equal(x->unit, y->unit);
        assert_int_equal(x->transaction, y->transaction);
        assert_int_equal(x->object_first, y->object_first);
        assert_int_equal(x->object_count, y->object_count);
        assert_int_equal(x->value, y->value);
        assert_int_equal(x->request_ns, y->request_ns);
        assert_int_equal(x->answer_ns, y->answer_ns);
    }
}

static void a_conversation_is_understood(void **unused)
{
    (void)unused;
    struct bench *b = talk_whole();
    static const uint8_t outcomes[] = {
        OUTCOME_ACKNOWLEDGED, OUTCOME_ACKNOWLEDGED, OUTCOME_REFUSED,      OUTCOME_ACKNOWLEDGED,
        OUTCOME_ACKNOWLEDGED, OUTCOME_ACKNOWLEDGED, OUTCOME_ACKNOWLEDGED, OUTCOME_UNANSWERED};
    static const uint16_t transactions[] = {1, 2, 3, 4, 6, 5, 7, 8};
    assert_int_equal(b->seen.n, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(b->seen.commands[i].outcome, outcomes[i]);
        assert_int_equal(b->seen.commands[i].transaction, transactions[i]);
    }
    assert_int_equal(anomalies(b), 0);
    free(b);
}

static void any_cut_gives_the_same_commands(void **unused)
{
    (void)unused;
    struct bench *whole = talk_whole();
    /* width 0: one piece is cut at one place; else all are cut to this width */
    for (uint32_t width = 0; width <= 13; width++) {
        for (size_t victim = 0; victim < (width ? 1 : TALK); victim++) {
            uint8_t data[600];
            uint32_t places = width ? 1 : unhex(talk[victim].bytes, data);
            for (uint32_t place = 0; place < places; place++) {
                struct bench *b = bench_new(&modbus_parser);
                for (size_t i = 0; i < TALK; i++) {
                    uint32_t len = unhex(talk[i].bytes, data);
                    uint32_t part = width ? width : i == victim ? place : len;
                    for (uint32_t at = 0; at < len;) {
                        uint32_t n = part && part < len - at ? part : len - at;
                        feed_bytes(b, talk[i].dir, talk_time(i), data + at, n);
                        at += n;
                        if (!width)
                            part = 0;
                    }
                }
                talk_end(b);
                assert_same_commands(&whole->seen, &b->seen);
                assert_int_equal(anomalies(b), 0);
                free(b);
            }
        }
    }
    free(whole);
}

/* All that was reported was asked for in the conversation, and at most once; an outcome may be
 * weaker, never another. */
static void assert_not_invented(const struct seen *truth, const struct seen *got)
{
    bool used[ROOM] = {false};
    for (unsigned i = 0; i < got->n; i++) {
        const struct proto_command *c = &got->commands[i];
        bool found = false;
        for (unsigned j = 0; j < truth->n && !found; j++) {
            const struct proto_command *t = &truth->commands[j];
            found = !used[j] && t->transaction == c->transaction && t->function == c->function &&
                    t->object_first == c->object_first && t->object_count == c->object_count &&
                    t->value == c->value &&
                    (c->outcome == t->outcome || c->outcome == OUTCOME_SEEN ||
                     c->outcome == OUTCOME_UNANSWERED);
            if (found)
                used[j] = true;
        }
        if (!found)
            fail_msg("invented: transaction %u function %u first %u outcome %u", c->transaction,
                     c->function, c->object_first, c->outcome);
    }
}

static void losing_any_piece_invents_nothing_and_reports_no_lost_request(void **unused)
{
    (void)unused;
    struct bench *whole = talk_whole();
    for (size_t lost = 0; lost < TALK; lost++) {
        for (int known = 0; known < 2; known++) {
            struct bench *b = bench_new(&modbus_parser);
            uint8_t data[600];
            uint16_t transaction = 0;
            for (size_t i = 0; i < TALK; i++) {
                uint32_t len = unhex(talk[i].bytes, data);
                if (i == lost) {
                    transaction = load_be16(data);
                    modbus_parser.gap(b->state, talk[i].dir, talk_time(i), known ? len : 0,
                                      &b->sink);
                } else {
                    feed_bytes(b, talk[i].dir, talk_time(i), data, len);
                }
            }
            talk_end(b);
            assert_not_invented(&whole->seen, &b->seen);
            for (unsigned i = 0; i < b->seen.n; i++) {
                const struct proto_command *c = &b->seen.commands[i];
                if (talk[lost].dir == PROTO_TO_SERVER)
                    assert_int_not_equal(c->transaction, transaction);
                else if (c->transaction == transaction)
                    assert_int_equal(c->outcome, OUTCOME_SEEN);
            }
            free(b);
        }
    }
    free(whole);
}

/* The pieces are cut at a place, and the first or the second half is lost. */
static void losing_any_part_of_a_piece_invents_nothing(void **unused)
{
    (void)unused;
    struct bench *whole = talk_whole();
    for (size_t lost = 0; lost < TALK; lost++) {
        uint8_t data[600];
        uint32_t places = unhex(talk[lost].bytes, data);
        for (uint32_t place = 1; place < 4 * places; place++) {
            bool second = place & 1, known = place & 2;
            uint32_t at = place / 4;
            struct bench *b = bench_new(&modbus_parser);
            for (size_t i = 0; i < TALK; i++) {
                uint32_t len = unhex(talk[i].bytes, data);
                if (i == lost) {
                    if (second)
                        feed_bytes(b, talk[i].dir, talk_time(i), data, at);
                    uint32_t missing = second ? len - at : at;
                    if (missing)
                        modbus_parser.gap(b->state, talk[i].dir, talk_time(i), known ? missing : 0,
                                          &b->sink);
                    if (!second)
                        feed_bytes(b, talk[i].dir, talk_time(i), data + at, len - at);
                } else {
                    feed_bytes(b, talk[i].dir, talk_time(i), data, len);
                }
            }
            talk_end(b);
            /* The one place where the values of the big write are left alone behind a gap is a
             * plausible request for anybody; known lengths tell it apart. */
            bool bait = lost == 4 && !second && at == 13;
            if (!bait)
                assert_not_invented(&whole->seen, &b->seen);
            free(b);
        }
    }
    free(whole);
}

static void swapping_any_two_pieces_invents_nothing(void **unused)
{
    (void)unused;
    struct bench *whole = talk_whole();
    for (size_t one = 0; one < TALK; one++) {
        for (size_t two = one + 1; two < TALK; two++) {
            struct bench *b = bench_new(&modbus_parser);
            for (size_t i = 0; i < TALK; i++) {
                const struct piece *p = &talk[i == one ? two : i == two ? one : i];
                feed_hex(b, p->dir, talk_time(i), p->bytes);
            }
            talk_end(b);
            assert_not_invented(&whole->seen, &b->seen);
            free(b);
        }
    }
    free(whole);
}

/* ---- out of step ---- */

static void guessed_request_needs_its_answer(void **unused)
{
    (void)unused;
    const char *request = "ffffff 0009 0000 0006 01 06 0001 0001";
    /* alone: nothing */
    struct bench *b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, request);
    modbus_parser.end(b->state, START + 1, OUTCOME_UNANSWERED, &b->sink);
    assert_int_equal(b->seen.n, 0);
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
    free(b);
    /* answered */
    b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, request);
    feed_hex(b, PROTO_TO_CLIENT, START + 1, "0009 0000 0006 01 06 0001 0001");
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_ACKNOWLEDGED);
    free(b);
    /* followed by more than a message could hold: what comes behind that is no guess */
    b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, request);
    unsigned sent = 0;
    for (; sent * 12 < 2 * MODBUS_ADU_MAX; sent++) {
        uint8_t adu[12] = {1, (uint8_t)sent, 0, 0, 0, 6, 1, 6, 0, 9, 0, (uint8_t)sent};
        feed_bytes(b, PROTO_TO_SERVER, START + sent * 2 * MODBUS_ANSWER_NS, adu, sizeof(adu));
    }
    modbus_parser.end(b->state, START + sent * 2 * MODBUS_ANSWER_NS, OUTCOME_UNANSWERED, &b->sink);
    assert_int_equal(b->seen.n, sent - MODBUS_ADU_MAX / 12);
    free(b);
    /* followed by what cannot be a request */
    b = bench_new(&modbus_parser);
    feed_hex(b, PROTO_TO_SERVER, START, request);
    feed_hex(b, PROTO_TO_SERVER, START + 1, "ffffffffffffffffff");
    feed_hex(b, PROTO_TO_CLIENT, START + 2, "0009 0000 0006 01 06 0001 0001");
    modbus_parser.end(b->state, START + 3, OUTCOME_UNANSWERED, &b->sink);
    assert_int_equal(b->seen.n, 0);
    free(b);
}

static void gap_inside_a_message_of_known_length_keeps_step(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&modbus_parser);
    /* 6 + 0x13 = 25 bytes; 10 of them, 5 lost, the other 10 hold a bait, then a right request */
    feed_hex(b, PROTO_TO_SERVER, START, "0004 0000 0013 01 10 0020");
    modbus_parser.gap(b->state, PROTO_TO_SERVER, START, 3, &b->sink);
    feed_hex(b, PROTO_TO_SERVER, START, "0099 0000 0006 0106 0077 0077");
    feed_hex(b, PROTO_TO_SERVER, START, "0005 0000 0006 01 06 0001 0001");
    feed_hex(b, PROTO_TO_CLIENT, START + 1, "0005 0000 0006 01 06 0001 0001");
    modbus_parser.end(b->state, START + 2, OUTCOME_UNANSWERED, &b->sink);
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].transaction, 5);
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
    free(b);
}

static uint64_t random_next(uint64_t *s)
{
    *s += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *s;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void garbage_invents_no_write_and_the_next_exchange_is_found(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t s = seed;
        struct bench *b = bench_new(&modbus_parser);
        for (int chunk = 0; chunk < 40; chunk++) {
            uint8_t data[600];
            uint32_t len = (uint32_t)(random_next(&s) % 600);
            /* one in two chunks is rich in zeros and small numbers, as headers are */
            bool small = random_next(&s) & 1;
            for (uint32_t i = 0; i < len; i++) {
                uint64_t r = random_next(&s);
                data[i] = (uint8_t)(small ? (r & 0x700 ? 0 : r % 7) : r);
            }
            enum proto_direction dir = random_next(&s) & 1 ? PROTO_TO_SERVER : PROTO_TO_CLIENT;
            if (random_next(&s) % 8 == 0)
                modbus_parser.gap(b->state, dir, START + chunk, (uint32_t)(random_next(&s) % 300),
                                  &b->sink);
            feed_bytes(b, dir, START + chunk, data, len);
            int64_t due = modbus_parser.deadline(b->state);
            assert_true(due == INT64_MAX || due >= START);
        }
        unsigned before = b->seen.n;
        uint8_t fill[MODBUS_ADU_MAX];
        memset(fill, 0xff, sizeof(fill));
        for (int dir = 0; dir < 2; dir++)
            feed_bytes(b, (enum proto_direction)dir, START + SECOND, fill, sizeof(fill));
        feed_hex(b, PROTO_TO_SERVER, START + SECOND, "7777 0000 0006 ee 06 abcd 1234");
        feed_hex(b, PROTO_TO_CLIENT, START + SECOND, "7777 0000 0006 ee 06 abcd 1234");
        unsigned found = 0;
        for (unsigned i = before; i < b->seen.n && i < ROOM; i++)
            found += b->seen.commands[i].transaction == 0x7777;
        if (b->seen.n < ROOM && found != 1)
            fail_msg("seed %llu: exchange behind garbage found %u times", (unsigned long long)seed,
                     found);
        free(b);
    }
}

static void uniform_garbage_gives_no_command(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        uint64_t s = seed;
        struct bench *b = bench_new(&modbus_parser);
        for (int chunk = 0; chunk < 20; chunk++) {
            uint8_t data[600];
            for (uint32_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t)random_next(&s);
            feed_bytes(b, chunk & 1 ? PROTO_TO_CLIENT : PROTO_TO_SERVER, START, data, sizeof(data));
        }
        modbus_parser.end(b->state, START + 1, OUTCOME_UNANSWERED, &b->sink);
        if (b->seen.n != 0)
            fail_msg("seed %llu: %u commands out of noise", (unsigned long long)seed, b->seen.n);
        free(b);
    }
}

/* ---- recognition ---- */

static void first_bytes_tell_the_protocol_and_the_side(void **unused)
{
    (void)unused;
    static const struct {
        const char *bytes;
        int verdict;
        enum { CLIENT, SERVER, EITHER } side; /* who sends that */
    } cases[] = {
        {"0001 0000 0006 01 03 0000 000a", 1, CLIENT},
        {"0001 0000 0006 01 03 0000 000a 0002 0000", 1, CLIENT},
        {"0001 0000 0017 01 03 14 0001", 1, SERVER},
        {"0002 0000 0009 01 03 06 022b00000064", 1, SERVER},
        {"0003 0000 0003 01 85 02", 1, SERVER},
        {"0003 0000 0006 01 06 0010 0001", 1, EITHER},
        {"0004 0000 0006 01 10 0020 0006", 1, SERVER},
        {"0004 0000 000b 01 10 0001 0002 04 000a0102", 1, CLIENT},
        {"0003 0000 0006 01 06 00", 1, EITHER},
        {"0003 0000 0006 01 01 03 0000", 1, EITHER},
        {"0001 0000 0006 01 01 03 000001", 1, EITHER},
        {"0004 0000 000b 01 10 00", 1, CLIENT},
        {"0004 0000 0006 01 10 00", 1, SERVER},
        {"0001 0000 0006 01 03", 0, EITHER},
        {"0001 00", 0, EITHER},
        {"", 0, EITHER},
        {"0001 0001 0006 01 03 0000 000a", -1, EITHER},
        {"0001 0000 0001 01 03 0000 000a", -1, EITHER},
        {"0001 0000 00ff 01 03 0000 000a", -1, EITHER},
        {"0001 0000 0106 01 03 0000 000a", -1, EITHER},
        {"0001 0000 0006 01 63 0000 000a", 0, EITHER},
        {"0001 0000 0006 01 03 0000 0000", 0, EITHER},
        {"0001 0000 0007 01 03 0000", 0, EITHER},
        {"474554202f20485454502f312e310d0a", -1, EITHER},
        {"680407000000", -1, EITHER},
        {"0300001611e00000", -1, EITHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t data[600];
        uint32_t len = unhex(cases[i].bytes, data);
        for (int believed = 0; believed < 2; believed++) {
            bool from_server = believed;
            int verdict = modbus_parser.probe(data, len, &from_server);
            bool wanted = cases[i].side == EITHER ? believed : cases[i].side == SERVER;
            if (verdict != cases[i].verdict || from_server != wanted)
                fail_msg("%s: %d, from server %d", cases[i].bytes, verdict, from_server);
        }
    }
}

static void every_request_and_answer_of_this_file_is_recognised(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        if (exchanges[i].function == 100)
            continue; /* a function without a row is left to the port */
        uint8_t data[600];
        bool from_server = false;
        uint32_t len = unhex(exchanges[i].request, data);
        assert_true(modbus_parser.probe(data, len, &from_server) > 0);
        assert_false(from_server);
        len = unhex(exchanges[i].answer, data);
        assert_true(modbus_parser.probe(data, len, &from_server) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_is_reported_with_its_objects_and_outcome),
        cmocka_unit_test(contradicting_answer_is_an_anomaly_and_confirms_nothing),
        cmocka_unit_test(answer_without_its_request_is_no_command),
        cmocka_unit_test(request_without_answer_is_unanswered_at_its_deadline),
        cmocka_unit_test(answer_behind_the_deadline_is_too_late_even_if_nobody_called_expire),
        cmocka_unit_test(end_of_flow_reports_what_is_open_as_told),
        cmocka_unit_test(nothing_is_called_unanswered_when_answer_bytes_are_missing),
        cmocka_unit_test(more_open_requests_than_tracked_give_up_the_oldest),
        cmocka_unit_test(repeated_request_leaves_the_earlier_one_as_seen),
        cmocka_unit_test(requests_that_share_a_transaction_take_the_answers_that_fit),
        cmocka_unit_test(malformed_request_is_reported_without_objects_and_never_acknowledged),
        cmocka_unit_test(a_conversation_is_understood),
        cmocka_unit_test(any_cut_gives_the_same_commands),
        cmocka_unit_test(losing_any_piece_invents_nothing_and_reports_no_lost_request),
        cmocka_unit_test(losing_any_part_of_a_piece_invents_nothing),
        cmocka_unit_test(swapping_any_two_pieces_invents_nothing),
        cmocka_unit_test(guessed_request_needs_its_answer),
        cmocka_unit_test(gap_inside_a_message_of_known_length_keeps_step),
        cmocka_unit_test(garbage_invents_no_write_and_the_next_exchange_is_found),
        cmocka_unit_test(uniform_garbage_gives_no_command),
        cmocka_unit_test(first_bytes_tell_the_protocol_and_the_side),
        cmocka_unit_test(every_request_and_answer_of_this_file_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
