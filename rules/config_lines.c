#include "rules/config_lines.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX (1u << 20)

int config_fault(const struct config_line *line, const char *at, struct diags *diags,
                 const char *format, ...)
{
    char text[256];
    struct diag_pos pos = line->pos;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pos.col = (uint32_t)(at - line->begin) + 1;
    return diag_error(diags, ERR_SYNTAX, pos, NULL, "%s", text);
}

static int read_lines(const struct config_format *format, const struct text *data, const char *path,
                      struct arena *arena, char *rows, size_t *n, struct diags *diags)
{
    size_t prefix = strlen(format->prefix);
    struct config_line line = {.pos = {.file = path}};
    int error = 0;
    for (const char *at = text_str(data), *all = at + data->len; at < all && !error;) {
        const char *from = at, *end = memchr(at, '\n', (size_t)(all - at));
        line.begin = at;
        line.end = end ? end : all;
        line.pos.line++;
        at = line.end + 1;
        while (from < line.end && isspace((unsigned char)*from))
            from++;
        if (from == line.end || *from == '#')
            continue;
        if ((size_t)(line.end - from) < prefix || memcmp(from, format->prefix, prefix) != 0)
            return config_fault(&line, from, diags, "no line of the form %s %s", format->prefix,
                                format->form);
        line.at = from + prefix;
        line.pos.col = (uint32_t)(from - line.begin) + 1;
        error = format->read(&line, arena, rows + *n * format->row_size, diags);
        *n += !error;
    }
    return error;
}

int config_lines_read(const struct config_format *format, const char *path, struct arena *arena,
                      void **rows, size_t *n, struct diags *diags)
{
    struct text data = {0};
    int error = file_read(path, FILE_BYTES_MAX, &data);
    if (error) {
        text_free(&data);
        return diag_error(diags, error, diag_file(path), NULL, "cannot read: %s", strerror(errno));
    }
    size_t lines = 1;
    for (size_t i = 0; i < data.len; i++)
        lines += data.data[i] == '\n';
    *n = 0;
    *rows = arena_alloc(arena, lines * format->row_size);
    error = *rows ? read_lines(format, &data, path, arena, *rows, n, diags) : ERR_NOMEM;
    text_free(&data);
    return error;
}
