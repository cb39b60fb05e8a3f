/* Inspecting bytes: protocol parsers and rules. Data goes one way: what parsers and rules report
 * becomes observations of the moment. */
#include "dataplane/line_parts.h"

#include "base/time_point.h"

#include <string.h>

#define IP_TCP          6
#define PROBE_BYTES_MAX 512 /* of one direction; then a port decides, or nothing */

static void on_command(void *ctx, const struct proto_command *command)
{
    observe_command(ctx, command);
}

static void on_anomaly(void *ctx, enum proto_anomaly anomaly, enum proto_direction dir)
{
    (void)dir;
    observe_anomaly(ctx, anomaly);
}

static void on_session(void *ctx, const struct proto_session *session)
{
    observe_session(ctx, session);
}

static struct proto_sink sink_of(struct line *line)
{
    return (struct proto_sink){
        .ctx = line,
        .command = on_command,
        .anomaly = on_anomaly,
        .session = on_session,
        .seen_ns = line->now.seen_ns,
    };
}

static void *app_state_of(struct line *line)
{
    struct line_shard *shard = line->now.shard;
    return pool_at(&line->config.pools->app_states, &shard->app_states, line->now.flow->app_item);
}

static enum proto_direction direction_of(const struct flow *f, unsigned side)
{
    return side == f->client ? PROTO_TO_SERVER : PROTO_TO_CLIENT;
}

static void begin_parsing(struct line *line, unsigned parser)
{
    struct flow *f = line->now.flow;
    uint32_t item = pool_take(&line->config.pools->app_states, &line->now.shard->app_states);
    if (item == POOL_NONE) {
        line->stats.counters.app_state_full++;
        f->app = APP_OPAQUE;
        return;
    }
    f->app_item = item;
    f->app = APP_PARSED;
    f->parser = (uint8_t)parser;
    memset(app_state_of(line), 0, proto_parsers[parser]->state_size);
}

/* speaks_as_server: what is believed of the side that sends. Without a whole handshake the port
 * counts more than a SYN, which anybody can send in the name of either side. */
static bool speaks_as_server(const struct line *line, uint16_t port)
{
    const struct flow *f = line->now.flow;
    if (!f->handshake && (side_port(f, 0) == port) != (side_port(f, 1) == port))
        return side_port(f, line->now.side) == port;
    return line->now.side != f->client;
}

/* adopt: the flow speaks this protocol; from_server: the side that sends is the one that serves. */
static void adopt(struct line *line, unsigned parser, bool from_server)
{
    struct flow *f = line->now.flow;
    unsigned client = from_server ? !line->now.side : line->now.side;
    if (client != f->client && !f->handshake) {
        f->client = (uint8_t)client;
        f->role = ROLE_MESSAGE;
    }
    begin_parsing(line, parser);
}

/* probe: find the parser by content, then by port. What contradicts the protocol of a well-known
 * port does not end the search: its server may have skipped it and taken what follows. */
static void probe(struct line *line, const uint8_t *data, uint32_t len)
{
    struct flow *f = line->now.flow;
    struct flow_side *me = &f->side[line->now.side];
    bool open = false, of_port_serves = false;
    unsigned of_port = proto_parser_count;
    for (unsigned i = 0; i < proto_parser_count; i++) {
        uint16_t port = proto_parsers[i]->port;
        bool by_port = port == side_port(f, 0) || port == side_port(f, 1);
        bool from_server = speaks_as_server(line, port);
        int verdict = proto_parsers[i]->probe(data, len, &from_server);
        if (verdict > 0) {
            adopt(line, i, from_server);
            return;
        }
        if (verdict == 0 && by_port && of_port == proto_parser_count) {
            of_port = i;
            of_port_serves = from_server;
        }
        open |= verdict == 0 || by_port;
    }
    if (of_port < proto_parser_count) {
        adopt(line, of_port, of_port_serves);
        return;
    }
    me->probed += len;
    if (!open || me->probed >= PROBE_BYTES_MAX)
        f->app = APP_OPAQUE;
}

