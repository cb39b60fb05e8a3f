/* The private file of a log: what opens its commitments, one JSON line an entry.
 *
 *     {"disclosures":[...],"id":ID,"index":N,"kind":KIND,"leaf":BASE64,"revision":N}
 *
 * It is made from the write-ahead log; when a log is opened its lines are compared with what is
 * there, and what differs or is torn is written anew. One owner.
 */
#ifndef LEDGER_DISCLOSURES_H
#define LEDGER_DISCLOSURES_H

#include "base/json.h"
#include "ledger/commitment.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct disclosures {
    int fd;
    char *path;
    FILE *there;         /* while lines are compared with the file */
    uint64_t good;       /* bytes of the file that are right */
    struct text waiting; /* lines behind them */
    struct text line;
};

int disclosures_open(struct disclosures *d, const char *path, struct diags *diags);
/* disclosures_add: 0, ERR_FULL, ERR_IO, ERR_NOMEM. */
int disclosures_add(struct disclosures *d, uint64_t index, const struct entry_draft *draft,
                    const struct sealed_entry *sealed, struct diags *diags);
/* disclosures_sync: everything added is on the disk, and nothing else is in the file. A failure may
 * be tried again. */
int disclosures_sync(struct disclosures *d, struct diags *diags);
void disclosures_close(struct disclosures *d);

/* One line read back. Strings point into json. */
struct disclosure_line {
    json_t *json;
    const char *id, *kind;
    uint64_t index;
    uint32_t revision;
    uint8_t leaf[SHA256_BYTES];
    const json_t *items; /* array of strings */
};
/* disclosure_line_read: 0, ERR_SYNTAX with a diagnostic. The caller decrefs json. */
int disclosure_line_read(const char *file, uint32_t number, const char *line, size_t len,
                         struct disclosure_line *out, struct diags *diags);

/* One disclosure opened: the JSON of its salt, name (NULL in a list's element) and value. */
struct opened {
    json_t *json;
    const char *name;
    const json_t *value;
    uint8_t digest[SHA256_BYTES];
};
/* disclosure_open: 0 or ERR_SYNTAX. The caller decrefs json. */
int disclosure_open(const char *disclosure, size_t len, struct opened *out);

#endif
