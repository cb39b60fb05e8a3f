/* An arena of linked blocks; a piece larger than a block gets a block of its own. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 16384

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};

static size_t round_up(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = round_up(size ? size : 1);
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        b = calloc(1, sizeof *b + room);
        if (!b)
            return NULL;
        b->size = room;
        b->next = a->blocks;
        a->blocks = b;
        a->bytes += sizeof *b + room;
    }
    void *p = b->data + b->used;
    b->used += size;
    return p;
}

void *arena_memdup(struct arena *a, const void *data, size_t len)
{
    void *p = arena_alloc(a, len);
    if (p && len)
        memcpy(p, data, len);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *p = arena_alloc(a, len + 1);
    if (p)
        memcpy(p, s, len);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

void arena_free(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->bytes = 0;
}
