/* Pages are handed out by one atomic counter; free items of a shard are chained through their first
 * bytes. */
#include "dataplane/shard_pool.h"

#include "base/error.h"

#include <string.h>
#include <sys/mman.h>

void *pool_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, bytes, MADV_HUGEPAGE); /* a wish: without it all works, slower */
    return memory;
}

int shard_pool_init(struct shard_pool *p, uint32_t total, size_t item_size)
{
    memset(p, 0, sizeof *p);
    /* An odd number of lines of the cache, so that the first lines of items use all of its sets. */
    p->item_size = ((item_size + 63) & ~(size_t)63) | 64;
    p->page_items = POOL_PAGE;
    while (p->page_items > 1 && p->page_items * p->item_size > POOL_PAGE_BYTES)
        p->page_items /= 2;
    p->pages = (total + p->page_items - 1) / p->page_items;
    p->budget = total / 16 < p->page_items ? p->page_items : total / 16;
    if (p->budget > p->page_items * POOL_PAGES)
        p->budget = p->page_items * POOL_PAGES;
    p->memory = pool_map(shard_pool_bytes(p));
    return p->memory ? 0 : ERR_NOMEM;
}

void shard_pool_free(struct shard_pool *p)
{
    if (p->memory)
        munmap(p->memory, shard_pool_bytes(p));
    p->memory = NULL;
}

size_t shard_pool_bytes(const struct shard_pool *p)
{
    return (size_t)p->pages * p->page_items * p->item_size;
}

void pool_share_init(struct pool_share *s)
{
    s->made = 0;
    s->free = POOL_NONE;
}

uint32_t pool_take(struct shard_pool *p, struct pool_share *s)
{
    uint32_t item = s->free;
    if (item != POOL_NONE) {
        memcpy(&s->free, pool_at(p, s, item), sizeof s->free);
        return item;
    }
    if (s->made >= p->budget)
        return POOL_NONE;
    item = s->made;
    if ((item & (p->page_items - 1)) == 0) {
        uint32_t page = atomic_fetch_add_explicit(&p->next_page, 1, memory_order_relaxed);
        if (page >= p->pages) {
            atomic_fetch_sub_explicit(&p->next_page, 1, memory_order_relaxed);
            atomic_store_explicit(&p->total_reached, true, memory_order_relaxed);
            return POOL_NONE;
        }
        s->page[item >> __builtin_ctz(p->page_items)] = page;
    }
    s->made++;
    return item;
}

void pool_give(struct shard_pool *p, struct pool_share *s, uint32_t item)
{
    memcpy(pool_at(p, s, item), &s->free, sizeof s->free);
    s->free = item;
}
