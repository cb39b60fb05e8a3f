/* The matcher against twins that have no prefilter: the same stream cut anywhere, and every rule
 * confirmed on every input. */
#include "tests/unit/rules/stream.h"

#include <ctype.h>

static int random_int(uint64_t *seed, int low, int high)
{
    return low + (int)random_below(seed, (uint64_t)(high - low + 1));
}

/* Contents of four letters in two cases, so that they are found often, and by parts. */
static void random_content(uint64_t *seed, bool first, bool may_negate, struct text *out)
{
    int len = random_int(seed, 1, random_below(seed, 4) ? 3 : 12);
    bool negated = may_negate && !first && random_below(seed, 5) == 0;
    text_puts(out, negated ? "content:!\"" : "content:\"");
    for (int i = 0; i < len; i++)
        text_append(out, &"abcdA"[random_below(seed, 5)], 1);
    text_puts(out, "\";");
    if (random_below(seed, 3) == 0)
        text_puts(out, "nocase;");
    switch (random_below(seed, 6)) {
    case 0:
        text_printf(out, "offset:%d;", random_int(seed, 0, 9));
        break;
    case 1:
        text_printf(out, "depth:%d;", random_int(seed, len, len + 30));
        break;
    case 2:
        text_printf(out, "distance:%d;", random_int(seed, -5, 9));
        break;
    case 3:
        text_printf(out, "distance:%d;", random_int(seed, -3, 3)); /* fall through */
    case 4:
        text_printf(out, "within:%d;", random_int(seed, len, len + 20));
        break;
    default:
        break;
    }
    if (may_negate && random_below(seed, 12) == 0)
        text_puts(out, "endswith;");
    if (first && random_below(seed, 4) == 0) {
        int at = random_int(seed, 0, len - 1);
        text_printf(out, "fast_pattern:%d,%d;", at, random_int(seed, 1, len - at));
    }
}

static void random_contents(uint64_t *seed, bool may_negate, struct text *out)
{
    for (int n = random_int(seed, 1, 4), i = 0; i < n; i++)
        random_content(seed, i == 0, may_negate, out);
}

/* Letters, and pieces of them again, so that long contents are found too. */
static void random_bytes_of(uint64_t *seed, uint8_t *data, int len)
{
    for (int i = 0; i < len;) {
        if (i > 12 && random_below(seed, 3) == 0) {
            int n = random_int(seed, 1, 12), from = random_int(seed, 0, i - 12);
            for (; n > 0 && i < len; n--)
                data[i++] = data[from++];
        } else {
            data[i++] = (uint8_t) "abcdA"[random_below(seed, 5)];
        }
    }
}

#define RULES 12 /* less than MATCH_PENDING: none gives way */

/* Contents taken from the data itself at growing places, so that they match across pieces. */
static void planted_contents(uint64_t *seed, const uint8_t *data, int len, struct text *out)
{
    int at = random_int(seed, 0, len / 2), n = random_int(seed, 1, 4);
    for (int i = 0; i < n && at < len; i++) {
        int piece = random_int(seed, 1, 20);
        piece = piece < len - at ? piece : len - at;
        text_printf(out, "content:\"%.*s\";%s", piece, (const char *)data + at,
                    random_below(seed, 4) == 0 ? "nocase;" : "");
        if (i && random_below(seed, 2))
            text_puts(out, "distance:0;");
        at += piece + random_int(seed, 0, len / 3);
    }
}

