/* Modbus TCP: requests and answers of one connection, paired.
 *
 * Each direction is a row of ADUs: transaction, protocol 0, length, unit, then the PDU that begins
 * with a function. Behind a gap they are found again as proto/framing.h says. A tentative request
 * is believed unless what follows is no ADU; a guessed one is reported only when its own answer
 * confirms it.
 *
 * A request waits for the answer with the same transaction, unit and function. What can be said
 * without the answer is said carefully: "unanswered" only where the answering direction was
 * complete.
 */
#include "proto/framing.h"
#include "proto/modbus.h"
#include "proto/modbus_pdu.h"

#include <string.h>

/* Owner: the flow. Requests are in the order they came. */
struct state {
    struct modbus_request open[MODBUS_OPEN_MAX];
    struct framing dir[2];
    uint8_t n_open;
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

/* ---- open requests ---- */

static void report(const struct modbus_request *q, enum outcome outcome, uint8_t exception,
                   int64_t now, const struct proto_sink *sink)
{
    bool has_value = q->flags & REQUEST_HAS_VALUE;
    uint16_t value = has_value ? q->value : 0;
    if (q->function == 5 && value == MODBUS_COIL_ON)
        value = 1;
    struct proto_command command = {
        .operation = (uint8_t)modbus_operation(q),
        .outcome = (uint8_t)outcome,
        .function = q->function,
        .exception = exception,
        .unit = q->unit,
        .transaction = q->transaction,
        .object_first = q->first,
        .object_count = q->count,
        .value = value,
        .has_value = has_value,
        .request_ns = q->seen_ns,
        .answer_ns = now,
    };
    sink->command(sink->ctx, &command);
}

static void open_remove(struct state *s, unsigned i)
{
    s->n_open--;
    memmove(&s->open[i], &s->open[i + 1], (s->n_open - i) * sizeof(s->open[0]));
}

/* open_give_up: one that gets no answer any more; a guess that nothing confirmed is not reported.
 */
static void open_give_up(struct state *s, unsigned i, enum outcome outcome, int64_t now,
                         const struct proto_sink *sink)
{
    struct modbus_request q = s->open[i];
    open_remove(s, i);
    if (q.flags & REQUEST_GUESSED)
        return;
    if (outcome == OUTCOME_UNANSWERED && (q.flags & REQUEST_DOUBTFUL))
        outcome = OUTCOME_SEEN;
    report(&q, outcome, 0, now, sink);
}

static void open_doubt(struct state *s)
{
    for (unsigned i = 0; i < s->n_open; i++)
        s->open[i].flags |= REQUEST_DOUBTFUL;
}

static void open_drop_guesses(struct state *s)
{
    for (unsigned i = s->n_open; i-- > 0;) {
        if (s->open[i].flags & (REQUEST_GUESSED | REQUEST_TENTATIVE))
            open_remove(s, i);
    }
}

static bool same_request(const struct modbus_request *a, const struct modbus_request *b)
{
    return a->transaction == b->transaction && a->unit == b->unit && a->function == b->function &&
           a->first == b->first && a->count == b->count && a->value == b->value &&
           a->check == b->check;
}

static void expire(void *state, int64_t now, const struct proto_sink *sink)
{
    struct state *s = state;
    for (unsigned i = 0; i < s->n_open;) {
        int64_t due = s->open[i].due_ns;
        if (due <= now)
            open_give_up(s, i, OUTCOME_UNANSWERED, due, sink);
        else
            i++;
    }
}

/* ---- whole ADUs ---- */

static const uint8_t doubt_flags[] = {
    [FRAMING_CERTAIN] = 0,
    [FRAMING_TENTATIVE] = REQUEST_TENTATIVE,
    [FRAMING_GUESSED] = REQUEST_GUESSED,
};

static void anomaly(const struct proto_sink *sink, enum proto_anomaly what,
                    enum proto_direction dir)
{
    sink->anomaly(sink->ctx, what, dir);
}

static void take_request(struct state *s, int64_t now, const uint8_t *adu, uint32_t len,
                         const struct proto_sink *sink)
{
    struct modbus_request q;
    bool right = modbus_request_parse(adu, len, &q);
    if (q.function == 0 || (q.function & MODBUS_EXCEPTION)) {
        anomaly(sink, PROTO_ANOMALY_MALFORMED, PROTO_TO_SERVER);
        return;
    }
    if (!right) {
        anomaly(sink, PROTO_ANOMALY_MALFORMED, PROTO_TO_SERVER);
        q.first = q.count = q.value = 0;
        q.flags = REQUEST_MALFORMED;
    }
    q.seen_ns = sink->seen_ns;
    q.due_ns = now + MODBUS_ANSWER_NS;
    q.flags |= doubt_flags[framing_doubt_now(&s->dir[PROTO_TO_SERVER])];
    if (framing_lost(&s->dir[PROTO_TO_CLIENT]))
        q.flags |= REQUEST_DOUBTFUL;
    /* A repeat takes the place of the one that still waits: the answer cannot be told apart, so
     * nothing is claimed for the earlier one. */
    for (unsigned i = 0; i < s->n_open; i++) {
        if (same_request(&s->open[i], &q)) {
            open_give_up(s, i, OUTCOME_SEEN, now, sink);
            break;
        }
    }
    if (s->n_open == MODBUS_OPEN_MAX) {
        anomaly(sink, PROTO_ANOMALY_OVERFLOW, PROTO_TO_SERVER);
        open_give_up(s, 0, OUTCOME_SEEN, now, sink);
    }
    s->open[s->n_open++] = q;
}

static void take_answer(struct state *s, int64_t now, const uint8_t *adu, uint32_t len,
                        const struct proto_sink *sink)
{
    uint16_t transaction = load_be16(adu);
    uint8_t unit = adu[MODBUS_HEADER_LEN], function = adu[MODBUS_HEADER_LEN + 1];
    unsigned match = MODBUS_OPEN_MAX;
    bool guessed = framing_doubt_now(&s->dir[PROTO_TO_CLIENT]) == FRAMING_GUESSED;
    bool fits = false;
    for (unsigned i = 0; i < s->n_open && !fits; i++) {
        const struct modbus_request *q = &s->open[i];
        if (q->transaction != transaction || q->unit != unit ||
            q->function != (function & ~MODBUS_EXCEPTION & 0xffu))
            continue;
        fits = modbus_answer_fits(adu, len, (q->flags & REQUEST_MALFORMED) ? NULL : q);
        if (fits || match == MODBUS_OPEN_MAX)
            match = i;
    }
    if (match == MODBUS_OPEN_MAX) {
        if (!guessed)
            anomaly(sink, PROTO_ANOMALY_ANSWER_UNASKED, PROTO_TO_CLIENT);
        return;
    }
    if (!fits && guessed)
        return;
    struct modbus_request q = s->open[match];
    /* A confirmed guess confirms those behind it, not those before: they may be values still. */
    if (fits && (q.flags & (REQUEST_GUESSED | REQUEST_TENTATIVE))) {
        for (unsigned i = match; i < s->n_open; i++)
            s->open[i].flags &= (uint8_t) ~(REQUEST_GUESSED | REQUEST_TENTATIVE);
        framing_confirm(&s->dir[PROTO_TO_SERVER]);
    }
    open_remove(s, match);
    if (!fits) {
        anomaly(sink, PROTO_ANOMALY_MALFORMED, PROTO_TO_CLIENT);
        if (!(q.flags & REQUEST_GUESSED))
            report(&q, OUTCOME_SEEN, 0, now, sink);
    } else if (function & MODBUS_EXCEPTION) {
        uint8_t code = adu[MODBUS_HEADER_LEN + 2];
        report(&q, code == MODBUS_ACCEPTED ? OUTCOME_ACKNOWLEDGED : OUTCOME_REFUSED, code, now,
               sink);
    } else {
        /* What was asked is unknown, so is what was confirmed. */
        bool clear = !(q.flags & REQUEST_MALFORMED);
        report(&q, clear ? OUTCOME_ACKNOWLEDGED : OUTCOME_SEEN, 0, now, sink);
    }
}

static void take(void *state, enum proto_direction dir, int64_t now, const uint8_t *adu,
                 uint32_t len, const struct proto_sink *sink)
{
    if (dir == PROTO_TO_SERVER)
        take_request(state, now, adu, len, sink);
    else
        take_answer(state, now, adu, len, sink);
}

static void lost(void *state, enum proto_direction dir)
{
    if (dir == PROTO_TO_CLIENT)
        open_doubt(state);
    else
        open_drop_guesses(state);
}

static bool possible(const uint8_t *adu)
{
    return modbus_function_known(adu[MODBUS_HEADER_LEN + 1]);
}

static enum framing_form form(enum proto_direction dir, const uint8_t *adu, uint32_t len)
{
    if (!modbus_function_known(adu[MODBUS_HEADER_LEN + 1]))
        return FORM_UNKNOWN;
    return modbus_known_form(dir, adu, len) ? FORM_RIGHT : FORM_CONTRADICTS;
}

static const struct framing_kind framing = {
    .head = MODBUS_HEADER_LEN,
    .least = MODBUS_HEADER_LEN + 2,
    .max = MODBUS_ADU_MAX,
    .length = modbus_adu_len,
    .possible = possible,
    .form = form,
    .take = take,
    .lost = lost,
};
_Static_assert(MODBUS_ADU_MAX <= FRAMING_MAX, "an ADU fits the buffer");

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    expire(s, now, sink);
    framing_feed(&framing, &s->dir[dir], s, dir, now, data, len, sink);
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    expire(s, now, sink);
    if (dir == PROTO_TO_CLIENT)
        open_doubt(s);
    framing_gap(&framing, &s->dir[dir], dir, len, sink);
}

