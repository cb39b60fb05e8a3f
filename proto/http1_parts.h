/* What rules look into of an HTTP/1 head: PART_HTTP_* as Suricata 7 has them.
 *
 * How a head is read is libhtp's way, which takes what servers and browsers take: any white space
 * between the words of the first line, fields without a name, folded lines (joined as they are),
 * names that are repeated (values joined by
 * ", ", at the place of the first; of Content-Length only the first is kept).
 */
#ifndef PROTO_HTTP1_PARTS_H
#define PROTO_HTTP1_PARTS_H

#include "proto/message.h"

#define HTTP1_FIELDS_MAX 256 /* of one head; what is beyond is left out */

/* http1_parts: of message->head, which begins with the first line; proto_message.parts. */
unsigned http1_parts(const struct proto_message *message, struct proto_scratch *scratch,
                     struct proto_part out[PROTO_MESSAGE_PARTS]);

#endif
