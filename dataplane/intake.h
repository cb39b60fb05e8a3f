/* Intake: what of the frames of a source goes to the line, and as what. A filter in libpcap's
 * language leaves frames out; transport that only carries mirrored traffic is stripped, also when
 * it came in fragments (dataplane/mirror.h), before the shard is told, so that what was mirrored is
 * in the shard where it would be without it; whether a frame's checksums count.
 *
 * One owner: whoever reads the captures. What it decides depends on the order of frames alone. No
 * DPDK.
 */
#ifndef DATAPLANE_INTAKE_H
#define DATAPLANE_INTAKE_H

#include "dataplane/capture.h"
#include "dataplane/mirror.h"
#include "dataplane/packet.h"

/* Rows: suffix, name, text. */
#define CHECKSUM_MODES(X)                                                                  \
    X(AUTO, "auto",                                                                        \
      "validated, but for an input of whose first 1,000 frames a tenth or more are wrong") \
    X(VALIDATE, "validate", "a packet with a wrong checksum is counted and not inspected") \
    X(IGNORE, "ignore", "not looked at")
enum checksum_mode {
#define X(s, n, t) CHECKSUMS_##s,
    CHECKSUM_MODES(X)
#undef X
        CHECKSUM_MODE_COUNT
};

/* Part of the policy. Zeroed: everything, nothing stripped, auto. */
struct intake_config {
    const char *filter; /* NULL: everything; borrowed */
    uint32_t strip;     /* bits of PACKET_LAYERS, of tunnels alone */
    enum checksum_mode checksums;
};
/* intake_checksums, intake_strip: set by a name. ERR_NOT_FOUND: no such mode, no such tunnel. */
int intake_checksums(struct intake_config *config, const char *name);
int intake_strip(struct intake_config *config, const char *name);

/* intake_check: ERR_USAGE with a diagnostic for a filter that is none. */
int intake_check(const struct intake_config *config, struct diags *diags);

struct intake;
/* intake_open: for that many inputs. ERR_NOMEM, or as intake_check. */
int intake_open(struct intake **out, const struct intake_config *config, unsigned inputs,
                struct diags *diags);
void intake_close(struct intake *in);

/* intake_takes: whether the frame goes to the line. What is stripped is no longer part of the
 * frame, nor is a check sequence that its capture tells of; what a mirror's transport in fragments
 * carries goes there with the fragment that makes it whole; flags gets PACKET_VALIDATE where
 * checksums count. input  its number, from 1 */
bool intake_takes(struct intake *in, struct frame *frame, uint32_t input, uint8_t *flags);

/* intake_packet: the source's part of a packet, of a frame that was taken with these flags; the
 * rest is left to decode. */
void intake_packet(struct packet *pkt, const struct frame *frame, uint32_t input, uint64_t seq,
                   uint8_t flags);

/* intake_mirror: where fragments of mirrors wait, for mirror_wait and mirror_watch; NULL where
 * nothing is stripped. */
struct mirror *intake_mirror(const struct intake *in);
/* intake_end: no frame comes any more. */
void intake_end(struct intake *in);

struct intake_counts {
    uint64_t filtered, stripped, fcs; /* frames */
    struct mirror_counts mirror;
};
struct intake_counts intake_counts(const struct intake *in);

#endif
