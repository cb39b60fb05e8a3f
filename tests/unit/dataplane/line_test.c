/* The line: timers before packets, observations in ascending order, expiry to the nanosecond, and
 * the same observations however the shards are spread. */
#include "tests/unit/dataplane/line_fixture.h"

#include <string.h>

#define S NS_PER_S

static void a_timer_fires_before_a_packet_of_the_same_time(void **state)
{
    (void)state;
    for (int64_t early = 0; early < 2; early++) {
        struct line_fixture *x = fixture_make(1, 4096, 0);
        struct frame_spec syn = to_server(TCP_SYN, 99, 0),
                          answer = to_client(TCP_SYN | TCP_ACK, 499, 100);
        fixture_send(x, 0, &syn);
        fixture_send(x, 20 * S - early, &answer);
        assert_int_equal(fixture_count(x, KIND_ATTEMPT), 1);
        assert_int_equal(x->seen[0].outcome, early ? OUTCOME_ACKNOWLEDGED : OUTCOME_UNANSWERED);
        assert_int_equal(x->seen[0].order.input, early ? 1 : ORDER_TIMER);
        fixture_free(x);
    }
}

static void a_timer_of_another_shard_fires_before_the_packet_too(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    for (uint8_t host = 3; host < 40; host++) {
        struct frame_spec syn = to_server(TCP_SYN, 99, 0);
        syn.target = host;
        fixture_send(x, host, &syn);
    }
    struct frame_spec other = to_server(TCP_SYN, 99, 0);
    fixture_send(x, 20 * S + 20, &other);
    assert_int_equal(x->n_seen, 18); /* hosts 3 to 20 */
    for (size_t i = 0; i < x->n_seen; i++) {
        assert_int_equal(x->seen[i].order.t, 20 * S + 3 + (int64_t)i);
        assert_int_equal(x->seen[i].order.input, ORDER_TIMER);
    }
    fixture_free(x);
}

static void flows_expire_exactly_when_they_are_due(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t idle;
    } rows[] = {
        {"no answer", 60 * S},          {"established", 3600 * S}, {"closed", 10 * S},
        {"udp without answer", 60 * S}, {"udp", 300 * S},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line_fixture *x = fixture_make(1, 4096, 0);
        const struct engine_counters *c = &line_stats(x->lines[0])->counters;
        struct frame_spec syn = to_server(TCP_SYN, 99, 0),
                          syn_ack = to_client(TCP_SYN | TCP_ACK, 499, 100),
                          ack = to_server(TCP_ACK, 100, 500), rst = to_client(TCP_RST, 500, 0);
        struct frame_spec there = {.transport = 17,
                                   .source = 1,
                                   .target = 2,
                                   .source_port = 7,
                                   .target_port = 9,
                                   .payload_len = 4};
        struct frame_spec back = there;
        back.source = 2, back.target = 1, back.source_port = 9, back.target_port = 7;
        if (i < 3)
            fixture_send(x, 1, &syn);
        if (i == 1 || i == 2) {
            fixture_send(x, 2, &syn_ack);
            fixture_send(x, 3, &ack);
        }
        if (i == 2)
            fixture_send(x, 4, &rst);
        if (i >= 3)
            fixture_send(x, 5, &there);
        if (i == 4)
            fixture_send(x, 6, &back);
        int64_t due = x->now + rows[i].idle;
        line_expire(x->lines[0], due - 1);
        assert_int_equal(c->flows_expired, 0);
        line_expire(x->lines[0], due);
        assert_int_equal(c->flows_expired, 1);
        line_expire(x->lines[0], INT64_MAX - 1);
        assert_int_equal(c->flows_expired, 1);
        fixture_free(x);
    }
}

static void a_packet_puts_off_what_is_due(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    const struct engine_counters *c = &line_stats(x->lines[0])->counters;
    struct frame_spec there = {.transport = 17,
                               .source = 1,
                               .target = 2,
                               .source_port = 7,
                               .target_port = 9,
                               .payload_len = 4};
    for (int64_t t = 0; t < 100; t++)
        fixture_send(x, t * 59 * S, &there);
    assert_int_equal(c->flows, 1);
    line_expire(x->lines[0], (99 * 59 + 60) * S - 1);
    assert_int_equal(c->flows_expired, 0);
    fixture_send(x, (99 * 59 + 60) * S, &there); /* in the very moment: too late */
    assert_int_equal(c->flows_expired, 1);
    assert_int_equal(c->flows, 2);
    fixture_free(x);
}

