/* Heads line by line; of bodies a line is put together only while it may be a delimiter. */
#include "proto/mime.h"
#include "proto/heads.h"

enum mode {
    MODE_HEAD = 0,
    MODE_SEALED, /* a message within, that is encoded or says so only: its first line tells */
    MODE_BODY,
    MODE_REST,      /* of a line that is a delimiter; a head is next */
    MODE_LAST_REST, /* of the last delimiter of a multipart */
    MODE_BEHIND     /* nothing more is read */
};

enum encoding { ENCODING_NONE = 0, ENCODING_BASE64, ENCODING_QUOTED };

enum field { FIELD_OTHER = 0, FIELD_ENCODING, FIELD_DISPOSITION, FIELD_TYPE };

/* One call: what is decoded is gathered here. */
struct run {
    struct mime *m;
    const struct mime_sink *sink;
    size_t n;
    uint8_t out[1024];
};

static void flush(struct run *r)
{
    if (r->n > 0)
        r->sink->bytes(r->sink->ctx, (struct bytes){r->out, r->n});
    r->n = 0;
}

static void put(struct run *r, uint8_t byte)
{
    r->out[r->n++] = byte;
    if (r->n == sizeof r->out)
        flush(r);
}

static void put_all(struct run *r, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        put(r, data[i]);
}

/* ---- content ---- */

/* end_of_line: how many bytes at the end are one, or may become one. */
static size_t end_of_line(struct bytes b)
{
    if (b.len == 0 || (b.data[b.len - 1] != '\n' && b.data[b.len - 1] != '\r'))
        return 0;
    return b.len > 1 && b.data[b.len - 1] == '\n' && b.data[b.len - 2] == '\r' ? 2 : 1;
}

/* plain: the last end of line is held back until something comes behind it. */
static void plain(struct run *r, struct bytes b)
{
    struct mime *m = r->m;
    size_t n = end_of_line(b);
    if (b.len == 1 && b.data[0] == '\n' && m->n_held == 1 && m->held[0] == '\r') {
        m->held[m->n_held++] = '\n';
        return;
    }
    put_all(r, m->held, m->n_held);
    if (b.len > n) {
        flush(r);
        r->sink->bytes(r->sink->ctx, (struct bytes){b.data, b.len - n});
    }
    memcpy(m->held, b.data + b.len - n, n);
    m->n_held = (uint8_t)n;
}

static void base64(struct run *r, struct bytes b)
{
    struct base64 *block = &r->m->block;
    uint8_t out[3];
    for (size_t i = 0; i < b.len;) {
        if (block->n == 0 && b.len - i >= 4 && sizeof r->out - r->n > 3 &&
            base64_block(b.data + i, r->out + r->n)) {
            r->n += 3;
            i += 4;
        } else {
            put_all(r, out, base64_take(block, b.data[i++], out));
        }
    }
}

/* upper_hex: RFC 2045, 6.7 (1): lower case is no such digit. */
static int upper_hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* quoted_character: of an escape that is none the sign alone is left out. */
static void quoted_character(struct run *r, uint8_t c)
{
    struct mime *m = r->m;
    if (m->n_held == 2 && upper_hex(c) >= 0) {
        put(r, (uint8_t)(upper_hex(m->held[1]) << 4 | upper_hex(c)));
        m->n_held = 0;
        return;
    }
    if (m->n_held == 1 && upper_hex(c) >= 0) {
        m->held[m->n_held++] = c;
        return;
    }
    if (m->n_held == 2)
        put(r, m->held[1]);
    m->n_held = 0;
    if (c == '=')
        m->held[m->n_held++] = c;
    else
        put(r, c);
}

/* quoted_line_over: RFC 2045, 6.7 (5): a sign at the end says that the line goes on. Ends of lines
 * are CR LF then, but those of empty lines are as they came; so is it in Suricata. */
static void quoted_line_over(struct run *r, bool cr)
{
    struct mime *m = r->m;
    if (m->n_held != 1) {
        if (m->n_held == 2)
            put(r, m->held[1]);
        if (cr || !m->line_empty)
            put(r, '\r');
        put(r, '\n');
    }
    m->n_held = 0;
    m->line_empty = true;
}

