/* Adding up coverage by asset. */
#include "app/coverage_sum.h"

#include "base/error.h"

#include <stdlib.h>

int coverage_sum_init(struct coverage_sum *sum, unsigned n_assets)
{
    *sum = (struct coverage_sum){.n_assets = n_assets,
                                 .by_asset = calloc(n_assets + 1, sizeof *sum->by_asset)};
    return sum->by_asset ? 0 : ERR_NOMEM;
}

void coverage_sum_free(struct coverage_sum *sum)
{
    free(sum->by_asset);
    *sum = (struct coverage_sum){0};
}

void coverage_sum_add(struct coverage_sum *sum, const struct revision *revision)
{
    if (revision->coverage_asset >= sum->n_assets)
        return;
    for (int i = 0; i < COVERAGE_COUNT; i++)
        sum->by_asset[revision->coverage_asset][i] += revision->coverage[i];
}
