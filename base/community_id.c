/* Community ID. An ICMP message has no ports: its type stands for the one, and for the other the
 * type that answers it, so that question and answer are one conversation. A message that has no
 * answer goes one way: its code stands for the other port and the ends keep their places. */
#include "base/community_id.h"

#include "base/bytes.h"
#include "base/digest.h"
#include "base/ip_protocol.h"

/* Types that belong together, either way round (the specification's tables). */
static const struct {
    uint8_t protocol, asks, answers;
} pairs[] = {
    {IP_ICMP, 8, 0},      {IP_ICMP, 13, 14},    {IP_ICMP, 15, 16},    {IP_ICMP, 10, 9},
    {IP_ICMP, 17, 18},    {IP_ICMP6, 128, 129}, {IP_ICMP6, 133, 134}, {IP_ICMP6, 135, 136},
    {IP_ICMP6, 130, 131}, {IP_ICMP6, 144, 145}, {IP_ICMP6, 139, 140},
};

/* answer_of: the type that belongs to this one, -1 if none does. */
static int answer_of(uint8_t protocol, uint16_t type)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].protocol != protocol)
            continue;
        if (pairs[i].asks == type)
            return pairs[i].answers;
        if (pairs[i].answers == type)
            return pairs[i].asks;
    }
    return -1;
}

static size_t put_address(uint8_t *out, const struct address *a)
{
    size_t len = address_is_v4(a) ? 4 : 16;
    memcpy(out, a->b + 16 - len, len);
    return len;
}

const char *community_id(char out[COMMUNITY_ID_ROOM], const struct address *source,
                         const struct address *target, uint16_t source_port, uint16_t target_port,
                         uint8_t protocol)
{
    bool one_way = false, icmp = protocol == IP_ICMP || protocol == IP_ICMP6;
    bool ports = icmp || protocol == IP_TCP || protocol == IP_UDP || protocol == IP_SCTP;
    if (icmp) {
        int answer = answer_of(protocol, source_port);
        one_way = answer < 0;
        target_port = one_way ? target_port : (uint16_t)answer;
    }
    int order = address_compare(source, target);
    bool turn = !one_way && (order > 0 || (order == 0 && ports && source_port > target_port));

    uint8_t input[2 + 16 + 16 + 2 + 4] = {0}; /* begins with the seed */
    size_t len = 2;
    len += put_address(input + len, turn ? target : source);
    len += put_address(input + len, turn ? source : target);
    input[len] = protocol;
    len += 2;
    if (ports) {
        store_be16(input + len, turn ? target_port : source_port);
        store_be16(input + len + 2, turn ? source_port : target_port);
        len += 4;
    }
    uint8_t digest[SHA1_BYTES];
    sha1(digest, input, len);
    memcpy(out, "1:", 2);
    base64_encode(out + 2, digest, sizeof digest, false);
    return out;
}
