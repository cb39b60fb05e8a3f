#include "tests/unit/rules/given.h"

static bool holds(const struct signature *s, const struct match_input *in)
{
    struct match_flow flow = {.flowbits = {0}};
    return given_confirm(s, in, &flow) == RULE_MATCHES;
}

/* What contents mean, in small cases. A + before a payload: the rule holds of it; a -: it does not.
 * In Suricata's words where they are there, else in those of its inspection of contents. */
static const struct {
    const char *options;
    const char *payloads[8];
} cases[] = {
    {"content:\"abc\";", {"+abc", "+xabcx", "-ab", "-aBc", "-", "-acb"}},
    {"content:\"aBc\"; nocase;", {"+abc", "+ABC", "+xAbCx", "-ab"}},
    {"content:\"a[\"; nocase;", {"+A[", "-a{", "-A{"}}, /* only letters have case */
    {"content:!\"abc\";", {"-abc", "-xabc", "+ab", "+", "+ABC"}},
    {"content:!\"abc\"; nocase;", {"-aBC", "+ab"}},
    /* "offset:3; checks the fourth byte and further" */
    {"content:\"d\"; offset:3;", {"+abcd", "-dabc", "-ab", "+dddd", "+abcxd"}},
    {"content:\"d\"; depth:3;", {"+abd", "-abcd", "+d", "-"}},
    /* "will check the payload from the third byte till the sixth" */
    {"content:\"def\"; offset:3; depth:3;", {"+abcdef", "+abcdefg", "-abdef", "-abcddef", "-def"}},
    {"content:\"def\"; depth:4; offset:2;", {"+abdef", "+abcdef", "-adef", "-abcddef"}},
    {"content:\"a\"; startswith;", {"+a", "+ab", "-ba", "-"}},
    {"content:!\"a\"; startswith;", {"-a", "-ab", "+ba", "+"}},
    {"content:\"ab\"; endswith;", {"+ab", "+abab", "-aba", "-b", "+xab"}},
    {"content:!\"ab\"; endswith;", {"-ab", "+aba", "-abab", "+", "+abx"}},
    {"content:\"ab\"; startswith; endswith;", {"+ab", "-abab", "-aab", "-abb"}},
    {"content:\"ab\"; depth:4; endswith;", {"+ab", "+xxab", "-xxxab", "-abx"}},
    {"content:\"ab\"; offset:2; endswith;", {"+xxab", "-ab", "-xab", "+xxxab"}},
    {"content:\"a\"; content:\"ab\"; endswith; distance:1;", {"+axab", "-aab", "-ab", "-axabx"}},
    {"content:\"a\"; content:\"b\"; endswith; within:2;", {"+ab", "+axb", "-axxb", "+axxab"}},
    /* Two contents are found anywhere, in any order, even in the same place. */
    {"content:\"ab\"; content:\"bc\";", {"+abc", "+bcab", "-ab", "-bc"}},
    {"content:\"ab\"; content:\"ab\";", {"+ab", "-ba"}},
    /* distance: from the end of the match before */
    {"content:\"a\"; content:\"b\"; distance:0;", {"+ab", "+axxb", "-ba", "+bab", "-a"}},
    {"content:\"a\"; content:\"b\"; distance:2;", {"+axxb", "-axb", "+axxxb", "+abxb"}},
    {"content:\"abc\"; content:\"bc\"; distance:-2;", {"+abc", "-bca"}},
    {"content:\"ab\"; content:\"xa\"; distance:-3;", {"+xab", "+abxa", "-abx"}},
    {"content:\"b\"; content:\"a\"; distance:-100;", {"+ab", "+ba", "+xxaxxb", "-b"}},
    /* within: the content ends in so many bytes behind the match before */
    {"content:\"abc\"; content:\"def\"; within:3;", {"+abcdef", "-abcxdef", "+abcabcdef"}},
    {"content:\"a\"; content:\"b\"; within:2;", {"+ab", "+axb", "-axxb", "+axxxab"}},
    {"content:\"a\"; content:\"b\"; distance:1; within:2;", {"-ab", "+axb", "+axxb", "-axxxb"}},
    {"content:\"a\"; content:\"b\"; distance:1; within:1;", {"-ab", "+axb", "-axxb"}},
    {"content:\"ab\"; content:\"b\"; distance:-1; within:1;", {"+ab", "-b"}},
    /* A later place of the first is tried when what follows must be near. */
    {"content:\"a\"; content:\"b\"; within:1; content:\"c\"; within:1;",
     {"+abc", "-abxabxc", "+abxabc", "+aabbabc", "-abbc"}},
    {"content:\"a\"; content:\"b\"; distance:0; content:\"c\"; within:1;",
     {"+axbxbc", "-axbxb", "-bcaxb", "+abbbc"}},
    /* Relative to the match before, which a negated content is not. */
    {"content:\"a\"; content:!\"n\"; content:\"b\"; within:1;", {"+ab", "-abn", "-nab", "-axb"}},
    {"content:\"a\"; content:!\"n\"; within:2; content:\"b\"; within:3;",
     {"+axxb", "-anb", "-axnb", "+anxaxb", "-axxxb"}},
    {"content:\"a\"; content:!\"b\"; within:1;", {"+a", "+ac", "-ab", "+abac", "-abab"}},
    {"content:\"a\"; content:!\"b\"; distance:1; within:1;", {"+ab", "-axb", "+axxb"}},
    /* Without within the first place counts: what must not follow it must not follow at all. */
    {"content:\"a\"; content:!\"b\"; distance:0;", {"+a", "+ba", "-ab", "-aba", "+bxa"}},
    {"content:\"a\"; content:\"c\"; within:1; content:!\"b\"; distance:0;",
     {"+ac", "-acb", "-acbac", "+bac", "+xaxac"}},
    /* A first content that is relative is relative to the start. */
    {"content:\"a\"; distance:2;", {"+xxa", "-xa", "+axa", "-a"}},
    {"content:\"a\"; within:2;", {"+a", "+xa", "-xxa"}},
    {"content:!\"a\"; distance:1; within:1;", {"-xa", "+ax", "+a", "+"}},
    {"content:!\"x\"; content:\"a\"; within:2;", {"+a", "-xa", "+ba", "-bba"}},
    /* One that is not relative begins anew. */
    {"content:\"b\"; content:\"a\"; depth:1; content:\"c\"; within:1;", {"+acb", "-abc", "-bac"}},
    {"content:\"a\"; content:\"b\"; content:\"c\"; distance:0;", {"+bca", "+abc", "-cba", "-bc"}},
};

