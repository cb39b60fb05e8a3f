/* Campaigns. A campaign is an incident whose acts are the revisions of others; of each of these is
 * kept what it has counted so far, so that its next revision adds only what came since.
 *
 * All is done in the order of the revisions taken, so results are the same for any number of
 * workers. A campaign with news that deserve no revision of their own waits in a list for the end
 * of its update interval; one that closes meanwhile leaves the list, and its place, when its turn
 * comes.
 */
#include "correlate/campaign.h"

#include "base/table.h"
#include "base/time_point.h"
#include "correlate/incident.h"

#include <stdlib.h>
#include <string.h>

#define CAMPAIGNS_MAX        2048
#define MEMBERS_MAX          16384
#define TARGETS_MAX          65536
#define TARGETS_PER_CAMPAIGN (TARGETS_MAX / 16)
#define NONE                 UINT32_MAX

/* Numbers of correlations change with the policy, their digests do not. */
struct part_key {
    uint8_t correlation[8];
    struct group_key group;
} __attribute__((packed));

struct campaign {
    struct incident whole;
    struct part_key key;
    unsigned open; /* incidents of it that are open; 0: it has closed, or the place is free */
    uint32_t next; /* in the list it is on: that waits, or that is free */
    bool waits;
    int64_t due;
};

struct campaigns {
    const struct definitions *definitions;
    const struct host_lookup *hosts;
    struct incident_limits limits;
    struct table *by_key;  /* struct part_key of a campaign -> uint32_t, its place */
    struct table *members; /* struct part_key of an incident -> struct incident_counts */
    struct campaign *places;
    uint32_t unused, free; /* places never used, and those used before */
    uint32_t first, last;  /* those that wait */
    uint32_t begun;        /* numbers the campaigns in the target set */
    struct target_set targets;
    struct campaign_counters counters;
};

struct campaigns *campaigns_create(uint64_t hash_seed)
{
    struct campaigns *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->free = c->first = c->last = NONE;
    c->limits.targets_max = TARGETS_PER_CAMPAIGN;
    c->by_key = table_create(CAMPAIGNS_MAX, sizeof(struct part_key), sizeof(uint32_t), hash_seed);
    c->members = table_create(MEMBERS_MAX, sizeof(struct part_key), sizeof(struct incident_counts),
                              hash_seed);
    c->places = calloc(CAMPAIGNS_MAX, sizeof *c->places);
    if (target_set_init(&c->targets, TARGETS_MAX, hash_seed) || !c->by_key || !c->members ||
        !c->places) {
        campaigns_destroy(c);
        return NULL;
    }
    return c;
}

void campaigns_destroy(struct campaigns *c)
{
    if (!c)
        return;
    if (c->by_key)
        table_destroy(c->by_key);
    if (c->members)
        table_destroy(c->members);
    target_set_free(&c->targets);
    free(c->places);
    free(c);
}

void campaigns_adopt(struct campaigns *c, const struct definitions *definitions,
                     const struct host_lookup *hosts, int64_t update_ns)
{
    c->definitions = definitions;
    c->hosts = hosts;
    c->limits.update_ns = update_ns;
}

void campaigns_clear(struct campaigns *c)
{
    for (uint32_t i = 0; i < c->unused; i++)
        target_set_drop(&c->targets, &c->places[i].whole.targets);
    table_clear(c->by_key);
    table_clear(c->members);
    c->unused = 0;
    c->free = c->first = c->last = NONE;
}

struct campaign_counters campaign_counters(const struct campaigns *c)
{
    return c->counters;
}

/* Places. */

static struct campaign *place_take(struct campaigns *c)
{
    if (c->free != NONE) {
        struct campaign *campaign = &c->places[c->free];
        c->free = campaign->next;
        return campaign;
    }
    return c->unused < CAMPAIGNS_MAX ? &c->places[c->unused++] : NULL;
}

static void place_free(struct campaigns *c, struct campaign *campaign)
{
    campaign->next = c->free;
    c->free = (uint32_t)(campaign - c->places);
}

static struct part_key key_of(const struct campaigns *c, const struct revision *r,
                              const struct group_key *group)
{
    struct part_key key;
    uint8_t digest[SHA256_BYTES];
    definition_digest(c->definitions, r->definition, digest);
    memset(&key, 0, sizeof key);
    memcpy(key.correlation, digest, sizeof key.correlation);
    key.group.len = group->len;
    memcpy(key.group.bytes, group->bytes, group->len);
    return key;
}

