/* Modbus TCP: requests and answers of one connection, paired.
 *
 * Each direction is a row of ADUs: transaction, protocol 0, length, unit, then the PDU that begins
 * with a function. While a direction is in step the lengths lead from one ADU to the next. Out of
 * step (behind a gap, or after bytes that are no header) it looks for the next ADU that is whole
 * and right in every field. One that begins at the first byte behind a gap is likely right, as
 * clients and servers begin an ADU with a segment: it is believed unless what follows is no ADU.
 * One found further in is a guess: it may be the values of a message whose head is missing. A
 * guessed request is reported only when its own answer confirms it. Both hold for the requests
 * that follow, until the row is longer than any message could be.
 *
 * A request waits for the answer with the same transaction, unit and function. What can be said
 * without the answer is said carefully: "unanswered" only where the answering direction was
 * complete.
 */
#include "proto/modbus.h"
#include "proto/modbus_pdu.h"

#include <string.h>

enum mode {
    MODE_IN_STEP = 0, /* the next byte begins an ADU, or continues the one in the buffer */
    MODE_BEHIND_GAP,  /* the next byte is the first behind a gap */
    MODE_LOST
};

struct direction {
    uint8_t buf[MODBUS_ADU_MAX]; /* the beginning of an ADU */
    uint16_t len;
    uint16_t skip;   /* bytes of an ADU that was cut by a gap, still to come */
    uint16_t unsure; /* bytes behind the first ADU found in which all share its doubt */
    uint8_t doubt;   /* REQUEST_GUESSED or REQUEST_TENTATIVE */
    uint8_t mode;
};

