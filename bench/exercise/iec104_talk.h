/* IEC 60870-5-104 talks: a control centre asks and commands, a station answers, refuses or stays
 * silent.
 *
 * Sources: IEC 60870-5-104:2006, 5 (APCI); IEC 60870-5-101:2003, 7.2 and 7.3 (ASDU), 7.4
 * (procedures).
 */
#ifndef BENCH_EXERCISE_IEC104_TALK_H
#define BENCH_EXERCISE_IEC104_TALK_H

#include "bench/exercise/conversation.h"

#define IEC104_PORT 2404

/* What the station does with a command. */
enum iec104_outcome {
    IEC104_DONE,         /* confirmed and terminated */
    IEC104_NEGATIVE,     /* confirmed negatively */
    IEC104_NO_OBJECT,    /* cause 47 */
    IEC104_SAYS_NOTHING, /* TCP acknowledges, the station does not */
};

struct iec104_talk {
    struct conversation tcp;
    uint16_t sent[2]; /* I formats of each side; what the other has got is as much */
    uint16_t common;
};

/* iec104_talk_with: a talk nobody opened yet; open and close through `tcp`. */
struct iec104_talk iec104_talk_with(struct events *events, struct random *random, int64_t ns,
                                    uint32_t client, uint32_t station);
/* iec104_start: STARTDT and its confirmation. iec104_test: TESTFR likewise. */
void iec104_start(struct iec104_talk *talk);
void iec104_test(struct iec104_talk *talk);
/* iec104_interrogate: a station interrogation with its data, in one to three segments. */
void iec104_interrogate(struct iec104_talk *talk);
/* iec104_spontaneous: measured values, acknowledged by an S format. */
void iec104_spontaneous(struct iec104_talk *talk);
/* One single command and what follows. Each returns the time of the request. */
int64_t iec104_select(struct iec104_talk *talk, uint32_t object, bool on,
                      enum iec104_outcome outcome);
int64_t iec104_execute(struct iec104_talk *talk, uint32_t object, bool on,
                       enum iec104_outcome outcome);

#endif
