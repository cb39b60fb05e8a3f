/* A list of drafts, and its copy in a file of reserved room. */
#include "ledger/waiting.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "ledger/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_HEAD (4 + SHA256_BYTES)

static int push(struct waiting *w, const void *draft, size_t len)
{
    struct waiting_draft *d = malloc(sizeof *d + len);
    if (!d)
        return ERR_NOMEM;
    d->next = NULL;
    d->len = len;
    memcpy(d->bytes, draft, len);
    if (w->last)
        w->last->next = d;
    else
        w->first = d;
    w->last = d;
    w->n++;
    w->bytes += RECORD_HEAD + len;
    return 0;
}

/* take_earlier: what is in the file already; it may be more than is allowed now. */
static int take_earlier(void *ctx, const void *payload, size_t len)
{
    return push(ctx, payload, len);
}

/* lock: before anything is read. An engine that ends removes its file; a lock on that one says
 * nothing. */
static int lock(struct waiting *w, struct diags *diags)
{
    struct stat locked, there;
    for (;;) {
        int fd = open(w->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return disk_error(w->path, "open", diags);
        if (flock(fd, LOCK_EX | LOCK_NB)) {
            int error = errno == EWOULDBLOCK
                            ? diag_error(diags, ERR_CONFLICT, diag_file(w->path),
                                         "wait for it to end, or give another --ledger",
                                         "another engine hands entries to this ledger")
                            : disk_error(w->path, "lock", diags);
            close(fd);
            return error;
        }
        if (fstat(fd, &locked) == 0 && stat(w->path, &there) == 0 &&
            locked.st_ino == there.st_ino && locked.st_dev == there.st_dev) {
            w->lock = fd;
            return 0;
        }
        close(fd);
    }
}

/* damaged: bytes of the file behind its last good record; the zeros of reserved room are none. */
static uint64_t damaged(const struct waiting *w)
{
    char block[16384];
    uint64_t end = w->file.durable;
    ssize_t n;
    for (off_t at = (off_t)end; (n = pread(w->file.fd, block, sizeof block, at)) > 0; at += n)
        for (ssize_t i = 0; i < n; i++)
            if (block[i])
                end = (uint64_t)(at + i + 1);
    return end - w->file.durable;
}

int waiting_open(struct waiting *w, const char *ledger_dir, size_t max, struct diags *diags)
{
    uint64_t cut;
    *w = (struct waiting){.max = max, .lock = -1, .file = {.fd = -1}};
    if (asprintf(&w->path, "%s/private/waiting", ledger_dir) < 0) {
        w->path = NULL;
        return ERR_NOMEM;
    }
    int error = lock(w, diags);
    if (!error)
        error = wal_open(&w->file, w->path, take_earlier, w, &cut, diags);
    w->known = !error;
    uint64_t lost = error || !cut ? 0 : damaged(w);
    if (lost)
        diag_warning(diags, ERR_TRUNCATED, diag_file(w->path),
                     "read the same packets again: what is sealed already is not repeated",
                     "%" PRIu64 " bytes behind the %" PRIu64
                     " entries that wait are of an unfinished write, or damaged; they are cut off",
                     lost, w->n);
    if (!error)
        error = wal_cut(&w->file, diags);
    if (!error && file_sync_name(w->path))
        error = disk_error(w->path, "write", diags);
    if (!error) {
        struct diags why = {0};
        int full = wal_reserve(&w->file, max, &why);
        if (full)
            diag_warning(diags, full, diag_file(w->path), NULL,
                         "no room could be reserved for entries that have to wait: %s",
                         why.n ? why.items[0].text : error_text(full));
        diags_free(&why);
    }
    return error;
}

int waiting_add(struct waiting *w, const void *draft, size_t len)
{
    if (w->bytes + RECORD_HEAD + len > w->max)
        return ERR_FULL;
    int error = push(w, draft, len);
    if (!error && !w->unkept)
        w->unkept = w->last;
    return error;
}

int waiting_keep(struct waiting *w, struct diags *diags)
{
    int error = 0;
    uint64_t end = w->file.durable;
    for (const struct waiting_draft *d = w->unkept; d && !error; d = d->next) {
        end += RECORD_HEAD + d->len;
        error = end > w->max ? ERR_FULL : wal_append(&w->file, d->bytes, d->len);
    }
    if (error) {
        text_clear(&w->file.waiting);
        return diag_error(diags, error, diag_file(w->path), NULL, "cannot keep what waits: %s",
                          error_text(error));
    }
    error = w->unkept ? wal_commit(&w->file, diags) : 0;
    if (!error)
        w->unkept = NULL;
    return error;
}

void waiting_done(struct waiting *w)
{
    struct waiting_draft *d = w->first;
    if (w->unkept == d)
        w->unkept = d->next;
    w->first = d->next;
    if (!w->first)
        w->last = NULL;
    w->n--;
    w->bytes -= RECORD_HEAD + d->len;
    free(d);
}

void waiting_reset(struct waiting *w)
{
    diags_free(&w->why_it_stays);
    if (w->n == 0 && w->file.durable)
        wal_reset(&w->file, &w->why_it_stays);
}

void waiting_close(struct waiting *w, struct diags *diags)
{
    /* An entry that was refused stays in the file, though it waits no more. */
    if (w->known && w->n == 0 && w->file.durable == 0 && unlink(w->path) && errno != ENOENT)
        disk_error(w->path, "remove it", &w->why_it_stays);
    if (w->n == 0 && w->why_it_stays.n)
        diag_warning(diags, w->why_it_stays.items[0].error, diag_file(w->path),
                     "leave it: the next run hands over what it holds, and what is sealed is not "
                     "repeated",
                     "nothing waits any more, but the file stays: %s",
                     w->why_it_stays.items[0].text);
    diags_free(&w->why_it_stays);
    if (w->lock >= 0)
        close(w->lock);
    while (w->first)
        waiting_done(w);
    wal_close(&w->file);
    free(w->path);
    *w = (struct waiting){.lock = -1, .file = {.fd = -1}};
}
