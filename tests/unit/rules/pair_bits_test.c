/* xbits of pairs of addresses. "Xbits Keyword" of Suricata's documentation: isset holds until the
 * bit has expired, whichever end sends. */
#include "tests/unit/rules/given.h"

static uint64_t full;

static void bits_are_of_a_pair_in_either_order(void **state)
{
    (void)state;
    struct pair_bits *p = pair_bits_create(16, 1, &full);
    struct address a = given_address("10.0.0.1"), b = given_address("10.0.0.2"),
                   c = given_address("10.0.0.3");
    struct pair_bit_key ab = pair_bit_key_of(&a, &b, 7, 0), ba = pair_bit_key_of(&b, &a, 7, 0),
                        ac = pair_bit_key_of(&a, &c, 7, 0), other = pair_bit_key_of(&a, &b, 8, 0),
                        point = pair_bit_key_of(&a, &b, 7, 1);
    pair_bits_set(p, &ab, 100, 130);
    assert_true(pair_bits_is_set(p, &ba, 100));
    assert_true(pair_bits_is_set(p, &ba, 130)); /* the last second */
    assert_false(pair_bits_is_set(p, &ba, 131));
    assert_false(pair_bits_is_set(p, &ac, 100));
    assert_false(pair_bits_is_set(p, &other, 100));
    assert_false(pair_bits_is_set(p, &point, 100)); /* what another point saw */
    pair_bits_set(p, &ba, 120, 160);
    assert_true(pair_bits_is_set(p, &ab, 160));
    pair_bits_unset(p, &ba);
    assert_false(pair_bits_is_set(p, &ab, 120));
    pair_bits_free(p);
}

/* Bits whose time is over make room; what finds none even so is counted and not set. */
static void room_is_bounded_and_what_finds_none_is_counted(void **state)
{
    (void)state;
    struct pair_bits *p = pair_bits_create(8, 1, &full);
    struct address a = given_address("10.0.0.1"), b = given_address("10.0.0.2");
    unsigned held = 0;
    full = 0;
    for (uint64_t name = 0; name < 100; name++) {
        struct pair_bit_key key = pair_bit_key_of(&a, &b, name, 0);
        pair_bits_set(p, &key, 10, 20);
        held += pair_bits_is_set(p, &key, 10);
    }
    assert_true(held >= 8 && held < 100);
    assert_int_equal(full, 100 - held);
    struct pair_bit_key late = pair_bit_key_of(&a, &b, 1000, 0);
    pair_bits_set(p, &late, 21, 30);
    assert_true(pair_bits_is_set(p, &late, 21));
    assert_int_equal(full, 100 - held);
    pair_bits_free(p);
}

/* What rules make of them, one packet a row: which of them match. */
static void rules_set_and_ask_for_them(void **state)
{
    (void)state;
    struct rule_set *set = set_of(
        "alert udp any any -> any any (content:\"s\"; xbits:set,a,track ip_pair,expire 5; sid:1;)\n"
        "alert udp any any -> any any (content:\"q\"; xbits:isset,a,track ip_pair; sid:2;)\n"
        "alert udp any any -> any any (content:\"q\"; xbits:isnotset,a,track ip_pair; sid:3;)\n"
        "alert udp any any -> any any (content:\"t\"; xbits:toggle,a, track ip_pair; sid:4;)\n"
        "alert udp any any -> any any (content:\"u\"; xbits:unset,a,track ip_pair; sid:5;)\n",
        NULL);
    assert_int_equal(rule_set_counts(set)->with_pair_bits, 5);
    struct matcher *m = matcher_create(set, NULL);
    struct pair_bits *p = pair_bits_create(16, 1, &full);
    static const struct {
        const char *data, *sids;
        int64_t seconds;
        bool back; /* from the other end */
    } rows[] = {{"q", "3 ", 0, false},  {"s", "1 ", 0, false},  {"q", "2 ", 1, true},
                {"q", "2 ", 5, false},  {"q", "3 ", 6, false},  {"qs", "3 1 ", 7, false},
                {"t", "4 ", 8, false},  {"q", "3 ", 8, false},  {"t", "4 ", 9, true},
                {"q", "2 ", 39, false}, /* 30 seconds where none are said */
                {"q", "3 ", 40, false}, {"s", "1 ", 50, false}, {"u", "5 ", 50, true},
                {"q", "3 ", 50, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct match_flow flow = {0};
        struct hit hits[MATCH_HITS_MAX];
        struct match_input in = given_input(rows[i].data, strlen(rows[i].data), 80);
        char sids[64] = "";
        in.transport = 17;
        in.pair_bits = p;
        in.seconds = 1000 + rows[i].seconds;
        if (rows[i].back) {
            struct address source = in.source;
            in.source = in.target;
            in.target = source;
        }
        size_t n = matcher_run(m, &in, &flow, hits);
        for (size_t k = 0; k < n; k++)
            sprintf(sids + strlen(sids), "%u ", rule_sid(set, hits[k].rule));
        if (strcmp(sids, rows[i].sids) != 0)
            fail_msg("row %zu: %s, not %s", i, sids, rows[i].sids);
    }
    pair_bits_free(p);
    matcher_destroy(m);
    rule_set_destroy(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_of_a_pair_in_either_order),
        cmocka_unit_test(room_is_bounded_and_what_finds_none_is_counted),
        cmocka_unit_test(rules_set_and_ask_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
