/* Contact, roles and attempts, told by what a reader of the packets would say of them. */
#include "tests/unit/dataplane/line_fixture.h"

#define S NS_PER_S

static void send(struct line_fixture *x, int64_t t, struct frame_spec s)
{
    fixture_send(x, t, &s);
}

static enum contact contact_now(struct line_fixture *x)
{
    struct frame_spec s = to_server(0, 0, 0);
    struct flow *f = fixture_flow(x, &s);
    assert_non_null(f);
    return flow_contact(f);
}

static struct flow *flow_now(struct line_fixture *x)
{
    struct frame_spec s = to_server(0, 0, 0);
    struct flow *f = fixture_flow(x, &s);
    assert_non_null(f);
    return f;
}

static void a_handshake_makes_contact_complete(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, to_server(TCP_SYN, 99, 0));
    assert_int_equal(contact_now(x), CONTACT_ONE_SIDED);
    send(x, 1, to_client(TCP_SYN | TCP_ACK, 499, 100));
    assert_int_equal(contact_now(x), CONTACT_NONE); /* both were seen, no data was exchanged */
    send(x, 2, to_server(TCP_ACK, 100, 500));
    assert_int_equal(contact_now(x), CONTACT_COMPLETE);
    assert_int_equal(flow_now(x)->role, ROLE_HANDSHAKE);
    assert_int_equal(flow_now(x)->client, 0);
    fixture_free(x);
}

/* Numbers that do not fit are somebody's who did not see the other end's. */
static void a_handshake_with_wrong_numbers_is_none(void **state)
{
    (void)state;
    static const struct {
        uint32_t acked_by_server, acked_by_client;
    } rows[] = {{101, 500}, {99, 500}, {100, 501}, {100, 499}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line_fixture *x = fixture_make(1, 4096, 0);
        send(x, 0, to_server(TCP_SYN, 99, 0));
        send(x, 1, to_client(TCP_SYN | TCP_ACK, 499, rows[i].acked_by_server));
        send(x, 2, to_server(TCP_ACK, 100, rows[i].acked_by_client));
        assert_int_equal(contact_now(x), CONTACT_NONE);
        fixture_free(x);
    }
}

static void acknowledged_data_both_ways_is_two_way(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    /* Picked up in the middle. */
    send(x, 0, with_payload(to_server(TCP_ACK, 1000, 7000), "hello", 5));
    assert_int_equal(contact_now(x), CONTACT_ONE_SIDED);
    send(x, 1, with_payload(to_client(TCP_ACK, 7000, 1005), "world!", 6));
    assert_int_equal(contact_now(x), CONTACT_ONE_SIDED); /* only the server has acknowledged */
    send(x, 2, to_server(TCP_ACK, 1005, 7006));
    assert_int_equal(contact_now(x), CONTACT_TWO_WAY);
    fixture_free(x);
}

static void an_acknowledgement_of_what_was_not_sent_shows_nothing(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, with_payload(to_server(TCP_ACK, 1000, 7000), "hello", 5));
    send(x, 1, with_payload(to_client(TCP_ACK, 7000, 1005), "world!", 6));
    send(x, 2, to_server(TCP_ACK, 1005, 7000)); /* nothing of it */
    send(x, 3, to_server(TCP_ACK, 1005, 7007)); /* beyond it */
    send(x, 4, to_server(TCP_ACK, 1005, 900));
    assert_int_equal(contact_now(x), CONTACT_ONE_SIDED);
    fixture_free(x);
}

static void an_acknowledgement_may_cover_the_fin_behind_the_data(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, with_payload(to_server(TCP_ACK | TCP_FIN, 1000, 7000), "hello", 5));
    send(x, 1, with_payload(to_client(TCP_ACK, 7000, 1006), "world!", 6));
    send(x, 2, to_client(TCP_ACK | TCP_FIN, 7006, 1006));
    send(x, 3, to_server(TCP_ACK, 1006, 7007));
    assert_int_equal(contact_now(x), CONTACT_TWO_WAY);
    fixture_free(x);
}

static void one_direction_is_one_sided(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, with_payload(to_server(TCP_ACK, 1000, 7000), "hello", 5));
    send(x, 1, with_payload(to_server(TCP_ACK, 1005, 7006), "hello", 5));
    assert_int_equal(contact_now(x), CONTACT_ONE_SIDED);
    assert_false(flow_established(flow_now(x)));
    fixture_free(x);
}

