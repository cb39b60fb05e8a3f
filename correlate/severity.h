/* Severity: a sum whose weights are the accord's, written out so that the other side can recompute
 * it. */
#ifndef CORRELATE_SEVERITY_H
#define CORRELATE_SEVERITY_H

#include "correlate/accord.h"

#define SEVERITY_ROWS_MAX 4 /* outcome, vital, important, cap */

struct severity {
    int score;
    unsigned n;
    struct {
        char what[32]; /* "completed", "vital x 2", "cap 95" */
        int points;
    } rows[SEVERITY_ROWS_MAX]; /* their points add up to the score */
};

/* severity_of: of an outcome on so many assets of each class. Where a thing is not known for
 * certain the caller gives its least escalatory reading: assets that are only counted, not listed,
 * have no class. */
void severity_of(const struct severity_weights *weights, enum outcome outcome, unsigned vital,
                 unsigned important, struct severity *out);

#endif
