/* Command line options: each command has one table of rows, from which parsing and --help come. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "base/diag.h"

#include <stdbool.h>

enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_LIST,     /* struct option_list, may be given again and again */
    OPTION_NUMBER,   /* uint64_t */
    OPTION_DURATION, /* int64_t, ns */
};

struct option_list {
    const char **items;
    size_t n;
};

/* One row. `offset` is the place of the value in the command's struct of options. */
struct option {
    const char *name;     /* without the dashes */
    const char *argument; /* its word in the help, NULL for a flag */
    enum option_type type;
    size_t offset;
    const char *text; /* lines after the first are indented by the help */
};

/* What a command is: one line for the overview, its synopsis, its teaching text and its options. */
struct command {
    const char *name;     /* one or two words, e.g. "ledger verify" */
    const char *synopsis; /* what follows the name */
    const char *summary;
    const char *help; /* paragraphs behind the options */
    const struct option *options;
    size_t n_options;
    /* Returns the exit code. options: the parsed struct's bytes; operands: what is no option. */
    int (*run)(const struct command *command, int argc, char **argv);
};

/* options_parse: fill `values` (a struct whose members the rows name, preset with defaults) and the
 * operands.
 * "--name value" and "--name=value"; "--" ends options. 0, ERR_USAGE with a diagnostic, or 1 when
 * --help was asked for and printed. */
int options_parse(const struct command *command, int argc, char **argv, void *values,
                  struct option_list *operands, struct diags *diags);
/* option_list_add: the item is not copied. 0 or ERR_NOMEM. */
int option_list_add(struct option_list *list, const char *item);
void options_list_free(struct option_list *list);
void command_help(const struct command *command, FILE *out);

/* Exit codes of all commands. */
#define EXIT_DONE    0
#define EXIT_FAIL_ON 1 /* what was asked to fail: a finding, a broken ledger, a rejected file */
#define EXIT_USAGE   2 /* usage or bad configuration */
#define EXIT_PARTIAL 3 /* broken input, or not all could be sealed; what was read is processed */

#endif
