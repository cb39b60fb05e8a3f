/* Points are numbered by their names, so that the numbers do not depend on the order of words. */
#include "app/sensors.h"

#include "base/error.h"
#include "correlate/observation.h"

#include <stdlib.h>
#include <string.h>

static size_t name_len(const char *word)
{
    return strcspn(word, "=");
}

/* compare: by name. */
static int compare(const char *a, const char *b)
{
    size_t n = name_len(a), m = name_len(b);
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

/* rank: how many other names are smaller, plus one. */
static unsigned rank(const struct option_list *words, const char *word)
{
    unsigned smaller = 0;
    for (size_t i = 0; i < words->n; i++) {
        bool first = compare(words->items[i], word) < 0;
        for (size_t k = 0; k < i && first; k++)
            first = compare(words->items[k], words->items[i]) != 0;
        smaller += first;
    }
    return smaller + 1;
}

int sensors_read(struct sensors *out, const struct option_list *words, struct option_list *captures,
                 struct diags *diags)
{
    *out = (struct sensors){0};
    if (words->n == 0)
        return 0;
    if (captures->n)
        return diag_error(diags, ERR_USAGE, diag_file(captures->items[0]), "--sensor NAME=CAPTURE",
                          "with --sensor, every capture says which sensor it is of");
    out->points = calloc(words->n, sizeof *out->points);
    if (!out->points)
        return ERR_NOMEM;
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        size_t len = name_len(word);
        if (len == 0 || !word[len] || !word[len + 1])
            return diag_error(diags, ERR_USAGE, diag_file(NULL), "--sensor NAME=CAPTURE",
                              "--sensor: '%s' is not a name and a capture", word);
        unsigned point = rank(words, word);
        if (point > POINTS_MAX)
            return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL,
                              "--sensor: more than %d sensors", POINTS_MAX);
        out->points[i] = (uint8_t)point;
        out->n = point > out->n ? point : out->n;
        if (option_list_add(captures, word + len + 1))
            return ERR_NOMEM;
    }
    return 0;
}

void sensors_free(struct sensors *s)
{
    free(s->points);
    *s = (struct sensors){0};
}
