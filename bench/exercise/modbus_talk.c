/* One request, one answer: the client never has two requests open. */
#include "bench/exercise/modbus_talk.h"

#include "base/bytes.h"

enum {
    READ_HOLDING = 3,
    WRITE_COIL = 5,
    WRITE_REGISTER = 6,
    WRITE_REGISTERS = 16,
    EXCEPTION_BIT = 0x80,
    HEADER_ROOM = 7,
    COIL_ON = 0xff00,
    VALUE_MAX = 4095, /* what a 12-bit converter measures */
};

struct pdu {
    uint8_t data[MODBUS_ADU_MAX - HEADER_ROOM];
    size_t len;
};

struct modbus_talk modbus_talk_with(struct events *events, struct random *random, int64_t ns,
                                    uint32_t client, uint32_t rtu)
{
    struct modbus_talk talk = {
        .tcp = conversation_between(events, random, ns, client, rtu, MODBUS_PORT), .unit = 1};
    talk.transaction = (uint16_t)random_below(random, 0x8000);
    return talk;
}

static void put_u8(struct pdu *pdu, unsigned v)
{
    pdu->data[pdu->len++] = (uint8_t)v;
}

static void put_u16(struct pdu *pdu, unsigned v)
{
    store_be16(pdu->data + pdu->len, (uint16_t)v);
    pdu->len += 2;
}

static void put_values(struct pdu *pdu, struct random *r, unsigned n)
{
    put_u8(pdu, n * 2);
    for (unsigned i = 0; i < n; i++)
        put_u16(pdu, (unsigned)random_below(r, VALUE_MAX + 1));
}

/* The header before the PDU; returns the whole length. */
static size_t to_adu(const struct modbus_talk *talk, const struct pdu *pdu,
                     uint8_t out[MODBUS_ADU_MAX])
{
    store_be16(out, talk->transaction);
    store_be16(out + 2, 0); /* the protocol */
    store_be16(out + 4, (uint16_t)(pdu->len + 1));
    out[6] = talk->unit;
    memcpy(out + HEADER_ROOM, pdu->data, pdu->len);
    return HEADER_ROOM + pdu->len;
}

static int64_t exchange(struct modbus_talk *talk, const struct pdu *request, const struct pdu *done,
                        enum modbus_outcome outcome)
{
    uint8_t adu[MODBUS_ADU_MAX];
    talk->transaction++;
    size_t len = to_adu(talk, request, adu);
    int64_t asked = conversation_send(&talk->tcp, CLIENT, adu, len);
    if (outcome == MODBUS_SILENT) {
        conversation_ack(&talk->tcp, SERVER);
        return asked;
    }
    /* Some RTUs acknowledge first and answer later. */
    if (random_one_in(talk->tcp.random, 8))
        conversation_ack(&talk->tcp, SERVER);
    struct pdu refusal = {.len = 0};
    put_u8(&refusal, request->data[0] | EXCEPTION_BIT);
    put_u8(&refusal, (unsigned)outcome & 0xff);
    len = to_adu(talk, outcome == MODBUS_DONE ? done : &refusal, adu);
    conversation_send(&talk->tcp, SERVER, adu, len);
    conversation_ack(&talk->tcp, CLIENT);
    return asked;
}

/* The requests and the echoing answers all start with a function and two numbers. */
static struct pdu three(unsigned function, unsigned a, unsigned b)
{
    struct pdu pdu = {.len = 0};
    put_u8(&pdu, function);
    put_u16(&pdu, a);
    put_u16(&pdu, b);
    return pdu;
}

int64_t modbus_read(struct modbus_talk *talk, uint16_t first, uint16_t n,
                    enum modbus_outcome outcome)
{
    struct pdu request = three(READ_HOLDING, first, n), answer = {.len = 0};
    put_u8(&answer, READ_HOLDING);
    put_values(&answer, talk->tcp.random, n);
    return exchange(talk, &request, &answer, outcome);
}

int64_t modbus_write_one(struct modbus_talk *talk, uint16_t reg, uint16_t value,
                         enum modbus_outcome outcome)
{
    struct pdu request = three(WRITE_REGISTER, reg, value);
    return exchange(talk, &request, &request, outcome);
}

int64_t modbus_write_many(struct modbus_talk *talk, uint16_t first, uint16_t n,
                          enum modbus_outcome outcome)
{
    struct pdu request = three(WRITE_REGISTERS, first, n), answer = request;
    put_values(&request, talk->tcp.random, n);
    return exchange(talk, &request, &answer, outcome);
}

int64_t modbus_write_coil(struct modbus_talk *talk, uint16_t coil, bool on,
                          enum modbus_outcome outcome)
{
    struct pdu request = three(WRITE_COIL, coil, on ? COIL_ON : 0);
    return exchange(talk, &request, &request, outcome);
}

int64_t modbus_write_any(struct modbus_talk *talk, uint16_t first, enum modbus_outcome outcome)
{
    struct random *r = talk->tcp.random;
    switch (random_below(r, 3)) {
    case 0:
        return modbus_write_one(talk, first, (uint16_t)random_below(r, VALUE_MAX + 1), outcome);
    case 1:
        return modbus_write_many(talk, first, (uint16_t)random_between(r, 2, 8), outcome);
    default:
        return modbus_write_coil(talk, first, random_one_in(r, 2), outcome);
    }
}

int64_t modbus_forged_write(struct modbus_talk *talk, uint16_t reg, uint16_t value)
{
    struct pdu request = three(WRITE_REGISTER, reg, value);
    uint8_t adu[MODBUS_ADU_MAX];
    int64_t at = talk->tcp.now;
    conversation_forged(&talk->tcp, adu, to_adu(talk, &request, adu));
    return at;
}
