/* Options that several commands share: variables of rule headers. */
#ifndef APP_RULE_OPTIONS_H
#define APP_RULE_OPTIONS_H

#include "app/options.h"
#include "rules/rule_set.h"

/* rule_options_variables: the groups of a suricata.yaml (NULL: none), NAME=VALUE words, and
 * HOME_NET (NULL: none), as variables, the later ones over those before. The caller frees them with
 * rule_options_free. ERR_USAGE with a diagnostic. */
int rule_options_variables(const struct option_list *words, const char *home_net,
                           const char *vars_file, struct rule_variable **out, size_t *n,
                           struct diags *diags);
void rule_options_free(struct rule_variable *variables, size_t n);

#endif
