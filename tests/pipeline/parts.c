/* What parsers tell of messages in captures, by the shortest way there is: frames are decoded, TCP
 * put in order, the parser picked by content or port, as the line does it, but without rules,
 * limits, shards and time. Fragments are left out.
 *
 *   parts CAPTURE...
 *
 * Prints a JSON line a part, in the order they were told:
 *   {"capture":"a.pcap","packet":7,"flow":"10.0.0.1:1234 > 10.0.0.2:80","protocol":"http",
 *    "to":"server","transaction":1,"part":"http.uri","hex":"2f"}
 * flow is client and server; packet the frame with which the message or the body's end was there. A
 * body is one such line when it has ended; when it never does, at the end of its stream, with
 * "cut":true.
 */
#include "base/error.h"
#include "base/ip_protocol.h"
#include "base/text.h"
#include "base/vocabulary.h"
#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "dataplane/reassembly.h"
#include "proto/proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS   65536
#define PROBE_MAX 512 /* bytes of one direction in which a parser is looked for */
#define SEGMENTS  65536
#define BLOCKS    16

/* One that is under way; those of several streams may be at once. */
struct body {
    struct body *next;
    uint8_t *data;
    size_t len, room;
    uint32_t transaction;
    uint8_t direction, part;
};

struct flow {
    struct flow *next;
    struct address address[2];
    uint16_t port[2];
    uint8_t transport, tunnels;
    uint8_t client; /* 0 or 1; until a handshake or a parser tells, by the ports */
    bool handshake, parsed, opaque;
    uint32_t first_seq; /* of the client's SYN */
    uint32_t probed[2];
    const struct proto_parser *parser;
    struct stream_side side[2];
    struct body *bodies;
    uint8_t *rooms[PROTO_ROOM_COUNT];
    _Alignas(8) uint8_t state[PROTO_STATE_MAX];
};

struct world {
    const char *capture;
    struct flow *buckets[BUCKETS];
    struct reassembly reassembly;
    uint64_t counters[6];
    uint64_t packet;
    int64_t now;
    struct flow *flow; /* of the packet, and who sent it */
    unsigned sender;
    uint8_t scratch[PROTO_SCRATCH];
};

