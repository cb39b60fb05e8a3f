/* Several APDUs of one answer may share a segment, as stations send them. */
#include "bench/exercise/iec104_talk.h"

#include "base/bytes.h"
#include "bench/exercise/message.h"

enum {
    START_OCTET = 0x68,
    HEAD_ROOM = 6,
    ASDU_ROOM = 6,
    STARTDT_ACT = 0x07,
    STARTDT_CON = 0x0b,
    TESTFR_ACT = 0x43,
    TESTFR_CON = 0x83,
    SINGLE_POINTS = 1,     /* M_SP_NA_1 */
    FLOATS = 13,           /* M_ME_NC_1 */
    FLOATS_WITH_TIME = 36, /* M_ME_TF_1 */
    SINGLE_COMMAND = 45,   /* C_SC_NA_1 */
    INTERROGATION = 100,   /* C_IC_NA_1 */
    STATION = 20,          /* its qualifier, and the cause of what answers it */
    SPONTANEOUS = 3,
    ACTIVATION = 6,
    CONFIRMATION = 7,
    TERMINATION = 10,
    NO_SUCH_OBJECT = 47,
    NEGATIVE_BIT = 0x40,
    SELECT_BIT = 0x80,
    SEQUENCE_BIT = 0x80,
    FIRST_POINT = 100,
    FIRST_VALUE = 600,
    VALUES = 4,
};

struct iec104_talk iec104_talk_with(struct events *events, struct random *random, int64_t ns,
                                    uint32_t client, uint32_t station)
{
    return (struct iec104_talk){
        .tcp = conversation_between(events, random, ns, client, station, IEC104_PORT), .common = 1};
}

static int64_t send(struct iec104_talk *talk, enum side from, struct message *m)
{
    int64_t at = conversation_send(&talk->tcp, from, m->data, m->len);
    m->len = 0;
    return at;
}

