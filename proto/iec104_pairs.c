/* What an ASDU asks for, and which answer belongs to it.
 *
 * Stations work on what they are asked one after the other, so of equal requests the earlier is
 * answered first. A confirmation that repeats another value or asks for execution where a select
 * was sent confirms nothing. What can be said without an answer is said carefully: "unanswered"
 * only where the answering direction was complete.
 */
#include "proto/iec104_pairs.h"

#include <string.h>

enum request_flag {
    FROM_SERVER = 1,
    SELECT = 2,
    CONFIRMED = 4,
    MALFORMED = 8,  /* what was asked for is unknown */
    TENTATIVE = 16, /* found behind a gap: dropped if what follows is no message */
    GUESSED = 32,   /* found out of step: reported only if its answer comes */
    DOUBTFUL = 64,  /* its answer may be in bytes that are missing, or has no form of its own */
    ENDED = 128     /* a broadcast of which one station told the end */
};

static const uint8_t doubt_flags[] = {
    [FRAMING_CERTAIN] = 0,
    [FRAMING_TENTATIVE] = TENTATIVE,
    [FRAMING_GUESSED] = GUESSED,
};

static enum proto_direction direction_of(const struct iec104_request *q)
{
    return q->flags & FROM_SERVER ? PROTO_TO_CLIENT : PROTO_TO_SERVER;
}

/* ---- what is asked for ---- */

/* Select file, delete file: IEC 60870-5-101, 7.2.6.30. */
enum file_call { CALL_DIRECTORY = 0, SELECT_FILE = 1, CALL_FILE = 2, DELETE_FILE = 4 };

static uint8_t file_call(const uint8_t *elements)
{
    return elements[3] & 0x0f;
}

/* asks: the ASDU is a request. The steps inside a file transfer are none, and a file that is
 * announced is one only of the end that asks: the other announces what was selected. */
static bool asks(const struct iec104_asdu *a, enum proto_direction from,
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
    uint8_t call = file_call(o->data);
    if (a->cause == IEC104_REQUEST)
        return call == CALL_DIRECTORY;
    return a->cause == IEC104_FILE && (call == SELECT_FILE || call == DELETE_FILE);
}

/* value_of: what a request and its confirmation must agree in; *select: the S/E bit. IEC
 * 60870-5-101, 7.2.6.15 to 7.2.6.18 and 7.2.6.39. */
static uint32_t value_of(const struct iec104_asdu *a, const uint8_t *elements, bool *select)
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

static enum operation operation_of(const struct iec104_request *q)
{
    const struct iec104_type *type = iec104_type(q->type);
    enum operation asked = type ? (enum operation)type->operation : OPERATION_NONE;
    if (asked == OPERATION_NONE)
        return OPERATION_OTHER;
    /* To deactivate a parameter changes the device as to activate it does; all else is called off.
     */
    if (q->cause == IEC104_DEACTIVATION)
        return asked == OPERATION_WRITE ? asked : OPERATION_OTHER;
    if (q->flags & SELECT)
        return OPERATION_SELECT;
    /* Bits 7 and 8 freeze or reset the counters: 7.2.6.23. */
    if (q->type == IEC104_COUNTER_INTERROGATION && (q->value & 0xc0))
        return OPERATION_WRITE;
    if (q->type == IEC104_FILE_CALL && q->cause == IEC104_REQUEST)
        return OPERATION_READ;
    if (q->type == IEC104_FILE_CALL && q->value == DELETE_FILE)
        return OPERATION_WRITE;
    return asked;
}

/* terminates: the procedure ends with a termination of its own. 7.4.6 to 7.4.8 */
static bool terminates(const struct iec104_request *q)
{
    enum operation operation = operation_of(q);
    return operation == OPERATION_OPERATE ||
           (q->cause == IEC104_ACTIVATION &&
            (q->type == IEC104_INTERROGATION || q->type == IEC104_COUNTER_INTERROGATION));
}

/* broadcast: to all stations behind the connection, each of which answers in its own name. */
static bool broadcast(const struct iec104_request *q)
{
    return q->common == IEC104_BROADCAST &&
           (q->type == IEC104_INTERROGATION || q->type == IEC104_COUNTER_INTERROGATION ||
            q->type == IEC104_CLOCK || q->type == IEC104_RESET);
}

/* ---- the open ones ---- */

static bool integer_of(const struct iec104_request *q, int64_t *out)
{
    const struct iec104_type *type = iec104_type(q->type);
    uint8_t value = type && q->count == 1 ? type->value : IEC104_NOTHING;
    *out = value == IEC104_INTEGER ? (int16_t)q->value : (int64_t)q->value;
    return value == IEC104_SINGLE || value == IEC104_DOUBLE || value == IEC104_INTEGER ||
           value == IEC104_BITS;
}