static void contents_mean_what_they_mean_in_suricata(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_options(&p, cases[i].options);
        if (!s)
            fail_msg("%s: %s", cases[i].options, p.diags.items[0].text);
        for (unsigned k = 0; k < 8 && cases[i].payloads[k]; k++) {
            const char *payload = cases[i].payloads[k];
            struct match_input in = given_input(payload + 1, strlen(payload + 1), 80);
            if (holds(s, &in) != (*payload == '+'))
                fail_msg("%s of %s", cases[i].options, payload);
        }
        parsed_free(&p);
    }
}

/* --- The naive model: contents as a list of numbers, each place of each tried. --- */

struct piece_of {
    char bytes[4];
    int len;
    bool nocase, negated, startswith, endswith, has_offset, has_depth, has_distance, has_within;
    int offset, depth, distance, within;
};
struct model {
    struct piece_of pieces[5];
    int n;
    const char *data;
    int from, len; /* the data is [from, len) of the stream */
    int fresh;     /* in the stream */
};

static bool stands(const struct model *m, const struct piece_of *c, int at)
{
    if (at < m->from || at + c->len > m->len)
        return false;
    for (int i = 0; i < c->len; i++) {
        char a = m->data[at + i], b = c->bytes[i];
        if (a != b && !(c->nocase && (a ^ b) == 0x20 && (a | 0x20) >= 'a' && (a | 0x20) <= 'z'))
            return false;
    }
    return true;
}

/* allowed: may the piece stand at this place, the one before having ended at `end`? */
static bool allowed(const struct model *m, const struct piece_of *c, int at, int end)
{
    bool relative = c->has_distance || c->has_within;
    int behind = at + c->len;
    if (c->startswith && at != 0)
        return false;
    if (c->endswith && behind != m->len)
        return false;
    if (!relative && c->has_offset && at < c->offset)
        return false;
    if (!relative && c->has_depth && behind > (c->has_offset ? c->offset : 0) + c->depth)
        return false;
    if (relative && at < end + (c->has_distance ? c->distance : 0))
        return false;
    return !c->has_within || behind <= end + (c->has_distance ? c->distance : 0) + c->within;
}

enum answer { NO, YES, NEVER };

/* places: pieces i and later, the last match having ended at `end`. `free`: any place may be taken,
 * and one must end in the new bytes. Otherwise as Suricata walks: the first place that is allowed,
 * and the next one only when what is asked next of its end has a within. */
