/* Windows and incidents of keys, by one worker: against a naive twin, and through their life. */
#include "tests/unit/correlate/correlator_fixture.h"

#define S NS_PER_S

/* A naive window: every attempt of one source, all of them kept. */
struct naive {
    int64_t t[4096];
    unsigned target[4096], n;
    bool open;
    int64_t last;
};

/* naive_take: whether this attempt opens an incident; *count is what it begins with. */
static bool naive_take(struct naive *w, int64_t t, unsigned target, unsigned *count)
{
    if (w->open && t - w->last >= 60 * S) {
        w->open = false;
        w->n = 0;
    }
    w->last = t;
    if (w->open)
        return false;
    w->t[w->n] = t;
    w->target[w->n++] = target;
    unsigned distinct = 0;
    *count = 0;
    for (unsigned i = 0; i < w->n; i++) {
        if (t - w->t[i] >= 10 * S)
            continue;
        (*count)++;
        bool known = false;
        for (unsigned k = 0; k < i; k++)
            known |= t - w->t[k] < 10 * S && w->target[k] == w->target[i];
        distinct += !known;
    }
    return w->open = distinct >= 4;
}

/* Every other round a second point tells of each attempt again, which must change nothing but what
 * is said of points. */
static void windows_slide_like_a_naive_twin(void **state)
{
    (void)state;
    uint64_t rng = random_seed();
    struct fixture f;
    fixture_open(&f);
    for (int round = 0; round < 30; round++) {
        struct correlator_config config = fixture_config(&f, 1);
        bool two_points = round % 2;
        config.points = two_points ? 2 : 0;
        struct run run;
        run_open(&run, &config);
        struct naive *twins = calloc(5, sizeof *twins);
        unsigned targets = 3 + (unsigned)random_below(&rng, 6);
        int64_t t = 0, step = (int64_t)(1 + random_below(&rng, 6)) * S;
        for (unsigned i = 0; i < 600; i++) {
            t += random_below(&rng, 40) ? (int64_t)random_below(&rng, (uint64_t)step) : 70 * S;
            unsigned source = (unsigned)random_below(&rng, 5);
            unsigned target = (unsigned)random_below(&rng, targets), count;
            bool opens = naive_take(&twins[source], t, target, &count);
            struct observation obs = seen_at(t, i, KIND_ATTEMPT, host(9, source), host(3, target));
            obs.source_port = (uint16_t)i;
            obs.point = two_points;
            run_push(&run, obs);
            if (two_points) {
                obs.order.index = 1;
                obs.point = 2;
                run_push(&run, obs);
            }
            bool opened = false;
            while (correlator_next(run.correlator, &run.last) == 1) {
                if (run.last.why != REVISION_OPENED)
                    continue;
                opened = true;
                assert_true(opens);
                assert_int_equal(run.last.count, count);
                assert_int_equal(run.last.targets, 4);
                assert_int_equal(run.last.key.bytes[15], source);
            }
            assert_int_equal(opened, opens);
        }
        free(twins);
        run_close(&run);
    }
    fixture_close(&f);
}

static void repeating_one_address_does_not_hide_the_others(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    struct run run;
    run_open(&run, &config);
    for (unsigned i = 0; i < 3; i++)
        run_push(&run, seen_at(i, i, KIND_ATTEMPT, host(9, 1), host(3, i)));
    for (unsigned i = 3; i < 1000; i++)
        run_push(&run, seen_at(i, i, KIND_ATTEMPT, host(9, 1), host(3, 2)));
    expect(&run, NULL);
    run_push(&run, seen_at(1000, 1000, KIND_ATTEMPT, host(9, 1), host(3, 3)));
    expect(&run, "opened");
    assert_int_equal(run.last.targets, 4);
    assert_true(run.last.window_inexact);
    run_close(&run);
    fixture_close(&f);
}

