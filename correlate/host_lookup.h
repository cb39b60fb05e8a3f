/* What is declared about an address: the asset it belongs to, its sector, whether it is an operator's
 * station or in the monitored space. Built from an accord's annexes; immutable; read by all workers. */
#ifndef CORRELATE_HOST_LOOKUP_H
#define CORRELATE_HOST_LOOKUP_H

#include "base/prefix_map.h"
#include "correlate/definition.h"

struct host_lookup {
    const struct prefix_map *assets;    /* address -> asset number */
    const struct prefix_map *operators; /* address -> any value: some asset's registered operator */
    const struct prefix_map *monitored; /* address -> any value */
    const uint8_t *asset_sector;        /* by asset number */
    uint32_t asset_count;
};

/* host_lookup_of: the facts on an observation's two ends. lookup may be NULL (no accord): nothing known. */
void host_lookup_of(const struct host_lookup *lookup, const struct address *source,
                    const struct address *target, struct host_facts *out);

/* host_lookup_asset: the asset number of an address, HOST_NO_ASSET. */
uint16_t host_lookup_asset(const struct host_lookup *lookup, const struct address *address);

#endif
