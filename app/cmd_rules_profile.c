/* plimsoll rules profile: what each rule costs on a capture. */
#include "app/commands.h"
#include "app/rule_inputs.h"

#include "base/error.h"
#include "base/json.h"
#include "rules/profile.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#define TOP_DEFAULT 20

struct profile_options {
    struct rule_inputs inputs;
    uint64_t top;
    bool json;
};

static const struct option profile_option_rows[] = {
    {"rules", "FILE", OPTION_LIST, offsetof(struct profile_options, inputs.files),
     "a file of rules; may be given again"},
    RULE_INPUT_ROWS(profile_options, inputs),
    RULE_CAPTURE_ROWS(profile_options, inputs),
    {"top", "N", OPTION_NUMBER, offsetof(struct profile_options, top),
     "so many rules, the dearest first; 20 unless said, 0: all that were candidates"},
    {"json", NULL, OPTION_FLAG, offsetof(struct profile_options, json),
     "print JSON, an object a line: rules, then the sums"},
};

/* What was measured. */
struct profile {
    const struct rule_set *set;
    struct rule_cost *costs, sum;
    uint32_t *order; /* rules that were candidates, the dearest first */
    size_t n;
    struct solo_counts counts;
    uint64_t ticks, overhead; /* of the whole run; of measuring PROFILE_TRIES confirms */
    double ns_a_tick, seconds;
};

