/* Rule files: lines joined, comments counted, each rule parsed by header and keywords. */
#include "rules/signature.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 20)

int rule_fault(struct rule_reader *r, size_t at, int error, const char *reason, const char *format,
               ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct diag_pos pos = {.file = r->file, .line = r->line, .col = 1};
    for (size_t i = 0; i < at && i < r->len; i++) {
        pos.col++;
        if (r->raw[i] == '\n') {
            pos.line++;
            pos.col = 1;
        }
    }
    r->reason = reason;
    return diag_error(r->diags, error, pos, NULL, "%s", text);
}

static void count_reason(struct parse_counts *counts, const char *reason)
{
    const size_t most = sizeof counts->reasons / sizeof counts->reasons[0];
    for (size_t i = 0; i < counts->n_reasons; i++)
        if (strcmp(counts->reasons[i].reason, reason) == 0) {
            counts->reasons[i].n++;
            return;
        }
    if (counts->n_reasons < most)
        counts->reasons[counts->n_reasons++] = (struct rejection){reason, 1};
}

/* normalised: the rule's text with runs of blanks as one; what digests are over. */
static void digest_rule(struct signature *s, const char *text, size_t len)
{
    struct text out = {0};
    bool blank = true;
    for (size_t i = 0; i < len; i++) {
        bool is_blank = isspace((unsigned char)text[i]);
        if (!is_blank)
            text_append(&out, text + i, 1);
        else if (!blank)
            text_puts(&out, " ");
        blank = is_blank;
    }
    while (out.len && out.data[out.len - 1] == ' ')
        out.len--;
    sha256(s->digest, text_str(&out), out.len);
    text_free(&out);
}

static struct signature *room_for_one(struct signature_list *list)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct signature *grown = realloc(list->items, cap * sizeof *grown);
        if (!grown)
            return NULL;
        list->items = grown;
        list->cap = cap;
    }
    struct signature *s = &list->items[list->n];
    memset(s, 0, sizeof *s);
    return s;
}

/* parse_rule: raw text of one rule, line breaks and all. */
static int parse_rule(struct rule_context *ctx, struct rule_reader *r, struct signature_list *out)
{
    char *text = arena_strndup(ctx->arena, r->raw, r->len);
    struct signature *s = room_for_one(out);
    if (!text || !s)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->len; i++)
        if (text[i] == '\n' || text[i] == '\r' ||
            (text[i] == '\\' && i + 1 < r->len && (text[i + 1] == '\n' || text[i + 1] == '\r')))
            text[i] = ' ';
    r->text = text;
    r->sig = s;
    s->pos = (struct diag_pos){.file = r->file, .line = r->line, .col = 1};
    int error = header_parse(r);
    if (!error)
        error = keywords_parse(r);
    if (error)
        return error;
    for (r->at++; r->at < r->len; r->at++)
        if (!isspace((unsigned char)r->text[r->at]))
            return rule_fault(r, r->at, ERR_SYNTAX, "behind the rule",
                              "something follows the closing bracket");
    digest_rule(s, text, r->len);
    out->n++;
    return 0;
}

/* rule_length: up to the end of the line, or of the last line when lines end in a backslash. */
static size_t rule_length(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] == '\n') {
            size_t back = i;
            if (back && data[back - 1] == '\r')
                back--;
            if (!back || data[back - 1] != '\\')
                return i;
        }
    return len;
}

static bool looks_disabled(const char *line, size_t len)
{
    static const char *const words[] = {"alert ", "drop ", "pass ", "reject "};
    while (len && (*line == '#' || isspace((unsigned char)*line))) {
        line++;
        len--;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (len > strlen(words[i]) && memcmp(line, words[i], strlen(words[i])) == 0)
            return memchr(line, '(', len) != NULL;
    return false;
}

int rules_parse_file(struct rule_context *ctx, const char *path, struct signature_list *out,
                     struct parse_counts *counts, struct diags *diags)
{
    struct text data = {0};
    int error = file_read(path, FILE_BYTES_MAX, &data);
    if (error) {
        diag_error(diags, error, diag_file(path), NULL, "cannot read: %s",
                   error == ERR_RANGE ? "larger than 256 MiB" : strerror(errno));
        text_free(&data);
        return error;
    }
    const char *file = arena_strdup(ctx->arena, path);
    uint32_t line = 1;
    for (size_t at = 0; at < data.len;) {
        const char *raw = data.data + at;
        size_t len = rule_length(raw, data.len - at), lead = 0;
        while (lead < len && isspace((unsigned char)raw[lead]) && raw[lead] != '\n')
            lead++;
        if (lead < len && raw[lead] == '#') {
            /* A comment ends with its line, whatever stands before the break. */
            const char *end = memchr(raw, '\n', data.len - at);
            len = end ? (size_t)(end - raw) : data.len - at;
            counts->disabled += looks_disabled(raw, len);
        } else if (lead < len && raw[lead] != '\n' && raw[lead] != '\r') {
            struct rule_reader r = {
                .ctx = ctx, .raw = raw, .len = len, .file = file, .line = line, .diags = diags};
            counts->rules++;
            if (parse_rule(ctx, &r, out)) {
                counts->rejected++;
                count_reason(counts, r.reason ? r.reason : "out of memory");
            }
        }
        for (size_t i = 0; i < len; i++)
            line += raw[i] == '\n';
        counts->lines++;
        at += len + 1;
        line++;
    }
    text_free(&data);
    return 0;
}