/* fixture_send_late: a packet whose stamp was `late` earlier than the time it got. */
static void send_late(struct line_fixture *x, int64_t t, uint64_t late, struct frame_spec spec)
{
    struct built_frame f;
    build_frame(&spec, &f);
    struct packet pkt = {.t = t,
                         .late_ns = late,
                         .seq = ++x->seq,
                         .input = 1,
                         .wire = f.len,
                         .linktype = LINKTYPE_ETHERNET,
                         .shard = frame_shard(LINKTYPE_ETHERNET, f.data, f.len)};
    decode_frame(&pkt, f.data, f.len);
    line_packet(x->lines[0], &pkt, f.data, NULL);
}

static void send_all(struct line_fixture *x, int64_t t, const struct frame_spec *specs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fixture_send(x, t, &specs[i]);
}

/* Modbus, write single register: transaction, 4 zero or length bytes, unit 1, function 6, register,
 * value. An answer repeats it. */
static const uint8_t write_1[12] = {0, 1, 0, 0, 0, 6, 1, 6, 0, 1, 0, 1};
static const uint8_t write_2[12] = {0, 2, 0, 0, 0, 6, 1, 6, 0, 2, 0, 2};

static void a_request_behind_a_hole_began_when_it_was_seen(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 256, 0);
    const struct frame_spec handshake[] = {to_server(TCP_SYN, 99, 0),
                                           to_client(TCP_SYN | TCP_ACK, 499, 100),
                                           to_server(TCP_ACK, 100, 500)};
    send_all(x, 0, handshake, 3);
    /* The second request comes first, and waits for the bytes before it,
     * longer than a request would wait for its answer. */
    const struct frame_spec second = with_payload(to_server(TCP_ACK, 112, 500), write_2, 12),
                            first = with_payload(to_server(TCP_ACK, 100, 500), write_1, 12),
                            answers[] = {with_payload(to_client(TCP_ACK, 500, 124), write_1, 12),
                                         with_payload(to_client(TCP_ACK, 512, 124), write_2, 12)};
    fixture_send(x, 5 * S, &second);
    fixture_send(x, 1000 * S, &first);
    send_all(x, 1001 * S, answers, 2);
    line_finish(x->lines[0], 1001 * S);
    int64_t began[2] = {0}, n = 0;
    for (size_t i = 0; i < x->n_seen; i++)
        if (x->seen[i].kind == KIND_COMMAND) {
            assert_true(n < 2);
            assert_int_equal(x->seen[i].order.t, 1001 * S);
            assert_int_equal(x->seen[i].outcome, OUTCOME_ACKNOWLEDGED);
            began[n++] = x->seen[i].began_ns;
        }
    assert_int_equal(n, 2);
    assert_int_equal(began[0], 1000 * S);
    assert_int_equal(began[1], 5 * S);
    fixture_free(x);
}

static void a_stamp_that_went_back_makes_the_time_less_sure(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 256, 0);
    x->lines[0]->config.clock_error_ns = 1000;
    const uint64_t lates[] = {0, 7 * S, FRAME_LATE_UNKNOWN};
    for (unsigned i = 0; i < 3; i++) {
        struct frame_spec syn = to_server(TCP_SYN, 99, 0),
                          refused = to_client(TCP_RST | TCP_ACK, 0, 100);
        syn.source_port = refused.target_port = (uint16_t)(1000 + i);
        send_late(x, 10 * S, lates[i], syn);
        send_late(x, 10 * S, 0, refused);
    }
    /* What begins later in the same conversation is as sure as the clock. */
    struct frame_spec syn = to_server(TCP_SYN, 199, 0),
                      refused = to_client(TCP_RST | TCP_ACK, 0, 200);
    syn.source_port = refused.target_port = 1001;
    send_late(x, 11 * S, 0, syn);
    send_late(x, 11 * S, 0, refused);
    line_finish(x->lines[0], 11 * S);
    assert_int_equal(x->n_seen, 4);
    const uint64_t errors[] = {1000, 7 * S + 1000, TIME_ERROR_UNKNOWN, 1000};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(x->seen[i].kind, KIND_ATTEMPT);
        assert_int_equal(x->seen[i].time_error_ns, errors[i]);
        assert_int_equal(x->seen[i].flags & OBSERVATION_LATE,
                         errors[i] == 1000 ? 0 : OBSERVATION_LATE);
    }
    fixture_free(x);
}

