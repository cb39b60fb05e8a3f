/* Reassembly against a naive model: segments in an array, bytes chosen one by one, room counted
 * anew each time. */
#include "tests/unit/check.h"

#include "dataplane/reassembly.h"

#include <string.h>

enum { SIDES = 2, MODEL_HELD = 300, SEGMENT_MAX = 66000, GAPS = 4096 };

struct gap {
    uint64_t at;
    uint32_t len;
};

/* What came out of a side: bytes with their place, gaps with theirs. */
struct output {
    uint8_t *bytes; /* by (place - base) */
    uint8_t *times; /* of each: when its segment came, as far as it goes into a byte */
    uint64_t first, next;
    size_t room;
    struct gap gaps[GAPS];
    size_t n_gaps;
};

static void output_init(struct output *o, size_t room)
{
    *o = (struct output){.bytes = calloc(1, room), .times = calloc(1, room), .room = room};
    assert_non_null(o->bytes);
    assert_non_null(o->times);
}

static void output_free(struct output *o)
{
    free(o->bytes);
    free(o->times);
}

static void output_byte(struct output *o, uint8_t byte, int64_t t)
{
    assert_true(o->next < o->room);
    o->times[o->next] = (uint8_t)t;
    o->bytes[o->next++] = byte;
}

static void output_gap(struct output *o, uint32_t len)
{
    assert_true(o->n_gaps < GAPS);
    o->gaps[o->n_gaps++] = (struct gap){o->next, len};
    o->next += len;
    assert_true(o->next <= o->room);
}

/* The model. */
struct model_segment {
    int64_t start;
    uint32_t len;
    uint64_t order; /* also when it came */
    uint8_t *data;
};
struct model {
    struct model_segment held[MODEL_HELD];
    size_t n;
    int64_t next;
    uint64_t order;
    struct output out;
};

static size_t model_bytes(const struct model *m)
{
    size_t sum = 0;
    for (size_t i = 0; i < m->n; i++)
        sum += m->held[i].len;
    return sum;
}

static size_t model_items(const struct model *m)
{
    size_t sum = 0;
    for (size_t i = 0; i < m->n; i++)
        sum += (m->held[i].len + HELD_ITEM_BYTES - 1) / HELD_ITEM_BYTES;
    return sum;
}

/* model_deliver: as long as a segment covers the next byte, that of the lowest start gives it, of
 * equal starts that of the first. */
static void model_deliver(struct model *m)
{
    for (;;) {
        const struct model_segment *best = NULL;
        for (size_t i = 0; i < m->n; i++) {
            const struct model_segment *s = &m->held[i];
            if (s->start > m->next || s->start + s->len <= m->next)
                continue;
            if (!best || s->start < best->start ||
                (s->start == best->start && s->order < best->order))
                best = s;
        }
        if (!best)
            break;
        output_byte(&m->out, best->data[m->next - best->start], (int64_t)best->order);
        m->next++;
    }
    for (size_t i = 0; i < m->n;) {
        if (m->held[i].start > m->next) {
            i++;
            continue;
        }
        free(m->held[i].data);
        m->held[i] = m->held[--m->n];
    }
}

static int64_t model_lowest(const struct model *m)
{
    int64_t lowest = INT64_MAX;
    for (size_t i = 0; i < m->n; i++)
        lowest = m->held[i].start < lowest ? m->held[i].start : lowest;
    return lowest;
}

static void model_skip_to(struct model *m, int64_t start)
{
    output_gap(&m->out, (uint32_t)(start - m->next));
    m->next = start;
    model_deliver(m);
}

static void model_add(struct model *m, int64_t start, const uint8_t *data, uint32_t len)
{
    struct model_segment *s = &m->held[m->n++];
    *s = (struct model_segment){start, len, m->order++, malloc(len)};
    assert_non_null(s->data);
    memcpy(s->data, data, len);
}

/* items_left: of the shard's budget, by what both sides hold. Returns whether there was room. */
static bool model_segment(struct model *m, int64_t start, const uint8_t *data, uint32_t len,
                          const struct model *other, size_t budget)
{
    size_t items = (len + HELD_ITEM_BYTES - 1) / HELD_ITEM_BYTES;
    bool room = true;
    while (start > m->next) {
        if (m->n < HELD_SEGMENTS_MAX && model_bytes(m) + len <= HELD_BYTES_MAX &&
            model_items(m) + model_items(other) + items <= budget) {
            model_add(m, start, data, len);
            return room;
        }
        room = false;
        model_skip_to(m, model_lowest(m) <= start ? model_lowest(m) : start);
    }
    model_add(m, start, data, len);
    model_deliver(m);
    return room;
}

