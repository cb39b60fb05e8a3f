/* Both directions of a stream with gaps and time, for any parser. Checked: what is reported is in
 * its vocabulary and in the order of time, and the same bytes cut in another way report the same.
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

struct fuzz_seen {
    struct proto_command commands[FUZZ_COMMANDS_MAX];
    struct proto_session sessions[FUZZ_COMMANDS_MAX]; /* texts are not kept, their lengths are */
    size_t n, n_sessions;
    int64_t now;
    fuzz_command_check *check;
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

static void fuzz_run(const struct proto_parser *p, const uint8_t *data, size_t len, size_t cut,
                     struct fuzz_seen *seen)
{
    alignas(8) uint8_t state[PROTO_STATE_MAX] = {0};
    struct proto_sink sink = {.ctx = seen,
                              .command = fuzz_on_command,
                              .anomaly = fuzz_on_anomaly,
                              .session = fuzz_on_session};
    struct reader r = reader_over(data, len);
    seen->n = seen->n_sessions = 0;
    seen->now = 1;
    while (reader_left(&r) >= 2) {
        uint8_t kind = reader_u8(&r), size = reader_u8(&r);
        enum proto_direction dir = kind & 1 ? PROTO_TO_CLIENT : PROTO_TO_SERVER;
        seen->now += (int64_t)(kind >> 4) * 1000000000;
        if (p->deadline(state) <= seen->now)
            p->expire(state, seen->now, &sink);
        must(p->deadline(state) > seen->now);
        if ((kind & 6) == 6) {
            p->gap(state, dir, seen->now, kind & 8 ? 0 : size, &sink);
            continue;
        }
        size_t left = size < reader_left(&r) ? size : reader_left(&r);
        uint8_t *bytes = fuzz_exact(reader_take(&r, left), left);
        for (size_t at = 0; at < left; at += cut) {
            size_t piece = left - at < cut ? left - at : cut;
            uint8_t *part = fuzz_exact(bytes + at, piece);
            sink.seen_ns = seen->now;
            p->feed(state, dir, seen->now, part, (uint32_t)piece, &sink);
            free(part);
        }
        free(bytes);
    }
    p->end(state, seen->now, len & 1 ? OUTCOME_SEEN : OUTCOME_UNANSWERED, &sink);
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

static inline void fuzz_parser(const struct proto_parser *p, fuzz_command_check *check,
                               const uint8_t *data, size_t len)
{
    static struct fuzz_seen whole, cut;
    bool from_server = false;
    must(p && p->state_size <= PROTO_STATE_MAX);
    uint8_t *copy = fuzz_exact(data, len);
    p->probe(copy, (uint32_t)len, &from_server);
    free(copy);
    whole.check = cut.check = check;
    fuzz_run(p, data, len, SIZE_MAX / 2, &whole);
    fuzz_run(p, data, len, 1 + len % 7, &cut);
    must(whole.n == cut.n && whole.n_sessions == cut.n_sessions);
    for (size_t i = 0; i < whole.n; i++)
        fuzz_same_command(&whole.commands[i], &cut.commands[i]);
    for (size_t i = 0; i < whole.n_sessions; i++)
        fuzz_same_session(&whole.sessions[i], &cut.sessions[i]);
}

#endif