static void a_full_shard_ends_the_flow_idle_longest(void **state)
{
    (void)state;
    /* A sixteenth of 256 flows; one pair of hosts is one shard. */
    struct line_fixture *x = fixture_make(1, 256, 0);
    const struct engine_counters *c = &line_stats(x->lines[0])->counters;
    struct frame_spec s = {
        .transport = 17, .source = 1, .target = 2, .target_port = 9, .payload_len = 4};
    for (uint16_t port = 1; port <= 16; port++) {
        s.source_port = port;
        fixture_send(x, port, &s);
    }
    s.source_port = 1; /* used again: now 2 is idle longest */
    fixture_send(x, 20, &s);
    assert_int_equal(c->flows_evicted, 0);
    s.source_port = 17;
    fixture_send(x, 21, &s);
    assert_int_equal(c->flows_evicted, 1);
    assert_int_equal(x->n_seen, 1);
    assert_int_equal(x->seen[0].source_port, 2);
    assert_int_equal(x->seen[0].outcome, OUTCOME_SEEN);
    assert_int_equal(x->seen[0].order.t, 21);
    fixture_free(x);
}

/* A service that the accord declares and no parser took: counted for the asset that offers it only.
 */
static void coverage_says_what_is_declared_and_not_parsed(void **state)
{
    (void)state;
    static const uint16_t ports[] = {20000};
    static const struct host_services services[] = {{ports, 1}, {ports, 1}};
    struct line_fixture *x = fixture_make(1, 4096, 2);
    x->hosts.services = services;
    struct frame_spec request = with_payload(to_server(TCP_ACK, 100, 500), "\x05\x64\x05\xc9", 4),
                      other = request;
    request.target_port = 20000;
    other.target_port = 20001;
    fixture_send(x, 1 * S, &request);
    fixture_send(x, 2 * S, &other);
    line_expire(x->lines[0], 60 * S);
    unsigned said = 0;
    for (size_t i = 0; i < x->n_seen; i++)
        if (x->seen[i].kind == KIND_COVERAGE && x->seen[i].coverage == COVERAGE_NOT_PARSED) {
            said++;
            assert_int_equal(x->seen[i].object_first, 1); /* 10.0.0.2 offers it */
            assert_int_equal(x->seen[i].integer, 1);
        }
    assert_int_equal(said, 1);
    fixture_free(x);
}

static void coverage_comes_before_the_deadlines_of_its_end(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 2);
    struct frame_spec syn = to_server(TCP_SYN, 99, 0);
    fixture_send(x, 40 * S, &syn); /* its attempt is due with the interval's end at 60 s */
    line_expire(x->lines[0], 60 * S - 1);
    assert_int_equal(x->n_seen, 0);
    line_expire(x->lines[0], 60 * S);
    /* Both assets: seen, and one-sided since only a SYN came; then the attempt. */
    assert_int_equal(x->n_seen, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(x->seen[i].kind, KIND_COVERAGE);
        assert_int_equal(x->seen[i].order.t, 60 * S - 1);
        assert_int_equal(x->seen[i].order.input, ORDER_CLOSING);
        assert_int_equal(x->seen[i].interval_ns[0], 0);
        assert_int_equal(x->seen[i].interval_ns[1], 60 * S);
    }
    assert_int_equal(x->seen[0].coverage, COVERAGE_SEEN);
    assert_int_equal(x->seen[0].integer, 1);
    assert_int_equal(x->seen[1].coverage, COVERAGE_ONE_SIDED);
    assert_int_equal(x->seen[4].kind, KIND_ATTEMPT);
    assert_int_equal(x->seen[4].order.t, 60 * S);
    fixture_free(x);
}

/* Random traffic among few hosts: TCP with all flags, numbers that fit and that do not, UDP,
 * Modbus, fragments, now and then a long silence. */
