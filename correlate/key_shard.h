/* One 256th of all correlation keys: their windows before a condition is met, their incidents after
 * it. All bounds are the shard's own, so that results do not depend on the number of workers. One
 * owner, no allocation after creation. Inside correlate/. */
#ifndef CORRELATE_KEY_SHARD_H
#define CORRELATE_KEY_SHARD_H

#include "base/table.h"
#include "correlate/correlator.h"
#include "correlate/incident.h"

struct key_shard_config {
    const struct definitions *definitions;
    struct incident_limits limits;
    uint32_t windows, samples, incidents, targets;
    uint32_t kept; /* observations of incidents that are kept, 0: none */
    uint32_t
        acts; /* that are known, to tell them again by other points; 0: of no point it is told */
    uint64_t hash_seed;
};

struct key_shard;

struct key_shard *key_shard_create(const struct key_shard_config *config);
void key_shard_destroy(struct key_shard *s);
size_t key_shard_bytes(const struct key_shard_config *config);

/* key_shard_take: one item, in order. Returns the place of the incident that it belongs to, or -1;
 * *opened says that it was opened by it. */
int key_shard_take(struct key_shard *s, const struct exchange_item *item,
                   struct correlator_counters *counters, bool *opened);
struct incident *key_shard_incident(struct key_shard *s, uint32_t place);
/* key_shard_close: give the incident and its key back. */
void key_shard_close(struct key_shard *s, uint32_t place);
/* key_shard_switch: from here on other definitions and limits hold. Windows are carried over under
 * the number that `carried` gives their correlation's old one, or given up where that is negative.
 * No incident of a correlation that is not carried may be open any more. */
void key_shard_switch(struct key_shard *s, const struct definitions *definitions,
                      const struct incident_limits *limits, const int16_t *carried);
/* key_shard_kept: the observations kept, in the order in which incidents took them. */
const struct kept_observation *key_shard_kept(const struct key_shard *s, size_t *n);
/* key_shard_is_open: whether there is an incident at that place. */
bool key_shard_is_open(const struct key_shard *s, uint32_t place);

#endif