static void arm_app(struct line *line)
{
    struct flow *f = line->now.flow;
    f->app_at = proto_parsers[f->parser]->deadline(app_state_of(line));
}

static void parse(struct line *line, const uint8_t *data, uint32_t len)
{
    struct flow *f = line->now.flow;
    if (f->app == APP_UNDECIDED)
        probe(line, data, len);
    if (f->app != APP_PARSED)
        return;
    struct proto_sink sink = sink_of(line);
    line->stats.counters.app_bytes += len;
    proto_parsers[f->parser]->feed(app_state_of(line), direction_of(f, line->now.side),
                                   line->now.order.t, data, len, &sink);
    arm_app(line);
}

static struct match_input match_input_of(const struct line *line, bool stream)
{
    const struct flow *f = line->now.flow;
    unsigned side = line->now.side;
    return (struct match_input){
        .source = *side_address(f, side),
        .target = *side_address(f, !side),
        .source_port = side_port(f, side),
        .target_port = side_port(f, !side),
        .transport = f->key.transport,
        .to_server = side == f->client,
        .established = flow_established(f),
        .stream = stream,
    };
}

/* match_flow_now: what the flow remembers, in the terms of the rules in force. */
static struct match_flow *match_flow_now(struct line *line)
{
    struct match_flow *m = &line->now.flow->match;
    for (; m->generation < line->generation; m->generation++)
        rule_carry_flow(line->config.carries[m->generation], m);
    return m;
}

static void run_matcher(struct line *line, const struct match_input *input)
{
    struct hit hits[MATCH_HITS_MAX];
    size_t n = matcher_run(matcher_now(line), input, match_flow_now(line), hits);
    observe_hits(line, hits, n);
}

/* match_packet: the headers are read only where a rule asks for them. */
static void match_packet(struct line *line, struct match_input *input)
{
    struct match_header header;
    if (rule_set_counts(policy_now(line)->rules)->with_headers) {
        packet_header_read(line->now.pkt, line->now.data, &header);
        input->header = &header;
    }
    run_matcher(line, input);
    line->now.matched = true;
}

void inspect_packet(struct line *line)
{
    const struct packet *pkt = line->now.pkt;
    if (rule_set_counts(policy_now(line)->rules)->loaded == 0) {
        matcher_skip(matcher_now(line), pkt->payload_len);
        return;
    }
    struct match_input input = match_input_of(line, false);
    /* The segment that ends a handshake is still part of it, as Suricata has it. */
    if (pkt->transport == IP_TCP)
        input.established = line->now.established;
    input.data = line->now.data + pkt->payload_at;
    input.len = pkt->payload_len;
    match_packet(line, &input);
}

void inspect_datagram(struct line *line)
{
    const struct packet *pkt = line->now.pkt;
    struct flow alone = {.match = {.generation = (uint8_t)line->generation}};
    if (rule_set_counts(policy_now(line)->rules)->loaded == 0)
        return;
    line->now.side = flow_key_of(pkt, &alone.key);
    alone.client = (uint8_t)line->now.side;
    line->now.flow = &alone;
    observe_late(&alone, pkt);
    struct match_input input = match_input_of(line, false);
    if (pkt->verdict == DECODE_NETWORK) {
        input.data = line->now.data + pkt->payload_at;
        input.len = pkt->payload_len;
    }
    match_packet(line, &input);
    line->now.flow = NULL;
}

/* window_of: the window of the side that sends, made if need be. */
static struct stream_window *window_of(struct line *line)
{
    struct flow_side *me = &line->now.flow->side[line->now.side];
    struct shard_pool *pool = &line->config.pools->windows;
    struct line_shard *shard = line->now.shard;
    if (me->window == POOL_NONE) {
        me->window = pool_take(pool, &shard->windows);
        if (me->window == POOL_NONE)
            return NULL;
        struct stream_window *fresh = pool_at(pool, &shard->windows, me->window);
        fresh->len = 0;
    }
    return pool_at(pool, &shard->windows, me->window);
}

