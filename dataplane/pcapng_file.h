/* The pcapng format over bytes in memory: draft-ietf-opsawg-pcapng. Behind capture.h; not for other rooms. */
#ifndef DATAPLANE_PCAPNG_FILE_H
#define DATAPLANE_PCAPNG_FILE_H

#include "dataplane/capture.h"

#include <stddef.h>

struct pcapng_interface;

/* Borrows data and path, owns the interfaces of the current section. `at` is the next block. */
struct pcapng_file {
    const uint8_t *data;
    size_t size, at;
    const char *path;
    struct pcapng_interface *interfaces;
    size_t n_interfaces, cap_interfaces;
    uint64_t skipped, damaged; /* as in struct capture_counts */
    bool big;                  /* the section is big-endian */
};

bool pcapng_file_is(const uint8_t *data, size_t size);
/* pcapng_file_open: read the first section header. Also after an error pcapng_file_close is due. */
int pcapng_file_open(struct pcapng_file *f, const uint8_t *data, size_t size, const char *path,
                     struct diags *diags);
void pcapng_file_close(struct pcapng_file *f);
/* pcapng_file_next: 1 and a frame (t as the file has it, or FRAME_NO_STAMP), 0, or an error with a
 * diagnostic. A damaged block between sound ones is stepped over with a warning (the first of a file; all
 * are counted).
 *   number  of this frame, for the diagnostic */
int pcapng_file_next(struct pcapng_file *f, struct frame *frame, uint64_t number,
                     struct diags *diags);

#endif
