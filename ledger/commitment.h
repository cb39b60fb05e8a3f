/* Commitments: an entry's fields as salted SD-JWT digests (RFC 9901, without the JWT around them).
 *
 *     disclosure = base64url(JSON [salt, name, value])      of a list's element: [salt, value]
 *     digest     = base64url(SHA-256(disclosure))
 *     entry      = {"_sd":[digests, sorted],"_sd_alg":"sha-256","v":1}
 *
 * Salts and decoys are made from the ledger secret, so that the same draft gives the same bytes. No
 * state; any thread.
 */
#ifndef LEDGER_COMMITMENT_H
#define LEDGER_COMMITMENT_H

#include "base/digest.h"
#include "base/text.h"
#include "ledger/entry.h"

#define LEDGER_SECRET_BYTES 32
#define SALT_CHARS          22 /* base64url of 16 bytes */
#define DIGEST_CHARS        43 /* base64url of 32 bytes */
#define COMMITMENTS_MAX     64
#define ENTRY_BYTES_MAX     65535

struct commitment_maker {
    const uint8_t *secret; /* LEDGER_SECRET_BYTES */
    const char *origin;    /* the log's */
};

/* An entry as it is sealed. Zero-initialise; sealed_entry_free when done. */
struct sealed_entry {
    struct text entry;       /* the public bytes */
    struct text disclosures; /* a JSON array of the disclosures, private */
    uint8_t leaf[SHA256_BYTES];
};

/* commitment_seal: seal a draft that entry_check accepts. `supersedes` is the leaf hash of the
 * revision before, or NULL. Replaces what is in out. 0, ERR_SCHEMA (a value is not canonical JSON),
 * ERR_RANGE (too many fields), ERR_NOMEM, with a diagnostic. */
int commitment_seal(const struct commitment_maker *maker, const struct entry_draft *draft,
                    const uint8_t *supersedes, struct sealed_entry *out, struct diags *diags);
void sealed_entry_free(struct sealed_entry *e);

/* The pieces, as the format's description names them. value is JCS text. */
void commitment_salt(const struct commitment_maker *maker, const char *id, uint32_t revision,
                     const char *pointer, const char *value, size_t value_len,
                     char out[SALT_CHARS + 1]);
void commitment_decoy(const struct commitment_maker *maker, const char *id, uint32_t revision,
                      unsigned index, char out[DIGEST_CHARS + 1]);
/* commitment_disclosure: name NULL for a list's element. */
void commitment_disclosure(struct text *out, const char *salt, const char *name, const char *value,
                           size_t value_len);
/* commitment_digest: of a disclosure as received, never of one written anew. */
void commitment_digest(const char *disclosure, size_t len, char out[DIGEST_CHARS + 1]);

/* commitment_parse: an entry's digests from its public bytes, only if these are exactly what a
 * sealer writes: 16, 32 or 64 of them, sorted, each once. Returns their number, or ERR_CORRUPT with
 * the place of the fault in *at and the reason in *why. */
int commitment_parse(const char *entry, size_t len, uint8_t digests[COMMITMENTS_MAX][SHA256_BYTES],
                     size_t *at, const char **why);

/* ledger_incident_key: K_id, which keys incident ids. ledger_secret_check: tells one secret from
 * another without giving it away. */
void ledger_incident_key(const uint8_t secret[LEDGER_SECRET_BYTES], uint8_t out[SHA256_BYTES]);
void ledger_secret_check(const uint8_t secret[LEDGER_SECRET_BYTES], char out[2 * SHA256_BYTES + 1]);

#endif
