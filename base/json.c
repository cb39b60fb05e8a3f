/* JSON: a writer that puts its own commas, and RFC 8785 for what is hashed or signed. */
#include "base/json.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* begin_value: the comma before a value, unless a key or the beginning is before it. */
static void begin_value(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->has_items >> w->depth & 1)
        text_puts(w->out, ",");
    w->has_items |= 1u << w->depth;
}

static void open_with(struct json_writer *w, const char *bracket)
{
    begin_value(w);
    text_puts(w->out, bracket);
    w->depth++;
    w->has_items &= ~(1u << w->depth);
}

static void close_with(struct json_writer *w, const char *bracket)
{
    w->depth--;
    text_puts(w->out, bracket);
}

void json_open_object(struct json_writer *w)
{
    open_with(w, "{");
}
void json_close_object(struct json_writer *w)
{
    close_with(w, "}");
}
void json_open_array(struct json_writer *w)
{
    open_with(w, "[");
}
void json_close_array(struct json_writer *w)
{
    close_with(w, "]");
}

void json_put_key(struct json_writer *w, const char *key)
{
    json_put_string(w, key);
    text_puts(w->out, ":");
    w->after_key = true;
}

/* utf8_length: bytes of the well-formed character at s, 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    unsigned char c = s[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) ||
        (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void append_escaped(struct text *out, const char *s, size_t len)
{
    static const char short_escapes[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    const unsigned char *p = (const unsigned char *)s;
    text_puts(out, "\"");
    for (size_t i = 0; i < len;) {
        const char *found = p[i] ? strchr(short_escapes, p[i]) : NULL;
        size_t n = utf8_length(p + i, len - i);
        if (found) {
            char pair[2] = {'\\', letters[found - short_escapes]};
            text_append(out, pair, 2);
        } else if (p[i] < 0x20) {
            text_printf(out, "\\u%04x", p[i]);
        } else if (n) {
            text_append(out, p + i, n);
        } else {
            text_puts(out, "\xef\xbf\xbd"); /* U+FFFD */
        }
        i += n ? n : 1;
    }
    text_puts(out, "\"");
}

void json_put_string_len(struct json_writer *w, const char *s, size_t len)
{
    begin_value(w);
    append_escaped(w->out, s, len);
}
void json_put_string(struct json_writer *w, const char *s)
{
    json_put_string_len(w, s, strlen(s));
}
void json_put_u64(struct json_writer *w, uint64_t v)
{
    begin_value(w);
    text_printf(w->out, "%lu", v);
}
void json_put_i64(struct json_writer *w, int64_t v)
{
    begin_value(w);
    text_printf(w->out, "%ld", v);
}
void json_put_i64_string(struct json_writer *w, int64_t v)
{
    begin_value(w);
    text_printf(w->out, "\"%ld\"", v);
}
void json_put_bool(struct json_writer *w, bool v)
{
    begin_value(w);
    text_puts(w->out, v ? "true" : "false");
}
void json_put_null(struct json_writer *w)
{
    begin_value(w);
    text_puts(w->out, "null");
}
void json_put_raw(struct json_writer *w, const char *json, size_t len)
{
    begin_value(w);
    text_append(w->out, json, len);
}

/* append_number: as ECMAScript's Number::toString: the shortest digits that read back as the same
 * double. */
