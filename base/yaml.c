/* libyaml's events made into a tree with positions; everything that hides meaning is refused. */
#include "base/yaml.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define FILE_BYTES_MAX (64u << 20)

struct yaml_arena {
    struct arena arena;
};

struct loader {
    yaml_parser_t parser;
    struct arena *arena;
    const char *file;
    struct diags *diags;
    int error;
};

static struct diag_pos at_mark(const struct loader *l, yaml_mark_t mark)
{
    return (struct diag_pos){
        .file = l->file, .line = (uint32_t)mark.line + 1, .col = (uint32_t)mark.column + 1};
}

static int fail(struct loader *l, int error, yaml_mark_t mark, const char *hint, const char *what)
{
    l->error = diag_error(l->diags, error, at_mark(l, mark), hint, "%s", what);
    return l->error;
}

/* What libyaml says when something has no end. It says so where it gave up waiting, which may be
 * the end of the file; a person would point at where the thing begins. */
static bool has_no_end(const char *problem)
{
    static const char *const problems[] = {"could not find expected ':'",
                                           "found unexpected end of stream",
                                           "found unexpected document indicator"};
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
        if (strcmp(problem, problems[i]) == 0)
            return true;
    return false;
}

static int next_event(struct loader *l, yaml_event_t *event)
{
    if (yaml_parser_parse(&l->parser, event))
        return 0;
    const yaml_parser_t *p = &l->parser;
    const char *problem = p->problem ? p->problem : "this is no YAML";
    yaml_mark_t mark = p->problem_mark, begin = p->context_mark;
    if (p->error == YAML_MEMORY_ERROR)
        return fail(l, ERR_NOMEM, mark, NULL, problem);
    if (p->error == YAML_READER_ERROR)
        mark = p->mark; /* It knows only the offset; what was scanned so far gives the line. */
    if (!p->context || begin.index == mark.index)
        return fail(l, ERR_SYNTAX, mark, NULL, problem);
    if (has_no_end(problem))
        mark = begin;
    l->error =
        diag_error(l->diags, ERR_SYNTAX, at_mark(l, mark), NULL, "%s %s that begins at %zu:%zu",
                   problem, p->context, begin.line + 1, begin.column + 1);
    return l->error;
}

static struct yaml_node *make_node(struct loader *l, enum yaml_type type, yaml_mark_t mark)
{
    struct yaml_node *node = arena_alloc(l->arena, sizeof *node);
    if (!node) {
        l->error = ERR_NOMEM;
        return NULL;
    }
    node->type = type;
    node->line = (uint32_t)mark.line + 1;
    node->col = (uint32_t)mark.column + 1;
    return node;
}

static int refuse_hidden(struct loader *l, const yaml_char_t *anchor, const yaml_char_t *tag,
                         yaml_mark_t mark)
{
    if (anchor)
        return fail(l, ERR_SCHEMA, mark, "write the value out", "anchors are not allowed");
    if (tag)
        return fail(l, ERR_SCHEMA, mark, "the schema says the type", "tags are not allowed");
    return 0;
}

static struct yaml_node *load_node(struct loader *l, const yaml_event_t *event, unsigned depth);

static struct yaml_node *load_scalar(struct loader *l, const yaml_event_t *event)
{
    const yaml_char_t *value = event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (refuse_hidden(l, event->data.scalar.anchor, event->data.scalar.tag, event->start_mark))
        return NULL;
    if (memchr(value, 0, len)) {
        fail(l, ERR_SYNTAX, event->start_mark, NULL, "a NUL byte in a scalar");
        return NULL;
    }
    struct yaml_node *node = make_node(l, YAML_SCALAR, event->start_mark);
    if (!node)
        return NULL;
    node->scalar = arena_strndup(l->arena, (const char *)value, len);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!node->scalar)
        l->error = ERR_NOMEM;
    return l->error ? NULL : node;
}

/* append_child: children in the order of the file. */
static void append_child(struct yaml_node *parent, struct yaml_node **last, struct yaml_node *child)
{
    if (*last)
        (*last)->next = child;
    else
        parent->first = child;
    *last = child;
    parent->children++;
}

static struct yaml_node *load_sequence(struct loader *l, const yaml_event_t *start, unsigned depth)
{
    if (refuse_hidden(l, start->data.sequence_start.anchor, start->data.sequence_start.tag,
                      start->start_mark))
        return NULL;
    struct yaml_node *node = make_node(l, YAML_SEQUENCE, start->start_mark), *last = NULL;
    for (bool more = node; more;) {
        yaml_event_t event;
        if (next_event(l, &event))
            return NULL;
        more = event.type != YAML_SEQUENCE_END_EVENT;
        struct yaml_node *child = more ? load_node(l, &event, depth + 1) : NULL;
        yaml_event_delete(&event);
        if (more && !child)
            return NULL;
        if (child)
            append_child(node, &last, child);
    }
    return node;
}

/* load_key: the key that `event` holds. */
static const char *load_key(struct loader *l, const yaml_event_t *event,
                            const struct yaml_node *mapping)
{
    if (event->type != YAML_SCALAR_EVENT) {
        fail(l, ERR_SCHEMA, event->start_mark, NULL, "a key must be a plain word");
        return NULL;
    }
    struct yaml_node *key = load_scalar(l, event);
    if (!key)
        return NULL;
    const struct yaml_node *twin = yaml_get(mapping, key->scalar);
    if (twin) {
        l->error = diag_error(l->diags, ERR_SCHEMA, at_mark(l, event->start_mark),
                              "keep one of them", "the key `%s` is there twice, first in line %u",
                              key->scalar, twin->key_line);
        return NULL;
    }
    return key->scalar;
}

