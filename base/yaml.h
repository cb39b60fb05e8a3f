/* A strict reader of the YAML that people write: libyaml's events made into a tree with positions.
 *
 * Refused with file, line and column: anchors, aliases, tags, duplicate keys, keys that are no
 * scalars, more than YAML_DEPTH_MAX levels, bytes that are no UTF-8. Every scalar is a string; the
 * schema types it.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/diag.h"

#include <stdbool.h>

#define YAML_DEPTH_MAX 32

enum yaml_type { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* Children of a mapping are its values, each with its key. Owned by the document. */
struct yaml_node {
    enum yaml_type type;
    const char *key;    /* in a mapping, else NULL */
    const char *scalar; /* UTF-8 without NUL bytes; "" for an empty one; NULL if not a scalar */
    bool quoted;        /* the scalar was quoted or a block */
    uint32_t line, col; /* of the value */
    uint32_t key_line, key_col;
    struct yaml_node *first, *next; /* first child, next sibling */
    size_t children;
};

struct yaml_documents {
    struct yaml_node **roots; /* NULL for an empty document */
    size_t n;
    const char *file;
    struct yaml_arena *owner;
};

/* yaml_load / yaml_parse: all documents of a file / of bytes named `file`. On an error nothing is
 * kept. */
int yaml_load(const char *path, struct yaml_documents *out, struct diags *diags);
int yaml_parse(const char *file, const char *data, size_t len, struct yaml_documents *out,
               struct diags *diags);
/* yaml_documents_free: (libyaml owns the shorter name.) */
void yaml_documents_free(struct yaml_documents *docs);

/* yaml_get: the value of a key of a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
struct diag_pos yaml_pos(const struct yaml_documents *docs, const struct yaml_node *node);
struct diag_pos yaml_key_pos(const struct yaml_documents *docs, const struct yaml_node *node);
const char *yaml_type_text(enum yaml_type type);

#endif
