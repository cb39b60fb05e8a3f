/* RDP talks: the connection request and its confirm in the clear, then TLS whose records hold noise
 * of the sizes of a login and of pictures.
 *
 * Sources: [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2; RFC 8446, 4.1 and 5 (hellos, records).
 */
#ifndef BENCH_EXERCISE_RDP_TALK_H
#define BENCH_EXERCISE_RDP_TALK_H

#include "bench/exercise/conversation.h"

#define RDP_PORT 3389

/* rdp_enter: somebody is let in before there is a session (CredSSP), in a conversation that is
 * open; the first picture comes. Returns the time of the first data. user  at most 9 characters are
 * said in the clear, as clients do */
int64_t rdp_enter(struct conversation *c, const char *user);
/* rdp_work: pointer and keys one way, pieces of pictures the other. */
void rdp_work(struct conversation *c);

#endif
