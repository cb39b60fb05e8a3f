/* As the RFC has them, and as others have them. */
#include "proto/http1_line.h"
#include "proto/heads.h"

/* Those that libhtp knows. */
static const char *const methods[] = {"GET",
                                      "POST",
                                      "HEAD",
                                      "PUT",
                                      "OPTIONS",
                                      "CONNECT",
                                      "DELETE",
                                      "TRACE",
                                      "PATCH",
                                      "PROPFIND",
                                      "PROPPATCH",
                                      "MKCOL",
                                      "COPY",
                                      "MOVE",
                                      "LOCK",
                                      "UNLOCK",
                                      "CHECKOUT",
                                      "UNCHECKOUT",
                                      "CHECKIN",
                                      "UPDATE",
                                      "LABEL",
                                      "REPORT",
                                      "MKWORKSPACE",
                                      "MKACTIVITY",
                                      "MERGE",
                                      "INVALID",
                                      "VERSION-CONTROL",
                                      "BASELINE-CONTROL"};

/* ---- as the RFC has them ---- */

static bool is_method_byte(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

uint32_t http1_method_len(struct bytes line)
{
    uint32_t at = 0;
    while (at < line.len && at < HTTP1_METHOD_LONGEST && is_method_byte(line.data[at]))
        at++;
    return at >= 3 && at < line.len && line.data[at] == ' ' ? at : 0;
}

uint32_t http1_version_at(struct bytes line, uint32_t from)
{
    for (uint32_t at = line.len < 6 ? 0 : (uint32_t)line.len - 6; at >= from && at > 0; at--)
        if (memcmp(line.data + at, " HTTP/", 6) == 0)
            return at;
    return 0;
}

bool http1_request_line(struct bytes line, bool cut, struct http1_line *out)
{
    uint32_t at = http1_method_len(line);
    uint32_t end = cut ? (uint32_t)line.len : http1_version_at(line, at);
    if (at == 0 || end <= at)
        return false;
    *out = (struct http1_line){.method = {line.data, at},
                               .target = {line.data + at + 1, end - at - 1}};
    return true;
}

static uint16_t three_digits(const uint8_t *d)
{
    if (!http1_is_digit(d[0]) || !http1_is_digit(d[1]) || !http1_is_digit(d[2]))
        return 0;
    return (uint16_t)((d[0] - '0') * 100 + (d[1] - '0') * 10 + (d[2] - '0'));
}

bool http1_status_line(struct bytes line, struct http1_line *out)
{
    *out = (struct http1_line){0};
    if (line.len >= 12 && memcmp(line.data, "HTTP/1.", 7) == 0 && line.data[8] == ' ')
        out->status = three_digits(line.data + 9);
    return out->status >= 100;
}

/* ---- as others have them ---- */

uint64_t http1_number(struct bytes text, uint32_t base)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len && i < 15; i++) {
        uint8_t c = text.data[i], letter = c | 0x20;
        uint32_t v = http1_is_digit(c) ? c - (uint32_t)'0'
                     : letter >= 'a'   ? letter - 'a' + 10u
                                       : base;
        if (v >= base)
            break;
        value = value * base + v;
    }
    return value;
}

size_t http1_cr_end(struct bytes line)
{
    const uint8_t *at = line.data + (line.len > 0), *end = line.data + line.len;
    while (at + 1 < end && (at = memchr(at, '\r', (size_t)(end - at))) && at + 1 < end) {
        at++;
        if (*at != '\r' && *at != '\n')
            return (size_t)(at - line.data);
    }
    return line.len;
}

static struct bytes next_word(struct bytes *rest)
{
    while (rest->len > 0 && http1_is_space(*rest->data)) {
        rest->data++;
        rest->len--;
    }
    struct bytes word = {rest->data, 0};
    while (word.len < rest->len && !http1_is_space(word.data[word.len]))
        word.len++;
    rest->data += word.len;
    rest->len -= word.len;
    return word;
}

static bool is_known(struct bytes method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (method.len == strlen(methods[i]) && bytes_begin(method, methods[i]))
            return true;
    return false;
}

static bool is_printable(struct bytes word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] < 0x21 || word.data[i] > 0x7e)
            return false;
    return word.len > 0;
}

bool http1_versioned_request(struct bytes line, struct http1_line *out)
{
    struct bytes rest = line;
    bool right = false;
    *out = (struct http1_line){.odd = true};
    out->method = next_word(&rest);
    out->target = next_word(&rest);
    while (!right && rest.len > 0)
        right = bytes_begin_any_case(next_word(&rest), "HTTP/");
    return right && is_printable(out->method);
}

bool http1_odd_request(struct bytes line, bool cut, struct http1_line *out)
{
    return http1_versioned_request(line, out) || is_known(out->method) ||
           (cut && out->target.len > 0 && is_printable(out->method));
}

bool http1_odd_response(struct bytes line, struct http1_line *out)
{
    struct bytes rest = line;
    while (rest.len > 0 && (*rest.data == 0 || http1_is_space(*rest.data))) {
        rest.data++;
        rest.len--;
    }
    struct bytes version = next_word(&rest), status = next_word(&rest);
    *out = (struct http1_line){.odd = true};
    out->status = status.len == 3 ? three_digits(status.data) : 0;
    return bytes_begin_any_case(version, "HTTP");
}
