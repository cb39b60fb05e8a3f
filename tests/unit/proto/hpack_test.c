/* The examples of RFC 7541, appendix C; a naive table beside the real one; numbers, strings and
 * sizes that no peer sends. */
#include "proto/hpack.h"
#include "proto/huffman.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_ROOM 32768
#define TEXT_ROOM  65536

/* One direction, and what the last block said as lines "name: value". */
struct bench {
    struct hpack h;
    uint16_t *memory; /* NULL: none is lent */
    bool unknown, cut;
    size_t used;
    char text[TEXT_ROOM];
};

static struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->memory = malloc(HPACK_MEMORY);
    assert_non_null(b->memory);
    memset(b->memory, 0xa5, HPACK_MEMORY);
    hpack_begin(&b->h);
    return b;
}

static void bench_free(struct bench *b)
{
    free(b->memory);
    free(b);
}

static enum hpack_result decode(struct bench *b, const void *block, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1), *out = malloc(TEXT_ROOM);
    struct hpack_list list = {.data = out, .room = TEXT_ROOM};
    assert_true(copy && out);
    if (len)
        memcpy(copy, block, len);
    hpack_block(&b->h);
    enum hpack_result r =
        hpack_decode(&b->h, (uint8_t *)b->memory, (struct bytes){copy, len}, &b->used, &list);
    struct bytes rest = {out, list.len}, name, value;
    char *to = b->text;
    while (hpack_list_next(&rest, &name, &value))
        to += sprintf(to, "%.*s: %.*s\n", (int)name.len, (const char *)name.data, (int)value.len,
                      (const char *)value.data);
    assert_int_equal(rest.len, 0);
    *to = '\0';
    b->unknown = list.unknown;
    b->cut = list.cut;
    free(copy);
    free(out);
    return r;
}

static size_t unhex(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned v;
    for (; *text; text += *text == ' ' ? 1 : 2)
        if (*text != ' ' && sscanf(text, "%2x", &v) == 1)
            out[n++] = (uint8_t)v;
    return n;
}

static void says(struct bench *b, const char *hex, const char *fields, uint32_t size)
{
    static uint8_t block[BLOCK_ROOM];
    size_t n = unhex(hex, block);
    assert_int_equal(decode(b, block, n), HPACK_WHOLE);
    assert_string_equal(b->text, fields);
    assert_int_equal(b->h.size, size);
    assert_false(b->unknown || b->cut);
}

/* ---- the RFC's examples ---- */

static void single_fields_are_read(void **state) /* C.2 */
{
    (void)state;
    struct bench *b = bench_new();
    says(b, "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
         "custom-key: custom-header\n", 55);
    says(b, "040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path\n", 55);
    says(b, "1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret\n", 55);
    says(b, "82", ":method: GET\n", 55);
    bench_free(b);
}

#define FIRST  ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"
#define SECOND FIRST "cache-control: no-cache\n"
#define THIRD                                                                         \
    ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n" \
    "custom-key: custom-value\n"

static void requests_share_a_table(void **state) /* C.3, C.4 */
{
    (void)state;
    static const char *const blocks[2][3] = {
        {"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "8286 84be 5808 6e6f 2d63 6163 6865",
         "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"},
        {"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
         "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"}};
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new();
        says(b, blocks[i][0], FIRST, 57);
        says(b, blocks[i][1], SECOND, 110);
        says(b, blocks[i][2], THIRD, 164);
        assert_int_equal(b->h.n, 3);
        bench_free(b);
    }
}

#define AT(second)                                                          \
    "cache-control: private\ndate: Mon, 21 Oct 2013 20:13:" second " GMT\n" \
    "location: https://www.example.com\n"

