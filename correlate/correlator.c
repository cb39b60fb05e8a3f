/* The correlator's door: workers push and take turns as owners, the judge's thread takes revisions.
 */
#include "correlate/correlator.h"

#include "base/error.h"
#include "correlate/owner.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Per key shard; the product with KEY_SHARDS is address space, touched as it is used. */
#define DEFAULT_WINDOWS    1024
#define SAMPLES_PER_WINDOW 2
#define WINDOWS_PER_PLACE  16
#define TARGETS_PER_WINDOW 16
#define DEFAULT_RING_SLOTS 1024
#define SPINS_BEFORE_YIELD 64

enum owner_stage { OWNER_RUNNING, OWNER_ENDED, OWNER_DONE };

/* What one worker's thread writes. */
struct worker {
    struct owner owner;
    struct order pushed; /* its own mark */
    uint64_t observations, routed, push_waits;
    enum owner_stage stage;
};

struct correlator {
    struct correlator_config config;
    struct exchange *exchange;
    struct worker *workers;
    struct merge_input *revisions; /* one input an owner, for the judge */
    size_t bytes;
};

static struct owner_config owner_config_of(const struct correlator_config *c, unsigned worker,
                                           uint64_t seed)
{
    uint32_t windows = c->keys_per_shard ? (uint32_t)c->keys_per_shard : DEFAULT_WINDOWS;
    uint32_t targets = windows * TARGETS_PER_WINDOW;
    return (struct owner_config){
        .worker = worker,
        .workers = c->workers,
        .shard = {.definitions = c->definitions,
                  .limits = {.quiet_ns = c->incident_quiet_ns,
                             .update_ns = c->update_interval_ns,
                             .targets_max = targets / 2},
                  .windows = windows,
                  .samples = windows * SAMPLES_PER_WINDOW,
                  .incidents = windows < WINDOWS_PER_PLACE ? 1 : windows / WINDOWS_PER_PLACE,
                  .targets = targets,
                  .hash_seed = seed},
        .assets = c->hosts ? c->hosts->asset_count : 0,
        .coverage_interval_ns = c->coverage_interval_ns,
    };
}

int correlator_create(struct correlator **out, const struct correlator_config *config,
                      struct diags *diags)
{
    *out = NULL;
    if (config->workers < 1 || config->workers > CORRELATOR_WORKERS_MAX)
        return diag_error(diags, ERR_RANGE, diag_file(NULL), NULL, "1 to %d workers",
                          CORRELATOR_WORKERS_MAX);
    struct correlator *c = calloc(1, sizeof *c);
    uint64_t seed;
    if (!c || random_bytes(&seed, sizeof seed))
        goto out_of_memory;
    c->config = *config;
    c->exchange = exchange_create(config->workers,
                                  config->ring_slots ? config->ring_slots : DEFAULT_RING_SLOTS);
    c->workers = aligned_alloc(64, config->workers * sizeof *c->workers);
    c->revisions = calloc(config->workers, sizeof *c->revisions);
    if (!c->exchange || !c->workers || !c->revisions)
        goto out_of_memory;
    memset(c->workers, 0, config->workers * sizeof *c->workers);
    c->bytes = sizeof *c + exchange_bytes(c->exchange);
    for (unsigned w = 0; w < config->workers; w++) {
        struct owner_config owner = owner_config_of(config, w, seed);
        if (owner_init(&c->workers[w].owner, &owner))
            goto out_of_memory;
        c->workers[w].pushed = ORDER_MIN;
        c->revisions[w] = (struct merge_input){c->workers[w].owner.ring, &c->workers[w].owner.mark};
        c->bytes += owner_bytes(&owner);
    }
    *out = c;
    return 0;
out_of_memory:
    correlator_destroy(c);
    return diag_error(diags, ERR_NOMEM, diag_file(NULL), "fewer keys or workers need less memory",
                      "no memory for correlation");
}

void correlator_destroy(struct correlator *c)
{
    if (!c)
        return;
    for (unsigned w = 0; c->workers && w < c->config.workers; w++)
        owner_free(&c->workers[w].owner);
    exchange_destroy(c->exchange);
    free(c->workers);
    free(c->revisions);
    free(c);
}

size_t correlator_bytes(const struct correlator *c)
{
    return c->bytes;
}

