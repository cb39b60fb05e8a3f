#include "tests/unit/rules/given.h"
#include "tests/unit/rules/marked.h"

#define HEAD "alert tcp any any -> any any "

/* Mistakes made by hand. A ^ stands where the fault is to be reported and is taken out before the
 * text is parsed; line and column say the same in numbers. The word is of the message. */
static const struct {
    const char *text;
    unsigned line, col;
    const char *word;
} mistakes[] = {
    /* The header. */
    {"^alarm tcp any any -> any any (sid:1;)", 1, 1, "`alarm` is no action"},
    {"alert ^tpc any any -> any any (sid:1;)", 1, 7, "protocol `tpc`"},
    {"alert ^smb any any -> any any (sid:1;)", 1, 7, "protocol `smb`"},
    {"alert tcp ^10.0.0.256 any -> any any (sid:1;)", 1, 11, "no address"},
    {"alert tcp [10.0.0.1,^10.0.0.x] any -> any any (sid:1;)", 1, 21, "no address: `10.0.0.x`"},
    {"alert tcp ^10.0.0.1/33 any -> any any (sid:1;)", 1, 11, "no length of a prefix"},
    {"alert tcp ^2001:db8::/129 any -> any any (sid:1;)", 1, 11, "no length of a prefix"},
    {"alert tcp ^10.0.0.0/ any -> any any (sid:1;)", 1, 11, "no length of a prefix"},
    {"alert tcp [$HOME_NET,^$HOMENET] any -> any any (sid:1;)", 1, 22, "variable is not set"},
    {"alert tcp ^!any any -> any any (sid:1;)", 1, 11, "nothing is left"},
    {"alert tcp ^[10.0.0.1,!10.0.0.0/8] any -> any any (sid:1;)", 1, 11, "nothing is left"},
    {"alert tcp [10.0.0.1,^] any -> any any (sid:1;)", 1, 21, "an element is empty"},
    {"alert tcp [^] any -> any any (sid:1;)", 1, 12, "an element is empty"},
    {"alert tcp !^!10.0.0.1 any -> any any (sid:1;)", 1, 12, "negated twice"},
    {"alert tcp ^[10.0.0.1,10.0.0.2 any -> any any (sid:1;)", 1, 11, "bracket is not closed"},
    {"alert tcp 10.0.0.1^] any -> any any (sid:1;)", 1, 19, "bracket is not opened"},
    {"alert tcp [1.1.1.1,^[2.2.2.2]3] any -> any any (sid:1;)", 1, 20, "bracket is not closed"},
    {"alert tcp any ^65536 -> any any (sid:1;)", 1, 15, "no port"},
    {"alert tcp any [80,^http] -> any any (sid:1;)", 1, 19, "no port: `http`"},
    {"alert tcp any ^: -> any any (sid:1;)", 1, 15, "no port"},
    {"alert tcp any [1:10,^90:80] -> any any (sid:1;)", 1, 21, "ends before it begins"},
    {"alert tcp any ^[80,!80] -> any any (sid:1;)", 1, 15, "nothing is left"},
    {"alert tcp any any ^<- any any (sid:1;)", 1, 19, "`<-` is no direction"},
    {"alert tcp any any ^=> any any (sid:1;)", 1, 19, "`=>` is no direction"},
    {"alert tcp any any -> any ^(sid:1;)", 1, 26, "the target port is missing"},
    {"alert tcp any any^", 1, 18, "the direction is missing"},
    {"alert tcp any any -> any any ^sid:1;", 1, 30, "( is expected"},
    /* Options. */
    {HEAD "(msg:\"x\"; sid:1;^", 1, 46, "ends without )"},
    {HEAD "(msg:\"x\"; ^sid:1)", 1, 40, "does not end in ;"},
    {HEAD "(sid:1;) ^# more", 1, 39, "follows the closing bracket"},
    {HEAD "(sid:1; ^;)", 1, 38, "no keyword"},
    {HEAD "(^)", 1, 31, "no sid"},
    {HEAD "(^contents:\"x\"; sid:1;)", 1, 31, "keyword `contents` is not in this build"},
    {HEAD "(^lua:x; sid:1;)", 1, 31, "keyword `lua` is not in this build"},
    {HEAD "(^msg; sid:1;)", 1, 31, "`msg` needs a value"},
    {HEAD "(msg:^hello; sid:1;)", 1, 35, "`msg` stands in quotes"},
    {HEAD "(msg:^\"\"; sid:1;)", 1, 35, "empty message"},
    {HEAD "(msg:\"x^\\\"; sid:1;)", 1, 37, "closing quote is escaped"},
    {HEAD "(msg:\"x^\", content:\"y\"; sid:1;)", 1, 37, "no ; follows"},
    {HEAD "(msg:\"x^\" content:\"y\"; sid:1;)", 1, 37, "no ; follows"},
    {HEAD "(msg:\"a\"; ^msg:\"b\"; sid:1;)", 1, 40, "`msg` is there twice"},
    {HEAD "(sid:^0;)", 1, 35, "number"},
    {HEAD "(sid:^4294967296;)", 1, 35, "number"},
    {HEAD "(sid:^\"1\";)", 1, 35, "no quotes"},
    {HEAD "(sid:1; rev:^-1;)", 1, 42, "number"},
    {HEAD "(sid:1; priority:^256;)", 1, 47, "number"},
    {HEAD "(sid:1; reference:^cve;)", 1, 48, "TYPE,PLACE"},
    {HEAD "(sid:1; target:^both;)", 1, 45, "src_ip or dest_ip"},
    {HEAD "(noalert:^yes; sid:1;)", 1, 39, "takes no value"},
    /* Contents. */
    {HEAD "(content:^abc; sid:1;)", 1, 39, "stands in quotes"},
    {HEAD "(content:\"^\"; sid:1;)", 1, 40, "empty content"},
    {HEAD "(content:\"a|^4\"; sid:1;)", 1, 42, "half a byte"},
    {HEAD "(content:\"a|^4|\"; sid:1;)", 1, 42, "half a byte"},
    {HEAD "(content:\"a|4^g|\"; sid:1;)", 1, 43, "no hex digit"},
    {HEAD "(content:\"a|41 ^g4|\"; sid:1;)", 1, 45, "no hex digit"},
    {HEAD "(content:\"a^|41\"; sid:1;)", 1, 41, "a bar is not closed"},
    {HEAD "(content:\"a^\\n\"; sid:1;)", 1, 41, "are escaped"},
    {HEAD "(content:\"a^\"b\"; sid:1;)", 1, 41, "quote that is not escaped"},
    {HEAD "(^nocase; content:\"a\"; sid:1;)", 1, 31, "no content before this"},
    {HEAD "(content:\"a\"; nocase; ^nocase; sid:1;)", 1, 52, "already"},
    {HEAD "(content:\"abc\"; depth:^2; sid:1;)", 1, 52, "depth is smaller"},
    {HEAD "(content:\"abc\"; within:^2; sid:1;)", 1, 53, "within is smaller"},
    {HEAD "(content:\"abc\"; offset:^-1; sid:1;)", 1, 53, "number"},
    {HEAD "(content:\"abc\"; offset:^65536; sid:1;)", 1, 53, "number"},
    {HEAD "(content:\"abc\"; distance:^1048577; sid:1;)", 1, 55, "number"},
    {HEAD "(content:\"abc\"; distance:^len; sid:1;)", 1, 55, "`len` is not extracted"},
    {HEAD "(content:\"a\"; offset:1; ^within:5; sid:1;)", 1, 54, "do not go with"},
    {HEAD "(content:\"a\"; distance:1; ^depth:5; sid:1;)", 1, 56, "do not go with"},
    {HEAD "(content:\"a\"; depth:1; ^startswith; sid:1;)", 1, 53, "startswith does not go"},
    {HEAD "(content:\"a\"; startswith; ^offset:1; sid:1;)", 1, 56, "startswith does not go"},
    {HEAD "(content:!\"a\"; ^fast_pattern; sid:1;)", 1, 45, "negated"},
    {HEAD "(content:\"a\"; fast_pattern; content:\"b\"; ^fast_pattern; sid:1;)", 1, 71, "one fast"},
    {HEAD "(content:\"abc\"; fast_pattern:^2,2; sid:1;)", 1, 59, "beyond the content"},
    {HEAD "(content:\"abc\"; fast_pattern:^first; sid:1;)", 1, 59, "OFFSET,LENGTH"},
    {HEAD "(content:\"abc\"; fast_pattern:0,^0; sid:1;)", 1, 61, "number"},
    /* What else is asked of the bytes. */
    {HEAD "(pcre:^/x/; sid:1;)", 1, 36, "stands in quotes"},
    {HEAD "(pcre:^\"x\"; sid:1;)", 1, 36, "between slashes"},
    {HEAD "(pcre:\"/a(^/\"; sid:1;)", 1, 40, "no expression"},
    {HEAD "(http.uri; content:\"a\"; pcre:\"/a/i^P\"; sid:1;)", 1, 64, "asked of another part"},
    {HEAD "(^http.uri; sid:1;)", 1, 31, "nothing is asked of this"},
    {HEAD "(^http.uri; http.method; content:\"a\"; sid:1;)", 1, 31, "nothing is asked of this"},
    {HEAD "(http.uri; content:\"a\"; ^dns.query; content:\"b\"; sid:1;)", 1, 54,
     "this is a part of dns, the rule is of http"},
    {"alert tls any any -> any any (^http.uri; content:\"a\"; sid:1;)", 1, 31,
     "this is a part of http, the rule is of tls"},
    {HEAD "(http.uri; content:\"a\"; ^http.stat_code; content:\"2\"; sid:1;)", 1, 54,
     "no message has this part"},
    {HEAD "(flow:to_client; ^http.uri; content:\"a\"; sid:1;)", 1, 47, "do not have this part"},
    {HEAD "(^to_lowercase; content:\"a\"; sid:1;)", 1, 31, "right behind the part"},
    {HEAD "(http.uri; content:\"a\"; ^to_lowercase; sid:1;)", 1, 54, "nothing is asked"},
    {HEAD "(http.uri; to_lowercase; content:\"a\"; ^dotprefix; content:\"b\"; sid:1;)", 1, 68,
     "right behind the part"},
    {HEAD "(^bsize:5; content:\"a\"; sid:1;)", 1, 31, "no part before this"},
    {HEAD "(urilen:5,^cooked; sid:1;)", 1, 40, "raw or norm"},
    {HEAD "(^http_uri; content:\"a\"; sid:1;)", 1, 31, "no content before this"},
    {HEAD "(dns.query; content:\"a\"; ^http_uri; sid:1;)", 1, 55, "asked of another part"},
    {HEAD "(dsize:^5; http.uri; content:\"a\"; sid:1;)", 1, 37, "looks into parts of messages"},
    {HEAD "(pcre:\"/a/^q\"; sid:1;)", 1, 40, "no flag"},
    {HEAD "(pcre:\"/a/R^, flow:x\"; sid:1;)", 1, 41, "captures"},
    {HEAD "(isdataat:4,^absolute; sid:1;)", 1, 42, "relative and rawbytes"},
    {HEAD "(isdataat:^-4; sid:1;)", 1, 40, "counts forward"},
    {HEAD "(byte_test:^0,=,1,0; sid:1;)", 1, 41, "number"},
    {HEAD "(byte_test:1,^~,1,0; sid:1;)", 1, 43, "no operator"},
    {HEAD "(byte_test:1,=,^x,0; sid:1;)", 1, 45, "`x` is not extracted"},
    {HEAD "(^byte_test:1,=,1; sid:1;)", 1, 31, "offset is missing"},
    {HEAD "(byte_test:1,=,1,0,^align; sid:1;)", 1, 49, "no word that belongs"},
    {HEAD "(byte_test:^9,=,1,0; sid:1;)", 1, 41, "more bytes"},
    {HEAD "(byte_test:^2,=,1,0,hex; sid:1;)", 1, 41, "go with string"},
    {HEAD "(byte_test:2,=,1,0,^dce; sid:1;)", 1, 49, "`dce` is not in this build"},
    {HEAD "(byte_jump:^2,0,from_end,from_beginning; sid:1;)", 1, 41, "does not go with"},
    {HEAD "(byte_jump:2,0,multiplier ^0; sid:1;)", 1, 56, "number"},
    {HEAD "(byte_extract:1,0,a; byte_extract:1,1,^a; sid:1;)", 1, 68, "there already"},
    {HEAD "(byte_extract:1,0,^4; sid:1;)", 1, 48, "no name"},
    /* Headers. */
    {HEAD "(flags:S^X; sid:1;)", 1, 38, "names no bit"},
    {HEAD "(fragbits:^+; sid:1;)", 1, 40, "bits are missing"},
    {HEAD "(ttl:^256; sid:1;)", 1, 35, "number"},
    {HEAD "(itype:^3<>4; sid:1;)", 1, 37, "holds nothing"},
    {HEAD "(^ip_proto:17; sid:1;)", 1, 31, "rules of ip"},
    {HEAD "(flow:only_stream; content:\"a\"; flags:^S; sid:1;)", 1, 68, "packets"},
    /* Flow, flowbits, dsize. */
    {HEAD "(flow:to_server,^to_client; sid:1;)", 1, 46, "exclude each other"},
    {HEAD "(flow:established,^no_frag; sid:1;)", 1, 48, "flow option `no_frag`"},
    {HEAD "(flow:to_server; ^flow:established; sid:1;)", 1, 47, "`flow` is there twice"},
    {HEAD "(flowbits:^sett,a; sid:1;)", 1, 40, "no operation"},
    {HEAD "(flowbits:^isset; sid:1;)", 1, 40, "has a name"},
    {HEAD "(flowbits:isset,a|^; sid:1;)", 1, 48, "has a name"},
    {HEAD "(flowbits:set,^a|b; sid:1;)", 1, 44, "alternatives"},
    {HEAD "(flowbits:set,^a b; sid:1;)", 1, 44, "blanks"},
    {HEAD "(dsize:^10<>11; sid:1;)", 1, 37, "holds nothing"},
    {HEAD "(dsize:<^0; sid:1;)", 1, 38, "number"},
    {HEAD "(dsize:>^65535; sid:1;)", 1, 38, "number"},
    {HEAD "(flow:only_stream; content:\"a\"; dsize:^1; sid:1;)", 1, 68, "packets"},
    {"alert tcp-pkt any any -> any any (flow:^only_stream; content:\"a\"; sid:1;)", 1, 40,
     "streams"},
    {"alert ^tcp-stream any any -> any any (sid:1;)", 1, 7, "nothing in this rule"},
    {"alert udp any any -> any any (flow:^only_stream; content:\"a\"; sid:1;)", 1, 36,
     "nothing in this rule"},
    {HEAD "(threshold:^type limit, track by_src, count 1; sid:1;)", 1, 41, "are asked for"},
    {HEAD "(threshold:type ^most, track by_src, count 1, seconds 1; sid:1;)", 1, 46, "a type is"},
    {HEAD "(threshold:type limit, track ^by_flow, count 1, seconds 1; sid:1;)", 1, 59,
     "track by_src"},
    {HEAD "(threshold:type limit, track by_src, count ^0, seconds 1; sid:1;)", 1, 73, "number"},
    {HEAD "(threshold:type limit, track by_src, count 1, ^count 1, seconds 1; sid:1;)", 1, 76,
     "each once"},
    {HEAD "(threshold:type limit, track by_src, count 1, ^hours 1; sid:1;)", 1, 76, "each once"},
    {HEAD "(threshold:type limit, track by_src, count 1, seconds 1; ^detection_filter:track "
          "by_src, count 1, seconds 1; sid:1;)",
     1, 87, "has one of"},
    {HEAD "(detection_filter:^type limit, track by_src, count 1, seconds 1; sid:1;)", 1, 48,
     "each once"},
    {HEAD "(stream_size:^middle,<,5; sid:1;)", 1, 43, "a side is"},
    {HEAD "(stream_size:^client,<; sid:1;)", 1, 43, "SIDE,OPERATOR"},
    {HEAD "(stream_size:client,<,^x; sid:1;)", 1, 52, "number"},
    /* Lines: behind comments, blank lines and rules; inside a rule that goes on. */
    {"# a comment\n\n" HEAD "(sid:1;)\n  " HEAD "(sid:^x;)", 4, 37, "number"},
    {"alert tcp any any -> any any ( \\\n    msg:\"x\"; \\\n    ^sed:1;)", 3, 5, "`sed`"},
    {"alert tcp any any -> any any \\  \r\n  (msg:\"x\"; sid:^y;)\r\n", 2, 17, "number"},
    {"alert tcp any any -> any any (msg:\"half \\\nhalf\"; ^depth:1; sid:1;)", 2, 8,
     "no content before"},
    {"alert tcp any any -> any any (msg:\"x\";^ \\\n", 1, 39, "ends without )"},
    {"# a comment does not go on \\\n^alarm tcp any any -> any any (sid:1;)", 2, 1, "no action"},
};
#define MISTAKES (sizeof mistakes / sizeof mistakes[0])

