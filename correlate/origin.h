/* Origin: what is known of where acts came from. A set of facts and a headline out of a published
 * table; never a statement on who is responsible. */
#ifndef CORRELATE_ORIGIN_H
#define CORRELATE_ORIGIN_H

#include "correlate/accord.h"

struct origin {
    bool two_way_contact;                    /* fact two-way-contact */
    const struct declared_network *declared; /* fact in-declared-network, or NULL */
    const char *headline, *confidence;
};

/* origin_of: from whether both ends talked, and the declared networks that hold the source at that
 * time. */
void origin_of(const struct accord *a, const struct address *source, int64_t ns, bool two_way,
               struct origin *out);

/* The headline table: first row that fits. Rows: two-way contact needed, declared network needed,
 * headline. */
#define ORIGIN_HEADLINES(X)                      \
    X(true, true, "address in declared network") \
    X(true, false, "address")                    \
    X(false, false, "undetermined")

/* Explanations that an observation on the wire does not rule out. Rows: holds also with two-way
 * contact, text. */
#define ORIGIN_HYPOTHESES(X)          \
    X(false, "forged source address") \
    X(true, "rented host")            \
    X(true, "compromised router")     \
    X(true, "route hijack")           \
    X(true, "injection on the path")  \
    X(true, "staging by the accuser")

/* origin_hypotheses: those that the facts leave open. Returns their number. */
#define ORIGIN_HYPOTHESES_MAX 8
unsigned origin_hypotheses(const struct origin *origin, const char *out[ORIGIN_HYPOTHESES_MAX]);

#endif
