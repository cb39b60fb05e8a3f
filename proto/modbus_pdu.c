/* The functions of Modbus, a row each: what is asked, what a right request looks like, and which
 * answer agrees with it. A function without a row is an operation of another kind whose form is
 * unknown. */
#include "proto/modbus_pdu.h"

#include <stddef.h>

#define LENGTH_MIN     2u /* unit and function */
#define LENGTH_MAX     (MODBUS_ADU_MAX - MODBUS_HEADER_LEN)
#define MEI_IDENTIFY   14u
#define FILE_REFERENCE 6u

static bool done(const struct reader *r)
{
    return !r->failed && reader_left(r) == 0;
}

static bool request_empty(struct reader *r, struct modbus_request *q)
{
    (void)q;
    return done(r);
}

static bool request_range(struct reader *r, struct modbus_request *q)
{
    q->first = reader_be16(r);
    q->count = reader_be16(r);
    uint16_t most = q->function <= 2 ? 2000 : 125;
    return done(r) && q->count >= 1 && q->count <= most;
}

static bool request_single(struct reader *r, struct modbus_request *q)
{
    q->first = reader_be16(r);
    q->count = 1;
    q->value = reader_be16(r);
    q->flags |= REQUEST_HAS_VALUE;
    return done(r);
}

/* check: the subfunction */
static bool request_diagnose(struct reader *r, struct modbus_request *q)
{
    q->check = reader_be16(r);
    reader_skip(r, reader_left(r));
    return done(r);
}

static bool request_write_coils(struct reader *r, struct modbus_request *q)
{
    q->first = reader_be16(r);
    q->count = reader_be16(r);
    uint8_t bytes = reader_u8(r);
    uint8_t head = reader_u8(r);
    reader_skip(r, bytes ? bytes - 1u : 0);
    if (q->count == 1) {
        q->value = head & 1;
        q->flags |= REQUEST_HAS_VALUE;
    }
    return done(r) && q->count >= 1 && q->count <= 1968 && bytes == (q->count + 7) / 8;
}

static bool written_registers(struct reader *r, struct modbus_request *q, uint16_t most)
{
    q->first = reader_be16(r);
    q->count = reader_be16(r);
    uint8_t bytes = reader_u8(r);
    uint16_t head = reader_be16(r);
    reader_skip(r, bytes > 2 ? bytes - 2u : 0);
    if (q->count == 1) {
        q->value = head;
        q->flags |= REQUEST_HAS_VALUE;
    }
    return done(r) && q->count >= 1 && q->count <= most && bytes == 2 * q->count;
}

static bool request_write_registers(struct reader *r, struct modbus_request *q)
{
    return written_registers(r, q, 123);
}

/* check: how many registers are read back. The objects are the written ones. */
static bool request_read_write(struct reader *r, struct modbus_request *q)
{
    reader_skip(r, 2);
    q->check = reader_be16(r);
    return written_registers(r, q, 121) && q->check >= 1 && q->check <= 125;
}

/* value, check: the two masks; there is no single number that is written. */
static bool request_mask(struct reader *r, struct modbus_request *q)
{
    q->first = reader_be16(r);
    q->count = 1;
    q->value = reader_be16(r);
    q->check = reader_be16(r);
    return done(r);
}

/* A group of a file record: the objects are file * 65536 + record of the first, and all records.
 * check: bytes of the answer after its length byte. */
static bool request_file_records(struct reader *r, struct modbus_request *q)
{
    uint8_t bytes = reader_u8(r);
    bool right = bytes >= 7 && reader_left(r) == bytes;
    bool write = q->function == 21;
    uint32_t records = 0, back = 0;
    bool head = true;
    while (right && !r->failed && reader_left(r) > 0) {
        uint8_t reference = reader_u8(r);
        uint32_t file = reader_be16(r), record = reader_be16(r);
        uint16_t len = reader_be16(r);
        if (write)
            reader_skip(r, 2u * len);
        if (head)
            q->first = file << 16 | record;
        head = false;
        records += len;
        back += 2u + 2u * len;
        right = reference == FILE_REFERENCE;
    }
    q->count = records > UINT16_MAX ? UINT16_MAX : (uint16_t)records;
    q->check = write ? bytes : back > UINT16_MAX ? UINT16_MAX : (uint16_t)back;
    return right && done(r);
}

