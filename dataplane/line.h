/* The line of one worker from flow to observation: decoded packets in, observations out. Run to
 * completion.
 *
 * No DPDK here. One thread owns a line and all that is in it; lines share only the pools.
 */
#ifndef DATAPLANE_LINE_H
#define DATAPLANE_LINE_H

#include "correlate/host_lookup.h"
#include "dataplane/defrag.h"
#include "dataplane/engine.h"
#include "dataplane/event.h"
#include "dataplane/flow_table.h"
#include "proto/proto.h"
#include "rules/carry.h"

/* Where observations go. */
struct line_output {
    void *ctx;
    void (*observe)(void *ctx, const struct observation *obs);
    /* What is written down; an observation comes here first. NULL: nothing is, and nothing is made.
     */
    void (*event)(void *ctx, const struct line_event *event);
};

/* Memory of all lines of an engine. */
struct line_pools {
    struct flow_pools flow;
    struct defrag_pools defrag;
    struct shard_pool segments, windows, app_states, rooms, unpackers;
};
int line_pools_init(struct line_pools *pools, const struct engine_limits *limits);
void line_pools_free(struct line_pools *pools);
bool line_pools_total_reached(const struct line_pools *pools);
size_t line_pools_bytes(const struct line_pools *pools);

struct line_config {
    unsigned worker,
        workers; /* this line has the shards that leave `worker` divided by `workers` */
    struct line_pools *pools;
    const struct engine_policy *policies;
    const struct rule_carry *const *carries; /* i: from policy i to i + 1 */
    unsigned n_policies;
    uint64_t clock_error_ns;
    uint32_t stream_depth, body_depth;
    bool time_stages;
    struct rule_watch *watch; /* NULL, or a rule that is asked of everything (rules/watch.h) */
    struct rule_cost *costs;  /* NULL, or room for what each rule of the first policy costs */
    struct line_output output;
};

struct line;

int line_create(struct line **out, const struct line_config *config, struct diags *diags);
void line_destroy(struct line *line);
size_t line_bytes(const struct line *line);

#define BURST_MAX 64 /* packets */

/* What is found out of a packet ahead of its turn; of one that goes on to a flow. The caller's,
 * used for this packet alone. */
struct line_look {
    struct flow_key key;
    struct flow *guess; /* likely its flow; NULL */
    unsigned side;      /* that sends */
};

/* line_fetch: start fetching what the decoded packets of a burst will need; n <= BURST_MAX. Nothing
 * changes. */
void line_fetch(const struct line *line, const struct packet *const *pkts, struct line_look *looks,
                unsigned n);
/* line_packet: one packet of a shard of this line, decoded; data is the frame, and is not looked at
 * after the call. look: from line_fetch; NULL: not looked ahead, which is slower and else the same.
 */
void line_packet(struct line *line, const struct packet *pkt, const uint8_t *data,
                 const struct line_look *look);
/* Where a line is: for those whom it calls while it works on a packet. */
struct line_moment {
    struct order order;
    uint64_t flow_id;
    bool has_flow, handshake, seen[2]; /* seen: who has sent: the client, the server */
    bool gaps;                         /* bytes of the flow never came */
};
struct line_moment line_moment(const struct line *line);
/* line_watched: the packet that line_packet has just taken is shown to the watch, if the watched
 * rule is not asked of packets or nobody inspected this one. */
void line_watched(struct line *line, const struct packet *pkt, const uint8_t *data);

/* line_expire: everything due by t in all shards of this line; call before a packet at t and before
 * a watermark of t. */
void line_expire(struct line *line, int64_t t);
/* line_finish: the input has ended, its last event was at `last`: what is open is observed as seen.
 */
void line_finish(struct line *line, int64_t last);

struct line_stats {
    struct engine_counters counters;
    uint64_t commands[PROTOCOL_COUNT][OPERATION_COUNT][OUTCOME_COUNT];
    uint64_t sessions[PROTOCOL_COUNT][OUTCOME_COUNT];
    uint64_t anomalies[PROTOCOL_COUNT];
    uint64_t verdicts[DECODE_VERDICT_COUNT], layers[PACKET_LAYER_COUNT];
    uint64_t linktypes[LINK_TYPES_NAMED_COUNT];
    uint64_t stage_ticks[STAGE_COUNT];
    int64_t first_ns, last_ns;
};
/* line_stats: exact between calls. Source, decode and correlate ticks are the worker's. */
struct line_stats *line_stats(struct line *line);
/* line_matcher_stats: the sum over the policies so far. */
struct matcher_stats line_matcher_stats(const struct line *line);

#endif
