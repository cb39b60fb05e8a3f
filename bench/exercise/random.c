/* A counter with a mixing function on top: the state walks with an odd step through all 2^64
 * values, the output is the state with its bits spread by multiplications and shifts. */
#include "bench/exercise/random.h"

#define STEP UINT64_C(0x9e3779b97f4a7c15) /* 2^64 over the golden ratio, odd */

static uint64_t mix(uint64_t v)
{
    v ^= v >> 32;
    v *= UINT64_C(0xd6e8feb86659fd93);
    v ^= v >> 32;
    v *= UINT64_C(0xd6e8feb86659fd93);
    v ^= v >> 32;
    return v;
}

struct random random_for(uint64_t seed, const char *name)
{
    uint64_t state = mix(seed + STEP);
    for (const char *c = name; *c; c++)
        state = mix(state + STEP + (uint8_t)*c);
    return (struct random){.state = state};
}

uint64_t random_next(struct random *r)
{
    r->state += STEP;
    return mix(r->state);
}

uint64_t random_below(struct random *r, uint64_t n)
{
    /* What is under the remainder of 2^64 / n is drawn again, so that every answer is as likely. */
    uint64_t reject = (UINT64_MAX - n + 1) % n;
    for (;;) {
        uint64_t v = random_next(r);
        if (v >= reject)
            return v % n;
    }
}

int64_t random_between(struct random *r, int64_t from, int64_t to)
{
    return from + (int64_t)random_below(r, (uint64_t)(to - from) + 1);
}

bool random_one_in(struct random *r, uint64_t n)
{
    return random_below(r, n) == 0;
}

void random_fill(struct random *r, uint8_t *out, size_t len)
{
    while (len--)
        *out++ = (uint8_t)random_next(r);
}

void random_shuffle(struct random *r, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)random_below(r, i);
        uint32_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
