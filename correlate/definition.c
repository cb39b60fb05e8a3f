/* Loading correlation definitions: Sigma 2 detections over observation fields and Sigma 2
 * correlations (SigmaHQ/sigma-specification: Sigma rules 2.0, correlation rules 2.0), strictly,
 * with positions.
 *
 * All faults of a file are reported; a set with a fault is not used.
 */
#include "correlate/definition.h"

#include "base/error.h"
#include "base/json.h"
#include "base/time_point.h"
#include "base/yaml.h"
#include "correlate/definition_parts.h"

#include <stdlib.h>
#include <string.h>

struct loader {
    struct definitions *set;
    const struct yaml_documents *docs;
    struct diags *diags;
    int error;
};

#define FAULT(l, code, position, hint, ...) \
    ((l)->error = diag_error((l)->diags, (code), (position), (hint), __VA_ARGS__))

static const char *keep(struct loader *l, const char *s)
{
    const char *copy = arena_strdup(&l->set->arena, s);
    if (!copy)
        l->error = ERR_NOMEM;
    return copy ? copy : "";
}

/* keep_pos: a position that outlives the documents. */
static struct diag_pos keep_pos(struct loader *l, struct diag_pos pos)
{
    pos.file = keep(l, pos.file);
    return pos;
}

/* known_keys: every key of a mapping is in the list. */
static void known_keys(struct loader *l, const struct yaml_node *map, const char *what,
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

/* scalar_of: the text of a key that must be there; "" after a fault. */
static const char *scalar_of(struct loader *l, const struct yaml_node *map, const char *key)
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

static const struct yaml_node *node_of(struct loader *l, const struct yaml_node *map,
                                       const char *key, enum yaml_type type)
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
        out->tag = keep(l, n->scalar);
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
    out->name = keep(l, n->key);
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

static void load_detection(struct loader *l, const struct yaml_node *doc, struct detection *out)
{
    static const char *const logsource_keys[] = {"product", "category", "service", NULL};
    const struct yaml_node *source = node_of(l, doc, "logsource", YAML_MAPPING);
    if (source) {
        known_keys(l, source, "a logsource", logsource_keys);
        if (strcmp(scalar_of(l, source, "product"), "plimsoll") != 0 ||
            strcmp(scalar_of(l, source, "category"), "observation") != 0)
            FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, source),
                  "product: plimsoll, category: observation",
                  "this log source is not in this build");
    }
    const struct yaml_node *detection = node_of(l, doc, "detection", YAML_MAPPING);
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
    const char *condition = scalar_of(l, detection, "condition"), *why = NULL;
    if (!l->error && condition_parse(out, condition, &why))
        FAULT(l, ERR_SYNTAX, yaml_pos(l->docs, yaml_get(detection, "condition")), NULL, "%s", why);
}

static void load_rules(struct loader *l, const struct yaml_node *map, struct correlation *out)
{
    const struct yaml_node *rules = node_of(l, map, "rules", YAML_SEQUENCE);
    if (!rules)
        return;
    size_t n = rules->children;
    out->rule_names = arena_alloc(&l->set->arena, n * sizeof *out->rule_names);
    out->rule_pos = arena_alloc(&l->set->arena, n * sizeof *out->rule_pos);
    out->rules = arena_alloc(&l->set->arena, n * sizeof *out->rules);
    if (!out->rule_names || !out->rule_pos || !out->rules) {
        l->error = ERR_NOMEM;
        return;
    }
    for (const struct yaml_node *r = rules->first; r; r = r->next) {
        out->rule_names[out->n_rules] = keep(l, r->type == YAML_SCALAR ? r->scalar : "");
        out->rule_pos[out->n_rules++] = keep_pos(l, yaml_pos(l->docs, r));
    }
}

static void load_group(struct loader *l, const struct yaml_node *map, struct correlation *out)
{
    const struct yaml_node *group = node_of(l, map, "group-by", YAML_SEQUENCE);
    unsigned bytes = 0;
    for (const struct yaml_node *g = group ? group->first : NULL; g; g = g->next) {
        int field = g->type == YAML_SCALAR ? field_find(g->scalar) : ERR_NOT_FOUND;
        struct diag_pos pos = yaml_pos(l->docs, g);
        if (field < 0 || !field_infos[field].key_bytes)
            FAULT(l, ERR_UNSUPPORTED, pos, NULL, "`%s` is no field to group by in this build",
                  g->type == YAML_SCALAR ? g->scalar : "this");
        else if (out->n_group == GROUP_FIELDS_MAX ||
                 bytes + field_infos[field].key_bytes > GROUP_KEY_MAX)
            FAULT(l, ERR_RANGE, pos, NULL, "more fields to group by than fit a key");
        else if (memchr(out->group, field, out->n_group))
            FAULT(l, ERR_SCHEMA, pos, NULL, "`%s` is there twice", g->scalar);
        else {
            out->group[out->n_group++] = (uint8_t)field;
            bytes += field_infos[field].key_bytes;
        }
    }
}