/* turn: take what may be taken. Never pushes to an exchange ring. */
static size_t turn(struct correlator *c, unsigned worker)
{
    struct owner *o = &c->workers[worker].owner;
    size_t n = 0;
    struct merge_result next;
    for (;;) {
        next = exchange_next(c->exchange, worker);
        if (!next.head)
            break;
        const struct exchange_item *item = next.head;
        if (!owner_fire(o, item->obs.order.t) || !owner_has_room(o))
            return n; /* the judge is behind; it has revisions of this owner to take */
        owner_take(o, next.head);
        exchange_take(c->exchange, worker, next.producer);
        n++;
    }
    owner_flush(o);
    if (next.safe.t == INT64_MAX) {
        if (c->workers[worker].stage == OWNER_RUNNING) {
            /* What the end of input leaves behind comes one after the last event, for every owner.
             */
            if (!owner_fire(o, exchange_event_end(c->exchange) + 1) || !owner_end(o))
                return n;
            c->workers[worker].stage = OWNER_ENDED;
        }
        if (owner_flush(o) && c->workers[worker].stage == OWNER_ENDED) {
            watermark_publish(&o->mark, ORDER_MAX);
            c->workers[worker].stage = OWNER_DONE;
        }
        return n;
    }
    if (owner_fire(o, next.safe.t) && owner_flush(o))
        watermark_publish(&o->mark, next.safe);
    return n;
}

/* The greatest order below this one. */
static struct order predecessor(struct order x)
{
    if (x.index-- == 0 && x.seq-- == 0 && x.input-- == 0)
        x.t--;
    return x;
}

static void push(struct correlator *c, unsigned worker, const struct exchange_item *item)
{
    unsigned to = item->route.key_shard % c->config.workers;
    unsigned spins = 0;
    c->workers[worker].routed++;
    while (!exchange_push(c->exchange, worker, to, item)) {
        if (spins++ == 0) {
            c->workers[worker].push_waits++;
            exchange_publish(c->exchange, worker, predecessor(item->obs.order));
        }
        if (turn(c, worker) == 0 && spins > SPINS_BEFORE_YIELD) {
            if (c->config.before_wait)
                c->config.before_wait(c->config.ctx, worker);
            else
                sched_yield();
        }
    }
}

void correlator_push(struct correlator *c, unsigned worker, const struct observation *obs)
{
    struct exchange_item item = {.obs = *obs};
    c->workers[worker].observations++;
    item.obs.order.index = obs->order.index << 8;
    if (obs->kind == KIND_COVERAGE) {
        item.route.definition = ROUTE_COVERAGE;
        item.route.key_shard = (uint8_t)obs->object_first;
        item.obs.order.index |= ROUTE_COVERAGE;
        push(c, worker, &item);
        return;
    }
    host_lookup_of(c->config.hosts, &obs->source, &obs->target, &item.route.facts);
    unsigned n = definitions_count(c->config.definitions);
    for (unsigned number = 0; number < n; number++) {
        if (!definition_select(c->config.definitions, number, obs, &item.route.facts,
                               &item.route.key))
            continue;
        item.route.definition = (uint8_t)number;
        item.route.key_shard = key_shard_of(&item.route.key);
        item.obs.order.index = obs->order.index << 8 | number;
        push(c, worker, &item);
    }
}

void correlator_watermark(struct correlator *c, unsigned worker, struct order mark)
{
    /* The caller counts places within a packet; here each has 256 places of its own. */
    if (mark.index != UINT32_MAX)
        mark.index = mark.index << 8 | 255;
    if (mark.t != INT64_MAX)
        exchange_reached(c->exchange, worker, mark.t);
    exchange_publish(c->exchange, worker, mark);
}

size_t correlator_turn(struct correlator *c, unsigned worker)
{
    return turn(c, worker);
}

bool correlator_done(const struct correlator *c, unsigned worker)
{
    return c->workers[worker].stage == OWNER_DONE;
}

int correlator_next(struct correlator *c, struct revision *out)
{
    struct merge_result next =
        ordered_merge(c->revisions, c->config.workers, offsetof(struct revision, order));
    if (next.head) {
        memcpy(out, next.head, sizeof *out);
        ring_drop(c->revisions[next.producer].ring);
        return 1;
    }
    return next.safe.t == INT64_MAX ? ERR_CLOSED : 0;
}

struct correlator_counters correlator_counters(const struct correlator *c)
{
    struct correlator_counters sum = {0};
    for (unsigned w = 0; w < c->config.workers; w++) {
        const struct correlator_counters *part = &c->workers[w].owner.counters;
#define X(name, unit, text) sum.name += part->name;
        CORRELATOR_COUNTERS(X)
#undef X
        sum.observations += c->workers[w].observations;
        sum.routed += c->workers[w].routed;
        sum.push_waits += c->workers[w].push_waits;
    }
    return sum;
}
