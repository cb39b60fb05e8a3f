/* What the sealer has not acknowledged, oldest first; the engine's own write-ahead file.
 *
 * Every draft stays in memory until it is acknowledged. While there is no sealer, or its disk takes
 * nothing, drafts are in a file too, so that they outlive the engine: LEDGER/private/waiting, in
 * the form of wal.h. Its room is reserved when it is made, because a disk that is full for the
 * sealer is most often the one that this file is on. Where even that write fails the drafts are in
 * memory only, and the caller says so. Both are bounded alike. At rest, with nothing waiting, there
 * is no file. One engine a ledger: the file is locked. One owner, one thread.
 */
#ifndef LEDGER_WAITING_H
#define LEDGER_WAITING_H

#include "ledger/wal.h"

struct waiting_draft {
    struct waiting_draft *next;
    size_t len;
    char bytes[]; /* draft_codec.h */
};

struct waiting {
    struct wal file;
    int lock;   /* of the file, locked; -1: it is not ours */
    bool known; /* what was in the file is in the list */
    char *path;
    struct waiting_draft *first, *last;
    struct waiting_draft *unkept; /* the first that is not in the file */
    struct diags why_it_stays;    /* the file, should it not be emptied */
    uint64_t n;
    size_t bytes, max; /* as records of the file */
};

/* waiting_open: make the file or take what an earlier engine left in it. 0; ERR_CONFLICT: another
 * engine has it; ERR_FULL, ERR_IO, ERR_NOMEM. That no room could be reserved, or that something in
 * the file is damaged and given up, is a warning. */
int waiting_open(struct waiting *w, const char *ledger_dir, size_t max, struct diags *diags);
/* waiting_add: 0, ERR_FULL, ERR_NOMEM. In memory only, until waiting_keep. */
int waiting_add(struct waiting *w, const void *draft, size_t len);
/* waiting_keep: all of them are in the file, on the disk. 0; ERR_FULL, ERR_IO, ERR_NOMEM: those
 * added since the last time that succeeded are in memory only. */
int waiting_keep(struct waiting *w, struct diags *diags);
/* waiting_done: the oldest is done with, in memory. waiting_reset: none waits; in the file too. */
void waiting_done(struct waiting *w);
void waiting_reset(struct waiting *w);
/* waiting_close: removes the file if none waits, and only if that is known. That it could not be
 * emptied or removed is a warning. */
void waiting_close(struct waiting *w, struct diags *diags);

#endif
