/* Decode: from a frame's bytes to struct packet. No DPDK here; untrusted bytes through the bounded reader. */
#ifndef DATAPLANE_DECODE_H
#define DATAPLANE_DECODE_H

#include "dataplane/packet.h"

/* decode_frame: fill the decode part of pkt (pkt->linktype is set by the source).
 *   data, len  the captured bytes
 *   cost       no allocation */
void decode_frame(struct packet *pkt, const uint8_t *data, uint32_t len);

/* frame_shard: the shard (0 to 255) of a frame: low 8 bits of the symmetric Toeplitz hash of the address
 * pair; of the MAC pair for frames without IP; 0 for what cannot be told. Both directions of a pair and
 * all its fragments are in one shard. */
uint8_t frame_shard(uint16_t linktype, const uint8_t *data, uint32_t len);

/* shard_of_pair: the same for two addresses that are known already. */
uint8_t shard_of_pair(const struct address *a, const struct address *b);

#endif
