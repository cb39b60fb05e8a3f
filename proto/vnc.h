/* VNC (RFB): versions, security type, and the result of the handshake.
 *
 * Format: RFC 6143, 7.1 (handshake messages), 7.2 (security types), appendix A (versions 3.3
 * and 3.7).
 *
 * Acknowledged: the result is 0, or the type asks for nothing and the version has no result.
 * Refused: another result, or no type is offered. Other security types than None and VNC
 * authentication hide what follows: seen.
 *   code  the security type
 */
#ifndef PROTO_VNC_H
#define PROTO_VNC_H

#include "proto/proto.h"

extern const struct proto_parser vnc_parser;

#endif