static void model_acked(struct model *m, int64_t ack)
{
    while (m->n && model_lowest(m) <= ack)
        model_skip_to(m, model_lowest(m));
}

/* The real one. */
struct counts {
    uint64_t delivered, duplicate, held, hold_full, gaps, gap_bytes;
};
struct real {
    struct shard_pool pool;
    struct pool_share share;
    struct counts counts;
    struct reassembly r;
    struct stream_side side[SIDES];
    struct output out[SIDES];
    unsigned at; /* the side under way */
};

static void on_bytes(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t time)
{
    struct real *t = ctx;
    struct output *o = &t->out[t->at];
    assert_int_equal(at, o->next);
    for (uint32_t i = 0; i < len; i++)
        output_byte(o, data[i], time);
}

static void on_gap(void *ctx, uint32_t len, uint64_t at)
{
    struct real *t = ctx;
    assert_int_equal(at, t->out[t->at].next);
    output_gap(&t->out[t->at], len);
}

static struct real *real_new(uint32_t items, size_t room)
{
    struct real *t = calloc(1, sizeof *t);
    assert_non_null(t);
    assert_int_equal(shard_pool_init(&t->pool, items, sizeof(struct held_segment)), 0);
    pool_share_init(&t->share);
    struct counts *c = &t->counts;
    t->r = (struct reassembly){
        .pool = &t->pool,
        .share = &t->share,
        .count = {&c->delivered, &c->duplicate, &c->held, &c->hold_full, &c->gaps, &c->gap_bytes},
        .ctx = t,
        .bytes = on_bytes,
        .gap = on_gap,
    };
    for (int i = 0; i < SIDES; i++) {
        stream_side_init(&t->side[i]);
        output_init(&t->out[i], room);
    }
    return t;
}

/* items_out: how many the share has given out and not got back. */
static size_t items_out(const struct real *t)
{
    size_t n = t->share.made;
    for (uint32_t item = t->share.free; item != POOL_NONE; n--)
        memcpy(&item, pool_at(&t->pool, &t->share, item), sizeof item);
    return n;
}

static void real_free(struct real *t)
{
    for (int i = 0; i < SIDES; i++)
        output_free(&t->out[i]);
    shard_pool_free(&t->pool);
    free(t);
}

static void compare(const struct real *t, const struct model *models)
{
    size_t items = 0;
    for (int i = 0; i < SIDES; i++) {
        const struct model *m = &models[i];
        assert_int_equal(t->out[i].next, m->out.next);
        assert_int_equal(t->out[i].n_gaps, m->out.n_gaps);
        assert_int_equal(t->side[i].at, m->next);
        assert_int_equal(t->side[i].held_n, m->n);
        assert_int_equal(t->side[i].held_bytes, model_bytes(m));
        items += model_items(m);
    }
    assert_int_equal(items_out(t), items);
}

struct shape {
    const char *name;
    uint32_t items; /* of the pool in all; the share gets a sixteenth, 16 at least */
    unsigned steps;
    uint32_t ahead, behind, len, len_rare;
    unsigned ack_in; /* one step in so many acknowledges */
};

