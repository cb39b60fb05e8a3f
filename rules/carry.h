/* What a flow remembers of one rule set, carried over to the next: flowbits by name, rules that
 * wait for more of a stream by their text.
 *
 * Built aside when a policy is, then immutable and shared by all workers.
 */
#ifndef RULES_CARRY_H
#define RULES_CARRY_H

#include "rules/matcher.h"

struct rule_carry;

/* rule_carry_create: NULL when out of memory. */
struct rule_carry *rule_carry_create(const struct rule_set *from, const struct rule_set *to);
void rule_carry_destroy(struct rule_carry *c);
/* rule_carry_flow: what the flow remembers, in the terms of the next set. A bit whose name is not
 * there any more and a rule whose text has changed are forgotten. threads  any; no allocation */
void rule_carry_flow(const struct rule_carry *c, struct match_flow *flow);

#endif
