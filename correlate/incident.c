/* Incidents: accumulating observations and deciding when a revision is due.
 *
 * Everything here follows from the observations of one key in the one order, so revisions are the
 * same for any number of workers.
 */
#include "correlate/incident.h"

#include "base/bytes.h"
#include "base/time_point.h"

#include <string.h>

const struct word revision_why_words[REVISION_WHY_COUNT] = {
#define X(suffix, name, text) {name, text},
    REVISION_WHYS(X)
#undef X
};

void incident_open(struct incident *inc, unsigned definition, const struct group_key *key,
                   uint32_t number)
{
    memset(inc, 0, sizeof *inc);
    inc->number = number;
    inc->state.kind = REVISION_INCIDENT;
    inc->state.definition = (uint16_t)definition;
    inc->state.key = *key;
    inc->state.first_ns = INT64_MAX;
    inc->state.last_ns = INT64_MIN;
    inc->close_at = inc->boundary_at = INT64_MAX;
}

/* The record of an observation in the evidence chain: only what was seen, no place in a file, no
 * flow number, nothing of this run. All numbers big-endian. */
static void evidence_chain(uint8_t chain[SHA256_BYTES], const struct observation *o)
{
    uint8_t record[112] = {0};
    store_be64(record, (uint64_t)o->began_ns);
    memcpy(record + 8, o->source.b, 16);
    memcpy(record + 24, o->target.b, 16);
    store_be16(record + 40, o->source_port);
    store_be16(record + 42, o->target_port);
    store_be16(record + 44, o->tenant);
    store_be16(record + 46, o->unit);
    store_be16(record + 48, o->transaction);
    const uint8_t bytes[] = {o->kind,      o->outcome,  o->contact,   o->protocol, o->operation,
                             o->transport, o->function, o->exception, o->flags};
    memcpy(record + 50, bytes, sizeof bytes);
    store_be32(record + 60, o->object_first);
    store_be32(record + 64, o->object_count);
    store_be32(record + 68, o->rule_gid);
    store_be32(record + 72, o->rule_sid);
    store_be32(record + 76, o->rule_rev);
    store_be64(record + 80, (uint64_t)o->integer);
    memcpy(record + 88, o->value, 16);
    store_be64(record + 104, o->time_error_ns);
    sha256_pieces(chain, (struct piece[]){{chain, SHA256_BYTES}, {record, sizeof record}}, 2);
}

static void add_source(struct revision *r, const struct address *source)
{
    for (unsigned i = 0; i < r->n_sources; i++)
        if (address_equal(&r->sources[i], source))
            return;
    if (r->n_sources < REVISION_SOURCES) {
        r->sources[r->n_sources++] = *source;
        r->sources_total++;
    }
}

static void add_port(struct revision *r, uint16_t port)
{
    for (unsigned i = 0; i < r->n_ports; i++)
        if (r->ports[i] == port)
            return;
    if (r->n_ports < sizeof r->ports / sizeof r->ports[0])
        r->ports[r->n_ports++] = port;
}

static struct revision_asset *asset_of(struct incident *inc, uint16_t asset)
{
    struct revision *r = &inc->state;
    for (unsigned i = 0; i < r->n_assets; i++)
        if (r->assets[i].asset == asset)
            return &r->assets[i];
    if (asset < INCIDENT_ASSETS_EXACT) {
        uint64_t bit = (uint64_t)1 << asset % 64;
        r->assets_total += !(inc->assets_seen[asset / 64] & bit);
        inc->assets_seen[asset / 64] |= bit;
    }
    if (r->n_assets == REVISION_ASSETS)
        return NULL;
    struct revision_asset *entry = &r->assets[r->n_assets++];
    *entry = (struct revision_asset){
        .asset = asset, .first_ns = {INT64_MAX, INT64_MAX}, .last_ns = {INT64_MIN, INT64_MIN}};
    return entry;
}

static void more_telling(uint8_t *best, uint8_t outcome)
{
    if (outcome > *best)
        *best = outcome;
}

/* add_act: one of the two views of an asset, see struct revision_asset. An act has the time that
 * the first point of that view gave it. */
