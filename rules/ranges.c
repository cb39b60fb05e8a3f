/* Sets as ascending ranges: put in order, taken away from one another. */
#include "rules/ranges.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

int ranges_add(struct ranges *set, const struct range *item)
{
    if (set->n == set->cap) {
        size_t cap = set->cap ? 2 * set->cap : 8;
        struct range *grown = realloc(set->items, cap * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        set->items = grown;
        set->cap = cap;
    }
    set->items[set->n++] = *item;
    return 0;
}

int ranges_add_all(struct ranges *set, const struct ranges *other)
{
    int error = 0;
    for (size_t i = 0; i < other->n && !error; i++)
        error = ranges_add(set, &other->items[i]);
    return error;
}

void ranges_free(struct ranges *set)
{
    free(set->items);
    *set = (struct ranges){0};
}

/* next_of, before: the address behind, or before; false when there is none. */
static bool next_of(const struct address *a, struct address *out)
{
    *out = *a;
    for (unsigned i = sizeof out->b; i-- > 0;)
        if (++out->b[i])
            return true;
    return false;
}

static struct address before(const struct address *a)
{
    struct address out = *a;
    for (unsigned i = sizeof out.b; i-- > 0;)
        if (out.b[i]--)
            break;
    return out;
}

static int by_low(const void *a, const void *b)
{
    return address_compare(&((const struct range *)a)->low, &((const struct range *)b)->low);
}

void ranges_sort(struct ranges *set)
{
    if (set->n < 2)
        return;
    qsort(set->items, set->n, sizeof *set->items, by_low);
    size_t kept = 0;
    for (size_t i = 1; i < set->n; i++) {
        struct range *last = &set->items[kept];
        const struct range *r = &set->items[i];
        struct address behind;
        if (next_of(&last->high, &behind) && address_compare(&r->low, &behind) > 0)
            set->items[++kept] = *r;
        else if (address_compare(&r->high, &last->high) > 0)
            last->high = r->high;
    }
    set->n = kept + 1;
}

int ranges_subtract(struct ranges *set, const struct ranges *other)
{
    struct ranges left = {0};
    size_t k = 0;
    int error = 0;
    for (size_t i = 0; i < set->n && !error; i++) {
        struct range rest = set->items[i];
        bool some = true;
        while (k < other->n && address_compare(&other->items[k].high, &rest.low) < 0)
            k++;
        for (size_t j = k; j < other->n && some && !error; j++) {
            const struct range *cut = &other->items[j];
            if (address_compare(&cut->low, &rest.high) > 0)
                break;
            if (address_compare(&cut->low, &rest.low) > 0) {
                struct range head = {rest.low, before(&cut->low)};
                error = ranges_add(&left, &head);
            }
            some = address_compare(&cut->high, &rest.high) < 0 && next_of(&cut->high, &rest.low);
        }
        if (some && !error)
            error = ranges_add(&left, &rest);
    }
    if (error) {
        ranges_free(&left);
        return error;
    }
    ranges_free(set);
    *set = left;
    return 0;
}
