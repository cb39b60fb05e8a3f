/* Who was let in by HTTP: requests that wait for their response, and what is told of both. HTTP/2
 * keeps them by its streams, HTTP/1 in a queue.
 *
 * Format: RFC 9110, 11 (authentication), 15 (status codes); RFC 7617 (Basic). proto/http1.h says
 * what a session is.
 */
#ifndef PROTO_HTTP1_SESSION_H
#define PROTO_HTTP1_SESSION_H

#include "proto/http1.h"
#include "proto/http1_line.h"

#define HTTP1_URI_MAX    64
#define HTTP1_HOST_MAX   32
#define HTTP1_USER_MAX   24
#define HTTP1_METHOD_MAX 10 /* that is kept */

struct http1_request {
    int64_t ns;
    uint8_t method_len, uri_len, host_len, user_len;
    bool credentials;     /* in a field */
    bool may_hold_secret; /* a body that may hold some */
    bool odd;             /* its first line is not as the RFC has it: no session is claimed */
    uint8_t method[HTTP1_METHOD_MAX], uri[HTTP1_URI_MAX], host[HTTP1_HOST_MAX],
        user[HTTP1_USER_MAX];
};

/* http1_request_begin: what is known of it so far; its fields, and that a body comes. */
void http1_request_begin(struct http1_request *q, struct bytes method, struct bytes target,
                         int64_t ns);
void http1_request_host(struct http1_request *q, struct bytes value);
void http1_request_credentials(struct http1_request *q, struct bytes value);
void http1_request_body(struct http1_request *q);
/* http1_request_outcome: what an answer says. http1_request_tell: it is over; whether it is a
 * session is decided here. told: of the connection, whether one was told before. */
enum outcome http1_request_outcome(const struct http1_request *q, uint16_t status);
void http1_request_tell(const struct http1_request *q, bool *told, uint16_t status,
                        enum outcome outcome, int64_t now, const struct proto_sink *sink);

/* Owner: the flow. */
struct http1_sessions {
    struct http1_request open[HTTP1_OPEN_MAX];
    uint8_t n_open;
    bool told; /* the connection's first exchange */
};

/* http1_sessions_open: a request that waits; the oldest is given up if too many do. */
void http1_sessions_open(struct http1_sessions *s, const struct http1_line *line, int64_t now,
                         const struct proto_sink *sink);
/* The newest one's fields, and its body. */
void http1_sessions_host(struct http1_sessions *s, struct bytes value);
void http1_sessions_credentials(struct http1_sessions *s, struct bytes value);
void http1_sessions_body(struct http1_sessions *s);
/* http1_sessions_answer: the oldest request's answer; status 0: the answer is none that can be
 * read. http1_sessions_close: all that wait are over. */
void http1_sessions_answer(struct http1_sessions *s, uint16_t status, int64_t now,
                           const struct proto_sink *sink);
void http1_sessions_close(struct http1_sessions *s, enum outcome outcome, int64_t now,
                          const struct proto_sink *sink);

#endif