static struct frame_spec random_spec(uint64_t *seed)
{
    static const uint8_t request[] = {0, 1, 0, 0, 0, 6, 1, 6, 0, 5, 0, 9};
    static const uint8_t flags[] = {
        TCP_SYN,           TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH,
        TCP_FIN | TCP_ACK, TCP_RST,           TCP_ACK};
    struct frame_spec s = {
        .transport = random_below(seed, 5) ? 6 : 17,
        .source = (uint8_t)(1 + random_below(seed, 5)),
        .target = (uint8_t)(1 + random_below(seed, 5)),
        .flags = flags[random_below(seed, sizeof flags)],
        .seq = 1000 + 12 * (uint32_t)random_below(seed, 6),
        .ack = 1000 + 12 * (uint32_t)random_below(seed, 6),
    };
    bool ask = random_below(seed, 2);
    uint16_t port = (uint16_t)(2000 + random_below(seed, 10));
    s.source_port = ask ? port : 502;
    s.target_port = ask ? 502 : port;
    if (random_below(seed, 2)) {
        s.payload = request;
        s.payload_len = random_below(seed, 4) ? sizeof request : 5;
    }
    if (random_below(seed, 40) == 0)
        s.fragment = 0x2000;
    return s;
}

struct arrival {
    int64_t t;
    struct frame_spec spec;
};

static struct arrival *random_arrivals(uint64_t *seed, size_t n)
{
    struct arrival *events = calloc(n, sizeof *events);
    assert_non_null(events);
    int64_t t = 1000 * S;
    for (size_t i = 0; i < n; i++) {
        /* Often the same time, often a whole second, so that timers and packets meet. */
        switch (random_below(seed, 5)) {
        case 0:
            break;
        case 1:
            t = (t / S + 1) * S;
            break;
        case 2:
            t += 20 * S;
            break;
        case 3:
            t += (int64_t)random_below(seed, 100) * S / 7;
            break;
        default:
            t += random_below(seed, 60) ? 1 : 4000 * S;
        }
        events[i] = (struct arrival){t, random_spec(seed)};
    }
    return events;
}

static void play(struct line_fixture *x, const struct arrival *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fixture_send(x, events[i].t, &events[i].spec);
    for (unsigned i = 0; i < x->n_lines; i++)
        line_finish(x->lines[i], x->now);
}

static void observations_leave_in_ascending_order(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    enum { EVENTS = 3000 };
    uint64_t kinds[KIND_COUNT] = {0}, timers = 0;
    for (int round = 0; round < 12; round++) {
        struct arrival *events = random_arrivals(&seed, EVENTS);
        /* Every other round with budgets of 16 flows a shard, so that flows are evicted too; five
         * hosts are at most 15 shards, so that the total is not reached. */
        struct line_fixture *x = fixture_make(1, round % 2 ? 256 : 4096, 4);
        play(x, events, EVENTS);
        for (size_t i = 0; i < x->n_seen; i++) {
            kinds[x->seen[i].kind]++;
            timers += x->seen[i].order.input == ORDER_TIMER;
            if (i)
                assert_int_equal(order_compare(&x->seen[i - 1].order, &x->seen[i].order), -1);
        }
        const struct engine_counters *c = &line_stats(x->lines[0])->counters;
        assert_int_equal(c->packets, EVENTS);
        assert_true(c->flows_expired > 0);
        assert_int_equal(c->flows_evicted > 0, round % 2);
        assert_false(line_pools_total_reached(&x->pools));
        fixture_free(x);
        free(events);
    }
    assert_true(kinds[KIND_ATTEMPT] > 100 && kinds[KIND_COMMAND] > 100 &&
                kinds[KIND_COVERAGE] > 100);
    assert_true(timers > 100);
}

static int by_order(const void *a, const void *b)
{
    const struct observation *x = a, *y = b;
    int order = order_compare(&x->order, &y->order);
    return order ? order : memcmp(x, y, sizeof *x);
}

/* without_coverage: sorted by the one order. Coverage is summed by its owner, and lines share its
 * order. */
static size_t without_coverage(struct line_fixture *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_seen; i++)
        if (x->seen[i].kind != KIND_COVERAGE)
            x->seen[n++] = x->seen[i];
    qsort(x->seen, n, sizeof *x->seen, by_order);
    return n;
}

static void the_number_of_lines_changes_nothing(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    enum { EVENTS = 3000 };
    for (int round = 0; round < 6; round++) {
        struct arrival *events = random_arrivals(&seed, EVENTS);
        struct line_fixture *one = fixture_make(1, round % 2 ? 256 : 4096, 4);
        play(one, events, EVENTS);
        size_t n = without_coverage(one);
        assert_true(n > 100);
        for (unsigned lines = 2; lines <= 8; lines *= 2) {
            struct line_fixture *many = fixture_make(lines, round % 2 ? 256 : 4096, 4);
            play(many, events, EVENTS);
            assert_int_equal(without_coverage(many), n);
            assert_memory_equal(many->seen, one->seen, n * sizeof *one->seen);
            fixture_free(many);
        }
        fixture_free(one);
        free(events);
    }
}

