/* Campaigns: incidents that are split finer than the unit of a finding are summed up, against a
 * naive twin that keeps every revision and adds up the last ones anew each time. */
#include "correlate/campaign.h"

#include "base/bytes.h"
#include "tests/unit/correlate/correlator_fixture.h"

#define DETECTION                                                                  \
    "title: c\nname: act\nlogsource: {product: plimsoll, category: observation}\n" \
    "detection: {s: {kind: command}, condition: s}\n"
#define CORRELATION(name, group)                                                         \
    "---\ntitle: t\nname: " name "\ncorrelation:\n  type: event_count\n  rules: [act]\n" \
    "  timespan: 20s\n  condition: {gte: 1}\n  group-by: [" group "]\n"

static struct fixture fixture;
static struct run run;
static struct campaigns *campaigns;
static uint32_t number; /* of the campaign that the last revision is part of */

static void begin(const char *text)
{
    fixture_open_with(&fixture, text);
    struct correlator_config config = fixture_config(&fixture, 1);
    run_open(&run, &config);
    campaigns = campaigns_create(7);
    assert_non_null(campaigns);
    campaigns_adopt(campaigns, fixture.definitions, &fixture.hosts,
                    fixture.policy.update_interval_ns);
}

static void end(void)
{
    campaigns_destroy(campaigns);
    correlator_destroy(run.correlator);
    fixture_close(&fixture);
}

static uint64_t seq;

static void act(int64_t t, enum outcome outcome, struct address source, struct address target,
                uint16_t port)
{
    struct observation obs = seen_at(t, ++seq, KIND_COMMAND, source, target);
    obs.outcome = (uint8_t)outcome;
    obs.contact = CONTACT_TWO_WAY;
    obs.target_port = port;
    run_push(&run, obs);
}

/* The next revision, and what is to be judged because of it: NULL too when none is left. */
static const struct revision *next(struct revision *r)
{
    return correlator_next(run.correlator, r) == 1 ? campaigns_take(campaigns, r, &number) : NULL;
}

static void what_a_unit_has_passes_through(void **state)
{
    (void)state;
    static const char *const groups[] = {"source.address", "source.address, target.sector",
                                         "target.address, target.port", "target.sector"};
    for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++) {
        char text[512];
        snprintf(text, sizeof text, DETECTION CORRELATION("c", "%s"), groups[i]);
        begin(text);
        act(0, OUTCOME_COMPLETED, host(9, 1), host(1, 1), 502);
        struct revision r;
        assert_ptr_equal(next(&r), &r);
        assert_int_equal(campaign_counters(campaigns).joined, 0);
        end();
    }
}

