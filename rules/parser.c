/* Rule files: lines joined, comments counted, each rule parsed by header and keywords. */
#include "rules/signature.h"

#include "base/error.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 20)

/* continued: the bytes of a line's end at data[0] that a backslash makes go on: the backslash,
 * blanks and the break; 0 when nothing goes on here. */
static size_t continued(const char *data, size_t len)
{
    size_t n = 1;
    if (len == 0 || *data != '\\')
        return 0;
    while (n < len && data[n] != '\n' && isspace((unsigned char)data[n]))
        n++;
    return n < len && data[n] == '\n' ? n + 1 : 0;
}

int rule_fault(struct rule_reader *r, size_t at, int error, const char *reason, const char *format,
               ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct diag_pos pos = {.file = r->file, .line = r->line, .col = 1};
    for (size_t i = 0;; i++) {
        size_t joined;
        while ((joined = continued(r->raw + i, r->raw_len - i)) != 0) {
            i += joined;
            pos.line++;
            pos.col = 1;
        }
        if (at-- == 0 || i >= r->raw_len)
            break;
        pos.col++;
    }
    r->reason = reason;
    return diag_error(r->diags, error, pos, NULL, "%s", text);
}

int rule_view(struct rule_reader *r, size_t at, unsigned view)
{
    if (r->sig->views && r->sig->views != view)
        return rule_fault(r, at, ERR_SCHEMA, "packets and streams",
                          "this looks at %s, what is before it at %s",
                          view == VIEW_STREAM ? "streams" : "packets",
                          view == VIEW_STREAM ? "packets" : "streams");
    r->sig->views = (uint8_t)view;
    r->view_at = at;
    return 0;
}

void rules_count_reason(struct parse_counts *counts, const char *reason)
{
    size_t i = 0;
    while (i < counts->n_reasons && strcmp(counts->reasons[i].reason, reason) != 0)
        i++;
    if (i + 1 >= REASONS_MAX) {
        i = REASONS_MAX - 1;
        reason = "other reasons";
    }
    counts->reasons[i].reason = reason;
    counts->reasons[i].n++;
    counts->n_reasons += i == counts->n_reasons;
}

/* room_for_one: its parts are read into the room. */
static struct signature *room_for_one(struct signature_list *list, struct signature_room *room)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct signature *grown = realloc(list->items, cap * sizeof *grown);
        if (!grown)
            return NULL;
        list->items = grown;
        list->cap = cap;
    }
    memset(room, 0, sizeof *room);
    struct signature *s = &list->items[list->n];
    *s = (struct signature){.contents = room->contents,
                            .sections = room->sections,
                            .tests = room->tests,
                            .flowbits = room->flowbits,
                            .flowints = room->flowints,
                            .pair_bits = room->pair_bits,
                            .tags = room->tags};
    return s;
}

static void *copy_of(struct arena *arena, const void *items, size_t bytes, bool *failed)
{
    void *copy = bytes ? arena_memdup(arena, items, bytes) : NULL;
    *failed |= bytes && !copy;
    return copy;
}

/* pack: what the rule has of the room, one behind the other. */
static int pack(struct arena *arena, struct signature *s)
{
    bool failed = false;
#define PACK(part) s->part = copy_of(arena, s->part, s->n_##part * sizeof *s->part, &failed)
    PACK(contents);
    PACK(sections);
    PACK(tests);
    PACK(flowbits);
    PACK(flowints);
    PACK(pair_bits);
    PACK(tags);
#undef PACK
    return failed ? ERR_NOMEM : 0;
}

/* join: raw text in one line, as the language has it: what is behind a backslash at the end of a
 * line goes on at its place. */
static void join(const struct rule_reader *r, struct text *out)
{
    text_clear(out);
    for (size_t i = 0; i < r->raw_len;) {
        const char *mark = memchr(r->raw + i + 1, '\\', r->raw_len - i - 1);
        size_t joined = continued(r->raw + i, r->raw_len - i),
               plain = (mark ? (size_t)(mark - r->raw) : r->raw_len) - i;
        if (!joined)
            text_append(out, r->raw + i, plain);
        i += joined ? joined : plain;
    }
    while (out->len && isspace((unsigned char)out->data[out->len - 1]))
        out->len--;
}

static int parse_parts(struct rule_reader *r)
{
    const char *nul = memchr(r->text, 0, r->len);
    if (nul)
        return rule_fault(r, (size_t)(nul - r->text), ERR_SYNTAX, "NUL byte",
                          "a NUL byte in a rule");
    int error = header_parse(r);
    if (!error)
        error = keywords_parse(r);
    if (error)
        return error;
    for (r->at++; r->at < r->len; r->at++)
        if (!isspace((unsigned char)r->text[r->at]))
            return rule_fault(r, r->at, ERR_SYNTAX, "behind the rule",
                              "something follows the closing bracket");
    return r->normal.failed ? ERR_NOMEM : 0;
}

