/* A parser under test: fed by hand, what it reports kept. Bytes are given in copies of exact size,
 * so that a read behind their end is seen. */
#ifndef TESTS_UNIT_PROTO_PARSER_BENCH_H
#define TESTS_UNIT_PROTO_PARSER_BENCH_H

#include "proto/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define START  (1767225600 * SECOND)
#define ROOM   64

struct seen {
    struct proto_command commands[ROOM];
    unsigned n;
    unsigned anomalies[PROTO_ANOMALY_COUNT];
};

static inline void on_command(void *ctx, const struct proto_command *command)
{
    struct seen *seen = ctx;
    if (seen->n < ROOM)
        seen->commands[seen->n] = *command;
    seen->n++;
}

static inline void on_anomaly(void *ctx, enum proto_anomaly what, enum proto_direction dir)
{
    struct seen *seen = ctx;
    (void)dir;
    seen->anomalies[what]++;
}

struct bench {
    _Alignas(8) uint8_t state[PROTO_STATE_MAX];
    struct seen seen;
    struct proto_sink sink;
    const struct proto_parser *parser;
};

static inline struct bench *bench_new(const struct proto_parser *parser)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->parser = parser;
    b->sink = (struct proto_sink){.ctx = &b->seen, .command = on_command, .anomaly = on_anomaly};
    return b;
}

static inline uint32_t unhex(const char *text, uint8_t out[600])
{
    uint32_t n = 0;
    unsigned v;
    int used;
    while (sscanf(text, " %2x%n", &v, &used) == 1) {
        out[n++] = (uint8_t)v;
        text += used;
    }
    return n;
}

static inline void feed_bytes(struct bench *b, enum proto_direction dir, int64_t now,
                              const uint8_t *data, uint32_t len)
{
    /* A copy of exact size, so that a read behind the end is seen. */
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    b->sink.seen_ns = now;
    b->parser->feed(b->state, dir, now, copy, len, &b->sink);
    free(copy);
}

static inline void feed_hex(struct bench *b, enum proto_direction dir, int64_t now,
                            const char *text)
{
    uint8_t data[600];
    uint32_t len = unhex(text, data);
    feed_bytes(b, dir, now, data, len);
}

static inline unsigned anomalies(const struct bench *b)
{
    unsigned sum = 0;
    for (int i = 0; i < PROTO_ANOMALY_COUNT; i++)
        sum += b->seen.anomalies[i];
    return sum;
}

#endif
