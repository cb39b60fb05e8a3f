/* rules check: read and compile rule files and say, rule by rule, what does not load and why. */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include "rules/rule_set.h"

#include <stdio.h>

/* rules_check: the problems go to diags (every rejected rule: file:line:col and the reason);
 * counts, and rejections by reason, go to out. 0, or ERR_NOT_FOUND / ERR_IO when a file cannot be
 * read. */
int rules_check(const char *const *files, size_t n, const struct rule_variable *vars, size_t n_vars,
                FILE *out, struct diags *diags);

#endif
