/* What rules look into of one message: its parts as views want them, each made when it is first
 * asked for and once.
 *
 * Owner: a matcher, which has one and begins it anew for every message or piece of a body. What
 * finds no room in its memory is cut. Inside rules/.
 */
#ifndef RULES_MESSAGE_VIEWS_H
#define RULES_MESSAGE_VIEWS_H

#include "rules/set_parts.h"

#define VIEW_BYTES_MAX 512                 /* of all views of one message */
#define VIEW_MEMORY    (PROTO_SCRATCH * 4) /* parts and what transforms make of them */

struct match_body;

/* Of one view: places in message_views.bytes. */
struct view_place {
    uint32_t message; /* which message it was made for */
    uint16_t first, n;
};

struct message_views {
    const struct proto_message *message;
    const struct match_body *body; /* NULL: of the head alone */
    uint32_t number;               /* of the message, counted */
    bool has_parts;
    unsigned n_parts, n_bytes;
    struct proto_scratch scratch;
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    struct match_bytes bytes[VIEW_BYTES_MAX];
    struct view_place places[PART_VIEWS_MAX];
};

/* message_views_create: NULL without memory. */
struct message_views *message_views_create(void);
void message_views_free(struct message_views *v);
void message_views_begin(struct message_views *v, const struct proto_message *message,
                         const struct match_body *body);
/* message_views_of: the bytes that a view has; *n of them, none where the message has no such part.
 */
const struct match_bytes *message_views_of(struct message_views *v, const struct part_view *view,
                                           unsigned *n);

/* transform.c: what a transform makes of bytes; `out` has room for what scratch has left, and may
 * not overlap. */
struct bytes transform_apply(enum rule_transform transform, struct bytes in,
                             struct proto_scratch *scratch);

#endif
