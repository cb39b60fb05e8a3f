/* SSH: banners, key exchange, and what the size of the answers behind it shows.
 *
 * Format: RFC 4253, 4.2 (identification), 6 (packets), 7.3 (new keys), 10 (service request); RFC
 * 4252, 4 and 5 (authentication).
 *
 * Behind the new keys nothing can be read, but both ends take turns: the server's first answer
 * accepts the service (17 bytes of payload), each further one refuses an attempt (14 bytes and
 * more) or lets the user in (1 byte). So: acknowledged  an answer was smaller than the first, or
 * more was said than attempts can be: over SSH_BYTES_MAX bytes by the server, or over SSH_TURNS_MAX
 * turns of the client (4252, 4: at most 20 attempts) refused       the connection ended in good
 * order, all answers behind the first were of one size and not below it; the last may differ: it
 * may say good-bye seen          anything else, also where bytes are missing code          answers
 * behind the first: the attempts
 */
#ifndef PROTO_SSH_H
#define PROTO_SSH_H

#include "proto/proto.h"

#define SSH_BYTES_MAX 4096
#define SSH_TURNS_MAX 24

extern const struct proto_parser ssh_parser;

#endif
