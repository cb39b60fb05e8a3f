/* A stream given to a matcher in pieces, with windows and look-back as the dataplane has them. */
#ifndef TESTS_UNIT_RULES_STREAM_H
#define TESTS_UNIT_RULES_STREAM_H

#include "tests/unit/rules/given.h"

#define LOOK_BACK 2560 /* what is kept of a full window */

struct window {
    uint8_t data[MATCH_WINDOW];
    uint32_t len;
    uint64_t at;
};

/* window_add: put up to len bytes into the window, as many as it takes at once; sets the input's
 * data to match. Returns how many. */
static inline uint32_t window_add(struct window *w, const uint8_t *data, uint32_t len,
                                  struct match_input *in)
{
    if (w->len == MATCH_WINDOW) {
        memmove(w->data, w->data + MATCH_WINDOW - LOOK_BACK, LOOK_BACK);
        w->len = LOOK_BACK;
        w->at += MATCH_WINDOW - LOOK_BACK;
    }
    uint32_t room = MATCH_WINDOW - w->len, piece = len < room ? len : room;
    memcpy(w->data + w->len, data, piece);
    in->stream = true;
    in->fresh = w->len;
    w->len += piece;
    in->data = w->data;
    in->len = w->len;
    in->stream_at = w->at;
    return piece;
}

/* stream_feed: match len more bytes of a stream; counts[rule] gets the hits. */
static inline void stream_feed(struct matcher *m, struct match_flow *flow, struct window *w,
                               struct match_input in, const void *data, size_t len,
                               unsigned *counts)
{
    const uint8_t *bytes = data;
    while (len) {
        struct hit hits[MATCH_HITS_MAX];
        uint32_t piece = window_add(w, bytes, (uint32_t)len, &in);
        size_t n = matcher_run(m, &in, flow, hits);
        for (size_t i = 0; i < n; i++)
            counts[hits[i].rule]++;
        bytes += piece;
        len -= piece;
    }
}

#endif
