/* Windows of a key shard.
 *
 * A window keeps the observations of its key one by one, oldest first, as long as they are within
 * the correlation's timespan; when the condition is met they become the beginning of an incident.
 * Temporal conditions are asked of a chain: per rule the latest begin of a row that has come so
 * far, which is exact however many observations a window could not keep. For value_count a sample
 * is superseded when a later one has the same value; so is one of an act that another observation
 * point has told of, from the start: it counts for nothing and waits for the incident. A window
 * that is full gives up a superseded sample first, so that repeating one value cannot hide the
 * others; distinct values never fill it, because a threshold is at most THRESHOLD_MAX <
 * WINDOW_SAMPLES. Windows without an incident form a list by last use; the one unused longest makes
 * room.
 */
#include "correlate/key_shard.h"

#include "correlate/act.h"
#include "correlate/definition_parts.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_SAMPLES 256
#define NONE           UINT32_MAX

struct sample {
    struct exchange_item item;
    struct act_seen seen;
    uint8_t value[16];
    uint32_t next;
    bool superseded;
};

struct window_key {
    uint8_t definition;
    struct group_key key;
};

/* Per rule: temporal_ordered, the latest begin of a row of rules up to this one; temporal, when the
 * rule was met last. */
struct chain {
    int64_t at[DEFINITION_RULES_MAX];
};
#define NEVER INT64_MIN

struct window {
    struct window_key key;
    uint32_t first, last, n, distinct; /* samples */
    uint32_t incident;                 /* NONE while watching */
    uint32_t newer, older;             /* by last use, while watching */
    bool inexact;
};

struct place {
    struct incident incident;
    uint32_t window;
    uint32_t next_free;
    bool open;
};

struct key_shard {
    struct key_shard_config config;
    struct table *keys; /* window_key -> place of its window */
    struct window *windows;
    struct chain *chains; /* one a window, used by temporal ones */
    struct sample *samples;
    struct place *places;
    struct kept_observation *kept; /* as long as the run, for evidence */
    uint32_t n_kept;
    struct target_set targets;
    struct acts acts;
    uint32_t free_window, free_sample, free_place;    /* given back */
    uint32_t used_windows, used_samples, used_places; /* ever taken: memory is touched on demand */
    uint32_t newest, oldest;
    uint32_t next_number;
};

size_t key_shard_bytes(const struct key_shard_config *c)
{
    return sizeof(struct key_shard) +
           c->windows *
               (sizeof(struct window) + sizeof(struct chain) + 2 * sizeof(struct window_key)) +
           c->samples * sizeof(struct sample) + c->incidents * sizeof(struct place) +
           target_set_bytes(c->targets) + (c->acts ? acts_bytes(c->acts) : 0) +
           c->kept * sizeof(struct kept_observation);
}

struct key_shard *key_shard_create(const struct key_shard_config *config)
{
    struct key_shard *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->config = *config;
    s->keys = table_create(config->windows, sizeof(struct window_key), sizeof(uint32_t),
                           config->hash_seed);
    s->windows = calloc(config->windows, sizeof *s->windows);
    s->chains = calloc(config->windows, sizeof *s->chains);
    s->samples = calloc(config->samples, sizeof *s->samples);
    s->places = calloc(config->incidents, sizeof *s->places);
    s->kept = calloc(config->kept + 1, sizeof *s->kept);
    if (!s->kept || !s->keys || !s->windows || !s->chains || !s->samples || !s->places ||
        target_set_init(&s->targets, config->targets, config->hash_seed) ||
        (config->acts && acts_init(&s->acts, config->acts, config->hash_seed))) {
        key_shard_destroy(s);
        return NULL;
    }
    s->newest = s->oldest = NONE;
    s->free_window = s->free_sample = s->free_place = NONE;
    return s;
}

void key_shard_destroy(struct key_shard *s)
{
    if (!s)
        return;
    if (s->keys)
        table_destroy(s->keys);
    free(s->windows);
    free(s->chains);
    free(s->samples);
    free(s->places);
    free(s->kept);
    target_set_free(&s->targets);
    acts_free(&s->acts);
    free(s);
}

/* The next free place of each pool: one that was given back, else one never used; NONE when there
 * is none. */
