/* Unpacking: what comes out is what was packed; an early end or a damage is told, behind what is
 * good. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "dataplane/unpack.h"
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

/* read_all: returns how it ended; the bytes are appended to out. */
static int read_all(const char *path, struct packed *out, size_t piece, char why[120])
{
    struct unpacker *u;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(unpacker_open(&u, fd), 0);
    int64_t got;
    size_t room = 0;
    for (;;) {
        if (out->len + piece > room) {
            room = 2 * (out->len + piece);
            out->data = realloc(out->data, room);
            assert_non_null(out->data);
        }
        got = unpacker_read(u, out->data + out->len, piece);
        if (got > 0)
            assert_true((size_t)got <= piece);
        if (got <= 0 && got != ERR_AGAIN)
            break;
        out->len += got > 0 ? (size_t)got : 0;
    }
    snprintf(why, 120, "%s", unpacker_why(u));
    unpacker_close(u);
    return (int)got;
}

static int read_bytes(const void *data, size_t len, struct packed *out, char why[120])
{
    struct path p = file_write(&folder, "packed", data, len);
    *out = (struct packed){0};
    return read_all(p.text, out, 1000, why);
}

static void (*const packers[])(struct packed *, const void *, size_t) = {pack_bytes, pack_gzip,
                                                                         pack_zstd};

static uint8_t *random_text(uint64_t *seed, size_t len)
{
    uint8_t *text = malloc(len + 1);
    assert_non_null(text);
    /* Few letters, so that it can be packed, and runs. */
    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)('a' + random_below(seed, i % 100 < 50 ? 1 : 8));
    return text;
}

static void what_was_packed_comes_out(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    static const size_t lengths[] = {1, 5, 70000, 1000000};
    char why[120];
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        uint8_t *text = random_text(&seed, lengths[l]);
        for (size_t k = 0; k < 3; k++)
            for (size_t piece = 1; piece <= 1000000; piece *= 100) {
                if (lengths[l] > 10000 * piece)
                    continue;
                struct packed packed = {0}, out = {0};
                packers[k](&packed, text, lengths[l]);
                struct path p = file_write(&folder, "packed", packed.data, packed.len);
                assert_int_equal(read_all(p.text, &out, piece, why), 0);
                assert_int_equal(out.len, lengths[l]);
                assert_memory_equal(out.data, text, out.len);
                free(packed.data);
                free(out.data);
            }
        free(text);
    }
}

static void members_one_behind_the_other_are_one(void **state)
{
    (void)state;
    char why[120];
    for (size_t k = 1; k < 3; k++) {
        struct packed packed = {0}, out;
        packers[k](&packed, "one ", 4);
        packers[k](&packed, "", 0);
        packers[k](&packed, "two", 3);
        assert_int_equal(read_bytes(packed.data, packed.len, &out, why), 0);
        assert_int_equal(out.len, 7);
        assert_memory_equal(out.data, "one two", 7);
        free(out.data);
        /* Each end of a member is a good end of the file; no other place is. */
        for (size_t len = 4; len < packed.len; len++) {
            int got = read_bytes(packed.data, len, &out, why);
            if (got == 0) {
                assert_true(out.len == 4);
            } else {
                assert_int_equal(got, ERR_TRUNCATED);
                assert_non_null(strstr(why, k == 1 ? "gzip" : "zstd"));
            }
            assert_memory_equal(out.data, "one two", out.len);
            free(out.data);
        }
        free(packed.data);
    }
}

static void a_skippable_frame_may_come_first(void **state)
{
    (void)state;
    char why[120];
    struct packed packed = {0}, out;
    pack_bytes(&packed, "\x50\x2a\x4d\x18\4\0\0\0size", 12);
    pack_zstd(&packed, "text", 4);
    assert_int_equal(read_bytes(packed.data, packed.len, &out, why), 0);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "text", 4);
    free(out.data);
    free(packed.data);
}

static void what_follows_and_is_not_packed_is_told(void **state)
{
    (void)state;
    char why[120];
    for (size_t k = 1; k < 3; k++) {
        struct packed packed = {0}, out;
        packers[k](&packed, "text", 4);
        pack_bytes(&packed, "more, not packed", 16);
        assert_int_equal(read_bytes(packed.data, packed.len, &out, why), ERR_CORRUPT);
        assert_int_equal(out.len, 4);
        free(out.data);
        free(packed.data);
    }
    /* But zeros behind gzip are the padding of a tape. */
    struct packed packed = {0}, out;
    pack_gzip(&packed, "text", 4);
    pack_bytes(&packed, (uint8_t[512]){0}, 512);
    assert_int_equal(read_bytes(packed.data, packed.len, &out, why), 0);
    assert_int_equal(out.len, 4);
    free(out.data);
    free(packed.data);
}

