/* The one screen that a replay ends with. */
#ifndef APP_SCREEN_H
#define APP_SCREEN_H

#include "app/coverage_sum.h"
#include "app/policies.h"
#include "app/results.h"
#include "correlate/judge.h"
#include "dataplane/engine.h"
#include "ledger/sealer_client.h"

/* What was written as evidence. */
struct evidence_sum {
    uint64_t files, packets, missing; /* missing: observations without their packets */
};

struct screen {
    const struct results *results;
    const struct coverage_sum *coverage; /* by the first policy of each accord */
    const struct engine_stats *stats;
    const struct correlator_counters *correlation;
    const struct judge_counters *judge;
    const uint64_t *incidents_by_worker; /* n_workers of them */
    unsigned n_workers;
    const struct policies *policies;
    const uint64_t *fates;  /* of alerts, by enum alert_fate; NULL: no events are written */
    const char *ledger_dir; /* NULL: nothing was sealed */
    const struct sealer_counts *sealed;
    const struct sealer_hello *hello;
    const char *evidence_dir; /* NULL: none was asked for */
    const struct evidence_sum *evidence;
};

void screen_print(FILE *out, const struct screen *screen);

#endif
