#include "tests/unit/rules/given.h"

static struct signature *parsed_header(struct parsed *p, const char *source, const char *port)
{
    char text[1024];
    snprintf(text, sizeof text, "alert ip %s %s -> any any (sid:1;)", source, port);
    return parsed_one(p, text);
}

/* Lists of Suricata's documentation ("Rules Format") and what they say of single addresses. */
static const struct {
    const char *list, *in, *out; /* in and out: addresses between blanks */
} addresses[] = {
    {"any", "0.0.0.0 255.255.255.255 :: 2001:db8::1", ""},
    {"!1.1.1.1", "1.1.1.0 1.1.1.2 2001:db8::1", "1.1.1.1"},
    {"![1.1.1.1, 1.1.1.2]", "1.1.1.0 1.1.1.3", "1.1.1.1 1.1.1.2"},
    {"$HOME_NET", "10.9.9.9 192.168.1.1 172.31.0.1", "172.32.0.1 8.8.8.8 ::10.0.0.1"},
    {"$EXTERNAL_NET", "172.32.0.1 8.8.8.8 2001:db8::1", "10.9.9.9 192.168.1.1"},
    {"[$EXTERNAL_NET, !$HOME_NET]", "8.8.8.8", "10.1.2.3"},
    {"[10.0.0.0/24, !10.0.0.5]", "10.0.0.0 10.0.0.4 10.0.0.6 10.0.0.255",
     "10.0.0.5 10.0.1.0 9.255.255.255"},
    /* What a negated list takes away is what the list names, its own exceptions not. */
    {"![10.0.0.0/8, !10.5.0.0/16]", "10.5.0.0 10.5.255.255 11.0.0.0", "10.4.255.255 10.6.0.0"},
    {"[10.0.0.0/8, ![10.1.0.0/16, !10.1.2.0/24]]", "10.0.0.1 10.1.2.3 10.2.0.0",
     "10.1.1.255 10.1.3.0 11.0.0.0"},
    {"[$EXTERNAL_NET, 10.1.1.1]", "8.8.8.8 10.1.1.1", "10.1.1.2"},
    {"[!10.0.0.1]", "10.0.0.2", "10.0.0.1"},
    {"[1.1.1.1,[2.2.2.2,[3.3.3.3]]]", "1.1.1.1 2.2.2.2 3.3.3.3", "4.4.4.4"},
    /* Bits behind the length do not count. */
    {"10.0.0.77/24", "10.0.0.0 10.0.0.255", "10.0.1.0"},
    {"10.0.0.77/32", "10.0.0.77", "10.0.0.76 10.0.0.78"},
    {"0.0.0.0/0", "0.0.0.0 255.255.255.255", ":: 2001:db8::1 ffff::"},
    /* IPv4 addresses are held inside IPv6 ones, yet they are none. */
    {"::/0", ":: 2001:db8::1 ffff:ffff::", "0.0.0.0 10.1.2.3 255.255.255.255"},
    {"::/64", ":: ::1:0:0:0 ::ffff:ffff:ffff:ffff", "0.0.0.0 10.1.2.3 0:0:0:1::"},
    {"!::/0", "0.0.0.0 10.1.2.3", ":: 2001:db8::1"},
    {"2001:db8::/32", "2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::"},
    {"[fe80::/10,::1]", "fe80::1 febf:ffff::1 ::1", "fec0:: ::2 0.0.0.1"},
    {"ANY", "1.2.3.4", ""},
};

static void assert_each(const struct address_set *set, const char *list, const char *text, bool in)
{
    char copy[256], *rest = copy, *one;
    snprintf(copy, sizeof copy, "%s", text);
    while ((one = strsep(&rest, " ")) != NULL) {
        if (!*one)
            continue;
        struct address a = given_address(one);
        if (address_set_holds(set, &a) != in)
            fail_msg("%s: %s is %sexpected in it", list, one, in ? "" : "not ");
    }
}

