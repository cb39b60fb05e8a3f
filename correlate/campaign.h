/* Campaigns: the unit of a finding is (line, source, sector), and a correlation may split finer, by
 * the target's address say. Incidents of one correlation that agree in source and sector and are
 * open at the same time are one campaign: judged together, as one incident that sums them up.
 *
 * A campaign begins with the first of its incidents, bears that one's key, and closes with the last
 * that is open. It says something new as an incident does: when it opens, escalates, doubles,
 * closes, and else at the end of an update interval. Incidents that are split no finer than a unit
 * pass through as they are.
 *
 * Room is bounded; an incident that opens when there is none is judged by itself, and counted.
 * threads  one, the judge's
 */
#ifndef CORRELATE_CAMPAIGN_H
#define CORRELATE_CAMPAIGN_H

#include "correlate/definition.h"
#include "correlate/host_lookup.h"
#include "correlate/revision.h"

#include <stddef.h>

struct campaigns;

/* campaigns_create: NULL when out of memory. */
struct campaigns *campaigns_create(uint64_t hash_seed);
void campaigns_destroy(struct campaigns *c);
/* campaigns_adopt: from here on definitions are numbers of this set; what is under way goes on. */
void campaigns_adopt(struct campaigns *c, const struct definitions *definitions,
                     const struct host_lookup *hosts, int64_t update_ns);
/* campaigns_clear: forget all; another accord has other assets. */
void campaigns_clear(struct campaigns *c);

/* campaigns_take: *number is the number of the campaign that the incident is part of, 0: none.
 * Returns what is to be judged now that an incident was revised: that revision, that of its
 * campaign (valid until the next call), or NULL while there is nothing new to say. */
const struct revision *campaigns_take(struct campaigns *c, const struct revision *r,
                                      uint32_t *number);
/* campaigns_due: a campaign whose update interval ended before t and that has news; NULL: none. */
const struct revision *campaigns_due(struct campaigns *c, int64_t t);

struct campaign_counters {
    uint64_t joined;       /* incidents */
    uint64_t no_room;      /* incidents judged by themselves for want of it */
    uint64_t targets_lost; /* addresses that could not be told apart */
};
struct campaign_counters campaign_counters(const struct campaigns *c);

#endif
