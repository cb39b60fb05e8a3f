/* Insertion for the few that there mostly are, a heap for the many that somebody may arrange. */
#include "base/sort.h"

#define FEW 24

static void insertion(uint64_t *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t item = items[i];
        size_t at = i;
        for (; at && items[at - 1] > item; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* sink: restore the heap below `at`, the largest on top. */
static void sink(uint64_t *items, size_t n, size_t at)
{
    uint64_t item = items[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && items[child + 1] > items[child];
        if (items[child] <= item)
            break;
        items[at] = items[child];
    }
    items[at] = item;
}

void sort_u64(uint64_t *items, size_t n)
{
    if (n <= FEW) {
        insertion(items, n);
        return;
    }
    for (size_t i = n / 2; i-- > 0;)
        sink(items, n, i);
    while (n > 1) {
        uint64_t largest = items[0];
        items[0] = items[--n];
        items[n] = largest;
        sink(items, n, 0);
    }
}
