#include "tests/unit/rules/given.h"

static void equal_groups_are_shared(void **state)
{
    (void)state;
    /* Two rules for one port, one for any: in TCP to the server packets are looked into by none,
     * streams of port 80 by all three, of other ports by the last. */
    struct rule_set *set =
        set_of("alert tcp any any -> any 80 (flow:to_server; content:\"one\"; sid:1;)\n"
               "alert tcp any any -> any 80 (flow:to_server; content:\"two\"; sid:2;)\n"
               "alert tcp any any -> any any (flow:to_server; content:\"all\"; sid:3;)\n",
               NULL);
    const struct rule_set_counts *c = rule_set_counts(set);
    const struct port_groups *g = set->groups[GROUP_TCP][DIRECTION_TO_SERVER];
    assert_int_equal(g->n_classes, 2);
    assert_int_equal(c->groups, 2);
    assert_int_equal(c->databases, 2); /* any port's, shared by both groups; port 80's */
    assert_int_equal(c->literals, 3);
    const struct match_group *web = &g->stream[g->class_of[80]],
                             *other = &g->stream[g->class_of[81]];
    assert_ptr_equal(web->sets[0], other->sets[0]);
    assert_int_equal(web->sets[0]->n_rules, 1);
    assert_int_equal(web->sets[1]->n_rules, 2);
    assert_null(other->sets[1]);
    assert_int_equal(g->class_of[0], g->class_of[65535]);
    assert_null(g->packet[g->class_of[80]].sets[0]);
    assert_null(set->groups[GROUP_TCP][DIRECTION_TO_CLIENT]->stream[0].sets[0]);
    assert_null(set->groups[GROUP_UDP][DIRECTION_TO_SERVER]->packet[0].sets[0]);
    rule_set_destroy(set);
}

static void rules_without_direction_are_one_set_for_both(void **state)
{
    (void)state;
    struct rule_set *set = set_of("alert ip any any -> any any (content:\"one\"; sid:1;)\n", NULL);
    const struct literal_set *one = set->groups[GROUP_TCP][DIRECTION_TO_SERVER]->stream[0].sets[0];
    assert_non_null(one);
    assert_ptr_equal(one, set->groups[GROUP_TCP][DIRECTION_TO_CLIENT]->stream[0].sets[0]);
    assert_ptr_equal(one, set->groups[GROUP_UDP][DIRECTION_TO_SERVER]->packet[0].sets[0]);
    assert_ptr_equal(one, set->groups[GROUP_UDP][DIRECTION_TO_CLIENT]->packet[0].sets[0]);
    assert_int_equal(rule_set_counts(set)->groups, 8); /* TCP, UDP, ICMP, others; two directions */
    assert_int_equal(rule_set_counts(set)->databases, 1);
    assert_int_equal(set->n_literal_sets, 1);
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
    const struct literal_set *s = set->groups[GROUP_UDP][DIRECTION_TO_SERVER]->packet[0].sets[0];
    assert_int_equal(s->n_rules, 4);
    assert_int_equal(s->scans[SCAN_ANYWHERE].n_patterns, 2); /* with case and without are two */
    assert_int_equal(s->scans[SCAN_ANYWHERE].first[2], 3);
    assert_int_equal(s->n_always, 1);
    assert_int_equal(s->scans[SCAN_ANYWHERE].literal_max, 4);
    assert_int_equal(rule_set_counts(set)->literals, 2);
    assert_int_equal(rule_set_counts(set)->without_literal, 1);
    rule_set_destroy(set);
}

/* Two ports are in one class when no list tells them apart; lists with most ports have no say,
 * their rules are with those of any port. */
