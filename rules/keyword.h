/* What the functions of keywords share: values with their places, and the rows of keywords.def.
 * Inside rules/. */
#ifndef RULES_KEYWORD_H
#define RULES_KEYWORD_H

#include "rules/signature.h"

/* A keyword's value: a part of the rule's text, without blanks at its ends. */
struct value {
    const char *text;
    size_t len, at;
};

/* A keyword's function: reads the value into r->sig; arg is the row's. 0 or a fault it reported. */
typedef int keyword_fn(struct rule_reader *r, const struct value *v, unsigned arg);

int value_fault(struct rule_reader *r, const struct value *v, const char *why);
bool value_is(const struct value *v, const char *word);
struct value value_trimmed(struct value v);
/* value_next: the part of rest up to a separator, trimmed; rest moves behind it. False when nothing
 * is left. */
bool value_next(struct value *rest, char separator, struct value *out);
/* value_number: decimal digits as a number from min to max. */
int value_number(struct rule_reader *r, const struct value *v, uint64_t min, uint64_t max,
                 uint64_t *out);
/* value_unquoted: without the quotes around it. */
struct value value_unquoted(const struct value *v);

/* content.c */
keyword_fn content_begin, content_flag, content_place, content_distance, content_nocase,
    content_fast_pattern;

#endif
