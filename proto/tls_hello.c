/* Fixed fields, then one extension after the other. */
#include "proto/tls_hello.h"

#define RANDOM_LEN       32
#define NAME_MAX_LEN     255
#define NAME_TYPE_HOST   0
#define FIRST_DRAFT      0x7f01 /* stands for the drafts of TLS 1.3 that say TLS 1.3 */
#define FIRST_REAL_DRAFT 0x7f10

struct bytes tls_list(struct bytes content, unsigned width)
{
    struct reader r = reader_over(content.data, content.len);
    size_t len = width == 1 ? reader_u8(&r) : reader_be16(&r);
    const uint8_t *data = reader_take(&r, len);
    return (struct bytes){data, data ? len : 0};
}

bool tls_extension_next(struct reader *list, uint16_t *type, struct bytes *content)
{
    *type = reader_be16(list);
    content->len = reader_be16(list);
    content->data = reader_take(list, content->len);
    return content->data != NULL;
}

/* known_version: one that supported_versions may mean; others there are noise. */
static bool known_version(uint16_t version)
{
    return (version >= TLS_SSL3 && version <= TLS_1_3) || version == FIRST_DRAFT ||
           (version >= FIRST_REAL_DRAFT && version <= 0x7f1c) ||
           (version >= 0xfb14 && version <= 0xfb17) || version == 0xfb1a;
}

/* version_of_field: TLS 1.3 does not say so in the field; its early drafts did. */
static uint16_t version_of_field(uint16_t version)
{
    bool early = version == TLS_1_3 || (version >= FIRST_DRAFT && version < FIRST_REAL_DRAFT);
    return early ? FIRST_DRAFT : version;
}

/* ---- extensions; false: the content contradicts itself ---- */

static bool server_name(struct reader *r, struct tls_hello *out)
{
    reader_be16(r);
    uint8_t type = reader_u8(r);
    uint16_t len = reader_be16(r);
    const uint8_t *name = reader_take(r, len);
    if (!name || type != NAME_TYPE_HOST || len == 0 || len > NAME_MAX_LEN)
        return false;
    if (out->name.len == 0)
        out->name = (struct bytes){name, len};
    return true;
}

static bool pairs(struct reader *r)
{
    uint16_t len = reader_be16(r);
    reader_skip(r, len);
    return !r->failed && len % 2 == 0;
}

static bool point_formats(struct reader *r)
{
    reader_skip(r, reader_u8(r));
    return !r->failed;
}

static bool protocols(struct reader *r)
{
    uint16_t len = reader_be16(r);
    const uint8_t *list = reader_take(r, len);
    return list != NULL;
}

static bool client_versions(struct reader *r, struct tls_hello *out)
{
    uint8_t len = reader_u8(r);
    const uint8_t *list = reader_take(r, len);
    if (!list || len < 2)
        return false;
    for (unsigned i = 0; i + 1 < len; i += 2) {
        uint16_t version = load_be16(list + i);
        if (known_version(version)) {
            out->agreed = version;
            break;
        }
    }
    return true;
}

static bool server_version(struct reader *r, struct tls_hello *out)
{
    uint16_t version = reader_be16(r);
    if (r->failed)
        return false;
    out->agreed = version;
    return true;
}

static bool take_extension(uint16_t type, struct bytes content, bool client, struct tls_hello *out)
{
    struct reader r = reader_over(content.data, content.len);
    if (content.len == 0)
        return true;
    switch (type) {
    case TLS_EXTENSION_SERVER_NAME:
        return server_name(&r, out);
    case TLS_EXTENSION_GROUPS:
    case TLS_EXTENSION_SIGNATURES:
        return pairs(&r);
    case TLS_EXTENSION_POINT_FORMATS:
        return point_formats(&r);
    case TLS_EXTENSION_ALPN:
        return protocols(&r);
    case TLS_EXTENSION_VERSIONS:
        return client ? client_versions(&r, out) : server_version(&r, out);
    default:
        return true;
    }
}

static void extensions(struct reader *r, bool client, bool cut, struct tls_hello *out)
{
    uint16_t type;
    struct bytes content;
    if (reader_left(r) < 2)
        return;
    uint16_t len = reader_be16(r);
    out->extensions.data = r->at;
    out->broken = len > reader_left(r);
    if (out->broken && !cut)
        return;
    while (out->extensions.len < len) {
        if (!tls_extension_next(r, &type, &content)) {
            out->broken = true;
            return;
        }
        if (!take_extension(type, content, client, out))
            return;
        out->extensions.len += 4 + content.len;
    }
}

/* ---- fields before them ---- */

static void begin(struct reader *r, struct tls_hello *out)
{
    *out = (struct tls_hello){.version = reader_be16(r)};
    out->agreed = version_of_field(out->version);
    reader_skip(r, RANDOM_LEN);
}

bool tls_client_hello_read(struct bytes body, bool cut, struct tls_hello *out)
{
    struct reader r = reader_over(body.data, body.len);
    begin(&r, out);
    reader_skip(&r, reader_u8(&r)); /* session */
    out->ciphers.len = reader_be16(&r);
    out->ciphers.data = reader_take(&r, out->ciphers.len);
    reader_skip(&r, reader_u8(&r)); /* compression */
    if (r.failed || out->ciphers.len % 2)
        return false;
    extensions(&r, true, cut, out);
    return true;
}

/* Drafts of TLS 1.3 up to 21 have neither session nor compression here. */
bool tls_server_hello_read(struct bytes body, struct tls_hello *out)
{
    struct reader r = reader_over(body.data, body.len);
    begin(&r, out);
    bool draft = out->version == TLS_1_3 || out->version >> 8 == 0x7f;
    if (!draft)
        reader_skip(&r, reader_u8(&r));
    out->ciphers = (struct bytes){reader_take(&r, 2), 2};
    if (!draft)
        reader_skip(&r, 1);
    if (r.failed)
        return false;
    extensions(&r, false, false, out);
    return true;
}
