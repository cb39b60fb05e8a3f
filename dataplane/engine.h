/* The engine: sources, ports, workers and their line from packet to observation.
 *
 * One EAL per process (engine_eal_start), many engines inside it, one after the other. The engine
 * borrows policies and correlator; it owns ports, pools, flows and threads.
 *
 * Threads: the caller's thread reads the captures and feeds the workers' net_ring ports (with one
 * worker it also runs that worker, burst by burst); each further worker is a thread of its own,
 * pinned while there are cores enough.
 */
#ifndef DATAPLANE_ENGINE_H
#define DATAPLANE_ENGINE_H

#include "correlate/correlator.h"
#include "dataplane/event.h"
#include "dataplane/intake.h"
#include "dataplane/link_type.h"
#include "dataplane/packet.h"
#include "rules/matcher.h"

#include <stdatomic.h>

/* Every way a packet or byte can end without being inspected, and what else is worth counting.
 * Rows: name, unit, "drop" or "count", text. */
#define ENGINE_COUNTERS(X)                                                                         \
    X(packets, "packets", "count", "taken from the ports")                                         \
    X(bytes_captured, "bytes", "count", "of these packets")                                        \
    X(bytes_wire, "bytes", "count", "they had on the wire")                                        \
    X(time_back, "packets", "count", "whose stamp went back; processed at the time reached")       \
    X(packets_cut, "packets", "count", "of which less is there than was on the wire")              \
    X(packets_overlong, "packets", "drop", "longer than 65,535 bytes; what is behind is left out") \
    X(filtered, "packets", "drop", "left out by the filter, before the ports")                     \
    X(stripped, "packets", "count", "taken out of the transport that mirrored them")               \
    X(mirror_fragments, "fragments", "count",                                                      \
      "of IP that may carry a tunnel to be stripped: made whole before the ports")                 \
    X(mirror_datagrams, "datagrams", "count", "made whole of these")                               \
    X(mirror_incomplete, "datagrams", "drop",                                                      \
      "of these, of which parts were missing after 60 s, at the end, or when room was needed")     \
    X(fcs, "packets", "count", "whose frame check sequence was told of and left out")              \
    X(fragments, "fragments", "count", "of IP packets")                                            \
    X(fragments_overlap, "fragments", "count",                                                     \
      "that overlap others: the bytes of the one that begins first count")                         \
    X(fragments_bad, "fragments", "drop",                                                          \
      "that can be part of no datagram: cut, empty, too long, of a wrong length")                  \
    X(fragments_full, "fragments", "drop",                                                         \
      "for which there was no room in their datagram or shard")                                    \
    X(datagrams, "datagrams", "count", "made whole from fragments")                                \
    X(datagrams_incomplete, "datagrams", "drop",                                                   \
      "of which parts were missing after 60 s, or at the end")                                     \
    X(datagrams_evicted, "datagrams", "drop",                                                      \
      "given up because their shard was full: the oldest one")                                     \
    X(flows, "flows", "count", "made")                                                             \
    X(flows_home, "flows", "count", "of these with an end in $HOME_NET")                           \
    X(flows_expired, "flows", "count", "ended by their time-out or close")                         \
    X(flows_evicted, "flows", "drop", "ended because their shard was full: the one idle longest")  \
    X(payload_tcp, "bytes", "count", "of TCP payload")                                             \
    X(payload_udp, "bytes", "count", "of UDP payload")                                             \
    X(stream_bytes, "bytes", "count", "delivered in order")                                        \
    X(stream_duplicate, "bytes", "drop", "sent again and already delivered")                       \
    X(stream_reset, "bytes", "drop",                                                               \
      "that came with a reset: a reason in words, no part of the stream")                          \
    X(stream_held, "segments", "count", "that came before their turn and were kept")               \
    X(stream_hold_full, "segments", "drop",                                                        \
      "that could not be kept: the shard's room was used up")                                      \
    X(stream_gaps, "gaps", "count", "in streams: bytes that never came")                           \
    X(stream_gap_bytes, "bytes", "drop", "that never came")                                        \
    X(stream_window_full, "bytes", "drop", "not matched as stream: no room for a window")          \
    X(app_bytes, "bytes", "count", "given to protocol parsers")                                    \
    X(hits, "hits", "count", "rules that matched")                                                 \
    X(attempts, "attempts", "count", "to reach an address")                                        \
    X(commands, "commands", "count", "of control protocols")                                       \
    X(sessions, "sessions", "count", "that began or were refused, of protocols that log in")       \
    X(anomalies, "anomalies", "count", "in protocols")                                             \
    X(icmp_errors, "errors", "count", "of ICMP, on packets of somebody else")                      \
    X(observations, "observations", "count", "handed to correlation")                              \
    X(app_state_full, "flows", "drop", "not parsed: no room for the parser's state")               \
    X(app_room_full, "messages", "drop", "not parsed: no room to keep them until they are whole")  \
    X(pair_bits_full, "bits", "drop", "of pairs of addresses, set by rules: no room")              \
    X(event_waits, "waits", "count", "a worker found no room for an event: its writer was behind")
struct engine_counters {
#define X(name, unit, what, text) uint64_t name;
    ENGINE_COUNTERS(X)
#undef X
};

/* Stages whose cost is kept when timing is on; rows: suffix, name. */
#define ENGINE_STAGES(X)  \
    X(SOURCE, "source")   \
    X(DECODE, "decode")   \
    X(FLOW, "flow")       \
    X(STREAM, "stream")   \
    X(APP, "app")         \
    X(MATCH, "match")     \
    X(OBSERVE, "observe") \
    X(CORRELATE, "correlate")
