/* What rules look into: the parts of a message, which is one direction of a transaction.
 *
 * A parser tells of each message once its head is whole (proto_sink.message), and of a body's bytes
 * as they come (proto_sink.body). Parts are made when they are asked for and not before, as most
 * messages interest no rule: views into the message where it says the part as it is, else copies in
 * the scratch memory of whoever asks.
 *
 * Names and what they hold are Suricata's (its documentation, "HTTP Keywords", "DNS Keywords",
 * "SSL/TLS Keywords", "File Keywords").
 */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "base/bytes.h"
#include "base/vocabulary.h"

#include <stdbool.h>
#include <stdint.h>

enum proto_direction { PROTO_TO_SERVER = 0, PROTO_TO_CLIENT = 1 };

/* Rows: suffix, protocol, directions (bits: 1 to the server, 2 to the client), keyword, text. */
#define PROTO_PARTS(X)                                                                        \
    X(HTTP_METHOD, HTTP, 1, "http.method", "the method")                                      \
    X(HTTP_URI, HTTP, 1, "http.uri", "the target, normalised")                                \
    X(HTTP_URI_RAW, HTTP, 1, "http.uri.raw", "the target as it was sent")                     \
    X(HTTP_PROTOCOL, HTTP, 3, "http.protocol", "the version, as in HTTP/1.1")                 \
    X(HTTP_REQUEST_LINE, HTTP, 1, "http.request_line", "the request's first line")            \
    X(HTTP_RESPONSE_LINE, HTTP, 2, "http.response_line", "the response's first line")         \
    X(HTTP_STAT_CODE, HTTP, 2, "http.stat_code", "the status code")                           \
    X(HTTP_STAT_MSG, HTTP, 2, "http.stat_msg", "the words behind the status code")            \
    X(HTTP_HEADER, HTTP, 3, "http.header", "all fields, normalised, without cookies")         \
    X(HTTP_HEADER_RAW, HTTP, 3, "http.header.raw", "all fields as they were sent")            \
    X(HTTP_HEADER_NAMES, HTTP, 3, "http.header_names", "the names of the fields, one a line") \
    X(HTTP_START, HTTP, 3, "http.start", "the first line and the fields, with an empty line") \
    X(HTTP_HOST, HTTP, 1, "http.host", "the host asked for, in lower case, without a port")   \
    X(HTTP_HOST_RAW, HTTP, 1, "http.host.raw", "the host as it was sent")                     \
    X(HTTP_COOKIE, HTTP, 3, "http.cookie", "Cookie, or Set-Cookie")                           \
    X(HTTP_USER_AGENT, HTTP, 1, "http.user_agent", "User-Agent")                              \
    X(HTTP_REFERER, HTTP, 1, "http.referer", "Referer")                                       \
    X(HTTP_ACCEPT, HTTP, 1, "http.accept", "Accept")                                          \
    X(HTTP_ACCEPT_ENC, HTTP, 1, "http.accept_enc", "Accept-Encoding")                         \
    X(HTTP_ACCEPT_LANG, HTTP, 1, "http.accept_lang", "Accept-Language")                       \
    X(HTTP_CONNECTION, HTTP, 3, "http.connection", "Connection")                              \
    X(HTTP_CONTENT_TYPE, HTTP, 3, "http.content_type", "Content-Type")                        \
    X(HTTP_CONTENT_LEN, HTTP, 3, "http.content_len", "Content-Length")                        \
    X(HTTP_SERVER, HTTP, 2, "http.server", "Server")                                          \
    X(HTTP_LOCATION, HTTP, 2, "http.location", "Location")                                    \
    X(HTTP_REQUEST_BODY, HTTP, 1, "http.request_body", "the request's body")                  \
    X(HTTP_RESPONSE_BODY, HTTP, 2, "http.response_body", "the response's body, unpacked")     \
    X(FILE_DATA, UNKNOWN, 3, "file.data", "the content of a file that is carried, unpacked")  \
    X(FILE_NAME, UNKNOWN, 3, "file.name", "the name of a file that is carried")               \
    X(DNS_QUERY, DNS, 1, "dns.query", "a name that is asked for; each question has one")      \
    X(TLS_SNI, TLS, 1, "tls.sni", "the server name that the client asks for")                 \
    X(TLS_CERT_SUBJECT, TLS, 3, "tls.cert_subject", "the subject of the certificate")         \
    X(TLS_CERT_ISSUER, TLS, 3, "tls.cert_issuer", "its issuer")                               \
    X(TLS_CERT_SERIAL, TLS, 3, "tls.cert_serial", "its serial number")                        \
    X(TLS_CERT_FINGERPRINT, TLS, 3, "tls.cert_fingerprint", "its SHA-1")                      \
    X(TLS_CERTS, TLS, 3, "tls.certs", "a certificate as DER; each of the chain has one")      \
    X(TLS_VERSION, TLS, 3, "tls.version", "the version that was agreed, as in 1.2")           \
    X(JA3_HASH, TLS, 1, "ja3.hash", "JA3 of the client, MD5")                                 \
    X(JA3_STRING, TLS, 1, "ja3.string", "JA3 of the client, as text")                         \
    X(JA3S_HASH, TLS, 2, "ja3s.hash", "JA3 of the server, MD5")                               \
    X(JA3S_STRING, TLS, 2, "ja3s.string", "JA3 of the server, as text")                       \
    X(JA4_HASH, TLS, 1, "ja4.hash", "JA4 of the client")                                      \
    X(SSH_PROTO, SSH, 3, "ssh.proto", "the version of SSH, as in 2.0")                        \
    X(SSH_SOFTWARE, SSH, 3, "ssh.software", "the software that says so")

/* In this order; 0 is no part: the bytes of packets and streams themselves. */
enum proto_part_id {
    PART_NONE,
#define X(s, protocol, directions, keyword, text) PART_##s,
    PROTO_PARTS(X)
#undef X
        PROTO_PART_COUNT
};

struct proto_part {
    uint8_t id; /* enum proto_part_id; several parts of one message may have it */
    struct bytes bytes;
};
#define PROTO_MESSAGE_PARTS 64 /* of one message; what is beyond is left out */

/* Memory that parts are made in; used is behind what is taken. What finds no room is cut. */
struct proto_scratch {
    uint8_t *data;
    size_t room, used;
};
#define PROTO_SCRATCH 65536

/* Valid for the call that tells of it, as are the parts. */
struct proto_message {
    uint8_t protocol;     /* enum protocol */
    uint8_t direction;    /* enum proto_direction */
    uint32_t transaction; /* its number in the connection, from 1 */
    const void *state;    /* the parser's */
    struct bytes head;    /* the message's bytes, as far as parts are made of them */
    /* parts: all that the head has; returns how many. */
    unsigned (*parts)(const struct proto_message *message, struct proto_scratch *scratch,
                      struct proto_part out[PROTO_MESSAGE_PARTS]);
};

/* The next bytes of a body, decoded; in order, without holes. */
struct proto_body {
    uint8_t id;  /* enum proto_part_id */
    bool end;    /* nothing more of it follows; data may be empty then */
    uint64_t at; /* of data, in the body */
    struct bytes data;
};

#endif
