/* Thresholds: the keywords, and counting by rule and ends. */
#include "rules/threshold.h"

#include "base/error.h"
#include "base/table.h"
#include "base/time_point.h"
#include "rules/keyword.h"
#include "rules/set_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- keywords ---- */

static const char *const types[] = {
    [THRESHOLD_LIMIT] = "limit", [THRESHOLD_EVERY] = "threshold", [THRESHOLD_BOTH] = "both"};
static const char *const tracks[] = {[TRACK_SOURCE] = "by_src",
                                     [TRACK_TARGET] = "by_dst",
                                     [TRACK_BOTH] = "by_both",
                                     [TRACK_RULE] = "by_rule"};

/* one_of: the number of a word in a list, 0: it is none. */
static uint8_t one_of(const struct value *v, const char *const *words, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (value_is(v, words[i]))
            return (uint8_t)i;
    return 0;
}

/* read_field: one `NAME VALUE`. */
static int read_field(struct rule_reader *r, const struct value *part, struct rule_threshold *out)
{
    struct value name, word = *part;
    uint64_t number;
    value_next(&word, ' ', &name);
    word = word.text ? value_trimmed(word) : (struct value){part->text, 0, part->at};
    if (value_is(&name, "type") && !out->type && out->type != THRESHOLD_FILTER) {
        out->type = one_of(&word, types, sizeof types / sizeof types[0]);
        return out->type ? 0 : value_fault(r, &word, "a type is limit, threshold or both");
    }
    if (value_is(&name, "track") && !out->track) {
        out->track = one_of(&word, tracks, sizeof tracks / sizeof tracks[0]);
        return out->track ? 0 : value_fault(r, &word, "track by_src, by_dst, by_both or by_rule");
    }
    uint32_t *field = value_is(&name, "count")     ? &out->count
                      : value_is(&name, "seconds") ? &out->seconds
                                                   : NULL;
    if (!field || *field)
        return value_fault(r, part, "type, track, count and seconds are asked for, each once");
    int error = value_number(r, &word, 1, UINT32_MAX, &number);
    *field = (uint32_t)number;
    return error;
}

int threshold_read(struct rule_reader *r, const struct value *v, unsigned type)
{
    struct rule_threshold *out = &r->sig->threshold;
    struct value rest = *v, part;
    if (out->type)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "threshold and detection_filter",
                          "a rule has one of threshold and detection_filter");
    *out = (struct rule_threshold){.type = (uint8_t)type};
    while (value_next(&rest, ',', &part)) {
        int error = read_field(r, &part, out);
        if (error)
            return error;
    }
    if (!out->type || !out->track || !out->count || !out->seconds)
        return value_fault(r, v, "type, track, count and seconds are asked for");
    return 0;
}

/* ---- counting ---- */

struct key {
    uint32_t gid, sid;
    struct address source, target; /* zero where they do not count */
    uint32_t track;
};

struct count {
    int64_t began, seconds;
    uint64_t n;
};

struct thresholds {
    struct table *counts;
    uint64_t full;
};

struct thresholds *thresholds_create(size_t entries, uint64_t hash_seed)
{
    struct thresholds *t = calloc(1, sizeof *t);
    if (t)
        t->counts = table_create(entries, sizeof(struct key), sizeof(struct count), hash_seed);
    if (t && t->counts)
        return t;
    free(t);
    return NULL;
}

void thresholds_free(struct thresholds *t)
{
    if (t)
        table_destroy(t->counts);
    free(t);
}

uint64_t thresholds_full(const struct thresholds *t)
{
    return t->full;
}

static bool is_over(const struct count *c, int64_t at)
{
    return at - c->began > c->seconds * NS_PER_S; /* the last moment included, as in Suricata */
}

/* drop_over: all counts whose time is over; which they are does not depend on their places. */
static void drop_over(struct thresholds *t, int64_t at)
{
    const void *key;
    void *value;
    for (size_t cursor = 0; table_next(t->counts, &cursor, &key, &value);)
        if (is_over(value, at)) {
            struct key gone = *(const struct key *)key;
            table_remove(t->counts, &gone);
            cursor--; /* the place may hold another one now */
        }
}

/* fate: of the n-th alert since the count began. */
static enum alert_fate fate(struct count *c, const struct rule_threshold *r)
{
    switch ((enum threshold_type)r->type) {
    case THRESHOLD_NONE:
        return FATE_TOLD;
    case THRESHOLD_LIMIT:
        return c->n <= r->count ? FATE_TOLD : FATE_LIMITED;
    case THRESHOLD_EVERY:
        if (c->n < r->count)
            return FATE_BELOW;
        c->n = 0;
        return FATE_TOLD;
    case THRESHOLD_BOTH:
        return c->n < r->count ? FATE_BELOW : c->n == r->count ? FATE_TOLD : FATE_LIMITED;
    case THRESHOLD_FILTER:
        return c->n > r->count ? FATE_TOLD : FATE_BELOW;
    }
    return FATE_TOLD;
}

static bool is_suppressed(const struct rule_set *set, uint32_t rule, const struct address *source,
                          const struct address *target)
{
    const struct signature *s = &set->rules[rule];
    for (size_t i = 0; i < set->n_suppressions; i++) {
        const struct suppression *p = &set->suppressions[i];
        if ((p->gid && p->gid != s->gid) || (p->sid && p->sid != s->sid))
            continue;
        if (p->track == SUPPRESS_ALL ||
            (p->track != SUPPRESS_TARGET && address_set_holds(p->addresses, source)) ||
            (p->track != SUPPRESS_SOURCE && address_set_holds(p->addresses, target)))
            return true;
    }
    return false;
}

enum alert_fate thresholds_decide(struct thresholds *t, const struct rule_set *set, uint32_t rule,
                                  int64_t at, const struct address *source,
                                  const struct address *target)
{
    const struct rule_threshold *r = &set->rules[rule].threshold;
    if (set->rules[rule].suppressed && is_suppressed(set, rule, source, target))
        return FATE_SUPPRESSED;
    if (r->type == THRESHOLD_NONE)
        return FATE_TOLD;
    struct key key;
    bool made;
    memset(&key, 0, sizeof key);
    key.gid = set->rules[rule].gid;
    key.sid = set->rules[rule].sid;
    key.track = r->track;
    if (r->track == TRACK_SOURCE || r->track == TRACK_BOTH)
        key.source = *source;
    if (r->track == TRACK_TARGET || r->track == TRACK_BOTH)
        key.target = *target;
    struct count *c = table_add(t->counts, &key, &made);
    if (!c) {
        drop_over(t, at);
        c = table_add(t->counts, &key, &made);
    }
    if (!c) {
        t->full++;
        return FATE_TOLD;
    }
    if (made || is_over(c, at))
        *c = (struct count){.began = at, .seconds = r->seconds};
    c->n++;
    return fate(c, r);
}