static void one_source_is_one_campaign_until_its_last_incident_closes(void **state)
{
    (void)state;
    struct revision r;
    const struct revision *whole;
    begin(DETECTION CORRELATION("c", "target.address, source.address"));
    act(0, OUTCOME_REFUSED, host(9, 1), host(1, 1), 502);
    whole = next(&r);
    assert_int_equal(whole->why, REVISION_OPENED);
    assert_int_equal(whole->number, 1);
    assert_int_equal(whole->count, 1);

    /* Another target doubles the targets; another source is another campaign. */
    act(1 * NS_PER_S, OUTCOME_REFUSED, host(9, 1), host(1, 257), 502);
    whole = next(&r);
    assert_int_equal(r.number, 1);
    assert_int_equal(whole->why, REVISION_MERGED);
    assert_int_equal(whole->number, 2);
    assert_int_equal(whole->count, 2);
    assert_int_equal(whole->targets, 2);
    assert_int_equal(whole->assets_total, 2);
    assert_int_equal(whole->first_ns, START_NS - 1000);
    act(1 * NS_PER_S, OUTCOME_REFUSED, host(9, 2), host(1, 1), 502);
    whole = next(&r);
    assert_int_equal(whole->why, REVISION_OPENED);
    assert_int_equal(whole->count, 1);

    /* A third target doubles nothing: said at the end of the interval, not before. */
    act(2 * NS_PER_S, OUTCOME_REFUSED, host(9, 1), host(1, 2), 502);
    assert_null(next(&r));
    assert_int_equal(r.number, 1);
    assert_null(campaigns_due(campaigns, START_NS + 30 * NS_PER_S));
    whole = campaigns_due(campaigns, START_NS + 30 * NS_PER_S + 1);
    assert_int_equal(whole->why, REVISION_BOUNDARY);
    assert_int_equal(whole->count, 3);
    assert_int_equal(whole->order.t, START_NS + 30 * NS_PER_S);
    assert_null(campaigns_due(campaigns, INT64_MAX));

    /* The first answer of that kind is news, whichever incident has it. */
    act(40 * NS_PER_S, OUTCOME_COMPLETED, host(9, 1), host(1, 2), 502);
    whole = next(&r);
    assert_int_equal(whole->why, REVISION_ESCALATED);
    assert_int_equal(whole->number, 4);

    /* Two of three incidents close, then the last: only that one closes the campaign. */
    run_until(&run, 90 * NS_PER_S);
    unsigned closed = 0;
    struct address one = host(9, 1);
    while (correlator_next(run.correlator, &r) == 1 && address_equal(&r.sources[0], &one)) {
        closed += r.why == REVISION_CLOSED;
        assert_null(campaigns_take(campaigns, &r, &number));
    }
    assert_int_equal(closed, 2);
    run_until(&run, 200 * NS_PER_S);
    whole = next(&r);
    assert_int_equal(r.why, REVISION_CLOSED);
    assert_int_equal(whole->why, REVISION_CLOSED);
    assert_int_equal(whole->count, 4);
    assert_null(campaigns_due(campaigns, INT64_MAX));

    /* Later the same source begins another one. */
    act(300 * NS_PER_S, OUTCOME_REFUSED, host(9, 1), host(1, 1), 502);
    whole = next(&r);
    assert_int_equal(whole->why, REVISION_OPENED);
    assert_int_equal(whole->number, 1);
    assert_int_equal(whole->count, 1);
    end();
}

/* The twin. */

#define MEMBERS 4096
static struct {
    bool ended;
    struct revision last;
} members[MEMBERS];
static unsigned n_members;

static void twin_take(const struct revision *r)
{
    unsigned i = 0;
    while (i < n_members && (members[i].ended || members[i].last.definition != r->definition ||
                             memcmp(&members[i].last.key, &r->key, sizeof r->key) != 0))
        i++;
    assert_true(i < MEMBERS);
    n_members += i == n_members;
    members[i].last = *r;
    members[i].ended = r->why == REVISION_CLOSED || r->why == REVISION_OPEN_AT_END;
}

/* Does an incident belong to the campaigns of this source since they began? */
static bool is_of(const struct revision *r, const struct address *source, int64_t from)
{
    return address_equal(&r->sources[0], source) && r->order.t >= from;
}

static void compare(const struct revision *whole, int64_t from)
{
    const struct address *source = &whole->sources[0];
    uint64_t count = 0, by_asset[3] = {0};
    uint32_t targets = 0, monitored = 0, addresses[3] = {0};
    uint8_t best = 0;
    struct address seen[512];
    for (unsigned i = 0; i < n_members; i++) {
        const struct revision *r = &members[i].last;
        if (!is_of(r, source, from))
            continue;
        count += r->count;
        for (unsigned a = 0; a < r->n_assets; a++) {
            by_asset[r->assets[a].asset] += r->assets[a].count;
            best = r->assets[a].outcome[1] > best ? r->assets[a].outcome[1] : best;
        }
        for (unsigned t = 0; t < r->n_targets; t++) {
            struct host_facts facts;
            unsigned k = 0;
            while (k < targets && !address_equal(&seen[k], &r->sample[t]))
                k++;
            if (k < targets)
                continue;
            assert_true(targets < 512);
            seen[targets++] = r->sample[t];
            host_lookup_of(&fixture.hosts, source, &r->sample[t], &facts);
            monitored += facts.target_monitored;
            if (facts.target_asset != HOST_NO_ASSET)
                addresses[facts.target_asset]++;
        }
    }
    assert_int_equal(whole->count, count);
    assert_int_equal(whole->targets, targets);
    assert_int_equal(whole->targets_monitored, monitored);
    assert_int_equal(whole->n_assets, (addresses[0] > 0) + (addresses[1] > 0) + (addresses[2] > 0));
    for (unsigned a = 0; a < whole->n_assets; a++) {
        const struct revision_asset *asset = &whole->assets[a];
        assert_int_equal(asset->count, by_asset[asset->asset]);
        assert_int_equal(asset->addresses, addresses[asset->asset]);
        assert_true(asset->outcome[1] <= best);
    }
}

