/* Which protocol a flow speaks: told by what its sides send first, else by a port.
 *
 * A stream may come in any pieces. While no parser is sure and one may yet be, what a side has sent
 * is kept, in the item that the parser's state will have, and asked together with what follows; the
 * parser that is found gets it from the start.
 */
#include "dataplane/line_parts.h"

#include "base/ip_protocol.h"

#include <string.h>

#define PROBE_BYTES_MAX 512 /* of one direction that are asked; then nothing will tell */
#define START_BYTES_MAX 128 /* of them that are kept: enough for a greeting */
#define PORT_BYTES      4   /* with so many a port decides, also when others may be sure yet */

/* What both sides have sent, by side. */
struct app_start {
    uint16_t len[2];
    uint8_t first; /* the side that began */
    uint8_t data[2][START_BYTES_MAX];
};
static_assert(sizeof(struct app_start) <= PROTO_STATE_MAX, "in the place of a state");

/* start_of: NULL: nothing is kept. */
static struct app_start *start_of(struct line *line)
{
    struct app_item *item = app_item_of(line);
    return item ? (struct app_start *)(void *)item->state : NULL;
}

static void give_start(struct line *line)
{
    struct flow *f = line->now.flow;
    if (f->app_item != POOL_NONE)
        pool_give(&line->config.pools->app_states, &line->now.shard->app_states, f->app_item);
    f->app_item = POOL_NONE;
}

void app_give_up(struct line *line)
{
    give_start(line);
    line->now.flow->app = line->now.flow->app == APP_AGAIN ? APP_OVER : APP_OPAQUE;
}

void app_again(struct line *line)
{
    struct flow *f = line->now.flow;
    f->app = APP_AGAIN;
    memset(f->probed, 0, sizeof f->probed);
    memset(f->opaque, 0, sizeof f->opaque);
}

void app_start_over(struct line *line)
{
    struct app_start *start = start_of(line);
    if (start)
        start->len[line->now.side] = 0;
}

/* keep: of a stream; where there is no room for it all, what follows is asked by itself. */
static void keep(struct line *line, const uint8_t *data, uint32_t len)
{
    struct flow *f = line->now.flow;
    unsigned side = line->now.side;
    struct app_start *start = start_of(line);
    uint32_t kept = start ? start->len[side] : 0;
    if (f->key.transport != IP_TCP)
        return;
    if (kept + len >= START_BYTES_MAX) {
        app_start_over(line);
        return;
    }
    if (!start) {
        f->app_item = pool_take(&line->config.pools->app_states, &line->now.shard->app_states);
        if (f->app_item == POOL_NONE) {
            line->stats.counters.app_state_full++;
            return;
        }
        start = start_of(line);
        start->len[0] = start->len[1] = 0;
        start->first = (uint8_t)side;
    }
    memcpy(start->data[side] + kept, data, len);
    start->len[side] = (uint16_t)(kept + len);
}

/* speaks_as_server: what is believed of the side that sends. Without a whole handshake the port
 * counts more than a SYN, which anybody can send in the name of either side. */
static bool speaks_as_server(const struct line *line, uint16_t port)
{
    const struct flow *f = line->now.flow;
    if (!f->handshake && (side_port(f, 0) == port) != (side_port(f, 1) == port))
        return side_port(f, line->now.side) == port;
    return line->now.side != f->client;
}

/* adopt: the flow speaks this protocol; from_server: the side that sends is the one that serves. */
static void adopt(struct line *line, unsigned parser, bool from_server)
{
    struct flow *f = line->now.flow;
    unsigned side = line->now.side, client = from_server ? !side : side;
    struct app_start start = {.len = {0}};
    if (start_of(line))
        start = *start_of(line);
    give_start(line);
    if (client != f->client && !f->handshake) {
        f->client = (uint8_t)client;
        f->role = ROLE_MESSAGE;
    }
    app_begin(line, parser);
    for (unsigned i = 0; i < 2; i++) {
        line->now.side = start.first ^ i;
        if (start.len[line->now.side])
            app_bytes(line, start.data[line->now.side], start.len[line->now.side]);
    }
    line->now.side = side;
}

