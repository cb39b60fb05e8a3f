/* Commands that are about logins, and their replies; others are counted. */
#include "proto/ftp.h"
#include "proto/dialog.h"
#include "proto/heads.h"

#include <string.h>

#define AUTH_ACCEPTED 234u /* RFC 4217, 4 */

enum ftp_kind { KIND_USER = 1, KIND_PASSWORD, KIND_ACCOUNT, KIND_AUTH };

/* Owner: the flow. */
struct state {
    struct dialog dialog;
    struct head_line line; /* of the client */
    uint8_t user_len, user[DIALOG_USER_MAX];
    bool torn; /* the beginning of the client's line is missing */
    bool over;
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

static const struct verb {
    const char *word;
    uint8_t kind;
    bool login;
} verbs[] = {
    {"USER", KIND_USER, true},
    {"PASS", KIND_PASSWORD, true},
    {"ACCT", KIND_ACCOUNT, true},
    {"AUTH", KIND_AUTH, false},
};

/* take_over: the client's USER is no login of its own once what it asks for follows. */
static void take_over(struct dialog *d)
{
    struct dialog_command *newest = dialog_newest(d);
    if (newest && newest->kind == KIND_USER)
        newest->login = false;
}

static void command(struct state *s, int64_t now, const struct proto_sink *sink)
{
    struct bytes line = {s->line.data, s->line.len}, rest;
    const struct verb *verb = verbs, *end = verbs + sizeof verbs / sizeof verbs[0];
    while (verb < end && !dialog_verb(line, verb->word, &rest))
        verb++;
    if (line.len == 0 || s->torn)
        return;
    if (verb == end) {
        dialog_ask(&s->dialog);
        return;
    }
    if (verb->kind == KIND_USER)
        s->user_len = bytes_keep(s->user, sizeof s->user, rest);
    else if (verb->login)
        take_over(&s->dialog);
    struct dialog_command *c = dialog_keep(&s->dialog, verb->kind, now, sink);
    c->login = verb->login;
    c->user_len = bytes_keep(c->user, sizeof c->user, (struct bytes){s->user, s->user_len});
}

/* reply: 1yz announces another one. */
static void reply(struct state *s, uint16_t code, int64_t now, const struct proto_sink *sink)
{
    struct dialog_command c;
    if (code < 200 || !dialog_answer(&s->dialog, code, now, sink, &c))
        return;
    if (c.login && code / 100 != 3)
        dialog_tell(&s->dialog, &c, code, now, sink);
    s->over |= c.kind == KIND_AUTH && code == AUTH_ACCEPTED;
}

static uint32_t from_server(struct state *s, int64_t now, const uint8_t *data, uint32_t len,
                            const struct proto_sink *sink)
{
    uint16_t code;
    uint32_t n = dialog_read(&s->dialog, data, len, true, &code);
    if (code)
        reply(s, code, now, sink);
    s->over |= s->dialog.pop3;
    return n;
}

static uint32_t from_client(struct state *s, int64_t now, const uint8_t *data,
                            const struct proto_sink *sink)
{
    if (head_line_take(&s->line, *data)) {
        command(s, now, sink);
        s->torn = false;
    }
    return 1;
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    if (len > 0)
        dialog_begin(&s->dialog, sink);
    while (len > 0 && !s->over) {
        uint32_t n = dir == PROTO_TO_CLIENT ? from_server(s, now, data, len, sink)
                                            : from_client(s, now, data, sink);
        data += n;
        len -= n;
    }
    if (s->over)
        dialog_end(&s->dialog, OUTCOME_SEEN, now, sink);
}

static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    (void)len;
    if (s->over)
        return;
    sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    dialog_close(&s->dialog, OUTCOME_SEEN, now, sink);
    if (dir == PROTO_TO_CLIENT)
        dialog_torn(&s->dialog);
    else
        s->torn = true;
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct state *s = state;
    dialog_end(&s->dialog, open_requests, now, sink);
}

static enum proto_over over(const void *state)
{
    const struct state *s = state;
    if (s->dialog.pop3)
        return PROTO_OVER;
    return s->over ? PROTO_GIVES_WAY : PROTO_GOES_ON; /* AUTH TLS */
}

/* is_irc: RFC 2812, 3.1: its registration has USER and PASS too. */
static bool is_irc(struct bytes text)
{
    for (; text.len > 0; text.data++, text.len--)
        if (bytes_begin_any_case(text, "NICK ") || bytes_begin(text, " :"))
            return true;
    return false;
}

/* probe_client: what Suricata takes for FTP too, and AUTH of TLS. Anything that may be a command
 * says neither yes nor no. */
static int probe_client(struct bytes text)
{
    static const char *const begins[] = {"USER ", "PASS ", "PORT ", "FEAT", "AUTH TLS", "AUTH SSL"};
    for (unsigned i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (bytes_begin_any_case(text, begins[i]))
            return is_irc(text) ? -1 : 1;
    size_t n = 0;
    while (n < text.len && n < 5 && (text.data[n] | 0x20) >= 'a' && (text.data[n] | 0x20) <= 'z')
        n++;
    bool ends = n < text.len && (text.data[n] == ' ' || text.data[n] == '\r');
    return n == text.len || (ends && (n == 3 || n == 4)) ? 0 : -1;
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    struct bytes text = {data, len};
    int answer = dialog_is_answer(data, len);
    if (answer < 0) {
        int verdict = probe_client(text);
        *from_server &= verdict <= 0;
        return verdict;
    }
    bool greeting = bytes_begin(text, "220 (") || dialog_greets_as(text, "FTP");
    *from_server |= greeting;
    return greeting;
}

const struct proto_parser ftp_parser = {
    .protocol = PROTOCOL_FTP,
    .port = 21,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
    .over = over,
};
