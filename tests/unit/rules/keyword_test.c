#include "tests/unit/rules/given.h"

static void the_facts_of_a_rule_are_kept(void **state)
{
    (void)state;
    struct parsed p;
    const struct signature *s = parsed_one(
        &p,
        "alert udp any any -> any 53 (msg:\"a \\\"quoted\\\" \\; \\\\ b\"; gid:7; sid:4294967295; "
        "rev:12; classtype:trojan-activity; priority:200; noalert; reference:cve,2001-1234; "
        "reference:url,example.org/a?b=c,d; target:dest_ip;)");
    assert_non_null(s);
    assert_string_equal(s->msg, "a \"quoted\" ; \\ b");
    assert_int_equal(s->gid, 7);
    assert_int_equal(s->sid, UINT32_MAX);
    assert_int_equal(s->rev, 12);
    assert_string_equal(s->classtype, "trojan-activity");
    assert_int_equal(s->priority, 200);
    assert_true(s->noalert);
    parsed_free(&p);
    s = parsed_options(&p, "");
    assert_non_null(s);
    assert_int_equal(s->gid, 1); /* "Suricata by default uses gid 1" */
    assert_int_equal(s->rev, 0);
    assert_null(s->msg);
    assert_false(s->noalert);
    parsed_free(&p);
}

/* "Keyword names are not case-sensitive", as a rule of the ET sets has them. */
static void keywords_are_read_in_any_case(void **state)
{
    (void)state;
    struct parsed p;
    const struct signature *s =
        parsed_options(&p, "MSG:\"x\"; Content:\"ab\"; NoCase; Flow:To_Server;");
    assert_non_null(s);
    assert_int_equal(s->n_contents, 1);
    assert_int_equal(s->flow, FLOW_TO_SERVER);
    parsed_free(&p);
}

static void tags_of_the_metadata_are_kept(void **state)
{
    (void)state;
    struct parsed p;
    const struct signature *s = parsed_options(
        &p, "metadata:created_at 2020_01_01, tag grid.write, tagged no,tag  two words , tag;"
            "metadata:tag third;");
    assert_non_null(s);
    assert_int_equal(s->n_tags, 3);
    assert_string_equal(s->tags[0], "grid.write");
    assert_string_equal(s->tags[1], "two words");
    assert_string_equal(s->tags[2], "third");
    parsed_free(&p);
}

/* "The characters ; \ " must be escaped", hexadecimal notation between bars. */
static const struct {
    const char *text;
    const char *bytes;
    unsigned len;
} contents[] = {
    {"abc", "abc", 3},
    {"a|0D|bc", "a\rbc", 4},
    {"|61 0D 62 63|", "a\rbc", 4},
    {"|610d,6263|", "a\rbc", 4},
    {"a|0D|b|63|", "a\rbc", 4},
    {"||a", "a", 1},
    {"|00 ff|", "\0\xff", 2},
    {"http\\://\\;\\\"\\\\", "http://;\"\\", 10},
    {"http://", "http://", 7}, /* a colon needs no escape */
    {" a  b ", " a  b ", 6},
    {"\xc3\xa4", "\xc3\xa4", 2},
};

static void contents_are_read_as_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        char options[128];
        struct parsed p;
        snprintf(options, sizeof options, "content: \"%s\" ;", contents[i].text);
        const struct signature *s = parsed_options(&p, options);
        if (!s)
            fail_msg("%s is rejected: %s", contents[i].text, p.diags.items[0].text);
        assert_int_equal(s->contents[0].len, contents[i].len);
        assert_memory_equal(s->contents[0].bytes, contents[i].bytes, contents[i].len);
        parsed_free(&p);
    }
}

static void contents_are_as_long_as_they_may_be(void **state)
{
    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        struct parsed p;
        char bytes[CONTENT_BYTES + 2] = {0}, options[CONTENT_BYTES + 64];
        memset(bytes, 'x', CONTENT_BYTES + over);
        snprintf(options, sizeof options, "content:\"%s\";", bytes);
        const struct signature *s = parsed_options(&p, options);
        assert_int_equal(s != NULL, !over);
        if (s)
            assert_int_equal(s->contents[0].len, CONTENT_BYTES);
        parsed_free(&p);
    }
}

