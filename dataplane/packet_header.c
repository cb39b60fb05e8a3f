/* What rules ask of the headers of a packet. RFC 791, 8200, 9293, 792, 4443. Decode has found where
 * the headers are and that they are whole, but ICMP's. */
#include "dataplane/line_parts.h"

#include "base/bytes.h"

#define IP_ICMP  1
#define IP_TCP   6
#define IP_ICMP6 58

static void put(struct match_header *h, enum match_field field, uint32_t value)
{
    h->value[field] = value;
    h->has |= 1u << field;
}

static void network_header(const struct packet *pkt, const uint8_t *ip, struct match_header *h)
{
    if (pkt->network == 6) {
        put(h, FIELD_TTL, ip[7]);
        return;
    }
    uint16_t fragment = load_be16(ip + 6);
    put(h, FIELD_TTL, ip[8]);
    put(h, FIELD_TOS, ip[1]);
    put(h, FIELD_IP_ID, load_be16(ip + 4));
    put(h, FIELD_FRAGMENT_BITS, fragment >> 13);
    put(h, FIELD_FRAGMENT_OFFSET, fragment & 0x1fff);
}

/* Messages that carry an identifier and a sequence number. */
static bool has_identifier(uint8_t transport, uint8_t type)
{
    if (transport == IP_ICMP6)
        return type == 128 || type == 129;
    return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static void icmp_header(const struct packet *pkt, const uint8_t *icmp, struct match_header *h)
{
    unsigned there = pkt->payload_at - pkt->transport_at;
    if (there < 2)
        return;
    put(h, FIELD_ICMP_TYPE, icmp[0]);
    put(h, FIELD_ICMP_CODE, icmp[1]);
    if (there >= 8 && has_identifier(pkt->transport, icmp[0])) {
        put(h, FIELD_ICMP_ID, load_be16(icmp + 4));
        put(h, FIELD_ICMP_SEQ, load_be16(icmp + 6));
    }
}

void packet_header_read(const struct packet *pkt, const uint8_t *data, struct match_header *h)
{
    h->has = 0;
    network_header(pkt, data + pkt->network_at, h);
    const uint8_t *transport = data + pkt->transport_at;
    if (pkt->verdict == DECODE_TRANSPORT && pkt->transport == IP_TCP) {
        put(h, FIELD_TCP_FLAGS, pkt->tcp_flags);
        put(h, FIELD_TCP_SEQ, pkt->tcp_seq);
        put(h, FIELD_TCP_ACK, pkt->tcp_ack);
        put(h, FIELD_TCP_WINDOW, load_be16(transport + 14));
    }
    if (pkt->verdict == DECODE_NETWORK && (pkt->transport == IP_ICMP || pkt->transport == IP_ICMP6))
        icmp_header(pkt, transport, h);
}
