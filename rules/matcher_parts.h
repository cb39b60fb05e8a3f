/* What matching packets and streams (matcher.c) and matching messages (message_matcher.c) share.
 * Inside rules/. */
#ifndef RULES_MATCHER_PARTS_H
#define RULES_MATCHER_PARTS_H

#include "rules/matcher.h"
#include "rules/message_views.h"
#include "rules/screen.h"

/* What is known of a rule: each number says for which input, or packet, it holds. */
struct rule_mark {
    uint32_t input;  /* the rule is a candidate, */
    uint32_t place;  /* and this one; TURNED_AWAY: it is none */
    uint32_t packet; /* the rule has matched */
};

#define TURNED_AWAY UINT32_MAX

struct matcher {
    const struct rule_set *set;
    hs_scratch_t *scratch;
    struct rule_mark *marks;
    uint64_t *cut; /* a rule: how often confirming was given up */
    struct confirm_room room;
    struct screen_room ends;
    struct message_views *views;
    struct rule_watch *watch; /* NULL: no rule is watched */
    struct rule_cost *costs;  /* by rule; NULL: they are not measured */
    uint32_t input, packet;
    bool passed;          /* a pass matched this packet */
    uint64_t *candidates; /* room for every rule, so none is left out */
    unsigned n;
    struct matcher_stats stats;
    /* of the scan under way */
    const struct match_input *input_now;
    const struct literal_scan *scanning;
    uint32_t scan_from, fresh;
};

/* matcher_begin: the marks of the input before hold no longer; nor those of the packet before,
 * unless this is of it too. The input stays until its candidates are there. */
void matcher_begin(struct matcher *m, const struct match_input *input);
void matcher_add_candidate(struct matcher *m, uint32_t rule, uint32_t at);
/* matcher_scan: new bytes, and so much before them that no literal is cut. at: of data[0] in its
 * stream or body. */
void matcher_scan(struct matcher *m, const struct literal_set *set, const uint8_t *data,
                  uint32_t len, uint32_t fresh, uint64_t at);
/* matcher_hit: a rule that holds: what it does to the flow, and whether it is told; *n hits so far.
 */
void matcher_hit(struct matcher *m, uint32_t rule, const struct match_input *in,
                 struct match_flow *flow, struct hit *hits, size_t *n);
/* matcher_note_cut: confirming the rule was given up, if it was. */
void matcher_note_cut(struct matcher *m, uint32_t rule);
/* matcher_candidate_rule, _at: the halves of a candidate. */
static inline uint32_t matcher_candidate_rule(uint64_t candidate)
{
    return (uint32_t)(candidate >> 32);
}

#endif
