/* Owners: windows and incidents of the key shards of one worker, in one order.
 *
 * A deadline D lies behind everything at D - 1 and before everything at D, so what it causes has
 * the order (D - 1, UINT32_MAX, key shard, ordinal); coverage of an interval that ends at E
 * likewise (E, UINT32_MAX, 0x100 + asset, 0). What becomes due at one moment is fired by key shard,
 * then by place in the shard. Neither depends on which shards share an owner.
 */
#include "correlate/owner.h"

#include "base/error.h"
#include "base/timers.h"

#include <stdlib.h>
#include <string.h>

#define RING_REVISIONS   64
#define OUTBOX_REVISIONS 1024

static uint32_t places_of(const struct owner_config *c)
{
    return KEY_SHARDS * c->shard.incidents;
}

int owner_init(struct owner *o, const struct owner_config *config)
{
    memset(o, 0, sizeof *o);
    o->config = *config;
    o->coverage_to = INT64_MAX;
    watermark_publish(&o->mark, ORDER_MIN);
    o->timers = timers_create(places_of(config));
    o->due = calloc(places_of(config), sizeof *o->due);
    o->coverage = calloc(config->assets + 1, sizeof *o->coverage);
    o->coverage_touched = calloc(config->assets + 1, sizeof *o->coverage_touched);
    o->ring = ring_create(RING_REVISIONS, sizeof(struct revision));
    o->outbox = calloc(OUTBOX_REVISIONS, sizeof *o->outbox);
    if (!o->timers || !o->due || !o->coverage || !o->coverage_touched || !o->ring || !o->outbox)
        return ERR_NOMEM;
    for (unsigned shard = config->worker; shard < KEY_SHARDS; shard += config->workers) {
        o->shards[shard] = key_shard_create(&config->shard);
        if (!o->shards[shard])
            return ERR_NOMEM;
    }
    return 0;
}

void owner_free(struct owner *o)
{
    for (unsigned shard = 0; shard < KEY_SHARDS; shard++)
        key_shard_destroy(o->shards[shard]);
    timers_destroy(o->timers);
    free(o->due);
    free(o->coverage);
    free(o->coverage_touched);
    ring_destroy(o->ring);
    free(o->outbox);
}

size_t owner_bytes(const struct owner_config *c)
{
    size_t shards = (KEY_SHARDS - c->worker + c->workers - 1) / c->workers;
    return shards * key_shard_bytes(&c->shard) + places_of(c) * (size_t)32 +
           c->assets * sizeof(uint64_t[COVERAGE_COUNT]) +
           (RING_REVISIONS + OUTBOX_REVISIONS) * sizeof(struct revision);
}

bool owner_flush(struct owner *o)
{
    while (o->outbox_n && ring_push(o->ring, &o->outbox[o->outbox_first])) {
        o->outbox_first = (o->outbox_first + 1) % OUTBOX_REVISIONS;
        o->outbox_n--;
    }
    return o->outbox_n == 0;
}

bool owner_has_room(struct owner *o)
{
    return owner_flush(o) || o->outbox_n < OUTBOX_REVISIONS;
}

/* emit: the caller has seen that there is room. */
static void emit(struct owner *o, const struct revision *r)
{
    if (owner_flush(o) && ring_push(o->ring, r)) {
        o->counters.revisions++;
        return;
    }
    if (o->outbox_n == OUTBOX_REVISIONS) {
        o->counters.revisions_lost++;
        return;
    }
    o->outbox[(o->outbox_first + o->outbox_n++) % OUTBOX_REVISIONS] = *r;
    o->counters.revisions++;
}

static void revise(struct owner *o, struct incident *inc, enum revision_why why, struct order order)
{
    incident_revise(inc, why, order);
    emit(o, &inc->state);
}

