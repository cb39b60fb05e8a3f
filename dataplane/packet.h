/* What the line knows of a packet: kept in the private area of its mbuf, filled by source and
 * decode.
 *
 * A frame is one packet: the innermost IP packet that could be read. What carries it (tags, labels,
 * tunnels) is said by layers and by the number of tunnels; a frame without IP has layers alone. */
#ifndef DATAPLANE_PACKET_H
#define DATAPLANE_PACKET_H

#include "base/address.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Layers found in a frame, as bits; rows: suffix, name (as tshark calls it), text. Those of the
 * first part are counted up to the first tunnel or ICMP header of a frame, tunnels wherever they
 * are. A layer is there when the one before it names it, also when its own header is cut or bad. */
#define PACKET_LAYERS(X)                                                 \
    X(ETH, "eth", "Ethernet")                                            \
    X(VLAN, "vlan", "802.1Q or 802.1ad tag")                             \
    X(MPLS, "mpls", "MPLS labels")                                       \
    X(PPPOE, "pppoes", "a PPPoE session")                                \
    X(ARP, "arp", "ARP")                                                 \
    X(IP4, "ip", "IPv4")                                                 \
    X(IP6, "ipv6", "IPv6")                                               \
    X(TCP, "tcp", "TCP")                                                 \
    X(UDP, "udp", "UDP")                                                 \
    X(SCTP, "sctp", "SCTP")                                              \
    X(ICMP, "icmp", "ICMP")                                              \
    X(ICMP6, "icmpv6", "ICMPv6")                                         \
    X(OTHER, "other", "something that this build does not look into")    \
    X(IPIP, "ip-in-ip", "a tunnel: IP in IP")                            \
    X(GRE, "gre", "a tunnel: GRE")                                       \
    X(ERSPAN, "erspan", "a tunnel: ERSPAN, in GRE")                      \
    X(ETHERIP, "etherip", "a tunnel: Ethernet in IP")                    \
    X(MPLS_TUNNEL, "mpls-in-ip", "a tunnel: MPLS in IP or in UDP")       \
    X(PSEUDOWIRE, "pseudowire", "a tunnel: Ethernet behind MPLS labels") \
    X(VXLAN, "vxlan", "a tunnel: VXLAN")                                 \
    X(GENEVE, "geneve", "a tunnel: Geneve")                              \
    X(GTP, "gtp", "a tunnel: GTP-U")                                     \
    X(TEREDO, "teredo", "a tunnel: Teredo")
enum packet_layer_number {
#define X(s, n, t) PACKET_LAYER_##s,
    PACKET_LAYERS(X)
#undef X
        PACKET_LAYER_COUNT
};
#define PACKET_LAYER_TUNNELS PACKET_LAYER_IPIP /* the first of those that are tunnels */

/* How decoding ended; rows: suffix, counter name, text. Every packet ends in exactly one. */
#define DECODE_VERDICTS(X)                                                           \
    X(TRANSPORT, "transport", "TCP or UDP, goes on to its flow")                     \
    X(NETWORK, "network", "IP without a transport that is followed")                 \
    X(FRAGMENT, "fragment", "a fragment of an IP packet")                            \
    X(LINK, "link", "a frame without IP")                                            \
    X(LINKTYPE, "linktype", "a link type that is not in this build")                 \
    X(CUT_LINK, "cut-link", "the frame ends inside its link header")                 \
    X(CUT_NETWORK, "cut-network", "the frame ends inside its IP header")             \
    X(CUT_TRANSPORT, "cut-transport", "the frame ends inside its TCP or UDP header") \
    X(BAD_NETWORK, "bad-network", "an IP header that contradicts itself")            \
    X(BAD_TRANSPORT, "bad-transport", "a TCP or UDP header that contradicts itself") \
    X(TOO_DEEP, "too-deep",                                                          \
      "more headers of the link in front of one another than are looked into")       \
    X(CHECKSUM, "checksum", "a checksum that is wrong, where checksums are validated")
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
    int64_t t;        /* event time, ns since 1970 */
    uint64_t late_ns; /* how much earlier than t its stamp was; UINT64_MAX if it had none */
    uint64_t seq;     /* within its input, from 1 */
    uint32_t input;   /* number of the input, from 1 */
    uint32_t wire;    /* bytes on the wire */
    uint16_t linktype;
    /* What tells its flow, beside the addresses, in two words that flow_key has as well. */
    union {
        struct {
            uint8_t shard;
            uint8_t point; /* the observation point that saw it, 1 to POINTS_MAX; 0: not told */
        };
        uint16_t place;
    };
    uint8_t flags; /* PACKET_TIME_BACK, PACKET_CUT, PACKET_OVERLONG */
    /* from decode: cleared from here on before it begins */
    uint8_t verdict; /* enum decode_verdict */
    uint8_t tcp_flags;
    uint8_t network; /* IP version of the packet, 0 none */
    union {
        struct {
            uint16_t source_port, target_port;
            uint16_t vlan;     /* outermost VLAN id, 0 none */
            uint8_t transport; /* IP protocol number, 0 none */
            uint8_t tunnels;   /* how many the packet was in */
        };
        uint64_t talk;
    };
    struct address source, target;
    uint32_t layers; /* bit per enum packet_layer_number */
    bool rerouted;   /* routing has segments left: its target is not the last one */
    uint32_t tcp_seq, tcp_ack;
    /* Places in the frame. A payload is without link padding; of IP without a transport that is
     * followed it is what is behind the IP headers, or the first eight bytes of ICMP. */
    uint16_t network_at;   /* the IP header of the packet: the innermost one */
    uint16_t transport_at; /* behind the IP headers */
    uint16_t payload_at;
    uint16_t payload_len;  /* captured bytes of it */
    uint16_t payload_wire; /* what the headers say its length is; larger when the capture cut it */
    uint16_t named_at;     /* of a fragment: the byte that names what follows the IP headers */
};
/* PACKET_TALK: of ports and a transport, in one word. */
#define PACKET_TALK(source, target, transport) \
    ((uint64_t)(source) | (uint64_t)(target) << 16 | (uint64_t)(transport) << 48)
static_assert(offsetof(struct packet, target_port) - offsetof(struct packet, talk) == 2 &&
                  offsetof(struct packet, transport) - offsetof(struct packet, talk) == 6,
              "as PACKET_TALK has them");

#define PACKET_TIME_BACK 1u
#define PACKET_CUT       2u /* captured less than was on the wire */
#define PACKET_OVERLONG  4u /* longer than a packet buffer can show; its end is left out */
#define PACKET_VALIDATE  8u /* its checksums count */

static_assert(sizeof(struct packet) <= 112,
              "fits the private area beside the external buffer's info");

#endif
