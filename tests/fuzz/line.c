/* Frames of a few conversations between two hosts through decode and a whole line: flows, contact,
 * reassembly, Modbus, rules. Checked: observations leave in ascending order with words of their
 * vocabularies, and counters agree with what went in; each frame is gone once the line returns. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "dataplane/line.h"

#define FRAMES_MAX 2048
#define HEAD       54 /* Ethernet, IPv4, TCP */

static const char rules[] =
    "alert tcp any any -> any any (msg:\"stream\"; content:\"ab\"; content:\"cd\"; distance:0; "
    "within:40; sid:1;)\n"
    "alert tcp any any -> any 502 (msg:\"set\"; content:\"|00 06|\"; flowbits:set,seen; sid:2;)\n"
    "alert tcp any 502 -> any any (msg:\"ask\"; flow:to_client; flowbits:isset,seen; "
    "content:\"|86|\"; sid:3;)\n"
    "alert udp any any -> any any (msg:\"start\"; content:\"xyz\"; offset:1; depth:6; nocase; "
    "sid:4;)\n"
    "alert ip any any -> any any (msg:\"size\"; dsize:3<>9; content:!\"q\"; sid:5;)\n";

static struct rule_set *rule_set;
static struct line_pools pools;
static struct order last;
static uint64_t observed;

static void start(void)
{
    struct diags diags = {0};
    const char *path = fuzz_file(rules, sizeof rules - 1);
    struct rule_set_config config = {.files = &path, .n_files = 1};
    struct engine_limits limits = {.datagrams = 256,
                                   .fragments = 256,
                                   .flows = 1024,
                                   .hold_segments = 512,
                                   .windows = 512,
                                   .app_states = 512,
                                   .rooms = 512,
                                   .unpackers = 512};
    must(rule_set_build(&rule_set, &config, &diags) == 0 && rule_set_counts(rule_set)->loaded == 5);
    must(line_pools_init(&pools, &limits) == 0);
    pools.flow.hash_seed = 1; /* the same input gives the same run */
    diags_free(&diags);
}

static void on_observation(void *ctx, const struct observation *o)
{
    (void)ctx;
    must(order_less(&last, &o->order));
    last = o->order;
    observed++;
    must(o->kind < KIND_COUNT && o->outcome < OUTCOME_COUNT && o->contact < CONTACT_COUNT);
    must(o->role < ROLE_COUNT && o->protocol < PROTOCOL_COUNT && o->operation < OPERATION_COUNT);
    must(o->began_ns <= o->order.t);
}

/* A conversation, and where each end of it is. */
struct talk {
    uint32_t next[2];
    uint16_t port[2];
    bool udp;
};

/* frame_of: a frame as the sender of `side` would make it; returns its length. */
static uint32_t frame_of(uint8_t *f, const struct talk *t, unsigned side, uint8_t flags,
                         uint32_t seq, const uint8_t *payload, uint32_t len)
{
    uint32_t head = t->udp ? 42 : HEAD;
    memset(f, 0, head);
    f[12] = 0x08;
    f[14] = 0x45;
    store_be16(f + 16, (uint16_t)(head - 14 + len));
    f[23] = t->udp ? 17 : 6;
    store_be32(f + 26, 0x0a000001u + side);
    store_be32(f + 30, 0x0a000001u + !side);
    store_be16(f + 34, t->port[side]);
    store_be16(f + 36, t->port[!side]);
    if (t->udp) {
        store_be16(f + 38, (uint16_t)(8 + len));
    } else {
        store_be32(f + 38, seq);
        store_be32(f + 42, t->next[!side]);
        f[46] = 0x50;
        f[47] = flags;
    }
    if (len)
        memcpy(f + head, payload, len);
    return head + len;
}

/* The input: steps of four bytes (side, conversation and time; flags; distance of the sequence
 * number; length), each with its payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t v4[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
    struct address a = address_v4(v4[0]), b = address_v4(v4[1]);
    struct diags diags = {0};
    struct line *line;
    if (!rule_set)
        start();
    /* A line of 256 with the one shard of this pair of hosts. */
    static struct engine_policy policy = {
        .from_ns = INT64_MIN,
        .coverage_interval_ns = 3600 * INT64_C(1000000000),
    };
    policy.rules = rule_set;
    struct line_config config = {
        .worker = shard_of_pair(&a, &b),
        .workers = 256,
        .pools = &pools,
        .policies = &policy,
        .n_policies = 1,
        .clock_error_ns = 1000,
        .stream_depth = 4096,
        .output = {.observe = on_observation},
    };
    must(line_create(&line, &config, &diags) == 0);
    last = ORDER_MIN;
    observed = 0;
    struct talk talks[4] = {{.port = {40000, 502}},
                            {.port = {40001, 80}},
                            {.port = {40002, 53}, .udp = true},
                            {.port = {7, 7}}};
    struct reader r = reader_over(data, len);
    int64_t now = 1;
    unsigned n = 0;
    while (reader_left(&r) >= 4 && n < FRAMES_MAX) {
        uint8_t what = reader_u8(&r), flags = reader_u8(&r), distance = reader_u8(&r);
        uint32_t size = reader_u8(&r);
        struct talk *t = &talks[what >> 1 & 3];
        unsigned side = what & 1;
        size = size < reader_left(&r) ? size : (uint32_t)reader_left(&r);
        const uint8_t *payload = reader_take(&r, size);
        now += (int64_t)(what >> 3) * (what >> 3) * 100000000;
        uint32_t seq = t->next[side] + (uint32_t)(int8_t)distance;
        if (seq + size + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0) - t->next[side] < 0x80000000u)
            t->next[side] = seq + size + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
        uint8_t *frame = malloc(HEAD + size);
        must(frame);
        uint32_t frame_len = frame_of(frame, t, side, flags, seq, payload, size);
        struct packet pkt = {
            .t = now, .seq = n + 1, .input = 1, .wire = frame_len, .linktype = LINKTYPE_ETHERNET};
        decode_frame(&pkt, frame, frame_len);
        pkt.shard = frame_shard(LINKTYPE_ETHERNET, frame, frame_len);
        must(pkt.verdict == DECODE_TRANSPORT && pkt.payload_len == size &&
             pkt.shard == config.worker);
        n++;
        line_packet(line, &pkt, frame, NULL);
        free(frame);
    }
    line_finish(line, now);
    const struct line_stats *stats = line_stats(line);
    must(stats->counters.packets == n && stats->counters.observations == observed);
    must(stats->counters.stream_bytes + stats->counters.stream_duplicate <=
         stats->counters.payload_tcp);
    line_destroy(line);
    /* The shard is gone; what it took of the pools is given back whole, so that inputs do not see
     * each other. */
    atomic_store(&pools.flow.flows.next_page, 0);
    atomic_store(&pools.segments.next_page, 0);
    atomic_store(&pools.windows.next_page, 0);
    atomic_store(&pools.app_states.next_page, 0);
    atomic_store(&pools.rooms.next_page, 0);
    atomic_store(&pools.unpackers.next_page, 0);
    diags_free(&diags);
    return 0;
}
