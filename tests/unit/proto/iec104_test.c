/* IEC 60870-5-104: whole conversations, cut, thinned and shuffled; and who asks. */
#include "tests/unit/proto/iec104_bench.h"

/* ---- whole conversations, cut, thinned and shuffled ---- */

struct piece {
    enum proto_direction dir;
    const char *bytes;
};

static const struct piece talk[] = {
    {PROTO_TO_SERVER, "68 04 07000000"},
    {PROTO_TO_CLIENT, "68 04 0b000000"},
    {PROTO_TO_SERVER, "68 0e 0000 0000 64 01 0600 0a00 000000 14"},
    {PROTO_TO_CLIENT, "68 0e 0000 0200 64 01 0700 0a00 000000 14"
                      "68 11 0200 0200 01 84 1400 0a00 010000 00010001"
                      "68 0e 0400 0200 64 01 0a00 0a00 000000 14"},
    {PROTO_TO_SERVER, "68 04 0100 0600"},
    {PROTO_TO_SERVER, "68 0e 0200 0600 2d 01 0600 0a00 020000 81"},
    {PROTO_TO_CLIENT, "68 0e 0600 0400 2d 01 0700 0a00 020000 81"},
    {PROTO_TO_SERVER, "68 0e 0400 0800 2d 01 0600 0a00 020000 01"},
    {PROTO_TO_CLIENT, "68 0e 0800 0600 2d 01 0700 0a00 020000 01"
                      "68 0e 0a00 0600 2d 01 0a00 0a00 020000 01"},
    /* two in one; and a bitstring that looks like the beginning of an APDU */
    {PROTO_TO_SERVER, "68 11 0600 0c00 33 01 0600 0a00 040000 680e0000"
                      "68 0e 0800 0c00 2e 01 0600 0a00 050000 01"},
    {PROTO_TO_CLIENT, "68 11 0c00 0a00 33 01 4700 0a00 040000 680e0000"},
    {PROTO_TO_CLIENT, "68 04 83000000"},
    {PROTO_TO_SERVER, "68 10 0a00 0e00 30 01 0600 0a00 060000 0100 00"},
};
#define TALK (sizeof(talk) / sizeof(talk[0]))

static int64_t talk_time(size_t i)
{
    return START + (int64_t)i * SECOND / 10;
}

static void talk_end(struct bench *b)
{
    iec104_parser.end(b->state, talk_time(TALK), OUTCOME_UNANSWERED, &b->sink);
}

static struct bench *talk_whole(void)
{
    struct bench *b = bench_new(&iec104_parser);
    for (size_t i = 0; i < TALK; i++)
        feed_hex(b, talk[i].dir, talk_time(i), talk[i].bytes);
    talk_end(b);
    return b;
}

static void a_conversation_is_understood(void **unused)
{
    (void)unused;
    static const struct {
        uint8_t operation, outcome, transaction;
    } expected[] = {
        {OPERATION_READ, OUTCOME_COMPLETED, 0},     {OPERATION_SELECT, OUTCOME_SEEN, 1},
        {OPERATION_OPERATE, OUTCOME_COMPLETED, 2},  {OPERATION_OPERATE, OUTCOME_REFUSED, 3},
        {OPERATION_OPERATE, OUTCOME_UNANSWERED, 4}, {OPERATION_OPERATE, OUTCOME_UNANSWERED, 5}};
    struct bench *b = talk_whole();
    assert_int_equal(b->seen.n, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(b->seen.commands[i].operation, expected[i].operation);
        assert_int_equal(b->seen.commands[i].outcome, expected[i].outcome);
        assert_int_equal(b->seen.commands[i].transaction, expected[i].transaction);
    }
    assert_int_equal(anomalies(b), 0);
    free(b);
}

