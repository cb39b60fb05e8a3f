/* Inspecting by rules: packets, windows of streams and of bodies, messages. Data goes one way: what
 * matches becomes observations of the moment. */
#include "dataplane/line_parts.h"

#include "base/ip_protocol.h"
#include "base/time_point.h"

#include <string.h>

/* stream_size: sequence numbers that the side has used so far: its SYN, its data, its FIN. */
static uint32_t stream_size(const struct flow *f, unsigned side)
{
    const struct flow_side *s = &f->side[side];
    return f->shown[side].seen ? s->data_end - s->first_seq + 1 : 0;
}

struct match_input match_input_of(const struct line *line, bool stream)
{
    const struct flow *f = line->now.flow;
    unsigned side = line->now.side;
    return (struct match_input){
        .source = *side_address(f, side),
        .target = *side_address(f, !side),
        .source_port = side_port(f, side),
        .target_port = side_port(f, !side),
        .transport = f->key.transport,
        .protocol = flow_protocol(f),
        .no_protocol = f->app == APP_OPAQUE && flow_protocol(f) == PROTOCOL_UNKNOWN,
        .to_server = side == f->client,
        .established = flow_established(f),
        .stream = stream,
        .opaque = f->opaque[side],
        .pair_bits = line->now.shard->pair_bits,
        .seconds = line->now.order.t / NS_PER_S,
        .point = f->key.point,
        .stream_size = {stream_size(f, f->client), stream_size(f, !f->client)},
    };
}

struct match_flow *match_flow_now(struct line *line)
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
    const uint8_t *data = line->now.data + pkt->payload_at;
    bool datagram = pkt->transport != IP_TCP && pkt->payload_len;
    stage_enter(line, STAGE_APP);
    if (datagram)
        app_probe(line, data, pkt->payload_len);
    stage_enter(line, STAGE_MATCH);
    if (rule_set_counts(policy_now(line)->rules)->loaded) {
        struct match_input input = match_input_of(line, false);
        /* The segment that ends a handshake is still part of it, as Suricata has it. */
        if (pkt->transport == IP_TCP)
            input.established = line->now.established;
        input.data = data;
        input.len = pkt->payload_len;
        match_packet(line, &input);
    } else {
        matcher_skip(matcher_now(line), pkt->payload_len);
    }
    stage_enter(line, STAGE_APP);
    if (datagram)
        app_bytes(line, data, pkt->payload_len);
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

/* window_of: what the handle names, made if need be; NULL without room. */
static struct stream_window *window_of(struct line *line, uint32_t *handle)
{
    struct shard_pool *pool = &line->config.pools->windows;
    struct pool_share *share = &line->now.shard->windows;
    if (*handle == POOL_NONE) {
        *handle = pool_take(pool, share);
        if (*handle == POOL_NONE)
            return NULL;
        struct stream_window *fresh = pool_at(pool, share, *handle);
        fresh->len = 0;
    }
    return pool_at(pool, share, *handle);
}

void inspect_window_back(struct line *line, uint32_t *handle)
{
    if (*handle != POOL_NONE)
        pool_give(&line->config.pools->windows, &line->now.shard->windows, *handle);
    *handle = POOL_NONE;
}

/* append: as much as fits into the window, whose oldest bytes go when it is full; returns how much.
 * `at` is where the bytes are in the stream or the body. */
static uint32_t append(struct stream_window *w, const uint8_t *data, uint32_t len, uint64_t at)
{
    if (w->len == 0 || w->at + w->len != at) { /* begins, or behind a gap */
        w->len = 0;
        w->at = at;
    }
    if (w->len == WINDOW_BYTES) {
        uint32_t drop = w->len - WINDOW_LOOK_BACK;
        memmove(w->data, w->data + drop, WINDOW_LOOK_BACK);
        w->len = WINDOW_LOOK_BACK;
        w->at += drop;
    }
    uint32_t room = WINDOW_BYTES - w->len, piece = len < room ? len : room;
    if (piece)
        memcpy(w->data + w->len, data, piece);
    w->len += piece;
    return piece;
}

/* within_depth: how much of the bytes lies within the depth; the rest is skipped, and counted. */
static uint32_t within_depth(struct line *line, uint64_t depth, uint64_t at, uint32_t len)
{
    if (!depth || at + len <= depth)
        return len;
    uint32_t past = at >= depth ? len : (uint32_t)(at + len - depth);
    matcher_skip(matcher_now(line), past);
    return len - past;
}

/* match_stream: a piece at a time, with its look-back. */
static void match_stream(struct line *line, const uint8_t *data, uint32_t len, uint64_t at)
{
    struct match_input input = match_input_of(line, true);
    input.same_packet = line->now.pkt && line->now.matched;
    uint32_t within = within_depth(line, line->config.stream_depth, at, len);
    if (line->config.watch && within < len)
        watched_deep(line, &input, data + within, len - within, at + within);
    len = within;
    if (len == 0)
        return;
    if (!matcher_wants_stream(matcher_now(line), &input, match_flow_now(line))) {
        matcher_skip(matcher_now(line), len);
        return;
    }
    struct stream_window *w = window_of(line, &line->now.flow->side[line->now.side].window);
    if (!w) {
        line->stats.counters.stream_window_full += len;
        return;
    }
    for (uint32_t piece; len; data += piece, len -= piece, at += piece) {
        piece = append(w, data, len, at);
        input.fresh = w->len - piece;
        input.data = w->data;
        input.len = w->len;
        input.stream_at = w->at;
        run_matcher(line, &input);
    }
}

