/* Reading policy files by their schema. */
#include "app/policy_file.h"

#include "base/error.h"
#include "correlate/schema.h"

#include <stdio.h>
#include <string.h>

static const struct schema_type paths = SCHEMA_LIST_OF(schema_text, 0, "a list of files");
static const struct schema_row rows[] = {
    {"rules", &paths, SCHEMA_OPTIONAL},
    {"correlations", &paths, SCHEMA_OPTIONAL},
    {"accord", &schema_text, SCHEMA_OPTIONAL},
    {"party", &schema_text, SCHEMA_OPTIONAL},
    {"home-net", &schema_text, SCHEMA_OPTIONAL},
    {"vars", &schema_text, SCHEMA_OPTIONAL},
    {"classification", &schema_text, SCHEMA_OPTIONAL},
    {"references", &schema_text, SCHEMA_OPTIONAL},
    {"threshold-config", &schema_text, SCHEMA_OPTIONAL},
    {"variables", NULL, SCHEMA_OPTIONAL}, /* any names: read by hand */
    {NULL, NULL, SCHEMA_OPTIONAL},
};

struct reading {
    struct policy_file *out;
    struct schema_reader schema;
    const char *folder;
    size_t folder_len;
};

static int out_of_memory(struct reading *r)
{
    return r->schema.error = ERR_NOMEM;
}

/* beside: a path as seen from the policy file. */
static const char *beside(struct reading *r, const char *path)
{
    if (path[0] == '/' || r->folder_len == 0)
        return arena_strdup(&r->out->arena, path);
    char *joined = arena_alloc(&r->out->arena, r->folder_len + strlen(path) + 1);
    if (joined) {
        memcpy(joined, r->folder, r->folder_len);
        strcpy(joined + r->folder_len, path);
    }
    return joined;
}

static void read_list(struct reading *r, const struct yaml_node *list, struct option_list *out)
{
    for (const struct yaml_node *n = list->first; n && !r->schema.error; n = n->next) {
        const char *path = beside(r, n->scalar);
        if (!path || option_list_add(out, path))
            out_of_memory(r);
    }
}

static void read_variables(struct reading *r, const struct yaml_node *map)
{
    if (map->type != YAML_MAPPING) {
        schema_fault(&r->schema, ERR_SCHEMA, map, NULL, "`variables` is %s, not a mapping",
                     yaml_type_text(map->type));
        return;
    }
    for (const struct yaml_node *n = map->first; n && !r->schema.error; n = n->next) {
        if (n->type != YAML_SCALAR) {
            schema_fault(&r->schema, ERR_SCHEMA, n, NULL, "the variable `%s` is %s, not a text",
                         n->key, yaml_type_text(n->type));
            return;
        }
        size_t room = strlen(n->key) + strlen(n->scalar) + 2;
        char *word = arena_alloc(&r->out->arena, room);
        if (word)
            snprintf(word, room, "%s=%s", n->key, n->scalar);
        if (!word || option_list_add(&r->out->files.variables, word))
            out_of_memory(r);
    }
}

/* read_text: the text of a key, "" for none. */
static const char *read_text(struct reading *r, const struct yaml_node *root, const char *key,
                             bool is_path)
{
    const struct yaml_node *n = yaml_get(root, key);
    if (!n)
        return NULL;
    const char *text = is_path ? beside(r, n->scalar) : arena_strdup(&r->out->arena, n->scalar);
    if (!text)
        out_of_memory(r);
    return text;
}

static void check_keys(struct reading *r, const struct yaml_node *root)
{
    for (const struct yaml_node *n = root->first; n; n = n->next) {
        const struct schema_row *row = rows;
        while (row->key && strcmp(row->key, n->key) != 0)
            row++;
        if (!row->key) {
            r->schema.error =
                diag_error(r->schema.diags, ERR_SCHEMA, yaml_key_pos(r->schema.docs, n), NULL,
                           "`%s` is no key of a policy file", n->key);
        } else if (row->type) {
            json_decref(schema_read(&r->schema, row->type, n, row->key));
        } else {
            read_variables(r, n);
        }
    }
}

static int read_root(struct reading *r, const struct yaml_documents *docs, struct diags *diags)
{
    if (docs->n != 1 || !docs->roots[0] || docs->roots[0]->type != YAML_MAPPING)
        return diag_error(diags, ERR_SCHEMA, diag_file(docs->file), NULL,
                          "a policy file is one mapping");
    const struct yaml_node *root = docs->roots[0], *list;
    struct policy_files *files = &r->out->files;
    check_keys(r, root);
    if (r->schema.error)
        return r->schema.error;
    if ((list = yaml_get(root, "rules")))
        read_list(r, list, &files->rules);
    if ((list = yaml_get(root, "correlations")))
        read_list(r, list, &files->correlations);
    files->accord = read_text(r, root, "accord", true);
    files->party = read_text(r, root, "party", false);
    files->home_net = read_text(r, root, "home-net", false);
    files->vars_file = read_text(r, root, "vars", true);
    files->classification = read_text(r, root, "classification", true);
    files->references = read_text(r, root, "references", true);
    files->thresholds = read_text(r, root, "threshold-config", true);
    return r->schema.error;
}

int policy_file_read(struct policy_file *out, const char *path, struct diags *diags)
{
    struct yaml_documents docs;
    *out = (struct policy_file){0};
    int error = yaml_load(path, &docs, diags);
    if (error)
        return error;
    const char *slash = strrchr(path, '/');
    struct reading r = {.out = out,
                        .schema = {.docs = &docs, .diags = diags},
                        .folder = path,
                        .folder_len = slash ? (size_t)(slash - path) + 1 : 0};
    error = read_root(&r, &docs, diags);
    yaml_documents_free(&docs);
    if (error)
        policy_file_free(out);
    return error;
}

void policy_file_free(struct policy_file *p)
{
    options_list_free(&p->files.rules);
    options_list_free(&p->files.correlations);
    options_list_free(&p->files.variables);
    arena_free(&p->arena);
    *p = (struct policy_file){0};
}
