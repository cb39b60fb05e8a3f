/* The pcap format over a source: draft-ietf-opsawg-pcap. Behind capture.h; not for other rooms. */
#ifndef DATAPLANE_PCAP_FILE_H
#define DATAPLANE_PCAP_FILE_H

#include "dataplane/capture.h"
#include "dataplane/source.h"

/* Borrows the source, which stands at the next record. */
struct pcap_file {
    struct source *source;
    uint64_t begin;         /* of the last record */
    uint64_t rest;          /* of it, behind what was given */
    uint32_t unit_ns;       /* of the second half of a stamp: 1 or 1000 */
    uint32_t record_header; /* bytes */
    uint32_t caplen_max;
    uint16_t linktype;
    uint8_t fcs;             /* bytes of each frame's check sequence, 0 not told */
    bool big;                /* big-endian */
    uint8_t swapped_lengths; /* old versions: 1 always, 2 where captured > wire */
};

/* pcap_file_is: whether these bytes begin with one of the format's magic numbers. */
bool pcap_file_is(const uint8_t *data, size_t size);
/* pcap_file_open: read the header. 0, ERR_AGAIN, or an error with a diagnostic. */
int pcap_file_open(struct pcap_file *f, struct source *source, struct diags *diags);
/* pcap_file_next: 1 and a frame (t as the file has it), 0, ERR_AGAIN, or an error with a
 * diagnostic. number  of this frame, for the diagnostic */
int pcap_file_next(struct pcap_file *f, struct frame *frame, uint64_t number, struct diags *diags);

#endif
