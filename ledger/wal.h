/* The write-ahead log: drafts in the order they were accepted. Everything else of a ledger is made
 * from it, so an entry counts as taken when its record is on the disk.
 *
 *     record = u32 length || SHA-256 of the payload || payload       big-endian
 *
 * One owner. A record that ends too early or does not fit its digest is where a crash tore the
 * file; it and what follows was never acknowledged, and is cut off. A damaged file looks the same,
 * so that the owner first compares what it got with what it knows to be sealed.
 */
#ifndef LEDGER_WAL_H
#define LEDGER_WAL_H

#include "base/diag.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct wal {
    int fd;
    char *path;
    uint64_t durable;    /* bytes of the file that are on the disk */
    uint64_t reserved;   /* bytes whose room the disk has promised; zeros behind the last record */
    struct text waiting; /* records that are not written yet */
};

/* wal_open: open or make the file and hand every good record to take, in order; stops at its first
 * error. *cut is the number of bytes behind the last good record, which stay until wal_cut. 0 or
 * ERR_IO, ERR_FULL, ERR_NOMEM, or what take returned. */
typedef int wal_take(void *ctx, const void *payload, size_t len);
int wal_open(struct wal *wal, const char *path, wal_take *take, void *ctx, uint64_t *cut,
             struct diags *diags);
/* wal_cut: cut off what is behind the last good record; before the first append. 0, ERR_FULL,
 * ERR_IO. */
int wal_cut(struct wal *wal, struct diags *diags);
/* wal_reserve: so many bytes can be written even when the disk is full; behind wal_cut. 0, or
 * ERR_FULL or ERR_IO, and then the log works without. */
int wal_reserve(struct wal *wal, uint64_t bytes, struct diags *diags);
/* wal_reset: forget all records; the reserved room stays. 0, ERR_FULL, ERR_IO. */
int wal_reset(struct wal *wal, struct diags *diags);
/* wal_append: put a record into the next commit. 0 or ERR_NOMEM. */
int wal_append(struct wal *wal, const void *payload, size_t len);
/* wal_commit: write what waits, fdatasync. On an error nothing of it is in the file (in reserved
 * room something of it may be), and nothing waits any more. 0, ERR_FULL or ERR_IO. */
int wal_commit(struct wal *wal, struct diags *diags);
void wal_close(struct wal *wal);

#endif
