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
 * nothing is told.
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "proto/proto.h"

#define HTTP1_OPEN_MAX 4 /* requests of one connection whose session waits for the response */

extern const struct proto_parser http1_parser;

#endif
