/* Reading files of rule tests by their schema. */
#include "app/rule_tests.h"

#include "base/error.h"
#include "correlate/schema.h"

#include <stdio.h>
#include <string.h>

static const struct schema_type paths = SCHEMA_LIST_OF(schema_text, 1, "a list of files"),
                                ids = SCHEMA_LIST_OF(schema_text, 0, "a list of sids");

/* Rows whose type is NULL are read by hand. */
static const struct schema_row file_rows[] = {
    {"rules", &paths, SCHEMA_REQUIRED},      {"home-net", &schema_text, SCHEMA_OPTIONAL},
    {"vars", &schema_text, SCHEMA_OPTIONAL}, {"variables", NULL, SCHEMA_OPTIONAL},
    {"tests", NULL, SCHEMA_REQUIRED},        {NULL, NULL, SCHEMA_OPTIONAL},
};
static const struct schema_row test_rows[] = {
    {"name", &schema_text, SCHEMA_REQUIRED},   {"capture", &schema_text, SCHEMA_REQUIRED},
    {"fires", NULL, SCHEMA_OPTIONAL},          {"silent", &ids, SCHEMA_OPTIONAL},
    {"others", &schema_bool, SCHEMA_OPTIONAL}, {NULL, NULL, SCHEMA_OPTIONAL},
};

struct reading {
    struct rule_tests *out;
    struct schema_reader schema;
    const char *folder;
    size_t folder_len;
};

static void out_of_memory(struct reading *r)
{
    r->schema.error = ERR_NOMEM;
}

/* check_keys: that they are the rows', of their types, and that none is missing. */
static void check_keys(struct reading *r, const struct yaml_node *map, const char *what,
                       const struct schema_row *rows)
{
    if (map->type != YAML_MAPPING) {
        schema_fault(&r->schema, ERR_SCHEMA, map, NULL, "%s is %s, not a mapping", what,
                     yaml_type_text(map->type));
        return;
    }
    for (const struct yaml_node *n = map->first; n; n = n->next) {
        const struct schema_row *row = rows;
        while (row->key && strcmp(row->key, n->key) != 0)
            row++;
        if (!row->key)
            r->schema.error =
                diag_error(r->schema.diags, ERR_SCHEMA, yaml_key_pos(r->schema.docs, n), NULL,
                           "`%s` is no key of %s", n->key, what);
        else if (row->type)
            json_decref(schema_read(&r->schema, row->type, n, row->key));
    }
    for (const struct schema_row *row = rows; row->key; row++)
        if (row->need == SCHEMA_REQUIRED && !yaml_get(map, row->key))
            schema_fault(&r->schema, ERR_SCHEMA, map, NULL, "%s needs `%s`", what, row->key);
}

/* beside: a path as seen from the file. */
static const char *beside(struct reading *r, const char *path)
{
    size_t room = r->folder_len + strlen(path) + 1;
    char *joined = arena_alloc(&r->out->texts, room);
    if (!joined) {
        out_of_memory(r);
        return "";
    }
    snprintf(joined, room, "%.*s%s", path[0] == '/' ? 0 : (int)r->folder_len, r->folder, path);
    return joined;
}

static const char *kept(struct reading *r, const char *text)
{
    const char *copy = arena_strdup(&r->out->texts, text);
    if (!copy)
        out_of_memory(r);
    return copy ? copy : "";
}

static void read_id(struct reading *r, const struct yaml_node *node, const char *word,
                    struct diag_pos pos, struct rule_expectation *out)
{
    out->pos = pos;
    if (rule_id_read(word, &out->gid, &out->sid))
        schema_fault(&r->schema, ERR_SCHEMA, node, "SID, or GID:SID", "`%s` is no id of a rule",
                     word);
}

static void read_fires(struct reading *r, const struct yaml_node *map, struct rule_test *out)
{
    for (const struct yaml_node *n = map->first; n; n = n->next) {
        struct rule_expectation *e = &out->expected[out->n++];
        read_id(r, n, n->key, yaml_key_pos(r->schema.docs, n), e);
        e->alerts = RULE_TEST_ANY;
        if (n->type != YAML_SCALAR ||
            (strcmp(n->scalar, "any") != 0 &&
             (text_u64(n->scalar, UINT32_MAX, &e->alerts) || e->alerts == 0)))
            schema_fault(&r->schema, ERR_SCHEMA, n, "`silent` lists those that must not fire",
                         "how often it fires is a number from 1, or `any`");
    }
}

