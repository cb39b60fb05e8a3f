/* A schema for documents that people write: which keys a mapping may have, of which type, and which
 * it must have. Reading by a schema reports every fault with its position and yields the typed
 * document, whose canonical JSON is what digests and signatures are over.
 *
 * Schemas are constant tables; a reader is on the stack of whoever loads.
 */
#ifndef CORRELATE_SCHEMA_H
#define CORRELATE_SCHEMA_H

#include "base/yaml.h"

#include <jansson.h>

enum schema_form { SCHEMA_SCALAR, SCHEMA_LIST, SCHEMA_MAP };

enum schema_need { SCHEMA_OPTIONAL, SCHEMA_REQUIRED };

/* One type. Which members count depends on the form. */
struct schema_type {
    enum schema_form form;
    const char *what; /* in messages: "a duration such as 15m", "a party" */
    /* SCALAR: the typed value of a node, or NULL and *error set. */
    json_t *(*read)(const struct schema_type *type, const struct yaml_node *node, int *error);
    int64_t min, max; /* whole numbers: the range; lists: min is the least number of elements */
    const char *const *words;          /* one of these, up to NULL */
    const struct schema_type *element; /* LIST */
    const struct schema_row *rows;     /* MAP: up to a row without a key */
};

struct schema_row {
    const char *key;
    const struct schema_type *type;
    enum schema_need need;
};

struct schema_reader {
    const struct yaml_documents *docs;
    struct diags *diags;
    int error; /* the first one */
};

/* schema_read: check a node and all below it. Returns the typed value, which the caller decrefs, or
 * NULL when a fault was reported (all faults below the node are). `name` says what the node is, for
 * messages. */
json_t *schema_read(struct schema_reader *r, const struct schema_type *type,
                    const struct yaml_node *node, const char *name);

/* schema_fault: report a fault at a node and remember it. */
int schema_fault(struct schema_reader *r, int error, const struct yaml_node *node, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Scalar types that need no parameters. */
extern const struct schema_type schema_text, schema_word, schema_bool, schema_duration, schema_time,
    schema_prefix, schema_vkey, schema_hex32, schema_positive;

json_t *schema_read_word_of(const struct schema_type *type, const struct yaml_node *node,
                            int *error);
json_t *schema_read_integer(const struct schema_type *type, const struct yaml_node *node,
                            int *error);

/* Shorthands for rows of tables. */
#define SCHEMA_INTEGER(low, high, text)                                                           \
    {                                                                                             \
        .form = SCHEMA_SCALAR, .what = text, .read = schema_read_integer, .min = low, .max = high \
    }
#define SCHEMA_WORD_OF(list, text)                                                      \
    {                                                                                   \
        .form = SCHEMA_SCALAR, .what = text, .read = schema_read_word_of, .words = list \
    }
#define SCHEMA_LIST_OF(type, least, text)                                 \
    {                                                                     \
        .form = SCHEMA_LIST, .what = text, .element = &type, .min = least \
    }
#define SCHEMA_MAP_OF(table, text)                      \
    {                                                   \
        .form = SCHEMA_MAP, .what = text, .rows = table \
    }

/* schema_integer: the value of a scalar that was read as a whole number. */
int64_t schema_integer(const struct yaml_node *node);

#endif
