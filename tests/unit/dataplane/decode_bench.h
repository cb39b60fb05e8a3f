/* What the tests of decoding share: frames from digits, and decoding of a copy of exact size. */
#ifndef TESTS_UNIT_DATAPLANE_DECODE_BENCH_H
#define TESTS_UNIT_DATAPLANE_DECODE_BENCH_H

#include "dataplane/decode_parts.h"
#include "tests/unit/check.h"
#include "tests/unit/dataplane/frame_build.h"

#include <string.h>

static inline uint32_t unhex(const char *digits, uint8_t *out)
{
    uint32_t n = 0;
    unsigned byte;
    for (; sscanf(digits, "%2x", &byte) == 1; digits += 2)
        out[n++] = (uint8_t)byte;
    return n;
}

/* network_part: a frame of this description without its link. */
static inline uint32_t network_part(const struct frame_spec *spec, uint8_t *out)
{
    struct built_frame f;
    build_frame(spec, &f);
    memcpy(out, f.data + f.network_at, f.len - f.network_at);
    return f.len - f.network_at;
}

/* decode_copy: what decoding leaves alone would show, and so would a read behind the end. The short
 * way of plain frames says what the general way says. */
static inline struct packet decode_copy(uint16_t linktype, const uint8_t *data, uint32_t len,
                                        uint32_t wire)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    struct packet p;
    memset(&p, 0xa5, sizeof p);
    p.linktype = linktype;
    p.wire = wire;
    p.flags = 0;
    struct packet general = p;
    decode_frame(&p, copy, len);
    decode_any_link(&general, copy, len);
    decode_any_network(&general, copy, len);
    assert_memory_equal(&p, &general, sizeof p);
    free(copy);
    return p;
}

#endif
