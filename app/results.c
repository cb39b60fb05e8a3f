/* The last state of each judged unit, in the order in which the judge first saw it. */
#include "app/results.h"

#include "base/error.h"
#include "base/json.h"
#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#define ID_KEY 24

int results_init(struct results *r)
{
    *r = (struct results){.by_id = table_create(RESULTS_MAX, ID_KEY, sizeof(uint32_t), 0)};
    return r->by_id ? 0 : ERR_NOMEM;
}

void results_free(struct results *r)
{
    for (size_t i = 0; i < r->n; i++)
        text_free(&r->items[i].entry);
    free(r->items);
    if (r->by_id)
        table_destroy(r->by_id);
    *r = (struct results){0};
}

static struct result *result_of(struct results *r, const char *id)
{
    char key[ID_KEY] = {0};
    strncpy(key, id, ID_KEY - 1);
    bool made;
    uint32_t *index = table_add(r->by_id, key, &made);
    if (!index)
        return NULL;
    if (!made)
        return &r->items[*index];
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct result *grown = realloc(r->items, cap * sizeof *grown);
        if (!grown) {
            table_remove(r->by_id, key);
            return NULL;
        }
        r->items = grown;
        r->cap = cap;
    }
    *index = (uint32_t)r->n;
    struct result *result = &r->items[r->n++];
    *result = (struct result){0};
    memcpy(result->id, key, sizeof key);
    return result;
}

static void copy(char *to, size_t room, const char *from)
{
    snprintf(to, room, "%s", from ? from : "");
}

/* The gate to name: the first that failed, else the first that could not be decided. */
static void name_gate(struct result *result, const struct judged *judged)
{
    const struct gate_outcome *named = NULL;
    for (unsigned i = 0; i < judged->n_gates; i++) {
        const struct gate_outcome *gate = &judged->gates[i];
        if (gate->result != GATE_HELD &&
            (!named || (named->result != GATE_FAILED && gate->result == GATE_FAILED)))
            named = gate;
    }
    if (!named)
        return;
    copy(result->gate, sizeof result->gate, named->name);
    copy(result->gate_why, sizeof result->gate_why, named->why);
    result->gate_result = named->result;
}

void results_take(struct results *r, const struct judged *judged)
{
    r->revisions += judged->raised;
    struct result *result = result_of(r, judged->id);
    if (!result) {
        r->over_limit++;
        return;
    }
    if (result->raised && !judged->raised)
        return;
    bool fresh = result->line[0] == '\0';
    r->not_raised -= !fresh && !result->raised;
    r->raised -= !fresh && result->raised;
    *(judged->raised ? &r->raised : &r->not_raised) += 1;
    result->raised = judged->raised;
    copy(result->line, sizeof result->line, judged->line);
    copy(result->sector, sizeof result->sector, judged->sector);
    copy(result->headline, sizeof result->headline, judged->headline);
    result->n_assets = judged->n_assets < RESULTS_ASSETS ? judged->n_assets : RESULTS_ASSETS;
    for (unsigned i = 0; i < result->n_assets; i++)
        copy(result->assets[i], sizeof result->assets[i], judged->assets[i]);
    result->assets_total = judged->assets_total;
    result->revision = judged->revision;
    result->open = judged->open;
    result->first_ns = judged->first_ns;
    result->last_ns = judged->last_ns;
    result->time_error_ns = judged->time_error_ns;
    result->count = judged->count;
    result->outcome = judged->outcome;
    result->severity = judged->severity;
    result->source = judged->source;
    result->sources_total = judged->sources_total;
    name_gate(result, judged);
    if (judged->raised) {
        if (judged->severity > r->worst_severity)
            r->worst_severity = judged->severity;
        text_free(&result->entry);
    } else {
        text_clear(&result->entry);
        entry_object(&result->entry, "not-raised", &judged->entry);
    }
}

void entry_object(struct text *out, const char *type, const struct entry_draft *entry)
{
    struct json_writer w = json_writer_to(out);
    json_open_object(&w);
    json_put_key(&w, "type");
    json_put_string(&w, type);
    json_put_key(&w, "id");
    json_put_string(&w, entry->id);
    json_put_key(&w, "revision");
    json_put_u64(&w, entry->revision);
    for (size_t i = 0; i < entry->n; i++) {
        json_put_key(&w, entry->fields[i].name);
        json_put_raw(&w, entry->fields[i].value, entry->fields[i].value_len);
    }
    json_close_object(&w);
}
