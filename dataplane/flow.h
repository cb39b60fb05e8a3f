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
#include "dataplane/flow_key.h"
#include "dataplane/reassembly.h"
#include "rules/matcher.h"

#include <stddef.h>

enum flow_fate { ATTEMPT_NONE, ATTEMPT_OPEN, ATTEMPT_DONE };
/* APP_AGAIN: it was parsed, and another protocol begins, not known yet; APP_OVER: it was parsed,
 * and what follows is of no interest. */
enum app_state { APP_UNDECIDED, APP_PARSED, APP_AGAIN, APP_OVER, APP_OPAQUE };

/* What a flow may wait for before it is over; rows: suffix, seconds without a packet. */
#define FLOW_IDLE(X) \
    X(UNSET, 0)      \
    X(CLOSED, 10)    \
    X(NEW, 60)       \
    X(UDP, 300)      \
    X(TCP, 3600)
enum flow_idle {
#define X(s, seconds) IDLE_##s,
    FLOW_IDLE(X)
#undef X
};

/* Of one direction, that of packets from the low end (0) or from the high end (1): what it has
 * shown, and where its bytes are. */
struct flow_shown {
    bool seen : 1, has_data : 1, syn : 1, syn_acked : 1, fin : 1, again : 1;
    bool acked_other : 1;   /* it acknowledged data of the other end */
    bool answered : 1;      /* UDP: the other end sent after it */
    bool answered_back : 1; /* UDP: it sent again after the other end's answer */
};
struct flow_side {
    _Alignas(64) struct stream_side stream;
    int64_t again_ns; /* when a SYN came while it talked, and its first byte */
    uint32_t again_seq;
    uint32_t window;    /* handle of its stream window, POOL_NONE */
    uint32_t first_seq; /* of its SYN or of its first data */
    uint32_t data_end;  /* behind the last byte of data sent, or its FIN */
};

/* In the order of use: what a look-up needs, what every packet needs, what few need. */
struct flow {
    struct flow_key key; /* the pool's while free */
    uint64_t used : 56;  /* when the shard took its last packet, in packets of flows */
    uint64_t idle : 8;   /* enum flow_idle: how long after last_ns it is over */
    int64_t last_ns;

    int64_t attempt_at, app_at; /* further deadlines, INT64_MAX none */
    int64_t timer_at; /* what the shard's timer is set to: never later than the earliest of these */
    uint32_t app_item; /* parser's state, POOL_NONE: it is in app_small, or there is none */
    uint8_t client;    /* which side asks; what is known of it is in role */
    uint8_t role;      /* enum role */
    uint8_t attempt;   /* enum flow_fate */
    uint8_t app;       /* enum app_state */
    uint8_t parser;    /* in proto_parsers */
    bool handshake, closed, gaps, alerted;
    struct flow_shown shown[2];
    uint16_t probed[2]; /* bytes of each side that probing has seen */
    bool opaque[2];     /* what a side sends from here on is encrypted */
    int64_t attempt_began;
    uint64_t id;
    struct flow_side side[2];

    struct flow *before, *behind; /* in its list by use, and which one that is */
    uint32_t use_list;
    uint32_t item; /* its number in its shard */
    uint64_t hash;
    uint32_t slot, chain; /* see flow_table.h */
    int64_t start_ns;
    /* Packets whose stamp went back: what began until late_at may have begun late_ns earlier. */
    int64_t late_at;
    uint64_t late_ns;
    uint64_t app_small; /* a parser's state that fits here */
    struct match_flow match;
    struct flow_traffic traffic[2]; /* by side; counted only where ends of flows are written down */
};
static_assert(offsetof(struct flow, attempt_at) == 64 && offsetof(struct flow, side) == 128 &&
                  sizeof(struct flow_side) == 64,
              "what a packet needs begins at lines of the cache");
static_assert(sizeof(struct flow) <= 768, "an idle flow without windows");

struct flow_pools {
    struct shard_pool flows;
    uint64_t hash_seed;
};

#define FLOW_USE_LISTS 64

struct flow_shard {
    struct pool_share share;
    struct timers *timers; /* one a flow */
    uint64_t next_id;
    uint64_t uses, use_base;
    uint64_t use_lists; /* a bit for each that is not empty */
    struct flow *by_use[FLOW_USE_LISTS];
};

/* flow_shard_init: number is the shard's; no two flows of the shards of an engine have one id. 0,
 * ERR_NOMEM. */
int flow_shard_init(struct flow_shard *s, const struct flow_pools *pools, unsigned number);
void flow_shard_free(struct flow_shard *s);

static inline struct flow *flow_at(const struct flow_pools *pools, const struct flow_shard *s,
                                   uint32_t item)
{
    return pool_at(&pools->flows, &s->share, item);
}

/* flow_hash: of a key, with the pools' secret. */
static inline uint64_t flow_hash(const struct flow_pools *pools, const struct flow_key *key)
{
    return flow_key_hash(key, pools->hash_seed);
}
static inline bool flow_key_is(const struct flow *f, const struct flow_key *key)
{
    return flow_keys_same(&f->key, key);
}

/* flow_make: a fresh one, used last; NULL when the budget is used up (flow_oldest then says which
 * to end). It is in no table yet. flow_drop: it is in no table any more. */
struct flow *flow_make(struct flow_pools *pools, struct flow_shard *s, const struct flow_key *key,
                       uint64_t hash);
void flow_drop(struct flow_pools *pools, struct flow_shard *s, struct flow *f);

/* flow_touch: used last. flow_oldest: of all flows the one that was used before the others, NULL.
 */
static inline void flow_touch(struct flow_shard *s, struct flow *f)
{
    f->used = ++s->uses;
}
struct flow *flow_oldest(struct flow_shard *s);

/* flow_idle_at: when it is over if no packet comes; INT64_MAX while that is unset. flow_deadline:
 * the earliest of all. flow_arm: make sure that the timer fires no later than that; needed where a
 * deadline came nearer. */
int64_t flow_idle_at(const struct flow *f);
int64_t flow_deadline(const struct flow *f);
void flow_arm(struct flow_shard *s, struct flow *f);

#endif
