/* Reading `vars:` of a suricata.yaml (its documentation, "Rule-vars"). Its %YAML line and tags of
 * later parts are no concern: only the lines of the section `vars` are given to the reader. */
#include "app/rule_vars.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (4u << 20)

/* keep_section: lines of other sections are made empty, so that places in the file stay true. */
static void keep_section(struct text *data)
{
    bool inside = false;
    for (size_t at = 0; at < data->len;) {
        char *line = data->data + at, *end = memchr(line, '\n', data->len - at);
        size_t len = end ? (size_t)(end - line) : data->len - at;
        if (len && !strchr(" \t#-\r", *line))
            inside = len >= 5 && memcmp(line, "vars:", 5) == 0;
        if (!inside)
            memset(line, ' ', len);
        at += len + 1;
    }
}

/* group_text: a text, or a list of texts as rule headers write it; NULL for what is neither, or
 * without memory. The caller frees it. */
static char *group_text(const struct yaml_node *group)
{
    struct text out = {0};
    if (group->type == YAML_SCALAR)
        return strdup(group->scalar);
    if (group->type != YAML_SEQUENCE)
        return NULL;
    for (const struct yaml_node *n = group->first; n; n = n->next) {
        if (n->type != YAML_SCALAR) {
            text_free(&out);
            return NULL;
        }
        text_puts(&out, out.len ? "," : "[");
        text_puts(&out, n->scalar);
    }
    text_puts(&out, out.len ? "]" : "[]");
    char *copy = out.failed ? NULL : strdup(text_str(&out));
    text_free(&out);
    return copy;
}

static int add(struct rule_variable **out, size_t *n, const struct yaml_node *group,
               const struct yaml_documents *docs, struct diags *diags)
{
    if (group->type == YAML_MAPPING)
        return diag_error(diags, ERR_SCHEMA, yaml_pos(docs, group), NULL,
                          "the group `%s` is %s, not a text", group->key,
                          yaml_type_text(group->type));
    struct rule_variable *grown = realloc(*out, (*n + 1) * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    *out = grown;
    struct rule_variable *v = &grown[(*n)++];
    *v = (struct rule_variable){strdup(group->key), group_text(group)};
    return v->name && v->value ? 0 : ERR_NOMEM;
}

static int read_groups(const struct yaml_documents *docs, struct rule_variable **out, size_t *n,
                       struct diags *diags)
{
    static const char *const sections[] = {"address-groups", "port-groups"};
    const struct yaml_node *root = docs->n == 1 ? docs->roots[0] : NULL;
    const struct yaml_node *vars =
        root && root->type == YAML_MAPPING ? yaml_get(root, "vars") : NULL;
    if (!vars || vars->type != YAML_MAPPING)
        return diag_error(diags, ERR_SCHEMA, diag_file(docs->file), NULL,
                          "no section `vars` with groups");
    for (size_t i = 0; i < 2; i++) {
        const struct yaml_node *section = yaml_get(vars, sections[i]);
        for (const struct yaml_node *group = section ? section->first : NULL; group;
             group = group->next) {
            int error = add(out, n, group, docs, diags);
            if (error)
                return error;
        }
    }
    return 0;
}

int rule_vars_read(const char *path, struct rule_variable **out, size_t *n, struct diags *diags)
{
    struct text data = {0};
    struct yaml_documents docs;
    int error = file_read(path, FILE_BYTES_MAX, &data);
    if (error) {
        diag_error(diags, error, diag_file(path), NULL, "cannot read: %s", strerror(errno));
    } else {
        keep_section(&data);
        error = yaml_parse(path, text_str(&data), data.len, &docs, diags);
        if (!error) {
            error = read_groups(&docs, out, n, diags);
            yaml_documents_free(&docs);
        }
    }
    text_free(&data);
    return error;
}
