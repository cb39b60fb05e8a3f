/* Dialogs by hand: what both ends say, cut in every way, and what is told of it as lines of text:
 * sessions as "OUTCOME CODE USER BEGAN-ANSWERED" in seconds, anomalies by name, messages and bodies
 * as message_bench.h has them. */
#ifndef TESTS_UNIT_PROTO_DIALOG_BENCH_H
#define TESTS_UNIT_PROTO_DIALOG_BENCH_H

#include "tests/unit/proto/message_bench.h"

/* One end says something, a second after what was said before; NULL: `gap` bytes are missing. */
struct said {
    enum proto_direction dir;
    const char *text;
    uint32_t gap;
};
#define C(text)                  \
    {                            \
        PROTO_TO_SERVER, text, 0 \
    }
#define S(text)                  \
    {                            \
        PROTO_TO_CLIENT, text, 0 \
    }
#define LOST(dir, n) \
    {                \
        dir, NULL, n \
    }

/* How a dialog is replayed. */
struct way {
    size_t cut;        /* bytes of a piece; 0: all at once */
    bool rooms;        /* some are lent */
    bool nobody;       /* looks into messages */
    enum outcome open; /* at the end */
};

static inline void told_dialog_session(void *ctx, const struct proto_session *s)
{
    struct message_bench *m = ctx;
    told_grows(m, 256);
    m->len += (size_t)sprintf(m->lines + m->len, "%s %u ", outcome_words[s->outcome].name, s->code);
    told_text(m, s->user);
    m->len +=
        (size_t)sprintf(m->lines + m->len, " %d-%d\n", (int)((s->request_ns - START) / SECOND),
                        (int)((s->answer_ns - START) / SECOND));
}

static inline void told_dialog_anomaly(void *ctx, enum proto_anomaly what, enum proto_direction dir)
{
    struct message_bench *m = ctx;
    told_grows(m, 64);
    m->len += (size_t)sprintf(m->lines + m->len, "%s %c\n", proto_anomaly_words[what].name,
                              dir == PROTO_TO_SERVER ? '>' : '<');
}

/* replayed: what is told of a dialog; the caller frees it. */
static inline char *replayed(const struct proto_parser *parser, const struct said *said, size_t n,
                             const struct way *way)
{
    struct message_bench *m = message_bench_new(parser);
    struct proto_sink *sink = &m->bench->sink;
    int64_t now = START;
    sink->session = told_dialog_session;
    sink->anomaly = told_dialog_anomaly;
    m->no_rooms = !way->rooms;
    if (way->nobody)
        sink->message = NULL, sink->body = NULL, sink->room = NULL, sink->room_back = NULL;
    for (size_t i = 0; i < n; i++, now += SECOND) {
        size_t len = said[i].text ? strlen(said[i].text) : 0, cut = way->cut ? way->cut : len;
        sink->seen_ns = now;
        if (!said[i].text)
            parser->gap(m->bench->state, said[i].dir, now, said[i].gap, sink);
        for (size_t at = 0; at < len; at += cut)
            feed_bytes(m->bench, said[i].dir, now, (const uint8_t *)said[i].text + at,
                       (uint32_t)(len - at < cut ? len - at : cut));
    }
    bool over = parser->over(m->bench->state);
    parser->end(m->bench->state, now, way->open, sink);
    char *text = strdup(message_bench_lines(m));
    assert_non_null(text);
    assert_true(over || m->lent == 0);
    message_bench_free(m);
    return text;
}

static inline void must_tell_way(const struct proto_parser *parser, const struct said *said,
                                 size_t n, const struct way *way, const char *wanted)
{
    char *text = replayed(parser, said, n, way);
    if (strcmp(text, wanted) != 0)
        fail_msg("pieces of %zu:\n%s\nnot\n%s", way->cut, text, wanted);
    free(text);
}

/* must_tell: however it is cut. */
static inline void must_tell_open(const struct proto_parser *parser, const struct said *said,
                                  size_t n, enum outcome open, const char *wanted)
{
    static const size_t cuts[] = {0, 1, 2, 3, 5, 7, 16, 61};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct way way = {.cut = cuts[i], .rooms = true, .open = open};
        must_tell_way(parser, said, n, &way, wanted);
    }
}
#define must_tell(parser, said, wanted) \
    must_tell_open(parser, said, sizeof(said) / sizeof(said[0]), OUTCOME_UNANSWERED, wanted)

/* verdict: of a probe of bytes that the client, or the server, is believed to send. */
static inline int verdict(const struct proto_parser *parser, const char *text, bool *from_server)
{
    size_t len = strlen(text);
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, text, len);
    int said = parser->probe(copy, (uint32_t)len, from_server);
    free(copy);
    return said > 0 ? 1 : said < 0 ? -1 : 0;
}

#endif
