/* Heads where they lie and heads in rooms. */
#include "proto/http1_tell.h"
#include "proto/http1_body.h"
#include "proto/http1_parts.h"

#include <string.h>

/* ---- heads ---- */

bool http1_tell_wanted(const struct http1_tell *t)
{
    return (t->sink->message || t->sink->body) && !t->message->silent;
}

static enum proto_room head_room(const struct http1_tell *t)
{
    return t->dir == PROTO_TO_SERVER ? PROTO_ROOM_TO_SERVER : PROTO_ROOM_TO_CLIENT;
}

uint8_t *http1_tell_room(const struct http1_tell *t, enum proto_room which)
{
    return t->sink->room ? t->sink->room(t->sink->ctx, which) : NULL;
}

void http1_tell_give_up(struct http1_tell *t)
{
    t->message->silent = true;
    t->message->kept = 0;
    t->sink->anomaly(t->sink->ctx, PROTO_ANOMALY_OVERFLOW, t->dir);
}

/* keep: these bytes of the head outlast the call; those that find no room are left out. */
static void keep(struct http1_tell *t, struct bytes bytes)
{
    struct http1_message *m = t->message;
    if (bytes.len == 0 || !http1_tell_wanted(t))
        return;
    uint8_t *to = http1_tell_room(t, head_room(t));
    if (!to) {
        http1_tell_give_up(t);
        return;
    }
    if (m->kept == 0)
        m->held = 0;
    size_t left = (size_t)HTTP1_HEAD_MAX - m->kept, n = bytes.len < left ? bytes.len : left;
    memcpy(to + m->kept, bytes.data, n);
    m->kept = (uint16_t)(m->kept + n);
    m->lent = true;
}

struct proto_message http1_tell_message(const struct http1_tell *t)
{
    const struct http1_message *m = t->message;
    struct bytes head = t->in_place;
    if (!head.data && m->kept)
        head = (struct bytes){http1_tell_room(t, head_room(t)), m->kept};
    return (struct proto_message){.protocol = PROTOCOL_HTTP,
                                  .direction = (uint8_t)t->dir,
                                  .transaction = m->transaction,
                                  .head = head,
                                  .parts = http1_parts};
}

static void body_is_next(struct http1_message *m)
{
    m->told = m->packed = 0;
    m->begun = false;
}

static void tell_message(const struct http1_tell *t)
{
    struct proto_message message = http1_tell_message(t);
    if (t->sink->message && !t->message->silent)
        t->sink->message(t->sink->ctx, &message);
}

void http1_tell_no_head(struct http1_tell *t, const uint8_t *at)
{
    http1_tell_next(t, at);
    body_is_next(t->message);
    tell_message(t);
}

void http1_tell_head(struct http1_tell *t, const uint8_t *at)
{
    struct http1_message *m = t->message;
    size_t n = (size_t)(at - t->from);
    body_is_next(m);
    if (!http1_tell_wanted(t))
        return;
    if (m->kept)
        keep(t, (struct bytes){t->from, n});
    else
        t->in_place = (struct bytes){t->from, n < HTTP1_HEAD_MAX ? n : HTTP1_HEAD_MAX};
    tell_message(t);
}

void http1_tell_hold(struct http1_tell *t)
{
    struct http1_message *m = t->message;
    keep(t, t->in_place);
    t->in_place = (struct bytes){0};
    m->held = m->kept;
}

/* ---- between messages and calls ---- */

void http1_tell_next(struct http1_tell *t, const uint8_t *at)
{
    http1_body_over(t);
    t->message->kept = 0;
    t->message->silent = false;
    t->in_place = (struct bytes){0};
    t->from = at;
}

void http1_tell_pause(struct http1_tell *t, const uint8_t *at, bool in_head)
{
    struct http1_message *m = t->message;
    if (in_head)
        keep(t, (struct bytes){t->from, (size_t)(at - t->from)});
    else if (t->sink->body)
        keep(t, t->in_place);
    if (m->silent)
        m->kept = 0;
    if (m->lent && m->kept + m->held == 0) {
        m->lent = false;
        t->sink->room_back(t->sink->ctx, head_room(t));
    }
}
