/* What parsers of session beginnings share: lines of text, and the parts of the contract that they
 * have no use for.
 *
 * These parsers look at the head of a conversation, as far as it tells who wants in and whether he
 * was let in; what comes behind is not looked into. After a loss that hides the answer they claim
 * nothing more than that a session was seen.
 */
#ifndef PROTO_HEADS_H
#define PROTO_HEADS_H

#include "proto/proto.h"

#define HEAD_LINE_MAX 160

/* The beginning of a line that is under way. */
struct head_line {
    uint8_t len;
    bool whole; /* it ended with the last byte */
    bool cut;   /* it had more bytes than are kept */
    uint8_t data[HEAD_LINE_MAX];
};

/* head_line_take: one byte; true when the line is whole, without its CR and LF. The next byte then
 * begins another. */
bool head_line_take(struct head_line *line, uint8_t byte);
/* head_line_value: what follows a header's name ("host:") without blanks, or an empty view if the
 * line is another header. */
struct bytes head_line_value(const struct head_line *line, const char *name);
/* bytes_begin: whether a view begins with a text; *_any_case: letters of any case. */
bool bytes_begin(struct bytes b, const char *text);
bool bytes_begin_any_case(struct bytes b, const char *text);
/* bytes_keep: copy what fits; returns how much. */
uint8_t bytes_keep(uint8_t *to, size_t room, struct bytes from);

/* No request of these parsers has a deadline of its own: the flow's end decides. */
int64_t heads_deadline(const void *state);
void heads_expire(void *state, int64_t now, const struct proto_sink *sink);

#endif
