/* Verifying and showing a ledger directory. Trust comes from outside: the verifier keys are given.
 */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "base/diag.h"

#include <stdbool.h>
#include <stdio.h>

struct verify_request {
    const char *dir;
    const char *const
        *keys; /* verifier keys, one for each log that is there (matched by name = origin) */
    size_t n_keys;
    const char *const *since; /* files with checkpoints that were remembered */
    size_t n_since;
};

/* What one log proved; counts for the report. */
struct verify_result {
    uint64_t facts_size, acts_size;   /* entries under the checkpoints */
    uint64_t private_entries;         /* entries whose private values fit their commitments */
    uint64_t ignored_signature_lines; /* lines of unknown keys that a note must ignore: reported, no
                                         error */
    uint64_t continued; /* remembered checkpoints that the logs are a continuation of */
};

/* ledger_verify: check every public byte: checkpoint signature, tiles against its root, each
 * partial tile's presence and length, each entry's canonical form, no stray file; where private/ is
 * there, that values and salts fit. A remembered checkpoint must be signed and cover a prefix of
 * its log: else the log was rolled back behind it, or its history was forked. Goes on after a fault
 * so that all are named (file and position). 0 or ERR_CORRUPT, ERR_SIGNATURE, ERR_KEY, ERR_CONFLICT
 * (roll-back, fork), ERR_IO. */
int ledger_verify(const struct verify_request *request, struct verify_result *result,
                  struct diags *diags);
/* ledger_verify_report: what is PROVED, NOT PROVED and STILL OPEN, in words. */
void ledger_verify_report(FILE *out, const struct verify_request *request,
                          const struct verify_result *result, bool ok);

struct show_filter {
    const char *kind; /* NULL: all */
    const char *id;   /* NULL: all */
};
/* ledger_show: the private view, one JSON object a line, as the party itself sees it: the fields of
 * the entry with their values, plus kind, id, revision, log, index and leaf hash. */
int ledger_show(const char *dir, const struct show_filter *filter, FILE *out, struct diags *diags);

#endif