/* match_stream: append the bytes to the window, a piece at a time, and match each piece with its
 * look-back. */
static void match_stream(struct line *line, const uint8_t *data, uint32_t len, uint64_t at)
{
    struct match_input input = match_input_of(line, true);
    input.same_packet = line->now.pkt && line->now.matched;
    uint64_t depth = line->config.stream_depth;
    if (depth && at + len > depth) {
        uint32_t past = at >= depth ? len : (uint32_t)(at + len - depth);
        matcher_skip(matcher_now(line), past);
        len -= past;
    }
    if (len == 0)
        return;
    if (!matcher_wants_stream(matcher_now(line), &input, match_flow_now(line))) {
        matcher_skip(matcher_now(line), len);
        return;
    }
    struct stream_window *w = window_of(line);
    if (!w) {
        line->stats.counters.stream_window_full += len;
        return;
    }
    if (w->len == 0 || w->at + w->len != at) { /* begins, or behind a gap */
        w->len = 0;
        w->at = at;
    }
    while (len) {
        if (w->len == WINDOW_BYTES) {
            uint32_t drop = w->len - WINDOW_LOOK_BACK;
            memmove(w->data, w->data + drop, WINDOW_LOOK_BACK);
            w->len = WINDOW_LOOK_BACK;
            w->at += drop;
        }
        uint32_t room = WINDOW_BYTES - w->len, piece = len < room ? len : room;
        memcpy(w->data + w->len, data, piece);
        input.fresh = w->len;
        w->len += piece;
        input.data = w->data;
        input.len = w->len;
        input.stream_at = w->at;
        run_matcher(line, &input);
        data += piece;
        len -= piece;
    }
}

void inspect_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t)
{
    struct line *line = ctx;
    int64_t seen = line->now.seen_ns;
    enum engine_stage before = stage_enter(line, STAGE_APP);
    line->now.seen_ns = t;
    parse(line, data, len);
    stage_enter(line, STAGE_MATCH);
    match_stream(line, data, len, at);
    stage_enter(line, before);
    line->now.seen_ns = seen;
}

void inspect_gap(void *ctx, uint32_t len, uint64_t at)
{
    struct line *line = ctx;
    struct flow *f = line->now.flow;
    (void)at;
    f->gaps = true;
    if (f->app != APP_PARSED)
        return;
    struct proto_sink sink = sink_of(line);
    proto_parsers[f->parser]->gap(app_state_of(line), direction_of(f, line->now.side),
                                  line->now.order.t, len, &sink);
    arm_app(line);
}

void inspect_app_due(struct line *line, int64_t deadline)
{
    struct flow *f = line->now.flow;
    struct proto_sink sink = sink_of(line);
    proto_parsers[f->parser]->expire(app_state_of(line), deadline, &sink);
    arm_app(line);
}

void inspect_end(struct line *line, int64_t t, enum outcome open_requests)
{
    struct flow *f = line->now.flow;
    struct line_pools *pools = line->config.pools;
    struct line_shard *shard = line->now.shard;
    if (f->app == APP_PARSED) {
        struct proto_sink sink = sink_of(line);
        proto_parsers[f->parser]->end(app_state_of(line), t, open_requests, &sink);
        pool_give(&pools->app_states, &shard->app_states, f->app_item);
        f->app = APP_OPAQUE;
        f->app_at = INT64_MAX;
    }
    for (unsigned side = 0; side < 2; side++)
        if (f->side[side].window != POOL_NONE) {
            pool_give(&pools->windows, &shard->windows, f->side[side].window);
            f->side[side].window = POOL_NONE;
        }
}
