/* Acts that several observation points may tell of: which observations are of one act.
 *
 * Two points that see the same packets observe the same act, each for itself. It is the same where
 * all that a packet decides is the same (kind, ends, rule, operation, object, ...) and the two
 * begins are no further apart than the clocks may be; what the points made of it (outcome, contact)
 * may differ. No two observations of one point are of one act, so what is done twice is two acts.
 * Acts that are alike in all of that, as passwords guessed in one conversation, are told apart by
 * their begins and their order alone: where they follow one another faster than the clocks are
 * sure, one point's act may be taken for the neighbour of another's.
 * One owner, no allocation after acts_init. Inside correlate/.
 */
#ifndef CORRELATE_ACT_H
#define CORRELATE_ACT_H

#include "base/table.h"
#include "correlate/route.h"

/* How far the stamps of one packet may be apart at two points, beside what their clocks' errors are
 * known to be. */
#define ACT_APART_NS INT64_C(1000000000)

struct act;

struct acts {
    struct table *latest; /* identity -> number of the latest act that has it */
    struct act *ring;     /* the act of a number is at number % cap */
    uint64_t made, cap;   /* numbers are from 1 */
    uint64_t hash_seed;
};

/* acts_init: the last `cap` acts are known. ERR_NOMEM; acts_free is due in any case. */
int acts_init(struct acts *a, uint32_t cap, uint64_t hash_seed);
void acts_free(struct acts *a);
size_t acts_bytes(uint32_t cap);

/* What is known of an observation's act with it. */
struct act_seen {
    bool again;        /* another point has told of it */
    uint8_t points[2]; /* that told of it: [0] of all, [1] of those that saw two-way contact */
};
/* acts_take: item->obs.point is told. *forgotten counts an act that gave up its place to this one
 * while another point might still have told of it. */
struct act_seen acts_take(struct acts *a, const struct exchange_item *item, uint64_t *forgotten);

#endif
