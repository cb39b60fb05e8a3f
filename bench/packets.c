/* packets: what a packet costs before anything looks into it: 64 bytes on the wire, of many flows.
 *
 *   packets [--flows N] [--runs N]       100000 flows, 5 runs
 *
 * Frames lie apart in 64 MiB, so that each is fetched from memory. Timed by turns, in thread CPU
 * time, over all frames, in bursts of 32:
 *   floor    the line of memory with the headers, and one random line of an equally large table
 *   decode   link to transport
 *   flow     decode, and the flow table: found by key, last use, deadlines
 *   line     decode, and the whole line of one worker without rules
 * The frames are datagrams of UDP between hosts of 10.0.0.0/8, a flow for each; all flows are there
 * before the clock starts. Prints one line of JSON: nanoseconds a frame of each turn, by run.
 */
#include "base/bytes.h"
#include "base/diag.h"
#include "base/time_point.h"
#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "dataplane/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define FRAME_BYTES 60 /* without its check sequence */
#define STRIDE      256
#define MEMORY      (64u << 20)
#define FRAMES      (MEMORY / STRIDE)
#define BURST       32

struct bench {
    uint8_t *frames, *table;
    uint32_t flows;
    struct line_pools pools;
    struct rule_set *rules;
    struct engine_policy policy;
    struct line *line;
    struct flow_table flow_table;
    struct flow_shard *shards[SHARDS];
    int64_t now;
    uint64_t sum; /* what the turns found, so that nothing is left out */
};

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "packets: %s\n", what);
        exit(1);
    }
}

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* frame_write: a datagram of flow `number`, from one of its ends or from the other. */
static void frame_write(uint8_t *f, uint32_t number, bool back)
{
    uint32_t ends[2] = {0x0a000000u | (uint32_t)(mixed(number) & 0xffffff), 0x0a000000u | number};
    uint16_t ports[2] = {(uint16_t)(1024 + number % 60000), 20000};
    memset(f, 0, FRAME_BYTES);
    f[12] = 0x08;
    f[14] = 0x45;
    store_be16(f + 16, FRAME_BYTES - 14);
    f[22] = 64;
    f[23] = 17;
    store_be32(f + 26, ends[back]);
    store_be32(f + 30, ends[!back]);
    store_be16(f + 34, ports[back]);
    store_be16(f + 36, ports[!back]);
    store_be16(f + 38, FRAME_BYTES - 34);
}

static uint8_t *frame_at(const struct bench *b, uint32_t i)
{
    return b->frames + (size_t)i * STRIDE;
}

static void floor_turn(struct bench *b)
{
    for (uint32_t i = 0; i < FRAMES; i++) {
        uint32_t word;
        memcpy(&word, frame_at(b, i) + 26, sizeof word);
        b->sum += word + b->table[(mixed(i) & (FRAMES - 1)) * STRIDE];
    }
}

static void decode_burst(const struct bench *b, uint32_t first, struct packet *pkts)
{
    for (uint32_t i = 0; i < BURST; i++)
        __builtin_prefetch(frame_at(b, first + i));
    for (uint32_t i = 0; i < BURST; i++) {
        pkts[i].t = b->now;
        pkts[i].late_ns = 0;
        pkts[i].seq = first + i + 1;
        pkts[i].input = 1;
        pkts[i].wire = FRAME_BYTES;
        pkts[i].linktype = LINKTYPE_ETHERNET;
        pkts[i].flags = pkts[i].point = 0;
        decode_frame(&pkts[i], frame_at(b, first + i), FRAME_BYTES);
    }
}

static void decode_turn(struct bench *b)
{
    struct packet pkts[BURST];
    for (uint32_t first = 0; first < FRAMES; first += BURST) {
        decode_burst(b, first, pkts);
        for (uint32_t i = 0; i < BURST; i++)
            b->sum += pkts[i].shard + pkts[i].source_port;
    }
}

static void flow_turn(struct bench *b)
{
    struct packet pkts[BURST];
    struct line_look looks[BURST];
    uint64_t hashes[BURST];
    for (uint32_t first = 0; first < FRAMES; first += BURST) {
        decode_burst(b, first, pkts);
        for (uint32_t i = 0; i < BURST; i++) {
            flow_key_of(&pkts[i], &looks[i].key);
            hashes[i] = flow_hash(&b->pools.flow, &looks[i].key);
            flow_table_fetch(&b->flow_table, hashes[i]);
        }
        for (uint32_t i = 0; i < BURST; i++) {
            looks[i].guess = flow_table_guess(&b->flow_table, hashes[i]);
            __builtin_prefetch(looks[i].guess, 1);
        }
        for (uint32_t i = 0; i < BURST; i++) {
            struct flow_shard *s = b->shards[pkts[i].shard];
            struct flow *f = looks[i].guess;
            if (!f || !flow_key_is(f, &looks[i].key))
                f = flow_table_find(&b->flow_table, &looks[i].key, hashes[i]);
            if (!f) {
                f = flow_make(&b->pools.flow, s, &looks[i].key, hashes[i]);
                must(f, "no room for a flow");
                flow_table_add(&b->flow_table, f);
            }
            flow_touch(s, f);
            f->last_ns = b->now;
            if (f->idle != IDLE_UDP) {
                f->idle = IDLE_UDP;
                flow_arm(s, f);
            }
        }
    }
}

