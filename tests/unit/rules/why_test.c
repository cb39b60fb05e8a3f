/* Why a rule did not match: what is told of each condition, which try of a chain counts, and which
 * inputs are nearest. The expected places are counted by hand in the data beside them. */
#include "tests/unit/rules/given.h"

#include "rules/why.h"

/* A matcher whose rule 1 is watched. */
struct bench {
    struct rule_set *set;
    struct matcher *m;
    struct why *why;
    struct match_flow flow;
    uint64_t flow_number;
    int64_t t;
    uint64_t matched;
};

static struct why_moment on_moment(void *ctx)
{
    const struct bench *b = ctx;
    return (struct why_moment){
        .place = {.flow = b->flow_number, .has_flow = true, .t = b->t, .packet = (uint64_t)b->t}};
}

static void begin(struct bench *b, const char *rules)
{
    *b = (struct bench){.set = set_of(rules, NULL), .flow_number = 1};
    uint32_t rule;
    assert_true(rule_find(b->set, 1, 1, &rule));
    struct why_config config = {
        .set = b->set, .rule = rule, .stream_depth = 1000, .ctx = b, .moment = on_moment};
    b->m = matcher_create(b->set, NULL);
    b->why = why_create(&config);
    assert_true(b->m && b->why);
    matcher_watch(b->m, why_watch(b->why));
}

static void end(struct bench *b)
{
    why_free(b->why);
    matcher_destroy(b->m);
    rule_set_destroy(b->set);
}

/* given: a packet of the flow to the server, at the next moment; returns the hits. */
static size_t given(struct bench *b, const char *data, uint16_t port)
{
    struct hit hits[MATCH_HITS_MAX];
    struct match_input in = given_input(data, strlen(data), port);
    b->t++;
    return matcher_run(b->m, &in, &b->flow, hits);
}

static const struct why_miss *nearest(struct bench *b)
{
    struct why_result r = why_result(b->why);
    assert_true(r.n_misses > 0);
    return r.misses[0];
}

static const struct why_condition *failed(struct bench *b)
{
    const struct why_miss *m = nearest(b);
    return &m->conditions[m->first_failed];
}

static void conditions_come_in_the_order_in_which_they_are_asked(void **state)
{
    static const struct {
        const char *name;
        enum why_verdict verdict;
    } rows[] = {
        {"transport", WHY_HELD},     {"target-port", WHY_FAILED}, /* the rule wants 81 */
        {"direction", WHY_HELD},                                  /* asked all the same */
        {"state", WHY_HELD},         {"content", WHY_HELD},
        {"content", WHY_FAILED}, /* behind `one` there is no `two` */
        {"isdataat", WHY_NOT_ASKED},
    };
    struct bench b;
    (void)state;
    begin(&b, "alert tcp-pkt any any -> any 81 (flow:established,to_server; content:\"one\"; "
              "content:\"two\"; distance:0; isdataat:1,relative; sid:1;)\n");
    assert_int_equal(given(&b, "one 2", 80), 0);
    const struct why_miss *m = nearest(&b);
    assert_int_equal(m->n, sizeof rows / sizeof *rows);
    for (unsigned i = 0; i < m->n; i++) {
        assert_string_equal(m->conditions[i].name, rows[i].name);
        assert_int_equal(m->conditions[i].verdict, rows[i].verdict);
    }
    assert_int_equal(m->in_order, 1);
    assert_string_equal(failed(&b)->wanted, "81");
    assert_string_equal(failed(&b)->was, "80");
    end(&b);
}

/* `a` stands at 0, 4 and 8; behind the second one is `b`, and only `c` is missing there. */
static void of_a_chain_the_try_counts_that_came_furthest(void **state)
{
    struct bench b;
    (void)state;
    begin(&b, "alert tcp-pkt any any -> any any (content:\"a\"; content:\"b\"; distance:0; "
              "within:1; content:\"c\"; distance:0; within:1; sid:1;)\n");
    given(&b, "a.x.abx.a.x.", 80);
    const struct why_miss *m = nearest(&b);
    assert_int_equal(m->n, 4); /* the transport, and three contents */
    assert_string_equal(m->conditions[1].was, "there at 4, \"a\"");
    assert_string_equal(m->conditions[2].was, "there at 5, \"b\"");
    assert_int_equal(m->conditions[3].verdict, WHY_FAILED);
    assert_string_equal(m->conditions[3].was, "at 6 to 7 there is \"x\"");
    end(&b);
}

static void the_input_that_has_more_is_nearer(void **state)
{
    struct bench b;
    (void)state;
    begin(&b, "alert tcp-pkt any any -> any 80 (content:\"needle\"; sid:1;)\n");
    given(&b, "hay", 80);        /* the port alone: 2 */
    given(&b, "a needle", 8080); /* all but the port: 2 + 6 */
    given(&b, "more hay", 80);
    assert_string_equal(failed(&b)->name, "target-port");
    assert_int_equal(nearest(&b)->place.packet, 2);
    /* Of one flow and cause the first one is kept. */
    assert_int_equal(why_result(b.why).n_misses, 2);
    assert_int_equal(why_result(b.why).misses[1]->place.packet, 1);
    end(&b);
}

