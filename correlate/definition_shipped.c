/* The correlations of rules/packs/correlations.yaml, which the build embeds. */
#include "correlate/definition.h"

extern const char shipped_correlations[];
extern const size_t shipped_correlations_len;

const char *definitions_shipped(size_t *len)
{
    *len = shipped_correlations_len;
    return shipped_correlations;
}