static void quoted(struct run *r, struct bytes b)
{
    struct mime *m = r->m;
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];
        bool cr = m->after_cr;
        m->after_cr = c == '\r';
        if (c == '\n') {
            quoted_line_over(r, cr);
            continue;
        }
        if (cr)
            quoted_character(r, '\r');
        if (c != '\r') {
            quoted_character(r, c);
        }
        m->line_empty &= c == '\r' && !cr;
    }
}

static void content(struct run *r, struct bytes b)
{
    static void (*const decode[])(struct run * r, struct bytes b) = {
        [ENCODING_NONE] = plain, [ENCODING_BASE64] = base64, [ENCODING_QUOTED] = quoted};
    if (r->m->is_file && b.len > 0)
        decode[r->m->encoding](r, b);
}

/* ---- entities ---- */

static void entity_begins(struct mime *m)
{
    m->mode = MODE_HEAD;
    m->encoding = ENCODING_NONE;
    m->is_file = m->in_field = m->within_line = false;
    m->has_boundary = m->too_long = m->encapsulates = m->after_cr = false;
    m->line_empty = true;
    m->field = FIELD_OTHER;
    m->n_held = 0;
    m->n_line = m->n_value = 0;
    m->block = (struct base64){0};
    m->disposed.found = m->typed.found = false;
}

static void entity_over(struct run *r)
{
    struct mime *m = r->m;
    uint8_t out[3];
    if (!m->is_file)
        return;
    if (m->encoding == ENCODING_BASE64)
        put_all(r, out, base64_end(&m->block, out));
    else if (m->encoding == ENCODING_QUOTED && m->n_held == 2)
        put(r, m->held[1]);
    flush(r);
    r->sink->end(r->sink->ctx);
    m->is_file = false;
}

static bool has(struct bytes b, const char *word)
{
    for (; b.len > 0; b.data++, b.len--)
        if (bytes_begin_any_case(b, word))
            return true;
    return false;
}

static void take_encoding(struct mime *m, struct bytes value)
{
    m->encoding = has(value, "base64")             ? ENCODING_BASE64
                  : has(value, "quoted-printable") ? ENCODING_QUOTED
                                                   : ENCODING_NONE;
}

static void take_disposition(struct mime *m, struct bytes value)
{
    mime_name(value, "filename", &m->disposed);
}

static void take_type(struct mime *m, struct bytes value)
{
    struct bytes boundary, type = value;
    const uint8_t *end = memchr(value.data, ';', value.len);
    type.len = end ? (size_t)(end - value.data) : value.len;
    m->encapsulates = has(type, "message/");
    mime_name(value, "name", &m->typed);
    m->has_boundary = mime_parameter(value, "boundary", &boundary);
    m->too_long = m->has_boundary && boundary.len > MIME_BOUNDARY_MAX;
    if (!m->has_boundary || m->too_long)
        return;
    struct mime_boundary *b = &m->levels[MIME_DEPTH_MAX];
    b->len = (uint16_t)boundary.len;
    memcpy(b->bytes, boundary.data, boundary.len);
}

