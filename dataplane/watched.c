/* What a watch is shown beyond what rules see: packets that nobody inspected, packets that brought
 * nothing of what the watched rule looks into, and bytes beyond the stream depth. */
#include "dataplane/line_parts.h"

#include "rules/watch.h"

struct line_moment line_moment(const struct line *line)
{
    const struct flow *f = line->now.flow;
    struct line_moment moment = {.order = line->now.order, .has_flow = f && f->hash};
    if (!f)
        return moment;
    moment.flow_id = f->id;
    moment.handshake = f->handshake;
    moment.gaps = f->gaps;
    moment.seen[0] = f->shown[f->client].seen;
    moment.seen[1] = f->shown[!f->client].seen;
    return moment;
}

static const char *const verdict_texts[DECODE_VERDICT_COUNT] = {
#define X(suffix, name, text) [DECODE_##suffix] = text,
    DECODE_VERDICTS(X)
#undef X
};

/* not_inspected: a packet whose verdict kept it from everybody. Who is the server is not known; the
 * smaller port is taken for its. */
static void not_inspected(struct line *line, const struct packet *pkt, const uint8_t *data)
{
    struct match_input input = {
        .source = pkt->source,
        .target = pkt->target,
        .source_port = pkt->source_port,
        .target_port = pkt->target_port,
        .transport = pkt->transport,
        .to_server = pkt->target_port <= pkt->source_port,
    };
    if (pkt->verdict == DECODE_CHECKSUM) {
        input.data = data + pkt->payload_at;
        input.len = pkt->payload_len;
    }
    line->now.flow = NULL;
    watch_ends(matcher_now(line), &input, verdict_texts[pkt->verdict]);
}

/* is_of: the moment's flow is still the packet's: there may have been no room for it. */
static bool is_of(const struct line *line, const struct packet *pkt)
{
    const struct flow *f = line->now.flow;
    return f && address_compare(side_address(f, line->now.side), &pkt->source) == 0 &&
           side_port(f, line->now.side) == pkt->source_port;
}

void line_watched(struct line *line, const struct packet *pkt, const uint8_t *data)
{
    if (!pkt->network || pkt->verdict == DECODE_FRAGMENT)
        return; /* rules see a fragment, or the whole that it completes */
    if (pkt->verdict != DECODE_TRANSPORT && pkt->verdict != DECODE_NETWORK) {
        not_inspected(line, pkt, data);
        return;
    }
    if (!is_of(line, pkt))
        return;
    struct match_input input = match_input_of(line, false);
    struct match_header header;
    packet_header_read(pkt, data, &header);
    input.header = &header;
    input.len = pkt->payload_len;
    watch_ends(matcher_now(line), &input, NULL);
}

void watched_deep(struct line *line, const struct match_input *input, const uint8_t *data,
                  uint32_t len, uint64_t at)
{
    struct match_input deep = *input;
    deep.data = data;
    deep.len = len;
    deep.stream_at = at;
    watch_deep(matcher_now(line), &deep, match_flow_now(line));
}

void watched_deep_body(struct line *line, const struct proto_message *message,
                       const struct proto_body *body, uint32_t within)
{
    unsigned side = line->now.side, client = line->now.flow->client;
    struct match_body deep = {.id = body->id,
                              .end = body->end,
                              .data = body->data.data + within,
                              .len = (uint32_t)body->data.len - within,
                              .at = body->at + within};
    line->now.side = message->direction == PROTO_TO_SERVER ? client : !client;
    struct match_input input = match_input_of(line, true);
    watch_deep_body(matcher_now(line), &input, message, &deep, match_flow_now(line));
    line->now.side = side;
}
