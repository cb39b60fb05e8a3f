/* Confirming a rule: header first, then contents in the rule's order, with backtracking.
 *
 * A content is looked for from left to right; when those that are relative to it cannot follow, its
 * next place is tried. A content that nothing is relative to needs no second try. Steps are
 * bounded, so a rule that backtracks without end is given up for this input.
 */
#include "rules/matcher.h"
#include "rules/set_parts.h"

#include <ctype.h>
#include <string.h>

#define STEPS_MAX 4096

struct search {
    const struct signature *sig;
    const struct match_input *input;
    unsigned steps;
    uint32_t furthest; /* largest end of a content found so far */
};

/* bounds_of: where the content may begin and must end, as places in the data. The stream's start
 * may lie before the data. */
static bool bounds_of(const struct search *s, const struct content *c, int64_t previous,
                      int64_t *low, int64_t *end)
{
    int64_t start = -(int64_t)s->input->stream_at, len = s->input->len;
    *low = start;
    *end = len;
    if (c->flags & CONTENT_RELATIVE) {
        *low = previous + (c->flags & CONTENT_DISTANCE ? c->distance : 0);
        if (c->flags & CONTENT_WITHIN)
            *end = *low + c->within;
    } else {
        if (c->flags & CONTENT_OFFSET)
            *low = start + c->offset;
        if (c->flags & CONTENT_DEPTH)
            *end = *low + c->depth;
    }
    if (c->flags & CONTENT_ENDSWITH) {
        if (*end < len)
            return false;
        *low = *low > len - c->len ? *low : len - c->len;
    }
    if (*low < 0)
        *low = 0;
    if (*end > len)
        *end = len;
    return *end - *low >= c->len;
}

static bool equal_at(const struct content *c, const uint8_t *data)
{
    if (!(c->flags & CONTENT_NOCASE))
        return memcmp(data, c->bytes, c->len) == 0;
    for (unsigned i = 0; i < c->len; i++)
        if (tolower(data[i]) != c->bytes[i])
            return false;
    return true;
}

/* find: the first place from `low` where the content stands and ends by `end`; -1. */
static int64_t find(const struct search *s, const struct content *c, int64_t low, int64_t end)
{
    const uint8_t *data = s->input->data;
    if (!(c->flags & CONTENT_NOCASE)) {
        const uint8_t *p =
            end - low >= c->len ? memmem(data + low, (size_t)(end - low), c->bytes, c->len) : NULL;
        return p ? p - data : -1;
    }
    for (; low + c->len <= end; low++)
        if (equal_at(c, data + low))
            return low;
    return -1;
}

/* contents_from: do contents i and later stand in the data, the one before having ended at
 * `previous`? */
static bool contents_from(struct search *s, unsigned i, int64_t previous)
{
    if (i == s->sig->n_contents)
        return true;
    const struct content *c = &s->sig->contents[i];
    int64_t low, end;
    bool room = bounds_of(s, c, previous, &low, &end);
    if (c->flags & CONTENT_NEGATED)
        return (!room || find(s, c, low, end) < 0) && contents_from(s, i + 1, previous);
    if (!room)
        return false;
    bool followed = i + 1 < s->sig->n_contents && s->sig->contents[i + 1].flags & CONTENT_RELATIVE;
    for (;;) {
        if (++s->steps > STEPS_MAX)
            return false;
        int64_t at = find(s, c, low, end);
        if (at < 0)
            return false;
        uint32_t before = s->furthest, behind = (uint32_t)(at + c->len);
        s->furthest = behind > before ? behind : before;
        if (contents_from(s, i + 1, behind) && s->furthest > s->input->fresh)
            return true;
        s->furthest = before;
        /* Without a follower a later place helps only by ending in the new bytes. */
        if (!followed && behind > s->input->fresh)
            return false;
        low = at + 1;
        if (end - low < c->len)
            return false;
    }
}

static bool contents_hold(const struct signature *sig, const struct match_input *input)
{
    bool positive = false;
    for (unsigned i = 0; i < sig->n_contents; i++)
        positive |= !(sig->contents[i].flags & CONTENT_NEGATED);
    struct search s = {.sig = sig, .input = input};
    if (!positive) /* nothing that could end in the new bytes: asked once, at the start */
        return input->fresh == 0 && input->stream_at == 0 && contents_from(&s, 0, 0);
    return contents_from(&s, 0, 0);
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

static bool flow_holds(const struct signature *s, const struct match_input *in)
{
    if (s->flow & (FLOW_TO_SERVER | FLOW_TO_CLIENT) &&
        !(s->flow & (in->to_server ? FLOW_TO_SERVER : FLOW_TO_CLIENT)))
        return false;
    if (s->flow & FLOW_ESTABLISHED && !in->established)
        return false;
    return !(s->flow & FLOW_NOT_ESTABLISHED) || !in->established;
}

static bool bit_of(const struct match_flow *flow, uint16_t bit)
{
    return flow->flowbits[bit / 64] >> bit % 64 & 1;
}

static bool flowbits_hold(const struct signature *s, const struct match_flow *flow)
{
    for (unsigned i = 0; i < s->n_flowbits; i++) {
        const struct flowbit *f = &s->flowbits[i];
        if ((f->op == FLOWBIT_ISSET && !bit_of(flow, f->bit)) ||
            (f->op == FLOWBIT_ISNOTSET && bit_of(flow, f->bit)))
            return false;
    }
    return true;
}

bool rule_confirm(const struct signature *s, const struct match_input *input,
                  const struct match_flow *flow)
{
    if (!ends_hold(s, input) || !flow_holds(s, input))
        return false;
    if (s->has_dsize &&
        (input->len >= s->dsize_low && input->len <= s->dsize_high) == s->dsize_negated)
        return false;
    return flowbits_hold(s, flow) && contents_hold(s, input);
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
