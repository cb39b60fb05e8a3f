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

/* http1_field: the value of the first field of that name in a head, as it stands; no data if there
 * is none. */
struct bytes http1_field(struct bytes head, const char *name);
/* http1_each: of a request's head, the method as ":method", the target as ":path", then its fields
 * in their order, folded and repeated ones joined. */
void http1_each(struct bytes head, struct proto_scratch *scratch,
                void (*take)(void *ctx, struct bytes name, struct bytes value), void *ctx);
/* http1_file_name: of a request's body that is one file, as Suricata has it: the path, normalised.
 */
struct bytes http1_file_name(struct bytes head, struct proto_scratch *scratch);

#endif
