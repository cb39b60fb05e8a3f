/* First lines of HTTP/1: RFC 9112, 3 and 4, and what servers and browsers take besides.
 *
 * A line may be cut: only its beginning is there then, and more than HEAD_LINE_MAX bytes of it.
 */
#ifndef PROTO_HTTP1_LINE_H
#define PROTO_HTTP1_LINE_H

#include "base/bytes.h"

#define HTTP1_METHOD_LONGEST 24 /* of those that IANA lists, and some more */

struct http1_line {
    struct bytes method, target;
    uint16_t status; /* 0: it cannot be read */
    bool odd;        /* it is not as the RFC has it */
};

/* http1_request_line, http1_status_line: a line as the RFC has it; false: it is none. */
bool http1_request_line(struct bytes line, bool cut, struct http1_line *out);
bool http1_status_line(struct bytes line, struct http1_line *out);
/* http1_versioned_request: words with any white space around them, a version among them.
 * http1_odd_request: and a method that servers know may go without.
 * http1_odd_response: HTTP in any case and of any version, behind any white space and NULs. */
bool http1_versioned_request(struct bytes line, struct http1_line *out);
bool http1_odd_request(struct bytes line, bool cut, struct http1_line *out);
bool http1_odd_response(struct bytes line, struct http1_line *out);
/* http1_method_len: of what looks like a method and has its SP behind it, 0 if there is none. */
uint32_t http1_method_len(struct bytes line);
/* http1_version_at: where " HTTP/" stands last in the line, from `from` on; 0: nowhere. */
uint32_t http1_version_at(struct bytes line, uint32_t from);

/* http1_cr_end: of what a LF ends in the head of a response, how much belongs to its first line,
 * for to browsers a CR alone ends one too; its length if there is none. */
size_t http1_cr_end(struct bytes line);

static inline bool http1_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* http1_number: the digits that a text begins with, the first 15 of them; base 10 or 16. */
uint64_t http1_number(struct bytes text, uint32_t base);

/* http1_is_space: SP, HT, LF, VT, FF, CR. */
static inline bool http1_is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
