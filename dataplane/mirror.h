/* Mirrors whose transport came in fragments: fragments of IP packets that may carry a tunnel which
 * is to be stripped are made whole before the tunnel is looked for.
 *
 * Whether a fragment is a mirror's is known only when the one that begins the packet has come. So
 * all are taken whose IP protocol can carry one of the tunnels; what turns out to be none goes on
 * whole. One owner: whoever reads the captures. What it decides depends on the order of frames
 * alone. No DPDK.
 */
#ifndef DATAPLANE_MIRROR_H
#define DATAPLANE_MIRROR_H

#include "dataplane/capture.h"
#include "dataplane/defrag.h"

struct mirror;

/* mirror_open: strip  bits of PACKET_LAYERS, of tunnels alone. ERR_NOMEM. */
int mirror_open(struct mirror **out, uint32_t strip);
void mirror_close(struct mirror *m);
/* mirror_wait: called as often as need be while packet buffers hold all blocks; blocks come back as
 * long as those buffers are worked on whose frames were taken more than 64 frames ago. NULL, as at
 * first: nobody holds any. */
void mirror_wait(struct mirror *m, void (*wait)(void *ctx), void *ctx);
/* mirror_watch: for who must know what frames a packet came in; outlives the mirror. */
void mirror_watch(struct mirror *m, const struct defrag_watch *watch);

enum mirror_result { MIRROR_NONE, MIRROR_HELD, MIRROR_WHOLE };
/* mirror_take: of a frame in no tunnel; pkt: decoded from it. MIRROR_NONE: it is no such fragment,
 * or none that can be part of a whole. MIRROR_HELD: it waits for others. MIRROR_WHOLE: the frame is
 * now the packet that it completed, behind its own link header. */
enum mirror_result mirror_take(struct mirror *m, struct frame *frame, const struct packet *pkt);
/* mirror_end: nothing more comes. */
void mirror_end(struct mirror *m);

/* mirror_bytes: of memory, touched as it is used. */
size_t mirror_bytes(const struct mirror *m);

struct mirror_counts {
    uint64_t fragments, datagrams, incomplete;
};
struct mirror_counts mirror_counts(const struct mirror *m);

#endif
