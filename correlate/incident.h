/* Incidents: observations that belong together, with a life cycle. Inside correlate/. */
#ifndef CORRELATE_INCIDENT_H
#define CORRELATE_INCIDENT_H

#include "correlate/act.h"
#include "correlate/exchange.h"
#include "correlate/host_lookup.h"
#include "correlate/revision.h"
#include "correlate/target_set.h"

#define INCIDENT_ASSETS_EXACT 1024 /* assets numbered below are counted exactly, listed or not */

struct incident {
    struct revision state; /* what the next revision says */
    uint32_t number;       /* names its members in the target set */
    uint32_t targets;      /* head of its list there */
    uint32_t n_targets;    /* on that list */
    uint64_t assets_seen[INCIDENT_ASSETS_EXACT / 64];
    uint64_t marked_count; /* at the last doubling */
    uint32_t marked_targets;
    uint8_t best[2];   /* the most telling outcome so far: of all, of those with two-way contact */
    bool corroborated; /* more points told of an act, since the last revision */
    int64_t close_at,
        boundary_at; /* boundary_at: INT64_MAX while nothing was added since the last revision */
};

struct incident_limits {
    int64_t quiet_ns, update_ns;
    uint32_t targets_max; /* kept apart for one incident */
};

/* incident_open: make a fresh one. */
void incident_open(struct incident *inc, unsigned definition, const struct group_key *key,
                   uint32_t number);
/* incident_add: one observation; seen: what is known of its act. One of an act that another point
 * told of adds what that point saw to what is said of the asset, and counts for nothing else.
 * Returns the number of addresses that could not be kept apart (0 or 1). */
unsigned incident_add(struct incident *inc, const struct exchange_item *item,
                      const struct act_seen *seen, struct target_set *targets,
                      const struct incident_limits *limits);
/* incident_news: why the last addition deserves a revision of its own, or -1. */
int incident_news(struct incident *inc);
/* incident_revise: make inc->state the next revision. */
void incident_revise(struct incident *inc, enum revision_why why, struct order order);
/* incident_deadline: when to look at it next. */
int64_t incident_deadline(const struct incident *inc);

/* What a revision has counted, to tell from the next one of its incident what came since. */
struct incident_counts {
    uint64_t count, again, by[CONTACT_COUNT][OUTCOME_COUNT];
    uint32_t assets[REVISION_ASSETS]; /* in the order in which the revision lists them */
};
/* incident_join: what a revision of another incident says of more than *before, into `whole`.
 * Addresses are told apart as far as the revision lists them; beyond that the numbers of addresses
 * and assets are the largest that any one incident had, and so lower bounds. The evidence is a
 * chain over the revisions joined. Returns the number of addresses that could not be kept apart. */
unsigned incident_join(struct incident *whole, const struct revision *r,
                       struct incident_counts *before, const struct host_lookup *hosts,
                       struct target_set *targets, const struct incident_limits *limits);

#endif
