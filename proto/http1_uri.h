/* The target of a request as Suricata's http.uri has it, with libhtp's personality "IDS" and its
 * letters left as they are: percent-encoding is undone once, %uXXXX and UTF-8 in the path become
 * the nearest character of Windows-1252, backslashes become slashes, runs of slashes one, and
 * segments of dots are resolved (RFC 3986, 5.2.4). The query is decoded too, and a plus stays a
 * plus. Of an absolute target only what is behind the host is in it.
 */
#ifndef PROTO_HTTP1_URI_H
#define PROTO_HTTP1_URI_H

#include "proto/http1_line.h"
#include "proto/message.h"

/* Parts of a target, views into it; a part that it does not have has no data. */
struct http1_target {
    struct bytes host, path, query, fragment;
};

/* http1_target: what a target is made of; of CONNECT it is a host and a port, unless
 * it is a path. RFC 9112, 3.2 */
struct http1_target http1_target(struct bytes target, bool connect);
/* http1_uri: normalised; a view into `target` where it is so already, else in scratch memory. */
struct bytes http1_uri(struct bytes target, bool connect, struct proto_scratch *scratch);
/* http1_uri_host: the target's host in lower case, decoded, without dots at its end; no data if it
 * has none. */
struct bytes http1_uri_host(struct bytes target, bool connect, struct proto_scratch *scratch);

/* http1_put: append to scratch memory what fits; returns what is there. */
struct bytes http1_put(struct proto_scratch *scratch, struct bytes bytes);

#endif
