/* The private side against the public one: every disclosure's digest is in its entry, none that its
 * kind needs is missing, and no entry is there twice under one id and revision. */
#include "ledger/verify_log.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/disclosures.h"
#include "ledger/entry_table.h"
#include "ledger/seen.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One entry while its disclosures are opened. */
struct opening {
    struct verified_log *log;
    struct seen seen;
    const char *file;
    uint32_t line;
    uint64_t entry;
    bool ok;
};

static void fault(struct opening *o, const char *what, const char *name)
{
    struct diag_pos pos = {.file = o->file, .line = o->line};
    o->ok = false;
    if (!o->log->error)
        o->log->error = ERR_CORRUPT;
    diag_error(o->log->diags, ERR_CORRUPT, pos, NULL, "entry %" PRIu64 " of %s: %s%s%s", o->entry,
               o->log->name, what, name ? ": " : "", name ? name : "");
}

static bool is_committed(const struct opening *o, const uint8_t digest[SHA256_BYTES])
{
    const struct verified_log *log = o->log;
    uint64_t i = o->entry ? log->digests_end[o->entry - 1] : 0;
    for (; i < log->digests_end[o->entry]; i++)
        if (memcmp(log->digests[i], digest, SHA256_BYTES) == 0)
            return true;
    return false;
}

/* is_element: does one of the lists that were opened name this digest? */
static bool is_element(const struct opened *fields, size_t n, const uint8_t digest[SHA256_BYTES])
{
    char encoded[DIGEST_CHARS + 1];
    base64_encode(encoded, digest, SHA256_BYTES, true);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; fields[i].name && k < json_array_size(fields[i].value); k++) {
            const char *named =
                json_string_value(json_object_get(json_array_get(fields[i].value, k), "..."));
            if (named && strcmp(named, encoded) == 0)
                return true;
        }
    return false;
}

static const json_t *value_of(const struct opened *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].name && strcmp(fields[i].name, name) == 0)
            return fields[i].value;
    return NULL;
}

static bool is_canonical(const struct opened *item, const json_t *disclosure)
{
    struct text again = {0}, encoded = {0};
    bool same = jcs_append(&again, item->json) == 0;
    char *out = same ? malloc(BASE64_ROOM(again.len)) : NULL;
    if (out)
        text_append(&encoded, out,
                    base64_encode(out, (const uint8_t *)text_str(&again), again.len, true));
    same = out && encoded.len == json_string_length(disclosure) &&
           memcmp(text_str(&encoded), json_string_value(disclosure), encoded.len) == 0;
    free(out);
    text_free(&again);
    text_free(&encoded);
    return same;
}

/* is_opened: is the element that a list names among the disclosures? */
static bool is_opened(const struct opened *items, size_t n, const json_t *reference)
{
    const char *named = json_string_value(json_object_get(reference, "..."));
    char encoded[DIGEST_CHARS + 1];
    for (size_t i = 0; named && i < n; i++) {
        base64_encode(encoded, items[i].digest, SHA256_BYTES, true);
        if (items[i].json && !items[i].name && strcmp(encoded, named) == 0)
            return true;
    }
    return false;
}

/* check_complete: what its kind needs is there, and every element of its lists. */
static void check_complete(struct opening *o, const char *kind_name, const struct opened *fields,
                           size_t n)
{
    enum entry_kind kind;
    size_t n_rows;
    const struct entry_field_row *rows = entry_field_rows(&n_rows);
    if (entry_kind_by_name(kind_name, &kind)) {
        fault(o, "there is no such kind of entry", kind_name);
        return;
    }
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].kind != kind)
            continue;
        const json_t *value = value_of(fields, n, rows[i].name);
        if (!value && rows[i].required)
            fault(o, "a field is not opened", rows[i].name);
        for (size_t k = 0; rows[i].list && k < json_array_size(value); k++)
            if (!is_opened(fields, n, json_array_get(value, k)))
                fault(o, "an element of a list is not opened", rows[i].name);
    }
}