static void modifiers_go_to_the_content_before_them(void **state)
{
    (void)state;
    struct parsed p;
    const struct signature *s = parsed_options(
        &p, "content:\"Abc\"; nocase; offset:3; depth:65535; content:! \"de\"; distance:-1048576; "
            "within:1048576; content:\"fgh\"; startswith; endswith; content:\"ijkl\"; "
            "fast_pattern:1,3; content:\"mn\"; endswith; distance:2;");
    assert_non_null(s);
    const struct content *c = s->contents;
    assert_int_equal(s->n_contents, 5);
    assert_int_equal(c[0].flags & 0x1ff, CONTENT_NOCASE | CONTENT_OFFSET | CONTENT_DEPTH);
    assert_memory_equal(c[0].bytes, "abc", 3); /* lower case when the case does not matter */
    assert_int_equal(c[0].offset, 3);
    assert_int_equal(c[0].depth, 65535);
    assert_int_equal(c[1].flags & 0x1ff, CONTENT_NEGATED | CONTENT_DISTANCE | CONTENT_WITHIN);
    assert_int_equal(c[1].distance, -1048576);
    assert_int_equal(c[1].within, 1048576);
    assert_int_equal(c[2].flags & 0x1ff, CONTENT_STARTSWITH | CONTENT_ENDSWITH);
    assert_int_equal(c[3].flags & 0x1ff, CONTENT_FAST);
    assert_int_equal(c[3].fast_at, 1);
    assert_int_equal(c[3].fast_len, 3);
    assert_int_equal(c[4].flags & 0x1ff, CONTENT_ENDSWITH | CONTENT_DISTANCE);
    parsed_free(&p);
}

/* The forms of Suricata's documentation, and sizes that are in and out. */
static const struct {
    const char *value;
    unsigned in[3], out[3]; /* 99999: none */
} sizes[] = {
    {"10", {10, 10, 10}, {0, 9, 11}},       {"<10", {0, 9, 9}, {10, 11, 65535}},
    {"<=10", {0, 10, 10}, {11, 12, 65535}}, {">8", {9, 10, 65535}, {0, 7, 8}},
    {">=10", {10, 11, 65535}, {0, 8, 9}},   {"8<>20", {9, 15, 19}, {7, 8, 20}},
    {"!9", {0, 8, 10}, {9, 9, 9}},          {"!=9", {0, 8, 10}, {9, 9, 9}},
    {" 8 <> 20 ", {9, 15, 19}, {0, 8, 20}}, {"> 8", {9, 10, 65535}, {0, 7, 8}},
    {"=10", {10, 10, 10}, {9, 11, 0}},      {"65535", {65535, 65535, 65535}, {0, 1, 65534}},
    {"<1", {0, 0, 0}, {1, 2, 65535}},
};

static bool size_holds(const struct signature *s, unsigned len)
{
    static uint8_t bytes[65536];
    struct match_input in = given_input(bytes, len, 80);
    struct match_flow flow = {.flowbits = {0}};
    return given_confirm(s, &in, &flow) == RULE_MATCHES;
}

static void dsize_has_the_forms_of_the_documentation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char options[64];
        struct parsed p;
        snprintf(options, sizeof options, "dsize:%s;", sizes[i].value);
        const struct signature *s = parsed_options(&p, options);
        if (!s)
            fail_msg("dsize:%s is rejected: %s", sizes[i].value, p.diags.items[0].text);
        for (unsigned k = 0; k < 3; k++) {
            if (!size_holds(s, sizes[i].in[k]))
                fail_msg("dsize:%s does not hold %u", sizes[i].value, sizes[i].in[k]);
            if (size_holds(s, sizes[i].out[k]))
                fail_msg("dsize:%s holds %u", sizes[i].value, sizes[i].out[k]);
        }
        parsed_free(&p);
    }
}

