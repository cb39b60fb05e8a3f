/* What an accord declares about the two ends of an observation. */
#include "correlate/host_lookup.h"

static void facts_of(const struct host_lookup *lookup, const struct address *address,
                     uint16_t *asset, uint8_t *sector, uint8_t *role, bool *monitored)
{
    *asset = host_lookup_asset(lookup, address);
    if (*asset != HOST_NO_ASSET) {
        *sector = lookup->asset_sector[*asset];
        *role = HOST_ROLE_ASSET;
    }
    if (prefix_map_find(lookup->operators, address) != PREFIX_MAP_NONE)
        *role = HOST_ROLE_OPERATOR;
    *monitored = prefix_map_find(lookup->monitored, address) != PREFIX_MAP_NONE;
}

void host_lookup_of(const struct host_lookup *lookup, const struct address *source,
                    const struct address *target, struct host_facts *out)
{
    *out = (struct host_facts){.source_asset = HOST_NO_ASSET, .target_asset = HOST_NO_ASSET};
    if (!lookup)
        return;
    facts_of(lookup, source, &out->source_asset, &out->source_sector, &out->source_role,
             &out->source_monitored);
    facts_of(lookup, target, &out->target_asset, &out->target_sector, &out->target_role,
             &out->target_monitored);
}

uint16_t host_lookup_asset(const struct host_lookup *lookup, const struct address *address)
{
    uint32_t asset = prefix_map_find(lookup->assets, address);
    return asset == PREFIX_MAP_NONE ? HOST_NO_ASSET : (uint16_t)asset;
}

bool host_lookup_offers(const struct host_lookup *lookup, uint16_t asset, uint16_t port)
{
    if (!lookup->services || asset == HOST_NO_ASSET)
        return false;
    const struct host_services *services = &lookup->services[asset];
    for (unsigned i = 0; i < services->n; i++)
        if (services->ports[i] == port)
            return true;
    return false;
}