/* Three points tell of an act, one of them without contact, one of another act alone. */
static void an_act_that_several_points_tell_of_is_one_act(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    config.points = 3;
    config.keep = 10;
    struct run run;
    run_open(&run, &config);
    struct observation obs = seen_at(1 * S, 1, KIND_COMMAND, host(9, 1), host(1, 1));
    obs.contact = CONTACT_TWO_WAY;
    obs.point = 1;
    run_push(&run, obs);
    expect(&run, "opened");
    assert_int_equal(run.last.assets[0].points[0], 1);
    assert_int_equal(run.last.assets[0].points[1], 1);
    uint8_t evidence[SHA256_BYTES];
    memcpy(evidence, run.last.evidence, sizeof evidence);

    obs.order.seq = 2;
    obs.point = 2;
    obs.contact = CONTACT_ONE_SIDED;
    obs.outcome = OUTCOME_UNANSWERED;
    run_push(&run, obs);
    expect(&run, "corroborated");
    assert_int_equal(run.last.count, 1);
    assert_int_equal(run.last.again, 1);
    assert_int_equal(run.last.assets[0].count, 1);
    assert_int_equal(run.last.assets[0].points[0], 2);
    assert_int_equal(run.last.assets[0].points[1], 1);
    assert_memory_not_equal(run.last.evidence, evidence, sizeof evidence);

    obs.order.seq = 3;
    obs.point = 3;
    obs.contact = CONTACT_TWO_WAY;
    obs.outcome = OUTCOME_SEEN;
    run_push(&run, obs);
    expect(&run, "corroborated");
    assert_int_equal(run.last.assets[0].points[0], 3);
    assert_int_equal(run.last.assets[0].points[1], 2);

    /* Another act, of one point: what was told of the first remains. */
    obs.order.seq = 4;
    obs.transaction++;
    run_push(&run, obs);
    expect(&run, "doubled");
    assert_int_equal(run.last.count, 2);
    assert_int_equal(run.last.again, 2);
    assert_int_equal(run.last.assets[0].points[0], 3);
    /* A second point tells of it: nothing new. */
    obs.order.seq = 5;
    obs.point = 1;
    run_push(&run, obs);
    expect(&run, NULL);
    assert_int_equal(correlator_counters(run.correlator).acts_again, 3);
    size_t kept;
    correlator_kept(run.correlator, run.last.incident.level, run.last.incident.key_shard, &kept);
    assert_int_equal(kept, 5);
    /* What it added is said with the next revision, which is due. */
    run_until(&run, 30 * S);
    expect(&run, "boundary");
    assert_int_equal(run.last.again, 3);
    run_close(&run);
    fixture_close(&f);
}

/* What a second point told of while the window was still watching is known when it opens; and the
 * one point that a run has is one. */
static void points_are_known_when_an_incident_opens(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    for (unsigned points = 1; points <= 2; points++) {
        struct correlator_config config = fixture_config(&f, 1);
        config.points = points;
        struct run run;
        run_open(&run, &config);
        for (unsigned i = 0; i < 4; i++) {
            struct observation obs = seen_at(i, i, KIND_ATTEMPT, host(9, 1), host(1, 1 + i));
            obs.point = 1;
            run_push(&run, obs);
            if (points == 2 && i == 1) {
                obs.point = 2;
                obs.order.index = 1;
                run_push(&run, obs);
            }
        }
        expect(&run, "opened");
        assert_int_equal(run.last.count, 4);
        assert_int_equal(run.last.targets, 4);
        assert_int_equal(run.last.again, points - 1);
        assert_int_equal(run.last.assets[0].points[0], points);
        assert_int_equal(run.last.assets[0].points[1], 0);
        run_close(&run);
    }
    fixture_close(&f);
}