static void flow_says_direction_and_state(void **state)
{
    (void)state;
    /* Answers for: to server and established, to server and not, to client and established, to
     * client and not. */
    static const struct {
        const char *value;
        bool holds[4];
    } rows[] = {
        {"to_server", {true, true, false, false}},
        {"from_client", {true, true, false, false}},
        {"to_client", {false, false, true, true}},
        {"from_server", {false, false, true, true}},
        {"established", {true, false, true, false}},
        {"not_established", {false, true, false, true}},
        {"stateless", {true, true, true, true}},
        {"to_server, established", {true, false, false, false}},
        {"established,from_server", {false, false, true, false}},
        {"to_client,not_established", {false, false, false, true}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char options[64];
        struct parsed p;
        snprintf(options, sizeof options, "flow:%s;", rows[i].value);
        const struct signature *s = parsed_options(&p, options);
        assert_non_null(s);
        for (unsigned k = 0; k < 4; k++) {
            struct match_flow flow = {.flowbits = {0}};
            struct match_input in = given_input("x", 1, 80);
            in.to_server = k < 2;
            in.established = k % 2 == 0;
            if ((given_confirm(s, &in, &flow) == RULE_MATCHES) != rows[i].holds[k])
                fail_msg("flow:%s, case %u", rows[i].value, k);
        }
        parsed_free(&p);
    }
}

static void flowbits_are_asked_as_the_documentation_says(void **state)
{
    (void)state;
    /* Bits a, b, c are numbered as they are named; answers for each of the eight states. */
    static const struct {
        const char *options;
        unsigned holds; /* a bit a state */
    } rows[] = {
        {"flowbits:isset,a;", 0xaa},
        {"flowbits:isnotset,a;", 0x55},
        {"flowbits:isset,a; flowbits:isset,b;", 0x88},
        {"flowbits:isset,a|b;", 0xee},
        {"flowbits: isset , a | b ;", 0xee},
        {"flowbits:isset,a; flowbits:isnotset,b;", 0x22},
        {"flowbits:isset,a|b; flowbits:isset,c;", 0xe0},
        {"flowbits:isset,a|b|c;", 0xfe},
        {"flowbits:isnotset,a|b;", 0x77}, /* one of them is not set */
        {"flowbits:isset,a; flowbits:set,b;", 0xaa},
        {"flowbits:set,a;", 0xff},
        {"flowbits:set,a; flowbits:isset,a|b;", 0xee},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        char options[256];
        /* A first rule names the bits in this order. */
        snprintf(options, sizeof options,
                 "alert ip any any -> any any (flowbits:isset,a|b|c; sid:1;)\n"
                 "alert ip any any -> any any (%s sid:2;)",
                 rows[i].options);
        parsed_text(&p, options, strlen(options));
        assert_int_equal(p.list.n, 2);
        for (unsigned bits = 0; bits < 8; bits++) {
            struct match_flow flow = {.flowbits = {bits}};
            struct match_input in = given_input("x", 1, 80);
            bool holds = given_confirm(&p.list.items[1], &in, &flow) == RULE_MATCHES;
            if (holds != (rows[i].holds >> bits & 1))
                fail_msg("%s with bits %u", rows[i].options, bits);
        }
        parsed_free(&p);
    }
}

static void flowbits_change_as_they_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        uint64_t before, after;
    } rows[] = {
        {"flowbits:set,a;", 2, 3},    {"flowbits:set,a;", 1, 1},
        {"flowbits:unset,a;", 3, 2},  {"flowbits:unset,a;", 2, 2},
        {"flowbits:toggle,a;", 2, 3}, {"flowbits:toggle,a;", 3, 2},
        {"flowbits:isset,a;", 3, 3},  {"flowbits:set,a; flowbits:set,b; flowbits:unset,a;", 4, 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_options(&p, rows[i].options);
        struct match_flow flow = {.flowbits = {rows[i].before}};
        assert_non_null(s);
        rule_apply(s, &(struct match_input){0}, &flow);
        assert_int_equal(flow.flowbits[0], rows[i].after);
        parsed_free(&p);
    }
}

