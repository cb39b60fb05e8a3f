/* The field table of every entry kind as data, generated from entry_fields.def. Static and
 * constant; any thread may read it. */
#ifndef LEDGER_ENTRY_TABLE_H
#define LEDGER_ENTRY_TABLE_H

#include "ledger/entry.h"

#define ENTRY_FIELDS_MAX 64

struct entry_field_row {
    enum entry_kind kind;
    const char *name;
    bool list;     /* its elements are disclosures of their own */
    bool required; /* else it may be left out */
    const char *text;
};

/* entry_field_rows: all rows, of all kinds. */
const struct entry_field_row *entry_field_rows(size_t *n);
/* entry_field_row: the row of a field, or NULL. */
const struct entry_field_row *entry_field_row(enum entry_kind kind, const char *name);
/* entry_field_is_list: false also for a name that is not in the table. */
bool entry_field_is_list(enum entry_kind kind, const char *name);
/* entry_kind_by_name: 0, or ERR_NOT_FOUND. */
int entry_kind_by_name(const char *name, enum entry_kind *out);
const char *entry_kind_text(enum entry_kind kind);
/* ledger_log_name: "facts" or "acts", the log's directory. */
const char *ledger_log_name(enum ledger_log log);

#endif
