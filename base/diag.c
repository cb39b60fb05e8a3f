/* Diagnostics: a growing list of owned strings. */
#include "base/diag.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 1000

static struct diag *diags_room(struct diags *list)
{
    size_t limit = list->limit ? list->limit : DEFAULT_LIMIT;
    if (list->n >= limit)
        return NULL;
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 8;
        struct diag *items = realloc(list->items, cap * sizeof *items);
        if (!items)
            return NULL;
        list->items = items;
        list->cap = cap;
    }
    return &list->items[list->n];
}

int diag_add(struct diags *list, enum diag_level level, int error, struct diag_pos pos,
             const char *hint, const char *format, ...)
{
    if (!list)
        return error;
    if (level == DIAG_ERROR)
        list->errors++;
    else if (level == DIAG_WARNING)
        list->warnings++;
    struct diag *d = diags_room(list);
    if (!d)
        return error;
    *d = (struct diag){.level = level, .error = error, .pos = pos};
    va_list args;
    va_start(args, format);
    if (vasprintf(&d->text, format, args) < 0)
        d->text = NULL;
    va_end(args);
    d->hint = hint ? strdup(hint) : NULL;
    d->pos.file = pos.file ? strdup(pos.file) : NULL;
    list->n++;
    return error;
}

static void diag_print(const struct diag *d, FILE *out)
{
    static const char *const levels[] = {"note", "warning", "error"};
    if (d->pos.file)
        fprintf(out, "%s:", d->pos.file);
    if (d->pos.line)
        fprintf(out, "%u:", d->pos.line);
    if (d->pos.line && d->pos.col)
        fprintf(out, "%u:", d->pos.col);
    if (d->pos.packet)
        fprintf(out, "packet %lu:", d->pos.packet);
    fprintf(out, "%s%s: %s", d->pos.file || d->pos.line || d->pos.packet ? " " : "",
            levels[d->level], d->text ? d->text : error_text(d->error));
    if (d->hint)
        fprintf(out, " (hint: %s)", d->hint);
    fputc('\n', out);
}

void diags_print(const struct diags *list, FILE *out)
{
    size_t notes = 0;
    for (size_t i = 0; i < list->n; i++) {
        diag_print(&list->items[i], out);
        notes += list->items[i].level == DIAG_NOTE;
    }
    size_t kept = list->n - notes;
    if (list->errors + list->warnings > kept)
        fprintf(out, "... and %zu more\n", list->errors + list->warnings - kept);
}

void diags_free(struct diags *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free((char *)list->items[i].pos.file);
        free(list->items[i].text);
        free(list->items[i].hint);
    }
    free(list->items);
    *list = (struct diags){.limit = list->limit};
}

void diags_move(struct diags *into, struct diags *from, enum diag_level at_most)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct diag *d = &from->items[i];
        diag_add(into, d->level < at_most ? d->level : at_most, d->error, d->pos, d->hint, "%s",
                 d->text ? d->text : error_text(d->error));
    }
    diags_free(from);
}
