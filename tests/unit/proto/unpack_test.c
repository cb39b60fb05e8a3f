/* Packed bodies, made by zlib, by hand and damaged: however they are cut, what comes out is the
 * same. */
#include "proto/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PACKED_MAX 400000
#define OUT_MAX    4000000

struct out {
    uint8_t *data;
    size_t len, limit; /* more is not wanted */
};

static bool take(void *ctx, struct bytes bytes)
{
    struct out *out = ctx;
    assert_true(bytes.len > 0 && out->len + bytes.len <= OUT_MAX);
    memcpy(out->data + out->len, bytes.data, bytes.len);
    out->len += bytes.len;
    return out->limit == 0 || out->len <= out->limit;
}

/* unpacked: in pieces of `width`, in a room of exact size; *goes_on: what the last call said. */
static struct out unpacked(struct bytes packed, bool gzip, size_t width, size_t limit,
                           bool *goes_on)
{
    struct out out = {.data = malloc(OUT_MAX), .limit = limit};
    uint8_t *room = aligned_alloc(16, UNPACK_ROOM);
    assert_non_null(out.data);
    assert_non_null(room);
    memset(room, 0xa5, UNPACK_ROOM);
    unpack_begin(room, gzip);
    *goes_on = true;
    for (size_t at = 0; at < packed.len && *goes_on; at += width) {
        size_t n = packed.len - at < width ? packed.len - at : width;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, packed.data + at, n);
        *goes_on = unpack(room, (struct bytes){copy, n}, take, &out);
        free(copy);
    }
    if (*goes_on)
        unpack_end(room, take, &out);
    free(room);
    return out;
}

static void must_give_as(bool gzip, struct bytes packed, struct bytes wanted)
{
    static const size_t widths[] = {1, 2, 3, 7, 100, 511, 512, 513, 1000000};
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        bool goes_on;
        if (widths[i] < 3 && packed.len > 100000)
            continue;
        struct out out = unpacked(packed, gzip, widths[i], 0, &goes_on);
        if (out.len != wanted.len || memcmp(out.data, wanted.data, wanted.len) != 0)
            fail_msg("gzip %d, width %zu: %zu bytes, not %zu", gzip, widths[i], out.len,
                     wanted.len);
        free(out.data);
    }
}

/* must_give: whatever it is said to be. */
static void must_give(struct bytes packed, struct bytes wanted)
{
    must_give_as(false, packed, wanted);
    must_give_as(true, packed, wanted);
}

#define B(text)    ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})
#define PLAIN      "packed, packed and packed again"
/* The deflate of it, as in all the others. */
#define DEFLATED   "+HL\xceNM\xd1Q(\x00\xd3\x0a\x89y)pfzbf\x1e\x00"
#define GZIP_BEGIN "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"
#define GZIP_END   "\x9e\x7f\x43\xc9\x1f\x00\x00\x00"

static void the_first_bytes_say_what_it_is(void **unused)
{
    (void)unused;
    must_give(B(GZIP_BEGIN DEFLATED GZIP_END), B(PLAIN));
    must_give(B(DEFLATED), B(PLAIN));
    must_give(B("x\xda" DEFLATED "\xb0\xc9\x0b\x18"), B(PLAIN));
    /* with a name and a comment in the header: RFC 1952, 2.3.1 */
    must_give(B("\x1f\x8b\x08\x18\x00\x00\x00\x00\x02\x03"
                "name\0comment\0" DEFLATED GZIP_END),
              B(PLAIN));
}

static void what_is_not_packed_comes_as_it_is(void **unused)
{
    (void)unused;
    must_give(B("<html>plain</html>"), B("<html>plain</html>"));
    must_give(B("a"), B("")); /* one byte does not tell, and it was the last */
    /* gzip by its first bytes, with a method that there is not: 7 */
    must_give(B("\x1f\x8b\x07\x00xyz"), B("\x1f\x8b\x07\x00xyz"));
}