static void run_shape(const struct shape *shape, uint64_t *seed)
{
    size_t room = (size_t)shape->steps * (shape->ahead + shape->len_rare) + SEGMENT_MAX;
    room = room < (64u << 20) ? room : 64u << 20;
    struct real *t = real_new(shape->items, room);
    struct model *models = calloc(SIDES, sizeof *models);
    uint8_t *data = malloc(SEGMENT_MAX);
    assert_non_null(models);
    assert_non_null(data);
    uint32_t base[SIDES];
    uint64_t given = 0, full = 0;
    for (int i = 0; i < SIDES; i++) {
        /* Close below 2^32, so that the numbers wrap in the middle of the run. */
        base[i] = (uint32_t)(0 - random_below(seed, 2000));
        output_init(&models[i].out, room);
        reassembly_start(&t->side[i], base[i]);
    }
    for (unsigned step = 0; step < shape->steps; step++) {
        t->at = (unsigned)random_below(seed, SIDES);
        struct model *m = &models[t->at];
        struct stream_side *side = &t->side[t->at];
        if ((size_t)m->next + SEGMENT_MAX + shape->ahead > room)
            break;
        if (random_below(seed, shape->ack_in) == 0) {
            int64_t ack = m->next + (int64_t)random_below(seed, shape->ahead) - 20;
            model_acked(m, ack);
            reassembly_acked(&t->r, side, base[t->at] + (uint32_t)ack);
        } else {
            uint64_t limit = random_below(seed, 20) ? shape->len : shape->len_rare;
            uint32_t len = 1 + (uint32_t)random_below(seed, limit);
            int64_t start =
                m->next - shape->behind + (int64_t)random_below(seed, shape->ahead + shape->behind);
            if (random_below(seed, 3) == 0)
                start = m->next; /* in order, else nothing ever moves */
            if (random_below(seed, 4) == 0 && m->n)
                start = m->held[random_below(seed, m->n)].start; /* an equal start */
            for (uint32_t i = 0; i < len; i++)
                data[i] = (uint8_t)random_next(seed);
            given += len;
            int64_t time = (int64_t)m->order;
            full += !model_segment(m, start, data, len, &models[!t->at], t->pool.budget);
            reassembly_segment(&t->r, side, base[t->at] + (uint32_t)start, data, len, time);
        }
        compare(t, models);
        assert_int_equal(t->counts.hold_full, full);
    }
    uint64_t gap_bytes = 0, gaps = 0;
    for (int i = 0; i < SIDES; i++) {
        t->at = (unsigned)i;
        model_acked(&models[i], INT64_MAX);
        reassembly_end(&t->r, &t->side[i]);
        assert_memory_equal(t->out[i].bytes, models[i].out.bytes, models[i].out.next);
        assert_memory_equal(t->out[i].times, models[i].out.times, models[i].out.next);
        assert_memory_equal(t->out[i].gaps, models[i].out.gaps,
                            models[i].out.n_gaps * sizeof(struct gap));
        gaps += models[i].out.n_gaps;
        for (size_t k = 0; k < models[i].out.n_gaps; k++)
            gap_bytes += models[i].out.gaps[k].len;
        output_free(&models[i].out);
    }
    compare(t, models);
    assert_int_equal(items_out(t), 0);
    /* Every byte that was given is accounted for. */
    assert_int_equal(t->counts.delivered + t->counts.duplicate, given);
    assert_int_equal(t->counts.gaps, gaps);
    assert_int_equal(t->counts.gap_bytes, gap_bytes);
    assert_int_equal(t->counts.delivered + gap_bytes, t->side[0].at + t->side[1].at);
    /* A shape that never reaches what it is for tests nothing. */
    assert_true(t->counts.held > shape->steps / 20);
    assert_true(t->counts.duplicate > 0 && gaps > 0);
    assert_int_equal(full > 0, shape->items < 100 || shape->len_rare > 10000 || shape->len == 1);
    free(models);
    free(data);
    real_free(t);
}

static void random_segments_come_out_as_in_the_model(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        {"small", 16 * 4096, 20000, 600, 300, 200, 400, 10},
        {"of several items", 16 * 4096, 2000, 9000, 3000, 3000, 9000, 8},
        {"a small budget", 16, 20000, 3000, 300, 900, 5000, 50},
        {"many held", 16 * 4096, 6000, 4000, 10, 1, 4, 800},
        {"long ones", 16 * 4096, 1200, 400000, 1000, 20000, 65535, 200},
    };
    uint64_t seed = random_seed();
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        printf("%s\n", shapes[i].name);
        run_shape(&shapes[i], &seed);
    }
}

/* give: a segment of text at a place of side 0, which began at 1000. */
static void give(struct real *t, uint32_t at, const char *text)
{
    reassembly_segment(&t->r, &t->side[0], 1000 + at, (const uint8_t *)text, (uint32_t)strlen(text),
                       0);
}

static void expect_out(struct real *t, const char *text)
{
    assert_int_equal(t->out[0].next, strlen(text));
    assert_memory_equal(t->out[0].bytes, text, strlen(text));
}

