/* One APDU of IEC 60870-5-104: its format, the ASDU in it, the ASDU's objects.
 *
 * Nothing here keeps state; all functions may be called from any thread. An "apdu" argument is
 * whole: its length is the one that iec104_apdu_len gave.
 */
#ifndef PROTO_IEC104_ASDU_H
#define PROTO_IEC104_ASDU_H

#include "proto/iec104.h"

#define IEC104_START     0x68u
#define IEC104_HEAD_LEN  6u /* start, length, four octets of control */
#define IEC104_BROADCAST 0xffffu

enum iec104_format { IEC104_I, IEC104_S, IEC104_U };

/* U formats: the control octet. IEC 60870-5-104, 5.1. */
enum iec104_unnumbered {
    IEC104_STARTDT_ACT = 0x07,
    IEC104_STARTDT_CON = 0x0b,
    IEC104_STOPDT_ACT = 0x13,
    IEC104_STOPDT_CON = 0x23,
    IEC104_TESTFR_ACT = 0x43,
    IEC104_TESTFR_CON = 0x83
};

enum iec104_cause {
    IEC104_REQUEST = 5,
    IEC104_ACTIVATION = 6,
    IEC104_ACTIVATION_CON = 7,
    IEC104_DEACTIVATION = 8,
    IEC104_DEACTIVATION_CON = 9,
    IEC104_TERMINATION = 10,
    IEC104_FILE = 13,
    IEC104_UNKNOWN_TYPE = 44,
    IEC104_UNKNOWN_OBJECT = 47 /* the last of the four */
};

/* Types that the parser treats each in its own way. */
enum iec104_type_id {
    IEC104_INTERROGATION = 100,
    IEC104_COUNTER_INTERROGATION = 101,
    IEC104_READ = 102,
    IEC104_CLOCK = 103,
    IEC104_RESET = 105,
    IEC104_FILE_READY = 120,
    IEC104_FILE_CALL = 122,
    IEC104_FILE_ACK = 124,
    IEC104_SEGMENT = 125,
    IEC104_DIRECTORY = 126
};

enum iec104_value {
    IEC104_NOTHING,
    IEC104_SINGLE,
    IEC104_DOUBLE,
    IEC104_INTEGER,
    IEC104_FLOAT,
    IEC104_BITS,
    IEC104_QUALIFIER
};

#define IEC104_VARIABLE 0xffu

/* A row of proto/iec104.def. */
struct iec104_type {
    const char *name;
    uint8_t octets, operation, value;
};

struct iec104_asdu {
    uint8_t type, cause, originator, count;
    bool sequence, negative, test; /* SQ, P/N, T */
    uint16_t common;
    const uint8_t *objects; /* borrowed from the APDU */
    uint32_t objects_len;
};

struct iec104_object {
    uint32_t address;
    const uint8_t *data; /* its elements, borrowed */
    uint32_t len;
};

/* iec104_type: the row of a type, NULL if there is none. iec104_cause_name: likewise. */
const struct iec104_type *iec104_type(uint8_t number);
const char *iec104_cause_name(uint8_t number);

/* iec104_apdu_len: the whole APDU's length by its first two octets, or 0 if they begin none. */
uint32_t iec104_apdu_len(const uint8_t *p);
enum iec104_format iec104_format(const uint8_t *apdu);
/* iec104_control_right: the control octets have what the format fixes, and the length fits it. */
bool iec104_control_right(const uint8_t *apdu);
/* iec104_asdu_parse: false if the APDU has no whole head of an ASDU. */
bool iec104_asdu_parse(const uint8_t *apdu, uint32_t len, struct iec104_asdu *a);
/* iec104_asdu_form: > 0 type, number of objects and length agree; 0 the type has no row, or one
 * without a fixed length; < 0 they contradict each other. */
int iec104_asdu_form(const struct iec104_asdu *a);
/* iec104_object: object i; false if it is not there, or its place cannot be told. */
bool iec104_object(const struct iec104_asdu *a, unsigned i, struct iec104_object *o);

#endif
