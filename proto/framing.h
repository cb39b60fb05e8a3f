/* Messages that carry their length, one behind the other in one direction of a stream.
 *
 * While a direction is in step the lengths lead from one message to the next. Out of step (behind a
 * gap, or after bytes that begin no message) the next message is looked for that is whole and right
 * in every field. One that begins at the first byte behind a gap is likely right, as both ends
 * begin a message with a segment: it is tentative until what follows is no message. One found
 * further in is a guess: it may be the content of a message whose head is missing. Both hold for
 * the messages that follow too, until the row is longer than any message could be. How the bytes
 * are cut makes no difference.
 *
 * Owner: the parser's state, zeroed at first. Threads: those of the state.
 */
#ifndef PROTO_FRAMING_H
#define PROTO_FRAMING_H

#include "proto/proto.h"

#define FRAMING_MAX 260 /* the longest message of all protocols that use this */

enum framing_doubt { FRAMING_CERTAIN = 0, FRAMING_TENTATIVE, FRAMING_GUESSED };

struct framing {
    uint8_t buf[FRAMING_MAX]; /* the beginning of a message */
    uint16_t len;
    uint16_t skip;   /* bytes of a message that was cut by a gap, still to come */
    uint16_t unsure; /* bytes behind the first message found in which all share its doubt */
    uint8_t doubt;   /* enum framing_doubt of these */
    uint8_t mode;
};

enum framing_form { FORM_CONTRADICTS = -1, FORM_UNKNOWN = 0, FORM_RIGHT = 1 };

/* What a protocol says of its messages. */
struct framing_kind {
    uint32_t head;  /* bytes that tell the length */
    uint32_t least; /* of a message, at least head */
    uint32_t max;   /* of a message, at most FRAMING_MAX */
    /* length: of the whole message by its head, 0 if this begins none. */
    uint32_t (*length)(const uint8_t *head);
    /* possible: worth waiting for its end when out of step; the least of a message is there. */
    bool (*possible)(const uint8_t *message);
    enum framing_form (*form)(enum proto_direction dir, const uint8_t *message, uint32_t len);
    void (*take)(void *state, enum proto_direction dir, int64_t now, const uint8_t *message,
                 uint32_t len, const struct proto_sink *sink);
    /* lost: out of step; what was taken with a doubt was no message. The anomaly is reported. */
    void (*lost)(void *state, enum proto_direction dir);
};

void framing_feed(const struct framing_kind *kind, struct framing *f, void *state,
                  enum proto_direction dir, int64_t now, const uint8_t *data, uint32_t len,
                  const struct proto_sink *sink);
/* framing_gap: len bytes are missing, 0: unknown how many. */
void framing_gap(const struct framing_kind *kind, struct framing *f, enum proto_direction dir,
                 uint32_t len, const struct proto_sink *sink);
/* framing_lost: out of step, no message found yet. framing_partial: part of a message is missing.
 */
bool framing_lost(const struct framing *f);
bool framing_partial(const struct framing *f);
/* framing_doubt_now: of the message that is being taken. framing_confirm: it was right, and so is
 * what follows. */
enum framing_doubt framing_doubt_now(const struct framing *f);
void framing_confirm(struct framing *f);

#endif