static enum answer places(const struct model *m, int i, int end, bool any, bool seen_fresh)
{
    if (i == m->n)
        return !any || seen_fresh ? YES : NO;
    const struct piece_of *c = &m->pieces[i];
    if (c->negated) {
        for (int at = m->from; at < m->len; at++)
            if (stands(m, c, at) && allowed(m, c, at, end))
                return NO;
        return places(m, i + 1, end, any, seen_fresh);
    }
    bool again = any;
    for (int k = i + 1; k < m->n && !again; k++) {
        again = m->pieces[k].has_within;
        if (!m->pieces[k].negated)
            break;
    }
    for (int at = m->from; at < m->len; at++) {
        if (!stands(m, c, at) || !allowed(m, c, at, end))
            continue;
        int behind = at + c->len;
        enum answer rest = places(m, i + 1, behind, any, seen_fresh || behind > m->fresh);
        if (rest != NO)
            return rest;
        if (!again)
            return NEVER;
    }
    return NO;
}

static bool model_holds(const struct model *m)
{
    bool positive = false;
    for (int i = 0; i < m->n; i++)
        positive |= !m->pieces[i].negated;
    if (places(m, 0, 0, false, false) != YES)
        return false;
    if (!positive)
        return m->fresh == 0;
    return places(m, 0, 0, true, false) == YES;
}

static int random_int(uint64_t *seed, int low, int high)
{
    return low + (int)random_below(seed, (uint64_t)(high - low + 1));
}

/* random_piece: into the model and, as options, into the text. */
static void random_piece(uint64_t *seed, struct piece_of *c, struct text *out)
{
    *c = (struct piece_of){.len = random_int(seed, 1, 3)};
    for (int i = 0; i < c->len; i++)
        c->bytes[i] = "abA"[random_below(seed, 3)];
    c->negated = random_below(seed, 4) == 0;
    c->nocase = random_below(seed, 4) == 0;
    c->endswith = random_below(seed, 8) == 0;
    text_printf(out, "content:%s\"%s\";%s%s", c->negated ? "!" : "", c->bytes,
                c->nocase ? "nocase;" : "", c->endswith ? "endswith;" : "");
    switch (random_below(seed, 5)) {
    case 0:
        c->startswith = random_below(seed, 3) == 0;
        text_puts(out, c->startswith ? "startswith;" : "");
        break;
    case 1:
        c->has_offset = random_below(seed, 2);
        c->has_depth = random_below(seed, 2);
        c->offset = random_int(seed, 0, 5);
        c->depth = random_int(seed, c->len, c->len + 6);
        if (c->has_depth)
            text_printf(out, "depth:%d;", c->depth);
        if (c->has_offset)
            text_printf(out, "offset:%d;", c->offset);
        break;
    default:
        c->has_distance = random_below(seed, 2);
        c->has_within = random_below(seed, 2);
        c->distance = random_int(seed, -4, 4);
        c->within = random_int(seed, c->len, c->len + 5);
        if (c->has_distance)
            text_printf(out, "distance:%d;", c->distance);
        if (c->has_within)
            text_printf(out, "within:%d;", c->within);
    }
}

#define RULES    6000
#define PAYLOADS 50

static void contents_hold_when_their_naive_model_does(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned held = 0, stale = 0;
    for (int rule = 0; rule < RULES; rule++) {
        struct model m = {.n = random_int(&seed, 1, 5)};
        struct text options = {0};
        struct parsed p;
        for (int i = 0; i < m.n; i++)
            random_piece(&seed, &m.pieces[i], &options);
        const struct signature *s = parsed_options(&p, text_str(&options));
        if (!s)
            fail_msg("%s: %s", text_str(&options), p.diags.items[0].text);
        for (int k = 0; k < PAYLOADS; k++) {
            char data[20];
            m.data = data;
            m.len = random_int(&seed, 0, 18);
            for (int i = 0; i < m.len; i++)
                data[i] = "abAb"[random_below(&seed, 4)];
            /* A packet, or a window of a stream: some of its start is gone, some of it is new. */
            bool stream = random_below(&seed, 2) && m.len;
            m.from = stream ? random_int(&seed, 0, 1) * random_int(&seed, 0, m.len - 1) : 0;
            m.fresh = stream ? random_int(&seed, m.from, m.len - 1) : 0;
            struct match_input in = given_input(data + m.from, (size_t)(m.len - m.from), 80);
            in.stream = stream;
            in.stream_at = (uint64_t)m.from;
            in.fresh = (uint32_t)(m.fresh - m.from);
            bool want = model_holds(&m);
            if (holds(s, &in) != want)
                fail_msg("%s of %.*s from %d, new from %d: the model says %d", text_str(&options),
                         m.len, data, m.from, m.fresh, want);
            held += want;
            stale += !want && places(&m, 0, 0, false, false) == YES;
        }
        parsed_free(&p);
        text_free(&options);
    }
    /* Both answers are there in numbers, and matches that are old. */
    assert_in_range(held, RULES * PAYLOADS / 50, RULES * PAYLOADS / 2);
    assert_in_range(stale, RULES * PAYLOADS / 500, RULES * PAYLOADS / 2);
}

