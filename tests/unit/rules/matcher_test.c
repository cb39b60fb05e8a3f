#include "tests/unit/rules/stream.h"

/* A matcher over the rules of a text, one flow, one direction's window. */
struct bench {
    struct rule_set *set;
    struct matcher *m;
    struct match_flow flow;
    struct window window;
    struct hit hits[MATCH_HITS_MAX];
    unsigned counts[512]; /* hits of streams, by sid */
};

static void bench_begin(struct bench *b, const char *rules)
{
    memset(b, 0, sizeof *b);
    b->set = set_of(rules, NULL);
    b->m = matcher_create(b->set, NULL);
    assert_non_null(b->m);
}

static void bench_end(struct bench *b)
{
    matcher_destroy(b->m);
    rule_set_destroy(b->set);
}

/* Sids of the hits of one input, as text: "1 7 ". */
static const char *sids(struct bench *b, size_t n)
{
    static char text[1024];
    char *end = text;
    *text = 0;
    for (size_t i = 0; i < n; i++)
        end += sprintf(end, "%u ", rule_sid(b->set, b->hits[i].rule));
    return text;
}

static const char *packet(struct bench *b, const char *payload, uint16_t port)
{
    struct match_input in = given_input(payload, strlen(payload), port);
    return sids(b, matcher_run(b->m, &in, &b->flow, b->hits));
}

/* One piece of a stream, small enough for the window. */
static const char *stream(struct bench *b, const char *data, bool same_packet)
{
    struct match_input in = given_input(NULL, 0, 80);
    in.same_packet = same_packet;
    assert_int_equal(window_add(&b->window, (const uint8_t *)data, (uint32_t)strlen(data), &in),
                     strlen(data));
    return sids(b, matcher_run(b->m, &in, &b->flow, b->hits));
}

/* Bytes of a long stream, counted by sid. */
static void feed(struct bench *b, const void *data, size_t len)
{
    unsigned counts[512] = {0};
    stream_feed(b->m, &b->flow, &b->window, given_input(NULL, 0, 80), data, len, counts);
    for (uint32_t i = 0; i < rule_set_counts(b->set)->loaded; i++)
        b->counts[rule_sid(b->set, i)] += counts[i];
}

static void hits_come_in_suricatas_order(void **state)
{
    (void)state;
    struct bench b;
    /* Action, then rules of addresses only, which are tried before all others, then flowbits before
     * priority before sid, whatever the file's order. */
    bench_begin(&b, "alert udp any any -> any any (content:\"x\"; priority:2; sid:1;)\n"
                    "alert udp any any -> any any (content:\"x\"; priority:1; sid:9;)\n"
                    "alert udp any any -> any any (content:\"x\"; priority:1; sid:8;)\n"
                    "alert udp any any -> any any (flowbits:isset,a; priority:9; sid:7;)\n"
                    "alert udp any any -> any any (flowbits:isset,a; flowbits:set,b; sid:6;)\n"
                    "alert udp any any -> any any (content:\"x\"; flowbits:set,a; sid:5;)\n"
                    "reject udp any any -> any any (content:\"x\"; sid:4;)\n"
                    "drop udp any any -> any any (content:\"x\"; sid:3;)\n"
                    "alert udp any any -> any any (classtype:tcp-connection; sid:2;)\n"
                    "alert udp any any -> any any (classtype:misc-activity; sid:10;)\n");
    struct match_input in = given_input("x", 1, 53);
    in.transport = 17;
    assert_string_equal(sids(&b, matcher_run(b.m, &in, &b.flow, b.hits)), "3 4 10 2 5 6 7 8 9 1 ");
    bench_end(&b);
}

static void flowbits_last_from_packet_to_packet(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert tcp any any -> any any (dsize:<9; content:\"login\"; "
                    "flowbits:set,in; flowbits:noalert; sid:1;)\n"
                    "alert tcp any any -> any any (dsize:<9; content:\"delete\"; "
                    "flowbits:isset,in; sid:2;)\n"
                    "alert tcp any any -> any any (dsize:<9; content:\"logout\"; "
                    "flowbits:unset,in; noalert; sid:3;)\n");
    assert_string_equal(packet(&b, "delete", 80), "");
    assert_string_equal(packet(&b, "login", 80), "");
    assert_string_equal(packet(&b, "delete", 80), "2 ");
    assert_string_equal(packet(&b, "delete", 80), "2 ");
    assert_string_equal(packet(&b, "logout", 80), "");
    assert_string_equal(packet(&b, "delete", 80), "");
    bench_end(&b);
}