static struct yaml_node *load_mapping(struct loader *l, const yaml_event_t *start, unsigned depth)
{
    if (refuse_hidden(l, start->data.mapping_start.anchor, start->data.mapping_start.tag,
                      start->start_mark))
        return NULL;
    struct yaml_node *node = make_node(l, YAML_MAPPING, start->start_mark), *last = NULL;
    while (node) {
        yaml_event_t event;
        if (next_event(l, &event))
            return NULL;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return node;
        }
        yaml_mark_t mark = event.start_mark;
        const char *key = load_key(l, &event, node);
        yaml_event_delete(&event);
        if (!key || next_event(l, &event))
            return NULL;
        struct yaml_node *child = load_node(l, &event, depth + 1);
        yaml_event_delete(&event);
        if (!child)
            return NULL;
        child->key = key;
        child->key_line = (uint32_t)mark.line + 1;
        child->key_col = (uint32_t)mark.column + 1;
        append_child(node, &last, child);
    }
    return NULL;
}

static struct yaml_node *load_node(struct loader *l, const yaml_event_t *event, unsigned depth)
{
    if (depth > YAML_DEPTH_MAX) {
        fail(l, ERR_RANGE, event->start_mark, NULL, "nested too deeply");
        return NULL;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return load_scalar(l, event);
    case YAML_SEQUENCE_START_EVENT:
        return load_sequence(l, event, depth);
    case YAML_MAPPING_START_EVENT:
        return load_mapping(l, event, depth);
    case YAML_ALIAS_EVENT:
        fail(l, ERR_SCHEMA, event->start_mark, "write the value out", "aliases are not allowed");
        return NULL;
    default:
        fail(l, ERR_SYNTAX, event->start_mark, NULL, "a value is missing here");
        return NULL;
    }
}

static int keep_root(struct yaml_documents *out, struct yaml_node *root)
{
    struct yaml_node **roots = realloc(out->roots, (out->n + 1) * sizeof *roots);
    if (!roots)
        return ERR_NOMEM;
    out->roots = roots;
    out->roots[out->n++] = root;
    return 0;
}

/* An empty document comes as an empty plain scalar. */
static bool is_empty(const struct yaml_node *root)
{
    return root->type == YAML_SCALAR && !root->quoted && root->scalar[0] == 0;
}

static int load_all(struct loader *l, struct yaml_documents *out)
{
    for (bool more = true; more && !l->error;) {
        yaml_event_t event;
        if (next_event(l, &event))
            break;
        struct yaml_node *root = NULL;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_STREAM_END_EVENT:
            more = false;
            break;
        default:
            root = load_node(l, &event, 1);
            if (root)
                l->error = keep_root(out, is_empty(root) ? NULL : root);
        }
        yaml_event_delete(&event);
    }
    return l->error;
}

int yaml_parse(const char *file, const char *data, size_t len, struct yaml_documents *out,
               struct diags *diags)
{
    *out = (struct yaml_documents){.owner = calloc(1, sizeof(struct yaml_arena))};
    if (!out->owner)
        return ERR_NOMEM;
    struct loader l = {.arena = &out->owner->arena, .file = file, .diags = diags};
    out->file = arena_strdup(l.arena, file);
    if (!out->file || !yaml_parser_initialize(&l.parser)) {
        yaml_documents_free(out);
        return ERR_NOMEM;
    }
    yaml_parser_set_input_string(&l.parser, (const unsigned char *)data, len);
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    int error = load_all(&l, out);
    yaml_parser_delete(&l.parser);
    if (error)
        yaml_documents_free(out);
    return error;
}

int yaml_load(const char *path, struct yaml_documents *out, struct diags *diags)
{
    struct text data = {0};
    *out = (struct yaml_documents){0};
    int error = file_read(path, FILE_BYTES_MAX, &data);
    if (error)
        diag_error(diags, error, diag_file(path), NULL, "cannot read: %s",
                   error == ERR_RANGE ? "larger than 64 MiB" : strerror(errno));
    else
        error = yaml_parse(path, text_str(&data), data.len, out, diags);
    text_free(&data);
    return error;
}

void yaml_documents_free(struct yaml_documents *docs)
{
    if (docs->owner)
        arena_free(&docs->owner->arena);
    free(docs->owner);
    free(docs->roots);
    *docs = (struct yaml_documents){0};
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
    if (!mapping || mapping->type != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *n = mapping->first; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

struct diag_pos yaml_pos(const struct yaml_documents *docs, const struct yaml_node *node)
{
    return (struct diag_pos){
        .file = docs->file, .line = node ? node->line : 0, .col = node ? node->col : 0};
}

struct diag_pos yaml_key_pos(const struct yaml_documents *docs, const struct yaml_node *node)
{
    if (!node || !node->key)
        return yaml_pos(docs, node);
    return (struct diag_pos){.file = docs->file, .line = node->key_line, .col = node->key_col};
}

const char *yaml_type_text(enum yaml_type type)
{
    static const char *const texts[] = {"a scalar", "a list", "a mapping"};
    return texts[type];
}
