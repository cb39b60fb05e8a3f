/* The flow table of a shard: chained hash over keys with a secret seed, a list by last use, a timer
 * a flow.
 *
 * A timer is moved only when a deadline comes nearer; one that fires too early is set again. So a
 * packet costs no heap operation, and a flow still ends exactly at its deadline.
 */
#include "dataplane/flow.h"

#include "base/error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

int flow_shard_init(struct flow_shard *s, const struct flow_pools *pools, unsigned number)
{
    memset(s, 0, sizeof *s);
    s->next_id = number;
    pool_share_init(&s->share);
    s->newest = s->oldest = POOL_NONE;
    s->timers = timers_create(pools->flows.budget);
    return s->timers ? 0 : ERR_NOMEM;
}

void flow_shard_free(struct flow_shard *s)
{
    timers_destroy(s->timers);
    s->timers = NULL;
}

unsigned flow_key_of(const struct packet *pkt, struct flow_key *key)
{
    int order = address_compare(&pkt->source, &pkt->target);
    unsigned side = order > 0 || (order == 0 && pkt->source_port > pkt->target_port);
    *key = (struct flow_key){
        .low = side ? pkt->target : pkt->source,
        .high = side ? pkt->source : pkt->target,
        .low_port = side ? pkt->target_port : pkt->source_port,
        .high_port = side ? pkt->source_port : pkt->target_port,
        .vlan = pkt->vlan,
        .transport = pkt->transport,
        .tunnels = pkt->tunnels,
    };
    return side;
}

uint32_t flow_hash(const struct flow_pools *pools, const struct flow_key *key)
{
    return (uint32_t)XXH3_64bits_withSeed(key, sizeof *key, pools->hash_seed);
}

uint32_t flow_find(const struct flow_pools *pools, const struct flow_shard *s,
                   const struct flow_key *key, uint32_t hash)
{
    for (uint32_t at = s->buckets[hash % FLOW_BUCKETS]; at;) {
        const struct flow *f = flow_at(pools, s, at - 1);
        if (f->hash == hash && memcmp(&f->key, key, sizeof *key) == 0)
            return at - 1;
        at = f->chain;
    }
    return POOL_NONE;
}

static void fetch_flow(const struct flow_pools *pools, const struct flow_shard *s, uint32_t item)
{
    if (item != POOL_NONE)
        __builtin_prefetch(flow_at(pools, s, item));
}

void flow_fetch(const struct flow_pools *pools, const struct flow_shard *s, uint32_t hash,
                unsigned step)
{
    const uint32_t *bucket = &s->buckets[hash % FLOW_BUCKETS];
    if (step == 0)
        __builtin_prefetch(bucket);
    if (step == 0 || !*bucket)
        return;
    uint32_t item = *bucket - 1;
    if (step == 1) {
        __builtin_prefetch(&s->share.page[item / POOL_PAGE]);
    } else if (step == 2) {
        fetch_flow(pools, s, item);
    } else { /* its neighbours by use */
        fetch_flow(pools, s, flow_at(pools, s, item)->newer);
        fetch_flow(pools, s, flow_at(pools, s, item)->older);
    }
}

static void link_newest(const struct flow_pools *pools, struct flow_shard *s, uint32_t item)
{
    struct flow *f = flow_at(pools, s, item);
    f->newer = POOL_NONE;
    f->older = s->newest;
    if (s->newest == POOL_NONE)
        s->oldest = item;
    else
        flow_at(pools, s, s->newest)->newer = item;
    s->newest = item;
}

static void unlink_use(const struct flow_pools *pools, struct flow_shard *s, const struct flow *f)
{
    if (f->newer == POOL_NONE)
        s->newest = f->older;
    else
        flow_at(pools, s, f->newer)->older = f->older;
    if (f->older == POOL_NONE)
        s->oldest = f->newer;
    else
        flow_at(pools, s, f->older)->newer = f->newer;
}

uint32_t flow_make(struct flow_pools *pools, struct flow_shard *s, const struct flow_key *key,
                   uint32_t hash)
{
    uint32_t item = pool_take(&pools->flows, &s->share);
    if (item == POOL_NONE)
        return POOL_NONE;
    struct flow *f = flow_at(pools, s, item);
    memset(f, 0, sizeof *f);
    f->key = *key;
    f->hash = hash;
    f->id = s->next_id;
    s->next_id += SHARDS;
    f->idle_at = f->attempt_at = f->app_at = f->timer_at = INT64_MAX;
    f->app_item = POOL_NONE;
    for (unsigned side = 0; side < 2; side++) {
        stream_side_init(&f->side[side].stream);
        f->side[side].window = POOL_NONE;
    }
    f->chain = s->buckets[hash % FLOW_BUCKETS];
    s->buckets[hash % FLOW_BUCKETS] = item + 1;
    link_newest(pools, s, item);
    return item;
}

void flow_drop(struct flow_pools *pools, struct flow_shard *s, uint32_t item)
{
    struct flow *f = flow_at(pools, s, item);
    uint32_t *link = &s->buckets[f->hash % FLOW_BUCKETS];
    while (*link != item + 1)
        link = &flow_at(pools, s, *link - 1)->chain;
    *link = f->chain;
    unlink_use(pools, s, f);
    timers_clear(s->timers, item);
    pool_give(&pools->flows, &s->share, item);
}

void flow_touch(const struct flow_pools *pools, struct flow_shard *s, uint32_t item)
{
    if (s->newest == item)
        return;
    unlink_use(pools, s, flow_at(pools, s, item));
    link_newest(pools, s, item);
}

int64_t flow_deadline(const struct flow *f)
{
    int64_t at = f->idle_at < f->attempt_at ? f->idle_at : f->attempt_at;
    return at < f->app_at ? at : f->app_at;
}

void flow_arm(struct flow_shard *s, struct flow *f, uint32_t item)
{
    int64_t want = flow_deadline(f);
    if (want < f->timer_at) {
        timers_set(s->timers, item, want);
        f->timer_at = want;
    }
}
