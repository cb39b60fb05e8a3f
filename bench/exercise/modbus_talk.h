/* Modbus/TCP talks: a client reads and writes, an RTU answers, refuses or stays silent.
 *
 * Sources: MODBUS Application Protocol Specification V1.1b3, 6.3, 6.5, 6.6, 6.12 and 7
 * (exceptions); MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (the header).
 */
#ifndef BENCH_EXERCISE_MODBUS_TALK_H
#define BENCH_EXERCISE_MODBUS_TALK_H

#include "bench/exercise/conversation.h"

#define MODBUS_PORT      502
#define MODBUS_ADU_MAX   260
#define MODBUS_WORDS_MAX 16 /* registers in one of our requests */

/* What the RTU does with a request. */
enum modbus_outcome {
    MODBUS_DONE,
    MODBUS_SILENT,              /* TCP acknowledges, Modbus says nothing */
    MODBUS_NO_FUNCTION = 0x101, /* exception 1, and so on */
    MODBUS_NO_ADDRESS = 0x102,
    MODBUS_NO_VALUE = 0x103,
    MODBUS_DEVICE_FAILED = 0x104,
};

struct modbus_talk {
    struct conversation tcp;
    uint16_t transaction;
    uint8_t unit;
};

/* modbus_talk_with: a talk nobody opened yet; open and close through `tcp`. */
struct modbus_talk modbus_talk_with(struct events *events, struct random *random, int64_t ns,
                                    uint32_t client, uint32_t rtu);

/* One request and what follows. Each returns the time of the request.
 *   first  the first register or coil, 0 to 65535 on the wire
 *   n      1 to MODBUS_WORDS_MAX */
int64_t modbus_read(struct modbus_talk *talk, uint16_t first, uint16_t n,
                    enum modbus_outcome outcome);
int64_t modbus_write_one(struct modbus_talk *talk, uint16_t reg, uint16_t value,
                         enum modbus_outcome outcome);
int64_t modbus_write_many(struct modbus_talk *talk, uint16_t first, uint16_t n,
                          enum modbus_outcome outcome);
int64_t modbus_write_coil(struct modbus_talk *talk, uint16_t coil, bool on,
                          enum modbus_outcome outcome);
/* modbus_write_any: one of these, drawn by lot. */
int64_t modbus_write_any(struct modbus_talk *talk, uint16_t first, enum modbus_outcome outcome);

/* modbus_forged_write: a write of one register in a segment of its own, in no conversation. */
int64_t modbus_forged_write(struct modbus_talk *talk, uint16_t reg, uint16_t value);

#endif
