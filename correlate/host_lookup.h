/* What is declared about an address: the asset it belongs to, its sector, whether it is an
 * operator's station or in the monitored space. Built from an accord's annexes; immutable; read by
 * all workers. */
#ifndef CORRELATE_HOST_LOOKUP_H
#define CORRELATE_HOST_LOOKUP_H

#include "base/prefix_map.h"
#include "correlate/definition.h"

/* Ports at which an asset offers a declared service. */
struct host_services {
    const uint16_t *ports;
    unsigned n;
};

struct host_lookup {
    const struct prefix_map *assets;    /* address -> asset number */
    const struct prefix_map *operators; /* address -> any value: some asset's registered operator */
    const struct prefix_map *monitored; /* address -> any value */
    const uint8_t *asset_sector;        /* by asset number */
    uint32_t asset_count;
    const struct host_services *services; /* by asset number; NULL: none is declared */
};

/* host_lookup_of: the facts on an observation's two ends. lookup may be NULL (no accord): nothing
 * known. */
void host_lookup_of(const struct host_lookup *lookup, const struct address *source,
                    const struct address *target, struct host_facts *out);

/* host_lookup_offers: is a service declared at this port of an asset? */
bool host_lookup_offers(const struct host_lookup *lookup, uint16_t asset, uint16_t port);

/* host_lookup_asset: the asset number of an address, HOST_NO_ASSET. */
uint16_t host_lookup_asset(const struct host_lookup *lookup, const struct address *address);

#endif
