/* A log as files: the layout of C2SP tlog-tiles.
 *
 *     tile/<L>/<N>[.p/<W>]        up to 256 hashes of level L, each of a subtree of 256^L leaves
 *     tile/entries/<N>[.p/<W>]    the entries under a tile of level 0: 16-bit length, bytes
 *
 * N is written in groups of three digits, all but the last with an x before: x001/x234/067. A tile
 * that is not full has its width W as the name. The directory holds the tiles of one size and no
 * others.
 */
#ifndef LEDGER_TILES_H
#define LEDGER_TILES_H

#include "base/diag.h"
#include "base/text.h"
#include "ledger/merkle.h"

#include <stdbool.h>

#define TILE_WIDTH    256
#define TILE_ENTRIES  (-1) /* the level of entry bundles */
#define TILE_PATH_MAX 96

struct tile_id {
    int level; /* or TILE_ENTRIES */
    uint64_t index;
    unsigned width; /* 1 to TILE_WIDTH */
};

/* The entries of a log, or its last ones. Zero-initialise; entry_list_free when done. */
struct entry_list {
    struct text bytes;
    uint64_t *ends;    /* of entry first + i in bytes */
    uint64_t first, n; /* entries first to first + n - 1 are here */
    uint64_t cap;
};
int entry_list_append(struct entry_list *list, const void *entry, size_t len);
/* entry_list_get: a view, valid until the next change. */
const char *entry_list_get(const struct entry_list *list, uint64_t index, size_t *len);
/* entry_list_drop: forget entries before `index`, whole bundles only. */
void entry_list_drop(struct entry_list *list, uint64_t index);
void entry_list_free(struct entry_list *list);

/* tile_path: relative to the log's directory. tile_parse: the reverse, only for the one right form;
 * 0 or ERR_SYNTAX. */
void tile_path(const struct tile_id *id, char out[TILE_PATH_MAX]);
int tile_parse(const char *path, struct tile_id *out);
/* tile_belongs: is it one of a log of `size` entries? */
bool tile_belongs(const struct tile_id *id, uint64_t size);

/* tiles_each: every tile of a log of `size` entries that one of `from` entries does not have. Stops
 * at the first call that does not return 0, and returns that. */
typedef int tile_visit(void *ctx, const struct tile_id *id);
int tiles_each(uint64_t from, uint64_t size, tile_visit *visit, void *ctx);

/* tile_bytes: append a tile's content, of a tree that is large enough. */
void tile_bytes(struct text *out, const struct merkle *tree, const struct entry_list *entries,
                const struct tile_id *id);

/* tiles_write: write the tiles of the tree that are new since `from` entries; a file that is right
 * already is left alone. On an error what a log of `kept` entries does not have is removed again.
 * 0, ERR_FULL, ERR_IO, ERR_NOMEM. */
int tiles_write(const char *dir, const struct merkle *tree, const struct entry_list *entries,
                uint64_t from, uint64_t kept, struct diags *diags);
/* tiles_remove: remove the tiles of `old` entries that a log of `size` has no more. */
void tiles_remove(const char *dir, uint64_t old, uint64_t size);
/* tiles_settle: the names of all files and directories that are there are on the disk: a process
 * that was killed may have left them in memory only. 0, ERR_IO. */
int tiles_settle(const char *dir, struct diags *diags);
/* tiles_any: is there a whole tile of any size? */
bool tiles_any(const char *dir);
/* tiles_sweep: remove what an interrupted write left: tiles of other sizes and half-written files.
 * Anything else stays, so that verifying names it. */
void tiles_sweep(const char *dir, uint64_t size);

#endif
