/* Buckets of tags; behind a full one a chain through the flows themselves. */
#include "dataplane/flow_table.h"

#include "base/error.h"

#include <string.h>
#include <sys/mman.h>

int flow_table_init(struct flow_table *t, const struct shard_pool *flows)
{
    uint64_t buckets = 1, wanted = (uint64_t)flows->pages * flows->page_items / FLOW_BUCKET;
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

struct flow *flow_table_find(const struct flow_table *t, const struct flow_key *key, uint64_t hash)
{
    const struct flow_bucket *b = flow_bucket_of(t, hash);
    for (unsigned with = flow_bucket_with(b, flow_tag_of(hash)); with;
         with &= with - 1, with &= with - 1) {
        struct flow *f = flow_named(t, b->flow[flow_first_place(with)]);
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
    b->tag[place] = flow_tag_of(f->hash);
    b->flow[place] = f->slot + 1;
}

void flow_table_add(struct flow_table *t, struct flow *f)
{
    struct flow_bucket *b = flow_bucket_of(t, f->hash);
    unsigned empty = flow_bucket_with(b, 0);
    if (empty) {
        put(b, flow_first_place(empty), f);
        return;
    }
    f->chain = b->more;
    b->more = f->slot + 1;
}

void flow_table_remove(struct flow_table *t, struct flow *f)
{
    struct flow_bucket *b = flow_bucket_of(t, f->hash);
    for (unsigned place = 0; place < FLOW_BUCKET; place++) {
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
