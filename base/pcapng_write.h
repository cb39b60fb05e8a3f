/* Writing captures: pcapng with one Ethernet interface and nanosecond stamps.
 *
 * Source of the format: draft-ietf-opsawg-pcapng, 4.1 (section header), 4.2 (interface
 * description), 4.3 (enhanced packet). Always little-endian and without a name of a machine or a
 * program, so that the same packets give the same bytes.
 */
#ifndef BASE_PCAPNG_WRITE_H
#define BASE_PCAPNG_WRITE_H

#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PCAPNG_LINK_ETHERNET 1

/* One file being written. Owns `file`; one thread. Zero-initialise. */
struct pcapng_writer {
    FILE *file;
    const char *path; /* the caller's, outlives the writer */
    int error;        /* the first failure; later writes do nothing */
    int saved_errno;  /* of the first failure */
    uint64_t packets;
};

/* pcapng_write_open: create or empty the file and write the section and the interface.
 * 0, or ERR_IO with a diagnostic; after a failure there is nothing to close. */
int pcapng_write_open(struct pcapng_writer *w, const char *path, struct diags *diags);

/* pcapng_write_frame: append one packet.
 *   ns   since 1970-01-01T00:00:00Z, not negative
 *   len  the whole frame is kept
 * Returns 0 or ERR_IO, ERR_RANGE (a negative time, a frame of more than 2^28 bytes); the failure is
 * kept and told by pcapng_write_close. */
int pcapng_write_frame(struct pcapng_writer *w, int64_t ns, const void *data, size_t len);

/* pcapng_write_close: flush and close, always. 0, or the first failure with a diagnostic. */
int pcapng_write_close(struct pcapng_writer *w, struct diags *diags);

#endif
