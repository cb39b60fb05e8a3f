/* What is sealed already: by id and revision, and the last revision of each id. One owner; grows.
 */
#ifndef LEDGER_SEEN_H
#define LEDGER_SEEN_H

#include "base/digest.h"
#include "base/table.h"

struct seen {
    struct table *entries; /* id and revision -> digest of the draft */
    struct table *latest;  /* id -> revision and leaf hash of the last one */
    uint64_t seed;
};

int seen_init(struct seen *s);
/* seen_draft: digest of the draft under this id and revision, or NULL. */
const uint8_t *seen_draft(const struct seen *s, const char *id, uint32_t revision);
/* seen_before: leaf hash of the last revision before this one, or NULL. */
const uint8_t *seen_before(const struct seen *s, const char *id, uint32_t revision);
/* seen_add: 0 or ERR_NOMEM. */
int seen_add(struct seen *s, const char *id, uint32_t revision, const uint8_t draft[SHA256_BYTES],
             const uint8_t leaf[SHA256_BYTES]);
void seen_free(struct seen *s);

#endif
