/* IEC 60870-5-104: single requests on hand-written bytes, their answers, and what is said of each.
 */
#include "tests/unit/proto/iec104_bench.h"

struct exchange {
    const char *request;    /* type, number, cause, originator, common address, address, elements */
    const char *answers[3]; /* at 1, 2 and 3 seconds */
    uint8_t operation, outcome, exception;
    uint32_t first, count;
    int64_t value; /* -1: none */
};

static const struct exchange exchanges[] = {
    /* an execute: confirmed and terminated, confirmed only, refused, not answered */
    {"2d 01 0600 0a00 020000 01",
     {"2d 01 0700 0a00 020000 01", "2d 01 0a00 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_COMPLETED,
     0,
     2,
     1,
     1},
    {"2e 01 0600 0a00 0d0001 02",
     {"2e 01 0700 0a00 0d0001 02"},
     OPERATION_OPERATE,
     OUTCOME_ACKNOWLEDGED,
     0,
     0x1000d,
     1,
     2},
    {"2f 01 0600 0a00 020000 01",
     {"2f 01 4700 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_REFUSED,
     7,
     2,
     1,
     1},
    {"2d 01 0600 0a00 020000 01", {NULL}, OPERATION_OPERATE, OUTCOME_UNANSWERED, 0, 2, 1, 1},
    {"2d 01 0600 0a00 020000 01",
     {"2d 01 0700 0a00 020000 01", "2d 01 4a00 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_ACKNOWLEDGED,
     10,
     2,
     1,
     1},
    /* what the station does not know */
    {"2d 01 0600 0a00 020000 01",
     {"2d 01 6c00 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_REFUSED,
     44,
     2,
     1,
     1},
    {"2d 01 0600 0a00 020000 01",
     {"2d 01 6d00 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_REFUSED,
     45,
     2,
     1,
     1},
    {"2d 01 0600 0a00 020000 01",
     {"2d 01 6e00 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_REFUSED,
     46,
     2,
     1,
     1},
    {"2d 01 0600 0a00 020000 01",
     {"2d 01 6f00 0a00 020000 01"},
     OPERATION_OPERATE,
     OUTCOME_REFUSED,
     47,
     2,
     1,
     1},
    /* a select is seen, whatever the answer */
    {"2d 01 0600 0a00 020000 81",
     {"2d 01 0700 0a00 020000 81"},
     OPERATION_SELECT,
     OUTCOME_SEEN,
     0,
     2,
     1,
     1},
    {"2d 01 0600 0a00 020000 81",
     {"2d 01 4700 0a00 020000 81"},
     OPERATION_SELECT,
     OUTCOME_SEEN,
     7,
     2,
     1,
     1},
    {"2d 01 0600 0a00 020000 81", {NULL}, OPERATION_SELECT, OUTCOME_SEEN, 0, 2, 1, 1},
    {"30 01 0600 0a00 020000 3412 80",
     {"30 01 0700 0a00 020000 3412 80"},
     OPERATION_SELECT,
     OUTCOME_SEEN,
     0,
     2,
     1,
     0x1234},
    /* called off */
    {"2d 01 0800 0a00 020000 81",
     {"2d 01 0900 0a00 020000 81"},
     OPERATION_OTHER,
     OUTCOME_ACKNOWLEDGED,
     0,
     2,
     1,
     1},
    /* set points and bits, also with time */
    {"31 01 0600 0a00 020000 feff 00",
     {"31 01 0700 0a00 020000 feff 00", "31 01 0a00 0a00 020000 feff 00"},
     OPERATION_OPERATE,
     OUTCOME_COMPLETED,
     0,
     2,
     1,
     -2},
    {"32 01 0600 0a00 020000 0000803f 00",
     {"32 01 0700 0a00 020000 0000803f 00"},
     OPERATION_OPERATE,
     OUTCOME_ACKNOWLEDGED,
     0,
     2,
     1,
     -1},
    {"33 01 0600 0a00 020000 efbeadde",
     {"33 01 0700 0a00 020000 efbeadde"},
     OPERATION_OPERATE,
     OUTCOME_ACKNOWLEDGED,
     0,
     2,
     1,
     0xdeadbeef},
    {"3a 01 0600 0a00 020000 00 01020304050607",
     {"3a 01 0700 0a00 020000 00 01020304050607"},
     OPERATION_OPERATE,
     OUTCOME_ACKNOWLEDGED,
     0,
     2,
     1,
     0},
    {"3f 01 0600 0a00 020000 0000803f 80 01020304050607",
     {"3f 01 0700 0a00 020000 0000803f 80 01020304050607"},
     OPERATION_SELECT,
     OUTCOME_SEEN,
     0,
     2,
     1,
     -1},
    /* the system's own */
    {"64 01 0600 0a00 000000 14",
     {"64 01 0700 0a00 000000 14", "01 01 1400 0a00 010000 00", "64 01 0a00 0a00 000000 14"},
     OPERATION_READ,
     OUTCOME_COMPLETED,
     0,
     0,
     1,
     -1},
    {"65 01 0600 0a00 000000 05",
     {"65 01 0700 0a00 000000 05"},
     OPERATION_READ,
     OUTCOME_ACKNOWLEDGED,
     0,
     0,
     1,
     -1},
    {"65 01 0600 0a00 000000 45",
     {"65 01 0700 0a00 000000 45"},
     OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED,
     0,
     0,
     1,
     -1},
    {"66 01 0500 0a00 090000",
     {"09 81 0500 0a00 090000 112200"},
     OPERATION_READ,
     OUTCOME_ACKNOWLEDGED,
     0,
     9,
     1,
     -1},
    {"66 01 0500 0a00 090000",
     {"09 82 0500 0a00 080000 112200 334400"},
     OPERATION_READ,
     OUTCOME_ACKNOWLEDGED,
     0,
     9,
     1,
     -1},
    {"66 01 0500 0a00 090000",
     {"66 01 6f00 0a00 090000"},
     OPERATION_READ,
     OUTCOME_REFUSED,
     47,
     9,
     1,
     -1},
    {"67 01 0600 0a00 000000 01020304050607",
     {"67 01 0700 0a00 000000 11121314151617"},
     OPERATION_SET_TIME,
     OUTCOME_ACKNOWLEDGED,
     0,
     0,
     1,
     -1},
    {"68 01 0600 0a00 000000 aa55",
     {"68 01 0700 0a00 000000 aa55"},
     OPERATION_DIAGNOSE,
     OUTCOME_ACKNOWLEDGED,
     0,
     0,
     1,
     -1},
    {"69 01 0600 0a00 000000 01",
     {"69 01 0700 0a00 000000 01"},
     OPERATION_START,
     OUTCOME_ACKNOWLEDGED,
     0,
     0,
     1,
     -1},
    {"6e 01 0600 0a00 020000 0100 01",
     {"6e 01 0700 0a00 020000 0100 01"},
     OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED,
     0,
     2,
     1,
     1},
    {"71 01 0800 0a00 020000 03",
     {"71 01 0900 0a00 020000 03"},
     OPERATION_WRITE,
     OUTCOME_ACKNOWLEDGED,
     0,
     2,
     1,
     -1},
    /* to all stations: the first answer's name is another */
    {"67 01 0600 ffff 000000 01020304050607",
     {"67 01 0700 0a00 000000 01020304050607", "67 01 0700 0b00 000000 01020304050607"},
     OPERATION_SET_TIME,
     OUTCOME_ACKNOWLEDGED,
     0,
     0,
     1,
     -1},
    {"64 01 0600 ffff 000000 14",
     {"64 01 0700 0a00 000000 14", "64 01 0a00 0a00 000000 14", "64 01 0700 0b00 000000 14"},
     OPERATION_READ,
     OUTCOME_COMPLETED,
     0,
     0,
     1,
     -1},
    /* files: directory, upload, download, and both refused */
    {"7a 01 0500 0a00 010000 0000 00 00",
     {"7e 01 0500 0a00 010000 0100 000001 00 01020304050607"},
     OPERATION_READ,
     OUTCOME_ACKNOWLEDGED,
     0,
     1,
     1,
     -1},
    {"7a 01 0d00 0a00 010000 0100 00 01",
     {"78 01 0d00 0a00 010000 0100 000100 00"},
     OPERATION_UPLOAD,
     OUTCOME_ACKNOWLEDGED,
     0,
     1,
     1,
     -1},
    {"7a 01 0d00 0a00 010000 0100 00 01",
     {"78 01 0d00 0a00 010000 0100 000100 80"},
     OPERATION_UPLOAD,
     OUTCOME_REFUSED,
     13,
     1,
     1,
     -1},
    {"78 01 0d00 0a00 010000 0100 000100 00",
     {"7a 01 0d00 0a00 010000 0100 00 02"},
     OPERATION_DOWNLOAD,
     OUTCOME_ACKNOWLEDGED,
     0,
     1,
     1,
     -1},
    {"78 01 0d00 0a00 010000 0100 000100 00",
     {"7c 01 0d00 0a00 010000 0100 00 02"},
     OPERATION_DOWNLOAD,
     OUTCOME_REFUSED,
     13,
     1,
     1,
     -1},
    /* a type that has no row, and one of data */
    {"c8 01 0600 0a00 020000 01",
     {"c8 01 6c00 0a00 020000 01"},
     OPERATION_OTHER,
     OUTCOME_REFUSED,
     44,
     2,
     1,
     -1},
    {"01 01 0600 0a00 020000 01",
     {"01 01 6c00 0a00 020000 01"},
     OPERATION_OTHER,
     OUTCOME_REFUSED,
     44,
     2,
     1,
     -1},
};

static void each_request_is_reported_with_its_object_and_outcome(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        const struct exchange *x = &exchanges[i];
        /* Either end may ask; only a file is announced by the controlling end alone. */
        bool file = x->operation == OPERATION_DOWNLOAD;
        for (int from = 0; from < (file ? 1 : 2); from++) {
            struct bench *b = bench_new(&iec104_parser);
            uint8_t bytes[600];
            unhex(x->request, bytes);
            feed_asdu(b, (enum proto_direction)from, START, x->request);
            assert_int_equal(b->seen.n, 0);
            assert_int_equal(iec104_parser.deadline(b->state), START + IEC104_ANSWER_NS);
            for (int k = 0; k < 3 && x->answers[k]; k++)
                feed_asdu(b, (enum proto_direction) !from, START + (k + 1) * SECOND, x->answers[k]);
            iec104_parser.expire(b->state, START + 60 * SECOND, &b->sink);
            if (b->seen.n != 1 || anomalies(b) != 0)
                fail_msg("%s: %u commands, %u anomalies", x->request, b->seen.n, anomalies(b));
            const struct proto_command *c = &b->seen.commands[0];
            if (c->outcome != x->outcome || c->operation != x->operation)
                fail_msg("%s: operation %u outcome %u", x->request, c->operation, c->outcome);
            assert_int_equal(c->from, from);
            assert_int_equal(c->function, bytes[0]);
            assert_int_equal(c->unit, bytes[4] | bytes[5] << 8);
            assert_int_equal(c->transaction, 5);
            assert_int_equal(c->exception, x->exception);
            assert_int_equal(c->object_first, x->first);
            assert_int_equal(c->object_count, x->count);
            assert_int_equal(c->has_value, x->value != -1);
            assert_int_equal(c->value, x->value == -1 ? 0 : x->value);
            assert_int_equal(c->request_ns, START);
            assert_int_equal(iec104_parser.deadline(b->state), INT64_MAX);
            free(b);
        }
    }
}

static void what_asks_nothing_is_no_command(void **unused)
{
    (void)unused;
    static const char *const data[] = {
        "01 01 0300 0a00 020000 01",              /* spontaneous */
        "46 01 0400 0a00 000000 00",              /* end of initialization */
        "67 01 0300 0a00 000000 01020304050607",  /* a station's clock, spontaneous */
        "78 01 0d00 0a00 010000 0100 000100 00",  /* a file that the station announces */
        "7a 01 0d00 0a00 010000 0100 01 06",      /* a step inside a transfer */
        "7d 01 0d00 0a00 010000 0100 01 02 aabb", /* a segment */
    };
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_asdu(b, PROTO_TO_CLIENT, START, data[i]);
        iec104_parser.end(b->state, START + 60 * SECOND, OUTCOME_UNANSWERED, &b->sink);
        if (b->seen.n != 0 || anomalies(b) != 0)
            fail_msg("%s: %u commands, %u anomalies", data[i], b->seen.n, anomalies(b));
        free(b);
    }
}

static void answer_to_something_else_is_no_answer(void **unused)
{
    (void)unused;
    static const char *const answers[] = {
        "2e 01 0700 0a00 020000 01", /* another type */
        "2d 01 0700 0b00 020000 01", /* another common address */
        "2d 01 0700 0a00 030000 01", /* another object */
        "2d 01 0900 0a00 020000 01", /* a confirmation of a deactivation */
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
        feed_asdu(b, PROTO_TO_CLIENT, START + 1, answers[i]);
        assert_int_equal(b->seen.n, 0);
        assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_ANSWER_UNASKED], 1);
        free(b);
    }
    /* And nobody answers himself. */
    struct bench *b = bench_new(&iec104_parser);
    feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
    feed_asdu(b, PROTO_TO_SERVER, START + 1, "2d 01 0700 0a00 020000 01");
    assert_int_equal(b->seen.n, 0);
    free(b);
}

static void confirmation_of_an_execute_confirms_no_select(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&iec104_parser);
    feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
    feed_asdu(b, PROTO_TO_CLIENT, START + 1, "2d 01 0700 0a00 020000 81");
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_MALFORMED], 1);
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
    free(b);
}

