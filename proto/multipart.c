/* Delimiters between parts; heads of parts line by line, their content up to the next delimiter. */
#include "proto/multipart.h"
#include "proto/heads.h"
#include "proto/http1_line.h"

enum mode {
    MODE_CONTENT = 0, /* of a part, or what stands before the first one */
    MODE_DELIMITER,   /* the rest of its line */
    MODE_HEAD,
    MODE_BEHIND /* the last delimiter */
};

/* ---- parameters of a field ---- */

/* next_parameter: up to the next semicolon that stands in no quotes. */
static struct bytes next_parameter(struct bytes *rest)
{
    while (rest->len > 0 && http1_is_space(*rest->data)) {
        rest->data++;
        rest->len--;
    }
    struct bytes p = {rest->data, 0};
    bool quoted = false;
    for (; p.len < rest->len && (quoted || p.data[p.len] != ';'); p.len++)
        quoted ^= p.data[p.len] == '"' && (p.len == 0 || p.data[p.len - 1] != '\\');
    size_t n = p.len < rest->len ? p.len + 1 : p.len;
    rest->data += n;
    rest->len -= n;
    return p;
}

/* parameter: its value without quotes; no data if there is none that is longer than its name. */
static struct bytes parameter(struct bytes value, const char *name)
{
    while (value.len > 0) {
        struct bytes p = next_parameter(&value);
        size_t n = strlen(name);
        if (p.len <= n || !bytes_begin_any_case(p, name))
            continue;
        p.data += n;
        p.len -= n;
        if (*p.data == '"') {
            p.data++;
            p.len--;
        }
        if (p.len > 0 && p.data[p.len - 1] == '"')
            p.len--;
        return p;
    }
    return (struct bytes){0};
}

enum multipart_kind multipart_begin(struct multipart *m, struct bytes content_type)
{
    struct bytes boundary = parameter(content_type, "boundary=");
    if (!boundary.data)
        return MULTIPART_NONE;
    if (boundary.len >= MULTIPART_BOUNDARY_MAX || memchr(boundary.data, '\r', boundary.len))
        return MULTIPART_UNREADABLE;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.data, boundary.len);
    m->n_delimiter = (uint16_t)(boundary.len + 4);
    m->mode = MODE_CONTENT;
    m->is_file = false;
    m->n_matched = 2; /* the first one stands at the beginning */
    m->n_line = m->n_name = 0;
    return MULTIPART_READABLE;
}

/* ---- heads of parts ---- */

static void take_field(struct multipart *m, struct bytes line)
{
    static const char name[] = "content-disposition:";
    if (!bytes_begin_any_case(line, name))
        return;
    size_t n = sizeof(name) - 1;
    struct bytes file = parameter((struct bytes){line.data + n, line.len - n}, "filename=");
    if (!file.data)
        return;
    m->is_file = true;
    m->n_name = (uint16_t)file.len;
    memcpy(m->name, file.data, file.len);
}

static void take_line(struct multipart *m)
{
    struct bytes line = {m->line, m->n_line};
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    m->n_line = 0;
    if (m->mode == MODE_DELIMITER) {
        m->mode =
            line.len >= 2 && line.data[0] == '-' && line.data[1] == '-' ? MODE_BEHIND : MODE_HEAD;
    } else if (line.len > 0) {
        take_field(m, line);
    } else {
        m->mode = MODE_CONTENT;
        m->n_matched = 0;
    }
}

/* read_line: returns how many bytes are done with. */
static size_t read_line(struct multipart *m, struct bytes bytes)
{
    const uint8_t *lf = memchr(bytes.data, '\n', bytes.len);
    size_t n = lf ? (size_t)(lf - bytes.data) : bytes.len,
           room = (size_t)MULTIPART_LINE_MAX - m->n_line;
    size_t kept = n < room ? n : room;
    memcpy(m->line + m->n_line, bytes.data, kept);
    m->n_line = (uint16_t)(m->n_line + kept);
    if (!lf)
        return n;
    take_line(m);
    return n + 1;
}

/* ---- content ---- */

static void tell(const struct multipart *m, const uint8_t *data, size_t len,
                 const struct multipart_sink *sink)
{
    if (m->is_file && len > 0)
        sink->bytes(sink->ctx, (struct bytes){data, len});
}

static void delimiter_found(struct multipart *m, const struct multipart_sink *sink)
{
    if (m->is_file)
        sink->end(sink->ctx);
    m->is_file = false;
    m->n_name = m->n_line = 0;
    m->mode = MODE_DELIMITER;
}

/* read_content: up to a byte that decides. A CR stands in a delimiter at its beginning only, so
 * what matched so far and goes on otherwise is content as a whole. */
static size_t read_content(struct multipart *m, struct bytes bytes,
                           const struct multipart_sink *sink)
{
    if (m->n_matched == 0) {
        const uint8_t *cr = memchr(bytes.data, '\r', bytes.len);
        size_t n = cr ? (size_t)(cr - bytes.data) : bytes.len;
        tell(m, bytes.data, n, sink);
        m->n_matched = cr ? 1 : 0;
        return n + (cr ? 1 : 0);
    }
    if (*bytes.data != m->delimiter[m->n_matched]) {
        tell(m, m->delimiter, m->n_matched, sink);
        m->n_matched = 0;
        return 0;
    }
    if (++m->n_matched == m->n_delimiter)
        delimiter_found(m, sink);
    return 1;
}

void multipart_feed(struct multipart *m, struct bytes bytes, const struct multipart_sink *sink)
{
    while (bytes.len > 0 && m->mode != MODE_BEHIND) {
        size_t n = m->mode == MODE_CONTENT ? read_content(m, bytes, sink) : read_line(m, bytes);
        bytes.data += n;
        bytes.len -= n;
    }
}

void multipart_end(struct multipart *m, const struct multipart_sink *sink)
{
    if (m->mode == MODE_CONTENT && m->is_file) {
        tell(m, m->delimiter, m->n_matched, sink);
        sink->end(sink->ctx);
    }
    m->mode = MODE_BEHIND;
}
