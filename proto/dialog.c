/* Answers by the first bytes of their lines; a queue of commands with their numbers. */
#include "proto/dialog.h"
#include "proto/heads.h"

#include <string.h>

#define GREETING  220u
#define CLOSING   421u /* RFC 959, 4.2; RFC 5321, 3.8 */
#define NO_SMTP   554u /* RFC 5321, 3.1 */
#define BAD_LOGIN 430u /* of FTP servers that tell it from 530 */

void dialog_begin(struct dialog *d, const struct proto_sink *sink)
{
    if (d->begun)
        return;
    d->begun = true;
    d->began = sink->seen_ns;
}

/* ---- answers ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* code_of: of the line that is over; 0: it has none. */
static uint16_t code_of(const struct dialog *d)
{
    const uint8_t *h = d->head;
    if (d->n_head < 3 || !is_digit(h[0]) || !is_digit(h[1]) || !is_digit(h[2]) ||
        (d->n_head > 3 && h[3] != '-' && !is_blank(h[3])))
        return 0;
    return (uint16_t)((h[0] - '0') * 100 + (h[1] - '0') * 10 + (h[2] - '0'));
}

/* is_pop3: RFC 1939, 3 */
static bool is_pop3(const struct dialog *d)
{
    return d->n_head >= 3 && (memcmp(d->head, "+OK", 3) == 0 || memcmp(d->head, "-ER", 3) == 0);
}

/* line_over: the code of the answer that ends with the line, 0 if none does. */
static uint16_t line_over(struct dialog *d, bool same_code)
{
    uint16_t code = code_of(d), first = d->code;
    bool more = d->n_head == 4 && d->head[3] == '-';
    d->pop3 |= !code && !first && is_pop3(d);
    d->n_head = 0;
    if (code == 0 || (first && same_code && code != first))
        return 0;
    d->code = more ? code : 0;
    return more ? 0 : code;
}

uint32_t dialog_read(struct dialog *d, const uint8_t *data, uint32_t len, bool same_code,
                     uint16_t *code)
{
    const uint8_t *lf = memchr(data, '\n', len);
    uint32_t n = lf ? (uint32_t)(lf - data) : len;
    for (uint32_t i = 0; i < n && d->n_head < sizeof d->head && !d->skip; i++)
        d->head[d->n_head++] = data[i];
    *code = lf && !d->skip ? line_over(d, same_code) : 0;
    d->skip &= !lf;
    return lf ? n + 1 : n;
}

void dialog_torn(struct dialog *d)
{
    d->skip = true;
    d->n_head = 0;
    d->code = 0;
}

/* ---- commands ---- */

void dialog_ask(struct dialog *d)
{
    d->asked++;
}

static struct dialog_command take_oldest(struct dialog *d)
{
    struct dialog_command oldest = d->waiting[0];
    d->n_waiting--;
    memmove(&d->waiting[0], &d->waiting[1], d->n_waiting * sizeof d->waiting[0]);
    return oldest;
}

static void tell(struct dialog *d, const struct dialog_command *command, enum outcome outcome,
                 uint16_t code, int64_t now, const struct proto_sink *sink)
{
    struct proto_session session = {.outcome = (uint8_t)outcome,
                                    .code = code,
                                    .user = {command->user, command->user_len},
                                    .request_ns = command->ns,
                                    .answer_ns = now};
    d->told = true;
    sink->session(sink->ctx, &session);
}

struct dialog_command *dialog_keep(struct dialog *d, uint8_t kind, int64_t now,
                                   const struct proto_sink *sink)
{
    if (d->n_waiting == DIALOG_WAITING) {
        struct dialog_command oldest = take_oldest(d);
        sink->anomaly(sink->ctx, PROTO_ANOMALY_OVERFLOW, PROTO_TO_SERVER);
        if (oldest.login)
            tell(d, &oldest, OUTCOME_SEEN, 0, now, sink);
    }
    struct dialog_command *command = &d->waiting[d->n_waiting++];
    *command = (struct dialog_command){.ns = sink->seen_ns, .number = ++d->asked, .kind = kind};
    return command;
}

struct dialog_command *dialog_next(struct dialog *d)
{
    bool kept = d->n_waiting > 0 && d->waiting[0].number == d->answered + 1;
    return kept ? &d->waiting[0] : NULL;
}

struct dialog_command *dialog_newest(struct dialog *d)
{
    return d->n_waiting > 0 ? &d->waiting[d->n_waiting - 1] : NULL;
}

bool dialog_answer(struct dialog *d, uint16_t code, int64_t now, const struct proto_sink *sink,
                   struct dialog_command *out)
{
    bool first = !d->greeted;
    d->greeted = true;
    if (first && code == GREETING)
        return false;
    if (d->answered == d->asked) {
        struct dialog_command nobody = {.ns = d->began};
        if (first && (code == CLOSING || code == NO_SMTP))
            tell(d, &nobody, OUTCOME_REFUSED, code, now, sink);
        return false;
    }
    bool kept = dialog_next(d) != NULL;
    d->answered++;
    if (kept)
        *out = take_oldest(d);
    return kept;
}

void dialog_tell(struct dialog *d, const struct dialog_command *command, uint16_t code, int64_t now,
                 const struct proto_sink *sink)
{
    unsigned kind = code / 100u;
    enum outcome outcome = OUTCOME_SEEN;
    if (kind == 2)
        outcome = OUTCOME_ACKNOWLEDGED;
    else if (code == BAD_LOGIN || (kind == 5 && code > 504))
        outcome = OUTCOME_REFUSED;
    tell(d, command, outcome, code, now, sink);
}

void dialog_close(struct dialog *d, enum outcome outcome, int64_t now,
                  const struct proto_sink *sink)
{
    while (d->n_waiting > 0) {
        struct dialog_command oldest = take_oldest(d);
        if (oldest.login)
            tell(d, &oldest, outcome, 0, now, sink);
    }
    d->answered = d->asked;
}

void dialog_end(struct dialog *d, enum outcome outcome, int64_t now, const struct proto_sink *sink)
{
    struct dialog_command nobody = {.ns = d->began};
    dialog_close(d, outcome, now, sink);
    if (d->begun && !d->told)
        tell(d, &nobody, OUTCOME_SEEN, 0, now, sink);
}

/* ---- lines ---- */

bool dialog_verb(struct bytes line, const char *verb, struct bytes *rest)
{
    size_t n = strlen(verb);
    if (!bytes_begin_any_case(line, verb) || (line.len > n && !is_blank(line.data[n])))
        return false;
    line.data += n;
    line.len -= n;
    while (line.len > 0 && is_blank(line.data[0])) {
        line.data++;
        line.len--;
    }
    while (line.len > 0 && is_blank(line.data[line.len - 1]))
        line.len--;
    *rest = line;
    return true;
}

int dialog_is_answer(const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len && i < 3; i++)
        if (!is_digit(data[i]) || (i == 0 && (data[0] < '1' || data[0] > '5')))
            return -1;
    if (len < 4)
        return 0;
    return data[3] == '-' || is_blank(data[3]) ? 1 : -1;
}

bool dialog_greets_as(struct bytes text, const char *word)
{
    if (dialog_is_answer(text.data, (uint32_t)text.len) <= 0 || !bytes_begin(text, "220"))
        return false;
    for (; text.len > 0; text.data++, text.len--)
        if (bytes_begin_any_case(text, word))
            return true;
    return false;
}