static void confirmation_of_another_value_is_an_anomaly_and_confirms(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&iec104_parser);
    feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
    feed_asdu(b, PROTO_TO_CLIENT, START + 1, "2d 01 0700 0a00 020000 00");
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_MALFORMED], 1);
    iec104_parser.end(b->state, START + 2, OUTCOME_SEEN, &b->sink);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_ACKNOWLEDGED);
    free(b);
}

static void requests_to_one_object_take_the_answers_that_fit(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&iec104_parser);
    feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 81");
    feed_asdu(b, PROTO_TO_SERVER, START + 1, "2d 01 0600 0a00 020000 01");
    feed_asdu(b, PROTO_TO_SERVER, START + 2, "2d 01 0600 0a00 020000 00");
    feed_asdu(b, PROTO_TO_CLIENT, START + 3, "2d 01 4700 0a00 020000 00");
    feed_asdu(b, PROTO_TO_CLIENT, START + 4, "2d 01 0700 0a00 020000 01");
    feed_asdu(b, PROTO_TO_CLIENT, START + 5, "2d 01 0700 0a00 020000 81");
    feed_asdu(b, PROTO_TO_CLIENT, START + 6, "2d 01 0a00 0a00 020000 01");
    static const struct {
        uint8_t operation, outcome;
        int64_t ns;
    } expected[] = {{OPERATION_OPERATE, OUTCOME_REFUSED, START + 2},
                    {OPERATION_SELECT, OUTCOME_SEEN, START},
                    {OPERATION_OPERATE, OUTCOME_COMPLETED, START + 1}};
    assert_int_equal(b->seen.n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->seen.commands[i].operation, expected[i].operation);
        assert_int_equal(b->seen.commands[i].outcome, expected[i].outcome);
        assert_int_equal(b->seen.commands[i].request_ns, expected[i].ns);
    }
    assert_int_equal(anomalies(b), 0);
    free(b);
}

