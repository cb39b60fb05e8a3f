/* A source against the array of its bytes, whichever way they come: random wants, takes and skips,
 * with blocks held meanwhile. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "dataplane/source.h"
#include "tests/unit/dataplane/capture_build.h"
#include "tests/unit/dataplane/pack.h"

static struct folder folder;

static int make_folder(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* What somebody still looks at. */
struct look {
    struct block *block;
    const uint8_t *data;
    size_t at, len;
};
enum { LOOKS = 6 };

struct run {
    const uint8_t *bytes;
    size_t len, at;
    struct source s;
    struct look looks[LOOKS];
    unsigned n;
    uint64_t seed, waits;
};

static void let_go(struct run *r)
{
    unsigned i = (unsigned)random_below(&r->seed, r->n);
    const struct look *x = &r->looks[i];
    assert_memory_equal(x->data, r->bytes + x->at, x->len);
    block_release(x->block);
    r->looks[i] = r->looks[--r->n];
}

/* want: as a reader would, waiting for pipes and letting go of what is held when no block is free.
 */
static int want(struct run *r, size_t n)
{
    int got;
    while ((got = source_want(&r->s, n)) == ERR_AGAIN) {
        r->waits++;
        if (r->n)
            let_go(r);
    }
    return got;
}

static void step(struct run *r)
{
    size_t left = r->len - r->at;
    if (random_below(&r->seed, 8) == 0) {
        uint64_t skip = random_below(&r->seed, 300000), to_go = skip;
        int got;
        while ((got = source_skip(&r->s, &to_go)) == ERR_AGAIN)
            if (r->n)
                let_go(r);
        assert_int_equal(got, skip <= left);
        r->at += skip < left ? skip : left;
        assert_int_equal(to_go, skip < left ? 0 : skip - left);
        return;
    }
    size_t n = random_below(&r->seed, random_below(&r->seed, 6) ? 3000 : SOURCE_WINDOW + 1);
    int got = want(r, n);
    assert_int_equal(got, n <= left);
    if (got == 0) {
        assert_int_equal(r->s.ready, left);
        n = left;
    }
    assert_true(r->s.ready >= n);
    assert_int_equal(r->s.position, r->at);
    assert_memory_equal(r->s.at, r->bytes + r->at, n);
    if (r->n < LOOKS && n && random_below(&r->seed, 2)) {
        block_keep(r->s.block);
        r->looks[r->n++] = (struct look){r->s.block, r->s.at, r->at, n};
    }
    if (r->n && random_below(&r->seed, 3) == 0)
        let_go(r);
    source_take(&r->s, n);
    r->at += n;
}

static void any_source_gives_its_bytes(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 24; round++) {
        enum way way = (enum way)(round % WAYS);
        struct run r = {.len = 1 + random_below(&seed, round % 8 < 4 ? 9000 : 6u << 20),
                        .seed = random_next(&seed)};
        uint8_t *bytes = malloc(r.len);
        assert_non_null(bytes);
        for (size_t i = 0; i < r.len; i++)
            bytes[i] = (uint8_t)(random_next(&seed) >> (i % 64 < 32 ? 0 : 62));
        bytes[0] = 1; /* no packing's mark */
        r.bytes = bytes;
        struct packed packed = {0};
        (way == WAY_GZIP   ? pack_gzip
         : way == WAY_ZSTD ? pack_zstd
                           : pack_bytes)(&packed, bytes, r.len);
        struct path p = folder_file(&folder, "source");
        struct fifo_writer writer;
        if (way == WAY_FIFO)
            fifo_start(&writer, p.text, packed.data, packed.len, random_next(&seed));
        else
            p = file_write(&folder, "source", packed.data, packed.len);
        struct block_pool pool;
        struct diags diags = {0};
        assert_int_equal(block_pool_init(&pool, 2), 0);
        assert_int_equal(source_open(&r.s, p.text, p.text, &pool, &diags), 0);
        assert_int_equal(source_is_mapped(&r.s), way == WAY_MAPPED);
        while (r.at < r.len)
            step(&r);
        assert_int_equal(want(&r, 1), 0);
        assert_int_equal(source_end(&r.s, 1, &diags), 0);
        struct bytes head = source_head(&r.s);
        assert_int_equal(head.len, r.len < SOURCE_HEAD ? r.len : SOURCE_HEAD);
        assert_memory_equal(head.data, bytes, head.len);
        uint64_t position, size;
        source_progress(&r.s, &position, &size);
        assert_int_equal(position, packed.len);
        assert_int_equal(size, packed.len);
        while (r.n)
            let_go(&r);
        source_close(&r.s);
        for (unsigned i = 0; i < pool.n; i++)
            assert_int_equal(atomic_load(&pool.blocks[i].holders), 0);
        if (way == WAY_FIFO)
            fifo_join(&writer);
        block_pool_free(&pool);
        free(packed.data);
        free(bytes);
    }
}

static void without_a_free_block_nothing_moves(void **state)
{
    (void)state;
    struct packed packed = {0};
    uint8_t *bytes = calloc(1, 3 * BLOCK_BYTES);
    assert_non_null(bytes);
    pack_zstd(&packed, bytes, 3 * BLOCK_BYTES);
    struct path p = file_write(&folder, "zeros", packed.data, packed.len);
    struct block_pool pool;
    struct diags diags = {0};
    struct source s;
    assert_int_equal(block_pool_init(&pool, 1), 0);
    assert_int_equal(source_open(&s, p.text, p.text, &pool, &diags), 0);
    assert_int_equal(source_want(&s, SOURCE_WINDOW), 1);
    source_take(&s, SOURCE_WINDOW);
    assert_int_equal(source_want(&s, SOURCE_WINDOW), 1);
    source_take(&s, SOURCE_WINDOW - 10);
    /* Ten bytes are left of the only block; eleven would need another. */
    assert_int_equal(source_want(&s, 10), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(source_want(&s, 11), ERR_AGAIN);
        assert_int_equal(s.position, 2 * SOURCE_WINDOW - 10);
        assert_int_equal(s.ready, 10);
    }
    source_close(&s);
    block_pool_free(&pool);
    free(packed.data);
    free(bytes);
}

static void what_cannot_be_read_in_order_is_refused(void **state)
{
    (void)state;
    struct source s;
    struct diags diags = {0};
    struct path empty = file_write(&folder, "empty", "", 0), none = folder_file(&folder, "none");
    assert_int_equal(source_open(&s, folder.path, "x", NULL, &diags), ERR_UNSUPPORTED);
    assert_int_equal(source_open(&s, empty.text, "x", NULL, &diags), ERR_CORRUPT);
    assert_int_equal(source_open(&s, none.text, "x", NULL, &diags), ERR_NOT_FOUND);
    assert_int_equal(diags.errors, 3);
    assert_string_equal(diags.items[0].pos.file, "x");
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_source_gives_its_bytes),
        cmocka_unit_test(without_a_free_block_nothing_moves),
        cmocka_unit_test(what_cannot_be_read_in_order_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
