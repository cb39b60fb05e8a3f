/* Start, stop, gap and clock step, by the wall clock. */
#include "app/acts.h"

#include "base/json.h"
#include "base/time_point.h"

#include <stdio.h>
#include <time.h>

#define FIELDS_MAX 8

/* An act while its fields are put together. */
struct act {
    struct entry_field fields[FIELDS_MAX];
    struct text values[FIELDS_MAX];
    size_t n;
};

static void add(struct act *a, const char *name, const struct text *value)
{
    a->values[a->n] = *value;
    a->fields[a->n] = (struct entry_field){name, text_str(value), value->len};
    a->n++;
}

static void add_string(struct act *a, const char *name, const char *string)
{
    struct text value = {0};
    struct json_writer w = json_writer_to(&value);
    json_put_string(&w, string);
    add(a, name, &value);
}

static void add_time(struct act *a, const char *name, int64_t ns)
{
    struct text value = {0};
    struct json_writer w = json_writer_to(&value);
    json_put_i64_string(&w, ns);
    add(a, name, &value);
}

static void add_number(struct act *a, const char *name, uint64_t number)
{
    struct text value = {0};
    struct json_writer w = json_writer_to(&value);
    json_put_u64(&w, number);
    add(a, name, &value);
}

/* seal: id is the kind and a time that tells it from others of its kind. */
static int seal(struct sealer_client *sealer, enum entry_kind kind, int64_t id_ns, int64_t now,
                struct act *a, struct diags *diags)
{
    char id[64];
    add_time(a, "time", now);
    add_string(a, "version", PLIMSOLL_VERSION);
    snprintf(id, sizeof id, "%s-%ld", entry_kind_name(kind), id_ns);
    struct entry_draft draft = {
        .kind = kind, .id = id, .revision = 1, .fields = a->fields, .n = a->n};
    int error = sealer_submit(sealer, &draft, diags);
    for (size_t i = 0; i < a->n; i++)
        text_free(&a->values[i]);
    return error;
}

static int64_t wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* seal_gap: the last run ended without a word. What it had sealed is in the facts log; what it saw
 * beyond that is not known. */
static int seal_gap(struct sealer_client *sealer, const struct sealer_hello *hello, int64_t now,
                    struct diags *diags)
{
    struct act a = {0};
    add_number(&a, "facts-size", hello->facts_size);
    add_time(&a, "from", hello->last_act.time_ns);
    add_string(&a, "lost", hello->last_act.id);
    add_string(&a, "why", "the engine ended without a stop");
    return seal(sealer, ENTRY_GAP, hello->last_act.time_ns, now, &a, diags);
}

static int seal_clock_step(struct sealer_client *sealer, const struct sealer_hello *hello,
                           int64_t now, struct diags *diags)
{
    struct act a = {0};
    add_time(&a, "after", now);
    add_time(&a, "before", hello->last_act.time_ns);
    add_string(&a, "clock", "wall");
    return seal(sealer, ENTRY_CLOCK_STEP, now, now, &a, diags);
}

static int seal_run(struct sealer_client *sealer, enum entry_kind kind,
                    const struct sealer_hello *hello, int64_t now, struct diags *diags)
{
    struct act a = {0};
    add_number(&a, "facts-size", hello->facts_size);
    return seal(sealer, kind, now, now, &a, diags);
}

int acts_start(struct sealer_client *sealer, const struct sealer_hello *hello, struct diags *diags)
{
    int64_t now = wall_clock();
    const struct sealer_act *last = &hello->last_act;
    int error = 0;
    if (last->any && now < last->time_ns)
        error = seal_clock_step(sealer, hello, now, diags);
    if (!error && last->any && last->kind == ENTRY_START)
        error = seal_gap(sealer, hello, now, diags);
    return error ? error : seal_run(sealer, ENTRY_START, hello, now, diags);
}

int acts_stop(struct sealer_client *sealer, const struct sealer_hello *hello, struct diags *diags)
{
    return seal_run(sealer, ENTRY_STOP, hello, wall_clock(), diags);
}
