/* Gates: what must hold before an incident is raised as a finding. Each is held, failed or
 * not-decidable, with its reason in words; all outcomes are recorded, also for what is not raised.
 */
#ifndef CORRELATE_GATES_H
#define CORRELATE_GATES_H

#include "correlate/accord.h"
#include "correlate/finding.h"
#include "correlate/revision.h"

/* What selectivity is measured against, for one line; made once. An asset counts only when all its
 * networks are IPv4 and inside the monitored space; the others are left out on both sides. */
struct selectivity_space {
    uint64_t monitored; /* N; UINT64_MAX: cannot be counted */
    uint64_t protected; /* K */
    bool *counts;       /* by asset number; owned */
};

int selectivity_space_init(struct selectivity_space *space, const struct accord *a,
                           const struct accord_line *line);
void selectivity_space_free(struct selectivity_space *space);

/* What is judged: an incident's part that concerns one line and one sector. */
struct unit {
    const struct accord *accord;
    const struct definitions *definitions;
    const struct accord_line *line;
    const struct match_clause *clause;
    const char *correlation; /* the clause's, or that of its operator gate's exception */
    const struct selectivity_space *space;
    const struct revision *revision;
    uint8_t sector;
    bool campaign; /* the revision sums up several incidents */
    struct address source;
    /* Assets of the line in that sector; those that gates leave out are moved behind n_assets. */
    struct revision_asset assets[REVISION_ASSETS];
    unsigned n_assets, n_all;
};

/* gates_judge: all gates of the unit's clause, and those every line has (in-force, shared-address;
 * listed only when they do not hold). Narrows unit->assets to what the gates leave. Returns whether
 * all are held. */
bool gates_judge(struct unit *unit, struct gate_outcome out[FINDING_GATES_MAX], unsigned *n);

/* gates_demand: does the clause have a gate of that kind? */
const struct gate *gates_demand(const struct match_clause *clause, enum gate_kind kind);

/* hypergeometric_tail: the chance that k or more of t drawn without replacement out of `population`
 * are among its `marked`. Accurate to about 1e-9 relative for what gates ask. */
double hypergeometric_tail(uint64_t population, uint64_t marked, uint64_t drawn, uint64_t k);

#endif
