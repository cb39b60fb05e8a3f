/* A histogram of unsigned numbers in buckets of at most 1/16 relative width; fixed size, no
 * allocation. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 976

struct histogram {
    uint64_t count, sum, max;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);
/* histogram_quantile: an upper bound of the q-quantile (0 to 1), at most 1/16 above it; 0 when
 * empty. */
uint64_t histogram_quantile(const struct histogram *h, double q);
void histogram_merge(struct histogram *into, const struct histogram *from);

#endif
