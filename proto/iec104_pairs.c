/* Which answer belongs to which request.
 *
 * Stations work on what they are asked one after the other, so of equal requests the earlier is
 * answered first. A confirmation that repeats another value is an anomaly and confirms all the
 * same; one of an execute confirms no select. What can be said without an answer is said carefully:
 * "unanswered" only where the answering direction was complete.
 */
#include "proto/iec104_pairs.h"

#include <string.h>

static const uint8_t doubt_flags[] = {
    [FRAMING_CERTAIN] = 0,
    [FRAMING_TENTATIVE] = IEC104_TENTATIVE,
    [FRAMING_GUESSED] = IEC104_GUESSED,
};

/* ---- the open ones ---- */

static void report(const struct iec104_request *q, enum outcome outcome, uint8_t exception,
                   int64_t now, const struct proto_sink *sink)
{
    enum operation operation = iec104_request_operation(q);
    struct proto_command command = {
        .operation = (uint8_t)operation,
        .outcome = (uint8_t)(operation == OPERATION_SELECT ? OUTCOME_SEEN : outcome),
        .from = (uint8_t)iec104_request_from(q),
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
    if (iec104_request_integer(q, &value)) {
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
    if (q.flags & IEC104_GUESSED)
        return;
    if (q.flags & IEC104_CONFIRMED) {
        outcome = q.flags & IEC104_ENDED ? OUTCOME_COMPLETED : OUTCOME_ACKNOWLEDGED;
        now = q.due - IEC104_TERMINATION_NS;
    } else if (outcome == OUTCOME_UNANSWERED && (q.flags & IEC104_DOUBTFUL)) {
        outcome = OUTCOME_SEEN;
    }
    report(&q, outcome, 0, now, sink);
}

void iec104_pairs_missed(struct iec104_pairs *p, enum proto_direction from)
{
    for (unsigned i = 0; i < p->n; i++)
        if (iec104_request_from(&p->open[i]) != from)
            p->open[i].flags |= IEC104_DOUBTFUL;
}

void iec104_pairs_disbelieve(struct iec104_pairs *p, enum proto_direction from)
{
    for (unsigned i = p->n; i-- > 0;)
        if (iec104_request_from(&p->open[i]) == from &&
            (p->open[i].flags & (IEC104_GUESSED | IEC104_TENTATIVE)))
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
        if (p->open[i].flags & IEC104_CONFIRMED) {
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
           (q->common == a->common || iec104_request_broadcast(q)) &&
           ((q->flags & IEC104_MALFORMED) || q->object == object);
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
        return iec104_file_call(o->data) == IEC104_CALL_FILE ? CONFIRMS : NO_ANSWER;
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
    uint32_t value = iec104_value_of(a, o->data, &select);
    enum answer said = answer_of(a);
    unsigned best = IEC104_OPEN_MAX, best_rank = 0;
    for (unsigned i = 0; i < p->n; i++) {
        const struct iec104_request *q = &p->open[i];
        bool confirmed = q->flags & IEC104_CONFIRMED, vague = q->flags & IEC104_MALFORMED;
        enum answer got = said;
        if (iec104_request_from(q) == from)
            continue;
        if (said == NO_ANSWER)
            got = vague ? NO_ANSWER : delivers(q, a, o);
        else if (!repeats(q, a, o->address))
            got = NO_ANSWER;
        if (got == NO_ANSWER || (confirmed && got != ENDS && !iec104_request_broadcast(q)))
            continue;
        bool free = vague || said == NO_ANSWER;
        bool step = free || !(q->flags & IEC104_SELECT) == !select;
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
    if (fits && (q->flags & (IEC104_GUESSED | IEC104_TENTATIVE))) {
        confirms = true;
        for (unsigned i = match; i < p->n; i++)
            if (iec104_request_from(&p->open[i]) != from)
                p->open[i].flags &= (uint8_t) ~(IEC104_GUESSED | IEC104_TENTATIVE);
    }
    if (!fits) {
        give_up(p, match, OUTCOME_SEEN, now, sink);
        return false;
    }
    bool waits = iec104_request_terminates(q) || iec104_request_broadcast(q);
    if (q->flags & IEC104_CONFIRMED &&
        iec104_request_broadcast(q)) { /* what the other stations answer */
        q->flags |= answer == ENDS ? IEC104_ENDED : 0;
        return confirms;
    }
    if (answer == CONFIRMS && waits && !(q->flags & IEC104_MALFORMED)) {
        q->flags |= IEC104_CONFIRMED;
        q->due = now + IEC104_TERMINATION_NS;
        return confirms;
    }
    struct iec104_request done = *q;
    remove_at(p, match);
    if (answer == REFUSES)
        report(&done, OUTCOME_REFUSED, a->cause, now, sink);
    else if (done.flags &
             IEC104_MALFORMED) /* what was asked is unknown, so is what was confirmed */
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
    if (!iec104_asks(a, from, &o) || selected(p, from, a, &o))
        return take_answer(p, from, now, a, &o, form, doubt, sink);
    struct iec104_request q = {
        .ns = sink->seen_ns,
        .due = now + IEC104_ANSWER_NS,
        .common = a->common,
        .sequence = sequence,
        .type = a->type,
        .cause = a->cause,
        .flags = (uint8_t)(doubt_flags[doubt] | (from == PROTO_TO_CLIENT ? IEC104_FROM_SERVER : 0) |
                           (deaf ? IEC104_DOUBTFUL : 0)),
    };
    bool select = false;
    if (form < 0) {
        q.flags |= IEC104_MALFORMED;
    } else {
        q.object = o.address;
        q.count = a->count;
        q.value = form > 0 ? iec104_value_of(a, o.data, &select) : 0;
        q.flags |= select ? IEC104_SELECT : 0;
        if (a->type == IEC104_FILE_CALL)
            q.value = iec104_file_call(o.data);
        /* Nothing says how a deletion is answered but that it may be refused. */
        if (a->type == IEC104_FILE_CALL && q.value == IEC104_DELETE_FILE)
            q.flags |= IEC104_DOUBTFUL;
    }
    if (p->n == IEC104_OPEN_MAX)
        make_room(p, from, now, sink);
    p->open[p->n++] = q;
    return false;
}