static void campaigns_are_the_sum_of_their_incidents(void **state)
{
    (void)state;
    enum { SOURCES = 3, ACTS = 3000 };
    uint64_t seed = random_seed();
    begin(DETECTION CORRELATION("by-target", "source.address, target.address")
              CORRELATION("by-port", "source.address, target.port"));
    int64_t t = 0, from[2][SOURCES];
    unsigned open[2][SOURCES] = {{0}}, compared[REVISION_WHY_COUNT] = {0};
    n_members = 0;
    for (unsigned i = 0; i < ACTS + 1; i++) {
        t += (int64_t)random_below(&seed, 8) * NS_PER_S + 1;
        if (i == ACTS)
            run_end(&run);
        else
            act(t, (enum outcome)random_below(&seed, OUTCOME_COUNT),
                host(9, 1 + (unsigned)random_below(&seed, SOURCES)),
                host(1 + (unsigned)random_below(&seed, 3), (unsigned)random_below(&seed, 5) * 200),
                (uint16_t)(500 + random_below(&seed, 3)));
        struct revision r;
        while (correlator_next(run.correlator, &r) == 1) {
            unsigned source = r.sources[0].b[15] - 1u, which = r.definition;
            const struct revision *due;
            while ((due = campaigns_due(campaigns, r.order.t))) {
                if (due->definition == 0)
                    compare(due, from[0][due->sources[0].b[15] - 1u]);
                compared[due->why]++;
            }
            if (r.why == REVISION_OPENED && open[which][source]++ == 0)
                from[which][source] = r.order.t;
            bool ends = r.why == REVISION_CLOSED || r.why == REVISION_OPEN_AT_END;
            open[which][source] -= ends;
            if (which == 0)
                twin_take(&r);
            const struct revision *whole = campaigns_take(campaigns, &r, &number);
            assert_true(whole != &r);
            /* The last to end ends the campaign, and nothing else does. */
            assert_int_equal(
                whole && (whole->why == REVISION_CLOSED || whole->why == REVISION_OPEN_AT_END),
                ends && open[which][source] == 0);
            if (!whole)
                continue;
            compared[whole->why]++;
            if (which == 0)
                compare(whole, from[0][source]);
        }
        if (n_members > MEMBERS - 64)
            break;
    }
    assert_true(compared[REVISION_OPENED] && compared[REVISION_MERGED] &&
                compared[REVISION_DOUBLED] && compared[REVISION_BOUNDARY] &&
                compared[REVISION_CLOSED]);
    assert_int_equal(campaign_counters(campaigns).no_room, 0);
    end();
}

static void without_room_an_incident_stands_for_itself(void **state)
{
    (void)state;
    begin(DETECTION CORRELATION("c", "source.address, target.address"));
    struct revision r = {.kind = REVISION_INCIDENT, .why = REVISION_OPENED, .number = 1};
    r.key.len = 32;
    unsigned n = 0;
    const struct revision *whole;
    do {
        store_be32(r.key.bytes, ++n);
        whole = campaigns_take(campaigns, &r, &number);
        assert_non_null(whole);
    } while (whole != &r && n < 1u << 20);
    assert_ptr_equal(whole, &r);
    assert_int_equal(campaign_counters(campaigns).no_room, 1);
    assert_int_equal(campaign_counters(campaigns).joined, n - 1);
    r.number = 2; /* and goes on so, also when there is room again */
    r.why = REVISION_CLOSED;
    store_be32(r.key.bytes, 1);
    assert_int_equal(campaigns_take(campaigns, &r, &number)->why, REVISION_CLOSED);
    store_be32(r.key.bytes, n);
    assert_ptr_equal(campaigns_take(campaigns, &r, &number), &r);
    campaigns_clear(campaigns);
    r.number = 1;
    r.why = REVISION_OPENED;
    assert_true(campaigns_take(campaigns, &r, &number) != &r);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_unit_has_passes_through),
        cmocka_unit_test(one_source_is_one_campaign_until_its_last_incident_closes),
        cmocka_unit_test(campaigns_are_the_sum_of_their_incidents),
        cmocka_unit_test(without_room_an_incident_stands_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
