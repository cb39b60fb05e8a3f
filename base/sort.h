/* Sorting numbers in place. The C library's qsort takes memory from the heap when there is more to
 * sort than fits a kilobyte, which a burst must not. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

/* sort_u64: ascending; O(n log n) whatever the input, no allocation. */
void sort_u64(uint64_t *items, size_t n);

#endif
