/* From rules to groups: by transport, direction, class of the server's port, and view (packet or
 * stream).
 *
 * A port belongs to the class of all ports that the same port lists hold. Rules for any port are
 * one set that all classes share, so that they are compiled once; the rules of a class are a
 * second, small set. Sets with the same rules are one. Ports are checked again when a rule is
 * confirmed, so the set for any port may hold others: those of lists with most ports (!80, 1024:),
 * which would be compiled anew in nearly every class, and all of a direction with more than
 * PORT_CLASSES classes.
 */
#include "rules/set_parts.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define MANY_PORTS 32768 /* a list with more is as good as any */

/* The rules of one transport and direction. */
struct bucket {
    uint32_t *any, *ported; /* rule numbers, ascending */
    unsigned n_any, n_ported;
};

static bool of_direction(const struct signature *s, int direction)
{
    return !(s->flow & (direction == DIRECTION_TO_SERVER ? FLOW_TO_CLIENT : FLOW_TO_SERVER));
}

static bool belongs(const struct signature *s, int transport, int direction)
{
    static const int groups[] = {[TRANSPORT_TCP] = GROUP_TCP,
                                 [TRANSPORT_UDP] = GROUP_UDP,
                                 [TRANSPORT_ICMP] = GROUP_ICMP,
                                 [TRANSPORT_SCTP] = GROUP_OTHER};
    if (s->views == VIEW_MESSAGE || s->protocol)
        return false;
    if (s->transport == TRANSPORT_TCP_UDP && transport != GROUP_TCP && transport != GROUP_UDP)
        return false;
    if (s->transport != TRANSPORT_IP && s->transport != TRANSPORT_TCP_UDP &&
        groups[s->transport] != transport)
        return false;
    return of_direction(s, direction);
}

/* server_ports: the list that must hold the server's port; NULL for any, or nearly any. */
static const struct port_set *server_ports(const struct signature *s, int direction)
{
    const struct port_set *ports =
        direction == DIRECTION_TO_SERVER ? s->target_port : s->source_port;
    return ports->n > MANY_PORTS || s->bidirectional ? NULL : ports;
}

static void sort_into_bucket(const struct rule_set *set, int transport, int direction,
                             struct bucket *out)
{
    for (uint32_t i = 0; i < set->counts.loaded; i++) {
        const struct signature *s = &set->rules[i];
        if (!belongs(s, transport, direction))
            continue;
        if (server_ports(s, direction))
            out->ported[out->n_ported++] = i;
        else
            out->any[out->n_any++] = i;
    }
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

/* in_view: the rules of a list that look at packets, or at streams; without streams all look at
 * packets. */
static unsigned in_view(const struct rule_set *set, int transport, const uint32_t *rules,
                        unsigned n, unsigned view, uint32_t *out)
{
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++)
        if ((transport == GROUP_TCP ? set->rules[rules[i]].views : VIEW_PACKET) & view)
            out[found++] = rules[i];
    return found;
}

/* Distinct port lists of a bucket. */
struct port_lists {
    const struct port_set **lists;
    unsigned n;
};

static void collect_lists(const struct rule_set *set, const struct bucket *b, int direction,
                          struct port_lists *out)
{
    for (unsigned i = 0; i < b->n_ported; i++) {
        const struct port_set *ports = server_ports(&set->rules[b->ported[i]], direction);
        unsigned k = 0;
        while (k < out->n && out->lists[k] != ports)
            k++;
        if (k == out->n)
            out->lists[out->n++] = ports;
    }
}

/* classify: split classes list by list: ports of one class that a list holds become a class of
 * their own. Returns the number of classes, 0 when there are too many. */
static unsigned classify(const struct port_lists *lists, uint16_t *class_of)
{
    unsigned n = 1;
    uint16_t moved[PORT_CLASSES];
    memset(class_of, 0, 65536 * sizeof *class_of);
    for (unsigned l = 0; l < lists->n && n; l++) {
        uint32_t size[PORT_CLASSES] = {0}, inside[PORT_CLASSES] = {0};
        for (unsigned port = 0; port < 65536; port++) {
            size[class_of[port]]++;
            inside[class_of[port]] += port_set_holds(lists->lists[l], (uint16_t)port);
        }
        unsigned before = n;
        for (unsigned c = 0; c < before && n; c++) {
            moved[c] = (uint16_t)c;
            if (inside[c] && inside[c] < size[c]) {
                if (n == PORT_CLASSES)
                    n = 0;
                else
                    moved[c] = (uint16_t)n++;
            }
        }
        for (unsigned port = 0; port < 65536 && n; port++)
            if (port_set_holds(lists->lists[l], (uint16_t)port))
                class_of[port] = moved[class_of[port]];
    }
    return n;
}