static void add_act(struct revision_asset *entry, const struct observation *o, unsigned view,
                    const struct act_seen *seen)
{
    more_telling(&entry->outcome[view], o->outcome);
    if (seen->points[view] > 1)
        return;
    if (o->began_ns < entry->first_ns[view])
        entry->first_ns[view] = o->began_ns;
    if (o->began_ns > entry->last_ns[view])
        entry->last_ns[view] = o->began_ns;
}

/* corroborate: so many points told of an act; whether that is several, and more than of any before.
 */
static bool corroborate(struct revision_asset *entry, const uint8_t points[2])
{
    bool more = false;
    for (unsigned view = 0; view < 2; view++)
        if (points[view] > entry->points[view]) {
            entry->points[view] = points[view];
            more |= points[view] > 1;
        }
    return more;
}

static struct revision_asset *add_asset(struct incident *inc, const struct exchange_item *item,
                                        const struct act_seen *seen)
{
    uint16_t asset = item->route.facts.target_asset;
    struct revision_asset *entry = asset == HOST_NO_ASSET ? NULL : asset_of(inc, asset);
    if (!entry)
        return NULL;
    inc->corroborated |= corroborate(entry, seen->points);
    add_act(entry, &item->obs, 0, seen);
    if (item->obs.contact >= CONTACT_TWO_WAY) {
        entry->two_way = true;
        add_act(entry, &item->obs, 1, seen);
    }
    return entry;
}

/* add_target: whether the address is new to the incident; *lost counts one that found no room. */
static bool add_target(struct incident *inc, const struct address *target, bool monitored,
                       struct target_set *targets, const struct incident_limits *limits,
                       unsigned *lost)
{
    struct revision *r = &inc->state;
    enum target_added added = TARGET_NO_ROOM;
    if (inc->n_targets < limits->targets_max)
        added = target_set_add(targets, inc->number, &inc->targets, target);
    if (added == TARGET_NO_ROOM) {
        r->targets_inexact = true;
        *lost += 1;
    }
    if (added != TARGET_NEW)
        return false;
    if (r->n_targets < REVISION_TARGETS)
        r->sample[r->n_targets++] = *target;
    inc->n_targets++;
    r->targets++;
    r->targets_monitored += monitored;
    return true;
}

unsigned incident_add(struct incident *inc, const struct exchange_item *item,
                      const struct act_seen *seen, struct target_set *targets,
                      const struct incident_limits *limits)
{
    const struct observation *o = &item->obs;
    struct revision *r = &inc->state;
    unsigned lost = 0;
    evidence_chain(r->evidence, o);
    struct revision_asset *asset = add_asset(inc, item, seen);
    if (inc->boundary_at == INT64_MAX)
        inc->boundary_at = time_floor(o->order.t, limits->update_ns) + limits->update_ns;
    if (seen->again) {
        r->again++;
        return 0;
    }
    r->count++;
    r->by[o->contact][o->outcome]++;
    r->first_ns = o->began_ns < r->first_ns ? o->began_ns : r->first_ns;
    r->last_ns = o->began_ns > r->last_ns ? o->began_ns : r->last_ns;
    r->time_error_ns = o->time_error_ns > r->time_error_ns ? o->time_error_ns : r->time_error_ns;
    r->time_source = o->time_source;
    r->protocols |= (uint8_t)(1u << o->protocol);
    r->operations |= 1u << o->operation;
    add_source(r, &o->source);
    add_port(r, o->target_port);
    bool fresh =
        add_target(inc, &o->target, item->route.facts.target_monitored, targets, limits, &lost);
    if (asset) {
        asset->count++;
        asset->addresses += fresh;
    }
    inc->close_at = o->order.t + limits->quiet_ns;
    return lost;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* join_asset: the i-th asset of a revision. */
static void join_asset(struct incident *whole, const struct revision *r, unsigned i,
                       struct incident_counts *before)
{
    const struct revision_asset *from = &r->assets[i];
    struct revision_asset *to = asset_of(whole, from->asset);
    uint32_t more = from->count - before->assets[i];
    before->assets[i] = from->count;
    if (!to)
        return;
    to->count += more;
    to->two_way = to->two_way || from->two_way;
    whole->corroborated |= corroborate(to, from->points);
    to->addresses = larger(to->addresses, from->addresses);
    for (unsigned view = 0; view < 2; view++) {
        more_telling(&to->outcome[view], from->outcome[view]);
        if (from->first_ns[view] < to->first_ns[view])
            to->first_ns[view] = from->first_ns[view];
        if (from->last_ns[view] > to->last_ns[view])
            to->last_ns[view] = from->last_ns[view];
    }
}

/* join_targets: the addresses that a revision lists. */
static unsigned join_targets(struct incident *whole, const struct revision *r,
                             const struct host_lookup *hosts, struct target_set *targets,
                             const struct incident_limits *limits)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < r->n_targets; i++) {
        struct host_facts facts;
        host_lookup_of(hosts, &r->sample[i], &r->sample[i], &facts);
        if (!add_target(whole, &r->sample[i], facts.target_monitored, targets, limits, &lost))
            continue;
        struct revision_asset *asset =
            facts.target_asset == HOST_NO_ASSET ? NULL : asset_of(whole, facts.target_asset);
        if (asset)
            asset->addresses++;
    }
    return lost;
}

