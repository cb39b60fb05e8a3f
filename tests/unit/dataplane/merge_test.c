/* Several captures as one sequence: the order (t, input, seq), and numbers that do not depend on
 * how the files were named. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "base/file.h"
#include "dataplane/capture.h"
#include "tests/unit/dataplane/capture_build.h"
#include "tests/unit/dataplane/capture_read.h"
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

enum { FILES = 5, FRAMES_MAX = 400 };

/* One frame as it came: where from (its first byte and its place say so) and with which numbers. */
struct item {
    int64_t t;
    uint32_t input;
    uint64_t seq;
    uint8_t file, at;
};

struct merged {
    struct item items[FRAMES_MAX];
    size_t n;
    struct merge_counts counts;
};

static struct merged read_merged(const char *const *paths, size_t n, struct diags *diags)
{
    struct merged out = {0};
    struct merge *m;
    assert_int_equal(merge_open(&m, paths, NULL, n, NULL, diags), 0);
    struct frame frame;
    struct item item;
    int got;
    while ((got = merge_next(m, &frame, &item.input, &item.seq, diags)) != 0) {
        if (got == ERR_AGAIN)
            continue; /* a pipe */
        assert_int_equal(got, 1);
        item.t = frame.t;
        item.file = frame.data[0];
        item.at = frame.data[1];
        assert_true(out.n < FRAMES_MAX);
        out.items[out.n++] = item;
    }
    assert_int_equal(merge_next(m, &frame, &item.input, &item.seq, diags), 0);
    out.counts = merge_counts(m);
    merge_close(m);
    return out;
}

/* write_random: a capture of n frames whose first two bytes are its number and the frame's place.
 */
static struct path write_random(uint64_t *seed, unsigned number, unsigned n, unsigned spread)
{
    struct file_bytes f = {.big = number % 2};
    char name[16];
    uint32_t second = 1000 + (uint32_t)random_below(seed, 4);
    pcap_begin(&f, PCAP_NANOSECONDS, 1);
    for (unsigned i = 0; i < n; i++) {
        uint8_t data[20] = {(uint8_t)number, (uint8_t)i};
        second += (uint32_t)random_below(seed, spread);
        pcap_packet(&f, second, (uint32_t)random_below(seed, 2), data, sizeof data, sizeof data);
    }
    snprintf(name, sizeof name, "m%u.pcap", number);
    struct path p = file_write(&folder, name, f.data, f.len);
    free(f.data);
    return p;
}

static void shuffle(uint64_t *seed, const char **paths, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = random_below(seed, i);
        const char *at = paths[k];
        paths[k] = paths[i - 1];
        paths[i - 1] = at;
    }
}

static void the_order_is_time_then_input_then_place(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 60; round++) {
        struct path files[FILES];
        const char *paths[FILES];
        unsigned n[FILES], total = 0;
        for (unsigned i = 0; i < FILES; i++) {
            n[i] = (unsigned)random_below(&seed, 60);
            total += n[i];
            files[i] = write_random(&seed, i, n[i], 1 + (unsigned)random_below(&seed, 3));
            paths[i] = files[i].text;
        }
        struct diags diags = {0};
        struct merged first = read_merged(paths, FILES, &diags);
        assert_int_equal(first.n, total);
        uint64_t seq[FILES + 1] = {0};
        int owner[FILES + 1] = {-1, -1, -1, -1, -1, -1};
        for (size_t i = 0; i < first.n; i++) {
            const struct item *x = &first.items[i];
            assert_true(x->input >= 1 && x->input <= FILES);
            /* A number belongs to one file, whose frames come whole and in their order. */
            if (owner[x->input] < 0)
                owner[x->input] = x->file;
            assert_int_equal(owner[x->input], x->file);
            assert_int_equal(x->seq, ++seq[x->input]);
            assert_int_equal(x->at, x->seq - 1);
            if (i) {
                const struct item *w = x - 1;
                assert_true(w->t < x->t || (w->t == x->t && w->input < x->input) ||
                            (w->t == x->t && w->input == x->input && w->seq < x->seq));
            }
        }
        /* Numbers rise with the first stamps. */
        int64_t first_of[FILES + 1];
        for (size_t i = first.n; i > 0; i--)
            first_of[first.items[i - 1].input] = first.items[i - 1].t;
        for (uint32_t a = 1; a < FILES; a++)
            for (uint32_t b = a + 1; b <= FILES; b++)
                if (seq[a] && seq[b])
                    assert_true(first_of[a] <= first_of[b]);
        for (int again = 0; again < 4; again++) {
            shuffle(&seed, paths, FILES);
            struct merged other = read_merged(paths, FILES, &diags);
            assert_int_equal(other.n, first.n);
            assert_memory_equal(other.items, first.items, first.n * sizeof first.items[0]);
        }
        assert_int_equal(first.counts.inputs, FILES);
        assert_int_equal(first.counts.broken, 0);
        assert_int_equal(first.counts.total.frames, total);
        assert_int_equal(first.counts.total.bytes_captured, 20 * total);
        assert_int_equal(diags.n, 0);
    }
}