static void an_incident_lives_through_its_revisions(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    struct run run;
    run_open(&run, &config);
    struct observation obs = seen_at(1 * S, 1, KIND_COMMAND, host(9, 1), host(1, 1));
    run_push(&run, obs);
    expect(&run, "opened");
    assert_int_equal(run.last.number, 1);
    assert_int_equal(run.last.count, 1);
    assert_int_equal(run.last.definition, BY_SECTOR);
    assert_int_equal(run.last.first_ns, obs.began_ns);

    obs = seen_at(2 * S, 2, KIND_COMMAND, host(9, 1), host(1, 1));
    obs.contact = CONTACT_TWO_WAY;
    obs.outcome = OUTCOME_COMPLETED;
    run_push(&run, obs);
    expect(&run, "escalated");
    assert_int_equal(run.last.by[CONTACT_TWO_WAY][OUTCOME_COMPLETED], 1);
    assert_int_equal(run.last.assets[0].outcome[1], OUTCOME_COMPLETED);
    assert_true(run.last.assets[0].two_way);
    assert_int_equal(run.last.assets[0].first_ns[0], run.last.first_ns);
    assert_int_equal(run.last.assets[0].first_ns[1], obs.began_ns);
    assert_int_equal(run.last.assets[0].last_ns[1], obs.began_ns);

    expect(&run, NULL);

    run_push(&run, seen_at(3 * S, 3, KIND_COMMAND, host(9, 1), host(1, 256)));
    expect(&run, "doubled");
    assert_int_equal(run.last.number, 3);
    assert_int_equal(run.last.targets, 2);
    assert_int_equal(run.last.n_assets, 2);
    assert_int_equal(run.last.assets_total, 2);
    assert_int_equal(run.last.targets_monitored, 2);

    run_push(&run, seen_at(4 * S, 4, KIND_COMMAND, host(9, 1), host(1, 256)));
    run_push(&run, seen_at(29 * S + 1, 6, KIND_COMMAND, host(9, 1), host(1, 256)));
    expect(&run, NULL);
    run_until(&run, 30 * S);
    expect(&run, "boundary");
    assert_int_equal(run.last.count, 5);
    run_until(&run, 60 * S + 1); /* nothing changed: no revision at the next boundary */
    expect(&run, NULL);

    run_until(&run, 89 * S);
    expect(&run, NULL);
    run_until(&run, 89 * S + 2);
    expect(&run, "closed");
    assert_int_equal(run.last.count, 5);

    run_push(&run, seen_at(90 * S, 7, KIND_COMMAND, host(9, 1), host(1, 1)));
    expect(&run, "opened");
    assert_int_equal(run.last.number, 1);
    assert_int_equal(run.last.count, 1);
    run_end(&run);
    expect(&run, "open-at-end");
    assert_int_equal(correlator_next(run.correlator, &run.last), ERR_CLOSED);
    assert_int_equal(correlator_counters(run.correlator).incidents, 2);
    run_close(&run);
    fixture_close(&f);
}

static void quiet_time_that_ends_with_the_input_closes(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    struct run run;
    run_open(&run, &config);
    run_push(&run, seen_at(1 * S, 1, KIND_COMMAND, host(9, 1), host(1, 1)));
    run_push(&run, seen_at(2 * S, 2, KIND_COMMAND, host(9, 1), host(2, 1)));
    expect(&run, "opened");
    expect(&run, "opened");
    run_until(&run, 61 * S);
    run_end(&run);
    expect(&run, "closed");
    expect(&run, "open-at-end");
    run_close(&run);
    fixture_close(&f);
}

static void evidence_of(struct fixture *f, const struct observation obs[2],
                        uint8_t out[SHA256_BYTES])
{
    struct correlator_config config = fixture_config(f, 1);
    struct run run;
    run_open(&run, &config);
    run_push(&run, obs[0]);
    run_push(&run, obs[1]);
    while (correlator_next(run.correlator, &run.last) == 1)
        memcpy(out, run.last.evidence, SHA256_BYTES);
    assert_int_equal(run.last.count, 2);
    run_close(&run);
}

static void evidence_says_what_was_seen_not_where_it_stood(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint8_t as_is[SHA256_BYTES], other[SHA256_BYTES];
    const struct observation plain[2] = {
        seen_at(1 * S, 1, KIND_COMMAND, host(9, 1), host(1, 1)),
        seen_at(2 * S, 2, KIND_COMMAND, host(9, 1), host(1, 2)),
    };
    evidence_of(&f, plain, as_is);

    struct observation moved[2] = {plain[0], plain[1]};
    for (int i = 0; i < 2; i++) {
        moved[i].order.seq += 1000;
        moved[i].order.input = 9;
        moved[i].order.index = 5;
        moved[i].flow_id = 77;
        moved[i].evidence = 12;
    }
    evidence_of(&f, moved, other);
    assert_memory_equal(as_is, other, SHA256_BYTES);

    struct observation changed[2] = {plain[0], plain[1]};
    changed[0].integer = 1;
    evidence_of(&f, changed, other);
    assert_memory_not_equal(as_is, other, SHA256_BYTES);
    changed[0] = plain[0];
    changed[0].began_ns++;
    evidence_of(&f, changed, other);
    assert_memory_not_equal(as_is, other, SHA256_BYTES);
    fixture_close(&f);
}

