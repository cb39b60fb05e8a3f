/* What a run is governed by: rules, correlations, the accord, limits; loaded together, named by one
 * digest. */
#ifndef APP_POLICY_H
#define APP_POLICY_H

#include "app/options.h"
#include "correlate/accord.h"
#include "correlate/definition.h"
#include "dataplane/engine.h"
#include "ledger/entry.h"
#include "rules/rule_set.h"

struct policy_files {
    struct option_list rules, correlations, variables;
    const char *home_net, *accord, *party;
    const char *vars_file, *classification, *references,
        *thresholds; /* a suricata.yaml, a classification.config, a
                        reference.config, a threshold.config; NULL: none */
};

struct policy {
    struct engine_limits limits; /* the same for all policies of a run */
    struct rule_set *rules;
    struct definitions *definitions;
    struct accord *accord; /* NULL: none was given */
    uint8_t digest[SHA256_BYTES];
    int64_t incident_quiet_ns, coverage_interval_ns;
    int64_t from_ns;  /* event time from which it is in force; INT64_MIN: from the start */
    bool same_accord; /* as the policy before it in this run */
};

/* policy_load: 0, or an error with diagnostics. Rules that are rejected are errors in rule_diags,
 * and no error of the policy. */
int policy_load(struct policy *out, const struct policy_files *files,
                const struct engine_limits *limits, struct diags *diags, struct diags *rule_diags);
void policy_free(struct policy *p);
/* policy_entries: hand on the entries that say which policy is in force, and which accord if that
 * is new. Stops at the first error of submit and returns it. */
typedef int policy_submit(void *ctx, const struct entry_draft *draft);
int policy_entries(const struct policy *p, policy_submit *submit, void *ctx);

#endif
