#include "tests/unit/rules/given.h"

#include "rules/screen.h"

/* What the screen turns away confirming would too, and of the ends it turns away all of that:
 * beside confirming, for ends and sizes of which each rule takes some. */
static const char rules[] =
    "alert udp 10.0.0.0/8 any -> any any (sid:1; flow:stateless;)\n"
    "alert udp !10.0.0.0/8 any -> any any (sid:2; flow:stateless;)\n"
    "alert udp any any -> [10.0.0.1,10.0.0.3] 53 (sid:3; flow:stateless;)\n"
    "alert udp any 53 -> any !80 (sid:4; flow:stateless;)\n"
    "alert udp any any -> any any (dsize:3; sid:5;)\n"
    "alert udp any any -> any any (dsize:!3; sid:6;)\n"
    "alert udp any any -> any any (dsize:2<>5; sid:7;)\n"
    "alert udp any any -> any any (dsize:>4; sid:8;)\n"
    "alert udp 10.0.0.0/8 53 <> 192.168.0.0/16 any (sid:9; flow:stateless;)\n";

static struct address ip4(uint32_t number)
{
    uint8_t b[4] = {number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255};
    return address_v4(b);
}

static void it_turns_away_what_confirming_would(void **state)
{
    (void)state;
    static const uint32_t hosts[] = {0x0a000001, 0x0a000002, 0x0a000003, 0xc0a80001, 0x08080808};
    static const uint16_t ports[] = {53, 80, 1024};
    struct rule_set *set = set_of(rules, NULL);
    struct screen_room room;
    struct match_flow flow = {.flowbits = {0}};
    unsigned turned[16] = {0}, passed[16] = {0};
    assert_int_equal(screen_room_init(&room, set->address_lists, set->n_address_lists), 0);
    for (unsigned n = 0; n < 5 * 5 * 3 * 3 * 7; n++) {
        struct match_input in = given_input("abcdefgh", n / 225 % 7, ports[n / 25 % 3]);
        in.source_port = ports[n / 75 % 3];
        in.transport = 17;
        in.source = ip4(hosts[n % 5]);
        in.target = ip4(hosts[n / 5 % 5]);
        screen_ends(&room, &in);
        for (uint32_t i = 0; i < set->counts.loaded; i++) {
            const struct signature *s = &set->rules[i];
            bool passes = screen_lets_pass(&room, &set->screens[i], &in);
            bool holds = given_confirm(s, &in, &flow) == RULE_MATCHES;
            /* A negated size, and ends that may be exchanged, are confirming's. */
            if (s->sid == 6 || s->sid == 9)
                assert_true(passes);
            else
                assert_int_equal(passes, holds);
            ++*(passes ? &passed[s->sid] : &turned[s->sid]);
        }
    }
    for (unsigned sid = 1; sid <= 8; sid++)
        assert_true(passed[sid] && (turned[sid] || sid == 6));
    screen_room_free(&room);
    rule_set_destroy(set);
}

/* What is known of lists is of the ends before, until screen_ends says otherwise. */
static void lists_are_asked_once_for_the_same_ends(void **state)
{
    (void)state;
    struct rule_set *set = set_of(rules, NULL);
    struct screen_room room;
    assert_int_equal(screen_room_init(&room, set->address_lists, set->n_address_lists), 0);
    struct match_input in = given_input("abc", 3, 53);
    in.source = ip4(0x0a000001);
    screen_ends(&room, &in);
    uint32_t ends = room.ends;
    screen_ends(&room, &in);
    assert_int_equal(room.ends, ends);
    in.source = ip4(0x0a000002);
    screen_ends(&room, &in);
    assert_int_equal(room.ends, ends + 1);
    screen_room_free(&room);
    rule_set_destroy(set);
}

static void encrypted_bytes_are_asked_nothing(void **state)
{
    (void)state;
    struct rule_set *set = set_of("alert tcp any any -> any any (content:\"abc\"; sid:1;)\n"
                                  "alert tcp any any -> any any (flags:S; sid:2;)\n",
                                  NULL);
    struct screen_room room;
    assert_int_equal(screen_room_init(&room, set->address_lists, set->n_address_lists), 0);
    struct match_input in = given_input("abc", 3, 443);
    screen_ends(&room, &in);
    for (int opaque = 0; opaque < 2; opaque++) {
        in.opaque = opaque;
        for (uint32_t i = 0; i < 2; i++)
            assert_int_equal(screen_lets_pass(&room, &set->screens[i], &in),
                             !opaque || set->rules[i].sid == 2);
    }
    screen_room_free(&room);
    rule_set_destroy(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_turns_away_what_confirming_would),
        cmocka_unit_test(lists_are_asked_once_for_the_same_ends),
        cmocka_unit_test(encrypted_bytes_are_asked_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
