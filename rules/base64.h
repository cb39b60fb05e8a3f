/* Base64 as rules decode it. Inside rules/. */
#ifndef RULES_BASE64_H
#define RULES_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define RULE_BASE64_MOST 65535 /* bytes that are decoded at most */
#define RULE_BASE64_ROOM (RULE_BASE64_MOST / 4 * 3 + 3)

/* rule_base64: RFC 4648, section 4, up to the first byte that is none of its alphabet; of a group
 * that is not whole as many bytes as it has.
 *   out      room for n / 4 * 3 + 3 bytes
 *   used     out: how many bytes decided what was decoded, the one that is no Base64 included
 *   returns  how many bytes were decoded */
size_t rule_base64(const uint8_t *data, size_t n, uint8_t *out, size_t *used);

#endif
