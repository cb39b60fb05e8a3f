/* The app stage: protocol parsers, fed with what streams and datagrams bring. What they report
 * becomes observations of the moment; the messages they tell of go on to the rules.
 */
#include "dataplane/line_parts.h"

#include <stddef.h>
#include <string.h>

static void on_command(void *ctx, const struct proto_command *command)
{
    observe_command(ctx, command);
}

static void on_anomaly(void *ctx, enum proto_anomaly anomaly, enum proto_direction dir)
{
    (void)dir;
    observe_anomaly(ctx, anomaly);
}

static void on_session(void *ctx, const struct proto_session *session)
{
    observe_session(ctx, session);
}

static void on_message(void *ctx, const struct proto_message *message)
{
    inspect_message(ctx, message);
}

static void on_body(void *ctx, const struct proto_message *message, const struct proto_body *body)
{
    inspect_body(ctx, message, body);
}

struct app_item *app_item_of(struct line *line)
{
    uint32_t item = line->now.flow->app_item;
    return item == POOL_NONE
               ? NULL
               : pool_at(&line->config.pools->app_states, &line->now.shard->app_states, item);
}

static void *app_state_of(struct line *line)
{
    struct app_item *item = app_item_of(line);
    return item ? item->state : (void *)&line->now.flow->app_small;
}

/* room_pool: what a room is taken from: its pool, and the shard's share of it. */
static struct shard_pool *room_pool(struct line *line, enum proto_room which,
                                    struct pool_share **share)
{
    static const uint32_t bytes[] = {
#define X(s, bytes, text) [PROTO_ROOM_##s] = (bytes),
        PROTO_ROOMS(X)
#undef X
    };
    bool unpack = bytes[which] > PROTO_ROOM_BYTES;
    *share = unpack ? &line->now.shard->unpackers : &line->now.shard->rooms;
    return unpack ? &line->config.pools->unpackers : &line->config.pools->rooms;
}

static uint8_t *on_room(void *ctx, enum proto_room which)
{
    struct line *line = ctx;
    struct app_item *item = app_item_of(line);
    struct pool_share *share;
    struct shard_pool *pool = room_pool(line, which, &share);
    if (!item)
        return NULL;
    if (item->rooms[which] == POOL_NONE)
        item->rooms[which] = pool_take(pool, share);
    if (item->rooms[which] != POOL_NONE)
        return pool_at(pool, share, item->rooms[which]);
    line->stats.counters.app_room_full++;
    return NULL;
}

static void on_room_back(void *ctx, enum proto_room which)
{
    struct line *line = ctx;
    struct app_item *item = app_item_of(line);
    struct pool_share *share;
    struct shard_pool *pool = room_pool(line, which, &share);
    if (!item || item->rooms[which] == POOL_NONE)
        return;
    pool_give(pool, share, item->rooms[which]);
    item->rooms[which] = POOL_NONE;
}

/* sink_of: messages are asked for where a rule looks into some of this protocol. */
static struct proto_sink sink_of(struct line *line)
{
    unsigned protocol = proto_parsers[line->now.flow->parser]->protocol;
    bool messages = matcher_wants_messages(matcher_now(line), protocol, true) ||
                    matcher_wants_messages(matcher_now(line), protocol, false);
    return (struct proto_sink){
        .ctx = line,
        .command = on_command,
        .anomaly = on_anomaly,
        .session = on_session,
        .message = messages ? on_message : NULL,
        .body = messages ? on_body : NULL,
        .room = on_room,
        .room_back = on_room_back,
        .seen_ns = line->now.seen_ns,
    };
}

static enum proto_direction direction_of(const struct flow *f, unsigned side)
{
    return side == f->client ? PROTO_TO_SERVER : PROTO_TO_CLIENT;
}

void app_begin(struct line *line, unsigned parser)
{
    struct flow *f = line->now.flow;
    f->parser = (uint8_t)parser;
    f->app = APP_PARSED;
    f->app_small = 0;
    if (proto_parsers[parser]->state_size <= PROTO_STATE_SMALL)
        return;
    f->app_item = pool_take(&line->config.pools->app_states, &line->now.shard->app_states);
    if (f->app_item == POOL_NONE) {
        line->stats.counters.app_state_full++;
        f->app = APP_OPAQUE;
        return;
    }
    struct app_item *item = app_item_of(line);
    memset(item, 0, offsetof(struct app_item, state) + proto_parsers[parser]->state_size);
    memset(item->rooms, 0xff, sizeof item->rooms); /* POOL_NONE */
    memset(item->windows, 0xff, sizeof item->windows);
}

/* end_parsing: what the parser had goes back. */
static void end_parsing(struct line *line)
{
    struct flow *f = line->now.flow;
    struct app_item *item = app_item_of(line);
    f->app = APP_OVER;
    f->app_at = INT64_MAX;
    if (!item)
        return;
    for (unsigned i = 0; i < PROTO_ROOM_COUNT; i++)
        on_room_back(line, i);
    for (unsigned i = 0; i < 4; i++)
        inspect_window_back(line, &item->windows[i / 2][i % 2]);
    pool_give(&line->config.pools->app_states, &line->now.shard->app_states, f->app_item);
    f->app_item = POOL_NONE;
}

/* fed: what is to be done after the parser had its turn. */
static void fed(struct line *line)
{
    struct flow *f = line->now.flow;
    const struct proto_parser *parser = proto_parsers[f->parser];
    enum proto_over over = parser->over ? parser->over(app_state_of(line)) : PROTO_GOES_ON;
    if (over)
        end_parsing(line);
    if (over == PROTO_GIVES_WAY)
        app_again(line);
    if (!over)
        f->app_at = parser->deadline(app_state_of(line));
}

void app_bytes(struct line *line, const uint8_t *data, uint32_t len)
{
    struct flow *f = line->now.flow;
    if (f->app != APP_PARSED)
        return;
    struct proto_sink sink = sink_of(line);
    line->stats.counters.app_bytes += len;
    proto_parsers[f->parser]->feed(app_state_of(line), direction_of(f, line->now.side),
                                   line->now.order.t, data, len, &sink);
    fed(line);
}

uint32_t app_readable(struct line *line, const uint8_t *data, uint32_t len)
{
    struct flow *f = line->now.flow;
    const struct proto_parser *parser = proto_parsers[f->parser];
    if (f->opaque[line->now.side])
        return 0;
    if (f->app != APP_PARSED || !parser->readable)
        return len;
    uint32_t n = parser->readable(app_state_of(line), direction_of(f, line->now.side), data, len);
    f->opaque[line->now.side] = n < len;
    return n;
}

void app_gap(struct line *line, uint32_t len)
{
    struct flow *f = line->now.flow;
    if (flow_is_undecided(f))
        app_start_over(line);
    if (f->app != APP_PARSED)
        return;
    struct proto_sink sink = sink_of(line);
    proto_parsers[f->parser]->gap(app_state_of(line), direction_of(f, line->now.side),
                                  line->now.order.t, len, &sink);
    fed(line);
}

void app_due(struct line *line, int64_t deadline)
{
    struct flow *f = line->now.flow;
    struct proto_sink sink = sink_of(line);
    proto_parsers[f->parser]->expire(app_state_of(line), deadline, &sink);
    fed(line);
}

void app_end(struct line *line, int64_t t, enum outcome open_requests)
{
    struct flow *f = line->now.flow;
    if (flow_is_undecided(f))
        app_give_up(line);
    if (f->app != APP_PARSED)
        return;
    struct proto_sink sink = sink_of(line);
    proto_parsers[f->parser]->end(app_state_of(line), t, open_requests, &sink);
    end_parsing(line);
}