static void deadlines_are_those_of_event_time(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&iec104_parser);
    feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
    iec104_parser.expire(b->state, START + IEC104_ANSWER_NS - 1, &b->sink);
    assert_int_equal(b->seen.n, 0);
    /* behind the deadline is too late, even if nobody called expire */
    feed_asdu(b, PROTO_TO_CLIENT, START + IEC104_ANSWER_NS, "2d 01 0700 0a00 020000 01");
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_UNANSWERED);
    assert_int_equal(b->seen.commands[0].answer_ns, START + IEC104_ANSWER_NS);
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_ANSWER_UNASKED], 1);
    feed_asdu(b, PROTO_TO_SERVER, START + 20 * SECOND, "2d 01 0600 0a00 020000 01");
    feed_asdu(b, PROTO_TO_CLIENT, START + 21 * SECOND, "2d 01 0700 0a00 020000 01");
    assert_int_equal(iec104_parser.deadline(b->state), START + 21 * SECOND + IEC104_TERMINATION_NS);
    iec104_parser.expire(b->state, START + 60 * SECOND, &b->sink);
    assert_int_equal(b->seen.n, 2);
    assert_int_equal(b->seen.commands[1].outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(b->seen.commands[1].answer_ns, START + 21 * SECOND);
    free(b);
}