unsigned incident_join(struct incident *whole, const struct revision *r,
                       struct incident_counts *before, const struct host_lookup *hosts,
                       struct target_set *targets, const struct incident_limits *limits)
{
    struct revision *w = &whole->state;
    w->count += r->count - before->count;
    w->again += r->again - before->again;
    before->count = r->count;
    before->again = r->again;
    for (unsigned contact = 0; contact < CONTACT_COUNT; contact++)
        for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            w->by[contact][outcome] += r->by[contact][outcome] - before->by[contact][outcome];
    memcpy(before->by, r->by, sizeof before->by);
    w->first_ns = r->first_ns < w->first_ns ? r->first_ns : w->first_ns;
    w->last_ns = r->last_ns > w->last_ns ? r->last_ns : w->last_ns;
    w->time_error_ns = r->time_error_ns > w->time_error_ns ? r->time_error_ns : w->time_error_ns;
    w->time_source = r->time_source;
    w->protocols |= r->protocols;
    w->operations |= r->operations;
    for (unsigned i = 0; i < r->n_sources; i++)
        add_source(w, &r->sources[i]);
    for (unsigned i = 0; i < r->n_ports; i++)
        add_port(w, r->ports[i]);
    unsigned lost = join_targets(whole, r, hosts, targets, limits);
    for (unsigned i = 0; i < r->n_assets; i++)
        join_asset(whole, r, i, before);
    w->targets = larger(w->targets, r->targets);
    w->targets_monitored = larger(w->targets_monitored, r->targets_monitored);
    w->assets_total = larger(w->assets_total, r->assets_total);
    w->targets_inexact = w->targets_inexact || r->targets_inexact || r->targets > r->n_targets;
    w->window_inexact = w->window_inexact || r->window_inexact;
    sha256_pieces(w->evidence,
                  (struct piece[]){{w->evidence, SHA256_BYTES}, {r->evidence, SHA256_BYTES}}, 2);
    return lost;
}

/* best_of: the most telling outcome so far, of all and of those with two-way contact. */
static void best_of(const struct revision *r, uint8_t best[2])
{
    for (uint8_t contact = 0; contact < CONTACT_COUNT; contact++)
        for (uint8_t outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            if (r->by[contact][outcome]) {
                more_telling(&best[0], outcome);
                if (contact >= CONTACT_TWO_WAY)
                    more_telling(&best[1], outcome);
            }
}

int incident_news(struct incident *inc)
{
    uint8_t best[2] = {0, 0};
    best_of(&inc->state, best);
    if (best[0] > inc->best[0] || best[1] > inc->best[1])
        return REVISION_ESCALATED;
    if (inc->state.count >= 2 * inc->marked_count || inc->state.targets >= 2 * inc->marked_targets)
        return REVISION_DOUBLED;
    return inc->corroborated ? REVISION_CORROBORATED : -1;
}

void incident_revise(struct incident *inc, enum revision_why why, struct order order)
{
    struct revision *r = &inc->state;
    r->order = order;
    r->why = (uint8_t)why;
    r->number++;
    best_of(r, inc->best);
    inc->boundary_at = INT64_MAX;
    inc->corroborated = false;
    if (why == REVISION_OPENED || why == REVISION_DOUBLED || why == REVISION_MERGED) {
        inc->marked_count = r->count;
        inc->marked_targets = r->targets;
    }
}

int64_t incident_deadline(const struct incident *inc)
{
    return inc->boundary_at < inc->close_at ? inc->boundary_at : inc->close_at;
}