static void address_lists_hold_what_the_documentation_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct parsed p;
        struct signature *s = parsed_header(&p, addresses[i].list, "any");
        if (!s)
            fail_msg("%s is rejected: %s", addresses[i].list, p.diags.items[0].text);
        assert_each(s->source, addresses[i].list, addresses[i].in, true);
        assert_each(s->source, addresses[i].list, addresses[i].out, false);
        parsed_free(&p);
    }
}

/* Ports in both columns: ranges of them, low and high. Others are not in the list. */
static const struct {
    const char *list;
    uint16_t in[8];
    unsigned n;
} ports[] = {
    {"any", {0, 65535}, 1},
    {"80", {80, 80}, 1},
    {"[80, 81, 82]", {80, 82}, 1},
    {"[80: 82]", {80, 82}, 1},
    {"[1024: ]", {1024, 65535}, 1},
    {":1023", {0, 1023}, 1},
    {"!80", {0, 79, 81, 65535}, 2},
    {"[80:100,!99]", {80, 98, 100, 100}, 2},
    {"[1:80,![2,4]]", {1, 1, 3, 3, 5, 80}, 3},
    {"![1:80,!40]", {0, 0, 40, 40, 81, 65535}, 3},
    {"$HTTP_PORTS", {80, 80}, 1},
    {"$FILE_DATA_PORTS", {80, 80, 110, 110, 143, 143}, 3},
    {"$SHELLCODE_PORTS", {0, 79, 81, 65535}, 2},
    {"[$SHELLCODE_PORTS,80]", {0, 65535}, 1},
    {"0:65535", {0, 65535}, 1},
    {"65535", {65535, 65535}, 1},
};

static void port_lists_hold_what_the_documentation_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        struct parsed p;
        struct signature *s = parsed_header(&p, "any", ports[i].list);
        if (!s)
            fail_msg("%s is rejected: %s", ports[i].list, p.diags.items[0].text);
        for (unsigned port = 0; port < 65536; port++) {
            bool in = false;
            for (unsigned k = 0; k < ports[i].n; k++)
                in |= port >= ports[i].in[2 * k] && port <= ports[i].in[2 * k + 1];
            if (port_set_holds(s->source_port, (uint16_t)port) != in)
                fail_msg("%s: port %u is %sexpected in it", ports[i].list, port, in ? "" : "not ");
        }
        assert_int_equal(s->source_port->any,
                         ports[i].n == 1 && ports[i].in[0] == 0 && ports[i].in[1] == 65535);
        parsed_free(&p);
    }
}

/* A random list over ports 0 to 63, and what it names, worked out beside it: a bit a port. Ports
 * above are all alike and are bit 63's. */
static uint64_t random_list(uint64_t *seed, unsigned depth, struct text *out)
{
    uint64_t in = 0, without = 0;
    bool positive = false;
    text_puts(out, "[");
    for (uint64_t n = 1 + random_below(seed, 3), i = 0; i < n; i++) {
        bool negated = random_below(seed, 3) == 0;
        uint64_t bits = 0;
        text_puts(out, i ? random_below(seed, 2) ? ", " : "," : "");
        text_puts(out, negated ? "!" : "");
        if (depth && random_below(seed, 3) == 0) {
            bits = random_list(seed, depth - 1, out);
        } else {
            unsigned low = (unsigned)random_below(seed, 63),
                     high = low + (unsigned)random_below(seed, 63 - low);
            text_printf(out, low == high ? "%u" : "%u:%u", low, high);
            for (unsigned port = low; port <= high; port++)
                bits |= (uint64_t)1 << port;
        }
        *(negated ? &without : &in) |= bits;
        positive |= !negated;
    }
    text_puts(out, "]");
    return (positive ? in : UINT64_MAX) & ~without;
}