/* What parsers say of some bytes. */
struct guess {
    unsigned parser; /* that it is, proto_parser_count: none */
    bool from_server;
    bool sure;   /* by content; else it may be, and its port is one of the flow's */
    bool others; /* another may be sure when more has come */
    bool ports;  /* the port of one is the flow's, whatever its bytes say */
};

static struct guess guess_of(const struct line *line, const uint8_t *data, uint32_t len)
{
    const struct flow *f = line->now.flow;
    struct guess g = {.parser = proto_parser_count};
    for (unsigned i = 0; i < proto_parser_count; i++) {
        uint16_t port = proto_parsers[i]->port;
        if (proto_parsers[i]->datagrams != (f->key.transport != IP_TCP))
            continue;
        bool by_port = port == side_port(f, 0) || port == side_port(f, 1);
        bool from_server = speaks_as_server(line, port);
        int verdict = proto_parsers[i]->probe(data, len, &from_server);
        if (verdict > 0)
            return (struct guess){.parser = i, .from_server = from_server, .sure = true};
        g.ports |= by_port;
        g.others |= verdict == 0 && !by_port;
        if (verdict == 0 && by_port && g.parser == proto_parser_count) {
            g.parser = i;
            g.from_server = from_server;
        }
    }
    return g;
}

/* PASSED_OVER: no protocol's, but the port is one's: its server may have skipped it and taken what
 * follows. */
enum answer { TOLD, NOT_YET, PASSED_OVER, NO_PROTOCOL };

/* ask: of all that the side has sent, of which the last `fresh` bytes are not kept yet. */
static enum answer ask(struct line *line, const uint8_t *data, uint32_t len, uint32_t fresh)
{
    struct guess g = guess_of(line, data, len);
    bool found = g.parser < proto_parser_count,
         enough = line->now.flow->key.transport != IP_TCP || len >= PORT_BYTES;
    if (!found && !g.others)
        return g.ports ? PASSED_OVER : NO_PROTOCOL;
    if (found && (g.sure || enough || !g.others)) {
        adopt(line, g.parser, g.from_server);
        return TOLD;
    }
    keep(line, data + len - fresh, fresh);
    return NOT_YET;
}

/* begins_here: what was kept contradicts the protocol of a well-known port, and what is new does
 * not: as when a capture begins with the byte of a keep-alive. */
static bool begins_here(const struct line *line, const uint8_t *all, uint32_t n,
                        const uint8_t *data, uint32_t len)
{
    struct guess whole = guess_of(line, all, n);
    return whole.ports && whole.parser == proto_parser_count && len >= PORT_BYTES &&
           guess_of(line, data, len).parser < proto_parser_count;
}

void app_probe(struct line *line, const uint8_t *data, uint32_t len)
{
    struct flow *f = line->now.flow;
    unsigned side = line->now.side;
    enum answer answer = PASSED_OVER;
    if (!flow_is_undecided(f))
        return;
    const struct app_start *start = start_of(line);
    if (start && start->len[side]) {
        uint8_t all[START_BYTES_MAX];
        uint32_t kept = start->len[side], room = START_BYTES_MAX - kept,
                 n = len < room ? len : room;
        memcpy(all, start->data[side], kept);
        memcpy(all + kept, data, n);
        if (!begins_here(line, all, kept + n, data, len))
            answer = ask(line, all, kept + n, n);
        if (answer == PASSED_OVER)
            app_start_over(line);
    }
    if (answer == PASSED_OVER)
        answer = ask(line, data, len, len);
    if (answer == TOLD)
        return;
    uint32_t probed = f->probed[side] + len;
    f->probed[side] = (uint16_t)probed; /* which is enough: below PROBE_BYTES_MAX */
    if (answer == NO_PROTOCOL || probed >= PROBE_BYTES_MAX)
        app_give_up(line);
}
