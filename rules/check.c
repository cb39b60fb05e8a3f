/* rules check: problems, counts, and rejections by reason, the most frequent first. */
#include "rules/check.h"

#include "base/json.h"
#include "rules/lint.h"
#include "rules/set_parts.h"

#include <stdlib.h>

#define REJECTED_ID   "rejected"
#define REJECTED_TEXT "the rule does not load"

const char *const check_format_names[CHECK_FORMAT_COUNT] = {
#define X(s, name, text) [CHECK_##s] = name,
    CHECK_FORMATS(X)
#undef X
};

struct checker {
    const struct check_config *config;
    struct diags *diags; /* of the rules */
    FILE *out;
    struct text text;
    struct json_writer json;
    size_t found[LINT_KIND_COUNT];
};

static int by_count(const void *a, const void *b)
{
    const struct rejection *x = a, *y = b;
    return x->n > y->n ? -1 : x->n < y->n;
}

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void put_count(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

/* ---- problems ---- */

static const char *const level_names[] = {
    [DIAG_NOTE] = "note", [DIAG_WARNING] = "warning", [DIAG_ERROR] = "error"};

static void sarif_message(struct json_writer *w, const char *text)
{
    json_open_object(w);
    put_pair(w, "text", text);
    json_close_object(w);
}

static void sarif_result(struct json_writer *w, const char *id, enum diag_level level,
                         struct diag_pos pos, const char *text)
{
    json_open_object(w);
    put_pair(w, "ruleId", id);
    put_pair(w, "level", level_names[level]);
    json_put_key(w, "message");
    sarif_message(w, text);
    json_put_key(w, "locations");
    json_open_array(w);
    json_open_object(w);
    json_put_key(w, "physicalLocation");
    json_open_object(w);
    json_put_key(w, "artifactLocation");
    json_open_object(w);
    put_pair(w, "uri", pos.file ? pos.file : "");
    json_close_object(w);
    if (pos.line) {
        json_put_key(w, "region");
        json_open_object(w);
        put_count(w, "startLine", pos.line);
        if (pos.col)
            put_count(w, "startColumn", pos.col);
        json_close_object(w);
    }
    json_close_object(w);
    json_close_object(w);
    json_close_array(w);
    json_close_object(w);
}

static void json_line(struct checker *c, const char *id, enum diag_level level, struct diag_pos pos,
                      const char *text)
{
    struct json_writer w = json_writer_to(&c->text);
    text_clear(&c->text);
    json_open_object(&w);
    put_pair(&w, "type", "problem");
    put_pair(&w, "id", id);
    put_pair(&w, "level", level_names[level]);
    put_pair(&w, "file", pos.file ? pos.file : "");
    put_count(&w, "line", pos.line);
    put_count(&w, "col", pos.col);
    put_pair(&w, "text", text);
    json_close_object(&w);
    fprintf(c->out, "%s\n", text_str(&c->text));
}

static void problem(struct checker *c, const char *id, enum diag_level level, struct diag_pos pos,
                    const char *text)
{
    if (c->config->format == CHECK_SARIF)
        sarif_result(&c->json, id, level, pos, text);
    else if (c->config->format == CHECK_JSON)
        json_line(c, id, level, pos, text);
    else if (level != DIAG_NOTE || c->config->notes)
        diag_add(c->diags, level, 0, pos, NULL, "%s", text);
}

static void on_found(void *ctx, enum lint_kind kind, struct diag_pos pos, const char *text)
{
    struct checker *c = ctx;
    c->found[kind]++;
    problem(c, lint_kinds[kind].id, lint_kinds[kind].level, pos, text);
}

/* ---- around them ---- */

static void sarif_rule(struct json_writer *w, const char *id, const char *text,
                       enum diag_level level)
{
    json_open_object(w);
    put_pair(w, "id", id);
    json_put_key(w, "shortDescription");
    sarif_message(w, text);
    json_put_key(w, "defaultConfiguration");
    json_open_object(w);
    put_pair(w, "level", level_names[level]);
    json_close_object(w);
    json_close_object(w);
}

/* sarif_begin: up to the results. */
static void sarif_begin(struct checker *c)
{
    struct json_writer *w = &c->json;
    *w = json_writer_to(&c->text);
    json_open_object(w);
    put_pair(w, "$schema",
             "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
             "sarif-schema-2.1.0.json");
    put_pair(w, "version", "2.1.0");
    json_put_key(w, "runs");
    json_open_array(w);
    json_open_object(w);
    json_put_key(w, "tool");
    json_open_object(w);
    json_put_key(w, "driver");
    json_open_object(w);
    put_pair(w, "name", "plimsoll rules check");
    put_pair(w, "version", c->config->version);
    json_put_key(w, "rules");
    json_open_array(w);
    sarif_rule(w, REJECTED_ID, REJECTED_TEXT, DIAG_ERROR);
    for (unsigned i = 0; i < LINT_KIND_COUNT; i++)
        sarif_rule(w, lint_kinds[i].id, lint_kinds[i].text, lint_kinds[i].level);
    json_close_array(w);
    json_close_object(w);
    json_close_object(w);
    put_pair(w, "columnKind", "unicodeCodePoints");
    json_put_key(w, "results");
    json_open_array(w);
}

static void sarif_end(struct checker *c)
{
    json_close_array(&c->json);
    json_close_object(&c->json);
    json_close_array(&c->json);
    json_close_object(&c->json);
    fprintf(c->out, "%s\n", text_str(&c->text));
}

static void counts_text(struct checker *c, struct rule_set *set)
{
    const struct rule_set_counts *n = rule_set_counts(set);
    FILE *out = c->out;
    fprintf(out, "%zu files, %zu rules: %zu load, %zu are rejected; %zu are commented out\n",
            n->files, n->rules, n->loaded, n->rejected, n->disabled);
    fprintf(out,
            "%zu literals in %zu databases, %zu groups, %zu rules without a literal, %.1f MiB\n",
            n->literals, n->databases, n->groups, n->without_literal, (double)n->bytes / (1 << 20));
    if (set->parsed.n_reasons)
        fprintf(out, "rejected by the first thing that is not in this build:\n");
    for (size_t i = 0; i < set->parsed.n_reasons; i++)
        fprintf(out, "  %6zu  %s\n", set->parsed.reasons[i].n, set->parsed.reasons[i].reason);
    bool any = false;
    for (unsigned i = 0; i < LINT_KIND_COUNT; i++)
        any |= c->found[i] != 0;
    if (any)
        fprintf(out, "weak rules among those that load (--notes names all):\n");
    for (unsigned i = 0; i < LINT_KIND_COUNT; i++)
        if (c->found[i])
            fprintf(out, "  %6zu  %s: %s\n", c->found[i], lint_kinds[i].id, lint_kinds[i].text);
}

static void counts_json(struct checker *c, const struct rule_set *set)
{
    const struct rule_set_counts *n = rule_set_counts(set);
    struct json_writer w = json_writer_to(&c->text);
    text_clear(&c->text);
    json_open_object(&w);
    put_pair(&w, "type", "counts");
    put_count(&w, "files", n->files);
    put_count(&w, "rules", n->rules);
    put_count(&w, "loaded", n->loaded);
    put_count(&w, "rejected", n->rejected);
    put_count(&w, "commented_out", n->disabled);
    put_count(&w, "literals", n->literals);
    put_count(&w, "databases", n->databases);
    put_count(&w, "groups", n->groups);
    put_count(&w, "without_literal", n->without_literal);
    json_close_object(&w);
    fprintf(c->out, "%s\n", text_str(&c->text));
}

int rules_check(const struct check_config *config, FILE *out, size_t *rejected, struct diags *diags)
{
    struct rule_set *set;
    struct diags of_rules = {.limit = SIZE_MAX};
    struct checker c = {
        .config = config, .out = out, .diags = config->format == CHECK_TEXT ? diags : &of_rules};
    struct rule_set_config build = {.files = config->files,
                                    .n_files = config->n_files,
                                    .variables = config->variables,
                                    .n_variables = config->n_variables};
    int error = rule_set_build(&set, &build, c.diags);
    if (error) {
        diags_move(diags, &of_rules, DIAG_ERROR);
        return error;
    }
    *rejected = rule_set_counts(set)->rejected;
    if (config->format == CHECK_SARIF)
        sarif_begin(&c);
    for (size_t i = 0; i < of_rules.n; i++)
        problem(&c, REJECTED_ID, of_rules.items[i].level, of_rules.items[i].pos,
                of_rules.items[i].text);
    error = lint(set, config->files, config->n_files, on_found, &c);
    qsort(set->parsed.reasons, set->parsed.n_reasons, sizeof set->parsed.reasons[0], by_count);
    if (config->format == CHECK_SARIF)
        sarif_end(&c);
    else if (config->format == CHECK_JSON)
        counts_json(&c, set);
    else
        counts_text(&c, set);
    text_free(&c.text);
    diags_free(&of_rules);
    rule_set_destroy(set);
    return error;
}
