/* The pool of distinct addresses. Index 0 means none, so nodes are named by place + 1. */
#include "correlate/target_set.h"

#include "base/error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>

struct target_node {
    struct address address;
    uint32_t incident;
    uint32_t chain; /* next in the bucket, or in the free list */
    uint32_t list;  /* next of the incident */
};

int target_set_init(struct target_set *set, uint32_t size, uint64_t hash_seed)
{
    *set = (struct target_set){.size = size, .hash_seed = hash_seed};
    set->nodes = calloc(size, sizeof *set->nodes);
    set->buckets = calloc(size, sizeof *set->buckets);
    return set->nodes && set->buckets ? 0 : ERR_NOMEM;
}

void target_set_free(struct target_set *set)
{
    free(set->nodes);
    free(set->buckets);
    *set = (struct target_set){0};
}

size_t target_set_bytes(uint32_t size)
{
    return size * (sizeof(struct target_node) + sizeof(uint32_t));
}

static uint32_t *bucket_of(const struct target_set *set, uint32_t incident,
                           const struct address *address)
{
    return &set->buckets[XXH3_64bits_withSeed(address->b, sizeof address->b,
                                              set->hash_seed + incident) %
                         set->size];
}

enum target_added target_set_add(struct target_set *set, uint32_t incident, uint32_t *list,
                                 const struct address *address)
{
    uint32_t *bucket = bucket_of(set, incident, address);
    for (uint32_t i = *bucket; i; i = set->nodes[i - 1].chain)
        if (set->nodes[i - 1].incident == incident &&
            address_equal(&set->nodes[i - 1].address, address))
            return TARGET_KNOWN;
    uint32_t i = set->free;
    if (i)
        set->free = set->nodes[i - 1].chain;
    else if (set->unused < set->size)
        i = ++set->unused;
    else
        return TARGET_NO_ROOM;
    set->nodes[i - 1] = (struct target_node){
        .address = *address, .incident = incident, .chain = *bucket, .list = *list};
    *bucket = i;
    *list = i;
    return TARGET_NEW;
}

void target_set_drop(struct target_set *set, uint32_t *list)
{
    while (*list) {
        uint32_t i = *list;
        struct target_node *node = &set->nodes[i - 1];
        uint32_t *at = bucket_of(set, node->incident, &node->address);
        while (*at != i)
            at = &set->nodes[*at - 1].chain;
        *at = node->chain;
        *list = node->list;
        node->chain = set->free;
        set->free = i;
    }
}
