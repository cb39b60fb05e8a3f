/* A finding in words: the walk from the line down to the packets, and the statement of one page.
 * Both say only what the sealed entry says. */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include "base/json.h"

#include <stdbool.h>

/* Entries as ledger_show gives them. */
struct explained {
    const json_t *finding;  /* its last revision */
    const json_t *evidence; /* NULL: none was sealed for that revision */
};

/* explain_walk: all of the finding but its packets. */
void explain_walk(FILE *out, const struct explained *e);
void explain_statement(FILE *out, const struct explained *e);

/* evidence_show: the packets of the entry's file in dir, after its digest was compared with the one
 * sealed. 0; ERR_NOT_FOUND, ERR_IO; ERR_CORRUPT when it is another file; with a diagnostic. */
int evidence_show(FILE *out, const char *dir, const json_t *evidence, struct diags *diags);

/* What both pages print of a field: its string, "" where it is none; its number in digits; a time,
 * given in nanoseconds as entries have it, in words. */
const char *explained_string(const json_t *object, const char *key);
long long explained_number(const json_t *object, const char *key);
#define EXPLAINED_TIME_ROOM 64
const char *explained_time(char out[EXPLAINED_TIME_ROOM], const json_t *object, const char *key);
/* explained_list: the strings of a list, with commas, or `none`. */
void explained_list(FILE *out, const json_t *list, const char *none);
/* explained_clock: how far the times may be off. */
void explained_clock(FILE *out, const json_t *finding);

#endif
