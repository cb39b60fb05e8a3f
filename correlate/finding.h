/* Seam 2: a finding. Plain data with a version: an incident judged against a line of an accord.
 *
 * The fields are those of the entry kind `finding` (ledger/entry_fields.def), each value as
 * canonical JSON; output, ledger and explanation read the same list.
 */
#ifndef CORRELATE_FINDING_H
#define CORRELATE_FINDING_H

#include "base/address.h"
#include "base/text.h"
#include "base/vocabulary.h"
#include "correlate/revision.h"
#include "ledger/entry.h"

#define FINDING_VERSION 1

enum gate_result { GATE_HELD, GATE_FAILED, GATE_NOT_DECIDABLE };
extern const char *const gate_result_names[3];

/* One gate's outcome with the reason in words. */
struct gate_outcome {
    const char *name;
    enum gate_result result;
    char why[160];
};

#define FINDING_GATES_MAX 8

/* A judged incident: raised (a finding) or not raised. Valid during the sink's call; strings belong
 * to the judge or the accord. */
struct judged {
    bool raised;
    const char *id;    /* f-... */
    uint32_t revision; /* of this finding, from 1 */
    const char *line, *sector, *correlation, *stage;
    const char *why; /* revision_why text, or what changed */
    bool open;
    int64_t first_ns, last_ns;
    uint64_t time_error_ns;
    enum outcome outcome;
    int severity;
    uint64_t count;
    /* What it is about: one incident, or those that joined a campaign; and how many observations.
     */
    struct incident_ref incident;
    uint32_t campaign; /* 0: the incident by itself */
    uint64_t observations;
    struct address source;
    uint32_t sources_total;
    const char *const *assets; /* ids */
    unsigned n_assets;
    uint32_t assets_total;
    const char *headline, *confidence; /* origin */
    struct gate_outcome gates[FINDING_GATES_MAX];
    unsigned n_gates;
    /* The entry: kind finding, all fields. For what was not raised the same fields, never sealed.
     */
    struct entry_draft entry;
};

/* One interval's coverage, ready to be sealed. */
struct judged_coverage {
    int64_t from_ns, to_ns;
    struct entry_draft entry;
};

struct judge_sink {
    void *ctx;
    void (*judged)(void *ctx, const struct judged *judged);
    void (*coverage)(void *ctx, const struct judged_coverage *coverage);
    /* An incident is part of a campaign, with this many observations by now; before what is judged
     * of it. */
    void (*joined)(void *ctx, uint32_t campaign, const struct incident_ref *incident,
                   uint64_t observations);
    void (*policy)(void *ctx, unsigned generation); /* from here on this one is in force */
};

#endif