static void what_matches_is_no_miss_and_its_fate_is_kept(void **state)
{
    struct bench b;
    (void)state;
    begin(&b, "alert tcp-pkt any any -> any 80 (content:\"needle\"; sid:1;)\n");
    assert_int_equal(given(&b, "a needle", 80), 1);
    why_told(b.why, FATE_LIMITED);
    struct why_result r = why_result(b.why);
    assert_int_equal(r.matched, 1);
    assert_int_equal(r.n_misses, 0);
    assert_int_equal(r.fates[FATE_LIMITED], 1);
    assert_int_equal(r.matches[0].fate, FATE_LIMITED);
    end(&b);
}

/* Watching changes nothing: a rule that is asked because it is watched alone leaves no bits, and
 * the others match as they do without. */
static void watching_changes_no_match(void **state)
{
    static const char rules[] =
        "alert tcp-pkt any any -> any 80 (content:\"one\"; flowbits:set,x; sid:1;)\n"
        "alert tcp-pkt any any -> any any (flowbits:isset,x; content:\"two\"; sid:2;)\n"
        "alert tcp-pkt any any -> any any (content:\"three\"; sid:3;)\n";
    static const char *const packets[] = {"two", "one", "two three", "one two", "three"};
    struct bench b;
    (void)state;
    begin(&b, rules);
    struct matcher *plain = matcher_create(b.set, NULL);
    struct match_flow flow = {0};
    for (unsigned i = 0; i < 10; i++) {
        struct hit hits[MATCH_HITS_MAX];
        const char *data = packets[i % 5];
        struct match_input in = given_input(data, strlen(data), i < 5 ? 81 : 80);
        size_t n = matcher_run(plain, &in, &flow, hits);
        assert_int_equal(given(&b, data, i < 5 ? 81 : 80), n);
        assert_memory_equal(&b.flow, &flow, sizeof flow);
    }
    matcher_destroy(plain);
    end(&b);
}

/* window: a piece of the flow's stream to the server, with what came before it. */
static struct match_input window(const char *data, uint32_t fresh, bool established)
{
    struct match_input in = given_input(data, strlen(data), 80);
    in.stream = true;
    in.fresh = fresh;
    in.established = established;
    return in;
}

/* A watched rule whose literal is not there must not wait for more of the stream. */
static void a_rule_that_is_only_watched_does_not_wait(void **state)
{
    struct bench b;
    struct hit hits[MATCH_HITS_MAX];
    (void)state;
    begin(&b, "alert tcp-stream any any -> any 80 (content:\"needle\"; content:\"ab\"; sid:1;)\n");
    struct match_input in = window("hay ab", 0, true);
    assert_int_equal(matcher_run(b.m, &in, &b.flow, hits), 0);
    assert_int_equal(b.flow.n_pending[0], 0);
    assert_string_equal(failed(&b)->name, "content");
    end(&b);
}

/* When the bytes came the flow was not established; when it is, they are not new. */
static void bytes_that_were_there_before_are_not_new(void **state)
{
    struct bench b;
    struct hit hits[MATCH_HITS_MAX];
    (void)state;
    begin(&b,
          "alert tcp-stream any any -> any 80 (flow:established; content:\"needle\"; sid:1;)\n");
    struct match_input first = window("a needle", 0, false),
                       then = window("a needle, hay", 8, true);
    b.t = 1;
    assert_int_equal(matcher_run(b.m, &first, &b.flow, hits), 0);
    b.flow.n_pending[0] = 0; /* so that it is only watched then */
    b.t = 2;
    assert_int_equal(matcher_run(b.m, &then, &b.flow, hits), 0);
    struct why_result r = why_result(b.why);
    assert_int_equal(r.n_misses, 2);
    assert_string_equal(failed(&b)->name, "state"); /* the first one is the nearer */
    assert_string_equal(r.misses[1]->conditions[r.misses[1]->first_failed].name, "fresh");
    end(&b);
}

static void misses_are_bounded_and_the_nearest_stay(void **state)
{
    struct bench b;
    (void)state;
    begin(&b, "alert tcp-pkt any any -> any 80 (content:\"ab\"; content:\"cd\"; sid:1;)\n");
    for (b.flow_number = 1; b.flow_number <= 3 * WHY_MISSES; b.flow_number++)
        given(&b, b.flow_number % 3 ? "none" : "ab", 80);
    struct why_result r = why_result(b.why);
    assert_int_equal(r.n_misses, WHY_MISSES);
    for (unsigned i = 0; i < r.n_misses; i++) /* a third of them has `ab`, as many as are kept */
        assert_int_equal(r.misses[i]->place.flow % 3, 0);
    end(&b);
}

/* The chain head is at step 0, whose number also says `no next`: it must end all the same. */
static void a_chain_of_one_step_ends(void **state)
{
    struct bench b;
    (void)state;
    begin(&b, "alert tcp-pkt any any -> any 80 (content:\"ab\"; sid:1;)\n");
    given(&b, "cd", 80);
    assert_string_equal(failed(&b)->name, "content");
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_come_in_the_order_in_which_they_are_asked),
        cmocka_unit_test(of_a_chain_the_try_counts_that_came_furthest),
        cmocka_unit_test(the_input_that_has_more_is_nearer),
        cmocka_unit_test(what_matches_is_no_miss_and_its_fate_is_kept),
        cmocka_unit_test(watching_changes_no_match),
        cmocka_unit_test(a_rule_that_is_only_watched_does_not_wait),
        cmocka_unit_test(bytes_that_were_there_before_are_not_new),
        cmocka_unit_test(misses_are_bounded_and_the_nearest_stay),
        cmocka_unit_test(a_chain_of_one_step_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
