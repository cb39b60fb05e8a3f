/* The judge: takes incident revisions in the one order, judges them by the accord's lines, numbers
 * findings, and hands them to a sink. One thread. Nothing in its output depends on workers or wall
 * time. */
#ifndef CORRELATE_JUDGE_H
#define CORRELATE_JUDGE_H

#include "correlate/accord.h"
#include "correlate/campaign.h"
#include "correlate/finding.h"
#include "correlate/revision.h"

struct judge;

/* What is judged by; revisions say which of them (generation). */
struct judge_policy {
    const struct accord *accord; /* NULL: incidents are counted, nothing is judged */
    const struct definitions *definitions;
    bool same_accord;             /* as the policy before: findings go on */
    int64_t update_ns;            /* between two revisions of a campaign that has small news */
    uint8_t digest[SHA256_BYTES]; /* of the policy */
};

struct judge_config {
    const struct judge_policy *policies; /* outlive the judge */
    unsigned n_policies;                 /* at least 1 */
    const uint8_t *incident_key;         /* 32 bytes, K_id of the ledger secret */
    struct judge_sink sink;
};

int judge_create(struct judge **out, const struct judge_config *config, struct diags *diags);
void judge_destroy(struct judge *j);
/* judge_take: judge one revision; calls the sink before it returns. */
void judge_take(struct judge *j, const struct revision *revision);
/* judge_end: after the last revision: what is still held back (coverage of the last interval). */
void judge_end(struct judge *j);

/* Counts, exact between calls. Rows: name, unit, drop or count (a
 * drop is something that was not kept or not judged), text. */
#define JUDGE_COUNTERS(X)                                                           \
    X(revisions, "revisions", "count", "taken")                                     \
    X(raised, "revisions", "count", "handed on as findings")                        \
    X(not_raised, "revisions", "count", "handed on as not raised")                  \
    X(units_full, "units", "drop", "not judged for want of room or memory")         \
    X(joined, "incidents", "count", "that belong to a campaign of their source")    \
    X(campaigns_full, "incidents", "count",                                         \
      "judged by themselves: no room was left for their campaign")                  \
    X(targets_lost, "addresses", "count", "of a campaign that were not told apart") \
    X(coverage_late, "revisions", "drop", "of coverage for an interval that was handed on already")
struct judge_counters {
#define X(name, unit, what, text) uint64_t name;
    JUDGE_COUNTERS(X)
#undef X
};
struct judge_counters judge_counters(const struct judge *j);

/* The sentence that every finding carries; NAME is the line. */
#define FINDING_STATEMENT                                                                         \
    "This records the observable of line %s. It makes no statement on the responsibility of any " \
    "State."

#endif