static void nested_lists_are_sets(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned empty = 0;
    for (int round = 0; round < 3000; round++) {
        struct text list = {0};
        struct parsed p;
        uint64_t bits = random_list(&seed, 3, &list);
        struct signature *s = parsed_header(&p, "any", text_str(&list));
        if ((bits == 0) != (s == NULL))
            fail_msg("%s: %s", text_str(&list), s ? "loads though it is empty" : "is rejected");
        empty += bits == 0;
        for (unsigned port = 0; s && port < 64; port++)
            if (port_set_holds(s->source_port, (uint16_t)port) != (bits >> port & 1))
                fail_msg("%s: port %u", text_str(&list), port);
        if (s)
            assert_int_equal(port_set_holds(s->source_port, 40000), bits >> 63);
        parsed_free(&p);
        text_free(&list);
    }
    assert_in_range(empty, 1, 2999);
}

static void the_same_list_is_one_set(void **state)
{
    (void)state;
    struct parsed p;
    static const char text[] = "alert tcp [10.0.0.1,10.0.0.2] 1:5 -> 10.0.0.3 any (sid:1;)\n"
                               "alert tcp 10.0.0.3 any -> [10.0.0.1,10.0.0.2] 1:5 (sid:2;)\n";
    parsed_text(&p, text, sizeof text - 1);
    assert_int_equal(p.list.n, 2);
    const struct signature *a = &p.list.items[0], *b = &p.list.items[1];
    assert_ptr_equal(a->source, b->target);
    assert_ptr_equal(a->target, b->source);
    assert_ptr_equal(a->source_port, b->target_port);
    assert_ptr_not_equal(a->source, a->target);
    parsed_free(&p);
}

static void words_of_the_header_are_read_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        uint8_t action, transport;
        bool bidirectional;
    } rows[] = {
        {"alert tcp any any -> any any", ACTION_ALERT, TRANSPORT_TCP, false},
        {"Pass UDP any any <> any any", ACTION_PASS, TRANSPORT_UDP, true},
        {"drop ip any any -> any any", ACTION_DROP, TRANSPORT_IP, false},
        {"reject tcp-pkt any any -> any any", ACTION_REJECT, TRANSPORT_TCP, false},
        {"rejectsrc\ttcp any\tany  ->  any any", ACTION_REJECT, TRANSPORT_TCP, false},
        {"rejectdst tcp any any -> any any", ACTION_REJECT, TRANSPORT_TCP, false},
        {"rejectboth tcp any any -> any any", ACTION_REJECT, TRANSPORT_TCP, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        struct parsed p;
        snprintf(text, sizeof text, "%s (sid:1;)", rows[i].head);
        struct signature *s = parsed_one(&p, text);
        assert_non_null(s);
        assert_int_equal(s->action, rows[i].action);
        assert_int_equal(s->transport, rows[i].transport);
        assert_int_equal(s->bidirectional, rows[i].bidirectional);
        parsed_free(&p);
    }
}

/* Ten thousand rules with an address each, as feeds of bad addresses have them. */
static void many_addresses_take_memory_by_their_number(void **state)
{
    (void)state;
    struct text text = {0};
    struct parsed p;
    for (unsigned i = 0; i < 10000; i++)
        text_printf(&text, "alert ip any any -> 10.%u.%u.1 any (sid:%u;)\n", i / 256, i % 256,
                    i + 1);
    parsed_text(&p, text_str(&text), text.len);
    assert_int_equal(p.list.n, 10000);
    for (unsigned i = 0; i < 10000; i++) {
        struct address a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, (uint8_t)(i / 256),
                             (uint8_t)(i % 256), 1}};
        assert_true(address_set_holds(p.list.items[i].target, &a));
    }
    assert_in_range(p.arena.bytes, 1, 10000 * 512); /* a set, its text and one range each */
    parsed_free(&p);
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_lists_hold_what_the_documentation_says),
        cmocka_unit_test(port_lists_hold_what_the_documentation_says),
        cmocka_unit_test(nested_lists_are_sets),
        cmocka_unit_test(the_same_list_is_one_set),
        cmocka_unit_test(words_of_the_header_are_read_in_any_case),
        cmocka_unit_test(many_addresses_take_memory_by_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
