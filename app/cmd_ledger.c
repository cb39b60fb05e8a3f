/* plimsoll ledger ...: show one's own entries, verify anybody's log. */
#include "app/commands.h"

#include "base/error.h"
#include "ledger/verify.h"

#include <stddef.h>

struct ledger_options {
    struct option_list keys, since;
    const char *kind, *id;
};

static const struct option verify_options[] = {
    {"key", "VKEY", OPTION_LIST, offsetof(struct ledger_options, keys),
     "a log's verifier key, from outside the directory; one for each log"},
    {"since", "CHECKPOINT", OPTION_LIST, offsetof(struct ledger_options, since),
     "a file with a checkpoint of one of the logs that was kept earlier: the log must\n"
     "go on from it, neither rolled back behind it nor with another history"},
};
static const struct option show_options[] = {
    {"kind", "KIND", OPTION_TEXT, offsetof(struct ledger_options, kind),
     "only entries of this kind"},
    {"id", "ID", OPTION_TEXT, offsetof(struct ledger_options, id), "only this entry's revisions"},
};

static int verify(const struct ledger_options *o, const char *dir, struct diags *diags)
{
    if (o->keys.n == 0) {
        diag_error(diags, ERR_USAGE, diag_file(NULL), "--key VKEY, as the log's owner published it",
                   "a ledger proves nothing without a key from outside");
        return EXIT_USAGE;
    }
    struct verify_request request = {.dir = dir,
                                     .keys = o->keys.items,
                                     .n_keys = o->keys.n,
                                     .since = o->since.items,
                                     .n_since = o->since.n};
    struct verify_result result = {0};
    int error = ledger_verify(&request, &result, diags);
    diags_print(diags, stderr);
    diags_free(diags);
    ledger_verify_report(stdout, &request, &result, error == 0);
    return error ? EXIT_FAIL_ON : EXIT_DONE;
}

static int show(const struct ledger_options *o, const char *dir, struct diags *diags)
{
    struct show_filter filter = {.kind = o->kind, .id = o->id};
    return ledger_show(dir, &filter, stdout, diags) ? EXIT_FAIL_ON : EXIT_DONE;
}

static int run_with(const struct command *command, int argc, char **argv,
                    int (*act)(const struct ledger_options *, const char *, struct diags *))
{
    struct ledger_options options = {0};
    struct option_list operands = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE;
    int error = options_parse(command, argc, argv, &options, &operands, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error && operands.n != 1)
        diag_error(&diags, ERR_USAGE, diag_file(NULL), command->synopsis,
                   "plimsoll %s takes one directory", command->name);
    else if (!error)
        code = act(&options, operands.items[0], &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&operands);
    options_list_free(&options.keys);
    options_list_free(&options.since);
    return code;
}

static int run_verify(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, verify);
}
static int run_show(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, show);
}

const struct command cmd_ledger_verify = {
    .name = "ledger verify",
    .synopsis = "DIR --key VKEY... [--since CHECKPOINT]...",
    .summary = "check every byte of a ledger against keys from outside it",
    .help = "Ends 0 with what is proved, not proved and still open; 1 naming what broke.\n",
    .options = verify_options,
    .n_options = sizeof verify_options / sizeof verify_options[0],
    .run = run_verify,
};
const struct command cmd_ledger_show = {
    .name = "ledger show",
    .synopsis = "DIR [--kind KIND] [--id ID]",
    .summary = "print one's own entries with their values, a JSON object a line",
    .options = show_options,
    .n_options = sizeof show_options / sizeof show_options[0],
    .run = run_show,
};
