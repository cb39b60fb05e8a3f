/* Buckets of tags; behind a full one a chain through the flows themselves. */
#include "dataplane/flow_table.h"

#include "base/error.h"

#include <string.h>
#include <sys/mman.h>

#define TAGS 8

/* Tag 0: free. Flows are named by slot + 1, 0 none. */
struct flow_bucket {
    uint16_t tag[TAGS];
    uint32_t flow[TAGS];
    uint32_t more; /* the chain of those without a tag */
    uint32_t unused[3];
};
static_assert(sizeof(struct flow_bucket) == 64, "a line of the cache");

int flow_table_init(struct flow_table *t, const struct shard_pool *flows)
{
    uint64_t buckets = 1, wanted = (uint64_t)flows->pages * POOL_PAGE / TAGS;
    while (buckets < wanted)
        buckets *= 2;
    *t = (struct flow_table){.flows = flows, .mask = buckets - 1};
    t->buckets = pool_map(buckets * sizeof *t->buckets);
    return t->buckets ? 0 : ERR_NOMEM;
}

void flow_table_free(struct flow_table *t)
{
    if (t->buckets)
        munmap(t->buckets, flow_table_bytes(t));
    t->buckets = NULL;
}

size_t flow_table_bytes(const struct flow_table *t)
{
    return (t->mask + 1) * sizeof *t->buckets;
}

static struct flow_bucket *bucket_of(const struct flow_table *t, uint64_t hash)
{
    return &t->buckets[hash & t->mask];
}

static uint16_t tag_of(uint64_t hash)
{
    return (uint16_t)(hash >> 48 | 1);
}

static struct flow *flow_named(const struct flow_table *t, uint32_t name)
{
    return pool_of_slot(t->flows, name - 1);
}

/* with_tag: two bits for each place that has the tag. */
static unsigned with_tag(const struct flow_bucket *b, uint16_t tag)
{
    __m128i tags = _mm_load_si128((const __m128i *)(const void *)b->tag);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
}

static unsigned first_place(unsigned with)
{
    return (unsigned)__builtin_ctz(with) / 2;
}

struct flow *flow_table_find(const struct flow_table *t, const struct flow_key *key, uint64_t hash)
{
    const struct flow_bucket *b = bucket_of(t, hash);
    for (unsigned with = with_tag(b, tag_of(hash)); with; with &= with - 1, with &= with - 1) {
        struct flow *f = flow_named(t, b->flow[first_place(with)]);
        if (flow_key_is(f, key))
            return f;
    }
    for (uint32_t name = b->more; name;) {
        struct flow *f = flow_named(t, name);
        if (flow_key_is(f, key))
            return f;
        name = f->chain;
    }
    return NULL;
}

static void put(struct flow_bucket *b, unsigned place, const struct flow *f)
{
    b->tag[place] = tag_of(f->hash);
    b->flow[place] = f->slot + 1;
}

void flow_table_add(struct flow_table *t, struct flow *f)
{
    struct flow_bucket *b = bucket_of(t, f->hash);
    unsigned empty = with_tag(b, 0);
    if (empty) {
        put(b, first_place(empty), f);
        return;
    }
    f->chain = b->more;
    b->more = f->slot + 1;
}

void flow_table_remove(struct flow_table *t, struct flow *f)
{
    struct flow_bucket *b = bucket_of(t, f->hash);
    for (unsigned place = 0; place < TAGS; place++) {
        if (!b->tag[place] || b->flow[place] != f->slot + 1)
            continue;
        b->tag[place] = 0;
        if (b->more) {
            const struct flow *next = flow_named(t, b->more);
            put(b, place, next);
            b->more = next->chain;
        }
        return;
    }
    uint32_t *link = &b->more;
    while (*link != f->slot + 1)
        link = &flow_named(t, *link)->chain;
    *link = f->chain;
}

void flow_table_fetch(const struct flow_table *t, uint64_t hash)
{
    __builtin_prefetch(bucket_of(t, hash));
}

struct flow *flow_table_guess(const struct flow_table *t, uint64_t hash)
{
    const struct flow_bucket *b = bucket_of(t, hash);
    unsigned with = with_tag(b, tag_of(hash));
    return with ? flow_named(t, b->flow[first_place(with)]) : NULL;
}
