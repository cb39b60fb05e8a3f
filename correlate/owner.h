/* The owner of key shards: one a worker and level. Takes items in order, fires what is due, hands
 * revisions to the judge and items to the level above. Inside correlate/. */
#ifndef CORRELATE_OWNER_H
#define CORRELATE_OWNER_H

#include "correlate/key_shard.h"

struct owner_config {
    unsigned worker, workers, level;
    bool top; /* no level above: nothing is derived */
    const struct correlator_policy *policies;
    unsigned n_policies;
    struct key_shard_config shard; /* definitions and limits are those of the first policy */
    uint32_t assets; /* the most that a policy's accord has; coverage is summed for this owner's */
};

/* What the switch to the next policy has come to. */
struct owner_switch {
    bool under_way;
    uint32_t shard, place;            /* the next incident to look at */
    int16_t carried[DEFINITIONS_MAX]; /* old number -> new number, -1: superseded */
};

struct owner {
    struct owner_config config;
    unsigned generation; /* the policy in force */
    struct owner_switch change;
    struct key_shard *shards[KEY_SHARDS]; /* NULL for those of other owners */
    struct timers *timers; /* one a place of an incident: shard * incidents + place */
    uint64_t *due; /* places that are due at one moment, from due_next on still to be fired */
    uint32_t due_n, due_next;
    int64_t due_at;
    uint32_t ended_shard, ended_place; /* how far owner_end has come */
    /* Coverage of the interval that is being summed. */
    int64_t coverage_due; /* INT64_MAX: none */
    int64_t coverage_from, coverage_to;
    uint64_t (*coverage)[COVERAGE_COUNT];
    bool *coverage_touched;
    /* Revisions on their way: through the ring, or waiting for room in it. */
    struct ring *ring;
    struct revision *outbox;
    uint32_t outbox_first, outbox_n;
    struct watermark mark; /* published: later revisions are not smaller */
    /* Items for the level above, waiting to be pushed. */
    struct exchange_item *up;
    uint32_t up_first, up_n;
    struct correlator_counters counters;
};

int owner_init(struct owner *o, const struct owner_config *config);
void owner_free(struct owner *o);
size_t owner_bytes(const struct owner_config *config);

/* Firing and ending stop where a revision would find no room, and answer false; called again, they
 * go on from there. So nothing is lost when the judge is behind: the owner takes no further items.
 */
/* owner_take: one item; only after owner_fire(its time) and owner_has_room have answered true. */
void owner_take(struct owner *o, const struct exchange_item *item);
/* owner_fire: everything due by now: incidents, coverage, the switch to another policy. */
bool owner_fire(struct owner *o, int64_t now);
/* owner_has_room: is there room for what one item may lead to? */
bool owner_has_room(struct owner *o);
/* owner_end: after the last item: coverage that waits, then incidents that are open. */
bool owner_end(struct owner *o);
/* owner_flush: move waiting revisions into the ring; true when none waits any more. */
bool owner_flush(struct owner *o);
/* owner_up: the first item that waits to be pushed to the level above, NULL; owner_up_drop takes
 * it. */
const struct exchange_item *owner_up(const struct owner *o);
void owner_up_drop(struct owner *o);

#endif