/* check_history: one entry an id and revision, and a later revision names the one before. */
static void check_history(struct opening *o, const struct disclosure_line *line,
                          const struct opened *fields, size_t n)
{
    const uint8_t *before = seen_before(&o->seen, line->id, line->revision);
    const char *named = json_string_value(value_of(fields, n, "supersedes"));
    uint8_t leaf[SHA256_BYTES + 1];
    if (named && (strlen(named) != 44 || base64_decode(leaf, named, 44, false) != SHA256_BYTES ||
                  !before || memcmp(leaf, before, SHA256_BYTES) != 0))
        fault(o, "it supersedes another entry than the revision before it", NULL);
    if (seen_draft(&o->seen, line->id, line->revision))
        fault(o, "an entry of this id and revision is there already", line->id);
    else if (seen_add(&o->seen, line->id, line->revision, line->leaf, line->leaf))
        fault(o, "out of memory", NULL);
}

static void check_fields(struct opening *o, const struct disclosure_line *line,
                         const struct opened *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!fields[i].json)
            fault(o, "a disclosure cannot be read", NULL);
        else if (!is_canonical(&fields[i], json_array_get(line->items, i)))
            fault(o, "a disclosure is not canonical", fields[i].name);
        else if (fields[i].name && !is_committed(o, fields[i].digest))
            fault(o, "a value and salt do not fit the commitments", fields[i].name);
        else if (!fields[i].name && !is_element(fields, n, fields[i].digest))
            fault(o, "an element and salt fit no list", NULL);
        else if (fields[i].name && value_of(fields, n, fields[i].name) != fields[i].value)
            fault(o, "a field is there twice", fields[i].name);
    }
    const char *id = json_string_value(value_of(fields, n, "id"));
    const char *kind = json_string_value(value_of(fields, n, "kind"));
    const json_t *revision = value_of(fields, n, "revision");
    if (!id || strcmp(id, line->id) != 0 || !kind || strcmp(kind, line->kind) != 0 ||
        json_integer_value(revision) != (json_int_t)line->revision)
        fault(o, "id, kind and revision of the line are not the sealed ones", NULL);
    check_complete(o, line->kind, fields, n);
    check_history(o, line, fields, n);
}

static void check_line(struct opening *o, const struct disclosure_line *line)
{
    size_t n = json_array_size(line->items);
    struct opened *fields = calloc(n + 1, sizeof *fields);
    if (!fields) {
        fault(o, "out of memory", NULL);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(line->items, i);
        if (json_is_string(item))
            disclosure_open(json_string_value(item), json_string_length(item), &fields[i]);
    }
    if (line->index != o->entry)
        fault(o, "the line has another index", NULL);
    if (memcmp(line->leaf, merkle_subtree(&o->log->tree, 0, o->entry), SHA256_BYTES) != 0)
        fault(o, "the leaf hash is another", NULL);
    check_fields(o, line, fields, n);
    for (size_t i = 0; i < n; i++)
        json_decref(fields[i].json);
    free(fields);
}

uint64_t verify_private(struct verified_log *log)
{
    char full[PATH_MAX], file[64];
    uint64_t good = 0;
    snprintf(file, sizeof file, "private/%s/disclosures", log->name);
    if (!log->complete ||
        snprintf(full, sizeof full, "%s/%s", log->ledger_dir, file) >= (int)sizeof full)
        return 0;
    struct opening o = {.log = log, .file = file};
    struct stat st;
    if (lstat(full, &st))
        return 0;
    FILE *in = S_ISREG(st.st_mode) ? fopen(full, "re") : NULL;
    if (!in) {
        log->error = log->error ? log->error : ERR_CORRUPT;
        diag_error(log->diags, ERR_CORRUPT, diag_file(file), NULL, "%s",
                   S_ISREG(st.st_mode) ? strerror(errno) : "this is no plain file");
        return 0;
    }
    if (seen_init(&o.seen)) {
        fault(&o, "out of memory", NULL);
        fclose(in);
        return 0;
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    /* Lines behind the checkpoint are of a write that was not finished; they are not public. */
    while (o.entry < log->entries.n && (len = getline(&line, &room, in)) > 0) {
        struct disclosure_line read;
        o.line++;
        o.ok = true;
        if (disclosure_line_read(file, o.line, line, (size_t)len, &read, log->diags)) {
            log->error = log->error ? log->error : ERR_CORRUPT;
        } else {
            check_line(&o, &read);
            good += o.ok;
            json_decref(read.json);
        }
        o.entry++;
    }
    if (o.entry < log->entries.n)
        fault(&o, "its disclosures and those of all later entries are missing", NULL);
    seen_free(&o.seen);
    free(line);
    fclose(in);
    return good;
}