static void a_pass_ends_the_inspection_of_its_packet(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert tcp any any -> any any (dsize:>0; content:\"evil\"; sid:1;)\n"
                    "alert tcp any any -> any any (content:\"evil\"; sid:2;)\n"
                    "pass tcp any any -> any any (content:\"friend\"; sid:3;)\n");
    assert_string_equal(packet(&b, "evil", 80), "1 ");
    assert_string_equal(stream(&b, "evil", true), "2 ");
    assert_string_equal(packet(&b, "evil friend", 80), "");
    assert_string_equal(stream(&b, "evil friend", true), "");
    assert_string_equal(packet(&b, "evil", 80), "1 ");
    assert_string_equal(stream(&b, "evil", true), "2 ");
    bench_end(&b);
}

/* A pass without contents is for all that its ends say: streams too, though it could be known from
 * packets alone, and what comes when no packet is at hand. */
static void a_pass_of_addresses_silences_streams(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "pass ip 10.0.0.1 any <> any any (sid:1;)\n"
                    "alert tcp any any -> any any (content:\"evil\"; sid:2;)\n");
    assert_string_equal(packet(&b, "evil", 80), "");
    assert_string_equal(stream(&b, "evil", true), "");
    assert_string_equal(stream(&b, "evil", false), "");
    bench_end(&b);
    bench_begin(&b, "pass ip 10.0.0.3 any <> any any (sid:1;)\n"
                    "alert tcp any any -> any any (content:\"evil\"; sid:2;)\n");
    assert_string_equal(stream(&b, "evil", false), "2 ");
    bench_end(&b);
}

/* A pass that only a packet can know of holds for the windows of that packet and no longer. */
static void a_pass_of_a_packet_holds_for_its_stream(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "pass tcp any any -> any any (dsize:7; sid:1;)\n"
                    "alert tcp any any -> any any (content:\"evil\"; sid:2;)\n");
    assert_string_equal(packet(&b, "evil...", 80), "");
    assert_string_equal(stream(&b, "evil...", true), "");
    assert_string_equal(packet(&b, "evil", 80), "");
    assert_string_equal(stream(&b, "evil", true), "2 ");
    bench_end(&b);
}

static void a_rule_matches_a_packet_once(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert tcp any any -> any any (content:\"evil\"; depth:9; sid:1;)\n"
                    "alert tcp any any -> any any (content:\"e\"; sid:2;)\n");
    assert_string_equal(packet(&b, "evil", 80), "1 ");
    assert_string_equal(stream(&b, "evil", true), "2 ");
    assert_string_equal(stream(&b, "e", true), ""); /* a further piece of the same packet */
    assert_string_equal(packet(&b, "evil", 80), "1 ");
    assert_string_equal(stream(&b, "evil", true), "2 "); /* too deep in the stream for the first */
    assert_string_equal(stream(&b, "e", false), "2 ");
    bench_end(&b);
}

static void dsize_is_about_packets(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert tcp any any -> any any (content:\"evil\"; dsize:4; sid:1;)\n"
                    "alert tcp any any -> any any (dsize:0; sid:2;)\n");
    assert_string_equal(packet(&b, "evil", 80), "1 ");
    assert_string_equal(packet(&b, "evil.", 80), "");
    assert_string_equal(packet(&b, "", 80), "2 ");
    struct match_input in = given_input(NULL, 0, 80);
    in.stream = true;
    assert_false(matcher_wants_stream(b.m, &in, &b.flow));
    bench_end(&b);
}

static void udp_is_matched_in_packets_whatever_the_rule_looks_at(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert ip any any -> any any (content:\"evil\"; sid:1;)\n"
                    "alert udp any any -> any any (content:\"evil\"; sid:2;)\n"
                    "alert tcp any any -> any any (content:\"evil\"; sid:3;)\n"
                    "alert ip any any -> any any (content:\"evil\"; flow:only_stream; sid:4;)\n");
    struct match_input in = given_input("evil", 4, 80);
    assert_string_equal(sids(&b, matcher_run(b.m, &in, &b.flow, b.hits)), "");
    in.transport = 17;
    assert_string_equal(sids(&b, matcher_run(b.m, &in, &b.flow, b.hits)), "1 2 ");
    in.transport = 6;
    in.stream = true;
    assert_string_equal(sids(&b, matcher_run(b.m, &in, &b.flow, b.hits)), "1 3 4 ");
    in.transport = 1;
    in.stream = false;
    assert_string_equal(sids(&b, matcher_run(b.m, &in, &b.flow, b.hits)), "1 ");
    bench_end(&b);
}

