/* The sum of a finding's severity. Rows that add nothing are left out, except that of the outcome.
 */
#include "correlate/severity.h"

#include <limits.h>
#include <stdio.h>

static void add(struct severity *s, const char *what, int points)
{
    snprintf(s->rows[s->n].what, sizeof s->rows[s->n].what, "%s", what);
    s->rows[s->n++].points = points;
    s->score += points;
}

static void add_class(struct severity *s, const char *class, unsigned assets, int weight)
{
    char what[32];
    if (assets == 0 || weight == 0)
        return;
    snprintf(what, sizeof what, "%s x %u", class, assets);
    add(s, what, (int)assets * weight);
}

void severity_of(const struct severity_weights *weights, enum outcome outcome, unsigned vital,
                 unsigned important, struct severity *out)
{
    *out = (struct severity){0};
    add(out, outcome_words[outcome].name, weights->outcome[outcome]);
    add_class(out, "vital", vital, weights->vital);
    add_class(out, "important", important, weights->important);
    if (out->score > weights->cap) {
        char what[32];
        snprintf(what, sizeof what, "cap %d", weights->cap);
        add(out, what, weights->cap - out->score);
    }
}
