/* DNS over UDP and over TCP, as two parsers: what is asked. Answers are not looked into, and
 * nothing is a command or a session.
 *
 * Each message to the server that is a query, all of whose questions can be read, is told with a
 * part for each question, as proto/dns_message.h says. A message of TCP longer than the room it may
 * have to wait in is looked at as far as that reaches, however it came.
 *
 * Anomalies are told once of a conversation and kind, since a single host can send any number of
 * bad datagrams; malformed ones only where somebody looks into messages.
 *
 * Recognised by content, on any port, are only queries and answers of the usual form that end where
 * their records end. Whatever could be DNS is left to the port.
 *
 * Format: RFC 1035, 4; RFC 6891 (EDNS); RFC 7766 (TCP, a length of two bytes in front of each
 * message).
 */
#ifndef PROTO_DNS_H
#define PROTO_DNS_H

#include "proto/proto.h"

#define DNS_PORT 53

extern const struct proto_parser dns_datagram_parser, dns_stream_parser;

#endif
