/* Finding bytes in bytes, as they are or whatever the case of letters. ASCII alone has cases.
 * Inside rules/. */
#ifndef RULES_FIND_H
#define RULES_FIND_H

#include <stddef.h>
#include <stdint.h>

/* find_bytes: where the n bytes (n > 0) first stand in data; NULL. */
const uint8_t *find_bytes(const uint8_t *data, size_t len, const uint8_t *bytes, size_t n);
/* find_any_case: where the n bytes of `lower` (in lower case, n > 0) first stand in data; NULL. */
const uint8_t *find_any_case(const uint8_t *data, size_t len, const uint8_t *lower, size_t n);

#endif
