/* Layer by layer, then as a body and as files. */
#include "proto/http1_body.h"
#include "proto/heads.h"
#include "proto/http1_parts.h"
#include "proto/multipart.h"
#include "proto/unpack.h"

#define ROOM_BYTES 65536
_Static_assert(UNPACK_ROOM + sizeof(struct multipart) <= ROOM_BYTES, "both have room");

enum files { FILES_NONE, FILES_WHOLE, FILES_FORM };

/* ---- rooms ---- */

/* unpack_room: the first layer's is the direction's own, the second one's is the other's. */
static enum proto_room unpack_room(const struct http1_tell *t, unsigned layer)
{
    if (layer > 1)
        return PROTO_ROOM_UNPACK_MORE;
    bool to_server = (t->dir == PROTO_TO_SERVER) == (layer == 0);
    return to_server ? PROTO_ROOM_UNPACK_TO_SERVER : PROTO_ROOM_UNPACK_TO_CLIENT;
}

static uint8_t *unpacker(const struct http1_tell *t, unsigned layer)
{
    return http1_tell_room(t, unpack_room(t, layer));
}

static struct multipart *form(const struct http1_tell *t)
{
    return (struct multipart *)(unpacker(t, 0) + UNPACK_ROOM);
}

void http1_body_over(struct http1_tell *t)
{
    for (unsigned i = 0; i < t->message->rooms; i++)
        t->sink->room_back(t->sink->ctx, unpack_room(t, i));
    t->message->rooms = 0;
}

static bool lend(struct http1_tell *t, unsigned n)
{
    struct http1_message *m = t->message;
    if (t->other->rooms > 0 && (n > 1 || t->other->rooms > 1))
        return false;
    for (m->rooms = 0; m->rooms < n; m->rooms++)
        if (!unpacker(t, m->rooms)) {
            http1_body_over(t);
            return false;
        }
    return true;
}

/* ---- files ---- */

static unsigned file_parts(const struct proto_message *message, struct proto_scratch *scratch,
                           struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const struct http1_tell *t = message->state;
    unsigned n = http1_parts(message, scratch, out);
    struct bytes name = t->message->files == FILES_FORM
                            ? (struct bytes){form(t)->name, form(t)->n_name}
                            : http1_file_name(message->head, scratch);
    if (name.data && n < PROTO_MESSAGE_PARTS)
        out[n++] = (struct proto_part){.id = PART_FILE_NAME, .bytes = name};
    return n;
}

static void tell_file(struct http1_tell *t, struct bytes bytes, bool end)
{
    struct http1_message *m = t->message;
    struct proto_message message = http1_tell_message(t);
    struct proto_body body = {.id = PART_FILE_DATA, .end = end, .at = m->file, .data = bytes};
    message.state = t;
    message.parts = file_parts;
    if (m->file + bytes.len > 0)
        t->sink->body(t->sink->ctx, &message, &body);
    m->file = end ? 0 : m->file + bytes.len;
}

static void form_bytes(void *ctx, struct bytes bytes)
{
    tell_file(ctx, bytes, false);
}

static void form_end(void *ctx)
{
    tell_file(ctx, (struct bytes){0}, true);
}

static void tell_files(struct http1_tell *t, struct bytes bytes, bool end)
{
    struct multipart_sink sink = {.ctx = t, .bytes = form_bytes, .end = form_end};
    if (t->message->files == FILES_WHOLE)
        tell_file(t, bytes, end);
    if (t->message->files != FILES_FORM)
        return;
    multipart_feed(form(t), bytes, &sink);
    if (end)
        multipart_end(form(t), &sink);
}

