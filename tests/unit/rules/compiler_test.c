#include "tests/unit/rules/given.h"

#include "base/vocabulary.h"

/* set_for: of rules of any protocol, to the server or to the client. */
static const struct literal_set *set_for(const struct rule_set *set, int direction, unsigned look)
{
    return set->bytes[PROTOCOL_UNKNOWN][direction][look];
}

static void rules_are_where_they_may_match(void **state)
{
    (void)state;
    struct rule_set *set =
        set_of("alert tcp any any -> any 80 (flow:to_server; content:\"one\"; sid:1;)\n"
               "alert tcp any any -> any any (flow:to_server; content:\"two\"; offset:1; sid:2;)\n"
               "alert http any any -> any any (flow:to_server; content:\"http\"; sid:3;)\n"
               "alert dns any any -> any any (flow:to_server; content:\"dns\"; sid:4;)\n"
               "alert http any any -> any any (http.uri; content:\"uri\"; sid:5;)\n",
               NULL);
    const int there = DIRECTION_TO_SERVER;
    /* Whatever its port: 1 and 2 in streams; the place of 2 counts in packets as well. Those of
     * protocols that have few are among them, DNS for both transports; datagrams are packets only.
     * What looks into messages is in none of these. */
    assert_int_equal(set_for(set, there, LOOK_TCP_STREAMS)->n_rules, 4);
    assert_int_equal(set_for(set, there, LOOK_TCP_PACKETS)->n_rules, 1);
    assert_int_equal(set_for(set, there, LOOK_UDP)->n_rules, 1);
    assert_null(set_for(set, there, LOOK_ICMP));
    assert_null(set_for(set, there, LOOK_OTHERS));
    assert_null(set_for(set, DIRECTION_TO_CLIENT, LOOK_TCP_STREAMS));
    for (unsigned look = 0; look < LOOKS; look++)
        assert_ptr_equal(set->bytes[PROTOCOL_HTTP][there][look], set_for(set, there, look));
    assert_true(set->protocols_stream);
    rule_set_destroy(set);
}

/* A protocol with many rules has a group of them and of those of any. */
static void many_rules_of_a_protocol_are_a_group(void **state)
{
    (void)state;
    struct text rules = {0};
    enum { N = 32 };
    for (unsigned i = 0; i < N; i++)
        text_printf(&rules, "alert http any any -> any any (content:\"rule %u\"; sid:%u;)\n", i,
                    i + 1);
    text_puts(&rules, "alert tcp any any -> any any (content:\"any\"; sid:100;)\n"
                      "alert tls any any -> any any (content:\"few\"; sid:101;)\n");
    struct rule_set *set = set_of(text_str(&rules), NULL);
    const struct literal_set *any = set_for(set, DIRECTION_TO_SERVER, LOOK_TCP_STREAMS);
    assert_int_equal(any->n_rules, 2);
    assert_ptr_equal(set->bytes[PROTOCOL_TLS][DIRECTION_TO_SERVER][LOOK_TCP_STREAMS], any);
    assert_int_equal(set->bytes[PROTOCOL_HTTP][DIRECTION_TO_SERVER][LOOK_TCP_STREAMS]->n_rules,
                     N + 1);
    rule_set_destroy(set);
    text_free(&rules);
}

static void rules_without_direction_are_one_set_for_both(void **state)
{
    (void)state;
    struct rule_set *set = set_of("alert ip any any -> any any (content:\"one\"; sid:1;)\n", NULL);
    const struct literal_set *one = set_for(set, DIRECTION_TO_SERVER, LOOK_TCP_STREAMS);
    assert_non_null(one);
    assert_ptr_equal(one, set_for(set, DIRECTION_TO_CLIENT, LOOK_TCP_STREAMS));
    assert_ptr_equal(one, set_for(set, DIRECTION_TO_SERVER, LOOK_UDP));
    assert_ptr_equal(one, set_for(set, DIRECTION_TO_CLIENT, LOOK_OTHERS));
    assert_int_equal(rule_set_counts(set)->groups, 8); /* TCP, UDP, ICMP, others; two directions */
    assert_int_equal(rule_set_counts(set)->databases, 1);
    assert_int_equal(set->n_literal_sets, 1);
    assert_false(set->protocols_stream);
    rule_set_destroy(set);
}

static void a_literal_of_many_rules_is_one_pattern(void **state)
{
    (void)state;
    struct rule_set *set =
        set_of("alert udp any any -> any any (content:\"same\"; flow:to_server; sid:1;)\n"
               "alert udp any any -> any any (content:\"same\"; flow:to_server; sid:2;)\n"
               "alert udp any any -> any any (content:\"SAME\"; nocase; flow:to_server; sid:3;)\n"
               "alert udp any any -> any any (dsize:4; flow:to_server; sid:4;)\n",
               NULL);
    const struct literal_set *s = set_for(set, DIRECTION_TO_SERVER, LOOK_UDP);
    const struct literal_scan *scan = &s->scans[SCAN_ANYWHERE];
    assert_int_equal(s->n_rules, 4);
    assert_int_equal(scan->n_patterns, 2); /* with case and without are two */
    assert_int_equal(scan->first[2], 3);
    assert_int_equal(s->n_always, 1);
    assert_int_equal(scan->literal_max, 4);
    assert_int_equal(rule_set_counts(set)->literals, 2);
    assert_int_equal(rule_set_counts(set)->without_literal, 1);
    rule_set_destroy(set);
}

