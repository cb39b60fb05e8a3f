/* The contract between a protocol parser and whoever feeds it.
 *
 * A parser is incremental: it is given the next bytes of one direction of one stream, keeps what it
 * needs in a state of fixed size inside the caller's flow, and reports what it understood through a
 * sink. It survives gaps, finds its way back to a message boundary, never invents, never allocates,
 * never asks what time it is. What it has to keep whole and its state cannot hold it keeps in rooms
 * that the sink lends.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include "proto/message.h"

/* What is reported. Requests of a control protocol are paired with their answers; one that stays
 * unanswered is reported when its deadline passes. */
struct proto_command {
    uint8_t operation;    /* enum operation */
    uint8_t outcome;      /* enum outcome: acknowledged, refused (an exception), unanswered, seen */
    uint8_t from;         /* enum proto_direction: of the request */
    uint8_t function;     /* the protocol's own number of the request */
    uint8_t exception;    /* the protocol's own number of the refusal, 0 none */
    uint16_t unit;        /* addressed unit behind the server */
    uint16_t transaction; /* the protocol's own number of the transaction */
    uint32_t object_first; /* first object (register, coil, ...) */
    uint32_t object_count; /* 0: the request names no object */
    int64_t value;         /* what was written, when it is one number */
    bool has_value;
    int64_t request_ns; /* event time of the request; of the answer for an answer without request */
    int64_t answer_ns;  /* event time of the answer, or of the deadline */
};

/* A session, or an attempt to begin one, as far as its beginning shows. Texts are borrowed for the
 * call, empty where they are not known or not in this protocol, and cut where they are long. */
struct proto_session {
    uint8_t outcome;   /* enum outcome: acknowledged (let in), refused, unanswered, seen */
    uint16_t code;     /* the protocol's own number of the answer; its header says what it is */
    struct bytes user; /* who wants in */
    struct bytes host; /* the name under which the server is asked */
    struct bytes method, uri;
    int64_t request_ns; /* event time of the beginning, or of the request */
    int64_t answer_ns;  /* when its fate was known */
};

enum proto_anomaly {
    PROTO_ANOMALY_LOST_SYNC,      /* bytes skipped until the next plausible message */
    PROTO_ANOMALY_MALFORMED,      /* a message that contradicts its protocol */
    PROTO_ANOMALY_ANSWER_UNASKED, /* an answer without its request */
    PROTO_ANOMALY_OVERFLOW,       /* more open requests than are tracked; the oldest is given up */
    PROTO_ANOMALY_COUNT
};
extern const struct word proto_anomaly_words[PROTO_ANOMALY_COUNT];

#define PROTO_ROOM_BYTES   16384
#define PROTO_UNPACK_BYTES 65536

/* Memory that is lent to one stream or conversation until it is given back or ends; rows: suffix,
 * bytes, text. */
#define PROTO_ROOMS(X)                                                                         \
    X(TO_SERVER, PROTO_ROOM_BYTES, "a message to the server that is not whole yet")            \
    X(TO_CLIENT, PROTO_ROOM_BYTES, "a message to the client that is not whole yet")            \
    X(UNPACK_TO_SERVER, PROTO_UNPACK_BYTES, "unpacking the body of a message to the server")   \
    X(UNPACK_TO_CLIENT, PROTO_UNPACK_BYTES, "unpacking the body of a message to the client")   \
    X(UNPACK_MORE, PROTO_UNPACK_BYTES, "unpacking a third layer of either")                    \
    X(TABLES, PROTO_ROOM_BYTES, "HTTP/2: fields that its blocks refer to, of both directions") \
    X(STREAMS, PROTO_ROOM_BYTES, "HTTP/2: streams that are open, and heads of bodies under way")
enum proto_room {
#define X(s, bytes, text) PROTO_ROOM_##s,
    PROTO_ROOMS(X)
#undef X
        PROTO_ROOM_COUNT
};

/* Where reports go, and what each call is told of its bytes. */
struct proto_sink {
    void *ctx;
    void (*command)(void *ctx, const struct proto_command *command);
    void (*anomaly)(void *ctx, enum proto_anomaly anomaly, enum proto_direction dir);
    void (*session)(void *ctx, const struct proto_session *session);
    /* Of what rules look into; NULL: nobody does. */
    void (*message)(void *ctx, const struct proto_message *message);
    void (*body)(void *ctx, const struct proto_message *message, const struct proto_body *body);
    /* room: the one that was lent before, else fresh memory that is not zeroed, 16-byte aligned;
     * NULL: there is none, or nobody lends. room_back: it is not needed any more. */
    uint8_t *(*room)(void *ctx, enum proto_room which);
    void (*room_back)(void *ctx, enum proto_room which);
    /* When the bytes that are fed were seen: before `now` if they had to wait for others. Requests
     * are dated by it; how long they wait for an answer counts from `now`, as none could come
     * before. */
    int64_t seen_ns;
};

/* The largest state of all parsers, bytes; a flow's app state is this big, 8-byte aligned. */
#define PROTO_STATE_MAX   1152
/* One of at most this size costs a flow no memory of its own; its parser gets no rooms. */
#define PROTO_STATE_SMALL 8

/* Whether a parser has done with a connection, and what follows then. */
enum proto_over {
    PROTO_GOES_ON,
    PROTO_OVER,     /* nothing of interest: it is encrypted, or nobody's */
    PROTO_GIVES_WAY /* another protocol begins, in both directions */
};

/* One parser. All functions: threads: any, each state has one owner. */
struct proto_parser {
    enum protocol protocol;
    bool datagrams;      /* of UDP: each call of feed is one datagram; else of a stream of TCP */
    uint16_t port;       /* well-known port, tried after the content; 0 none */
    uint32_t state_size; /* <= PROTO_STATE_MAX; a zeroed state is a fresh one */
    /* probe: > 0 it is this protocol, < 0 it is not, 0 these bytes do not tell.
     * *from_server: which side is believed to send them; changed where the bytes tell better. */
    int (*probe)(const uint8_t *data, uint32_t len, bool *from_server);
    void (*feed)(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink);
    /* gap: `len` bytes of this direction are missing (0: unknown number). */
    void (*gap)(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink);
    /* deadline: when the oldest open request is to be given up, INT64_MAX if none is open. */
    int64_t (*deadline)(const void *state);
    /* expire: report what was due by now. end: the flow is over; report what is open as unanswered
     * (the flow ended in good order or timed out) or seen (end of input, nothing may be claimed).
     */
    void (*expire)(void *state, int64_t now, const struct proto_sink *sink);
    void (*end)(void *state, int64_t now, enum outcome open_requests,
                const struct proto_sink *sink);
    /* over: what follows is none of this protocol, so the state may go. NULL: never. */
    enum proto_over (*over)(const void *state);
    /* readable: of bytes that will be fed next, how many come before what is encrypted; rules ask
     * nothing of what is behind them in this direction. NULL: all. */
    uint32_t (*readable)(const void *state, enum proto_direction dir, const uint8_t *data,
                         uint32_t len);
};

/* The parsers of this build, in probing order; a new protocol is one file and one row
 * (proto/registry.c). */
extern const struct proto_parser *const proto_parsers[];
extern const unsigned proto_parser_count;

/* proto_by_port: the parser registered for a port, or NULL. */
const struct proto_parser *proto_by_port(uint16_t port);

#endif
