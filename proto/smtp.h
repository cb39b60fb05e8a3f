/* SMTP: commands, replies, who was let in, and the files in the mail that is handed over.
 *
 * Format: RFC 5321 (commands, DATA with its dots, replies), 2920 (pipelining), 3030 (BDAT), 3207
 * (STARTTLS), 4954 (AUTH).
 *
 * A session is each AUTH. Acknowledged: the server says 2yz in the end (235); refused: 5yz, but for
 * 500 to 504, which say that the command was not understood. A connection that the server refuses
 * with its greeting (554, 421) is refused, any other one without AUTH is seen.
 *   code  of the reply
 *   user  of PLAIN, LOGIN and XOAUTH2, as far as it is kept
 *
 * A message to rules is a file that a mail carries (proto/mime.h): file.name, and file.data as its
 * body. Its transaction is the mail, from 1. A mail begins behind DATA, whether the server has said
 * yes (354) by then or not: it ends if it says no. Behind STARTTLS with its 220 everything is
 * encrypted.
 */
#ifndef PROTO_SMTP_H
#define PROTO_SMTP_H

#include "proto/proto.h"

extern const struct proto_parser smtp_parser;

#endif
