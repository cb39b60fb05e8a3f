#include "rules/conditions.h"

#include "base/ip_protocol.h"

#include <string.h>

/* way_holds: one way round, or the other. */
static bool way_holds(const struct signature *s, const struct match_input *in, bool turned,
                      const struct confirm_room *room)
{
    return condition_asked(room, ASK_SOURCE, turned,
                           address_set_holds(s->source, turned ? &in->target : &in->source)) &&
           condition_asked(room, ASK_TARGET, turned,
                           address_set_holds(s->target, turned ? &in->source : &in->target)) &&
           condition_asked(
               room, ASK_SOURCE_PORT, turned,
               port_set_holds(s->source_port, turned ? in->target_port : in->source_port)) &&
           condition_asked(
               room, ASK_TARGET_PORT, turned,
               port_set_holds(s->target_port, turned ? in->source_port : in->target_port));
}

bool conditions_ends(const struct signature *s, const struct match_input *in,
                     const struct confirm_room *room)
{
    if (!s->bidirectional)
        return way_holds(s, in, false, room);
    const struct confirm_room untold = {0};
    return way_holds(s, in, !way_holds(s, in, false, &untold), room);
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
static bool flowbits_hold(const struct signature *s, const struct match_flow *flow,
                          const struct confirm_room *room)
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
        if (!condition_asked(room, ASK_FLOWBITS, i, one))
            return false;
        one = false;
    }
    return true;
}

static bool dsize_holds(const struct signature *s, uint32_t len)
{
    return !s->has_dsize || (len >= s->dsize_low && len <= s->dsize_high) != s->dsize_negated;
}

static bool is_v4(const struct address *a)
{
    static const uint8_t prefix[12] = {[10] = 255, [11] = 255}; /* RFC 4291, 2.5.5.2 */
    return memcmp(a->b, prefix, sizeof prefix) == 0;
}

static bool value_holds(const struct header_test *t, uint32_t value)
{
    switch ((enum header_compare)t->compare) {
    case COMPARE_RANGE:
        return (value >= t->low && value <= t->high) != t->negated;
    case COMPARE_BITS:
        return (value & t->high) == t->low;
    case COMPARE_ANY_BIT:
        return (value & t->high & t->low) != 0;
    case COMPARE_ALL_BITS:
        return (value & t->high & t->low) == t->low;
    case COMPARE_NOT_ALL_BITS:
        return (value & t->high & t->low) != t->low;
    }
    return false;
}

static bool test_holds(const struct header_test *t, const struct match_input *in)
{
    switch ((enum match_field)t->field) {
    case FIELD_IP_PROTOCOL:
        return value_holds(t, in->transport);
    case FIELD_STREAM_CLIENT:
    case FIELD_STREAM_SERVER:
        return in->transport == IP_TCP &&
               value_holds(t, in->stream_size[t->field == FIELD_STREAM_SERVER]);
    case FIELD_STREAM_EITHER:
        return in->transport == IP_TCP &&
               (value_holds(t, in->stream_size[0]) || value_holds(t, in->stream_size[1]));
    case FIELD_APP_PROTOCOL:
        return (in->protocol || in->no_protocol) && value_holds(t, in->protocol);
    default:
        return in->header && in->header->has >> t->field & 1 &&
               value_holds(t, in->header->value[t->field]);
    }
}

bool conditions_header(const struct signature *s, const struct match_input *in,
                       const struct confirm_room *room)
{
    if (s->network &&
        !condition_asked(room, ASK_NETWORK, 0, is_v4(&in->source) == (s->network == 4)))
        return false;
    if (s->same_ip &&
        !condition_asked(room, ASK_SAME_IP, 0, address_compare(&in->source, &in->target) == 0))
        return false;
    for (unsigned i = 0; i < s->n_tests; i++)
        if (!condition_asked(room, ASK_HEADER, i, test_holds(&s->tests[i], in)))
            return false;
    return true;
}

/* What only some rules ask is told of where they do. */
bool conditions_direction(const struct signature *s, const struct match_input *in,
                          const struct confirm_room *room)
{
    return !(s->flow & (FLOW_TO_SERVER | FLOW_TO_CLIENT)) ||
           condition_asked(room, ASK_DIRECTION, 0, direction_holds(s, in));
}

bool conditions_state(const struct signature *s, const struct match_input *in,
                      const struct confirm_room *room)
{
    return !(s->flow & (FLOW_ESTABLISHED | FLOW_NOT_ESTABLISHED)) ||
           condition_asked(room, ASK_STATE, 0, state_holds(s, in));
}

bool conditions_dsize(const struct signature *s, uint32_t len, const struct confirm_room *room)
{
    return !s->has_dsize || condition_asked(room, ASK_DSIZE, 0, dsize_holds(s, len));
}

bool conditions_protocol(const struct signature *s, const struct match_input *in,
                         const struct confirm_room *room)
{
    return !s->protocol || condition_asked(room, ASK_PROTOCOL, 0, s->protocol == in->protocol);
}

/* remembered_asked: of what flows and pairs of addresses remember. */
bool conditions_remembered(const struct signature *s, const struct match_input *in,
                           const struct match_flow *flow, const struct confirm_room *room)
{
    return flowbits_hold(s, flow, room) &&
           (!s->n_flowints || condition_asked(room, ASK_OTHER, 0, flowints_hold(s, flow))) &&
           (!s->n_pair_bits || condition_asked(room, ASK_OTHER, 0, pair_bits_hold(s, in)));
}

bool rule_remembered_holds(const struct signature *s, const struct match_input *in,
                           const struct match_flow *flow)
{
    const struct confirm_room untold = {0};
    return conditions_remembered(s, in, flow, &untold);
}

static void apply_flowbits(const struct signature *s, struct match_flow *flow)
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

void rule_apply(const struct signature *s, const struct match_input *in, struct match_flow *flow)
{
    apply_flowbits(s, flow);
    flowints_apply(s, flow);
    pair_bits_apply(s, in);
}
