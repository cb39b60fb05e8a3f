/* Link types: what stands in front of a frame's network header. Numbers: the registry of LINKTYPE_
 * values (https://www.tcpdump.org/linktypes.html). */
#ifndef DATAPLANE_LINK_TYPE_H
#define DATAPLANE_LINK_TYPE_H

#include <stdint.h>

/* Link types of the registry (LINKTYPE_ values, with the numbers that some systems wrote for raw IP
 * in their place) that this build decodes. Rows: suffix, number, name, text. */
#define LINK_TYPES_DECODED(X)                                                           \
    X(ETHERNET, 1, "ethernet", "IEEE 802.3")                                            \
    X(BSD_NULL, 0, "null", "BSD loopback, address family in the recorder's byte order") \
    X(LOOP, 108, "loop", "OpenBSD loopback, address family in network byte order")      \
    X(RAW, 101, "raw", "IP without a link header")                                      \
    X(RAW_BSD, 12, "raw-12", "the same, as most systems number it")                     \
    X(RAW_OPENBSD, 14, "raw-14", "the same, as OpenBSD numbers it")                     \
    X(PPP, 9, "ppp", "PPP, also as in HDLC")                                            \
    X(PPP_HDLC, 50, "ppp-hdlc", "PPP in HDLC-like framing")                             \
    X(C_HDLC, 104, "c-hdlc", "Cisco HDLC")                                              \
    X(IPV4, 228, "ipv4", "IPv4 without a link header")                                  \
    X(IPV6, 229, "ipv6", "IPv6 without a link header")                                  \
    X(LINUX_SLL, 113, "linux-sll", "Linux cooked capture")                              \
    X(LINUX_SLL2, 276, "linux-sll2", "Linux cooked capture, version 2")
enum link_type {
#define X(s, number, name, text) LINKTYPE_##s = number,
    LINK_TYPES_DECODED(X)
#undef X
};

/* Link types that are known by name and not decoded: their frames are counted by it. Rows: number,
 * name, text. The last row stands for all others. */
#define LINK_TYPES_NAMED(X)                                         \
    X(7, "arcnet-bsd", "ARCNET")                                    \
    X(8, "slip", "SLIP")                                            \
    X(10, "fddi", "FDDI")                                           \
    X(51, "ppp-ether", "PPPoE without Ethernet")                    \
    X(100, "atm-rfc1483", "LLC over ATM")                           \
    X(105, "ieee802-11", "802.11")                                  \
    X(107, "frelay", "Frame Relay")                                 \
    X(119, "prism-header", "802.11 with a Prism header")            \
    X(123, "sunatm", "ATM as SunATM has it")                        \
    X(127, "ieee802-11-radiotap", "802.11 with a radiotap header")  \
    X(129, "arcnet-linux", "ARCNET as Linux has it")                \
    X(140, "mtp2", "SS7 MTP2")                                      \
    X(163, "ieee802-11-avs", "802.11 with an AVS header")           \
    X(165, "bacnet-ms-tp", "BACnet MS/TP")                          \
    X(187, "bluetooth-hci-h4", "Bluetooth HCI")                     \
    X(189, "usb-linux", "USB as Linux has it")                      \
    X(192, "ppi", "802.11 with per-packet information")             \
    X(195, "ieee802-15-4-withfcs", "802.15.4 with check sequence")  \
    X(197, "erf", "Endace ERF")                                     \
    X(220, "usb-linux-mmapped", "USB as Linux has it, padded")      \
    X(226, "ipnet", "Solaris ipnet")                                \
    X(227, "can-socketcan", "CAN")                                  \
    X(230, "ieee802-15-4-nofcs", "802.15.4 without check sequence") \
    X(231, "dbus", "D-Bus")                                         \
    X(239, "nflog", "Linux netfilter log")                          \
    X(242, "ip-over-ib", "IP over InfiniBand")                      \
    X(249, "usbpcap", "USB as Windows has it")                      \
    X(258, "pktap", "Apple PKTAP")                                  \
    X(271, "vsock", "Linux vsock")                                  \
    X(UINT32_MAX, "unknown", "any other number")
enum {
#define X(number, name, text) +1
    LINK_TYPES_NAMED_COUNT = 0 LINK_TYPES_NAMED(X)
#undef X
};

/* link_type_named: the row of LINK_TYPES_NAMED that a link type is counted in. */
unsigned link_type_named(uint16_t linktype);

#endif
