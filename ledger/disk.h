/* Writing to the disk with the errors told apart: no room (ERR_FULL) or anything else (ERR_IO),
 * each with a diagnostic that names the file. No state; any thread. */
#ifndef LEDGER_DISK_H
#define LEDGER_DISK_H

#include "base/diag.h"

#include <stddef.h>

/* disk_error: a diagnostic of errno for a file, as ERR_FULL or ERR_IO, which is returned. */
int disk_error(const char *path, const char *doing, struct diags *diags);
/* disk_make_dirs: mkdir -p; what is made is on the disk when this returns. */
int disk_make_dirs(const char *path, unsigned mode, struct diags *diags);
/* disk_replace: file_replace, with the directories above made where they lack. */
int disk_replace(const char *path, const void *data, size_t len, unsigned mode,
                 struct diags *diags);

#endif
