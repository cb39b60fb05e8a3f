/* DER element by element, and names. */
#include "proto/x509.h"

enum tag {
    TAG_VERSION = 0, /* [0] */
    TAG_INTEGER = 2,
    TAG_BIT_STRING = 3,
    TAG_OID = 6,
    TAG_OBJECT_DESCRIPTOR = 7,
    TAG_UTF8 = 12,
    TAG_SEQUENCE = 16,
    TAG_SET = 17,
    TAG_NUMERIC = 18,
    TAG_PRINTABLE = 19,
    TAG_T61 = 20,
    TAG_VIDEOTEX = 21,
    TAG_IA5 = 22,
    TAG_UTC_TIME = 23,
    TAG_GENERALIZED_TIME = 24,
    TAG_GRAPHIC = 25,
    TAG_VISIBLE = 26,
    TAG_GENERAL = 27,
    TAG_BMP = 30,
    TAG_LONG = 31
};

struct element {
    uint32_t tag; /* the number alone; the class is not told apart */
    struct bytes content;
};

/* ---- DER ---- */

/* element: the next one, or false; then the reader is of no further use. */
static bool element(struct reader *r, struct element *out)
{
    uint8_t octet = reader_u8(r);
    out->tag = octet & TAG_LONG;
    if (out->tag == TAG_LONG) {
        out->tag = 0;
        do {
            octet = reader_u8(r);
            if (out->tag >> 24)
                return false;
            out->tag = out->tag << 7 | (octet & 0x7f);
        } while (octet & 0x80);
    }
    uint64_t len = reader_u8(r);
    if (len & 0x80) {
        unsigned n = len & 0x7f;
        if (n == 0 || n > 8)
            return false;
        for (len = 0; n > 0; n--)
            len = len << 8 | reader_u8(r);
    }
    out->content = (struct bytes){reader_take(r, len), len};
    return !r->failed;
}

static bool element_is(struct reader *r, enum tag tag, struct bytes *content)
{
    struct element e;
    if (!element(r, &e) || e.tag != tag)
        return false;
    *content = e.content;
    return true;
}

static struct reader inside(struct bytes b)
{
    return reader_over(b.data, b.len);
}

/* algorithm: a sequence that begins with what names it. */
static bool algorithm(struct reader *r)
{
    struct bytes sequence, oid;
    if (!element_is(r, TAG_SEQUENCE, &sequence))
        return false;
    struct reader in = inside(sequence);
    return element_is(&in, TAG_OID, &oid);
}

static bool is_time(struct reader *r)
{
    struct element e;
    return element(r, &e) && (e.tag == TAG_UTC_TIME || e.tag == TAG_GENERALIZED_TIME);
}

static bool validity(struct reader *r)
{
    struct bytes sequence;
    if (!element_is(r, TAG_SEQUENCE, &sequence))
        return false;
    struct reader in = inside(sequence);
    return is_time(&in) && is_time(&in);
}

static bool public_key(struct reader *r)
{
    struct bytes sequence, bits;
    if (!element_is(r, TAG_SEQUENCE, &sequence))
        return false;
    struct reader in = inside(sequence);
    return algorithm(&in) && element_is(&in, TAG_BIT_STRING, &bits);
}

/* version: it may be missing, then it is 1. */
static bool version(struct reader *r)
{
    struct reader at = *r;
    struct element e;
    struct bytes number;
    if (!element(&at, &e))
        return false;
    if (e.tag != TAG_VERSION)
        return true;
    *r = at;
    struct reader in = inside(e.content);
    return element_is(&in, TAG_INTEGER, &number);
}

bool x509_read(struct bytes der, struct x509 *out)
{
    struct reader r = inside(der);
    struct bytes certificate, signed_part, signature;
    if (!element_is(&r, TAG_SEQUENCE, &certificate))
        return false;
    r = inside(certificate);
    if (!element_is(&r, TAG_SEQUENCE, &signed_part))
        return false;
    struct reader in = inside(signed_part);
    return version(&in) && element_is(&in, TAG_INTEGER, &out->serial) && algorithm(&in) &&
           element_is(&in, TAG_SEQUENCE, &out->issuer) && validity(&in) &&
           element_is(&in, TAG_SEQUENCE, &out->subject) && public_key(&in) && algorithm(&r) &&
           element_is(&r, TAG_BIT_STRING, &signature);
}

/* ---- names of attributes ---- */

