/* What a run found, kept for the screen: the last state of each judged unit, and coverage sums.
 *
 * Written by the judge's thread through results_take_*; read by the main thread once that has
 * ended. Bounded: RESULTS_MAX units are kept, more are counted.
 */
#ifndef APP_RESULTS_H
#define APP_RESULTS_H

#include "correlate/finding.h"

#define RESULTS_MAX    65536
#define RESULTS_ASSETS 4

struct result {
    char id[24], line[40], sector[24], headline[48];
    char assets[RESULTS_ASSETS][32];
    char gate[24], gate_why[160]; /* the gate that held it back, for what was not raised */
    enum gate_result gate_result;
    unsigned n_assets;
    uint32_t assets_total, revision;
    bool raised, open;
    int64_t first_ns, last_ns;
    uint64_t time_error_ns, count;
    enum outcome outcome;
    int severity;
    struct address source;
    uint32_t sources_total;
    struct text entry; /* not raised only: its fields as one JSON object, for --json at the end */
};

struct results {
    struct result *items; /* in the judge's order of first sight */
    size_t n, cap;
    struct table *by_id;
    uint64_t over_limit, revisions;
    size_t raised, not_raised;
    int worst_severity;
};

int results_init(struct results *r);
void results_free(struct results *r);
/* results_take: keep the newest state of a unit. A unit once raised stays raised. */
void results_take(struct results *r, const struct judged *judged);

/* entry_object: an entry as one JSON object: `type`, `id`, `revision`, then its fields. */
void entry_object(struct text *out, const char *type, const struct entry_draft *entry);

#endif