static void report(const struct iec104_request *q, enum outcome outcome, uint8_t exception,
                   int64_t now, const struct proto_sink *sink)
{
    enum operation operation = operation_of(q);
    struct proto_command command = {
        .operation = (uint8_t)operation,
        .outcome = (uint8_t)(operation == OPERATION_SELECT ? OUTCOME_SEEN : outcome),
        .from = (uint8_t)direction_of(q),
        .function = q->type,
        .exception = exception,
        .unit = q->common,
        .transaction = q->sequence,
        .object_first = q->object,
        .object_count = q->count,
        .request_ns = q->ns,
        .answer_ns = now,
    };
    int64_t value;
    if (integer_of(q, &value)) {
        command.value = value;
        command.has_value = true;
    }
    sink->command(sink->ctx, &command);
}

static void remove_at(struct iec104_pairs *p, unsigned i)
{
    p->n--;
    memmove(&p->open[i], &p->open[i + 1], (p->n - i) * sizeof(p->open[0]));
}

/* give_up: one of which nothing more is waited for; a guess that nothing confirmed is not reported.
 */
static void give_up(struct iec104_pairs *p, unsigned i, enum outcome outcome, int64_t now,
                    const struct proto_sink *sink)
{
    struct iec104_request q = p->open[i];
    remove_at(p, i);
    if (q.flags & GUESSED)
        return;
    if (q.flags & CONFIRMED) {
        outcome = q.flags & ENDED ? OUTCOME_COMPLETED : OUTCOME_ACKNOWLEDGED;
        now = q.due - IEC104_TERMINATION_NS;
    } else if (outcome == OUTCOME_UNANSWERED && (q.flags & DOUBTFUL)) {
        outcome = OUTCOME_SEEN;
    }
    report(&q, outcome, 0, now, sink);
}

void iec104_pairs_missed(struct iec104_pairs *p, enum proto_direction from)
{
    for (unsigned i = 0; i < p->n; i++)
        if (direction_of(&p->open[i]) != from)
            p->open[i].flags |= DOUBTFUL;
}

void iec104_pairs_disbelieve(struct iec104_pairs *p, enum proto_direction from)
{
    for (unsigned i = p->n; i-- > 0;)
        if (direction_of(&p->open[i]) == from && (p->open[i].flags & (GUESSED | TENTATIVE)))
            remove_at(p, i);
}

int64_t iec104_pairs_deadline(const struct iec104_pairs *p)
{
    int64_t first = INT64_MAX;
    for (unsigned i = 0; i < p->n; i++)
        if (p->open[i].due < first)
            first = p->open[i].due;
    return first;
}

void iec104_pairs_expire(struct iec104_pairs *p, int64_t now, const struct proto_sink *sink)
{
    for (unsigned i = 0; i < p->n;) {
        if (p->open[i].due <= now)
            give_up(p, i, OUTCOME_UNANSWERED, p->open[i].due, sink);
        else
            i++;
    }
}

void iec104_pairs_end(struct iec104_pairs *p, int64_t now, enum outcome open_requests,
                      const struct proto_sink *sink)
{
    while (p->n > 0)
        give_up(p, 0, open_requests, now, sink);
}

static void anomaly(const struct proto_sink *sink, enum proto_anomaly what,
                    enum proto_direction from)
{
    sink->anomaly(sink->ctx, what, from);
}

/* make_room: one that is confirmed is known well enough; else the oldest is lost. */
static void make_room(struct iec104_pairs *p, enum proto_direction from, int64_t now,
                      const struct proto_sink *sink)
{
    for (unsigned i = 0; i < p->n; i++)
        if (p->open[i].flags & CONFIRMED) {
            give_up(p, i, OUTCOME_ACKNOWLEDGED, now, sink);
            return;
        }
    anomaly(sink, PROTO_ANOMALY_OVERFLOW, from);
    give_up(p, 0, OUTCOME_SEEN, now, sink);
}

/* ---- answers ---- */

enum answer { NO_ANSWER, CONFIRMS, REFUSES, ENDS };
enum fit { FITS_NOT, FITS_LOOSELY, FITS };

