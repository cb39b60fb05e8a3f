/* Commands are taken out of both directions; the server's line is watched for prompts and words. */
#include "proto/telnet.h"
#include "proto/heads.h"

#define USER_MAX 32

enum command { IAC = 255, WILL = 251, DONT = 254, SB = 250, SE = 240, OPTION_MAX = 49 };

/* Where in a command a side is. */
enum level { LEVEL_TEXT = 0, LEVEL_COMMAND, LEVEL_OPTION, LEVEL_SUB, LEVEL_SUB_COMMAND };

enum step {
    STEP_IDLE = 0, /* no prompt yet */
    STEP_NAME,     /* the server asked for a name */
    STEP_PASSWORD, /* it asked for a password */
    STEP_JUDGED,   /* a password was sent, the answer is awaited */
};

/* Owner: the flow. */
struct state {
    struct head_line line; /* of the server */
    int64_t began, asked;
    uint16_t attempts;
    uint8_t level[2];
    uint8_t step, user_len, user[USER_MAX];
    bool begun, told, torn; /* bytes are missing since the password was sent */
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

static void tell(struct state *s, enum outcome outcome, int64_t since, int64_t now,
                 const struct proto_sink *sink)
{
    s->told = true;
    struct proto_session session = {.outcome = (uint8_t)outcome,
                                    .code = s->attempts,
                                    .user = {s->user, s->user_len},
                                    .request_ns = since,
                                    .answer_ns = now};
    sink->session(sink->ctx, &session);
}

static void judged(struct state *s, enum outcome outcome, int64_t now,
                   const struct proto_sink *sink)
{
    if (s->step != STEP_JUDGED)
        return;
    s->step = STEP_IDLE;
    tell(s, s->torn ? OUTCOME_SEEN : outcome, s->asked, now, sink);
}

/* text_byte: true if the byte is text and no part of a command. */
static bool text_byte(uint8_t *level, uint8_t byte)
{
    switch ((enum level) * level) {
    case LEVEL_TEXT:
        if (byte != IAC)
            return true;
        *level = LEVEL_COMMAND;
        return false;
    case LEVEL_COMMAND:
        *level = byte == SB ? LEVEL_SUB : byte >= WILL && byte <= DONT ? LEVEL_OPTION : LEVEL_TEXT;
        return byte == IAC;
    case LEVEL_OPTION:
        *level = LEVEL_TEXT;
        return false;
    case LEVEL_SUB:
        if (byte == IAC)
            *level = LEVEL_SUB_COMMAND;
        return false;
    case LEVEL_SUB_COMMAND:
        *level = byte == SE ? LEVEL_TEXT : LEVEL_SUB;
        return false;
    }
    return false;
}

static bool line_ends(const struct head_line *line, const char *word)
{
    size_t len = strlen(word);
    return line->len >= len &&
           bytes_begin_any_case((struct bytes){line->data + line->len - len, len}, word);
}

static bool line_has(const struct head_line *line, const char *word)
{
    for (size_t i = 0; i < line->len; i++)
        if (bytes_begin_any_case((struct bytes){line->data + i, (size_t)line->len - i}, word))
            return true;
    return false;
}

static bool says_no(const struct head_line *line)
{
    static const char *const words[] = {"incorrect", "failed", "denied", "invalid", "bad "};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (line_has(line, words[i]))
            return true;
    return false;
}

static void from_server(struct state *s, uint8_t byte, int64_t now, const struct proto_sink *sink)
{
    bool whole = head_line_take(&s->line, byte);
    if (whole && says_no(&s->line))
        judged(s, OUTCOME_REFUSED, now, sink);
    if (byte != ':')
        return;
    bool name = line_ends(&s->line, "login:") || line_ends(&s->line, "username:") ||
                line_ends(&s->line, "user:");
    bool password = line_ends(&s->line, "password:") || line_ends(&s->line, "passwd:");
    if (!name && !password)
        return;
    if (line_has(&s->line, "last login:")) /* what a system says to whom it let in */
        return;
    judged(s, OUTCOME_REFUSED, now, sink);
    s->step = name ? STEP_NAME : STEP_PASSWORD;
    if (name)
        s->user_len = 0;
}

static bool shell_waits(const struct head_line *line)
{
    uint32_t n = line->whole ? 0 : line->len;
    while (n > 0 && line->data[n - 1] == ' ')
        n--;
    return n > 0 && memchr("$#>%", line->data[n - 1], 4) != NULL;
}

static void from_client(struct state *s, uint8_t byte, int64_t now, const struct proto_sink *sink)
{
    bool enter = byte == '\r' || byte == '\n';
    if (s->step == STEP_JUDGED && !enter && byte != 0 && shell_waits(&s->line)) {
        judged(s, OUTCOME_ACKNOWLEDGED, now, sink);
    } else if (s->step == STEP_NAME && byte >= ' ' && byte < 127) {
        if (s->user_len < USER_MAX)
            s->user[s->user_len++] = byte;
    } else if (s->step == STEP_NAME && byte >= 127 && s->user_len > 0) {
        s->user_len--; /* a correction */
    } else if (s->step == STEP_PASSWORD && enter) {
        s->step = STEP_JUDGED;
        s->asked = sink->seen_ns;
        s->torn = false;
        s->line.whole = true; /* the answer begins a line of its own */
        s->attempts += s->attempts < UINT16_MAX;
    }
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    if (!s->begun && len > 0) {
        s->begun = true;
        s->began = sink->seen_ns;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (!text_byte(&s->level[dir], data[i]))
            continue;
        if (dir == PROTO_TO_CLIENT)
            from_server(s, data[i], now, sink);
        else
            from_client(s, data[i], now, sink);
    }
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    (void)now;
    (void)len;
    sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    s->level[dir] = LEVEL_TEXT;
    s->torn = true;
    if (dir == PROTO_TO_CLIENT)
        s->line.whole = true;
    else if (s->step != STEP_JUDGED)
        s->step = STEP_IDLE;
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    judged(s, open_requests, now, sink);
    if (!s->told && s->begun)
        tell(s, OUTCOME_SEEN, s->began, now, sink);
}

/* probe: who begins with the offer of an option speaks Telnet. */
static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    (void)from_server;
    if (len < 3)
        return data[0] == IAC && (len < 2 || (data[1] >= WILL && data[1] <= DONT)) ? 0 : -1;
    bool offer = data[0] == IAC && data[1] >= WILL && data[1] <= DONT && data[2] <= OPTION_MAX;
    return offer ? 1 : -1;
}

const struct proto_parser telnet_parser = {
    .protocol = PROTOCOL_TELNET,
    .port = 23,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
};
