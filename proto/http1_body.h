/* Bodies of HTTP/1 as they are told: without the packing, and with the files that are in them.
 *
 * Content codings gzip and deflate are undone (proto/unpack.h), three layers at most; of a request
 * one, if its field names it alone. What is packed otherwise is told as it is. Of a form
 * (multipart/form-data) that is posted each file is told too, one after the other; any other body
 * of POST and PUT is a file as a whole, named by its path.
 *
 * Unpacking and forms take the direction's room for unpacking, a second layer that of the other
 * direction, a third one a room of its own.
 */
#ifndef PROTO_HTTP1_BODY_H
#define PROTO_HTTP1_BODY_H

#include "proto/http1_tell.h"

/* http1_body: the next bytes, as they came but for chunks; end: they are the last. A body of which
 * nothing came is not told. */
void http1_body(struct http1_tell *t, struct bytes bytes, bool end);
/* http1_body_over: nothing more of it comes; rooms go back. */
void http1_body_over(struct http1_tell *t);

#endif
