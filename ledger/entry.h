/* Entries: what is sealed. This is the ledger's intake, the only header of this room that the
 * correlating side includes.
 *
 * An entry is a list of named fields, each value already in RFC 8785 (JCS) form. The sealer turns
 * each field into a salted commitment (an SD-JWT digest, RFC 9901); only those are public. The
 * fields of each kind stand in ledger/entry_fields.def.
 */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ledger_log { LEDGER_FACTS, LEDGER_ACTS, LEDGER_LOGS };

/* Rows: suffix, name, log, text. */
#define ENTRY_KINDS(X)                                                                            \
    X(POLICY, "policy", LEDGER_FACTS, "the rules, correlations and limits in force")              \
    X(ACCORD, "accord", LEDGER_FACTS, "the accord that findings are judged by")                   \
    X(FINDING, "finding", LEDGER_FACTS, "an incident judged to match a line's observable")        \
    X(COVERAGE, "coverage", LEDGER_FACTS, "what was seen of the protected assets in an interval") \
    X(START, "start", LEDGER_ACTS, "an engine began to use this ledger")                          \
    X(STOP, "stop", LEDGER_ACTS, "an engine ended in good order")                                 \
    X(GAP, "gap", LEDGER_ACTS, "an interval in which nothing is known to have been sealed")       \
    X(CLOCK_STEP, "clock-step", LEDGER_ACTS, "a clock was found to have been set")                \
    X(EVIDENCE, "evidence", LEDGER_FACTS, "the packets of a finding, in a file of their own")

enum entry_kind {
#define X(suffix, name, log, text) ENTRY_##suffix,
    ENTRY_KINDS(X)
#undef X
        ENTRY_KIND_COUNT
};

const char *entry_kind_name(enum entry_kind kind);
enum ledger_log entry_kind_log(enum entry_kind kind);

/* One field. `value` is JCS text, not NUL-terminated. A list field is an array; each of its
 * elements becomes a disclosure of its own. Whether a field is a list is said by entry_fields.def.
 */
struct entry_field {
    const char *name;
    const char *value;
    size_t value_len;
};

/* An entry to be sealed; a view, owned by the caller. (kind's log, id, revision) is the idempotency
 * key. */
struct entry_draft {
    enum entry_kind kind;
    const char *id;
    uint32_t revision;
    const struct entry_field *fields;
    size_t n;
};

/* entry_check: every field is in the table for that kind, none twice, none of the required ones
 * missing, at most 64 in all. 0 or ERR_SCHEMA with a diagnostic. */
int entry_check(const struct entry_draft *draft, struct diags *diags);

#endif
