/* JA3, JA3S and JA4: the examples of those who published them, and lists in every order. */
#include "proto/ja3.h"
#include "tests/unit/proto/tls_bytes.h"

#include "base/digest.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t memory[PROTO_SCRATCH];
static struct made m;

static struct scratch_text fresh(size_t room)
{
    static struct proto_scratch scratch;
    scratch = (struct proto_scratch){.data = memory, .room = room};
    return scratch_begin(&scratch);
}

static void is(struct bytes text, const char *wanted)
{
    if (text.len != strlen(wanted) || memcmp(text.data, wanted, text.len) != 0)
        fail_msg("%.*s, not %s", (int)text.len, (const char *)text.data, wanted);
}

static struct tls_hello client_hello(void)
{
    struct tls_hello hello;
    assert_true(tls_client_hello_read(made_view(&m), false, &hello));
    return hello;
}

static void ja3_is(const char *text, const char *hash)
{
    struct tls_hello hello = client_hello();
    struct scratch_text t = fresh(sizeof memory), digest = {.data = memory + 40000, .room = 100};
    ja3_client_text(&t, &hello);
    is(scratch_text_bytes(&t), text);
    ja3_hash(&digest, scratch_text_bytes(&t));
    is(scratch_text_bytes(&digest), hash);
}

static void ja4_is(const char *wanted)
{
    struct tls_hello hello = client_hello();
    struct scratch_text t = fresh(sizeof memory);
    assert_true(ja4_client(&t, &hello));
    is(scratch_text_bytes(&t), wanted);
}

/* The two examples of github.com/salesforce/ja3, README. */
static void ja3_gives_the_published_examples(void **state)
{
    (void)state;
    m.len = 0;
    put_hello_head(&m, 769, ARRAY(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4));
    size_t list = open_list(&m, 2);
    put_server_name(&m, "a.example", 9);
    put_extension_list(&m, 10, 2, ARRAY(23, 24, 25));
    put_extension(&m, 11, "\1\0", 2);
    close_list(&m, list, 2);
    ja3_is("769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
           "ada70206e40642a3e4461f35503241d5");
    m.len = 0;
    put_hello_head(&m, 769, ARRAY(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99));
    ja3_is("769,4-5-10-9-100-98-3-6-19-18-99,,,", "de350869b8c85de67a350c8d186f11e6");
}

static void ja3_leaves_grease_out(void **state)
{
    (void)state;
    m.len = 0;
    put_hello_head(&m, 771, ARRAY(0x0a0a, 4865, 0xfafa, 4866, 0x0a1a));
    size_t list = open_list(&m, 2);
    put_extension(&m, 0x2a2a, "", 0);
    put_extension_list(&m, 10, 2, ARRAY(0x3a3a, 29, 0xcaca));
    put_extension(&m, 11, "\3\0\1\2", 4);
    put_extension(&m, 0xeaea, "\0", 1);
    close_list(&m, list, 2);
    ja3_is("771,4865-4866-2586,10-11,29,0-1-2", "8481cb4cd2b6f19eb832378a6e4420b5");
}

static void ja3_of_an_unknown_list_ends_before_it(void **state)
{
    (void)state;
    m.len = 0;
    put_hello_head(&m, 771, ARRAY(4865, 4866));
    put_number(&m, 100, 2);
    struct tls_hello hello = client_hello();
    struct scratch_text t = fresh(sizeof memory);
    assert_true(hello.broken);
    ja3_client_text(&t, &hello);
    is(scratch_text_bytes(&t), "771,4865-4866");
}

