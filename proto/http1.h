/* HTTP/1: heads of requests and responses, paired, as far as they tell who was let in.
 *
 * Format: RFC 9112, 2 to 6 and 9.3.2 (messages, their length, pipelining); RFC 9110, 15 (status
 * codes), 11 (authentication); RFC 7617 (Basic). Bodies are skipped by their length.
 *
 * A session is the first exchange of a connection, and each that carries credentials in a field
 * (Authorization, Proxy-Authorization) or is refused. Refused: 401 or 407 where there were
 * credentials, or a body of POST, PUT or PATCH that may have held some; and any 403. Acknowledged:
 * a status below 400. Anything else, a challenge to a bare request among it, is seen. code  the
 * status code user  of Basic credentials
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "proto/proto.h"

#define HTTP1_OPEN_MAX 4 /* requests of one connection that wait for their response */

extern const struct proto_parser http1_parser;

#endif