/* answer_of: what an answer that repeats its request says, by its cause. */
static enum answer answer_of(const struct iec104_asdu *a)
{
    if (a->cause >= IEC104_UNKNOWN_TYPE && a->cause <= IEC104_UNKNOWN_OBJECT)
        return REFUSES;
    if (a->cause == IEC104_ACTIVATION_CON || a->cause == IEC104_DEACTIVATION_CON)
        return a->negative ? REFUSES : CONFIRMS;
    return a->cause == IEC104_TERMINATION ? ENDS : NO_ANSWER;
}

/* cause_asked: the cause of a request that has this one of its answer; 0: any. */
static uint8_t cause_asked(uint8_t cause)
{
    if (cause == IEC104_DEACTIVATION_CON)
        return IEC104_DEACTIVATION;
    return cause == IEC104_ACTIVATION_CON || cause == IEC104_TERMINATION ? IEC104_ACTIVATION : 0;
}

/* repeats: the answer names the request. */
static bool repeats(const struct iec104_request *q, const struct iec104_asdu *a, uint32_t object)
{
    uint8_t asked = cause_asked(a->cause);
    return (asked == 0 || q->cause == asked) && q->type == a->type &&
           (q->common == a->common || broadcast(q)) &&
           ((q->flags & MALFORMED) || q->object == object);
}

/* holds: one of the objects of the ASDU has this address. */
static bool holds(const struct iec104_asdu *a, uint32_t address)
{
    struct iec104_object o;
    for (unsigned i = 0; iec104_object(a, i, &o); i++)
        if (o.address == address)
            return true;
    return false;
}

/* delivers: the ASDU is what was asked for, or what the other end does next in a file transfer; it
 * does not repeat the request. */
static enum answer delivers(const struct iec104_request *q, const struct iec104_asdu *a,
                            const struct iec104_object *o)
{
    if (q->common != a->common || !o->data)
        return NO_ANSWER;
    if (q->type == IEC104_READ)
        return a->cause == IEC104_REQUEST && holds(a, q->object) ? CONFIRMS : NO_ANSWER;
    if (q->type == IEC104_FILE_CALL && a->type == IEC104_DIRECTORY)
        return q->cause == a->cause ? CONFIRMS : NO_ANSWER;
    if (a->cause != IEC104_FILE || q->object != o->address)
        return NO_ANSWER;
    if (q->type == IEC104_FILE_CALL && a->type == IEC104_FILE_READY)
        return o->data[5] & 0x80 ? REFUSES : CONFIRMS; /* FRQ, 7.2.6.28 */
    if (q->type == IEC104_FILE_READY && a->type == IEC104_FILE_CALL)
        return file_call(o->data) == CALL_FILE ? CONFIRMS : NO_ANSWER;
    if (q->type == IEC104_FILE_READY && a->type == IEC104_FILE_ACK)
        return (o->data[3] & 0x0f) == 2 ? REFUSES : NO_ANSWER; /* AFQ, 7.2.6.32 */
    return NO_ANSWER;
}

/* find: the request that an answer belongs to, IEC104_OPEN_MAX if there is none. One that the
 * answer agrees with in value comes before others, then one that waits for just this answer, then
 * the earlier. *fits: nothing contradicts. */
static unsigned find(const struct iec104_pairs *p, enum proto_direction from,
                     const struct iec104_asdu *a, const struct iec104_object *o,
                     enum answer *answer, enum fit *fits)
{
    bool select;
    uint32_t value = value_of(a, o->data, &select);
    enum answer said = answer_of(a);
    unsigned best = IEC104_OPEN_MAX, best_rank = 0;
    for (unsigned i = 0; i < p->n; i++) {
        const struct iec104_request *q = &p->open[i];
        bool confirmed = q->flags & CONFIRMED, vague = q->flags & MALFORMED;
        enum answer got = said;
        if (direction_of(q) == from)
            continue;
        if (said == NO_ANSWER)
            got = vague ? NO_ANSWER : delivers(q, a, o);
        else if (!repeats(q, a, o->address))
            got = NO_ANSWER;
        if (got == NO_ANSWER || (confirmed && got != ENDS && !broadcast(q)))
            continue;
        bool free = vague || said == NO_ANSWER;
        bool step = free || !(q->flags & SELECT) == !select;
        bool same = free || (step && q->value == value && q->count == a->count);
        unsigned rank = 1u + 2u * same + (confirmed == (got == ENDS));
        if (rank > best_rank) {
            best = i;
            best_rank = rank;
            *answer = got;
            *fits = same ? FITS : step || got == REFUSES ? FITS_LOOSELY : FITS_NOT;
        }
    }
    return best;
}

