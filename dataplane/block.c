/* Blocks and who holds them.
 *
 * Ordering guarantees: a holder's reads of a block come before its release (release); the taker
 * sees a count of 0 (acquire) before it writes again. A source that appends to its block writes
 * behind the frames that were handed out, which others read meanwhile. Progress guarantees: keep
 * and release are wait-free; the only wait is that for a free block, below. Reclamation: the pool
 * outlives every frame.
 *
 * That wait ends. A source holds one block at most between two calls (the one that it reads), and
 * takes a second to move to it. All other holders are packet buffers on the way from the feeder
 * through a port's ring to the end of a worker's burst; nothing keeps one longer, since a segment
 * that must wait for its turn is copied (reassembly.h). While it waits the feeder sends on what it
 * has, and goes on polling the worker that it is itself when there is only one; a worker never
 * needs a further packet to finish a burst (exchange.c has the argument for full rings). So with a
 * block for each source and one more, which block_pool_init's caller sees to, a block comes back.
 */
#include "dataplane/block.h"

#include "base/error.h"

#include <stdlib.h>
#include <sys/mman.h>

int block_pool_init(struct block_pool *pool, unsigned n)
{
    *pool = (struct block_pool){.n = n};
    if (n == 0)
        return 0;
    pool->blocks = calloc(n, sizeof *pool->blocks);
    void *memory = mmap(NULL, block_pool_bytes(pool), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED)
        pool->memory = memory;
    if (!pool->blocks || !pool->memory) {
        block_pool_free(pool);
        return ERR_NOMEM;
    }
    for (unsigned i = 0; i < n; i++)
        pool->blocks[i].data = pool->memory + (size_t)i * BLOCK_BYTES;
    return 0;
}

void block_pool_free(struct block_pool *pool)
{
    if (pool->memory)
        munmap(pool->memory, block_pool_bytes(pool));
    free(pool->blocks);
    *pool = (struct block_pool){0};
}

size_t block_pool_bytes(const struct block_pool *pool)
{
    return (size_t)pool->n * BLOCK_BYTES;
}

struct block *block_take(struct block_pool *pool)
{
    for (unsigned i = 0; i < pool->n; i++) {
        struct block *b = &pool->blocks[i];
        if (atomic_load_explicit(&b->holders, memory_order_acquire) == 0) {
            atomic_store_explicit(&b->holders, 1, memory_order_relaxed);
            return b;
        }
    }
    return NULL;
}

void block_keep(struct block *block)
{
    if (block)
        atomic_fetch_add_explicit(&block->holders, 1, memory_order_relaxed);
}

void block_release(struct block *block)
{
    if (block)
        atomic_fetch_sub_explicit(&block->holders, 1, memory_order_release);
}
