/* The private view: entries with their values, put together from the disclosures. */
#include "ledger/verify.h"

#include "base/error.h"
#include "ledger/disclosures.h"
#include "ledger/entry_table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* find_element: the value of the element that has this digest. */
static const json_t *find_element(const struct opened *items, size_t n, const json_t *reference)
{
    const char *named = json_string_value(json_object_get(reference, "..."));
    char encoded[DIGEST_CHARS + 1];
    for (size_t i = 0; i < n && named; i++) {
        base64_encode(encoded, items[i].digest, SHA256_BYTES, true);
        if (items[i].json && !items[i].name && strcmp(encoded, named) == 0)
            return items[i].value;
    }
    return NULL;
}

static json_t *list_of(const struct opened *items, size_t n, const json_t *references)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(references); i++) {
        const json_t *value = find_element(items, n, json_array_get(references, i));
        /* jansson counts references; the value is only read. */
        json_array_append(list, value ? (json_t *)(uintptr_t)value : json_null());
    }
    return list;
}

static json_t *entry_object(const struct disclosure_line *line, const char *log,
                            const struct opened *items, size_t n)
{
    enum entry_kind kind;
    char leaf[BASE64_ROOM(SHA256_BYTES)];
    bool known = entry_kind_by_name(line->kind, &kind) == 0;
    json_t *object = json_object();
    for (size_t i = 0; i < n; i++) {
        if (!items[i].json || !items[i].name)
            continue;
        if (known && entry_field_is_list(kind, items[i].name))
            json_object_set_new(object, items[i].name, list_of(items, n, items[i].value));
        else
            json_object_set(object, items[i].name, (json_t *)(uintptr_t)items[i].value);
    }
    base64_encode(leaf, line->leaf, SHA256_BYTES, false);
    json_object_set_new(object, "id", json_string(line->id));
    json_object_set_new(object, "kind", json_string(line->kind));
    json_object_set_new(object, "revision", json_integer((json_int_t)line->revision));
    json_object_set_new(object, "log", json_string(log));
    json_object_set_new(object, "index", json_integer((json_int_t)line->index));
    json_object_set_new(object, "leaf", json_string(leaf));
    return object;
}

static int print_line(const struct disclosure_line *line, const char *log, FILE *out)
{
    size_t n = json_array_size(line->items);
    struct opened *items = calloc(n + 1, sizeof *items);
    struct text text = {0};
    int error = items ? 0 : ERR_NOMEM;
    for (size_t i = 0; i < n && !error; i++) {
        const json_t *item = json_array_get(line->items, i);
        if (!json_is_string(item) ||
            disclosure_open(json_string_value(item), json_string_length(item), &items[i]))
            error = ERR_CORRUPT;
    }
    if (!error) {
        json_t *object = entry_object(line, log, items, n);
        error = jcs_append(&text, object);
        json_decref(object);
        if (text.failed)
            error = ERR_NOMEM;
    }
    if (!error)
        fprintf(out, "%s\n", text_str(&text));
    for (size_t i = 0; items && i < n; i++)
        json_decref(items[i].json);
    free(items);
    text_free(&text);
    return error;
}

static bool wanted(const struct show_filter *filter, const struct disclosure_line *line)
{
    return (!filter->kind || strcmp(filter->kind, line->kind) == 0) &&
           (!filter->id || strcmp(filter->id, line->id) == 0);
}

static int show_log(const char *dir, const char *log, const struct show_filter *filter, FILE *out,
                    struct diags *diags)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/private/%s/disclosures", dir, log) >= (int)sizeof path)
        return diag_error(diags, ERR_IO, diag_file(dir), NULL, "the path is too long");
    FILE *in = fopen(path, "re");
    if (!in)
        return diag_error(diags, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, diag_file(path),
                          "only the ledger's owner has the values; anybody can verify",
                          "cannot open the private values: %s", strerror(errno));
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    uint32_t number = 0;
    int result = 0;
    while ((len = getline(&line, &room, in)) > 0) {
        struct disclosure_line read;
        int error = disclosure_line_read(path, ++number, line, (size_t)len, &read, diags);
        if (!error) {
            error = wanted(filter, &read) ? print_line(&read, log, out) : 0;
            if (error)
                diag_error(diags, error, (struct diag_pos){.file = path, .line = number}, NULL,
                           "a disclosure cannot be read");
            json_decref(read.json);
        }
        result = result ? result : error;
    }
    free(line);
    fclose(in);
    return result;
}

int ledger_show(const char *dir, const struct show_filter *filter, FILE *out, struct diags *diags)
{
    enum entry_kind kind;
    int error = 0;
    if (filter->kind && entry_kind_by_name(filter->kind, &kind)) {
        struct text kinds = {0};
        for (unsigned k = 0; k < ENTRY_KIND_COUNT; k++)
            text_printf(&kinds, "%s%s", k ? ", " : "", entry_kind_name((enum entry_kind)k));
        error = diag_error(diags, ERR_USAGE, diag_file("--kind"), text_str(&kinds),
                           "there is no kind %s", filter->kind);
        text_free(&kinds);
        return error;
    }
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        int one = show_log(dir, ledger_log_name((enum ledger_log)i), filter, out, diags);
        error = error ? error : one;
    }
    return error;
}
