/* The first line, fields one by one, then the parts that are made of all of them. */
#include "proto/http1_parts.h"
#include "proto/http1_uri.h"

#include <string.h>

#define REPETITIONS_MAX 64 /* that are joined, behind the first of each name */

struct field {
    struct bytes name, value;
    uint32_t key;        /* of the name in lower case */
    uint16_t next, last; /* fields of the same name, in their order; 0: none */
    bool repeats;        /* an earlier one has the name */
};

struct head {
    bool from_client;
    bool plain;                /* each line is "name: value", CR, LF, and no name is there twice */
    struct bytes line, fields; /* the first line; what is behind it, as it was sent */
    struct bytes method, target, protocol, status, reason;
    unsigned n, repetitions;
    struct field field[HTTP1_FIELDS_MAX];
};

/* ---- lines ---- */

/* next_line: moves *rest behind it; with its end, false if there is no whole one. */
static bool next_line(bool from_client, struct bytes *rest, struct bytes *line)
{
    const uint8_t *lf = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!lf)
        return false;
    *line = (struct bytes){rest->data, (size_t)(lf - rest->data) + 1};
    if (!from_client)
        line->len = http1_cr_end(*line);
    rest->data += line->len;
    rest->len -= line->len;
    return true;
}

static struct bytes without_end(struct bytes line)
{
    while (line.len > 0 && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
        line.len--;
    return line;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* ---- the first line ---- */

static void skip_space(struct bytes *rest)
{
    while (rest->len > 0 && http1_is_space(*rest->data)) {
        rest->data++;
        rest->len--;
    }
}

/* word: up to white space, or to a space alone. */
static struct bytes word(struct bytes *rest, bool any_space)
{
    struct bytes w = {rest->data, 0};
    while (w.len < rest->len && !(any_space ? http1_is_space(w.data[w.len]) : w.data[w.len] == ' '))
        w.len++;
    rest->data += w.len;
    rest->len -= w.len;
    return w;
}

static void request_line(struct head *h)
{
    struct bytes rest = h->line;
    skip_space(&rest);
    h->method = word(&rest, true);
    skip_space(&rest);
    if (rest.len == 0)
        return;
    struct bytes line = rest;
    h->target = word(&rest, false);
    if (rest.len == 0) {
        rest = line;
        h->target = word(&rest, true);
    }
    skip_space(&rest);
    if (rest.len > 0)
        h->protocol = rest;
}

static void response_line(struct head *h)
{
    struct bytes rest = h->line;
    skip_space(&rest);
    h->protocol = word(&rest, true);
    skip_space(&rest);
    if (rest.len == 0)
        return;
    h->status = word(&rest, true);
    skip_space(&rest);
    if (rest.len > 0)
        h->reason = rest;
}

/* ---- fields ---- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool same_name(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

/* key_of: differs where names differ, mostly. */
static uint32_t key_of(struct bytes name)
{
    if (name.len == 0)
        return 0;
    return (uint32_t)(name.len & 0xff) << 24 | (uint32_t)lower(name.data[0]) << 16 |
           (uint32_t)lower(name.data[name.len / 2]) << 8 | lower(name.data[name.len - 1]);
}

static bool is_named(const struct field *f, const char *name)
{
    struct bytes wanted = {(const uint8_t *)name, strlen(name)};
    return f->name.len == wanted.len && same_name(f->name, wanted);
}

/* colon: where the name ends, or the length of the line if it has no name. */
static size_t colon(bool from_client, struct bytes line)
{
    const uint8_t *found = line.len ? memchr(line.data, ':', line.len) : NULL;
    if (!found || (from_client && memchr(line.data, 0, (size_t)(found - line.data))))
        return line.len;
    return (size_t)(found - line.data);
}

static void chain(struct head *h, struct field *f)
{
    for (unsigned i = 0; i < h->n; i++) {
        struct field *first = &h->field[i];
        if (first->repeats || first->key != f->key || !same_name(first->name, f->name))
            continue;
        f->repeats = true;
        h->plain = false;
        if (is_named(f, "Content-Length") || (first->last && h->repetitions++ >= REPETITIONS_MAX))
            return;
        h->field[first->last ? first->last : i].next = (uint16_t)h->n;
        first->last = (uint16_t)h->n;
        return;
    }
}

/* add: a line without its end, folded ones joined. */
static void add(struct head *h, struct bytes line)
{
    if (h->n == HTTP1_FIELDS_MAX)
        return;
    struct field *f = &h->field[h->n];
    size_t at = colon(h->from_client, line), name = at, end = line.len;
    if (at == line.len) {
        name = 0;
        at = 0;
        h->plain = false;
    } else {
        while (name > 0 && (h->from_client ? is_blank(line.data[name - 1])
                                           : http1_is_space(line.data[name - 1])))
            name--;
        at++;
    }
    size_t value = at;
    while (value < end && is_blank(line.data[value]))
        value++;
    while (end > value + 1 && is_blank(line.data[end - 1]))
        end--;
    h->plain &= name + 2 == value && line.data[name + 1] == ' ' && end == line.len;
    *f = (struct field){.name = {line.data, name}, .value = {line.data + value, end - value}};
    f->key = key_of(f->name);
    chain(h, f);
    h->n++;
}

/* is_new: a folded line of a response that looks like a field is one. */
static bool is_new(const struct head *h, struct bytes so_far, struct bytes line)
{
    return !h->from_client && memchr(line.data, ':', line.len) && so_far.len &&
           memchr(so_far.data, ':', so_far.len) && h->protocol.len == 8 &&
           memcmp(h->protocol.data, "HTTP/1.1", 8) == 0;
}

static bool is_folded(struct bytes line)
{
    return line.len > 0 && (is_blank(line.data[0]) || line.data[0] == 0);
}

/* unfold: the lines of one field; the first one of `rest` has been taken. */
static struct bytes unfold(struct head *h, struct bytes line, struct bytes *rest,
                           struct proto_scratch *scratch)
{
    bool copied = false;
    while (is_folded(*rest)) {
        struct bytes after = *rest, next;
        if (!next_line(h->from_client, &after, &next) || without_end(next).len == 0)
            break;
        *rest = after;
        next = without_end(next);
        h->plain = false;
        if (is_new(h, line, next)) {
            add(h, line);
            line = (struct bytes){next.data + 1, next.len - 1};
            copied = false;
            continue;
        }
        if (!copied)
            line = http1_put(scratch, line);
        copied = true;
        line.len += http1_put(scratch, next).len;
    }
    return line;
}

/* without_cr: behind a LF that has none before it a CR belongs to it, to browsers. */
static struct bytes without_cr(const struct head *h, struct bytes line)
{
    bool swapped = !h->from_client && line.len > 2 && line.data[0] == '\r' && line.data[-2] != '\r';
    return swapped ? (struct bytes){line.data + 1, line.len - 1} : line;
}

static void read_fields(struct head *h, struct proto_scratch *scratch)
{
    struct bytes rest = h->fields, line;
    while (next_line(h->from_client, &rest, &line)) {
        line = without_cr(h, line);
        struct bytes text = without_end(line);
        if (text.len == 0 && line.len <= 2 && line.data[line.len - 1] == '\n') {
            h->plain &= line.len == 2;
            return;
        }
        h->plain &= line.len == text.len + 2;
        while (is_folded(text)) {
            h->plain = false;
            text.data++;
            text.len--;
        }
        add(h, unfold(h, text, &rest, scratch));
    }
    h->plain = false; /* the empty line is missing */
}

/* join: the values of one name. */
static void join(struct head *h, struct field *f, struct proto_scratch *scratch)
{
    static const uint8_t between[] = ", ";
    struct bytes joined = http1_put(scratch, f->value);
    for (unsigned i = f->next; i; i = h->field[i].next) {
        joined.len += http1_put(scratch, (struct bytes){between, 2}).len;
        joined.len += http1_put(scratch, h->field[i].value).len;
    }
    f->value = joined;
}

/* compact: each name once. */
static void compact(struct head *h, struct proto_scratch *scratch)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->n; i++)
        if (h->field[i].next && !h->field[i].repeats)
            join(h, &h->field[i], scratch);
    for (unsigned i = 0; i < h->n; i++)
        if (!h->field[i].repeats)
            h->field[n++] = h->field[i];
    h->n = n;
}

