/* Verifying one log: the parts of ledger_verify. Faults go to diags, named by their path beneath
 * the ledger (facts/..., acts/...); checking goes on after each as far as there is something to
 * check.
 */
#ifndef LEDGER_VERIFY_LOG_H
#define LEDGER_VERIFY_LOG_H

#include "ledger/checkpoint.h"
#include "ledger/commitment.h"
#include "ledger/tiles.h"
#include "ledger/verify.h"

struct verify_keys {
    struct note_verifier *items;
    size_t n;
};

/* One log as it was read. Zero-initialise but for the first three; verified_log_free when done. */
struct verified_log {
    const char *ledger_dir;
    const char *name; /* facts or acts */
    struct diags *diags;
    int error; /* the first */
    struct checkpoint checkpoint;
    bool has_checkpoint; /* its body could be read; whether it is signed is another matter */
    bool complete;       /* all entries could be read */
    uint64_t unknown_lines;
    struct merkle tree;
    struct entry_list entries;
    uint8_t (*digests)[SHA256_BYTES]; /* of all entries, one behind the other */
    uint64_t *digests_end;            /* behind the last one of each entry */
    uint64_t n_digests, room_digests, room_entries;
};

/* verify_log: every public byte of the log. The result is in log->error. */
void verify_log(struct verified_log *log, const struct verify_keys *keys);
/* verify_private: the disclosures, if the private directory has them: each one's digest is in its
 * entry. Returns the number of entries that were opened. */
uint64_t verify_private(struct verified_log *log);
void verified_log_free(struct verified_log *log);

/* verify_checkpoint: read a signed checkpoint and check it under the key of its origin. 0; else
 * ERR_CORRUPT, ERR_KEY or ERR_SIGNATURE with the reason in why. out->origin is empty when the note
 * could not be read; *unknown counts signature lines of other keys. */
#define VERIFY_WHY_ROOM 320
int verify_checkpoint(const struct text *note, const struct verify_keys *keys,
                      struct checkpoint *out, uint64_t *unknown, char why[VERIFY_WHY_ROOM]);
/* verify_since: does the log of its origin go on from a remembered checkpoint? `logs` are all that
 * were verified. 0 or an error with a diagnostic that names the file. */
int verify_since(const struct verified_log *logs, const struct verify_keys *keys, const char *path,
                 struct diags *diags);

/* verify_fault: note a fault at "NAME/path"; returns error. */
int verify_fault(struct verified_log *log, int error, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
