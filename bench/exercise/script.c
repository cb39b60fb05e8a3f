/* Playing the actors of a script one by one. */
#include "bench/exercise/script.h"

#include "bench/exercise/conversation.h"

#include <stdlib.h>

void script_free(struct script *script)
{
    events_free(&script->events);
    free(script->acts);
    *script = (struct script){0};
}

void script_play(struct script *script, const struct role *role)
{
    if (script->n_actors == ACTORS_MAX) {
        script->failed = true;
        return;
    }
    struct actor *actor = &script->actors[script->n_actors];
    *actor = (struct actor){.name = role->name, .role = role->role};
    struct stage stage = {
        .script = script, .self = actor, .random = random_for(script->seed, role->name)};
    size_t before = script->events.n;
    role->play(&stage);
    script->n_actors++;
    for (size_t i = before; i < script->events.n; i++) {
        int64_t ns = script->events.items[i].ns;
        if (i == before || ns < actor->from)
            actor->from = ns;
        if (i == before || ns > actor->to)
            actor->to = ns;
    }
}

int64_t stage_minutes(struct stage *stage, int64_t from, int64_t to)
{
    return stage->script->start +
           random_between(&stage->random, from * NS_PER_MIN, to * NS_PER_MIN);
}

void stage_address(struct stage *stage, uint32_t address)
{
    if (stage->self->n_addresses < ACTOR_ADDRESSES)
        stage->self->addresses[stage->self->n_addresses++] = address;
    else
        stage->script->failed = true;
}

void stage_act(struct stage *stage, const char *what, uint32_t target, uint16_t port, int64_t begin,
               int64_t end)
{
    struct script *script = stage->script;
    if (script->failed)
        return;
    if (script->n_acts == script->cap_acts) {
        size_t cap = script->cap_acts ? script->cap_acts * 2 : 64;
        struct act *acts = realloc(script->acts, cap * sizeof *acts);
        if (!acts) {
            script->failed = true;
            return;
        }
        script->acts = acts;
        script->cap_acts = cap;
    }
    script->acts[script->n_acts++] = (struct act){.actor = script->n_actors,
                                                  .what = what,
                                                  .target = target,
                                                  .port = port,
                                                  .begin = begin,
                                                  .end = end};
}
