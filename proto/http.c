/* Which version is spoken shows with the first bytes; from then on that parser has them all. */
#include "proto/http.h"
#include "proto/heads.h"
#include "proto/http1.h"
#include "proto/http1_parts.h"
#include "proto/http2.h"
#include "proto/http2_parts.h"

#include <string.h>

#define TELLS_BYTES 16 /* of the preface: its first line */

enum version { UNDECIDED = 0, VERSION_1, VERSION_2 };

/* Owner: the flow. */
struct state {
    uint8_t version;
    uint8_t n_preface; /* bytes of it that came while that is undecided */
    union {
        _Alignas(8) uint8_t one[HTTP1_STATE_MAX];
        struct http2 two;
    };
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

/* ---- from one to the other ---- */

static void take_field(void *ctx, struct bytes name, struct bytes value)
{
    static const struct bytes authority = {(const uint8_t *)":authority", 10};
    bool host = name.len == 4 && bytes_begin_any_case(name, "host");
    if (name.len != 14 || !bytes_begin(name, "HTTP2-Settings"))
        hpack_list_add(ctx, host ? authority : name, value);
}

/* switch_over: what is left of the one is taken out before the other begins in its place. */
static void switch_over(struct state *s, const struct http1_switch *how,
                        const struct proto_sink *sink)
{
    uint8_t memory[HTTP2_HEAD_MAX], texts[HTTP2_HEAD_MAX];
    struct proto_scratch scratch = {.data = texts, .room = sizeof(texts)};
    struct hpack_list fields = http2_head_begin(memory);
    struct bytes head = {0};
    struct http1_request request;
    bool told = how->told, asked = how->asked;
    uint32_t base = how->transactions;
    if (asked)
        request = *how->asked;
    if (how->head > 0) {
        head.data = sink->room(sink->ctx, PROTO_ROOM_TO_SERVER);
        head.len = how->head;
        http1_each(head, &scratch, take_field, &fields);
        head = http2_head_end(&fields);
        sink->room_back(sink->ctx, PROTO_ROOM_TO_SERVER);
    }
    s->version = VERSION_2;
    http2_begin(&s->two);
    s->two.streams.told = told;
    http2_upgraded(&s->two, base, asked ? &request : NULL, head, sink);
}

/* ---- the stream ---- */

static void feed_version(struct state *s, enum proto_direction dir, int64_t now,
                         const uint8_t *data, uint32_t len, const struct proto_sink *sink)
{
    struct http1_switch how;
    if (s->version == VERSION_1) {
        http1_parser.feed(s->one, dir, now, data, len, sink);
        if (!http1_switched(s->one, &how))
            return;
        data += len - how.rest;
        len = how.rest;
        switch_over(s, &how, sink);
    }
    http2_feed(&s->two, dir, now, data, len, sink);
}

/* decide: and what came before goes to the parser. */
static void decide(struct state *s, enum version version, int64_t now,
                   const struct proto_sink *sink)
{
    s->version = (uint8_t)version;
    if (version == VERSION_2)
        http2_begin(&s->two);
    if (s->n_preface > 0)
        feed_version(s, PROTO_TO_SERVER, now, (const uint8_t *)HTTP2_PREFACE, s->n_preface, sink);
}

/* version_of: no text of a server begins with a zero, and all frames are shorter than 2^16 bytes at
 * first. */
static enum version version_of(const struct state *s, enum proto_direction dir, const uint8_t *data,
                               uint32_t len)
{
    uint32_t n = (uint32_t)(TELLS_BYTES - s->n_preface), here = len < n ? len : n;
    if (dir == PROTO_TO_CLIENT)
        return data[0] == 0 ? VERSION_2 : VERSION_1;
    if (memcmp(data, &HTTP2_PREFACE[s->n_preface], here) != 0)
        return VERSION_1;
    return here == n ? VERSION_2 : UNDECIDED;
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    if (len == 0)
        return;
    if (s->version == UNDECIDED) {
        enum version version = version_of(s, dir, data, len);
        if (version == UNDECIDED) {
            s->n_preface = (uint8_t)(s->n_preface + len);
            return;
        }
        decide(s, version, now, sink);
    }
    feed_version(s, dir, now, data, len, sink);
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    if (s->version == UNDECIDED)
        decide(s, VERSION_1, now, sink);
    if (s->version == VERSION_1)
        http1_parser.gap(s->one, dir, now, len, sink);
    else
        http2_gap(&s->two, dir, now, len, sink);
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    if (s->version == VERSION_1)
        http1_parser.end(s->one, now, open_requests, sink);
    else if (s->version == VERSION_2)
        http2_end(&s->two, now, open_requests, sink);
}

static enum proto_over over(const void *state)
{
    const struct state *s = state;
    return s->version == VERSION_1 ? http1_parser.over(s->one) : PROTO_GOES_ON;
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    int two = http2_probe(data, len, from_server), one;
    if (two > 0)
        return two;
    one = http1_parser.probe(data, len, from_server);
    return one > two ? one : two;
}

const struct proto_parser http_parser = {
    .protocol = PROTOCOL_HTTP,
    .port = 80,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
    .over = over,
};
