/* Streams cut anew: data that a side sends without a break is joined, cut into pieces of 1 to 1,460
 * bytes, and comes in another order. What a receiver makes of it is the same. Where something is
 * missing from a side's stream in the capture, what follows is left as it is, for a receiver holds
 * only so many pieces behind a hole.
 *
 * Joined are packets that follow each other in the capture, of one flow and direction, in order and
 * without flags that mean more than data; all else goes through as it is. The first piece comes
 * first, for the capture may begin in the middle, and so does the last one that ends a side; of the
 * others each comes at most a few places from its own, so that a receiver can hold what is early.
 */
#ifndef TESTS_PIPELINE_CUT_H
#define TESTS_PIPELINE_CUT_H

#include "dataplane/packet.h"

struct cut;
typedef void cut_sink(void *ctx, const struct packet *pkt, const uint8_t *data);

/* cut_create: NULL without memory. Packets go to the sink, whose data is its for the call alone. */
struct cut *cut_create(uint64_t seed, cut_sink *sink, void *ctx);
void cut_free(struct cut *c);
void cut_packet(struct cut *c, const struct packet *pkt, const uint8_t *data);
/* cut_end: of the capture: what is still held goes on. */
void cut_end(struct cut *c);

#endif
