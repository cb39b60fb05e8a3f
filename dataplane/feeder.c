/* The feeder: frames of the captures as mbufs, through the port of the worker that owns their
 * shard.
 *
 * An mbuf's data is the mapped file itself, or the block that the frame was unpacked into (an
 * external buffer); its bookkeeping lies in the mbuf's private area, so nothing is allocated and
 * neither is written to. A block is held until the last mbuf that shows a part of it is freed
 * (block.c has the argument why one comes back). After a burst is queued the feeder publishes the
 * place it has come to; a worker that then finds its port empty has seen all up to there.
 */
#include "dataplane/engine_parts.h"

#include "dataplane/decode.h"

#include <rte_cycles.h>

#include <sched.h>
#include <string.h>

static void release_block(void *addr, void *block)
{
    (void)addr;
    block_release(block);
}

void feeder_wait(void *engine)
{
    struct engine *e = engine;
    if (e->config.workers == 1)
        worker_poll(&e->workers[0]);
    else
        sched_yield();
}

/* make_mbuf: wait for one if need be: workers give them back, and hold fewer than there are. */
static struct rte_mbuf *make_mbuf(struct engine *e)
{
    struct rte_mbuf *m;
    while (!(m = rte_pktmbuf_alloc(e->mbufs)))
        feeder_wait(e);
    return m;
}

static void fill(struct rte_mbuf *m, const struct frame *frame, uint32_t input, uint64_t seq,
                 uint8_t flags)
{
    struct mbuf_private *private = mbuf_private(m);
    block_keep(frame->block);
    private->shared.free_cb = release_block;
    private->shared.fcb_opaque = frame->block;
    rte_mbuf_ext_refcnt_set(&private->shared, 1);
    rte_pktmbuf_attach_extbuf(m, (void *)(uintptr_t)frame->data, RTE_BAD_IOVA,
                              (uint16_t)frame->captured, &private->shared);
    m->data_len = (uint16_t)frame->captured;
    m->pkt_len = frame->captured;
    struct packet *pkt = &private->pkt;
    intake_packet(pkt, frame, input, seq, flags);
    decode_link(pkt, frame->data, frame->captured);
}

static void transmit(struct engine *e, unsigned worker, struct rte_mbuf **burst, uint16_t n)
{
    uint16_t sent = 0;
    while (sent < n) {
        sent += rte_eth_tx_burst(e->workers[worker].port.id, 0, burst + sent, n - sent);
        if (sent < n)
            feeder_wait(e);
    }
}

bool feeder_pump(struct engine *e, struct diags *diags)
{
    struct rte_mbuf *burst[CORRELATOR_WORKERS_MAX][BURST_MAX];
    uint16_t n[CORRELATOR_WORKERS_MAX] = {0};
    uint64_t start = e->config.time_stages ? rte_rdtsc() : 0;
    unsigned taken = 0;
    struct frame frame;
    uint32_t input;
    uint64_t seq;
    int got = 1;
    while (taken < e->config.burst) {
        bool stop = e->config.stop && atomic_load_explicit(e->config.stop, memory_order_relaxed);
        got = stop ? 0 : merge_next(e->merge, &frame, &input, &seq, diags);
        if (got != 1)
            break;
        e->source_packets++;
        e->source_bytes += frame.captured;
        e->fed = order_of(frame.t, input, seq, UINT64_MAX);
        taken++;
        uint8_t flags = 0;
        if (!intake_takes(e->intake, &frame, input, &flags))
            continue;
        struct rte_mbuf *m = make_mbuf(e);
        fill(m, &frame, input, seq, flags);
        unsigned worker = mbuf_private(m)->pkt.shard % e->config.workers;
        burst[worker][n[worker]++] = m;
    }
    if (e->config.time_stages)
        e->source_ticks += rte_rdtsc() - start;
    for (unsigned worker = 0; worker < e->config.workers; worker++)
        transmit(e, worker, burst[worker], n[worker]);
    if (taken)
        watermark_publish(&e->source.queued, e->fed);
    if (got == 0)
        atomic_store_explicit(&e->source.ended, true, memory_order_release);
    else if (taken == 0)
        sched_yield(); /* a block is held by a worker, or a pipe is slow */
    return got != 0;
}
