/* Blocks: memory of one size that bytes of packed files and of pipes are put into, and that frames
 * then lie in.
 *
 * A block is counted: its source holds it while it fills or reads it, each packet buffer while it
 * shows a frame of it. One thread takes blocks; any thread may release. No DPDK here.
 */
#ifndef DATAPLANE_BLOCK_H
#define DATAPLANE_BLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_BYTES (512u << 10)

struct block {
    _Atomic uint32_t holders; /* 0: free */
    uint8_t *data;
};

/* Shared by the sources of one merge. Owner: the thread that reads them. */
struct block_pool {
    struct block *blocks;
    unsigned n;
    uint8_t *memory; /* reserved, touched as it is used */
};

int block_pool_init(struct block_pool *pool, unsigned n);
void block_pool_free(struct block_pool *pool);
size_t block_pool_bytes(const struct block_pool *pool);

/* block_take: a free block with one holder, NULL when all are held. The one with the lowest number,
 * so that memory is touched only when it is needed. */
struct block *block_take(struct block_pool *pool);
/* block_keep, block_release: NULL is a frame that needs no holder. */
void block_keep(struct block *block);
void block_release(struct block *block);

#endif
