/* Reading a document by a schema. Faults do not stop the walk: a person wants all of them at once.
 */
#include "correlate/schema.h"

#include "base/address.h"
#include "base/error.h"
#include "base/note.h"
#include "base/text.h"
#include "base/time_point.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int schema_fault(struct schema_reader *r, int error, const struct yaml_node *node, const char *hint,
                 const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!r->error)
        r->error = error;
    return diag_error(r->diags, error, yaml_pos(r->docs, node), hint, "%s", text);
}

/* A key that stands where it must not is reported at the key, not at its value. */
static void unknown_key(struct schema_reader *r, const struct schema_type *type,
                        const struct yaml_node *node)
{
    struct text known = {0};
    text_puts(&known, "known here:");
    for (const struct schema_row *row = type->rows; row->key; row++)
        text_printf(&known, " %s", row->key);
    if (!r->error)
        r->error = ERR_SCHEMA;
    diag_error(r->diags, ERR_SCHEMA, yaml_key_pos(r->docs, node), text_str(&known),
               "unknown key '%s' in %s", node->key, type->what);
    text_free(&known);
}

static const struct schema_row *row_of(const struct schema_type *type, const char *key)
{
    for (const struct schema_row *row = type->rows; row->key; row++)
        if (strcmp(row->key, key) == 0)
            return row;
    return NULL;
}

