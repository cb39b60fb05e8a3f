/* A capture read to its end: copies of its frames, how it opened and ended, what was said. */
#ifndef TESTS_UNIT_DATAPLANE_CAPTURE_READ_H
#define TESTS_UNIT_DATAPLANE_CAPTURE_READ_H

#include "base/error.h"
#include "dataplane/capture.h"

#include <stdlib.h>
#include <string.h>

struct frame_read {
    int64_t t;
    uint64_t number;
    uint8_t *data;
    uint32_t captured, wire;
    uint16_t linktype, flags;
    uint64_t late_ns;
    uint8_t fcs;
};

struct capture_read {
    int opened;    /* of capture_open, or the first capture_next where it names no packet */
    int ended;     /* of the last capture_next */
    int after_end; /* of one behind it */
    bool streamed;
    struct frame_read *frames;
    size_t n;
    struct capture_counts counts;
    struct diags diags;
};

static inline struct frame_read frame_copy(const struct frame *f)
{
    struct frame_read out = {f->t,        f->number,  malloc(f->captured ? f->captured : 1),
                             f->captured, f->wire,    f->linktype,
                             f->flags,    f->late_ns, f->fcs};
    if (!out.data)
        abort();
    memcpy(out.data, f->data, f->captured);
    return out;
}

static inline int capture_next_waiting(struct capture *c, struct frame *frame, struct diags *diags)
{
    int got;
    do
        got = capture_next(c, frame, diags);
    while (got == ERR_AGAIN);
    return got;
}

static inline struct capture_read capture_read(const char *path)
{
    struct capture_read r = {0};
    struct capture *c;
    struct block_pool pool;
    if (block_pool_init(&pool, 2))
        abort();
    r.opened = capture_open(&c, path, &pool, &r.diags);
    if (r.opened) {
        block_pool_free(&pool);
        return r;
    }
    struct frame frame;
    r.streamed = capture_is_streamed(c);
    while ((r.ended = capture_next_waiting(c, &frame, &r.diags)) == 1) {
        if (r.n % 64 == 0)
            r.frames = realloc(r.frames, (r.n + 64) * sizeof *r.frames);
        if (!r.frames)
            abort();
        r.frames[r.n++] = frame_copy(&frame);
    }
    if (r.ended && r.diags.n && r.diags.items[r.diags.n - 1].pos.packet == 0)
        r.opened = r.ended;
    r.after_end = capture_next(c, &frame, &r.diags);
    r.counts = *capture_counts(c);
    capture_close(c);
    block_pool_free(&pool);
    return r;
}

static inline void capture_read_free(struct capture_read *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->frames[i].data);
    free(r->frames);
    diags_free(&r->diags);
}

#endif
