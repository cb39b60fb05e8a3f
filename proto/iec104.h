/* IEC 60870-5-104: the parser and the figures that its users and tests share.
 *
 * Format: IEC 60870-5-104:2006, 5 (APCI), 7 and 8 (what is taken of IEC 60870-5-101); IEC
 * 60870-5-101:2003, 7.1 (ASDU), 7.2 and 7.3 (information objects), 7.4 (procedures). Cause, common
 * address and object address have two, two and three octets, as 60870-5-104, 7 fixes them.
 *
 * A command is an ASDU that asks: with the cause activation or deactivation, a read command, a call
 * of a directory or file, a file that the controlling end announces. In struct proto_command:
 *   function     the type identification
 *   unit         the common address
 *   transaction  N(S), the send sequence number
 *   object_first the first information object address, object_count how many objects
 *   exception    the cause of the answer that refused: 44 to 47, or the confirmation's own where it
 *                was negative
 *   value        single and double states, whole set points and bitstrings; none for a short float
 *
 * Outcome: a select is never more than seen, an execute is acknowledged by its positive
 * confirmation and completed by its termination; reported once, at the latest IEC104_TERMINATION_NS
 * behind the confirmation.
 */
#ifndef PROTO_IEC104_H
#define PROTO_IEC104_H

#include "proto/proto.h"

/* Start, length, and what it counts. IEC 60870-5-104, 5. */
#define IEC104_APDU_MAX       255
/* How long a request waits for its answer, in event time: t1 of IEC 60870-5-104, 9.6. */
#define IEC104_ANSWER_NS      INT64_C(15000000000)
/* How long a confirmed one waits for its termination. */
#define IEC104_TERMINATION_NS INT64_C(30000000000)
/* Requests of one flow that wait at the same time; one more and one is given up: k of 9.6. */
#define IEC104_OPEN_MAX       12

extern const struct proto_parser iec104_parser;

#endif
