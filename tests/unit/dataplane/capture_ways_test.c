/* One capture given each way in which it can come: the same frames, the same ends; and a file that
 * becomes shorter under its map. */
#include "tests/unit/check.h"

#include "base/bytes.h"
#include "base/time_point.h"
#include "tests/unit/dataplane/capture_build.h"
#include "tests/unit/dataplane/capture_read.h"
#include "tests/unit/dataplane/pack.h"

#define SECOND 1700000000u

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

static struct capture_read read_way(enum way way, const void *data, size_t len, uint64_t seed)
{
    struct packed packed = {0};
    (way == WAY_GZIP ? pack_gzip : way == WAY_ZSTD ? pack_zstd : pack_bytes)(&packed, data, len);
    struct path p = folder_file(&folder, "capture");
    struct fifo_writer writer;
    if (way == WAY_FIFO)
        fifo_start(&writer, p.text, packed.data, packed.len, seed);
    else
        p = file_write(&folder, "capture", packed.data, packed.len);
    struct capture_read r = capture_read(p.text);
    if (way == WAY_FIFO)
        fifo_join(&writer);
    free(packed.data);
    return r;
}

static void expect_equal(const struct capture_read *a, const struct capture_read *b)
{
    assert_int_equal(a->opened, b->opened);
    assert_int_equal(a->ended, b->ended);
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct frame_read *x = &a->frames[i], *y = &b->frames[i];
        assert_int_equal(x->t, y->t);
        assert_int_equal(x->captured, y->captured);
        assert_int_equal(x->wire, y->wire);
        assert_int_equal(x->linktype, y->linktype);
        assert_int_equal(x->flags, y->flags);
        assert_memory_equal(x->data, y->data, x->captured);
    }
    assert_int_equal(a->counts.blocks_skipped, b->counts.blocks_skipped);
    assert_int_equal(a->counts.blocks_damaged, b->counts.blocks_damaged);
    assert_int_equal(a->counts.overlong, b->counts.overlong);
    assert_int_equal(a->diags.n, b->diags.n);
    for (size_t i = 0; i < a->diags.n; i++) {
        assert_int_equal(a->diags.items[i].pos.packet, b->diags.items[i].pos.packet);
        assert_int_equal(a->diags.items[i].error, b->diags.items[i].error);
        assert_int_equal(a->diags.items[i].level, b->diags.items[i].level);
    }
}

static void fill(uint64_t *seed, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)random_next(seed);
}

/* random_capture: frames of all lengths, some longer than is kept; in pcapng blocks of other types
 * between them, some long, some damaged. ends: behind each frame's record. */
static struct file_bytes random_capture(uint64_t *seed, bool ng, unsigned n, bool long_ones)
{
    struct file_bytes f = {.big = random_below(seed, 2)};
    uint8_t *data = malloc(300000);
    assert_non_null(data);
    fill(seed, data, 300000);
    if (ng) {
        section(&f);
        interface(&f, 1, 0, 9, 0);
    } else {
        pcap_begin(&f, PCAP_NANOSECONDS, 1);
    }
    for (unsigned i = 0; i < n; i++) {
        uint32_t len = (uint32_t)random_below(seed, 200);
        if (long_ones)
            len = (uint32_t)random_below(seed, random_below(seed, 8) ? 3000 : 220000);
        const uint8_t *at = data + random_below(seed, 300000 - len);
        if (!ng) {
            pcap_packet(&f, SECOND + i, i, at, len, len);
            continue;
        }
        enhanced_packet(&f, 0, (uint64_t)SECOND * NS_PER_S + i, at, len, len);
        if (random_below(seed, 10) == 0) {
            block_begin(&f, 0x0bad);
            file_room(&f, long_ones ? random_below(seed, 400000) : 8);
            block_end(&f);
        }
        if (random_below(seed, 10) == 0)
            enhanced_packet(&f, 7, 0, at, len < 100 ? len : 100, 100);
    }
    free(data);
    return f;
}