static bool flush_coverage(struct owner *o)
{
    struct revision r;
    memset(&r, 0, sizeof r);
    r.kind = REVISION_COVERAGE;
    r.first_ns = o->coverage_to - o->config.coverage_interval_ns;
    r.last_ns = o->coverage_to;
    for (uint32_t asset = 0; asset < o->config.assets; asset++) {
        if (!o->coverage_touched[asset])
            continue;
        if (!owner_has_room(o))
            return false;
        r.order = (struct order){.t = o->coverage_to, .input = UINT32_MAX, .seq = 0x100 + asset};
        r.coverage_asset = (uint16_t)asset;
        memcpy(r.coverage, o->coverage[asset], sizeof r.coverage);
        emit(o, &r);
        memset(o->coverage[asset], 0, sizeof o->coverage[asset]);
        o->coverage_touched[asset] = false;
    }
    o->coverage_to = INT64_MAX;
    return true;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* fire_rest: what is left of the places that are due at one moment. */
static bool fire_rest(struct owner *o)
{
    uint32_t incidents = o->config.shard.incidents;
    for (; o->due_next < o->due_n; o->due_next++) {
        if (!owner_has_room(o))
            return false;
        uint32_t item = o->due[o->due_next], shard = item / incidents, place = item % incidents;
        struct incident *inc = key_shard_incident(o->shards[shard], place);
        struct order order = {
            .t = o->due_at - 1, .input = UINT32_MAX, .seq = shard, .index = place};
        if (inc->close_at <= o->due_at) {
            revise(o, inc, REVISION_CLOSED, order);
            key_shard_close(o->shards[shard], place);
        } else {
            revise(o, inc, REVISION_BOUNDARY, order);
            timers_set(o->timers, item, incident_deadline(inc));
        }
    }
    return true;
}

/* fire_places: all incidents that are due at `deadline`, which is the earliest. */
static bool fire_places(struct owner *o, int64_t deadline)
{
    uint32_t item;
    int64_t at;
    o->due_n = o->due_next = 0;
    o->due_at = deadline;
    while (timers_pop(o->timers, deadline, &item, &at))
        o->due[o->due_n++] = item;
    qsort(o->due, o->due_n, sizeof *o->due, ascending);
    return fire_rest(o);
}

bool owner_fire(struct owner *o, int64_t now)
{
    if (!fire_rest(o))
        return false;
    for (;;) {
        int64_t deadline = timers_next(o->timers);
        /* Coverage that ends at E is due at E + 1, behind incidents due at the same moment. */
        bool coverage_first = o->coverage_to < INT64_MAX && o->coverage_to + 1 < deadline;
        if (coverage_first ? o->coverage_to >= now : deadline > now)
            return true;
        if (coverage_first ? !flush_coverage(o) : !fire_places(o, deadline))
            return false;
    }
}

static void take_coverage(struct owner *o, const struct observation *obs)
{
    uint32_t asset = obs->object_first;
    if (asset >= o->config.assets)
        return;
    o->coverage_to = obs->order.t;
    o->coverage[asset][obs->coverage] += (uint64_t)obs->integer;
    o->coverage_touched[asset] = true;
}

void owner_take(struct owner *o, const struct exchange_item *item)
{
    if (item->route.definition == ROUTE_COVERAGE) {
        take_coverage(o, &item->obs);
        return;
    }
    unsigned shard = item->route.key_shard;
    bool opened;
    int place = key_shard_take(o->shards[shard], item, &o->counters, &opened);
    if (place < 0)
        return;
    struct incident *inc = key_shard_incident(o->shards[shard], (uint32_t)place);
    int why = opened ? REVISION_OPENED : incident_news(inc);
    if (why >= 0)
        revise(o, inc, (enum revision_why)why, item->obs.order);
    timers_set(o->timers, shard * o->config.shard.incidents + (uint32_t)place,
               incident_deadline(inc));
}

bool owner_end(struct owner *o)
{
    if (o->coverage_to < INT64_MAX && !flush_coverage(o))
        return false;
    for (; o->ended_shard < KEY_SHARDS; o->ended_shard++, o->ended_place = 0)
        for (; o->shards[o->ended_shard] && o->ended_place < o->config.shard.incidents;
             o->ended_place++) {
            uint32_t shard = o->ended_shard, place = o->ended_place;
            if (!key_shard_is_open(o->shards[shard], place))
                continue;
            if (!owner_has_room(o))
                return false;
            struct order order = {
                .t = INT64_MAX - 1, .input = UINT32_MAX, .seq = shard, .index = place};
            revise(o, key_shard_incident(o->shards[shard], place), REVISION_OPEN_AT_END, order);
        }
    return true;
}
