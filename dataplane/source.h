/* The bytes of a capture in order: a mapped file as it stands, or blocks that are filled from a
 * packed file or a pipe. The formats (pcap_file, pcapng_file) read through this and see no
 * difference.
 *
 * What a reader wants is contiguous at `at`; what it has taken stays where it is as long as
 * somebody holds the block (a map: as long as the source is open).
 */
#ifndef DATAPLANE_SOURCE_H
#define DATAPLANE_SOURCE_H

#include "base/bytes.h"
#include "base/diag.h"
#include "dataplane/block.h"
#include "dataplane/file_map.h"
#include "dataplane/unpack.h"

#include <stdbool.h>

/* The most that may be wanted at a time. */
#define SOURCE_WINDOW (BLOCK_BYTES / 2)

/* Bytes at the front by which sources are told apart. */
#define SOURCE_HEAD 4096

/* One owner. Not moved while it is open. */
struct source {
    const uint8_t *at; /* the next byte */
    size_t ready;      /* bytes that are contiguous there */
    uint64_t position; /* of `at`, counted unpacked */
    const char *name;  /* for diagnostics; borrowed */
    struct file_map map;
    size_t map_size; /* how much of the map is still the file's */
    /* without a map */
    struct unpacker *unpacker;
    struct block_pool *pool;
    struct block *block;
    uint64_t packed_size; /* of a regular file, 0 of a pipe */
    uint8_t head[SOURCE_HEAD];
    size_t head_len;
    bool head_done, ended;
    int failure; /* why the bytes end, 0: because there are no more */
};

/* source_open: "-" is standard input. A regular file that is not packed is mapped, anything else
 * that can be read in order goes through blocks of the pool, which may be sized later than this.
 * ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT (empty), ERR_UNSUPPORTED, with a diagnostic. The source of a
 * pipe opens at once; nothing was read yet. */
int source_open(struct source *s, const char *path, const char *name, struct block_pool *pool,
                struct diags *diags);
void source_close(struct source *s);
/* source_over: the first `size` bytes of another source's map. Not closed. */
struct source source_over(const struct source *map, size_t size);
static inline bool source_is_mapped(const struct source *s)
{
    return s->map.data != NULL;
}

int source_fill(struct source *s, size_t n);
/* source_want: 1: n bytes are ready at `at` (n <= SOURCE_WINDOW); 0: there are fewer, all of which
 * are ready; ERR_AGAIN: not yet (nothing has changed for the reader). */
static inline int source_want(struct source *s, size_t n)
{
    return s->ready >= n ? 1 : source_fill(s, n);
}
/* source_take: go on behind n bytes that are ready. */
static inline void source_take(struct source *s, size_t n)
{
    s->at += n;
    s->ready -= n;
    s->position += n;
}
/* source_skip: go on behind *left bytes, ready or not; *left counts down. 1, 0 at the end,
 * ERR_AGAIN. */
int source_skip(struct source *s, uint64_t *left);

/* source_end: what to say where the bytes end before packet `number`: 0 when they end because there
 * are no more; else an error with its diagnostic. */
int source_end(const struct source *s, uint64_t number, struct diags *diags);
/* source_shrunk: whether the mapped file has become shorter than it was known to be: map_size then
 * says how much of what was read, and will be, is still the file's. */
bool source_shrunk(struct source *s);

/* For progress, in bytes of the file as it is stored; the size of a pipe is what came of it. */
void source_progress(const struct source *s, uint64_t *position, uint64_t *size);
/* source_head: the first bytes, at most SOURCE_HEAD, unpacked; of a stream once something was
 * wanted. */
struct bytes source_head(const struct source *s);

#endif