/* Every port of the server is in the group that its rules say, in both directions. */
static void ports_choose_the_rules(void **state)
{
    (void)state;
    struct bench b;
    static const char rules[] =
        "alert udp any any -> any 80 (content:\"x\"; sid:1;)\n"
        "alert udp any any -> any !80 (content:\"x\"; sid:2;)\n"
        "alert udp any any -> any [70:90,!75] (content:\"x\"; sid:3;)\n"
        "alert udp any any -> any 1024: (content:\"x\"; sid:4;)\n"
        "alert udp any any -> any any (content:\"x\"; sid:5;)\n"
        "alert udp any 80 -> any any (content:\"x\"; sid:6;)\n"
        "alert udp any any <> any 80 (content:\"x\"; sid:7;)\n"
        "alert udp any 53 -> any 53 (flow:to_client; content:\"x\"; sid:8;)\n";
    bench_begin(&b, rules);
    for (unsigned port = 0; port < 65536; port++) {
        char want[64] = "", *end = want;
        struct match_input in = given_input("x", 1, (uint16_t)port);
        in.transport = 17;
        if (port == 80)
            end += sprintf(end, "1 ");
        if (port != 80)
            end += sprintf(end, "2 ");
        if (port >= 70 && port <= 90 && port != 75)
            end += sprintf(end, "3 ");
        if (port >= 1024)
            end += sprintf(end, "4 ");
        end += sprintf(end, "5 ");
        if (port == 80)
            sprintf(end, "7 ");
        const char *got = sids(&b, matcher_run(b.m, &in, &b.flow, b.hits));
        if (strcmp(got, want) != 0)
            fail_msg("to port %u: %s, not %s", port, got, want);
        /* The answer: from that port. */
        in.to_server = false;
        in.source_port = (uint16_t)port;
        in.target_port = 53;
        got = sids(&b, matcher_run(b.m, &in, &b.flow, b.hits));
        const char *back = port == 80 ? "2 5 6 7 " : port == 53 ? "2 5 8 " : "2 5 ";
        if (strcmp(got, back) != 0)
            fail_msg("from port %u: %s, not %s", port, got, back);
    }
    bench_end(&b);
}

/* Rules that wait for more of the stream: sixteen a direction, those whose literal is the newest.
 */
static void rules_that_wait_are_bounded_and_counted(void **state)
{
    (void)state;
    struct bench b;
    struct text rules = {0}, data = {0};
    for (unsigned i = 0; i < 20; i++) {
        text_printf(&rules,
                    "alert tcp any any -> any any (content:\"wait%c\"; fast_pattern; "
                    "content:\"end\"; sid:%u;)\n",
                    'a' + i, i + 1);
        text_printf(&data, "wait%c", 'a' + (i * 7) % 20); /* in another order than the rules */
    }
    bench_begin(&b, text_str(&rules));
    assert_string_equal(stream(&b, text_str(&data), false), "");
    assert_int_equal(matcher_stats(b.m)->pending_over_limit, 4);
    stream(&b, "end", false);
    for (unsigned i = 0; i < 20; i++) { /* the first four literals gave way */
        bool found = false;
        for (unsigned k = 0; k < 16; k++)
            found |= rule_sid(b.set, b.hits[k].rule) == (i * 7) % 20 + 1;
        assert_int_equal(found, i >= 4);
    }
    assert_int_equal(matcher_stats(b.m)->hits, 16);
    bench_end(&b);
    text_free(&rules);
    text_free(&data);
}

static void rules_that_can_never_match_do_not_wait(void **state)
{
    (void)state;
    struct bench b;
    struct text rules = {0};
    for (unsigned i = 0; i < 40; i++)
        text_printf(&rules,
                    "alert tcp 10.0.0.%u any -> any any (content:\"wait\"; content:\"end\"; "
                    "sid:%u;)\n",
                    i + 1, i + 1);
    bench_begin(&b, text_str(&rules));
    assert_string_equal(stream(&b, "wait", false), "");
    assert_int_equal(matcher_stats(b.m)->pending_over_limit, 0);
    assert_string_equal(stream(&b, "end", false), "1 ");
    bench_end(&b);
    text_free(&rules);
}

