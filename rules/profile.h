/* What each rule costs while it is confirmed. Counted only where a matcher is given room for it
 * (matcher_profile); without that a candidate and a confirm cost one comparison more each.
 *
 * Ticks are of the processor's time stamp counter, around confirming alone: scanning for literals
 * is for all rules at once and is no rule's. What reading the counter takes itself is told
 * apart (profile_overhead). */
#ifndef RULES_PROFILE_H
#define RULES_PROFILE_H

#include <stdint.h>
#include <x86intrin.h>

struct rule_cost {
    uint64_t candidates, confirms, matches, ticks;
};

static inline uint64_t profile_begin(const struct rule_cost *costs)
{
    return __builtin_expect(costs != 0, 0) ? __rdtsc() : 0;
}
static inline void profile_confirmed(struct rule_cost *costs, uint32_t rule, uint64_t begin)
{
    if (__builtin_expect(costs == 0, 1))
        return;
    costs[rule].ticks += __rdtsc() - begin;
    costs[rule].confirms++;
}

#define PROFILE_TRIES 10000
/* profile_overhead: ticks that measuring PROFILE_TRIES confirms takes. */
static inline uint64_t profile_overhead(void)
{
    struct rule_cost cost = {0};
    uint64_t start = __rdtsc();
    for (unsigned i = 0; i < PROFILE_TRIES; i++)
        profile_confirmed(&cost, 0, profile_begin(&cost));
    return __rdtsc() - start;
}

#endif