static void line_turn(struct bench *b)
{
    struct packet pkts[BURST];
    const struct packet *burst[BURST];
    struct line_look looks[BURST];
    for (uint32_t i = 0; i < BURST; i++)
        burst[i] = &pkts[i];
    for (uint32_t first = 0; first < FRAMES; first += BURST) {
        decode_burst(b, first, pkts);
        line_fetch(b->line, burst, looks, BURST);
        for (uint32_t i = 0; i < BURST; i++)
            line_packet(b->line, &pkts[i], frame_at(b, first + i), &looks[i]);
    }
}

static void on_observation(void *ctx, const struct observation *obs)
{
    ((struct bench *)ctx)->sum += obs->kind;
}

static void bench_start(struct bench *b)
{
    struct diags diags = {0};
    b->frames = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    b->table = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(b->frames != MAP_FAILED && b->table != MAP_FAILED, "no memory");
    memset(b->table, 1, MEMORY);
    for (uint32_t i = 0; i < FRAMES; i++)
        frame_write(frame_at(b, i), (uint32_t)(mixed(i) % b->flows), mixed(i) >> 40 & 1);
    struct rule_set_config no_rules = {0};
    must(!rule_set_build(&b->rules, &no_rules, &diags), "no rule set");
    struct engine_limits limits = engine_default_limits();
    must(!line_pools_init(&b->pools, &limits), "no pools");
    b->policy = (struct engine_policy){
        .from_ns = INT64_MIN, .rules = b->rules, .coverage_interval_ns = 3600 * NS_PER_S};
    struct line_config config = {
        .workers = 1,
        .pools = &b->pools,
        .policies = &b->policy,
        .n_policies = 1,
        .clock_error_ns = TIME_ERROR_UNKNOWN,
        .output = {.ctx = b, .observe = on_observation},
    };
    must(!flow_table_init(&b->flow_table, &b->pools.flow.flows), "no flow table");
    must(!line_create(&b->line, &config, &diags), "no line");
    for (unsigned i = 0; i < SHARDS; i++) {
        b->shards[i] = malloc(sizeof *b->shards[i]);
        must(b->shards[i] && !flow_shard_init(b->shards[i], &b->pools.flow, i), "no shard");
    }
}

static uint64_t number_of(const char *word)
{
    char *end;
    unsigned long long n = strtoull(word, &end, 10);
    must(n > 0 && n <= 200000 && !*end, "a number from 1 to 200000 is expected");
    return n;
}

static const struct turn {
    const char *name;
    void (*run)(struct bench *b);
} turns[] = {
    {"floor", floor_turn}, {"decode", decode_turn}, {"flow", flow_turn}, {"line", line_turn}};
#define TURNS_N (sizeof turns / sizeof turns[0])

static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_run(const char *before, const double *ns)
{
    printf("%s", before);
    for (unsigned i = 0; i < TURNS_N; i++)
        printf("%s\"%s\": %.1f", i ? ", " : "{", turns[i].name, ns[i]);
    printf("}");
}

int main(int argc, char **argv)
{
    static struct bench b = {.flows = 100000, .now = NS_PER_S};
    uint64_t runs = 5;
    for (int i = 1; i < argc; i += 2) {
        bool flows = !strcmp(argv[i], "--flows");
        must((flows || !strcmp(argv[i], "--runs")) && i + 1 < argc, "--flows N, --runs N");
        uint64_t n = number_of(argv[i + 1]);
        if (flows)
            b.flows = (uint32_t)n;
        else
            runs = n;
    }
    bench_start(&b);
    for (uint64_t run = 0; run <= runs; run++) { /* the first makes the flows, and is not shown */
        double ns[TURNS_N];
        for (unsigned i = 0; i < TURNS_N; i++) {
            double start = thread_seconds();
            turns[i].run(&b);
            ns[i] = (thread_seconds() - start) * 1e9 / FRAMES;
            b.now += NS_PER_S / 1000;
        }
        if (run)
            print_run(run == 1 ? "{\"ns\": [" : ", ", ns);
    }
    printf("], \"frames\": %u, \"flows\": %u, \"found\": %" PRIu64 "}\n", FRAMES, b.flows, b.sum);
    return 0;
}
