/* What is told of HTTP/1's messages: their heads when they are whole; their bodies in http1_body.h.
 *
 * A head that lies whole in one call's bytes is told where it lies. Otherwise, and while its body
 * comes, it is kept in the direction's room; one that is longer than the room is told with what
 * fits. A message for which there is no room is given up.
 */
#ifndef PROTO_HTTP1_TELL_H
#define PROTO_HTTP1_TELL_H

#include "proto/proto.h"

#define HTTP1_HEAD_MAX 16384 /* of a head that parts are made of: a room */

/* One direction's message. Owner: the flow. */
struct http1_message {
    uint64_t packed, told; /* bytes of the body, as they came and as they were told */
    uint64_t file;         /* bytes of the file that is told of the body */
    uint32_t transaction;
    uint16_t kept;  /* bytes of the head in the room */
    uint16_t held;  /* bytes of the last message's head in the room, for a switch of protocols */
    uint8_t layers; /* of packing that are to be undone */
    uint8_t gzip;   /* bits: the layer is said to be gzip, else deflate */
    uint8_t files;  /* what of the body is a file */
    uint8_t rooms;  /* that are lent for the body */
    bool begun;     /* the body */
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
/* http1_tell_hold: the head outlasts its message, until the next one needs the room. */
void http1_tell_hold(struct http1_tell *t);
/* http1_tell_no_head: a message that has none; its body is at `at`. */
void http1_tell_no_head(struct http1_tell *t, const uint8_t *at);
/* http1_tell_pause: the call ends at `at`; in_head: within a head, or where one may begin. */
void http1_tell_pause(struct http1_tell *t, const uint8_t *at, bool in_head);

/* For http1_body.c: whether anybody wants more of the message; the message as it is told; a room,
 * NULL if there is none; no more of the message for want of a room. */
bool http1_tell_wanted(const struct http1_tell *t);
struct proto_message http1_tell_message(const struct http1_tell *t);
uint8_t *http1_tell_room(const struct http1_tell *t, enum proto_room which);
void http1_tell_give_up(struct http1_tell *t);

#endif
