/* Open addressing with linear probing; a removed slot is closed by moving later ones back.
 *
 * A byte per slot holds 0 for empty, else 128 | seven bits of the hash, so that most probes that do
 * not match never touch the key. Invariant: from a key's home slot to its place no slot is empty.
 */
#include "base/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

struct table {
    size_t mask, limit, count, key_len, value_len, slot_len;
    uint64_t seed;
    uint8_t *marks;
    uint8_t *slots;
};

struct table *table_create(size_t entries, size_t key_len, size_t value_len, uint64_t hash_seed)
{
    size_t slots = 8;
    while (slots - slots / 8 < entries)
        slots *= 2;
    struct table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->mask = slots - 1;
    t->limit = slots - slots / 8;
    if (t->limit > entries)
        t->limit = entries;
    t->value_len = value_len;
    t->slot_len = (((key_len + 7) & ~(size_t)7) + value_len + 7) & ~(size_t)7;
    t->key_len = key_len;
    t->seed = hash_seed;
    t->marks = calloc(slots, 1);
    t->slots = calloc(slots, t->slot_len);
    if (!t->marks || !t->slots) {
        table_destroy(t);
        return NULL;
    }
    return t;
}

void table_destroy(struct table *t)
{
    if (!t)
        return;
    free(t->marks);
    free(t->slots);
    free(t);
}

size_t table_count(const struct table *t)
{
    return t->count;
}

size_t table_bytes(const struct table *t)
{
    return sizeof *t + (t->mask + 1) * (1 + t->slot_len);
}

static uint64_t hash_of(const struct table *t, const void *key)
{
    return XXH3_64bits_withSeed(key, t->key_len, t->seed);
}

static uint8_t *slot_at(const struct table *t, size_t i)
{
    return t->slots + i * t->slot_len;
}

static void *value_at(const struct table *t, size_t i)
{
    return slot_at(t, i) + ((t->key_len + 7) & ~(size_t)7);
}

/* find_slot: the slot of the key, or the empty one where it belongs. */
static size_t find_slot(const struct table *t, const void *key, uint64_t hash, bool *found)
{
    uint8_t mark = (uint8_t)(128 | hash >> 57);
    size_t i = hash & t->mask;
    for (; t->marks[i]; i = (i + 1) & t->mask)
        if (t->marks[i] == mark && memcmp(slot_at(t, i), key, t->key_len) == 0) {
            *found = true;
            return i;
        }
    *found = false;
    return i;
}

void *table_find(const struct table *t, const void *key)
{
    bool found;
    size_t i = find_slot(t, key, hash_of(t, key), &found);
    return found ? value_at(t, i) : NULL;
}

void *table_add(struct table *t, const void *key, bool *made)
{
    bool found;
    uint64_t hash = hash_of(t, key);
    size_t i = find_slot(t, key, hash, &found);
    if (made)
        *made = !found;
    if (found)
        return value_at(t, i);
    if (t->count >= t->limit) {
        if (made)
            *made = false;
        return NULL;
    }
    t->marks[i] = (uint8_t)(128 | hash >> 57);
    memset(slot_at(t, i), 0, t->slot_len);
    memcpy(slot_at(t, i), key, t->key_len);
    t->count++;
    return value_at(t, i);
}

bool table_remove(struct table *t, const void *key)
{
    bool found;
    size_t hole = find_slot(t, key, hash_of(t, key), &found);
    if (!found)
        return false;
    t->count--;
    for (size_t i = (hole + 1) & t->mask; t->marks[i]; i = (i + 1) & t->mask) {
        size_t home = hash_of(t, slot_at(t, i)) & t->mask;
        /* Move i back into the hole unless its home lies behind the hole. */
        if (((i - home) & t->mask) < ((i - hole) & t->mask))
            continue;
        t->marks[hole] = t->marks[i];
        memcpy(slot_at(t, hole), slot_at(t, i), t->slot_len);
        hole = i;
    }
    t->marks[hole] = 0;
    return true;
}

void table_clear(struct table *t)
{
    memset(t->marks, 0, t->mask + 1);
    t->count = 0;
}

bool table_next(const struct table *t, size_t *cursor, const void **key, void **value)
{
    for (; *cursor <= t->mask; (*cursor)++)
        if (t->marks[*cursor]) {
            *key = slot_at(t, *cursor);
            *value = value_at(t, *cursor);
            (*cursor)++;
            return true;
        }
    return false;
}
