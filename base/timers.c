/* A binary heap of items ordered by (deadline, ordinal), with each item's place in it. */
#include "base/timers.h"

#include <stdlib.h>

#define NOWHERE UINT32_MAX

struct timers {
    uint32_t items, n;
    uint64_t ordinal;  /* of the next set */
    uint32_t *heap;    /* n item numbers */
    uint32_t *place;   /* of each item in the heap, NOWHERE */
    int64_t *deadline; /* of each item */
    uint64_t *order;   /* of each item: when it was set */
};

struct timers *timers_create(uint32_t items)
{
    struct timers *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    size_t n = items ? items : 1;
    t->items = items;
    t->heap = calloc(n, sizeof *t->heap);
    t->place = malloc(n * sizeof *t->place);
    t->deadline = calloc(n, sizeof *t->deadline);
    t->order = calloc(n, sizeof *t->order);
    if (!t->heap || !t->place || !t->deadline || !t->order) {
        timers_destroy(t);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        t->place[i] = NOWHERE;
    return t;
}

void timers_destroy(struct timers *t)
{
    if (!t)
        return;
    free(t->heap);
    free(t->place);
    free(t->deadline);
    free(t->order);
    free(t);
}

size_t timers_bytes(const struct timers *t)
{
    return sizeof *t +
           t->items * (sizeof *t->heap + sizeof *t->place + sizeof *t->deadline + sizeof *t->order);
}

static bool before(const struct timers *t, uint32_t a, uint32_t b)
{
    if (t->deadline[a] != t->deadline[b])
        return t->deadline[a] < t->deadline[b];
    return t->order[a] < t->order[b];
}

static void put(struct timers *t, uint32_t at, uint32_t item)
{
    t->heap[at] = item;
    t->place[item] = at;
}

static void sift_up(struct timers *t, uint32_t at, uint32_t item)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!before(t, item, t->heap[parent]))
            break;
        put(t, at, t->heap[parent]);
        at = parent;
    }
    put(t, at, item);
}

static void sift_down(struct timers *t, uint32_t at, uint32_t item)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= t->n)
            break;
        if (child + 1 < t->n && before(t, t->heap[child + 1], t->heap[child]))
            child++;
        if (!before(t, t->heap[child], item))
            break;
        put(t, at, t->heap[child]);
        at = child;
    }
    put(t, at, item);
}

void timers_set(struct timers *t, uint32_t item, int64_t deadline)
{
    timers_clear(t, item);
    t->deadline[item] = deadline;
    t->order[item] = t->ordinal++;
    sift_up(t, t->n++, item);
}

void timers_clear(struct timers *t, uint32_t item)
{
    uint32_t at = t->place[item];
    if (at == NOWHERE)
        return;
    t->place[item] = NOWHERE;
    uint32_t last = t->heap[--t->n];
    if (last == item)
        return;
    /* The last item may belong above or below the hole. */
    if (at > 0 && before(t, last, t->heap[(at - 1) / 2]))
        sift_up(t, at, last);
    else
        sift_down(t, at, last);
}

int64_t timers_next(const struct timers *t)
{
    return t->n ? t->deadline[t->heap[0]] : INT64_MAX;
}

bool timers_pop(struct timers *t, int64_t now, uint32_t *item, int64_t *deadline)
{
    if (t->n == 0 || t->deadline[t->heap[0]] > now)
        return false;
    *item = t->heap[0];
    *deadline = t->deadline[*item];
    timers_clear(t, *item);
    return true;
}
