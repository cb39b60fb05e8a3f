/* What a rule asks beside bytes: the ends, the headers, the state of the flow, and what flows and
 * pairs of addresses remember. Each is told of where somebody watches (trace.h). Threads: any.
 * Inside rules/.
 */
#ifndef RULES_CONDITIONS_H
#define RULES_CONDITIONS_H

#include "rules/matcher.h"
#include "rules/set_parts.h"
#include "rules/trace.h"

/* condition_asked: a condition, and told; where somebody watches, asking goes on whatever held. */
static inline bool condition_asked(const struct confirm_room *room, enum rule_ask ask,
                                   unsigned index, bool held)
{
    if (__builtin_expect(room->trace == NULL, 1))
        return held;
    room->trace->asked(room->trace, ask, index, held);
    return true;
}

bool conditions_ends(const struct signature *s, const struct match_input *in,
                     const struct confirm_room *room);
bool conditions_direction(const struct signature *s, const struct match_input *in,
                          const struct confirm_room *room);
bool conditions_state(const struct signature *s, const struct match_input *in,
                      const struct confirm_room *room);
bool conditions_dsize(const struct signature *s, uint32_t len, const struct confirm_room *room);
bool conditions_protocol(const struct signature *s, const struct match_input *in,
                         const struct confirm_room *room);
bool conditions_header(const struct signature *s, const struct match_input *in,
                       const struct confirm_room *room);
bool conditions_remembered(const struct signature *s, const struct match_input *in,
                           const struct match_flow *flow, const struct confirm_room *room);

#endif
