/* Loading correlation definitions: Sigma 2 detections over observation fields and Sigma 2
 * correlations (SigmaHQ/sigma-specification: Sigma rules 2.0, correlation rules 2.0), strictly,
 * with positions.
 *
 * All faults of a file are reported; a set with a fault is not used.
 */
#include "correlate/definition.h"

#include "base/error.h"
#include "base/json.h"
#include "correlate/definition_loader.h"

#include <stdlib.h>
#include <string.h>

const char *loader_keep(struct loader *l, const char *s)
{
    const char *copy = arena_strdup(&l->set->arena, s);
    if (!copy)
        l->error = ERR_NOMEM;
    return copy ? copy : "";
}

struct diag_pos loader_pos(struct loader *l, const struct yaml_node *n)
{
    struct diag_pos pos = yaml_pos(l->docs, n);
    pos.file = loader_keep(l, pos.file);
    return pos;
}

void loader_known_keys(struct loader *l, const struct yaml_node *map, const char *what,
                       const char *const *known)
{
    for (const struct yaml_node *n = map->first; n; n = n->next) {
        const char *const *k = known;
        while (*k && strcmp(*k, n->key) != 0)
            k++;
        if (!*k)
            FAULT(l, ERR_SCHEMA, yaml_key_pos(l->docs, n), NULL, "`%s` is no key of %s", n->key,
                  what);
    }
}

const char *loader_scalar(struct loader *l, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *n = yaml_get(map, key);
    if (!n)
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, map), NULL, "the key `%s` is missing", key);
    else if (n->type != YAML_SCALAR)
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, n), NULL, "`%s` is %s, not a scalar", key,
              yaml_type_text(n->type));
    else
        return n->scalar;
    return "";
}

const struct yaml_node *loader_node(struct loader *l, const struct yaml_node *map, const char *key,
                                    enum yaml_type type)
{
    const struct yaml_node *n = yaml_get(map, key);
    if (!n)
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, map), NULL, "the key `%s` is missing", key);
    else if (n->type != type)
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, n), NULL, "`%s` is %s, not %s", key,
              yaml_type_text(n->type), yaml_type_text(type));
    return n && n->type == type ? n : NULL;
}

static void load_value(struct loader *l, enum field field, const struct yaml_node *n,
                       struct field_value *out)
{
    const struct field_info *info = &field_infos[field];
    struct diag_pos pos = yaml_pos(l->docs, n);
    int n_words;
    const struct word *words = field_words(info->type, &n_words);
    if (n->type != YAML_SCALAR) {
        FAULT(l, ERR_SCHEMA, pos, NULL, "a value of `%s` is %s, not a scalar", info->name,
              yaml_type_text(n->type));
    } else if (words) {
        int found = word_find(words, n_words, n->scalar);
        if (found < 0)
            FAULT(l, ERR_UNSUPPORTED, pos, NULL, "`%s` is no value of `%s` in this build",
                  n->scalar, info->name);
        else
            out->number = (uint64_t)found;
    } else if (info->type == FIELD_ADDRESS) {
        if (prefix_parse(n->scalar, &out->prefix))
            FAULT(l, ERR_SYNTAX, pos, NULL, "`%s` is no address or prefix", n->scalar);
    } else if (info->type == FIELD_TAG) {
        out->tag = loader_keep(l, n->scalar);
    } else if (info->type == FIELD_SECTOR) {
        FAULT(l, ERR_UNSUPPORTED, pos, "group by it",
              "`%s` cannot be selected by: its names are the accord's", info->name);
    } else if (text_u64(n->scalar, UINT64_MAX >> (64 - 8 * info->key_bytes), &out->number)) {
        FAULT(l, ERR_RANGE, pos, NULL, "`%s` is no number that `%s` can have", n->scalar,
              info->name);
    }
}

