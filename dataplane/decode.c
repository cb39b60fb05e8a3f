/* Decode: Ethernet, VLAN tags, IPv4, IPv6, TCP, UDP. IEEE 802.3, 802.1Q; RFC 791, 8200, 9293, 768.
 *
 * Each layer reads through one bounded reader, which is cut to what the IP header says the packet's
 * length is, so that link padding is never payload. A layer returns the verdict that ends decoding.
 */
#include "dataplane/decode.h"

#include "base/bytes.h"

#include "dataplane/capture.h"

#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_IP6 0x86dd
#define ETHERTYPE_ARP 0x0806
#define VLAN_TAGS_MAX 4

#define IP_ICMP  1
#define IP_TCP   6
#define IP_UDP   17
#define IP_ICMP6 58

#define IP6_FRAGMENT 44
#define IP6_AH       51

struct decoder {
    struct packet *pkt;
    const uint8_t *frame;
    struct reader r;
    uint32_t cut;     /* bytes of the frame that were not captured */
    uint32_t missing; /* of these the ones of the IP packet */
};

static void layer(struct decoder *d, enum packet_layer_number which)
{
    d->pkt->layers |= (uint16_t)(1u << which);
}

/* ends_in_transport, ends_in_network: the verdict where a header does not fit into what is left. */
static unsigned ends_in_transport(const struct decoder *d)
{
    return d->missing ? DECODE_CUT_TRANSPORT : DECODE_BAD_TRANSPORT;
}

static unsigned ends_in_network(const struct decoder *d)
{
    return d->missing ? DECODE_CUT_NETWORK : DECODE_BAD_NETWORK;
}

static uint16_t at_most_16_bits(uint32_t n)
{
    return (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
}

static unsigned transport_tcp(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 20);
    if (!h)
        return ends_in_transport(d);
    struct packet *p = d->pkt;
    uint32_t header = (uint32_t)(h[12] >> 4) * 4;
    if (header < 20)
        return DECODE_BAD_TRANSPORT;
    reader_skip(&d->r, header - 20);
    if (d->r.failed)
        return ends_in_transport(d);
    p->source_port = load_be16(h);
    p->target_port = load_be16(h + 2);
    p->tcp_seq = load_be32(h + 4);
    p->tcp_ack = load_be32(h + 8);
    p->tcp_flags = h[13];
    p->payload_at = (uint16_t)(d->r.at - d->frame);
    p->payload_len = (uint16_t)reader_left(&d->r);
    p->payload_wire = at_most_16_bits(p->payload_len + d->missing);
    layer(d, PACKET_LAYER_TCP);
    return DECODE_TRANSPORT;
}

static unsigned transport_udp(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 8);
    if (!h)
        return ends_in_transport(d);
    struct packet *p = d->pkt;
    uint32_t said = load_be16(h + 4), there = (uint32_t)reader_left(&d->r) + d->missing + 8;
    if (said == 0)
        said = there; /* RFC 2675: a jumbogram; otherwise senders leave it out */
    if (said < 8 || said > there)
        return DECODE_BAD_TRANSPORT;
    uint32_t wire = said - 8, have = (uint32_t)reader_left(&d->r);
    p->source_port = load_be16(h);
    p->target_port = load_be16(h + 2);
    p->payload_at = (uint16_t)(d->r.at - d->frame);
    p->payload_len = (uint16_t)(have < wire ? have : wire);
    p->payload_wire = at_most_16_bits(wire);
    layer(d, PACKET_LAYER_UDP);
    return DECODE_TRANSPORT;
}

static unsigned transport(struct decoder *d, uint8_t protocol)
{
    d->pkt->transport = protocol;
    switch (protocol) {
    case IP_TCP:
        return transport_tcp(d);
    case IP_UDP:
        return transport_udp(d);
    case IP_ICMP:
        layer(d, PACKET_LAYER_ICMP);
        return DECODE_NETWORK;
    case IP_ICMP6:
        layer(d, PACKET_LAYER_ICMP6);
        return DECODE_NETWORK;
    default:
        layer(d, PACKET_LAYER_OTHER);
        return DECODE_NETWORK;
    }
}

/* bound_payload: the reader ends where the IP packet ends; what the capture lacks is counted. A
 * length of 0 was left to the network card by a sender that offloads segmentation (or is a
 * jumbogram's): then the packet goes as far as the frame did. */
static void bound_payload(struct decoder *d, bool said, uint32_t payload)
{
    uint32_t left = (uint32_t)reader_left(&d->r);
    if (!said)
        payload = left + d->cut;
    if (payload < left)
        d->r.end = d->r.at + payload;
    else
        d->missing = payload - left;
}