static void equal_files_in_equal_seconds_are_told_apart_by_their_bytes(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct path files[FILES];
    const char *paths[FILES];
    /* All begin at one stamp; only a later byte differs. */
    for (unsigned i = 0; i < FILES; i++) {
        struct file_bytes f = {0};
        char name[16];
        pcap_begin(&f, PCAP_NANOSECONDS, 1);
        for (unsigned k = 0; k < 3; k++) {
            uint8_t data[20] = {(uint8_t)(k == 2 ? i : 0), (uint8_t)k};
            pcap_packet(&f, 5, 0, data, sizeof data, sizeof data);
        }
        snprintf(name, sizeof name, "e%u.pcap", FILES - i);
        files[i] = file_write(&folder, name, f.data, f.len);
        paths[i] = files[i].text;
        free(f.data);
    }
    struct diags diags = {0};
    for (int round = 0; round < 20; round++) {
        shuffle(&seed, paths, FILES);
        struct merged m = read_merged(paths, FILES, &diags);
        assert_int_equal(m.n, 3 * FILES);
        for (size_t i = 0; i < m.n; i++)
            if (m.items[i].at == 2)
                assert_int_equal(m.items[i].input, m.items[i].file + 1u);
    }
}

static void a_broken_input_ends_alone(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct path good = write_random(&seed, 1, 50, 2), cut = write_random(&seed, 2, 50, 2),
                none = file_write(&folder, "text", "no capture, but text", 20),
                missing = folder_file(&folder, "missing");
    /* 36 bytes a record behind 24 of header: the 31st record lacks its last byte. */
    assert_int_equal(truncate(cut.text, 24 + 31 * 36 - 1), 0);
    const char *const paths[] = {none.text, cut.text, missing.text, good.text};
    struct diags diags = {0};
    struct merged m = read_merged(paths, 4, &diags);
    unsigned of[3] = {0};
    for (size_t i = 0; i < m.n; i++)
        of[m.items[i].file]++;
    assert_int_equal(of[1], 50);
    assert_int_equal(of[2], 30);
    assert_int_equal(m.counts.inputs, 4);
    assert_int_equal(m.counts.broken, 3);
    assert_int_equal(diags.errors, 3);
    diags_free(&diags);
}