static void *must_have(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- what is told ---- */

static const char *const keywords[PROTO_PART_COUNT] = {
#define X(s, protocol, directions, keyword, text) [PART_##s] = keyword,
    PROTO_PARTS(X)
#undef X
};

static const uint32_t room_bytes[PROTO_ROOM_COUNT] = {
#define X(s, bytes, text) bytes,
    PROTO_ROOMS(X)
#undef X
};

static void print_part(const struct world *w, unsigned direction, uint32_t transaction,
                       unsigned part, struct bytes bytes, bool cut)
{
    const struct flow *f = w->flow;
    char ends[2][ADDRESS_TEXT_ROOM];
    printf("{\"capture\":\"%s\",\"packet\":%llu,\"flow\":\"%s:%u > %s:%u\",\"protocol\":\"%s\","
           "\"to\":\"%s\",\"transaction\":%u,\"part\":\"%s\",%s\"hex\":\"",
           w->capture, (unsigned long long)w->packet,
           address_format(ends[0], &f->address[f->client]), f->port[f->client],
           address_format(ends[1], &f->address[!f->client]), f->port[!f->client],
           protocol_words[f->parser->protocol].name,
           direction == PROTO_TO_SERVER ? "server" : "client", transaction, keywords[part],
           cut ? "\"cut\":true," : "");
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", bytes.data[i]);
    printf("\"}\n");
}

static void on_message(void *ctx, const struct proto_message *m)
{
    struct world *w = ctx;
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    struct proto_scratch scratch = {.data = w->scratch, .room = sizeof w->scratch};
    unsigned n = m->parts(m, &scratch, parts);
    for (unsigned i = 0; i < n; i++)
        print_part(w, m->direction, m->transaction, parts[i].id, parts[i].bytes, false);
}

/* end_body: the one that is pointed to. */
static void end_body(const struct world *w, struct body **at, bool cut)
{
    struct body *b = *at;
    print_part(w, b->direction, b->transaction, b->part, (struct bytes){b->data, b->len}, cut);
    *at = b->next;
    free(b->data);
    free(b);
}

static struct body **find_body(struct flow *f, const struct proto_message *m, unsigned part)
{
    struct body **at = &f->bodies;
    while (*at && ((*at)->transaction != m->transaction || (*at)->direction != m->direction ||
                   (*at)->part != part))
        at = &(*at)->next;
    return at;
}

static void on_body(void *ctx, const struct proto_message *m, const struct proto_body *body)
{
    struct world *w = ctx;
    struct body **at = find_body(w->flow, m, body->id), *b = *at;
    if (!b) {
        b = *at = must_have(calloc(1, sizeof *b));
        b->transaction = m->transaction;
        b->direction = m->direction;
        b->part = body->id;
    }
    if (b->room < b->len + body->data.len) {
        b->room = 2 * (b->len + body->data.len);
        b->data = must_have(realloc(b->data, b->room));
    }
    if (body->data.len)
        memcpy(b->data + b->len, body->data.data, body->data.len);
    b->len += body->data.len;
    if (body->end)
        end_body(w, at, false);
}

static uint8_t *lend(void *ctx, enum proto_room which)
{
    struct flow *f = ((struct world *)ctx)->flow;
    if (!f->rooms[which])
        f->rooms[which] = must_have(malloc(room_bytes[which]));
    return f->rooms[which];
}

static void take_back(void *ctx, enum proto_room which)
{
    struct flow *f = ((struct world *)ctx)->flow;
    free(f->rooms[which]);
    f->rooms[which] = NULL;
}

static void ignore_command(void *ctx, const struct proto_command *command)
{
    (void)ctx;
    (void)command;
}

static void ignore_session(void *ctx, const struct proto_session *session)
{
    (void)ctx;
    (void)session;
}

static void ignore_anomaly(void *ctx, enum proto_anomaly anomaly, enum proto_direction dir)
{
    (void)ctx;
    (void)anomaly;
    (void)dir;
}

static struct proto_sink sink_of(struct world *w)
{
    return (struct proto_sink){
        .ctx = w,
        .command = ignore_command,
        .anomaly = ignore_anomaly,
        .session = ignore_session,
        .message = on_message,
        .body = on_body,
        .room = lend,
        .room_back = take_back,
        .seen_ns = w->now,
    };
}

/* ---- parsing ---- */

static enum proto_direction direction_of(const struct flow *f, unsigned sender)
{
    return sender == f->client ? PROTO_TO_SERVER : PROTO_TO_CLIENT;
}

static void adopt(struct flow *f, const struct proto_parser *parser, unsigned sender,
                  bool from_server)
{
    f->parser = parser;
    f->parsed = true;
    if (!f->handshake)
        f->client = (uint8_t)(from_server ? !sender : sender);
}

/* probe: the port's parser only where no content tells. */
static void probe(struct flow *f, unsigned sender, const uint8_t *data, uint32_t len)
{
    const struct proto_parser *of_port = NULL;
    bool of_port_serves = false, open = false;
    for (unsigned i = 0; i < proto_parser_count; i++) {
        const struct proto_parser *p = proto_parsers[i];
        if (p->datagrams != (f->transport == IP_UDP))
            continue;
        bool by_port = p->port == f->port[0] || p->port == f->port[1];
        bool from_server = by_port && !f->handshake && f->port[0] != f->port[1]
                               ? f->port[sender] == p->port
                               : sender != f->client;
        int verdict = p->probe(data, len, &from_server);
        if (verdict > 0) {
            adopt(f, p, sender, from_server);
            return;
        }
        if (verdict == 0 && by_port && !of_port) {
            of_port = p;
            of_port_serves = from_server;
        }
        open |= verdict == 0 || by_port;
    }
    f->probed[sender] += len;
    if (of_port)
        adopt(f, of_port, sender, of_port_serves);
    else if (!open || f->probed[sender] >= PROBE_MAX)
        f->opaque = true;
}

static void parse(struct world *w, unsigned sender, const uint8_t *data, uint32_t len)
{
    struct flow *f = w->flow;
    if (!f->parsed && !f->opaque)
        probe(f, sender, data, len);
    if (!f->parsed)
        return;
    struct proto_sink sink = sink_of(w);
    /* A copy of exact size, so that a read behind the end is seen. */
    uint8_t *copy = must_have(malloc(len ? len : 1));
    memcpy(copy, data, len);
    f->parser->feed(f->state, direction_of(f, sender), w->now, copy, len, &sink);
    free(copy);
}

static void on_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t)
{
    struct world *w = ctx;
    (void)at;
    (void)t;
    parse(w, w->sender, data, len);
}

