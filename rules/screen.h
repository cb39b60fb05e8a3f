/* A first look at a candidate: what of its header can be told from one line of memory.
 *
 * Most candidates fail on their ends. Rules name few distinct lists of addresses, so whether a list
 * holds an end is found out once for all rules that name it, and kept while the ends stay. What the
 * screen turns away, confirming would too (RULE_NEVER); what it lets through is confirmed in full.
 * Inside rules/.
 */
#ifndef RULES_SCREEN_H
#define RULES_SCREEN_H

#include "rules/matcher.h"
#include "rules/signature.h"

/* Of one rule; immutable. */
struct rule_screen {
    const struct port_set *source_port, *target_port; /* NULL: any */
    uint32_t source, target;                          /* numbers of lists of addresses */
    uint16_t dsize_low, dsize_high;
    uint8_t protocol; /* of the flow; UNKNOWN: any */
    bool either_way;  /* the ends may be exchanged: not looked at here */
    bool asks_bytes;  /* it has steps */
};

/* What is known of lists; a matcher's. */
struct screen_room {
    struct address source, target;         /* of the ends that the marks are of */
    uint32_t ends;                         /* number of these ends, from 1 */
    uint32_t *source_known, *target_known; /* by list: twice the number, and whether it holds */
    size_t n_lists;
    const struct address_set *const *lists; /* of the rule set */
};

struct rule_screen screen_of(const struct signature *s);

/* screen_room_init: for these lists, which outlive it; ERR_NOMEM without memory. free also after
 * that. */
int screen_room_init(struct screen_room *room, const struct address_set *const *lists, size_t n);
void screen_room_free(struct screen_room *room);
/* screen_ends: of the input whose candidates follow. */
void screen_ends(struct screen_room *room, const struct match_input *in);
bool screen_lets_pass(struct screen_room *room, const struct rule_screen *s,
                      const struct match_input *in);

#endif