/* A payload that makes naive backtracking try each place of each content: done in one walk. */
static void hostile_payloads_cost_one_walk_a_content(void **state)
{
    (void)state;
    struct parsed p;
    struct text options = {0};
    enum { LEN = 65000 };
    uint8_t *data = malloc(LEN);
    memset(data, 'a', LEN);
    for (unsigned i = 0; i < 30; i++)
        text_printf(&options, "content:\"a\"; %s", i ? "within:60000;" : "");
    text_puts(&options, "content:\"b\"; within:60000;");
    const struct signature *s = parsed_options(&p, text_str(&options));
    assert_non_null(s);
    struct match_input in = given_input(data, LEN, 80);
    assert_false(holds(s, &in)); /* tens of thousands of places to the power of thirty */
    data[LEN - 1] = 'b';
    assert_true(holds(s, &in));
    parsed_free(&p);
    text_free(&options);
    free(data);
}

static void the_header_holds_for_its_ends(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool holds, back; /* of the packet, and of one the other way */
    } rows[] = {
        {"tcp any any -> any any", true, true},
        {"tcp 10.0.0.1 any -> any any", true, false},
        {"tcp any any -> 10.0.0.2 any", true, false},
        {"tcp 10.0.0.2 any -> any any", false, true},
        {"tcp any 40000 -> any 80", true, false},
        {"tcp any 80 -> any any", false, true},
        {"tcp 10.0.0.2 80 <> 10.0.0.1 40000", true, true},
        {"tcp 10.0.0.2 80 <> 10.0.0.1 80", false, false},
        {"tcp 10.0.0.2 any <> 10.0.0.2 any", false, false},
        {"tcp !10.0.0.1 any -> any any", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        struct parsed p;
        snprintf(text, sizeof text, "alert %s (sid:1;)", rows[i].head);
        const struct signature *s = parsed_one(&p, text);
        struct match_input in = given_input("x", 1, 80), back = in;
        back.source = in.target;
        back.target = in.source;
        back.source_port = in.target_port;
        back.target_port = in.source_port;
        back.to_server = false;
        assert_non_null(s);
        if (holds(s, &in) != rows[i].holds || holds(s, &back) != rows[i].back)
            fail_msg("%s", rows[i].head);
        parsed_free(&p);
    }
}

/* What cannot change with more of the stream is told apart from what can. */
static void what_may_come_yet_is_told_from_what_cannot(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        enum rule_verdict verdict;
    } rows[] = {
        {"alert tcp any any -> any any (content:\"a\"; sid:1;)", RULE_MATCHES},
        {"alert tcp any any -> any any (content:\"b\"; sid:1;)", RULE_NOT_YET},
        {"alert tcp any any -> any any (flow:not_established; sid:1;)", RULE_NOT_YET},
        {"alert tcp any any -> any any (flowbits:isset,x; sid:1;)", RULE_NOT_YET},
        {"alert tcp any any -> any any (flow:to_client; sid:1;)", RULE_NEVER},
        {"alert tcp any any -> any 81 (content:\"a\"; sid:1;)", RULE_NEVER},
        {"alert tcp 10.0.0.9 any -> any any (content:\"a\"; sid:1;)", RULE_NEVER},
        {"alert tcp any any -> any any (dsize:9; sid:1;)", RULE_NEVER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_one(&p, rows[i].rule);
        struct match_input in = given_input("a", 1, 80);
        struct match_flow flow = {.flowbits = {0}};
        assert_non_null(s);
        if (given_confirm(s, &in, &flow) != rows[i].verdict)
            fail_msg("%s", rows[i].rule);
        parsed_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_mean_what_they_mean_in_suricata),
        cmocka_unit_test(contents_hold_when_their_naive_model_does),
        cmocka_unit_test(hostile_payloads_cost_one_walk_a_content),
        cmocka_unit_test(the_header_holds_for_its_ends),
        cmocka_unit_test(what_may_come_yet_is_told_from_what_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