/* send_bytes: a frame of its own into the line of its shard. */
static void send_bytes(struct line_fixture *x, int64_t t, const uint8_t *data, uint32_t len)
{
    struct packet pkt = {
        .t = t, .seq = ++x->seq, .input = 1, .wire = len, .linktype = LINKTYPE_ETHERNET};
    decode_frame(&pkt, data, len);
    line_packet(x->lines[pkt.shard % x->n_lines], &pkt, data, NULL);
}

/* in_fragments: the frame of a description as two, cut behind `first` bytes behind the IP header.
 */
static void in_fragments(struct line_fixture *x, int64_t t, const struct frame_spec *spec,
                         uint32_t first, bool turned)
{
    struct built_frame f;
    build_frame(spec, &f);
    for (int i = 0; i < 2; i++) {
        bool rest = i != turned;
        uint32_t from = rest ? first : 0, to = rest ? f.network_end - f.transport_at : first;
        uint8_t data[FRAME_ROOM];
        memcpy(data, f.data, f.transport_at);
        memcpy(data + f.transport_at, f.data + f.transport_at + from, to - from);
        store_be16(data + f.network_at + 2, (uint16_t)(20 + to - from));
        store_be16(data + f.network_at + 6, (uint16_t)(from / 8 | (rest ? 0 : 0x2000)));
        send_bytes(x, t, data, f.transport_at + to - from);
        memset(data, 0xdd, sizeof data);
    }
}

static void a_packet_in_fragments_is_the_packet(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        struct line_fixture *x = fixture_make(1, 4096, 2);
        const struct line_stats *stats = line_stats(x->lines[0]);
        struct frame_spec there = {.transport = 17,
                                   .source = 1,
                                   .target = 2,
                                   .source_port = 1000,
                                   .target_port = 2000,
                                   .payload_len = 100},
                          back = {.transport = 17,
                                  .source = 2,
                                  .target = 1,
                                  .source_port = 2000,
                                  .target_port = 1000,
                                  .payload_len = 50};
        in_fragments(x, 1, &there, 16, turned);
        assert_int_equal(x->n_seen, 0);
        assert_int_equal(stats->counters.payload_udp, 100);
        in_fragments(x, 2, &back, 8, turned);
        assert_int_equal(stats->counters.payload_udp, 150);
        assert_int_equal(fixture_count(x, KIND_ATTEMPT), 1);
        assert_int_equal(x->seen[0].outcome, OUTCOME_ACKNOWLEDGED);
        assert_int_equal(x->seen[0].order.seq,
                         4); /* the place of the fragment that made it whole */
        assert_int_equal(x->seen[0].target_port, 2000);
        assert_int_equal(stats->verdicts[DECODE_FRAGMENT], 4);
        assert_int_equal(stats->counters.packets, 4);
        assert_int_equal(stats->counters.datagrams, 2);
        /* Coverage of both assets: four frames seen, none of them dropped. */
        line_finish(x->lines[0], 3);
        for (size_t i = 1; i < x->n_seen; i++) {
            assert_int_equal(x->seen[i].kind, KIND_COVERAGE);
            assert_int_not_equal(x->seen[i].coverage, COVERAGE_DROPPED);
            if (x->seen[i].coverage == COVERAGE_SEEN)
                assert_int_equal(x->seen[i].integer, 4);
        }
        assert_true(x->n_seen >= 3);
        fixture_free(x);
    }
}

static void a_fragment_that_cannot_be_is_a_dropped_packet(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 1);
    struct frame_spec s = {
        .transport = 17, .source = 1, .target = 2, .payload_len = 3, .fragment = 0x2000};
    fixture_send(x, 1, &s); /* 11 bytes, and more to come */
    line_finish(x->lines[0], 2);
    unsigned dropped = 0;
    for (size_t i = 0; i < x->n_seen; i++)
        dropped += x->seen[i].coverage == COVERAGE_DROPPED;
    assert_int_equal(dropped, 1);
    assert_int_equal(line_stats(x->lines[0])->counters.fragments_bad, 1);
    fixture_free(x);
}