static void put_le(uint8_t *out, uint32_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

static void unnumbered(struct iec104_talk *talk, enum side from, uint8_t function)
{
    struct message m = {{START_OCTET, 4, function}, HEAD_ROOM};
    send(talk, from, &m);
}

static void acknowledge(struct iec104_talk *talk, enum side from)
{
    struct message m = {{START_OCTET, 4, 1}, HEAD_ROOM};
    put_le(m.data + 4, (uint32_t)talk->sent[!from] << 1, 2);
    send(talk, from, &m);
}

/* put: an I format with an ASDU of n objects: the first address, then what comes behind it. */
static void put(struct iec104_talk *talk, enum side from, struct message *m, unsigned type,
                unsigned number, unsigned cause, uint32_t object, const void *rest, size_t len)
{
    uint8_t *p = message_room(m, HEAD_ROOM + ASDU_ROOM + 3 + len);
    p[0] = START_OCTET;
    p[1] = (uint8_t)(4 + ASDU_ROOM + 3 + len);
    put_le(p + 2, (uint32_t)talk->sent[from] << 1, 2);
    put_le(p + 4, (uint32_t)talk->sent[!from] << 1, 2);
    p[6] = (uint8_t)type;
    p[7] = (uint8_t)number;
    p[8] = (uint8_t)cause;
    p[9] = 0; /* the originator */
    put_le(p + 10, talk->common, 2);
    put_le(p + 12, object, 3);
    memcpy(p + 15, rest, len);
    talk->sent[from]++;
}

/* A short float of a few hundred, by its bits: IEEE 754. */
static void put_float(struct random *r, uint8_t *out)
{
    put_le(out, 0x43800000u + (uint32_t)random_below(r, 0x7fffff), 4);
}

void iec104_start(struct iec104_talk *talk)
{
    unnumbered(talk, CLIENT, STARTDT_ACT);
    unnumbered(talk, SERVER, STARTDT_CON);
    conversation_ack(&talk->tcp, CLIENT);
}

void iec104_test(struct iec104_talk *talk)
{
    unnumbered(talk, CLIENT, TESTFR_ACT);
    unnumbered(talk, SERVER, TESTFR_CON);
    conversation_ack(&talk->tcp, CLIENT);
}

/* next_segment: what follows goes into the same segment, or into one of its own. */
static void next_segment(struct iec104_talk *talk, struct message *m)
{
    if (random_one_in(talk->tcp.random, 2))
        send(talk, SERVER, m);
}

void iec104_interrogate(struct iec104_talk *talk)
{
    struct random *r = talk->tcp.random;
    uint8_t qualifier = STATION, points[8], values[VALUES * 5];
    struct message m = {.len = 0};
    put(talk, CLIENT, &m, INTERROGATION, 1, ACTIVATION, 0, &qualifier, 1);
    send(talk, CLIENT, &m);
    put(talk, SERVER, &m, INTERROGATION, 1, CONFIRMATION, 0, &qualifier, 1);
    next_segment(talk, &m);
    for (size_t i = 0; i < sizeof points; i++)
        points[i] = random_one_in(r, 2);
    put(talk, SERVER, &m, SINGLE_POINTS, sizeof points | SEQUENCE_BIT, STATION, FIRST_POINT, points,
        sizeof points);
    for (size_t i = 0; i < VALUES; i++) {
        put_float(r, values + 5 * i);
        values[5 * i + 4] = 0; /* good */
    }
    put(talk, SERVER, &m, FLOATS, VALUES | SEQUENCE_BIT, STATION, FIRST_VALUE, values,
        sizeof values);
    next_segment(talk, &m);
    put(talk, SERVER, &m, INTERROGATION, 1, TERMINATION, 0, &qualifier, 1);
    send(talk, SERVER, &m);
    conversation_ack(&talk->tcp, CLIENT);
    acknowledge(talk, CLIENT);
    conversation_ack(&talk->tcp, SERVER);
}

void iec104_spontaneous(struct iec104_talk *talk)
{
    struct random *r = talk->tcp.random;
    uint8_t value[5 + 7] = {0};
    struct message m = {.len = 0};
    put_float(r, value);
    put_le(value + 5, (uint32_t)random_below(r, 60000), 2); /* milliseconds of the minute */
    value[8] = 8;                                           /* hour; then day, month, year */
    value[9] = 1;
    value[10] = 3;
    value[11] = 26;
    put(talk, SERVER, &m, FLOATS_WITH_TIME, 1, SPONTANEOUS,
        FIRST_VALUE + (uint32_t)random_below(r, VALUES), value, sizeof value);
    send(talk, SERVER, &m);
    conversation_ack(&talk->tcp, CLIENT);
    acknowledge(talk, CLIENT);
    conversation_ack(&talk->tcp, SERVER);
}

static int64_t command(struct iec104_talk *talk, uint32_t object, uint8_t element, bool ends,
                       enum iec104_outcome outcome)
{
    static const uint8_t causes[] = {[IEC104_DONE] = CONFIRMATION,
                                     [IEC104_NEGATIVE] = CONFIRMATION | NEGATIVE_BIT,
                                     [IEC104_NO_OBJECT] = NO_SUCH_OBJECT | NEGATIVE_BIT};
    struct message m = {.len = 0};
    put(talk, CLIENT, &m, SINGLE_COMMAND, 1, ACTIVATION, object, &element, 1);
    int64_t asked = send(talk, CLIENT, &m);
    if (outcome == IEC104_SAYS_NOTHING) {
        conversation_ack(&talk->tcp, SERVER);
        return asked;
    }
    put(talk, SERVER, &m, SINGLE_COMMAND, 1, causes[outcome], object, &element, 1);
    if (ends && outcome == IEC104_DONE) {
        next_segment(talk, &m);
        put(talk, SERVER, &m, SINGLE_COMMAND, 1, TERMINATION, object, &element, 1);
    }
    send(talk, SERVER, &m);
    conversation_ack(&talk->tcp, CLIENT);
    return asked;
}

int64_t iec104_select(struct iec104_talk *talk, uint32_t object, bool on,
                      enum iec104_outcome outcome)
{
    return command(talk, object, (uint8_t)(on | SELECT_BIT), false, outcome);
}

int64_t iec104_execute(struct iec104_talk *talk, uint32_t object, bool on,
                       enum iec104_outcome outcome)
{
    return command(talk, object, on, true, outcome);
}