static json_t *read_map(struct schema_reader *r, const struct schema_type *type,
                        const struct yaml_node *node)
{
    json_t *object = json_object();
    bool whole = object != NULL;
    for (const struct yaml_node *child = node->first; child; child = child->next) {
        const struct schema_row *row = row_of(type, child->key);
        if (!row) {
            unknown_key(r, type, child);
            whole = false;
            continue;
        }
        json_t *value = schema_read(r, row->type, child, child->key);
        if (!value || json_object_set_new(object, child->key, value))
            whole = false;
    }
    for (const struct schema_row *row = type->rows; row->key; row++)
        if (row->need == SCHEMA_REQUIRED && !yaml_get(node, row->key)) {
            schema_fault(r, ERR_SCHEMA, node, row->type->what, "'%s' is missing in %s", row->key,
                         type->what);
            whole = false;
        }
    if (whole)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *read_list(struct schema_reader *r, const struct schema_type *type,
                         const struct yaml_node *node, const char *name)
{
    json_t *array = json_array();
    bool whole = array != NULL;
    if (node->children < (size_t)type->min) {
        schema_fault(r, ERR_SCHEMA, node, type->what, "'%s' needs at least %lld elements", name,
                     (long long)type->min);
        whole = false;
    }
    for (const struct yaml_node *child = node->first; child; child = child->next) {
        json_t *value = schema_read(r, type->element, child, name);
        if (!value || json_array_append_new(array, value))
            whole = false;
    }
    if (whole)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *read_scalar(struct schema_reader *r, const struct schema_type *type,
                           const struct yaml_node *node, const char *name)
{
    int error = ERR_SCHEMA;
    json_t *value = type->read(type, node, &error);
    if (!value)
        schema_fault(r, error, node, type->what, "'%s' cannot be '%.80s': %s", name, node->scalar,
                     error_text(error));
    return value;
}

json_t *schema_read(struct schema_reader *r, const struct schema_type *type,
                    const struct yaml_node *node, const char *name)
{
    static const enum yaml_type wanted[] = {
        [SCHEMA_SCALAR] = YAML_SCALAR, [SCHEMA_LIST] = YAML_SEQUENCE, [SCHEMA_MAP] = YAML_MAPPING};
    if (node->type != wanted[type->form]) {
        schema_fault(r, ERR_SCHEMA, node, type->what, "'%s' must be %s, not %s", name,
                     yaml_type_text(wanted[type->form]), yaml_type_text(node->type));
        return NULL;
    }
    return type->form == SCHEMA_MAP    ? read_map(r, type, node)
           : type->form == SCHEMA_LIST ? read_list(r, type, node, name)
                                       : read_scalar(r, type, node, name);
}

/* Scalars. */

static json_t *read_text(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    (void)type;
    *error = ERR_SCHEMA;
    return node->scalar[0] ? json_string(node->scalar) : NULL;
}

/* Names that occur in keys, ids and file names: letters, digits and . _ - only. */
static json_t *read_word(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(node->scalar);
    *error = ERR_SYNTAX;
    if (len == 0 || len > (size_t)type->max || strspn(node->scalar, allowed) != len)
        return NULL;
    return json_string(node->scalar);
}

json_t *schema_read_word_of(const struct schema_type *type, const struct yaml_node *node,
                            int *error)
{
    *error = ERR_SCHEMA;
    for (const char *const *word = type->words; *word; word++)
        if (strcmp(*word, node->scalar) == 0)
            return json_string(node->scalar);
    return NULL;
}

static json_t *read_bool(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    (void)type;
    *error = ERR_SYNTAX;
    if (node->quoted)
        return NULL;
    return strcmp(node->scalar, "true") == 0    ? json_true()
           : strcmp(node->scalar, "false") == 0 ? json_false()
                                                : NULL;
}

/* integer_of: decimal digits, or 0x and hexadecimal ones. */
static int integer_of(const char *s, uint64_t max, uint64_t *out)
{
    if (strncmp(s, "0x", 2) != 0)
        return text_u64(s, max, out);
    size_t len = strlen(s + 2);
    if (len == 0 || len > 15 || strspn(s + 2, "0123456789abcdefABCDEF") != len)
        return ERR_SYNTAX;
    *out = strtoull(s + 2, NULL, 16);
    return *out > max ? ERR_RANGE : 0;
}

json_t *schema_read_integer(const struct schema_type *type, const struct yaml_node *node,
                            int *error)
{
    uint64_t value;
    *error = node->quoted ? ERR_SYNTAX : integer_of(node->scalar, (uint64_t)type->max, &value);
    if (!*error && (int64_t)value < type->min)
        *error = ERR_RANGE;
    return *error ? NULL : json_integer((json_int_t)value);
}

int64_t schema_integer(const struct yaml_node *node)
{
    uint64_t value = 0;
    integer_of(node->scalar, INT64_MAX, &value);
    return (int64_t)value;
}

static json_t *read_positive(const struct schema_type *type, const struct yaml_node *node,
                             int *error)
{
    (void)type;
    size_t len = strlen(node->scalar);
    *error = ERR_SYNTAX;
    if (node->quoted || len == 0 || strspn(node->scalar, "0123456789.eE+-") != len)
        return NULL;
    char *end;
    double value = strtod(node->scalar, &end);
    if (*end)
        return NULL;
    *error = ERR_RANGE;
    return isfinite(value) && value > 0 ? json_real(value) : NULL;
}

static json_t *read_duration(const struct schema_type *type, const struct yaml_node *node,
                             int *error)
{
    int64_t ns;
    (void)type;
    *error = duration_parse(node->scalar, &ns);
    if (!*error && ns <= 0)
        *error = ERR_RANGE;
    return *error ? NULL : json_string(node->scalar);
}

static json_t *read_time(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    int64_t ns;
    (void)type;
    *error = time_parse(node->scalar, &ns);
    return *error ? NULL : json_string(node->scalar);
}

static json_t *read_prefix(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    struct prefix prefix;
    (void)type;
    *error = prefix_parse(node->scalar, &prefix);
    return *error ? NULL : json_string(node->scalar);
}

static json_t *read_vkey(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    struct note_verifier key;
    (void)type;
    *error = note_verifier_parse(node->scalar, &key);
    return *error ? NULL : json_string(node->scalar);
}

static json_t *read_hex32(const struct schema_type *type, const struct yaml_node *node, int *error)
{
    (void)type;
    *error = ERR_SYNTAX;
    return strlen(node->scalar) == 64 && strspn(node->scalar, "0123456789abcdef") == 64
               ? json_string(node->scalar)
               : NULL;
}

#define SCALAR(reader, text)                                           \
    {                                                                  \
        .form = SCHEMA_SCALAR, .what = text, .read = reader, .max = 64 \
    }

const struct schema_type schema_text = SCALAR(read_text, "a text");
const struct schema_type schema_word =
    SCALAR(read_word, "1 to 64 of letters, digits and the characters . _ -");
const struct schema_type schema_bool = SCALAR(read_bool, "true or false, without quotes");
const struct schema_type schema_duration =
    SCALAR(read_duration, "a duration: a whole number and one of s, m, h, d, mo, such as 15m");
const struct schema_type schema_time =
    SCALAR(read_time, "a time such as 2026-01-01T00:00:00Z, or a date");
const struct schema_type schema_prefix =
    SCALAR(read_prefix, "an address or prefix such as 192.0.2.0/24, no bits set behind its length");
const struct schema_type schema_vkey = SCALAR(
    read_vkey, "a whole signed-note verifier key, NAME+HASH+BASE64, as accord keygen prints it");
const struct schema_type schema_hex32 =
    SCALAR(read_hex32, "64 lower-case hexadecimal digits, as accord root prints them");
const struct schema_type schema_positive =
    SCALAR(read_positive, "a positive number such as 5 or 1e-6, without quotes");
