/* The facts on an origin and the headline they allow. A declared network says to whom an address
 * was given, not who used it: so confidence is low whatever the headline. */
#include "correlate/origin.h"

#include <stddef.h>

static const struct declared_network *declared_network(const struct accord *a,
                                                       const struct address *source, int64_t ns)
{
    const struct declared_network *networks, *best = NULL;
    unsigned n = accord_networks(a, &networks);
    for (unsigned i = 0; i < n; i++)
        if (networks[i].from_ns <= ns && prefix_holds(&networks[i].prefix, source) &&
            (!best || networks[i].prefix.len > best->prefix.len))
            best = &networks[i];
    return best;
}

void origin_of(const struct accord *a, const struct address *source, int64_t ns, bool two_way,
               struct origin *out)
{
    static const struct {
        bool two_way, declared;
        const char *headline;
    } table[] = {
#define X(needs_two_way, needs_declared, text) {needs_two_way, needs_declared, text},
        ORIGIN_HEADLINES(X)
#undef X
    };
    *out = (struct origin){.two_way_contact = two_way, .confidence = "low"};
    /* Without two-way contact the source may be forged: then its network says nothing. */
    out->declared = two_way ? declared_network(a, source, ns) : NULL;
    size_t row = 0;
    while ((table[row].two_way && !out->two_way_contact) || (table[row].declared && !out->declared))
        row++;
    out->headline = table[row].headline;
}

unsigned origin_hypotheses(const struct origin *origin, const char *out[ORIGIN_HYPOTHESES_MAX])
{
    unsigned n = 0;
#define X(with_two_way, text)                     \
    if (with_two_way || !origin->two_way_contact) \
        out[n++] = text;
    ORIGIN_HYPOTHESES(X)
#undef X
    return n;
}
