/* Both directions of a stream with gaps and time, for any parser; or of a conversation in
 * datagrams, a step each, which has no gaps. Checked: what is reported is in its vocabulary and in
 * the order of time; the same bytes cut in another way report the same, messages with their parts
 * and bodies too; commands and sessions are the same when nobody looks into messages. Whether rooms
 * are lent is tried both ways.
 *
 * The input: steps of two bytes (direction and kind, length) and, for bytes, the bytes.
 */
#ifndef TESTS_FUZZ_PARSER_H
#define TESTS_FUZZ_PARSER_H

#include "proto/proto.h"
#include "tests/fuzz/fuzz.h"

#include <stdalign.h>

#define FUZZ_COMMANDS_MAX 4096

/* A target's own check of a command. */
typedef void fuzz_command_check(const struct proto_command *c);

/* A body that is under way, whatever pieces it comes in; several may be, by turns. */
#define FUZZ_BODIES 128
#define FUZZ_TOLD   1024 /* transactions, by their last bits */
struct fuzz_body {
    uint64_t at, sum;
    uint32_t transaction;
    uint8_t direction, part;
    bool open;
};

struct fuzz_seen {
    struct proto_command commands[FUZZ_COMMANDS_MAX];
    struct proto_session sessions[FUZZ_COMMANDS_MAX]; /* texts are not kept, their lengths are */
    /* From here on zero at first. */
    size_t n, n_sessions;
    uint64_t messages; /* sum of all that was told of them */
    bool told[2][FUZZ_TOLD];
    uint64_t body_sums[2][PROTO_PART_COUNT]; /* of all that have ended, in any order */
    struct fuzz_body bodies[FUZZ_BODIES];
    uint8_t *rooms[PROTO_ROOM_COUNT];
    int64_t now;
    uint8_t protocol;
    fuzz_command_check *check;
};

/* How one run differs from others. */
struct fuzz_way {
    size_t cut;    /* bytes of a piece */
    bool messages; /* somebody looks into them */
    bool no_rooms; /* none is lent */
};

static void fuzz_on_command(void *ctx, const struct proto_command *c)
{
    struct fuzz_seen *seen = ctx;
    must(c->operation < OPERATION_COUNT && c->outcome < OUTCOME_COUNT);
    must(c->from == PROTO_TO_SERVER || c->from == PROTO_TO_CLIENT);
    must(c->request_ns <= seen->now && c->answer_ns <= seen->now && c->request_ns <= c->answer_ns);
    seen->check(c);
    if (seen->n < FUZZ_COMMANDS_MAX)
        seen->commands[seen->n++] = *c;
}

static void fuzz_on_session(void *ctx, const struct proto_session *session)
{
    struct fuzz_seen *seen = ctx;
    const struct bytes *texts[] = {&session->user, &session->host, &session->method, &session->uri};
    uint8_t sum = 0;
    must(session->outcome < OUTCOME_COUNT && session->request_ns <= session->answer_ns);
    must(session->answer_ns <= seen->now);
    for (int i = 0; i < 4; i++)
        for (size_t k = 0; k < texts[i]->len; k++)
            sum = (uint8_t)(sum + texts[i]->data[k]);
    if (seen->n_sessions < FUZZ_COMMANDS_MAX) {
        struct proto_session *kept = &seen->sessions[seen->n_sessions++];
        *kept = *session;
        kept->user.data = kept->host.data = kept->method.data = kept->uri.data = NULL;
        kept->code = (uint16_t)(kept->code ^ sum << 8);
    }
}

static void fuzz_on_anomaly(void *ctx, enum proto_anomaly anomaly, enum proto_direction dir)
{
    (void)ctx;
    must(anomaly < PROTO_ANOMALY_COUNT && (dir == PROTO_TO_SERVER || dir == PROTO_TO_CLIENT));
}

/* ---- messages ---- */

static const struct {
    uint8_t protocol, directions;
} fuzz_parts[PROTO_PART_COUNT] = {
#define X(s, protocol, directions, keyword, text) [PART_##s] = {PROTOCOL_##protocol, directions},
    PROTO_PARTS(X)
#undef X
};

static const uint32_t fuzz_room_bytes[PROTO_ROOM_COUNT] = {
#define X(s, bytes, text) bytes,
    PROTO_ROOMS(X)
#undef X
};

