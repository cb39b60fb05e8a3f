/* A sweep over the ends of all ranges. */
#include "rules/address_index.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define NARROW 1048576.0 /* addresses */

static double as_number(const struct address *a)
{
    double sum = 0;
    for (unsigned i = 0; i < sizeof a->b; i++)
        sum = sum * 256 + a->b[i];
    return sum;
}

bool address_set_is_narrow(const struct address_set *set)
{
    double sum = 0;
    for (size_t i = 0; i < set->n; i++)
        sum += as_number(&set->ranges[i].high) - as_number(&set->ranges[i].low) + 1;
    return sum <= NARROW;
}

/* An end of a range of a rule's list: from here on the rule holds, or does no more. */
struct end {
    struct address at;
    uint32_t rule;
    bool begins;
};

static int by_address(const void *a, const void *b)
{
    const struct end *x = a, *y = b;
    int order = address_compare(&x->at, &y->at);
    return order ? order : (int)x->begins - (int)y->begins;
}

/* behind: the next address; false behind the last of all. */
static bool behind(struct address *a)
{
    for (unsigned i = sizeof a->b; i-- > 0;)
        if (++a->b[i])
            return true;
    return false;
}

static size_t collect(const struct signature *all, const uint32_t *rules, unsigned n, bool source,
                      struct end *ends)
{
    size_t k = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct address_set *set = source ? all[rules[i]].source : all[rules[i]].target;
        for (size_t r = 0; r < set->n; r++) {
            struct address last = set->ranges[r].high;
            if (ends)
                ends[k] = (struct end){set->ranges[r].low, rules[i], true};
            k++;
            if (!behind(&last))
                continue;
            if (ends)
                ends[k] = (struct end){last, rules[i], false};
            k++;
        }
    }
    return k;
}

/* The rules that hold at the sweep's place. */
struct active {
    uint32_t *rules;
    unsigned n;
};

static void change(struct active *active, const struct end *end)
{
    if (end->begins) {
        active->rules[active->n++] = end->rule;
        return;
    }
    unsigned i = 0;
    while (active->rules[i] != end->rule)
        i++;
    active->rules[i] = active->rules[--active->n];
}

/* sweep: over all ends; fills the index, or only counts the rules of all intervals. */
static size_t sweep(const struct end *ends, size_t n, struct active *active,
                    struct address_index *fill)
{
    size_t sum = 0;
    unsigned intervals = 0;
    active->n = 0;
    for (size_t i = 0; i < n; intervals++) {
        size_t k = i;
        while (k < n && address_compare(&ends[k].at, &ends[i].at) == 0)
            change(active, &ends[k++]);
        if (fill) {
            fill->from[intervals] = ends[i].at;
            fill->first[intervals] = (uint32_t)sum;
            if (active->n)
                memcpy(fill->rules + sum, active->rules, active->n * sizeof *active->rules);
        }
        sum += active->n;
        i = k;
    }
    if (fill) {
        fill->n = intervals;
        fill->first[intervals] = (uint32_t)sum;
    }
    return sum;
}

int address_index_make(struct address_index *index, struct arena *arena,
                       const struct signature *all, const uint32_t *rules, unsigned n, bool source)
{
    size_t n_ends = collect(all, rules, n, source, NULL);
    *index = (struct address_index){0};
    if (n_ends == 0)
        return 0;
    struct end *ends = calloc(n_ends, sizeof *ends);
    struct active active = {.rules = calloc(n_ends, sizeof *active.rules)};
    int error = ends && active.rules ? 0 : ERR_NOMEM;
    if (!error) {
        collect(all, rules, n, source, ends);
        qsort(ends, n_ends, sizeof *ends, by_address);
        size_t sum = sweep(ends, n_ends, &active, NULL);
        index->from = arena_alloc(arena, n_ends * sizeof *index->from);
        index->first = arena_alloc(arena, (n_ends + 1) * sizeof *index->first);
        index->rules = arena_alloc(arena, (sum + 1) * sizeof *index->rules);
        error = index->from && index->first && index->rules ? 0 : ERR_NOMEM;
    }
    if (!error)
        sweep(ends, n_ends, &active, index);
    free(ends);
    free(active.rules);
    return error;
}

const uint32_t *address_index_find(const struct address_index *index, const struct address *address,
                                   unsigned *n)
{
    unsigned low = 0, end = index->n;
    while (low < end) { /* the first interval that begins behind the address */
        unsigned middle = low + (end - low) / 2;
        if (address_compare(&index->from[middle], address) <= 0)
            low = middle + 1;
        else
            end = middle;
    }
    *n = low ? index->first[low] - index->first[low - 1] : 0;
    return low ? index->rules + index->first[low - 1] : NULL;
}
