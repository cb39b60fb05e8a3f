/* The grid exercise as its users see it: two files. The capture is read back here by a small reader
 * of its own, so that writer and reader cannot be wrong in the same way. */
#include "tests/unit/check.h"

#include "base/bytes.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "bench/exercise/exercise.h"

#include <string.h>
#include <unistd.h>

enum { CAPTURE_MAX = 64 << 20 };

struct frame {
    uint64_t ns;
    struct bytes bytes;
};

struct made {
    struct text capture, truth;
    struct frame *frames;
    size_t n;
};

static void split(struct made *made)
{
    struct reader r = reader_over(made->capture.data, made->capture.len);
    made->frames = calloc(made->capture.len / 32, sizeof *made->frames);
    assert_non_null(made->frames);
    while (reader_left(&r)) {
        uint32_t type = reader_le32(&r), total = reader_le32(&r);
        assert_true(total >= 12 && total % 4 == 0);
        const uint8_t *body = reader_take(&r, total - 12);
        assert_non_null(body);
        assert_int_equal(reader_le32(&r), total);
        if (type != 6)
            continue;
        struct frame *f = &made->frames[made->n++];
        f->ns = (uint64_t)load_le32(body + 4) << 32 | load_le32(body + 8);
        f->bytes = (struct bytes){body + 20, load_le32(body + 12)};
    }
}

static void make(struct made *made, uint64_t seed, bool benign)
{
    char dir[] = "/tmp/grid_test.XXXXXX", capture[64], truth[64];
    struct diags diags = {0};
    *made = (struct made){.n = 0};
    assert_non_null(mkdtemp(dir));
    snprintf(capture, sizeof capture, "%s/c", dir);
    snprintf(truth, sizeof truth, "%s/t", dir);
    struct exercise_config config = {seed, benign, capture, truth};
    assert_int_equal(exercise_grid(&config, &diags), 0);
    assert_int_equal(file_read(capture, CAPTURE_MAX, &made->capture), 0);
    assert_int_equal(file_read(truth, CAPTURE_MAX, &made->truth), 0);
    assert_int_equal(unlink(capture) | unlink(truth) | rmdir(dir), 0);
    diags_free(&diags);
    split(made);
}

static void drop(struct made *made)
{
    text_free(&made->capture);
    text_free(&made->truth);
    free(made->frames);
}

static bool same_text(const struct text *a, const struct text *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct made a, b;
    make(&a, 7, false);
    make(&b, 7, false);
    assert_true(same_text(&a.capture, &b.capture));
    assert_true(same_text(&a.truth, &b.truth));
    drop(&a);
    drop(&b);
}

static void another_seed_gives_another_story(void **state)
{
    (void)state;
    struct made a, b;
    make(&a, 7, false);
    make(&b, 8, false);
    assert_false(same_text(&a.capture, &b.capture));
    assert_false(same_text(&a.truth, &b.truth));
    drop(&a);
    drop(&b);
}

static uint16_t sum_of(const uint8_t *p, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void frames_are_in_order_and_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct made m;
        make(&m, seed, false);
        assert_in_range(m.n, 20000, 60000);
        for (size_t i = 0; i < m.n; i++) {
            const uint8_t *ip = m.frames[i].bytes.data + 14;
            uint32_t len = load_be16(ip + 2) - 20u;
            assert_true(i == 0 || m.frames[i - 1].ns <= m.frames[i].ns);
            assert_int_equal(m.frames[i].bytes.len, 34 + len);
            assert_int_equal(sum_of(ip, 20, 0), 0xffff);
            /* The pseudo header's addresses are where they are summed anyway. */
            assert_int_equal(sum_of(ip + 12, 8 + len, ip[9] + len), 0xffff);
        }
        assert_true(m.frames[0].ns >= UINT64_C(1772352000000000000));
        assert_true(m.frames[m.n - 1].ns < UINT64_C(1772354400000000000));
        drop(&m);
    }
}

static int by_content(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    size_t len = x->bytes.len < y->bytes.len ? x->bytes.len : y->bytes.len;
    int c = memcmp(x->bytes.data, y->bytes.data, len);
    return c ? c : (int)x->bytes.len - (int)y->bytes.len;
}

