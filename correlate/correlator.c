/* The correlator's door: workers push and take turns as owners, the judge's thread takes revisions.
 */
#include "correlate/correlator.h"

#include "base/error.h"
#include "correlate/owner.h"

#include <sched.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Per key shard; the product with KEY_SHARDS is address space, touched as it is used. */
#define DEFAULT_WINDOWS    1024
#define SAMPLES_PER_WINDOW 2
#define WINDOWS_PER_PLACE  16
#define TARGETS_PER_WINDOW 16
#define DEFAULT_RING_SLOTS 1024
#define DEFAULT_ACTS       4096 /* of a key shard, where several points tell of them */
#define SPINS_BEFORE_YIELD 64

enum owner_stage { OWNER_RUNNING, OWNER_ENDED, OWNER_DONE };

/* One worker as owner at one level. */
struct seat {
    struct owner owner;
    enum owner_stage stage;
};

/* Correlations of one level: detections only at level 0, at the others what level 0 hands on and
 * what incidents of the levels below became. */
struct level {
    struct exchange *exchange;
    struct seat *seats; /* by worker */
};

/* What one worker's thread writes beside its seats. */
struct worker {
    alignas(64) uint64_t observations;
    uint64_t routed, push_waits;
};

struct correlator {
    struct correlator_config config;
    struct correlator_policy policies[CORRELATOR_POLICIES_MAX];
    unsigned n_levels;
    struct level levels[DEFINITION_LEVELS_MAX];
    struct worker *workers;
    struct merge_input *revisions; /* one input a seat, for the judge */
    size_t bytes;
};

static struct owner_config owner_config_of(const struct correlator *c, unsigned level,
                                           unsigned worker, uint64_t seed)
{
    const struct correlator_config *config = &c->config;
    uint32_t windows = config->keys_per_shard ? (uint32_t)config->keys_per_shard : DEFAULT_WINDOWS;
    uint32_t targets = windows * TARGETS_PER_WINDOW, assets = 0;
    for (unsigned i = 0; i < config->n_policies; i++)
        if (c->policies[i].hosts && c->policies[i].hosts->asset_count > assets)
            assets = c->policies[i].hosts->asset_count;
    return (struct owner_config){
        .worker = worker,
        .workers = config->workers,
        .level = level,
        .top = level + 1 == c->n_levels,
        .policies = c->policies,
        .n_policies = config->n_policies,
        .shard = {.definitions = c->policies[0].definitions,
                  .limits = {.quiet_ns = c->policies[0].incident_quiet_ns,
                             .update_ns = c->policies[0].update_interval_ns,
                             .targets_max = targets / 2},
                  .windows = windows,
                  .samples = windows * SAMPLES_PER_WINDOW,
                  .incidents = windows < WINDOWS_PER_PLACE ? 1 : windows / WINDOWS_PER_PLACE,
                  .targets = targets,
                  .kept = config->keep,
                  .acts = config->points > 1 ? DEFAULT_ACTS : 0,
                  .hash_seed = seed},
        .assets = assets,
    };
}

static int make_level(struct correlator *c, unsigned number, uint64_t seed)
{
    struct level *level = &c->levels[number];
    unsigned workers = c->config.workers;
    level->exchange =
        exchange_create(workers, c->config.ring_slots ? c->config.ring_slots : DEFAULT_RING_SLOTS);
    level->seats = aligned_alloc(64, workers * sizeof *level->seats);
    if (!level->exchange || !level->seats)
        return ERR_NOMEM;
    memset(level->seats, 0, workers * sizeof *level->seats);
    c->bytes += exchange_bytes(level->exchange);
    for (unsigned w = 0; w < workers; w++) {
        struct owner_config config = owner_config_of(c, number, w, seed);
        struct owner *owner = &level->seats[w].owner;
        if (owner_init(owner, &config))
            return ERR_NOMEM;
        c->revisions[number * workers + w] = (struct merge_input){owner->ring, &owner->mark};
        c->bytes += owner_bytes(&config);
    }
    return 0;
}

