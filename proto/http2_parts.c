/* Fields one by one, then what is made of all of them. */
#include "proto/http2_parts.h"
#include "proto/scratch.h"

/* ---- heads ---- */

/* The first byte of a head. */
enum known { KNOWN = 0, PARTLY_KNOWN };

struct hpack_list http2_head_begin(uint8_t memory[HTTP2_HEAD_MAX])
{
    return (struct hpack_list){.data = memory, .len = 1, .room = HTTP2_HEAD_MAX};
}

struct bytes http2_head_end(struct hpack_list *list)
{
    list->data[0] = list->unknown ? PARTLY_KNOWN : KNOWN;
    return (struct bytes){list->data, list->len};
}

bool http2_head_is_known(struct bytes head)
{
    return head.len > 0 && head.data[0] == KNOWN;
}

static struct bytes fields_of(struct bytes head)
{
    return head.len > 0 ? (struct bytes){head.data + 1, head.len - 1} : head;
}

static bool is_text(struct bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

struct bytes http2_head_field(struct bytes head, const char *name)
{
    struct bytes rest = fields_of(head), found, value;
    while (hpack_list_next(&rest, &found, &value))
        if (is_text(found, name))
            return value;
    return (struct bytes){0};
}

bool http2_head_begins(struct bytes head)
{
    struct bytes rest = fields_of(head), name, value;
    while (hpack_list_next(&rest, &name, &value))
        if (name.len > 0 && name.data[0] == ':')
            return true;
    return false;
}

/* ---- parts ---- */

struct maker {
    struct bytes head;
    bool to_server;
    struct proto_scratch *scratch;
    struct proto_part *out;
    unsigned n;
};

static void part(struct maker *m, enum proto_part_id id, struct bytes bytes)
{
    if (m->n < PROTO_MESSAGE_PARTS)
        m->out[m->n++] = (struct proto_part){.id = (uint8_t)id, .bytes = bytes};
}

static void part_if_any(struct maker *m, enum proto_part_id id, struct bytes bytes)
{
    if (bytes.len > 0)
        part(m, id, bytes);
}

static void put(struct scratch_text *t, struct bytes b)
{
    scratch_bytes(t, b.data, b.len);
}

/* joined: the values of one name; a view where it is there once. */
static struct bytes joined(struct maker *m, const char *name)
{
    struct bytes rest = fields_of(m->head), found, value, first = {0};
    struct scratch_text t = scratch_begin(m->scratch);
    unsigned n = 0;
    while (hpack_list_next(&rest, &found, &value)) {
        if (!is_text(found, name))
            continue;
        if (n == 0)
            first = value;
        if (n == 1)
            put(&t, first);
        if (n++ > 0) {
            scratch_puts(&t, ", ");
            put(&t, value);
        }
    }
    return n < 2 ? first : scratch_end(m->scratch, &t);
}

/* The parts that are a field's value; directions as in PROTO_PARTS. Whether a field of a list is
 * there once more cannot be known where not all fields are. */
static const struct {
    const char *name;
    uint8_t id, directions;
    bool list;
} values[] = {
    {"user-agent", PART_HTTP_USER_AGENT, 1, false},
    {"referer", PART_HTTP_REFERER, 1, false},
    {"cookie", PART_HTTP_COOKIE, 1, true},
    {"accept", PART_HTTP_ACCEPT, 1, true},
    {"accept-encoding", PART_HTTP_ACCEPT_ENC, 1, true},
    {"accept-language", PART_HTTP_ACCEPT_LANG, 1, true},
    {"connection", PART_HTTP_CONNECTION, 3, true},
    {"content-type", PART_HTTP_CONTENT_TYPE, 3, false},
    {"content-length", PART_HTTP_CONTENT_LEN, 3, false},
    {"set-cookie", PART_HTTP_COOKIE, 2, true},
    {"server", PART_HTTP_SERVER, 2, false},
    {"location", PART_HTTP_LOCATION, 2, false},
};

static void value_parts(struct maker *m)
{
    unsigned direction = m->to_server ? 1 : 2;
    bool known = http2_head_is_known(m->head);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if ((values[i].directions & direction) && (known || !values[i].list))
            part_if_any(m, values[i].id, joined(m, values[i].name));
}

static bool is_cookie(const struct maker *m, struct bytes name)
{
    const char *wanted = m->to_server ? "cookie" : "set-cookie";
    if (name.len != strlen(wanted))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)wanted[i])
            return false;
    }
    return true;
}