static const struct {
    const char *name;
    void (*take)(struct mime *m, struct bytes value);
} fields[] = {
    [FIELD_ENCODING] = {"content-transfer-encoding:", take_encoding},
    [FIELD_DISPOSITION] = {"content-disposition:", take_disposition},
    [FIELD_TYPE] = {"content-type:", take_type},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static void field_over(struct mime *m)
{
    if (m->field != FIELD_OTHER && m->n_value > 0)
        fields[m->field].take(m, (struct bytes){m->value, m->n_value});
    m->field = FIELD_OTHER;
    m->n_value = 0;
}

static void body_begins(struct run *r)
{
    struct mime *m = r->m;
    m->mode = MODE_BODY;
    m->is_file = m->disposed.found || m->typed.found;
    if (m->is_file)
        r->sink->begin(r->sink->ctx);
}

static void head_over(struct run *r)
{
    struct mime *m = r->m;
    field_over(m);
    if (m->has_boundary && m->n_levels < MIME_DEPTH_MAX)
        m->levels[m->n_levels++] = m->levels[MIME_DEPTH_MAX];
    if (m->too_long)
        m->mode = MODE_BEHIND;
    else if (m->encapsulates && m->encoding == ENCODING_BASE64)
        m->mode = MODE_SEALED;
    else if (m->encapsulates)
        entity_begins(m);
    else
        body_begins(r);
}

const struct mime_name *mime_file_name(const struct mime *m)
{
    return m->disposed.found ? &m->disposed : &m->typed;
}

/* ---- lines ---- */

static void add_value(struct mime *m, struct bytes b)
{
    size_t room = (size_t)MIME_VALUE_MAX - m->n_value, n = b.len < room ? b.len : room;
    if (m->field == FIELD_OTHER)
        return;
    memcpy(m->value + m->n_value, b.data, n);
    m->n_value = (uint16_t)(m->n_value + n);
}

/* name_len: of a field's name and its colon; 0: the line begins none. RFC 5322, 2.2 */
static size_t name_len(struct bytes line)
{
    size_t n = 0;
    while (n < line.len && line.data[n] > ' ' && line.data[n] < 127 && line.data[n] != ':')
        n++;
    return n > 0 && n < line.len && line.data[n] == ':' ? n + 1 : 0;
}

static void begin_field(struct mime *m, struct bytes line, size_t n)
{
    field_over(m);
    m->in_field = true;
    for (unsigned i = FIELD_OTHER + 1; i < FIELDS; i++)
        if (n == strlen(fields[i].name) && bytes_begin_any_case(line, fields[i].name))
            m->field = (uint8_t)i;
    for (; n < line.len && line.data[n] == ' '; n++)
        continue;
    add_value(m, (struct bytes){line.data + n, line.len - n});
}

/* delimiter: the level whose boundary the line has, from 1; 0: none. Where several do, for one
 * begins as another one, it is the longest. */
static unsigned delimiter(const struct mime *m, struct bytes line, bool *last)
{
    unsigned found = 0;
    if (line.len < 2 || line.data[0] != '-' || line.data[1] != '-')
        return 0;
    for (unsigned i = m->n_levels; i > 0; i--) {
        const struct mime_boundary *b = &m->levels[i - 1];
        if (line.len >= b->len + 2u && memcmp(line.data + 2, b->bytes, b->len) == 0 &&
            (found == 0 || b->len > m->levels[found - 1].len))
            found = i;
    }
    size_t n = found ? m->levels[found - 1].len + 2u : 0;
    *last = found && line.len >= n + 2 && line.data[n] == '-' && line.data[n + 1] == '-';
    return found;
}

/* take_delimiter: true if the line is one; what it ends is over. whole: so is the line. */
static bool take_delimiter(struct run *r, struct bytes line, bool whole)
{
    struct mime *m = r->m;
    bool last;
    unsigned level = delimiter(m, line, &last);
    if (level == 0)
        return false;
    entity_over(r);
    entity_begins(m);
    m->n_levels = (uint8_t)(last ? level - 1 : level);
    if (last)
        m->mode = whole ? MODE_BODY : MODE_LAST_REST; /* up to the next one nothing is a file */
    else
        m->mode = whole ? MODE_HEAD : MODE_REST;
    return true;
}

/* take_head_line: whole, without its end. */
static void take_head_line(struct run *r, struct bytes line)
{
    struct mime *m = r->m;
    size_t n = name_len(line);
    if (line.len == 0)
        head_over(r);
    else if (n > 0)
        begin_field(m, line, n);
    else if (m->in_field)
        add_value(m, line);
    else
        m->mode = MODE_BODY; /* that has no head */
}

/* gather: up to the end of the line, as far as it has room; returns how many bytes are done with.
 */
static size_t gather(struct mime *m, struct bytes b, bool *whole)
{
    const uint8_t *lf = memchr(b.data, '\n', b.len);
    size_t n = lf ? (size_t)(lf - b.data) + 1 : b.len, room = (size_t)MIME_LINE_MAX - m->n_line;
    size_t kept = n < room ? n : room;
    memcpy(m->line + m->n_line, b.data, kept);
    m->n_line = (uint16_t)(m->n_line + kept);
    *whole = lf != NULL;
    return n;
}

static size_t read_head(struct run *r, struct bytes b)
{
    struct mime *m = r->m;
    bool whole;
    size_t n = gather(m, b, &whole);
    if (!whole)
        return n;
    struct bytes line = {m->line, m->n_line};
    line.len -= end_of_line(line);
    m->n_line = 0;
    if (!take_delimiter(r, line, true))
        take_head_line(r, line);
    return n;
}

/* gather_all: the same, of a line that may turn out to be content: what has no room is left.
 * *whole: the line is; true once no more of it can be gathered. */
static bool gather_all(struct mime *m, struct bytes b, size_t *n, bool *whole)
{
    size_t room = (size_t)MIME_LINE_MAX - m->n_line;
    b.len = b.len < room ? b.len : room;
    *n = gather(m, b, whole);
    return *whole || m->n_line == MIME_LINE_MAX;
}

/* read_candidate: of a line that may be a delimiter. */
static size_t read_candidate(struct run *r, struct bytes b)
{
    struct mime *m = r->m;
    bool whole;
    size_t n;
    bool all = gather_all(m, b, &n, &whole);
    struct bytes line = {m->line, m->n_line};
    bool may_be = line.len < 2 || line.data[1] == '-';
    if (!all && may_be)
        return n;
    m->n_line = 0;
    m->within_line = !whole;
    if (!may_be || !take_delimiter(r, line, whole))
        content(r, line);
    return n;
}

/* read_sealed: what begins with a field is a message in the clear, whatever it says. */
static size_t read_sealed(struct run *r, struct bytes b)
{
    struct mime *m = r->m;
    bool whole;
    size_t n;
    if (!gather_all(m, b, &n, &whole))
        return n;
    struct bytes line = {m->line, m->n_line}, text = line;
    text.len -= end_of_line(line);
    m->n_line = 0;
    m->within_line = !whole;
    if (text.len == 0 || take_delimiter(r, line, whole))
        return n;
    if (whole && name_len(text) > 0) {
        entity_begins(m);
        take_head_line(r, text);
    } else {
        body_begins(r);
        content(r, line);
    }
    return n;
}

/* read_body: as many lines as are no delimiters by their first byte. */
static size_t read_body(struct run *r, struct bytes b)
{
    struct mime *m = r->m;
    bool levels = m->n_levels > 0;
    size_t n = 0;
    if (m->n_line > 0 || (levels && !m->within_line && b.data[0] == '-'))
        return read_candidate(r, b);
    do {
        const uint8_t *lf = memchr(b.data + n, '\n', b.len - n);
        m->within_line = !lf;
        n = lf ? (size_t)(lf - b.data) + 1 : b.len;
    } while (n < b.len && !(levels && b.data[n] == '-'));
    content(r, (struct bytes){b.data, n});
    return n;
}

static size_t read_rest(struct run *r, struct bytes b)
{
    const uint8_t *lf = memchr(b.data, '\n', b.len);
    if (lf)
        r->m->mode = r->m->mode == MODE_REST ? MODE_HEAD : MODE_BODY;
    return lf ? (size_t)(lf - b.data) + 1 : b.len;
}

void mime_begin(struct mime *m)
{
    entity_begins(m);
    m->n_levels = 0;
}

void mime_feed(struct mime *m, struct bytes bytes, const struct mime_sink *sink)
{
    static size_t (*const read[])(struct run * r, struct bytes b) = {[MODE_HEAD] = read_head,
                                                                     [MODE_SEALED] = read_sealed,
                                                                     [MODE_BODY] = read_body,
                                                                     [MODE_REST] = read_rest,
                                                                     [MODE_LAST_REST] = read_rest};
    struct run r = {.m = m, .sink = sink};
    while (bytes.len > 0 && m->mode != MODE_BEHIND) {
        size_t n = read[m->mode](&r, bytes);
        bytes.data += n;
        bytes.len -= n;
    }
    flush(&r);
}

void mime_end(struct mime *m, const struct mime_sink *sink)
{
    struct run r = {.m = m, .sink = sink};
    if (m->mode == MODE_BODY && m->n_line > 0 &&
        !take_delimiter(&r, (struct bytes){m->line, m->n_line}, false))
        content(&r, (struct bytes){m->line, m->n_line});
    entity_over(&r);
    m->mode = MODE_BEHIND;
}
