/* TLS and SSL 3.0 over TCP, up to where they encrypt; of SSL 2.0 the client's hello.
 *
 * Format: RFC 5246, 6.2.1 and 7.4 (records, handshake messages); RFC 8446, 4 and 5; RFC 6101; RFC
 * 5246, E.2 (a hello in the form of SSL 2.0). Names and contents of parts are Suricata 7's.
 *
 * One message is told a direction, when all that it will have is there, so that a rule that asks
 * for several parts of it finds them together and is asked once.
 *
 * - To the server when the ClientHello is whole: server name, version, JA3, JA4.
 * - To the client when the Certificate is whole: the certificates, and what the ServerHello said,
 *   version and JA3S. Where none comes it is told when that shows: by a ServerHello of TLS 1.3
 *   (which encrypts what follows), by ServerHelloDone, by the first record that is encrypted, by a
 *   loss, or by the end.
 *
 * The first hello of a direction counts, and the first Certificate: as in Suricata, JA3S of a
 * server that asks for another hello (HelloRetryRequest) is of that request. A handshake over again
 * is encrypted. STARTTLS and what is said to a proxy before belong to other protocols. Certificates
 * of clients are not told.
 *
 * Of the ServerHello the state keeps what JA3S needs. A handshake message that is not whole in one
 * record of one call is put together in the room of its direction. One that is longer than that is
 * told with what fits: whole certificates; of a ClientHello the server name, if it is there, the
 * version, and no fingerprint.
 *
 * Each direction is read up to its first ChangeCipherSpec or application data, then it is over.
 * After a loss it is given up.
 *
 * As in Suricata certificates that cannot be read are passed over, and texts with a zero byte are
 * cut there (server name) or are not there and end the list (names of a certificate). Version is
 * "1.0" to "1.3", drafts of 1.3 included, and "0x0300" and the like for any other.
 */
#ifndef PROTO_TLS_H
#define PROTO_TLS_H

#include "proto/proto.h"

extern const struct proto_parser tls_parser;

#endif