static void load_threshold(struct loader *l, const struct yaml_node *map, struct correlation *out)
{
    static const char *const keys[] = {"gte", "field", NULL};
    const struct yaml_node *condition = node_of(l, map, "condition", YAML_MAPPING);
    uint64_t threshold = 0;
    if (!condition)
        return;
    known_keys(l, condition, "a correlation's condition in this build", keys);
    const char *gte = scalar_of(l, condition, "gte");
    if (*gte && (text_u64(gte, THRESHOLD_MAX, &threshold) || threshold == 0))
        FAULT(l, ERR_RANGE, yaml_pos(l->docs, yaml_get(condition, "gte")), NULL,
              "gte: a whole number from 1 to %d in this build", THRESHOLD_MAX);
    out->threshold = (uint32_t)threshold;
    const struct yaml_node *value = yaml_get(condition, "field");
    if (out->type == CORRELATION_EVENT_COUNT && value)
        FAULT(l, ERR_SCHEMA, yaml_key_pos(l->docs, value), NULL, "event_count counts no field");
    if (out->type != CORRELATION_VALUE_COUNT)
        return;
    const char *name = scalar_of(l, condition, "field");
    int field = field_find(name);
    if (*name && (field < 0 || !field_infos[field].key_bytes))
        FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, value), NULL,
              "`%s` is no field to count in this build", name);
    else if (*name)
        out->value_field = (uint8_t)field;
}

static void load_correlation(struct loader *l, const struct yaml_node *doc, struct correlation *out)
{
    static const char *const keys[] = {"type", "rules", "group-by", "timespan", "condition", NULL};
    static const char *const types[] = {"event_count", "value_count"};
    const struct yaml_node *map = node_of(l, doc, "correlation", YAML_MAPPING);
    out->pos = keep_pos(l, yaml_pos(l->docs, doc));
    if (!map)
        return;
    const char *type = scalar_of(l, map, "type");
    if (strcmp(type, types[CORRELATION_EVENT_COUNT]) == 0) {
        out->type = CORRELATION_EVENT_COUNT;
    } else if (strcmp(type, types[CORRELATION_VALUE_COUNT]) == 0) {
        out->type = CORRELATION_VALUE_COUNT;
    } else {
        if (*type)
            FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, yaml_get(map, "type")),
                  "event_count or value_count", "the correlation type `%s` is not in this build",
                  type);
        return;
    }
    known_keys(l, map, "a correlation in this build", keys);
    load_rules(l, map, out);
    load_group(l, map, out);
    const char *timespan = scalar_of(l, map, "timespan");
    if (*timespan && (duration_parse(timespan, &out->timespan_ns) || out->timespan_ns <= 0))
        FAULT(l, ERR_SYNTAX, yaml_pos(l->docs, yaml_get(map, "timespan")), NULL,
              "`%s` is no duration such as 10m", timespan);
    load_threshold(l, map, out);
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

static void load_document(struct loader *l, const struct yaml_node *doc)
{
    static const char *const keys[] = {"title",       "id",         "name",        "status",
                                       "description", "references", "author",      "date",
                                       "modified",    "tags",       "level",       "falsepositives",
                                       "logsource",   "detection",  "correlation", NULL};
    struct definitions *set = l->set;
    if (doc->type != YAML_MAPPING) {
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, doc), NULL, "a definition is a mapping");
        return;
    }
    known_keys(l, doc, "a definition", keys);
    const char *name = scalar_of(l, doc, "name");
    scalar_of(l, doc, "title");
    if (*name)
        name_is_new(l, doc, name);
    if (yaml_get(doc, "correlation")) {
        struct correlation *grown =
            room_for_one(l, set->correlations, set->n_correlations, sizeof *grown);
        if (!grown)
            return;
        set->correlations = grown;
        if (set->n_correlations == DEFINITIONS_MAX)
            FAULT(l, ERR_FULL, yaml_pos(l->docs, doc), NULL, "more than %d correlations",
                  DEFINITIONS_MAX);
        else {
            struct correlation *c = &set->correlations[set->n_correlations++];
            c->name = keep(l, name);
            load_correlation(l, doc, c);
        }
        return;
    }
    struct detection *grown = room_for_one(l, set->detections, set->n_detections, sizeof *grown);
    if (grown)
        set->detections = grown;
    struct diag_pos *positions =
        grown ? room_for_one(l, set->detection_pos, set->n_detections, sizeof *positions) : NULL;
    if (!positions)
        return;
    set->detection_pos = positions;
    positions[set->n_detections] = keep_pos(l, yaml_pos(l->docs, doc));
    struct detection *d = &set->detections[set->n_detections++];
    d->name = keep(l, name);
    load_detection(l, doc, d);
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
        load_document(&l, docs->roots[i]);
        json_t *tree = tree_json(docs->roots[i]);
        if (jcs_append(&set->canonical, tree))
            l.error = ERR_NOMEM;
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

int definitions_finish(struct definitions *set, const struct tag_source *tags, struct diags *diags)
{
    int error = 0;
    if (tags)
        set->tags = *tags;
    for (unsigned i = 0; i < set->n_correlations; i++) {
        struct correlation *c = &set->correlations[i];
        for (unsigned k = 0; k < c->n_rules; k++) {
            for (unsigned d = 0; d < set->n_detections; d++)
                if (strcmp(set->detections[d].name, c->rule_names[k]) == 0)
                    c->rules[k] = &set->detections[d];
            if (!c->rules[k])
                error = diag_error(diags, ERR_NOT_FOUND, c->rule_pos[k],
                                   "correlations over correlations are not in this build",
                                   "`%s` is no detection of this set", c->rule_names[k]);
        }
    }
    set->finished = !error;
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
