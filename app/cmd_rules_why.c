/* plimsoll rules why: one rule, asked of everything in a capture. */
#include "app/commands.h"
#include "app/out_why.h"
#include "app/rule_source.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define THRESHOLD_COUNTS 65536

struct why_options {
    struct rule_inputs inputs;
    uint64_t flow;
    bool json;
};

static const struct option why_option_rows[] = {
    {"rules", "FILE", OPTION_LIST, offsetof(struct why_options, inputs.files),
     "a file of rules; may be given again. All of them are matched, as some need\n"
     "what others leave at the flow"},
    RULE_INPUT_ROWS(why_options, inputs),
    RULE_CAPTURE_ROWS(why_options, inputs),
    {"flow", "N", OPTION_NUMBER, offsetof(struct why_options, flow),
     "of this flow alone; N is what `flow` of an answer says, and flow_id of --eve"},
    {"json", NULL, OPTION_FLAG, offsetof(struct why_options, json),
     "print JSON, an object a line: matches, misses, the answer"},
};

/* What runs: the line, and who watches it. */
struct why_run {
    const struct why_options *options;
    uint32_t rule;
    struct solo *solo;
    struct why *why;
    struct thresholds *thresholds;
};

static struct why_moment on_moment(void *ctx)
{
    const struct why_run *run = ctx;
    struct line_moment m = solo_moment(run->solo);
    return (struct why_moment){.place = {.flow = m.flow_id,
                                         .has_flow = m.has_flow,
                                         .t = m.order.t,
                                         .input = m.order.input,
                                         .packet = m.order.seq},
                               .handshake = m.handshake,
                               .seen = {m.seen[0], m.seen[1]},
                               .gaps = m.gaps};
}

static void on_observation(void *ctx, const struct observation *obs)
{
    struct why_run *run = ctx;
    const struct rule_set *set = run->options->inputs.set;
    if (obs->kind != KIND_HIT || obs->rule_sid != rule_sid(set, run->rule) ||
        obs->rule_gid != rule_gid(set, run->rule))
        return;
    why_told(run->why, thresholds_decide(run->thresholds, set, run->rule, obs->order.t,
                                         &obs->source, &obs->target));
}

static int run_line(struct why_run *run, const struct option_list *captures, struct diags *diags)
{
    const struct rule_inputs *in = &run->options->inputs;
    uint64_t seed;
    struct why_config why = {.set = in->set,
                             .rule = run->rule,
                             .one_flow = run->options->flow != UINT64_MAX,
                             .flow = run->options->flow,
                             .stream_depth = in->limits.stream_depth,
                             .body_depth = in->limits.body_depth,
                             .ctx = run,
                             .moment = on_moment};
    run->why = why_create(&why);
    if (random_bytes(&seed, sizeof seed))
        return ERR_INTERNAL;
    run->thresholds = thresholds_create(THRESHOLD_COUNTS, seed);
    if (!run->why || !run->thresholds)
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL, "out of memory");
    struct solo_config solo = {.captures = captures->items,
                               .n_captures = captures->n,
                               .rules = in->set,
                               .limits = in->limits,
                               .output = {.ctx = run, .observe = on_observation},
                               .watch = why_watch(run->why)};
    int error = solo_open(&run->solo, &solo, diags);
    return error ? error : solo_run(run->solo, diags);
}

static int answer(const struct why_options *options, uint32_t rule,
                  const struct option_list *captures, struct diags *diags)
{
    struct why_run run = {.options = options, .rule = rule};
    int code = EXIT_PARTIAL, error = run_line(&run, captures, diags);
    if (!error) {
        struct why_answer a = {.inputs = &options->inputs,
                               .rule = rule,
                               .result = why_result(run.why),
                               .counts = solo_counts(run.solo),
                               .one_flow = options->flow != UINT64_MAX,
                               .flow = options->flow};
        (options->json ? out_why_json : out_why_text)(stdout, &a);
        code = a.counts.broken ? EXIT_PARTIAL : EXIT_DONE;
    } else if (error == ERR_NOT_FOUND) {
        code = EXIT_USAGE;
    }
    solo_close(run.solo);
    why_free(run.why);
    thresholds_free(run.thresholds);
    return code;
}

