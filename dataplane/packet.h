/* What the line knows of a packet: kept in the private area of its mbuf, filled by source and decode. */
#ifndef DATAPLANE_PACKET_H
#define DATAPLANE_PACKET_H

#include "base/address.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Layers found in a frame, as bits; rows: suffix, name (as tshark calls it), text. */
#define PACKET_LAYERS(X)                                                                           \
    X(ETH, "eth", "Ethernet")                                                                      \
    X(VLAN, "vlan", "802.1Q or 802.1ad tag")                                                       \
    X(ARP, "arp", "ARP")                                                                           \
    X(IP4, "ip", "IPv4")                                                                           \
    X(IP6, "ipv6", "IPv6")                                                                         \
    X(TCP, "tcp", "TCP")                                                                           \
    X(UDP, "udp", "UDP")                                                                           \
    X(ICMP, "icmp", "ICMP")                                                                        \
    X(ICMP6, "icmpv6", "ICMPv6")                                                                   \
    X(OTHER, "other", "something that this build does not look into")
enum packet_layer_number {
#define X(s, n, t) PACKET_LAYER_##s,
    PACKET_LAYERS(X)
#undef X
    PACKET_LAYER_COUNT
};

/* How decoding ended; rows: suffix, counter name, text. Every packet ends in exactly one. */
#define DECODE_VERDICTS(X)                                                                         \
    X(TRANSPORT, "transport", "TCP or UDP, goes on to its flow")                                   \
    X(NETWORK, "network", "IP without a transport that is followed")                               \
    X(FRAGMENT, "fragment", "a fragment of an IP packet, not reassembled in this build")           \
    X(LINK, "link", "a frame without IP")                                                          \
    X(LINKTYPE, "linktype", "a link type that is not in this build")                               \
    X(CUT_LINK, "cut-link", "the frame ends inside its link header")                               \
    X(CUT_NETWORK, "cut-network", "the frame ends inside its IP header")                           \
    X(CUT_TRANSPORT, "cut-transport", "the frame ends inside its TCP or UDP header")               \
    X(BAD_NETWORK, "bad-network", "an IP header that contradicts itself")                          \
    X(BAD_TRANSPORT, "bad-transport", "a TCP or UDP header that contradicts itself")
enum decode_verdict {
#define X(s, n, t) DECODE_##s,
    DECODE_VERDICTS(X)
#undef X
    DECODE_VERDICT_COUNT
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

struct packet {
    /* from the source */
    int64_t t;             /* event time, ns since 1970 */
    uint64_t late_ns;      /* how much earlier than t its stamp was; UINT64_MAX if it had none */
    uint64_t seq;          /* within its input, from 1 */
    uint32_t input;        /* number of the input, from 1 */
    uint32_t wire;         /* bytes on the wire */
    uint16_t linktype;
    uint8_t shard;
    uint8_t flags;         /* PACKET_TIME_BACK, PACKET_CUT, PACKET_OVERLONG */
    /* from decode */
    uint8_t verdict;       /* enum decode_verdict */
    uint8_t transport;     /* IP protocol number, 0 none */
    uint16_t layers;       /* bit per enum packet_layer_number */
    uint16_t vlan;         /* outermost VLAN id, 0 none */
    uint16_t source_port, target_port;
    uint8_t tcp_flags;
    uint8_t window_scale;  /* spare */
    struct address source, target;
    uint32_t tcp_seq, tcp_ack;
    uint16_t payload_at;   /* offset of the transport payload in the frame */
    uint16_t payload_len;  /* captured bytes of it, without link padding */
    uint16_t payload_wire; /* what the headers say its length is; larger when the capture cut it */
    uint16_t spare;
};
#define PACKET_TIME_BACK 1u
#define PACKET_CUT       2u /* captured less than was on the wire */
#define PACKET_OVERLONG  4u /* longer than a packet buffer can show; its end is left out */

static_assert(sizeof(struct packet) <= 112, "fits the private area beside the external buffer's info");

#endif
