/* Capture files: pcap and pcapng, both byte orders, micro- and nanosecond stamps, mapped and read in place.
 *
 * No DPDK here. A broken file ends where it breaks, with an error that names file and packet; what came
 * before is good. Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
#ifndef DATAPLANE_CAPTURE_H
#define DATAPLANE_CAPTURE_H

#include "base/diag.h"

#include <stdbool.h>
#include <stdint.h>

/* LINKTYPE_ values of the pcap registry that this build decodes. */
#define LINKTYPE_ETHERNET 1

#define FRAME_TIME_BACK 1u /* its stamp was smaller than an earlier one; t is the earlier one */
#define FRAME_NO_STAMP  2u /* no stamp, or one outside FRAME_TIME_LIMIT; t is the earlier one, 0 at first */

/* Stamps are taken between -FRAME_TIME_LIMIT and FRAME_TIME_LIMIT (the years 1684 to 2255), so that adding a
 * time-out of some years to one cannot overflow. */
#define FRAME_TIME_LIMIT INT64_C(9000000000000000000)

/* One frame; data stays valid while the capture is open. */
struct frame {
    int64_t t;          /* event time, ns since 1970, never going back within a capture */
    uint64_t number;    /* from 1, within its file */
    const uint8_t *data;
    uint32_t captured;  /* bytes of data */
    uint32_t wire;      /* bytes on the wire, >= captured unless the file says otherwise */
    uint16_t linktype;
    uint16_t flags;
};

struct capture;

/* capture_open: map the file and read its header. ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT (no capture file),
 * ERR_TRUNCATED (ends inside its header), ERR_UNSUPPORTED (what cannot be mapped: pipes, stdin; packed files;
 * versions); each with a diagnostic. An empty capture (header only) opens.
 *   threads  a capture has one owner */
int capture_open(struct capture **out, const char *path, struct diags *diags);
void capture_close(struct capture *c);
/* capture_next: 1 and a frame; 0 at the end; an error with a diagnostic once, then 0. */
int capture_next(struct capture *c, struct frame *frame, struct diags *diags);

struct capture_counts {
    uint64_t frames, bytes_captured, bytes_wire;
    uint64_t time_back;         /* frames whose stamp went back */
    uint64_t no_stamp;          /* frames without a usable stamp */
    uint64_t blocks_skipped;    /* pcapng blocks of types that carry no packet, and damaged ones */
    uint64_t blocks_damaged;    /* of these the damaged ones that could be stepped over */
    uint64_t size, position;    /* of the file, for progress */
    int64_t first_ns, last_ns;
};
const struct capture_counts *capture_counts(const struct capture *c);
const char *capture_path(const struct capture *c);
/* capture_compare: < 0, 0, > 0: an order of the files' bytes; 0 only for equal content. */
int capture_compare(const struct capture *a, const struct capture *b);

/* Several captures merged by time into one sequence. Inputs are numbered from 1 by their first stamp, then
 * by their content, not by their place in `paths`. */
struct merge;
/* merge_open: an input that does not open is broken; an error only when none opens, or n is 0. */
int merge_open(struct merge **out, const char *const *paths, size_t n, struct diags *diags);
void merge_close(struct merge *m);
/* merge_next: 1 and a frame, 0 at the end of all; *input is the number of the input; seq counts within the
 * input from 1. Frames come in the order (t, input, seq). A broken input ends alone: its error is in diags,
 * merge_counts.broken counts it, the others go on. */
int merge_next(struct merge *m, struct frame *frame, uint32_t *input, uint64_t *seq,
               struct diags *diags);
struct merge_counts {
    struct capture_counts total; /* first_ns, last_ns: the earliest and the latest */
    unsigned inputs, broken;     /* inputs: as many as paths; broken: not opened, or ended by an error */
};
struct merge_counts merge_counts(const struct merge *m);

#endif
