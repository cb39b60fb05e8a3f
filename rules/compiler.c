/* From rules to groups: by the protocol that a flow speaks, direction, and what is looked at,
 * packets of a transport or streams. Rules of any protocol are in each of them, so that bytes are
 * scanned once; a protocol with few rules makes no group. Groups with the same rules share what is
 * compiled.
 *
 * Ports make no groups: what rules are found by is rare, so that few are found on a wrong port, and
 * those are turned away at once (screen.h); docs/BENCHMARKS.md has what groups by ports had cost.
 */
#include "rules/set_parts.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* What a way of looking is for; rows: transport of the rules, bits of their views. */
static const struct {
    uint8_t transport, views;
} looks[LOOKS] = {
    [LOOK_TCP_PACKETS] = {TRANSPORT_TCP, VIEW_PACKET},
    [LOOK_TCP_STREAMS] = {TRANSPORT_TCP, VIEW_STREAM},
    [LOOK_UDP] = {TRANSPORT_UDP, VIEW_PACKET | VIEW_STREAM},
    [LOOK_ICMP] = {TRANSPORT_ICMP, VIEW_PACKET | VIEW_STREAM},
    [LOOK_OTHERS] = {TRANSPORT_SCTP, VIEW_PACKET | VIEW_STREAM},
};

#define OWN_GROUP 32 /* rules of a protocol that make a group */

static bool is_of(const struct signature *s, unsigned transport)
{
    return s->transport == transport || s->transport == TRANSPORT_IP ||
           (s->transport == TRANSPORT_TCP_UDP &&
            (transport == TRANSPORT_TCP || transport == TRANSPORT_UDP));
}

/* looks_at: does the rule look at bytes of this direction and kind? */
static bool looks_at(const struct signature *s, int direction, unsigned look)
{
    unsigned not_its = direction == DIRECTION_TO_SERVER ? FLOW_TO_CLIENT : FLOW_TO_SERVER;
    return s->views != VIEW_MESSAGE && s->views & looks[look].views &&
           is_of(s, looks[look].transport) && !(s->flow & not_its);
}

/* shared_set: the set of these rules, made unless there is one already; NULL for none. */
static int shared_set(struct rule_set *owner, const uint32_t *rules, unsigned n, bool split,
                      const struct literal_set **out, struct diags *diags)
{
    *out = NULL;
    if (n == 0)
        return 0;
    for (unsigned i = 0; i < owner->n_literal_sets; i++) {
        const struct literal_set *other = owner->literal_sets[i];
        if (other->n_rules == n && memcmp(other->rules, rules, n * sizeof *rules) == 0) {
            *out = other;
            return 0;
        }
    }
    struct literal_set **grown =
        realloc(owner->literal_sets, (owner->n_literal_sets + 1) * sizeof *grown);
    struct literal_set *set = arena_alloc(&owner->arena, sizeof *set);
    if (grown)
        owner->literal_sets = grown;
    if (!grown || !set)
        return ERR_NOMEM;
    set->rules = arena_memdup(&owner->arena, rules, n * sizeof *rules);
    set->n_rules = n;
    if (!set->rules)
        return ERR_NOMEM;
    owner->literal_sets[owner->n_literal_sets++] = set;
    *out = set;
    int error = literal_set_fill(set, &owner->arena, owner->rules, split, diags);
    for (unsigned i = 0; i < LITERAL_SCANS; i++) {
        owner->counts.literals += set->scans[i].n_patterns;
        owner->counts.databases += set->scans[i].database != NULL;
    }
    for (unsigned i = 0; i < set->n_probes; i++)
        for (unsigned k = 0; k < 1u << set->probes[i].bits; k++)
            owner->counts.probed += set->probes[i].slots[k].n != 0;
    return error;
}

/* looks_into: is the rule for messages of this protocol and direction? */
static bool looks_into(const struct signature *s, unsigned protocol, int direction)
{
    return s->views == VIEW_MESSAGE && (!s->protocol || s->protocol == protocol) &&
           s->directions >> direction & 1;
}

/* view_of_literal: where the rule's literal is looked for; NULL: it has none. */
static const struct part_view *view_of_literal(const struct signature *s)
{
    return s->literal.len ? s->sections[s->literal.section].view : NULL;
}

/* rules_of_view: the rules of a group whose literal is looked for in this view, or in one of all
 * those that are bodies. */
static unsigned rules_of_view(const struct rule_set *set, unsigned protocol, int direction,
                              const struct part_view *view, bool bodies, uint32_t *out)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < set->counts.loaded; i++) {
        const struct signature *s = &set->rules[i];
        const struct part_view *its = view_of_literal(s);
        if (looks_into(s, protocol, direction) && (bodies ? its && view_is_body(its) : its == view))
            out[n++] = i;
    }
    return n;
}

