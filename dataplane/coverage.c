/* Coverage: what was done with the packets from and to each protected asset, per interval. */
#include "dataplane/line_parts.h"

#include "base/error.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

int line_coverage_init(struct line *line)
{
    line->coverage_to = INT64_MAX;
    line->assets = line->config.hosts ? line->config.hosts->asset_count : 0;
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
        if (pkt->verdict != DECODE_NETWORK && pkt->verdict != DECODE_LINK)
            classes |= 1u << COVERAGE_DROPPED;
        return classes;
    }
    if (flow->gaps)
        classes |= 1u << COVERAGE_CUT;
    if (!flow->side[0].seen || !flow->side[1].seen)
        classes |= 1u << COVERAGE_ONE_SIDED;
    if (pkt->payload_len == 0)
        return classes;
    if (flow->app == APP_PARSED)
        return classes | 1u << COVERAGE_PARSED;
    bool rules = rule_set_counts(line->config.rules)->loaded != 0;
    return classes | 1u << (rules ? COVERAGE_SCANNED : COVERAGE_OPAQUE);
}

void line_coverage_packet(struct line *line, const struct packet *pkt, const struct flow *flow)
{
    if (!line->assets || !(pkt->layers & (1u << PACKET_LAYER_IP4 | 1u << PACKET_LAYER_IP6)))
        return;
    uint16_t assets[2] = {host_lookup_asset(line->config.hosts, &pkt->source),
                          host_lookup_asset(line->config.hosts, &pkt->target)};
    if (assets[0] == HOST_NO_ASSET && assets[1] == HOST_NO_ASSET)
        return;
    if (line->coverage_to == INT64_MAX)
        line->coverage_to = time_floor(pkt->t, line->config.coverage_interval_ns) +
                            line->config.coverage_interval_ns;
    unsigned classes = classes_of(line, pkt, flow);
    for (unsigned end = 0; end < 2; end++) {
        if (assets[end] == HOST_NO_ASSET || (end && assets[1] == assets[0]))
            continue;
        for (unsigned class = 0; class < COVERAGE_COUNT; class ++)
            line->coverage[assets[end]][class] += classes >> class & 1;
    }
}

void line_coverage_flush(struct line *line)
{
    struct observation obs;
    memset(&obs, 0, sizeof obs);
    obs.kind = KIND_COVERAGE;
    obs.version = OBSERVATION_VERSION;
    for (uint32_t asset = 0; asset < line->assets; asset++) {
        if (!line->coverage[asset][COVERAGE_SEEN])
            continue;
        for (unsigned class = 0; class < COVERAGE_COUNT; class ++) {
            if (!line->coverage[asset][class])
                continue;
            /* Lines share this order; the owner sums, so which comes first does not matter. */
            obs.order = (struct order){
                .t = line->coverage_to, .input = ORDER_TIMER, .seq = 0x100 + asset, .index = class};
            obs.object_first = asset;
            obs.coverage = (uint8_t) class;
            obs.integer = (int64_t)line->coverage[asset][class];
            line->config.output.observe(line->config.output.ctx, &obs);
            line->coverage[asset][class] = 0;
        }
    }
    line->coverage_to = INT64_MAX;
}