static void load_test(struct loader *l, const struct yaml_node *n, struct field_test *out)
{
    const char *bar = strchr(n->key, '|');
    int field = field_find(n->key);
    if (field < 0) {
        if (bar)
            FAULT(l, ERR_UNSUPPORTED, yaml_key_pos(l->docs, n), NULL,
                  "the modifier `%s` is not in this build", bar);
        else
            FAULT(l, ERR_UNSUPPORTED, yaml_key_pos(l->docs, n), NULL,
                  "`%s` is no field of an observation in this build", n->key);
        return;
    }
    out->field = (uint8_t)field;
    out->n = n->type == YAML_SEQUENCE ? (unsigned)n->children : 1;
    out->values = arena_alloc(&l->set->arena, out->n * sizeof *out->values);
    if (!out->values) {
        l->error = ERR_NOMEM;
        return;
    }
    if (n->type != YAML_SEQUENCE) {
        load_value(l, (enum field)field, n, &out->values[0]);
        return;
    }
    unsigned i = 0;
    for (const struct yaml_node *v = n->first; v; v = v->next)
        load_value(l, (enum field)field, v, &out->values[i++]);
}

static void load_selection(struct loader *l, const struct yaml_node *n, struct selection *out)
{
    out->name = loader_keep(l, n->key);
    if (n->type != YAML_MAPPING) {
        FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, n), "use a mapping of fields",
              "the selection `%s` is %s, which is not in this build", n->key,
              yaml_type_text(n->type));
        return;
    }
    out->tests = arena_alloc(&l->set->arena, n->children * sizeof *out->tests);
    if (!out->tests) {
        l->error = ERR_NOMEM;
        return;
    }
    for (const struct yaml_node *t = n->first; t && !(l->error == ERR_NOMEM); t = t->next)
        load_test(l, t, &out->tests[out->n++]);
}

/* logsource_is: this build reads no logs; what it detects in are its own observations. */
static void logsource_is(struct loader *l, const struct yaml_node *source, const char *key,
                         const char *wanted)
{
    const char *is = loader_scalar(l, source, key);
    const struct yaml_node *at = yaml_get(source, key);
    if (strcmp(is, wanted) != 0)
        FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, at ? at : source),
              "product: plimsoll, category: observation",
              "the log source %s `%s` is not in this build", key, is);
}

static void load_detection(struct loader *l, const struct yaml_node *doc, struct detection *out)
{
    static const char *const logsource_keys[] = {"product", "category", "service", NULL};
    const struct yaml_node *source = loader_node(l, doc, "logsource", YAML_MAPPING);
    if (source) {
        loader_known_keys(l, source, "a logsource", logsource_keys);
        logsource_is(l, source, "product", "plimsoll");
        logsource_is(l, source, "category", "observation");
    }
    const struct yaml_node *detection = loader_node(l, doc, "detection", YAML_MAPPING);
    if (!detection)
        return;
    out->selections = arena_alloc(&l->set->arena, detection->children * sizeof *out->selections);
    if (!out->selections) {
        l->error = ERR_NOMEM;
        return;
    }
    for (const struct yaml_node *n = detection->first; n; n = n->next)
        if (strcmp(n->key, "condition") != 0)
            load_selection(l, n, &out->selections[out->n_selections++]);
    const char *condition = loader_scalar(l, detection, "condition"), *why = NULL;
    if (!l->error && condition_parse(out, condition, &why))
        FAULT(l, ERR_SYNTAX, yaml_pos(l->docs, yaml_get(detection, "condition")), NULL, "%s", why);
}

/* name_is_new: no detection or correlation of that name is there. */
static void name_is_new(struct loader *l, const struct yaml_node *doc, const char *name)
{
    const struct diag_pos *first = NULL;
    for (unsigned i = 0; i < l->set->n_detections && !first; i++)
        if (strcmp(l->set->detections[i].name, name) == 0)
            first = &l->set->detection_pos[i];
    for (unsigned i = 0; i < l->set->n_correlations && !first; i++)
        if (strcmp(l->set->correlations[i].name, name) == 0)
            first = &l->set->correlations[i].pos;
    if (first)
        FAULT(l, ERR_EXISTS, yaml_pos(l->docs, yaml_get(doc, "name")), NULL,
              "`%s` is defined already, at %s:%u", name, first->file, first->line);
}

/* room_for_one: one more element of a growing array. */
static void *room_for_one(struct loader *l, void *array, unsigned n, size_t size)
{
    void *grown = realloc(array, (n + 1) * size);
    if (!grown) {
        l->error = ERR_NOMEM;
        return NULL;
    }
    memset((char *)grown + n * size, 0, size);
    return grown;
}

