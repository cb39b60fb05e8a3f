/* Recording payload: the project's own capture reader, decoder and reassembly of one TCP direction;
 * a flow table as simple as can be. None of it is timed. A hole in a stream is stepped over: what
 * is left stays one stream. */
#include "bench/bare_payload.h"

#include "base/error.h"
#include "base/table.h"
#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "dataplane/reassembly.h"

#include <stdlib.h>
#include <string.h>

#define FLOWS_MAX    ((size_t)1 << 21)
#define BLOCKS       4      /* of a packed capture: every frame is copied at once */
#define SEGMENTS_MAX 524288 /* held, in all; a sixteenth of it is what one share gets */

struct bare_side {
    struct stream_side side;
    uint32_t stream; /* 0: none yet; else its number + 1 */
    uint32_t first_seq;
    bool begun;
};
struct bare_flow {
    struct bare_side sides[2];
};
/* The lower of (address, port) comes first. */
struct bare_key {
    struct address address[2];
    uint16_t port[2];
    uint8_t transport, zero[3];
};

struct recorder {
    struct bare_payload *out;
    struct table *flows;
    struct shard_pool segments;
    struct pool_share share;
    struct reassembly reassembly;
    struct bare_side *now;
    uint64_t unused;
    bool out_of_memory;
};

static void record(struct recorder *r, struct bare_side *s, const uint8_t *data, uint32_t len)
{
    struct bare_payload *p = r->out;
    if (len == 0 || r->out_of_memory)
        return;
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 65536;
        struct bare_span *spans = realloc(p->spans, cap * sizeof *spans);
        if (!spans) {
            r->out_of_memory = true;
            return;
        }
        p->spans = spans;
        p->cap = cap;
    }
    uint8_t *copy = arena_alloc(&p->arena, len);
    if (!copy) {
        r->out_of_memory = true;
        return;
    }
    memcpy(copy, data, len);
    if (s->stream == 0)
        s->stream = ++p->streams;
    p->spans[p->n++] = (struct bare_span){copy, len, s->stream - 1};
    p->bytes += len;
}

static void take_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t)
{
    struct recorder *r = ctx;
    (void)at;
    (void)t;
    record(r, r->now, data, len);
}

static void take_gap(void *ctx, uint32_t len, uint64_t at)
{
    struct recorder *r = ctx;
    (void)at;
    r->out->gaps++;
    r->out->gap_bytes += len;
}

static void end_side(struct recorder *r, struct bare_side *s)
{
    r->now = s;
    reassembly_end(&r->reassembly, &s->side);
}

static void tcp(struct recorder *r, struct bare_flow *f, unsigned from, const struct packet *pkt,
                const uint8_t *payload)
{
    struct bare_side *s = &f->sides[from];
    uint32_t seq = pkt->tcp_seq + (pkt->tcp_flags & TCP_SYN ? 1 : 0);
    if (pkt->tcp_flags & TCP_SYN && s->begun && s->first_seq != seq) {
        /* The ports are used again: another connection. */
        end_side(r, s);
        *s = (struct bare_side){0};
    }
    if (!s->begun && (pkt->tcp_flags & TCP_SYN || pkt->payload_len)) {
        stream_side_init(&s->side);
        reassembly_start(&s->side, seq);
        s->first_seq = seq;
        s->begun = true;
    }
    if (s->begun) {
        r->now = s;
        reassembly_segment(&r->reassembly, &s->side, seq, payload, pkt->payload_len, pkt->t);
    }
    struct bare_side *other = &f->sides[!from];
    if (other->begun && pkt->tcp_flags & TCP_ACK) {
        r->now = other;
        reassembly_acked(&r->reassembly, &other->side, pkt->tcp_ack);
    }
}

static unsigned key_of(const struct packet *pkt, struct bare_key *key)
{
    int order = address_compare(&pkt->source, &pkt->target);
    unsigned from = order ? order > 0 : pkt->source_port > pkt->target_port;
    *key = (struct bare_key){.transport = pkt->transport};
    key->address[from] = pkt->source;
    key->address[!from] = pkt->target;
    key->port[from] = pkt->source_port;
    key->port[!from] = pkt->target_port;
    return from;
}