/* reported: the mistake's text without its mark is parsed; true when the report is as the table has
 * it. */
static bool reported(size_t i)
{
    const char *given = mistakes[i].text;
    struct marked m = marked_text(given);
    if (m.line != mistakes[i].line || m.col != mistakes[i].col) {
        print_error("%s: the table has %u:%u, the mark is at %u:%u\n", given, mistakes[i].line,
                    mistakes[i].col, m.line, m.col);
        return false;
    }
    struct parsed p;
    parsed_text(&p, m.text, strlen(m.text));
    bool good = p.diags.n == 1 && p.counts.rejected == 1 && p.counts.n_reasons == 1;
    if (p.diags.n) {
        const struct diag *d = &p.diags.items[0];
        good &= d->pos.line == m.line && d->pos.col == m.col && strstr(d->text, mistakes[i].word) &&
                strcmp(d->pos.file, "given.rules") == 0;
        if (!good)
            print_error("%s: %u:%u: %s\n", given, d->pos.line, d->pos.col, d->text);
    } else {
        print_error("%s: is taken\n", given);
    }
    parsed_free(&p);
    return good;
}

static void a_mistake_is_reported_where_it_is(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < MISTAKES; i++)
        wrong += !reported(i);
    assert_int_equal(wrong, 0);
}

