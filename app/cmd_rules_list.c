/* plimsoll rules list: the rules of files, and what became of each. */
#include "app/commands.h"
#include "app/rule_inputs.h"

#include "base/error.h"
#include "base/json.h"
#include "rules/catalogue.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct list_options {
    struct rule_inputs inputs;
    const char *state, *action, *protocol, *scope, *message;
    bool json;
};

static const struct option list_option_rows[] = {
    RULE_INPUT_ROWS(list_options, inputs),
    {"state", "STATE", OPTION_TEXT, offsetof(struct list_options, state),
     "only those that are loaded, rejected or commented-out"},
    {"action", "ACTION", OPTION_TEXT, offsetof(struct list_options, action),
     "only those with this action, e.g. alert"},
    {"protocol", "NAME", OPTION_TEXT, offsetof(struct list_options, protocol),
     "only those for this protocol, as their header has it, e.g. http"},
    {"scope", "SCOPE", OPTION_TEXT, offsetof(struct list_options, scope),
     "only those that are loaded and look at packets, packets-and-streams, streams\n"
     "or messages"},
    {"message", "TEXT", OPTION_TEXT, offsetof(struct list_options, message),
     "only those whose message has this, whatever the case of letters"},
    {"json", NULL, OPTION_FLAG, offsetof(struct list_options, json),
     "print JSON, an object a line"},
};

/* scope_of: NULL for one that is not loaded. */
static const char *scope_of(const struct rule_set *set, const struct catalogue_row *row)
{
    return row->state == RULE_LOADED ? rule_scope_names[rule_scope(set, row->index)] : NULL;
}

static bool is_wanted(const struct list_options *o, const struct catalogue_row *row)
{
    const char *scope = o->scope ? scope_of(o->inputs.set, row) : NULL;
    return (!o->scope || (scope && strcmp(o->scope, scope) == 0)) &&
           (!o->state || strcmp(o->state, rule_state_names[row->state]) == 0) &&
           (!o->action || strcmp(o->action, row->action) == 0) &&
           (!o->protocol || strcmp(o->protocol, row->protocol) == 0) &&
           (!o->message || strcasestr(row->msg, o->message));
}

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void put_count(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

static void print_json(struct text *line, const struct rule_set *set,
                       const struct catalogue_row *row)
{
    const char *scope = scope_of(set, row);
    struct json_writer w = json_writer_to(line);
    text_clear(line);
    json_open_object(&w);
    put_count(&w, "gid", row->gid);
    put_count(&w, "sid", row->sid);
    put_count(&w, "rev", row->rev);
    put_pair(&w, "state", rule_state_names[row->state]);
    put_pair(&w, "action", row->action);
    put_pair(&w, "protocol", row->protocol);
    if (scope)
        put_pair(&w, "scope", scope);
    put_pair(&w, "msg", row->msg);
    put_pair(&w, "file", row->pos.file);
    put_count(&w, "line", row->pos.line);
    json_close_object(&w);
    puts(text_str(line));
}

static void print_row(const struct catalogue_row *row)
{
    char id[24];
    if (row->gid == 1)
        snprintf(id, sizeof id, "%u", row->sid);
    else
        snprintf(id, sizeof id, "%u:%u", row->gid, row->sid);
    printf("%10s %4u  %-13s  %-6s  %-8s  %s\n", id, row->rev, rule_state_names[row->state],
           row->action, row->protocol, row->msg);
}

static void print_rows(const struct list_options *o, const struct catalogue *c)
{
    struct text line = {0};
    size_t n = 0;
    if (!o->json)
        printf("%10s %4s  %-13s  %-6s  %-8s  %s\n", "sid", "rev", "state", "action", "protocol",
               "message");
    for (size_t i = 0; i < c->n; i++) {
        if (!is_wanted(o, &c->rows[i]))
            continue;
        n++;
        if (o->json)
            print_json(&line, o->inputs.set, &c->rows[i]);
        else
            print_row(&c->rows[i]);
    }
    if (!o->json)
        printf("%zu of %zu rules\n", n, c->n);
    text_free(&line);
}

static bool is_one_of(const char *name, const char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int list(struct list_options *o, struct diags *diags)
{
    struct diags rejected = {0};
    struct catalogue c = {0};
    int error = 0;
    if (o->state && !is_one_of(o->state, rule_state_names, RULE_STATE_COUNT))
        error = diag_error(diags, ERR_USAGE, diag_file(NULL), "loaded, rejected or commented-out",
                           "--state: there is no '%s'", o->state);
    if (o->scope && !is_one_of(o->scope, rule_scope_names, RULE_SCOPE_COUNT))
        error = diag_error(diags, ERR_USAGE, diag_file(NULL),
                           "packets, packets-and-streams, streams or messages",
                           "--scope: there is no '%s'", o->scope);
    if (!error)
        error = rule_inputs_load(&o->inputs, &rejected, diags);
    if (!error)
        error = catalogue_read(&c, o->inputs.set, o->inputs.files.items, o->inputs.files.n);
    if (!error)
        print_rows(o, &c);
    catalogue_free(&c);
    diags_free(&rejected);
    return error ? EXIT_USAGE : EXIT_DONE;
}

static int run_rules_list(const struct command *command, int argc, char **argv)
{
    struct list_options options = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE,
        error = options_parse(command, argc, argv, &options, &options.inputs.files, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error)
        code = list(&options, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    rule_inputs_free(&options.inputs);
    return code;
}

const struct command cmd_rules_list = {
    .name = "rules list",
    .synopsis = "FILE... [--state STATE] [--protocol NAME] [--message TEXT]",
    .summary = "list rules: sid, revision, state, action, protocol, message",
    .help =
        "The rules of the files in their order, also those that do not load and those that are\n"
        "commented out. What a rule looks at (--scope) says whether a match may depend on where a\n"
        "sender cuts its stream: of packets it may, of streams and messages not. rules explain "
        "SID\n"
        "says more of one. Ends 0, or 2 for usage.\n",
    .options = list_option_rows,
    .n_options = sizeof list_option_rows / sizeof list_option_rows[0],
    .run = run_rules_list,
};
