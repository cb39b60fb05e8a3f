#include "tests/unit/check.h"

#include "base/ring_spsc.h"

#include <pthread.h>
#include <sched.h>

static void elements_come_out_in_order_and_a_full_ring_says_so(void **state)
{
    (void)state;
    struct ring *r = ring_create(4, sizeof(uint64_t));
    for (uint64_t round = 0; round < 10; round++) {
        uint64_t v;
        for (v = 0; v < 4; v++)
            assert_true(ring_push(r, &v));
        assert_false(ring_push(r, &v));
        assert_int_equal(*(const uint64_t *)ring_peek(r), 0);
        for (uint64_t want = 0; want < 4; want++) {
            assert_true(ring_pop(r, &v));
            assert_int_equal(v, want);
        }
        assert_false(ring_pop(r, &v));
        assert_null(ring_peek(r));
    }
    ring_destroy(r);
}

struct record {
    uint64_t number, square;
};
enum { RECORDS = 200000 };

static void *produce(void *ctx)
{
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct record record = {i, i * i};
        while (!ring_push(ctx, &record))
            sched_yield();
    }
    return NULL;
}

static void two_threads_lose_and_tear_nothing(void **state)
{
    (void)state;
    struct ring *r = ring_create(64, sizeof(struct record));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, produce, r), 0);
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct record record;
        while (!ring_pop(r, &record))
            sched_yield();
        if (record.number != i || record.square != i * i)
            fail_msg("record %lu came as %lu, %lu", i, record.number, record.square);
    }
    pthread_join(thread, NULL);
    assert_null(ring_peek(r));
    ring_destroy(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_out_in_order_and_a_full_ring_says_so),
        cmocka_unit_test(two_threads_lose_and_tear_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