/* By the last arc of 2.5.4. */
static const char *const x520_names[] = {
    [0] = "objectClass",
    [1] = "aliasedEntryName",
    [2] = "knowledgeInformation",
    [3] = "CN",
    [4] = "surname",
    [5] = "serialNumber",
    [6] = "C",
    [7] = "L",
    [8] = "ST",
    [9] = "streetAddress",
    [10] = "O",
    [11] = "OU",
    [12] = "title",
    [13] = "description",
    [14] = "searchGuide",
    [15] = "businessCategory",
    [16] = "postalAddress",
    [17] = "postalCode",
    [41] = "name",
    [42] = "givenName",
    [43] = "initials",
    [44] = "generationQualifier",
    [45] = "uniqueIdentifier",
    [46] = "dnQualifier",
};
/* By the last arc of 2.5.29, extensions: some write them as attributes. */
static const char *const extension_names[] = {
    [14] = "subjectKeyIdentifier", [15] = "keyUsage",
    [17] = "subjectAltName",       [18] = "issuerAltName",
    [19] = "basicConstraints",     [31] = "crlDistributionPoints",
    [32] = "certificatePolicies",  [35] = "authorityKeyIdentifier",
    [37] = "extendedKeyUsage",
};
static const struct {
    const char *oid;
    uint8_t len;
    const char *name;
} other_names[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "Email"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02", 9, "unstructuredName"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "uid"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC"},
    {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01", 11, "msJurisdictionLocality"},
    {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02", 11, "msJurisdictionStateOrProvince"},
    {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", 11, "msJurisdictionCountry"},
};
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char *attribute_name(struct bytes oid)
{
    const uint8_t *p = oid.data;
    if (oid.len == 3 && p[0] == 0x55 && p[1] == 4 && p[2] < COUNT(x520_names))
        return x520_names[p[2]];
    if (oid.len == 3 && p[0] == 0x55 && p[1] == 29 && p[2] < COUNT(extension_names))
        return extension_names[p[2]];
    for (size_t i = 0; i < COUNT(other_names); i++)
        if (oid.len == other_names[i].len && memcmp(p, other_names[i].oid, oid.len) == 0)
            return other_names[i].name;
    return NULL;
}

/* oid_fits: each of its arcs is a number of 64 bits; else it is shown byte by byte. */
static bool oid_fits(struct bytes oid)
{
    unsigned bits = 0;
    for (size_t i = 1; i < oid.len; i++) {
        bits += 7;
        if (bits > 64)
            return false;
        if (!(oid.data[i] & 0x80))
            bits = 0;
    }
    return true;
}

/* oid_text: X.690, 8.19. The first byte is two arcs. */
static void oid_text(struct scratch_text *t, struct bytes oid)
{
    scratch_puts(t, "OID(");
    if (!oid_fits(oid)) {
        scratch_hex(t, oid, scratch_lower, ' ');
    } else if (oid.len > 0) {
        scratch_number(t, oid.data[0] / 40);
        scratch_byte(t, '.');
        scratch_number(t, oid.data[0] % 40);
        for (size_t i = 1; i < oid.len;) {
            uint64_t arc = 0;
            do
                arc = arc << 7 | (oid.data[i] & 0x7f);
            while (oid.data[i++] & 0x80 && i < oid.len);
            scratch_byte(t, '.');
            scratch_number(t, arc);
        }
    }
    scratch_byte(t, ')');
}

/* ---- values ---- */

/* utf8_len: of the character that begins here, 0 if there is none (RFC 3629, 4). */
static unsigned utf8_len(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*p < 0x80)
        return 1;
    unsigned n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 0;
    if (n == 0 || *p > 0xf4 || n > left)
        return 0;
    uint32_t c = *p & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static bool is_utf8(struct bytes b)
{
    for (size_t i = 0; i < b.len;) {
        unsigned n = utf8_len(b.data + i, b.len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static void put_utf8(struct scratch_text *t, uint32_t c)
{
    if (c < 0x80) {
        scratch_byte(t, (uint8_t)c);
        return;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    scratch_byte(t, (uint8_t)(0xf00u >> (more + 1) | c >> (6 * more)));
    while (more-- > 0)
        scratch_byte(t, (uint8_t)(0x80 | (c >> (6 * more) & 0x3f)));
}

/* bmp_text: UTF-16, since some write more than BMPString may hold. A byte that is left over at the
 * end counts as one of 16 bits. */
static bool bmp_text(struct scratch_text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len; i += 2) {
        uint32_t c = i + 1 < b.len ? load_be16(b.data + i) : b.data[i];
        if (c >= 0xd800 && c < 0xe000) {
            uint32_t low = i + 3 < b.len ? load_be16(b.data + i + 2) : 0;
            if (c >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
                return false;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        put_utf8(t, c);
    }
    return true;
}

static bool value_text(struct scratch_text *t, const struct element *value)
{
    const uint32_t strings = 1u << TAG_OBJECT_DESCRIPTOR | 1u << TAG_UTF8 | 1u << TAG_NUMERIC |
                             1u << TAG_PRINTABLE | 1u << TAG_T61 | 1u << TAG_VIDEOTEX |
                             1u << TAG_IA5 | 1u << TAG_GRAPHIC | 1u << TAG_VISIBLE |
                             1u << TAG_GENERAL;
    if (value->tag == TAG_BMP)
        return bmp_text(t, value->content);
    if (value->tag < 32 && strings >> value->tag & 1) {
        scratch_bytes(t, value->content.data, value->content.len);
        return is_utf8(value->content);
    }
    scratch_hex(t, value->content, scratch_upper, 0);
    return true;
}

/* ---- names ---- */

static bool attribute(struct reader *set, struct bytes *oid, struct element *value)
{
    struct bytes sequence;
    if (!element_is(set, TAG_SEQUENCE, &sequence))
        return false;
    struct reader in = inside(sequence);
    return element_is(&in, TAG_OID, oid) && element(&in, value);
}

/* name_text: false if a value is no text. */
static bool name_text(struct scratch_text *t, struct bytes name)
{
    struct reader sets = inside(name);
    struct bytes set, oid;
    struct element value;
    for (bool first = true; element_is(&sets, TAG_SET, &set); first = false) {
        struct reader in = inside(set);
        bool begun = false;
        for (; attribute(&in, &oid, &value); begun = true) {
            scratch_puts(t, begun ? " + " : first ? "" : ", ");
            const char *known = attribute_name(oid);
            if (known)
                scratch_puts(t, known);
            else
                oid_text(t, oid);
            scratch_byte(t, '=');
            if (!value_text(t, &value))
                return false;
        }
        if (!begun)
            break;
    }
    return true;
}

void x509_name(struct scratch_text *t, struct bytes name)
{
    size_t from = t->len;
    if (!name_text(t, name)) {
        t->len = from;
        scratch_puts(t, "<X509Error: Invalid X.509 name>");
    }
}