static uint32_t window_room(const struct key_shard *s)
{
    return s->free_window != NONE                ? s->free_window
           : s->used_windows < s->config.windows ? s->used_windows
                                                 : NONE;
}

static uint32_t sample_room(const struct key_shard *s)
{
    return s->free_sample != NONE                ? s->free_sample
           : s->used_samples < s->config.samples ? s->used_samples
                                                 : NONE;
}

static uint32_t place_room(const struct key_shard *s)
{
    return s->free_place != NONE                  ? s->free_place
           : s->used_places < s->config.incidents ? s->used_places
                                                  : NONE;
}

static void unlink_use(struct key_shard *s, uint32_t at)
{
    struct window *w = &s->windows[at];
    *(w->newer == NONE ? &s->newest : &s->windows[w->newer].older) = w->older;
    *(w->older == NONE ? &s->oldest : &s->windows[w->older].newer) = w->newer;
}

static void link_newest(struct key_shard *s, uint32_t at)
{
    struct window *w = &s->windows[at];
    w->newer = NONE;
    w->older = s->newest;
    *(s->newest == NONE ? &s->oldest : &s->windows[s->newest].newer) = at;
    s->newest = at;
}

/* sample_remove: take the sample behind `before` (NONE: the first) out of the window. */
static void sample_remove(struct key_shard *s, struct window *w, uint32_t before)
{
    uint32_t *link = before == NONE ? &w->first : &s->samples[before].next;
    uint32_t at = *link;
    *link = s->samples[at].next;
    if (w->last == at)
        w->last = before;
    w->distinct -= !s->samples[at].superseded;
    w->n--;
    s->samples[at].next = s->free_sample;
    s->free_sample = at;
}

static void window_free(struct key_shard *s, uint32_t at)
{
    struct window *w = &s->windows[at];
    while (w->n)
        sample_remove(s, w, NONE);
    if (w->incident == NONE)
        unlink_use(s, at);
    table_remove(s->keys, &w->key);
    w->older = s->free_window;
    s->free_window = at;
}

/* evict_oldest: make room by giving up the window unused longest, but not `keep`. */
static bool evict_oldest(struct key_shard *s, uint32_t keep, int64_t now,
                         struct correlator_counters *counters)
{
    uint32_t at = s->oldest == keep && keep != NONE ? s->windows[keep].newer : s->oldest;
    if (at == NONE)
        return false;
    const struct window *w = &s->windows[at];
    int64_t timespan = definition_timespan(s->config.definitions, w->key.definition);
    if (w->n && s->samples[w->last].item.obs.order.t > now - timespan)
        counters->windows_full++; /* it was still counting */
    window_free(s, at);
    return true;
}

static bool is_temporal(const struct key_shard *s, const struct window *w)
{
    enum correlation_type type = definition_type(s->config.definitions, w->key.definition);
    return type == CORRELATION_TEMPORAL || type == CORRELATION_TEMPORAL_ORDERED;
}

/* window_of: the window of the item's key, made if need be; NONE when the shard is full of
 * incidents. */
static uint32_t window_of(struct key_shard *s, const struct exchange_item *item,
                          struct correlator_counters *counters)
{
    struct window_key key;
    memset(&key, 0, sizeof key);
    key.definition = item->route.definition;
    key.key = item->route.key;
    uint32_t *found = table_find(s->keys, &key);
    if (found) {
        if (s->windows[*found].incident == NONE) {
            unlink_use(s, *found);
            link_newest(s, *found);
        }
        return *found;
    }
    if (window_room(s) == NONE && !evict_oldest(s, NONE, item->obs.order.t, counters))
        return NONE;
    bool made;
    uint32_t at = window_room(s);
    uint32_t *slot = table_add(s->keys, &key, &made);
    if (at == s->free_window)
        s->free_window = s->windows[at].older;
    else
        s->used_windows++;
    *slot = at;
    s->windows[at] = (struct window){.key = key, .first = NONE, .last = NONE, .incident = NONE};
    for (unsigned r = 0; is_temporal(s, &s->windows[at]) && r < DEFINITION_RULES_MAX; r++)
        s->chains[at].at[r] = NEVER;
    link_newest(s, at);
    return at;
}

