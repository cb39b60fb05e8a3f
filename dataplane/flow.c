/* Flows of a shard: made and ended, in the order of their use, with a timer each.
 *
 * A timer is moved only when a deadline comes nearer; one that fires too early is set again. So a
 * packet costs no heap operation, and a flow still ends exactly at its deadline.
 *
 * Nor does a packet move its flow among those ordered by use: it leaves the count of packets in it.
 * The order is found when one is asked for, by a radix heap whose keys may be out of date (Ahuja,
 * Mehlhorn, Orlin, Tarjan, "Faster Algorithms for the Shortest Path Problem", 1990). Every flow was
 * filed under a count, at most its own now, and all are above use_base or equal to it. List 0 has
 * the flow filed under use_base itself, list i those whose count differs from use_base in bit i - 1
 * and in none above. The first list that is not empty holds the least: what was used since goes on
 * to the list of its own count, the least of the rest becomes use_base, and the rest falls into
 * lists before it. A flow falls once a bit of its count and rises once a packet at most, so looking
 * for the oldest costs nothing that its packets have not saved.
 */
#include "dataplane/flow.h"

#include "base/error.h"
#include "base/time_point.h"

#include <string.h>

int flow_shard_init(struct flow_shard *s, const struct flow_pools *pools, unsigned number)
{
    memset(s, 0, sizeof *s);
    s->next_id = number;
    pool_share_init(&s->share);
    s->timers = timers_create(pools->flows.budget);
    return s->timers ? 0 : ERR_NOMEM;
}

void flow_shard_free(struct flow_shard *s)
{
    timers_destroy(s->timers);
    s->timers = NULL;
}

/* use_list_of: where a flow used at this count belongs. */
static unsigned use_list_of(const struct flow_shard *s, uint64_t used)
{
    return used == s->use_base ? 0 : 64 - (unsigned)__builtin_clzll(used ^ s->use_base);
}

static void use_link(struct flow_shard *s, struct flow *f, unsigned list)
{
    f->use_list = list;
    f->before = NULL;
    f->behind = s->by_use[list];
    if (f->behind)
        f->behind->before = f;
    s->by_use[list] = f;
    s->use_lists |= UINT64_C(1) << list;
}

static void use_unlink(struct flow_shard *s, const struct flow *f)
{
    if (f->behind)
        f->behind->before = f->before;
    if (f->before)
        f->before->behind = f->behind;
    else if (!(s->by_use[f->use_list] = f->behind))
        s->use_lists &= ~(UINT64_C(1) << f->use_list);
}

/* refile: the flows of a list to where they belong by now; returns the least count of those that
 * stay. */
static uint64_t refile(struct flow_shard *s, unsigned list)
{
    uint64_t least = UINT64_MAX;
    for (struct flow *f = s->by_use[list], *behind; f; f = behind) {
        behind = f->behind;
        unsigned belongs = use_list_of(s, f->used);
        if (belongs != list) {
            use_unlink(s, f);
            use_link(s, f, belongs);
        } else if (f->used < least) {
            least = f->used;
        }
    }
    return least;
}

struct flow *flow_oldest(struct flow_shard *s)
{
    while (s->use_lists) {
        unsigned list = (unsigned)__builtin_ctzll(s->use_lists);
        uint64_t least = refile(s, list);
        if (least == UINT64_MAX)
            continue;
        if (list == 0)
            return s->by_use[0];
        s->use_base = least;
        refile(s, list);
    }
    return NULL;
}

struct flow *flow_make(struct flow_pools *pools, struct flow_shard *s, const struct flow_key *key,
                       uint64_t hash)
{
    uint32_t item = pool_take(&pools->flows, &s->share);
    if (item == POOL_NONE)
        return NULL;
    struct flow *f = flow_at(pools, s, item);
    memset(f, 0, sizeof *f);
    f->key = *key;
    f->hash = hash;
    f->item = item;
    f->slot = pool_slot(&pools->flows, &s->share, item);
    f->id = s->next_id;
    s->next_id += SHARDS;
    f->attempt_at = f->app_at = f->timer_at = INT64_MAX;
    f->app_item = POOL_NONE;
    for (unsigned side = 0; side < 2; side++) {
        stream_side_init(&f->side[side].stream);
        f->side[side].window = POOL_NONE;
    }
    flow_touch(s, f);
    use_link(s, f, use_list_of(s, f->used));
    return f;
}

void flow_drop(struct flow_pools *pools, struct flow_shard *s, struct flow *f)
{
    use_unlink(s, f);
    f->key.ended = true;
    timers_clear(s->timers, f->item);
    pool_give(&pools->flows, &s->share, f->item);
}

int64_t flow_idle_at(const struct flow *f)
{
    static const int64_t ns[] = {
#define X(s, seconds) seconds *NS_PER_S,
        FLOW_IDLE(X)
#undef X
    };
    return f->idle == IDLE_UNSET ? INT64_MAX : f->last_ns + ns[f->idle];
}

int64_t flow_deadline(const struct flow *f)
{
    int64_t idle_at = flow_idle_at(f);
    int64_t at = idle_at < f->attempt_at ? idle_at : f->attempt_at;
    return at < f->app_at ? at : f->app_at;
}

void flow_arm(struct flow_shard *s, struct flow *f)
{
    int64_t want = flow_deadline(f);
    if (want < f->timer_at) {
        timers_set(s->timers, f->item, want);
        f->timer_at = want;
    }
}
