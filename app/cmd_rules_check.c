/* plimsoll rules check: what does not load, where and why. */
#include "app/commands.h"
#include "app/rule_options.h"

#include "base/error.h"
#include "rules/check.h"

#include <stddef.h>
#include <stdlib.h>

struct rules_options {
    struct option_list variables;
    const char *home_net, *vars_file;
};

static const struct option rules_check_options[] = {
    {"var", "NAME=VALUE", OPTION_LIST, offsetof(struct rules_options, variables),
     "set a variable of rule headers, e.g. DNS_SERVERS=[10.0.0.53]"},
    {"home-net", "LIST", OPTION_TEXT, offsetof(struct rules_options, home_net),
     "short for --var HOME_NET=LIST"},
    {"vars", "FILE", OPTION_TEXT, offsetof(struct rules_options, vars_file),
     "a suricata.yaml whose section `vars` sets address and port groups"},
};

static int run_rules_check(const struct command *command, int argc, char **argv)
{
    struct rules_options options = {0};
    struct option_list files = {0};
    struct diags diags = {.limit = SIZE_MAX}; /* every rejected rule is named */
    struct rule_variable *variables = NULL;
    size_t n_variables = 0;
    int code = EXIT_USAGE;

    int error = options_parse(command, argc, argv, &options, &files, &diags);
    if (error == 1)
        code = EXIT_DONE;
    if (error)
        goto out;
    if (files.n == 0) {
        diag_error(&diags, ERR_USAGE, diag_file(NULL), "plimsoll rules check FILE...",
                   "no rule file was given");
        goto out;
    }
    if (rule_options_variables(&options.variables, options.home_net, options.vars_file, &variables,
                               &n_variables, &diags))
        goto out;
    error = rules_check(files.items, files.n, variables, n_variables, stdout, &diags);
    code = error == ERR_NOT_FOUND || error == ERR_IO ? EXIT_USAGE
           : diags.errors                            ? EXIT_FAIL_ON
                                                     : EXIT_DONE;
out:
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&files);
    options_list_free(&options.variables);
    rule_options_free(variables, n_variables);
    return code;
}

const struct command cmd_rules_check = {
    .name = "rules check",
    .synopsis = "FILE...",
    .summary = "read rule files and say what does not load, where and why",
    .help = "Every rule that this build cannot use is named with file:line:col and the reason; the "
            "others\n"
            "are compiled. Ends 0 when all rules load, 1 when some do not.\n",
    .options = rules_check_options,
    .n_options = sizeof rules_check_options / sizeof rules_check_options[0],
    .run = run_rules_check,
};
