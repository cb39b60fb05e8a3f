/* The captures once more, after a run: packets as the line had them, at the same places of the one
 * order (t, input, seq), with the frames that they came in.
 *
 * The same intake and the same defragmentation with the same bounds as in the run, so what was left
 * out then is left out again, and what was made whole is whole. Nothing is inspected. One owner. No
 * DPDK.
 */
#ifndef DATAPLANE_REREAD_H
#define DATAPLANE_REREAD_H

#include "dataplane/capture.h"
#include "dataplane/engine.h"

/* A frame as the capture has it: with the transport of a mirror, where the line saw none. */
struct reread_frame {
    struct reread_frame *next; /* that came later, of the same packet */
    struct frame frame;
    uint64_t number;   /* of the captures' frames in their order, from 1 */
    uint64_t marks[2]; /* zero at first; the reader's own, kept as long as the frame waits */
};

/* A fragment is a packet when it comes; if it waits for others its frame is also one of those of
 * the datagram, which is a packet when its last fragment comes. Valid until the next. */
struct reread_packet {
    const struct packet *pkt;
    const uint8_t *data;
    struct reread_frame *frames; /* one, or a datagram's, in the order in which they came */
};

struct reread;

/* reread_open: points, limits  those of the run. ERR_NOMEM, and as merge_open and intake_open. */
int reread_open(struct reread **out, const char *const *captures, const uint8_t *points, size_t n,
                const struct engine_limits *limits, struct diags *diags);
void reread_close(struct reread *r);
/* reread_next: 1 and a packet, 0 at the end of all, ERR_NOMEM. What is wrong with the captures goes
 * to diags. */
int reread_next(struct reread *r, struct reread_packet *out, struct diags *diags);
/* reread_frames: how many frames were read, those that intake left out included. */
uint64_t reread_frames(const struct reread *r);

#endif