static void assert_same_command(const struct proto_command *x, const struct proto_command *y)
{
    assert_int_equal(x->operation, y->operation);
    assert_int_equal(x->outcome, y->outcome);
    assert_int_equal(x->from, y->from);
    assert_int_equal(x->function, y->function);
    assert_int_equal(x->exception, y->exception);
    assert_int_equal(x->unit, y->unit);
    assert_int_equal(x->transaction, y->transaction);
    assert_int_equal(x->object_first, y->object_first);
    assert_int_equal(x->object_count, y->object_count);
    assert_int_equal(x->has_value, y->has_value);
    assert_int_equal(x->value, y->value);
    assert_int_equal(x->request_ns, y->request_ns);
    assert_int_equal(x->answer_ns, y->answer_ns);
}

static void any_cut_gives_the_same_commands(void **unused)
{
    (void)unused;
    struct bench *whole = talk_whole();
    for (uint32_t width = 1; width <= 19; width++) {
        struct bench *b = bench_new(&iec104_parser);
        for (size_t i = 0; i < TALK; i++) {
            uint8_t data[600];
            uint32_t len = unhex(talk[i].bytes, data);
            for (uint32_t at = 0; at < len; at += width)
                feed_bytes(b, talk[i].dir, talk_time(i), data + at,
                           len - at < width ? len - at : width);
        }
        talk_end(b);
        assert_int_equal(anomalies(b), 0);
        assert_int_equal(b->seen.n, whole->seen.n);
        for (unsigned i = 0; i < b->seen.n; i++)
            assert_same_command(&b->seen.commands[i], &whole->seen.commands[i]);
        free(b);
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
                    t->operation == c->operation && t->object_first == c->object_first &&
                    t->object_count == c->object_count && t->value == c->value &&
                    (c->outcome == t->outcome || c->outcome == OUTCOME_SEEN ||
                     c->outcome == OUTCOME_UNANSWERED ||
                     (c->outcome == OUTCOME_ACKNOWLEDGED && t->outcome == OUTCOME_COMPLETED));
            if (found)
                used[j] = true;
        }
        if (!found)
            fail_msg("invented: N(S) %u type %u object %u outcome %u", c->transaction, c->function,
                     c->object_first, c->outcome);
    }
}

/* The pieces are cut at a place, and the first or the second part is lost; with place 0 the whole
 * piece. What comes behind the loss is found again with the first whole APDU. */
static void losing_any_part_invents_nothing_and_the_next_is_found(void **unused)
{
    (void)unused;
    struct bench *whole = talk_whole();
    for (size_t lost = 0; lost < TALK; lost++) {
        uint8_t data[600];
        uint32_t places = unhex(talk[lost].bytes, data);
        for (uint32_t place = 0; place < 4 * places; place++) {
            bool second = place & 1, known = place & 2;
            uint32_t at = place / 4;
            struct bench *b = bench_new(&iec104_parser);
            for (size_t i = 0; i < TALK; i++) {
                uint32_t len = unhex(talk[i].bytes, data);
                if (i != lost) {
                    feed_bytes(b, talk[i].dir, talk_time(i), data, len);
                    continue;
                }
                uint32_t from = second ? at : 0, to = second || at == 0 ? len : at;
                feed_bytes(b, talk[i].dir, talk_time(i), data, from);
                iec104_parser.gap(b->state, talk[i].dir, talk_time(i), known ? to - from : 0,
                                  &b->sink);
                feed_bytes(b, talk[i].dir, talk_time(i), data + to, len - to);
            }
            talk_end(b);
            assert_not_invented(&whole->seen, &b->seen);
            /* A loss of answers loses no request; one of requests none of the later pieces' that is
             * answered. */
            bool executed = false;
            for (unsigned i = 0; i < b->seen.n; i++)
                executed |= b->seen.commands[i].transaction == 2;
            assert_true(executed || lost == 7 || (talk[lost].dir == PROTO_TO_SERVER && lost == 5));
            if (talk[lost].dir == PROTO_TO_CLIENT)
                assert_int_equal(b->seen.n, whole->seen.n);
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
            struct bench *b = bench_new(&iec104_parser);
            for (size_t i = 0; i < TALK; i++) {
                const struct piece *p = &talk[i == one ? two : i == two ? one : i];
                feed_hex(b, p->dir, talk_time(i), p->bytes);
            }
            talk_end(b);
            assert_not_invented(&whole->seen, &b->seen);
            assert_int_equal(b->seen.n, whole->seen.n);
            free(b);
        }
    }
    free(whole);
}

