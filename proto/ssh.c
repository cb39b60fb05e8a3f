/* Packets up to the new keys, turns behind them. */
#include "proto/ssh.h"
#include "proto/heads.h"

#include <string.h>

#define BANNER_LINES_MAX 50    /* a server may say something before its identification */
#define PACKET_MAX       65536 /* more than anybody's; RFC 4253, 6.1 asks for 35000 */
#define PACKET_HEAD      6u    /* length, padding, type */
#define NEWKEYS          21

enum mode { MODE_BANNER = 0, MODE_PACKETS, MODE_ENCRYPTED, MODE_BLIND };

struct side {
    struct head_line line;
    uint32_t left; /* of the packet, behind its head */
    uint8_t head[PACKET_HEAD];
    uint8_t n_head;
    uint8_t mode, lines;
    bool last_clear; /* the packet says that keys change behind it */
};

/* Owner: the flow. */
struct state {
    struct side side[2];
    int64_t began;
    uint64_t server_bytes;
    uint32_t turns;              /* of the client */
    uint32_t turn;               /* bytes of the server's turn under way */
    uint32_t accepted, answered; /* sizes of the first and the second answer */
    uint16_t answers;
    uint8_t speaker; /* enum proto_direction + 1, 0: nobody yet */
    bool begun, told, differs, other_size, small;
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

static void tell(struct state *s, enum outcome outcome, int64_t now, const struct proto_sink *sink)
{
    if (s->told || !s->begun)
        return;
    s->told = true;
    struct proto_session session = {
        .outcome = (uint8_t)outcome,
        .code = (uint16_t)(s->answers ? s->answers - 1 : 0),
        .request_ns = s->began,
        .answer_ns = now,
    };
    sink->session(sink->ctx, &session);
}

static void turn_over(struct state *s)
{
    if (s->turn == 0)
        return;
    if (s->answers < UINT16_MAX)
        s->answers++;
    s->differs |= s->other_size;
    if (s->answers == 1) {
        s->accepted = s->turn;
    } else {
        if (s->answers == 2)
            s->answered = s->turn;
        s->other_size = s->turn != s->answered;
        s->small |= s->turn < s->accepted;
    }
    s->turn = 0;
}

static void encrypted(struct state *s, enum proto_direction dir, int64_t now, uint32_t len,
                      const struct proto_sink *sink)
{
    if (s->side[0].mode != MODE_ENCRYPTED || s->side[1].mode != MODE_ENCRYPTED)
        return;
    if (dir == PROTO_TO_SERVER && s->speaker != dir + 1) {
        turn_over(s);
        s->turns++;
    }
    s->speaker = (uint8_t)(dir + 1);
    /* What the server says before it is asked belongs to the key exchange. */
    if (dir == PROTO_TO_CLIENT && s->turns > 0) {
        s->turn += len;
        s->server_bytes += len;
    }
    if (s->small || s->server_bytes > SSH_BYTES_MAX || s->turns > SSH_TURNS_MAX)
        tell(s, OUTCOME_ACKNOWLEDGED, now, sink);
}

/* clear: bytes of a packet that can be read. Returns how many are done with. */
static uint32_t clear(struct side *d, const uint8_t *data, uint32_t len)
{
    uint32_t part;
    if (d->n_head < PACKET_HEAD) {
        d->head[d->n_head++] = *data;
        part = 1;
        if (d->n_head == PACKET_HEAD) {
            uint32_t whole = load_be32(d->head);
            d->left = whole - 2;
            d->last_clear = d->head[5] == NEWKEYS;
            if (whole < 2 || whole > PACKET_MAX)
                d->mode = MODE_BLIND;
        }
    } else {
        part = d->left < len ? d->left : len;
        d->left -= part;
    }
    if (d->n_head == PACKET_HEAD && d->left == 0 && d->mode == MODE_PACKETS) {
        d->n_head = 0;
        d->mode = d->last_clear ? MODE_ENCRYPTED : MODE_PACKETS;
    }
    return part;
}

/* parts: of an identification, SSH-PROTOCOL-SOFTWARE and perhaps a blank and comments. */
static unsigned parts(const struct proto_message *message, struct proto_scratch *scratch,
                      struct proto_part out[PROTO_MESSAGE_PARTS])
{
    const uint8_t *protocol = message->head.data + 4, *end = message->head.data + message->head.len;
    const uint8_t *software = memchr(protocol, '-', (size_t)(end - protocol));
    (void)scratch;
    if (!software)
        return 0;
    out[0] = (struct proto_part){PART_SSH_PROTO, {protocol, (size_t)(software - protocol)}};
    software++;
    const uint8_t *blank = memchr(software, ' ', (size_t)(end - software));
    end = blank ? blank : end;
    out[1] = (struct proto_part){PART_SSH_SOFTWARE, {software, (size_t)(end - software)}};
    return 2;
}

static void tell_banner(const struct state *s, enum proto_direction dir, struct bytes text,
                        const struct proto_sink *sink)
{
    struct proto_message message = {.protocol = PROTOCOL_SSH,
                                    .direction = (uint8_t)dir,
                                    .transaction = 1,
                                    .state = s,
                                    .head = text,
                                    .parts = parts};
    if (sink->message)
        sink->message(sink->ctx, &message);
}

static void banner(struct state *s, enum proto_direction dir, uint8_t byte,
                   const struct proto_sink *sink)
{
    struct side *d = &s->side[dir];
    if (!head_line_take(&d->line, byte))
        return;
    struct bytes text = {d->line.data, d->line.len};
    if (bytes_begin(text, "SSH-"))
        tell_banner(s, dir, text, sink);
    if (bytes_begin(text, "SSH-2.") || bytes_begin(text, "SSH-1.99-"))
        d->mode = MODE_PACKETS;
    else if (++d->lines > BANNER_LINES_MAX || bytes_begin(text, "SSH-"))
        d->mode = MODE_BLIND;
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    struct side *d = &s->side[dir];
    if (!s->begun && len > 0) {
        s->begun = true;
        s->began = sink->seen_ns;
    }
    while (len > 0 && d->mode != MODE_BLIND) {
        uint32_t done = 1;
        if (d->mode == MODE_BANNER) {
            banner(s, dir, *data, sink);
        } else if (d->mode == MODE_PACKETS) {
            done = clear(d, data, len);
        } else {
            encrypted(s, dir, now, len, sink);
            return;
        }
        data += done;
        len -= done;
    }
}

/* readable: up to where this side's keys change. */
static uint32_t readable(const void *state, enum proto_direction dir, const uint8_t *data,
                         uint32_t len)
{
    struct side d = ((const struct state *)state)->side[dir];
    uint32_t at = 0;
    while (at < len && d.mode == MODE_PACKETS)
        at += clear(&d, data + at, len - at);
    return d.mode == MODE_ENCRYPTED ? at : len;
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    (void)now;
    (void)len;
    if (s->side[dir].mode != MODE_BLIND)
        sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    s->side[dir].mode = MODE_BLIND;
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    bool whole = s->side[0].mode == MODE_ENCRYPTED && s->side[1].mode == MODE_ENCRYPTED;
    turn_over(s);
    if (whole && s->small)
        tell(s, OUTCOME_ACKNOWLEDGED, now, sink);
    else if (whole && open_requests == OUTCOME_UNANSWERED && s->answers >= 2 && !s->differs &&
             s->answered >= s->accepted)
        tell(s, OUTCOME_REFUSED, now, sink);
    else
        tell(s, OUTCOME_SEEN, now, sink);
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    (void)from_server;
    struct bytes text = {data, len};
    if (len >= 4)
        return bytes_begin(text, "SSH-") ? 1 : -1;
    return memcmp(data, "SSH-", len) == 0 ? 0 : -1;
}

const struct proto_parser ssh_parser = {
    .protocol = PROTOCOL_SSH,
    .port = 22,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
    .readable = readable,
};
