/* Owners: windows and incidents of the key shards of one worker and level, in one order.
 *
 * A deadline D lies behind everything at D - 1 and before everything at D, so what it causes has
 * the order (D - 1, ORDER_LAST, who, ordinal): incidents by level and key shard, then coverage by
 * asset, then what the switch to another policy at D closes. Incidents that become due at one
 * moment are fired by key shard, then by place in the shard. None of it depends on which shards
 * share an owner.
 *
 * At the switch, correlations are carried over by name and digest if the accord stays the same;
 * incidents of the others close as superseded and their windows are given up.
 */
#include "correlate/owner.h"

#include "base/error.h"
#include "base/sort.h"
#include "base/timers.h"

#include <stdlib.h>
#include <string.h>

#define RING_REVISIONS   64
#define OUTBOX_REVISIONS 1024
#define UP_ITEMS         256

/* `seq` of what an owner derives at one moment. */
#define SEQ_INCIDENT(level, shard)   ((uint64_t)(level) << 8 | (shard))
#define SEQ_COVERAGE(asset)          (UINT64_C(0x10000) + (asset))
#define SEQ_SUPERSEDED(level, shard) (UINT64_C(0x40000) | SEQ_INCIDENT(level, shard))
#define SEQ_POLICY                   UINT64_C(0x80000)

static struct order derived_order(int64_t deadline, uint64_t seq, uint64_t ordinal)
{
    return (struct order){
        .t = deadline - 1, .input = ORDER_LAST, .seq = seq & ORDER_SEQ_MAX, .index = ordinal};
}

static uint32_t places_of(const struct owner_config *c)
{
    return KEY_SHARDS * c->shard.incidents;
}

int owner_init(struct owner *o, const struct owner_config *config)
{
    memset(o, 0, sizeof *o);
    o->config = *config;
    o->coverage_due = INT64_MAX;
    watermark_publish(&o->mark, ORDER_MIN);
    o->timers = timers_create(places_of(config));
    o->due = calloc(places_of(config), sizeof *o->due);
    o->coverage = calloc(config->assets + 1, sizeof *o->coverage);
    o->coverage_touched = calloc(config->assets + 1, sizeof *o->coverage_touched);
    o->ring = ring_create(RING_REVISIONS, sizeof(struct revision));
    o->outbox = calloc(OUTBOX_REVISIONS, sizeof *o->outbox);
    if (!config->top)
        o->up = calloc(UP_ITEMS, sizeof *o->up);
    if (!config->top && !o->up)
        return ERR_NOMEM;
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
    free(o->up);
}

size_t owner_bytes(const struct owner_config *c)
{
    size_t shards = (KEY_SHARDS - c->worker + c->workers - 1) / c->workers;
    return shards * key_shard_bytes(&c->shard) + places_of(c) * (size_t)36 +
           c->assets * sizeof(uint64_t[COVERAGE_COUNT]) +
           (RING_REVISIONS + OUTBOX_REVISIONS) * sizeof(struct revision) +
           (c->top ? 0 : UP_ITEMS * sizeof(struct exchange_item));
}

bool owner_flush(struct owner *o)
{
    while (o->outbox_n && ring_push(o->ring, &o->outbox[o->outbox_first])) {
        o->outbox_first = (o->outbox_first + 1) % OUTBOX_REVISIONS;
        o->outbox_n--;
    }
    return o->outbox_n == 0;
}

static bool has_room_for_revision(struct owner *o)
{
    return owner_flush(o) || o->outbox_n < OUTBOX_REVISIONS;
}

bool owner_has_room(struct owner *o)
{
    return has_room_for_revision(o) &&
           (o->config.top || o->up_n + DEFINITION_FEEDS_MAX <= UP_ITEMS);
}

const struct exchange_item *owner_up(const struct owner *o)
{
    return o->up_n ? &o->up[o->up_first] : NULL;
}

void owner_up_drop(struct owner *o)
{
    o->up_first = (o->up_first + 1) % UP_ITEMS;
    o->up_n--;
}