static void read_head(struct head *h, const struct proto_message *message,
                      struct proto_scratch *scratch)
{
    struct bytes none = {0}, rest = message->head, line;
    h->from_client = message->direction == PROTO_TO_SERVER;
    h->method = h->target = h->protocol = h->status = h->reason = none;
    h->n = h->repetitions = 0;
    if (!next_line(h->from_client, &rest, &line)) {
        line = rest;
        rest = none;
    }
    h->line = without_end(line);
    h->plain = line.len == h->line.len + 2;
    h->fields = rest;
    if (h->from_client)
        request_line(h);
    else
        response_line(h);
    read_fields(h, scratch);
    if (!h->plain)
        compact(h, scratch);
}

/* ---- parts ---- */

struct maker {
    struct head *h;
    struct proto_scratch *scratch;
    struct proto_part *out;
    unsigned n;
};

static void part(struct maker *m, enum proto_part_id id, struct bytes bytes)
{
    if (bytes.data && m->n < PROTO_MESSAGE_PARTS)
        m->out[m->n++] = (struct proto_part){.id = (uint8_t)id, .bytes = bytes};
}

static void put_text(struct maker *m, const char *text)
{
    http1_put(m->scratch, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static const uint8_t *scratch_at(const struct maker *m)
{
    return m->scratch->data + m->scratch->used;
}

static struct bytes since(const struct maker *m, const uint8_t *from)
{
    return (struct bytes){from, (size_t)(scratch_at(m) - from)};
}

static void put_field(struct maker *m, const struct field *f)
{
    http1_put(m->scratch, f->name);
    put_text(m, ": ");
    http1_put(m->scratch, f->value);
    put_text(m, "\r\n");
}

static bool is_cookie(const struct maker *m, const struct field *f)
{
    return is_named(f, m->h->from_client ? "Cookie" : "Set-Cookie");
}

/* header: without cookies. */
static struct bytes header(struct maker *m)
{
    struct head *h = m->h;
    const uint8_t *from = scratch_at(m);
    bool plain = h->plain;
    for (unsigned i = 0; i < h->n; i++)
        plain &= !is_cookie(m, &h->field[i]);
    if (plain)
        return (struct bytes){h->fields.data, h->fields.len - 2};
    for (unsigned i = 0; i < h->n; i++)
        if (!is_cookie(m, &h->field[i]))
            put_field(m, &h->field[i]);
    return since(m, from);
}

static struct bytes header_names(struct maker *m)
{
    const uint8_t *from = scratch_at(m);
    put_text(m, "\r\n");
    for (unsigned i = 0; i < m->h->n; i++) {
        http1_put(m->scratch, m->h->field[i].name);
        put_text(m, "\r\n");
    }
    put_text(m, "\r\n");
    return since(m, from);
}

/* start: the first line and all fields, in one. */
static struct bytes start(struct maker *m)
{
    struct head *h = m->h;
    const uint8_t *from = scratch_at(m);
    if (h->plain)
        return (struct bytes){h->line.data, h->line.len + 2 + (h->n ? h->fields.len : 0)};
    http1_put(m->scratch, h->line);
    put_text(m, "\r\n");
    for (unsigned i = 0; i < h->n; i++)
        put_field(m, &h->field[i]);
    if (h->n)
        put_text(m, "\r\n");
    return since(m, from);
}

/* The parts that are a field's value; directions as in PROTO_PARTS. */
static const struct {
    const char *name;
    uint8_t len, id, directions;
} values[] = {
    {"User-Agent", 10, PART_HTTP_USER_AGENT, 1},
    {"Referer", 7, PART_HTTP_REFERER, 1},
    {"Cookie", 6, PART_HTTP_COOKIE, 1},
    {"Accept", 6, PART_HTTP_ACCEPT, 1},
    {"Accept-Encoding", 15, PART_HTTP_ACCEPT_ENC, 1},
    {"Accept-Language", 15, PART_HTTP_ACCEPT_LANG, 1},
    {"Connection", 10, PART_HTTP_CONNECTION, 3},
    {"Content-Type", 12, PART_HTTP_CONTENT_TYPE, 3},
    {"Content-Length", 14, PART_HTTP_CONTENT_LEN, 3},
    {"Set-Cookie", 10, PART_HTTP_COOKIE, 2},
    {"Server", 6, PART_HTTP_SERVER, 2},
    {"Location", 8, PART_HTTP_LOCATION, 2},
};

static void value_parts(struct maker *m)
{
    unsigned direction = m->h->from_client ? 1 : 2;
    for (unsigned k = 0; k < m->h->n; k++)
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
            if (m->h->field[k].name.len == values[i].len && (values[i].directions & direction) &&
                is_named(&m->h->field[k], values[i].name)) {
                part(m, values[i].id, m->h->field[k].value);
                break;
            }
}

static void all_fields(struct maker *m)
{
    if (m->h->fields.len > 0)
        part(m, PART_HTTP_HEADER_RAW, m->h->fields);
    if (m->h->n > 0)
        part(m, PART_HTTP_HEADER_NAMES, header_names(m));
    struct bytes all = header(m);
    if (all.len > 0)
        part(m, PART_HTTP_HEADER, all);
    part(m, PART_HTTP_START, start(m));
}

static struct bytes trimmed(struct bytes b)
{
    while (b.len > 0 && http1_is_space(b.data[b.len - 1]))
        b.len--;
    skip_space(&b);
    return b;
}

/* host_of_field: without the port; in lower case where it has none. */
static struct bytes host_of_field(struct maker *m, struct bytes value)
{
    struct bytes none = {0}, name = trimmed(value);
    const uint8_t *from = scratch_at(m);
    if (name.len == 0)
        return none;
    if (name.data[0] == '[') {
        const uint8_t *end = memchr(name.data, ']', name.len);
        return end ? (struct bytes){name.data, (size_t)(end - name.data) + 1} : none;
    }
    const uint8_t *found = memchr(name.data, ':', name.len);
    if (found)
        return trimmed((struct bytes){name.data, (size_t)(found - name.data)});
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = lower(name.data[i]);
        http1_put(m->scratch, (struct bytes){&c, 1});
    }
    return since(m, from);
}

static void host_parts(struct maker *m, bool connect)
{
    struct bytes host = http1_uri_host(m->h->target, connect, m->scratch);
    if (host.data) {
        part(m, PART_HTTP_HOST, host);
        part(m, PART_HTTP_HOST_RAW, host);
        return;
    }
    for (unsigned i = 0; i < m->h->n; i++)
        if (is_named(&m->h->field[i], "Host")) {
            part(m, PART_HTTP_HOST_RAW, m->h->field[i].value);
            part(m, PART_HTTP_HOST, host_of_field(m, m->h->field[i].value));
            return;
        }
}

static void request_parts(struct maker *m)
{
    const struct head *h = m->h;
    bool connect = h->method.len == 7 && memcmp(h->method.data, "CONNECT", 7) == 0;
    part(m, PART_HTTP_REQUEST_LINE, h->line);
    part(m, PART_HTTP_METHOD, h->method);
    part(m, PART_HTTP_URI_RAW, h->target);
    if (h->target.data)
        part(m, PART_HTTP_URI, http1_uri(h->target, connect, m->scratch));
    part(m, PART_HTTP_PROTOCOL, h->protocol);
    host_parts(m, connect);
}

static void response_parts(struct maker *m)
{
    part(m, PART_HTTP_RESPONSE_LINE, m->h->line);
    part(m, PART_HTTP_PROTOCOL, m->h->protocol);
    part(m, PART_HTTP_STAT_CODE, m->h->status);
    part(m, PART_HTTP_STAT_MSG, m->h->reason);
}

static bool is_text(struct bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

/* is_switch: to HTTP/2, where the response itself comes; only single fields are there then. */
static bool is_switch(const struct head *h)
{
    for (unsigned i = 0; i < h->n && is_text(h->status, "101"); i++)
        if (is_named(&h->field[i], "Upgrade"))
            return is_text(h->field[i].value, "h2c");
    return false;
}

static bool is_zero(struct bytes number)
{
    for (size_t i = 0; i < number.len; i++)
        if (number.data[i] >= '1' && number.data[i] <= '9')
            return false;
    return true;
}

/* is_continue: Suricata forgets its fields when the response itself comes; one that has a body is
 * that response. */
static bool is_continue(const struct head *h)
{
    if (!is_text(h->status, "100"))
        return false;
    for (unsigned i = 0; i < h->n; i++)
        if (is_named(&h->field[i], "Transfer-Encoding") ||
            (is_named(&h->field[i], "Content-Length") && !is_zero(h->field[i].value)))
            return false;
    return true;
}

unsigned http1_parts(const struct proto_message *message, struct proto_scratch *scratch,
                     struct proto_part out[PROTO_MESSAGE_PARTS])
{
    struct head h;
    struct maker m = {.h = &h, .scratch = scratch, .out = out};
    if (message->head.len == 0)
        return 0;
    read_head(&h, message, scratch);
    if (h.from_client)
        request_parts(&m);
    else
        response_parts(&m);
    if (!is_continue(&h))
        value_parts(&m);
    if (!is_continue(&h) && !is_switch(&h))
        all_fields(&m);
    return m.n;
}

/* ---- for bodies ---- */

struct bytes http1_field(struct bytes head, const char *name)
{
    struct bytes line, rest = head, wanted = {(const uint8_t *)name, strlen(name)};
    while (next_line(true, &rest, &line)) {
        line = without_end(line);
        size_t at = colon(true, line);
        if (at < line.len && same_name((struct bytes){line.data, at}, wanted))
            return trimmed((struct bytes){line.data + at + 1, line.len - at - 1});
    }
    return (struct bytes){0};
}

void http1_each(struct bytes head, struct proto_scratch *scratch,
                void (*take)(void *ctx, struct bytes name, struct bytes value), void *ctx)
{
    static const uint8_t method[] = ":method", path[] = ":path";
    struct proto_message message = {.direction = PROTO_TO_SERVER, .head = head};
    struct head h;
    read_head(&h, &message, scratch);
    take(ctx, (struct bytes){method, sizeof(method) - 1}, h.method);
    if (h.target.data)
        take(ctx, (struct bytes){path, sizeof(path) - 1}, h.target);
    for (unsigned i = 0; i < h.n; i++)
        take(ctx, h.field[i].name, h.field[i].value);
}

struct bytes http1_file_name(struct bytes head, struct proto_scratch *scratch)
{
    struct head h;
    struct bytes rest = head;
    if (!next_line(true, &rest, &h.line))
        return (struct bytes){0};
    h.line = without_end(h.line);
    h.target = (struct bytes){0};
    request_line(&h);
    return http1_uri(http1_target(h.target, false).path, false, scratch);
}
