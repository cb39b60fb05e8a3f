/* The payload that plain scanning runs over, recorded before the clock starts: every byte of TCP in
 * order per direction, every byte of UDP datagrams, one behind the other in memory. */
#ifndef BENCH_BARE_PAYLOAD_H
#define BENCH_BARE_PAYLOAD_H

#include "base/arena.h"
#include "base/diag.h"
#include "dataplane/block.h"

#include <stddef.h>
#include <stdint.h>

struct bare_span {
    const uint8_t *data;
    uint32_t len, stream;
};

struct bare_payload {
    struct bare_span *spans; /* in the order in which they became readable */
    size_t n, cap;
    uint32_t streams; /* numbered from 0: a direction of a TCP connection or of a UDP flow */
    uint64_t packets, offered, bytes; /* offered: payload in packets; bytes: of it in spans */
    uint64_t duplicate, gaps, gap_bytes;
    struct capture *capture;
    struct block_pool blocks;
    struct arena arena; /* the bytes */
};

/* bare_payload_read: all of a capture. What was read before a fault is kept, and the error
 * returned. */
int bare_payload_read(struct bare_payload *p, const char *path, struct diags *diags);
void bare_payload_free(struct bare_payload *p);

#endif