/* attempt: the only attempt that was observed. */
static const struct observation *attempt(const struct line_fixture *x)
{
    assert_int_equal(fixture_count(x, KIND_ATTEMPT), 1);
    for (size_t i = 0; i < x->n_seen; i++)
        if (x->seen[i].kind == KIND_ATTEMPT)
            return &x->seen[i];
    return NULL;
}

static void an_attempt_ends_with_the_servers_answer(void **state)
{
    (void)state;
    static const struct {
        uint8_t flags;
        enum outcome outcome;
    } rows[] = {{TCP_SYN | TCP_ACK, OUTCOME_ACKNOWLEDGED}, {TCP_RST | TCP_ACK, OUTCOME_REFUSED}};
    for (size_t i = 0; i < 2; i++) {
        struct line_fixture *x = fixture_make(1, 4096, 0);
        send(x, 5 * S, to_server(TCP_SYN, 99, 0));
        send(x, 6 * S, to_server(TCP_SYN, 99, 0));
        assert_int_equal(x->n_seen, 0); /* nothing is claimed before its fate is known */
        send(x, 7 * S, to_client(rows[i].flags, 499, 100));
        const struct observation *a = attempt(x);
        assert_int_equal(a->outcome, rows[i].outcome);
        assert_int_equal(a->began_ns, 5 * S);
        assert_int_equal(a->order.t, 7 * S);
        assert_int_equal(a->source.b[15], 1);
        assert_int_equal(a->target.b[15], 2);
        assert_int_equal(a->target_port, 502);
        assert_int_equal(a->role, ROLE_HANDSHAKE);
        send(x, 8 * S, to_client(rows[i].flags, 499, 100));
        line_finish(x->lines[0], 9 * S);
        attempt(x); /* once */
        fixture_free(x);
    }
}

static void an_attempt_without_answer_ends_after_twenty_seconds(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 5 * S, to_server(TCP_SYN, 99, 0));
    send(x, 8 * S, to_server(TCP_SYN, 99, 0)); /* sent again: the wait begins anew */
    line_expire(x->lines[0], 28 * S - 1);
    assert_int_equal(x->n_seen, 0);
    line_expire(x->lines[0], 28 * S);
    const struct observation *a = attempt(x);
    assert_int_equal(a->outcome, OUTCOME_UNANSWERED);
    assert_int_equal(a->began_ns, 5 * S);
    assert_int_equal(a->order.t, 28 * S);
    assert_int_equal(a->order.input, ORDER_TIMER);
    fixture_free(x);
}

static void an_attempt_that_is_open_at_the_end_was_only_seen(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 5 * S, to_server(TCP_SYN, 99, 0));
    line_finish(x->lines[0], 6 * S);
    assert_int_equal(attempt(x)->outcome, OUTCOME_SEEN);
    fixture_free(x);
}

static void a_syn_ack_alone_tells_of_an_attempt(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 5 * S, to_client(TCP_SYN | TCP_ACK, 499, 100));
    const struct observation *a = attempt(x);
    assert_int_equal(a->outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(a->source.b[15], 1);
    assert_int_equal(a->visibility, VISIBILITY_ONE_SIDED);
    fixture_free(x);
}

static uint64_t stream_bytes(const struct line_fixture *x)
{
    return line_stats(x->lines[0])->counters.stream_bytes;
}

static void a_syn_sent_again_begins_no_stream_anew(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    struct engine_counters *c = &line_stats(x->lines[0])->counters;
    send(x, 0, to_server(TCP_SYN, 99, 0));
    send(x, 1, to_client(TCP_SYN | TCP_ACK, 499, 100));
    send(x, 2, to_server(TCP_ACK, 100, 500));
    send(x, 3, with_payload(to_server(TCP_ACK, 100, 500), "0123456789", 10));
    send(x, 4, with_payload(to_client(TCP_ACK, 500, 110), "abcdefgh", 8));
    assert_int_equal(stream_bytes(x), 18);
    /* A mirrored copy, late; the streams go on where they were. */
    send(x, 5, to_server(TCP_SYN, 99, 0));
    send(x, 6, to_client(TCP_SYN | TCP_ACK, 499, 100));
    send(x, 7, with_payload(to_server(TCP_ACK, 100, 500), "0123456789", 10));
    assert_int_equal(stream_bytes(x), 18);
    assert_int_equal(c->stream_duplicate, 10);
    send(x, 8, with_payload(to_server(TCP_ACK, 110, 508), "more", 4));
    send(x, 9, with_payload(to_client(TCP_ACK, 508, 114), "more", 4));
    assert_int_equal(stream_bytes(x), 26);
    assert_int_equal(c->stream_gaps, 0);
    assert_int_equal(c->stream_held, 0);
    assert_int_equal(c->flows, 1);
    assert_int_equal(contact_now(x), CONTACT_COMPLETE);
    fixture_free(x);
}