static void on_gap(void *ctx, uint32_t len, uint64_t at)
{
    struct world *w = ctx;
    struct flow *f = w->flow;
    struct proto_sink sink = sink_of(w);
    (void)at;
    if (f->parsed)
        f->parser->gap(f->state, direction_of(f, w->sender), w->now, len, &sink);
}

/* ---- flows ---- */

/* end_flow: what is held is delivered, what is open is told; as if it had never been. */
static void end_flow(struct world *w, struct flow *f)
{
    w->flow = f;
    for (w->sender = 0; f->transport == IP_TCP && w->sender < 2; w->sender++)
        reassembly_end(&w->reassembly, &f->side[w->sender]);
    struct proto_sink sink = sink_of(w);
    if (f->parsed)
        f->parser->end(f->state, w->now, OUTCOME_SEEN, &sink);
    while (f->bodies)
        end_body(w, &f->bodies, true);
    for (unsigned i = 0; i < PROTO_ROOM_COUNT; i++)
        free(f->rooms[i]);
}

static void begin_flow(struct flow *f, const struct packet *pkt)
{
    struct flow *next = f->next;
    memset(f, 0, sizeof *f);
    f->next = next;
    f->address[0] = pkt->source;
    f->address[1] = pkt->target;
    f->port[0] = pkt->source_port;
    f->port[1] = pkt->target_port;
    f->transport = pkt->transport;
    f->tunnels = pkt->tunnels;
    f->client = pkt->source_port < pkt->target_port;
    stream_side_init(&f->side[0]);
    stream_side_init(&f->side[1]);
}

static bool is_of(const struct flow *f, const struct packet *pkt, unsigned sender)
{
    return f->transport == pkt->transport && f->tunnels == pkt->tunnels &&
           f->port[sender] == pkt->source_port && f->port[!sender] == pkt->target_port &&
           memcmp(&f->address[sender], &pkt->source, sizeof pkt->source) == 0 &&
           memcmp(&f->address[!sender], &pkt->target, sizeof pkt->target) == 0;
}

static unsigned bucket_of(const struct packet *pkt)
{
    unsigned sum = pkt->source_port + pkt->target_port; /* the same in both directions */
    for (size_t i = 0; i < sizeof pkt->source; i++)
        sum += (unsigned)(((const uint8_t *)&pkt->source)[i] + ((const uint8_t *)&pkt->target)[i])
               << (i % 4 * 4);
    return sum % BUCKETS;
}

/* find: the packet's flow, found or made, and who of its two ends sent it. */
static void find(struct world *w, const struct packet *pkt)
{
    struct flow **bucket = &w->buckets[bucket_of(pkt)];
    for (struct flow *f = *bucket; f; f = f->next)
        for (unsigned sender = 0; sender < 2; sender++)
            if (is_of(f, pkt, sender)) {
                w->flow = f;
                w->sender = sender;
                return;
            }
    struct flow *f = must_have(calloc(1, sizeof *f));
    begin_flow(f, pkt);
    f->next = *bucket;
    *bucket = w->flow = f;
    w->sender = 0;
}

