/* Parameters one by one; a name is looked for among all of them, for they come in any order. */
#include "proto/mime_name.h"
#include "proto/base64.h"
#include "proto/heads.h"

#include <stdio.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct bytes *b, size_t n)
{
    b->data += n;
    b->len -= n;
}

static void skip_blanks(struct bytes *b)
{
    while (b->len > 0 && is_blank(b->data[0]))
        skip(b, 1);
}

static size_t find(struct bytes b, uint8_t c)
{
    const uint8_t *at = b.len > 0 ? memchr(b.data, c, b.len) : NULL;
    return at ? (size_t)(at - b.data) : b.len;
}

/* value_of: of a parameter: in quotes, or up to the next semicolon. *quoted: with its escapes. */
static struct bytes value_of(struct bytes *rest, struct bytes *quoted)
{
    struct bytes out = *rest;
    *quoted = (struct bytes){0};
    if (out.len == 0 || out.data[0] != '"') {
        out.len = find(out, ';');
        skip(rest, out.len);
        return out;
    }
    skip(rest, 1);
    out = *quoted = *rest;
    out.len = find(out, '"');
    size_t n = 0;
    while (n < quoted->len && quoted->data[n] != '"')
        n += quoted->data[n] == '\\' && n + 1 < quoted->len ? 2 : 1;
    quoted->len = n;
    skip(rest, n < rest->len ? n + 1 : n);
    return out;
}

/* next: the next parameter; false: there is none. */
static bool next(struct bytes *rest, struct bytes *name, struct bytes *value, struct bytes *quoted)
{
    size_t semicolon = find(*rest, ';');
    if (semicolon == rest->len)
        return false;
    skip(rest, semicolon + 1);
    skip_blanks(rest);
    *name = *rest;
    name->len = find(*rest, '=');
    size_t end = find(*rest, ';');
    if (end < name->len || name->len == rest->len) { /* a word alone */
        *name = *value = *quoted = (struct bytes){0};
        return true;
    }
    skip(rest, name->len + 1);
    while (name->len > 0 && is_blank(name->data[name->len - 1]))
        name->len--;
    struct bytes behind = *rest;
    skip_blanks(&behind);
    if (behind.len > 0 && behind.data[0] == '"')
        *rest = behind;
    *value = value_of(rest, quoted);
    return true;
}

static bool parameter(struct bytes rest, const char *name, struct bytes *out, struct bytes *quoted)
{
    struct bytes found, value, with_escapes;
    bool any = false;
    while (next(&rest, &found, &value, &with_escapes)) {
        bool nothing = value.len == 0 && !with_escapes.data; /* behind the sign is no value */
        if (found.len != strlen(name) || !bytes_begin_any_case(found, name) || nothing)
            continue;
        *out = value;
        *quoted = with_escapes;
        any = true;
    }
    return any;
}

bool mime_parameter(struct bytes value, const char *name, struct bytes *out)
{
    struct bytes quoted;
    return parameter(value, name, out, &quoted);
}

/* ---- texts ---- */

struct text {
    uint8_t *bytes;
    uint16_t len;
};