static struct bytes without_blanks(struct bytes b)
{
    while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t')) {
        b.data++;
        b.len--;
    }
    while (b.len > 0 && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t'))
        b.len--;
    return b;
}

static void put_field(struct scratch_text *t, struct bytes name, struct bytes value)
{
    put(t, name);
    scratch_puts(t, ": ");
    put(t, value);
    scratch_puts(t, "\r\n");
}

static struct bytes header(struct maker *m, bool raw)
{
    struct bytes rest = fields_of(m->head), name, value;
    struct scratch_text t = scratch_begin(m->scratch);
    while (hpack_list_next(&rest, &name, &value)) {
        if (raw)
            put_field(&t, name, value);
        else if (!is_cookie(m, name))
            put_field(&t, name, without_blanks(value));
    }
    return scratch_end(m->scratch, &t);
}

static struct bytes header_names(struct maker *m)
{
    struct bytes rest = fields_of(m->head), name, value;
    struct scratch_text t = scratch_begin(m->scratch);
    if (rest.len > 0)
        scratch_puts(&t, "\r\n");
    while (hpack_list_next(&rest, &name, &value)) {
        put(&t, name);
        scratch_puts(&t, "\r\n");
    }
    if (t.len > 0)
        scratch_puts(&t, "\r\n");
    return scratch_end(m->scratch, &t);
}

static void all_fields(struct maker *m)
{
    if (!http2_head_is_known(m->head))
        return;
    part_if_any(m, PART_HTTP_HEADER, header(m, false));
    part_if_any(m, PART_HTTP_HEADER_RAW, header(m, true));
    part_if_any(m, PART_HTTP_HEADER_NAMES, header_names(m));
}

/* host: of :authority. */
static struct bytes host(struct maker *m, struct bytes authority)
{
    struct scratch_text t = scratch_begin(m->scratch);
    const uint8_t *end = authority.data + authority.len;
    const uint8_t *at = memchr(authority.data, '@', authority.len);
    for (at = at ? at + 1 : authority.data; at < end && *at != ':'; at++)
        scratch_byte(&t, *at >= 'A' && *at <= 'Z' ? (uint8_t)(*at | 0x20) : *at);
    return scratch_end(m->scratch, &t);
}

static void request_parts(struct maker *m)
{
    struct bytes method = http2_head_field(m->head, ":method");
    struct bytes path = http2_head_field(m->head, ":path");
    struct bytes authority = joined(m, ":authority");
    bool known = http2_head_is_known(m->head);
    part_if_any(m, PART_HTTP_METHOD, method);
    part_if_any(m, PART_HTTP_URI, path);
    part_if_any(m, PART_HTTP_URI_RAW, path);
    part_if_any(m, PART_HTTP_HOST_RAW, authority);
    if (authority.len > 0)
        part_if_any(m, PART_HTTP_HOST, host(m, authority));
    if (!known && (!method.data || !path.data))
        return;
    struct scratch_text t = scratch_begin(m->scratch);
    put(&t, method);
    scratch_puts(&t, " ");
    put(&t, path);
    scratch_puts(&t, " HTTP/2\r\n");
    part(m, PART_HTTP_REQUEST_LINE, scratch_end(m->scratch, &t));
}

static void response_parts(struct maker *m)
{
    struct bytes status = http2_head_field(m->head, ":status"), empty = {m->head.data, 0};
    part_if_any(m, PART_HTTP_STAT_CODE, status);
    part(m, PART_HTTP_STAT_MSG, empty);
    struct scratch_text t = scratch_begin(m->scratch);
    scratch_puts(&t, "HTTP/2 ");
    put(&t, status);
    scratch_puts(&t, "\r\n");
    part(m, PART_HTTP_RESPONSE_LINE, scratch_end(m->scratch, &t));
}

unsigned http2_parts(const struct proto_message *message, struct proto_scratch *scratch,
                     struct proto_part out[PROTO_MESSAGE_PARTS])
{
    static const uint8_t protocol[] = "HTTP/2";
    struct maker m = {.head = message->head,
                      .to_server = message->direction == PROTO_TO_SERVER,
                      .scratch = scratch,
                      .out = out};
    if (message->head.len == 0)
        return 0;
    if (m.to_server)
        request_parts(&m);
    else
        response_parts(&m);
    part(&m, PART_HTTP_PROTOCOL, (struct bytes){protocol, sizeof(protocol) - 1});
    value_parts(&m);
    all_fields(&m);
    return m.n;
}
