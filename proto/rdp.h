/* RDP: the connection request with its cookie, and what the server answers.
 *
 * Format: RFC 2126 and ISO 8073 (TPKT, X.224 connection request and confirm); [MS-RDPBCGR] 2.2.1.1
 * (cookie, RDP_NEG_REQ), 2.2.1.2 (RDP_NEG_RSP, RDP_NEG_FAILURE).
 *
 * What follows is TLS. Where the server asks for the login in front of the session (CredSSP), more
 * than RDP_BYTES_MAX bytes from it are a picture that only who is let in gets: acknowledged.
 * Refused: the negotiation failed. Anything else is seen.
 *   code  the protocol that the server selected, or the number of its failure
 *   user  of the cookie mstshash, which clients cut and anybody can choose
 */
#ifndef PROTO_RDP_H
#define PROTO_RDP_H

#include "proto/proto.h"

#define RDP_BYTES_MAX 65536

extern const struct proto_parser rdp_parser;

#endif
