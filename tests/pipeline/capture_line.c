/* Captures through the line, each frame in a buffer of exactly its size, so that a sanitizer sees
 * every read beyond it (tests/system/captures_test.py).
 *
 *   capture-line [--hits FILE [--cut SEED]] [RULES]   reads paths, a line each, to the end of its
 * input
 *
 * With --hits checksums are ignored, $EXTERNAL_NET is any, and FILE gets a line a hit that is told:
 * path, rule, source, target (tests/system/suricata_test.py). With --cut streams of TCP are cut
 * anew (cut.h, tests/system/cut_test.py).
 *
 * For each: the path; two hexadecimal digits a packet, a bit for each of eth, vlan, arp, ip, ipv6,
 * tcp, udp, and icmp of either kind, or a comma where the link type is not decoded; packets; bytes
 * on the wire; what was said of it. Fields are apart by tabs. At the end a line with the program's
 * greatest memory in KiB.
 */
#include "base/error.h"
#include "base/time_point.h"
#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "dataplane/line.h"
#include "rules/threshold.h"
#include "tests/pipeline/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define BLOCKS 16

struct world {
    struct line_pools pools;
    struct engine_policy policy;
    struct line *line;
    uint64_t observations;
    FILE *hits;      /* NULL: not asked for */
    struct cut *cut; /* NULL: as they are */
    const struct rule_set *rules;
    struct thresholds *thresholds; /* of the capture under way */
    const char *path;
};

static void on_observation(void *ctx, const struct observation *obs)
{
    struct world *w = ctx;
    char ends[2][ADDRESS_TEXT_ROOM];
    uint32_t rule;
    w->observations++;
    if (w->hits && obs->kind == KIND_HIT &&
        rule_find(w->rules, obs->rule_gid, obs->rule_sid, &rule) &&
        thresholds_decide(w->thresholds, w->rules, rule, obs->order.t, &obs->source,
                          &obs->target) == FATE_TOLD)
        fprintf(w->hits, "%s\t%u\t%s\t%s\n", w->path, obs->rule_sid,
                address_format(ends[0], &obs->source), address_format(ends[1], &obs->target));
}

static const unsigned shown[8] = {PACKET_LAYER_ETH, PACKET_LAYER_VLAN, PACKET_LAYER_ARP,
                                  PACKET_LAYER_IP4, PACKET_LAYER_IP6,  PACKET_LAYER_TCP,
                                  PACKET_LAYER_UDP, PACKET_LAYER_ICMP};

static unsigned layers_shown(const struct packet *pkt)
{
    unsigned out = 0;
    for (unsigned i = 0; i < 8; i++)
        out |= (pkt->layers >> shown[i] & 1) << i;
    return out | (pkt->layers >> PACKET_LAYER_ICMP6 & 1) << 7;
}

static void feed(void *ctx, const struct packet *pkt, const uint8_t *data)
{
    struct world *w = ctx;
    line_packet(w->line, pkt, data, NULL);
}

static void take(struct world *w, const struct frame *frame)
{
    uint8_t *copy = malloc(frame->captured ? frame->captured : 1);
    if (!copy)
        abort();
    memcpy(copy, frame->data, frame->captured);
    struct packet pkt = {.t = frame->t,
                         .seq = frame->number,
                         .input = 1,
                         .wire = frame->wire,
                         .linktype = frame->linktype,
                         .flags = !w->hits && frame->number % 2 ? PACKET_VALIDATE : 0};
    decode_link(&pkt, copy, frame->captured);
    decode_network(&pkt, copy, frame->captured);
    if (w->cut)
        cut_packet(w->cut, &pkt, copy);
    else
        feed(w, &pkt, copy);
    free(copy);
    if (pkt.verdict == DECODE_LINKTYPE)
        putchar(',');
    else
        printf("%02x", layers_shown(&pkt));
}

static void read_capture(struct world *w, const char *path, struct block_pool *blocks)
{
    struct diags diags = {0};
    struct capture *capture;
    struct frame frame;
    struct capture_counts counts = {0};
    w->path = path;
    w->thresholds = thresholds_create(65536, 1);
    if (!w->thresholds)
        abort();
    int got = capture_open(&capture, path, blocks, &diags);
    printf("%s\t", path);
    if (!got) {
        while ((got = capture_next(capture, &frame, &diags)) == 1 || got == ERR_AGAIN)
            if (got == 1)
                take(w, &frame);
        counts = *capture_counts(capture);
        capture_close(capture);
    }
    printf("\t%lu\t%lu\t", (unsigned long)counts.frames, (unsigned long)counts.bytes_wire);
    for (size_t i = 0; i < diags.n; i++)
        printf("%s%s", i ? "; " : "", diags.items[i].text);
    putchar('\n');
    if (w->cut)
        cut_end(w->cut);
    line_finish(w->line, counts.last_ns);
    thresholds_free(w->thresholds);
    diags_free(&diags);
}

static int run(struct world *w, const struct rule_set *rules)
{
    w->rules = rules;
    struct engine_limits limits = engine_default_limits();
    if (!w->hits) { /* little, so that a great number of captures shows what is not given back */
        limits.flows = 4096;
        limits.hold_segments = 1024;
        limits.windows = limits.app_states = limits.rooms = limits.unpackers = 512;
    }
    char path[4096];
    struct block_pool blocks = {0};
    if (block_pool_init(&blocks, BLOCKS))
        return 1;
    while (fgets(path, sizeof path, stdin)) {
        struct diags diags = {0};
        path[strcspn(path, "\n")] = '\0';
        w->policy = (struct engine_policy){
            .from_ns = INT64_MIN, .rules = rules, .coverage_interval_ns = 60 * NS_PER_S};
        if (line_pools_init(&w->pools, &limits))
            return 1;
        struct line_config config = {
            .workers = 1,
            .pools = &w->pools,
            .policies = &w->policy,
            .n_policies = 1,
            .clock_error_ns = TIME_ERROR_UNKNOWN,
            .stream_depth = limits.stream_depth,
            .output = {.ctx = w, .observe = on_observation},
        };
        if (line_create(&w->line, &config, &diags))
            return 1;
        read_capture(w, path, &blocks);
        line_destroy(w->line);
        line_pools_free(&w->pools);
        diags_free(&diags);
    }
    block_pool_free(&blocks);
    return 0;
}

int main(int argc, char **argv)
{
    struct world world = {0};
    struct rule_set *rules;
    struct diags diags = {0};
    bool hits = argc > 2 && strcmp(argv[1], "--hits") == 0;
    bool cut = hits && argc > 4 && strcmp(argv[3], "--cut") == 0;
    int options = 1 + 2 * hits + 2 * cut;
    if (hits && !(world.hits = fopen(argv[2], "w")))
        return 1;
    if (cut)
        world.cut = cut_create(strtoull(argv[4], NULL, 10), feed, &world);
    static const struct rule_variable external = {"EXTERNAL_NET", "any"};
    struct rule_set_config config = {.files = (const char *const *)argv + options,
                                     .n_files = (size_t)(argc - options),
                                     .variables = &external,
                                     .n_variables = hits};
    if (rule_set_build(&rules, &config, &diags))
        return 1;
    int failed = run(&world, rules);
    if (hits && fclose(world.hits))
        failed = 1;
    rule_set_destroy(rules);
    cut_free(world.cut);
    diags_free(&diags);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%ld\n", usage.ru_maxrss);
    return failed;
}
