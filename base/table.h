/* A hash table of fixed-size keys and values with a fixed number of slots, made for hostile keys.
 *
 * The hash is keyed (XXH3 with a secret seed); the bytes of a slot are key, then value. Open
 * addressing with linear probing and backward-shift deletion; a value's place changes when another
 * key is removed. Sized at creation; a full table is an outcome (NULL), never a crash. One owner,
 * no locks.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* table_create: room for `entries` (more than 7/8 of the slots are never used). key_len 1 to 64
 * bytes. Returns NULL when out of memory. */
struct table *table_create(size_t entries, size_t key_len, size_t value_len, uint64_t hash_seed);
void table_destroy(struct table *t);
size_t table_count(const struct table *t);
size_t table_bytes(const struct table *t);
/* table_find: the value, or NULL. Valid until the next add or remove. */
void *table_find(const struct table *t, const void *key);
/* table_add: the value of the key, made with zero bytes if new (*made says); NULL when full. */
void *table_add(struct table *t, const void *key, bool *made);
bool table_remove(struct table *t, const void *key);
void table_clear(struct table *t);
/* table_next: walk in slot order, which depends on the seed: never let a result depend on it.
 * Start with *cursor = 0; false at the end. */
bool table_next(const struct table *t, size_t *cursor, const void **key, void **value);

#endif
