/* rules check: read and compile rule files and say, rule by rule, what does not load and why, and
 * what is weak in those that do. */
#ifndef RULES_CHECK_H
#define RULES_CHECK_H

#include "rules/rule_set.h"

#include <stdio.h>

/* Rows: suffix, name, text. */
#define CHECK_FORMATS(X)                                                                 \
    X(TEXT, "text", "for people: problems on standard error, counts on standard output") \
    X(SARIF, "sarif", "SARIF 2.1.0 (OASIS), for editors and code review")                \
    X(JSON, "json", "an object a line: problems, then counts")
enum check_format {
#define X(s, name, text) CHECK_##s,
    CHECK_FORMATS(X)
#undef X
        CHECK_FORMAT_COUNT
};
extern const char *const check_format_names[CHECK_FORMAT_COUNT];

struct check_config {
    const char *const *files;
    size_t n_files;
    const struct rule_variable *variables;
    size_t n_variables;
    enum check_format format;
    bool notes;          /* in text, notes as well */
    const char *version; /* of this program */
};

/* rules_check: of text the problems go to diags (every rejected rule: file:line:col and the
 * reason), and counts to out; of the other formats everything goes to out. 0, or ERR_NOT_FOUND /
 * ERR_IO when a file cannot be read. *rejected: rules that do not load. */
int rules_check(const struct check_config *config, FILE *out, size_t *rejected,
                struct diags *diags);

#endif