static void run_cut(const struct rule_set *set, const uint8_t *data, int len, const int *cuts,
                    int n, bool *matched)
{
    struct matcher *m = matcher_create(set, NULL);
    struct match_flow flow = {.flowbits = {0}};
    struct window *w = calloc(1, sizeof *w);
    unsigned counts[RULES] = {0};
    int from = 0;
    for (int i = 0; i <= n; i++) {
        int to = i < n ? cuts[i] : len;
        stream_feed(m, &flow, w, given_input(NULL, 0, 80), data + from, (size_t)(to - from),
                    counts);
        from = to;
    }
    for (int i = 0; i < RULES; i++)
        matched[i] = counts[i] > 0;
    free(w);
    matcher_destroy(m);
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* cut_and_compare: the same rules match, whole and cut: at every place for short streams, at random
 * places else. */
static unsigned cut_and_compare(uint64_t *seed, int len, const struct rule_set *set,
                                const uint8_t *data, const char *rules)
{
    bool whole[RULES], cut[RULES];
    int cuts[64];
    unsigned found = 0;
    run_cut(set, data, len, NULL, 0, whole);
    for (int i = 0; i < RULES; i++)
        found += whole[i];
    int each = len < 100 ? len - 1 : 0; /* places to cut at alone */
    for (int round = 0; round < each + 10; round++) {
        int n = round < each ? 1 : random_int(seed, 1, 64);
        for (int i = 0; i < n; i++)
            cuts[i] = round < each ? round + 1 : random_int(seed, 0, len);
        qsort(cuts, (size_t)n, sizeof cuts[0], ascending);
        run_cut(set, data, len, cuts, n, cut);
        if (memcmp(whole, cut, sizeof whole) != 0)
            fail_msg("of %d bytes, %d cuts, the first at %d:\n%s\n%.*s", len, n, cuts[0], rules,
                     len, (const char *)data);
    }
    return found;
}

static void a_stream_cut_anywhere_gives_the_same_rules(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned found = 0, long_found = 0;
    static uint8_t data[12000];
    for (int round = 0; round < 120; round++) {
        struct text rules = {0};
        bool is_long = round % 3 == 0;
        int len = is_long ? random_int(&seed, 3000, (int)sizeof data) : random_int(&seed, 2, 60);
        random_bytes_of(&seed, data, len);
        for (int i = 0; i < RULES; i++) {
            text_puts(&rules, "alert tcp-stream any any -> any any (");
            if (is_long)
                planted_contents(&seed, data, len, &rules);
            else
                random_contents(&seed, false, &rules);
            text_printf(&rules, "sid:%d;)\n", i + 1);
        }
        struct rule_set *set = set_of(text_str(&rules), NULL);
        unsigned n = cut_and_compare(&seed, len, set, data, text_str(&rules));
        *(is_long ? &long_found : &found) += n;
        rule_set_destroy(set);
        text_free(&rules);
    }
    /* Rules match, and not all of them. */
    assert_in_range(found, 40, 80 * RULES - 40);
    assert_in_range(long_found, 40, 40 * RULES - 1);
}

/* --- Every rule on every input. --- */

/* The twin: what a flow and its rules have gone through. */
struct twin {
    const struct rule_set *set;
    struct match_flow flow;
    int64_t matched_at[RULES][2]; /* of a direction: the stream's end when the rule matched */
};

static int64_t last_literal(const struct signature *s, const struct match_input *in)
{
    for (int64_t at = (int64_t)in->len - s->literal.len; at >= 0; at--) {
        uint64_t place = in->stream_at + (uint64_t)at;
        bool same =
            (s->literal.at == LITERAL_ANYWHERE || s->literal.at == place) &&
            (s->literal.end > SCAN_START_BYTES || place + s->literal.len <= SCAN_START_BYTES);
        for (unsigned i = 0; i < s->literal.len && same; i++) {
            uint8_t byte = in->data[at + i];
            same = s->literal.bytes[i] == (s->literal.nocase ? tolower(byte) : byte);
        }
        if (same)
            return (int64_t)in->stream_at + at + s->literal.len;
    }
    return -1;
}

/* asked: does this rule look at this input? In a stream a rule with a literal is asked when it
 * comes anew, and until it matches while more may be found. */
static bool asked(struct twin *t, uint32_t i, const struct match_input *in)
{
    const struct signature *s = &t->set->rules[i];
    unsigned side = !in->to_server;
    if (!in->stream || s->literal.len == 0)
        return s->views & (in->stream ? VIEW_STREAM : VIEW_PACKET);
    int64_t at = last_literal(s, in), fresh = (int64_t)in->stream_at + in->fresh;
    return s->views & VIEW_STREAM && at >= 0 &&
           (at > fresh || (s->grows && at > t->matched_at[i][side]));
}

static size_t twin_run(struct twin *t, const struct match_input *in, uint32_t *hits)
{
    size_t n = 0;
    for (uint32_t i = 0; i < t->set->counts.loaded && !t->flow.passed; i++) {
        const struct signature *s = &t->set->rules[i];
        if (s->addresses_only && t->flow.addresses_done >> !in->to_server & 1)
            continue;
        if (!asked(t, i, in) || given_confirm(s, in, &t->flow) != RULE_MATCHES)
            continue;
        if (in->stream)
            t->matched_at[i][!in->to_server] = (int64_t)in->stream_at + in->len;
        rule_apply(s, in, &t->flow);
        if (s->action == ACTION_PASS) {
            t->flow.passed =
                in->stream || s->addresses_only; /* for the flow, else for the packet */
            break;
        }
        if (!s->noalert)
            hits[n++] = i;
    }
    if (!in->stream)
        t->flow.addresses_done |= (uint8_t)(1u << !in->to_server);
    return n;
}

static void random_rule(uint64_t *seed, int sid, struct text *out)
{
    static const char *const actions[] = {"alert", "alert", "alert", "alert", "drop", "pass"};
    static const char *const protocols[] = {"tcp", "tcp", "tcp", "ip", "tcp-pkt", "tcp-stream"};
    static const char *const ports[] = {"any", "80", "!80", "[79:81]", "81"};
    static const char *const flows[] = {
        "", "", "flow:to_server;", "flow:to_client;", "flow:established;", "flow:not_established;"};
    static const char *const bits[] = {"",
                                       "",
                                       "",
                                       "flowbits:set,p;",
                                       "flowbits:isset,p;",
                                       "flowbits:isnotset,p;",
                                       "flowbits:isset,p|q;",
                                       "flowbits:unset,p; flowbits:set,q;",
                                       "flowbits:toggle,q;"};
#define ONE_OF(list) list[random_below(seed, sizeof list / sizeof list[0])]
    const char *action = ONE_OF(actions), *protocol = ONE_OF(protocols);
    bool pass = strcmp(action, "pass") == 0, sized = false;
    text_printf(out, "%s %s any %s %s any %s (%s%s", action, protocol, ONE_OF(ports),
                random_below(seed, 4) ? "->" : "<>", ONE_OF(ports), ONE_OF(flows), ONE_OF(bits));
    if (strcmp(protocol, "tcp-stream") != 0 && random_below(seed, 6) == 0) {
        text_printf(out, "dsize:%s%d;", random_below(seed, 2) ? "<" : ">", random_int(seed, 1, 30));
        sized = true;
    }
    if (pass || !sized || random_below(seed, 2))
        random_contents(seed, true, out);
    if (random_below(seed, 8) == 0)
        text_puts(out, "noalert;");
    text_printf(out, "priority:%d; sid:%d;)\n", random_int(seed, 1, 3), sid);
}

static void compare(struct matcher *m, struct match_flow *flow, struct twin *t,
                    const struct match_input *in, const char *rules, unsigned *found)
{
    struct hit got[MATCH_HITS_MAX];
    uint32_t want[RULES];
    size_t n = matcher_run(m, in, flow, got), wanted = twin_run(t, in, want);
    bool same = n == wanted && memcmp(flow->flowbits, t->flow.flowbits, sizeof flow->flowbits) == 0;
    for (size_t i = 0; i < n && same; i++)
        same = got[i].rule == want[i];
    *found += (unsigned)wanted;
    if (!same)
        fail_msg("%zu hits, the twin has %zu, of %s%s, port %u, new from %u:\n%.*s\n%s", n, wanted,
                 in->stream ? "a stream" : "a packet", in->to_server ? "" : " back",
                 in->target_port, in->fresh, (int)in->len, (const char *)in->data, rules);
}

static void hits_are_those_of_every_rule_on_every_input(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned inputs = 0, found = 0;
    for (int round = 0; round < 150; round++) {
        struct text rules = {0};
        for (int i = 0; i < RULES; i++)
            random_rule(&seed, i + 1, &rules);
        struct rule_set *set = set_of(text_str(&rules), NULL);
        assert_int_equal(rule_set_counts(set)->loaded, RULES);
        struct matcher *m = matcher_create(set, NULL);
        for (int f = 0; f < 6; f++) {
            struct match_flow flow = {.flowbits = {0}};
            struct twin t = {.set = set};
            struct window *w = calloc(2, sizeof *w);
            uint16_t port = (uint16_t)random_int(&seed, 79, 82);
            for (int i = random_int(&seed, 1, 40); i > 0; i--) {
                static uint8_t data[5000];
                bool large = random_below(&seed, 40) == 0;
                uint32_t len = (uint32_t)random_int(&seed, 0, large ? 5000 : 40);
                random_bytes_of(&seed, data, (int)len);
                struct match_input in = given_input(data, len, port);
                in.established = random_below(&seed, 3);
                in.to_server = random_below(&seed, 2);
                if (!in.to_server) {
                    in.source_port = port;
                    in.target_port = 40000;
                }
                if (random_below(&seed, 2)) {
                    compare(m, &flow, &t, &in, text_str(&rules), &found);
                    inputs++;
                    continue;
                }
                for (uint32_t at = 0; at < len; inputs++) {
                    at += window_add(&w[in.to_server], data + at, len - at, &in);
                    compare(m, &flow, &t, &in, text_str(&rules), &found);
                }
            }
            free(w);
        }
        assert_int_equal(matcher_stats(m)->pending_over_limit, 0);
        matcher_destroy(m);
        rule_set_destroy(set);
        text_free(&rules);
    }
    assert_in_range(found, inputs / 40, inputs * RULES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_cut_anywhere_gives_the_same_rules),
        cmocka_unit_test(hits_are_those_of_every_rule_on_every_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
