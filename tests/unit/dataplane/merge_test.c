/* Several captures as one sequence: the order (t, input, seq), and numbers that do not depend on
 * how the files were named. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "dataplane/capture.h"
#include "tests/unit/dataplane/capture_build.h"
#include "tests/unit/dataplane/capture_read.h"

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
    assert_int_equal(merge_open(&m, paths, n, NULL, diags), 0);
    struct frame frame;
    struct item item;
    while (merge_next(m, &frame, &item.input, &item.seq, diags) == 1) {
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

static void when_nothing_opens_the_error_is_given(void **state)
{
    (void)state;
    struct path missing = folder_file(&folder, "missing");
    const char *const paths[] = {missing.text};
    struct diags diags = {0};
    struct merge *m;
    assert_int_equal(merge_open(&m, paths, 1, NULL, &diags), ERR_NOT_FOUND);
    assert_null(m);
    assert_int_equal(merge_open(&m, paths, 0, NULL, &diags), ERR_USAGE);
    assert_int_equal(diags.errors, 2);
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_time_then_input_then_place),
        cmocka_unit_test(equal_files_in_equal_seconds_are_told_apart_by_their_bytes),
        cmocka_unit_test(a_broken_input_ends_alone),
        cmocka_unit_test(when_nothing_opens_the_error_is_given),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
