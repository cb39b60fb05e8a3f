/* Acts that several points tell of: against a naive twin, and what an act is told by. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "base/time_point.h"
#include "correlate/act.h"

#include <string.h>

#define S NS_PER_S

static struct exchange_item told(uint16_t point, int64_t began, int64_t known)
{
    struct exchange_item item = {0};
    item.obs.point = point;
    item.obs.began_ns = began;
    item.obs.order.t = known;
    item.obs.kind = KIND_COMMAND;
    return item;
}

/* A naive twin: all acts, in the order in which they became known. */
struct naive_act {
    unsigned what;
    int64_t began;
    unsigned points;
};

static void acts_are_told_like_a_naive_twin(void **state)
{
    (void)state;
    uint64_t rng = random_seed();
    for (int round = 0; round < 50; round++) {
        struct acts acts;
        struct naive_act all[400];
        unsigned n = 0;
        uint64_t forgotten = 0;
        int64_t t = 1000 * S;
        assert_int_equal(acts_init(&acts, 1024, 1), 0);
        for (unsigned i = 0; i < 400; i++) {
            t += (int64_t)random_below(&rng, S / 2);
            unsigned what = (unsigned)random_below(&rng, 6);
            int64_t began = t - (int64_t)random_below(&rng, 3) * S / 4;
            uint16_t point = (uint16_t)(1 + random_below(&rng, 3));
            struct naive_act *mine = NULL;
            for (unsigned k = 0; k < n && !mine; k++)
                if (all[k].what == what && llabs(all[k].began - began) <= S &&
                    !(all[k].points & 1u << point))
                    mine = &all[k];
            bool again = mine != NULL;
            if (!mine) {
                mine = &all[n++];
                *mine = (struct naive_act){.what = what, .began = began};
            }
            mine->points |= 1u << point;
            struct exchange_item item = told(point, began, t);
            item.obs.transaction = (uint16_t)what;
            item.obs.time_error_ns = TIME_ERROR_UNKNOWN;
            struct act_seen seen = acts_take(&acts, &item, &forgotten);
            assert_int_equal(seen.again, again);
            assert_int_equal(seen.points[0], __builtin_popcount(mine->points));
            assert_int_equal(seen.points[1], 0);
        }
        assert_int_equal(forgotten, 0);
        acts_free(&acts);
    }
}

/* same: whether the second is told of as the act of the first. */
static bool same(struct exchange_item first, struct exchange_item second)
{
    struct acts acts;
    uint64_t forgotten = 0;
    assert_int_equal(acts_init(&acts, 4, 1), 0);
    assert_false(acts_take(&acts, &first, &forgotten).again);
    bool again = acts_take(&acts, &second, &forgotten).again;
    acts_free(&acts);
    return again;
}

static void what_packets_decide_tells_acts_apart_and_what_points_make_of_them_does_not(void **state)
{
    (void)state;
    struct exchange_item first = told(1, 0, 0), twin = told(2, 5, 5);
    assert_true(same(first, twin));
    twin.obs.outcome = OUTCOME_REFUSED;
    twin.obs.contact = CONTACT_ONE_SIDED;
    twin.obs.order.seq = 9;
    twin.obs.flow_id = 77;
    assert_true(same(first, twin));
    twin.obs.point = 1; /* no point tells of one act twice */
    assert_false(same(first, twin));
#define OTHER(member)                    \
    do {                                 \
        twin = told(2, 5, 5);            \
        twin.member++;                   \
        assert_false(same(first, twin)); \
    } while (0)
    OTHER(obs.source.b[15]);
    OTHER(obs.target.b[0]);
    OTHER(obs.name[NAME_USER][0]);
    OTHER(obs.name[NAME_HOST][15]);
    OTHER(obs.value[15]);
    OTHER(obs.integer);
    OTHER(obs.rule_gid);
    OTHER(obs.rule_sid);
    OTHER(obs.rule_rev);
    OTHER(obs.object_first);
    OTHER(obs.object_count);
    OTHER(obs.source_port);
    OTHER(obs.target_port);
    OTHER(obs.tenant);
    OTHER(obs.unit);
    OTHER(obs.transaction);
    OTHER(obs.kind);
    OTHER(obs.protocol);
    OTHER(obs.operation);
    OTHER(obs.transport);
    OTHER(obs.function);
    OTHER(route.definition);
    OTHER(route.rule);
#undef OTHER
}

static void begins_may_be_as_far_apart_as_the_clocks(void **state)
{
    (void)state;
    struct exchange_item first = told(1, 0, 0);
    assert_true(same(first, told(2, 1 * S, 1 * S)));
    assert_true(same(told(1, 1 * S, 1 * S), told(2, 0, 1 * S)));
    assert_false(same(first, told(2, 1 * S + 1, 1 * S + 1)));
    struct exchange_item twin = told(2, 1 * S + 30, 1 * S + 30);
    first.obs.time_error_ns = 10;
    twin.obs.time_error_ns = 20;
    assert_true(same(first, twin));
    first.obs.time_error_ns = 9;
    assert_false(same(first, twin));
    /* That the error is not known allows nothing. */
    first.obs.time_error_ns = TIME_ERROR_UNKNOWN;
    assert_false(same(first, twin));
}

static void two_way_contact_is_counted_for_those_that_saw_it(void **state)
{
    (void)state;
    struct acts acts;
    uint64_t forgotten = 0;
    assert_int_equal(acts_init(&acts, 4, 1), 0);
    for (uint16_t point = 1; point <= POINTS_MAX; point++) {
        struct exchange_item item = told(point, 0, 0);
        item.obs.contact = point % 2 ? CONTACT_TWO_WAY : CONTACT_ONE_SIDED;
        struct act_seen seen = acts_take(&acts, &item, &forgotten);
        assert_int_equal(seen.points[0], point);
        assert_int_equal(seen.points[1], (point + 1) / 2);
    }
    acts_free(&acts);
}

static void the_oldest_act_is_given_up_and_counted_while_it_might_still_matter(void **state)
{
    (void)state;
    struct acts acts;
    uint64_t forgotten = 0;
    assert_int_equal(acts_init(&acts, 4, 1), 0);
    struct exchange_item item = told(1, 0, 0);
    for (unsigned i = 0; i < 5; i++) {
        item.obs.transaction = (uint16_t)i;
        assert_int_equal(forgotten, 0);
        assert_false(acts_take(&acts, &item, &forgotten).again);
    }
    assert_int_equal(forgotten, 1);
    item.obs.point = 2; /* of the first nothing is known any more, of the others all is */
    for (unsigned i = 1; i < 5; i++) {
        item.obs.transaction = (uint16_t)i;
        assert_true(acts_take(&acts, &item, &forgotten).again);
    }
    item.obs.transaction = 0;
    assert_false(acts_take(&acts, &item, &forgotten).again);
    assert_int_equal(forgotten, 2);
    /* Much later nobody tells of it. */
    item.obs.order.t = item.obs.began_ns = 100 * S;
    assert_false(acts_take(&acts, &item, &forgotten).again);
    assert_int_equal(forgotten, 2);
    acts_free(&acts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_are_told_like_a_naive_twin),
        cmocka_unit_test(
            what_packets_decide_tells_acts_apart_and_what_points_make_of_them_does_not),
        cmocka_unit_test(begins_may_be_as_far_apart_as_the_clocks),
        cmocka_unit_test(two_way_contact_is_counted_for_those_that_saw_it),
        cmocka_unit_test(the_oldest_act_is_given_up_and_counted_while_it_might_still_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
