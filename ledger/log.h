/* One sealed log: LEDGER/facts or LEDGER/acts, with its private side in LEDGER/private/NAME.
 *
 * append takes a draft, commit makes all appended ones durable in the write-ahead log, publish puts
 * them under a checkpoint. After an error of commit the log takes and publishes nothing more: what
 * is on the disk is whole, and opening it again goes on from there. One owner, one thread.
 */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include "base/note.h"
#include "ledger/commitment.h"

struct sealed_log;

struct log_config {
    const char *ledger_dir;
    enum ledger_log which;
    const uint8_t *secret;            /* LEDGER_SECRET_BYTES; must outlive the log */
    const struct note_signer *signer; /* named after the origin; must outlive the log */
};

/* log_exists: is there anything of this log that a key or secret must fit? */
bool log_exists(const char *ledger_dir, enum ledger_log which);

/* log_open: make the log or go on with it: drafts of the write-ahead log that the checkpoint does
 * not cover are sealed, files that are missing or torn are written. 0; ERR_KEY: it is of another
 * key or secret; ERR_CORRUPT: what is there does not fit together; ERR_CONFLICT: another process
 * writes it; ERR_FULL, ERR_IO, ERR_NOMEM. Warnings go to diags too. */
int log_open(struct sealed_log **out, const struct log_config *config, struct diags *diags);
/* log_append: *repeated: the same draft is there already. 0; ERR_CONFLICT: (id, revision) is there
 * with another content; ERR_SCHEMA; or what commit failed with. */
int log_append(struct sealed_log *l, const struct entry_draft *draft, bool *repeated,
               struct diags *diags);
int log_commit(struct sealed_log *l, struct diags *diags);
/* log_publish: commit, tiles, then the checkpoint. On ERR_FULL or ERR_IO the checkpoint before
 * stays, and so do its tiles; it may be tried again. */
int log_publish(struct sealed_log *l, struct diags *diags);
/* log_size: entries appended. log_published: entries under the checkpoint. */
uint64_t log_size(const struct sealed_log *l);
/* log_last_act: the last start, stop or gap in the log, as draft_codec.h encodes it; *len 0: none.
 */
const char *log_last_act(const struct sealed_log *l, size_t *len);
uint64_t log_published(const struct sealed_log *l);
void log_close(struct sealed_log *l);

#endif
