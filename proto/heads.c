/* Lines of text, and no deadlines. */
#include "proto/heads.h"

#include <string.h>

bool head_line_take(struct head_line *line, uint8_t byte)
{
    if (line->whole) {
        line->len = 0;
        line->whole = line->cut = false;
    }
    if (byte == '\n') {
        if (line->len > 0 && !line->cut && line->data[line->len - 1] == '\r')
            line->len--;
        line->whole = true;
    } else if (line->len < HEAD_LINE_MAX) {
        line->data[line->len++] = byte;
    } else {
        line->cut = true;
    }
    return line->whole;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool bytes_begin(struct bytes b, const char *text)
{
    size_t len = strlen(text);
    return b.len >= len && memcmp(b.data, text, len) == 0;
}

bool bytes_begin_any_case(struct bytes b, const char *text)
{
    for (size_t i = 0; text[i]; i++)
        if (i >= b.len || lower(b.data[i]) != lower((uint8_t)text[i]))
            return false;
    return true;
}

struct bytes head_line_value(const struct head_line *line, const char *name)
{
    struct bytes b = {line->data, line->len};
    if (!bytes_begin_any_case(b, name))
        return (struct bytes){0};
    b.data += strlen(name);
    b.len -= strlen(name);
    while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t')) {
        b.data++;
        b.len--;
    }
    while (b.len > 0 && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t'))
        b.len--;
    return b;
}

uint8_t bytes_keep(uint8_t *to, size_t room, struct bytes from)
{
    size_t n = from.len < room ? from.len : room;
    if (n)
        memcpy(to, from.data, n);
    return (uint8_t)n;
}

int64_t heads_deadline(const void *state)
{
    (void)state;
    return INT64_MAX;
}

void heads_expire(void *state, int64_t now, const struct proto_sink *sink)
{
    (void)state;
    (void)now;
    (void)sink;
}
