/* What an ASDU of IEC 60870-5-104 asks for. Nothing here keeps state; any thread.
 *
 * IEC 60870-5-101:2003, 7.2.3 (causes), 7.2.6 (elements), 7.4 (procedures).
 */
#ifndef PROTO_IEC104_REQUEST_H
#define PROTO_IEC104_REQUEST_H

#include "proto/iec104_asdu.h"

enum iec104_request_flag {
    IEC104_FROM_SERVER = 1,
    IEC104_SELECT = 2,
    IEC104_CONFIRMED = 4,
    IEC104_MALFORMED = 8,  /* what was asked for is unknown */
    IEC104_TENTATIVE = 16, /* found behind a gap: dropped if what follows is no message */
    IEC104_GUESSED = 32,   /* found out of step: reported only if its answer comes */
    IEC104_DOUBTFUL = 64,  /* its answer may be in missing bytes, or has no form of its own */
    IEC104_ENDED = 128     /* a broadcast of which one station told the end */
};

/* A request that waits for what becomes of it. */
struct iec104_request {
    int64_t ns;
    int64_t due;     /* given up then; of a confirmed one, IEC104_TERMINATION_NS behind that */
    uint32_t object; /* address of the first */
    uint32_t value;  /* as on the wire */
    uint16_t common, sequence;
    uint8_t type, cause, count, flags;
};

/* What a call of a file calls for: SCQ, 7.2.6.30. */
enum iec104_file_call {
    IEC104_CALL_DIRECTORY = 0,
    IEC104_SELECT_FILE = 1,
    IEC104_CALL_FILE = 2,
    IEC104_DELETE_FILE = 4
};

/* iec104_asks: the ASDU is a request of `from`; o is its first object. The steps inside a file
 * transfer are none, and a file that is announced is one only of the end that asks: the other
 * announces what was selected. */
bool iec104_asks(const struct iec104_asdu *a, enum proto_direction from,
                 const struct iec104_object *o);
/* iec104_file_call: enum iec104_file_call of the elements of such a call. */
uint8_t iec104_file_call(const uint8_t *elements);
/* iec104_value_of: what a request and its confirmation must agree in, 0 without elements (NULL).
 *   select  out: the S/E bit: 7.2.6.15 to 7.2.6.18 and 7.2.6.39 */
uint32_t iec104_value_of(const struct iec104_asdu *a, const uint8_t *elements, bool *select);

enum proto_direction iec104_request_from(const struct iec104_request *q);
enum operation iec104_request_operation(const struct iec104_request *q);
/* iec104_request_terminates: the procedure ends with a termination of its own: 7.4.6 to 7.4.8. */
bool iec104_request_terminates(const struct iec104_request *q);
/* iec104_request_broadcast: to all stations behind the connection, each of which answers in its own
 * name. */
bool iec104_request_broadcast(const struct iec104_request *q);
/* iec104_request_integer: the value as a number; false if it is none. */
bool iec104_request_integer(const struct iec104_request *q, int64_t *out);

#endif
