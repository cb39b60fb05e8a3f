/* Commands by their verbs; the content of a mail with its dots undone goes on to proto/mime.h. */
#include "proto/smtp.h"
#include "proto/base64.h"
#include "proto/dialog.h"
#include "proto/heads.h"
#include "proto/smtp_mail.h"

#include <string.h>

#define TLS_READY 220u /* RFC 3207, 4 */

enum smtp_kind { KIND_STARTTLS = 1, KIND_AUTH, KIND_DATA };

enum mode {
    MODE_COMMAND = 0,
    MODE_AUTH, /* lines are answers to challenges of AUTH, RFC 4954, 4 */
    MODE_MAIL, /* up to a line with a dot alone, RFC 5321, 4.5.2 */
    MODE_CHUNK /* `left` bytes, RFC 3030, 2 */
};

/* Where in a line of a mail. */
enum place { PLACE_BEGINNING = 0, PLACE_DOT, PLACE_DOT_CR, PLACE_WITHIN };

/* Whose name the next answer to a challenge holds. */
enum mechanism { MECHANISM_OTHER = 0, MECHANISM_PLAIN, MECHANISM_LOGIN, MECHANISM_XOAUTH2 };

/* Owner: the flow. */
struct state {
    struct dialog dialog;
    struct head_line line; /* of the client */
    uint64_t left;         /* of the chunk */
    struct smtp_mail mail;
    uint8_t mode, place, mechanism;
    bool last; /* the chunk is the mail's last one */
    bool torn; /* the beginning of the client's line is missing */
    bool over;
};
_Static_assert(sizeof(struct state) <= PROTO_STATE_MAX, "state fits a flow");

/* One call of the parser. */
struct pass {
    struct state *s;
    const struct proto_sink *sink;
    int64_t now;
};

/* ---- AUTH ---- */

/* user_of: the name in the first answer of a mechanism. */
static void user_of(struct dialog_command *c, uint8_t mechanism, struct bytes text)
{
    static const char mark[] = "user=";
    uint8_t plain[3 * HEAD_LINE_MAX / 4 + 3], n = 0;
    struct base64 block = {0};
    for (size_t i = 0; i < text.len; i++)
        n = (uint8_t)(n + base64_take(&block, text.data[i], plain + n));
    n = (uint8_t)(n + base64_end(&block, plain + n));
    struct bytes user = {plain, n};
    const uint8_t *end = NULL;
    if (mechanism == MECHANISM_PLAIN) { /* RFC 4616, 2: who it is for, who it is, the password */
        const uint8_t *zero = memchr(plain, 0, n);
        size_t skip = zero ? (size_t)(zero - plain) + 1 : n;
        user = (struct bytes){plain + skip, n - skip};
        end = memchr(user.data, 0, user.len);
    } else if (mechanism == MECHANISM_XOAUTH2) {
        size_t skip = bytes_begin(user, mark) ? sizeof mark - 1 : n;
        user = (struct bytes){plain + skip, n - skip};
        end = memchr(user.data, 1, user.len);
    }
    if (end)
        user.len = (size_t)(end - user.data);
    c->user_len = bytes_keep(c->user, sizeof c->user, user);
}

static void take_secret(struct state *s, struct dialog_command *c, struct bytes text)
{
    if (s->mechanism != MECHANISM_OTHER && text.len > 0)
        user_of(c, s->mechanism, text);
    s->mechanism = MECHANISM_OTHER;
}

static const struct {
    const char *name;
    uint8_t mechanism;
} mechanisms[] = {
    {"PLAIN", MECHANISM_PLAIN}, {"LOGIN", MECHANISM_LOGIN}, {"XOAUTH2", MECHANISM_XOAUTH2}};

