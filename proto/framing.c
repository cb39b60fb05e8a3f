/* Messages in step and out of step; the head of the header says how. */
#include "proto/framing.h"

#include <string.h>

enum mode {
    MODE_IN_STEP = 0, /* the next byte begins a message, or continues the one in the buffer */
    MODE_BEHIND_GAP,  /* the next byte is the first behind a gap */
    MODE_LOST
};

/* The call under way. */
struct call {
    const struct framing_kind *kind;
    struct framing *f;
    void *state;
    enum proto_direction dir;
    int64_t now;
    const struct proto_sink *sink;
};

static void lose(const struct call *c)
{
    c->f->mode = MODE_LOST;
    c->sink->anomaly(c->sink->ctx, PROTO_ANOMALY_LOST_SYNC, c->dir);
    c->kind->lost(c->state, c->dir);
}

static void take(const struct call *c, const uint8_t *message, uint32_t len)
{
    struct framing *f = c->f;
    c->kind->take(c->state, c->dir, c->now, message, len, c->sink);
    f->unsure = (uint16_t)(f->unsure > len ? f->unsure - len : 0);
}

/* seek: out of step, look for a message. Returns how many of the n bytes are done with, 0: more
 * needed. */
static uint32_t seek(const struct call *c, const uint8_t *p, uint32_t n)
{
    struct framing *f = c->f;
    const struct framing_kind *kind = c->kind;
    bool behind_gap = f->mode == MODE_BEHIND_GAP;
    uint32_t at = 0;
    while (at + kind->least <= n) {
        uint32_t len = kind->possible(p + at) ? kind->length(p + at) : 0;
        if (len != 0 && n - at < len)
            break;
        if (len != 0 && kind->form(c->dir, p + at, len) == FORM_RIGHT) {
            f->mode = MODE_IN_STEP;
            f->unsure = (uint16_t)kind->max;
            f->doubt = behind_gap ? FRAMING_TENTATIVE : FRAMING_GUESSED;
            take(c, p + at, len);
            return at + len;
        }
        if (behind_gap)
            lose(c);
        behind_gap = false;
        at++;
    }
    return at;
}

/* step: work on the n bytes that are next. Returns how many are done with, 0: more needed; that is
 * never so with as many as the longest message has. */
static uint32_t step(const struct call *c, const uint8_t *p, uint32_t n)
{
    if (n < c->kind->least)
        return 0;
    if (c->f->mode != MODE_IN_STEP)
        return seek(c, p, n);
    uint32_t len = c->kind->length(p);
    if (len == 0) {
        lose(c);
        return 1;
    }
    if (n < len)
        return 0;
    /* Not long behind a gap, a message that contradicts itself says that this is no boundary. */
    if (c->f->unsure > 0 && c->kind->form(c->dir, p, len) == FORM_CONTRADICTS) {
        lose(c);
        return 1;
    }
    take(c, p, len);
    return len;
}

void framing_feed(const struct framing_kind *kind, struct framing *f, void *state,
                  enum proto_direction dir, int64_t now, const uint8_t *data, uint32_t len,
                  const struct proto_sink *sink)
{
    const struct call c = {kind, f, state, dir, now, sink};
    while (len > 0) {
        if (f->skip > 0) {
            uint32_t cut = f->skip < len ? f->skip : len;
            f->skip = (uint16_t)(f->skip - cut);
            data += cut;
            len -= cut;
            continue;
        }
        if (f->len == 0) {
            uint32_t used = step(&c, data, len);
            if (used > 0) {
                data += used;
                len -= used;
                continue;
            }
        }
        uint32_t room = kind->max - f->len;
        uint32_t part = len < room ? len : room;
        memcpy(f->buf + f->len, data, part);
        f->len = (uint16_t)(f->len + part);
        data += part;
        len -= part;
        for (uint32_t used; (used = step(&c, f->buf, f->len)) > 0;) {
            f->len = (uint16_t)(f->len - used);
            memmove(f->buf, f->buf + used, f->len);
        }
    }
}

void framing_gap(const struct framing_kind *kind, struct framing *f, enum proto_direction dir,
                 uint32_t len, const struct proto_sink *sink)
{
    /* A message whose length is known may still tell where the next one begins. */
    uint32_t left = f->skip;
    if (f->mode == MODE_IN_STEP && f->len >= kind->head && kind->length(f->buf) > f->len)
        left = kind->length(f->buf) - f->len;
    if (f->len > 0)
        sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    f->len = 0;
    f->skip = 0;
    if (f->mode == MODE_IN_STEP && len > 0 && len <= left)
        f->skip = (uint16_t)(left - len);
    else
        f->mode = MODE_BEHIND_GAP;
}

bool framing_lost(const struct framing *f)
{
    return f->mode == MODE_LOST;
}

bool framing_partial(const struct framing *f)
{
    return f->len > 0 || f->skip > 0;
}

enum framing_doubt framing_doubt_now(const struct framing *f)
{
    return f->unsure > 0 ? (enum framing_doubt)f->doubt : FRAMING_CERTAIN;
}

void framing_confirm(struct framing *f)
{
    f->unsure = 0;
}
