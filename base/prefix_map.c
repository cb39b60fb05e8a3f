/* A path-compressed binary trie: each node stands for a prefix, its children for longer ones.
 *
 * Nodes live in one growing array and name each other by index; node 0 is the root, ::/0. A node
 * without a value is a branching point. Invariant: a child's prefix is longer than its parent's and
 * agrees with it in the parent's length; child[b] has bit b behind that length.
 */
#include "base/prefix_map.h"

#include "base/error.h"

#include <stdlib.h>

struct node {
    struct prefix prefix;
    uint32_t value;    /* PREFIX_MAP_NONE: a branching point */
    uint32_t child[2]; /* 0: none */
};

struct prefix_map {
    struct node *nodes;
    uint32_t n, cap;
};

static unsigned bit_at(const struct address *a, unsigned i)
{
    return a->b[i / 8] >> (7 - i % 8) & 1u;
}

/* common_bits: in how many leading bits two addresses agree, at most `most`. */
static unsigned common_bits(const struct address *a, const struct address *b, unsigned most)
{
    for (unsigned i = 0; i < 16 && 8 * i < most; i++) {
        unsigned differ = a->b[i] ^ b->b[i];
        if (differ) {
            unsigned bits = 8 * i + (unsigned)__builtin_clz(differ) - 24;
            return bits < most ? bits : most;
        }
    }
    return most;
}

struct prefix_map *prefix_map_create(void)
{
    struct prefix_map *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->cap = 16;
    map->nodes = calloc(map->cap, sizeof *map->nodes);
    if (!map->nodes) {
        free(map);
        return NULL;
    }
    map->nodes[0].value = PREFIX_MAP_NONE;
    map->n = 1;
    return map;
}

void prefix_map_destroy(struct prefix_map *map)
{
    if (map)
        free(map->nodes);
    free(map);
}

size_t prefix_map_bytes(const struct prefix_map *map)
{
    return sizeof *map + map->cap * sizeof *map->nodes;
}

/* make_node: a new node's index; the caller has seen to room for it. */
static uint32_t make_node(struct prefix_map *map, const struct prefix *prefix, uint32_t value)
{
    map->nodes[map->n] = (struct node){.prefix = *prefix, .value = value};
    return map->n++;
}

static bool room_for_two(struct prefix_map *map)
{
    if (map->n + 2 <= map->cap)
        return true;
    uint32_t cap = 2 * map->cap;
    struct node *nodes = realloc(map->nodes, cap * sizeof *nodes);
    if (!nodes)
        return false;
    map->nodes = nodes;
    map->cap = cap;
    return true;
}

static struct prefix shortened(const struct prefix *p, unsigned len)
{
    struct prefix out = {.len = (uint8_t)len};
    for (unsigned i = 0; i < len; i++)
        out.address.b[i / 8] |= (uint8_t)(bit_at(&p->address, i) << (7 - i % 8));
    return out;
}

int prefix_map_add(struct prefix_map *map, const struct prefix *prefix, uint32_t value)
{
    if (!room_for_two(map))
        return ERR_NOMEM;
    uint32_t at = 0;
    for (;;) {
        struct node *node = &map->nodes[at];
        if (node->prefix.len == prefix->len) {
            if (node->value != PREFIX_MAP_NONE)
                return ERR_EXISTS;
            node->value = value;
            return 0;
        }
        unsigned side = bit_at(&prefix->address, node->prefix.len);
        uint32_t next = node->child[side];
        if (!next) {
            map->nodes[at].child[side] = make_node(map, prefix, value);
            return 0;
        }
        const struct prefix *other = &map->nodes[next].prefix;
        unsigned most = other->len < prefix->len ? other->len : prefix->len;
        unsigned common = common_bits(&other->address, &prefix->address, most);
        if (common == other->len) {
            at = next;
            continue;
        }
        /* The new prefix stands above `next`, or both below a new branching point. */
        struct prefix above = shortened(prefix, common);
        unsigned other_side = bit_at(&other->address, common);
        uint32_t middle = make_node(map, &above, common == prefix->len ? value : PREFIX_MAP_NONE);
        map->nodes[at].child[side] = middle;
        map->nodes[middle].child[other_side] = next;
        if (common < prefix->len)
            map->nodes[middle].child[!other_side] = make_node(map, prefix, value);
        return 0;
    }
}

uint32_t prefix_map_find(const struct prefix_map *map, const struct address *address)
{
    uint32_t found = PREFIX_MAP_NONE, at = 0;
    do {
        const struct node *node = &map->nodes[at];
        if (common_bits(&node->prefix.address, address, node->prefix.len) < node->prefix.len)
            break;
        if (node->value != PREFIX_MAP_NONE)
            found = node->value;
        if (node->prefix.len == 128)
            break;
        at = node->child[bit_at(address, node->prefix.len)];
    } while (at);
    return found;
}

/* covered: IPv4 addresses that the subtree's prefixes cover; UINT64_MAX once an uncountable one is
 * met. */
static uint64_t covered(const struct prefix_map *map, uint32_t at)
{
    const struct node *node = &map->nodes[at];
    bool v4 = node->prefix.len >= 96 && address_is_v4(&node->prefix.address);
    if (node->value != PREFIX_MAP_NONE) {
        if (v4)
            return (uint64_t)1 << (128 - node->prefix.len);
        if (node->prefix.len < 128)
            return UINT64_MAX;
    }
    uint64_t sum = 0;
    for (int side = 0; side < 2; side++) {
        uint64_t part = node->child[side] ? covered(map, node->child[side]) : 0;
        if (part == UINT64_MAX)
            return UINT64_MAX;
        sum += part;
    }
    return sum;
}

uint64_t prefix_map_addresses(const struct prefix_map *map)
{
    return covered(map, 0);
}
