/* ClientHello and ServerHello, read as far as their parts need it.
 *
 * Format: RFC 5246, 7.4.1.2 to 7.4.1.4; RFC 8446, 4.1.2, 4.1.3 and 4.2; RFC 6066, 3 (server name);
 * RFC 7301 (ALPN); RFC 8701 (GREASE). A hello that is not right is read as Suricata reads it: an
 * extension whose content contradicts itself ends the list before it; one that reaches behind the
 * end makes the list unknown.
 */
#ifndef PROTO_TLS_HELLO_H
#define PROTO_TLS_HELLO_H

#include "base/bytes.h"

enum tls_version {
    TLS_SSL2 = 0x0002,
    TLS_SSL3 = 0x0300,
    TLS_1_0 = 0x0301,
    TLS_1_1 = 0x0302,
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304
};

enum tls_extension {
    TLS_EXTENSION_SERVER_NAME = 0,
    TLS_EXTENSION_GROUPS = 10,
    TLS_EXTENSION_POINT_FORMATS = 11,
    TLS_EXTENSION_SIGNATURES = 13,
    TLS_EXTENSION_ALPN = 16,
    TLS_EXTENSION_VERSIONS = 43
};

/* Views into the message. */
struct tls_hello {
    uint16_t version; /* as its first field says it */
    uint16_t agreed;  /* with its extensions: the client's first choice, the server's decision */
    struct bytes ciphers;    /* two bytes each; the server names one */
    struct bytes extensions; /* the list, as far as it is right */
    struct bytes name;       /* of the server; empty: not asked for */
    bool broken;             /* the list reaches behind the message */
};

/* tls_client_hello_read, tls_server_hello_read: the body of a handshake message; false if even the
 * fields before the extensions are not whole. cut: it is the beginning of one, and what is there of
 * the extensions is read. */
bool tls_client_hello_read(struct bytes body, bool cut, struct tls_hello *out);
bool tls_server_hello_read(struct bytes body, struct tls_hello *out);

/* tls_extension_next: the next one of a list that was read. */
bool tls_extension_next(struct reader *list, uint16_t *type, struct bytes *content);
/* tls_list: what an extension lists behind a length of `width` bytes, 1 or 2; empty if it is empty.
 */
struct bytes tls_list(struct bytes content, unsigned width);

/* tls_is_grease: a value that means nothing. */
static inline bool tls_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}
/* tls_hides_certificate: from this version on all behind the hellos is encrypted; drafts of TLS 1.3
 * too. */
static inline bool tls_hides_certificate(uint16_t version)
{
    return version > TLS_1_2;
}

#endif
