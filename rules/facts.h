/* What people are told of a rule, in words; index < counts->loaded. For the commands on rules. */
#ifndef RULES_FACTS_H
#define RULES_FACTS_H

#include "base/diag.h"
#include "rules/rule_set.h"

/* rule_place: where it stands. */
struct diag_pos rule_place(const struct rule_set *set, uint32_t index);
/* rule_put_header: action, protocol, ends, as the rule has them. */
void rule_put_header(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_put_threshold: which of its alerts are told; nothing where it does not say. */
void rule_put_threshold(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_put_literal: the bytes, and where they are looked for; false: it has none. */
bool rule_put_literal(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_put_setters: of each bit that it asks to be set: the rules that set it. */
void rule_put_setters(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_put_choice: which piece of which content is looked for, and why that one; or that there is
 * none, and what that means. */
void rule_put_choice(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_put_groups: what it is asked of, and with how many others it is looked for; lines. */
void rule_put_groups(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_put_effects: what it leaves when it matches: flowbits; and what is told; lines. */
void rule_put_effects(struct text *out, const struct rule_set *set, uint32_t index);
/* rule_untold: why nothing is told when it matches: pass, noalert; NULL: it is told. */
const char *rule_untold(const struct rule_set *set, uint32_t index);

#endif
