/* What rules look into of an HTTP/2 head: PART_HTTP_* as Suricata 7 has them.
 *
 * http.uri and http.uri.raw are :path as it is, http.host is :authority without what is before "@"
 * and behind ":", in lower case. http.header has pseudo-header fields too, a change of the dynamic
 * table's size as a field without name and value, and values without blanks around them;
 * http.header.raw has all as it is, cookies among them. Fields of one name are joined by ", ". The
 * first lines are made up: "GET / HTTP/2", "HTTP/2 200", each with CR and LF; http.stat_msg is
 * empty. Names must be in lower case. There is no http.start.
 *
 * Where a field is not known (proto/hpack.h), nothing is told that it may belong to.
 */
#ifndef PROTO_HTTP2_PARTS_H
#define PROTO_HTTP2_PARTS_H

#include "proto/hpack.h"
#include "proto/message.h"

#define HTTP2_HEAD_MAX 16384

/* http2_head_begin: a head to be, in HTTP2_HEAD_MAX bytes; fields are added to its list.
 * http2_head_end: the head, which is what a message's parts are made of. */
struct hpack_list http2_head_begin(uint8_t memory[HTTP2_HEAD_MAX]);
struct bytes http2_head_end(struct hpack_list *list);
/* http2_head_field: the first of that name; no data if there is none. */
struct bytes http2_head_field(struct bytes head, const char *name);
/* http2_head_begins: it has a pseudo-header, as only the first fields of a message have (RFC 9113,
 * 8.1 and 8.3). http2_head_is_known: no field is missing. */
bool http2_head_begins(struct bytes head);
bool http2_head_is_known(struct bytes head);

/* http2_parts: proto_message.parts; none if message->head is empty. */
unsigned http2_parts(const struct proto_message *message, struct proto_scratch *scratch,
                     struct proto_part out[PROTO_MESSAGE_PARTS]);

#endif
