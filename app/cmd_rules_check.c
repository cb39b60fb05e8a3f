/* plimsoll rules check: what does not load, where and why, and what is weak. */
#include "app/commands.h"
#include "app/rule_inputs.h"

#include "base/error.h"
#include "rules/check.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct check_options {
    struct rule_inputs inputs;
    const char *format;
    bool notes;
};

static const struct option rules_check_options[] = {
    RULE_INPUT_ROWS(check_options, inputs),
    {"format", "FORMAT", OPTION_TEXT, offsetof(struct check_options, format),
     "text, sarif (SARIF 2.1.0) or json (an object a line)"},
    {"notes", NULL, OPTION_FLAG, offsetof(struct check_options, notes),
     "in text, name also what is only worth a note"},
};

static int format_named(const char *name, enum check_format *out, struct diags *diags)
{
    for (unsigned i = 0; i < CHECK_FORMAT_COUNT; i++)
        if (!name || strcmp(name, check_format_names[i]) == 0) {
            *out = (enum check_format)i;
            return 0;
        }
    return diag_error(diags, ERR_USAGE, diag_file(NULL), "text, sarif or json",
                      "--format: there is no '%s'", name);
}

static int check(struct check_options *options, const struct option_list *files,
                 struct diags *diags)
{
    enum check_format format = CHECK_TEXT;
    size_t rejected = 0;
    if (files->n == 0)
        diag_error(diags, ERR_USAGE, diag_file(NULL), "plimsoll rules check FILE...",
                   "no rule file was given");
    if (files->n == 0 || format_named(options->format, &format, diags) ||
        rule_inputs_variables(&options->inputs, diags))
        return EXIT_USAGE;
    struct check_config config = {.files = files->items,
                                  .n_files = files->n,
                                  .variables = options->inputs.variables,
                                  .n_variables = options->inputs.n_variables,
                                  .format = format,
                                  .notes = options->notes,
                                  .version = PLIMSOLL_VERSION};
    int error = rules_check(&config, stdout, &rejected, diags);
    return error == ERR_NOT_FOUND || error == ERR_IO ? EXIT_USAGE
           : error || rejected                       ? EXIT_FAIL_ON
                                                     : EXIT_DONE;
}

static int run_rules_check(const struct command *command, int argc, char **argv)
{
    struct check_options options = {0};
    struct option_list files = {0};
    struct diags diags = {.limit = SIZE_MAX}; /* every rejected rule is named */
    int code = EXIT_USAGE, error = options_parse(command, argc, argv, &options, &files, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error)
        code = check(&options, &files, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&files);
    rule_inputs_free(&options.inputs);
    return code;
}

const struct command cmd_rules_check = {
    .name = "rules check",
    .synopsis = "FILE... [--format text|sarif|json]",
    .summary = "read rule files and say what does not load, where and why, and what is weak",
    .help = "Every rule that this build cannot use is named with file:line:col and the reason; the "
            "others\n"
            "are compiled, and what is weak in them is warned of: no literal to look for, flowbits "
            "that\n"
            "nobody sets, revoked techniques of ATT&CK. Ends 0 when all rules load, 1 when some do "
            "not.\n",
    .options = rules_check_options,
    .n_options = sizeof rules_check_options / sizeof rules_check_options[0],
    .run = run_rules_check,
};