static void ignore(void *ctx, const struct observation *obs)
{
    (void)ctx;
    (void)obs;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int measure(struct profile *p, const struct profile_options *options,
                   const struct option_list *captures, struct diags *diags)
{
    struct solo *solo;
    struct solo_config config = {.captures = captures->items,
                                 .n_captures = captures->n,
                                 .rules = p->set,
                                 .limits = options->inputs.limits,
                                 .output = {.observe = ignore},
                                 .costs = p->costs};
    int error = solo_open(&solo, &config, diags);
    if (error)
        return error;
    p->overhead = profile_overhead();
    double start = now();
    uint64_t ticks = __rdtsc();
    error = solo_run(solo, diags);
    p->ticks = __rdtsc() - ticks;
    p->seconds = now() - start;
    p->ns_a_tick = p->ticks ? p->seconds * 1e9 / (double)p->ticks : 0;
    p->counts = solo_counts(solo);
    solo_close(solo);
    return error;
}

static int by_cost(const void *a, const void *b, void *ctx)
{
    const struct profile *p = ctx;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct rule_cost *x = &p->costs[i], *y = &p->costs[k];
    if (x->ticks != y->ticks)
        return x->ticks > y->ticks ? -1 : 1;
    if (x->candidates != y->candidates)
        return x->candidates > y->candidates ? -1 : 1;
    return i < k ? -1 : i > k;
}

static void add_up(struct profile *p)
{
    for (uint32_t i = 0; i < rule_set_counts(p->set)->loaded; i++) {
        const struct rule_cost *c = &p->costs[i];
        p->sum.candidates += c->candidates;
        p->sum.confirms += c->confirms;
        p->sum.matches += c->matches;
        p->sum.ticks += c->ticks;
        if (c->candidates)
            p->order[p->n++] = i;
    }
    if (p->n)
        qsort_r(p->order, p->n, sizeof *p->order, by_cost, p);
}

static double ns_of(const struct profile *p, uint64_t ticks)
{
    return (double)ticks * p->ns_a_tick;
}

/* own_ns: what measuring took. */
static double own_ns(const struct profile *p)
{
    return ns_of(p, p->overhead) / PROFILE_TRIES * (double)p->sum.confirms;
}

static double share_of(const struct profile *p, uint64_t ticks)
{
    return p->sum.ticks ? 100.0 * (double)ticks / (double)p->sum.ticks : 0;
}

static void print_text(const struct profile *p, size_t shown)
{
    printf("%10s %12s %12s %10s %12s %8s  %s\n", "sid", "candidates", "confirms", "matches", "ns",
           "share", "message");
    for (size_t i = 0; i < shown; i++) {
        const struct rule_cost *c = &p->costs[p->order[i]];
        printf("%10u %12lu %12lu %10lu %12.0f %7.2f%%  %s\n", rule_sid(p->set, p->order[i]),
               c->candidates, c->confirms, c->matches, ns_of(p, c->ticks), share_of(p, c->ticks),
               rule_msg(p->set, p->order[i]));
    }
    if (shown < p->n)
        printf("and %zu rules more (--top 0 shows all)\n", p->n - shown);
    double own = own_ns(p);
    printf("%lu packets in %.3f s; confirming took %.3f s of it (%.1f %%): %lu candidates, %lu "
           "confirms, %lu matches\n",
           p->counts.packets, p->seconds, ns_of(p, p->sum.ticks) * 1e-9,
           p->ticks ? 100.0 * (double)p->sum.ticks / (double)p->ticks : 0, p->sum.candidates,
           p->sum.confirms, p->sum.matches);
    printf("measuring itself took about %.0f ns a confirm, %.3f s of the run in all\n",
           ns_of(p, p->overhead) / PROFILE_TRIES, own * 1e-9);
}

static void put_count(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

static void put_cost(struct json_writer *w, const struct profile *p, const struct rule_cost *c)
{
    put_count(w, "candidates", c->candidates);
    put_count(w, "confirms", c->confirms);
    put_count(w, "matches", c->matches);
    put_count(w, "ns", (uint64_t)ns_of(p, c->ticks));
}

static void print_json(const struct profile *p, size_t shown)
{
    struct text line = {0};
    for (size_t i = 0; i <= shown; i++) {
        struct json_writer w = json_writer_to(&line);
        text_clear(&line);
        json_open_object(&w);
        json_put_key(&w, "type");
        json_put_string(&w, i < shown ? "rule" : "sum");
        if (i < shown) {
            put_count(&w, "gid", rule_gid(p->set, p->order[i]));
            put_count(&w, "sid", rule_sid(p->set, p->order[i]));
            put_cost(&w, p, &p->costs[p->order[i]]);
            json_put_key(&w, "share");
            json_put_double(&w, share_of(p, p->costs[p->order[i]].ticks));
        } else {
            put_cost(&w, p, &p->sum);
            put_count(&w, "packets", p->counts.packets);
            put_count(&w, "run_ns", (uint64_t)(p->seconds * 1e9));
            put_count(&w, "measuring_ns", (uint64_t)own_ns(p));
        }
        json_close_object(&w);
        puts(text_str(&line));
    }
    text_free(&line);
}

static int profile(const struct profile_options *options, const struct option_list *captures,
                   struct diags *diags)
{
    struct profile p = {.set = options->inputs.set};
    size_t n = rule_set_counts(p.set)->loaded + 1;
    p.costs = calloc(n, sizeof *p.costs);
    p.order = calloc(n, sizeof *p.order);
    int error = p.costs && p.order ? measure(&p, options, captures, diags) : ERR_NOMEM;
    if (!error) {
        add_up(&p);
        size_t shown = options->top && options->top < p.n ? (size_t)options->top : p.n;
        (options->json ? print_json : print_text)(&p, shown);
    }
    int code = error == ERR_NOT_FOUND     ? EXIT_USAGE
               : error || p.counts.broken ? EXIT_PARTIAL
                                          : EXIT_DONE;
    free(p.costs);
    free(p.order);
    return code;
}

static int run_rules_profile(const struct command *command, int argc, char **argv)
{
    struct profile_options options = {.top = TOP_DEFAULT};
    struct option_list captures = {0};
    struct diags diags = {0}, rejected = {0};
    int code = EXIT_USAGE, error = options_parse(command, argc, argv, &options, &captures, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error && captures.n == 0)
        diag_error(&diags, ERR_USAGE, diag_file(NULL),
                   "plimsoll rules profile CAPTURE --rules FILE", "no capture was given");
    else if (!error && rule_inputs_load(&options.inputs, &rejected, &diags) == 0)
        code = profile(&options, &captures, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    diags_free(&rejected);
    options_list_free(&captures);
    rule_inputs_free(&options.inputs);
    return code;
}

const struct command cmd_rules_profile = {
    .name = "rules profile",
    .synopsis = "CAPTURE... --rules FILE [--top N]",
    .summary = "say what each rule costs on a capture",
    .help = "Per rule: how often its literal put it up for confirming (candidates), how often it "
            "was\n"
            "confirmed, how often it matched, what confirming took, and its share of that. "
            "Scanning for\n"
            "literals is for all rules at once and is no rule's. What measuring costs itself is "
            "said. Ends 0,\n"
            "2 for usage, 3 when a capture is broken.\n",
    .options = profile_option_rows,
    .n_options = sizeof profile_option_rows / sizeof profile_option_rows[0],
    .run = run_rules_profile,
};