static void every_way_gives_the_same_frames(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 8; round++) {
        struct file_bytes f = random_capture(&seed, round % 2, 400, round >= 4);
        struct capture_read plain = read_way(WAY_MAPPED, f.data, f.len, 0);
        assert_int_equal(plain.opened, 0);
        assert_int_equal(plain.ended, 0);
        assert_int_equal(plain.n, 400);
        for (enum way way = WAY_GZIP; way < WAYS; way++) {
            struct capture_read r = read_way(way, f.data, f.len, random_next(&seed));
            expect_equal(&plain, &r);
            capture_read_free(&r);
        }
        capture_read_free(&plain);
        free(f.data);
    }
}

static void every_way_ends_alike_wherever_the_bytes_end(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int ng = 0; ng < 2; ng++) {
        struct file_bytes f = random_capture(&seed, ng, 5, false);
        for (size_t len = 1; len <= f.len; len++) {
            struct capture_read plain = read_way(WAY_MAPPED, f.data, len, 0);
            for (enum way way = WAY_GZIP; way < WAYS; way++) {
                if (way == WAY_FIFO && len % 7)
                    continue;
                struct capture_read r = read_way(way, f.data, len, random_next(&seed));
                expect_equal(&plain, &r);
                capture_read_free(&r);
            }
            capture_read_free(&plain);
        }
        free(f.data);
    }
}

static void a_packed_file_cut_at_any_byte_gives_what_it_holds(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int k = 0; k < 4; k++) {
        bool ng = k & 1;
        struct file_bytes f = random_capture(&seed, ng, 30, false);
        struct packed packed = {0};
        (k & 2 ? pack_zstd_flushed : pack_gzip)(&packed, f.data, f.len);
        size_t most = 0;
        for (size_t len = 4; len < packed.len; len += 1 + len / 300) {
            struct path p = file_write(&folder, "cut", packed.data, len);
            struct capture_read r = capture_read(p.text);
            /* Never a clean end: even with all packets the last bytes of the packing are missing.
             */
            assert_true(r.opened == ERR_TRUNCATED || r.ended == ERR_TRUNCATED);
            assert_int_equal(r.diags.errors, 1);
            const struct diag *d = &r.diags.items[r.diags.n - 1];
            assert_string_equal(d->pos.file, p.text);
            assert_true(d->pos.packet == r.n + 1 || (r.opened && r.n == 0));
            assert_true(r.n >= most);
            most = r.n;
            assert_int_equal(r.after_end, 0);
            capture_read_free(&r);
        }
        assert_true(most >= 25); /* most of the file unpacks from most of its bytes */
        free(packed.data);
        free(f.data);
    }
}

static void a_frame_longer_than_a_buffer_is_cut_and_told(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    uint8_t *data = malloc(262144);
    assert_non_null(data);
    fill(&seed, data, 262144);
    static const uint32_t lengths[] = {60, 65535, 65536, 100000, 262144, 60};
    for (int ng = 0; ng < 2; ng++) {
        struct file_bytes f = {0};
        size_t end[6];
        if (ng) {
            section(&f);
            interface(&f, 1, 0, 9, 0);
        } else {
            pcap_begin(&f, PCAP_NANOSECONDS, 1);
        }
        for (int i = 0; i < 6; i++) {
            if (ng)
                enhanced_packet(&f, 0, SECOND, data + i, lengths[i] - (uint32_t)i, lengths[i]);
            else
                pcap_packet(&f, SECOND, 0, data + i, lengths[i] - (uint32_t)i, lengths[i]);
            end[i] = f.len;
        }
        for (enum way way = WAY_MAPPED; way < WAYS; way++) {
            struct capture_read r = read_way(way, f.data, f.len, 1);
            assert_int_equal(r.ended, 0);
            assert_int_equal(r.n, 6);
            for (int i = 0; i < 6; i++) {
                uint32_t captured = lengths[i] - (uint32_t)i;
                assert_int_equal(r.frames[i].captured, captured < FRAME_MAX ? captured : FRAME_MAX);
                assert_int_equal(r.frames[i].wire, lengths[i]);
                assert_int_equal(r.frames[i].flags, captured > FRAME_MAX ? FRAME_OVERLONG : 0);
                assert_memory_equal(r.frames[i].data, data + i, r.frames[i].captured);
            }
            assert_int_equal(r.counts.overlong, 2);
            capture_read_free(&r);
            /* What is left out must still be there: the file ends inside the last long one. */
            r = read_way(way, f.data, end[4] - 1, 1);
            assert_int_equal(r.n, 5);
            assert_int_equal(r.ended, ERR_TRUNCATED);
            assert_int_equal(r.diags.items[0].pos.packet, 5);
            capture_read_free(&r);
        }
        free(f.data);
    }
    free(data);
}