static void responses_evict_what_is_old(void **state) /* C.5, C.6: a table of 256 bytes */
{
    (void)state;
    static const char *const blocks[2][3] = {
        {"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 "
         "303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 "
         "6f6d",
         "4803 3330 37c1 c0bf",
         "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 "
         "5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 "
         "5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31"},
        {"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b "
         "ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
         "4883 640e ffc1 c0bf",
         "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad "
         "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 "
         "65c0 03ed 4ee5 b106 3d50 07"}};
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new();
        says(b, "3fe101", ": \n", 0); /* 256 = 31 + 225 */
        says(b, blocks[i][0], ":status: 302\n" AT("21"), 222);
        says(b, blocks[i][1], ":status: 307\n" AT("21"), 222);
        says(b, blocks[i][2],
             ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n"
             "location: https://www.example.com\ncontent-encoding: gzip\n"
             "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n",
             215);
        bench_free(b);
    }
}

/* ---- what blocks may do ---- */

static enum hpack_result result_of(struct bench *b, const char *hex)
{
    static uint8_t block[BLOCK_ROOM];
    return decode(b, block, unhex(hex, block));
}

static void numbers_have_32_bits(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum hpack_result result;
        uint32_t max;
    } rows[] = {
        {"3f9a0a", HPACK_WHOLE, 1337}, /* C.1.2 */
        {"3e", HPACK_WHOLE, 30},       /* the largest that needs no more bytes */
        {"3f00", HPACK_WHOLE, 31},
        {"3f80808000", HPACK_WHOLE, 31}, /* longer than it need be */
        {"3fe0ffffff0f", HPACK_WHOLE, UINT32_MAX},
        {"3fe1ffffff0f", HPACK_BAD, 0},
        {"3fffffffffffff00", HPACK_BAD, 0},
        {"3f80808080808000", HPACK_BAD, 0}, /* six bytes more */
        {"3f", HPACK_MORE, 4096},
        {"3fff", HPACK_MORE, 4096},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench *b = bench_new();
        assert_int_equal(result_of(b, rows[i].hex), rows[i].result);
        if (rows[i].result != HPACK_BAD)
            assert_int_equal(b->h.max, rows[i].max);
        bench_free(b);
    }
}

static void contradictions_are_found(void **state)
{
    (void)state;
    static const char *const blocks[] = {
        "80",            /* place 0 */
        "be",            /* 62: nothing is there yet */
        "ffffffffff0f",  /* far behind all places */
        "7f0000",        /* a name at 63 */
        "8220",          /* the size changes behind a field */
        "0081ff00",      /* a string that ends with eight bits of filling */
        "00811e00",      /* filled up with zeros */
        "0084fffffffc00" /* the code that ends strings */
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        struct bench *b = bench_new();
        assert_int_equal(result_of(b, blocks[i]), HPACK_BAD);
        assert_true(b->h.unknown);
        bench_free(b);
    }
}

static void a_block_that_is_cut_waits_for_more(void **state)
{
    (void)state;
    uint8_t block[64];
    size_t n = unhex("82 400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", block);
    struct bench *b = bench_new();
    for (size_t cut = 2; cut < n; cut++) {
        assert_int_equal(decode(b, block, cut), HPACK_MORE);
        assert_int_equal(b->used, 1);
        assert_int_equal(b->h.n, 0);
    }
    assert_int_equal(decode(b, block, n), HPACK_WHOLE);
    assert_int_equal(b->used, n);
    bench_free(b);
}

static void a_field_larger_than_the_table_empties_it(void **state) /* RFC 7541, 4.4 */
{
    (void)state;
    struct bench *b = bench_new();
    says(b, "3f01", ": \n", 0); /* 32: an entry without any text */
    says(b, "40 00 00", ": \n", 32);
    says(b, "40 01 61 00", "a: \n", 0);
    assert_int_equal(result_of(b, "be"), HPACK_BAD);
    bench_free(b);
}

/* ---- what is not known ---- */