/* rules_of_class: those of the bucket whose list holds a port of the class. */
static unsigned rules_of_class(const struct rule_set *set, const struct bucket *b, int direction,
                               uint16_t port, uint32_t *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n_ported; i++)
        if (port_set_holds(server_ports(&set->rules[b->ported[i]], direction), port))
            out[n++] = b->ported[i];
    return n;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static int make_groups(struct rule_set *set, struct bucket *b, int transport, int direction,
                       uint32_t *scratch, struct diags *diags)
{
    struct port_groups *g = set->groups[transport][direction];
    struct port_lists lists = {.lists = calloc(b->n_ported + 1, sizeof *lists.lists)};
    uint32_t *members = calloc(set->counts.loaded + 1, sizeof *members);
    int error = lists.lists && members ? 0 : ERR_NOMEM;
    if (error)
        goto out;
    collect_lists(set, b, direction, &lists);
    g->n_classes = classify(&lists, g->class_of);
    if (g->n_classes == 0) {
        memcpy(b->any + b->n_any, b->ported, b->n_ported * sizeof *b->any);
        b->n_any += b->n_ported;
        b->n_ported = 0;
        qsort(b->any, b->n_any, sizeof *b->any, ascending);
        memset(g->class_of, 0, sizeof g->class_of);
        g->n_classes = 1;
    }
    uint16_t representative[PORT_CLASSES];
    for (unsigned port = 65536; port-- > 0;)
        representative[g->class_of[port]] = (uint16_t)port;
    for (unsigned c = 0; c < g->n_classes && !error; c++) {
        unsigned n = rules_of_class(set, b, direction, representative[c], members);
        for (unsigned view = VIEW_PACKET; view <= VIEW_STREAM && !error; view <<= 1) {
            struct match_group *group = view == VIEW_STREAM ? &g->stream[c] : &g->packet[c];
            unsigned found = in_view(set, transport, b->any, b->n_any, view, scratch);
            error = shared_set(set, scratch, found, true, &group->sets[0], diags);
            if (error)
                break;
            found = in_view(set, transport, members, n, view, scratch);
            error = shared_set(set, scratch, found, true, &group->sets[1], diags);
            set->counts.groups += group->sets[0] || group->sets[1];
        }
    }
out:
    free(lists.lists);
    free(members);
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

/* add_scan: the rules of a group whose literal is looked for in this view. */
static int add_scan(struct rule_set *set, struct message_group *g, unsigned protocol, int direction,
                    const struct part_view *view, uint32_t *scratch, struct diags *diags)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < set->counts.loaded; i++) {
        const struct signature *s = &set->rules[i];
        if (looks_into(s, protocol, direction) && view_of_literal(s) == view)
            scratch[n++] = i;
    }
    if (n == 0)
        return 0;
    set->counts.groups++;
    g->scans[g->n_scans].view = view;
    return shared_set(set, scratch, n, false, &g->scans[g->n_scans++].set, diags);
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
        for (unsigned k = 1; k < s->n_sections; k++)
            g->bodies |= bodies_for(s->sections[k].view->parts);
    }
    if (rules == 0)
        return 0;
    g->scans = arena_alloc(&set->arena, (views + 1) * sizeof *g->scans);
    int error = g->scans ? add_scan(set, g, protocol, direction, NULL, scratch, diags) : ERR_NOMEM;
    for (const struct part_view *view = set->views; view && !error; view = view->next)
        error = add_scan(set, g, protocol, direction, view, scratch, diags);
    return error;
}

/* looks_at: does a rule of a protocol's bytes look at them this way? */
static bool looks_at(const struct signature *s, unsigned look)
{
    bool tcp = look != LOOK_DATAGRAM;
    if (s->transport == (tcp ? TRANSPORT_UDP : TRANSPORT_TCP))
        return false;
    return !tcp || s->views & (look == LOOK_STREAM ? VIEW_STREAM : VIEW_PACKET);
}

/* make_of_protocol: rules of a protocol that look at bytes, not into messages. */
static int make_of_protocol(struct rule_set *set, unsigned protocol, int direction,
                            uint32_t *scratch, struct diags *diags)
{
    int error = 0;
    for (unsigned look = 0; look < LOOKS && !error; look++) {
        unsigned n = 0;
        for (uint32_t i = 0; i < set->counts.loaded; i++) {
            const struct signature *s = &set->rules[i];
            if (s->protocol == protocol && s->views != VIEW_MESSAGE && of_direction(s, direction) &&
                looks_at(s, look))
                scratch[n++] = i;
        }
        error =
            shared_set(set, scratch, n, true, &set->of_protocol[protocol][direction][look], diags);
        set->counts.groups += n != 0;
        set->protocols_stream |= look == LOOK_STREAM && n;
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
    for (unsigned protocol = PROTOCOL_UNKNOWN + 1; protocol < PROTOCOL_COUNT && !error; protocol++)
        for (int direction = 0; direction < DIRECTIONS && !error; direction++) {
            error = make_messages(set, protocol, direction, scratch, diags);
            if (!error)
                error = make_of_protocol(set, protocol, direction, scratch, diags);
        }
    for (int transport = 0; transport < GROUP_TRANSPORTS && !error; transport++)
        for (int direction = 0; direction < DIRECTIONS && !error; direction++) {
            struct bucket b = {.any = calloc(n, sizeof *b.any),
                               .ported = calloc(n, sizeof *b.ported)};
            set->groups[transport][direction] = calloc(1, sizeof(struct port_groups));
            if (b.any && b.ported && set->groups[transport][direction]) {
                sort_into_bucket(set, transport, direction, &b);
                error = make_groups(set, &b, transport, direction, scratch, diags);
            } else {
                error = ERR_NOMEM;
            }
            free(b.any);
            free(b.ported);
        }
    free(scratch);
    return error;
}

void rules_compile_free(struct rule_set *set)
{
    for (unsigned i = 0; i < set->n_literal_sets; i++)
        literal_set_free(set->literal_sets[i]);
    free(set->literal_sets);
    for (int transport = 0; transport < GROUP_TRANSPORTS; transport++)
        for (int direction = 0; direction < DIRECTIONS; direction++)
            free(set->groups[transport][direction]);
}
