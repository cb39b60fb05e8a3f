/* From MIME's files to messages. */
#include "proto/smtp_mail.h"
#include "proto/mime.h"

_Static_assert(sizeof(struct mime) <= PROTO_ROOM_BYTES, "it fits a room");

/* What MIME's sink is called with. */
struct reading {
    struct smtp_mail *mail;
    struct mime *mime;
    const struct proto_sink *sink;
};

static struct mime *mime_of(const struct proto_sink *sink)
{
    return sink->room ? (struct mime *)sink->room(sink->ctx, PROTO_ROOM_TO_SERVER) : NULL;
}

static unsigned parts(const struct proto_message *message, struct proto_scratch *scratch,
                      struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const struct mime_name *name = mime_file_name(message->state);
    unsigned n = 0;
    (void)scratch;
    out[n++] = (struct proto_part){PART_FILE_NAME, {name->bytes, name->len}};
    if (name->shown)
        out[n++] = (struct proto_part){PART_FILE_NAME, {name->bytes_shown, name->len_shown}};
    return n;
}

static struct proto_message message_of(const struct reading *r)
{
    return (struct proto_message){.protocol = PROTOCOL_SMTP,
                                  .direction = PROTO_TO_SERVER,
                                  .transaction = r->mail->number,
                                  .state = r->mime,
                                  .parts = parts};
}

static void file_begins(void *ctx)
{
    struct reading *r = ctx;
    struct proto_message message = message_of(r);
    r->mail->at = 0;
    if (r->sink->message)
        r->sink->message(r->sink->ctx, &message);
}

static void tell(struct reading *r, struct bytes bytes, bool end)
{
    struct proto_message message = message_of(r);
    struct proto_body body = {.id = PART_FILE_DATA, .end = end, .at = r->mail->at, .data = bytes};
    r->mail->at += bytes.len;
    if (r->mail->at > 0)
        r->sink->body(r->sink->ctx, &message, &body);
}

static void file_bytes(void *ctx, struct bytes bytes)
{
    tell(ctx, bytes, false);
}

static void file_ends(void *ctx)
{
    tell(ctx, (struct bytes){0}, true);
}

static const struct mime_sink mime_sink = {
    .begin = file_begins, .bytes = file_bytes, .end = file_ends};

void smtp_mail_begin(struct smtp_mail *m, const struct proto_sink *sink)
{
    if (m->open)
        return;
    m->open = true;
    m->number++;
    if (!sink->body)
        return;
    struct mime *mime = mime_of(sink);
    if (mime) {
        mime_begin(mime);
        m->read = m->lent = true;
    } else {
        sink->anomaly(sink->ctx, PROTO_ANOMALY_OVERFLOW, PROTO_TO_SERVER);
    }
}

/* reading: false: nobody wants the mail, or nobody does any longer. */
static bool reading(struct smtp_mail *m, const struct proto_sink *sink, struct mime_sink *out,
                    struct reading *r)
{
    struct mime *mime = m->read && sink->body ? mime_of(sink) : NULL;
    m->read &= mime != NULL;
    *r = (struct reading){.mail = m, .mime = mime, .sink = sink};
    *out = mime_sink;
    out->ctx = r;
    return mime != NULL;
}

void smtp_mail_bytes(struct smtp_mail *m, struct bytes bytes, const struct proto_sink *sink)
{
    struct mime_sink to;
    struct reading r;
    if (reading(m, sink, &to, &r))
        mime_feed(r.mime, bytes, &to);
}

void smtp_mail_end(struct smtp_mail *m, const struct proto_sink *sink)
{
    struct mime_sink to;
    struct reading r;
    if (!m->open)
        return;
    if (reading(m, sink, &to, &r))
        mime_end(r.mime, &to);
    if (m->lent && sink->room_back)
        sink->room_back(sink->ctx, PROTO_ROOM_TO_SERVER);
    m->open = m->read = m->lent = false;
}
