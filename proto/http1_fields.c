/* A table of fields; what is on folded lines is taken as more of the same value. */
#include "proto/http1_fields.h"
#include "proto/heads.h"

/* One line. */
struct line {
    struct http1_fields *f;
    enum proto_direction dir;
    struct http1_sessions *sessions;
};

/* ---- values ---- */

static struct bytes behind(struct bytes text, bool digits)
{
    while (text.len > 0 && http1_is_digit(*text.data) == digits) {
        text.data++;
        text.len--;
    }
    return text;
}

/* content_length: the first number of the first field. */
static void content_length(struct line *l, struct bytes value)
{
    struct http1_fields *f = l->f;
    for (value = behind(value, false); value.len > 0; value = behind(behind(value, true), false)) {
        uint64_t n = http1_number(value, 10);
        f->vague |= l->dir == PROTO_TO_CLIENT && f->has_length && n != f->length;
        if (!f->has_length)
            f->length = n;
        f->has_length = true;
    }
}

/* begins: letters of any case, and NULs between them as if they were not there. */
static bool begins(struct bytes value, const char *word)
{
    for (; *word && value.len > 0; value.data++, value.len--)
        if (*value.data != 0 && (*value.data | 0x20) != (uint8_t)*word++)
            return false;
    return !*word;
}

static bool holds(struct bytes value, const char *word)
{
    for (; value.len >= strlen(word); value.data++, value.len--)
        if (begins(value, word))
            return true;
    return false;
}

static void transfer_encoding(struct line *l, struct bytes value)
{
    l->f->chunked |= holds(value, "chunked");
}

static void add_layer(struct http1_fields *f, bool gzip)
{
    f->gzip |= (uint8_t)(gzip << f->layers++);
}

/* content_encoding: libhtp takes names that hold one of these words; of a request only the name
 * itself. */
static void content_encoding(struct line *l, struct bytes value)
{
    static const char *const names[] = {"gzip", "x-gzip", "deflate", "x-deflate"};
    const uint8_t *at = value.data, *end = at + value.len;
    while (at < end) {
        const uint8_t *stop = at;
        while (stop < end && *stop != ',' && *stop != ' ')
            stop++;
        struct bytes name = {at, (size_t)(stop - at)};
        at = stop + 1;
        if (name.len == 0 || l->f->codings++ >= HTTP1_LAYERS_MAX)
            continue;
        if (l->dir == PROTO_TO_CLIENT) {
            if (holds(name, "gzip"))
                add_layer(l->f, true);
            else if (holds(name, "deflate"))
                add_layer(l->f, false);
            continue;
        }
        for (int i = 0; i < 4; i++)
            if (l->f->codings == 1 && value.len == strlen(names[i]) &&
                bytes_begin_any_case(value, names[i]))
                add_layer(l->f, i < 2);
    }
}

static void expect(struct line *l, struct bytes value)
{
    l->f->expects = value.len == 12 && bytes_begin_any_case(value, "100-continue");
}

static void host(struct line *l, struct bytes value)
{
    if (l->dir == PROTO_TO_SERVER)
        http1_sessions_host(l->sessions, value);
}

/* upgrade: to HTTP/2 in clear text; the answer must be this and nothing else, as Suricata has it.
 */
static void upgrade(struct line *l, struct bytes value)
{
    if (l->dir == PROTO_TO_SERVER)
        l->f->h2c |= holds(value, "h2c");
    else
        l->f->h2c = value.len == 3 && memcmp(value.data, "h2c", 3) == 0;
}

static void authorization(struct line *l, struct bytes value)
{
    if (l->dir == PROTO_TO_SERVER)
        http1_sessions_credentials(l->sessions, value);
}

/* ---- names ---- */

/* Rows: suffix, its first letter, name, whether what is on further lines matters, who takes the
 * value. No two names are of one length. */
#define FIELDS(X)                                                           \
    X(HOST, 'h', "host", false, host)                                       \
    X(CONTENT_LENGTH, 'c', "content-length", true, content_length)          \
    X(TRANSFER_ENCODING, 't', "transfer-encoding", true, transfer_encoding) \
    X(CONTENT_ENCODING, 'c', "content-encoding", true, content_encoding)    \
    X(EXPECT, 'e', "expect", false, expect)                                 \
    X(UPGRADE, 'u', "upgrade", false, upgrade)                              \
    X(AUTHORIZATION, 'a', "authorization", false, authorization)            \
    X(PROXY_AUTHORIZATION, 'p', "proxy-authorization", false, authorization)
