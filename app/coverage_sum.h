/* Coverage added up over a run, by asset: what the screen shows. The sealed entries stay per
 * interval. */
#ifndef APP_COVERAGE_SUM_H
#define APP_COVERAGE_SUM_H

#include "correlate/revision.h"

struct coverage_sum {
    uint64_t (*by_asset)[COVERAGE_COUNT]; /* one row an asset of the accord */
    unsigned n_assets;
    uint64_t intervals;
};

int coverage_sum_init(struct coverage_sum *sum, unsigned n_assets);
void coverage_sum_free(struct coverage_sum *sum);
void coverage_sum_add(struct coverage_sum *sum, const struct revision *revision);

#endif
