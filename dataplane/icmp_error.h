/* ICMP errors: what a router or a host says of a packet that somebody else sent. RFC 792, RFC 4443.
 * No DPDK. */
#ifndef DATAPLANE_ICMP_ERROR_H
#define DATAPLANE_ICMP_ERROR_H

#include "dataplane/packet.h"

/* The packet that the error quotes, as far as it does. */
struct icmp_error {
    struct address source, target;
    uint16_t source_port, target_port; /* 0: not quoted, or the transport has none */
    uint8_t transport;
    uint8_t type, code;
    bool unreachable; /* the packet did not reach who it was for, and others will not */
};

/* icmp_error_read: whether a packet (its verdict is DECODE_NETWORK) is an error that quotes an IP
 * header. */
bool icmp_error_read(const struct packet *pkt, const uint8_t *data, struct icmp_error *out);

#endif