static unsigned network_ip4(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 20);
    layer(d, PACKET_LAYER_IP4);
    if (!h)
        return DECODE_CUT_NETWORK;
    uint32_t header = (uint32_t)(h[0] & 15) * 4, total = load_be16(h + 2);
    if (h[0] >> 4 != 4 || header < 20)
        return DECODE_BAD_NETWORK;
    if (total && total < header)
        return DECODE_BAD_NETWORK;
    d->pkt->source = address_v4(h + 12);
    d->pkt->target = address_v4(h + 16);
    reader_skip(&d->r, header - 20);
    if (d->r.failed)
        return DECODE_CUT_NETWORK;
    bound_payload(d, total != 0, total - header);
    d->pkt->transport = h[9];
    if (load_be16(h + 6) & 0x3fff) /* more fragments, or an offset */
        return DECODE_FRAGMENT;
    return transport(d, h[9]);
}

/* Extension headers: hop-by-hop, routing, fragment, destination, AH, mobility, HIP, shim6. A
 * fragment header without an offset and with nothing to come stands in a whole packet (an atomic
 * fragment, RFC 6946). */
static bool is_extension(uint8_t next)
{
    return next == 0 || next == 43 || next == IP6_FRAGMENT || next == 60 || next == IP6_AH ||
           next == 135 || next == 139 || next == 140;
}

/* extension_rest: bytes of the header behind its first eight, from its length field. RFC 8200, 4:
 * units of 8; RFC 4302, 2.2: units of 4; a fragment header has none. */
static uint32_t extension_rest(uint8_t number, uint8_t length)
{
    return number == IP6_FRAGMENT ? 0 : number == IP6_AH ? length * 4u : length * 8u;
}

static unsigned network_ip6(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 40);
    layer(d, PACKET_LAYER_IP6);
    if (!h)
        return DECODE_CUT_NETWORK;
    if (h[0] >> 4 != 6)
        return DECODE_BAD_NETWORK;
    d->pkt->source = address_v6(h + 8);
    d->pkt->target = address_v6(h + 24);
    uint32_t payload = load_be16(h + 4);
    bound_payload(d, payload != 0, payload);
    uint8_t next = h[6];
    while (is_extension(next)) {
        const uint8_t *e = reader_take(&d->r, 8);
        if (!e)
            return ends_in_network(d);
        reader_skip(&d->r, extension_rest(next, e[1]));
        if (d->r.failed)
            return ends_in_network(d);
        if (next == IP6_FRAGMENT && load_be16(e + 2) & 0xfff9) {
            d->pkt->transport = e[0];
            return DECODE_FRAGMENT;
        }
        next = e[0];
    }
    return transport(d, next);
}

static unsigned link_ethernet(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 14);
    if (!h)
        return DECODE_CUT_LINK;
    layer(d, PACKET_LAYER_ETH);
    uint16_t ethertype = load_be16(h + 12);
    for (unsigned tags = 0; (ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100) &&
                            tags < VLAN_TAGS_MAX;
         tags++) {
        const uint8_t *tag = reader_take(&d->r, 4);
        if (!tag)
            return DECODE_CUT_LINK;
        if (tags == 0)
            d->pkt->vlan = load_be16(tag) & 0x0fff;
        layer(d, PACKET_LAYER_VLAN);
        ethertype = load_be16(tag + 2);
    }
    switch (ethertype) {
    case ETHERTYPE_IP4:
        return network_ip4(d);
    case ETHERTYPE_IP6:
        return network_ip6(d);
    case ETHERTYPE_ARP:
        layer(d, PACKET_LAYER_ARP);
        return DECODE_LINK;
    default:
        layer(d, PACKET_LAYER_OTHER);
        return DECODE_LINK;
    }
}

void decode_frame(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    pkt->verdict = pkt->transport = pkt->tcp_flags = 0;
    pkt->layers = pkt->vlan = pkt->source_port = pkt->target_port = 0;
    pkt->tcp_seq = pkt->tcp_ack = 0;
    pkt->payload_at = pkt->payload_len = pkt->payload_wire = 0;
    pkt->source = pkt->target = (struct address){{0}};
    if (pkt->linktype != LINKTYPE_ETHERNET) {
        pkt->layers = 1u << PACKET_LAYER_OTHER;
        pkt->verdict = DECODE_LINKTYPE;
        return;
    }
    if (len > UINT16_MAX)
        len = UINT16_MAX;
    struct decoder d = {.pkt = pkt, .frame = data, .r = reader_over(data, len)};
    d.cut = pkt->wire > len ? pkt->wire - len : 0;
    pkt->verdict = (uint8_t)link_ethernet(&d);
    if (d.cut || d.missing)
        pkt->flags |= PACKET_CUT;
}
