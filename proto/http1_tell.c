/* Rooms for heads, rooms for unpacking. */
#include "proto/http1_tell.h"
#include "proto/http1_parts.h"
#include "proto/unpack.h"

#include <string.h>

/* What is unpacked is given up where it is longer than both, as libhtp does it. */
#define BOMB_BYTES (1u << 20)
#define BOMB_RATIO 2048u

/* ---- heads ---- */

static bool is_wanted(const struct http1_tell *t)
{
    return (t->sink->message || t->sink->body) && !t->message->silent;
}

static enum proto_room head_room(const struct http1_tell *t)
{
    return t->dir == PROTO_TO_SERVER ? PROTO_ROOM_TO_SERVER : PROTO_ROOM_TO_CLIENT;
}

static uint8_t *room(const struct http1_tell *t, enum proto_room which)
{
    return t->sink->room ? t->sink->room(t->sink->ctx, which) : NULL;
}

static void give_up(struct http1_tell *t)
{
    t->message->silent = true;
    t->message->kept = 0;
    t->sink->anomaly(t->sink->ctx, PROTO_ANOMALY_OVERFLOW, t->dir);
}

/* keep: these bytes of the head outlast the call; those that find no room are left out. */
static void keep(struct http1_tell *t, struct bytes bytes)
{
    struct http1_message *m = t->message;
    if (bytes.len == 0 || !is_wanted(t))
        return;
    uint8_t *to = room(t, head_room(t));
    if (!to) {
        give_up(t);
        return;
    }
    size_t left = (size_t)HTTP1_HEAD_MAX - m->kept, n = bytes.len < left ? bytes.len : left;
    memcpy(to + m->kept, bytes.data, n);
    m->kept = (uint16_t)(m->kept + n);
    m->lent = true;
}

static struct proto_message message_of(const struct http1_tell *t)
{
    const struct http1_message *m = t->message;
    struct bytes head = t->in_place;
    if (!head.data && m->kept)
        head = (struct bytes){room(t, head_room(t)), m->kept};
    return (struct proto_message){.protocol = PROTOCOL_HTTP,
                                  .direction = (uint8_t)t->dir,
                                  .transaction = m->transaction,
                                  .head = head,
                                  .parts = http1_parts};
}

void http1_tell_head(struct http1_tell *t, const uint8_t *at)
{
    struct http1_message *m = t->message;
    size_t n = (size_t)(at - t->from);
    m->told = m->packed = 0;
    if (!is_wanted(t))
        return;
    if (m->kept)
        keep(t, (struct bytes){t->from, n});
    else
        t->in_place = (struct bytes){t->from, n < HTTP1_HEAD_MAX ? n : HTTP1_HEAD_MAX};
    struct proto_message message = message_of(t);
    if (t->sink->message && !m->silent)
        t->sink->message(t->sink->ctx, &message);
}

/* ---- bodies ---- */

static void tell(struct http1_tell *t, struct bytes bytes, bool end)
{
    struct http1_message *m = t->message;
    struct proto_message message = message_of(t);
    bool to_server = t->dir == PROTO_TO_SERVER;
    struct proto_body body = {.id = to_server ? PART_HTTP_REQUEST_BODY : PART_HTTP_RESPONSE_BODY,
                              .end = end,
                              .at = m->told,
                              .data = bytes};
    m->told += bytes.len;
    m->silent = end;
    t->sink->body(t->sink->ctx, &message, &body);
}

/* unpack_room: the first layer's is the direction's own, the second one's is the other's. */
static enum proto_room unpack_room(const struct http1_tell *t, unsigned layer)
{
    bool to_server = (t->dir == PROTO_TO_SERVER) == (layer == 0);
    return to_server ? PROTO_ROOM_UNPACK_TO_SERVER : PROTO_ROOM_UNPACK_TO_CLIENT;
}

static void rooms_back(struct http1_tell *t, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        t->sink->room_back(t->sink->ctx, unpack_room(t, i));
}

static void unpack_over(struct http1_tell *t)
{
    if (t->message->unpacks)
        rooms_back(t, t->message->layers);
    t->message->unpacks = false;
}

static bool unpack_prepare(struct http1_tell *t)
{
    struct http1_message *m = t->message;
    if (m->unpacks)
        return true;
    if (t->other->unpacks && (m->layers > 1 || t->other->layers > 1))
        return false;
    for (unsigned i = 0; i < m->layers; i++) {
        uint8_t *memory = room(t, unpack_room(t, i));
        if (!memory) {
            rooms_back(t, i);
            return false;
        }
        unpack_begin(memory);
    }
    m->unpacks = true;
    return true;
}

static bool take_unpacked(void *ctx, struct bytes bytes)
{
    struct http1_tell *t = ctx;
    const struct http1_message *m = t->message;
    tell(t, bytes, false);
    return m->told <= BOMB_BYTES || m->told <= BOMB_RATIO * m->packed;
}

static bool take_layer(void *ctx, struct bytes bytes)
{
    return unpack(room(ctx, unpack_room(ctx, 1)), bytes, take_unpacked, ctx);
}

static void tell_packed(struct http1_tell *t, struct bytes bytes, bool end)
{
    if (!unpack_prepare(t)) {
        give_up(t);
        return;
    }
    unpack_take *take = t->message->layers > 1 ? take_layer : take_unpacked;
    bool goes_on = bytes.len == 0 || unpack(room(t, unpack_room(t, 0)), bytes, take, t);
    if (end || !goes_on) {
        tell(t, (struct bytes){0}, true);
        unpack_over(t);
    }
}

void http1_tell_body(struct http1_tell *t, struct bytes bytes, bool end)
{
    t->message->packed += bytes.len;
    if (!is_wanted(t) || !t->sink->body)
        return;
    if (t->message->layers > 0)
        tell_packed(t, bytes, end);
    else
        tell(t, bytes, end);
}

/* ---- between messages and calls ---- */

void http1_tell_next(struct http1_tell *t, const uint8_t *at)
{
    unpack_over(t);
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
    if (m->lent && m->kept == 0) {
        m->lent = false;
        t->sink->room_back(t->sink->ctx, head_room(t));
    }
}