static int append_number(struct text *out, double v)
{
    if (!isfinite(v))
        return ERR_RANGE;
    if (v == 0) {
        text_puts(out, "0"); /* also for -0 */
        return 0;
    }
    char raw[40];
    int precision = 0;
    do
        snprintf(raw, sizeof raw, "%.*e", precision++, v);
    while (strtod(raw, NULL) != v && precision <= 17);
    const char *p = raw;
    if (*p == '-') {
        text_puts(out, "-");
        p++;
    }
    char digit[24];
    int k = 0;
    for (; *p != 'e'; p++)
        if (*p != '.')
            digit[k++] = *p;
    int n = atoi(p + 1) + 1; /* the decimal point stands behind n digits */
    while (k > 1 && digit[k - 1] == '0')
        k--;
    if (k <= n && n <= 21) {
        text_append(out, digit, (size_t)k);
        for (int i = k; i < n; i++)
            text_puts(out, "0");
    } else if (0 < n && n <= 21) {
        text_append(out, digit, (size_t)n);
        text_puts(out, ".");
        text_append(out, digit + n, (size_t)(k - n));
    } else if (-6 < n && n <= 0) {
        text_puts(out, "0.");
        for (int i = n; i < 0; i++)
            text_puts(out, "0");
        text_append(out, digit, (size_t)k);
    } else {
        text_append(out, digit, 1);
        if (k > 1) {
            text_puts(out, ".");
            text_append(out, digit + 1, (size_t)k - 1);
        }
        text_printf(out, "e%c%d", n > 0 ? '+' : '-', abs(n - 1));
    }
    return 0;
}

void json_put_double(struct json_writer *w, double v)
{
    begin_value(w);
    if (append_number(w->out, v))
        text_puts(w->out, "null");
}

json_t *json_read(const char *file, const char *data, size_t len, struct diags *diags)
{
    json_error_t error;
    json_t *value = json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value)
        diag_error(diags, ERR_SYNTAX,
                   (struct diag_pos){.file = file,
                                     .line = error.line > 0 ? (uint32_t)error.line : 0,
                                     .col = error.column > 0 ? (uint32_t)error.column : 0},
                   NULL, "%s", error.text);
    return value;
}

/* utf16_key: a sort key that orders UTF-8 as its UTF-16 code units: only characters beyond U+FFFF,
 * which begin with a surrogate, sort differently from their bytes: before U+E000 to U+FFFF. */
static int compare_utf16(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
    bool x_pair = x >= 0xf0, y_pair = y >= 0xf0;
    if (x_pair != y_pair && x >= 0xee && y >= 0xee)
        return x_pair ? -1 : 1;
    return x - y;
}

static int compare_keys(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return compare_utf16(*x, *y);
}

static int append_value(struct text *out, const json_t *value, unsigned depth);

static int append_object(struct text *out, const json_t *value, unsigned depth)
{
    size_t n = json_object_size(value), i = 0;
    const char **keys = calloc(n ? n : 1, sizeof *keys);
    if (!keys)
        return ERR_NOMEM;
    json_t *object = (json_t *)value; /* jansson's iterator takes no const */
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it))
        keys[i++] = json_object_iter_key(it);
    qsort(keys, n, sizeof *keys, compare_keys);
    int error = 0;
    text_puts(out, "{");
    for (i = 0; i < n && !error; i++) {
        if (i)
            text_puts(out, ",");
        append_escaped(out, keys[i], strlen(keys[i]));
        text_puts(out, ":");
        error = append_value(out, json_object_get(value, keys[i]), depth + 1);
    }
    text_puts(out, "}");
    free(keys);
    return error;
}

static int append_array(struct text *out, const json_t *value, unsigned depth)
{
    int error = 0;
    text_puts(out, "[");
    for (size_t i = 0; i < json_array_size(value) && !error; i++) {
        if (i)
            text_puts(out, ",");
        error = append_value(out, json_array_get(value, i), depth + 1);
    }
    text_puts(out, "]");
    return error;
}

static int append_value(struct text *out, const json_t *value, unsigned depth)
{
    if (depth > 256)
        return ERR_RANGE;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return append_object(out, value, depth);
    case JSON_ARRAY:
        return append_array(out, value, depth);
    case JSON_STRING:
        append_escaped(out, json_string_value(value), json_string_length(value));
        return 0;
    case JSON_INTEGER:
        return append_number(out, (double)json_integer_value(value));
    case JSON_REAL:
        return append_number(out, json_real_value(value));
    case JSON_TRUE:
        text_puts(out, "true");
        return 0;
    case JSON_FALSE:
        text_puts(out, "false");
        return 0;
    default:
        text_puts(out, "null");
        return 0;
    }
}

int jcs_append(struct text *out, const json_t *value)
{
    int error = append_value(out, value, 0);
    return error ? error : out->failed ? ERR_NOMEM : 0;
}
