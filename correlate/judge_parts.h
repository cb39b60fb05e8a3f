/* What the files of the judge share: the entry of a finding, and the coverage of an interval. */
#ifndef CORRELATE_JUDGE_PARTS_H
#define CORRELATE_JUDGE_PARTS_H

#include "correlate/gates.h"
#include "correlate/judge.h"
#include "correlate/origin.h"
#include "correlate/severity.h"

/* All that a finding's entry says. Pointers are to the judge's state and live as long as the call.
 */
struct judgement {
    const struct judge_policy *policy;
    struct unit unit;
    struct gate_outcome gates[FINDING_GATES_MAX];
    unsigned n_gates;
    bool raised;
    enum outcome outcome;
    int64_t first_ns, last_ns;
    uint64_t count;
    uint32_t assets_total;
    struct origin origin;
    struct severity severity;
};

#define FINDING_FIELDS_MAX 48

/* The fields of an entry, with the texts they view. Zero-initialise; reused from one entry to the
 * next. */
struct entry_fields {
    struct entry_field items[FINDING_FIELDS_MAX];
    struct text values[FINDING_FIELDS_MAX];
    size_t n;
};
void entry_fields_free(struct entry_fields *f);

/* finding_fields: every field of the entry kind finding. content: a digest over all of them but
 * `why`; equal digests mean that there is nothing new to say. */
int finding_fields(struct entry_fields *f, const struct judgement *j,
                   uint8_t content[SHA256_BYTES]);

/* Coverage of the interval that is being collected. */
struct coverage_interval {
    bool open;
    int64_t from_ns, to_ns, flushed_ns; /* flushed: the end of the last one handed on */
    uint64_t (*counts)[COVERAGE_COUNT]; /* by asset number */
    unsigned n_assets;
    uint64_t late; /* revisions of an interval that was handed on */
    struct entry_fields fields;
};

/* Whose assets these are, and where the entry goes. */
struct coverage_context {
    const struct accord *accord;
    const struct judge_sink *sink;
};

int coverage_init(struct coverage_interval *c, const struct accord *a);
void coverage_free(struct coverage_interval *c);
/* coverage_take: count one asset's revision; hands on the interval before when it is complete. */
void coverage_take(struct coverage_interval *c, const struct coverage_context *context,
                   const struct revision *revision);
/* coverage_until: hand on the open interval if it ended before t. */
void coverage_until(struct coverage_interval *c, const struct coverage_context *context, int64_t t);
void coverage_flush(struct coverage_interval *c, const struct coverage_context *context);

#endif
