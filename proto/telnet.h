/* Telnet: prompts for a name and a password, and what the server says then.
 *
 * Format: RFC 854 (commands), 855 (options); prompts are those that login programs use.
 *
 * A session is each password that is sent. Refused: the server's next words say so ("incorrect",
 * "failed", "denied", "invalid", "bad "), or it asks for the name or the password again.
 * Acknowledged: it ends a line with the sign of a shell ($, #, >, %) and the client goes on typing.
 * A connection without one is seen.
 *   code  the number of the attempt within the connection
 *   user  what was typed at the prompt for the name
 */
#ifndef PROTO_TELNET_H
#define PROTO_TELNET_H

#include "proto/proto.h"

extern const struct proto_parser telnet_parser;

#endif
