/* Growing text and the encodings of RFC 4648. */
#include "base/text.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_free(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

void text_clear(struct text *t)
{
    t->len = 0;
    t->failed = false;
    if (t->data)
        t->data[0] = 0;
}

/* text_room: room for len more bytes and a NUL. */
static bool text_room(struct text *t, size_t len)
{
    if (t->failed)
        return false;
    if (t->cap - t->len > len)
        return true;
    size_t cap = t->cap ? t->cap : 64;
    while (cap - t->len <= len) {
        if (cap > SIZE_MAX / 2) {
            t->failed = true;
            return false;
        }
        cap *= 2;
    }
    char *data = realloc(t->data, cap);
    if (!data) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->cap = cap;
    return true;
}

void text_append(struct text *t, const void *data, size_t len)
{
    if (!text_room(t, len))
        return;
    if (len)
        memcpy(t->data + t->len, data, len);
    t->len += len;
    t->data[t->len] = 0;
}

void text_puts(struct text *t, const char *s)
{
    text_append(t, s, strlen(s));
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        t->failed = true;
    else if (text_room(t, (size_t)len)) {
        vsnprintf(t->data + t->len, (size_t)len + 1, format, again);
        t->len += (size_t)len;
    }
    va_end(again);
}

const char *text_str(const struct text *t)
{
    return t->data ? t->data : "";
}

void hex_encode(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = 0;
}

static const char base64_standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64_encode(char *out, const uint8_t *data, size_t len, bool url)
{
    const char *alphabet = url ? base64_url : base64_standard;
    size_t n = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)data[i] << 16;
        if (have > 1)
            v |= (uint32_t)data[i + 1] << 8;
        if (have > 2)
            v |= data[i + 2];
        for (size_t k = 0; k <= have; k++)
            out[n++] = alphabet[v >> (18 - 6 * k) & 63];
        for (size_t k = have; k < 3 && !url; k++)
            out[n++] = '=';
    }
    out[n] = 0;
    return n;
}

static int base64_value(char c, bool url)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (url ? '-' : '+'))
        return 62;
    return c == (url ? '_' : '/') ? 63 : -1;
}

long base64_decode(uint8_t *out, const char *text, size_t len, bool url)
{
    if (!url) {
        if (len % 4)
            return ERR_SYNTAX;
        if (len && text[len - 1] == '=')
            len -= text[len - 2] == '=' ? 2 : 1;
    }
    if (len % 4 == 1)
        return ERR_SYNTAX;
    uint32_t bits = 0;
    unsigned have = 0;
    long n = 0;
    for (size_t i = 0; i < len; i++) {
        int v = base64_value(text[i], url);
        if (v < 0)
            return ERR_SYNTAX;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    return bits ? ERR_SYNTAX : n; /* bits left over must be zero: one text for one value */
}

size_t base32_lower(char *out, const uint8_t *data, size_t len)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | data[i];
        have += 8;
        while (have >= 5) {
            have -= 5;
            out[n++] = alphabet[bits >> have & 31];
        }
    }
    if (have)
        out[n++] = alphabet[bits << (5 - have) & 31];
    out[n] = 0;
    return n;
}

int text_u64(const char *s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (!*s)
        return ERR_SYNTAX;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return ERR_SYNTAX;
        uint64_t digit = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return ERR_RANGE;
        v = v * 10 + digit;
    }
    if (v > max)
        return ERR_RANGE;
    *out = v;
    return 0;
}