static void end_of_flow_reports_what_is_open_as_told(void **unused)
{
    (void)unused;
    static const enum outcome outcomes[] = {OUTCOME_UNANSWERED, OUTCOME_SEEN};
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
        feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 030000 01");
        feed_asdu(b, PROTO_TO_CLIENT, START + 1, "2d 01 0700 0a00 030000 01");
        iec104_parser.end(b->state, START + 7, outcomes[i], &b->sink);
        assert_int_equal(b->seen.n, 2);
        assert_int_equal(b->seen.commands[0].outcome, outcomes[i]);
        assert_int_equal(b->seen.commands[1].outcome, OUTCOME_ACKNOWLEDGED);
        free(b);
    }
}

static void nothing_is_called_unanswered_when_answer_bytes_are_missing(void **unused)
{
    (void)unused;
    for (int way = 0; way < 3; way++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_asdu(b, PROTO_TO_SERVER, START, "2d 01 0600 0a00 020000 01");
        if (way == 0)
            iec104_parser.gap(b->state, PROTO_TO_CLIENT, START + 1, 16, &b->sink);
        else if (way == 1)
            feed_hex(b, PROTO_TO_CLIENT, START + 1, "ffffffffffffffffffffffffffffff");
        else
            feed_hex(b, PROTO_TO_CLIENT, START + 1, "68 0e 0000 0000 2d 01");
        iec104_parser.end(b->state, START + 2, OUTCOME_UNANSWERED, &b->sink);
        assert_int_equal(b->seen.n, 1);
        assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
        free(b);
    }
}

