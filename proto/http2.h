/* HTTP/2 in clear text: frames, their header blocks, and the streams that they belong to.
 *
 * Format: RFC 9113, 3.4 (preface), 4 and 6 (frames), 8 (messages); RFC 7541 (proto/hpack.h). What a
 * part holds is in proto/http2_parts.h, what is told of bodies in proto/http2_stream.h; what a
 * session is in proto/http1.h.
 *
 * Told are requests and responses, interim ones too, and their bodies. Not told are fields behind a
 * body, and requests that a server promises; the responses to these are. A block that is longer
 * than a room, over as many frames as it likes, is given up, and read for the dynamic table alone.
 *
 * Behind a loss frames are found again by two that follow each other. A loss that may have hidden a
 * header block makes all of the direction's dynamic table unknown: only fields that say all of
 * themselves, or refer to what came later, are told then.
 */
#ifndef PROTO_HTTP2_H
#define PROTO_HTTP2_H

#include "proto/hpack.h"
#include "proto/http2_stream.h"

#define HTTP2_FRAME_HEAD 9
#define HTTP2_PREFACE    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

struct http2_side {
    uint32_t left;    /* of the frame's payload, padding and all */
    uint32_t stream;  /* of the frame */
    uint32_t block;   /* stream whose header block is under way, 0 none */
    uint32_t n_block; /* bytes of it so far */
    uint16_t kept;    /* of these, in the room */
    uint8_t head[HTTP2_FRAME_HEAD];
    uint8_t n_head;
    uint8_t type, flags, pad;
    uint8_t prefix; /* bytes of the payload that come before its content, still to come */
    uint8_t mode;
    uint8_t n_preface;  /* bytes of it that came */
    bool block_ends;    /* the stream, in this direction */
    bool block_dropped; /* it is read for the table alone, or not at all */
    bool block_useless; /* not at all */
    bool block_lent;    /* the room */
    struct hpack fields;
};

/* Owner: the flow. */
struct http2 {
    struct http2_side side[2];
    struct http2_streams streams;
};

/* http2_begin: a connection that is new. http2_upgraded: one that has just begun, and was HTTP/1
 * before; base: transactions of that; request: of the first stream, NULL: it is not known; head:
 * its fields as of http2_parts.h, none where they are not known. */
void http2_begin(struct http2 *s);
void http2_upgraded(struct http2 *s, uint32_t base, const struct http1_request *request,
                    struct bytes head, const struct proto_sink *sink);
/* As of struct proto_parser. */
void http2_feed(struct http2 *s, enum proto_direction dir, int64_t now, const uint8_t *data,
                uint32_t len, const struct proto_sink *sink);
void http2_gap(struct http2 *s, enum proto_direction dir, int64_t now, uint32_t len,
               const struct proto_sink *sink);
void http2_end(struct http2 *s, int64_t now, enum outcome open_requests,
               const struct proto_sink *sink);
/* http2_probe: as of struct proto_parser: the preface, or the settings that a server begins with.
 */
int http2_probe(const uint8_t *data, uint32_t len, bool *from_server);

#endif