static struct exchange_item *up_push(struct owner *o, const struct exchange_item *item)
{
    struct exchange_item *place = &o->up[(o->up_first + o->up_n++) % UP_ITEMS];
    *place = *item;
    return place;
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
    inc->state.generation = (uint8_t)o->generation;
    inc->state.incident =
        (struct incident_ref){(uint8_t)o->config.level, key_shard_of(&inc->state.key), inc->number};
    incident_revise(inc, why, order);
    emit(o, &inc->state);
}

static bool flush_coverage(struct owner *o)
{
    struct revision r;
    memset(&r, 0, sizeof r);
    r.kind = REVISION_COVERAGE;
    r.generation = (uint8_t)o->generation;
    r.first_ns = o->coverage_from;
    r.last_ns = o->coverage_to;
    for (uint32_t asset = 0; asset < o->config.assets; asset++) {
        if (!o->coverage_touched[asset])
            continue;
        if (!has_room_for_revision(o))
            return false;
        r.order = derived_order(o->coverage_due, SEQ_COVERAGE(asset), 0);
        r.coverage_asset = (uint16_t)asset;
        memcpy(r.coverage, o->coverage[asset], sizeof r.coverage);
        emit(o, &r);
        memset(o->coverage[asset], 0, sizeof o->coverage[asset]);
        o->coverage_touched[asset] = false;
    }
    o->coverage_due = INT64_MAX;
    return true;
}