static void add(struct text *t, const uint8_t *bytes, size_t len)
{
    size_t room = (size_t)MIME_NAME_MAX - t->len, n = len < room ? len : room;
    if (n > 0)
        memcpy(t->bytes + t->len, bytes, n);
    t->len = (uint16_t)(t->len + n);
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* add_decoded: bytes written as two hexadecimal digits behind a mark; blank: what stands for a
 * blank, 0: nothing. */
static void add_decoded(struct text *t, struct bytes b, uint8_t mark, uint8_t blank)
{
    while (b.len > 0) {
        uint8_t c = b.data[0];
        size_t n = 1;
        if (c == mark && b.len >= 3 && hex_value(b.data[1]) >= 0 && hex_value(b.data[2]) >= 0) {
            c = (uint8_t)(hex_value(b.data[1]) << 4 | hex_value(b.data[2]));
            n = 3;
        } else if (blank && c == blank) {
            c = ' ';
        }
        add(t, &c, 1);
        skip(&b, n);
    }
}

static void add_base64(struct text *t, struct bytes b)
{
    struct base64 block = {0};
    uint8_t out[3];
    for (size_t i = 0; i < b.len; i++)
        add(t, out, base64_take(&block, b.data[i], out));
    add(t, out, base64_end(&block, out));
}

/* encoded_word: =?CHARSET?B or Q?TEXT?= at the beginning; returns its length, 0 if there is none.
 * RFC 2047, 2 */
static size_t encoded_word(struct bytes b, uint8_t *how, struct bytes *inner)
{
    struct bytes rest = b;
    if (!bytes_begin(b, "=?"))
        return 0;
    skip(&rest, 2);
    size_t charset = find(rest, '?');
    if (rest.len < charset + 3 || rest.data[charset + 2] != '?')
        return 0;
    *how = rest.data[charset + 1] | 0x20;
    skip(&rest, charset + 3);
    *inner = rest;
    inner->len = find(rest, '?');
    if ((*how != 'b' && *how != 'q') || inner->len + 1 >= rest.len ||
        rest.data[inner->len + 1] != '=')
        return 0;
    return (size_t)(inner->data - b.data) + inner->len + 2;
}

/* add_words: with encoded words decoded; blanks between two of them do not count. RFC 2047, 6.2 */
static void add_words(struct text *t, struct bytes b)
{
    while (b.len > 0) {
        struct bytes inner, behind;
        uint8_t how;
        size_t n = encoded_word(b, &how, &inner);
        if (n == 0) {
            add(t, b.data, 1);
            skip(&b, 1);
            continue;
        }
        if (how == 'b')
            add_base64(t, inner);
        else
            add_decoded(t, inner, '=', '_');
        skip(&b, n);
        behind = b;
        skip_blanks(&behind);
        if (encoded_word(behind, &how, &inner))
            b = behind;
    }
}

/* add_unescaped: RFC 2045, 5.1: a backslash in quotes says that the next character means itself. */
static void add_unescaped(struct text *t, struct bytes b)
{
    uint8_t plain[MIME_NAME_MAX * 4];
    size_t n = 0;
    for (; b.len > 0 && n < sizeof plain; skip(&b, 1)) {
        if (b.data[0] == '\\' && b.len > 1)
            skip(&b, 1);
        plain[n++] = b.data[0];
    }
    add_words(t, (struct bytes){plain, n});
}

/* ---- names ---- */

/* without_charset: RFC 2231, 4: CHARSET'LANGUAGE'TEXT */
static struct bytes without_charset(struct bytes b)
{
    struct bytes rest = b;
    for (int i = 0; i < 2; i++) {
        size_t n = find(rest, '\'');
        if (n == rest.len)
            return b;
        skip(&rest, n + 1);
    }
    return rest;
}

/* add_sections: NAME*0, NAME*1 and so on; shown: those of NAME*0* are decoded, else they are left
 * out. False: there are none. RFC 2231, 3 */
static bool add_sections(struct text *t, struct bytes value, const char *name, bool shown)
{
    char key[40];
    struct bytes section, quoted;
    unsigned i = 0;
    for (;; i++) {
        snprintf(key, sizeof key, "%s*%u", name, i);
        if (parameter(value, key, &section, &quoted)) {
            add(t, section.data, section.len);
            continue;
        }
        snprintf(key, sizeof key, "%s*%u*", name, i);
        if (!shown || !parameter(value, key, &section, &quoted))
            return i > 0;
        add_decoded(t, i == 0 ? without_charset(section) : section, '%', 0);
    }
}

/* add_shown: as a reader is shown it. */
static bool add_shown(struct text *t, struct bytes value, const char *name)
{
    char key[24];
    struct bytes found, quoted;
    snprintf(key, sizeof key, "%s*", name);
    if (parameter(value, key, &found, &quoted)) {
        add_decoded(t, without_charset(found), '%', 0);
        return true;
    }
    if (add_sections(t, value, name, true))
        return true;
    if (!parameter(value, name, &found, &quoted))
        return false;
    if (quoted.data)
        add_unescaped(t, quoted);
    else
        add_words(t, found);
    return true;
}

void mime_name(struct bytes value, const char *name, struct mime_name *out)
{
    struct text written = {.bytes = out->bytes}, shown = {.bytes = out->bytes_shown};
    struct bytes found, quoted;
    bool is_written = parameter(value, name, &found, &quoted);
    if (is_written)
        add(&written, found.data, found.len);
    else
        is_written = add_sections(&written, value, name, false);
    bool is_shown = add_shown(&shown, value, name);
    if (!is_written && is_shown)
        add(&written, shown.bytes, shown.len);
    out->found = is_written || is_shown;
    out->len = written.len;
    out->len_shown = shown.len;
    out->shown = is_shown &&
                 (shown.len != written.len || memcmp(shown.bytes, written.bytes, shown.len) != 0);
}
