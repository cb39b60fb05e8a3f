/* From observations on many workers to incident revisions in one order.
 *
 * Every worker pushes what it observes and publishes its watermark; the owner of a key (a worker
 * too, by key shard) consumes all workers' observations for its keys in the one order, keeps
 * windows and incidents, and hands revisions to the judge's thread, which again takes them in the
 * one order. The argument for order, progress and reclamation stands at the head of exchange.c; the
 * result does not depend on the number of workers or on timing.
 */
#ifndef CORRELATE_CORRELATOR_H
#define CORRELATE_CORRELATOR_H

#include "base/diag.h"
#include "correlate/host_lookup.h"
#include "correlate/revision.h"

struct correlator;

/* What governs correlation from a time on. */
struct correlator_policy {
    int64_t from_ns;                       /* of the first, anything; then ascending */
    const struct definitions *definitions; /* finished; outlives the correlator */
    const struct host_lookup *hosts;       /* NULL without an accord; outlives the correlator */
    bool same_accord;                      /* as the policy before: incidents may go on */
    int64_t incident_quiet_ns, update_interval_ns;
};
#define CORRELATOR_POLICIES_MAX 16

struct correlator_config {
    unsigned workers;                         /* 1 to CORRELATOR_WORKERS_MAX */
    const struct correlator_policy *policies; /* copied; obs->generation picks one */
    unsigned n_policies;                      /* 1 to CORRELATOR_POLICIES_MAX */
    size_t keys_per_shard; /* windows and incidents of one of the 256 key shards; 0: default */
    size_t ring_slots;     /* of an exchange ring; 0: default */
    unsigned points;       /* observation points that observations tell of; 0: none is told */
    uint32_t keep; /* observations that are kept of the incidents of one key shard; 0: none */
    /* Called by a worker that waits with nothing to drain (full ring); NULL: spin, then yield. */
    void (*before_wait)(void *ctx, unsigned worker);
    void *ctx;
};
#define CORRELATOR_WORKERS_MAX 64
#define CORRELATOR_KEEP        16384 /* for `keep`, where evidence is asked for */
#define KEY_SHARDS             256

int correlator_create(struct correlator **out, const struct correlator_config *config,
                      struct diags *diags);
void correlator_destroy(struct correlator *c);
size_t correlator_bytes(const struct correlator *c);

/* The worker's side. threads: worker `worker` only; no allocation after correlator_begin. */
/* correlator_begin: call once on the worker's thread, before anything else. */
void correlator_begin(struct correlator *c, unsigned worker);
/* correlator_push: one observation; obs->order is greater than all this worker pushed before and
 * than its watermark, and obs->generation is the policy in force at that time. May wait for room,
 * and drains the worker's own intake meanwhile. */
void correlator_push(struct correlator *c, unsigned worker, const struct observation *obs);
/* correlator_watermark: all later observations of this worker are greater. Call after each burst
 * and before every wait. */
void correlator_watermark(struct correlator *c, unsigned worker, struct order mark);
/* correlator_turn: consume what may be consumed as owner; returns how many observations were. */
size_t correlator_turn(struct correlator *c, unsigned worker);
/* correlator_done: all workers are at ORDER_MAX and this owner has consumed and closed everything.
 */
bool correlator_done(const struct correlator *c, unsigned worker);

/* The judge's side. threads: one. Takes the next revision in order; 1 taken, 0 not yet, ERR_CLOSED
 * when there will be no more. */
int correlator_next(struct correlator *c, struct revision *out);

/* What was kept of the incidents of one level and key shard, in the order in which they took it;
 * with the numbers of their struct incident_ref. Complete, and not written to any more, when the
 * workers are done. NULL where there is none. */
struct kept_observation {
    struct observation obs;
    uint32_t incident;
};
const struct kept_observation *correlator_kept(const struct correlator *c, unsigned level,
                                               unsigned key_shard, size_t *n);

/* Counts; each exact when the workers are quiescent. Rows: name, unit, drop or count (a
 * drop is something that was not kept or not judged), text. */
#define CORRELATOR_COUNTERS(X)                                                                    \
    X(observations, "observations", "count", "pushed by workers")                                 \
    X(routed, "observations", "count",                                                            \
      "sent to the owner of a key (one for each correlation they belong to)")                     \
    X(windows_full, "keys", "drop", "given up while they counted because their shard was full")   \
    X(incidents_full, "observations", "drop",                                                     \
      "not kept as an incident because their shard was full")                                     \
    X(samples_over_limit, "observations", "count", "beyond those that a window keeps one by one") \
    X(targets_over_limit, "addresses", "count", "beyond those that an incident keeps apart")      \
    X(not_kept, "observations", "count",                                                          \
      "of incidents that found no room where they are kept for evidence")                         \
    X(acts_again, "observations", "count",                                                        \
      "of acts that another observation point had told of: they count for nothing more")          \
    X(acts_forgotten, "acts", "drop",                                                             \
      "given up while another observation point might still tell of them")                        \
    X(derived, "observations", "count", "made of incidents, for correlations over correlations")  \
    X(incidents, "incidents", "count", "opened")                                                  \
    X(revisions, "revisions", "count", "handed to the judge")                                     \
    X(revisions_lost, "revisions", "drop",                                                        \
      "lost because the judge was too far behind: the run is not reproducible")                   \
    X(push_waits, "waits", "count", "a worker found an exchange ring full")
struct correlator_counters {
#define X(name, unit, what, text) uint64_t name;
    CORRELATOR_COUNTERS(X)
#undef X
};
struct correlator_counters correlator_counters(const struct correlator *c);
/* correlator_incidents: opened by this worker as owner: how evenly keys are spread. */
uint64_t correlator_incidents(const struct correlator *c, unsigned worker);

#endif
