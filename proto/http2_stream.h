/* Streams of an HTTP/2 connection (RFC 9113, 5): messages as they are told, their bodies, and who
 * was let in.
 *
 * A head is told from where it lies. While a body comes somebody may ask for the parts of its head,
 * so that is kept then; one that finds no room is left out, and its body comes without parts.
 * Bodies are unpacked (gzip, deflate, in any case; another coding is told as it is) where one of
 * the two rooms for it is free, else they are given up. A body of which nothing came is not told.
 *
 * The first streams are in the state; more of them are in a room. When there are too many the
 * oldest is given up. A message's transaction is its stream's number, behind those of HTTP/1 if
 * that was spoken before.
 */
#ifndef PROTO_HTTP2_STREAM_H
#define PROTO_HTTP2_STREAM_H

#include "proto/http1_session.h"

#define HTTP2_STREAMS_OWN 2
#define HTTP2_STREAMS_MAX 32

struct http2_body {
    uint64_t packed, told; /* bytes, as they came and as they were told */
    uint16_t head, n_head; /* where its head is kept; 0 of it: nowhere */
    uint8_t mode;
    bool gzip; /* it is said to be packed so, else as deflate */
};

struct http2_stream {
    uint32_t id;
    uint8_t ended; /* directions, as bits */
    bool waits;    /* for a response to the request */
    struct http1_request request;
    struct http2_body body[2];
};

/* Owner: the flow; zeroed is fresh. */
struct http2_streams {
    struct http2_stream own[HTTP2_STREAMS_OWN]; /* until more are open */
    uint32_t base;                              /* of numbers of transactions */
    uint32_t newest;                            /* stream of a request */
    uint16_t heads;                             /* bytes that are kept of them */
    uint8_t n;                                  /* streams, the oldest first */
    uint8_t unpacking;                          /* directions whose room is taken, as bits */
    bool lent;                                  /* the room for streams */
    bool told;                                  /* the connection's first exchange */
    bool misses[2];                             /* blocks of this direction */
};

/* One call of the parser, which has bytes of one direction. */
struct http2_call {
    struct http2_streams *streams;
    const struct proto_sink *sink;
    int64_t now;
    enum proto_direction dir;
};

/* http2_streams_head: fields, as of http2_parts.h; ends: nothing follows in this direction. What
 * has no method, or no status, are the fields behind a body. */
void http2_streams_head(struct http2_call *c, uint32_t id, struct bytes head, bool ends);
/* http2_streams_first: the request that the first stream is the answer to, as of http2_upgraded. */
void http2_streams_first(struct http2_call *c, const struct http1_request *request,
                         struct bytes head);
/* http2_streams_data: the next bytes of a body. */
void http2_streams_data(struct http2_call *c, uint32_t id, struct bytes bytes, bool ends);
/* http2_streams_reset: it is over. */
void http2_streams_reset(struct http2_call *c, uint32_t id);
/* http2_streams_hole: bytes of this stream are missing, 0: of any. What is behind them is not told.
 */
void http2_streams_hole(struct http2_call *c, uint32_t id);
/* http2_streams_end: what waits is over. */
void http2_streams_end(struct http2_call *c, enum outcome outcome);

#endif
