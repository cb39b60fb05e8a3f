/* Coverage: what was done with the packets from and to each protected asset, per interval. */
#include "dataplane/line_parts.h"

#include "base/error.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

int line_coverage_init(struct line *line)
{
    line->coverage_to = INT64_MAX;
    for (unsigned i = 0; i < line->config.n_policies; i++) {
        const struct host_lookup *hosts = line->config.policies[i].hosts;
        if (hosts && hosts->asset_count > line->assets)
            line->assets = hosts->asset_count;
    }
    line->coverage = calloc(line->assets + 1, sizeof *line->coverage);
    return line->coverage ? 0 : ERR_NOMEM;
}

/* classes_of: what became of one packet, a bit per class. */
static unsigned classes_of(const struct line *line, const struct packet *pkt,
                           const struct flow *flow)
{
    unsigned classes = 1u << COVERAGE_SEEN;
    if (pkt->flags & PACKET_CUT)
        classes |= 1u << COVERAGE_CUT;
    if (!flow) {
        bool held = pkt->verdict == DECODE_FRAGMENT && line->now.held;
        if (pkt->verdict != DECODE_NETWORK && pkt->verdict != DECODE_LINK && !held)
            classes |= 1u << COVERAGE_DROPPED;
        return classes;
    }
    if (flow->gaps)
        classes |= 1u << COVERAGE_CUT;
    if (!flow->shown[0].seen || !flow->shown[1].seen)
        classes |= 1u << COVERAGE_ONE_SIDED;
    if (pkt->payload_len == 0)
        return classes;
    if (flow->app == APP_PARSED)
        return classes | 1u << COVERAGE_PARSED;
    bool rules = rule_set_counts(policy_now(line)->rules)->loaded != 0;
    return classes | 1u << (rules ? COVERAGE_SCANNED : COVERAGE_OPAQUE);
}

/* open_interval: aligned to 1970, but within the time of one policy. */
static void open_interval(struct line *line, int64_t t)
{
    const struct engine_policy *policy = policy_now(line);
    int64_t begin = time_floor(t, policy->coverage_interval_ns),
            end = begin + policy->coverage_interval_ns, until = policy_until(line);
    line->coverage_from = line->generation && begin < policy->from_ns ? policy->from_ns : begin;
    line->coverage_to = end < until ? end : until;
}

void line_coverage_packet(struct line *line, const struct packet *pkt, const struct flow *flow)
{
    const struct host_lookup *hosts = policy_now(line)->hosts;
    if (!hosts || !(pkt->layers & (1u << PACKET_LAYER_IP4 | 1u << PACKET_LAYER_IP6)))
        return;
    uint16_t assets[2] = {host_lookup_asset(hosts, &pkt->source),
                          host_lookup_asset(hosts, &pkt->target)};
    if (assets[0] == HOST_NO_ASSET && assets[1] == HOST_NO_ASSET)
        return;
    if (line->coverage_to == INT64_MAX)
        open_interval(line, pkt->t);
    unsigned classes = classes_of(line, pkt, flow);
    bool unparsed = flow && pkt->payload_len && flow->app != APP_PARSED;
    const uint16_t ports[2] = {pkt->source_port, pkt->target_port};
    for (unsigned end = 0; end < 2; end++) {
        if (assets[end] == HOST_NO_ASSET || (end && assets[1] == assets[0]))
            continue;
        unsigned also = unparsed && host_lookup_offers(hosts, assets[end], ports[end])
                            ? 1u << COVERAGE_NOT_PARSED
                            : 0;
        for (unsigned class = 0; class < COVERAGE_COUNT; class ++)
            line->coverage[assets[end]][class] += (classes | also) >> class & 1;
    }
}

void line_coverage_flush(struct line *line, int64_t last)
{
    struct observation obs;
    memset(&obs, 0, sizeof obs);
    obs.kind = KIND_COVERAGE;
    obs.version = OBSERVATION_VERSION;
    obs.generation = (uint16_t)line->generation;
    obs.interval_ns[0] = line->coverage_from;
    obs.interval_ns[1] = line->coverage_to;
    for (uint32_t asset = 0; asset < line->assets; asset++) {
        if (!line->coverage[asset][COVERAGE_SEEN])
            continue;
        for (unsigned class = 0; class < COVERAGE_COUNT; class ++) {
            if (!line->coverage[asset][class])
                continue;
            /* Lines share this order; the owner sums, so which comes first does not matter. */
            obs.order =
                (struct order){.t = last, .input = ORDER_CLOSING, .seq = asset, .index = class};
            obs.object_first = asset;
            obs.coverage = (uint8_t) class;
            obs.integer = (int64_t)line->coverage[asset][class];
            line->config.output.observe(line->config.output.ctx, &obs);
            line->coverage[asset][class] = 0;
        }
    }
    line->coverage_to = INT64_MAX;
}
