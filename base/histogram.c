/* Buckets: 16 exact ones for 0 to 15, then 16 for each further power of two. */
#include "base/histogram.h"

static unsigned bucket_of(uint64_t value)
{
    if (value < 16)
        return (unsigned)value;
    unsigned power = 63u - (unsigned)__builtin_clzll(value); /* at least 4 */
    return (power - 3) * 16 + (unsigned)(value >> (power - 4) & 15);
}

static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < 16)
        return bucket;
    unsigned shift = bucket / 16 - 1;
    return (((uint64_t)16 + bucket % 16) << shift) + (((uint64_t)1 << shift) - 1);
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    if (value > h->max)
        h->max = value;
    h->bucket[bucket_of(value)]++;
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
    if (h->count == 0)
        return 0;
    uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;
    if (want >= h->count)
        return h->max;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen > want) {
            uint64_t end = bucket_end(i);
            return end < h->max ? end : h->max;
        }
    }
    return h->max;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    into->sum += from->sum;
    if (from->max > into->max)
        into->max = from->max;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
}