int correlator_create(struct correlator **out, const struct correlator_config *config,
                      struct diags *diags)
{
    *out = NULL;
    if (config->workers < 1 || config->workers > CORRELATOR_WORKERS_MAX)
        return diag_error(diags, ERR_RANGE, diag_file(NULL), NULL, "1 to %d workers",
                          CORRELATOR_WORKERS_MAX);
    if (config->n_policies < 1 || config->n_policies > CORRELATOR_POLICIES_MAX)
        return diag_error(diags, ERR_RANGE, diag_file(NULL), NULL, "1 to %d policies",
                          CORRELATOR_POLICIES_MAX);
    struct correlator *c = calloc(1, sizeof *c);
    uint64_t seed;
    int error = !c || random_bytes(&seed, sizeof seed) ? ERR_NOMEM : 0;
    if (!error) {
        c->config = *config;
        memcpy(c->policies, config->policies, config->n_policies * sizeof *c->policies);
        for (unsigned i = 0; i < config->n_policies; i++) {
            unsigned levels = definitions_levels(c->policies[i].definitions);
            c->n_levels = levels > c->n_levels ? levels : c->n_levels;
        }
        c->workers = aligned_alloc(64, config->workers * sizeof *c->workers);
        c->revisions = calloc((size_t)c->n_levels * config->workers, sizeof *c->revisions);
        if (!c->workers || !c->revisions)
            error = ERR_NOMEM;
    }
    if (!error) {
        memset(c->workers, 0, config->workers * sizeof *c->workers);
        c->bytes = sizeof *c;
        for (unsigned level = 0; level < c->n_levels && !error; level++)
            error = make_level(c, level, seed);
    }
    if (error) {
        correlator_destroy(c);
        return diag_error(diags, error, diag_file(NULL), "fewer keys or workers need less memory",
                          "no memory for correlation");
    }
    *out = c;
    return 0;
}

void correlator_destroy(struct correlator *c)
{
    if (!c)
        return;
    for (unsigned l = 0; l < c->n_levels; l++) {
        for (unsigned w = 0; c->levels[l].seats && w < c->config.workers; w++)
            owner_free(&c->levels[l].seats[w].owner);
        exchange_destroy(c->levels[l].exchange);
        free(c->levels[l].seats);
    }
    free(c->workers);
    free(c->revisions);
    free(c);
}

size_t correlator_bytes(const struct correlator *c)
{
    return c->bytes;
}

/* push_up: what waits for the level above goes there as far as there is room, and how far this
 * worker has come with it. Never waits. safe: everything still to come here is at least this. */
static void push_up(struct correlator *c, unsigned level, unsigned worker, struct order safe)
{
    struct owner *o = &c->levels[level].seats[worker].owner;
    struct exchange *above = c->levels[level + 1].exchange;
    const struct exchange_item *item;
    while ((item = owner_up(o)) &&
           exchange_push(above, worker, item->route.key_shard % c->config.workers, item))
        owner_up_drop(o);
    if (item)
        exchange_publish(above, worker, order_before(item->obs.order));
    else
        exchange_publish(above, worker, safe.t == INT64_MAX ? ORDER_MAX : order_before(safe));
}

/* take_items: what may be taken as owner at one level. */
static size_t take_items(struct correlator *c, unsigned level, unsigned worker,
                         struct merge_result *next)
{
    struct exchange *x = c->levels[level].exchange;
    struct owner *o = &c->levels[level].seats[worker].owner;
    size_t n = 0;
    while ((*next = exchange_next(x, worker)).head) {
        const struct exchange_item *item = next->head;
        /* Without room the judge, or the level above, has something of this owner to take first. */
        if (!owner_fire(o, item->obs.order.t) || !owner_has_room(o))
            return n;
        owner_take(o, item);
        exchange_take(x, worker, next->producer);
        n++;
    }
    return n;
}

/* publish_revisions: fire what is due and say how far this owner has come. */
static void publish_revisions(struct correlator *c, unsigned level, unsigned worker,
                              struct order safe)
{
    struct seat *seat = &c->levels[level].seats[worker];
    struct owner *o = &seat->owner;
    if (safe.t == INT64_MAX) {
        int64_t end = exchange_event_end(c->levels[0].exchange);
        if (seat->stage == OWNER_RUNNING && owner_fire(o, end) && owner_end(o))
            seat->stage = OWNER_ENDED;
        if (owner_flush(o) && seat->stage == OWNER_ENDED) {
            watermark_publish(&o->mark, ORDER_MAX);
            seat->stage = OWNER_DONE;
        }
        return;
    }
    if (!owner_fire(o, safe.t) || !owner_flush(o))
        return;
    /* What becomes due in the next nanosecond lies behind the packets of this one. */
    struct order due = {.t = safe.t, .input = ORDER_LAST};
    watermark_publish(&o->mark, order_less(&safe, &due) ? safe : due);
}

/* turn: take what may be taken, the uppermost level first, so that there is room for what the
 * levels below hand on. Never waits for room. */
static size_t turn(struct correlator *c, unsigned worker)
{
    size_t sum = 0;
    for (unsigned level = c->n_levels; level-- > 0;) {
        struct merge_result next;
        size_t n;
        do {
            n = take_items(c, level, worker, &next);
            sum += n;
            if (level + 1 < c->n_levels)
                push_up(c, level, worker, next.safe);
        } while (next.head && n);
        owner_flush(&c->levels[level].seats[worker].owner);
        if (!next.head)
            publish_revisions(c, level, worker, next.safe);
    }
    return sum;
}