/* fuzz_add: FNV-1a, every byte of it read. */
static uint64_t fuzz_add(uint64_t sum, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t fuzz_add_number(uint64_t sum, uint64_t number)
{
    return fuzz_add(sum, &number, sizeof number);
}

static void fuzz_part_belongs(const struct fuzz_seen *seen, unsigned id, unsigned direction)
{
    must(id > PART_NONE && id < PROTO_PART_COUNT);
    must(fuzz_parts[id].directions >> direction & 1);
    must(fuzz_parts[id].protocol == seen->protocol || fuzz_parts[id].protocol == PROTOCOL_UNKNOWN);
}

/* fuzz_sum_parts: what a message says, made in scratch memory of a size, of which some is taken. */
static uint64_t fuzz_sum_parts(const struct fuzz_seen *seen, const struct proto_message *m,
                               size_t room, size_t used)
{
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    struct proto_scratch scratch = {.data = malloc(room), .room = room, .used = used};
    must(scratch.data);
    unsigned n = m->parts(m, &scratch, parts);
    must(n <= PROTO_MESSAGE_PARTS && scratch.used >= used && scratch.used <= room);
    uint64_t sum = n;
    for (unsigned i = 0; i < n; i++) {
        fuzz_part_belongs(seen, parts[i].id, m->direction);
        sum = fuzz_add_number(sum, parts[i].id);
        sum = fuzz_add_number(sum, parts[i].bytes.len);
        sum = fuzz_add(sum, parts[i].bytes.data, parts[i].bytes.len);
    }
    free(scratch.data);
    return sum;
}

static void fuzz_is_message(const struct fuzz_seen *seen, const struct proto_message *m)
{
    must(m->protocol == seen->protocol && m->direction <= PROTO_TO_CLIENT);
    must(m->transaction >= 1 && m->parts);
}

static void fuzz_on_message(void *ctx, const struct proto_message *m)
{
    struct fuzz_seen *seen = ctx;
    fuzz_is_message(seen, m);
    fuzz_add(0, m->head.data, m->head.len);
    fuzz_sum_parts(seen, m, 8, 3);
    seen->told[m->direction][m->transaction % FUZZ_TOLD] = true;
    seen->messages = fuzz_add_number(seen->messages, m->direction);
    seen->messages = fuzz_add_number(seen->messages, m->transaction);
    seen->messages = fuzz_add_number(seen->messages, fuzz_sum_parts(seen, m, PROTO_SCRATCH, 0));
}

/* fuzz_body_over: what came of it counts, whether its end was told or not. */
static void fuzz_body_over(struct fuzz_seen *seen, struct fuzz_body *b, bool end)
{
    uint64_t sum = fuzz_add_number(fuzz_add_number(b->sum, b->transaction), b->at << 1 | end);
    seen->body_sums[b->direction][b->part] += sum;
    b->open = false;
}

static struct fuzz_body *fuzz_body_of(struct fuzz_seen *seen, const struct proto_message *m,
                                      uint8_t part)
{
    struct fuzz_body *fresh = NULL;
    for (int i = 0; i < FUZZ_BODIES; i++) {
        struct fuzz_body *b = &seen->bodies[i];
        if (b->open && b->transaction == m->transaction && b->direction == m->direction &&
            b->part == part)
            return b;
        if (!b->open && !fresh)
            fresh = b;
    }
    if (!fresh) {
        fresh = &seen->bodies[0];
        fuzz_body_over(seen, fresh, false);
    }
    *fresh = (struct fuzz_body){
        .transaction = m->transaction, .direction = m->direction, .part = part, .open = true};
    return fresh;
}

/* fuzz_on_body: of a message that was told, from its beginning on without holes. */
static void fuzz_on_body(void *ctx, const struct proto_message *m, const struct proto_body *body)
{
    struct fuzz_seen *seen = ctx;
    fuzz_is_message(seen, m);
    fuzz_part_belongs(seen, body->id, m->direction);
    must(seen->told[m->direction][m->transaction % FUZZ_TOLD]);
    must(body->end || body->data.len > 0);
    fuzz_sum_parts(seen, m, 8, 3);
    struct fuzz_body *b = fuzz_body_of(seen, m, body->id);
    must(body->at == b->at);
    b->sum = fuzz_add(b->sum, body->data.data, body->data.len);
    b->at += body->data.len;
    if (body->end)
        fuzz_body_over(seen, b, true);
}

static uint8_t *fuzz_room(void *ctx, enum proto_room which)
{
    struct fuzz_seen *seen = ctx;
    must(which < PROTO_ROOM_COUNT);
    if (!seen->rooms[which]) {
        seen->rooms[which] = malloc(fuzz_room_bytes[which]);
        must(seen->rooms[which]);
        memset(seen->rooms[which], 0xa5, fuzz_room_bytes[which]);
    }
    return seen->rooms[which];
}

static uint8_t *fuzz_no_room(void *ctx, enum proto_room which)
{
    (void)ctx;
    must(which < PROTO_ROOM_COUNT);
    return NULL;
}

static void fuzz_room_back(void *ctx, enum proto_room which)
{
    struct fuzz_seen *seen = ctx;
    must(which < PROTO_ROOM_COUNT);
    free(seen->rooms[which]);
    seen->rooms[which] = NULL;
}

static struct proto_sink fuzz_sink(struct fuzz_seen *seen, const struct fuzz_way *way)
{
    struct proto_sink sink = {.ctx = seen,
                              .command = fuzz_on_command,
                              .anomaly = fuzz_on_anomaly,
                              .session = fuzz_on_session};
    sink.room = way->no_rooms ? fuzz_no_room : fuzz_room;
    sink.room_back = fuzz_room_back;
    if (way->messages) {
        sink.message = fuzz_on_message;
        sink.body = fuzz_on_body;
    }
    return sink;
}

/* ---- runs ---- */

static void fuzz_run(const struct proto_parser *p, const uint8_t *data, size_t len,
                     struct fuzz_way way, fuzz_command_check *check, struct fuzz_seen *seen)
{
    alignas(8) uint8_t state[PROTO_STATE_MAX] = {0};
    struct proto_sink sink = fuzz_sink(seen, &way);
    struct reader r = reader_over(data, len);
    const size_t kept = offsetof(struct fuzz_seen, n);
    memset((uint8_t *)seen + kept, 0, sizeof *seen - kept);
    seen->check = check;
    seen->protocol = (uint8_t)p->protocol;
    seen->now = 1;
    while (reader_left(&r) >= 2) {
        uint8_t kind = reader_u8(&r), size = reader_u8(&r);
        enum proto_direction dir = kind & 1 ? PROTO_TO_CLIENT : PROTO_TO_SERVER;
        seen->now += (int64_t)(kind >> 4) * 1000000000;
        if (p->deadline(state) <= seen->now)
            p->expire(state, seen->now, &sink);
        must(p->deadline(state) > seen->now);
        if ((kind & 6) == 6) {
            if (!p->datagrams)
                p->gap(state, dir, seen->now, kind & 8 ? 0 : size, &sink);
            continue;
        }
        size_t left = size < reader_left(&r) ? size : reader_left(&r);
        uint8_t *bytes = fuzz_exact(reader_take(&r, left), left);
        for (size_t at = 0; at < left; at += way.cut) {
            size_t piece = left - at < way.cut ? left - at : way.cut;
            uint8_t *part = fuzz_exact(bytes + at, piece);
            sink.seen_ns = seen->now;
            p->feed(state, dir, seen->now, part, (uint32_t)piece, &sink);
            free(part);
        }
        free(bytes);
    }
    p->end(state, seen->now, len & 1 ? OUTCOME_SEEN : OUTCOME_UNANSWERED, &sink);
    for (int i = 0; i < PROTO_ROOM_COUNT; i++)
        fuzz_room_back(seen, (enum proto_room)i);
    for (int i = 0; i < FUZZ_BODIES; i++)
        if (seen->bodies[i].open)
            fuzz_body_over(seen, &seen->bodies[i], false);
}

static void fuzz_same_command(const struct proto_command *a, const struct proto_command *b)
{
    must(a->operation == b->operation && a->outcome == b->outcome && a->function == b->function);
    must(a->exception == b->exception && a->unit == b->unit && a->transaction == b->transaction);
    must(a->object_first == b->object_first && a->object_count == b->object_count);
    must(a->has_value == b->has_value && (!a->has_value || a->value == b->value));
    must(a->request_ns == b->request_ns && a->answer_ns == b->answer_ns && a->from == b->from);
}

static void fuzz_same_session(const struct proto_session *a, const struct proto_session *b)
{
    must(a->outcome == b->outcome && a->code == b->code);
    must(a->user.len == b->user.len && a->host.len == b->host.len);
    must(a->method.len == b->method.len && a->uri.len == b->uri.len);
    must(a->request_ns == b->request_ns && a->answer_ns == b->answer_ns);
}

static void fuzz_same(const struct fuzz_seen *a, const struct fuzz_seen *b)
{
    must(a->n == b->n && a->n_sessions == b->n_sessions);
    for (size_t i = 0; i < a->n; i++)
        fuzz_same_command(&a->commands[i], &b->commands[i]);
    for (size_t i = 0; i < a->n_sessions; i++)
        fuzz_same_session(&a->sessions[i], &b->sessions[i]);
}

static void fuzz_same_messages(const struct fuzz_seen *a, const struct fuzz_seen *b)
{
    must(a->messages == b->messages);
    for (int dir = 0; dir < 2; dir++)
        for (int i = 0; i < PROTO_PART_COUNT; i++)
            must(a->body_sums[dir][i] == b->body_sums[dir][i]);
}

static inline void fuzz_parser(const struct proto_parser *p, fuzz_command_check *check,
                               const uint8_t *data, size_t len)
{
    static struct fuzz_seen whole, other;
    const size_t all = SIZE_MAX / 2, few = p->datagrams ? all : 1 + len % 7;
    bool from_server = false;
    must(p && p->state_size <= PROTO_STATE_MAX);
    uint8_t *copy = fuzz_exact(data, len);
    p->probe(copy, (uint32_t)len, &from_server);
    free(copy);
    fuzz_run(p, data, len, (struct fuzz_way){.cut = all, .messages = true}, check, &whole);
    fuzz_run(p, data, len, (struct fuzz_way){.cut = few, .messages = true}, check, &other);
    fuzz_same(&whole, &other);
    fuzz_same_messages(&whole, &other);
    fuzz_run(p, data, len, (struct fuzz_way){.cut = few}, check, &other);
    fuzz_same(&whole, &other);
    fuzz_run(p, data, len, (struct fuzz_way){.cut = few, .messages = true, .no_rooms = true}, check,
             &other);
}

#endif
