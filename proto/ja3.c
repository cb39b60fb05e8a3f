/* Lists of numbers, written out and hashed. */
#include "proto/ja3.h"

#include "base/digest.h"

/* ---- JA3 ---- */

/* number: "-" between two. */
static void number(struct scratch_text *t, size_t from, unsigned value)
{
    if (t->len > from)
        scratch_byte(t, '-');
    scratch_number(t, value);
}

static void numbers(struct scratch_text *t, size_t from, struct bytes list, unsigned width)
{
    for (size_t i = 0; i + width <= list.len; i += width) {
        uint16_t value = width == 1 ? list.data[i] : load_be16(list.data + i);
        if (!tls_is_grease(value))
            number(t, from, value);
    }
}

/* listed: what all extensions of a type list. */
static void listed(struct scratch_text *t, const struct tls_hello *hello, uint16_t wanted,
                   unsigned width)
{
    struct reader r = reader_over(hello->extensions.data, hello->extensions.len);
    struct bytes content;
    uint16_t type;
    scratch_byte(t, ',');
    size_t from = t->len;
    while (tls_extension_next(&r, &type, &content))
        if (type == wanted)
            numbers(t, from, tls_list(content, width), width);
}

void ja3_client_text(struct scratch_text *t, const struct tls_hello *hello)
{
    struct reader r = reader_over(hello->extensions.data, hello->extensions.len);
    struct bytes content;
    uint16_t type;
    scratch_number(t, hello->version);
    scratch_byte(t, ',');
    numbers(t, t->len, hello->ciphers, 2);
    if (hello->broken)
        return;
    scratch_byte(t, ',');
    for (size_t from = t->len; tls_extension_next(&r, &type, &content);)
        if (!tls_is_grease(type))
            number(t, from, type);
    listed(t, hello, TLS_EXTENSION_GROUPS, 2);
    listed(t, hello, TLS_EXTENSION_POINT_FORMATS, 1);
}

void ja3s_keep(const struct tls_hello *hello, struct ja3s *out)
{
    struct reader r = reader_over(hello->extensions.data, hello->extensions.len);
    struct bytes content;
    uint16_t type;
    out->version = hello->version;
    out->cipher = load_be16(hello->ciphers.data);
    out->broken = hello->broken;
    out->n = 0;
    out->too_many = false;
    while (tls_extension_next(&r, &type, &content)) {
        if (tls_is_grease(type))
            continue;
        if (out->n == JA3S_EXTENSIONS_MAX)
            out->too_many = true;
        else
            out->extensions[out->n++] = type;
    }
}

void ja3_server_text(struct scratch_text *t, const struct ja3s *server)
{
    scratch_number(t, server->version);
    scratch_byte(t, ',');
    if (!tls_is_grease(server->cipher))
        scratch_number(t, server->cipher);
    if (server->broken)
        return;
    scratch_byte(t, ',');
    for (size_t i = 0, from = t->len; i < server->n; i++)
        number(t, from, server->extensions[i]);
}

void ja3_hash(struct scratch_text *t, struct bytes text)
{
    uint8_t digest[MD5_BYTES];
    md5(digest, text.data, text.len);
    scratch_hex(t, (struct bytes){digest, sizeof digest}, scratch_lower, 0);
}

/* ---- JA4 ---- */

struct list {
    unsigned n;
    uint16_t values[JA4_LIST_MAX];
};

static bool list_add(struct list *l, uint16_t value)
{
    if (tls_is_grease(value))
        return true;
    if (l->n == JA4_LIST_MAX)
        return false;
    l->values[l->n++] = value;
    return true;
}

static bool list_add_all(struct list *l, struct bytes pairs)
{
    for (size_t i = 0; i + 2 <= pairs.len; i += 2)
        if (!list_add(l, load_be16(pairs.data + i)))
            return false;
    return true;
}

/* list_sort: Shell's, so that a hostile list costs little more than another; gaps of Ciura. */
static void list_sort(struct list *l)
{
    static const uint16_t gaps[] = {301, 132, 57, 23, 10, 4, 1};
    for (unsigned g = 0; g < sizeof gaps / sizeof gaps[0]; g++)
        for (unsigned gap = gaps[g], i = gap; i < l->n; i++) {
            uint16_t value = l->values[i];
            unsigned at = i;
            for (; at >= gap && l->values[at - gap] > value; at -= gap)
                l->values[at] = l->values[at - gap];
            l->values[at] = value;
        }
}

/* list_text: four digits each, "," between two. */
static void list_text(struct scratch_text *t, const struct list *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        uint8_t bytes[2];
        store_be16(bytes, l->values[i]);
        if (i > 0)
            scratch_byte(t, ',');
        scratch_hex(t, (struct bytes){bytes, 2}, scratch_lower, 0);
    }
}