static void a_long_block_must_end_with_its_length(void **state)
{
    (void)state;
    for (int bad = 0; bad < 2; bad++) {
        struct file_bytes f = {0};
        section(&f);
        interface(&f, 1, 0, 9, 0);
        block_begin(&f, 0x0bad);
        file_room(&f, 300000);
        block_end(&f);
        f.data[f.len - 4] ^= (uint8_t)bad;
        enhanced_packet(&f, 0, SECOND, "fourteen bytes", 14, 14);
        for (enum way way = WAY_MAPPED; way < WAYS; way++) {
            struct capture_read r = read_way(way, f.data, f.len, 2);
            assert_int_equal(r.n, !bad);
            assert_int_equal(r.ended, bad ? ERR_CORRUPT : 0);
            capture_read_free(&r);
        }
        free(f.data);
    }
}

static void a_section_has_no_more_interfaces_than_can_be_named(void **state)
{
    (void)state;
    struct file_bytes f = {0};
    section(&f);
    for (int i = 0; i < 65538; i++) {
        block_begin(&f, 1);
        put16(&f, 1);
        file_room(&f, 6);
        block_end(&f);
    }
    enhanced_packet(&f, 65535, 1, "fourteen bytes", 14, 14);
    enhanced_packet(&f, 65536, 1, "fourteen bytes", 14, 14);
    struct capture_read r = read_way(WAY_MAPPED, f.data, f.len, 0);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.counts.blocks_damaged, 3);
    capture_read_free(&r);
    free(f.data);
}

static void a_frame_stays_as_it_is_while_its_block_is_kept(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct file_bytes f = random_capture(&seed, false, 3000, true);
    struct packed packed = {0};
    pack_zstd(&packed, f.data, f.len);
    struct path p = file_write(&folder, "kept.zst", packed.data, packed.len);
    struct capture_read plain = read_way(WAY_MAPPED, f.data, f.len, 0);
    enum { KEPT = 300 };
    struct frame kept[KEPT], frame;
    unsigned n = 0, waits = 0;
    struct block_pool pool;
    struct capture *c;
    struct diags diags = {0};
    assert_int_equal(block_pool_init(&pool, 4), 0);
    assert_int_equal(capture_open(&c, p.text, &pool, &diags), 0);
    for (;;) {
        int got = capture_next(c, &frame, &diags);
        if (got == 0)
            break;
        waits += got == ERR_AGAIN;
        /* Let go of some at random when no block is free, when there is no room, and now and then.
         */
        while (n && (got == ERR_AGAIN || n == KEPT || random_below(&seed, 100) == 0)) {
            unsigned i = (unsigned)random_below(&seed, n);
            const struct frame_read *want = &plain.frames[kept[i].number - 1];
            assert_int_equal(kept[i].captured, want->captured);
            assert_memory_equal(kept[i].data, want->data, want->captured);
            block_release(kept[i].block);
            kept[i] = kept[--n];
            if (got == ERR_AGAIN)
                break;
        }
        if (got == ERR_AGAIN)
            continue;
        assert_int_equal(got, 1);
        assert_non_null(frame.block);
        block_keep(frame.block);
        kept[n++] = frame;
    }
    assert_int_equal(capture_counts(c)->frames, 3000);
    assert_true(waits > 0); /* four blocks are too few for 300 frames of this length */
    while (n)
        block_release(kept[--n].block);
    capture_close(c);
    block_pool_free(&pool);
    capture_read_free(&plain);
    free(packed.data);
    free(f.data);
}

