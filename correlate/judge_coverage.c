/* Coverage: one entry per interval, with every declared asset in the order of ids, also those of
 * which nothing was seen. Revisions come one per asset; an interval is complete when something
 * later comes. An interval in which no asset had a packet makes no entry: nothing told the judge of
 * it. */
#include "correlate/judge_parts.h"

#include "base/error.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int coverage_init(struct coverage_interval *c, const struct accord *a)
{
    const struct asset *assets;
    *c = (struct coverage_interval){.flushed_ns = INT64_MIN, .n_assets = accord_assets(a, &assets)};
    c->counts = calloc(c->n_assets + 1, sizeof *c->counts);
    return c->counts ? 0 : ERR_NOMEM;
}

void coverage_free(struct coverage_interval *c)
{
    free(c->counts);
    entry_fields_free(&c->fields);
    *c = (struct coverage_interval){0};
}

/* The counts of one asset, their names in order. */
static void put_counts(struct json_writer *w, const uint64_t counts[COVERAGE_COUNT])
{
    const char *last = "";
    json_open_object(w);
    for (int written = 0; written < COVERAGE_COUNT; written++) {
        int next = -1;
        for (int i = 0; i < COVERAGE_COUNT; i++)
            if (strcmp(coverage_words[i].name, last) > 0 &&
                (next < 0 || strcmp(coverage_words[i].name, coverage_words[next].name) < 0))
                next = i;
        json_put_key(w, coverage_words[next].name);
        json_put_u64(w, counts[next]);
        last = coverage_words[next].name;
    }
    json_close_object(w);
}

static struct json_writer field_open(struct entry_fields *f)
{
    text_clear(&f->values[f->n]);
    return json_writer_to(&f->values[f->n]);
}

static void field_close(struct entry_fields *f, const char *name)
{
    f->items[f->n] = (struct entry_field){name, text_str(&f->values[f->n]), f->values[f->n].len};
    f->n++;
}

void coverage_flush(struct coverage_interval *c, const struct coverage_context *context)
{
    if (!c->open)
        return;
    const struct asset *assets;
    accord_assets(context->accord, &assets);
    struct entry_fields *f = &c->fields;
    f->n = 0;
    struct json_writer w = field_open(f);
    json_open_array(&w);
    for (unsigned i = 0; i < c->n_assets; i++) {
        json_open_object(&w);
        json_put_key(&w, "counts");
        put_counts(&w, c->counts[i]);
        json_put_key(&w, "id");
        json_put_string(&w, assets[i].id);
        json_close_object(&w);
    }
    json_close_array(&w);
    field_close(f, "assets");
    w = field_open(f);
    json_put_i64_string(&w, c->from_ns);
    field_close(f, "from");
    w = field_open(f);
    json_put_i64_string(&w, c->to_ns);
    field_close(f, "to");

    char id[48];
    snprintf(id, sizeof id, "coverage-%" PRId64, c->from_ns);
    struct judged_coverage coverage = {
        .from_ns = c->from_ns,
        .to_ns = c->to_ns,
        .entry = {.kind = ENTRY_COVERAGE, .id = id, .revision = 1, .fields = f->items, .n = f->n},
    };
    if (context->sink->coverage)
        context->sink->coverage(context->sink->ctx, &coverage);
    c->open = false;
    c->flushed_ns = c->to_ns;
}

void coverage_take(struct coverage_interval *c, const struct coverage_context *context,
                   const struct revision *revision)
{
    if (c->open && revision->first_ns > c->from_ns)
        coverage_flush(c, context);
    if (revision->coverage_asset >= c->n_assets || revision->first_ns < c->flushed_ns ||
        (c->open && revision->first_ns < c->from_ns)) {
        c->late++;
        return;
    }
    if (!c->open) {
        memset(c->counts, 0, c->n_assets * sizeof *c->counts);
        c->open = true;
        c->from_ns = revision->first_ns;
        c->to_ns = revision->last_ns;
    }
    for (int i = 0; i < COVERAGE_COUNT; i++)
        c->counts[revision->coverage_asset][i] += revision->coverage[i];
}

/* Revisions of an interval are ordered at its end, or just behind it: anything later completes it.
 */
void coverage_until(struct coverage_interval *c, const struct coverage_context *context, int64_t t)
{
    if (c->open && t > c->to_ns + 1)
        coverage_flush(c, context);
}
