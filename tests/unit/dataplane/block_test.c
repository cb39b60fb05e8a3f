/* Blocks: free ones are given, held ones never, also while another thread lets go of them. */
#include "tests/unit/check.h"

#include "dataplane/block.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

static void a_held_block_is_not_given_again(void **state)
{
    (void)state;
    struct block_pool pool;
    assert_int_equal(block_pool_init(&pool, 3), 0);
    assert_int_equal(block_pool_bytes(&pool), 3 * BLOCK_BYTES);
    struct block *a = block_take(&pool), *b = block_take(&pool), *c = block_take(&pool);
    assert_true(a && b && c && a != b && b != c && a != c);
    assert_null(block_take(&pool));
    block_keep(b);
    block_release(b);
    assert_null(block_take(&pool)); /* its other holder has it still */
    block_release(b);
    assert_ptr_equal(block_take(&pool), b);
    block_release(a);
    block_release(c);
    assert_ptr_equal(block_take(&pool), a); /* the lowest */
    block_keep(NULL);
    block_release(NULL);
    block_pool_free(&pool);
}

static void a_pool_without_blocks_gives_none(void **state)
{
    (void)state;
    struct block_pool pool;
    assert_int_equal(block_pool_init(&pool, 0), 0);
    assert_null(block_take(&pool));
    block_pool_free(&pool);
}

/* One thread takes, fills and hands over; two others look and let go. A block given too early would
 * change under their eyes. */
enum { ROUNDS = 4000, SLOTS = 8, READERS = 2, LOOKED_AT = 4096 };

struct handed {
    struct block *block;
    uint8_t fill;
};
struct hall {
    pthread_mutex_t lock;
    struct handed slots[SLOTS];
    unsigned n;
    bool closed;
    atomic_uint wrong, seen;
};

static bool take_handed(struct hall *h, struct handed *out)
{
    bool got = false;
    while (!got) {
        pthread_mutex_lock(&h->lock);
        got = h->n > 0;
        if (got)
            *out = h->slots[--h->n];
        bool over = h->closed && !got;
        pthread_mutex_unlock(&h->lock);
        if (over)
            return false;
        if (!got)
            sched_yield();
    }
    return true;
}

static void *reader(void *ctx)
{
    struct hall *h = ctx;
    struct handed x;
    while (take_handed(h, &x)) {
        for (unsigned i = 0; i < LOOKED_AT; i++)
            if (x.block->data[i] != x.fill) {
                atomic_fetch_add(&h->wrong, 1);
                break;
            }
        atomic_fetch_add(&h->seen, 1);
        block_release(x.block);
    }
    return NULL;
}

static void blocks_keep_their_bytes_until_all_have_let_go(void **state)
{
    (void)state;
    struct block_pool pool;
    struct hall h = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[READERS];
    assert_int_equal(block_pool_init(&pool, 3), 0);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &h), 0);
    unsigned handed = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct block *b;
        while (!(b = block_take(&pool)))
            sched_yield();
        memset(b->data, (int)round, LOOKED_AT);
        for (unsigned twice = 0; twice < 2;) {
            pthread_mutex_lock(&h.lock);
            if (h.n < SLOTS) {
                block_keep(b);
                h.slots[h.n++] = (struct handed){b, (uint8_t)round};
                twice++;
                handed++;
            }
            pthread_mutex_unlock(&h.lock);
        }
        block_release(b);
    }
    pthread_mutex_lock(&h.lock);
    h.closed = true;
    pthread_mutex_unlock(&h.lock);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&h.seen), handed);
    assert_int_equal(atomic_load(&h.wrong), 0);
    block_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_block_is_not_given_again),
        cmocka_unit_test(a_pool_without_blocks_gives_none),
        cmocka_unit_test(blocks_keep_their_bytes_until_all_have_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