static bool take_answer(struct iec104_pairs *p, enum proto_direction from, int64_t now,
                        const struct iec104_asdu *a, const struct iec104_object *o, int form,
                        enum framing_doubt doubt, const struct proto_sink *sink)
{
    enum answer answer = NO_ANSWER;
    enum fit fit = FITS_NOT;
    bool guessed = doubt == FRAMING_GUESSED, confirms = false;
    unsigned match = find(p, from, a, o, &answer, &fit);
    bool fits = fit != FITS_NOT && form >= 0;
    if (match == IEC104_OPEN_MAX) {
        if (!guessed && answer_of(a) != NO_ANSWER)
            anomaly(sink, PROTO_ANOMALY_ANSWER_UNASKED, from);
        return false;
    }
    if (!fits && guessed)
        return false;
    if (!fits || (fit == FITS_LOOSELY && answer != REFUSES))
        anomaly(sink, PROTO_ANOMALY_MALFORMED, from);
    struct iec104_request *q = &p->open[match];
    /* A confirmed guess confirms those behind it, not those before: they may be content still. */
    if (fits && (q->flags & (GUESSED | TENTATIVE))) {
        confirms = true;
        for (unsigned i = match; i < p->n; i++)
            if (direction_of(&p->open[i]) != from)
                p->open[i].flags &= (uint8_t) ~(GUESSED | TENTATIVE);
    }
    if (!fits) {
        give_up(p, match, OUTCOME_SEEN, now, sink);
        return false;
    }
    bool waits = terminates(q) || broadcast(q);
    if (q->flags & CONFIRMED && broadcast(q)) { /* what the other stations answer */
        q->flags |= answer == ENDS ? ENDED : 0;
        return confirms;
    }
    if (answer == CONFIRMS && waits && !(q->flags & MALFORMED)) {
        q->flags |= CONFIRMED;
        q->due = now + IEC104_TERMINATION_NS;
        return confirms;
    }
    struct iec104_request done = *q;
    remove_at(p, match);
    if (answer == REFUSES)
        report(&done, OUTCOME_REFUSED, a->cause, now, sink);
    else if (done.flags & MALFORMED) /* what was asked is unknown, so is what was confirmed */
        report(&done, OUTCOME_SEEN, 0, now, sink);
    else if (answer == CONFIRMS)
        report(&done, OUTCOME_ACKNOWLEDGED, 0, now, sink);
    else if (a->negative) /* taken, and ended without being carried out */
        report(&done, OUTCOME_ACKNOWLEDGED, a->cause, now, sink);
    else
        report(&done, OUTCOME_COMPLETED, 0, now, sink);
    return confirms;
}

/* selected: a file that is announced was asked for before. */
static bool selected(const struct iec104_pairs *p, enum proto_direction from,
                     const struct iec104_asdu *a, const struct iec104_object *o)
{
    enum answer answer;
    enum fit fit;
    return a->type == IEC104_FILE_READY && find(p, from, a, o, &answer, &fit) < IEC104_OPEN_MAX;
}

bool iec104_pairs_take(struct iec104_pairs *p, enum proto_direction from, int64_t now,
                       uint16_t sequence, const struct iec104_asdu *a, int form,
                       enum framing_doubt doubt, bool deaf, const struct proto_sink *sink)
{
    struct iec104_object o = {0};
    if (form < 0 || !iec104_object(a, 0, &o))
        o = (struct iec104_object){0};
    if (!asks(a, from, &o) || selected(p, from, a, &o))
        return take_answer(p, from, now, a, &o, form, doubt, sink);
    struct iec104_request q = {
        .ns = sink->seen_ns,
        .due = now + IEC104_ANSWER_NS,
        .common = a->common,
        .sequence = sequence,
        .type = a->type,
        .cause = a->cause,
        .flags = (uint8_t)(doubt_flags[doubt] | (from == PROTO_TO_CLIENT ? FROM_SERVER : 0) |
                           (deaf ? DOUBTFUL : 0)),
    };
    bool select = false;
    if (form < 0) {
        q.flags |= MALFORMED;
    } else {
        q.object = o.address;
        q.count = a->count;
        q.value = form > 0 ? value_of(a, o.data, &select) : 0;
        q.flags |= select ? SELECT : 0;
        if (a->type == IEC104_FILE_CALL)
            q.value = file_call(o.data);
        /* Nothing says how a deletion is answered but that it may be refused. */
        if (a->type == IEC104_FILE_CALL && q.value == DELETE_FILE)
            q.flags |= DOUBTFUL;
    }
    if (p->n == IEC104_OPEN_MAX)
        make_room(p, from, now, sink);
    p->open[p->n++] = q;
    return false;
}
