/* Bytes of DER and TLS written by hand: what is opened is closed, and has its length then. */
#ifndef TESTS_UNIT_PROTO_TLS_BYTES_H
#define TESTS_UNIT_PROTO_TLS_BYTES_H

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

struct made {
    size_t len;
    uint8_t data[80000];
};

static inline struct bytes made_view(const struct made *m)
{
    return (struct bytes){m->data, m->len};
}

static inline void put(struct made *m, const void *data, size_t len)
{
    assert_true(m->len + len <= sizeof m->data);
    memcpy(m->data + m->len, data, len);
    m->len += len;
}

static inline void put_text(struct made *m, const char *text)
{
    put(m, text, strlen(text));
}

static inline void put_number(struct made *m, uint32_t value, unsigned width)
{
    uint8_t bytes[4];
    store_be32(bytes, value);
    put(m, bytes + 4 - width, width);
}

static inline void put_zeros(struct made *m, size_t n)
{
    assert_true(m->len + n <= sizeof m->data);
    memset(m->data + m->len, 0, n);
    m->len += n;
}

/* ---- lengths of a fixed width, as TLS has them ---- */

static inline size_t open_list(struct made *m, unsigned width)
{
    put_number(m, 0, width);
    return m->len;
}

static inline void close_list(struct made *m, size_t from, unsigned width)
{
    uint8_t bytes[4];
    store_be32(bytes, (uint32_t)(m->len - from));
    memcpy(m->data + from - width, bytes + 4 - width, width);
}

/* ---- DER ---- */

static inline size_t open_der(struct made *m, uint8_t tag)
{
    put_number(m, tag, 1);
    return open_list(m, 1);
}

static inline void close_der(struct made *m, size_t from)
{
    size_t len = m->len - from;
    if (len < 128) {
        m->data[from - 1] = (uint8_t)len;
        return;
    }
    put_zeros(m, 2);
    memmove(m->data + from + 2, m->data + from, len);
    m->data[from - 1] = 0x82;
    store_be16(m->data + from, (uint16_t)len);
}

static inline void put_der(struct made *m, uint8_t tag, const void *data, size_t len)
{
    size_t at = open_der(m, tag);
    put(m, data, len);
    close_der(m, at);
}

#define DER_SEQUENCE 0x30
#define DER_SET      0x31

/* put_attribute: a sequence of an identifier and a value. */
static inline void put_attribute(struct made *m, const char *oid, size_t oid_len, uint8_t tag,
                                 const char *value, size_t len)
{
    size_t at = open_der(m, DER_SEQUENCE);
    put_der(m, 6, oid, oid_len);
    put_der(m, tag, value, len);
    close_der(m, at);
}

/* put_name: one common name, UTF8String. */
static inline void put_name(struct made *m, const char *common_name, size_t len)
{
    size_t name = open_der(m, DER_SEQUENCE), set = open_der(m, DER_SET);
    put_attribute(m, "\x55\4\3", 3, 12, common_name, len);
    close_der(m, set);
    close_der(m, name);
}

static inline void put_algorithm(struct made *m)
{
    size_t at = open_der(m, DER_SEQUENCE);
    put_der(m, 6, "\x2a\x03", 2);
    close_der(m, at);
}

/* put_certificate: the least that is one. */
static inline void put_certificate_of(struct made *m, const char *subject, size_t subject_len,
                                      const char *issuer, size_t issuer_len)
{
    size_t certificate = open_der(m, DER_SEQUENCE), signed_part = open_der(m, DER_SEQUENCE);
    put(m, "\xa0\3\2\1\2", 5); /* version 3 */
    put_der(m, 2, "\0\x8a\x01", 3);
    put_algorithm(m);
    put_name(m, issuer, issuer_len);
    size_t validity = open_der(m, DER_SEQUENCE);
    put_der(m, 23, "260101000000Z", 13);
    put_der(m, 24, "20500101000000Z", 15);
    close_der(m, validity);
    put_name(m, subject, subject_len);
    size_t key = open_der(m, DER_SEQUENCE);
    put_algorithm(m);
    put_der(m, 3, "\0\1", 2);
    close_der(m, key);
    close_der(m, signed_part);
    put_algorithm(m);
    put_der(m, 3, "\0\1", 2);
    close_der(m, certificate);
}

static inline void put_certificate(struct made *m, const char *subject, const char *issuer)
{
    put_certificate_of(m, subject, strlen(subject), issuer, strlen(issuer));
}

/* ---- TLS ---- */

static inline void put_pairs(struct made *m, const uint16_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_number(m, values[i], 2);
}

static inline void put_extension(struct made *m, uint16_t type, const void *data, size_t len)
{
    put_number(m, type, 2);
    put_number(m, (uint32_t)len, 2);
    put(m, data, len);
}

/* put_extension_list: of pairs behind a length of `width`. */
static inline void put_extension_list(struct made *m, uint16_t type, unsigned width,
                                      const uint16_t *values, size_t n)
{
    put_number(m, type, 2);
    size_t content = open_list(m, 2), list = open_list(m, width);
    put_pairs(m, values, n);
    close_list(m, list, width);
    close_list(m, content, 2);
}

static inline void put_server_name(struct made *m, const char *name, size_t len)
{
    put_number(m, 0, 2);
    size_t content = open_list(m, 2), list = open_list(m, 2);
    put_number(m, 0, 1);
    put_number(m, (uint32_t)len, 2);
    put(m, name, len);
    close_list(m, list, 2);
    close_list(m, content, 2);
}

/* put_hello_head: of the client's hello, up to the extensions. */
static inline void put_hello_head(struct made *m, uint16_t version, const uint16_t *ciphers,
                                  size_t n)
{
    put_number(m, version, 2);
    put_zeros(m, 32);
    put_text(m, "\4"
                "sess");
    size_t list = open_list(m, 2);
    put_pairs(m, ciphers, n);
    close_list(m, list, 2);
    put(m, "\1\0", 2);
}

static inline void put_server_head(struct made *m, uint16_t version, uint16_t cipher)
{
    put_number(m, version, 2);
    put_zeros(m, 32);
    put_text(m, "\4"
                "sess");
    put_number(m, cipher, 2);
    put_number(m, 0, 1);
}

#define ARRAY(...) ((const uint16_t[]){__VA_ARGS__}), sizeof((const uint16_t[]){__VA_ARGS__}) / 2

#endif
