/* HTTP in clear text, of either version: HTTP/1 (proto/http1.h), HTTP/2 (proto/http2.h) that the
 * client begins with its preface, or that a connection is switched to ("Upgrade: h2c", RFC 7540,
 * 3.2).
 *
 * After a switch the request that asked for it is told once more as the first stream's, as Suricata
 * has it: its fields with the names that they had, but Host, which is :authority, and without
 * HTTP2-Settings. Its session has the outcome of that stream's response.
 */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include "proto/proto.h"

extern const struct proto_parser http_parser;

#endif
