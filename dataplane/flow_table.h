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

#define FLOW_BUCKET 8

/* Tag 0: free. Flows are named by slot + 1, 0 none. */
struct flow_bucket {
    uint16_t tag[FLOW_BUCKET];
    uint32_t flow[FLOW_BUCKET];
    uint32_t more; /* the chain of those without a tag */
    uint32_t unused[3];
};
static_assert(sizeof(struct flow_bucket) == 64, "a line of the cache");

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

static inline struct flow_bucket *flow_bucket_of(const struct flow_table *t, uint64_t hash)
{
    return &t->buckets[hash & t->mask];
}

static inline uint16_t flow_tag_of(uint64_t hash)
{
    return (uint16_t)(hash >> 48 | 1);
}

/* flow_bucket_with: two bits for each place that has the tag. flow_first_place: of these bits. */
static inline unsigned flow_bucket_with(const struct flow_bucket *b, uint16_t tag)
{
    __m128i tags = _mm_load_si128((const __m128i *)(const void *)b->tag);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
}

static inline unsigned flow_first_place(unsigned with)
{
    return (unsigned)__builtin_ctz(with) / 2;
}

static inline struct flow *flow_named(const struct flow_table *t, uint32_t name)
{
    return pool_of_slot(t->flows, name - 1);
}

/* Fetching ahead, for all packets of a burst one step and then the next. flow_table_fetch: the
 * bucket. flow_table_guess: which flow it should be, unread, so that its lines can be fetched; NULL
 * where none is likely. flow_key_is then says whether the guess is right, also when the flow has
 * ended since; a wrong one does not mean that there is none. */
static inline void flow_table_fetch(const struct flow_table *t, uint64_t hash)
{
    __builtin_prefetch(flow_bucket_of(t, hash));
}

static inline struct flow *flow_table_guess(const struct flow_table *t, uint64_t hash)
{
    const struct flow_bucket *b = flow_bucket_of(t, hash);
    unsigned with = flow_bucket_with(b, flow_tag_of(hash));
    return with ? flow_named(t, b->flow[flow_first_place(with)]) : NULL;
}

#endif
