/* A line under test: packets from descriptions in, observations kept. Without rules; with assets
 * where a test wants coverage. */
#ifndef TESTS_UNIT_DATAPLANE_LINE_FIXTURE_H
#define TESTS_UNIT_DATAPLANE_LINE_FIXTURE_H

#include "tests/unit/check.h"

#include "base/time_point.h"
#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "dataplane/line_parts.h"
#include "tests/unit/dataplane/frame_build.h"

#define LINES_MAX 8

/* The lines of as many workers, and what they observed in the order in which it left them. */
struct line_fixture {
    struct line_pools pools;
    struct rule_set *rules;
    struct host_lookup hosts;
    struct engine_policy policy;
    struct prefix_map *assets, *none;
    struct line *lines[LINES_MAX];
    unsigned n_lines;
    struct fixture_output {
        struct line_fixture *fixture;
        unsigned line;
    } outputs[LINES_MAX];
    struct observation *seen;
    uint8_t *seen_line;
    size_t n_seen, room;
    uint64_t seq;
    int64_t now;
    struct diags diags;
};

static inline void fixture_observe(void *ctx, const struct observation *obs)
{
    struct fixture_output *out = ctx;
    struct line_fixture *x = out->fixture;
    if (x->n_seen == x->room) {
        x->room = 2 * x->room + 64;
        x->seen = realloc(x->seen, x->room * sizeof *x->seen);
        x->seen_line = realloc(x->seen_line, x->room);
        assert_non_null(x->seen);
        assert_non_null(x->seen_line);
    }
    x->seen_line[x->n_seen] = (uint8_t)out->line;
    x->seen[x->n_seen++] = *obs;
}

/* fixture_make: flows: of the pool in all; assets: the hosts 10.0.0.1 to 10.0.0.<assets> are one
 * each, and coverage is counted by the minute. */
static inline struct line_fixture *fixture_make(unsigned lines, uint32_t flows, unsigned assets)
{
    struct line_fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    struct rule_set_config no_rules = {0};
    assert_int_equal(rule_set_build(&x->rules, &no_rules, &x->diags), 0);
    struct engine_limits limits = {
        .flows = flows,
        .datagrams = 1024,
        .fragments = 1024,
        .hold_segments = 4096,
        .windows = 1024,
        .app_states = 4096,
        .rooms = 1024,
        .unpackers = 1024,
        .stream_depth = 1048576,
    };
    assert_int_equal(line_pools_init(&x->pools, &limits), 0);
    x->assets = prefix_map_create();
    x->none = prefix_map_create();
    for (unsigned i = 0; i < assets; i++) {
        struct prefix p = {address_v4((uint8_t[4]){10, 0, 0, (uint8_t)(i + 1)}), 128};
        assert_int_equal(prefix_map_add(x->assets, &p, i), 0);
    }
    static const uint8_t sector[256];
    x->hosts = (struct host_lookup){x->assets, x->none, x->none, sector, assets, NULL};
    x->policy = (struct engine_policy){
        .from_ns = INT64_MIN,
        .rules = x->rules,
        .hosts = assets ? &x->hosts : NULL,
        .coverage_interval_ns = 60 * NS_PER_S,
    };
    x->n_lines = lines;
    for (unsigned i = 0; i < lines; i++) {
        x->outputs[i] = (struct fixture_output){x, i};
        struct line_config config = {
            .worker = i,
            .workers = lines,
            .pools = &x->pools,
            .policies = &x->policy,
            .n_policies = 1,
            .clock_error_ns = TIME_ERROR_UNKNOWN,
            .stream_depth = limits.stream_depth,
            .output = {.ctx = &x->outputs[i], .observe = fixture_observe},
        };
        assert_int_equal(line_create(&x->lines[i], &config, &x->diags), 0);
    }
    return x;
}

static inline void fixture_free(struct line_fixture *x)
{
    for (unsigned i = 0; i < x->n_lines; i++)
        line_destroy(x->lines[i]);
    line_pools_free(&x->pools);
    rule_set_destroy(x->rules);
    prefix_map_destroy(x->assets);
    prefix_map_destroy(x->none);
    diags_free(&x->diags);
    free(x->seen);
    free(x->seen_line);
    free(x);
}

/* fixture_send: the frame of a description at a time, through decode, into the line of its shard.
 */
static inline struct packet fixture_send(struct line_fixture *x, int64_t t,
                                         const struct frame_spec *spec)
{
    struct built_frame f;
    build_frame(spec, &f);
    struct packet pkt = {
        .t = t,
        .seq = ++x->seq,
        .input = 1,
        .wire = f.len,
        .linktype = LINKTYPE_ETHERNET,
        .shard = frame_shard(LINKTYPE_ETHERNET, f.data, f.len),
    };
    decode_frame(&pkt, f.data, f.len);
    line_packet(x->lines[pkt.shard % x->n_lines], &pkt, f.data, NULL);
    memset(f.data, 0xdd, f.len); /* what a line keeps it must have copied */
    x->now = t;
    return pkt;
}

/* fixture_flow: the flow that a packet of this description belongs to, NULL. */
static inline struct flow *fixture_flow(struct line_fixture *x, const struct frame_spec *spec)
{
    struct built_frame f;
    build_frame(spec, &f);
    struct packet pkt = {.linktype = LINKTYPE_ETHERNET, .wire = f.len};
    decode_frame(&pkt, f.data, f.len);
    struct flow_key key;
    flow_key_of(&pkt, &key);
    return flow_table_find(&x->lines[pkt.shard % x->n_lines]->flows, &key,
                           flow_hash(&x->pools.flow, &key));
}

static inline uint64_t fixture_count(const struct line_fixture *x, enum kind kind)
{
    uint64_t n = 0;
    for (size_t i = 0; i < x->n_seen; i++)
        n += x->seen[i].kind == kind;
    return n;
}

/* A conversation of 10.0.0.1, port 40000, with 10.0.0.2, port 502. */
static inline struct frame_spec to_server(uint8_t flags, uint32_t seq, uint32_t ack)
{
    return (struct frame_spec){.transport = 6,
                               .source = 1,
                               .target = 2,
                               .source_port = 40000,
                               .target_port = 502,
                               .flags = flags,
                               .seq = seq,
                               .ack = ack};
}
static inline struct frame_spec to_client(uint8_t flags, uint32_t seq, uint32_t ack)
{
    return (struct frame_spec){.transport = 6,
                               .source = 2,
                               .target = 1,
                               .source_port = 502,
                               .target_port = 40000,
                               .flags = flags,
                               .seq = seq,
                               .ack = ack};
}
static inline struct frame_spec with_payload(struct frame_spec s, const void *data, unsigned len)
{
    s.payload = data;
    s.payload_len = len;
    return s;
}

#endif