/* What of the extensions JA4 shows. */
struct shown {
    struct list extensions, signatures; /* without server name and ALPN */
    unsigned n;                         /* all extensions */
    uint16_t version;                   /* highest of supported_versions */
    bool versions, name;
    uint8_t protocol[2];
};

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* first_protocol: the ends of its name, or of its name in hex. */
static void first_protocol(struct shown *s, struct bytes list)
{
    struct bytes first = tls_list(list, 1);
    if (first.len == 0 || (first.len == 2 && tls_is_grease(load_be16(first.data))))
        return;
    uint8_t a = first.data[0], z = first.data[first.len - 1];
    bool plain = is_alphanumeric(a) && is_alphanumeric(z);
    s->protocol[0] = plain ? a : (uint8_t)scratch_lower[a >> 4];
    s->protocol[1] = plain ? z : (uint8_t)scratch_lower[z & 15];
}

static void highest_version(struct shown *s, struct bytes list)
{
    s->versions = true;
    for (size_t i = 0; i + 2 <= list.len; i += 2) {
        uint16_t version = load_be16(list.data + i);
        if (!tls_is_grease(version) && version > s->version)
            s->version = version;
    }
}

/* show: false if there is too much. */
static bool show(struct shown *s, uint16_t type, struct bytes content)
{
    if (tls_is_grease(type))
        return true;
    s->n++;
    switch (type) {
    case TLS_EXTENSION_SERVER_NAME:
        s->name = true;
        return true;
    case TLS_EXTENSION_ALPN:
        first_protocol(s, tls_list(content, 2));
        return true;
    case TLS_EXTENSION_SIGNATURES:
        return list_add(&s->extensions, type) && list_add_all(&s->signatures, tls_list(content, 2));
    case TLS_EXTENSION_VERSIONS:
        highest_version(s, tls_list(content, 1));
        return list_add(&s->extensions, type);
    default:
        return list_add(&s->extensions, type);
    }
}

static const char *version_digits(uint16_t version)
{
    switch (version) {
    case TLS_1_3:
        return "13";
    case TLS_1_2:
        return "12";
    case TLS_1_1:
        return "11";
    case TLS_1_0:
        return "10";
    case TLS_SSL3:
        return "s3";
    case TLS_SSL2:
        return "s2";
    default:
        return "00";
    }
}

static void count(struct scratch_text *t, unsigned n)
{
    n = n < 99 ? n : 99;
    scratch_byte(t, (uint8_t)('0' + n / 10));
    scratch_byte(t, (uint8_t)('0' + n % 10));
}

/* hash: "_" and the beginning of the digest of what is behind the text; zeros if there is nothing.
 */
static void hash(struct scratch_text *t, struct bytes text)
{
    uint8_t digest[SHA256_BYTES] = {0};
    if (text.len > 0)
        sha256(digest, text.data, text.len);
    scratch_byte(t, '_');
    scratch_hex(t, (struct bytes){digest, 6}, scratch_lower, 0);
}

bool ja4_client(struct scratch_text *t, const struct tls_hello *hello)
{
    struct shown s;
    struct list ciphers;
    struct reader r = reader_over(hello->extensions.data, hello->extensions.len);
    struct bytes content;
    uint16_t type;
    s.extensions.n = s.signatures.n = ciphers.n = s.n = 0;
    s.version = 0;
    s.versions = s.name = false;
    s.protocol[0] = s.protocol[1] = '0';
    while (tls_extension_next(&r, &type, &content))
        if (!show(&s, type, content))
            return false;
    if (!list_add_all(&ciphers, hello->ciphers) || t->room - t->len < JA4_LEN)
        return false;

    struct scratch_text behind = {.data = t->data + t->len + JA4_LEN,
                                  .room = t->room - t->len - JA4_LEN};
    list_sort(&ciphers);
    list_text(&behind, &ciphers);
    size_t middle = behind.len;
    list_sort(&s.extensions);
    list_text(&behind, &s.extensions);
    if (s.signatures.n > 0) {
        scratch_byte(&behind, '_');
        list_text(&behind, &s.signatures);
    }
    if (behind.cut)
        return false;

    scratch_byte(t, 't');
    scratch_puts(t, version_digits(s.versions ? s.version : hello->version));
    scratch_byte(t, s.name ? 'd' : 'i');
    count(t, ciphers.n);
    count(t, s.n);
    scratch_bytes(t, s.protocol, 2);
    hash(t, (struct bytes){behind.data, middle});
    hash(t, (struct bytes){behind.data + middle, behind.len - middle});
    return true;
}
