/* The engine's end of the sealer: a separate process that holds the keys and writes the ledger.
 *
 * Entries go over a socket pair; an acknowledgement comes back when the entry is in the write-ahead
 * log and that is on disk (after fsync). Sealed means covered by a durable checkpoint;
 * sealer_checkpoint waits for that. One client per ledger, used by one thread at a time.
 *
 * When the sealer is gone, or its disk takes nothing, entries wait in the engine's own bounded file
 * (ledger/waiting.h), and nothing of them counts as sealed. Another sealer is started at once, then
 * after every SEALER_WINDOW entries, at every checkpoint, and at the next start; it is handed what
 * waits before anything else. What it has already it does not take twice. When nothing more can
 * wait, sealer_submit tries once a second for a stated time, and then fails.
 */
#ifndef LEDGER_SEALER_CLIENT_H
#define LEDGER_SEALER_CLIENT_H

#include "base/diag.h"
#include "ledger/entry.h"

#define SEALER_WINDOW        256        /* entries on their way at most, and between two tries */
#define SEALER_WAITING_BYTES (8u << 20) /* what may wait */
#define SEALER_PATIENCE_S    30         /* how long a full file is borne */

struct sealer_client;

struct sealer_config {
    const char *program; /* path of plimsoll-sealer */
    const char *ledger_dir;
    const char *key_file;                   /* the logs' signing keys; made on first use */
    const char *secret_file;                /* the ledger secret; made on first use */
    const char *origin_facts, *origin_acts; /* the logs' identities */
    size_t waiting_bytes;                   /* 0: SEALER_WAITING_BYTES */
    unsigned patience_s;                    /* 0: SEALER_PATIENCE_S */
};

/* The last entry of the acts log that begins or ends a run: start, stop or gap. */
struct sealer_act {
    bool any;
    enum entry_kind kind;
    char id[64];
    int64_t time_ns;
};

/* What the sealer says when it is up and has taken what waited from an earlier run. */
struct sealer_hello {
    uint8_t incident_key[32];       /* K_id, derived from the ledger secret; keys incident ids */
    uint64_t facts_size, acts_size; /* entries already in the logs */
    struct sealer_act last_act;
    char vkey_facts[512], vkey_acts[512]; /* verifier keys */
    bool made_key, made_secret;           /* made just now: the user is told where they are */
};

/* sealer_start: start the sealer, wait for its hello, seal what waited. Call before EAL and before
 * threads. ERR_KEY: the ledger is of another key or secret; ERR_CONFLICT: another engine has it, or
 * something that waited contradicts it; ERR_FULL, ERR_IO, ERR_CORRUPT; each with a diagnostic. */
int sealer_start(struct sealer_client **out, const struct sealer_config *config,
                 struct sealer_hello *hello, struct diags *diags);
/* sealer_submit: hand over one entry; waits while SEALER_WINDOW entries are unacknowledged. 0, also
 * when the entry has to wait (a warning, once); ERR_CONFLICT: an entry handed over so far was
 * sealed with another content; ERR_SCHEMA; ERR_FULL: this one is not sealed and cannot wait either.
 * The diagnostics say which entry. */
int sealer_submit(struct sealer_client *c, const struct entry_draft *draft, struct diags *diags);
/* sealer_flush: wait until everything submitted is answered, or has to wait. Errors as
 * sealer_submit. */
int sealer_flush(struct sealer_client *c, struct diags *diags);
/* sealer_checkpoint: wait until all submitted entries are covered by a durable checkpoint.
 * ERR_FULL, ERR_IO, ERR_CLOSED: they are not; the diagnostic names those that wait. */
int sealer_checkpoint(struct sealer_client *c, struct diags *diags);
/* Counts so far: submitted (with those that waited from an earlier run), acknowledged (durable in
 * the write-ahead log), sealed, repeated (acknowledged, and there already), refused, and those that
 * wait for an acknowledgement. submitted = acknowledged + refused + waiting. */
struct sealer_counts {
    uint64_t submitted, acknowledged, sealed, repeated, refused, waiting;
};
struct sealer_counts sealer_counts(const struct sealer_client *c);
/* sealer_finish: checkpoint, end the process, free the client. */
int sealer_finish(struct sealer_client *c, struct diags *diags);

#endif