static void print_not_loaded(const struct why_options *options, uint32_t sid, const char *cause,
                             const char *text)
{
    struct text line = {0};
    struct json_writer w = json_writer_to(&line);
    if (!options->json) {
        printf("rule %u does not run.\nCAUSE %s: %s\n", sid, cause, text);
        return;
    }
    json_open_object(&w);
    json_put_key(&w, "type");
    json_put_string(&w, "answer");
    json_put_key(&w, "sid");
    json_put_u64(&w, sid);
    json_put_key(&w, "matched");
    json_put_u64(&w, 0);
    json_put_key(&w, "cause");
    json_open_object(&w);
    json_put_key(&w, "condition");
    json_put_string(&w, cause);
    json_put_key(&w, "was");
    json_put_string(&w, text);
    json_close_object(&w);
    json_close_object(&w);
    puts(text_str(&line));
    text_free(&line);
}

/* not_loaded: the rule is none of the set: why. */
static int not_loaded(const struct why_options *options, uint32_t sid, const struct diags *rejected)
{
    struct rule_source at;
    struct text text = {0};
    const char *cause = "not-there";
    int error = rule_source_find(&options->inputs.files, sid, &at);
    if (error || !at.file) {
        text_printf(&text, "no rule file has it");
    } else if (at.commented) {
        cause = "commented-out";
        text_printf(&text, "%s:%u: it is commented out", at.file, at.line);
    } else {
        cause = "rejected";
        text_printf(&text, "%s:%u", at.file, at.line);
        for (size_t i = 0; i < rejected->n; i++) {
            const struct diag *d = &rejected->items[i];
            if (d->pos.file && strcmp(d->pos.file, at.file) == 0 && d->pos.line >= at.line &&
                d->pos.line <= at.last)
                text_printf(&text, ":%u: %s", d->pos.col, d->text);
        }
    }
    print_not_loaded(options, sid, cause, text_str(&text));
    text_free(&text);
    return EXIT_FAIL_ON;
}

static int run_why(struct why_options *options, const struct option_list *operands,
                   struct diags *diags)
{
    struct diags rejected = {.limit = SIZE_MAX};
    uint32_t gid, sid, rule;
    if (operands->n < 2 || rule_id_read(operands->items[0], &gid, &sid)) {
        diag_error(diags, ERR_USAGE, diag_file(NULL), "plimsoll rules why SID CAPTURE --rules FILE",
                   "a rule's sid and a capture are asked for");
        return EXIT_USAGE;
    }
    struct option_list captures = {operands->items + 1, operands->n - 1};
    int code = EXIT_USAGE;
    if (rule_inputs_load(&options->inputs, &rejected, diags) == 0)
        code = rule_find(options->inputs.set, gid, sid, &rule)
                   ? answer(options, rule, &captures, diags)
                   : not_loaded(options, sid, &rejected);
    diags_free(&rejected);
    return code;
}

static int run_rules_why(const struct command *command, int argc, char **argv)
{
    struct why_options options = {.flow = UINT64_MAX};
    struct option_list operands = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE, error = options_parse(command, argc, argv, &options, &operands, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error)
        code = run_why(&options, &operands, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&operands);
    rule_inputs_free(&options.inputs);
    return code;
}

const struct command cmd_rules_why = {
    .name = "rules why",
    .synopsis = "SID CAPTURE... --rules FILE [--flow N]",
    .summary = "say why a rule did not fire on a capture, condition by condition",
    .help =
        "The capture runs through the line with all the rules, and this one is asked of every "
        "packet,\n"
        "stream and message, whether or not its literal was seen. The inputs that came nearest "
        "are\n"
        "shown: what held, what FAILED, what was wanted and what was there; behind the first "
        "FAILED\n"
        "the others are asked all the same. Of a rule that matched the fate of its alerts is "
        "told. SID may\n"
        "be GID:SID. Example:\n\n"
        "  plimsoll rules why 2013028 web.pcap --rules emerging-policy.rules --home-net "
        "[10.0.0.0/8]\n\n"
        "Ends 0 when there is an answer, 1 when the rule does not load, 2 for usage, 3 when the "
        "capture is\n"
        "broken.\n",
    .options = why_option_rows,
    .n_options = sizeof why_option_rows / sizeof why_option_rows[0],
    .run = run_rules_why,
};
