/* What is weak in rules that load: named at the option that makes it so. */
#ifndef RULES_LINT_H
#define RULES_LINT_H

#include "base/diag.h"
#include "rules/rule_set.h"

/* Rows: suffix, id, level, text. */
#define LINT_KINDS(X)                                                                            \
    X(NO_LITERAL, "no-literal", WARNING,                                                         \
      "nothing to look for: the rule is asked of every packet, stream or message of its kind")   \
    X(UNANCHORED_PCRE, "unanchored-pcre", WARNING,                                               \
      "an expression that may begin anywhere, in a rule with no literal: it runs over all data") \
    X(SHORT_LITERAL, "short-literal", NOTE,                                                      \
      "the longest literal has one or two bytes: they are everywhere")                           \
    X(FLOWBIT_NEVER_SET, "flowbit-never-set", WARNING,                                           \
      "asks for a flowbit that no loaded rule sets: the rule never matches")                     \
    X(FLOWBIT_NEVER_TESTED, "flowbit-never-tested", NOTE,                                        \
      "sets a flowbit that no loaded rule asks for")                                             \
    X(REVOKED_TECHNIQUE, "revoked-technique", WARNING, "names an ATT&CK technique that was revoked")
enum lint_kind {
#define X(s, id, level, text) LINT_##s,
    LINT_KINDS(X)
#undef X
        LINT_KIND_COUNT
};

struct lint_kind_row {
    const char *id, *text;
    enum diag_level level;
};
extern const struct lint_kind_row lint_kinds[LINT_KIND_COUNT];

/* lint: what is weak in the set's rules, in the order of files and lines.
 *   found    called for each; pos.file is one of the set's files, text is what is wrong there
 *   returns  0, or ERR_NOT_FOUND / ERR_IO when a file cannot be read again, ERR_NOMEM */
int lint(const struct rule_set *set, const char *const *files, size_t n_files,
         void (*found)(void *ctx, enum lint_kind kind, struct diag_pos pos, const char *text),
         void *ctx);

#endif