/* files_of: what of a body is a file, by its head. Suricata takes forms of POST alone. */
static enum files files_of(const struct http1_tell *t, struct multipart *m)
{
    struct bytes head = http1_tell_message(t).head;
    if (t->dir != PROTO_TO_SERVER)
        return FILES_NONE;
    if (bytes_begin(head, "PUT "))
        return FILES_WHOLE;
    if (!bytes_begin(head, "POST "))
        return FILES_NONE;
    static const enum files files[] = {[MULTIPART_NONE] = FILES_WHOLE,
                                       [MULTIPART_READABLE] = FILES_FORM,
                                       [MULTIPART_UNREADABLE] = FILES_NONE};
    return files[multipart_begin(m, http1_field(head, "Content-Type"))];
}

/* ---- bodies ---- */

static void tell(struct http1_tell *t, struct bytes bytes, bool end)
{
    struct http1_message *m = t->message;
    struct proto_message message = http1_tell_message(t);
    bool to_server = t->dir == PROTO_TO_SERVER;
    struct proto_body body = {.id = to_server ? PART_HTTP_REQUEST_BODY : PART_HTTP_RESPONSE_BODY,
                              .end = end,
                              .at = m->told,
                              .data = bytes};
    m->told += bytes.len;
    m->silent = end;
    if (m->told == 0)
        return;
    t->sink->body(t->sink->ctx, &message, &body);
    tell_files(t, bytes, end);
}

static bool take_unpacked(void *ctx, struct bytes bytes)
{
    struct http1_tell *t = ctx;
    const struct http1_message *m = t->message;
    tell(t, bytes, false);
    return !unpack_is_bomb(m->packed, m->told);
}

static unpack_take take_once_unpacked, take_twice_unpacked;

/* taker_of: who takes what comes out of a layer. */
static unpack_take *taker_of(const struct http1_message *m, unsigned layer)
{
    static unpack_take *const takers[] = {take_once_unpacked, take_twice_unpacked};
    return layer + 1 < m->layers ? takers[layer] : take_unpacked;
}

static bool take_once_unpacked(void *ctx, struct bytes bytes)
{
    const struct http1_tell *t = ctx;
    return unpack(unpacker(t, 1), bytes, taker_of(t->message, 1), ctx);
}

static bool take_twice_unpacked(void *ctx, struct bytes bytes)
{
    return unpack(unpacker(ctx, 2), bytes, take_unpacked, ctx);
}

/* end_layers: what they have held back comes out. */
static void end_layers(struct http1_tell *t)
{
    for (unsigned i = 0; i < t->message->layers && !t->message->silent; i++)
        unpack_end(unpacker(t, i), taker_of(t->message, i), t);
}

/* begin: rooms for layers are needed, one for a form is only wished for. */
static bool begin(struct http1_tell *t)
{
    struct http1_message *m = t->message;
    struct multipart found;
    m->begun = true;
    m->file = 0;
    m->files = (uint8_t)files_of(t, &found);
    if (m->layers > 0 && !lend(t, m->layers)) {
        http1_tell_give_up(t);
        return false;
    }
    for (unsigned i = 0; i < m->layers; i++)
        unpack_begin(unpacker(t, i), m->gzip >> i & 1);
    if (m->files == FILES_FORM && m->rooms == 0 && !lend(t, 1)) {
        t->sink->anomaly(t->sink->ctx, PROTO_ANOMALY_OVERFLOW, t->dir);
        m->files = FILES_NONE;
    }
    if (m->files == FILES_FORM)
        *form(t) = found;
    return true;
}

void http1_body(struct http1_tell *t, struct bytes bytes, bool end)
{
    struct http1_message *m = t->message;
    bool goes_on = true;
    m->packed += bytes.len;
    if (!http1_tell_wanted(t) || !t->sink->body)
        return;
    if (!m->begun && (bytes.len == 0 || !begin(t))) {
        m->silent = true;
        return;
    }
    if (m->layers == 0)
        tell(t, bytes, end);
    else if (bytes.len > 0)
        goes_on = unpack(unpacker(t, 0), bytes, taker_of(m, 0), t);
    if (m->layers > 0 && end && goes_on)
        end_layers(t);
    if (m->layers > 0 && (end || !goes_on))
        tell(t, (struct bytes){0}, true);
    if (m->silent)
        http1_body_over(t);
}
