/* Fields of HTTP/1 that say how a body is to be read, and who wants in; line by line, as they come.
 *
 * Format: RFC 9112, 5 and 6; RFC 9110, 8.4 (content codings), 10.1.1 (Expect). Read as servers and
 * browsers do: folded lines go on with a field, the colon may only come on such a one, NULs in the
 * name of a response's field are not minded, of two lengths the first counts.
 */
#ifndef PROTO_HTTP1_FIELDS_H
#define PROTO_HTTP1_FIELDS_H

#include "proto/http1_session.h"

#define HTTP1_LAYERS_MAX 3 /* content codings that are named; what is beyond is not looked at */

/* Of one head; zeroed is fresh. */
struct http1_fields {
    uint64_t length; /* of the body, if it has_length */
    uint8_t codings; /* of the content, that were named */
    uint8_t layers;  /* of these, how many are to be undone */
    uint8_t gzip;    /* bits: the layer is said to be gzip, else deflate */
    uint8_t folds;   /* the field whose next line may belong to it, by its row, from 1 */
    bool named;      /* of that field no more than the name came yet, without its colon */
    bool chunked, has_length;
    bool vague;   /* of a response: its length can be read in more than one way */
    bool expects; /* 100-continue before the body */
    bool h2c;     /* a switch to HTTP/2 is asked for, or agreed to */
};

/* http1_field_line: the next line, not empty, without its end; of a long one its beginning. */
void http1_field_line(struct http1_fields *f, enum proto_direction dir,
                      struct http1_sessions *sessions, struct bytes line);

#endif
