/* Sets of addresses, and of ports, as ascending ranges that neither touch nor overlap. Inside
 * rules/. A port is an address whose last two bytes hold it. */
#ifndef RULES_RANGES_H
#define RULES_RANGES_H

#include "base/address.h"

#include <stddef.h>

struct range {
    struct address low, high; /* both included */
};

/* A set while it is made; owns its memory. Zeroed is empty. */
struct ranges {
    struct range *items;
    size_t n, cap;
};

/* ranges_add: append; the set is in order again after ranges_sort. 0 or ERR_NOMEM. */
int ranges_add(struct ranges *set, const struct range *item);
int ranges_add_all(struct ranges *set, const struct ranges *other);
void ranges_sort(struct ranges *set);
/* ranges_subtract: set without other, both in order. */
int ranges_subtract(struct ranges *set, const struct ranges *other);
void ranges_free(struct ranges *set);

static inline bool ranges_hold(const struct range *items, size_t n, const struct address *a)
{
    size_t low = 0, end = n;
    while (low < end) { /* the first range that does not end before the address */
        size_t middle = low + (end - low) / 2;
        if (address_compare(&items[middle].high, a) < 0)
            low = middle + 1;
        else
            end = middle;
    }
    return low < n && address_compare(&items[low].low, a) <= 0;
}

#endif