/* parse_rule: one rule; `line` is a text to work with. */
static int parse_rule(struct rule_reader *r, struct text *line, struct signature_list *out)
{
    struct rule_context *ctx = r->ctx;
    struct signature_room room;
    unsigned n_flowbits = ctx->n_flowbits, n_flowints = ctx->n_flowints;
    join(r, line);
    r->sig = room_for_one(out, &room);
    if (line->failed || !r->sig)
        return ERR_NOMEM;
    r->text = text_str(line);
    r->len = line->len;
    r->sig->pos = (struct diag_pos){.file = r->file, .line = r->line, .col = 1};
    int error = parse_parts(r);
    if (!error)
        error = pack(ctx->arena, r->sig);
    if (error) {
        ctx->n_flowbits = n_flowbits; /* names of a rule that is not there take no room */
        ctx->n_flowints = n_flowints;
        return error;
    }
    sha256(r->sig->digest, text_str(&r->normal), r->normal.len);
    out->n++;
    if (ctx->normal) {
        text_append(ctx->normal, text_str(&r->normal), r->normal.len);
        text_puts(ctx->normal, "\n");
    }
    return 0;
}

/* rule_length: up to the end of the line, or of the last line when lines go on. */
static size_t rule_length(const char *data, size_t len)
{
    for (size_t from = 0;;) {
        const char *end = memchr(data + from, '\n', len - from), *last = end;
        if (!end)
            return len;
        while (last > data + from && isspace((unsigned char)last[-1]))
            last--;
        if (last == data + from || last[-1] != '\\')
            return (size_t)(end - data);
        from = (size_t)(end - data) + 1;
    }
}

static bool looks_disabled(const char *line, size_t len)
{
    static const char *const words[] = {"alert", "drop", "pass", "reject"};
    while (len && (*line == '#' || isspace((unsigned char)*line))) {
        line++;
        len--;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (len > strlen(words[i]) && memcmp(line, words[i], strlen(words[i])) == 0)
            return memchr(line, '(', len) != NULL;
    return false;
}

int rules_parse_text(struct rule_context *ctx, const char *file, const char *data, size_t len,
                     struct signature_list *out, struct parse_counts *counts, struct diags *diags)
{
    struct text joined = {0}, normal = {0};
    uint32_t line = 1;
    int error = 0;
    for (size_t at = 0; at < len && error != ERR_NOMEM;) {
        const char *raw = data + at;
        size_t raw_len = rule_length(raw, len - at), lead = 0;
        while (lead < raw_len && raw[lead] != '\n' && isspace((unsigned char)raw[lead]))
            lead++;
        if (lead < raw_len && raw[lead] == '#') {
            /* A comment ends with its line, whatever stands before the break. */
            const char *end = memchr(raw, '\n', len - at);
            raw_len = end ? (size_t)(end - raw) : len - at;
            counts->disabled += looks_disabled(raw, raw_len);
        } else if (lead < raw_len) {
            struct rule_reader r = {.ctx = ctx,
                                    .normal = normal,
                                    .file = file,
                                    .line = line,
                                    .raw = raw,
                                    .raw_len = raw_len,
                                    .diags = diags};
            text_clear(&r.normal);
            counts->rules++;
            error = parse_rule(&r, &joined, out);
            normal = r.normal;
            if (error) {
                counts->rejected++;
                rules_count_reason(counts, r.reason ? r.reason : "out of memory");
            }
        }
        for (size_t i = 0; i < raw_len; i++)
            line += raw[i] == '\n';
        at += raw_len + 1;
        line++;
    }
    counts->lines += line - 1;
    text_free(&joined);
    text_free(&normal);
    return error == ERR_NOMEM ? error : 0;
}

int rules_parse_file(struct rule_context *ctx, const char *path, struct signature_list *out,
                     struct parse_counts *counts, struct diags *diags)
{
    struct text data = {0};
    const char *file = arena_strdup(ctx->arena, path);
    int error = file ? file_read(path, FILE_BYTES_MAX, &data) : ERR_NOMEM;
    if (error)
        diag_error(diags, error, diag_file(path), NULL, "cannot read: %s",
                   error == ERR_RANGE ? "larger than 256 MiB" : strerror(errno));
    else
        error = rules_parse_text(ctx, file, text_str(&data), data.len, out, counts, diags);
    text_free(&data);
    return error;
}