/* load_document: returns where the document's digest goes; NULL after a fault. */
static uint8_t *load_document(struct loader *l, const struct yaml_node *doc)
{
    static const char *const keys[] = {"title",       "id",         "name",        "status",
                                       "description", "references", "author",      "date",
                                       "modified",    "tags",       "level",       "falsepositives",
                                       "logsource",   "detection",  "correlation", NULL};
    struct definitions *set = l->set;
    if (doc->type != YAML_MAPPING) {
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, doc), NULL, "a definition is a mapping");
        return NULL;
    }
    loader_known_keys(l, doc, "a definition", keys);
    const char *name = loader_scalar(l, doc, "name");
    loader_scalar(l, doc, "title");
    if (*name)
        name_is_new(l, doc, name);
    if (yaml_get(doc, "correlation")) {
        struct correlation *grown =
            room_for_one(l, set->correlations, set->n_correlations, sizeof *grown);
        if (!grown)
            return NULL;
        set->correlations = grown;
        if (set->n_correlations == DEFINITIONS_MAX) {
            FAULT(l, ERR_FULL, yaml_pos(l->docs, doc), NULL, "more than %d correlations",
                  DEFINITIONS_MAX);
            return NULL;
        }
        struct correlation *c = &set->correlations[set->n_correlations++];
        c->name = loader_keep(l, name);
        correlation_load(l, doc, c);
        return c->digest;
    }
    struct detection *grown = room_for_one(l, set->detections, set->n_detections, sizeof *grown);
    if (grown)
        set->detections = grown;
    struct diag_pos *positions =
        grown ? room_for_one(l, set->detection_pos, set->n_detections, sizeof *positions) : NULL;
    if (!positions)
        return NULL;
    set->detection_pos = positions;
    positions[set->n_detections] = loader_pos(l, doc);
    struct detection *d = &set->detections[set->n_detections++];
    d->name = loader_keep(l, name);
    load_detection(l, doc, d);
    return d->digest;
}

/* tree_json: the document as JSON for the digest; a plain scalar and a quoted one are the same
 * string. */
static json_t *tree_json(const struct yaml_node *n)
{
    if (n->type == YAML_SCALAR)
        return json_string(n->scalar);
    json_t *out = n->type == YAML_MAPPING ? json_object() : json_array();
    for (const struct yaml_node *child = n->first; child; child = child->next)
        if (n->type == YAML_MAPPING)
            json_object_set_new(out, child->key, tree_json(child));
        else
            json_array_append_new(out, tree_json(child));
    return out;
}

static int load_documents(struct definitions *set, const struct yaml_documents *docs,
                          struct diags *diags)
{
    struct loader l = {.set = set, .docs = docs, .diags = diags};
    for (size_t i = 0; i < docs->n; i++) {
        if (!docs->roots[i])
            continue;
        uint8_t *digest = load_document(&l, docs->roots[i]);
        json_t *tree = tree_json(docs->roots[i]);
        size_t begin = set->canonical.len;
        if (jcs_append(&set->canonical, tree))
            l.error = ERR_NOMEM;
        else if (digest)
            sha256(digest, text_str(&set->canonical) + begin, set->canonical.len - begin);
        text_puts(&set->canonical, "\n");
        json_decref(tree);
    }
    return l.error;
}

static int set_made(struct definitions **set)
{
    if (!*set)
        *set = calloc(1, sizeof **set);
    return *set ? 0 : ERR_NOMEM;
}

int definitions_load(struct definitions **set, const char *path, struct diags *diags)
{
    struct yaml_documents docs;
    int error = set_made(set);
    if (!error)
        error = yaml_load(path, &docs, diags);
    if (error)
        return error;
    error = load_documents(*set, &docs, diags);
    yaml_documents_free(&docs);
    return error;
}

int definitions_parse(struct definitions **set, const char *file, const char *data, size_t len,
                      struct diags *diags)
{
    struct yaml_documents docs;
    int error = set_made(set);
    if (!error)
        error = yaml_parse(file, data, len, &docs, diags);
    if (error)
        return error;
    error = load_documents(*set, &docs, diags);
    yaml_documents_free(&docs);
    return error;
}

void definitions_destroy(struct definitions *set)
{
    if (!set)
        return;
    free(set->detections);
    free(set->detection_pos);
    free(set->correlations);
    text_free(&set->canonical);
    arena_free(&set->arena);
    free(set);
}