static void a_syn_behind_its_data_begins_no_stream_anew(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, with_payload(to_server(TCP_ACK, 100, 500), "0123456789", 10));
    send(x, 1, to_server(TCP_SYN, 99, 0));
    send(x, 2, with_payload(to_server(TCP_ACK, 110, 500), "more", 4));
    assert_int_equal(stream_bytes(x), 14);
    assert_int_equal(line_stats(x->lines[0])->counters.flows, 1);
    assert_int_equal(line_stats(x->lines[0])->counters.stream_held, 0);
    fixture_free(x);
}

/* The next connection in the place of an earlier one is a flow of its own. */
static void a_new_syn_begins_a_new_flow(void **state)
{
    (void)state;
    enum { CLOSED, ESTABLISHED, PICKED_UP, ONLY_SERVER_SEEN, CASES };
    for (int c = 0; c < CASES; c++) {
        struct line_fixture *x = fixture_make(1, 4096, 0);
        if (c == CLOSED || c == ESTABLISHED) {
            send(x, 0, to_server(TCP_SYN, 99, 0));
            send(x, 1, to_client(TCP_SYN | TCP_ACK, 499, 100));
            send(x, 2, to_server(TCP_ACK, 100, 500));
        }
        if (c != ONLY_SERVER_SEEN)
            send(x, 3, with_payload(to_server(TCP_ACK, 100, 500), "0123456789", 10));
        send(x, 4, with_payload(to_client(TCP_ACK, 500, 110), "abcd", 4));
        if (c == CLOSED)
            send(x, 5, to_client(TCP_RST, 504, 0));
        if (c != ONLY_SERVER_SEEN)
            send(x, 6, to_server(TCP_SYN, 80099, 0));
        send(x, 7, to_client(TCP_SYN | TCP_ACK, 90499, 80100));
        assert_int_equal(line_stats(x->lines[0])->counters.flows, 2);
        uint64_t before = stream_bytes(x);
        send(x, 8, with_payload(to_client(TCP_ACK, 90500, 80100), "new", 3));
        if (c != ONLY_SERVER_SEEN)
            send(x, 9, with_payload(to_server(TCP_ACK, 80100, 90503), "new", 3));
        assert_int_equal(stream_bytes(x), before + (c == ONLY_SERVER_SEEN ? 3 : 6));
        assert_int_equal(line_stats(x->lines[0])->counters.stream_gaps, 0);
        fixture_free(x);
    }
}

static void a_refused_attempt_that_is_made_again_is_another(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    for (int64_t t = 0; t < 3; t++) {
        send(x, 2 * t * S, to_server(TCP_SYN, 99, 0));
        send(x, (2 * t + 1) * S, to_client(TCP_RST | TCP_ACK, 0, 100));
    }
    assert_int_equal(line_stats(x->lines[0])->counters.flows, 3);
    assert_int_equal(fixture_count(x, KIND_ATTEMPT), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(x->seen[i].outcome, OUTCOME_REFUSED);
        assert_int_equal(x->seen[i].began_ns, 2 * (int64_t)i * S);
    }
    fixture_free(x);
}

static void an_answer_to_data_in_a_syn_is_no_new_flow(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, with_payload(to_server(TCP_SYN, 99, 0), "early", 5));
    send(x, 1, to_client(TCP_SYN | TCP_ACK, 499, 105));
    send(x, 2, with_payload(to_client(TCP_ACK, 500, 105), "reply", 5));
    send(x, 3, to_server(TCP_ACK, 105, 505));
    assert_int_equal(line_stats(x->lines[0])->counters.flows, 1);
    assert_int_equal(stream_bytes(x), 10);
    assert_int_equal(contact_now(x), CONTACT_TWO_WAY);
    fixture_free(x);
}

static const uint8_t modbus_request[] = {0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1};
static const uint8_t modbus_answer[] = {0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 7};

