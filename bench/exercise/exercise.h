/* Exercises: made captures with a known truth. A library; the command `plimsoll exercise` calls it.
 *
 * The truth file says who acted, in which role and when; it says nothing of what a sensor sees or
 * an accord judges. The same seed gives the same bytes.
 */
#ifndef BENCH_EXERCISE_EXERCISE_H
#define BENCH_EXERCISE_EXERCISE_H

#include "base/diag.h"

#include <stdbool.h>
#include <stdint.h>

struct exercise_config {
    uint64_t seed;
    bool benign;              /* the twin: the same background, nobody crosses a line */
    const char *capture_path; /* pcapng, nanosecond stamps */
    const char *truth_path;   /* JSON */
};

/* exercise_grid: a power and water network with offices, control rooms, a background scanner, a
 * selective sweep, control commands from outside and by the registered operator, passwords that are
 * guessed or mistyped, and sessions into an operator's station. 0, or ERR_IO, ERR_NOMEM. */
int exercise_grid(const struct exercise_config *config, struct diags *diags);

#endif
