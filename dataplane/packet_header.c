/* What rules ask of the headers of a packet. RFC 791, 8200, 9293, 792, 4443. Decode has found where
 * the headers are and that they are whole, but ICMP's. */
#include "dataplane/line_parts.h"

#include "base/bytes.h"
#include "base/ip_protocol.h"

static void put(struct match_header *h, enum match_field field, uint32_t value)
{
    h->value[field] = value;
    h->has |= 1u << field;
}

/* ip_options: which are there, up to the first that is not whole. */
static uint32_t ip_options(const uint8_t *options, unsigned len)
{
    static const uint8_t numbers[] = {
#define X(s, number, word) number,
        IPV4_OPTIONS(X)
#undef X
    };
    uint32_t found = 0;
    for (unsigned at = 0, n; at < len; at += n) {
        n = options[at] < 2 ? 1 : at + 1 < len ? options[at + 1] : 0;
        if (n == 0 || (options[at] > 1 && n < 2) || n > len - at)
            break;
        for (unsigned i = 0; i < IPV4_OPTION_COUNT; i++)
            if (numbers[i] == options[at])
                found |= 1u << i;
        if (options[at] == 0)
            break;
    }
    return found;
}

/* put_mss: RFC 9293, 3.2; the first of them. */
static void put_mss(struct match_header *h, const uint8_t *options, unsigned len)
{
    for (unsigned at = 0, n; at < len && options[at] != 0; at += n) {
        n = options[at] == 1 ? 1 : at + 1 < len ? options[at + 1] : 0;
        if (n == 0 || (options[at] != 1 && n < 2) || n > len - at)
            return;
        if (options[at] == 2 && n == 4) {
            put(h, FIELD_TCP_MSS, load_be16(options + at + 2));
            return;
        }
    }
}

/* transport_bytes: headers behind that of IP, as bytes. */
static void transport_bytes(const struct packet *pkt, const uint8_t *transport,
                            struct match_header *h)
{
    if (pkt->transport == IP_TCP && pkt->verdict == DECODE_TRANSPORT) {
        size_t head = (size_t)(transport[12] >> 4) * 4;
        h->headers[HEADER_TCP] = (struct bytes){transport, head};
        put_mss(h, transport + 20, (unsigned)head - 20);
    } else if (pkt->transport == IP_UDP && pkt->verdict == DECODE_TRANSPORT) {
        h->headers[HEADER_UDP] = (struct bytes){transport, 8};
    } else if (pkt->transport == IP_ICMP6 && pkt->verdict == DECODE_NETWORK &&
               pkt->payload_at - pkt->transport_at >= 8) {
        h->headers[HEADER_ICMP6] = (struct bytes){transport, 8};
    }
}

static void network_header(const struct packet *pkt, const uint8_t *ip, struct match_header *h)
{
    if (pkt->network == 6) {
        put(h, FIELD_TTL, ip[7]);
        h->headers[HEADER_IPV6] = (struct bytes){ip, (size_t)(pkt->transport_at - pkt->network_at)};
        return;
    }
    unsigned head = (ip[0] & 15) * 4u;
    h->headers[HEADER_IPV4] = (struct bytes){ip, head};
    put(h, FIELD_IP_OPTIONS, ip_options(ip + 20, head - 20));
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
    *h = (struct match_header){0};
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
    transport_bytes(pkt, transport, h);
}
