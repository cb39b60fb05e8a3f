/* The truth file: actors, their roles and addresses, and their acts with times. It holds nothing of
 * how an act ended or what anybody should make of it. */
#include "bench/exercise/script.h"

#include "base/address.h"
#include "base/bytes.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>

static void put_address(struct json_writer *w, uint32_t host)
{
    uint8_t b[4];
    char out[ADDRESS_TEXT_ROOM];
    store_be32(b, host);
    struct address address = address_v4(b);
    json_put_string(w, address_format(out, &address));
}

static void put_time(struct json_writer *w, const char *key, int64_t ns)
{
    json_put_key(w, key);
    json_put_i64_string(w, ns);
}

static void put_text(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void put_actor(struct json_writer *w, const struct actor *actor)
{
    json_open_object(w);
    put_text(w, "name", actor->name);
    put_text(w, "role", actor->role);
    json_put_key(w, "addresses");
    json_open_array(w);
    for (uint32_t i = 0; i < actor->n_addresses; i++)
        put_address(w, actor->addresses[i]);
    json_close_array(w);
    put_time(w, "from", actor->from);
    put_time(w, "to", actor->to);
    json_close_object(w);
}

static void put_act(struct json_writer *w, const struct script *script, const struct act *act)
{
    json_open_object(w);
    put_text(w, "actor", script->actors[act->actor].name);
    put_text(w, "what", act->what);
    json_put_key(w, "target");
    put_address(w, act->target);
    json_put_key(w, "port");
    json_put_u64(w, act->port);
    put_time(w, "begin", act->begin);
    put_time(w, "end", act->end);
    json_close_object(w);
}

void script_truth(const struct script *script, const char *exercise, bool benign, struct text *out)
{
    struct json_writer w = json_writer_to(out);
    json_open_object(&w);
    put_text(&w, "exercise", exercise);
    json_put_key(&w, "seed");
    if (script->seed >> 53) {
        char seed[24];
        snprintf(seed, sizeof seed, "%" PRIu64, script->seed);
        json_put_string(&w, seed);
    } else {
        json_put_u64(&w, script->seed);
    }
    json_put_key(&w, "benign");
    json_put_bool(&w, benign);
    put_time(&w, "from", script->start);
    put_time(&w, "to", script->end);
    json_put_key(&w, "packets");
    json_put_u64(&w, script->events.n);
    json_put_key(&w, "actors");
    json_open_array(&w);
    for (uint32_t i = 0; i < script->n_actors; i++)
        put_actor(&w, &script->actors[i]);
    json_close_array(&w);
    json_put_key(&w, "acts");
    json_open_array(&w);
    for (size_t i = 0; i < script->n_acts; i++)
        put_act(&w, script, &script->acts[i]);
    json_close_array(&w);
    json_close_object(&w);
    text_puts(out, "\n");
}