/* fire_rest: what is left of the places that are due at one moment. */
static bool fire_rest(struct owner *o)
{
    uint32_t incidents = o->config.shard.incidents;
    for (; o->due_next < o->due_n; o->due_next++) {
        if (!has_room_for_revision(o))
            return false;
        uint32_t item = (uint32_t)o->due[o->due_next], shard = item / incidents,
                 place = item % incidents;
        struct incident *inc = key_shard_incident(o->shards[shard], place);
        struct order order = derived_order(o->due_at, SEQ_INCIDENT(o->config.level, shard), place);
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
    sort_u64(o->due, o->due_n);
    return fire_rest(o);
}

/* begin_switch: which correlations are carried over. */
static void begin_switch(struct owner *o)
{
    const struct correlator_policy *from = &o->config.policies[o->generation], *to = from + 1;
    o->change.under_way = true;
    o->change.shard = o->change.place = 0;
    for (unsigned i = 0; i < definitions_count(from->definitions); i++) {
        uint8_t was[SHA256_BYTES], is[SHA256_BYTES];
        int number = definition_find(to->definitions, definition_name(from->definitions, i));
        o->change.carried[i] = -1;
        if (!to->same_accord || number < 0)
            continue;
        definition_digest(from->definitions, i, was);
        definition_digest(to->definitions, (unsigned)number, is);
        bool same = memcmp(was, is, sizeof was) == 0 &&
                    definition_level(to->definitions, (unsigned)number) == o->config.level;
        o->change.carried[i] = (int16_t)(same ? number : -1);
    }
}

/* supersede: close the open incidents of a shard that are not carried over. */
static bool supersede(struct owner *o, int64_t at)
{
    uint32_t incidents = o->config.shard.incidents, shard = o->change.shard;
    for (; o->change.place < incidents; o->change.place++) {
        uint32_t place = o->change.place;
        if (!key_shard_is_open(o->shards[shard], place))
            continue;
        struct incident *inc = key_shard_incident(o->shards[shard], place);
        if (o->change.carried[inc->state.definition] >= 0)
            continue;
        if (!has_room_for_revision(o))
            return false;
        revise(o, inc, REVISION_SUPERSEDED,
               derived_order(at, SEQ_SUPERSEDED(o->config.level, shard), place));
        key_shard_close(o->shards[shard], place);
        timers_clear(o->timers, shard * incidents + place);
    }
    return true;
}

/* switch_policy: the next policy is in force from `at` on. */
static bool switch_policy(struct owner *o, int64_t at)
{
    const struct correlator_policy *to = &o->config.policies[o->generation + 1];
    struct incident_limits limits = o->config.shard.limits;
    limits.quiet_ns = to->incident_quiet_ns;
    limits.update_ns = to->update_interval_ns;
    if (!o->change.under_way)
        begin_switch(o);
    for (; o->change.shard < KEY_SHARDS; o->change.shard++, o->change.place = 0)
        if (o->shards[o->change.shard] && !supersede(o, at))
            return false;
    if (!has_room_for_revision(o))
        return false;
    for (unsigned shard = 0; shard < KEY_SHARDS; shard++)
        if (o->shards[shard])
            key_shard_switch(o->shards[shard], to->definitions, &limits, o->change.carried);
    o->generation++;
    o->change.under_way = false;
    if (o->shards[0] && o->config.level == 0) { /* one owner says so for all */
        struct revision r;
        memset(&r, 0, sizeof r);
        r.kind = REVISION_POLICY;
        r.generation = (uint8_t)o->generation;
        r.first_ns = r.last_ns = at;
        r.order = derived_order(at, SEQ_POLICY, 0);
        emit(o, &r);
    }
    return true;
}

bool owner_fire(struct owner *o, int64_t now)
{
    if (!fire_rest(o))
        return false;
    for (;;) {
        /* Of what is due at one moment, incidents come first, then coverage, then the switch. */
        int64_t incidents = timers_next(o->timers), coverage = o->coverage_due,
                change = o->generation + 1 < o->config.n_policies
                             ? o->config.policies[o->generation + 1].from_ns
                             : INT64_MAX;
        int64_t deadline = incidents < coverage ? incidents : coverage;
        deadline = deadline < change ? deadline : change;
        if (deadline > now || deadline == INT64_MAX)
            return true;
        if (incidents == deadline  ? !fire_places(o, deadline)
            : coverage == deadline ? !flush_coverage(o)
                                   : !switch_policy(o, deadline))
            return false;
    }
}

static void take_coverage(struct owner *o, const struct observation *obs)
{
    uint32_t asset = obs->object_first;
    if (asset >= o->config.assets)
        return;
    o->coverage_due = obs->order.t + 1;
    o->coverage_from = obs->interval_ns[0];
    o->coverage_to = obs->interval_ns[1];
    o->coverage[asset][obs->coverage] += (uint64_t)obs->integer;
    o->coverage_touched[asset] = true;
}

/* feed: an incident opened; the correlations over it take that as an observation of its key: the
 * one that opened it, as it was. Nothing of the others is mixed in, so that what was seen without
 * contact gives neither outcome nor time to what was seen with it. */
static void feed(struct owner *o, const struct incident *inc, const struct exchange_item *item)
{
    const struct definitions *definitions = o->config.policies[o->generation].definitions;
    struct definition_fed fed;
    for (unsigned i = 0;
         definition_feed(definitions, inc->state.definition, i, &inc->state.key, &fed); i++) {
        struct exchange_item *up = up_push(o, item);
        up->obs.order.index = route_derived(item->obs.order.index, o->config.level, i);
        up->route.definition = (uint8_t)fed.number;
        up->route.rule = (uint8_t)fed.rule;
        up->route.key = fed.key;
        up->route.key_shard = key_shard_of(&fed.key);
        o->counters.derived++;
    }
}

void owner_take(struct owner *o, const struct exchange_item *item)
{
    const struct definitions *definitions = o->config.policies[o->generation].definitions;
    if (item->route.definition == ROUTE_COVERAGE) {
        take_coverage(o, &item->obs);
        return;
    }
    if (definition_level(definitions, item->route.definition) > o->config.level) {
        up_push(o, item);
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
    if (opened && !o->config.top)
        feed(o, inc, item);
    timers_set(o->timers, shard * o->config.shard.incidents + (uint32_t)place,
               incident_deadline(inc));
}

bool owner_end(struct owner *o)
{
    if (o->coverage_due < INT64_MAX && !flush_coverage(o))
        return false;
    for (; o->ended_shard < KEY_SHARDS; o->ended_shard++, o->ended_place = 0)
        for (; o->shards[o->ended_shard] && o->ended_place < o->config.shard.incidents;
             o->ended_place++) {
            uint32_t shard = o->ended_shard, place = o->ended_place;
            if (!key_shard_is_open(o->shards[shard], place))
                continue;
            if (!has_room_for_revision(o))
                return false;
            revise(o, key_shard_incident(o->shards[shard], place), REVISION_OPEN_AT_END,
                   derived_order(INT64_MAX, SEQ_INCIDENT(o->config.level, shard), place));
        }
    return true;
}