static void guessed_request_needs_its_answer(void **unused)
{
    (void)unused;
    const char *request = "ffffff 68 0e 0200 0600 2d 01 0600 0a00 020000 01";
    for (int answered = 0; answered < 2; answered++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_hex(b, PROTO_TO_SERVER, START, request);
        if (answered)
            feed_asdu(b, PROTO_TO_CLIENT, START + 1, "2d 01 0700 0a00 020000 01");
        iec104_parser.end(b->state, START + 2, OUTCOME_UNANSWERED, &b->sink);
        assert_int_equal(b->seen.n, answered);
        assert_int_equal(b->seen.anomalies[PROTO_ANOMALY_LOST_SYNC], 1);
        free(b);
    }
}

static void request_behind_a_gap_is_dropped_if_no_apdu_follows(void **unused)
{
    (void)unused;
    static const char *const followed[] = {
        "0badf00d0000",                              /* by what begins none */
        "68 0e 0a00 0600 2d 01 3f00 0a00 020000 01", /* by a cause that is none */
        "68 0e 0a00 0600 2d 02 0600 0a00 020000 01", /* by fewer objects than it says */
    };
    for (size_t i = 0; i < sizeof(followed) / sizeof(followed[0]); i++) {
        struct bench *b = bench_new(&iec104_parser);
        feed_asdu(b, PROTO_TO_SERVER, START, "64 01 0600 0a00 000000 14");
        iec104_parser.gap(b->state, PROTO_TO_SERVER, START, 40, &b->sink);
        feed_hex(b, PROTO_TO_SERVER, START + 1, "68 0e 0200 0600 2d 01 0600 0a00 020000 01");
        feed_hex(b, PROTO_TO_SERVER, START + 1, followed[i]);
        iec104_parser.end(b->state, START + 2, OUTCOME_UNANSWERED, &b->sink);
        assert_int_equal(b->seen.n, 1);
        assert_int_equal(b->seen.commands[0].function, 100);
        free(b);
    }
}

/* ---- recognition ---- */

static void who_asks_is_told_by_the_first_apdu(void **unused)
{
    (void)unused;
    static const struct {
        const char *bytes;
        int verdict;
        bool before, after;
    } cases[] = {
        {"68 04 07000000", 1, true, false},
        {"68 04 0b000000", 1, false, true},
        {"68 04 43000000", 1, true, true},
        {"68 04 43000000", 1, false, false},
        {"68 04 0100 0600", 1, true, true},
        {"68 0e 0000 0000 64 01 0600 0a00 000000 14", 1, true, false},
        {"68 0e 0000 0000 64 01 0700 0a00 000000 14", 1, false, true},
        {"68 0e 0000 0000 01 01 0300 0a00 000000 14", 1, false, true},
        {"68 0d 0000 0000 66 01 0500 0a00 000000", 1, true, false},
        {"68", 0, true, true},
        {"68 0e 0000 0000 64", 0, true, true},
        {"68 0e 0000 0000 c8 01 0600 0a00 000000 14", 0, true, true},
        {"68 04 17000000", 0, true, true},
        {"68 03", -1, true, true},
        {"68 fe", -1, true, true},
        {"16", -1, true, true},
        {"0001 0000 0006 01 03", -1, true, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t data[600];
        bool from_server = cases[i].before;
        int verdict = iec104_parser.probe(data, unhex(cases[i].bytes, data), &from_server);
        if (verdict != cases[i].verdict || from_server != cases[i].after)
            fail_msg("%s: %d, from server %d", cases[i].bytes, verdict, from_server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_is_understood),
        cmocka_unit_test(any_cut_gives_the_same_commands),
        cmocka_unit_test(losing_any_part_invents_nothing_and_the_next_is_found),
        cmocka_unit_test(swapping_any_two_pieces_invents_nothing),
        cmocka_unit_test(guessed_request_needs_its_answer),
        cmocka_unit_test(request_behind_a_gap_is_dropped_if_no_apdu_follows),
        cmocka_unit_test(who_asks_is_told_by_the_first_apdu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
