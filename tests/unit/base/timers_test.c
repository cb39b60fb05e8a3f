/* The heap against an array that is searched for the smallest (deadline, time of setting). */
#include "tests/unit/check.h"

#include "base/timers.h"

enum { ITEMS = 40 };

struct model {
    bool set[ITEMS];
    int64_t deadline[ITEMS];
    uint64_t order[ITEMS], next;
};

static int earliest(const struct model *m)
{
    int best = -1;
    for (int i = 0; i < ITEMS; i++)
        if (m->set[i] && (best < 0 || m->deadline[i] < m->deadline[best] ||
                          (m->deadline[i] == m->deadline[best] && m->order[i] < m->order[best])))
            best = i;
    return best;
}

static void agrees_with_an_array(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct timers *t = timers_create(ITEMS);
    struct model m = {0};
    for (int step = 0; step < 50000; step++) {
        uint32_t item = (uint32_t)random_below(&seed, ITEMS);
        switch (random_below(&seed, 4)) {
        case 0:
        case 1:
            m.set[item] = true;
            m.deadline[item] = (int64_t)random_below(&seed, 20) - 5;
            m.order[item] = m.next++;
            timers_set(t, item, m.deadline[item]);
            break;
        case 2:
            m.set[item] = false;
            timers_clear(t, item);
            break;
        default: {
            int64_t now = (int64_t)random_below(&seed, 20) - 5, deadline;
            int best = earliest(&m);
            bool due = best >= 0 && m.deadline[best] <= now;
            assert_int_equal(timers_pop(t, now, &item, &deadline), due);
            if (due) {
                assert_int_equal(item, best);
                assert_int_equal(deadline, m.deadline[best]);
                m.set[best] = false;
            }
        }
        }
        int best = earliest(&m);
        assert_int_equal(timers_next(t), best < 0 ? INT64_MAX : m.deadline[best]);
    }
    timers_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_an_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