/* auth: a mechanism, and perhaps what else would be the answer to its first challenge. */
static void auth(struct pass *p, struct bytes rest)
{
    struct state *s = p->s;
    struct dialog_command *c = dialog_keep(&s->dialog, KIND_AUTH, p->now, p->sink);
    struct bytes initial = {0};
    s->mechanism = MECHANISM_OTHER;
    c->login = true;
    for (unsigned i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++)
        if (dialog_verb(rest, mechanisms[i].name, &initial)) {
            s->mechanism = mechanisms[i].mechanism;
            if (initial.len > 0)
                take_secret(s, c, initial);
        }
    s->mode = MODE_AUTH;
}

/* auth_line: false: it is no answer to a challenge. RFC 4954, 4: base64, or * to give up. */
static bool auth_line(struct pass *p, struct bytes line)
{
    struct dialog_command *c = dialog_newest(&p->s->dialog);
    bool secret = line.len == 1 && line.data[0] == '*';
    size_t n = 0;
    while (n < line.len && base64_value(line.data[n]) != 255)
        n++;
    if (!secret && n < line.len)
        return false;
    if (c && c->kind == KIND_AUTH)
        take_secret(p->s, c, line);
    return true;
}

/* ---- commands ---- */

static void starttls(struct pass *p, struct bytes rest)
{
    (void)rest;
    dialog_keep(&p->s->dialog, KIND_STARTTLS, p->now, p->sink);
}

static void data(struct pass *p, struct bytes rest)
{
    (void)rest;
    dialog_keep(&p->s->dialog, KIND_DATA, p->now, p->sink);
    p->s->mode = MODE_MAIL;
    p->s->place = PLACE_BEGINNING;
    smtp_mail_end(&p->s->mail, p->sink);
    smtp_mail_begin(&p->s->mail, p->sink);
}

/* rset: RFC 5321, 4.1.1.5: a mail that is not whole is none. */
static void rset(struct pass *p, struct bytes rest)
{
    (void)rest;
    dialog_ask(&p->s->dialog);
    smtp_mail_end(&p->s->mail, p->sink);
}

/* bdat: a number, and LAST. */
static void bdat(struct pass *p, struct bytes rest)
{
    struct state *s = p->s;
    size_t n = 0;
    uint64_t left = 0;
    for (; n < rest.len && n < 18 && rest.data[n] >= '0' && rest.data[n] <= '9'; n++)
        left = left * 10 + (uint64_t)(rest.data[n] - '0');
    struct bytes behind = {rest.data + n, rest.len - n};
    dialog_ask(&s->dialog);
    if (n == 0)
        return;
    while (behind.len > 0 && behind.data[0] == ' ') {
        behind.data++;
        behind.len--;
    }
    s->left = left;
    s->last = bytes_begin_any_case(behind, "LAST");
    s->mode = MODE_CHUNK;
    smtp_mail_begin(&s->mail, p->sink);
}

static const struct verb {
    const char *word;
    void (*take)(struct pass *p, struct bytes rest);
} verbs[] = {
    {"STARTTLS", starttls}, {"AUTH", auth}, {"DATA", data}, {"BDAT", bdat}, {"RSET", rset}};