/* campaign_of: the one under way, or a new one; NULL when there is no room. */
static struct campaign *campaign_of(struct campaigns *c, const struct revision *r,
                                    const struct part_key *key)
{
    bool made;
    uint32_t *place = table_add(c->by_key, key, &made);
    if (!place)
        return NULL;
    if (!made)
        return &c->places[*place];
    struct campaign *campaign = place_take(c);
    if (!campaign) {
        table_remove(c->by_key, key);
        return NULL;
    }
    *place = (uint32_t)(campaign - c->places);
    campaign->key = *key;
    campaign->open = 0;
    campaign->waits = false;
    incident_open(&campaign->whole, r->definition, &r->key, ++c->begun);
    campaign->whole.state.incident = r->incident;
    campaign->whole.state.campaign = c->begun;
    return campaign;
}

/* join: the incident's first revision makes it a member of its source's campaign. */
static struct campaign *join(struct campaigns *c, const struct revision *r,
                             const struct part_key *key, const struct part_key *campaign_key,
                             struct incident_counts **counts)
{
    bool made;
    struct campaign *campaign = NULL;
    *counts = table_add(c->members, key, &made);
    if (*counts)
        campaign = campaign_of(c, r, campaign_key);
    if (!campaign) {
        if (*counts)
            table_remove(c->members, key);
        c->counters.no_room++;
        return NULL;
    }
    campaign->open++;
    c->counters.joined++;
    return campaign;
}

/* Saying something. */

static void wait_for_boundary(struct campaigns *c, struct campaign *campaign, int64_t t)
{
    uint32_t place = (uint32_t)(campaign - c->places);
    if (campaign->waits)
        return;
    campaign->waits = true;
    /* What is open at the end comes at the end of all times, which no interval's end is behind. */
    campaign->due = t > INT64_MAX - c->limits.update_ns
                        ? INT64_MAX
                        : time_floor(t - 1, c->limits.update_ns) + c->limits.update_ns;
    campaign->next = NONE;
    if (c->first == NONE)
        c->first = place;
    else
        c->places[c->last].next = place;
    c->last = place;
}

static const struct revision *revise(struct campaign *campaign, enum revision_why why,
                                     struct order order)
{
    incident_revise(&campaign->whole, why, order);
    return &campaign->whole.state;
}

static bool ends(uint8_t why)
{
    return why == REVISION_CLOSED || why == REVISION_SUPERSEDED || why == REVISION_OPEN_AT_END;
}

/* leave: the incident has ended, and with the last one its campaign. */
static const struct revision *leave(struct campaigns *c, struct campaign *campaign,
                                    const struct revision *r, const struct part_key *key)
{
    table_remove(c->members, key);
    if (--campaign->open > 0) {
        wait_for_boundary(c, campaign, r->order.t);
        return NULL;
    }
    table_remove(c->by_key, &campaign->key);
    target_set_drop(&c->targets, &campaign->whole.targets);
    if (!campaign->waits)
        place_free(c, campaign);
    return revise(campaign, (enum revision_why)r->why, r->order);
}

const struct revision *campaigns_take(struct campaigns *c, const struct revision *r,
                                      uint32_t *number)
{
    struct group_key group;
    *number = 0;
    if (!definition_campaign(c->definitions, r->definition, &r->key, &group))
        return r;
    struct part_key key = key_of(c, r, &r->key), campaign_key = key_of(c, r, &group);
    struct incident_counts *counts = table_find(c->members, &key);
    const uint32_t *place = table_find(c->by_key, &campaign_key);
    bool joins = r->number == 1;
    struct campaign *campaign = counts && place ? &c->places[*place] : NULL;
    if (joins)
        campaign = join(c, r, &key, &campaign_key, &counts);
    if (!campaign)
        return r;

    struct incident *whole = &campaign->whole;
    *number = whole->state.campaign;
    whole->state.definition = r->definition;
    whole->state.generation = r->generation;
    c->counters.targets_lost += incident_join(whole, r, counts, c->hosts, &c->targets, &c->limits);
    if (ends(r->why))
        return leave(c, campaign, r, &key);
    if (whole->state.number == 0)
        return revise(campaign, REVISION_OPENED, r->order);
    int news = incident_news(whole);
    if (news >= 0)
        return revise(campaign, joins ? REVISION_MERGED : (enum revision_why)news, r->order);
    wait_for_boundary(c, campaign, r->order.t);
    return NULL;
}

const struct revision *campaigns_due(struct campaigns *c, int64_t t)
{
    while (c->first != NONE && c->places[c->first].due < t) {
        struct campaign *campaign = &c->places[c->first];
        c->first = campaign->next;
        campaign->waits = false;
        if (campaign->open > 0)
            return revise(campaign, REVISION_BOUNDARY,
                          (struct order){.t = campaign->due, .input = ORDER_LAST});
        place_free(c, campaign);
    }
    return NULL;
}
