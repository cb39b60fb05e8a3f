/* Captures: pcap and pcapng, both byte orders, micro- and nanosecond stamps. A file is mapped and
 * read in place; a packed one (gzip, zstd), a FIFO and standard input go through blocks of bounded
 * memory.
 *
 * No DPDK here. A broken capture ends where it breaks, with an error that names file and packet;
 * what came before is good. Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */
#ifndef DATAPLANE_CAPTURE_H
#define DATAPLANE_CAPTURE_H

#include "base/diag.h"
#include "dataplane/block.h"
#include "dataplane/link_type.h"

#include <stdbool.h>
#include <stdint.h>

#define FRAME_TIME_BACK 1u /* its stamp was smaller than an earlier one; t is the earlier one */
#define FRAME_NO_STAMP \
    2u /* no stamp, or one outside FRAME_TIME_LIMIT; t is the earlier one, 0 at first */
#define FRAME_OVERLONG 4u /* longer than FRAME_MAX in the file; its end is left out */

#define FRAME_LATE_UNKNOWN UINT64_MAX

#define FRAME_MAX 65535 /* bytes of data: what a packet buffer can point to */

/* Stamps are taken between -FRAME_TIME_LIMIT and FRAME_TIME_LIMIT (the years 1684 to 2255), so that
 * adding a time-out of some years to one cannot overflow. */
#define FRAME_TIME_LIMIT INT64_C(9000000000000000000)

/* One frame. Data stays valid until the next frame of its capture is asked for, and beyond that
 * while its block is kept (block_keep, block_release); without a block, while the capture is open.
 */
struct frame {
    int64_t t;       /* event time, ns since 1970, never going back within a capture */
    uint64_t number; /* from 1, within its file */
    const uint8_t *data;
    struct block *block; /* NULL: data lies in a map */
    uint32_t captured;   /* bytes of data, at most FRAME_MAX */
    uint32_t wire;       /* bytes on the wire, >= captured unless the file says otherwise */
    uint64_t late_ns;    /* how much later t is than the stamp; FRAME_LATE_UNKNOWN without one */
    uint16_t linktype;
    uint16_t flags;
    uint8_t point; /* the observation point that it was seen at; 0: not told */
    uint8_t fcs;   /* bytes of its frame check sequence, the last ones on the wire; 0: not told */
};

struct capture;

/* capture_open: "-" is standard input. ERR_NOT_FOUND, ERR_IO, ERR_USAGE (a terminal), ERR_CORRUPT
 * (an empty file), ERR_UNSUPPORTED (a folder, a block device); each with a diagnostic. Nothing is
 * read yet. pool     where blocks come from; may be sized later, before the first capture_next
 *   threads  a capture has one owner; captures are opened and closed by one thread at a time */
int capture_open(struct capture **out, const char *path, struct block_pool *pool,
                 struct diags *diags);
void capture_close(struct capture *c);
/* capture_next: 1 and a frame; 0 at the end, also of an empty capture (header only); ERR_AGAIN when
 * a pipe has nothing yet (after a short wait) or no block is free: ask again. Another error with a
 * diagnostic once, then 0: ERR_CORRUPT (no capture, or damaged), ERR_TRUNCATED, ERR_UNSUPPORTED
 * (formats and versions), ERR_IO. */
int capture_next(struct capture *c, struct frame *frame, struct diags *diags);
/* capture_check: once nobody looks at frames any more: whether all that were given are still what
 * the file holds. ERR_TRUNCATED with a diagnostic when it became shorter since. */
int capture_check(struct capture *c, struct diags *diags);

struct capture_counts {
    uint64_t frames, bytes_captured, bytes_wire;
    uint64_t time_back;      /* frames whose stamp went back */
    uint64_t no_stamp;       /* frames without a usable stamp */
    uint64_t overlong;       /* frames longer than FRAME_MAX */
    uint64_t blocks_skipped; /* pcapng blocks of types that carry no packet, and damaged ones */
    uint64_t blocks_damaged; /* of these the damaged ones that could be stepped over */
    uint64_t size, position; /* of the file as it is stored, for progress */
    int64_t first_ns, last_ns;
};
const struct capture_counts *capture_counts(const struct capture *c);
const char *capture_path(const struct capture *c);
/* capture_is_streamed: whether it goes through blocks. */
bool capture_is_streamed(const struct capture *c);
/* capture_recognised: whether its first bytes are those of a capture; false before the first frame
 * was asked for. */
bool capture_recognised(const struct capture *c);
/* capture_compare: < 0, 0, > 0: an order by what captures hold: by their first 4,096 bytes
 * (unpacked), then mapped before streamed, then mapped ones by all their bytes (0 only for equal
 * content). Streamed ones, whose bytes cannot be had again, by name; only there does the order
 * depend on more than content. */
int capture_compare(const struct capture *a, const struct capture *b);

/* Several captures merged by time into one sequence. Inputs are numbered from 1 by their first
 * stamp, then by their content (capture_compare), then by their point, not by their place in
 * `paths`. */
struct merge;
/* merge_open: points  one a path, the observation point whose captures are there; NULL: not told.
 * A path may be a folder: all captures in it and below, in the order of their names; a
 * file there that is no capture is named in a warning and left out. An input that does not open is
 * broken; an error only when none opens, or n is 0. Waits for the first frame of every pipe. stop
 * NULL, or set by a signal handler: wait no longer */
int merge_open(struct merge **out, const char *const *paths, const uint8_t *points, size_t n,
               const atomic_bool *stop, struct diags *diags);
void merge_close(struct merge *m);
/* merge_next: 1 and a frame, 0 at the end of all, ERR_AGAIN when an input must be waited for
 * (capture_next); *input is the number of the input; seq counts within the input from 1. Frames
 * come in the order (t, input, seq). A broken input ends alone: its error is in diags,
 * merge_counts.broken counts it, the others go on. */
int merge_next(struct merge *m, struct frame *frame, uint32_t *input, uint64_t *seq,
               struct diags *diags);
/* merge_check: capture_check of all inputs; one that fails is broken. */
void merge_check(struct merge *m, struct diags *diags);
/* merge_bytes: of block buffers. */
size_t merge_bytes(const struct merge *m);
struct merge_counts {
    struct capture_counts total; /* first_ns, last_ns: the earliest and the latest */
    unsigned inputs, broken; /* inputs: without what was left out; broken: not opened, or ended by
                              * an error */
};
struct merge_counts merge_counts(const struct merge *m);

#endif