static void ja3s_is_of_what_was_kept(void **state)
{
    (void)state;
    struct tls_hello hello;
    struct ja3s kept;
    m.len = 0;
    put_server_head(&m, 769, 47);
    size_t list = open_list(&m, 2);
    put_extension(&m, 65281, "\0", 1);
    put_extension(&m, 0, "", 0);
    put_extension(&m, 11, "\1\0", 2);
    put_extension(&m, 0x1a1a, "", 0);
    put_extension(&m, 35, "", 0);
    put_extension(&m, 5, "", 0);
    put_extension(&m, 16, "\0\0", 2);
    close_list(&m, list, 2);
    assert_true(tls_server_hello_read(made_view(&m), &hello));
    ja3s_keep(&hello, &kept);
    struct scratch_text t = fresh(sizeof memory), digest = {.data = memory + 40000, .room = 100};
    ja3_server_text(&t, &kept);
    is(scratch_text_bytes(&t), "769,47,65281-0-11-35-5-16");
    ja3_hash(&digest, scratch_text_bytes(&t));
    is(scratch_text_bytes(&digest), "836ce314215654b5b1f85f97c73e506f"); /* md5sum */

    m.len = 0;
    put_server_head(&m, 771, 0x4a4a);
    assert_true(tls_server_hello_read(made_view(&m), &hello));
    ja3s_keep(&hello, &kept);
    t = fresh(sizeof memory);
    ja3_server_text(&t, &kept);
    is(scratch_text_bytes(&t), "771,,");
    put_number(&m, 9, 2); /* a list that is not there */
    assert_true(tls_server_hello_read(made_view(&m), &hello));
    ja3s_keep(&hello, &kept);
    t = fresh(sizeof memory);
    ja3_server_text(&t, &kept);
    is(scratch_text_bytes(&t), "771,");
    assert_true(kept.broken);
}

static void ja3s_has_bounds(void **state)
{
    (void)state;
    struct tls_hello hello;
    struct ja3s kept;
    for (unsigned n = JA3S_EXTENSIONS_MAX; n <= JA3S_EXTENSIONS_MAX + 1; n++) {
        m.len = 0;
        put_server_head(&m, 771, 1);
        size_t list = open_list(&m, 2);
        for (unsigned i = 0; i < n; i++)
            put_extension(&m, (uint16_t)(100 + i), "", 0);
        close_list(&m, list, 2);
        assert_true(tls_server_hello_read(made_view(&m), &hello));
        ja3s_keep(&hello, &kept);
        assert_int_equal(kept.n, JA3S_EXTENSIONS_MAX);
        assert_int_equal(kept.too_many, n > JA3S_EXTENSIONS_MAX);
    }
}

/* ---- JA4 ---- */

static const uint16_t example_ciphers[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                           0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
                                           0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
static const uint16_t example_signatures[] = {0x0403, 0x0804, 0x0401, 0x0503,
                                              0x0805, 0x0501, 0x0806, 0x0601};
static const uint16_t example_extensions[] = {0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017,
                                              0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                                              0xff01, 0x000b, 0x000a, 0x0015};

static void put_alpn(const char *first, size_t len)
{
    put_number(&m, 16, 2);
    size_t content = open_list(&m, 2), list = open_list(&m, 2);
    put_number(&m, (uint32_t)len, 1);
    put(&m, first, len);
    put_number(&m, 8, 1);
    put_text(&m, "http/1.1");
    close_list(&m, list, 2);
    close_list(&m, content, 2);
}

/* put_example: the extensions of the specification's example in an order of one's own, with GREASE
 * between them. */
static void put_example(const uint16_t *types, size_t n, bool signatures)
{
    size_t list = open_list(&m, 2);
    for (size_t i = 0; i < n; i++) {
        switch (types[i]) {
        case 0:
            put_server_name(&m, "a.example", 9);
            break;
        case 10:
            put_extension_list(&m, 10, 2, ARRAY(29, 23));
            break;
        case 11:
            put_extension(&m, 11, "\1\0", 2);
            break;
        case 13:
            if (signatures)
                put_extension_list(&m, 13, 2, example_signatures, sizeof example_signatures / 2);
            else
                put_extension(&m, 13, "", 0);
            break;
        case 16:
            put_alpn("h2", 2);
            break;
        case 43:
            put_extension_list(&m, 43, 1, ARRAY(0x5a5a, 0x0303, 0x0304));
            break;
        default:
            put_extension(&m, types[i], "abc", 3);
        }
        if (i % 5 == 0)
            put_extension(&m, 0x8a8a, "", 0);
    }
    close_list(&m, list, 2);
}

static void shuffle(uint16_t *values, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)rand() % i;
        uint16_t kept = values[i - 1];
        values[i - 1] = values[k];
        values[k] = kept;
    }
}