static int take_packet(struct recorder *r, const struct packet *pkt, const uint8_t *frame)
{
    struct bare_key key;
    unsigned from = key_of(pkt, &key);
    bool made;
    struct bare_flow *f = table_add(r->flows, &key, &made);
    if (!f)
        return ERR_FULL;
    if (pkt->layers & 1u << PACKET_LAYER_TCP)
        tcp(r, f, from, pkt, frame + pkt->payload_at);
    else
        record(r, &f->sides[from], frame + pkt->payload_at, pkt->payload_len);
    return r->out_of_memory ? ERR_NOMEM : 0;
}

/* end_all: what is still held, in the order in which the streams were first seen. */
static int end_all(struct recorder *r)
{
    uint32_t n = r->out->streams;
    struct bare_side **by_stream = calloc((size_t)n + 1, sizeof(struct bare_side *));
    size_t cursor = 0;
    const void *key;
    void *value;
    if (!by_stream)
        return ERR_NOMEM;
    while (table_next(r->flows, &cursor, &key, &value))
        for (unsigned i = 0; i < 2; i++) {
            struct bare_side *s = &((struct bare_flow *)value)->sides[i];
            if (s->stream)
                by_stream[s->stream] = s;
            else if (s->begun)
                end_side(r, s); /* all of it is held: only its number depends on this order */
        }
    for (uint32_t i = 1; i <= n; i++)
        if (by_stream[i] && by_stream[i]->begun)
            end_side(r, by_stream[i]);
    free(by_stream);
    return r->out_of_memory ? ERR_NOMEM : 0;
}

static int read_all(struct recorder *r, struct diags *diags)
{
    struct frame frame;
    int got, error = 0;
    while (!error &&
           ((got = capture_next(r->out->capture, &frame, diags)) > 0 || got == ERR_AGAIN)) {
        if (got == ERR_AGAIN)
            continue;
        struct packet pkt = {.linktype = frame.linktype, .wire = frame.wire};
        r->out->packets++;
        decode_frame(&pkt, frame.data, frame.captured);
        if (pkt.verdict != DECODE_TRANSPORT)
            continue;
        r->out->offered += pkt.payload_len;
        error = take_packet(r, &pkt, frame.data);
    }
    if (!error)
        error = end_all(r);
    if (error)
        return diag_error(diags, error, diag_file(capture_path(r->out->capture)), NULL,
                          "cannot record its payload");
    return got;
}

int bare_payload_read(struct bare_payload *p, const char *path, struct diags *diags)
{
    int error = capture_open(&p->capture, path, &p->blocks, diags);
    if (!error)
        error = block_pool_init(&p->blocks, BLOCKS);
    if (error)
        return error;
    struct recorder *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    *r = (struct recorder){
        .out = p,
        .flows = table_create(FLOWS_MAX, sizeof(struct bare_key), sizeof(struct bare_flow), 1)};
    pool_share_init(&r->share);
    uint64_t *unused = &r->unused;
    r->reassembly = (struct reassembly){
        .pool = &r->segments,
        .share = &r->share,
        .count = {unused, &p->duplicate, unused, unused, unused, unused},
        .ctx = r,
        .bytes = take_bytes,
        .gap = take_gap,
    };
    error = r->flows ? shard_pool_init(&r->segments, SEGMENTS_MAX, sizeof(struct held_segment))
                     : ERR_NOMEM;
    if (!error)
        error = read_all(r, diags);
    shard_pool_free(&r->segments);
    table_destroy(r->flows);
    free(r);
    return error;
}

void bare_payload_free(struct bare_payload *p)
{
    capture_close(p->capture);
    block_pool_free(&p->blocks);
    free(p->spans);
    arena_free(&p->arena);
    *p = (struct bare_payload){0};
}
