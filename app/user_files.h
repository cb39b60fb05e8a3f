/* Where the user's key files are, and where the sealer's program is. */
#ifndef APP_USER_FILES_H
#define APP_USER_FILES_H

#include "base/diag.h"

struct user_files {
    char *key, *secret, *sealer;
};

/* user_files_find: given paths win; else plimsoll/ledger.key and .secret in $XDG_CONFIG_HOME or
 * ~/.config, whose directory is made. The sealer stands beside this program. The caller frees with
 * user_files_free. */
int user_files_find(struct user_files *out, const char *key, const char *secret,
                    struct diags *diags);
void user_files_free(struct user_files *files);

#endif