static void expire_samples(struct key_shard *s, struct window *w, int64_t now)
{
    int64_t timespan = definition_timespan(s->config.definitions, w->key.definition);
    while (w->n && s->samples[w->first].item.obs.order.t <= now - timespan)
        sample_remove(s, w, NONE);
}

/* drop_superseded: give up the oldest superseded sample, else the oldest. */
static void drop_one(struct key_shard *s, struct window *w)
{
    uint32_t before = NONE;
    for (uint32_t at = w->first; at != w->last; before = at, at = s->samples[at].next)
        if (s->samples[at].superseded) {
            sample_remove(s, w, before);
            return;
        }
    sample_remove(s, w, NONE);
}

/* supersede: mark the sample with the same value; for value_count only. */
static void supersede(struct key_shard *s, struct window *w, const uint8_t value[16])
{
    for (uint32_t at = w->first; at != NONE; at = at == w->last ? NONE : s->samples[at].next) {
        struct sample *old = &s->samples[at];
        if (!old->superseded && memcmp(old->value, value, 16) == 0) {
            old->superseded = true;
            w->distinct--;
            return;
        }
    }
}

static void add_sample(struct key_shard *s, uint32_t window, const struct exchange_item *item,
                       const struct act_seen *seen, struct correlator_counters *counters)
{
    struct window *w = &s->windows[window];
    const struct definitions *definitions = s->config.definitions;
    if (w->n == WINDOW_SAMPLES) {
        drop_one(s, w);
        w->inexact = true;
        counters->samples_over_limit++;
    }
    while (sample_room(s) == NONE && evict_oldest(s, window, item->obs.order.t, counters))
        ;
    if (sample_room(s) == NONE) {
        w->inexact = true;
        counters->samples_over_limit++;
        if (w->n == 0)
            return;
        drop_one(s, w);
    }
    uint8_t value[16];
    definition_value(definitions, w->key.definition, &item->obs, &item->route.facts, value);
    if (definition_type(definitions, w->key.definition) == CORRELATION_VALUE_COUNT && !seen->again)
        supersede(s, w, value);
    uint32_t at = sample_room(s);
    struct sample *sample = &s->samples[at];
    if (at == s->free_sample)
        s->free_sample = sample->next;
    else
        s->used_samples++;
    sample->item = *item;
    sample->seen = *seen;
    sample->superseded = seen->again;
    sample->next = NONE;
    memcpy(sample->value, value, 16);
    *(w->n ? &s->samples[w->last].next : &w->first) = at;
    w->last = at;
    w->n++;
    w->distinct += !seen->again;
}

/* is_met: does the window meet its condition, now that this item is in it? For temporal_ordered
 * what came before the row began is given up: it is no part of it. */
static bool is_met(struct key_shard *s, uint32_t window, const struct exchange_item *item)
{
    struct window *w = &s->windows[window];
    int64_t *at = s->chains[window].at, now = item->obs.order.t,
            oldest = now - definition_timespan(s->config.definitions, w->key.definition);
    unsigned rules = definition_rules(s->config.definitions, w->key.definition),
             rule = item->route.rule;
    if (!is_temporal(s, w))
        return w->distinct >= definition_threshold(s->config.definitions, w->key.definition);
    if (definition_type(s->config.definitions, w->key.definition) == CORRELATION_TEMPORAL) {
        at[rule] = now;
        for (unsigned r = 0; r < rules; r++)
            if (at[r] <= oldest)
                return false;
        return true;
    }
    int64_t begin = rule == 0 ? now : at[rule - 1];
    if (begin <= oldest)
        return false;
    at[rule] = begin > at[rule] ? begin : at[rule];
    if (rule + 1 < rules)
        return false;
    while (w->n > 1 && s->samples[w->first].item.obs.order.t < begin)
        sample_remove(s, w, NONE);
    return true;
}

/* add: an observation becomes part of an incident, and is kept where that is asked for. */
static void add(struct key_shard *s, struct incident *inc, const struct exchange_item *item,
                const struct act_seen *seen, struct correlator_counters *counters)
{
    counters->targets_over_limit += incident_add(inc, item, seen, &s->targets, &s->config.limits);
    if (s->n_kept < s->config.kept)
        s->kept[s->n_kept++] = (struct kept_observation){item->obs, inc->number};
    else
        counters->not_kept += s->config.kept > 0;
}