static void take_tcp(struct world *w, const struct packet *pkt, const uint8_t *data)
{
    struct flow *f = w->flow;
    if ((pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
        !(f->handshake && f->client == w->sender && f->first_seq == pkt->tcp_seq)) {
        if (f->side[0].begun || f->side[1].begun) {
            end_flow(w, f);
            begin_flow(f, pkt);
            w->flow = f;
            w->sender = 0;
        }
        f->handshake = true;
        f->client = (uint8_t)w->sender;
        f->first_seq = pkt->tcp_seq;
    }
    unsigned sender = w->sender;
    uint32_t seq = pkt->tcp_seq;
    if (pkt->tcp_flags & TCP_SYN) {
        if ((pkt->tcp_flags & TCP_ACK) && !f->handshake)
            f->client = !sender;
        seq++;
        if (!f->side[sender].begun)
            reassembly_start(&f->side[sender], seq);
    }
    if (pkt->tcp_flags & TCP_ACK) {
        w->sender = !sender;
        reassembly_acked(&w->reassembly, &f->side[!sender], pkt->tcp_ack);
        w->sender = sender;
    }
    if (pkt->payload_len)
        reassembly_segment(&w->reassembly, &f->side[sender], seq, data + pkt->payload_at,
                           pkt->payload_len, w->now);
}

static void take(struct world *w, const struct frame *frame)
{
    struct packet pkt = {.t = frame->t,
                         .seq = frame->number,
                         .input = 1,
                         .wire = frame->wire,
                         .linktype = frame->linktype};
    decode_frame(&pkt, frame->data, frame->captured);
    w->packet = frame->number;
    w->now = frame->t;
    if (pkt.verdict != DECODE_TRANSPORT)
        return;
    find(w, &pkt);
    if (pkt.transport == IP_TCP)
        take_tcp(w, &pkt, frame->data);
    else if (pkt.transport == IP_UDP && pkt.payload_len)
        parse(w, w->sender, frame->data + pkt.payload_at, pkt.payload_len);
}

static void end_all(struct world *w)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct flow *f = w->buckets[i], *next; f; f = next) {
            next = f->next;
            end_flow(w, f);
            free(f);
        }
    memset(w->buckets, 0, sizeof w->buckets);
}

static int read_capture(struct world *w, const char *path, struct block_pool *blocks)
{
    struct diags diags = {0};
    struct capture *capture;
    struct frame frame;
    w->capture = path;
    int got = capture_open(&capture, path, blocks, &diags);
    if (!got) {
        while ((got = capture_next(capture, &frame, &diags)) == 1 || got == ERR_AGAIN)
            if (got == 1)
                take(w, &frame);
        capture_close(capture);
    }
    end_all(w);
    for (size_t i = 0; i < diags.n; i++)
        fprintf(stderr, "%s: %s\n", path, diags.items[i].text);
    diags_free(&diags);
    return got;
}

int main(int argc, char **argv)
{
    struct block_pool blocks = {0};
    struct shard_pool pool;
    struct pool_share *share = must_have(calloc(1, sizeof *share));
    struct world *w = must_have(calloc(1, sizeof *w));
    int failed = 0;
    /* A shard may hold a sixteenth. */
    if (shard_pool_init(&pool, SEGMENTS, sizeof(struct held_segment)) ||
        block_pool_init(&blocks, BLOCKS))
        return 1;
    pool_share_init(share);
    w->reassembly = (struct reassembly){
        .pool = &pool,
        .share = share,
        .count = {&w->counters[0], &w->counters[1], &w->counters[2], &w->counters[3],
                  &w->counters[4], &w->counters[5]},
        .ctx = w,
        .bytes = on_bytes,
        .gap = on_gap,
    };
    for (int i = 1; i < argc; i++)
        failed |= read_capture(w, argv[i], &blocks) != 0;
    block_pool_free(&blocks);
    shard_pool_free(&pool);
    free(share);
    free(w);
    return failed;
}
