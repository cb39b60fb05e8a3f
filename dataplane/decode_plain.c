/* Decode, the short way: what nearly all frames are, TCP or UDP right behind a whole IPv4 header
 * right behind Ethernet, in few steps. Whatever else a frame is goes the general way, which says
 * the same of plain ones (tests/unit/dataplane/decode_test.c, tests/fuzz/decode.c).
 */
#include "dataplane/decode_parts.h"

#include "base/ip_protocol.h"

#define PLAIN_NETWORK_AT 14 /* behind Ethernet */

/* plain_link: false, and nothing is changed, for what needs a closer look; likewise below. */
static inline bool plain_link(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    if (pkt->linktype != LINKTYPE_ETHERNET || len < PLAIN_NETWORK_AT + 20 || len > UINT16_MAX ||
        load_be16(data + 12) != ETHERTYPE_IP4)
        return false;
    decode_forget(pkt);
    pkt->verdict = DECODE_ONWARD;
    pkt->network = 4;
    pkt->network_at = PLAIN_NETWORK_AT;
    pkt->layers = LAYER_BIT(ETH) | LAYER_BIT(IP4);
    pkt->shard = shard_of_ip4(data + PLAIN_NETWORK_AT + 12);
    if (pkt->wire > len)
        pkt->flags |= PACKET_CUT;
    return true;
}

static inline bool plain_network(struct packet *pkt, const uint8_t *data, uint32_t len, uint32_t at)
{
    const uint8_t *ip = data + at, *h = ip + 20;
    uint32_t left = len - at;
    if (left < 40 || ip[0] != 0x45 || load_be16(ip + 6) & 0x3fff)
        return false;
    uint32_t total = load_be16(ip + 2);
    if (total < 28 || total > left)
        return false;
    uint32_t header, wire;
    if (ip[9] == IP_TCP) {
        header = (uint32_t)(h[12] >> 4) * 4;
        if (header < 20 || total < 20 + header)
            return false;
        wire = total - 20 - header;
        pkt->tcp_seq = load_be32(h + 4);
        pkt->tcp_ack = load_be32(h + 8);
        pkt->tcp_flags = h[13];
        pkt->layers |= LAYER_BIT(TCP);
    } else if (ip[9] == IP_UDP) {
        header = load_be16(h + 4);
        if (header < 8 || header > total - 20 || decode_is_tunnel(load_be16(h), load_be16(h + 2)))
            return false;
        wire = header - 8;
        header = 8;
        pkt->layers |= LAYER_BIT(UDP);
    } else {
        return false;
    }
    pkt->source = address_v4(ip + 12);
    pkt->target = address_v4(ip + 16);
    pkt->talk |= PACKET_TALK(load_be16(h), load_be16(h + 2), ip[9]);
    pkt->transport_at = (uint16_t)(at + 20);
    pkt->payload_at = (uint16_t)(at + 20 + header);
    pkt->payload_len = pkt->payload_wire = (uint16_t)wire;
    pkt->verdict = DECODE_TRANSPORT;
    return true;
}

void decode_link(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    if (!plain_link(pkt, data, len))
        decode_any_link(pkt, data, len);
}

void decode_network(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    if (pkt->network == 4 && !pkt->tunnels &&
        plain_network(pkt, data, len < UINT16_MAX ? len : UINT16_MAX, pkt->network_at))
        decode_finish(pkt, data);
    else
        decode_any_network(pkt, data, len);
}

/* As the two above; what is plain to the link needs not be asked again. */
void decode_frame(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    if (!plain_link(pkt, data, len)) {
        decode_any_link(pkt, data, len);
        decode_network(pkt, data, len);
    } else if (plain_network(pkt, data, len, PLAIN_NETWORK_AT)) {
        decode_finish(pkt, data);
    } else {
        decode_any_network(pkt, data, len);
    }
}
