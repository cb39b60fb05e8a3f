/* Loading the policies of a run. */
#include "app/policies.h"

#include "app/policy_file.h"
#include "base/error.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

/* load: one policy; rules that it rejects are said in one line, rules check is where they are
 * named. */
static int load(struct policy *out, const struct policy_files *files,
                const struct engine_limits *limits, struct diags *diags)
{
    struct diags rule_diags = {.limit = 1};
    size_t before = diags->n;
    int error = policy_load(out, files, limits, diags, &rule_diags);
    if (error && rule_diags.n && diags->n == before) {
        const struct diag *d = &rule_diags.items[0];
        diag_error(diags, error, d->pos, d->hint, "%s", d->text);
    }
    diags_free(&rule_diags);
    if (error)
        return error;
    const struct rule_set_counts *c = rule_set_counts(out->rules);
    if (c->rejected)
        diag_warning(diags, ERR_UNSUPPORTED, diag_file(NULL),
                     "plimsoll rules check FILE... names each and why",
                     "%zu of %zu rules were not loaded", c->rejected, c->rules);
    return 0;
}

static bool same_accord(const struct policy *a, const struct policy *b)
{
    uint8_t was[SHA256_BYTES], is[SHA256_BYTES];
    if (!a->accord || !b->accord)
        return a->accord == b->accord;
    accord_digest(a->accord, was);
    accord_digest(b->accord, is);
    return memcmp(was, is, sizeof was) == 0 &&
           strcmp(accord_own_party(a->accord)->id, accord_own_party(b->accord)->id) == 0;
}

static int load_switch(struct policies *p, const char *word, struct diags *diags)
{
    const char *equals = strchr(word, '=');
    char *time = equals ? strndup(word, (size_t)(equals - word)) : NULL;
    struct policy *policy = &p->items[p->n];
    struct policy_file file;
    int64_t from;
    int error = !time || time_parse(time, &from) ? ERR_USAGE : 0;
    free(time);
    if (error)
        return diag_error(diags, ERR_USAGE, diag_file(NULL),
                          "e.g. --switch-at 2026-03-01T08:15:00Z=policy.yaml",
                          "--switch-at: '%s' is no TIME=FILE", word);
    if (p->n == CORRELATOR_POLICIES_MAX)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL,
                          "--switch-at: at most %d policies", CORRELATOR_POLICIES_MAX);
    if (p->n > 1 && from <= p->items[p->n - 1].from_ns)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL,
                          "--switch-at: '%s' is not later than the one before", word);
    error = policy_file_read(&file, equals + 1, diags);
    if (error)
        return error;
    error = load(policy, &file.files, &policy[-1].limits, diags);
    policy_file_free(&file);
    if (error)
        return error;
    policy->from_ns = from;
    policy->same_accord = same_accord(policy - 1, policy);
    p->n++;
    return 0;
}

int policies_load(struct policies *out, const struct policy_files *first,
                  const struct engine_limits *limits, const struct option_list *switches,
                  struct diags *diags)
{
    *out = (struct policies){0};
    int error = load(&out->items[0], first, limits, diags);
    if (error)
        return error;
    out->n = 1;
    out->items[0].from_ns = INT64_MIN;
    for (size_t i = 0; i < switches->n && !error; i++)
        error = load_switch(out, switches->items[i], diags);
    if (error)
        policies_free(out);
    return error;
}

void policies_free(struct policies *p)
{
    for (unsigned i = 0; i < p->n; i++)
        policy_free(&p->items[i]);
    p->n = 0;
}

int policies_one_origin(const struct policies *p, struct diags *diags)
{
    for (unsigned i = 1; i < p->n; i++) {
        const struct accord *a = p->items[0].accord, *b = p->items[i].accord;
        if (!a != !b ||
            (a &&
             (strcmp(accord_own_party(a)->origin_facts, accord_own_party(b)->origin_facts) != 0 ||
              strcmp(accord_own_party(a)->origin_acts, accord_own_party(b)->origin_acts) != 0)))
            return diag_error(diags, ERR_USAGE, diag_file(NULL),
                              "run without --ledger, or one run for each",
                              "--switch-at: the accords name different logs");
    }
    return 0;
}
