/* Internet checksums: RFC 1071. Of the packet that decode settled on, as far as it is all there. */
#ifndef DATAPLANE_CHECKSUM_H
#define DATAPLANE_CHECKSUM_H

#include "dataplane/packet.h"

/* checksum_add: ones' complement sum of bytes onto a sum; each call but the last of an even length.
 * checksum_fold: to 16 bits; 0xffff for bytes that hold their own checksum. */
uint64_t checksum_add(uint64_t sum, const uint8_t *data, uint32_t len);
uint16_t checksum_fold(uint64_t sum);

/* checksums_hold: those of the IPv4 header and of TCP, UDP, ICMP or ICMPv6. What the capture cut,
 * what has none (UDP over IPv4 may), and fragments beyond their IP header cannot be told and hold.
 */
bool checksums_hold(const struct packet *pkt, const uint8_t *data);

#endif
