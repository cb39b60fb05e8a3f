/* Parts of a target, and each decoded in its own way. */
#include "proto/http1_uri.h"

#include <string.h>

#define REPLACEMENT '?'

/* ---- the nearest character ---- */

/* Windows-1252's best fit for characters that it does not have: rows of neighbours, a dot where
 * there is none. Source: Unicode Consortium, WindowsBestFit/bestfit1252.txt */
static const struct {
    uint16_t first;
    const char *bytes;
} best_fit_rows[] = {
    {0x0100, "AaAaAaCcCcCcCcDd.dEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi..JjKk.LlLlLl"},
    {0x0141, "LlNnNnNn...OoOoOo..RrRrRrSsSsSs..TtTtTtUuUuUuUuUuUuWwYy.Z.Zz...b"},
    {0x0197, "I..l....OOo.........t..TUu.....z.........|..!.........AaIiOoUuUu"},
    {0x01d7, "UuUuUu.Aa....GgGgKkOoOo..j"},
    {0x0261, "g"},
    {0x02b9, "'\".'.......^...'..`._"},
    {0x0300, "`.^~..........\""},
    {0x0331, "__"},
    {0x037e, ";"},
    {0x0393, "G....T..........S..F..O.......a..de..........p..st.f"},
    {0x04bb, "h"},
    {0x0589, ":"},
    {0x066a, "%"},
    {0x2000, "       .........--.....="},
    {0x2032, "'..`"},
    {0x2044, "/"},
    {0x2074, "45678......n0123456789"},
    {0x20a7, "P"},
    {0x2102, "C....E..gHHHh.IILl.N..PPQRRR......Z...Z.K.BCeeEF.Mo"},
    {0x2212, "-../\\*..v...8....|.....n"},
    {0x2236, ":.....~"},
    {0x2261, "=..=="},
    {0x2303, "^"},
    {0x2320, "().......<>"},
    {0x2500, "-...........+...+...+...+...+"},
    {0x252c, "-.......-.......+"},
    {0x2550, "-.++++++++++++......------+++"},
    {0x2584, "_"},
    {0x2758, "|"},
    {0x3000, " .......<>"},
    {0x301a, "[]"},
};

static uint8_t best_fit(uint32_t c)
{
    if (c < 0x100)
        return (uint8_t)c;
    if (c > 0xff00 && c < 0xff5f)
        return (uint8_t)(c - 0xfee0);
    for (size_t i = 0; i < sizeof(best_fit_rows) / sizeof(best_fit_rows[0]); i++) {
        uint32_t at = c - best_fit_rows[i].first;
        if (c >= best_fit_rows[i].first && at < strlen(best_fit_rows[i].bytes))
            return best_fit_rows[i].bytes[at] == '.' ? REPLACEMENT
                                                     : (uint8_t)best_fit_rows[i].bytes[at];
    }
    return REPLACEMENT;
}

/* ---- percent-encoding ---- */

static int hex(uint8_t c)
{
    uint8_t letter = c | 0x20;
    if (c >= '0' && c <= '9')
        return c - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* hex_number: of n digits, or -1. */
static int32_t hex_number(const uint8_t *p, unsigned n)
{
    int32_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        if (hex(p[i]) < 0)
            return -1;
        value = value << 4 | hex(p[i]);
    }
    return value;
}

/* decoded: the byte at p, of a text that ends at `end`; *p is moved behind it. What is no encoding
 * stays. */
static uint8_t decoded(const uint8_t **p, const uint8_t *end, bool wide)
{
    const uint8_t *at = *p;
    size_t left = (size_t)(end - at);
    bool is_wide = wide && left > 2 && (at[1] | 0x20) == 'u';
    int32_t value = -1;
    *p += 1;
    if (*at != '%' || left < 3)
        return *at;
    if (is_wide)
        value = left > 5 ? hex_number(at + 2, 4) : -1;
    else
        value = hex_number(at + 1, 2);
    if (value < 0)
        return '%';
    *p += is_wide ? 5 : 2;
    return best_fit((uint32_t)value);
}