static void more_open_requests_than_tracked_give_up_what_is_known_best(void **unused)
{
    (void)unused;
    struct bench *b = bench_new(&iec104_parser);
    char text[64];
    for (unsigned i = 0; i < IEC104_OPEN_MAX; i++) {
        snprintf(text, sizeof(text), "2d 01 0600 0a00 %02x0000 01", i);
        feed_asdu(b, PROTO_TO_SERVER, START + i, text);
    }
    feed_asdu(b, PROTO_TO_CLIENT, START + 20, "2d 01 0700 0a00 030000 01");
    feed_asdu(b, PROTO_TO_SERVER, START + 30, "2d 01 0600 0a00 400000 01");
    assert_int_equal(b->seen.n, 1);
    assert_int_equal(b->seen.commands[0].object_first, 3);
    assert_int_equal(b->seen.commands[0].outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(anomalies(b), 0);
    feed_asdu(b, PROTO_TO_SERVER, START + 31, "2d 01 0600 0a00 410000 01");
    assert_int_equal(b->seen.n, 2);
    assert_int_equal(b->seen.commands[1].object_first, 0);
    assert_int_equal(b->seen.commands[1].outcome, OUTCOME_SEEN);
    assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_OVERFLOW], 1);
    free(b);
}

static void malformed_request_is_reported_without_objects_and_never_acknowledged(void **unused)
{
    (void)unused;
    static const char *const requests[] = {
        "2d 01 0600 0a00 020000 01 00",     /* too long */
        "2d 01 0600 0a00 020000",           /* too short */
        "2d 00 0600 0a00 020000 01",        /* no object */
        "2d 02 0600 0a00 020000 01 020000", /* half of the second */
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_asdu(b, PROTO_TO_SERVER, START, requests[i]);
        assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_MALFORMED], 1);
        feed_asdu(b, PROTO_TO_CLIENT, START + 1, "2d 01 0700 0a00 020000 01");
        assert_int_equal(b->seen.n, 1);
        assert_int_equal(b->seen.commands[0].operation, OPERATION_OPERATE);
        assert_int_equal(b->seen.commands[0].object_count, 0);
        assert_int_equal(b->seen.commands[0].outcome, OUTCOME_SEEN);
        free(b);
    }
}

