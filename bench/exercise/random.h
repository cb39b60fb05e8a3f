/* Random numbers for exercises: one stream per actor name, so that what one actor draws changes
 * nothing for another. Not for secrets. */
#ifndef BENCH_EXERCISE_RANDOM_H
#define BENCH_EXERCISE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* random_for: the stream of one name under one seed. */
struct random random_for(uint64_t seed, const char *name);
uint64_t random_next(struct random *r);
/* random_below: uniform in [0, n); n is at least 1. */
uint64_t random_below(struct random *r, uint64_t n);
/* random_between: uniform in [from, to], both included. */
int64_t random_between(struct random *r, int64_t from, int64_t to);
/* random_one_in: true once in n times on average. */
bool random_one_in(struct random *r, uint64_t n);
/* random_fill: len bytes. */
void random_fill(struct random *r, uint8_t *out, size_t len);
/* random_shuffle: put n numbers in a random order. */
void random_shuffle(struct random *r, uint32_t *items, size_t n);

#endif