/* bytes_of: what the side that sends has sent of late: its window, or the datagram. */
static void bytes_of(struct line *line, struct match_input *input)
{
    const struct packet *pkt = line->now.pkt;
    const struct flow_side *me = &line->now.flow->side[line->now.side];
    if (me->window != POOL_NONE) {
        const struct stream_window *w =
            pool_at(&line->config.pools->windows, &line->now.shard->windows, me->window);
        input->data = w->data;
        input->len = w->len;
        input->stream_at = w->at;
    } else if (line->now.flow->key.transport != IP_TCP && pkt) {
        input->data = line->now.data + pkt->payload_at;
        input->len = pkt->payload_len;
    }
}

/* match_message: of a message's head, or of a piece of its body. Parsers tell of messages of both
 * directions whichever side's bytes they are fed with. */
static void match_message(struct line *line, const struct proto_message *message,
                          const struct match_body *body)
{
    struct app_item *item = app_item_of(line);
    struct match_message own = {.transaction = message->transaction}, *state = &own;
    unsigned side = line->now.side, client = line->now.flow->client;
    line->now.side = message->direction == PROTO_TO_SERVER ? client : !client;
    struct match_input input = match_input_of(line, true);
    input.opaque = false; /* it was told of, so it could be read */
    bytes_of(line, &input);
    if (item)
        state = &item->match[message->direction];
    struct hit hits[MATCH_HITS_MAX];
    enum engine_stage before = stage_enter(line, STAGE_MATCH);
    size_t n = matcher_message(matcher_now(line), &input, message, body, state,
                               match_flow_now(line), hits);
    observe_hits(line, hits, n);
    stage_enter(line, before);
    line->now.side = side;
}

void inspect_message(struct line *line, const struct proto_message *message)
{
    if (matcher_wants_messages(matcher_now(line), message->protocol,
                               message->direction == PROTO_TO_SERVER))
        match_message(line, message, NULL);
}

void inspect_body(struct line *line, const struct proto_message *message,
                  const struct proto_body *body)
{
    struct app_item *item = app_item_of(line);
    const uint8_t *data = body->data.data;
    uint32_t len = within_depth(line, line->config.body_depth, body->at, (uint32_t)body->data.len);
    uint64_t at = body->at;
    if (line->config.watch && len < body->data.len)
        watched_deep_body(line, message, body, len);
    if (!item || (len == 0 && !body->end))
        return;
    if (!matcher_wants_body(matcher_now(line), message->protocol,
                            message->direction == PROTO_TO_SERVER, body->id)) {
        matcher_skip(matcher_now(line), len);
        return;
    }
    uint32_t *handle = &item->windows[message->direction][body->id == PART_FILE_DATA];
    struct stream_window *w = window_of(line, handle);
    if (!w) {
        line->stats.counters.stream_window_full += len;
        return;
    }
    /* Bodies of several messages may come by turns; each turn begins the window anew. */
    if (at == 0 || item->match[message->direction].transaction != message->transaction)
        w->len = 0;
    do {
        uint32_t piece = append(w, data, len, at);
        struct match_body whole = {.id = body->id,
                                   .end = body->end && piece == len,
                                   .data = w->data,
                                   .len = w->len,
                                   .fresh = w->len - piece,
                                   .at = w->at};
        match_message(line, message, &whole);
        data += piece;
        len -= piece;
        at += piece;
    } while (len);
    if (body->end)
        inspect_window_back(line, handle);
}

void inspect_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t)
{
    struct line *line = ctx;
    int64_t seen = line->now.seen_ns;
    enum engine_stage before = stage_enter(line, STAGE_APP);
    line->now.seen_ns = t;
    app_probe(line, data, len);
    uint32_t readable = app_readable(line, data, len);
    stage_enter(line, STAGE_MATCH);
    match_stream(line, data, readable, at);
    matcher_skip_encrypted(matcher_now(line), len - readable);
    stage_enter(line, STAGE_APP);
    app_bytes(line, data, len);
    stage_enter(line, before);
    line->now.seen_ns = seen;
}

void inspect_gap(void *ctx, uint32_t len, uint64_t at)
{
    struct line *line = ctx;
    (void)at;
    line->now.flow->gaps = true;
    app_gap(line, len);
}

void inspect_end(struct line *line, int64_t t, enum outcome open_requests)
{
    struct flow *f = line->now.flow;
    app_end(line, t, open_requests);
    for (unsigned side = 0; side < 2; side++)
        inspect_window_back(line, &f->side[side].window);
}
