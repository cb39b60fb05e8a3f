/* NAME=VALUE words of the command line as rule variables. */
#include "app/rule_options.h"

#include "app/rule_vars.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int add(struct rule_variable *v, const char *name, size_t name_len, const char *value)
{
    v->name = strndup(name, name_len);
    v->value = strdup(value);
    return v->name && v->value ? 0 : ERR_NOMEM;
}

int rule_options_variables(const struct option_list *words, const char *home_net,
                           const char *vars_file, struct rule_variable **out, size_t *n,
                           struct diags *diags)
{
    struct rule_variable *variables = NULL;
    size_t count = 0;
    int error = vars_file ? rule_vars_read(vars_file, &variables, &count, diags) : 0;
    if (!error) {
        struct rule_variable *grown = realloc(variables, (count + words->n + 1) * sizeof *grown);
        error = grown ? 0 : ERR_NOMEM;
        variables = grown ? grown : variables;
    }
    *out = variables;
    *n = count;
    if (error)
        return error;
    for (size_t i = 0; i < words->n; i++) {
        const char *equals = strchr(words->items[i], '=');
        if (!equals || equals == words->items[i])
            return diag_error(diags, ERR_USAGE, diag_file(NULL), "--var NAME=VALUE",
                              "--var: '%s' is no NAME=VALUE", words->items[i]);
        *n = count + 1;
        if (add(&variables[count++], words->items[i], (size_t)(equals - words->items[i]),
                equals + 1))
            return ERR_NOMEM;
    }
    if (home_net) {
        *n = count + 1;
        if (add(&variables[count++], "HOME_NET", strlen("HOME_NET"), home_net))
            return ERR_NOMEM;
    }
    *n = count;
    return 0;
}

void rule_options_free(struct rule_variable *variables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((char *)variables[i].name);
        free((char *)variables[i].value);
    }
    free(variables);
}
