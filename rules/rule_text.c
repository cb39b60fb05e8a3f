/* Walking over options: they end with semicolons that are not escaped, in quotes or not. */
#include "rules/rule_text.h"

#include <ctype.h>

static void step(struct rule_walk *w)
{
    bool ends = w->text[w->at++] == '\n';
    w->line += ends;
    w->col = ends ? 1 : w->col + 1;
}

static bool is_at(const struct rule_walk *w, char c)
{
    return w->at < w->len && w->text[w->at] == c;
}

static bool blank_here(const struct rule_walk *w)
{
    if (w->at == w->len)
        return false;
    char c = w->text[w->at];
    return isspace((unsigned char)c) ||
           (c == '\\' && w->at + 1 < w->len && isspace((unsigned char)w->text[w->at + 1]));
}

struct rule_walk rule_walk_begin(const char *text, size_t len, uint32_t line)
{
    struct rule_walk w = {.text = text, .len = len, .line = line, .col = 1};
    while (w.at < w.len && !is_at(&w, '('))
        step(&w);
    if (w.at < w.len)
        step(&w);
    return w;
}

static size_t trimmed(const char *text, size_t len)
{
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    return len;
}

/* skip_value: up to the semicolon. */
static void skip_value(struct rule_walk *w)
{
    for (; w->at < w->len && !is_at(w, ';'); step(w))
        if (is_at(w, '\\') && w->at + 1 < w->len)
            step(w);
}

bool rule_walk_next(struct rule_walk *w, struct rule_option *out)
{
    while (blank_here(w))
        step(w);
    if (w->at == w->len || is_at(w, ')'))
        return false;
    *out =
        (struct rule_option){.name = w->text + w->at, .value = "", .line = w->line, .col = w->col};
    size_t from = w->at;
    while (w->at < w->len && !is_at(w, ':') && !is_at(w, ';'))
        step(w);
    out->name_len = trimmed(out->name, w->at - from);
    if (is_at(w, ':')) {
        step(w);
        while (blank_here(w))
            step(w);
        out->value = w->text + w->at;
        from = w->at;
        skip_value(w);
        out->value_len = trimmed(out->value, w->at - from);
    }
    if (w->at == w->len)
        return false;
    step(w);
    return true;
}
