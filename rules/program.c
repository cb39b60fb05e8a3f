/* Confirming a rule: header first, then contents, as Suricata defines them.
 *
 * Contents that are relative to each other are a chain, searched with backtracking: when what
 * follows a place does not hold, the next place is tried, if that can help (CONTENT_RETRY), else
 * the rule does not hold. Places are tried in ascending order, so what is behind them is asked from
 * ascending places too, and a place that failed once need not be tried again: `tried` only moves
 * forward, and a chain costs at most one walk over the data a content, whatever the data is.
 *
 * A match must end in the new bytes: once each chain holds somewhere, one of the contents must also
 * be found with its end there, the others as before. A rule without a content to find is asked
 * once, where the stream begins.
 */
#include "rules/matcher.h"
#include "rules/set_parts.h"

#include <ctype.h>
#include <string.h>

#define NO_CONTENT UINT32_MAX

struct search {
    const struct signature *sig;
    const struct match_input *in;
    unsigned fresh;              /* the content that must end in the new bytes; NO_CONTENT: none */
    bool over;                   /* it cannot hold, no other place helps */
    int64_t tried[CONTENTS_MAX]; /* no place before this needs a try */
};

/* bounds_of: where the content may begin and must end, as places in the data. The stream's start
 * may lie before the data. */
static bool bounds_of(const struct search *s, const struct content *c, int64_t previous,
                      int64_t *low, int64_t *end)
{
    int64_t len = s->in->len;
    *low = -(int64_t)s->in->stream_at;
    *end = len;
    if (c->flags & CONTENT_RELATIVE)
        *low = previous + c->distance;
    else
        *low += c->offset;
    if (c->flags & CONTENT_WITHIN)
        *end = *low + c->within;
    else if (c->flags & CONTENT_DEPTH)
        *end = *low + c->depth;
    else if (c->flags & CONTENT_STARTSWITH)
        *end = *low + c->len;
    if (c->flags & CONTENT_ENDSWITH) /* no room is left when it must end before */
        *low = *low > len - c->len ? *low : len - c->len;
    if (*low < 0)
        *low = 0;
    if (*end > len)
        *end = len;
    return *end - *low >= c->len;
}

static bool equal_at(const struct content *c, const uint8_t *data)
{
    for (unsigned i = 0; i < c->len; i++)
        if (tolower(data[i]) != c->bytes[i])
            return false;
    return true;
}