static void of_bytes_that_overlap_the_lower_start_wins(void **state)
{
    (void)state;
    struct real *t = real_new(1024, 100);
    reassembly_start(&t->side[0], 1000);
    give(t, 4, "BBBB");   /* 4 to 7 */
    give(t, 6, "CCCC");   /* 6 to 9: of 6 and 7 those of B count, it starts lower */
    give(t, 2, "aaaa");   /* 2 to 5: starts lower than both */
    give(t, 4, "xxxxxx"); /* an equal start: B was first, of 8 and 9 this starts lower than C */
    expect_out(t, "");
    give(t, 0, "--");
    expect_out(t, "--aaaaBBxx");
    give(t, 0, "never again"); /* what was delivered is not changed; only its end is new */
    expect_out(t, "--aaaaBBxxn");
    assert_int_equal(t->counts.gaps, 0);
    real_free(t);
}

static void without_room_the_first_of_equal_starts_still_wins(void **state)
{
    (void)state;
    /* The budget is 16 items: fifteen of one byte, and one at the place that comes again. */
    struct real *t = real_new(16, 200);
    reassembly_start(&t->side[0], 1000);
    give(t, 10, "first");
    for (uint32_t i = 0; i < 15; i++)
        give(t, 100 + 2 * i, "z");
    assert_int_equal(items_out(t), 16);
    give(t, 10, "other, longer");
    assert_int_equal(t->counts.hold_full, 1);
    assert_int_equal(t->out[0].n_gaps, 1);
    assert_int_equal(t->out[0].gaps[0].len, 10);
    assert_memory_equal(t->out[0].bytes + 10, "first, longer", 13);
    real_free(t);
}

static void an_acknowledgement_beyond_a_hole_gives_it_up(void **state)
{
    (void)state;
    struct real *t = real_new(1024, 100);
    reassembly_start(&t->side[0], 1000);
    give(t, 0, "ab");
    give(t, 5, "fg");
    give(t, 9, "jk");
    reassembly_acked(&t->r, &t->side[0], 1004); /* inside the first hole: it may still come */
    assert_int_equal(t->out[0].n_gaps, 0);
    reassembly_acked(&t->r, &t->side[0], 1007);
    assert_int_equal(t->out[0].n_gaps, 1);
    assert_int_equal(t->out[0].gaps[0].at, 2);
    assert_int_equal(t->out[0].gaps[0].len, 3);
    assert_int_equal(t->out[0].next, 7);
    give(t, 2, "cde"); /* too late */
    assert_int_equal(t->out[0].next, 7);
    reassembly_end(&t->r, &t->side[0]);
    assert_int_equal(t->out[0].next, 11);
    assert_int_equal(t->out[0].n_gaps, 2);
    real_free(t);
}

static void a_stream_without_a_start_begins_with_its_first_segment(void **state)
{
    (void)state;
    struct real *t = real_new(1024, 100);
    reassembly_segment(&t->r, &t->side[0], 77, (const uint8_t *)"", 0, 0); /* begins nothing */
    assert_false(t->side[0].begun);
    give(t, 500, "abc");
    give(t, 503, "def");
    expect_out(t, "abcdef");
    real_free(t);
}

static const uint8_t *seen_at;
static void note_place(void *ctx, const uint8_t *data, uint32_t len, uint64_t at, int64_t t)
{
    (void)ctx;
    (void)t;
    (void)len;
    (void)at;
    seen_at = data;
}

static void bytes_in_order_are_delivered_in_place(void **state)
{
    (void)state;
    struct real *t = real_new(1024, 100);
    t->r.bytes = note_place;
    const uint8_t data[] = "0123456789";
    reassembly_segment(&t->r, &t->side[0], 5, data, 4, 0);
    assert_ptr_equal(seen_at, data);
    reassembly_segment(&t->r, &t->side[0], 7, data, 6, 0);
    assert_ptr_equal(seen_at, data + 2);
    real_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_segments_come_out_as_in_the_model),
        cmocka_unit_test(of_bytes_that_overlap_the_lower_start_wins),
        cmocka_unit_test(without_room_the_first_of_equal_starts_still_wins),
        cmocka_unit_test(an_acknowledgement_beyond_a_hole_gives_it_up),
        cmocka_unit_test(a_stream_without_a_start_begins_with_its_first_segment),
        cmocka_unit_test(bytes_in_order_are_delivered_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
