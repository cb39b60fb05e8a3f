/* A line alone, in the caller's thread: captures in, observations out. The same intake, decode and
 * line as in a run of the engine, without its ports and without correlation, so what rules see is
 * the same. For what analysts try out: `rules why`, `rules test`, `rules profile`. No DPDK.
 */
#ifndef DATAPLANE_SOLO_H
#define DATAPLANE_SOLO_H

#include "dataplane/line.h"

struct solo_config {
    const char *const *captures;
    size_t n_captures;
    const struct rule_set *rules;
    struct engine_limits limits;
    struct line_output output; /* event may be NULL */
    struct rule_watch *watch;  /* NULL, or a rule that is asked of everything */
    struct rule_cost *costs;   /* NULL, or room for what each rule costs (rules/profile.h) */
};

struct solo_counts {
    uint64_t packets;
    uint64_t verdicts[DECODE_VERDICT_COUNT];
    uint64_t flows, flows_home;
    unsigned inputs, broken;
    struct matcher_stats matcher;
};

struct solo;
/* solo_open: the config is copied, what it points to stays the caller's. ERR_NOMEM, and as
 * merge_open and intake_open. */
int solo_open(struct solo **out, const struct solo_config *config, struct diags *diags);
void solo_close(struct solo *s);
/* solo_run: everything, to the end. An input that breaks is in diags and in the counts. */
int solo_run(struct solo *s, struct diags *diags);
/* solo_moment: where the line is; from its output or its watch. */
struct line_moment solo_moment(const struct solo *s);
struct solo_counts solo_counts(const struct solo *s);

#endif
