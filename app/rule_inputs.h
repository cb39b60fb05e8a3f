/* What the commands on rules share: which files, under which variables, and captures to try them
 * on. */
#ifndef APP_RULE_INPUTS_H
#define APP_RULE_INPUTS_H

#include "app/options.h"
#include "dataplane/solo.h"

struct rule_inputs {
    struct option_list files, words, limit_words;
    const char *home_net, *vars_file, *checksums;
    /* made by rule_inputs_load */
    struct rule_variable *variables;
    size_t n_variables;
    struct rule_set *set;
    struct engine_limits limits;
};

/* Rows of an option table for a struct that holds rule_inputs at `member`. */
#define RULE_INPUT_ROWS(type, member)                                             \
    {"var", "NAME=VALUE", OPTION_LIST, offsetof(struct type, member.words),       \
     "set a variable of rule headers, e.g. DNS_SERVERS=[10.0.0.53]"},             \
        {"home-net", "LIST", OPTION_TEXT, offsetof(struct type, member.home_net), \
         "short for --var HOME_NET=LIST"},                                        \
    {                                                                             \
        "vars", "FILE", OPTION_TEXT, offsetof(struct type, member.vars_file),     \
            "a suricata.yaml whose section `vars` sets address and port groups"   \
    }
#define RULE_CAPTURE_ROWS(type, member)                                            \
    {"limit", "NAME=N", OPTION_LIST, offsetof(struct type, member.limit_words),    \
     "another size for a pool, or the stream depth, as of replay"},                \
    {                                                                              \
        "checksums", "MODE", OPTION_TEXT, offsetof(struct type, member.checksums), \
            "validate, ignore, or auto, as of replay"                              \
    }

/* rule_inputs_variables: the words as variables; ERR_USAGE with a diagnostic. */
int rule_inputs_variables(struct rule_inputs *in, struct diags *diags);
/* rule_inputs_load: variables, limits and the set; problems of rules go to diags as notes that
 * their reader picks from. ERR_USAGE, ERR_NOT_FOUND, ERR_IO, ERR_NOMEM. */
int rule_inputs_load(struct rule_inputs *in, struct diags *rejected, struct diags *diags);
void rule_inputs_free(struct rule_inputs *in);

/* rule_inputs_variable: the value of a variable of these inputs, also of those set by default; NULL
 */
const char *rule_inputs_variable(const struct rule_inputs *in, const char *name, size_t len);

/* rule_id_read: SID, or GID:SID. ERR_SYNTAX. */
int rule_id_read(const char *word, uint32_t *gid, uint32_t *sid);

#endif