/* Where a rule looks. Suricata: "as individual packets and, in the case of TCP, as part of a
 * (reassembled) stream"; packet keywords look at packets only, contents at the stream, and with a
 * place from the start at packets too. */
static void rules_look_at_packets_or_streams(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        unsigned views;
    } rows[] = {
        {"alert tcp any any -> any any (sid:1;)", VIEW_PACKET},
        {"alert tcp any any -> any any (content:\"a\"; sid:1;)", VIEW_STREAM},
        {"alert tcp any any -> any any (content:\"a\"; content:\"b\"; within:5; sid:1;)",
         VIEW_STREAM},
        {"alert tcp any any -> any any (content:\"a\"; depth:3; sid:1;)",
         VIEW_PACKET | VIEW_STREAM},
        {"alert tcp any any -> any any (content:\"a\"; offset:3; sid:1;)",
         VIEW_PACKET | VIEW_STREAM},
        {"alert tcp any any -> any any (content:\"b\"; content:\"a\"; startswith; sid:1;)",
         VIEW_PACKET | VIEW_STREAM},
        {"alert tcp any any -> any any (content:\"a\"; endswith; sid:1;)", VIEW_STREAM},
        {"alert tcp any any -> any any (content:\"a\"; dsize:1; sid:1;)", VIEW_PACKET},
        {"alert tcp any any -> any any (content:\"a\"; flow:no_stream; sid:1;)", VIEW_PACKET},
        {"alert tcp any any -> any any (content:\"a\"; depth:2; flow:only_stream; sid:1;)",
         VIEW_STREAM},
        {"alert tcp-pkt any any -> any any (content:\"a\"; sid:1;)", VIEW_PACKET},
        {"alert tcp-stream any any -> any any (content:\"a\"; depth:2; sid:1;)", VIEW_STREAM},
        {"alert ip any any -> any any (content:\"a\"; sid:1;)", VIEW_STREAM},
        {"pass tcp any any -> any any (sid:1;)", VIEW_PACKET | VIEW_STREAM},
        {"pass tcp any any -> any any (content:\"a\"; sid:1;)", VIEW_PACKET | VIEW_STREAM},
        {"pass tcp any any -> any any (dsize:0; sid:1;)", VIEW_PACKET},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_one(&p, rows[i].rule);
        assert_non_null(s);
        if (s->views != rows[i].views)
            fail_msg("%s: views %u", rows[i].rule, s->views);
        parsed_free(&p);
    }
}

/* A rule's conditions on numbers come first, then what it does to them, in its order. Suricata does
 * not make less of what is not set, and takes another one that is not set for 0. */
