/* What an ASDU asks for: whether it is a request, of what kind, and what its answers must agree
 * with. */
#include "proto/iec104_request.h"

uint8_t iec104_file_call(const uint8_t *elements)
{
    return elements[3] & 0x0f;
}

bool iec104_asks(const struct iec104_asdu *a, enum proto_direction from,
                 const struct iec104_object *o)
{
    if (a->cause == IEC104_ACTIVATION || a->cause == IEC104_DEACTIVATION)
        return true;
    if (a->type == IEC104_READ)
        return a->cause == IEC104_REQUEST;
    if (a->type == IEC104_FILE_READY)
        return a->cause == IEC104_FILE && from == PROTO_TO_SERVER;
    if (a->type != IEC104_FILE_CALL || !o->data)
        return false;
    uint8_t call = iec104_file_call(o->data);
    if (a->cause == IEC104_REQUEST)
        return call == IEC104_CALL_DIRECTORY;
    return a->cause == IEC104_FILE && (call == IEC104_SELECT_FILE || call == IEC104_DELETE_FILE);
}

uint32_t iec104_value_of(const struct iec104_asdu *a, const uint8_t *elements, bool *select)
{
    const struct iec104_type *type = iec104_type(a->type);
    uint32_t value = 0;
    uint8_t qualifier = 0;
    *select = false;
    if (!type || !elements)
        return 0;
    switch ((enum iec104_value)type->value) {
    case IEC104_SINGLE:
        value = elements[0] & 1;
        qualifier = elements[0];
        break;
    case IEC104_DOUBLE:
        value = elements[0] & 3;
        qualifier = elements[0];
        break;
    case IEC104_INTEGER:
        value = load_le16(elements);
        qualifier = elements[2];
        break;
    case IEC104_FLOAT:
        value = load_le32(elements);
        qualifier = elements[4];
        break;
    case IEC104_BITS:
        value = load_le32(elements);
        break;
    case IEC104_QUALIFIER:
        value = elements[0];
        break;
    case IEC104_NOTHING:
        break;
    }
    *select = type->operation == OPERATION_OPERATE && (qualifier & 0x80);
    return value;
}

enum operation iec104_request_operation(const struct iec104_request *q)
{
    const struct iec104_type *type = iec104_type(q->type);
    enum operation asked = type ? (enum operation)type->operation : OPERATION_NONE;
    if (asked == OPERATION_NONE)
        return OPERATION_OTHER;
    /* To deactivate a parameter changes the device too; all else is called off. */
    if (q->cause == IEC104_DEACTIVATION)
        return asked == OPERATION_WRITE ? asked : OPERATION_OTHER;
    if (q->flags & IEC104_SELECT)
        return OPERATION_SELECT;
    /* Bits 7 and 8 freeze or reset the counters: 7.2.6.23. */
    if (q->type == IEC104_COUNTER_INTERROGATION && (q->value & 0xc0))
        return OPERATION_WRITE;
    if (q->type == IEC104_FILE_CALL && q->cause == IEC104_REQUEST)
        return OPERATION_READ;
    if (q->type == IEC104_FILE_CALL && q->value == IEC104_DELETE_FILE)
        return OPERATION_WRITE;
    return asked;
}

bool iec104_request_terminates(const struct iec104_request *q)
{
    enum operation operation = iec104_request_operation(q);
    return operation == OPERATION_OPERATE ||
           (q->cause == IEC104_ACTIVATION &&
            (q->type == IEC104_INTERROGATION || q->type == IEC104_COUNTER_INTERROGATION));
}

bool iec104_request_broadcast(const struct iec104_request *q)
{
    return q->common == IEC104_BROADCAST &&
           (q->type == IEC104_INTERROGATION || q->type == IEC104_COUNTER_INTERROGATION ||
            q->type == IEC104_CLOCK || q->type == IEC104_RESET);
}

enum proto_direction iec104_request_from(const struct iec104_request *q)
{
    return q->flags & IEC104_FROM_SERVER ? PROTO_TO_CLIENT : PROTO_TO_SERVER;
}

bool iec104_request_integer(const struct iec104_request *q, int64_t *out)
{
    const struct iec104_type *type = iec104_type(q->type);
    uint8_t value = type && q->count == 1 ? type->value : IEC104_NOTHING;
    *out = value == IEC104_INTEGER ? (int16_t)q->value : (int64_t)q->value;
    return value == IEC104_SINGLE || value == IEC104_DOUBLE || value == IEC104_INTEGER ||
           value == IEC104_BITS;
}
