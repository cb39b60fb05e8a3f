/* Decode: the IP packet and its transport. RFC 791, 8200, 9293, 768, 792, 4443, 9260.
 *
 * Each layer reads through one bounded reader, which is cut to what the IP header says the packet's
 * length is, so that link padding is never payload. A layer returns the verdict that ends decoding;
 * what can carry another packet asks decode_tunnel.c for its verdict.
 */
#include "dataplane/decode_parts.h"

#include "base/ip_protocol.h"

#define IP6_ROUTING  43
#define IP6_FRAGMENT 44

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

static void payload_is_the_rest(struct decoder *d)
{
    struct packet *p = d->pkt;
    p->payload_at = decode_place(d);
    p->payload_len = (uint16_t)reader_left(&d->r);
    p->payload_wire = at_most_16_bits(p->payload_len + d->missing);
}

static unsigned transport_tcp(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(TCP));
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
    payload_is_the_rest(d);
    return DECODE_TRANSPORT;
}

static unsigned transport_udp(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(UDP));
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
    p->payload_at = decode_place(d);
    p->payload_len = (uint16_t)(have < wire ? have : wire);
    p->payload_wire = at_most_16_bits(wire);
    return decode_tunnel_in_udp(d, DECODE_TRANSPORT);
}

/* transport_icmp: what is behind the eight bytes that all messages have is the payload. */
static unsigned transport_icmp(struct decoder *d)
{
    bool six = d->pkt->transport == IP_ICMP6;
    decode_layer(d, six ? LAYER_BIT(ICMP6) : LAYER_BIT(ICMP));
    size_t left = reader_left(&d->r);
    reader_skip(&d->r, left < 8 ? left : 8);
    payload_is_the_rest(d);
    return DECODE_NETWORK;
}

static unsigned transport_sctp(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(SCTP));
    const uint8_t *h = reader_take(&d->r, 12);
    if (!h)
        return ends_in_transport(d);
    d->pkt->source_port = load_be16(h);
    d->pkt->target_port = load_be16(h + 2);
    payload_is_the_rest(d);
    return DECODE_NETWORK;
}

static unsigned (*const by_protocol[256])(struct decoder *d) = {
    [1] = transport_icmp,  [6] = transport_tcp,    [17] = transport_udp,
    [58] = transport_icmp, [132] = transport_sctp,
};

static unsigned transport(struct decoder *d, uint8_t protocol)
{
    struct packet *p = d->pkt;
    p->transport = protocol;
    p->transport_at = decode_place(d);
    if (by_protocol[protocol])
        return by_protocol[protocol](d);
    payload_is_the_rest(d);
    unsigned verdict = decode_tunnel_in_ip(d, protocol, DECODE_ONWARD);
    if (verdict != DECODE_ONWARD)
        return verdict;
    decode_layer(d, LAYER_BIT(OTHER));
    return DECODE_NETWORK;
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
    d->missing = payload < left ? 0 : payload - left;
}

/* a_fragment: only the first one can name a layer; its payload is the fragment's. */
static unsigned a_fragment(struct decoder *d, const uint8_t *named, uint8_t protocol,
                           uint16_t offset)
{
    static const uint32_t bits[256] = {
        [1] = LAYER_BIT(ICMP),   [6] = LAYER_BIT(TCP),    [17] = LAYER_BIT(UDP),
        [58] = LAYER_BIT(ICMP6), [132] = LAYER_BIT(SCTP),
    };
    if (offset == 0)
        decode_layer(d, bits[protocol]);
    d->pkt->transport = protocol;
    d->pkt->transport_at = decode_place(d);
    d->pkt->named_at = (uint16_t)(named - d->frame);
    payload_is_the_rest(d);
    return DECODE_FRAGMENT;
}

/* Extension headers: hop-by-hop, routing, fragment, destination, AH, mobility, HIP, shim6. A
 * fragment header without an offset and with nothing to come stands in a whole packet (an atomic
 * fragment, RFC 6946). AH stands behind IPv4 as well. */
static bool is_extension(uint8_t network, uint8_t next)
{
    if (network == 4)
        return next == IP_AH;
    return next == 0 || next == IP6_ROUTING || next == IP6_FRAGMENT || next == 60 ||
           next == IP_AH || next == 135 || next == 139 || next == 140;
}

/* extension_rest: bytes of the header behind its first eight, from its length field. RFC 8200, 4:
 * units of 8; RFC 4302, 2.2: units of 4; a fragment header has none. */
static uint32_t extension_rest(uint8_t number, uint8_t length)
{
    return number == IP6_FRAGMENT ? 0 : number == IP_AH ? length * 4u : length * 8u;
}

/* behind_ip: over the extension headers to the transport, from the byte that names the first. */
static unsigned behind_ip(struct decoder *d, const uint8_t *named)
{
    uint8_t next;
    while (is_extension(d->pkt->network, next = *named)) {
        const uint8_t *e = reader_take(&d->r, 8);
        if (!e)
            return ends_in_network(d);
        reader_skip(&d->r, extension_rest(next, e[1]));
        if (d->r.failed)
            return ends_in_network(d);
        if (next == IP6_FRAGMENT && load_be16(e + 2) & 0xfff9)
            return a_fragment(d, named, e[0], load_be16(e + 2) >> 3);
        if (next == IP6_ROUTING && e[3])
            d->pkt->rerouted = true;
        named = e;
    }
    return transport(d, next);
}

static unsigned network_ip4(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 20);
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
    uint16_t fragment = load_be16(h + 6) & 0x3fff; /* more fragments, and the offset */
    if (fragment)
        return a_fragment(d, h + 9, h[9], fragment & 0x1fff);
    return behind_ip(d, h + 9);
}

static unsigned network_ip6(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 40);
    if (!h)
        return DECODE_CUT_NETWORK;
    if (h[0] >> 4 != 6)
        return DECODE_BAD_NETWORK;
    d->pkt->source = address_v6(h + 8);
    d->pkt->target = address_v6(h + 24);
    uint32_t payload = load_be16(h + 4);
    bound_payload(d, payload != 0, payload);
    return behind_ip(d, h + 6);
}

unsigned decode_ip(struct decoder *d)
{
    return d->pkt->network == 4 ? network_ip4(d) : network_ip6(d);
}

/* at_network: a decoder that stands where decode_link ended. */
static struct decoder at_network(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    if (len > UINT16_MAX)
        len = UINT16_MAX;
    return (struct decoder){
        .pkt = pkt,
        .frame = data,
        .r = reader_over(data + pkt->network_at, len - pkt->network_at),
        .cut = pkt->wire > len ? pkt->wire - len : 0,
        .record = pkt->tunnels ? TUNNEL_BITS : UINT32_MAX,
    };
}

void decode_any_network(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    if (!pkt->network)
        return;
    struct decoder d = at_network(pkt, data, len);
    pkt->verdict = (uint8_t)decode_ip(&d);
    if (d.missing)
        pkt->flags |= PACKET_CUT;
    decode_finish(pkt, data);
}

uint32_t decode_strip(struct packet *pkt, const uint8_t *data, uint32_t len, uint32_t layers,
                      uint16_t *linktype)
{
    decode_link(pkt, data, len);
    if (!pkt->network)
        return 0;
    struct decoder d = at_network(pkt, data, len);
    d.strip = layers;
    pkt->verdict = (uint8_t)decode_ip(&d);
    *linktype = d.strip_linktype;
    return d.strip_at;
}