/* JA4.md, "Example" and "Extension hash". */
static void ja4_gives_the_published_examples_in_any_order(void **state)
{
    (void)state;
    uint16_t ciphers[16], extensions[16];
    memcpy(ciphers, example_ciphers, sizeof example_ciphers);
    ciphers[15] = 0x6a6a;
    memcpy(extensions, example_extensions, sizeof example_extensions);
    srand(1);
    for (int i = 0; i < 50; i++) {
        m.len = 0;
        put_hello_head(&m, 771, ciphers, 16);
        put_example(extensions, 16, true);
        ja4_is("t13d1516h2_8daaf6152771_e5627efa2ab1");
        m.len = 0;
        put_hello_head(&m, 771, ciphers, 16);
        put_example(extensions, 16, false);
        ja4_is("t13d1516h2_8daaf6152771_6d807ffa2a79");
        shuffle(ciphers, 16);
        shuffle(extensions, 16);
    }
}

static void ja4_shows_zeros_for_nothing(void **state)
{
    (void)state;
    m.len = 0;
    put_hello_head(&m, 771, ARRAY(0x0a0a));
    ja4_is("t12i000000_000000000000_000000000000");
    size_t list = open_list(&m, 2);
    put_server_name(&m, "a", 1);
    put_alpn("", 0);
    close_list(&m, list, 2);
    ja4_is("t12d000200_000000000000_000000000000");
}