static void push(struct correlator *c, unsigned worker, const struct exchange_item *item)
{
    unsigned to = item->route.key_shard % c->config.workers;
    unsigned spins = 0;
    c->workers[worker].routed++;
    struct exchange *x = c->levels[0].exchange;
    while (!exchange_push(x, worker, to, item)) {
        if (spins++ == 0) {
            c->workers[worker].push_waits++;
            exchange_publish(x, worker, order_before(item->obs.order));
        }
        if (turn(c, worker) == 0 && spins > SPINS_BEFORE_YIELD) {
            if (c->config.before_wait)
                c->config.before_wait(c->config.ctx, worker);
            else
                sched_yield();
        }
    }
}

void correlator_begin(struct correlator *c, unsigned worker)
{
    (void)c;
    (void)worker;
    digest_prepare_thread();
}

void correlator_push(struct correlator *c, unsigned worker, const struct observation *obs)
{
    struct exchange_item item = {.obs = *obs};
    const struct correlator_policy *policy = &c->policies[obs->generation];
    c->workers[worker].observations++;
    if (obs->kind == KIND_COVERAGE) {
        item.route.definition = ROUTE_COVERAGE;
        item.route.key_shard = (uint8_t)obs->object_first;
        item.obs.order.index = route_index(obs->order.index, ROUTE_COVERAGE, 0);
        push(c, worker, &item);
        return;
    }
    host_lookup_of(policy->hosts, &obs->source, &obs->target, &item.route.facts);
    unsigned n = definitions_count(policy->definitions);
    for (unsigned number = 0; number < n; number++) {
        struct exchange_item met[DEFINITION_RULES_MAX];
        unsigned n_met = 0;
        for (int rule = -1;
             (rule = definition_match(policy->definitions, number, (unsigned)(rule + 1), obs,
                                      &item.route.facts, &item.route.key)) >= 0;) {
            item.route.definition = (uint8_t)number;
            item.route.rule = (uint8_t)rule;
            item.route.key_shard = key_shard_of(&item.route.key);
            item.obs.order.index = route_index(obs->order.index, number, (unsigned)rule);
            met[n_met++] = item;
        }
        while (n_met)
            push(c, worker, &met[--n_met]); /* ascending in order: the last rule first */
    }
}

void correlator_watermark(struct correlator *c, unsigned worker, struct order mark)
{
    /* The caller counts places within a packet; here each is split further. */
    if (mark.index != UINT64_MAX)
        mark.index = mark.index << 32 | UINT32_MAX;
    if (mark.t != INT64_MAX)
        exchange_reached(c->levels[0].exchange, worker, mark.t);
    exchange_publish(c->levels[0].exchange, worker, mark);
}

size_t correlator_turn(struct correlator *c, unsigned worker)
{
    return turn(c, worker);
}

bool correlator_done(const struct correlator *c, unsigned worker)
{
    bool done = true;
    for (unsigned level = 0; level < c->n_levels; level++)
        done &= c->levels[level].seats[worker].stage == OWNER_DONE;
    return done;
}

int correlator_next(struct correlator *c, struct revision *out)
{
    struct merge_result next = ordered_merge(c->revisions, c->n_levels * c->config.workers,
                                             offsetof(struct revision, order));
    if (next.head) {
        memcpy(out, next.head, sizeof *out);
        ring_drop(c->revisions[next.producer].ring);
        return 1;
    }
    return next.safe.t == INT64_MAX ? ERR_CLOSED : 0;
}

const struct kept_observation *correlator_kept(const struct correlator *c, unsigned level,
                                               unsigned key_shard, size_t *n)
{
    *n = 0;
    if (level >= c->n_levels)
        return NULL;
    const struct seat *seat = &c->levels[level].seats[key_shard % c->config.workers];
    return key_shard_kept(seat->owner.shards[key_shard], n);
}

struct correlator_counters correlator_counters(const struct correlator *c)
{
    struct correlator_counters sum = {0};
    for (unsigned w = 0; w < c->config.workers; w++) {
        for (unsigned level = 0; level < c->n_levels; level++) {
            const struct correlator_counters *part = &c->levels[level].seats[w].owner.counters;
#define X(name, unit, what, text) sum.name += part->name;
            CORRELATOR_COUNTERS(X)
#undef X
        }
        sum.observations += c->workers[w].observations;
        sum.routed += c->workers[w].routed;
        sum.push_waits += c->workers[w].push_waits;
    }
    return sum;
}

uint64_t correlator_incidents(const struct correlator *c, unsigned worker)
{
    uint64_t sum = 0;
    for (unsigned level = 0; level < c->n_levels; level++)
        sum += c->levels[level].seats[worker].owner.counters.incidents;
    return sum;
}
