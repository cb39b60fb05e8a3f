/* Entry kinds and their fields, and the check that a draft has the fields of its kind. */
#include "ledger/entry.h"

#include "base/error.h"
#include "ledger/entry_table.h"

#include <string.h>

static const struct {
    const char *name;
    enum ledger_log log;
    const char *text;
} kinds[ENTRY_KIND_COUNT] = {
#define X(suffix, name, log, text) {name, log, text},
    ENTRY_KINDS(X)
#undef X
};

#define FORM_VALUE    false
#define FORM_LIST     true
#define NEED_OPTIONAL false
#define NEED_REQUIRED true

static const struct entry_field_row rows[] = {
#define FIELD(kind, name, form, need, text) {ENTRY_##kind, name, FORM_##form, NEED_##need, text},
#include "ledger/entry_fields.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

const char *entry_kind_name(enum entry_kind kind)
{
    return kinds[kind].name;
}

enum ledger_log entry_kind_log(enum entry_kind kind)
{
    return kinds[kind].log;
}

const char *entry_kind_text(enum entry_kind kind)
{
    return kinds[kind].text;
}

const char *ledger_log_name(enum ledger_log log)
{
    return log == LEDGER_FACTS ? "facts" : "acts";
}

int entry_kind_by_name(const char *name, enum entry_kind *out)
{
    for (unsigned k = 0; k < ENTRY_KIND_COUNT; k++)
        if (strcmp(kinds[k].name, name) == 0) {
            *out = (enum entry_kind)k;
            return 0;
        }
    return ERR_NOT_FOUND;
}

const struct entry_field_row *entry_field_rows(size_t *n)
{
    *n = ROWS;
    return rows;
}

const struct entry_field_row *entry_field_row(enum entry_kind kind, const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == kind && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

bool entry_field_is_list(enum entry_kind kind, const char *name)
{
    const struct entry_field_row *row = entry_field_row(kind, name);
    return row && row->list;
}

static int refuse(const struct entry_draft *draft, const char *field, const char *why,
                  struct diags *diags)
{
    return diag_error(diags, ERR_SCHEMA, diag_file("entry"),
                      "ledger/entry_fields.def lists the fields of every kind",
                      "entry %s of kind %s: field %s %s", draft->id, kinds[draft->kind].name, field,
                      why);
}

static bool has_field(const struct entry_draft *draft, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(draft->fields[i].name, name) == 0)
            return true;
    return false;
}

int entry_check(const struct entry_draft *draft, struct diags *diags)
{
    if ((unsigned)draft->kind >= ENTRY_KIND_COUNT || !draft->id || !*draft->id || !draft->revision)
        return diag_error(diags, ERR_SCHEMA, diag_file("entry"), NULL,
                          "an entry needs a kind, an id and a revision from 1 on");
    int error = 0;
    /* id, kind and revision, which the sealer writes, count too. */
    if (draft->n + 3 > ENTRY_FIELDS_MAX)
        error = diag_error(diags, ERR_SCHEMA, diag_file("entry"), NULL,
                           "entry %s has %zu fields; %d are the most", draft->id, draft->n + 3,
                           ENTRY_FIELDS_MAX);
    for (size_t i = 0; i < draft->n; i++) {
        const struct entry_field *f = &draft->fields[i];
        if (!entry_field_row(draft->kind, f->name))
            error = refuse(draft, f->name, "is not in the table", diags);
        else if (strcmp(f->name, "supersedes") == 0)
            error = refuse(draft, f->name, "is written by the sealer itself", diags);
        else if (has_field(draft, i, f->name))
            error = refuse(draft, f->name, "is there twice", diags);
        else if (entry_field_is_list(draft->kind, f->name) &&
                 (f->value_len < 2 || f->value[0] != '['))
            error = refuse(draft, f->name, "is a list and needs an array", diags);
    }
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == draft->kind && rows[i].required &&
            !has_field(draft, draft->n, rows[i].name))
            error = refuse(draft, rows[i].name, "is missing", diags);
    return error;
}
