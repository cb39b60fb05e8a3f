/* Two tables under SHA-256 of id and revision; replaced by larger ones as they fill. */
#include "ledger/seen.h"

#include "base/error.h"

#include <string.h>

#define FIRST_ROOM 1024

struct latest {
    uint32_t revision;
    uint8_t leaf[SHA256_BYTES];
};

static void make_key(uint8_t key[SHA256_BYTES], const char *id, uint32_t revision)
{
    const uint8_t number[4] = {(uint8_t)(revision >> 24), (uint8_t)(revision >> 16),
                               (uint8_t)(revision >> 8), (uint8_t)revision};
    sha256_pieces(key, (struct piece[]){{number, sizeof number}, {id, strlen(id)}}, 2);
}

int seen_init(struct seen *s)
{
    *s = (struct seen){0};
    int error = random_bytes(&s->seed, sizeof s->seed);
    if (error)
        return error;
    s->entries = table_create(FIRST_ROOM, SHA256_BYTES, SHA256_BYTES, s->seed);
    s->latest = table_create(FIRST_ROOM, SHA256_BYTES, sizeof(struct latest), s->seed);
    return s->entries && s->latest ? 0 : ERR_NOMEM;
}

const uint8_t *seen_draft(const struct seen *s, const char *id, uint32_t revision)
{
    uint8_t key[SHA256_BYTES];
    make_key(key, id, revision);
    return table_find(s->entries, key);
}

const uint8_t *seen_before(const struct seen *s, const char *id, uint32_t revision)
{
    uint8_t key[SHA256_BYTES];
    make_key(key, id, 0);
    const uint8_t *value = table_find(s->latest, key);
    struct latest latest;
    if (!value)
        return NULL;
    memcpy(&latest, value, sizeof latest);
    return latest.revision < revision ? value + offsetof(struct latest, leaf) : NULL;
}

/* put: the value of a key; a full table gives way to one of twice the room. */
static void *put(struct table **table, const void *key, size_t value_len, uint64_t seed)
{
    bool made;
    void *value = table_add(*table, key, &made);
    if (value)
        return value;
    struct table *larger = table_create(2 * table_count(*table), SHA256_BYTES, value_len, seed);
    if (!larger)
        return NULL;
    size_t cursor = 0;
    const void *old_key;
    void *old_value;
    while (table_next(*table, &cursor, &old_key, &old_value))
        memcpy(table_add(larger, old_key, &made), old_value, value_len);
    table_destroy(*table);
    *table = larger;
    return table_add(larger, key, &made);
}

int seen_add(struct seen *s, const char *id, uint32_t revision, const uint8_t draft[SHA256_BYTES],
             const uint8_t leaf[SHA256_BYTES])
{
    uint8_t key[SHA256_BYTES];
    make_key(key, id, revision);
    uint8_t *value = put(&s->entries, key, SHA256_BYTES, s->seed);
    if (!value)
        return ERR_NOMEM;
    memcpy(value, draft, SHA256_BYTES);
    make_key(key, id, 0);
    value = put(&s->latest, key, sizeof(struct latest), s->seed);
    if (!value)
        return ERR_NOMEM;
    struct latest latest;
    memcpy(&latest, value, sizeof latest);
    if (revision > latest.revision) {
        latest.revision = revision;
        memcpy(latest.leaf, leaf, SHA256_BYTES);
        memcpy(value, &latest, sizeof latest);
    }
    return 0;
}

void seen_free(struct seen *s)
{
    table_destroy(s->entries);
    table_destroy(s->latest);
    *s = (struct seen){0};
}
