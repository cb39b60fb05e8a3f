#include "tests/pipeline/cut.h"

#include "base/ip_protocol.h"

#include <stdlib.h>
#include <string.h>

#define BURST_BYTES 65535
#define PIECE_BYTES 1460
#define PIECES_MAX  BURST_BYTES
#define BLOCK       16 /* pieces that may change their places */

struct piece {
    uint32_t at, len;
};

/* One direction of a conversation. */
struct side {
    uint64_t key;
    uint32_t next; /* sequence number */
    bool holed;    /* something is missing before it */
};
#define SIDES (1u << 20)

struct cut {
    struct side sides[SIDES]; /* by key; of two at one place the later one stays */
    uint64_t seed;
    cut_sink *sink;
    void *ctx;
    struct packet first, last; /* of the burst */
    uint8_t header[4096];      /* of the first */
    uint32_t len;              /* of the burst; 0: there is none */
    uint8_t data[BURST_BYTES];
    struct piece pieces[PIECES_MAX];
};

struct cut *cut_create(uint64_t seed, cut_sink *sink, void *ctx)
{
    struct cut *c = calloc(1, sizeof *c);
    if (c) {
        c->seed = seed;
        c->sink = sink;
        c->ctx = ctx;
    }
    return c;
}

void cut_free(struct cut *c)
{
    free(c);
}

/* below: a number less than n (splitmix64). */
static uint32_t below(struct cut *c, uint32_t n)
{
    uint64_t x = c->seed += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x ^ x >> 31) % n);
}

/* length: of the next piece: of any order of magnitude alike. */
static uint32_t length(struct cut *c)
{
    return 1 + below(c, UINT32_C(1) << below(c, 11)) % PIECE_BYTES;
}

static void send_piece(struct cut *c, struct piece piece)
{
    struct packet pkt = c->last;
    bool ends = piece.at + piece.len == c->len;
    uint8_t *data = malloc(c->first.payload_at + piece.len);
    if (!data)
        abort();
    memcpy(data, c->header, c->first.payload_at);
    memcpy(data + c->first.payload_at, c->data + piece.at, piece.len);
    pkt.network_at = c->first.network_at;
    pkt.transport_at = c->first.transport_at;
    pkt.payload_at = c->first.payload_at;
    pkt.payload_len = pkt.payload_wire = (uint16_t)piece.len;
    pkt.tcp_seq = c->first.tcp_seq + piece.at;
    pkt.tcp_flags &= (uint8_t) ~(ends ? 0 : TCP_FIN);
    c->sink(c->ctx, &pkt, data);
    free(data);
}

void cut_end(struct cut *c)
{
    uint32_t n = 0;
    for (uint32_t at = 0, len; at < c->len; at += len) {
        len = length(c);
        len = len < c->len - at ? len : c->len - at;
        c->pieces[n++] = (struct piece){at, len};
    }
    for (uint32_t i = 1; i + 1 < n; i++) { /* each block by itself */
        uint32_t left = n - 1 - i, rest = BLOCK - (i - 1) % BLOCK;
        uint32_t with = i + below(c, left < rest ? left : rest);
        struct piece held = c->pieces[i];
        c->pieces[i] = c->pieces[with];
        c->pieces[with] = held;
    }
    for (uint32_t i = 0; i < n; i++)
        send_piece(c, c->pieces[i]);
    c->len = 0;
}

static bool is_data(const struct packet *pkt)
{
    return pkt->payload_len && pkt->payload_len == pkt->payload_wire &&
           pkt->payload_at <= sizeof((struct cut *)0)->header &&
           !(pkt->tcp_flags & (TCP_SYN | TCP_RST | TCP_URG));
}

static bool follows(const struct cut *c, const struct packet *pkt)
{
    const struct packet *first = &c->first;
    return c->len && pkt->tcp_seq == first->tcp_seq + c->len &&
           c->len + pkt->payload_len <= BURST_BYTES && pkt->talk == first->talk &&
           pkt->linktype == first->linktype && pkt->network == first->network &&
           memcmp(&pkt->source, &first->source, sizeof pkt->source) == 0 &&
           memcmp(&pkt->target, &first->target, sizeof pkt->target) == 0;
}

/* is_whole: nothing is missing of the side's stream so far. */
static bool is_whole(struct cut *c, const struct packet *pkt)
{
    uint64_t key = pkt->talk * UINT64_C(0x9e3779b97f4a7c15), part;
    for (unsigned i = 0; i < 16; i += 8) {
        memcpy(&part, pkt->source.b + i, 8);
        key = (key ^ part) * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(&part, pkt->target.b + i, 8);
        key = (key ^ part) * UINT64_C(0xbf58476d1ce4e5b9);
    }
    struct side *side = &c->sides[key >> 44];
    bool syn = pkt->tcp_flags & TCP_SYN;
    uint32_t end = pkt->tcp_seq + syn + pkt->payload_wire;
    if (side->key != key || syn)
        *side = (struct side){.key = key, .next = syn ? end : pkt->tcp_seq};
    side->holed |= (int32_t)(pkt->tcp_seq - side->next) > 0;
    if ((int32_t)(end - side->next) > 0)
        side->next = end;
    return !side->holed;
}

void cut_packet(struct cut *c, const struct packet *pkt, const uint8_t *data)
{
    bool tcp = pkt->verdict == DECODE_TRANSPORT && pkt->transport == IP_TCP,
         is = tcp && is_whole(c, pkt) && is_data(pkt);
    if (c->len && !(is && follows(c, pkt)))
        cut_end(c);
    if (!is) {
        c->sink(c->ctx, pkt, data);
        return;
    }
    if (c->len == 0) {
        c->first = *pkt;
        memcpy(c->header, data, pkt->payload_at);
    }
    c->last = *pkt;
    memcpy(c->data + c->len, data + pkt->payload_at, pkt->payload_len);
    c->len += pkt->payload_len;
    if (pkt->tcp_flags & TCP_FIN)
        cut_end(c);
}
