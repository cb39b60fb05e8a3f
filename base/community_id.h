/* Community ID, version 1: one name for a conversation that all tools agree on.
 *
 * Source of the format: the Community ID Flow Hashing specification, version 1
 * (github.com/corelight/community-id-spec): base64 of SHA-1 over a seed, both ends in ascending
 * order and the IP protocol.
 */
#ifndef BASE_COMMUNITY_ID_H
#define BASE_COMMUNITY_ID_H

#include "base/address.h"
#include "base/text.h"

#define COMMUNITY_ID_ROOM (2 + BASE64_ROOM(20)) /* "1:", the digest, NUL */

/* community_id: both directions of a conversation have the same, with the seed 0.
 *   protocol  IP protocol number. Of ICMP and ICMPv6 the ports are type and code of the message; of
 *             protocols without ports they do not count.
 *   returns   out
 *   threads   any; takes memory, so not inside a burst */
const char *community_id(char out[COMMUNITY_ID_ROOM], const struct address *source,
                         const struct address *target, uint16_t source_port, uint16_t target_port,
                         uint8_t protocol);

#endif
