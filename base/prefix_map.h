/* Longest-prefix match from an address to a number.
 *
 * Built once, then read by any number of threads. A path-compressed binary trie in one array.
 * Checked against a naive list in tests/unit/base/prefix_map_test.c.
 */
#ifndef BASE_PREFIX_MAP_H
#define BASE_PREFIX_MAP_H

#include "base/address.h"

#include <stddef.h>

#define PREFIX_MAP_NONE UINT32_MAX

struct prefix_map;

struct prefix_map *prefix_map_create(void);
void prefix_map_destroy(struct prefix_map *map);
/* prefix_map_add: 0; ERR_EXISTS with the earlier value kept if that very prefix is there;
 * ERR_NOMEM. */
int prefix_map_add(struct prefix_map *map, const struct prefix *prefix, uint32_t value);
/* prefix_map_find: the value of the longest prefix that holds the address, or PREFIX_MAP_NONE.
 *   threads  any, once nothing is added any more */
uint32_t prefix_map_find(const struct prefix_map *map, const struct address *address);
/* prefix_map_addresses: how many addresses the union of all prefixes covers, counting IPv4 only;
 * UINT64_MAX if an IPv6 prefix shorter than /128 is among them (such a space cannot be counted). */
uint64_t prefix_map_addresses(const struct prefix_map *map);
size_t prefix_map_bytes(const struct prefix_map *map);

#endif