enum field {
    FIELD_NONE,
#define X(suffix, letter, name, folds, take) FIELD_##suffix,
    FIELDS(X)
#undef X
        FIELD_COUNT
};

static const struct {
    const char *name;
    bool folds;
    void (*take)(struct line *l, struct bytes value);
} fields[FIELD_COUNT] = {{NULL, false, NULL},
#define X(suffix, letter, name, folds, take) {name, folds, take},
                         FIELDS(X)
#undef X
};

#define LENGTHS 32
static const uint8_t by_length[LENGTHS] = {
#define X(suffix, letter, name, folds, take) [sizeof(name) - 1] = FIELD_##suffix,
    FIELDS(X)
#undef X
};

/* may_matter: by its first byte, that a line holds one of these or goes on with one. White space
 * and NULs are not minded. */
static bool may_matter(uint8_t first)
{
#define X(suffix, letter, name, folds, take) | UINT64_C(1) << (letter & 63)
#define AS_LETTER(c)                         (((c) | 0x20) & 63)
    static const uint64_t firsts = UINT64_C(1) << AS_LETTER(' ') | UINT64_C(1) << AS_LETTER(0) |
                                   UINT64_C(31) << AS_LETTER('\t') FIELDS(X);
    return firsts >> AS_LETTER(first) & 1;
#undef X
}

/* is_same: of any case; the name's byte is in lower case. */
static bool is_same(uint8_t c, char of_name)
{
    return c == (uint8_t)of_name || (c >= 'A' && (c | 0x20) == (uint8_t)of_name);
}

static bool is_named(struct bytes text, const char *name)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_same(text.data[i], name[i]))
            return false;
    return true;
}

/* is_named_but_nuls: they are not minded. */
static bool is_named_but_nuls(struct bytes text, const char *name)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != 0 && (*name == 0 || !is_same(text.data[i], *name++)))
            return false;
    return *name == 0;
}

/* find: the one of that name. */
static enum field find(enum proto_direction dir, struct bytes name)
{
    unsigned row = name.len < LENGTHS ? by_length[name.len] : FIELD_NONE;
    if (row && is_named(name, fields[row].name))
        return row;
    if (dir == PROTO_TO_SERVER || name.len == 0 || !memchr(name.data, 0, name.len))
        return FIELD_NONE;
    for (row = 1; row < FIELD_COUNT; row++)
        if (is_named_but_nuls(name, fields[row].name))
            return row;
    return FIELD_NONE;
}

/* ---- lines ---- */

static struct bytes without_blanks(struct bytes text)
{
    if (text.len > 0 && *text.data > ' ' && text.data[text.len - 1] > ' ')
        return text;
    while (text.len > 0 && http1_is_space(*text.data)) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && http1_is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

static struct bytes from(struct bytes text, size_t at)
{
    return (struct bytes){text.data + at, text.len - at};
}

static void take_value(struct line *l, enum field field, struct bytes value)
{
    value = without_blanks(value);
    if (value.len)
        fields[field].take(l, value);
}

static void take_field(struct line *l, enum field field, struct bytes value)
{
    l->f->folds = fields[field].folds ? (uint8_t)field : FIELD_NONE;
    take_value(l, field, value);
}

/* goes_on: a line that goes on with a field. Its colon may only come now. */
static void goes_on(struct line *l, struct bytes text)
{
    struct http1_fields *f = l->f;
    if (!f->named) {
        take_value(l, f->folds, text);
        return;
    }
    text = without_blanks(text);
    if (text.len == 0)
        return;
    f->named = false;
    if (*text.data == ':')
        take_field(l, f->folds, from(text, 1));
    else
        f->folds = FIELD_NONE;
}

void http1_field_line(struct http1_fields *f, enum proto_direction dir,
                      struct http1_sessions *sessions, struct bytes text)
{
    if (!may_matter(*text.data)) {
        f->folds = FIELD_NONE;
        return;
    }
    struct line l = {f, dir, sessions};
    const uint8_t *colon = memchr(text.data, ':', text.len);
    if (f->folds && (*text.data == ' ' || *text.data == '\t' || *text.data == 0) &&
        (!colon || f->named || dir == PROTO_TO_SERVER)) {
        goes_on(&l, from(text, 1));
        return;
    }
    size_t name = colon ? (size_t)(colon - text.data) : text.len;
    enum field field = find(dir, without_blanks((struct bytes){text.data, name}));
    f->named = !colon;
    f->folds = (uint8_t)field;
    if (colon && field)
        take_field(&l, field, from(text, name + 1));
}