static void objects_are_found_with_and_without_a_sequence(void **unused)
{
    (void)unused;
    static const struct {
        const char *apdu;
        int form;
        uint32_t addresses[4];
        unsigned n;
    } cases[] = {
        {"68 12 0000 0000 01 02 0300 0a00 010000 00 070000 01", 1, {1, 7}, 2},
        {"68 10 0000 0000 01 83 0300 0a00 010000 000101", 1, {1, 2, 3}, 3},
        {"68 0f 0000 0000 01 83 0300 0a00 ffffff 0001", -1, {0xffffff, 0}, 2},
        {"68 0f 0000 0000 c8 02 0300 0a00 010000 0001", 0, {1}, 1},
        {"68 13 0000 0000 7d 01 0d00 0a00 010000 0100 01 02 aabb", 1, {1}, 1},
        {"68 12 0000 0000 7d 01 0d00 0a00 010000 0100 01 02 aa", -1, {0}, 0},
        {"68 0d 0000 0000 66 01 0500 0a00 010000", 1, {1}, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[600];
        uint32_t len = unhex(cases[i].apdu, bytes);
        struct iec104_asdu a;
        struct iec104_object o;
        assert_int_equal(iec104_apdu_len(bytes), len);
        assert_true(iec104_asdu_parse(bytes, len, &a));
        assert_int_equal(iec104_asdu_form(&a), cases[i].form);
        unsigned n = 0;
        for (; iec104_object(&a, n, &o); n++) {
            assert_true(n < cases[i].n);
            assert_int_equal(o.address, cases[i].addresses[n]);
        }
        assert_int_equal(n, cases[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_reported_with_its_object_and_outcome),
        cmocka_unit_test(what_asks_nothing_is_no_command),
        cmocka_unit_test(answer_to_something_else_is_no_answer),
        cmocka_unit_test(confirmation_of_an_execute_confirms_no_select),
        cmocka_unit_test(confirmation_of_another_value_is_an_anomaly_and_confirms),
        cmocka_unit_test(requests_to_one_object_take_the_answers_that_fit),
        cmocka_unit_test(deadlines_are_those_of_event_time),
        cmocka_unit_test(end_of_flow_reports_what_is_open_as_told),
        cmocka_unit_test(nothing_is_called_unanswered_when_answer_bytes_are_missing),
        cmocka_unit_test(more_open_requests_than_tracked_give_up_what_is_known_best),
        cmocka_unit_test(malformed_request_is_reported_without_objects_and_never_acknowledged),
        cmocka_unit_test(objects_are_found_with_and_without_a_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
