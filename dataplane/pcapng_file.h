/* The pcapng format over a source: draft-ietf-opsawg-pcapng. Behind capture.h; not for other rooms.
 */
#ifndef DATAPLANE_PCAPNG_FILE_H
#define DATAPLANE_PCAPNG_FILE_H

#include "dataplane/capture.h"
#include "dataplane/source.h"

struct pcapng_interface;

/* Borrows the source, which stands at the next block; owns the interfaces of the current section.
 */
struct pcapng_file {
    struct source *source;
    struct pcapng_interface *interfaces;
    size_t n_interfaces, cap_interfaces;
    uint64_t skipped, damaged; /* as in struct capture_counts */
    uint64_t begin;            /* of the block under way */
    uint64_t number;           /* of the frame that is in it or behind it */
    uint64_t rest;             /* of it behind what was looked at, where it is a long one */
    uint32_t len;              /* as its head says it */
    bool big;                  /* the section is big-endian */
};

bool pcapng_file_is(const uint8_t *data, size_t size);
/* pcapng_file_open: see that it is one, and set everything up. Also after an error
 * pcapng_file_close is due. */
int pcapng_file_open(struct pcapng_file *f, struct source *source, struct diags *diags);
void pcapng_file_close(struct pcapng_file *f);
/* pcapng_file_next: 1 and a frame (t as the file has it, or FRAME_NO_STAMP), 0, ERR_AGAIN, or an
 * error with a diagnostic. A damaged block between sound ones is stepped over with a warning (the
 * first of a file; all are counted). number  of this frame, for the diagnostic */
int pcapng_file_next(struct pcapng_file *f, struct frame *frame, uint64_t number,
                     struct diags *diags);

#endif
