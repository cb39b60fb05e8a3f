/* TCP conversations, as a sensor between the two ends sees them: in order, nothing lost.
 *
 * A conversation has a clock of its own; every call makes its frames and moves the clock on.
 */
#ifndef BENCH_EXERCISE_CONVERSATION_H
#define BENCH_EXERCISE_CONVERSATION_H

#include "bench/exercise/frames.h"
#include "bench/exercise/random.h"

#define NS_PER_US  INT64_C(1000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_MIN (60 * NS_PER_S)

/* Who sends: the client opened the conversation. */
enum side { CLIENT, SERVER };

/* Borrows the events and the actor's random stream. */
struct conversation {
    struct events *events;
    struct random *random;
    int64_t now;               /* ns since 1970: nothing happened later */
    int64_t delay;             /* ns, the usual time between a frame and the other end's answer */
    struct frame_path path[2]; /* by the sender */
    uint32_t seq[2];           /* the next byte of each */
    bool owes_ack[2];          /* has data it did not acknowledge */
};

/* conversation_between: a conversation nobody opened yet; ports and numbers from the stream. */
struct conversation conversation_between(struct events *events, struct random *random, int64_t ns,
                                         uint32_t client, uint32_t server, uint16_t server_port);
/* conversation_wait: let time pass. */
void conversation_wait(struct conversation *c, int64_t ns);
/* conversation_open: the handshake. */
void conversation_open(struct conversation *c);
/* conversation_send: one segment for every FRAME_PAYLOAD_MAX bytes; they acknowledge what the
 * sender has got so far. Returns the time of the first. */
int64_t conversation_send(struct conversation *c, enum side from, const void *data, size_t len);
/* conversation_ack: an acknowledgement without data, if one is owed. */
void conversation_ack(struct conversation *c, enum side from);
/* conversation_close: the given side ends, the other follows. */
void conversation_close(struct conversation *c, enum side first);

/* The ways a first SYN ends without a conversation. */
/* conversation_unanswered: a SYN and `retries` more, after 1 s, 2 s, 4 s... */
void conversation_unanswered(struct conversation *c, unsigned retries);
/* conversation_refused: SYN, RST. */
void conversation_refused(struct conversation *c);
/* conversation_probed: SYN, SYN-ACK, RST by the client. */
void conversation_probed(struct conversation *c);
/* conversation_forged: one data segment out of nothing, as one end would send it. */
void conversation_forged(struct conversation *c, const void *data, size_t len);

#endif