static int64_t deadline(const void *state)
{
    const struct state *s = state;
    int64_t first = INT64_MAX;
    for (unsigned i = 0; i < s->n_open; i++)
        first = s->open[i].due_ns < first ? s->open[i].due_ns : first;
    return first;
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    expire(s, now, sink);
    if (framing_partial(&s->dir[PROTO_TO_CLIENT]))
        open_doubt(s);
    while (s->n_open > 0)
        open_give_up(s, 0, open_requests, now, sink);
}

/* ---- recognition ---- */

/* Which side sends what looks so. */
enum side { SENDS_NEITHER, SENDS_REQUEST, SENDS_ANSWER, SENDS_EITHER };

static enum side side_of(bool request, bool answer)
{
    return (request ? SENDS_REQUEST : 0) | (answer ? SENDS_ANSWER : 0);
}

/* side_of_beginning: what the first nine bytes of an ADU of a known function say. Reads answer with
 * a count of bytes that fills the length. */
static enum side side_of_beginning(const uint8_t *data)
{
    uint32_t length = load_be16(data + 4), counted = 3u + data[MODBUS_HEADER_LEN + 2];
    uint8_t function = data[MODBUS_HEADER_LEN + 1];
    if (function & MODBUS_EXCEPTION)
        return side_of(false, length == 3);
    if (function <= 4)
        return side_of(length == 6, length == counted);
    if (function <= 6)
        return side_of(length == 6, length == 6);
    if (function == 15 || function == 16)
        return side_of(length > 6, length == 6);
    return SENDS_EITHER;
}

