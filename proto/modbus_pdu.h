/* One Modbus ADU: the header, the functions, and whether a request or an answer is right in its
 * form.
 *
 * Nothing here keeps state; all functions may be called from any thread. An "adu" argument is
 * whole: its length is the one that modbus_adu_len gave.
 */
#ifndef PROTO_MODBUS_PDU_H
#define PROTO_MODBUS_PDU_H

#include "proto/modbus.h"

#define MODBUS_HEADER_LEN 6u /* up to and with the length field, which counts what follows */
#define MODBUS_EXCEPTION  0x80u
#define MODBUS_ACCEPTED   5u /* "acknowledge": taken, will last long; not a refusal */
#define MODBUS_COIL_ON    0xff00u

enum modbus_request_flag {
    REQUEST_HAS_VALUE = 1,
    REQUEST_MALFORMED = 2, /* the PDU contradicts its function: objects are unknown */
    REQUEST_GUESSED = 4,   /* found out of step: reported only if its answer comes */
    REQUEST_DOUBTFUL = 8,  /* its answer may be in bytes that are missing */
    REQUEST_TENTATIVE = 16 /* found behind a gap: dropped if what follows is no request */
};

struct modbus_request {
    int64_t seen_ns, due_ns; /* due: when its answer is no longer waited for */
    uint32_t first;
    uint16_t count;
    uint16_t transaction;
    uint16_t value; /* what is written when it is one number, as on the wire */
    uint16_t check; /* what else the answer must agree with; the function's row says what */
    uint8_t unit, function, flags;
};

/* modbus_adu_len: the whole ADU's length from its first 6 bytes, or 0 if they are no header. */
uint32_t modbus_adu_len(const uint8_t *p);
/* modbus_function_known: the function (with or without the exception bit) has a row: its form can
 * be told. */
bool modbus_function_known(uint8_t function);
/* modbus_operation: what a request asks for. */
enum operation modbus_operation(const struct modbus_request *q);
/* modbus_request_parse: fill q from an ADU; false if the PDU contradicts its function. q->ns is 0.
 */
bool modbus_request_parse(const uint8_t *adu, uint32_t len, struct modbus_request *q);
/* modbus_answer_fits: the answer agrees with the request q; with q NULL, only that its form is
 * right. Transaction, unit and function are the caller's to compare. */
bool modbus_answer_fits(const uint8_t *adu, uint32_t len, const struct modbus_request *q);
/* modbus_known_form: an ADU that is right in every field for this direction and of a known
 * function. */
bool modbus_known_form(enum proto_direction dir, const uint8_t *adu, uint32_t len);

#endif
