/* What loading definitions shares between detections and correlations. Not for other modules. */
#ifndef CORRELATE_DEFINITION_LOADER_H
#define CORRELATE_DEFINITION_LOADER_H

#include "base/yaml.h"
#include "correlate/definition_parts.h"

struct loader {
    struct definitions *set;
    const struct yaml_documents *docs;
    struct diags *diags;
    int error; /* the last fault */
};

#define FAULT(l, code, position, hint, ...) \
    ((l)->error = diag_error((l)->diags, (code), (position), (hint), __VA_ARGS__))

/* loader_keep: a copy that lives as long as the set; "" without memory. */
const char *loader_keep(struct loader *l, const char *s);
/* loader_pos: the place of a node, which outlives the documents. */
struct diag_pos loader_pos(struct loader *l, const struct yaml_node *n);
/* loader_known_keys: every key of a mapping is in the list that NULL ends. */
void loader_known_keys(struct loader *l, const struct yaml_node *map, const char *what,
                       const char *const *known);
/* loader_scalar: the text of a key that must be there; "" after a fault. */
const char *loader_scalar(struct loader *l, const struct yaml_node *map, const char *key);
/* loader_node: a key that must be there and be of this type; NULL after a fault. */
const struct yaml_node *loader_node(struct loader *l, const struct yaml_node *map, const char *key,
                                    enum yaml_type type);

/* correlation_load: definition_correlation.c, a document that has a `correlation`. */
void correlation_load(struct loader *l, const struct yaml_node *doc, struct correlation *out);

#endif
