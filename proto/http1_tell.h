/* What is told of HTTP/1's messages: their heads when they are whole, their bodies as they come,
 * unpacked.
 *
 * A head that lies whole in one call's bytes is told where it lies. Otherwise, and while its body
 * comes, it is kept in the direction's room; one that is longer than the room is told with what
 * fits. A message for which there is no room is given up. Bodies that are packed take a room of
 * their own, two layers of packing that of the other direction too; more layers are not undone, nor
 * what is packed otherwise than with gzip, zlib or deflate.
 */
#ifndef PROTO_HTTP1_TELL_H
#define PROTO_HTTP1_TELL_H

#include "proto/proto.h"

#define HTTP1_HEAD_MAX   16384 /* of a head that parts are made of: a room */
#define HTTP1_LAYERS_MAX 2

/* One direction's message. Owner: the flow. */
struct http1_message {
    uint64_t packed, told; /* bytes of the body, as they came and as they were told */
    uint32_t transaction;
    uint16_t kept;  /* bytes of the head in the room */
    uint8_t layers; /* of packing that are to be undone */
    bool unpacks;   /* the rooms for it are prepared */
    bool lent;      /* the room for the head */
    bool silent;    /* nothing more is told of this message */
};

/* One call of the parser, which has bytes of one direction. */
struct http1_tell {
    struct http1_message *message, *other; /* this direction's, and the other one's */
    const struct proto_sink *sink;
    enum proto_direction dir;
    const uint8_t *from;   /* where those of the call's bytes begin that belong to the head */
    struct bytes in_place; /* the head of the message whose body comes, if it lies here */
};

/* http1_tell_next: no message is under way; the next may begin at `at`. */
void http1_tell_next(struct http1_tell *t, const uint8_t *at);
/* http1_tell_head: the head ends before `at`. */
void http1_tell_head(struct http1_tell *t, const uint8_t *at);
/* http1_tell_body: the next bytes; end: they are the last. */
void http1_tell_body(struct http1_tell *t, struct bytes bytes, bool end);
/* http1_tell_pause: the call ends at `at`; in_head: within a head, or where one may begin. */
void http1_tell_pause(struct http1_tell *t, const uint8_t *at, bool in_head);

#endif
