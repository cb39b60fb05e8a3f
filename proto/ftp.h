/* FTP: the control connection, and who was let in.
 *
 * Format: RFC 959, 4 (commands), 4.2 (replies), 5.4 (their order); RFC 4217 (TLS).
 *
 * A session is each USER that is answered with a decision and each PASS or ACCT. Acknowledged: the
 * server says 2yz to it; refused: 430 or 5yz, but for 500 to 504, which say that the command was
 * not understood. A connection that the server ends with its greeting (421) is refused, any other
 * one without a login is seen. code  of the reply user  of the USER before it
 *
 * Behind AUTH with its 234 everything is encrypted. Who answers as POP3 does, which has USER and
 * PASS too, is not listened to any longer. Data connections are flows of their own, and a parser
 * knows of no other flow.
 */
#ifndef PROTO_FTP_H
#define PROTO_FTP_H

#include "proto/proto.h"

extern const struct proto_parser ftp_parser;

#endif
