/* APDU, ASDU and objects, by the tables of proto/iec104.def. */
#include "proto/iec104_asdu.h"

#include <stddef.h>

#define LENGTH_MIN   4u /* the control octets */
#define LENGTH_MAX   253u
#define ASDU_HEAD    6u
#define ADDRESS_LEN  3u
#define SEGMENT_HEAD 4u /* name of file, name of section, length of segment */

static const struct iec104_type types[256] = {
#define VARIABLE IEC104_VARIABLE
#define TYPE(number, name, octets, operation, value, text) \
    [number] = {name, octets, OPERATION_##operation, IEC104_##value},
#include "proto/iec104.def"
#undef VARIABLE
};

static const char *const causes[64] = {
#define CAUSE(number, name, text) [number] = name,
#include "proto/iec104.def"
};

const struct iec104_type *iec104_type(uint8_t number)
{
    return types[number].name ? &types[number] : NULL;
}

const char *iec104_cause_name(uint8_t number)
{
    return number < 64 ? causes[number] : NULL;
}

uint32_t iec104_apdu_len(const uint8_t *p)
{
    return p[0] == IEC104_START && p[1] >= LENGTH_MIN && p[1] <= LENGTH_MAX ? 2u + p[1] : 0;
}

enum iec104_format iec104_format(const uint8_t *apdu)
{
    if ((apdu[2] & 1) == 0)
        return IEC104_I;
    return (apdu[2] & 2) == 0 ? IEC104_S : IEC104_U;
}

bool iec104_control_right(const uint8_t *apdu)
{
    bool bare = apdu[1] == LENGTH_MIN;
    switch (iec104_format(apdu)) {
    case IEC104_I:
        return (apdu[4] & 1) == 0 && apdu[1] >= LENGTH_MIN + ASDU_HEAD + ADDRESS_LEN;
    case IEC104_S:
        return bare && apdu[2] == 1 && apdu[3] == 0 && (apdu[4] & 1) == 0;
    case IEC104_U:
        break;
    }
    /* One of the six functions: a single bit besides the two that say U. */
    uint8_t function = apdu[2] & 0xfc;
    return bare && function != 0 && (function & (function - 1)) == 0 && apdu[3] == 0 &&
           apdu[4] == 0 && apdu[5] == 0;
}

bool iec104_asdu_parse(const uint8_t *apdu, uint32_t len, struct iec104_asdu *a)
{
    struct reader r = reader_over(apdu, len);
    reader_skip(&r, IEC104_HEAD_LEN);
    a->type = reader_u8(&r);
    uint8_t qualifier = reader_u8(&r), cause = reader_u8(&r);
    a->originator = reader_u8(&r);
    a->common = reader_le16(&r);
    a->sequence = qualifier & 0x80;
    a->count = qualifier & 0x7f;
    a->cause = cause & 0x3f;
    a->negative = cause & 0x40;
    a->test = cause & 0x80;
    a->objects = r.at;
    a->objects_len = (uint32_t)reader_left(&r);
    return !r.failed;
}

/* octets_of: of one object's elements. A segment says its own length, and is alone. */
static uint32_t octets_of(const struct iec104_asdu *a)
{
    const struct iec104_type *type = iec104_type(a->type);
    if (!type)
        return IEC104_VARIABLE;
    if (a->type == IEC104_SEGMENT && a->objects_len >= ADDRESS_LEN + SEGMENT_HEAD)
        return SEGMENT_HEAD + a->objects[ADDRESS_LEN + SEGMENT_HEAD - 1];
    return type->octets;
}

int iec104_asdu_form(const struct iec104_asdu *a)
{
    uint32_t octets = octets_of(a), n = a->count;
    if (a->type == IEC104_SEGMENT)
        return n == 1 && a->objects_len == ADDRESS_LEN + octets ? 1 : -1;
    if (octets == IEC104_VARIABLE)
        return 0;
    uint32_t len = a->sequence ? ADDRESS_LEN + n * octets : n * (ADDRESS_LEN + octets);
    return n > 0 && a->objects_len == len ? 1 : -1;
}

bool iec104_object(const struct iec104_asdu *a, unsigned i, struct iec104_object *o)
{
    uint32_t octets = octets_of(a);
    if (i >= a->count || a->objects_len < ADDRESS_LEN)
        return false;
    bool fixed = octets != IEC104_VARIABLE || a->type == IEC104_SEGMENT;
    if (!fixed && i > 0)
        return false;
    uint32_t at = a->sequence ? 0 : i * (ADDRESS_LEN + octets);
    struct reader r = reader_over(a->objects, a->objects_len);
    reader_skip(&r, at);
    uint32_t low = reader_le16(&r), high = reader_u8(&r);
    o->address = low | high << 16;
    if (a->sequence) {
        o->address = (o->address + i) & 0xffffff;
        reader_skip(&r, i * octets);
    }
    o->len = fixed ? octets : (uint32_t)reader_left(&r);
    o->data = reader_take(&r, o->len);
    return !r.failed;
}