static void lines_rules_and_commented_rules_are_counted(void **state)
{
    (void)state;
    static const char text[] = "# rules of a test\n"                             /* 1: a comment */
                               "#alert tcp any any -> any any (sid:9;)\n"        /* 2: disabled */
                               "  # rejectboth ip any any -> any any (sid:8;)\n" /* 3: disabled */
                               "\n"                                              /* 4 */
        HEAD "(sid:1;)\n"                                                        /* 5 */
        HEAD "\\\n" /* 6, 7: one rule */
                               " (sid:2;)\r\n"
                               "   \n" /* 8 */
        HEAD "(sid:x;)";               /* 9: rejected, no line break */
    struct parsed p;
    parsed_text(&p, text, sizeof text - 1);
    assert_int_equal(p.counts.lines, 9);
    assert_int_equal(p.counts.rules, 3);
    assert_int_equal(p.counts.rejected, 1);
    assert_int_equal(p.counts.disabled, 2);
    assert_int_equal(p.list.n, 2);
    assert_int_equal(p.list.items[1].pos.line, 6);
    parsed_free(&p);
}

/* What goes on in the next line goes on at the backslash: nothing stands for the break. */
static void a_rule_that_goes_on_is_the_rule_in_one_line(void **state)
{
    (void)state;
    static const char *const forms[] = {
        HEAD "(msg:\"one two\"; content:\"abcdef\"; sid:1;)",
        HEAD "(msg:\"one \\\ntwo\"; content:\"abc\\\ndef\"; sid:1;)",
        ("alert tcp any any \\\r\n-> any any (msg:\"one two\"; \\  \n content:\"abcdef\"; "
         "sid:1;)\r\n"),
        "alert  tcp\tany any ->  any any( msg : \"one two\" ;content: \"abcdef\" ; SID:1 ; )  ",
    };
    struct parsed first;
    const struct signature *want = parsed_one(&first, forms[0]);
    assert_non_null(want);
    for (size_t i = 1; i < sizeof forms / sizeof forms[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_one(&p, forms[i]);
        assert_non_null(s);
        assert_string_equal(s->msg, "one two");
        assert_int_equal(s->contents[0].len, 6);
        assert_memory_equal(s->contents[0].bytes, "abcdef", 6);
        assert_string_equal(text_str(&p.normal), text_str(&first.normal));
        assert_memory_equal(s->digest, want->digest, SHA256_BYTES);
        parsed_free(&p);
    }
    parsed_free(&first);
}

static void rules_that_mean_something_else_have_other_digests(void **state)
{
    (void)state;
    static const char *const rules[] = {
        HEAD "(content:\"a b\"; sid:1;)",
        HEAD "(content:\"a  b\"; sid:1;)",
        HEAD "(content:\"a b \"; sid:1;)",
        HEAD "(content:\"a\tb\"; sid:1;)",
        HEAD "(content:!\"a b\"; sid:1;)",
        HEAD "(content:\"a b\"; nocase; sid:1;)",
        "alert tcp any any <> any any (content:\"a b\"; sid:1;)",
        "alert tcp any 1 -> any any (content:\"a b\"; sid:1;)",
        "alert tcp any any -> any 1 (content:\"a b\"; sid:1;)",
    };
    enum { N = sizeof rules / sizeof rules[0] };
    uint8_t digests[N][SHA256_BYTES];
    for (size_t i = 0; i < N; i++) {
        struct parsed p;
        const struct signature *s = parsed_one(&p, rules[i]);
        assert_non_null(s);
        memcpy(digests[i], s->digest, SHA256_BYTES);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(digests[k], digests[i], SHA256_BYTES);
        parsed_free(&p);
    }
}

static void a_nul_byte_is_no_part_of_a_rule(void **state)
{
    (void)state;
    static const char text[] = HEAD "(msg:\"a\0b\"; sid:1;)\n" HEAD "(sid:2;)";
    struct parsed p;
    parsed_text(&p, text, sizeof text - 1);
    assert_int_equal(p.list.n, 1);
    assert_int_equal(p.list.items[0].sid, 2);
    assert_int_equal(p.diags.items[0].pos.col, sizeof HEAD - 1 + 8);
    parsed_free(&p);
}

/* Two thousand keywords that are not there: the reasons have no room for all, none is lost. */
static void rejections_by_reason_add_up(void **state)
{
    (void)state;
    struct text text = {0};
    struct parsed p;
    size_t sum = 0;
    for (unsigned i = 0; i < 2000; i++)
        text_printf(&text, HEAD "(keyword%u; sid:1;)\n", i);
    parsed_text(&p, text_str(&text), text.len);
    assert_int_equal(p.counts.rejected, 2000);
    assert_int_equal(p.counts.n_reasons, REASONS_MAX);
    for (size_t i = 0; i < p.counts.n_reasons; i++)
        sum += p.counts.reasons[i].n;
    assert_int_equal(sum, 2000);
    assert_string_equal(p.counts.reasons[REASONS_MAX - 1].reason, "other reasons");
    assert_int_equal(p.counts.reasons[REASONS_MAX - 1].n, 2000 - (REASONS_MAX - 1));
    parsed_free(&p);
    text_free(&text);
}

static void flowbits_of_a_rejected_rule_take_no_room(void **state)
{
    (void)state;
    struct text text = {0};
    struct parsed p;
    for (unsigned i = 0; i < 2 * MATCH_FLOWBITS; i++)
        text_printf(&text, HEAD "(flowbits:set,gone%u; lua:x; sid:1;)\n", i);
    for (unsigned i = 0; i < MATCH_FLOWBITS + 1; i++)
        text_printf(&text, HEAD "(flowbits:set,kept%u; sid:%u;)\n", i, i + 1);
    parsed_text(&p, text_str(&text), text.len);
    assert_int_equal(p.list.n, MATCH_FLOWBITS);
    assert_non_null(strstr(p.diags.items[p.diags.n - 1].text, "`kept512` finds no room"));
    parsed_free(&p);
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_reported_where_it_is),
        cmocka_unit_test(lines_rules_and_commented_rules_are_counted),
        cmocka_unit_test(a_rule_that_goes_on_is_the_rule_in_one_line),
        cmocka_unit_test(rules_that_mean_something_else_have_other_digests),
        cmocka_unit_test(a_nul_byte_is_no_part_of_a_rule),
        cmocka_unit_test(rejections_by_reason_add_up),
        cmocka_unit_test(flowbits_of_a_rejected_rule_take_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
