/* What a verified ledger proves, and what it does not. */
#include "ledger/verify.h"

#include <inttypes.h>

/* Rows: text. Each is a line of its list. */
#define DOES_NOT_PROVE(X)                                                           \
    X("that the packets were real, or that nothing was left out before sealing")    \
    X("when an entry was made: times are the sensor's own statement")               \
    X("who stands behind an address; no State's responsibility is stated anywhere") \
    X("that this is the only history its key has signed: an outside witness would be needed")

static void print_proves(FILE *out, const struct verify_result *r)
{
    fprintf(out, "PROVES\n");
    fprintf(out, "  The holders of the given keys signed exactly these logs:\n");
    fprintf(out, "    facts  %" PRIu64 " entries, in this order\n", r->facts_size);
    fprintf(out, "    acts   %" PRIu64 " entries, in this order\n", r->acts_size);
    fprintf(out,
            "  Every byte of facts/ and acts/ belongs to them; none was changed or added since.\n");
    if (r->continued)
        fprintf(out, "  They go on from what %" PRIu64 " remembered checkpoint%s.\n", r->continued,
                r->continued == 1 ? " covers" : "s cover");
    if (r->private_entries)
        fprintf(out, "  The private values of %" PRIu64 " entries are those that were sealed.\n",
                r->private_entries);
}

void ledger_verify_report(FILE *out, const struct verify_request *request,
                          const struct verify_result *result, bool ok)
{
    fprintf(out, "%s: %s\n\n", request->dir, ok ? "verified" : "NOT verified");
    if (ok)
        print_proves(out, result);
    else
        fprintf(out, "PROVES\n  Nothing: the faults that were found are named above.\n");
    if (result->ignored_signature_lines)
        fprintf(out, "  %" PRIu64 " signature line%s of unknown keys %s ignored.\n",
                result->ignored_signature_lines, result->ignored_signature_lines == 1 ? "" : "s",
                result->ignored_signature_lines == 1 ? "was" : "were");
    fprintf(out, "\nDOES NOT PROVE\n");
#define X(text) fprintf(out, "  %s\n", text);
    DOES_NOT_PROVE(X)
#undef X
    fprintf(out, "\nSTILL OPEN\n");
    fprintf(out, "  whether the keys given are the owner's: compare them over another channel\n");
    if (!result->continued)
        fprintf(out,
                "  whether an earlier checkpoint of these logs is part of them: keep this one, "
                "and give it\n    with --since the next time\n");
    if (!result->private_entries)
        fprintf(out, "  what the entries say: their values are private and were not at hand\n");
}