enum engine_stage {
#define X(s, n) STAGE_##s,
    ENGINE_STAGES(X)
#undef X
        STAGE_COUNT
};

/* What can change what is found: part of the policy, in the order of names. Of what is "in all",
 * one shard gets a sixteenth at most. Rows: member, name, default, text. */
#define ENGINE_LIMITS(X)                                                                           \
    X(app_states, "app-states", 65536, "states of protocol parsers in all")                        \
    X(body_depth, "body-depth", 102400, "bytes of a message's body that are matched; 0: no limit") \
    X(datagrams, "datagrams", 16384, "datagrams in fragments in all")                              \
    X(flows, "flows", 262144, "flows in all")                                                      \
    X(fragments, "fragments", 16384, "pieces of fragments in all")                                 \
    X(hold_segments, "hold-segments", 16384, "pieces of out-of-order segments in all")             \
    X(rooms, "rooms", 8192, "messages that have not come whole, in all")                           \
    X(stream_depth, "stream-depth", 1048576,                                                       \
      "bytes of a stream's direction that are matched; 0: no limit")                               \
    X(unpackers, "unpackers", 1024, "packed bodies under way, in all")                             \
    X(windows, "windows", 16384, "windows of streams and bodies in all")
struct engine_limits {
#define X(member, name, value, text) uint32_t member;
    ENGINE_LIMITS(X)
#undef X
    struct intake_config intake;
};
struct engine_limits engine_default_limits(void);
/* engine_limits_set: "name=number". ERR_NOT_FOUND: no such name; ERR_RANGE: no number from 0 to
 * 2^31. */
int engine_limits_set(struct engine_limits *limits, const char *word);

/* What packets are inspected by from a time on. */
struct engine_policy {
    int64_t from_ns;                 /* of the first, anything; then ascending */
    const struct rule_set *rules;    /* may hold no rules */
    const struct host_lookup *hosts; /* for coverage; NULL without an accord */
    int64_t coverage_interval_ns;
};

/* Who takes events. threads: each call is on the thread of that worker.
 *   take     false: no room yet; the worker waits, does its part of correlation, and asks again
 *   reached  all later events of this worker are greater */
struct engine_events {
    void *ctx;
    bool (*take)(void *ctx, unsigned worker, const struct line_event *event);
    void (*reached)(void *ctx, unsigned worker, struct order mark);
};

struct engine_config {
    unsigned workers;            /* 1 to 64 */
    unsigned burst;              /* packets, 1 to 64; 0: 32 */
    const char *const *captures; /* paths of files, pipes and folders; "-" */
    const uint8_t
        *points; /* of each capture's observation point, 1 to POINTS_MAX; NULL: not told */
    size_t n_captures;
    const struct engine_policy *policies;
    unsigned n_policies;           /* 1 to CORRELATOR_POLICIES_MAX; the correlator's are the same */
    struct correlator *correlator; /* for the same number of workers */
    uint64_t clock_error_ns;       /* TIME_ERROR_UNKNOWN unless stated */
    struct engine_limits limits;
    struct engine_events events; /* take: NULL where nobody does */
    bool time_stages;            /* keep the cost of each stage (costs time itself) */
    const atomic_bool *stop;     /* set by a signal handler: stop reading, process what was read */
    /* Called about ten times a second by the caller's thread, between bursts. A pipe's size is what
     * came. */
    void (*progress)(void *ctx, uint64_t position, uint64_t size, uint64_t packets);
    void *progress_ctx;
};

struct engine;

/* engine_eal_start: start EAL with arguments that suit this machine (without hugepages if need be).
 * Once a process, before threads are made. memory_mb: what the pools of the largest engine need. */
int engine_eal_start(unsigned memory_mb, struct diags *diags);
void engine_eal_stop(void);

/* engine_open: ERR_RANGE for more captures than an order can number (ORDER_INPUTS_MAX) or more
 * policies than correlation has; ERR_NOMEM, ERR_INTERNAL, and what opening captures returns.
 *   config   copied; what it points to outlives the engine */
int engine_open(struct engine **out, const struct engine_config *config, struct diags *diags);
/* engine_run: feed everything and return when all workers have reached the end of input and the
 * correlator is done with every owner. 0, or ERR_TRUNCATED etc. when an input broke: what was read
 * is processed. */
int engine_run(struct engine *e, struct diags *diags);
void engine_close(struct engine *e);

/* What happened, summed over workers; exact when engine_run has returned. */
struct engine_stats {
    struct engine_counters counters;
    uint64_t verdicts[DECODE_VERDICT_COUNT];    /* packets by decode verdict */
    uint64_t layers[PACKET_LAYER_COUNT];        /* frames by layer */
    uint64_t linktypes[LINK_TYPES_NAMED_COUNT]; /* frames that were not decoded, by link type */
    uint64_t commands[PROTOCOL_COUNT][OPERATION_COUNT][OUTCOME_COUNT];
    uint64_t sessions[PROTOCOL_COUNT][OUTCOME_COUNT];
    uint64_t anomalies[PROTOCOL_COUNT];
    struct matcher_stats matcher;
    uint64_t port_packets;                 /* sum of the ports' own counters */
    uint64_t source_packets, source_bytes; /* read from the captures */
    unsigned inputs, broken_inputs;
    int64_t first_ns, last_ns;      /* event time */
    uint64_t stage_ns[STAGE_COUNT]; /* when time_stages */
    bool budget_total_reached;      /* the run is not reproducible */
    size_t memory_bytes;            /* sized at start */
    double seconds;
};
void engine_stats(const struct engine *e, struct engine_stats *out);
/* engine_memory_report: what was sized at start, a line each. */
void engine_memory_report(const struct engine *e, FILE *out);

#endif