static int add_scan(struct rule_set *set, struct message_group *g, unsigned protocol, int direction,
                    const struct part_view *view, uint32_t *scratch, struct diags *diags)
{
    if (view && view_is_body(view))
        return 0;
    unsigned n = rules_of_view(set, protocol, direction, view, false, scratch);
    if (n == 0)
        return 0;
    set->counts.groups++;
    g->scans[g->n_scans].view = view;
    return shared_set(set, scratch, n, false, &g->scans[g->n_scans++].set, diags);
}

static int add_bodies(struct rule_set *set, struct message_group *g, unsigned protocol,
                      int direction, uint32_t *scratch, struct diags *diags)
{
    unsigned n = rules_of_view(set, protocol, direction, NULL, true, scratch);
    set->counts.groups += n != 0;
    return shared_set(set, scratch, n, false, &g->of_bodies, diags);
}

static int make_messages(struct rule_set *set, unsigned protocol, int direction, uint32_t *scratch,
                         struct diags *diags)
{
    struct message_group *g = &set->messages[protocol][direction];
    unsigned views = 0, rules = 0;
    for (const struct part_view *view = set->views; view; view = view->next)
        views++;
    for (uint32_t i = 0; i < set->counts.loaded; i++) {
        const struct signature *s = &set->rules[i];
        if (!looks_into(s, protocol, direction))
            continue;
        rules++;
        for (unsigned k = 0; k < s->n_contents; k++)
            set->bytes_and_parts |= s->contents[k].section == 0;
        g->bodies |= s->bodies;
    }
    if (rules == 0)
        return 0;
    g->scans = arena_alloc(&set->arena, (views + 1) * sizeof *g->scans);
    int error = g->scans ? add_scan(set, g, protocol, direction, NULL, scratch, diags) : ERR_NOMEM;
    for (const struct part_view *view = set->views; view && !error; view = view->next)
        error = add_scan(set, g, protocol, direction, view, scratch, diags);
    return error ? error : add_bodies(set, g, protocol, direction, scratch, diags);
}

/* make_bytes: rules that look at bytes, not into messages, for flows of a protocol: its own, and
 * those of any, with which go those of protocols that have few (the screen asks their protocol). */
static int make_bytes(struct rule_set *set, int direction, unsigned look, uint32_t *scratch,
                      struct diags *diags)
{
    unsigned own[PROTOCOL_COUNT] = {0};
    int error = 0;
    for (uint32_t i = 0; i < set->counts.loaded; i++)
        own[set->rules[i].protocol] += looks_at(&set->rules[i], direction, look);
    for (unsigned p = PROTOCOL_UNKNOWN; p < PROTOCOL_COUNT && !error; p++) {
        unsigned n = 0;
        const struct literal_set **group = &set->bytes[p][direction][look];
        set->protocols_stream |= p && look == LOOK_TCP_STREAMS && own[p];
        if (p && own[p] < OWN_GROUP) {
            *group = set->bytes[PROTOCOL_UNKNOWN][direction][look];
            continue;
        }
        for (uint32_t i = 0; i < set->counts.loaded; i++) {
            unsigned of = set->rules[i].protocol;
            bool goes = !of || of == p || (!p && own[of] < OWN_GROUP);
            if (goes && looks_at(&set->rules[i], direction, look))
                scratch[n++] = i;
        }
        error = shared_set(set, scratch, n, true, group, diags);
        set->counts.groups += n != 0;
    }
    return error;
}

/* make_screens: and the lists of addresses by their numbers. */
static int make_screens(struct rule_set *set)
{
    set->screens = arena_alloc(&set->arena, (set->counts.loaded + 1) * sizeof *set->screens);
    set->address_lists =
        arena_alloc(&set->arena, (set->n_address_lists + 1) * sizeof *set->address_lists);
    if (!set->screens || !set->address_lists)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < set->counts.loaded; i++) {
        const struct signature *s = &set->rules[i];
        set->screens[i] = screen_of(s);
        set->address_lists[s->source->number] = s->source;
        set->address_lists[s->target->number] = s->target;
    }
    return 0;
}

int rules_compile(struct rule_set *set, struct diags *diags)
{
    size_t n = set->counts.loaded + 1;
    uint32_t *scratch = calloc(n, sizeof *scratch);
    int error = scratch ? make_screens(set) : ERR_NOMEM;
    for (int direction = 0; direction < DIRECTIONS && !error; direction++) {
        for (unsigned look = 0; look < LOOKS && !error; look++)
            error = make_bytes(set, direction, look, scratch, diags);
        for (unsigned p = PROTOCOL_UNKNOWN + 1; p < PROTOCOL_COUNT && !error; p++)
            error = make_messages(set, p, direction, scratch, diags);
    }
    free(scratch);
    return error;
}

void rules_compile_free(struct rule_set *set)
{
    for (unsigned i = 0; i < set->n_literal_sets; i++)
        literal_set_free(set->literal_sets[i]);
    free(set->literal_sets);
}
