/* A packet that was made whole lies in a block, as frames that were unpacked do, so that packet
 * buffers can show it; several lie behind one another.
 *
 * The wait for a block ends: 64 frames, the most that may be taken before their buffers are on
 * their way, fit into ten blocks, one is being filled, and all others come back.
 */
#include "dataplane/mirror.h"

#include "base/error.h"
#include "dataplane/decode.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS      16
#define LINK_MAX    1024  /* bytes of headers in front of IP that are kept */
#define DATAGRAMS   16384 /* a sixteenth of these may wait, as in one shard */
#define FRAGMENTS   32768
#define FRAME_ALIGN 64

struct mirror {
    uint32_t strip;
    struct defrag_pools pools;
    struct defrag_shard shard;
    const struct defrag_watch *watch;
    struct block_pool blocks;
    struct block *block; /* the one that is being filled */
    size_t used;         /* bytes of it */
    void (*wait)(void *ctx);
    void *wait_ctx;
    uint64_t refused; /* goes on as it is, and is counted there */
    struct mirror_counts counts;
};

int mirror_open(struct mirror **out, uint32_t strip)
{
    struct mirror *m = *out = calloc(1, sizeof *m);
    if (!m)
        return ERR_NOMEM;
    m->strip = strip;
    defrag_shard_init(&m->shard);
    if (defrag_pools_init(&m->pools, DATAGRAMS, FRAGMENTS) || block_pool_init(&m->blocks, BLOCKS)) {
        mirror_close(m);
        *out = NULL;
        return ERR_NOMEM;
    }
    return 0;
}

void mirror_close(struct mirror *m)
{
    if (!m)
        return;
    if (m->pools.fragments.memory)
        mirror_end(m);
    block_pool_free(&m->blocks);
    defrag_pools_free(&m->pools);
    free(m);
}

void mirror_wait(struct mirror *m, void (*wait)(void *ctx), void *ctx)
{
    m->wait = wait;
    m->wait_ctx = ctx;
}

void mirror_watch(struct mirror *m, const struct defrag_watch *watch)
{
    m->watch = watch;
}

static struct defrag defrag_of(struct mirror *m)
{
    uint64_t *n = &m->refused, *incomplete = &m->counts.incomplete;
    return (struct defrag){
        .pools = &m->pools,
        .shard = &m->shard,
        .count = {n, n, n, n, &m->counts.datagrams, incomplete, incomplete},
        .watch = m->watch,
    };
}

/* room_for: that many bytes behind what lies in the block. */
static uint8_t *room_for(struct mirror *m, size_t n)
{
    if (!m->block || m->used + n > BLOCK_BYTES) {
        block_release(m->block);
        while (!(m->block = block_take(&m->blocks)))
            m->wait(m->wait_ctx);
        m->used = 0;
    }
    return m->block->data + m->used;
}

enum mirror_result mirror_take(struct mirror *m, struct frame *frame, const struct packet *pkt)
{
    if (pkt->verdict != DECODE_FRAGMENT || pkt->tunnels || pkt->network_at > LINK_MAX ||
        !(decode_carries(pkt->transport) & m->strip))
        return MIRROR_NONE;
    uint8_t *room = room_for(m, (size_t)pkt->network_at + DATAGRAM_MAX);
    struct defrag d = defrag_of(m);
    uint32_t len;
    enum defrag_result result = defrag_fragment(&d, pkt, frame->data, room + pkt->network_at, &len);
    if (result == DEFRAG_REFUSED)
        return MIRROR_NONE;
    m->counts.fragments++;
    if (result == DEFRAG_HELD)
        return MIRROR_HELD;
    memcpy(room, frame->data, pkt->network_at);
    len += pkt->network_at;
    m->used += (len + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
    frame->data = room;
    frame->block = m->block;
    frame->wire = len;
    frame->captured = len < FRAME_MAX ? len : FRAME_MAX;
    if (len > FRAME_MAX)
        frame->flags |= FRAME_OVERLONG;
    return MIRROR_WHOLE;
}

void mirror_end(struct mirror *m)
{
    struct defrag d = defrag_of(m);
    defrag_end(&d);
}

size_t mirror_bytes(const struct mirror *m)
{
    return sizeof *m + shard_pool_bytes(&m->pools.datagrams) +
           shard_pool_bytes(&m->pools.fragments) + block_pool_bytes(&m->blocks);
}

struct mirror_counts mirror_counts(const struct mirror *m)
{
    return m->counts;
}