/* found_at: how many rules a look-up finds. */
static unsigned found_at(const struct literal_set *s, unsigned probe, const char *text)
{
    uint8_t data[8] = {0};
    unsigned n;
    memcpy(data, text, strlen(text));
    literal_probe_find(s, &s->probes[probe], data, &n);
    return n;
}

/* Literals are where their place says: looked up, scanned for in the start, or everywhere; those
 * that only short packets can hold, in these alone. */
static void literals_are_looked_for_where_they_can_be(void **state)
{
    (void)state;
    struct rule_set *set =
        set_of("alert udp any any -> any any (content:\"abcd\"; depth:4; sid:1;)\n"
               "alert udp any any -> any any (content:\"ABCD\"; depth:4; nocase; sid:2;)\n"
               "alert udp any any -> any any (content:\"xy\"; offset:7; depth:2; sid:3;)\n"
               "alert udp any any -> any any (content:\"efgh\"; depth:40; sid:4;)\n"
               "alert udp any any -> any any (content:\"ijkl\"; dsize:<100; sid:5;)\n"
               "alert udp any any -> any any (content:\"mnop\"; dsize:50<>300; sid:6;)\n",
               NULL);
    const struct literal_set *s = set_for(set, DIRECTION_TO_SERVER, LOOK_UDP);
    assert_int_equal(s->n_probes, 2); /* by place, and by length */
    assert_int_equal(s->probes[0].at, 0);
    assert_int_equal(s->probes[0].bytes, 4);
    assert_int_equal(s->probes[1].at, 7);
    /* Both cases are one look-up; confirming tells them apart. */
    assert_int_equal(found_at(s, 0, "aBcD"), 2);
    assert_int_equal(found_at(s, 0, "abce"), 0); /* begins like them */
    assert_int_equal(found_at(s, 0, "bbcd"), 0); /* does not */
    assert_int_equal(found_at(s, 1, "xy"), 1);
    assert_int_equal(rule_set_counts(set)->probed, 2);
    assert_int_equal(s->scans[SCAN_SHORT].n_patterns, 3);
    assert_int_equal(s->scans[SCAN_START].n_patterns, 1);    /* efgh */
    assert_int_equal(s->scans[SCAN_ANYWHERE].n_patterns, 1); /* mnop: ijkl is in no long packet */
    rule_set_destroy(set);
}

/* Of a hash table that is half full each key is found, and no other. */
static void many_literals_at_one_place_are_told_apart(void **state)
{
    (void)state;
    struct text rules = {0};
    enum { N = 700 };
    for (unsigned i = 0; i < N; i++)
        text_printf(&rules, "alert udp any any -> any any (content:\"%04x\"; depth:4; sid:%u;)\n",
                    i * 89, i + 1);
    struct rule_set *set = set_of(text_str(&rules), NULL);
    const struct literal_set *s = set_for(set, DIRECTION_TO_SERVER, LOOK_UDP);
    assert_int_equal(s->n_probes, 1);
    for (unsigned i = 0; i < 65536; i++) {
        char text[8] = {0};
        unsigned n;
        snprintf(text, sizeof text, "%04x", i);
        const uint32_t *found = literal_probe_find(s, s->probes, (const uint8_t *)text, &n);
        bool there = i % 89 == 0 && i / 89 < N;
        assert_int_equal(n, there);
        if (there)
            assert_int_equal(rule_sid(set, *found), i / 89 + 1);
    }
    rule_set_destroy(set);
    text_free(&rules);
}

/* Ports make no groups: a rule of one is found and turned away on another. */
static void ports_are_told_apart_by_the_screen(void **state)
{
    (void)state;
    struct text rules = {0};
    enum { PORTS = 1500 };
    for (unsigned i = 0; i < PORTS; i++)
        text_printf(&rules,
                    "alert udp any any -> any %u (flow:to_server; content:\"xyz\"; sid:%u;)\n",
                    i + 1, i + 1);
    text_printf(&rules, "alert udp any any -> any any (flow:to_server; content:\"xyz\"; sid:%u;)\n",
                PORTS + 1);
    struct rule_set *set = set_of(text_str(&rules), NULL);
    const struct literal_set *s = set_for(set, DIRECTION_TO_SERVER, LOOK_UDP);
    assert_int_equal(s->n_rules, PORTS + 1);
    for (unsigned i = 1; i <= PORTS; i++) /* in the order in which they are tried */
        assert_true(s->rules[i - 1] < s->rules[i]);
    struct matcher *m = matcher_create(set, NULL);
    struct match_flow flow = {.flowbits = {0}};
    struct hit hits[MATCH_HITS_MAX];
    for (unsigned port = 0; port <= PORTS + 1; port += PORTS / 2) {
        struct match_input in = given_input("xyz", 3, (uint16_t)port);
        in.transport = 17;
        size_t n = matcher_run(m, &in, &flow, hits);
        bool ported = port >= 1 && port <= PORTS;
        assert_int_equal(n, ported + 1);
        assert_int_equal(rule_sid(set, hits[n - 1].rule), PORTS + 1);
        if (ported)
            assert_int_equal(rule_sid(set, hits[0].rule), port);
    }
    matcher_destroy(m);
    rule_set_destroy(set);
    text_free(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_where_they_may_match),
        cmocka_unit_test(many_rules_of_a_protocol_are_a_group),
        cmocka_unit_test(rules_without_direction_are_one_set_for_both),
        cmocka_unit_test(a_literal_of_many_rules_is_one_pattern),
        cmocka_unit_test(literals_are_looked_for_where_they_can_be),
        cmocka_unit_test(many_literals_at_one_place_are_told_apart),
        cmocka_unit_test(ports_are_told_apart_by_the_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
