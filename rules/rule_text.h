/* A rule's options as they stand in its file, with their places: for what is said of rules that
 * load, of which parsing keeps no places. Inside rules/. */
#ifndef RULES_RULE_TEXT_H
#define RULES_RULE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule_option {
    const char *name, *value; /* not NUL-terminated; value "" where there is none */
    size_t name_len, value_len;
    uint32_t line, col; /* of the name, from 1 */
};

/* A walk over the options of the rule that begins at text[0], at the begin of a line. */
struct rule_walk {
    const char *text;
    size_t at, len;
    uint32_t line, col;
};
/* rule_walk_begin: line  that of text[0]. The text may go on behind the rule. */
struct rule_walk rule_walk_begin(const char *text, size_t len, uint32_t line);
/* rule_walk_next: false at the end of the rule. */
bool rule_walk_next(struct rule_walk *w, struct rule_option *out);

static inline bool rule_option_is(const struct rule_option *o, const char *name)
{
    size_t i = 0;
    while (i < o->name_len && name[i] && (o->name[i] | 32) == (name[i] | 32))
        i++;
    return i == o->name_len && !name[i];
}

#endif
