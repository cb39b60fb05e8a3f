/* An observation on its way to the owner of a key, and its place in the one order. Inside
 * correlate/.
 *
 * order.index, from the top: place within the packet 32 bits; number of the correlation 8; rule 4,
 * turned round, so that an observation that meets two rules in a row does not follow itself; then 6
 * for each level that it was derived at: which of the correlations over the incident it goes to,
 * counted from 1. So no two items have the same order, and what an owner derives from items in
 * order is in order too.
 */
#ifndef CORRELATE_ROUTE_H
#define CORRELATE_ROUTE_H

#include "correlate/definition.h"

/* Where an observation goes and what was looked up for it. */
struct route {
    uint8_t definition; /* number of the correlation; ROUTE_COVERAGE */
    uint8_t rule;       /* of the correlation: the one it was met by */
    uint8_t key_shard;
    struct host_facts facts;
    struct group_key key;
};
#define ROUTE_COVERAGE 255

struct exchange_item {
    struct observation obs;
    struct route route;
};
static_assert(sizeof(struct exchange_item) == 256, "an exchanged item is four cache lines");

static inline uint64_t route_index(uint64_t place, unsigned definition, unsigned rule)
{
    return place << 32 | (uint64_t)definition << 24 |
           (uint64_t)(DEFINITION_RULES_MAX - 1 - rule) << 20;
}
/* route_derived: level is that of the incident, i the number of the correlation among those over
 * it. */
static inline uint64_t route_derived(uint64_t index, unsigned level, unsigned i)
{
    return index | (uint64_t)(i + 1) << (14 - 6 * level);
}
static_assert(DEFINITION_LEVELS_MAX == 4 && DEFINITION_FEEDS_MAX == 63, "three times six bits");

/* key_shard_of: low 8 bits of XXH3_64bits with seed 0 over the key's bytes: fixed, documented,
 * unkeyed, so that another machine finds the same owner. */
uint8_t key_shard_of(const struct group_key *key);

#endif
