/* The engine's end of the sealer: a separate process that holds the keys and writes the ledger.
 *
 * Entries go over a socket pair; an acknowledgement comes back when the entry is in the write-ahead
 * log and that is on disk (after fsync). Sealed means covered by a durable checkpoint;
 * sealer_finish waits for that. One client per ledger, used by one thread.
 */
#ifndef LEDGER_SEALER_CLIENT_H
#define LEDGER_SEALER_CLIENT_H

#include "base/diag.h"
#include "ledger/entry.h"

struct sealer_client;

struct sealer_config {
    const char *program; /* path of plimsoll-sealer */
    const char *ledger_dir;
    const char *key_file;                   /* the logs' signing keys; made on first use */
    const char *secret_file;                /* the ledger secret; made on first use */
    const char *origin_facts, *origin_acts; /* the logs' identities */
};

/* What the sealer says when it is up. */
struct sealer_hello {
    uint8_t incident_key[32];       /* K_id, derived from the ledger secret; keys incident ids */
    uint64_t facts_size, acts_size; /* entries already in the logs */
    char vkey_facts[512], vkey_acts[512]; /* verifier keys */
    bool made_key, made_secret;           /* made just now: the user is told where they are */
};

/* sealer_start: fork and exec the sealer, wait for its hello. Call before EAL and before threads.
 * ERR_KEY: the ledger is of another key or secret; ERR_IO; ERR_CORRUPT; each with a diagnostic. */
int sealer_start(struct sealer_client **out, const struct sealer_config *config,
                 struct sealer_hello *hello, struct diags *diags);
/* sealer_submit: hand over one entry; waits only while SEALER_WINDOW entries are unacknowledged.
 * 0; ERR_CONFLICT: (id, revision) was sealed with another content; ERR_FULL / ERR_IO: the disk;
 * ERR_CLOSED: the sealer is gone. The diagnostics say which entry. */
int sealer_submit(struct sealer_client *c, const struct entry_draft *draft, struct diags *diags);
/* sealer_flush: wait until everything submitted is answered. Errors as sealer_submit. */
int sealer_flush(struct sealer_client *c, struct diags *diags);
/* sealer_checkpoint: wait until all submitted entries are covered by a durable checkpoint. */
int sealer_checkpoint(struct sealer_client *c, struct diags *diags);
/* Counts so far: submitted, acknowledged (durable in the write-ahead log), sealed, repeated
 * (no-ops). */
struct sealer_counts {
    uint64_t submitted, acknowledged, sealed, repeated;
};
struct sealer_counts sealer_counts(const struct sealer_client *c);
/* sealer_finish: checkpoint, end the process, free the client. */
int sealer_finish(struct sealer_client *c, struct diags *diags);

#endif