/* As deflate, JSON is a block of fixed codes that soon refers to what is before its beginning. */
static void text_may_begin_as_deflate_does(void **unused)
{
    (void)unused;
    static uint8_t packed[PACKED_MAX];
    struct bytes json = B("{\"sdk_version\":11026,\"app_package\":\"com.plant\",\"id\":\"35067\"}");
    must_give_as(true, json, json);
    /* it was said to be deflate: what comes out counts until then */
    bool goes_on;
    struct out out = unpacked(json, false, 1000, 0, &goes_on);
    assert_true(out.len > 4 && memcmp(out.data, "\xe4\x1c\xc4\xb5", 4) == 0);
    free(out.data);
    /* text behind 512 bytes that are in order is damage: what came out stays */
    memset(packed, 0, 700);
    memcpy(packed, "\x00\x58\x02\xa7\xfd", 5); /* a stored block of 600 bytes, not the last */
    memset(packed + 5, 'x', 600);
    memset(packed + 605, 0xff, 95); /* no such kind of block */
    must_give((struct bytes){packed, 700}, (struct bytes){packed + 5, 600});
}

static void damage_ends_it(void **unused)
{
    (void)unused;
    /* a wrong checksum, and bytes behind the end: nobody looks */
    must_give(B(GZIP_BEGIN DEFLATED "\0\0\0\0\x1f\0\0\0"), B(PLAIN));
    must_give(B(GZIP_BEGIN DEFLATED GZIP_END "behind the end"), B(PLAIN));
    /* cut off: what is known so far; deflate's own bits hold the rest back */
    must_give(B(GZIP_BEGIN "+HL\xceNM\xd1Q"), B("packed,"));
}

static void a_header_that_nobody_knows_is_stepped_over(void **unused)
{
    (void)unused;
    /* reserved flags; a header's own checksum that is wrong */
    must_give(B("\x1f\x8b\x08\x80\x00\x00\x00\x00\x02\x03" DEFLATED GZIP_END), B(PLAIN));
    must_give(B("\x1f\x8b\x08\x02\x00\x00\x00\x00\x02\x03"
                "\xff\xff" DEFLATED GZIP_END),
              B(PLAIN));
}

static size_t pack(uint8_t *to, const uint8_t *from, size_t len, int window)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from,
                  .avail_in = (uInt)len,
                  .next_out = to,
                  .avail_out = PACKED_MAX};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void long_ones_use_the_whole_window(void **unused)
{
    (void)unused;
    static uint8_t plain[300000], packed[PACKED_MAX];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof(plain); i++) {
        x = x * 1664525 + 1013904223;
        /* what came 32000 bytes before, now and then something new */
        plain[i] = i < 32000 || x >> 30 == 0 ? (uint8_t)(x >> 24) : plain[i - 32000];
    }
    static const int windows[] = {15, -15, 31};
    for (int i = 0; i < 3; i++) {
        size_t n = pack(packed, plain, sizeof(plain), windows[i]);
        must_give((struct bytes){packed, n}, (struct bytes){plain, sizeof(plain)});
    }
}

static void no_more_than_is_wanted(void **unused)
{
    (void)unused;
    static uint8_t zeros[3000000], packed[PACKED_MAX];
    size_t n = pack(packed, zeros, sizeof(zeros), 31);
    bool goes_on;
    struct out out = unpacked((struct bytes){packed, n}, true, 1000000, 100000, &goes_on);
    assert_false(goes_on);
    assert_true(out.len > 100000 && out.len <= 100000 + 8192);
    free(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_say_what_it_is),
        cmocka_unit_test(what_is_not_packed_comes_as_it_is),
        cmocka_unit_test(text_may_begin_as_deflate_does),
        cmocka_unit_test(damage_ends_it),
        cmocka_unit_test(a_header_that_nobody_knows_is_stepped_over),
        cmocka_unit_test(long_ones_use_the_whole_window),
        cmocka_unit_test(no_more_than_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