/* Times count as well: the twin differs in nothing but what is left out. */
static void the_hostile_capture_holds_every_frame_of_its_benign_twin(void **state)
{
    (void)state;
    struct made all, benign;
    make(&all, 3, false);
    make(&benign, 3, true);
    qsort(all.frames, all.n, sizeof *all.frames, by_content);
    qsort(benign.frames, benign.n, sizeof *benign.frames, by_content);
    assert_true(all.n > benign.n);
    size_t at = 0;
    for (size_t i = 0; i < benign.n; i++, at++) {
        while (at < all.n && by_content(&all.frames[at], &benign.frames[i]) < 0)
            at++;
        assert_true(at < all.n);
        assert_int_equal(by_content(&all.frames[at], &benign.frames[i]), 0);
    }
    drop(&all);
    drop(&benign);
}

/* Every act of a truth that starts with `prefix`; distinct targets are kept. */
static size_t distinct_targets(const json_t *truth, const char *actor, const char *prefix)
{
    const char *seen[256];
    size_t n = 0, i;
    json_t *act;
    json_array_foreach(json_object_get(truth, "acts"), i, act)
    {
        const char *target = json_string_value(json_object_get(act, "target"));
        bool again = strcmp(json_string_value(json_object_get(act, "actor")), actor) != 0 ||
                     strncmp(target, prefix, strlen(prefix)) != 0;
        for (size_t j = 0; j < n && !again; j++)
            again = strcmp(seen[j], target) == 0;
        if (!again && n < 256)
            seen[n++] = target;
    }
    return n;
}

static void the_truth_tells_of_a_sweep_of_writes_and_of_logins(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct made m;
        struct diags diags = {0};
        make(&m, seed, false);
        json_t *truth = json_read("truth", m.truth.data, m.truth.len, &diags);
        assert_non_null(truth);
        assert_in_range(distinct_targets(truth, "sweep", "10.20.7."), 12, 13);
        assert_in_range(distinct_targets(truth, "sweep", "10.30.2."), 12, 13);
        assert_in_range(distinct_targets(truth, "sweep", "10.20.60."), 12, 13);
        assert_in_range(distinct_targets(truth, "sweep", ""), 37, 41);
        assert_in_range(distinct_targets(truth, "commander", "10.20.7."), 1, 2);
        assert_int_equal(distinct_targets(truth, "refused-commander", "10.30.2."), 1);
        assert_int_equal(distinct_targets(truth, "unheard-commander", "10.20.7."), 1);
        assert_int_equal(distinct_targets(truth, "forger", "10.20.7.20"), 1);
        assert_int_equal(distinct_targets(truth, "ssh-guesser", ""), 1);
        assert_int_equal(distinct_targets(truth, "http-guesser", ""), 1);
        assert_int_equal(distinct_targets(truth, "staff", "192.0.2.40"), 1);
        assert_int_equal(distinct_targets(truth, "intruder-in-station", "10.20.1.11"), 1);
        assert_int_equal(distinct_targets(truth, "intruder-in-station", "10.20.7."), 1);
        json_decref(truth);
        diags_free(&diags);
        drop(&m);
    }
}

static void a_capture_that_cannot_be_written_is_an_error_with_its_name(void **state)
{
    (void)state;
    struct diags diags = {0};
    struct exercise_config config = {1, false, "/nonexistent/c", "/nonexistent/t"};
    assert_int_equal(exercise_grid(&config, &diags), ERR_IO);
    assert_int_equal(diags.n, 1);
    assert_string_equal(diags.items[0].pos.file, "/nonexistent/c");
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(another_seed_gives_another_story),
        cmocka_unit_test(frames_are_in_order_and_whole),
        cmocka_unit_test(the_hostile_capture_holds_every_frame_of_its_benign_twin),
        cmocka_unit_test(the_truth_tells_of_a_sweep_of_writes_and_of_logins),
        cmocka_unit_test(a_capture_that_cannot_be_written_is_an_error_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
