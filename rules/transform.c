/* Transforms of parts. Suricata's documentation, "Transformations". */
#include "rules/message_views.h"

#include "base/digest.h"

#include <ctype.h>
#include <string.h>

/* Each writes what it makes of `in` to `out`, which has room for as much and OUT_MORE bytes;
 * returns how much it is. */
#define OUT_MORE SHA256_BYTES
typedef size_t transform_fn(const uint8_t *in, size_t n, uint8_t *out);

static size_t dot_prefix(const uint8_t *in, size_t n, uint8_t *out)
{
    out[0] = '.';
    memcpy(out + 1, in, n);
    return n + 1;
}

static size_t lower(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)tolower(in[i]);
    return n;
}

static size_t upper(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)toupper(in[i]);
    return n;
}

static size_t without_blanks(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!isspace(in[i]))
            out[k++] = in[i];
    return k;
}

static size_t single_blanks(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!isspace(in[i]) || i == 0 || !isspace(in[i - 1]))
            out[k++] = in[i];
    return k;
}

static int hex(uint8_t c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? (c | 0x20) - 'a' + 10 : -1;
}

static size_t url_decoded(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool coded = in[i] == '%' && i + 2 < n && hex(in[i + 1]) >= 0 && hex(in[i + 2]) >= 0;
        out[k++] = coded          ? (uint8_t)(hex(in[i + 1]) << 4 | hex(in[i + 2]))
                   : in[i] == '+' ? ' '
                                  : in[i];
        i += coded ? 2 : 0;
    }
    return k;
}

/* line_end: behind the line that begins at `from`. */
static size_t line_end(const uint8_t *in, size_t n, size_t from)
{
    const uint8_t *end = memchr(in + from, '\n', n - from);
    return end ? (size_t)(end - in) + 1 : n;
}

static size_t lower_names(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t at = 0, end; at < n; at = end) {
        end = line_end(in, n, at);
        bool name = true;
        for (; at < end; at++) {
            name &= in[at] != ':';
            out[at] = name ? (uint8_t)tolower(in[at]) : in[at];
        }
    }
    return n;
}

static size_t without_pseudo(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t k = 0;
    for (size_t at = 0, end; at < n; at = end) {
        end = line_end(in, n, at);
        if (in[at] == ':')
            continue;
        memcpy(out + k, in + at, end - at);
        k += end - at;
    }
    return k;
}

static size_t md5_of(const uint8_t *in, size_t n, uint8_t *out)
{
    md5(out, in, n);
    return MD5_BYTES;
}

static size_t sha1_of(const uint8_t *in, size_t n, uint8_t *out)
{
    sha1(out, in, n);
    return SHA1_BYTES;
}

static size_t sha256_of(const uint8_t *in, size_t n, uint8_t *out)
{
    sha256(out, in, n);
    return SHA256_BYTES;
}

static transform_fn *const functions[TRANSFORM_COUNT] = {
    [TRANSFORM_DOTPREFIX] = dot_prefix,
    [TRANSFORM_TO_LOWERCASE] = lower,
    [TRANSFORM_TO_UPPERCASE] = upper,
    [TRANSFORM_STRIP_WHITESPACE] = without_blanks,
    [TRANSFORM_COMPRESS_WHITESPACE] = single_blanks,
    [TRANSFORM_URL_DECODE] = url_decoded,
    [TRANSFORM_TO_MD5] = md5_of,
    [TRANSFORM_TO_SHA1] = sha1_of,
    [TRANSFORM_TO_SHA256] = sha256_of,
    [TRANSFORM_HEADER_LOWERCASE] = lower_names,
    [TRANSFORM_STRIP_PSEUDO_HEADERS] = without_pseudo,
};

struct bytes transform_apply(enum rule_transform transform, struct bytes in,
                             struct proto_scratch *scratch)
{
    uint8_t *out = scratch->data + scratch->used;
    size_t room = scratch->room - scratch->used;
    if (room <= OUT_MORE)
        return (struct bytes){out, 0};
    room -= OUT_MORE;
    size_t n = functions[transform](in.data, in.len < room ? in.len : room, out);
    scratch->used += n;
    return (struct bytes){out, n};
}