static void read_test(struct reading *r, const struct yaml_node *node, struct rule_test *out)
{
    check_keys(r, node, "a test", test_rows);
    if (r->schema.error)
        return;
    const struct yaml_node *fires = yaml_get(node, "fires"), *silent = yaml_get(node, "silent"),
                           *others = yaml_get(node, "others");
    if (fires && fires->type != YAML_MAPPING) {
        schema_fault(&r->schema, ERR_SCHEMA, fires, NULL, "`fires` is %s, not a mapping",
                     yaml_type_text(fires->type));
        return;
    }
    size_t n = (fires ? fires->children : 0) + (silent ? silent->children : 0);
    out->pos = yaml_pos(r->schema.docs, node);
    out->name = kept(r, yaml_get(node, "name")->scalar);
    out->capture = beside(r, yaml_get(node, "capture")->scalar);
    out->no_others = others && strcmp(others->scalar, "false") == 0;
    out->expected = arena_alloc(&r->out->texts, (n + 1) * sizeof *out->expected);
    if (!out->expected) {
        out_of_memory(r);
        return;
    }
    if (fires)
        read_fires(r, fires, out);
    for (const struct yaml_node *id = silent ? silent->first : NULL; id; id = id->next)
        read_id(r, id, id->scalar, yaml_pos(r->schema.docs, id), &out->expected[out->n++]);
    if (n == 0 && !out->no_others)
        schema_fault(&r->schema, ERR_SCHEMA, node, NULL, "the test expects nothing");
}

static void read_tests(struct reading *r, const struct yaml_node *list)
{
    if (list->type != YAML_SEQUENCE || !list->children) {
        schema_fault(&r->schema, ERR_SCHEMA, list, NULL, "`tests` is a list of tests");
        return;
    }
    r->out->tests = arena_alloc(&r->out->texts, list->children * sizeof *r->out->tests);
    if (!r->out->tests) {
        out_of_memory(r);
        return;
    }
    for (const struct yaml_node *n = list->first; n; n = n->next)
        read_test(r, n, &r->out->tests[r->out->n++]);
}

static void read_variables(struct reading *r, const struct yaml_node *map)
{
    if (map->type != YAML_MAPPING) {
        schema_fault(&r->schema, ERR_SCHEMA, map, NULL, "`variables` is %s, not a mapping",
                     yaml_type_text(map->type));
        return;
    }
    for (const struct yaml_node *n = map->first; n; n = n->next) {
        struct text word = {0};
        if (n->type != YAML_SCALAR)
            schema_fault(&r->schema, ERR_SCHEMA, n, NULL, "a variable is a text");
        else
            text_printf(&word, "%s=%s", n->key, n->scalar);
        if (word.len && option_list_add(&r->out->inputs.words, kept(r, text_str(&word))))
            out_of_memory(r);
        text_free(&word);
    }
}

static int read_root(struct reading *r, const struct yaml_node *root)
{
    check_keys(r, root, "a file of rule tests", file_rows);
    if (r->schema.error)
        return r->schema.error;
    struct rule_inputs *in = &r->out->inputs;
    const struct yaml_node *home = yaml_get(root, "home-net"), *vars = yaml_get(root, "vars"),
                           *variables = yaml_get(root, "variables");
    for (const struct yaml_node *n = yaml_get(root, "rules")->first; n; n = n->next)
        if (option_list_add(&in->files, beside(r, n->scalar)))
            out_of_memory(r);
    in->home_net = home ? kept(r, home->scalar) : NULL;
    in->vars_file = vars ? beside(r, vars->scalar) : NULL;
    if (variables)
        read_variables(r, variables);
    read_tests(r, yaml_get(root, "tests"));
    return r->schema.error;
}

int rule_tests_read(struct rule_tests *out, const char *path, struct diags *diags)
{
    struct yaml_documents docs;
    *out = (struct rule_tests){0};
    int error = yaml_load(path, &docs, diags);
    if (error)
        return error;
    const char *slash = strrchr(path, '/');
    struct reading r = {.out = out,
                        .schema = {.docs = &docs, .diags = diags},
                        .folder = path,
                        .folder_len = slash ? (size_t)(slash - path) + 1 : 0};
    if (docs.n == 1 && docs.roots[0])
        error = read_root(&r, docs.roots[0]);
    else
        error = diag_error(diags, ERR_SCHEMA, diag_file(path), NULL,
                           "a file of rule tests is one mapping");
    for (size_t i = 0; i < out->n; i++) { /* the documents' name is about to go */
        out->tests[i].pos.file = path;
        for (size_t k = 0; k < out->tests[i].n; k++)
            out->tests[i].expected[k].pos.file = path;
    }
    yaml_documents_free(&docs);
    return error;
}

void rule_tests_free(struct rule_tests *t)
{
    rule_inputs_free(&t->inputs);
    arena_free(&t->texts);
}