/* The same captures plain, packed and by a FIFO: the same frames, the same numbers. */
static void numbers_do_not_depend_on_the_way_either(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 20; round++) {
        struct path plain[WAYS], given[WAYS];
        const char *plain_paths[WAYS], *paths[WAYS];
        struct fifo_writer writer;
        struct packed packed[WAYS] = {{0}};
        struct diags diags = {0};
        for (unsigned i = 0; i < WAYS; i++) {
            plain[i] = write_random(&seed, i, 60, 2);
            plain_paths[i] = plain[i].text;
        }
        struct merged want = read_merged(plain_paths, WAYS, &diags);
        for (unsigned i = 0; i < WAYS; i++) {
            struct text bytes = {0};
            char name[16];
            assert_int_equal(file_read(plain[i].text, 1 << 20, &bytes), 0);
            (i == WAY_GZIP   ? pack_gzip
             : i == WAY_ZSTD ? pack_zstd
                             : pack_bytes)(&packed[i], bytes.data, bytes.len);
            text_free(&bytes);
            snprintf(name, sizeof name, "w%u", 9 - i);
            given[i] = folder_file(&folder, name);
            if (i == WAY_FIFO)
                fifo_start(&writer, given[i].text, packed[i].data, packed[i].len, seed);
            else
                given[i] = file_write(&folder, name, packed[i].data, packed[i].len);
            paths[i] = given[i].text;
        }
        shuffle(&seed, paths, WAYS);
        struct merged got = read_merged(paths, WAYS, &diags);
        fifo_join(&writer);
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.items, want.items, want.n * sizeof want.items[0]);
        assert_int_equal(diags.n, 0);
        for (unsigned i = 0; i < WAYS; i++)
            free(packed[i].data);
    }
}

static void a_folder_stands_for_the_captures_in_it(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct path in = folder_file(&folder, "in"), deep = folder_file(&folder, "in/deep");
    assert_int_equal(mkdir(in.text, 0700), 0);
    assert_int_equal(mkdir(deep.text, 0700), 0);
    struct path files[3];
    const char *paths[3];
    static const char *const names[] = {"in/c", "in/deep/b", "in/a"};
    for (unsigned i = 0; i < 3; i++) {
        struct path from = write_random(&seed, i, 50, 2);
        files[i] = folder_file(&folder, names[i]);
        assert_int_equal(rename(from.text, files[i].text), 0);
        paths[i] = files[i].text;
    }
    struct diags diags = {0};
    struct merged want = read_merged(paths, 3, &diags);
    file_write(&folder, "in/README", "about these", 11);
    file_write(&folder, "in/empty", "", 0);
    struct packed packed = {0};
    pack_gzip(&packed, "packed, and no capture", 22);
    file_write(&folder, "in/text.gz", packed.data, packed.len);
    free(packed.data);
    const char *const folder_path[] = {in.text};
    struct merged got = read_merged(folder_path, 1, &diags);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.items, want.items, want.n * sizeof want.items[0]);
    assert_int_equal(got.counts.inputs, 3);
    assert_int_equal(got.counts.broken, 0);
    assert_int_equal(diags.errors, 0);
    assert_int_equal(diags.warnings, 3); /* each is named */
    diags_free(&diags);

    /* What is a capture and broken is no less broken for lying in a folder; nor is a packing that
     * this build does not read: there may be a capture in it. */
    assert_int_equal(truncate(files[2].text, 20), 0);
    file_write(&folder, "in/x.xz",
               "\xfd"
               "7zXZ\0and more",
               14);
    struct file_bytes damaged = {0};
    pcap_begin(&damaged, PCAP_NANOSECONDS, 1);
    put_bytes(&damaged, "sixteen and more letters", 24); /* a length that no packet has */
    file_write(&folder, "in/damaged", damaged.data, damaged.len);
    free(damaged.data);
    got = read_merged(folder_path, 1, &diags);
    assert_int_equal(got.counts.inputs, 5);
    assert_int_equal(got.counts.broken, 3);
    assert_int_equal(diags.errors, 3);
    diags_free(&diags);

    /* Given by its own name, what is no capture is broken. */
    struct path readme = folder_file(&folder, "in/README");
    const char *const both[] = {readme.text, files[0].text};
    got = read_merged(both, 2, &diags);
    assert_int_equal(got.counts.inputs, 2);
    assert_int_equal(got.counts.broken, 1);
    diags_free(&diags);
}

static void a_folder_without_captures_is_an_error(void **state)
{
    (void)state;
    struct path in = folder_file(&folder, "none-in");
    assert_int_equal(mkdir(in.text, 0700), 0);
    const char *const paths[] = {in.text};
    struct diags diags = {0};
    struct merge *m;
    assert_int_equal(merge_open(&m, paths, NULL, 1, NULL, &diags), ERR_NOT_FOUND);
    file_write(&folder, "none-in/README", "about these", 11);
    assert_int_equal(merge_open(&m, paths, NULL, 1, NULL, &diags), ERR_NOT_FOUND);
    assert_int_equal(diags.errors, 2);
    diags_free(&diags);
}