static void ja4_shows_the_highest_version(void **state)
{
    (void)state;
    static const struct {
        uint16_t field, first, second;
        const char *digits;
    } cases[] = {
        {0x0303, 0, 0, "12"},           {0x0302, 0, 0, "11"},
        {0x0301, 0, 0, "10"},           {0x0300, 0, 0, "s3"},
        {0x0002, 0, 0, "s2"},           {0x0304, 0, 0, "13"},
        {0x0305, 0, 0, "00"},           {0x0301, 0x0302, 0x0303, "12"},
        {0x0303, 0x0304, 0x0303, "13"}, {0x0303, 0x0301, 0x0302, "11"}, /* not the field */
        {0x0303, 0x0304, 0xfb1a, "00"}, {0x0303, 0xfafa, 0x0304, "13"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m.len = 0;
        put_hello_head(&m, cases[i].field, ARRAY(0x1301));
        size_t list = open_list(&m, 2);
        if (cases[i].first)
            put_extension_list(&m, 43, 1, ARRAY(cases[i].first, cases[i].second));
        close_list(&m, list, 2);
        struct tls_hello hello = client_hello();
        struct scratch_text t = fresh(sizeof memory);
        assert_true(ja4_client(&t, &hello));
        if (memcmp(t.data + 1, cases[i].digits, 2) != 0)
            fail_msg("case %zu: %.36s", i, (const char *)t.data);
    }
}

/* JA4.md, "ALPN Extension Value". */
static void ja4_shows_the_ends_of_the_first_protocol(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *shown;
    } cases[] = {
        {"h2", 2, "h2"},
        {"http/1.1", 8, "h1"},
        {"x", 1, "xx"},
        {"\xab", 1, "ab"},
        {"\x20", 1, "20"},
        {"\xab\xcd", 2, "ad"},
        {"\x20\x61", 2, "21"},
        {"\x30\xab", 2, "3b"},
        {"\x61\x20", 2, "60"},
        {"\x30\x31\xab\xcd", 4, "3d"},
        {"\x30\xab\xcd\x31", 4, "01"},
        {"\x1a\x1a", 2, "00"}, /* GREASE */
        {"", 0, "00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m.len = 0;
        put_hello_head(&m, 771, ARRAY(0x1301));
        size_t list = open_list(&m, 2);
        put_alpn(cases[i].bytes, cases[i].len);
        close_list(&m, list, 2);
        struct tls_hello hello = client_hello();
        struct scratch_text t = fresh(sizeof memory);
        assert_true(ja4_client(&t, &hello));
        if (memcmp(t.data + 8, cases[i].shown, 2) != 0)
            fail_msg("case %zu: %.36s", i, (const char *)t.data);
    }
}

static int by_value(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The naive way: sorted by the library, printed, hashed. */
static void naive_list(char out[13], uint16_t *values, size_t n)
{
    static char text[8 * JA4_LIST_MAX];
    uint8_t digest[SHA256_BYTES];
    size_t len = 0;
    qsort(values, n, sizeof *values, by_value);
    for (size_t i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, i ? ",%04x" : "%04x", values[i]);
    sha256(digest, text, len);
    hex_encode(out, digest, 6);
}

static void ja4_sorts_long_lists_up_to_its_bound(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 3, 9, 98, 99, 100, 300, 511, 512, 513, 600};
    uint16_t values[600];
    char wanted[13], count[3];
    srand(2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned n = sizes[i];
        for (unsigned k = 0; k < n; k++)
            values[k] = (uint16_t)(rand() % 4096 | 0x8001); /* none is GREASE, some are equal */
        m.len = 0;
        put_hello_head(&m, 771, values, n);
        struct tls_hello hello = client_hello();
        struct scratch_text t = fresh(sizeof memory);
        if (n > JA4_LIST_MAX) {
            assert_false(ja4_client(&t, &hello));
            assert_int_equal(t.len, 0);
            continue;
        }
        naive_list(wanted, values, n);
        assert_true(ja4_client(&t, &hello));
        assert_memory_equal(t.data + 11, wanted, 12);
        snprintf(count, sizeof count, "%02u", n < 99 ? n : 99);
        assert_memory_equal(t.data + 4, count, 2);
    }
    m.len = 0;
    put_hello_head(&m, 771, ARRAY(0x1301));
    size_t list = open_list(&m, 2);
    for (unsigned i = 0; i <= JA4_LIST_MAX; i++)
        put_extension(&m, (uint16_t)(0x9000 + i), "", 0);
    close_list(&m, list, 2);
    struct tls_hello hello = client_hello();
    struct scratch_text t = fresh(sizeof memory);
    assert_false(ja4_client(&t, &hello));
}

static void ja4_without_room_is_not_there(void **state)
{
    (void)state;
    m.len = 0;
    put_hello_head(&m, 771, example_ciphers, sizeof example_ciphers / 2);
    put_example(example_extensions, 16, true);
    struct tls_hello hello = client_hello();
    size_t least = 0;
    for (size_t room = 0; room < 400; room++) {
        uint8_t *exact = malloc(room ? room : 1);
        assert_non_null(exact);
        struct scratch_text t = {.data = exact, .room = room};
        if (ja4_client(&t, &hello)) {
            least = least ? least : room;
            assert_memory_equal(exact, "t13d1516h2_8daaf6152771_e5627efa2ab1", JA4_LEN);
        } else {
            assert_int_equal(t.len, 0);
            assert_int_equal(least, 0);
        }
        free(exact);
    }
    /* 15 ciphers, 14 extensions and 8 algorithms of four digits, two lists joined by "_" */
    assert_int_equal(least, JA4_LEN + 15 * 5 - 1 + 14 * 5 - 1 + 1 + 8 * 5 - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ja3_gives_the_published_examples),
        cmocka_unit_test(ja3_leaves_grease_out),
        cmocka_unit_test(ja3_of_an_unknown_list_ends_before_it),
        cmocka_unit_test(ja3s_is_of_what_was_kept),
        cmocka_unit_test(ja3s_has_bounds),
        cmocka_unit_test(ja4_gives_the_published_examples_in_any_order),
        cmocka_unit_test(ja4_shows_zeros_for_nothing),
        cmocka_unit_test(ja4_shows_the_highest_version),
        cmocka_unit_test(ja4_shows_the_ends_of_the_first_protocol),
        cmocka_unit_test(ja4_sorts_long_lists_up_to_its_bound),
        cmocka_unit_test(ja4_without_room_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
