/* What one end sends at once, put together byte by byte. */
#ifndef BENCH_EXERCISE_MESSAGE_H
#define BENCH_EXERCISE_MESSAGE_H

#include "bench/exercise/random.h"

#define MESSAGE_ROOM 2048 /* more is a mistake of the talk, and ends the program */

struct message {
    uint8_t data[MESSAGE_ROOM];
    size_t len;
};

/* message_room: the next len bytes, to be filled by the caller. message_put: these bytes.
 * message_noise: random ones, as keys and sealed data are. */
uint8_t *message_room(struct message *m, size_t len);
void message_put(struct message *m, const void *data, size_t len);
void message_noise(struct message *m, struct random *r, size_t len);

#endif