/* Each frame has the point of its path; equal captures are told apart by that. */
static void frames_are_of_the_point_of_their_path(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct path in = folder_file(&folder, "pointed"), file = write_random(&seed, 1, 5, 2);
    struct text bytes = {0};
    assert_int_equal(file_read(file.text, 1 << 20, &bytes), 0);
    assert_int_equal(mkdir(in.text, 0700), 0);
    file_write(&folder, "pointed/twin", bytes.data, bytes.len);
    text_free(&bytes);
    for (unsigned swapped = 0; swapped < 2; swapped++) {
        const char *const paths[] = {swapped ? in.text : file.text, swapped ? file.text : in.text};
        for (uint8_t of_first = 1; of_first <= 2; of_first++) {
            const uint8_t points[] = {of_first, 3 - of_first};
            struct diags diags = {0};
            struct merge *m;
            assert_int_equal(merge_open(&m, paths, points, 2, NULL, &diags), 0);
            struct frame frame;
            uint32_t input;
            uint64_t seq;
            unsigned n = 0;
            for (; merge_next(m, &frame, &input, &seq, &diags) == 1; n++)
                assert_int_equal(frame.point, input);
            assert_int_equal(n, 10);
            assert_int_equal(diags.n, 0);
            merge_close(m);
        }
    }
}

static void a_pipe_is_waited_for_no_longer_than_until_a_stop(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct path fifo = folder_file(&folder, "never"), good = write_random(&seed, 1, 5, 2);
    assert_int_equal(mkfifo(fifo.text, 0600), 0);
    const char *const paths[] = {fifo.text, good.text};
    atomic_bool stop = true;
    struct diags diags = {0};
    struct merge *m;
    assert_int_equal(merge_open(&m, paths, NULL, 2, &stop, &diags), 0);
    merge_close(m);
    assert_int_equal(diags.n, 0);
}

static void a_file_cut_after_it_was_read_is_broken(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct path good = write_random(&seed, 1, 50, 2);
    const char *const paths[] = {good.text};
    struct diags diags = {0};
    struct merge *m;
    struct frame frame;
    uint32_t input;
    uint64_t seq;
    assert_int_equal(merge_open(&m, paths, NULL, 1, NULL, &diags), 0);
    while (merge_next(m, &frame, &input, &seq, &diags) == 1)
        ;
    merge_check(m, &diags);
    assert_int_equal(merge_counts(m).broken, 0);
    assert_int_equal(truncate(good.text, 24), 0);
    merge_check(m, &diags);
    assert_int_equal(merge_counts(m).broken, 1);
    assert_int_equal(diags.errors, 1);
    merge_close(m);
    diags_free(&diags);
}

static void when_nothing_opens_the_error_is_given(void **state)
{
    (void)state;
    struct path missing = folder_file(&folder, "missing");
    const char *const paths[] = {missing.text};
    struct diags diags = {0};
    struct merge *m;
    assert_int_equal(merge_open(&m, paths, NULL, 1, NULL, &diags), ERR_NOT_FOUND);
    assert_null(m);
    assert_int_equal(merge_open(&m, paths, NULL, 0, NULL, &diags), ERR_USAGE);
    assert_int_equal(diags.errors, 2);
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_time_then_input_then_place),
        cmocka_unit_test(equal_files_in_equal_seconds_are_told_apart_by_their_bytes),
        cmocka_unit_test(a_broken_input_ends_alone),
        cmocka_unit_test(numbers_do_not_depend_on_the_way_either),
        cmocka_unit_test(a_folder_stands_for_the_captures_in_it),
        cmocka_unit_test(a_folder_without_captures_is_an_error),
        cmocka_unit_test(frames_are_of_the_point_of_their_path),
        cmocka_unit_test(a_pipe_is_waited_for_no_longer_than_until_a_stop),
        cmocka_unit_test(a_file_cut_after_it_was_read_is_broken),
        cmocka_unit_test(when_nothing_opens_the_error_is_given),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