static void picked_up_in_the_middle_the_role_comes_from_ports_or_the_message(void **state)
{
    (void)state;
    /* The side with the port of a parser is the server, whoever is seen first. */
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, to_client(TCP_ACK, 500, 100));
    assert_int_equal(flow_now(x)->role, ROLE_PORT);
    assert_int_equal(flow_now(x)->client, 0);
    send(x, 1, with_payload(to_server(TCP_ACK, 100, 500), modbus_request, sizeof modbus_request));
    send(x, 2, with_payload(to_client(TCP_ACK, 500, 112), modbus_answer, sizeof modbus_answer));
    assert_int_equal(fixture_count(x, KIND_COMMAND), 1);
    assert_int_equal(x->seen[0].outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(x->seen[0].source.b[15], 1);
    fixture_free(x);

    /* On ports that say the opposite, the message decides. */
    x = fixture_make(1, 4096, 0);
    struct frame_spec request = to_server(TCP_ACK, 100, 500), answer = to_client(TCP_ACK, 500, 112);
    request.source_port = answer.target_port = 1024;
    request.target_port = answer.source_port = 50000;
    send(x, 0, with_payload(request, modbus_request, sizeof modbus_request));
    struct flow *f = fixture_flow(x, &request);
    assert_int_equal(f->role, ROLE_MESSAGE);
    assert_int_equal(f->client, 0);
    send(x, 1, with_payload(answer, modbus_answer, sizeof modbus_answer));
    assert_int_equal(fixture_count(x, KIND_COMMAND), 1);
    assert_int_equal(x->seen[0].source.b[15], 1);
    assert_int_equal(x->seen[0].target_port, 50000);
    fixture_free(x);
}

static struct frame_spec udp(uint8_t from, unsigned len)
{
    return (struct frame_spec){.transport = 17,
                               .source = from,
                               .target = (uint8_t)(3 - from),
                               .source_port = from == 1 ? 40000 : 161,
                               .target_port = from == 1 ? 161 : 40000,
                               .payload_len = len};
}

static enum contact udp_contact(struct line_fixture *x)
{
    struct frame_spec s = udp(1, 1);
    return flow_contact(fixture_flow(x, &s));
}

static void udp_is_two_way_once_an_end_sends_after_the_answer(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 0, udp(1, 10));
    send(x, 1, udp(1, 10));
    assert_int_equal(udp_contact(x), CONTACT_ONE_SIDED);
    send(x, 2, udp(2, 10));
    assert_int_equal(udp_contact(x), CONTACT_ONE_SIDED);
    /* An answer in two packets shows nothing of the asker, whose address may be forged. */
    send(x, 3, udp(2, 10));
    assert_int_equal(udp_contact(x), CONTACT_ONE_SIDED);
    send(x, 4, udp(1, 10));
    assert_int_equal(udp_contact(x), CONTACT_TWO_WAY);
    fixture_free(x);
}

static void a_udp_attempt_ends_like_any(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    send(x, 1 * S, udp(1, 10));
    send(x, 2 * S, udp(2, 10));
    const struct observation *a = attempt(x);
    assert_int_equal(a->outcome, OUTCOME_ACKNOWLEDGED);
    assert_int_equal(a->source.b[15], 1);
    assert_int_equal(a->began_ns, 1 * S);
    fixture_free(x);
    x = fixture_make(1, 4096, 0);
    send(x, 1 * S, udp(1, 10));
    line_expire(x->lines[0], 21 * S);
    assert_int_equal(attempt(x)->outcome, OUTCOME_UNANSWERED);
    fixture_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_makes_contact_complete),
        cmocka_unit_test(a_handshake_with_wrong_numbers_is_none),
        cmocka_unit_test(acknowledged_data_both_ways_is_two_way),
        cmocka_unit_test(an_acknowledgement_of_what_was_not_sent_shows_nothing),
        cmocka_unit_test(an_acknowledgement_may_cover_the_fin_behind_the_data),
        cmocka_unit_test(one_direction_is_one_sided),
        cmocka_unit_test(an_attempt_ends_with_the_servers_answer),
        cmocka_unit_test(an_attempt_without_answer_ends_after_twenty_seconds),
        cmocka_unit_test(an_attempt_that_is_open_at_the_end_was_only_seen),
        cmocka_unit_test(a_syn_ack_alone_tells_of_an_attempt),
        cmocka_unit_test(a_syn_sent_again_begins_no_stream_anew),
        cmocka_unit_test(a_syn_behind_its_data_begins_no_stream_anew),
        cmocka_unit_test(a_new_syn_begins_a_new_flow),
        cmocka_unit_test(a_refused_attempt_that_is_made_again_is_another),
        cmocka_unit_test(an_answer_to_data_in_a_syn_is_no_new_flow),
        cmocka_unit_test(picked_up_in_the_middle_the_role_comes_from_ports_or_the_message),
        cmocka_unit_test(udp_is_two_way_once_an_end_sends_after_the_answer),
        cmocka_unit_test(a_udp_attempt_ends_like_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
