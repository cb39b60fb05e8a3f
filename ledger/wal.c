/* Records with digests, one file, cut at the first that is torn. */
#include "ledger/wal.h"

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "ledger/disk.h"
#include "ledger/draft_codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES (4 + SHA256_BYTES)

/* read_record: 1 and the payload; 0 at the end or where the file is torn; ERR_NOMEM. */
static int read_record(FILE *in, struct text *payload)
{
    uint8_t head[HEAD_BYTES], digest[SHA256_BYTES], block[16384];
    if (fread(head, 1, sizeof head, in) != sizeof head)
        return 0;
    size_t left = load_be32(head);
    text_clear(payload);
    if (left > DRAFT_BYTES_MAX)
        return 0;
    while (left) {
        size_t n = fread(block, 1, left < sizeof block ? left : sizeof block, in);
        if (n == 0)
            return 0;
        text_append(payload, block, n);
        left -= n;
    }
    if (payload->failed)
        return ERR_NOMEM;
    sha256(digest, text_str(payload), payload->len);
    return memcmp(digest, head + 4, sizeof digest) == 0;
}

static int read_all(struct wal *wal, wal_take *take, void *ctx)
{
    struct text payload = {0};
    FILE *in = fopen(wal->path, "rbe");
    if (!in)
        return ERR_IO;
    int got, error = 0;
    while (!error && (got = read_record(in, &payload)) == 1) {
        error = take(ctx, text_str(&payload), payload.len);
        wal->durable += HEAD_BYTES + payload.len;
    }
    if (!error && got < 0)
        error = got;
    if (!error && ferror(in))
        error = ERR_IO;
    fclose(in);
    text_free(&payload);
    return error;
}

int wal_open(struct wal *wal, const char *path, wal_take *take, void *ctx, uint64_t *cut,
             struct diags *diags)
{
    struct stat st;
    *wal = (struct wal){.path = strdup(path)};
    *cut = 0;
    wal->fd = wal->path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (wal->fd < 0)
        return disk_error(path, "open", diags);
    int error = read_all(wal, take, ctx);
    if (error == ERR_IO)
        return disk_error(path, "read", diags);
    if (error)
        return error;
    if (fstat(wal->fd, &st))
        return disk_error(path, "read", diags);
    *cut = (uint64_t)st.st_size - wal->durable;
    return 0;
}

int wal_cut(struct wal *wal, struct diags *diags)
{
    /* The sync also covers records that were written but not synced before a crash. */
    if (ftruncate(wal->fd, (off_t)wal->durable) || fsync(wal->fd))
        return disk_error(wal->path, "cut", diags);
    return 0;
}

int wal_reserve(struct wal *wal, uint64_t bytes, struct diags *diags)
{
    if (fallocate(wal->fd, 0, 0, (off_t)bytes) || fsync(wal->fd))
        return disk_error(wal->path, "reserve room", diags);
    wal->reserved = bytes;
    return 0;
}

/* write_all: at an offset. */
static int write_all(struct wal *wal, const char *data, size_t len, uint64_t offset,
                     struct diags *diags)
{
    while (len) {
        ssize_t n = pwrite(wal->fd, data, len, (off_t)offset);
        if (n < 0 && errno != EINTR)
            return disk_error(wal->path, "write", diags);
        if (n > 0) {
            data += n;
            offset += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    return 0;
}

int wal_reset(struct wal *wal, struct diags *diags)
{
    /* Zeros, not a shorter file: that would give the reserved room away. No record is left whole,
     * so that a shorter one written over the first does not bring the second back. */
    static const char zeros[65536];
    int error = 0;
    for (uint64_t at = 0; at < wal->durable && !error; at += sizeof zeros) {
        uint64_t left = wal->durable - at;
        error = write_all(wal, zeros, left < sizeof zeros ? left : sizeof zeros, at, diags);
    }
    if (!error && fdatasync(wal->fd))
        error = disk_error(wal->path, "write", diags);
    if (!error)
        wal->durable = 0;
    return error;
}

int wal_append(struct wal *wal, const void *payload, size_t len)
{
    uint8_t digest[SHA256_BYTES];
    sha256(digest, payload, len);
    put_u32(&wal->waiting, (uint32_t)len);
    text_append(&wal->waiting, digest, sizeof digest);
    text_append(&wal->waiting, payload, len);
    return wal->waiting.failed ? ERR_NOMEM : 0;
}

int wal_commit(struct wal *wal, struct diags *diags)
{
    size_t len = wal->waiting.len;
    int error = wal->waiting.failed ? ERR_NOMEM
                                    : write_all(wal, wal->waiting.data, len, wal->durable, diags);
    if (!error && len && fdatasync(wal->fd))
        error = disk_error(wal->path, "write", diags);
    if (!error)
        wal->durable += len;
    else if (!wal->reserved && ftruncate(wal->fd, (off_t)wal->durable))
        disk_error(wal->path, "cut", diags);
    text_clear(&wal->waiting);
    return error;
}

void wal_close(struct wal *wal)
{
    if (wal->path && wal->fd >= 0)
        close(wal->fd);
    free(wal->path);
    text_free(&wal->waiting);
    *wal = (struct wal){.fd = -1};
}
