/* Rules by an address that they name: which rules' lists hold an address. Inside rules/.
 *
 * The ends of all lists' ranges cut the addresses into intervals in each of which the same rules
 * hold; finding an address's interval is one binary search, however many rules there are. Immutable
 * once made; its memory is the arena's.
 */
#ifndef RULES_ADDRESS_INDEX_H
#define RULES_ADDRESS_INDEX_H

#include "rules/signature.h"

struct address_index {
    struct address *from; /* where interval i begins, ascending; it ends where the next begins */
    uint32_t *first;      /* of interval i: rules first[i] up to first[i + 1] */
    uint32_t *rules;
    unsigned n; /* intervals */
};

/* address_set_is_narrow: few enough addresses that looking rules up by them pays. */
bool address_set_is_narrow(const struct address_set *set);

/* address_index_make: of these rules, by their source, or their target. 0 or ERR_NOMEM. */
int address_index_make(struct address_index *index, struct arena *arena,
                       const struct signature *all, const uint32_t *rules, unsigned n, bool source);
/* address_index_find: the rules whose list holds the address; *n of them. */
const uint32_t *address_index_find(const struct address_index *index, const struct address *address,
                                   unsigned *n);

#endif