/* find: the first place from `low` where the content stands and ends by `end`; -1. */
static int64_t find(const struct search *s, const struct content *c, int64_t low, int64_t end)
{
    const uint8_t *data = s->in->data;
    if (end - low < c->len)
        return -1;
    if (!(c->flags & CONTENT_NOCASE)) {
        const uint8_t *p = memmem(data + low, (size_t)(end - low), c->bytes, c->len);
        return p ? p - data : -1;
    }
    for (; low + c->len <= end; low++)
        if (equal_at(c, data + low))
            return low;
    return -1;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* chain_holds: do content i and those behind it in its chain hold, the one before having ended at
 * `previous`? */
static bool chain_holds(struct search *s, unsigned i, int64_t previous)
{
    const struct content *c = &s->sig->contents[i];
    int64_t low, end, *tried = &s->tried[i];
    bool room = bounds_of(s, c, previous, &low, &end);
    if (c->flags & CONTENT_NEGATED) {
        int64_t at = room ? find(s, c, larger(low, *tried), end) : -1;
        if (at >= 0)
            *tried = at;
        else if (room)
            *tried = larger(*tried, end - c->len + 1);
        return at < 0 && (!c->next || chain_holds(s, c->next, previous));
    }
    if (!room)
        return false;
    if (i == s->fresh)
        low = larger(low, (int64_t)s->in->fresh - c->len + 1);
    for (low = larger(low, *tried);; low = *tried) {
        int64_t at = find(s, c, low, end);
        if (at < 0) {
            *tried = larger(*tried, end - c->len + 1);
            return false;
        }
        if (!c->next || chain_holds(s, c->next, at + c->len))
            return true;
        *tried = at + 1;
        s->over |= !(c->flags & CONTENT_RETRY);
        if (s->over)
            return false;
    }
}

static bool chain_from_head(const struct signature *sig, const struct match_input *in,
                            unsigned head, unsigned fresh)
{
    struct search s = {.sig = sig, .in = in, .fresh = fresh};
    return chain_holds(&s, head, -(int64_t)in->stream_at);
}

/* found_alone: does a content that is in no chain stand where it is looked for? */
static bool found_alone(const struct signature *sig, const struct match_input *in,
                        const struct content *c)
{
    struct search s = {.sig = sig, .in = in};
    int64_t low, end;
    return bounds_of(&s, c, 0, &low, &end) && find(&s, c, low, end) >= 0;
}

static bool contents_hold(const struct signature *sig, const struct match_input *in)
{
    unsigned positive = 0, head = 0;
    for (unsigned i = 0; i < sig->n_contents; i++) {
        const struct content *c = &sig->contents[i];
        bool in_chain = !(c->flags & CONTENT_NEGATED) || c->flags & CONTENT_RELATIVE;
        positive += !(c->flags & CONTENT_NEGATED);
        if (c->flags & CONTENT_HEAD ? !chain_from_head(sig, in, i, NO_CONTENT)
                                    : !in_chain && found_alone(sig, in, c))
            return false;
    }
    if (in->fresh == 0 && (positive || in->stream_at == 0))
        return true;
    for (unsigned i = 0; i < sig->n_contents; i++) {
        const struct content *c = &sig->contents[i];
        if (c->flags & CONTENT_HEAD)
            head = i;
        if (!(c->flags & CONTENT_NEGATED) && chain_from_head(sig, in, head, i))
            return true;
    }
    return sig->n_contents == 0;
}

static bool ends_hold(const struct signature *s, const struct match_input *in)
{
    if (address_set_holds(s->source, &in->source) && address_set_holds(s->target, &in->target) &&
        port_set_holds(s->source_port, in->source_port) &&
        port_set_holds(s->target_port, in->target_port))
        return true;
    return s->bidirectional && address_set_holds(s->source, &in->target) &&
           address_set_holds(s->target, &in->source) &&
           port_set_holds(s->source_port, in->target_port) &&
           port_set_holds(s->target_port, in->source_port);
}

static bool direction_holds(const struct signature *s, const struct match_input *in)
{
    unsigned directions = s->flow & (FLOW_TO_SERVER | FLOW_TO_CLIENT);
    return !directions || directions & (in->to_server ? FLOW_TO_SERVER : FLOW_TO_CLIENT);
}

static bool state_holds(const struct signature *s, const struct match_input *in)
{
    return !(s->flow & (in->established ? FLOW_NOT_ESTABLISHED : FLOW_ESTABLISHED));
}

static bool bit_of(const struct match_flow *flow, uint16_t bit)
{
    return flow->flowbits[bit / 64] >> bit % 64 & 1;
}

/* flowbits_hold: of the alternatives of each question one is answered as asked. */
static bool flowbits_hold(const struct signature *s, const struct match_flow *flow)
{
    bool one = false;
    for (unsigned i = 0; i < s->n_flowbits; i++) {
        const struct flowbit *f = &s->flowbits[i];
        if (f->op == FLOWBIT_ISSET || f->op == FLOWBIT_ISNOTSET)
            one |= bit_of(flow, f->bit) == (f->op == FLOWBIT_ISSET);
        else
            one = true;
        if (f->or_next)
            continue;
        if (!one)
            return false;
        one = false;
    }
    return true;
}

static bool dsize_holds(const struct signature *s, uint32_t len)
{
    return !s->has_dsize || (len >= s->dsize_low && len <= s->dsize_high) != s->dsize_negated;
}

enum rule_verdict rule_confirm(const struct signature *s, const struct match_input *input,
                               const struct match_flow *flow)
{
    if (!ends_hold(s, input) || !direction_holds(s, input) || !dsize_holds(s, input->len))
        return RULE_NEVER;
    return state_holds(s, input) && flowbits_hold(s, flow) && contents_hold(s, input)
               ? RULE_MATCHES
               : RULE_NOT_YET;
}

void rule_apply_flowbits(const struct signature *s, struct match_flow *flow)
{
    for (unsigned i = 0; i < s->n_flowbits; i++) {
        uint64_t *word = &flow->flowbits[s->flowbits[i].bit / 64],
                 mask = (uint64_t)1 << s->flowbits[i].bit % 64;
        switch ((enum flowbit_op)s->flowbits[i].op) {
        case FLOWBIT_SET:
            *word |= mask;
            break;
        case FLOWBIT_UNSET:
            *word &= ~mask;
            break;
        case FLOWBIT_TOGGLE:
            *word ^= mask;
            break;
        case FLOWBIT_ISSET:
        case FLOWBIT_ISNOTSET:
            break;
        }
    }
}
