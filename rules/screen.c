#include "rules/screen.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct rule_screen screen_of(const struct signature *s)
{
    bool sized = s->has_dsize && !s->dsize_negated;
    return (struct rule_screen){
        .source_port = s->source_port->any ? NULL : s->source_port,
        .target_port = s->target_port->any ? NULL : s->target_port,
        .source = s->source->number,
        .target = s->target->number,
        .dsize_low = sized ? (uint16_t)s->dsize_low : 0,
        .dsize_high = sized ? (uint16_t)s->dsize_high : UINT16_MAX,
        .protocol = s->protocol,
        .either_way = s->bidirectional,
        .asks_bytes = s->n_contents != 0,
    };
}

int screen_room_init(struct screen_room *room, const struct address_set *const *lists, size_t n)
{
    *room = (struct screen_room){.lists = lists, .n_lists = n, .ends = 1};
    room->source_known = calloc(n + 1, sizeof *room->source_known);
    room->target_known = calloc(n + 1, sizeof *room->target_known);
    return room->source_known && room->target_known ? 0 : ERR_NOMEM;
}

void screen_room_free(struct screen_room *room)
{
    free(room->source_known);
    free(room->target_known);
}

void screen_ends(struct screen_room *room, const struct match_input *in)
{
    if (memcmp(&room->source, &in->source, sizeof in->source) == 0 &&
        memcmp(&room->target, &in->target, sizeof in->target) == 0)
        return;
    room->source = in->source;
    room->target = in->target;
    if (++room->ends == UINT32_MAX / 2) { /* after 2^31 of them */
        memset(room->source_known, 0, room->n_lists * sizeof *room->source_known);
        memset(room->target_known, 0, room->n_lists * sizeof *room->target_known);
        room->ends = 1;
    }
}

static inline bool list_holds(const struct screen_room *room, uint32_t *known, uint32_t list,
                              const struct address *address)
{
    if (known[list] >> 1 != room->ends)
        known[list] = room->ends << 1 | address_set_holds(room->lists[list], address);
    return known[list] & 1;
}

bool screen_lets_pass(struct screen_room *room, const struct rule_screen *s,
                      const struct match_input *in)
{
    if (in->len < s->dsize_low || (in->len > s->dsize_high && s->dsize_high != UINT16_MAX))
        return false;
    if ((in->opaque && s->asks_bytes) || (s->protocol && s->protocol != in->protocol))
        return false;
    if (s->either_way)
        return true;
    return (!s->target_port || port_set_holds(s->target_port, in->target_port)) &&
           (!s->source_port || port_set_holds(s->source_port, in->source_port)) &&
           list_holds(room, room->source_known, s->source, &room->source) &&
           list_holds(room, room->target_known, s->target, &room->target);
}
