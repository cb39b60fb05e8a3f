/* Writing captures: pcapng with nanosecond stamps; an interface for each link type, Ethernet the
 * first.
 *
 * Source of the format: draft-ietf-opsawg-pcapng, 4.1 (section header), 4.2 (interface
 * description), 4.3 (enhanced packet), 3.5 (comments). Always little-endian and without a name of a
 * machine or a program, so that the same packets give the same bytes.
 */
#ifndef BASE_PCAPNG_WRITE_H
#define BASE_PCAPNG_WRITE_H

#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PCAPNG_LINK_ETHERNET 1
#define PCAPNG_INTERFACES    32 /* link types in one file */

/* One file being written. Owns `file`; one thread. Zero-initialise. */
struct pcapng_writer {
    FILE *file;
    const char *path; /* the caller's, outlives the writer */
    int error;        /* the first failure; later writes do nothing */
    int saved_errno;  /* of the first failure */
    uint64_t packets;
    uint16_t linktypes[PCAPNG_INTERFACES]; /* by interface */
    uint32_t interfaces;
};

struct pcapng_packet {
    int64_t ns; /* since 1970-01-01T00:00:00Z, not negative */
    const void *data;
    uint32_t captured, wire; /* bytes of data, and on the wire */
    uint16_t linktype;
    uint8_t fcs;         /* bytes of a frame check sequence at its end, at most 15; 0: not told */
    const char *comment; /* UTF-8; NULL: none */
};

/* pcapng_write_open: create or empty the file and write the section and the interface.
 * 0, or ERR_IO with a diagnostic; after a failure there is nothing to close. */
int pcapng_write_open(struct pcapng_writer *w, const char *path, struct diags *diags);

/* pcapng_write_packet: append one packet. Returns 0 or ERR_IO, ERR_RANGE (a negative time, more
 * than 2^28 bytes, a comment of more than 65,535, one link type too many); kept and told by
 * pcapng_write_close. */
int pcapng_write_packet(struct pcapng_writer *w, const struct pcapng_packet *packet);

/* pcapng_write_frame: append one packet of Ethernet, whole and without a comment.
 *   ns   since 1970-01-01T00:00:00Z, not negative
 *   len  the whole frame is kept
 * Returns 0 or ERR_IO, ERR_RANGE (a negative time, a frame of more than 2^28 bytes); the failure is
 * kept and told by pcapng_write_close. */
int pcapng_write_frame(struct pcapng_writer *w, int64_t ns, const void *data, size_t len);

/* pcapng_write_close: flush and close, always. 0, or the first failure with a diagnostic. */
int pcapng_write_close(struct pcapng_writer *w, struct diags *diags);

#endif