static void command(struct pass *p, struct bytes line)
{
    struct bytes rest;
    p->s->mode = MODE_COMMAND;
    for (unsigned i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (dialog_verb(line, verbs[i].word, &rest)) {
            verbs[i].take(p, rest);
            return;
        }
    dialog_ask(&p->s->dialog);
}

static void take_line(struct pass *p)
{
    struct state *s = p->s;
    struct bytes line = {s->line.data, s->line.len};
    if (s->torn)
        s->torn = false;
    else if (s->mode != MODE_AUTH || !auth_line(p, line))
        command(p, line);
}

/* chunk_over: once its bytes have come, of which there may be none. */
static void chunk_over(struct pass *p)
{
    if (p->s->mode != MODE_CHUNK || p->s->left > 0)
        return;
    p->s->mode = MODE_COMMAND;
    if (p->s->last)
        smtp_mail_end(&p->s->mail, p->sink);
}

static uint32_t read_chunk(struct pass *p, const uint8_t *data, uint32_t len)
{
    struct state *s = p->s;
    uint32_t n = s->left < len ? (uint32_t)s->left : len;
    s->left -= n;
    smtp_mail_bytes(&s->mail, (struct bytes){data, n}, p->sink);
    chunk_over(p);
    return n;
}

/* ---- the mail behind DATA ---- */

static void mail_over(struct pass *p)
{
    p->s->mode = MODE_COMMAND;
    p->s->line.len = 0;
    p->s->line.whole = p->s->line.cut = false;
    smtp_mail_end(&p->s->mail, p->sink);
}

/* read_dot: behind a dot that began a line: the end, or it is taken off. */
static uint32_t read_dot(struct pass *p, uint8_t byte)
{
    struct state *s = p->s;
    if (byte == '\n') {
        mail_over(p);
        return 1;
    }
    if (s->place == PLACE_DOT && byte == '\r') {
        s->place = PLACE_DOT_CR;
        return 1;
    }
    if (s->place == PLACE_DOT_CR)
        smtp_mail_bytes(&s->mail, (struct bytes){(const uint8_t *)"\r", 1}, p->sink);
    s->place = PLACE_WITHIN;
    return 0;
}

/* read_mail: up to a byte that decides. */
static uint32_t read_mail(struct pass *p, const uint8_t *data, uint32_t len)
{
    struct state *s = p->s;
    if (s->place == PLACE_DOT || s->place == PLACE_DOT_CR)
        return read_dot(p, data[0]);
    if (s->place == PLACE_BEGINNING && data[0] == '.') {
        s->place = PLACE_DOT;
        return 1;
    }
    /* As many lines as begin with no dot. */
    uint32_t n = 0;
    do {
        const uint8_t *lf = memchr(data + n, '\n', len - n);
        s->place = lf ? PLACE_BEGINNING : PLACE_WITHIN;
        n = lf ? (uint32_t)(lf - data) + 1 : len;
    } while (n < len && data[n] != '.');
    smtp_mail_bytes(&s->mail, (struct bytes){data, n}, p->sink);
    return n;
}

/* ---- replies ---- */

/* goes_on: 3yz: more is wanted for the same command. */
static void goes_on(struct pass *p)
{
    const struct dialog_command *c = dialog_next(&p->s->dialog);
    if (!c)
        dialog_answer(&p->s->dialog, 300, p->now, p->sink, &(struct dialog_command){0});
}

static void reply(struct pass *p, uint16_t code)
{
    struct state *s = p->s;
    struct dialog_command c;
    if (code < 200)
        return;
    if (code / 100 == 3) {
        goes_on(p);
        return;
    }
    if (!dialog_answer(&s->dialog, code, p->now, p->sink, &c))
        return;
    if (c.login)
        dialog_tell(&s->dialog, &c, code, p->now, p->sink);
    if (c.kind == KIND_AUTH && s->mode == MODE_AUTH)
        s->mode = MODE_COMMAND;
    /* It was not wanted; or it was taken, and its end is missing. */
    if (c.kind == KIND_DATA && s->mode == MODE_MAIL && (code >= 400 || !s->mail.open))
        mail_over(p);
    s->over |= c.kind == KIND_STARTTLS && code == TLS_READY;
}

/* ---- the stream ---- */

static uint32_t from_server(struct pass *p, const uint8_t *data, uint32_t len)
{
    uint16_t code;
    uint32_t n = dialog_read(&p->s->dialog, data, len, false, &code);
    if (code)
        reply(p, code);
    return n;
}

static uint32_t from_client(struct pass *p, const uint8_t *data, uint32_t len)
{
    struct state *s = p->s;
    if (s->mode == MODE_MAIL)
        return read_mail(p, data, len);
    if (s->mode == MODE_CHUNK)
        return read_chunk(p, data, len);
    if (head_line_take(&s->line, *data)) {
        take_line(p);
        chunk_over(p);
    }
    return 1;
}

static void finish(struct pass *p, enum outcome outcome)
{
    smtp_mail_end(&p->s->mail, p->sink);
    dialog_end(&p->s->dialog, outcome, p->now, p->sink);
}

static void feed(void *state, enum proto_direction dir, int64_t now, const uint8_t *data,
                 uint32_t len, const struct proto_sink *sink)
{
    struct state *s = state;
    struct pass p = {.s = s, .sink = sink, .now = now};
    if (len > 0)
        dialog_begin(&s->dialog, sink);
    while (len > 0 && !s->over) {
        uint32_t n =
            dir == PROTO_TO_CLIENT ? from_server(&p, data, len) : from_client(&p, data, len);
        data += n;
        len -= n;
    }
    if (s->over)
        finish(&p, OUTCOME_SEEN);
}

/* lost: which answer is to which command is not known any longer. */
static void lost(struct pass *p, enum proto_direction dir)
{
    struct state *s = p->s;
    dialog_close(&s->dialog, OUTCOME_SEEN, p->now, p->sink);
    if (s->mode == MODE_AUTH)
        s->mode = MODE_COMMAND;
    if (dir == PROTO_TO_CLIENT)
        dialog_torn(&s->dialog);
    else
        s->torn = true;
}

/* gap: the end of a mail may be in it; what comes behind is not told, until it shows. */
static void gap(void *state, enum proto_direction dir, int64_t now, uint32_t len,
                const struct proto_sink *sink)
{
    struct state *s = state;
    struct pass p = {.s = s, .sink = sink, .now = now};
    if (s->over)
        return;
    sink->anomaly(sink->ctx, PROTO_ANOMALY_LOST_SYNC, dir);
    if (dir == PROTO_TO_SERVER)
        smtp_mail_end(&s->mail, sink);
    if (dir == PROTO_TO_SERVER && s->mode == MODE_MAIL) {
        s->place = PLACE_WITHIN;
    } else if (dir == PROTO_TO_SERVER && s->mode == MODE_CHUNK && len > 0 && len <= s->left) {
        s->left -= len;
        chunk_over(&p);
    } else {
        if (dir == PROTO_TO_SERVER)
            s->mode = MODE_COMMAND;
        lost(&p, dir);
    }
}

static void end(void *state, int64_t now, enum outcome open_requests, const struct proto_sink *sink)
{
    struct pass p = {.s = state, .sink = sink, .now = now};
    finish(&p, open_requests);
}

static enum proto_over over(const void *state)
{
    const struct state *s = state;
    return s->over ? PROTO_GIVES_WAY : PROTO_GOES_ON; /* STARTTLS */
}

/* probe_client: Suricata knows the first two alone, and QUIT, with which other dialogs end too. */
static int probe_client(struct bytes text)
{
    static const char *const begins[] = {
        "EHLO",   "HELO",   "MAIL FROM:", "RCPT TO:", "AUTH ", "STARTTLS", "DATA\r",   "RSET\r",
        "NOOP\r", "QUIT\r", "VRFY ",      "EXPN ",    "BDAT ", "HELP",     "XCLIENT ", "XFORWARD "};
    for (unsigned i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        size_t n = strlen(begins[i]);
        char begin[12];
        memcpy(begin, begins[i], n + 1);
        if (text.len < n)
            begin[text.len] = 0;
        if (bytes_begin_any_case(text, begin))
            return text.len >= n && i < 2;
    }
    return -1;
}

static int probe(const uint8_t *data, uint32_t len, bool *from_server)
{
    struct bytes text = {data, len};
    if (dialog_is_answer(data, len) < 0) {
        int verdict = probe_client(text);
        *from_server &= verdict <= 0;
        return verdict;
    }
    bool greeting = dialog_greets_as(text, "SMTP");
    *from_server |= greeting;
    return greeting;
}

const struct proto_parser smtp_parser = {
    .protocol = PROTOCOL_SMTP,
    .port = 25,
    .state_size = sizeof(struct state),
    .probe = probe,
    .feed = feed,
    .gap = gap,
    .deadline = heads_deadline,
    .expire = heads_expire,
    .end = end,
    .over = over,
};