const struct kept_observation *key_shard_kept(const struct key_shard *s, size_t *n)
{
    *n = s->n_kept;
    return s->kept;
}

/* open_incident: the window's samples become an incident; -1 when the shard has no room for one. */
static int open_incident(struct key_shard *s, uint32_t window, struct correlator_counters *counters)
{
    struct window *w = &s->windows[window];
    uint32_t at = place_room(s);
    if (at == NONE) {
        counters->incidents_full++;
        return -1;
    }
    struct place *place = &s->places[at];
    if (at == s->free_place)
        s->free_place = place->next_free;
    else
        s->used_places++;
    place->window = window;
    place->open = true;
    incident_open(&place->incident, w->key.definition, &w->key.key, s->next_number++);
    place->incident.state.window_inexact = w->inexact;
    for (; w->n; sample_remove(s, w, NONE)) {
        const struct sample *sample = &s->samples[w->first];
        add(s, &place->incident, &sample->item, &sample->seen, counters);
    }
    unlink_use(s, window);
    w->incident = at;
    counters->incidents++;
    return (int)at;
}

/* seen_of: what is known of the observation's act; nothing where points are not told. */
static struct act_seen seen_of(struct key_shard *s, const struct exchange_item *item,
                               struct correlator_counters *counters)
{
    if (!item->obs.point)
        return (struct act_seen){0};
    if (!s->config.acts) /* there is one */
        return (struct act_seen){.points = {1, item->obs.contact >= CONTACT_TWO_WAY}};
    struct act_seen seen = acts_take(&s->acts, item, &counters->acts_forgotten);
    counters->acts_again += seen.again;
    return seen;
}

int key_shard_take(struct key_shard *s, const struct exchange_item *item,
                   struct correlator_counters *counters, bool *opened)
{
    *opened = false;
    uint32_t at = window_of(s, item, counters);
    if (at == NONE) {
        counters->incidents_full++;
        return -1;
    }
    struct window *w = &s->windows[at];
    struct act_seen seen = seen_of(s, item, counters);
    if (w->incident != NONE) {
        add(s, &s->places[w->incident].incident, item, &seen, counters);
        return (int)w->incident;
    }
    expire_samples(s, w, item->obs.order.t);
    add_sample(s, at, item, &seen, counters);
    if (seen.again || !is_met(s, at, item) || w->n == 0)
        return -1;
    int place = open_incident(s, at, counters);
    *opened = place >= 0;
    return place;
}

struct incident *key_shard_incident(struct key_shard *s, uint32_t place)
{
    return &s->places[place].incident;
}

bool key_shard_is_open(const struct key_shard *s, uint32_t place)
{
    return place < s->used_places && s->places[place].open;
}

void key_shard_close(struct key_shard *s, uint32_t at)
{
    struct place *place = &s->places[at];
    target_set_drop(&s->targets, &place->incident.targets);
    window_free(s, place->window);
    place->open = false;
    place->next_free = s->free_place;
    s->free_place = at;
}

/* carry: give the window its number under the new policy. */
static void carry(struct key_shard *s, uint32_t at, unsigned number)
{
    bool made;
    s->windows[at].key.definition = (uint8_t)number;
    uint32_t *slot = table_add(s->keys, &s->windows[at].key, &made);
    *slot = at; /* there were as many keys before, so there is room */
}

void key_shard_switch(struct key_shard *s, const struct definitions *definitions,
                      const struct incident_limits *limits, const int16_t *carried)
{
    table_clear(s->keys);
    for (uint32_t at = s->oldest, newer; at != NONE; at = newer) {
        newer = s->windows[at].newer;
        int number = carried[s->windows[at].key.definition];
        if (number < 0)
            window_free(s, at);
        else
            carry(s, at, (unsigned)number);
    }
    for (uint32_t at = 0; at < s->used_places; at++) {
        struct place *place = &s->places[at];
        if (!place->open)
            continue;
        int number = carried[place->incident.state.definition];
        place->incident.state.definition = (uint16_t)number;
        carry(s, place->window, (unsigned)number);
    }
    s->config.definitions = definitions;
    s->config.limits = *limits;
}