static void a_full_shard_counts_what_it_gives_up(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    struct run run;
    config.keys_per_shard = 2;
    run_open(&run, &config);
    for (unsigned i = 0; i < 4000; i++)
        run_push(&run, seen_at(i, i, KIND_ATTEMPT, host(9, i), host(3, 1)));
    struct correlator_counters counters = correlator_counters(run.correlator);
    assert_int_equal(counters.observations, 4000);
    assert_int_equal(counters.routed, 4000);
    assert_true(counters.windows_full > 4000 - 3 * 256);
    assert_int_equal(counters.incidents, 0);
    run_close(&run);
    fixture_close(&f);
}

static void what_is_as_old_as_the_timespan_does_not_count(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct correlator_config config = fixture_config(&f, 1);
    /* Four addresses within ten seconds: the first is that old when the fourth comes, or one
     * nanosecond younger. */
    for (int64_t younger = 0; younger < 2; younger++) {
        struct run run;
        run_open(&run, &config);
        run_push(&run, seen_at(younger, 1, KIND_ATTEMPT, host(9, 1), host(3, 1)));
        run_push(&run, seen_at(1 * S, 2, KIND_ATTEMPT, host(9, 1), host(3, 2)));
        run_push(&run, seen_at(2 * S, 3, KIND_ATTEMPT, host(9, 1), host(3, 3)));
        run_push(&run, seen_at(10 * S, 4, KIND_ATTEMPT, host(9, 1), host(3, 4)));
        assert_int_equal(correlator_counters(run.correlator).incidents, younger);
        run_close(&run);
    }
    fixture_close(&f);
}

static struct address nth(unsigned net, unsigned i)
{
    return address_v4(
        (const uint8_t[4]){(uint8_t)net, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
}

/* Memory is what it was at the start; what finds no room in it is counted, and the incident says
 * that it knows less than it saw. */
static void one_source_and_a_million_targets_are_bounded_and_so_is_the_reverse(void **state)
{
    (void)state;
    enum { MILLION = 1000000 };
    struct fixture f;
    fixture_open(&f);
    for (int reverse = 0; reverse < 2; reverse++) {
        struct correlator_config config = fixture_config(&f, 1);
        struct run run;
        run_open(&run, &config);
        size_t bytes = correlator_bytes(run.correlator);
        uint64_t most = 0;
        bool inexact = false;
        for (unsigned i = 0; i < MILLION; i++) {
            run_push(&run,
                     seen_at(i * INT64_C(1000), i + 1, KIND_ATTEMPT,
                             reverse ? nth(11, i) : host(9, 1), reverse ? host(3, 1) : nth(12, i)));
            while (correlator_next(run.correlator, &run.last) == 1) {
                most = run.last.targets > most ? run.last.targets : most;
                inexact |= run.last.targets_inexact;
            }
        }
        struct correlator_counters c = correlator_counters(run.correlator);
        assert_int_equal(c.observations, MILLION);
        assert_int_equal(correlator_bytes(run.correlator), bytes);
        assert_int_equal(c.incidents, !reverse);
        if (reverse) {
            assert_true(c.windows_full > MILLION - 2 * 256 * 64);
        } else {
            assert_true(inexact && most > 4 && most <= 16 * 64);
            assert_true(c.targets_over_limit >= MILLION - most);
        }
        run_close(&run);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_slide_like_a_naive_twin),
        cmocka_unit_test(repeating_one_address_does_not_hide_the_others),
        cmocka_unit_test(an_act_that_several_points_tell_of_is_one_act),
        cmocka_unit_test(points_are_known_when_an_incident_opens),
        cmocka_unit_test(an_incident_lives_through_its_revisions),
        cmocka_unit_test(quiet_time_that_ends_with_the_input_closes),
        cmocka_unit_test(evidence_says_what_was_seen_not_where_it_stood),
        cmocka_unit_test(a_full_shard_counts_what_it_gives_up),
        cmocka_unit_test(what_is_as_old_as_the_timespan_does_not_count),
        cmocka_unit_test(one_source_and_a_million_targets_are_bounded_and_so_is_the_reverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
