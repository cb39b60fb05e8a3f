/* The quoted packet is cut by whoever quotes it, so decode says what there is; ports are the first
 * four bytes of every transport that has them, also where the rest is missing. */
#include "dataplane/icmp_error.h"

#include "base/bytes.h"
#include "base/ip_protocol.h"
#include "dataplane/decode.h"

#define ANY_CODE 0xff

/* Rows: IP version, type, a code that is not as the row says; what the type means. */
static const struct {
    uint8_t network, type, except;
    bool unreachable;
} errors[] = {
    {4, 3, 4, true},          /* destination unreachable; 4: only too big */
    {4, 11, ANY_CODE, false}, /* time exceeded */
    {4, 12, ANY_CODE, false}, /* parameter problem */
    {6, 1, ANY_CODE, true},   /* destination unreachable */
    {6, 2, ANY_CODE, false},  /* packet too big */
    {6, 3, ANY_CODE, false},  /* time exceeded */
    {6, 4, ANY_CODE, false},  /* parameter problem */
};

/* quoted: the packet inside, if its IP header is there. */
static bool quoted(const struct packet *pkt, const uint8_t *data, struct icmp_error *out)
{
    const uint8_t *quote = data + pkt->payload_at;
    struct packet inside = {.wire = UINT16_MAX,
                            .linktype = pkt->network == 4 ? LINKTYPE_IPV4 : LINKTYPE_IPV6};
    decode_frame(&inside, quote, pkt->payload_len);
    if (inside.transport_at == 0)
        return false;
    out->source = inside.source;
    out->target = inside.target;
    out->transport = inside.transport;
    bool ports =
        inside.transport == IP_TCP || inside.transport == IP_UDP || inside.transport == IP_SCTP;
    if (ports && inside.verdict != DECODE_FRAGMENT && pkt->payload_len >= inside.transport_at + 4) {
        out->source_port = load_be16(quote + inside.transport_at);
        out->target_port = load_be16(quote + inside.transport_at + 2);
    }
    return true;
}

bool icmp_error_read(const struct packet *pkt, const uint8_t *data, struct icmp_error *out)
{
    if (pkt->transport != (pkt->network == 4 ? 1 : 58) || pkt->payload_at - pkt->transport_at < 8)
        return false;
    const uint8_t *h = data + pkt->transport_at;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].network == pkt->network && errors[i].type == h[0]) {
            *out = (struct icmp_error){.type = h[0],
                                       .code = h[1],
                                       .unreachable =
                                           errors[i].unreachable && h[1] != errors[i].except};
            return quoted(pkt, data, out);
        }
    return false;
}
