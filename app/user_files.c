/* Finding key files in the user's configuration directory, and the sealer beside this program. */
#include "app/user_files.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEALER_NAME "plimsoll-sealer"

static char *join(const char *dir, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static char *config_dir(struct diags *diags)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *dir = xdg && xdg[0] == '/' ? join(xdg, "plimsoll")
                : home               ? join(home, ".config/plimsoll")
                                     : NULL;
    if (!dir) {
        diag_error(diags, ERR_NOT_FOUND, diag_file(NULL), "give --ledger-key and --ledger-secret",
                   "neither XDG_CONFIG_HOME nor HOME says where keys are to be kept");
        return NULL;
    }
    if (file_make_dirs(dir, 0700)) {
        diag_error(diags, ERR_IO, diag_file(dir), "give --ledger-key and --ledger-secret",
                   "cannot make the directory: %s", strerror(errno));
        free(dir);
        return NULL;
    }
    return dir;
}

static char *sealer_path(struct diags *diags)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = len > 0 ? memrchr(self, '/', (size_t)len) : NULL;
    if (!slash) {
        diag_error(diags, ERR_IO, diag_file("/proc/self/exe"), NULL,
                   "cannot find this program's own place");
        return NULL;
    }
    *slash = '\0';
    char *beside = join(self, SEALER_NAME);
    if (beside && access(beside, X_OK) == 0)
        return beside;
    free(beside);
    /* In a build tree each program stands in its room's folder. */
    *strrchr(self, '/') = '\0';
    return join(self, "ledger/" SEALER_NAME);
}

int user_files_find(struct user_files *out, const char *key, const char *secret,
                    struct diags *diags)
{
    *out = (struct user_files){.key = key ? strdup(key) : NULL,
                               .secret = secret ? strdup(secret) : NULL};
    if (!key || !secret) {
        char *dir = config_dir(diags);
        if (!dir)
            goto fail;
        if (!key)
            out->key = join(dir, "ledger.key");
        if (!secret)
            out->secret = join(dir, "ledger.secret");
        free(dir);
    }
    out->sealer = sealer_path(diags);
    if (out->key && out->secret && out->sealer)
        return 0;
fail:
    user_files_free(out);
    return ERR_NOT_FOUND;
}

void user_files_free(struct user_files *files)
{
    free(files->key);
    free(files->secret);
    free(files->sealer);
    *files = (struct user_files){0};
}
