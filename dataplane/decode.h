/* Decode: from a frame's bytes to struct packet. No DPDK here; untrusted bytes through the bounded
 * reader.
 *
 * In two steps, since the shard must be known before the packet goes to its worker: the link
 * (whoever has the frame first) and the rest. Both fill the decode part of pkt; linktype, wire and
 * flags are set by the source before. Nothing is allocated.
 */
#ifndef DATAPLANE_DECODE_H
#define DATAPLANE_DECODE_H

#include "dataplane/link_type.h"
#include "dataplane/packet.h"

/* decode_link: up to the network header, and the shard. Sets pkt->shard: low 8 bits of the
 * symmetric Toeplitz hash of the address pair; of the MAC pair for frames without IP; 0 for what
 * cannot be told. Both directions of a pair and all its fragments are in one shard; what is inside
 * a tunnel is in the shard of the tunnel's ends. data, len  the captured bytes; no more than the
 * first 65,535 are looked at */
void decode_link(struct packet *pkt, const uint8_t *data, uint32_t len);
/* decode_network: the rest, behind decode_link with the same bytes. */
void decode_network(struct packet *pkt, const uint8_t *data, uint32_t len);
/* decode_frame: both. */
void decode_frame(struct packet *pkt, const uint8_t *data, uint32_t len);

/* decode_strip: where what the outermost tunnel of some kinds carries begins, and its link type:
 * Ethernet, or IP without a link. 0: there is none, and a fragment is decoded as decode_frame does.
 *   pkt     linktype and wire are set; but for a fragment it is of no use afterwards
 *   layers  bits of tunnels */
uint32_t decode_strip(struct packet *pkt, const uint8_t *data, uint32_t len, uint32_t layers,
                      uint16_t *linktype);

/* decode_carries: tunnels that an IP protocol may carry, as bits of PACKET_LAYERS. */
uint32_t decode_carries(uint8_t protocol);

/* frame_shard: what decode_link says of the shard. */
uint8_t frame_shard(uint16_t linktype, const uint8_t *data, uint32_t len);
/* shard_of_pair: the same for two addresses that are known already. shard_of_bytes: for the two as
 * they lie behind one another in a header; an even length. */
uint8_t shard_of_pair(const struct address *a, const struct address *b);
uint8_t shard_of_bytes(const uint8_t *both, unsigned len);

#endif
