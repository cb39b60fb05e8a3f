/* The engine's parts that use DPDK: feeder and workers. Not for other modules. */
#ifndef DATAPLANE_ENGINE_PARTS_H
#define DATAPLANE_ENGINE_PARTS_H

#include "base/watermark.h"
#include "dataplane/capture.h"
#include "dataplane/engine.h"
#include "dataplane/line.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#define PORT_RING 1024

/* The private area of an mbuf: what is known of its packet, and the external buffer's bookkeeping.
 */
struct mbuf_private {
    struct packet pkt;
    struct rte_mbuf_ext_shared_info shared;
};
static inline struct mbuf_private *mbuf_private(struct rte_mbuf *m)
{
    return rte_mbuf_to_priv(m);
}

/* A net_ring port: what the feeder sends out is what the worker receives. */
struct port {
    struct rte_ring *ring;
    uint16_t id;
    bool open;
};

/* One worker. Owner: its thread; the port is shared with the feeder as rings are. */
struct worker {
    struct engine *engine;
    unsigned number;
    struct port port;
    struct line *line;
    struct order reached; /* its own watermark */
    uint64_t decode_ticks, correlate_ticks;
    pthread_t thread;
    bool started;
};

/* Where the source is: written by the feeder after the packets are queued, read by workers. */
struct source_position {
    struct watermark queued; /* everything up to here is in the rings */
    atomic_bool ended;
};

struct engine {
    struct engine_config config;
    struct merge *merge;
    struct intake *intake;
    struct rte_mempool *mbufs;
    struct line_pools pools;
    struct rule_carry *carries[CORRELATOR_POLICIES_MAX]; /* i: from policy i to i + 1 */
    struct worker *workers;
    struct source_position source;
    struct order fed; /* the feeder's own copy */
    uint64_t source_packets, source_bytes, source_ticks;
    size_t memory_bytes;
    double seconds;
    uint64_t ticks_hz;
};

/* port.c */
int port_open(struct port *port, unsigned number, struct rte_mempool *mbufs, struct diags *diags);
void port_close(struct port *port);
uint64_t port_received(const struct port *port);

/* feeder.c: read up to a burst and hand it to the ports. False at the end of input. */
/* feeder_wait: let the workers go on for a moment. */
void feeder_wait(void *engine);
bool feeder_pump(struct engine *e, struct diags *diags);

/* worker.c */
/* worker_poll: one burst from the port; true when there was something to do. */
bool worker_poll(struct worker *w);
/* worker_run: poll until the input has ended and all is done. */
void worker_run(struct worker *w);
/* worker_event: hand an event on, however long that takes. */
void worker_event(void *ctx, const struct line_event *event);
/* worker_finish: the port is empty and the input has ended: end what is open and see correlation
 * through. */
void worker_finish(struct worker *w);

#endif
