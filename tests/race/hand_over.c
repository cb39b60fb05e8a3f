/* Two threads hand plain data over, by a ring's tail and head or by a watermark: what the exchange
 * rests on. Built twice for the thread sanitizer: as it is, where it must be silent, and with
 * relaxed.h, where it must report a race. The second shows that the first would notice.
 *
 *   hand_over ring|watermark
 */
#include "base/ring_spsc.h"
#include "base/watermark.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 2000 };

static struct watermark mark;
static uint64_t told; /* plain: written before the mark is published, read after it is seen */

static void *push_all(void *ctx)
{
    for (uint64_t i = 0; i < ROUNDS; i++)
        while (!ring_push(ctx, &i))
            sched_yield();
    return NULL;
}

static int by_ring(void)
{
    struct ring *ring = ring_create(8, sizeof(uint64_t));
    pthread_t thread;
    uint64_t got, wrong = 0;
    if (!ring || pthread_create(&thread, NULL, push_all, ring))
        return 2;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        while (!ring_pop(ring, &got))
            sched_yield();
        wrong += got != i;
    }
    pthread_join(thread, NULL);
    ring_destroy(ring);
    return wrong != 0;
}

static void *publish_once(void *ctx)
{
    (void)ctx;
    told = 1;
    watermark_publish(&mark, ORDER_MAX);
    return NULL;
}

static int by_watermark(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, publish_once, NULL))
        return 2;
    for (;;) {
        struct order seen = watermark_read(&mark);
        if (!order_less(&seen, &ORDER_MAX))
            break;
        sched_yield();
    }
    int wrong = told != 1;
    pthread_join(thread, NULL);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "ring") == 0)
        return by_ring();
    if (argc == 2 && strcmp(argv[1], "watermark") == 0)
        return by_watermark();
    fprintf(stderr, "usage: hand_over ring|watermark\n");
    return 2;
}