/* probe: only a header that is none says no. An unknown function or a PDU that contradicts itself
 * says nothing: who begins with one must not hide what follows from the parser of the port. */
static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    if ((len >= 3 && data[2] != 0) || (len >= 4 && data[3] != 0) || (len >= 5 && data[4] != 0))
        return -1;
    if (len < MODBUS_HEADER_LEN)
        return 0;
    uint32_t whole = modbus_adu_len(data);
    if (whole == 0)
        return -1;
    if (len < MODBUS_HEADER_LEN + 2 || !modbus_function_known(data[MODBUS_HEADER_LEN + 1]))
        return 0;
    enum side side;
    if (len >= whole)
        side = side_of(modbus_known_form(PROTO_TO_SERVER, data, whole),
                       modbus_known_form(PROTO_TO_CLIENT, data, whole));
    else if (len < MODBUS_HEADER_LEN + 3)
        return 0;
    else
        side = side_of_beginning(data);
    if (side == SENDS_REQUEST || side == SENDS_ANSWER)
        *from_server = side == SENDS_ANSWER;
    return side != SENDS_NEITHER;
}

const struct proto_parser modbus_parser = {
    .protocol = PROTOCOL_MODBUS,
    .port = 502,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = deadline,
    .expire = expire,
    .end = end,
};
