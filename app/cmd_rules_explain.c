/* plimsoll rules explain: how a rule is found and what it asks, in the order in which it asks. */
#include "app/commands.h"
#include "app/rule_inputs.h"

#include "base/error.h"
#include "base/json.h"
#include "rules/facts.h"
#include "rules/why.h"

#include <stddef.h>

struct explain_options {
    struct rule_inputs inputs;
    bool json;
};

static const struct option explain_option_rows[] = {
    {"rules", "FILE", OPTION_LIST, offsetof(struct explain_options, inputs.files),
     "a file of rules; may be given again"},
    RULE_INPUT_ROWS(explain_options, inputs),
    {"json", NULL, OPTION_FLAG, offsetof(struct explain_options, json), "print a JSON object"},
};

/* What is said of a rule. */
struct explanation {
    const struct rule_set *set;
    uint32_t rule;
    struct text header, choice, groups, effects;
    const struct why_condition *conditions;
    unsigned n;
};

static struct why_moment no_moment(void *ctx)
{
    (void)ctx;
    return (struct why_moment){.place = {.has_flow = true}};
}

static void print_text(const struct explanation *e)
{
    struct diag_pos pos = rule_place(e->set, e->rule);
    printf("rule %u:%u rev %u, %s\n  %s\n  %s:%u\n", rule_gid(e->set, e->rule),
           rule_sid(e->set, e->rule), rule_rev(e->set, e->rule), rule_msg(e->set, e->rule),
           text_str(&e->header), pos.file, pos.line);
    printf("\nASKED OF %s\nLOOKED FOR %s\n", text_str(&e->groups), text_str(&e->choice));
    printf("\nASKS, in this order\n");
    for (unsigned i = 0; i < e->n; i++) {
        const struct why_condition *c = &e->conditions[i];
        printf("  %2u  %-12s ", i + 1, c->name);
        if (c->where && c->ask == ASK_STEP)
            printf("[%s] ", c->where);
        printf("%s\n", c->wanted);
    }
    printf("\nWHEN IT MATCHES\n%s", text_str(&e->effects));
}

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void print_json(const struct explanation *e)
{
    struct text line = {0};
    struct json_writer w = json_writer_to(&line);
    struct diag_pos pos = rule_place(e->set, e->rule);
    json_open_object(&w);
    json_put_key(&w, "gid");
    json_put_u64(&w, rule_gid(e->set, e->rule));
    json_put_key(&w, "sid");
    json_put_u64(&w, rule_sid(e->set, e->rule));
    json_put_key(&w, "rev");
    json_put_u64(&w, rule_rev(e->set, e->rule));
    put_pair(&w, "msg", rule_msg(e->set, e->rule));
    put_pair(&w, "header", text_str(&e->header));
    put_pair(&w, "file", pos.file);
    json_put_key(&w, "line");
    json_put_u64(&w, pos.line);
    put_pair(&w, "asked_of", text_str(&e->groups));
    put_pair(&w, "looked_for", text_str(&e->choice));
    json_put_key(&w, "asks");
    json_open_array(&w);
    for (unsigned i = 0; i < e->n; i++) {
        json_open_object(&w);
        put_pair(&w, "condition", e->conditions[i].name);
        if (e->conditions[i].where)
            put_pair(&w, "where", e->conditions[i].where);
        put_pair(&w, "wanted", e->conditions[i].wanted);
        json_close_object(&w);
    }
    json_close_array(&w);
    put_pair(&w, "effects", text_str(&e->effects));
    json_close_object(&w);
    puts(text_str(&line));
    text_free(&line);
}

/* explain: the conditions come from asking them, of an input that has nothing. */
static int explain(const struct explain_options *options, uint32_t rule, struct diags *diags)
{
    struct explanation e = {.set = options->inputs.set, .rule = rule};
    struct why_config config = {.set = e.set, .rule = rule, .moment = no_moment};
    struct matcher *m = matcher_create(e.set, diags);
    struct why *why = why_create(&config);
    if (m && why) {
        matcher_watch(m, why_watch(why));
        watch_nothing(m);
        struct why_result r = why_result(why);
        if (r.n_misses) {
            e.conditions = r.misses[0]->conditions;
            e.n = r.misses[0]->n;
        }
        rule_put_header(&e.header, e.set, rule);
        rule_put_choice(&e.choice, e.set, rule);
        rule_put_groups(&e.groups, e.set, rule);
        rule_put_effects(&e.effects, e.set, rule);
        (options->json ? print_json : print_text)(&e);
    }
    text_free(&e.header);
    text_free(&e.choice);
    text_free(&e.groups);
    text_free(&e.effects);
    why_free(why);
    matcher_destroy(m);
    return m && why ? EXIT_DONE : EXIT_USAGE;
}

static int run_explain(struct explain_options *options, const struct option_list *operands,
                       struct diags *diags)
{
    struct diags rejected = {0};
    uint32_t gid, sid, rule;
    int code = EXIT_USAGE;
    if (operands->n != 1 || rule_id_read(operands->items[0], &gid, &sid)) {
        diag_error(diags, ERR_USAGE, diag_file(NULL), "plimsoll rules explain SID --rules FILE",
                   "a rule's sid is asked for");
        return code;
    }
    if (rule_inputs_load(&options->inputs, &rejected, diags) == 0) {
        if (rule_find(options->inputs.set, gid, sid, &rule)) {
            code = explain(options, rule, diags);
        } else {
            diag_error(diags, ERR_NOT_FOUND, diag_file(NULL),
                       "rules list --state rejected and rules check say more",
                       "no rule %u:%u is loaded", gid, sid);
            code = EXIT_FAIL_ON;
        }
    }
    diags_free(&rejected);
    return code;
}

static int run_rules_explain(const struct command *command, int argc, char **argv)
{
    struct explain_options options = {0};
    struct option_list operands = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE, error = options_parse(command, argc, argv, &options, &operands, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error)
        code = run_explain(&options, &operands, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&operands);
    rule_inputs_free(&options.inputs);
    return code;
}

const struct command cmd_rules_explain = {
    .name = "rules explain",
    .synopsis = "SID --rules FILE [--json]",
    .summary = "say how a rule is looked for, and what it asks in which order",
    .help = "Which piece of which content is looked for and why, with which others, then each "
            "condition in\n"
            "the order in which it is asked, and what a match leaves. Ends 0, 1 when no such rule "
            "loads, 2\n"
            "for usage.\n",
    .options = explain_option_rows,
    .n_options = sizeof explain_option_rows / sizeof explain_option_rows[0],
    .run = run_rules_explain,
};
