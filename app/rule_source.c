/* Finding a rule by the text of its sid. */
#include "app/rule_source.h"

#include "base/error.h"
#include "base/file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 20)

/* has_sid: does the line hold `sid:N;`? */
static bool has_sid(const char *line, size_t len, uint32_t sid)
{
    for (size_t at = 0; at + 4 < len; at++) {
        if (memcmp(line + at, "sid", 3) != 0 || (at && isalnum((unsigned char)line[at - 1])))
            continue;
        size_t p = at + 3;
        while (p < len && isblank((unsigned char)line[p]))
            p++;
        if (p == len || line[p++] != ':')
            continue;
        while (p < len && isblank((unsigned char)line[p]))
            p++;
        uint64_t number = 0;
        size_t digits = p;
        while (p < len && isdigit((unsigned char)line[p]) && number <= UINT32_MAX)
            number = number * 10 + (uint64_t)(line[p++] - '0');
        if (p > digits && number == sid)
            return true;
    }
    return false;
}

static bool is_commented(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && isblank((unsigned char)line[i]))
        i++;
    return i < len && line[i] == '#';
}

static bool goes_on(const char *line, size_t len)
{
    while (len && isspace((unsigned char)line[len - 1]))
        len--;
    return len && line[len - 1] == '\\';
}

static void find_in(const char *file, const struct text *data, uint32_t sid,
                    struct rule_source *out)
{
    uint32_t number = 1, first = 1;
    for (size_t at = 0; at < data->len; number++) {
        const char *line = data->data + at, *end = memchr(line, '\n', data->len - at);
        size_t len = end ? (size_t)(end - line) : data->len - at;
        if (has_sid(line, len, sid)) {
            bool commented = is_commented(line, len);
            if (!out->file || (out->commented && !commented))
                *out = (struct rule_source){file, first, number, commented};
        }
        if (!goes_on(line, len))
            first = number + 1;
        at += len + 1;
    }
}

int rule_source_find(const struct option_list *files, uint32_t sid, struct rule_source *out)
{
    *out = (struct rule_source){0};
    for (size_t i = 0; i < files->n; i++) {
        struct text data = {0};
        int error = file_read(files->items[i], FILE_BYTES_MAX, &data);
        if (error)
            return error;
        find_in(files->items[i], &data, sid, out);
        text_free(&data);
    }
    return 0;
}