static void standard_input_is_mapped_where_it_is_a_file(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct file_bytes f = random_capture(&seed, false, 20, false);
    struct path p = file_write(&folder, "stdin", f.data, f.len);
    int saved = dup(STDIN_FILENO), ends[2];
    for (int pipe_in = 0; pipe_in < 2; pipe_in++) {
        int fd = open(p.text, O_RDONLY);
        if (pipe_in) {
            assert_int_equal(pipe(ends), 0);
            assert_int_equal(write(ends[1], f.data, f.len), f.len);
            close(ends[1]);
            close(fd);
            fd = ends[0];
        }
        dup2(fd, STDIN_FILENO);
        close(fd);
        struct capture_read r = capture_read("-");
        assert_int_equal(r.opened, 0);
        assert_int_equal(r.n, 20);
        assert_int_equal(r.streamed, pipe_in);
        capture_read_free(&r);
    }
    /* A file that was read in part goes on where it stands. */
    int fd = open(p.text, O_RDONLY);
    dup2(fd, STDIN_FILENO);
    close(fd);
    assert_int_equal(lseek(STDIN_FILENO, 5, SEEK_SET), 5);
    struct capture_read r = capture_read("-");
    assert_int_equal(r.opened, ERR_CORRUPT);
    assert_string_equal(r.diags.items[0].pos.file, "standard input");
    capture_read_free(&r);
    dup2(saved, STDIN_FILENO);
    close(saved);
    free(f.data);
}

/* A file that becomes shorter: frames of `size` bytes on the file, behind a head. */
struct shrink {
    struct file_bytes f;
    size_t end[1000];
    struct path p;
    struct capture *c;
    struct diags diags;
    unsigned n; /* given */
};

static void shrink_open(struct shrink *x, bool ng)
{
    *x = (struct shrink){0};
    if (ng) {
        section(&x->f);
        interface(&x->f, 1, 0, 9, 0);
    } else {
        pcap_begin(&x->f, PCAP_NANOSECONDS, 1);
    }
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t data[90];
        memset(data, 1 + (int)(i % 200), sizeof data);
        uint32_t len = 60 + i % 30;
        if (ng)
            enhanced_packet(&x->f, 0, SECOND + i, data, len, len);
        else
            pcap_packet(&x->f, SECOND + i, i, data, len, len);
        x->end[i] = x->f.len;
    }
    x->p = file_write(&folder, "shrink", x->f.data, x->f.len);
    assert_int_equal(capture_open(&x->c, x->p.text, NULL, &x->diags), 0);
}

static int shrink_read(struct shrink *x, unsigned up_to, bool whole)
{
    struct frame frame;
    int got = 1;
    while (x->n < up_to && (got = capture_next(x->c, &frame, &x->diags)) == 1) {
        assert_int_equal(frame.captured, 60 + x->n % 30);
        /* Every byte is looked at; what the file lost are zeros. */
        for (uint32_t i = 0; i < frame.captured; i++)
            assert_true(frame.data[i] == 1 + x->n % 200 || (!whole && frame.data[i] == 0));
        x->n++;
    }
    return got;
}

static void shrink_close(struct shrink *x)
{
    capture_close(x->c);
    diags_free(&x->diags);
    free(x->f.data);
}

static void a_file_cut_ahead_ends_like_one_that_was_cut_before(void **state)
{
    (void)state;
    for (int ng = 0; ng < 2; ng++)
        for (unsigned cut_in = 70; cut_in < 1000; cut_in += 93)
            for (int at_end = 0; at_end < 2; at_end++) {
                struct shrink x;
                shrink_open(&x, ng);
                assert_int_equal(shrink_read(&x, 10, true), 1);
                off_t size = (off_t)(at_end ? x.end[cut_in - 1] : x.end[cut_in] - 1);
                assert_int_equal(truncate(x.p.text, size), 0);
                assert_int_equal(shrink_read(&x, 1000, true), ERR_TRUNCATED);
                assert_int_equal(x.n, cut_in);
                assert_int_equal(x.diags.n, 1);
                assert_int_equal(x.diags.items[0].pos.packet, cut_in + 1);
                assert_string_equal(x.diags.items[0].pos.file, x.p.text);
                struct frame frame;
                assert_int_equal(capture_next(x.c, &frame, &x.diags), 0);
                assert_int_equal(capture_check(x.c, &x.diags), 0); /* it was said already */
                assert_int_equal(x.diags.n, 1);
                shrink_close(&x);
            }
}

