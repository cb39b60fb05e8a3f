/* What the tests of correlation share: three assets in two sectors, two definitions, observations
 * by the second, and a run of the correlator over a list of them. */
#ifndef TESTS_UNIT_CORRELATE_CORRELATOR_FIXTURE_H
#define TESTS_UNIT_CORRELATE_CORRELATOR_FIXTURE_H

#include "tests/unit/check.h"

#include "base/error.h"
#include "base/time_point.h"
#include "base/text.h"
#include "correlate/correlator.h"

#include <string.h>

#define START_NS                                                                     \
    (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01, a whole number of every interval \
                                      */

static const char fixture_text[] = "title: Commands\n"
                                   "name: command\n"
                                   "logsource: {product: plimsoll, category: observation}\n"
                                   "detection:\n"
                                   "  selection: {kind: command, operation: [write, operate]}\n"
                                   "  condition: selection\n"
                                   "---\n"
                                   "title: One source to one sector\n"
                                   "name: by-sector\n"
                                   "correlation:\n"
                                   "  type: event_count\n"
                                   "  rules: [command]\n"
                                   "  group-by: [source.address, target.sector]\n"
                                   "  timespan: 1h\n"
                                   "  condition: {gte: 1}\n"
                                   "---\n"
                                   "title: Attempts\n"
                                   "name: attempt\n"
                                   "logsource: {product: plimsoll, category: observation}\n"
                                   "detection:\n"
                                   "  selection: {kind: attempt}\n"
                                   "  condition: selection\n"
                                   "---\n"
                                   "title: Many addresses\n"
                                   "name: many\n"
                                   "correlation:\n"
                                   "  type: value_count\n"
                                   "  rules: [attempt]\n"
                                   "  group-by: [source.address]\n"
                                   "  timespan: 10s\n"
                                   "  condition: {field: target.address, gte: 4}\n";
enum { BY_SECTOR, MANY };

struct fixture {
    struct diags diags;
    struct definitions *definitions;
    struct prefix_map *assets, *operators, *monitored;
    uint8_t sector[3];
    struct host_lookup hosts;
    struct correlator_policy policy;
};

static inline struct address host(unsigned net, unsigned last)
{
    return address_v4((const uint8_t[4]){10, (uint8_t)net, (uint8_t)(last >> 8), (uint8_t)last});
}

static inline void put_prefix(struct prefix_map *map, const char *text, uint32_t value)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, &p), 0);
    assert_int_equal(prefix_map_add(map, &p, value), 0);
}

/* Assets 0 and 1 are 10.1.0.0/24 and 10.1.1.0/24 in sector 1, asset 2 is 10.2.0.0/16 in sector 2;
 * 10.3.0.0/16 is monitored and no asset; 10.1.0.9 is an operator's station inside asset 0. */
static inline void fixture_open_with(struct fixture *f, const char *definitions)
{
    *f = (struct fixture){.sector = {1, 1, 2}};
    f->assets = prefix_map_create();
    f->operators = prefix_map_create();
    f->monitored = prefix_map_create();
    put_prefix(f->assets, "10.1.0.0/24", 0);
    put_prefix(f->assets, "10.1.1.0/24", 1);
    put_prefix(f->assets, "10.2.0.0/16", 2);
    put_prefix(f->operators, "10.1.0.9", 0);
    put_prefix(f->monitored, "10.1.0.0/16", 0);
    put_prefix(f->monitored, "10.3.0.0/16", 0);
    f->hosts = (struct host_lookup){f->assets, f->operators, f->monitored, f->sector, 3, NULL};
    int error =
        definitions_parse(&f->definitions, "test", definitions, strlen(definitions), &f->diags);
    if (!error)
        error = definitions_finish(f->definitions, NULL, &f->diags);
    diags_print(&f->diags, stdout);
    assert_int_equal(error, 0);
    f->policy = (struct correlator_policy){.from_ns = INT64_MIN,
                                           .definitions = f->definitions,
                                           .hosts = &f->hosts,
                                           .incident_quiet_ns = 60 * NS_PER_S,
                                           .update_interval_ns = 30 * NS_PER_S};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_with(f, fixture_text);
}

static inline void fixture_close(struct fixture *f)
{
    definitions_destroy(f->definitions);
    prefix_map_destroy(f->assets);
    prefix_map_destroy(f->operators);
    prefix_map_destroy(f->monitored);
    diags_free(&f->diags);
}

static inline struct correlator_config fixture_config(const struct fixture *f, unsigned workers)
{
    return (struct correlator_config){
        .workers = workers, .policies = &f->policy, .n_policies = 1, .keys_per_shard = 64};
}

/* An observation at START_NS + t. */
static inline struct observation seen_at(int64_t t, uint64_t seq, enum kind kind,
                                         struct address source, struct address target)
{
    return (struct observation){.order = {.t = START_NS + t, .seq = seq, .input = 1},
                                .began_ns = START_NS + t - 1000,
                                .version = OBSERVATION_VERSION,
                                .kind = (uint8_t)kind,
                                .operation =
                                    kind == KIND_COMMAND ? OPERATION_WRITE : OPERATION_NONE,
                                .protocol = PROTOCOL_MODBUS,
                                .transport = 6,
                                .source_port = 40000,
                                .target_port = 502,
                                .source = source,
                                .target = target};
}

/* A run by one worker, step by step. */
struct run {
    struct correlator *correlator;
    struct revision last; /* the one taken last */
};

static inline void run_open(struct run *r, const struct correlator_config *config)
{
    struct diags diags = {0};
    assert_int_equal(correlator_create(&r->correlator, config, &diags), 0);
}

static inline void run_push(struct run *r, struct observation obs)
{
    correlator_push(r->correlator, 0, &obs);
    correlator_watermark(r->correlator, 0, obs.order);
    correlator_turn(r->correlator, 0);
}

static inline void run_until(struct run *r, int64_t t)
{
    correlator_watermark(r->correlator, 0,
                         (struct order){.t = START_NS + t, .input = 1, .seq = ORDER_SEQ_MAX});
    correlator_turn(r->correlator, 0);
}

static inline void run_end(struct run *r)
{
    correlator_watermark(r->correlator, 0, ORDER_MAX);
    correlator_turn(r->correlator, 0);
}

/* expect: the next revision says so; NULL: there is none yet. */
static inline void expect(struct run *r, const char *why)
{
    int got = correlator_next(r->correlator, &r->last);
    if (!why) {
        assert_int_not_equal(got, 1);
        return;
    }
    assert_int_equal(got, 1);
    assert_string_equal(revision_why_words[r->last.why].name, why);
}

static inline void run_close(struct run *r)
{
    correlator_destroy(r->correlator);
}

#endif
