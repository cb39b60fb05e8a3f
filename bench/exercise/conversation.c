/* The parts of RFC 9293 a clean conversation needs: 3.5 (open), 3.6 (close), 3.10.7.1 (refuse). */
#include "bench/exercise/conversation.h"

enum { CLIENT_PORTS_FROM = 32768, CLIENT_PORTS_TO = 60999, SEGMENT_GAP_US = 40 };

struct conversation conversation_between(struct events *events, struct random *random, int64_t ns,
                                         uint32_t client, uint32_t server, uint16_t server_port)
{
    struct conversation c = {.events = events, .random = random, .now = ns, .delay = NS_PER_MS};
    uint16_t port = (uint16_t)random_between(random, CLIENT_PORTS_FROM, CLIENT_PORTS_TO);
    c.path[CLIENT] = (struct frame_path){.from = client,
                                         .to = server,
                                         .from_port = port,
                                         .to_port = server_port,
                                         .ip_id = (uint16_t)random_next(random)};
    c.path[SERVER] = (struct frame_path){.from = server,
                                         .to = client,
                                         .from_port = server_port,
                                         .to_port = port,
                                         .ip_id = (uint16_t)random_next(random)};
    c.seq[CLIENT] = (uint32_t)random_next(random);
    c.seq[SERVER] = (uint32_t)random_next(random);
    return c;
}

void conversation_wait(struct conversation *c, int64_t ns)
{
    c->now += ns;
}

/* The time the other end takes: the usual delay and up to half of it more. */
static void travel(struct conversation *c)
{
    c->now += random_between(c->random, c->delay, c->delay + c->delay / 2);
}

static enum side other(enum side side)
{
    return side == CLIENT ? SERVER : CLIENT;
}

static void segment(struct conversation *c, enum side from, uint8_t flags, const void *data,
                    size_t len)
{
    frame_tcp(c->events, c->now, &c->path[from], flags, c->seq[from], c->seq[other(from)], data,
              len);
    c->seq[from] += (uint32_t)len + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

void conversation_open(struct conversation *c)
{
    segment(c, CLIENT, TCP_SYN, NULL, 0);
    travel(c);
    segment(c, SERVER, TCP_SYN | TCP_ACK, NULL, 0);
    travel(c);
    segment(c, CLIENT, TCP_ACK, NULL, 0);
}

int64_t conversation_send(struct conversation *c, enum side from, const void *data, size_t len)
{
    const uint8_t *at = data;
    travel(c);
    int64_t first = c->now;
    while (len) {
        size_t part = len < FRAME_PAYLOAD_MAX ? len : FRAME_PAYLOAD_MAX;
        segment(c, from, part == len ? TCP_PSH | TCP_ACK : TCP_ACK, at, part);
        at += part;
        len -= part;
        if (len)
            c->now += SEGMENT_GAP_US * NS_PER_US;
    }
    c->owes_ack[from] = false;
    c->owes_ack[other(from)] = true;
    return first;
}

void conversation_ack(struct conversation *c, enum side from)
{
    if (!c->owes_ack[from])
        return;
    travel(c);
    segment(c, from, TCP_ACK, NULL, 0);
    c->owes_ack[from] = false;
}

void conversation_close(struct conversation *c, enum side first)
{
    travel(c);
    segment(c, first, TCP_FIN | TCP_ACK, NULL, 0);
    travel(c);
    segment(c, other(first), TCP_FIN | TCP_ACK, NULL, 0);
    travel(c);
    segment(c, first, TCP_ACK, NULL, 0);
}

void conversation_unanswered(struct conversation *c, unsigned retries)
{
    int64_t wait = NS_PER_S;
    frame_tcp(c->events, c->now, &c->path[CLIENT], TCP_SYN, c->seq[CLIENT], 0, NULL, 0);
    for (unsigned i = 0; i < retries; i++, wait *= 2) {
        c->now += wait;
        frame_tcp(c->events, c->now, &c->path[CLIENT], TCP_SYN, c->seq[CLIENT], 0, NULL, 0);
    }
}

void conversation_refused(struct conversation *c)
{
    segment(c, CLIENT, TCP_SYN, NULL, 0);
    travel(c);
    c->seq[SERVER] = 0; /* an end that knows no conversation answers with number 0 */
    segment(c, SERVER, TCP_RST | TCP_ACK, NULL, 0);
}

void conversation_probed(struct conversation *c)
{
    segment(c, CLIENT, TCP_SYN, NULL, 0);
    travel(c);
    segment(c, SERVER, TCP_SYN | TCP_ACK, NULL, 0);
    travel(c);
    segment(c, CLIENT, TCP_RST, NULL, 0);
}

void conversation_forged(struct conversation *c, const void *data, size_t len)
{
    segment(c, CLIENT, TCP_PSH | TCP_ACK, data, len);
}
