/* What the stages of a line share. Not for other modules. */
#ifndef DATAPLANE_LINE_PARTS_H
#define DATAPLANE_LINE_PARTS_H

#include "dataplane/icmp_error.h"
#include "dataplane/line.h"

#include <x86intrin.h>

/* Look-back that a window keeps for a match that ends in the next bytes, and room for new ones. */
#define WINDOW_LOOK_BACK 2560
#define WINDOW_BYTES     MATCH_WINDOW

#define PAIR_BITS 1024 /* of a shard; bits beyond are not set, and counted */

struct stream_window {
    uint32_t pool_link; /* used by the pool while free */
    uint32_t len;       /* bytes in data */
    uint64_t at;        /* stream offset of data[0] */
    uint8_t data[WINDOW_BYTES];
};

/* What a flow has while a parser follows it. */
struct app_item {
    /* Of bodies, by enum proto_direction; of messages and of files in them, which come by turns;
     * handles, POOL_NONE. */
    uint32_t windows[2][2];
    uint32_t rooms[PROTO_ROOM_COUNT];
    struct match_message match[2];
    _Alignas(16) uint8_t state[PROTO_STATE_MAX];
};

/* Per shard: what belongs to it of every pool, and its place among the shards that wait. */
struct line_shard {
    struct flow_shard flow;
    struct defrag_shard defrag;
    struct pool_share segments, windows, app_states, rooms, unpackers;
    struct pair_bits *pair_bits; /* NULL where no policy's rules have any */
};

/* The flow and packet that the stages are at; set while one packet or timer is worked on. */
struct moment {
    struct order order; /* of the next observation; index counts */
    int64_t seen_ns;    /* when what is looked at was seen: earlier for bytes that had to wait */
    const struct packet *pkt; /* NULL for timers */
    const uint8_t *data;
    const struct line_look *look; /* of the packet, NULL */
    struct line_shard *shard;
    struct flow *flow;
    unsigned side;    /* that sends */
    bool matched;     /* the packet itself has been to the matcher */
    bool established; /* before this packet: both ends had talked */
    bool held;        /* the packet is a fragment that waits for others */
};

struct line {
    struct line_config config;
    struct flow_table flows;
    struct line_shard *shards[SHARDS];                 /* NULL for those of other lines */
    struct timers *waiting;                            /* one a shard: its earliest deadline */
    int64_t shard_next[SHARDS];                        /* what `waiting` is set to */
    unsigned generation;                               /* the policy in force */
    struct matcher *matchers[CORRELATOR_POLICIES_MAX]; /* one a policy */
    struct moment now;
    uint8_t *whole; /* room for a datagram that was made whole */
    struct line_stats stats;
    enum engine_stage stage; /* the one whose time is running, and since when */
    uint64_t stage_since;
    /* Coverage of the interval under way. */
    int64_t coverage_from, coverage_to; /* to: INT64_MAX: nothing counted */
    uint64_t (*coverage)[COVERAGE_COUNT];
    uint32_t assets;
};

/* In force now. */
static inline const struct engine_policy *policy_now(const struct line *line)
{
    return &line->config.policies[line->generation];
}
static inline struct matcher *matcher_now(const struct line *line)
{
    return line->matchers[line->generation];
}
/* When the next one is, INT64_MAX: never. */
static inline int64_t policy_until(const struct line *line)
{
    return line->generation + 1 < line->config.n_policies
               ? line->config.policies[line->generation + 1].from_ns
               : INT64_MAX;
}

/* stage_enter: from here on time counts for this stage; returns the one before, to go back to. So
 * each tick counts once, however stages call each other. */
static inline enum engine_stage stage_enter(struct line *line, enum engine_stage stage)
{
    enum engine_stage before = line->stage;
    if (line->config.time_stages) {
        uint64_t now = __rdtsc();
        line->stats.stage_ticks[before] += now - line->stage_since;
        line->stage_since = now;
        line->stage = stage;
    }
    return before;
}

static inline const struct address *side_address(const struct flow *f, unsigned side)
{
    return side ? &f->key.high : &f->key.low;
}
static inline uint16_t side_port(const struct flow *f, unsigned side)
{
    return side ? f->key.high_port : f->key.low_port;
}

/* contact.c: what is known of both ends having talked, who asks, attempts. */
enum contact flow_contact(const struct flow *f);
bool flow_established(const struct flow *f);
void contact_tcp(struct line *line);
/* contact_syn: a side sent a SYN; first_seq is that of its first byte. */
void contact_syn(struct flow *f, unsigned side, uint32_t first_seq, int64_t t);
/* contact_begins_anew: a TCP packet begins a conversation in the place of one that is over: a SYN
 * after the close, or the answer to a SYN that came while it talked. */
