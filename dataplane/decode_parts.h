/* What the parts of decode share. Not for other modules. */
#ifndef DATAPLANE_DECODE_PARTS_H
#define DATAPLANE_DECODE_PARTS_H

#include "base/bytes.h"
#include "dataplane/checksum.h"
#include "dataplane/decode.h"

#include <emmintrin.h>
#include <stddef.h>
#include <string.h>

#define ETHERTYPE_IP4  0x0800
#define ETHERTYPE_IP6  0x86dd
#define ETHERTYPE_ARP  0x0806
#define ETHERTYPE_RARP 0x8035 /* RFC 903 */
#define ETHERTYPE_ETHERNET                                                 \
    0x6558 /* transparent Ethernet bridging: a frame inside something else \
            */

#define LINK_HEADERS_MAX 16 /* of one frame, one behind the other */
#define TUNNELS_MAX      8  /* one inside the other */

#define LAYER_BIT(which) (1u << PACKET_LAYER_##which)
#define TUNNEL_BITS      (~UINT32_C(0) << PACKET_LAYER_TUNNELS)

/* One owner; on the stack of whoever decodes. */
struct decoder {
    struct packet *pkt;
    const uint8_t *frame;
    struct reader r;
    uint32_t cut;     /* bytes of the frame that were not captured */
    uint32_t missing; /* of these the ones of the packet */
    uint32_t record;  /* the layers that are still noted: behind a tunnel or ICMP only tunnels */
    unsigned link_headers; /* so far */
    /* decode_strip: tunnels to look for; where the content of the first begins, and what it is. */
    uint32_t strip;
    uint32_t strip_at;
    uint16_t strip_linktype;
};

static inline void decode_layer(struct decoder *d, uint32_t bit)
{
    d->pkt->layers |= bit & d->record;
}

static inline uint16_t decode_place(const struct decoder *d)
{
    return (uint16_t)(d->r.at - d->frame);
}

/* DECODE_ONWARD: no verdict yet. */
#define DECODE_ONWARD DECODE_VERDICT_COUNT

/* Ports of tunnels in UDP; rows: port, what reads the header, layer. */
#define TUNNELS_IN_UDP(X)           \
    X(2152, carries_gtp, GTP)       \
    X(3544, carries_teredo, TEREDO) \
    X(4789, carries_vxlan, VXLAN)   \
    X(6081, carries_geneve, GENEVE) \
    X(6635, carries_labels, MPLS_TUNNEL)

/* decode_is_tunnel: one of the ports is a tunnel's, or 0, which fills the rest. */
static inline bool decode_is_tunnel(uint16_t a, uint16_t b)
{
#define X(port, carries, layer) (port),
    static const int16_t tunnels[8] = { TUNNELS_IN_UDP(X) };
#undef X
    __m128i all = _mm_loadu_si128((const __m128i *)(const void *)tunnels);
    __m128i found = _mm_or_si128(_mm_cmpeq_epi16(all, _mm_set1_epi16((short)a)),
                                 _mm_cmpeq_epi16(all, _mm_set1_epi16((short)b)));
    return _mm_movemask_epi8(found) != 0;
}

/* shard.c: what the two bytes of folded addresses, as they lie in memory, add to the shard. */
extern const uint8_t shard_of_byte[2][256];

static inline uint8_t shard_of_folded(uint16_t folded)
{
    return shard_of_byte[0][folded & 0xff] ^ shard_of_byte[1][folded >> 8];
}

/* shard_of_ip4: of the two addresses as they lie behind one another in a header. */
static inline uint8_t shard_of_ip4(const uint8_t *both)
{
    uint64_t words;
    memcpy(&words, both, sizeof words);
    words ^= words >> 32;
    return shard_of_folded((uint16_t)(words ^ words >> 16));
}

/* decode_forget: what decode says of a packet; decode_finish: what comes last. */
static inline void decode_forget(struct packet *pkt)
{
    memset(&pkt->verdict, 0, sizeof *pkt - offsetof(struct packet, verdict));
}

static inline void decode_finish(struct packet *pkt, const uint8_t *data)
{
    if (pkt->flags & PACKET_VALIDATE && !checksums_hold(pkt, data))
        pkt->verdict = DECODE_CHECKSUM;
}

/* The general ways, which decode_plain.c takes for what is not plain; here also for the tests that
 * compare the two. */
__attribute__((noinline)) void decode_any_link(struct packet *pkt, const uint8_t *data,
                                               uint32_t len);
__attribute__((noinline)) void decode_any_network(struct packet *pkt, const uint8_t *data,
                                                  uint32_t len);

/* decode_link.c: from an ethertype (or a link type) over tags and labels to the network header.
 * DECODE_ONWARD with pkt->network set, or the verdict. */
unsigned decode_ethertype(struct decoder *d, uint16_t ethertype);
/* decode.c: the IP packet of pkt->network that the reader stands at. */
unsigned decode_ip(struct decoder *d);
/* decode_tunnel.c: what is behind an IP protocol number, or a UDP port, that tunnels have.
 * `outer`, the verdict of what carries, where there is no tunnel or no IP packet in it. */
unsigned decode_tunnel_in_ip(struct decoder *d, uint8_t protocol, unsigned outer);
unsigned decode_tunnel_in_udp(struct decoder *d, unsigned outer);

#endif
