/* Verifying a ledger: both its logs, under keys that come from outside it. */
#include "ledger/verify.h"

#include "base/error.h"
#include "ledger/entry_table.h"
#include "ledger/verify_log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* read_keys: a key that is none is an error: nobody shall think that it was used. */
static int read_keys(const struct verify_request *request, struct verify_keys *keys,
                     struct diags *diags)
{
    int error = 0;
    keys->items = calloc(request->n_keys + 1, sizeof *keys->items);
    if (!keys->items)
        return ERR_NOMEM;
    for (size_t i = 0; i < request->n_keys; i++) {
        if (note_verifier_parse(request->keys[i], &keys->items[keys->n]) == 0)
            keys->n++;
        else
            error = diag_error(diags, ERR_KEY, diag_file("--key"),
                               "it is NAME+HASH+BASE64, as the log's owner published it",
                               "this is no verifier key: %s", request->keys[i]);
    }
    return error;
}

static bool has_directory(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    return snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path &&
           lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void check_log(const struct verify_request *request, const struct verify_keys *keys,
                      struct verified_log *log)
{
    if (!has_directory(request->dir, log->name)) {
        verify_fault(log, ERR_CORRUPT, "", "the log is missing");
        return;
    }
    verify_log(log, keys);
}

/* check_unused: a key whose log is not here is worth a word. */
static void check_unused(const struct verify_keys *keys, const struct verified_log *logs,
                         struct diags *diags)
{
    for (size_t i = 0; i < keys->n; i++) {
        bool used = false;
        for (unsigned k = 0; k < LEDGER_LOGS; k++)
            used = used || strcmp(logs[k].checkpoint.origin, keys->items[i].name) == 0;
        if (!used)
            diag_warning(diags, ERR_KEY, diag_file("--key"), NULL,
                         "there is no log %s in this ledger", keys->items[i].name);
    }
}

int ledger_verify(const struct verify_request *request, struct verify_result *result,
                  struct diags *diags)
{
    struct verify_keys keys = {0};
    struct verified_log logs[LEDGER_LOGS] = {0};
    *result = (struct verify_result){0};
    int error = read_keys(request, &keys, diags);
    for (unsigned i = 0; i < LEDGER_LOGS && keys.items; i++) {
        struct verified_log *log = &logs[i];
        log->ledger_dir = request->dir;
        log->name = ledger_log_name((enum ledger_log)i);
        log->diags = diags;
        check_log(request, &keys, log);
        result->private_entries += verify_private(log);
        result->ignored_signature_lines += log->unknown_lines;
        /* One log in both places would pass for two. */
        if (i && log->has_checkpoint && logs[0].has_checkpoint &&
            strcmp(log->checkpoint.origin, logs[0].checkpoint.origin) == 0)
            verify_fault(log, ERR_CORRUPT, "checkpoint", "facts and acts have one origin: %s",
                         log->checkpoint.origin);
        error = error ? error : log->error;
    }
    for (size_t i = 0; i < request->n_since && keys.items; i++) {
        int behind = verify_since(logs, &keys, request->since[i], diags);
        result->continued += !behind;
        error = error ? error : behind;
    }
    check_unused(&keys, logs, diags);
    result->facts_size = logs[LEDGER_FACTS].entries.n;
    result->acts_size = logs[LEDGER_ACTS].entries.n;
    for (unsigned i = 0; i < LEDGER_LOGS; i++)
        verified_log_free(&logs[i]);
    free(keys.items);
    return error;
}