/* The object is the queue, by the address of its pointer. */
static bool request_queue(struct reader *r, struct modbus_request *q)
{
    q->first = reader_be16(r);
    q->count = 1;
    return done(r);
}

/* check: the type of the encapsulated interface */
static bool request_interface(struct reader *r, struct modbus_request *q)
{
    q->check = reader_u8(r);
    bool right = q->check != MEI_IDENTIFY || reader_left(r) == 2;
    reader_skip(r, reader_left(r));
    return right && done(r);
}

static bool request_any(struct reader *r, struct modbus_request *q)
{
    (void)q;
    reader_skip(r, reader_left(r));
    return done(r);
}

/* Answers: q is the request to agree with, or NULL when only the form is asked for. */
static bool answer_read(struct reader *r, const struct modbus_request *q)
{
    uint8_t bytes = reader_u8(r);
    bool right = bytes >= 1 && reader_left(r) == bytes;
    if (q && right) {
        if (q->function <= 2)
            right = bytes == (q->count + 7) / 8;
        else
            right = bytes == 2 * (q->function == 23 ? q->check : q->count);
    }
    return right;
}

static bool answer_registers(struct reader *r, const struct modbus_request *q)
{
    return (reader_left(r) & 1) == 1 && answer_read(r, q);
}

static bool answer_single(struct reader *r, const struct modbus_request *q)
{
    uint16_t first = reader_be16(r), value = reader_be16(r);
    return done(r) && (!q || (first == q->first && value == q->value));
}

static bool answer_multiple(struct reader *r, const struct modbus_request *q)
{
    uint16_t first = reader_be16(r), count = reader_be16(r);
    return done(r) && (!q || (first == q->first && count == q->count));
}

static bool answer_mask(struct reader *r, const struct modbus_request *q)
{
    uint16_t first = reader_be16(r), and_mask = reader_be16(r), or_mask = reader_be16(r);
    return done(r) && (!q || (first == q->first && and_mask == q->value && or_mask == q->check));
}

static bool answer_status(struct reader *r, const struct modbus_request *q)
{
    (void)q;
    reader_skip(r, 1);
    return done(r);
}

static bool answer_diagnose(struct reader *r, const struct modbus_request *q)
{
    uint16_t subfunction = reader_be16(r);
    return !r->failed && (!q || subfunction == q->check);
}

static bool answer_counted(struct reader *r, const struct modbus_request *q)
{
    (void)q;
    uint8_t bytes = reader_u8(r);
    return !r->failed && reader_left(r) == bytes;
}

static bool answer_file_records(struct reader *r, const struct modbus_request *q)
{
    uint8_t bytes = reader_u8(r);
    if (r->failed || bytes < 2 || reader_left(r) != bytes || (q && bytes != q->check))
        return false;
    if (!q || q->function != 21)
        return true;
    /* A written record is repeated; its place is what is compared. */
    reader_skip(r, 1);
    uint32_t file = reader_be16(r), record = reader_be16(r);
    return !r->failed && q->first == (file << 16 | record);
}

static bool answer_event_counter(struct reader *r, const struct modbus_request *q)
{
    (void)q;
    reader_skip(r, 4);
    return done(r);
}

static bool answer_queue(struct reader *r, const struct modbus_request *q)
{
    (void)q;
    uint16_t bytes = reader_be16(r), values = reader_be16(r);
    return !r->failed && values <= 31 && bytes == 2 + 2 * values && reader_left(r) == 2u * values;
}

static bool answer_interface(struct reader *r, const struct modbus_request *q)
{
    uint8_t type = reader_u8(r);
    return !r->failed && (!q || type == q->check) && (type != MEI_IDENTIFY || reader_left(r) >= 5);
}

static bool answer_any(struct reader *r, const struct modbus_request *q)
{
    (void)r;
    (void)q;
    return true;
}

/* The functions this parser knows; every other one is an operation of another kind, its form
 * unknown. */
