/* A worker: bursts from its port through decode and the line, its watermark, its turn as owner. */
#include "dataplane/engine_parts.h"

#include "dataplane/decode.h"

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include <sched.h>

#define SPINS_BEFORE_YIELD 16

static uint64_t ticks(const struct worker *w)
{
    return w->engine->config.time_stages ? rte_rdtsc() : 0;
}

static void work(struct worker *w, struct rte_mbuf **burst, uint16_t n)
{
    struct line_stats *stats = line_stats(w->line);
    const struct packet *pkts[BURST_MAX];
    struct line_look looks[BURST_MAX];
    uint64_t start = ticks(w);
    for (uint16_t i = 0; i < n; i++)
        rte_prefetch0(rte_pktmbuf_mtod(burst[i], const void *));
    for (uint16_t i = 0; i < n; i++) {
        decode_network(&mbuf_private(burst[i])->pkt, rte_pktmbuf_mtod(burst[i], const uint8_t *),
                       burst[i]->data_len);
        stats->counters.bytes_captured += burst[i]->data_len;
        pkts[i] = &mbuf_private(burst[i])->pkt;
    }
    w->decode_ticks += ticks(w) - start;
    line_fetch(w->line, pkts, looks, n);
    for (uint16_t i = 0; i < n; i++) {
        const struct packet *pkt = pkts[i];
        line_packet(w->line, pkt, rte_pktmbuf_mtod(burst[i], const uint8_t *), &looks[i]);
        w->reached = order_of(pkt->t, pkt->input, pkt->seq, UINT64_MAX);
    }
    for (uint16_t i = 0; i < n; i++)
        rte_pktmbuf_free(burst[i]);
}

static void events_reached(const struct worker *w, struct order mark)
{
    const struct engine_events *events = &w->engine->config.events;
    if (events->take)
        events->reached(events->ctx, w->number, mark);
}

/* The mark goes before everything that may wait, for an event's place as well as for an
 * observation's: events are taken in the one order, so whoever waits must not hold up those that
 * are in front of it. And who waits here goes on as owner, because another worker may wait for
 * that. So of all workers that wait, the one at the smallest place can always go on. */
void worker_event(void *ctx, const struct line_event *event)
{
    struct worker *w = ctx;
    const struct engine_events *events = &w->engine->config.events;
    struct correlator *c = w->engine->config.correlator;
    struct order before = order_before(event->obs.order);
    events_reached(w, before);
    while (!events->take(events->ctx, w->number, event)) {
        line_stats(w->line)->counters.event_waits++;
        correlator_watermark(c, w->number, before);
        correlator_turn(c, w->number);
        sched_yield();
    }
}

/* publish: say how far this worker is, and take its turn as owner. */
static size_t publish(struct worker *w)
{
    uint64_t start = ticks(w);
    events_reached(w, w->reached);
    correlator_watermark(w->engine->config.correlator, w->number, w->reached);
    size_t n = correlator_turn(w->engine->config.correlator, w->number);
    w->correlate_ticks += ticks(w) - start;
    return n;
}

bool worker_poll(struct worker *w)
{
    struct rte_mbuf *burst[BURST_MAX];
    /* The position first: an empty port then means that all up to it was received. */
    struct order queued = watermark_read(&w->engine->source.queued);
    uint16_t n = rte_eth_rx_burst(w->port.id, 0, burst, (uint16_t)w->engine->config.burst);
    if (n) {
        work(w, burst, n);
        publish(w);
        return true;
    }
    bool moved = order_less(&w->reached, &queued);
    if (moved) {
        line_expire(w->line, queued.t);
        w->reached = queued;
    }
    return publish(w) != 0 || moved;
}

void worker_finish(struct worker *w)
{
    struct correlator *c = w->engine->config.correlator;
    struct order last =
        w->engine->source_packets ? watermark_read(&w->engine->source.queued) : (struct order){0};
    line_finish(w->line, last.t);
    events_reached(w, ORDER_MAX);
    correlator_watermark(c, w->number, ORDER_MAX);
    while (correlator_turn(c, w->number) || !correlator_done(c, w->number))
        sched_yield();
}

void worker_run(struct worker *w)
{
    unsigned idle = 0;
    for (;;) {
        /* The flag is set after the last packet is queued, so what it announces is in the port by
         * now. */
        bool ended = atomic_load_explicit(&w->engine->source.ended, memory_order_acquire);
        if (worker_poll(w))
            idle = 0;
        else if (ended)
            break;
        else if (++idle > SPINS_BEFORE_YIELD)
            sched_yield();
    }
    worker_finish(w);
}
