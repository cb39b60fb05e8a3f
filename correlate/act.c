/* A ring of acts in the order in which they became known, those of one identity chained from the
 * latest back. An observation is of the earliest act of its identity that its point has not told
 * of, as far as begins are near, and among the last CHAIN_MAX acts. */
#include "correlate/act.h"

#include "base/error.h"
#include "base/time_point.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 64
/* How long after its first observation an act may still be told of: the longest wait for an answer,
 * and what the clocks are apart. */
#define WAIT_NS   (60 * NS_PER_S + ACT_APART_NS)

struct identity {
    uint8_t hash[16];
};

struct act {
    struct identity identity;
    uint64_t earlier; /* number of the act of the same identity before, 0 none */
    int64_t began_ns, known_ns;
    uint64_t time_error_ns;
    uint16_t points[2]; /* bit per point, see struct act_seen */
};

int acts_init(struct acts *a, uint32_t cap, uint64_t hash_seed)
{
    *a = (struct acts){.cap = cap, .hash_seed = hash_seed};
    a->ring = calloc(cap, sizeof *a->ring);
    a->latest = table_create(cap, sizeof(struct identity), sizeof(uint64_t), hash_seed);
    return a->ring && a->latest ? 0 : ERR_NOMEM;
}

void acts_free(struct acts *a)
{
    if (a->latest)
        table_destroy(a->latest);
    free(a->ring);
    *a = (struct acts){0};
}

size_t acts_bytes(uint32_t cap)
{
    return cap * (sizeof(struct act) + 2 * (sizeof(struct identity) + sizeof(uint64_t)));
}

/* identity_of: what packets decide, within one rule of one correlation. */
static struct identity identity_of(const struct acts *a, const struct exchange_item *item)
{
    const struct observation *o = &item->obs;
    struct {
        struct address source, target;
        uint8_t name[2][16], value[16];
        int64_t integer;
        uint32_t rule_gid, rule_sid, rule_rev, object_first, object_count;
        uint16_t source_port, target_port, tenant, unit, transaction;
        uint8_t definition, rule, kind, protocol, operation, transport, function;
        uint8_t zero[3];
    } all = {
        .source = o->source,
        .target = o->target,
        .integer = o->integer,
        .rule_gid = o->rule_gid,
        .rule_sid = o->rule_sid,
        .rule_rev = o->rule_rev,
        .object_first = o->object_first,
        .object_count = o->object_count,
        .source_port = o->source_port,
        .target_port = o->target_port,
        .tenant = o->tenant,
        .unit = o->unit,
        .transaction = o->transaction,
        .definition = item->route.definition,
        .rule = item->route.rule,
        .kind = o->kind,
        .protocol = o->protocol,
        .operation = o->operation,
        .transport = o->transport,
        .function = o->function,
    };
    static_assert(sizeof all == 2 * 16 + 3 * 16 + 8 + 5 * 4 + 5 * 2 + 7 + 3, "hashed as bytes");
    memcpy(all.name, o->name, sizeof all.name);
    memcpy(all.value, o->value, sizeof all.value);
    struct identity out;
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(&all, sizeof all, a->hash_seed));
    memcpy(out.hash, canonical.digest, sizeof out.hash);
    return out;
}

static struct act *act_at(const struct acts *a, uint64_t number)
{
    bool there = number && number + a->cap > a->made;
    return there ? &a->ring[number % a->cap] : NULL;
}

static bool near(const struct act *act, const struct observation *o)
{
    uint64_t apart = o->began_ns > act->began_ns ? (uint64_t)(o->began_ns - act->began_ns)
                                                 : (uint64_t)(act->began_ns - o->began_ns);
    uint64_t limit = ACT_APART_NS, errors[2] = {o->time_error_ns, act->time_error_ns};
    for (unsigned i = 0; i < 2; i++)
        if (errors[i] < WAIT_NS) /* of a clock that is further off, or nobody knows how far */
            limit += errors[i];
    return apart <= limit;
}

/* find: the act that the observation is of; NULL: its own. */
static struct act *find(const struct acts *a, uint64_t latest, const struct observation *o)
{
    struct act *found = NULL, *act = act_at(a, latest);
    for (unsigned i = 0; act && i < CHAIN_MAX; i++, act = act_at(a, act->earlier))
        if (near(act, o) && !(act->points[0] & 1u << o->point))
            found = act;
    return found;
}

/* make: a fresh act, in the place of the oldest. */
static struct act *make(struct acts *a, const struct identity *identity,
                        const struct observation *o, uint64_t *forgotten)
{
    struct act *act = &a->ring[++a->made % a->cap];
    uint64_t *latest;
    bool made;
    if (a->made > a->cap) {
        *forgotten += act->known_ns > o->order.t - WAIT_NS;
        latest = table_find(a->latest, &act->identity);
        if (latest && *latest + a->cap == a->made)
            table_remove(a->latest, &act->identity);
    }
    latest = table_add(a->latest, identity, &made); /* as many as acts at most */
    *act = (struct act){.identity = *identity,
                        .earlier = *latest,
                        .began_ns = o->began_ns,
                        .known_ns = o->order.t,
                        .time_error_ns = o->time_error_ns};
    *latest = a->made;
    return act;
}

struct act_seen acts_take(struct acts *a, const struct exchange_item *item, uint64_t *forgotten)
{
    const struct observation *o = &item->obs;
    struct identity identity = identity_of(a, item);
    const uint64_t *latest = table_find(a->latest, &identity);
    struct act *act = latest ? find(a, *latest, o) : NULL;
    struct act_seen out = {.again = act != NULL};
    if (!act)
        act = make(a, &identity, o, forgotten);
    act->points[0] |= (uint16_t)(1u << o->point);
    if (o->contact >= CONTACT_TWO_WAY)
        act->points[1] |= (uint16_t)(1u << o->point);
    for (unsigned view = 0; view < 2; view++)
        out.points[view] = (uint8_t)__builtin_popcount(act->points[view]);
    return out;
}