/* A packet in IP in IP, whose inner packet is a fragment, itself in outer fragments. */
static void fragments_in_fragments_are_made_whole_too(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    struct frame_spec there = {.transport = 17,
                               .source = 1,
                               .target = 2,
                               .source_port = 1000,
                               .target_port = 2000,
                               .payload_len = 100};
    struct built_frame f;
    build_frame(&there, &f);
    for (int i = 0; i < 2; i++) {
        uint32_t from = i ? 64 : 0, to = i ? 108 : 64;
        uint8_t inner[FRAME_ROOM];
        memcpy(inner, f.data + f.network_at, 20);
        memcpy(inner + 20, f.data + f.transport_at + from, to - from);
        store_be16(inner + 2, (uint16_t)(20 + to - from));
        store_be16(inner + 6, (uint16_t)(from / 8 | (i ? 0 : 0x2000)));
        struct frame_spec outer = {.transport = 4,
                                   .source = 1, /* the shard is the same */
                                   .target = 2,
                                   .payload = inner,
                                   .payload_len = 20 + to - from};
        in_fragments(x, i, &outer, 24, false);
    }
    const struct engine_counters *c = &line_stats(x->lines[0])->counters;
    assert_int_equal(c->payload_udp, 100);
    assert_int_equal(c->datagrams, 3);
    assert_int_equal(c->fragments, 6); /* four outer ones, and the two in them */
    /* The same ends without a tunnel are another conversation. */
    fixture_send(x, 2, &there);
    assert_int_equal(c->flows, 2);
    fixture_free(x);
}

static void an_icmp_error_is_observed_of_the_packet_that_it_quotes(void **state)
{
    (void)state;
    struct line_fixture *x = fixture_make(1, 4096, 0);
    struct frame_spec sent = {.transport = 17,
                              .source = 1,
                              .target = 2,
                              .source_port = 1000,
                              .target_port = 2000,
                              .payload_len = 4};
    struct built_frame f;
    build_frame(&sent, &f);
    uint8_t message[256] = {3, 1}; /* unreachable, the host */
    memcpy(message + 8, f.data + f.network_at, 28);
    struct frame_spec error = {
        .transport = 1, .source = 9, .target = 1, .payload = message, .payload_len = 36};
    fixture_send(x, 5, &error);
    assert_int_equal(x->n_seen, 1);
    const struct observation *o = &x->seen[0];
    struct address source = spec_address(&sent, 1), target = spec_address(&sent, 2),
                   who = spec_address(&sent, 9);
    assert_int_equal(o->kind, KIND_ERROR);
    assert_int_equal(o->outcome, OUTCOME_REFUSED);
    assert_int_equal(o->contact, CONTACT_NONE);
    assert_memory_equal(&o->source, &source, 16);
    assert_memory_equal(&o->target, &target, 16);
    assert_int_equal(o->target_port, 2000);
    assert_int_equal(o->integer, 0x0301);
    assert_memory_equal(o->value, &who, 16);
    assert_int_equal(o->order.t, 5);
    assert_int_equal(line_stats(x->lines[0])->counters.icmp_errors, 1);
    fixture_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_before_a_packet_of_the_same_time),
        cmocka_unit_test(a_timer_of_another_shard_fires_before_the_packet_too),
        cmocka_unit_test(flows_expire_exactly_when_they_are_due),
        cmocka_unit_test(a_packet_puts_off_what_is_due),
        cmocka_unit_test(a_request_behind_a_hole_began_when_it_was_seen),
        cmocka_unit_test(a_stamp_that_went_back_makes_the_time_less_sure),
        cmocka_unit_test(a_full_shard_ends_the_flow_idle_longest),
        cmocka_unit_test(coverage_says_what_is_declared_and_not_parsed),
        cmocka_unit_test(coverage_comes_before_the_deadlines_of_its_end),
        cmocka_unit_test(observations_leave_in_ascending_order),
        cmocka_unit_test(the_number_of_lines_changes_nothing),
        cmocka_unit_test(a_packet_in_fragments_is_the_packet),
        cmocka_unit_test(an_icmp_error_is_observed_of_the_packet_that_it_quotes),
        cmocka_unit_test(a_fragment_that_cannot_be_is_a_dropped_packet),
        cmocka_unit_test(fragments_in_fragments_are_made_whole_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