struct function {
    enum operation operation;
    bool (*request)(struct reader *r, struct modbus_request *q);
    bool (*answer)(struct reader *r, const struct modbus_request *q);
};

static const struct function functions[128] = {
    [1] = {OPERATION_READ, request_range, answer_read},
    [2] = {OPERATION_READ, request_range, answer_read},
    [3] = {OPERATION_READ, request_range, answer_registers},
    [4] = {OPERATION_READ, request_range, answer_registers},
    [5] = {OPERATION_WRITE, request_single, answer_single},
    [6] = {OPERATION_WRITE, request_single, answer_single},
    [7] = {OPERATION_DIAGNOSE, request_empty, answer_status},
    [8] = {OPERATION_DIAGNOSE, request_diagnose, answer_diagnose},
    [11] = {OPERATION_DIAGNOSE, request_empty, answer_event_counter},
    [12] = {OPERATION_DIAGNOSE, request_empty, answer_counted},
    [15] = {OPERATION_WRITE, request_write_coils, answer_multiple},
    [16] = {OPERATION_WRITE, request_write_registers, answer_multiple},
    [17] = {OPERATION_IDENTIFY, request_empty, answer_counted},
    [20] = {OPERATION_READ, request_file_records, answer_file_records},
    [21] = {OPERATION_WRITE, request_file_records, answer_file_records},
    [22] = {OPERATION_WRITE, request_mask, answer_mask},
    [23] = {OPERATION_WRITE, request_read_write, answer_registers},
    [24] = {OPERATION_READ, request_queue, answer_queue},
    [43] = {OPERATION_IDENTIFY, request_interface, answer_interface},
    [90] = {OPERATION_OTHER, request_any, answer_any}, /* a maker's own programming function */
};

static const struct function *function_row(uint8_t function)
{
    const struct function *row = &functions[function & 0x7f];
    return row->request ? row : NULL;
}

bool modbus_function_known(uint8_t function)
{
    return function_row(function) != NULL;
}

enum operation modbus_operation(const struct modbus_request *q)
{
    const struct function *row = function_row(q->function);
    bool foreign = q->function == 43 && q->check != MEI_IDENTIFY;
    return row && !foreign ? row->operation : OPERATION_OTHER;
}

uint32_t modbus_adu_len(const uint8_t *p)
{
    uint32_t length = load_be16(p + 4);
    if (load_be16(p + 2) != 0 || length < LENGTH_MIN || length > LENGTH_MAX)
        return 0;
    return MODBUS_HEADER_LEN + length;
}

/* The PDU behind its function byte. */
static struct reader pdu_rest(const uint8_t *adu, uint32_t len)
{
    return reader_over(adu + MODBUS_HEADER_LEN + 2, len - MODBUS_HEADER_LEN - 2);
}

bool modbus_request_parse(const uint8_t *adu, uint32_t len, struct modbus_request *q)
{
    *q = (struct modbus_request){.transaction = load_be16(adu),
                                 .unit = adu[MODBUS_HEADER_LEN],
                                 .function = adu[MODBUS_HEADER_LEN + 1]};
    const struct function *row = function_row(q->function);
    struct reader rest = pdu_rest(adu, len);
    return !row || row->request(&rest, q);
}

bool modbus_answer_fits(const uint8_t *adu, uint32_t len, const struct modbus_request *q)
{
    uint8_t function = adu[MODBUS_HEADER_LEN + 1];
    struct reader rest = pdu_rest(adu, len);
    if (function & MODBUS_EXCEPTION)
        return reader_left(&rest) >= 1 && rest.at[0] != 0;
    const struct function *row = function_row(function);
    return !row || row->answer(&rest, q);
}

bool modbus_known_form(enum proto_direction dir, const uint8_t *adu, uint32_t len)
{
    uint8_t function = adu[MODBUS_HEADER_LEN + 1];
    if (!modbus_function_known(function))
        return false;
    if (dir == PROTO_TO_CLIENT)
        return modbus_answer_fits(adu, len, NULL) &&
               (!(function & MODBUS_EXCEPTION) || len == MODBUS_HEADER_LEN + 3);
    struct modbus_request q;
    return !(function & MODBUS_EXCEPTION) && modbus_request_parse(adu, len, &q);
}
