/* Scanning rule files for literals. An option is NAME; or NAME:VALUE; and a semicolon inside
 * quotes, or behind a backslash, does not end it. Of a rule's contents the one marked fast_pattern
 * is taken (only the named piece of it where one is named), else the longest, the first of equals;
 * a negated content is never taken. */
#include "bench/bare_rules.h"

#include "base/error.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULE_FILE_MAX ((size_t)1 << 30)

/* A content while its rule is read; bytes are as long as its text at most. */
struct pick {
    uint8_t *bytes;
    size_t len;
    bool nocase, negated, fast;
};

struct option_text {
    const char *name, *value;
    size_t name_len, value_len;
};

/* next_option: the option at *at; false at the end of the rule. */
static bool next_option(const char **at, const char *end, struct option_text *out)
{
    const char *p = *at;
    while (p < end && isspace((unsigned char)*p))
        p++;
    out->name = p;
    while (p < end && *p != ':' && *p != ';')
        p++;
    if (p == end)
        return false;
    out->name_len = (size_t)(p - out->name);
    out->value = *p == ':' ? p + 1 : p;
    bool quoted = false;
    for (; p < end && (quoted || *p != ';'); p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '"')
            quoted = !quoted;
    }
    out->value_len = p > out->value ? (size_t)(p - out->value) : 0;
    *at = p < end ? p + 1 : end;
    return true;
}

static bool is(const struct option_text *o, const char *name)
{
    size_t len = o->name_len;
    while (len > 0 && isspace((unsigned char)o->name[len - 1]))
        len--;
    return len == strlen(name) && memcmp(o->name, name, len) == 0;
}

/* content_bytes: "text|hex hex|text" with backslash escapes; out is as long as the value. */
static void content_bytes(const struct option_text *o, struct pick *out)
{
    const char *p = o->value, *end = p + o->value_len;
    while (p < end && *p != '"')
        out->negated |= *p++ == '!';
    while (end > p && end[-1] != '"')
        end--;
    bool hex = false;
    unsigned nibbles = 0, byte = 0;
    for (p++, end--; p < end; p++) {
        if (*p == '|') {
            hex = !hex;
        } else if (hex) {
            if (!isxdigit((unsigned char)*p))
                continue;
            byte = byte << 4 |
                   (unsigned)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 32) - 'a' + 10);
            if (++nibbles % 2 == 0)
                out->bytes[out->len++] = (uint8_t)byte;
        } else {
            if (*p == '\\' && p + 1 < end)
                p++;
            out->bytes[out->len++] = (uint8_t)*p;
        }
    }
}

/* chop: fast_pattern:OFFSET,LENGTH names a piece of its content. */
static void chop(const struct option_text *o, struct pick *c)
{
    c->fast = true;
    char *after;
    unsigned long at = strtoul(o->value, &after, 10);
    if (after == o->value || *after != ',')
        return;
    unsigned long len = strtoul(after + 1, NULL, 10);
    if (len == 0 || at + len > c->len)
        return;
    c->bytes += at;
    c->len = len;
}

static int keep(struct bare_literals *l, const struct pick *best)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 1024;
        struct bare_literal *items = realloc(l->items, cap * sizeof *items);
        if (!items)
            return ERR_NOMEM;
        l->items = items;
        l->cap = cap;
    }
    for (size_t i = 0; i < best->len && best->nocase; i++)
        best->bytes[i] = (uint8_t)tolower(best->bytes[i]);
    l->items[l->n++] = (struct bare_literal){best->bytes, best->len, best->nocase};
    return 0;
}

static bool better(const struct pick *a, const struct pick *b)
{
    return a->fast != b->fast ? a->fast : a->len > b->len;
}

static int read_rule(struct bare_literals *l, const char *at, const char *end)
{
    struct pick best = {0}, now = {0};
    struct option_text o;
    l->rules++;
    for (;;) {
        bool more = next_option(&at, end, &o);
        if (!more || is(&o, "content")) {
            if (now.len && !now.negated && better(&now, &best))
                best = now;
            if (!more)
                break;
            now = (struct pick){.bytes = arena_alloc(&l->arena, o.value_len + 1)};
            if (!now.bytes)
                return ERR_NOMEM;
            content_bytes(&o, &now);
        } else if (is(&o, "nocase")) {
            now.nocase = true;
        } else if (is(&o, "fast_pattern")) {
            chop(&o, &now);
        }
    }
    if (best.len == 0) {
        l->no_content++;
        return 0;
    }
    return keep(l, &best);
}

int bare_rules_read(struct bare_literals *l, const char *path, struct diags *diags)
{
    struct text text = {0};
    int error = file_read(path, RULE_FILE_MAX, &text);
    if (error)
        diag_error(diags, error, diag_file(path), NULL, "cannot be read: %s", strerror(errno));
    char *at = text.data, *end = at + text.len;
    while (!error && at && at < end) {
        char *line = at, *stop = memchr(at, '\n', (size_t)(end - at));
        /* A backslash at the end of a line joins the next one to it. */
        while (stop && stop > line && stop[-1] == '\\') {
            stop[-1] = stop[0] = ' ';
            stop = memchr(stop, '\n', (size_t)(end - stop));
        }
        stop = stop ? stop : end;
        at = stop + 1;
        while (line < stop && isspace((unsigned char)*line))
            line++;
        const char *open = memchr(line, '(', (size_t)(stop - line));
        if (line == stop || *line == '#' || !open)
            continue;
        error = read_rule(l, open + 1, stop);
        if (error)
            diag_error(diags, error, diag_file(path), NULL, "out of memory");
    }
    text_free(&text);
    return error;
}

static int compare(const void *a, const void *b)
{
    const struct bare_literal *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
    if (order == 0 && x->len != y->len)
        order = x->len < y->len ? -1 : 1;
    return order ? order : (int)x->nocase - (int)y->nocase;
}

void bare_literals_distinct(struct bare_literals *l, size_t min)
{
    size_t kept = 0;
    if (l->n)
        qsort(l->items, l->n, sizeof *l->items, compare);
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i].len < min || (kept && compare(&l->items[kept - 1], &l->items[i]) == 0))
            continue;
        l->items[kept++] = l->items[i];
    }
    l->n = kept;
}

void bare_literals_free(struct bare_literals *l)
{
    free(l->items);
    arena_free(&l->arena);
    *l = (struct bare_literals){0};
}
