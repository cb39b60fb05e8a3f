#include "dataplane/flow_key.h"

uint64_t flow_key_hash_ip6(const struct flow_key *key, uint64_t seed)
{
    return XXH3_64bits_withSeed(key->words, sizeof key->words, seed);
}