/* Owner: the flow. Requests are in the order they came. */
struct state {
    struct modbus_request open[MODBUS_OPEN_MAX];
    struct direction dir[2];
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
    if (s->dir[PROTO_TO_SERVER].unsure > 0)
        q.flags |= s->dir[PROTO_TO_SERVER].doubt;
    if (s->dir[PROTO_TO_CLIENT].mode == MODE_LOST)
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
    const struct direction *d = &s->dir[PROTO_TO_CLIENT];
    bool fits = false, guessed = d->unsure > 0 && d->doubt == REQUEST_GUESSED;
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
        s->dir[PROTO_TO_SERVER].unsure = 0;
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

static void take(struct state *s, enum proto_direction dir, int64_t now, const uint8_t *adu,
                 uint32_t len, const struct proto_sink *sink)
{
    struct direction *d = &s->dir[dir];
    if (dir == PROTO_TO_SERVER)
        take_request(s, now, adu, len, sink);
    else
        take_answer(s, now, adu, len, sink);
    d->unsure = (uint16_t)(d->unsure > len ? d->unsure - len : 0);
}

/* ---- bytes ---- */

static void lose(struct state *s, enum proto_direction dir, const struct proto_sink *sink)
{
    s->dir[dir].mode = MODE_LOST;
    anomaly(sink, PROTO_ANOMALY_LOST_SYNC, dir);
    if (dir == PROTO_TO_CLIENT)
        open_doubt(s);
    else
        open_drop_guesses(s);
}

/* seek: out of step, look for an ADU. Returns how many of the n bytes are done with, 0: more
 * needed. */
static uint32_t seek(struct state *s, enum proto_direction dir, int64_t now, const uint8_t *p,
                     uint32_t n, const struct proto_sink *sink)
{
    struct direction *d = &s->dir[dir];
    bool behind_gap = d->mode == MODE_BEHIND_GAP;
    uint32_t at = 0;
    while (at + MODBUS_HEADER_LEN + 2 <= n) {
        uint32_t len = modbus_adu_len(p + at);
        bool possible = len != 0 && modbus_function_known(p[at + MODBUS_HEADER_LEN + 1]);
        if (possible && n - at < len)
            break;
        if (possible && modbus_known_form(dir, p + at, len)) {
            d->mode = MODE_IN_STEP;
            d->unsure = MODBUS_ADU_MAX;
            d->doubt = behind_gap ? REQUEST_TENTATIVE : REQUEST_GUESSED;
            take(s, dir, now, p + at, len, sink);
            return at + len;
        }
        if (behind_gap)
            lose(s, dir, sink);
        behind_gap = false;
        at++;
    }
    return at;
}

/* step: work on the n bytes that are next. Returns how many are done with, 0: more needed; that is
 * never so with MODBUS_ADU_MAX bytes. */
static uint32_t step(struct state *s, enum proto_direction dir, int64_t now, const uint8_t *p,
                     uint32_t n, const struct proto_sink *sink)
{
    if (n < MODBUS_HEADER_LEN + 2)
        return 0;
    if (s->dir[dir].mode != MODE_IN_STEP)
        return seek(s, dir, now, p, n, sink);
    uint32_t len = modbus_adu_len(p);
    if (len == 0) {
        lose(s, dir, sink);
        return 1;
    }
    if (n < len)
        return 0;
    /* Not long behind a gap, a message that contradicts itself says that this is no boundary. */
    if (s->dir[dir].unsure > 0 && modbus_function_known(p[MODBUS_HEADER_LEN + 1]) &&
        !modbus_known_form(dir, p, len)) {
        lose(s, dir, sink);
        return 1;
    }
    take(s, dir, now, p, len, sink);
    return len;
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    struct direction *d = &s->dir[dir];
    expire(s, now, sink);
    while (len > 0) {
        if (d->skip > 0) {
            uint32_t cut = d->skip < len ? d->skip : len;
            d->skip = (uint16_t)(d->skip - cut);
            data += cut;
            len -= cut;
            continue;
        }
        if (d->len == 0) {
            uint32_t used = step(s, dir, now, data, len, sink);
            if (used > 0) {
                data += used;
                len -= used;
                continue;
            }
        }
        uint32_t room = MODBUS_ADU_MAX - d->len;
        uint32_t part = len < room ? len : room;
        memcpy(d->buf + d->len, data, part);
        d->len = (uint16_t)(d->len + part);
        data += part;
        len -= part;
        for (uint32_t used; (used = step(s, dir, now, d->buf, d->len, sink)) > 0;) {
            d->len = (uint16_t)(d->len - used);
            memmove(d->buf, d->buf + used, d->len);
        }
    }
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    struct direction *d = &s->dir[dir];
    expire(s, now, sink);
    if (dir == PROTO_TO_CLIENT)
        open_doubt(s);
    /* An ADU whose length is known may still tell where the next one begins. */
    uint32_t left = d->skip;
    if (d->mode == MODE_IN_STEP && d->len >= MODBUS_HEADER_LEN && modbus_adu_len(d->buf) > d->len)
        left = modbus_adu_len(d->buf) - d->len;
    if (d->len > 0)
        anomaly(sink, PROTO_ANOMALY_LOST_SYNC, dir);
    d->len = 0;
    d->skip = 0;
    if (d->mode == MODE_IN_STEP && len > 0 && len <= left)
        d->skip = (uint16_t)(left - len);
    else
        d->mode = MODE_BEHIND_GAP;
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
    if (s->dir[PROTO_TO_CLIENT].len > 0 || s->dir[PROTO_TO_CLIENT].skip > 0)
        open_doubt(s);
    while (s->n_open > 0)
        open_give_up(s, 0, open_requests, now, sink);
}

/* ---- recognition ---- */

/* Which side sends what looks so. */
enum form { FORM_WRONG, FORM_REQUEST, FORM_ANSWER, FORM_EITHER };

static enum form form_of(bool request, bool answer)
{
    return (request ? FORM_REQUEST : 0) | (answer ? FORM_ANSWER : 0);
}

/* form_of_beginning: what the first nine bytes of an ADU of a known function say. Reads answer with
 * a count of bytes that fills the length. */
static enum form form_of_beginning(const uint8_t *data)
{
    uint32_t length = load_be16(data + 4), counted = 3u + data[MODBUS_HEADER_LEN + 2];
    uint8_t function = data[MODBUS_HEADER_LEN + 1];
    if (function & MODBUS_EXCEPTION)
        return form_of(false, length == 3);
    if (function <= 4)
        return form_of(length == 6, length == counted);
    if (function <= 6)
        return form_of(length == 6, length == 6);
    if (function == 15 || function == 16)
        return form_of(length > 6, length == 6);
    return FORM_EITHER;
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
    enum form form;
    if (len >= whole)
        form = form_of(modbus_known_form(PROTO_TO_SERVER, data, whole),
                       modbus_known_form(PROTO_TO_CLIENT, data, whole));
    else if (len < MODBUS_HEADER_LEN + 3)
        return 0;
    else
        form = form_of_beginning(data);
    if (form == FORM_REQUEST || form == FORM_ANSWER)
        *from_server = form == FORM_ANSWER;
    return form != FORM_WRONG;
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
