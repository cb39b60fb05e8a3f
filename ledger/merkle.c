/* RFC 6962 hashes and the growing tree. */
#include "ledger/merkle.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

void merkle_leaf(uint8_t out[SHA256_BYTES], const void *data, size_t len)
{
    const uint8_t mark = 0;
    sha256_pieces(out, (struct piece[]){{&mark, 1}, {data, len}}, 2);
}

void merkle_node(uint8_t out[SHA256_BYTES], const uint8_t left[SHA256_BYTES],
                 const uint8_t right[SHA256_BYTES])
{
    const uint8_t mark = 1;
    sha256_pieces(out, (struct piece[]){{&mark, 1}, {left, SHA256_BYTES}, {right, SHA256_BYTES}},
                  3);
}

static int make_room(struct merkle_level *level)
{
    if (level->n < level->cap)
        return 0;
    uint64_t cap = level->cap ? level->cap * 2 : 16;
    void *hash = realloc(level->hash, cap * SHA256_BYTES);
    if (!hash)
        return ERR_NOMEM;
    level->hash = hash;
    level->cap = cap;
    return 0;
}

int merkle_append(struct merkle *m, const uint8_t leaf[SHA256_BYTES])
{
    /* Room first on every level that gets a hash, so that a failure changes nothing. */
    uint64_t after = m->levels[0].n + 1;
    for (unsigned k = 0; k < MERKLE_LEVELS && after % (1ull << k) == 0; k++)
        if (make_room(&m->levels[k]))
            return ERR_NOMEM;
    memcpy(m->levels[0].hash[m->levels[0].n++], leaf, SHA256_BYTES);
    for (unsigned k = 0; k + 1 < MERKLE_LEVELS && m->levels[k].n % 2 == 0; k++) {
        const struct merkle_level *below = &m->levels[k];
        struct merkle_level *above = &m->levels[k + 1];
        merkle_node(above->hash[above->n++], below->hash[below->n - 2], below->hash[below->n - 1]);
    }
    return 0;
}

uint64_t merkle_size(const struct merkle *m)
{
    return m->levels[0].n;
}

void merkle_root(const struct merkle *m, uint8_t out[SHA256_BYTES])
{
    merkle_root_at(m, merkle_size(m), out);
}

void merkle_root_at(const struct merkle *m, uint64_t size, uint8_t out[SHA256_BYTES])
{
    /* Each set bit of the size is one complete subtree; the smaller ones stand further right. What
     * is complete stays as it is while the tree grows. */
    bool any = false;
    if (size == 0) {
        sha256(out, "", 0);
        return;
    }
    for (unsigned k = 0; k < MERKLE_LEVELS; k++) {
        if (!(size >> k & 1))
            continue;
        const uint8_t *left = m->levels[k].hash[(size >> k) - 1];
        if (any)
            merkle_node(out, left, out);
        else
            memcpy(out, left, SHA256_BYTES);
        any = true;
    }
}

const uint8_t *merkle_subtree(const struct merkle *m, unsigned height, uint64_t index)
{
    return m->levels[height].hash[index];
}

void merkle_free(struct merkle *m)
{
    for (unsigned k = 0; k < MERKLE_LEVELS; k++)
        free(m->levels[k].hash);
    *m = (struct merkle){0};
}
