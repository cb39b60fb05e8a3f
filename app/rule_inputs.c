/* Rule files and variables from the command line. */
#include "app/rule_inputs.h"

#include "app/rule_options.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int rule_inputs_variables(struct rule_inputs *in, struct diags *diags)
{
    return rule_options_variables(&in->words, in->home_net, in->vars_file, &in->variables,
                                  &in->n_variables, diags);
}

static int read_limits(struct rule_inputs *in, struct diags *diags)
{
    in->limits = engine_default_limits();
    for (size_t i = 0; i < in->limit_words.n; i++)
        if (engine_limits_set(&in->limits, in->limit_words.items[i]))
            return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--limit: '%s' sets nothing",
                              in->limit_words.items[i]);
    if (in->checksums && intake_checksums(&in->limits.intake, in->checksums))
        return diag_error(diags, ERR_USAGE, diag_file(NULL), "validate, ignore or auto",
                          "--checksums: there is no '%s'", in->checksums);
    return 0;
}

int rule_inputs_load(struct rule_inputs *in, struct diags *rejected, struct diags *diags)
{
    int error = rule_inputs_variables(in, diags);
    if (!error)
        error = read_limits(in, diags);
    if (error)
        return error;
    if (in->files.n == 0)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), "--rules FILE",
                          "no rule file was given");
    struct rule_set_config config = {.files = in->files.items,
                                     .n_files = in->files.n,
                                     .variables = in->variables,
                                     .n_variables = in->n_variables};
    error = rule_set_build(&in->set, &config, rejected);
    if (error)
        diags_move(diags, rejected, DIAG_ERROR);
    return error;
}

void rule_inputs_free(struct rule_inputs *in)
{
    rule_set_destroy(in->set);
    options_list_free(&in->files);
    options_list_free(&in->words);
    options_list_free(&in->limit_words);
    rule_options_free(in->variables, in->n_variables);
}

static const char *in_list(const struct rule_variable *list, size_t n, const char *name, size_t len)
{
    while (n-- > 0)
        if (strlen(list[n].name) == len && memcmp(list[n].name, name, len) == 0)
            return list[n].value;
    return NULL;
}

const char *rule_inputs_variable(const struct rule_inputs *in, const char *name, size_t len)
{
    const char *own = in_list(in->variables, in->n_variables, name, len);
    return own ? own : in_list(rule_default_variables, rule_default_variable_count, name, len);
}

int rule_id_read(const char *word, uint32_t *gid, uint32_t *sid)
{
    uint64_t number[2] = {1, 0};
    const char *colon = strchr(word, ':');
    if (colon) {
        char text[16] = "";
        if ((size_t)(colon - word) >= sizeof text)
            return ERR_SYNTAX;
        memcpy(text, word, (size_t)(colon - word));
        if (text_u64(text, UINT32_MAX, &number[0]))
            return ERR_SYNTAX;
    }
    if (text_u64(colon ? colon + 1 : word, UINT32_MAX, &number[1]))
        return ERR_SYNTAX;
    *gid = (uint32_t)number[0];
    *sid = (uint32_t)number[1];
    return 0;
}
