/* HTTP/1: requests and responses, paired; who was let in, and what rules look into.
 *
 * Format: RFC 9112, 2 to 7 and 9.3.2 (messages, their length, chunks, pipelining); RFC 9110, 15
 * (status codes), 11 (authentication); RFC 7617 (Basic). What a part holds is in
 * proto/http1_parts.h.
 *
 * Responses are read as browsers read them, and libhtp after these: heads whose lines end with LF,
 * LF CR or CR, names with NULs in them, statuses that go without a body and yet have one. A body
 * whose length can be read in more than one way goes on to the next response. What stands where a
 * response should begin and begins like none is a body without a head, as HTTP/0.9 has it.
 *
 * A session is the first exchange of a connection, and each that carries credentials in a field
 * (Authorization, Proxy-Authorization) or is refused. Refused: 401 or 407 where there were
 * credentials, or a body of POST, PUT or PATCH that may have held some; and any 403. Acknowledged:
 * a status below 400. Anything else, a challenge to a bare request among it, is seen. Its code is
 * the status code, its user that of Basic credentials.
 *
 * A transaction is a request and its final response, numbered by requests; a response that nobody
 * asked for has a number of its own. Behind a switch of protocols (101, a success to CONNECT)
 * nothing is told here; where it is one to HTTP/2 in clear text ("Upgrade: h2c"), http1_switched
 * says so.
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "proto/proto.h"

#define HTTP1_STATE_MAX (PROTO_STATE_MAX - 8)
#define HTTP1_OPEN_MAX  4 /* requests of one connection whose session waits for the response */

extern const struct proto_parser http1_parser;

/* What the connection was when it was switched to HTTP/2. Valid as long as the state is. */
struct http1_request;
struct http1_switch {
    uint32_t rest;         /* bytes at the end of the last feed that are HTTP/2 */
    uint32_t transactions; /* that were told */
    uint32_t head; /* bytes of the head of the request that asked for it, in the room for messages
                      to the server; 0: nobody wants it */
    const struct http1_request *asked; /* that request, which waits for its response; NULL */
    bool told;                         /* the connection's first exchange */
};

/* http1_switched: whether the connection is HTTP/2 from somewhere in the last feed on. */
bool http1_switched(const void *state, struct http1_switch *out);

#endif
