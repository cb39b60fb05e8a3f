/* Address and port groups of a suricata.yaml as variables of rule headers. */
#ifndef APP_RULE_VARS_H
#define APP_RULE_VARS_H

#include "base/diag.h"
#include "rules/rule_set.h"

/* rule_vars_read: vars.address-groups and vars.port-groups; everything else of the file is passed
 * over. What was read is to be freed by rule_options_free, also after an error. */
int rule_vars_read(const char *path, struct rule_variable **out, size_t *n, struct diags *diags);

#endif