static void behind_a_loss_later_entries_are_known(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    says(b, "40 01 61 01 62", "a: b\n", 34);
    hpack_forget(&b->h);
    assert_int_equal(result_of(b, "82 be 40 01 63 01 64 be bf"), HPACK_WHOLE);
    assert_string_equal(b->text, ":method: GET\nc: d\nc: d\n");
    assert_true(b->unknown);
    /* A name that is not known makes an entry that is not known, at its place. */
    assert_int_equal(result_of(b, "7f00 01 65"), HPACK_WHOLE); /* the name at 63 */
    assert_true(b->unknown);
    assert_int_equal(result_of(b, "bf"), HPACK_WHOLE);
    assert_string_equal(b->text, "c: d\n");
    assert_false(b->unknown);
    assert_int_equal(result_of(b, "be"), HPACK_WHOLE);
    assert_string_equal(b->text, "");
    assert_true(b->unknown);
    /* Emptied, all of it is known again. */
    says(b, "20", ": \n", 0);
    assert_int_equal(result_of(b, "be"), HPACK_BAD);
    bench_free(b);
}

/* A block that is missing may have made the table larger. */
static void behind_a_loss_nothing_is_said_to_be_evicted(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    uint8_t block[2000] = {0x40, 1, 'a', 0x7f, 0x80, 0x0e}; /* 127 + 1792 bytes */
    memset(block + 6, 'v', 1919);
    hpack_forget(&b->h);
    for (int i = 0; i < 3; i++) {
        block[2] = (uint8_t)('a' + i);
        assert_int_equal(decode(b, block, 6 + 1919), HPACK_WHOLE);
    }
    assert_int_equal(result_of(b, "c0"), HPACK_WHOLE); /* the first of three */
    assert_false(b->unknown);
    assert_memory_equal(b->text, "a: vvv", 6);
    bench_free(b);
}

static void without_memory_nothing_is_invented(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    free(b->memory);
    b->memory = NULL;
    assert_int_equal(result_of(b, "40 01 61 01 62 be"), HPACK_WHOLE);
    assert_string_equal(b->text, "a: b\n");
    assert_true(b->unknown);
    bench_free(b);
}

/* A table that keeps all, the newest first. */
struct naive {
    unsigned n;
    struct {
        char name[40], value[2100];
    } entries[6000];
    uint32_t max;
};

static size_t naive_size(const struct naive *v, unsigned i)
{
    return strlen(v->entries[i].name) + strlen(v->entries[i].value) + 32;
}

static void naive_evict(struct naive *v)
{
    size_t size = 0;
    for (unsigned i = 0; i < v->n; i++) {
        size += naive_size(v, v->n - 1 - i);
        if (size > v->max) {
            memmove(v->entries, v->entries + v->n - i, i * sizeof v->entries[0]);
            v->n = i;
        }
    }
}

static size_t put_number(uint8_t *to, uint8_t first, unsigned prefix, uint32_t value)
{
    uint32_t mask = (1u << prefix) - 1;
    size_t n = 1;
    to[0] = (uint8_t)(first | (value < mask ? value : mask));
    if (value < mask)
        return n;
    for (value -= mask; value > 127; value >>= 7)
        to[n++] = (uint8_t)(value | 0x80);
    to[n++] = (uint8_t)value;
    return n;
}

static size_t put_string(uint8_t *to, const char *text)
{
    size_t n = put_number(to, 0, 7, (uint32_t)strlen(text));
    memcpy(to + n, text, strlen(text));
    return n + strlen(text);
}

