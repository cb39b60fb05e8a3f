/* Modbus TCP: the parser and the figures that its users and tests share.
 *
 * Format: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (the header); MODBUS
 * Application Protocol Specification V1.1b3, 6 (functions) and 7 (exceptions).
 */
#ifndef PROTO_MODBUS_H
#define PROTO_MODBUS_H

#include "proto/proto.h"

/* Header of seven bytes and a PDU of at most 253. */
#define MODBUS_ADU_MAX   260
/* How long a request waits for its answer, in event time. */
#define MODBUS_ANSWER_NS INT64_C(10000000000)
/* Requests of one flow that wait at the same time; one more and the oldest is given up. */
#define MODBUS_OPEN_MAX  16

extern const struct proto_parser modbus_parser;

#endif
