/* rules check: counts, and rejections by reason, the most frequent first. */
#include "rules/check.h"

#include "rules/set_parts.h"

#include <stdlib.h>

static int by_count(const void *a, const void *b)
{
    const struct rejection *x = a, *y = b;
    return x->n > y->n ? -1 : x->n < y->n;
}

int rules_check(const char *const *files, size_t n, const struct rule_variable *vars, size_t n_vars,
                FILE *out, struct diags *diags)
{
    struct rule_set *set;
    struct rule_set_config config = {
        .files = files, .n_files = n, .variables = vars, .n_variables = n_vars};
    int error = rule_set_build(&set, &config, diags);
    if (error)
        return error;
    const struct rule_set_counts *c = rule_set_counts(set);
    fprintf(out, "%zu files, %zu rules: %zu load, %zu are rejected; %zu are commented out\n",
            c->files, c->rules, c->loaded, c->rejected, c->disabled);
    fprintf(out,
            "%zu literals in %zu databases, %zu groups, %zu rules without a literal, %.1f MiB\n",
            c->literals, c->databases, c->groups, c->without_literal, (double)c->bytes / (1 << 20));
    qsort(set->parsed.reasons, set->parsed.n_reasons, sizeof set->parsed.reasons[0], by_count);
    if (set->parsed.n_reasons)
        fprintf(out, "rejected by the first thing that is not in this build:\n");
    for (size_t i = 0; i < set->parsed.n_reasons; i++)
        fprintf(out, "  %6zu  %s\n", set->parsed.reasons[i].n, set->parsed.reasons[i].reason);
    rule_set_destroy(set);
    return 0;
}
