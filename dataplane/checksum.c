/* Sums of 32-bit words in 64 bits, in the machine's byte order: the ones' complement sum does not
 * depend on it (RFC 1071, 2B). */
#include "dataplane/checksum.h"

#include "base/bytes.h"
#include "dataplane/decode_parts.h"

#include <string.h>

uint64_t checksum_add(uint64_t sum, const uint8_t *data, uint32_t len)
{
    for (; len >= 4; len -= 4, data += 4) {
        uint32_t word;
        memcpy(&word, data, 4);
        sum += word;
    }
    uint8_t rest[4] = {0};
    memcpy(rest, data, len);
    uint32_t word;
    memcpy(&word, rest, 4);
    return sum + word;
}

uint16_t checksum_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* pseudo_header: RFC 9293, 3.1; RFC 8200, 8.1. */
static uint64_t pseudo_header(const struct packet *pkt, const uint8_t *network, uint32_t len)
{
    uint8_t tail[8] = {0};
    store_be32(tail, len);
    tail[7] = pkt->transport;
    uint64_t sum = checksum_add(0, tail, sizeof tail);
    return pkt->network == 4 ? checksum_add(sum, network + 12, 8)
                             : checksum_add(sum, network + 8, 32);
}

/* Rows: IP protocol; whether a pseudo-header is summed; where the field is, if 0 there means none
 * (of UDP over IPv4; RFC 8200, 8.1 wants one over IPv6). */
static const struct checked {
    uint8_t protocol, pseudo;
    uint8_t optional_at;
} checked[] = {{6, 1, 0}, {17, 1, 6}, {1, 0, 0}, {58, 1, 0}};

static bool transport_holds(const struct packet *pkt, const uint8_t *data)
{
    const uint8_t *h = data + pkt->transport_at;
    uint32_t len = (uint32_t)(pkt->payload_at - pkt->transport_at) + pkt->payload_len;
    for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
        const struct checked *row = &checked[i];
        if (row->protocol != pkt->transport)
            continue;
        if (pkt->payload_len != pkt->payload_wire || (row->pseudo && pkt->rerouted))
            return true;
        if (row->optional_at && load_be16(h + row->optional_at) == 0)
            return pkt->network == 4;
        uint64_t sum = row->pseudo ? pseudo_header(pkt, data + pkt->network_at, len) : 0;
        return checksum_fold(checksum_add(sum, h, len)) == 0xffff;
    }
    return true;
}

bool checksums_hold(const struct packet *pkt, const uint8_t *data)
{
    bool read = pkt->verdict == DECODE_TRANSPORT || pkt->verdict == DECODE_NETWORK;
    if (!read && pkt->verdict != DECODE_FRAGMENT)
        return true;
    const uint8_t *h = data + pkt->network_at;
    if (pkt->network == 4 && checksum_fold(checksum_add(0, h, (h[0] & 15) * 4u)) != 0xffff)
        return false;
    return !read || transport_holds(pkt, data);
}