static void a_naive_table_says_the_same(void **state)
{
    (void)state;
    static struct naive v;
    static uint8_t block[BLOCK_ROOM];
    static const uint32_t sizes[] = {4096, 0, 100, 7000, 1000, 20000, 4096, 65536};
    unsigned seed = 20261128, unknown = 0, known = 0;
    for (unsigned round = 0; round < 200; round++) {
        struct bench *b = bench_new();
        v.n = 0;
        v.max = HPACK_TABLE_SIZE;
        for (unsigned step = 0; step < 120; step++) {
            char wanted[2200] = "";
            size_t n = 0;
            unsigned what = (unsigned)rand_r(&seed) % 16;
            if (what == 0) {
                v.max = sizes[(unsigned)rand_r(&seed) % 8];
                naive_evict(&v);
                n = put_number(block, 0x20, 5, v.max);
                strcpy(wanted, ": \n");
            } else if (what < 8 && v.n > 0) {
                unsigned i = (unsigned)rand_r(&seed) % v.n;
                n = put_number(block, 0x80, 7, 62 + i);
                sprintf(wanted, "%s: %s\n", v.entries[v.n - 1 - i].name,
                        v.entries[v.n - 1 - i].value);
            } else {
                char name[40], value[2100];
                sprintf(name, "n%u", step);
                memset(value, 'v', sizeof value);
                value[(unsigned)rand_r(&seed) % (what == 15 ? 2000 : 40)] = '\0';
                n = put_number(block, 0x40, 6, 0);
                n += put_string(block + n, name);
                n += put_string(block + n, value);
                sprintf(wanted, "%s: %s\n", name, value);
                strcpy(v.entries[v.n].name, name);
                strcpy(v.entries[v.n++].value, value);
                naive_evict(&v);
            }
            assert_int_equal(decode(b, block, n), HPACK_WHOLE);
            if (b->unknown)
                assert_string_equal(b->text, "");
            else
                assert_string_equal(b->text, wanted);
            unknown += b->unknown;
            known += !b->unknown;
            assert_true(b->h.unknown || b->h.n == v.n);
        }
        bench_free(b);
    }
    /* Tables of up to 4,096 bytes are always known. */
    assert_true(known > 20000 && unknown > 10 && unknown < 1000);
}

/* ---- Huffman ---- */

static void every_byte_has_its_code(void **state)
{
    (void)state;
    /* RFC 7541, appendix B: of each length the first code. */
    static const struct {
        const char *packed;
        uint8_t symbol;
    } rows[] = {{"07", '0'},       {"53", ' '},       {"b9", ':'},       {"f8", '&'},
                {"fe3f", '!'},     {"ff5f", '\''},    {"ffaf", '#'},     {"ffc7", 0},
                {"fff3", '^'},     {"fff9", '<'},     {"fffe1f", '\\'},  {"fffe6f", 128},
                {"fffee7", 153},   {"ffff4b", 129},   {"ffffb1", 1},     {"ffffea", 9},
                {"fffff67f", 199}, {"fffff83f", 192}, {"fffffbdf", 203}, {"fffffe2f", 2},
                {"fffffff3", 10},  {"fffffffb", 22}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t packed[8], out[8];
        size_t n = unhex(rows[i].packed, packed), len;
        assert_true(huffman_decode((struct bytes){packed, n}, out, sizeof out, &len));
        assert_int_equal(len, 1);
        assert_int_equal(out[0], rows[i].symbol);
    }
}

static void a_string_longer_than_its_room_is_measured(void **state)
{
    (void)state;
    uint8_t packed[16], out[4] = {0};
    size_t len, n = unhex("f1e3 c2e5 f23a 6ba0 ab90 f4ff", packed); /* www.example.com */
    assert_true(huffman_decode((struct bytes){packed, n}, out, 3, &len));
    assert_int_equal(len, 15);
    assert_memory_equal(out, "www", 4);
    assert_true(huffman_decode((struct bytes){packed, 0}, out, 3, &len));
    assert_int_equal(len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_fields_are_read),
        cmocka_unit_test(requests_share_a_table),
        cmocka_unit_test(responses_evict_what_is_old),
        cmocka_unit_test(numbers_have_32_bits),
        cmocka_unit_test(contradictions_are_found),
        cmocka_unit_test(a_block_that_is_cut_waits_for_more),
        cmocka_unit_test(a_field_larger_than_the_table_empties_it),
        cmocka_unit_test(behind_a_loss_later_entries_are_known),
        cmocka_unit_test(behind_a_loss_nothing_is_said_to_be_evicted),
        cmocka_unit_test(without_memory_nothing_is_invented),
        cmocka_unit_test(a_naive_table_says_the_same),
        cmocka_unit_test(every_byte_has_its_code),
        cmocka_unit_test(a_string_longer_than_its_room_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
