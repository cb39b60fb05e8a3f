/* Parts are asked of the parser once a message, whatever rules want of them. */
#include "rules/message_views.h"

#include "rules/matcher.h"

#include <stdlib.h>

struct message_views *message_views_create(void)
{
    struct message_views *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->scratch = (struct proto_scratch){.data = malloc(VIEW_MEMORY), .room = VIEW_MEMORY};
    if (v->scratch.data)
        return v;
    free(v);
    return NULL;
}

void message_views_free(struct message_views *v)
{
    if (v)
        free(v->scratch.data);
    free(v);
}

void message_views_begin(struct message_views *v, const struct proto_message *message,
                         const struct match_body *body)
{
    v->message = message;
    v->body = body;
    v->has_parts = false;
    v->n_bytes = 0;
    v->scratch.used = 0;
    if (++v->number == 0) { /* after 2^32 of them */
        memset(v->places, 0, sizeof v->places);
        v->number = 1;
    }
}

static void add(struct message_views *v, const struct part_view *view, struct match_bytes bytes)
{
    struct bytes b = {bytes.data, bytes.len};
    if (v->n_bytes == VIEW_BYTES_MAX)
        return;
    for (unsigned i = 0; i < view->n_transforms; i++)
        b = transform_apply(view->transforms[i], b, &v->scratch);
    bytes.data = b.data;
    bytes.len = (uint32_t)b.len;
    v->bytes[v->n_bytes++] = bytes;
}

static void make(struct message_views *v, const struct part_view *view)
{
    const struct match_body *body = v->body;
    if (body && view->parts >> body->id & 1)
        add(v, view,
            (struct match_bytes){
                .data = body->data, .len = body->len, .at = body->at, .unfinished = !body->end});
    if (!(view->parts & ~BODY_PARTS))
        return;
    if (!v->has_parts) {
        v->n_parts = v->message->parts(v->message, &v->scratch, v->parts);
        v->has_parts = true;
    }
    for (unsigned i = 0; i < v->n_parts; i++)
        if (view->parts >> v->parts[i].id & 1)
            add(v, view,
                (struct match_bytes){.data = v->parts[i].bytes.data,
                                     .len = (uint32_t)v->parts[i].bytes.len});
}

const struct match_bytes *message_views_of(struct message_views *v, const struct part_view *view,
                                           unsigned *n)
{
    struct view_place *place = &v->places[view->number];
    if (place->message != v->number) {
        place->message = v->number;
        place->first = (uint16_t)v->n_bytes;
        make(v, view);
        place->n = (uint16_t)(v->n_bytes - place->first);
    }
    *n = place->n;
    return v->bytes + place->first;
}