static void numbers_of_a_flow_are_asked_and_changed(void **state)
{
    (void)state;
    static const struct {
        const char *options, *a, *b; /* of `aa` and `bb` before: NULL where they are not set */
        bool holds;
        const char *after; /* of `aa` */
    } rows[] = {
        {"flowint:aa,+,3;", NULL, NULL, true, "3"},
        {"flowint:aa,+,3;", "4", NULL, true, "7"},
        {"flowint:aa,=,3; flowint:aa,+,2;", "9", NULL, true, "5"},
        {"flowint:aa,-,3;", "5", NULL, true, "2"},
        {"flowint:aa,-,3;", NULL, NULL, true, NULL},
        {"flowint:aa,-,3;", "2", NULL, true, "4294967295"}, /* 32 bits */
        {"flowint:aa,=,bb;", NULL, "6", true, "6"},
        {"flowint:aa,=,bb;", "5", NULL, true, "0"},
        {"flowint:aa,+,1; flowint:aa,==,1;", NULL, NULL, false, NULL},
        {"flowint:aa,+,1; flowint:aa,==,1;", "1", NULL, true, "2"},
        {"flowint:aa,isset;", NULL, NULL, false, NULL},
        {"flowint:aa,isset;", "0", NULL, true, "0"},
        {"flowint:aa,isnotset;", NULL, NULL, true, NULL},
        {"flowint:aa,notset;", "0", NULL, false, "0"},
        {"flowint:aa,<,5;", "5", NULL, false, "5"},
        {"flowint:aa,<,5;", "4", NULL, true, "4"},
        {"flowint:aa,<=,5;", "5", NULL, true, "5"},
        {"flowint:aa,<=,5;", "6", NULL, false, "6"},
        {"flowint:aa,>,5;", "6", NULL, true, "6"},
        {"flowint:aa,>,5;", "5", NULL, false, "5"},
        {"flowint:aa,>=,5;", "5", NULL, true, "5"},
        {"flowint:aa,>=,5;", "4", NULL, false, "4"},
        {"flowint:aa,!=,5;", "4", NULL, true, "4"},
        {"flowint:aa,!=,5;", NULL, NULL, false, NULL},
        {"flowint:aa,>,bb;", "1", NULL, true, "1"},
        {"flowint:aa,==,bb;", "7", "7", true, "7"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        char options[256];
        /* the first names of the set are aa and bb */
        snprintf(options, sizeof options, "%s", rows[i].options);
        const struct signature *s = parsed_options(&p, options);
        struct match_flow flow = {0};
        const char *given[2] = {rows[i].a, rows[i].b};
        for (unsigned k = 0; k < 2; k++)
            if (given[k]) {
                flow.flowints[k] = (uint32_t)strtoul(given[k], NULL, 10);
                flow.flowints_set |= (uint8_t)(1u << k);
            }
        struct match_input in = given_input("", 0, 80);
        assert_non_null(s);
        bool held = given_confirm(s, &in, &flow) == RULE_MATCHES;
        if (held)
            rule_apply(s, &in, &flow);
        bool set = flow.flowints_set & 1;
        uint32_t after = rows[i].after ? (uint32_t)strtoul(rows[i].after, NULL, 10) : 0;
        if (held != rows[i].holds || set != !!rows[i].after || (set && flow.flowints[0] != after))
            fail_msg("%s: holds %d, then %s %u", rows[i].options, held, set ? "is" : "is not",
                     flow.flowints[0]);
        parsed_free(&p);
    }
}

/* The versions are of the rules' documentation; ours is 7.0.10. */
static void a_rule_loads_if_what_it_requires_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool loads;
    } rows[] = {{"version >= 7.0.4", true},
                {"version >= 7.0.10", true},
                {"version > 7.0.10", false},
                {"version >= 7.0.4 < 8", true},
                {"version >= 8", false},
                {"version <= 7", false},
                {"version < 8.0.3 >= 7.0.11", false},
                {"version >= 7.0.4 < 7.0.5 | >= 7.0.9", true},
                {"version >= 8.0.3 | < 7", false},
                {"feature geoip", false},
                {"version >= 7, feature lua", false},
                {"keyword no-such", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        char options[128];
        snprintf(options, sizeof options, "requires:%s;", rows[i].value);
        if ((parsed_options(&p, options) != NULL) != rows[i].loads)
            fail_msg("%s: not %d", rows[i].value, rows[i].loads);
        parsed_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_a_flow_are_asked_and_changed),
        cmocka_unit_test(a_rule_loads_if_what_it_requires_is_there),
        cmocka_unit_test(the_facts_of_a_rule_are_kept),
        cmocka_unit_test(keywords_are_read_in_any_case),
        cmocka_unit_test(tags_of_the_metadata_are_kept),
        cmocka_unit_test(contents_are_read_as_bytes),
        cmocka_unit_test(contents_are_as_long_as_they_may_be),
        cmocka_unit_test(modifiers_go_to_the_content_before_them),
        cmocka_unit_test(dsize_has_the_forms_of_the_documentation),
        cmocka_unit_test(flow_says_direction_and_state),
        cmocka_unit_test(flowbits_are_asked_as_the_documentation_says),
        cmocka_unit_test(flowbits_change_as_they_are_told),
        cmocka_unit_test(rules_look_at_packets_or_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