/* decode: in place; returns the new length. */
static size_t decode(uint8_t *data, size_t len, bool wide)
{
    const uint8_t *from = data, *end = data + len;
    size_t n = 0;
    while (from < end)
        data[n++] = decoded(&from, end, wide);
    return n;
}

/* ---- the path ---- */

static size_t decode_path(uint8_t *data, size_t len)
{
    const uint8_t *from = data, *end = data + len;
    size_t n = 0;
    while (from < end) {
        uint8_t c = decoded(&from, end, true);
        if (c == '\\')
            c = '/';
        if (c != '/' || n == 0 || data[n - 1] != '/')
            data[n++] = c;
    }
    return n;
}

/* utf8_more: how many bytes follow the first one of a character, -1 if it cannot be the first.
 * Encodings that are longer than they need to be are taken: they are how a slash is smuggled. */
static int utf8_more(uint8_t c)
{
    if (c < 0x80)
        return 0;
    if (c < 0xc0 || c > 0xf4)
        return -1;
    return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

static bool utf8_follows(uint8_t first, unsigned place, uint8_t c)
{
    if (c < 0x80 || c > 0xbf)
        return false;
    /* No surrogates, nothing above U+10FFFF. */
    return place > 1 || !((first == 0xed && c > 0x9f) || (first == 0xf4 && c > 0x8f));
}

/* fit_utf8: characters become bytes; one that breaks off is replaced, and at the very end it is
 * left out. */
static size_t fit_utf8(uint8_t *data, size_t len)
{
    size_t at = 0, n = 0;
    while (at < len) {
        uint8_t first = data[at++];
        int more = utf8_more(first);
        if (more <= 0) {
            data[n++] = more < 0 ? REPLACEMENT : first;
            continue;
        }
        uint32_t c = first & (0x3fu >> more);
        int place = 1;
        while (place <= more && at < len && utf8_follows(first, (unsigned)place, data[at])) {
            c = c << 6 | (data[at++] & 0x3fu);
            place++;
        }
        if (place > more)
            data[n++] = best_fit(c);
        else if (at < len)
            data[n++] = REPLACEMENT;
    }
    return n;
}

/* A segment of a path begins with its slash; the first one may have none. */
static size_t segment_end(const uint8_t *data, size_t at, size_t len)
{
    const uint8_t *slash = at + 1 < len ? memchr(data + at + 1, '/', len - at - 1) : NULL;
    return slash ? (size_t)(slash - data) : len;
}

static bool is_dots(const uint8_t *data, size_t len)
{
    return (len == 1 || len == 2) && data[0] == '.' && data[len - 1] == '.';
}

/* resolve_dots: RFC 3986, 5.2.4, in place; but that nothing is left of dots at the end, no slash
 * either. */
static size_t resolve_dots(uint8_t *data, size_t len)
{
    size_t at = 0, n = 0;
    /* Without a slash before them: they vanish, and the slash behind them with them. */
    while (at < len && data[at] != '/') {
        const uint8_t *slash = memchr(data + at, '/', len - at);
        size_t end = slash ? (size_t)(slash - data) : len;
        if (!is_dots(data + at, end - at))
            break;
        at = slash ? end + 1 : end;
    }
    while (at < len) {
        size_t end = segment_end(data, at, len), from = at + (data[at] == '/');
        bool dots = data[at] == '/' && is_dots(data + from, end - from);
        if (!dots) {
            memmove(data + n, data + at, end - at);
            n += end - at;
        } else if (end - from == 2) {
            while (n > 0 && data[n - 1] != '/')
                n--;
            n -= n > 0;
        }
        at = dots && end + 1 == len ? len : end;
    }
    return n;
}

static size_t normalise_path(uint8_t *data, size_t len)
{
    len = decode_path(data, len);
    len = fit_utf8(data, len);
    return resolve_dots(data, len);
}

/* ---- the parts of a target ---- */

static struct bytes slice(const uint8_t *from, const uint8_t *to)
{
    return (struct bytes){from, (size_t)(to - from)};
}

static const uint8_t *find(const uint8_t *from, const uint8_t *end, const char *any)
{
    while (from < end && !memchr(any, *from, strlen(any)))
        from++;
    return from;
}

/* without_port: a name, or an address of IPv6 in its brackets. */
static struct bytes without_port(const uint8_t *from, const uint8_t *end)
{
    const uint8_t *stop = find(from, end, ":");
    if (from < end && *from == '[') {
        stop = find(from, end, "]");
        stop += stop < end;
    }
    return slice(from, stop);
}

struct http1_target http1_target(struct bytes target, bool connect)
{
    struct http1_target t = {0};
    while (target.len > 0 && target.data[target.len - 1] == ' ')
        target.len--;
    if (target.len == 0)
        return t;
    const uint8_t *at = target.data, *end = at + target.len;
    if (connect && *at != '/') {
        while (at < end && http1_is_space(*at))
            at++;
        t.host = without_port(at, end);
        return t;
    }
    if (*at != '/') {
        const uint8_t *colon = find(at, end, ":");
        if (colon < end) {
            at = colon + 1;
            if (end - at > 2 && at[0] == '/' && at[1] == '/' && at[2] != '/') {
                const uint8_t *stop = find(at + 2, end, "?/#");
                const uint8_t *who = find(at + 2, stop, "@");
                t.host = without_port(who < stop ? who + 1 : at + 2, stop);
                at = stop;
            }
        }
    }
    const uint8_t *stop = find(at, end, "?#");
    t.path = slice(at, stop);
    if (stop < end && *stop == '?') {
        at = stop + 1;
        stop = find(at, end, "#");
        t.query = slice(at, stop);
    }
    if (stop < end)
        t.fragment = slice(stop + 1, end);
    return t;
}

struct bytes http1_put(struct proto_scratch *scratch, struct bytes bytes)
{
    size_t left = scratch->room - scratch->used, n = bytes.len < left ? bytes.len : left;
    uint8_t *to = scratch->data + scratch->used;
    if (n)
        memcpy(to, bytes.data, n);
    scratch->used += n;
    return (struct bytes){to, n};
}

/* is_normal: nothing of the target needs to be changed. */
static bool is_normal(struct bytes target)
{
    if (target.len == 0 || target.data[0] != '/')
        return false;
    const uint8_t *at = target.data, *end = at + target.len;
    for (; at < end && *at != '?' && *at != '#'; at++) {
        uint8_t c = *at;
        if (c == '%' || c == '\\' || c >= 0x80)
            return false;
        if (c == '/' && at + 1 < end && (at[1] == '/' || at[1] == '.'))
            return false;
    }
    return end[-1] != ' ' && (at == end || !memchr(at, '%', (size_t)(end - at)));
}

/* put_decoded: a part with what stands before it. */
static void put_decoded(struct proto_scratch *scratch, const char *mark, struct bytes part,
                        bool wide)
{
    if (!part.data)
        return;
    http1_put(scratch, (struct bytes){(const uint8_t *)mark, 1});
    struct bytes copy = http1_put(scratch, part);
    uint8_t *data = scratch->data + scratch->used - copy.len;
    scratch->used += decode(data, copy.len, wide) - copy.len;
}

struct bytes http1_uri(struct bytes target, bool connect, struct proto_scratch *scratch)
{
    if (!connect && is_normal(target))
        return target;
    struct http1_target t = http1_target(target, connect);
    size_t from = scratch->used;
    struct bytes path = http1_put(scratch, t.path);
    scratch->used += normalise_path(scratch->data + from, path.len) - path.len;
    put_decoded(scratch, "?", t.query, false);
    put_decoded(scratch, "#", t.fragment, true);
    return (struct bytes){scratch->data + from, scratch->used - from};
}

struct bytes http1_uri_host(struct bytes target, bool connect, struct proto_scratch *scratch)
{
    struct http1_target t = http1_target(target, connect);
    if (!t.host.data)
        return t.host;
    size_t from = scratch->used;
    struct bytes copy = http1_put(scratch, t.host);
    size_t n = decode(scratch->data + from, copy.len, true);
    while (n > 0 && scratch->data[from + n - 1] == '.')
        n--;
    for (size_t i = from; i < from + n; i++)
        if (scratch->data[i] >= 'A' && scratch->data[i] <= 'Z')
            scratch->data[i] |= 0x20;
    scratch->used = from + n;
    return (struct bytes){scratch->data + from, n};
}
