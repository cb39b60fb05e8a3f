/* A worker's flows by key.
 *
 * A bucket is a line of the cache with eight tags of 16 bits and as many flows; what does not find
 * room there is chained behind it. So looking up reads one line and the flow itself. Where a flow
 * lies depends on the secret seed and on the worker's other flows; nothing else does. No DPDK here.
 * Owner: the worker.
 */
#ifndef DATAPLANE_FLOW_TABLE_H
#define DATAPLANE_FLOW_TABLE_H

#include "dataplane/flow.h"

struct flow_table {
    const struct shard_pool *flows;
    struct flow_bucket *buckets;
    uint64_t mask;
};

/* flow_table_init: for flows of this pool, which outlives it; sized so that all of them could have
 * a tag. 0, ERR_NOMEM. */
int flow_table_init(struct flow_table *t, const struct shard_pool *flows);
void flow_table_free(struct flow_table *t);
size_t flow_table_bytes(const struct flow_table *t);

/* flow_table_find: NULL: not there; hash: flow_hash of the key. flow_table_add: by its own key and
 * hash; it is not there yet. flow_table_remove: it is there. */
struct flow *flow_table_find(const struct flow_table *t, const struct flow_key *key, uint64_t hash);
void flow_table_add(struct flow_table *t, struct flow *f);
void flow_table_remove(struct flow_table *t, struct flow *f);

/* Fetching ahead, for all packets of a burst one step and then the next. flow_table_fetch: the
 * bucket. flow_table_guess: which flow it should be, unread, so that its lines can be fetched; NULL
 * where none is likely. flow_key_is then says whether the guess is right, also when the flow has
 * ended since; a wrong one does not mean that there is none. */
void flow_table_fetch(const struct flow_table *t, uint64_t hash);
struct flow *flow_table_guess(const struct flow_table *t, uint64_t hash);

#endif
