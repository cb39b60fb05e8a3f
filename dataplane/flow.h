/* Flows: both directions of a conversation, per shard, with exact expiry in event time.
 *
 * A shard's flows are bounded by its budget; the one idle longest makes room (least recently used
 * in the shard's own order). No DPDK here. Owner: the shard's worker.
 */
#ifndef DATAPLANE_FLOW_H
#define DATAPLANE_FLOW_H

#include "base/timers.h"
#include "base/vocabulary.h"
#include "dataplane/event.h"
#include "dataplane/packet.h"
#include "dataplane/reassembly.h"
#include "rules/matcher.h"

/* The two ends in the order of (address, port), so that both directions have one key. */
struct flow_key {
    struct address low, high;
    uint16_t low_port, high_port;
    uint16_t vlan;
    uint8_t transport, tunnels;
};
static_assert(sizeof(struct flow_key) == 40, "hashed and compared as bytes");

enum flow_fate { ATTEMPT_NONE, ATTEMPT_OPEN, ATTEMPT_DONE };
enum app_state { APP_UNDECIDED, APP_PARSED, APP_OPAQUE };

/* One direction: packets from the low end (0) or from the high end (1). */
struct flow_side {
    struct stream_side stream;
    uint32_t window;    /* handle of its stream window, POOL_NONE */
    uint32_t first_seq; /* of its SYN or of its first data */
    uint32_t data_end;  /* behind the last byte of data sent, or its FIN */
    uint32_t probed;    /* bytes that probing has seen */
    uint32_t again_seq; /* of the first byte behind a SYN that came while it talked, and when */
    int64_t again_ns;
    bool seen, has_data, syn, syn_acked, fin, again;
    bool acked_other;   /* it acknowledged data of the other end */
    bool answered;      /* UDP: the other end sent after it */
    bool answered_back; /* UDP: it sent again after the other end's answer */
};

/* At most 768 bytes. */
struct flow {
    uint32_t chain;        /* next in the hash bucket; used by the pool while free */
    uint32_t newer, older; /* by last packet */
    uint32_t hash;
    struct flow_key key;
    uint64_t id;
    int64_t last_ns;
    int64_t idle_at, attempt_at, app_at; /* deadlines, INT64_MAX none */
    int64_t timer_at; /* what the shard's timer is set to: never later than the earliest of these */
    int64_t attempt_began;
    /* Packets whose stamp went back: what began until late_at may have begun late_ns earlier. */
    int64_t late_at;
    uint64_t late_ns;
    struct flow_side side[2];
    uint8_t client;  /* which side asks; what is known of it is in role */
    uint8_t role;    /* enum role */
    uint8_t attempt; /* enum flow_fate */
    uint8_t app;     /* enum app_state */
    uint8_t parser;  /* in proto_parsers */
    bool handshake, closed, gaps;
    uint32_t app_item; /* parser's state, POOL_NONE */
    struct match_flow match;
    /* Counted only where ends of flows are written down. */
    struct flow_traffic traffic[2]; /* by side */
    int64_t start_ns;
    bool alerted;
};
static_assert(sizeof(struct flow) <= 768, "an idle flow without windows");

struct flow_pools {
    struct shard_pool flows;
    uint64_t hash_seed;
};

#define FLOW_BUCKETS 4096

struct flow_shard {
    struct pool_share share;
    uint32_t buckets[FLOW_BUCKETS]; /* flow + 1, 0 none */
    uint32_t newest, oldest;
    uint64_t next_id;
    struct timers *timers; /* one a flow */
};

/* flow_shard_init: number is the shard's; no two flows of the shards of an engine have one id. */
int flow_shard_init(struct flow_shard *s, const struct flow_pools *pools, unsigned number);
void flow_shard_free(struct flow_shard *s);
static inline struct flow *flow_at(const struct flow_pools *pools, const struct flow_shard *s,
                                   uint32_t item)
{
    return pool_at(&pools->flows, &s->share, item);
}

/* Fetching ahead: memory that flow_find and flow_touch of a packet will need, in steps that each
 * need what the step before fetched; so each is for all packets of a burst before the next. Nothing
 * changes. */
#define FLOW_FETCH_STEPS 4
void flow_fetch(const struct flow_pools *pools, const struct flow_shard *s, uint32_t hash,
                unsigned step);

/* flow_key_of: the key of a packet; returns the side that sent it. */
unsigned flow_key_of(const struct packet *pkt, struct flow_key *key);
/* flow_find: the flow's number, POOL_NONE. flow_make: a fresh one; POOL_NONE when the budget is
 * used up (flow_oldest then says which to end). */
uint32_t flow_find(const struct flow_pools *pools, const struct flow_shard *s,
                   const struct flow_key *key, uint32_t hash);
uint32_t flow_hash(const struct flow_pools *pools, const struct flow_key *key);
uint32_t flow_make(struct flow_pools *pools, struct flow_shard *s, const struct flow_key *key,
                   uint32_t hash);
void flow_drop(struct flow_pools *pools, struct flow_shard *s, uint32_t item);
void flow_touch(const struct flow_pools *pools, struct flow_shard *s, uint32_t item);
/* flow_arm: make sure that the timer fires no later than the flow's earliest deadline. */
void flow_arm(struct flow_shard *s, struct flow *f, uint32_t item);
int64_t flow_deadline(const struct flow *f);

#endif
