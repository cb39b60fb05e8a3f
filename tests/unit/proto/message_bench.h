/* Beside parser_bench.h: rooms, messages and bodies of a parser under test. What is told is kept as
 * lines of text: "TRANSACTION > PART=BYTES" to the server, "<" to the client; a body when it has
 * ended. Bytes that are no printable ASCII, and backslashes, are written \xHH.
 *
 * Rooms are memory of their exact size that is not zeroed, and gone when they are given back.
 */
#ifndef TESTS_UNIT_PROTO_MESSAGE_BENCH_H
#define TESTS_UNIT_PROTO_MESSAGE_BENCH_H

#include "tests/unit/proto/parser_bench.h"

#define TOLD_BODIES 64 /* that are under way at once */

struct told_body {
    uint8_t *data; /* of `room` bytes */
    size_t len, room;
    uint32_t transaction;
    uint8_t direction, part;
    bool open;
};

struct message_bench {
    struct bench *bench; /* its sink has this as its context */
    struct seen seen;    /* what the other callbacks saw */
    char *lines;
    size_t len, room;
    unsigned messages;
    bool no_rooms; /* none is lent from now on */
    unsigned lent; /* rooms that are lent now */
    uint8_t *rooms[PROTO_ROOM_COUNT];
    struct told_body bodies[TOLD_BODIES];
};

static const char *const part_keywords[PROTO_PART_COUNT] = {
#define X(s, protocol, directions, keyword, text) [PART_##s] = keyword,
    PROTO_PARTS(X)
#undef X
};

static inline void told_grows(struct message_bench *m, size_t by)
{
    if (m->room < m->len + by) {
        m->room = 2 * (m->len + by);
        m->lines = realloc(m->lines, m->room);
        assert_non_null(m->lines);
    }
}

static inline void told_text(struct message_bench *m, struct bytes text)
{
    told_grows(m, 4 * text.len + 8);
    for (size_t i = 0; i < text.len; i++) {
        bool plain = text.data[i] >= 0x20 && text.data[i] < 0x7f && text.data[i] != '\\';
        m->len += (size_t)sprintf(m->lines + m->len, plain ? "%c" : "\\x%02x", text.data[i]);
    }
}

static inline void told_line(struct message_bench *m, unsigned direction, uint32_t transaction,
                             unsigned part, struct bytes bytes)
{
    assert_true(part > PART_NONE && part < PROTO_PART_COUNT);
    told_grows(m, 128);
    m->len += (size_t)sprintf(m->lines + m->len, "%u %c %s=", transaction,
                              direction == PROTO_TO_SERVER ? '>' : '<', part_keywords[part]);
    told_text(m, bytes);
    m->len += (size_t)sprintf(m->lines + m->len, "\n");
}

static inline void told_message(void *ctx, const struct proto_message *message)
{
    struct message_bench *m = ctx;
    struct proto_part parts[PROTO_MESSAGE_PARTS];
    struct proto_scratch scratch = {.data = malloc(PROTO_SCRATCH), .room = PROTO_SCRATCH};
    assert_non_null(scratch.data);
    assert_int_equal(message->protocol, m->bench->parser->protocol);
    unsigned n = message->parts(message, &scratch, parts);
    assert_true(n <= PROTO_MESSAGE_PARTS && scratch.used <= scratch.room);
    for (unsigned i = 0; i < n; i++)
        told_line(m, message->direction, message->transaction, parts[i].id, parts[i].bytes);
    m->messages++;
    free(scratch.data);
}

static inline struct told_body *body_of(struct message_bench *m,
                                        const struct proto_message *message, uint8_t part)
{
    struct told_body *fresh = NULL;
    for (int i = 0; i < TOLD_BODIES; i++) {
        struct told_body *b = &m->bodies[i];
        if (b->open && b->transaction == message->transaction &&
            b->direction == message->direction && b->part == part)
            return b;
        if (!b->open && !fresh)
            fresh = b;
    }
    assert_non_null(fresh);
    *fresh = (struct told_body){.data = fresh->data,
                                .room = fresh->room,
                                .transaction = message->transaction,
                                .direction = message->direction,
                                .part = part,
                                .open = true};
    return fresh;
}

static inline void told_body(void *ctx, const struct proto_message *message,
                             const struct proto_body *body)
{
    struct message_bench *m = ctx;
    assert_true(body->id > PART_NONE && body->id < PROTO_PART_COUNT);
    struct told_body *b = body_of(m, message, body->id);
    assert_true(body->at == b->len);
    if (b->room < b->len + body->data.len) {
        b->room = 2 * (b->len + body->data.len);
        b->data = realloc(b->data, b->room);
        assert_non_null(b->data);
    }
    if (body->data.len)
        memcpy(b->data + b->len, body->data.data, body->data.len);
    b->len += body->data.len;
    b->open = !body->end;
    if (body->end)
        told_line(m, message->direction, message->transaction, body->id,
                  (struct bytes){b->data, b->len});
}

static inline uint8_t *lend_room(void *ctx, enum proto_room which)
{
    static const uint32_t sizes[PROTO_ROOM_COUNT] = {
#define X(s, bytes, text) bytes,
        PROTO_ROOMS(X)
#undef X
    };
    struct message_bench *m = ctx;
    if (!m->rooms[which] && !m->no_rooms) {
        m->rooms[which] = malloc(sizes[which]);
        assert_non_null(m->rooms[which]);
        memset(m->rooms[which], 0xa5, sizes[which]);
        m->lent++;
    }
    return m->rooms[which];
}

static inline void take_room_back(void *ctx, enum proto_room which)
{
    struct message_bench *m = ctx;
    m->lent -= m->rooms[which] != NULL;
    free(m->rooms[which]);
    m->rooms[which] = NULL;
}

static inline void told_command(void *ctx, const struct proto_command *command)
{
    on_command(&((struct message_bench *)ctx)->seen, command);
}

static inline void told_anomaly(void *ctx, enum proto_anomaly what, enum proto_direction dir)
{
    on_anomaly(&((struct message_bench *)ctx)->seen, what, dir);
}

static inline void told_session(void *ctx, const struct proto_session *session)
{
    (void)ctx;
    (void)session;
}

static inline struct message_bench *message_bench_new(const struct proto_parser *parser)
{
    struct message_bench *m = calloc(1, sizeof *m);
    assert_non_null(m);
    told_grows(m, 128);
    m->bench = bench_new(parser);
    m->bench->sink = (struct proto_sink){
        .ctx = m,
        .command = told_command,
        .anomaly = told_anomaly,
        .session = told_session,
        .message = told_message,
        .body = told_body,
        .room = lend_room,
        .room_back = take_room_back,
    };
    return m;
}

/* message_bench_lines: all that was told so far, and that is forgotten then. */
static inline const char *message_bench_lines(struct message_bench *m)
{
    m->lines[m->len] = '\0';
    m->len = 0;
    return m->lines;
}

static inline void message_bench_free(struct message_bench *m)
{
    for (int i = 0; i < PROTO_ROOM_COUNT; i++)
        free(m->rooms[i]);
    for (int i = 0; i < TOLD_BODIES; i++)
        free(m->bodies[i].data);
    free(m->bench);
    free(m->lines);
    free(m);
}

#endif
