/* SSH talks: key exchange in the clear, then packets of the sizes that a login has; what they hold
 * is noise, as it is for anybody without the keys.
 *
 * Sources: RFC 4253, 4.2 (identification), 6 (packets), 7 (key exchange), 10 (service request);
 * RFC 5656, 4 and RFC 8731 (curve25519); RFC 4252, 5 and 8 (authentication by password); RFC 4254
 * (channels); OpenSSH's PROTOCOL.chacha20poly1305 (sizes of sealed packets).
 */
#ifndef BENCH_EXERCISE_SSH_TALK_H
#define BENCH_EXERCISE_SSH_TALK_H

#include "bench/exercise/conversation.h"

#define SSH_PORT 22

/* ssh_begin: identification, keys, and the service for logins, in a conversation that is open.
 * Returns the time of the first data. */
int64_t ssh_begin(struct conversation *c);
/* ssh_try: one password for a user. */
void ssh_try(struct conversation *c, const char *user, bool right);
/* ssh_shell: of somebody who was let in. ssh_type: some characters, each echoed. */
void ssh_shell(struct conversation *c);
void ssh_type(struct conversation *c);

#endif