static void a_literal_at_a_cut_is_not_lost(void **state)
{
    (void)state;
    /* The rule, and pieces of a stream; it matches with the last. */
    static const struct {
        const char *options, *pieces[5];
    } rows[] = {
        {"content:\"abcdef\";", {"abc", "def"}},
        {"content:\"abcdef\";", {"a", "b", "cde", "f"}},
        /* The literal is whole before its content is. */
        {"content:\"abcdef\"; fast_pattern:1,2;", {"xabc", "def"}},
        {"content:\"abcdefghijklm\"; fast_pattern:0,4;", {"abcde", "f", "ghijkl", "m"}},
        /* Contents that come before and behind the literal. */
        {"content:\"user\"; content:\"root\"; fast_pattern; distance:0;", {"user ", "root"}},
        {"content:\"user\"; fast_pattern; content:\"root\"; distance:0;", {"user ", "xx", "root"}},
        {"content:\"root\"; content:\"user\"; fast_pattern;", {"user ", "root"}},
        {"content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;", {"abxa", "b", "c"}},
        {"content:\"a\"; startswith; content:\"bcdefg\"; endswith;", {"a", "bcdefg"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        char rule[256];
        snprintf(rule, sizeof rule, "alert tcp-stream any any -> any any (%s sid:1;)",
                 rows[i].options);
        bench_begin(&b, rule);
        for (unsigned k = 0; rows[i].pieces[k]; k++) {
            const char *want = rows[i].pieces[k + 1] ? "" : "1 ";
            if (strcmp(stream(&b, rows[i].pieces[k], false), want) != 0)
                fail_msg("%s: piece %u", rows[i].options, k);
        }
        bench_end(&b);
    }
}

/* A rule waits with the last place of its literal: the first may leave the window before. */
static void the_last_place_of_a_literal_keeps_a_rule_waiting(void **state)
{
    (void)state;
    struct bench b;
    static uint8_t data[6000];
    bench_begin(&b, "alert tcp any any -> any any (content:\"LIT\"; fast_pattern; content:\"END\"; "
                    "distance:0; sid:1;)\n"
                    /* from the stream's start, not the window's */
                    "alert tcp-stream any any -> any any (content:\"END\"; distance:2000; "
                    "within:1000; sid:2;)\n"
                    "alert tcp-stream any any -> any any (content:\"END\"; offset:4200; depth:3; "
                    "sid:3;)\n"
                    "alert tcp-stream any any -> any any (content:\"END\"; offset:4201; sid:4;)\n");
    memset(data, '.', sizeof data);
    memcpy(data + 10, "LIT", 3);
    memcpy(data + 3000, "LIT", 3);
    memcpy(data + 4200, "END", 3);
    feed(&b, data, 4096);
    assert_int_equal(b.counts[1], 0);
    feed(&b, data + 4096, 1000);
    assert_int_equal(b.counts[1], 1);
    assert_int_equal(b.counts[2], 0);
    assert_int_equal(b.counts[3], 1);
    assert_int_equal(b.counts[4], 0);
    /* Behind the window nothing waits any more. */
    feed(&b, data + 5096, 904);
    memset(data + 4200, '.', 3);
    feed(&b, data + 4000, 2000);
    feed(&b, "END", 3);
    assert_int_equal(b.counts[1], 1);
    bench_end(&b);
}

/* Rules wait one behind the other, each until its literal has left the window: none is in the way
 * of a later one. */
static void a_rule_whose_literal_left_the_window_waits_no_more(void **state)
{
    (void)state;
    struct bench b;
    struct text rules = {0};
    static uint8_t filler[MATCH_WINDOW];
    memset(filler, '.', sizeof filler);
    for (unsigned i = 0; i < 3 * MATCH_PENDING; i++)
        text_printf(&rules,
                    "alert tcp any any -> any any (content:\"wait%02u\"; fast_pattern; "
                    "content:\"end\"; sid:%u;)\n",
                    i, i + 1);
    bench_begin(&b, text_str(&rules));
    for (unsigned i = 0; i < 3 * MATCH_PENDING; i++) {
        char word[16];
        snprintf(word, sizeof word, "wait%02u", i);
        feed(&b, word, strlen(word));
        feed(&b, filler, sizeof filler);
    }
    assert_int_equal(matcher_stats(b.m)->pending_over_limit, 0);
    bench_end(&b);
    text_free(&rules);
}

/* Stream offsets beyond 2^32: what waits is kept by their low half. */
static void a_rule_waits_across_four_gibibytes(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert tcp any any -> any any (content:\"LIT\"; fast_pattern; content:\"END\"; "
                    "sid:1;)\n");
    b.window.at = UINT32_MAX - 2;
    assert_string_equal(stream(&b, ".LIT.", false), "");
    assert_string_equal(stream(&b, "END", false), "1 ");
    bench_end(&b);
}

static void hits_over_the_limit_are_counted(void **state)
{
    (void)state;
    struct bench b;
    struct text rules = {0};
    for (unsigned i = 0; i < 70; i++)
        text_printf(&rules, "alert udp any any -> any any (content:\"x\"; sid:%u;)\n", i + 1);
    bench_begin(&b, text_str(&rules));
    struct match_input in = given_input("x", 1, 80);
    in.transport = 17;
    assert_int_equal(matcher_run(b.m, &in, &b.flow, b.hits), MATCH_HITS_MAX);
    assert_int_equal(rule_sid(b.set, b.hits[63].rule), 64);
    assert_int_equal(matcher_stats(b.m)->hits_over_limit, 6);
    bench_end(&b);
    text_free(&rules);
}

/* Rules without contents, and rules of one literal, in thousands: none is left out. */
static void every_candidate_is_tried(void **state)
{
    (void)state;
    struct bench b;
    struct text rules = {0};
    for (unsigned i = 0; i < 1000; i++)
        text_printf(&rules,
                    "alert udp any any -> 10.0.9.%u any (dsize:>0; sid:%u;)\n"
                    "alert udp any any -> 10.0.9.%u any (content:\"x\"; sid:%u;)\n",
                    i % 250, i + 1, i % 250, i + 1001);
    text_puts(&rules, "alert udp any any -> any any (dsize:1; priority:255; sid:3000;)\n"
                      "alert udp any any -> any any (content:\"x\"; priority:255; sid:3001;)\n");
    bench_begin(&b, text_str(&rules));
    struct match_input in = given_input("x", 1, 80);
    in.transport = 17;
    assert_string_equal(sids(&b, matcher_run(b.m, &in, &b.flow, b.hits)), "3000 3001 ");
    assert_int_equal(matcher_stats(b.m)->confirms, 2);
    assert_int_equal(matcher_stats(b.m)->turned_away, 2000); /* each, for its ends */
    bench_end(&b);
    text_free(&rules);
}

static void bytes_are_accounted(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "alert tcp any any -> any 80 (content:\"abcd\"; sid:1;)\n");
    const struct matcher_stats *s = matcher_stats(b.m);
    packet(&b, "12345678", 80); /* the rule looks at streams */
    assert_int_equal(s->bytes_skipped_no_rule, 8);
    stream(&b, "12345678", false);
    assert_int_equal(s->bytes_scanned, 8);
    stream(&b, "1234", false); /* and three of look-back: a literal of four may be cut */
    assert_int_equal(s->bytes_scanned, 8 + 7);
    assert_int_equal(s->bytes_offered, 8 + 8 + 4);
    assert_int_equal(s->bytes_skipped_no_rule, 8);
    assert_int_equal(s->scans, 2);
    bench_end(&b);
}

static void an_empty_set_matches_nothing(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, "# nothing\n");
    assert_string_equal(packet(&b, "anything", 80), "");
    assert_string_equal(stream(&b, "anything", false), "");
    assert_int_equal(matcher_stats(b.m)->scans, 0);
    assert_int_equal(matcher_stats(b.m)->bytes_skipped_no_rule, 16);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_come_in_suricatas_order),
        cmocka_unit_test(flowbits_last_from_packet_to_packet),
        cmocka_unit_test(a_pass_ends_the_inspection_of_its_packet),
        cmocka_unit_test(a_pass_of_addresses_silences_streams),
        cmocka_unit_test(a_pass_of_a_packet_holds_for_its_stream),
        cmocka_unit_test(a_rule_matches_a_packet_once),
        cmocka_unit_test(dsize_is_about_packets),
        cmocka_unit_test(udp_is_matched_in_packets_whatever_the_rule_looks_at),
        cmocka_unit_test(ports_choose_the_rules),
        cmocka_unit_test(rules_that_wait_are_bounded_and_counted),
        cmocka_unit_test(rules_that_can_never_match_do_not_wait),
        cmocka_unit_test(a_literal_at_a_cut_is_not_lost),
        cmocka_unit_test(the_last_place_of_a_literal_keeps_a_rule_waiting),
        cmocka_unit_test(a_rule_whose_literal_left_the_window_waits_no_more),
        cmocka_unit_test(a_rule_waits_across_four_gibibytes),
        cmocka_unit_test(hits_over_the_limit_are_counted),
        cmocka_unit_test(every_candidate_is_tried),
        cmocka_unit_test(bytes_are_accounted),
        cmocka_unit_test(an_empty_set_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