static void a_file_cut_behind_says_which_packets_may_be_wrong(void **state)
{
    (void)state;
    for (int ng = 0; ng < 2; ng++) {
        struct shrink x;
        shrink_open(&x, ng);
        assert_int_equal(shrink_read(&x, 500, true), 1);
        assert_int_equal(truncate(x.p.text, (off_t)x.end[200] - 3), 0);
        assert_int_equal(shrink_read(&x, 1000, false), ERR_TRUNCATED);
        assert_true(x.n >= 500 && x.n <= 500 + 64); /* what was read ahead */
        assert_int_equal(x.diags.n, 1);
        assert_int_equal(x.diags.items[0].pos.packet, 201);
        assert_true(diags_hold(&x.diags, DIAG_ERROR, "may not be what they were"));
        shrink_close(&x);
    }
}

static void a_file_cut_to_nothing_is_survived(void **state)
{
    (void)state;
    struct shrink x;
    shrink_open(&x, false);
    assert_int_equal(shrink_read(&x, 1, true), 1);
    assert_int_equal(truncate(x.p.text, 0), 0);
    assert_int_equal(shrink_read(&x, 1000, false), ERR_TRUNCATED);
    assert_int_equal(x.diags.items[0].pos.packet, 1);
    shrink_close(&x);
}

static void a_file_cut_after_it_was_read_is_found_by_the_check(void **state)
{
    (void)state;
    struct shrink x;
    shrink_open(&x, false);
    assert_int_equal(shrink_read(&x, 1001, true), 0);
    assert_int_equal(capture_check(x.c, &x.diags), 0);
    assert_int_equal(truncate(x.p.text, (off_t)x.end[7]), 0);
    assert_int_equal(capture_check(x.c, &x.diags), ERR_TRUNCATED);
    assert_int_equal(x.diags.items[0].pos.packet, 9);
    assert_true(diags_hold(&x.diags, DIAG_ERROR, "packets 9 to 1000"));
    assert_int_equal(capture_check(x.c, &x.diags), 0);
    shrink_close(&x);
}

static void a_file_that_grows_is_read_as_it_was(void **state)
{
    (void)state;
    struct shrink x;
    shrink_open(&x, false);
    assert_int_equal(shrink_read(&x, 1, true), 1);
    assert_int_equal(truncate(x.p.text, (off_t)x.f.len + 5000), 0);
    assert_int_equal(shrink_read(&x, 1001, true), 0);
    assert_int_equal(x.n, 1000);
    assert_int_equal(capture_check(x.c, &x.diags), 0);
    shrink_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_same_frames),
        cmocka_unit_test(every_way_ends_alike_wherever_the_bytes_end),
        cmocka_unit_test(a_packed_file_cut_at_any_byte_gives_what_it_holds),
        cmocka_unit_test(a_frame_longer_than_a_buffer_is_cut_and_told),
        cmocka_unit_test(a_long_block_must_end_with_its_length),
        cmocka_unit_test(a_section_has_no_more_interfaces_than_can_be_named),
        cmocka_unit_test(a_frame_stays_as_it_is_while_its_block_is_kept),
        cmocka_unit_test(standard_input_is_mapped_where_it_is_a_file),
        cmocka_unit_test(a_file_cut_ahead_ends_like_one_that_was_cut_before),
        cmocka_unit_test(a_file_cut_behind_says_which_packets_may_be_wrong),
        cmocka_unit_test(a_file_cut_to_nothing_is_survived),
        cmocka_unit_test(a_file_cut_after_it_was_read_is_found_by_the_check),
        cmocka_unit_test(a_file_that_grows_is_read_as_it_was),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
