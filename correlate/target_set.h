/* Distinct addresses of many incidents of one key shard, in one pool of fixed size. One owner, no
 * allocation after creation. Chained hash over (incident, address); each incident's members are
 * also a list, so that they can be given back at once. */
#ifndef CORRELATE_TARGET_SET_H
#define CORRELATE_TARGET_SET_H

#include "base/address.h"

#include <stddef.h>

struct target_set {
    struct target_node *nodes;
    uint32_t *buckets;
    uint32_t size, free; /* free: first free node + 1, 0 none */
    uint32_t unused;     /* nodes never used begin here */
    uint64_t hash_seed;
};

enum target_added { TARGET_KNOWN, TARGET_NEW, TARGET_NO_ROOM };

int target_set_init(struct target_set *set, uint32_t size, uint64_t hash_seed);
void target_set_free(struct target_set *set);
size_t target_set_bytes(uint32_t size);
/* target_set_add: *list is the head of the incident's members, 0 when it has none. */
enum target_added target_set_add(struct target_set *set, uint32_t incident, uint32_t *list,
                                 const struct address *address);
void target_set_drop(struct target_set *set, uint32_t *list);

#endif