static void damage_is_told_behind_what_is_good(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    char why[120];
    uint8_t *text = random_text(&seed, 20000);
    unsigned damaged = 0;
    for (int round = 0; round < 400; round++) {
        struct packed packed = {0}, out;
        packers[1 + round % 2](&packed, text, 20000);
        size_t at = 4 + random_below(&seed, packed.len - 4);
        packed.data[at] ^= (uint8_t)(1u << random_below(&seed, 8));
        int got = read_bytes(packed.data, packed.len, &out, why);
        /* A bit of the header may mean nothing; without a checksum zstd may unpack other text. */
        assert_true(got == 0 || got == ERR_CORRUPT || got == ERR_TRUNCATED || got == ERR_NOMEM);
        damaged += got != 0;
        if (round % 2 == 0 && got == 0)
            assert_memory_equal(out.data, text, 20000);
        assert_true(got == 0 || why[0]);
        free(out.data);
        free(packed.data);
    }
    assert_true(damaged > 200);
    free(text);
}

static void a_pipe_without_bytes_is_waited_for(void **state)
{
    (void)state;
    int ends[2];
    struct unpacker *u;
    uint8_t out[16];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(unpacker_open(&u, ends[0]), 0);
    assert_int_equal(unpacker_read(u, out, sizeof out), ERR_AGAIN);
    assert_int_equal(write(ends[1], "ab", 2), 2); /* too few to know what it is */
    assert_int_equal(unpacker_read(u, out, sizeof out), ERR_AGAIN);
    assert_int_equal(write(ends[1], "cde", 3), 3);
    assert_int_equal(unpacker_read(u, out, sizeof out), 5);
    assert_memory_equal(out, "abcde", 5);
    assert_int_equal(unpacker_read(u, out, sizeof out), ERR_AGAIN);
    assert_int_equal(unpacker_taken(u), 5);
    close(ends[1]);
    assert_int_equal(unpacker_read(u, out, sizeof out), 0);
    unpacker_close(u);
}

static void a_fifo_without_a_writer_is_waited_for(void **state)
{
    (void)state;
    struct path p = folder_file(&folder, "fifo");
    struct unpacker *u;
    uint8_t out[16];
    assert_int_equal(mkfifo(p.text, 0600), 0);
    assert_int_equal(unpacker_open(&u, open(p.text, O_RDONLY | O_NONBLOCK)), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(unpacker_read(u, out, sizeof out), ERR_AGAIN);
    int fd = open(p.text, O_WRONLY);
    assert_int_equal(unpacker_read(u, out, sizeof out), ERR_AGAIN);
    assert_int_equal(write(fd, "abcd", 4), 4);
    close(fd);
    assert_int_equal(unpacker_read(u, out, sizeof out), 4);
    assert_int_equal(unpacker_read(u, out, sizeof out), 0);
    unpacker_close(u);
}

static void packed_files_are_known_by_their_first_bytes(void **state)
{
    (void)state;
    assert_true(unpacker_knows((const uint8_t *)"\x1f\x8b\x08\x00", 4));
    assert_true(unpacker_knows((const uint8_t *)"\x28\xb5\x2f\xfd", 4));
    assert_false(unpacker_knows((const uint8_t *)"\xd4\xc3\xb2\xa1", 4));
    assert_false(unpacker_knows((const uint8_t *)"\x28\xb5\x2f", 3));
    assert_false(unpacker_knows((const uint8_t *)"", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_out),
        cmocka_unit_test(members_one_behind_the_other_are_one),
        cmocka_unit_test(a_skippable_frame_may_come_first),
        cmocka_unit_test(what_follows_and_is_not_packed_is_told),
        cmocka_unit_test(damage_is_told_behind_what_is_good),
        cmocka_unit_test(a_pipe_without_bytes_is_waited_for),
        cmocka_unit_test(a_fifo_without_a_writer_is_waited_for),
        cmocka_unit_test(packed_files_are_known_by_their_first_bytes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
