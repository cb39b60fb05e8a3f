/* Roll-back and fork: a log against a checkpoint of it that somebody remembered.
 *
 * An append-only log keeps every entry in its place, so the remembered root must be that of the
 * log's first entries. All of them were read, so the root is computed; no proof is needed.
 */
#include "ledger/verify_log.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/entry_table.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CHECKPOINT_MAX 65536

static int compare(const struct verified_log *log, const struct checkpoint *remembered,
                   const char *path, struct diags *diags)
{
    uint8_t root[SHA256_BYTES];
    if (!log->complete)
        return diag_error(diags, ERR_CORRUPT, diag_file(path), NULL,
                          "the log %s could not be read; nothing is known of its history",
                          log->name);
    if (remembered->size > merkle_size(&log->tree))
        return diag_error(diags, ERR_CONFLICT, diag_file(path), NULL,
                          "roll-back: it covers %" PRIu64
                          " entries of %s, the log has only %" PRIu64,
                          remembered->size, log->name, merkle_size(&log->tree));
    merkle_root_at(&log->tree, remembered->size, root);
    if (memcmp(root, remembered->root, sizeof root) == 0)
        return 0;
    return diag_error(diags, ERR_CONFLICT, diag_file(path), NULL,
                      "forked history: the first %" PRIu64 " entries of %s are not those it covers",
                      remembered->size, log->name);
}

int verify_since(const struct verified_log *logs, const struct verify_keys *keys, const char *path,
                 struct diags *diags)
{
    struct text note = {0};
    struct checkpoint remembered;
    uint64_t unknown;
    char why[VERIFY_WHY_ROOM];
    const struct verified_log *log = NULL;
    int error = file_read(path, CHECKPOINT_MAX, &note);
    if (error)
        error = diag_error(
            diags, ERR_IO, diag_file(path), NULL, "cannot read the remembered checkpoint: %s",
            error == ERR_IO || error == ERR_NOT_FOUND ? strerror(errno) : error_text(error));
    else if ((error = verify_checkpoint(&note, keys, &remembered, &unknown, why)))
        diag_error(diags, error, diag_file(path), NULL, "%s", why);
    text_free(&note);
    if (error)
        return error;
    for (unsigned i = 0; i < LEDGER_LOGS; i++)
        if (strcmp(logs[i].checkpoint.origin, remembered.origin) == 0)
            log = &logs[i];
    if (!log)
        return diag_error(diags, ERR_CONFLICT, diag_file(path), NULL,
                          "there is no readable log %s in this ledger", remembered.origin);
    return compare(log, &remembered, path, diags);
}
