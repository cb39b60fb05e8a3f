/* The policies of a run, in the order in which they come into force. All are loaded before the run
 * begins: a switch to one that does not load must not be found out halfway. */
#ifndef APP_POLICIES_H
#define APP_POLICIES_H

#include "app/policy.h"
#include "correlate/correlator.h"

struct policies {
    struct policy items[CORRELATOR_POLICIES_MAX];
    unsigned n;
};

/* policies_load: the first from the options, the others from words T=FILE (a time, a policy file),
 * whose times ascend. 0, or an error with diagnostics. */
int policies_load(struct policies *out, const struct policy_files *first,
                  const struct engine_limits *limits, const struct option_list *switches,
                  struct diags *diags);
void policies_free(struct policies *p);
/* policies_one_origin: do all accords name the same logs? A ledger cannot change its identity. */
int policies_one_origin(const struct policies *p, struct diags *diags);

#endif
