/* Which alerts of a rule are told: suppressions, threshold and detection_filter, in event time.
 *
 * They decide on alerts alone, once what matched is known and in its order; what is observed and
 * correlated has been counted before. Suricata's documentation, "Thresholding Keywords".
 */
#ifndef RULES_THRESHOLD_H
#define RULES_THRESHOLD_H

#include "base/address.h"
#include "rules/rule_set.h"

/* Fates of an alert after the match; rows: suffix, name, text. */
#define ALERT_FATES(X)                                                                   \
    X(TOLD, "told", "the alert is told")                                                 \
    X(LIMITED, "limited", "the rule's limit for this time and these ends is reached")    \
    X(BELOW, "below", "there have not been enough of them for these ends and this time") \
    X(SUPPRESSED, "suppressed", "a threshold.config suppresses it")
enum alert_fate {
#define X(s, name, text) FATE_##s,
    ALERT_FATES(X)
#undef X
        FATE_COUNT
};

struct thresholds;

/* thresholds_create: room for so many rules with ends that are counted at a time; NULL without
 * memory. When it is used up, counts whose time is over go, and if there are none the alert is told
 * (thresholds_full counts these). One owner. */
struct thresholds *thresholds_create(size_t entries, uint64_t hash_seed);
void thresholds_free(struct thresholds *t);
uint64_t thresholds_full(const struct thresholds *t);

/* thresholds_decide: the fate of an alert of the rule at event time t (ns), by the ends of what
 * matched. Alerts come in ascending order. */
enum alert_fate thresholds_decide(struct thresholds *t, const struct rule_set *set, uint32_t rule,
                                  int64_t at, const struct address *source,
                                  const struct address *target);

#endif