bool contact_begins_anew(const struct flow *f, const struct packet *pkt, unsigned side);
void contact_udp(struct line *line);
void attempt_unanswered(struct line *line);

/* flow_protocol: enum protocol, as far as a parser recognised it. */
static inline uint8_t flow_protocol(const struct flow *f)
{
    bool known = f->app != APP_UNDECIDED && f->app != APP_OPAQUE;
    return known ? (uint8_t)proto_parsers[f->parser]->protocol : PROTOCOL_UNKNOWN;
}

/* app_probe.c: which parser it is, by the next bytes of the moment's stream, or by a datagram; the
 * one that is found has been fed with what came before them. app_start_over: bytes are missing;
 * app_give_up: nothing will tell; app_again: a parser has given way. */
static inline bool flow_is_undecided(const struct flow *f)
{
    return f->app == APP_UNDECIDED || f->app == APP_AGAIN;
}
void app_again(struct line *line);
void app_probe(struct line *line, const uint8_t *data, uint32_t len);
void app_start_over(struct line *line);
void app_give_up(struct line *line);
/* app.c: parsers. app_begin: the moment's flow has this one; app_bytes: the next bytes are fed to
 * it. app_item_of: the moment's flow's, NULL. */
void app_begin(struct line *line, unsigned parser);
void app_bytes(struct line *line, const uint8_t *data, uint32_t len);
/* app_readable: how many of the bytes that app_bytes is given next come before what is encrypted.
 */
uint32_t app_readable(struct line *line, const uint8_t *data, uint32_t len);
void app_gap(struct line *line, uint32_t len);
void app_due(struct line *line, int64_t deadline);
void app_end(struct line *line, int64_t t, enum outcome open_requests);
struct app_item *app_item_of(struct line *line);

/* inspect.c: rules. */
void inspect_message(struct line *line, const struct proto_message *message);
void inspect_body(struct line *line, const struct proto_message *message,
                  const struct proto_body *body);
/* inspect_window_back: gives the window back, if there is one. */
void inspect_window_back(struct line *line, uint32_t *handle);
void inspect_packet(struct line *line);
/* inspect_datagram: the moment's packet is of IP and of no flow: rules see it on its own. */
void inspect_datagram(struct line *line);
/* watched.c: what a watch is shown beyond what rules see: bytes beyond the depth. */
void watched_deep(struct line *line, const struct match_input *input, const uint8_t *data,
                  uint32_t len, uint64_t at);
void watched_deep_body(struct line *line, const struct proto_message *message,
                       const struct proto_body *body, uint32_t within);
/* inspect.c: of the moment's flow and its side that sends. match_flow_now: what the flow remembers,
 * in the terms of the rules in force. */
struct match_input match_input_of(const struct line *line, bool stream);
struct match_flow *match_flow_now(struct line *line);
/* packet_header.c: of a packet that decode took as IP, a fragment or not. */
void packet_header_read(const struct packet *pkt, const uint8_t *data, struct match_header *h);
void inspect_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t);
void inspect_gap(void *ctx, uint32_t len, uint64_t at);
void inspect_end(struct line *line, int64_t t, enum outcome open_requests);

/* observe.c: observations of the moment's flow. */
void observe_late(struct flow *f, const struct packet *pkt);
void observe_hits(struct line *line, const struct hit *hits, size_t n);
void observe_attempt(struct line *line, enum outcome outcome, int64_t began);
void observe_command(struct line *line, const struct proto_command *command);
void observe_session(struct line *line, const struct proto_session *session);
/* observe_error: of the packet that an ICMP error quotes: its sender acted, whoever sent the error.
 */
void observe_error(struct line *line, const struct icmp_error *error);
void observe_anomaly(struct line *line, enum proto_anomaly anomaly);
/* observe_traffic: count the moment's packet in its flow. observe_flow_end: write down that the
 * flow is over. Only where events are taken. */
void observe_traffic(struct line *line);
void observe_flow_end(struct line *line, enum flow_end end);

/* coverage.c */
enum coverage_depth { DEPTH_NONE, DEPTH_SCANNED, DEPTH_PARSED };
int line_coverage_init(struct line *line);
void line_coverage_packet(struct line *line, const struct packet *pkt, const struct flow *flow);
/* line_coverage_flush: the interval under way is over; `last` is the last moment that may be in it.
 */
void line_coverage_flush(struct line *line, int64_t last);

#endif