static void ports_are_classed_by_the_lists_that_hold_them(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "80", "[80:90]", "!85", "1024:", "[1,3,5,7]", "!80", ":32767", ":32768"};
    enum { N = sizeof lists / sizeof lists[0] };
    const unsigned narrow = 1 << 0 | 1 << 1 | 1 << 4 | 1 << 6; /* at most half of the ports */
    struct text rules = {0};
    for (unsigned i = 0; i < N; i++)
        text_printf(&rules,
                    "alert udp any any -> any %s (flow:to_server; content:\"x%u\"; sid:%u;)\n",
                    lists[i], i, i + 1);
    struct rule_set *set = set_of(text_str(&rules), NULL);
    const struct port_groups *g = set->groups[GROUP_UDP][DIRECTION_TO_SERVER];
    unsigned by_class[PORT_CLASSES], seen[1 << N] = {0}, n = 0;
    memset(by_class, 0xff, sizeof by_class);
    for (unsigned port = 0; port < 65536; port++) {
        unsigned bits = 0;
        for (unsigned i = 0; i < N; i++)
            if (narrow >> i & 1)
                bits |= (unsigned)port_set_holds(set->rules[i].target_port, (uint16_t)port) << i;
        unsigned class = g->class_of[port];
        if (by_class[class] == UINT32_MAX)
            by_class[class] = bits;
        assert_int_equal(by_class[class], bits);
        n += !seen[bits];
        seen[bits] = 1;
    }
    assert_int_equal(g->n_classes, n);
    assert_int_equal(g->packet[0].sets[0]->n_rules, 4);
    rule_set_destroy(set);
    text_free(&rules);
}

/* More classes than there is room for: all rules are in the set for any port, ports are checked
 * when a rule is confirmed. */
static void more_ports_than_classes_are_still_told_apart(void **state)
{
    (void)state;
    struct text rules = {0};
    enum { PORTS = PORT_CLASSES + 10 };
    for (unsigned i = 0; i < PORTS; i++)
        text_printf(&rules,
                    "alert udp any any -> any %u (flow:to_server; content:\"xyz\"; sid:%u;)\n",
                    i + 1, i + 1);
    text_printf(&rules, "alert udp any any -> any any (flow:to_server; content:\"xyz\"; sid:%u;)\n",
                PORTS + 1);
    struct rule_set *set = set_of(text_str(&rules), NULL);
    const struct port_groups *g = set->groups[GROUP_UDP][DIRECTION_TO_SERVER];
    assert_int_equal(g->n_classes, 1);
    assert_int_equal(g->packet[0].sets[0]->n_rules, PORTS + 1);
    assert_null(g->packet[0].sets[1]);
    for (unsigned i = 1; i <= PORTS; i++) /* in the order in which they are tried */
        assert_true(g->packet[0].sets[0]->rules[i - 1] < g->packet[0].sets[0]->rules[i]);
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

/* As many as there is room for are classes of their own, the ports of no rule one more. */
static void as_many_classes_as_there_are_may_be_used(void **state)
{
    (void)state;
    struct text rules = {0};
    for (unsigned i = 0; i < PORT_CLASSES - 1; i++)
        text_printf(&rules, "alert udp any any -> any %u (flow:to_server; dsize:1; sid:%u;)\n",
                    i + 1, i + 1);
    struct rule_set *set = set_of(text_str(&rules), NULL);
    assert_int_equal(set->groups[GROUP_UDP][DIRECTION_TO_SERVER]->n_classes, PORT_CLASSES);
    assert_int_equal(rule_set_counts(set)->groups, PORT_CLASSES - 1);
    assert_int_equal(rule_set_counts(set)->databases, 0);
    rule_set_destroy(set);
    text_free(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_groups_are_shared),
        cmocka_unit_test(rules_without_direction_are_one_set_for_both),
        cmocka_unit_test(a_literal_of_many_rules_is_one_pattern),
        cmocka_unit_test(ports_are_classed_by_the_lists_that_hold_them),
        cmocka_unit_test(more_ports_than_classes_are_still_told_apart),
        cmocka_unit_test(as_many_classes_as_there_are_may_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
