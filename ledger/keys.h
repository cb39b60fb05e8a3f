/* The two files of secrets outside the ledger: signing keys (C2SP signer keys, one a line, named
 * after the logs' origins) and the ledger secret (64 hex digits). Made on first use, readable by
 * their owner only.
 */
#ifndef LEDGER_KEYS_H
#define LEDGER_KEYS_H

#include "base/diag.h"
#include "base/note.h"
#include "ledger/commitment.h"

/* keys_load: the signer named after origin. One that lacks is made and added only if may_make;
 * *made is set then. Processes that lack one at the same time
 * make one together. 0, ERR_KEY (unreadable, or lacking), ERR_IO, ERR_FULL. */
int keys_load(const char *path, const char *origin, bool may_make, struct note_signer *out,
              bool *made, struct diags *diags);
/* secret_load: the ledger secret, likewise. */
int secret_load(const char *path, bool may_make, uint8_t out[LEDGER_SECRET_BYTES], bool *made,
                struct diags *diags);
/* keys_warn_shared: a warning if others can read or write a file of secrets. */
void keys_warn_shared(const char *path, struct diags *diags);
/* wipe: overwrite a secret; not optimised away. */
void wipe(void *data, size_t len);

#endif
