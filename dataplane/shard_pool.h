/* Pools whose bounds belong to shards: items of one size in pages that shards take on demand.
 *
 * A shard may hold up to a budget; the total of all shards is less than the sum of budgets, and
 * reaching it is loud, because what then happens depends on who came first. Pages are never given
 * back, items are; the numbers of a shard's items depend on that shard's history alone. No DPDK
 * here.
 */
#ifndef DATAPLANE_SHARD_POOL_H
#define DATAPLANE_SHARD_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARDS    256
#define POOL_NONE UINT32_MAX
#define POOL_PAGE 16 /* items of a page at most, and */
#define POOL_PAGE_BYTES                                                                        \
    65536               /* what it takes at most, where an item is not larger: few large items \
                           are not tied to few shards */
#define POOL_PAGES 2048 /* of one shard */

/* Shared by all workers; only next_page is written after creation. */
struct shard_pool {
    uint8_t *memory;
    size_t item_size;
    uint32_t pages, budget; /* pages in all; items of one shard */
    uint32_t page_items;    /* a power of two */
    _Atomic uint32_t next_page;
    atomic_bool total_reached;
};

/* What one shard holds of a pool. Owner: the shard's worker. */
struct pool_share {
    uint32_t made, free; /* items ever made; first free item, POOL_NONE */
    uint32_t page[POOL_PAGES];
};

/* shard_pool_init: total items in all, a sixteenth of them for one shard at most. Memory is
 * reserved, and touched as it is used. */
int shard_pool_init(struct shard_pool *p, uint32_t total, size_t item_size);
/* pool_map: zeroed memory that is touched as it is used, in large pages where the system has them;
 * given back by munmap. NULL: none. */
void *pool_map(size_t bytes);
void shard_pool_free(struct shard_pool *p);
size_t shard_pool_bytes(const struct shard_pool *p);
void pool_share_init(struct pool_share *s);

/* pool_slot: where an item of a share lies among those of all shards. */
static inline uint32_t pool_slot(const struct shard_pool *p, const struct pool_share *s,
                                 uint32_t item)
{
    uint32_t in_page = item & (p->page_items - 1);
    return s->page[item >> __builtin_ctz(p->page_items)] * p->page_items + in_page;
}
static inline void *pool_of_slot(const struct shard_pool *p, uint32_t slot)
{
    return p->memory + (size_t)slot * p->item_size;
}
static inline void *pool_at(const struct shard_pool *p, const struct pool_share *s, uint32_t item)
{
    return pool_of_slot(p, pool_slot(p, s, item));
}
/* pool_take: a free item's number, POOL_NONE when the shard's budget or the total is used up. The
 * item's first four bytes were used by the pool; the rest is as it was left (zero when never used).
 */
uint32_t pool_take(struct shard_pool *p, struct pool_share *s);
void pool_give(struct shard_pool *p, struct pool_share *s, uint32_t item);

#endif
