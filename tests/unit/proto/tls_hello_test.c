/* Hellos that are right, and what is left of those that are not. */
#include "proto/tls_hello.h"
#include "tests/unit/proto/tls_bytes.h"

#include <stdlib.h>

static struct made m;

static void begin_client(void)
{
    m.len = 0;
    put_hello_head(&m, 0x0303, ARRAY(0x1301, 0x002f));
}

static void fields_of_a_client_are_views(void **state)
{
    (void)state;
    struct tls_hello hello;
    begin_client();
    assert_true(tls_client_hello_read(made_view(&m), false, &hello));
    assert_int_equal(hello.version, 0x0303);
    assert_int_equal(hello.agreed, 0x0303);
    assert_memory_equal(hello.ciphers.data, "\x13\1\0\x2f", 4);
    assert_int_equal(hello.ciphers.len, 4);
    assert_int_equal(hello.extensions.len + hello.name.len, 0);
    assert_false(hello.broken);
    size_t list = open_list(&m, 2);
    put_server_name(&m, "a.example", 9);
    put_extension_list(&m, TLS_EXTENSION_VERSIONS, 1, ARRAY(0x0a0a, 0x0305, 0x0304, 0x0303));
    close_list(&m, list, 2);
    assert_true(tls_client_hello_read(made_view(&m), false, &hello));
    assert_int_equal(hello.name.len, 9);
    assert_memory_equal(hello.name.data, "a.example", 9);
    assert_int_equal(hello.version, 0x0303);
    assert_int_equal(hello.agreed, 0x0304); /* the first that is a version */
    assert_int_equal(hello.extensions.len, m.len - list);
}

static void a_hello_is_cut_anywhere(void **state)
{
    (void)state;
    struct tls_hello hello;
    begin_client();
    size_t fixed = m.len;
    size_t list = open_list(&m, 2);
    put_server_name(&m, "a.example", 9);
    put_extension_list(&m, TLS_EXTENSION_GROUPS, 2, ARRAY(29, 23));
    close_list(&m, list, 2);
    for (size_t n = 0; n <= m.len; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, m.data, n);
        assert_int_equal(tls_client_hello_read((struct bytes){copy, n}, false, &hello), n >= fixed);
        if (n >= fixed) {
            assert_int_equal(hello.broken, n >= fixed + 2 && n < m.len);
            assert_int_equal(hello.name.len, n == m.len ? 9 : 0);
            assert_true(tls_client_hello_read((struct bytes){copy, n}, true, &hello));
            assert_int_equal(hello.name.len, n >= fixed + 2 + 18 ? 9 : 0);
        }
        free(copy);
    }
}

static void an_odd_list_of_ciphers_is_refused(void **state)
{
    (void)state;
    struct tls_hello hello;
    m.len = 0;
    put_number(&m, 0x0301, 2);
    put_zeros(&m, 33);
    put(&m, "\0\3abc\1\0", 7);
    assert_false(tls_client_hello_read(made_view(&m), false, &hello));
}

/* Behind each case stands one more extension; whether it is in the list shows whether the case is
 * right. */
static void content_that_contradicts_itself_ends_the_list(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *content;
        size_t len;
        bool right;
    } cases[] = {
        {0, "", 0, true},
        {0, "\0\4\0\0\1a", 6, true},
        {0, "\xff\xff\0\0\1a", 6, true}, /* the list's length is not looked at */
        {0, "\0\3\0\0\0", 5, false},     /* no name */
        {0, "\0\4\1\0\1a", 6, false},    /* another kind of name */
        {0, "\0\4\0\0\2a", 6, false},    /* the name is longer */
        {0, "\0\4\0\0", 4, false},
        {10, "", 0, true},
        {10, "\0\2\0\x1d", 4, true},
        {10, "\0\4\0\x1d", 4, false},
        {10, "\0\1\0", 3, false},
        {11, "\1\0", 2, true},
        {11, "\2\0", 2, false},
        {13, "\0\2\4\3", 4, true},
        {13, "\0\3\4\3\4", 5, false},
        {16, "\0\3\2h2", 5, true},
        {16, "\0\3\7h2", 5, true}, /* its entries are not looked at */
        {16, "\0\4\2h2", 5, false},
        {43, "\2\3\4", 3, true},
        {43, "\3\3\4\0", 4, true},
        {43, "\1\3", 2, false},
        {43, "\4\3\4", 3, false},
        {51, "anything", 8, true},
    };
    struct tls_hello hello;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_client();
        size_t list = open_list(&m, 2);
        put_extension(&m, 23, "", 0);
        put_extension(&m, cases[i].type, cases[i].content, cases[i].len);
        put_extension(&m, 22, "", 0);
        close_list(&m, list, 2);
        assert_true(tls_client_hello_read(made_view(&m), false, &hello));
        size_t wanted = cases[i].right ? 4 + 4 + cases[i].len + 4 : 4;
        if (hello.broken || hello.extensions.len != wanted)
            fail_msg("case %zu: %zu bytes", i, hello.extensions.len);
    }
}

static void names_have_a_longest(void **state)
{
    (void)state;
    char name[256];
    struct tls_hello hello;
    memset(name, 'a', sizeof name);
    for (size_t n = 255; n <= 256; n++) {
        begin_client();
        size_t list = open_list(&m, 2);
        put_server_name(&m, name, n);
        put_server_name(&m, "second", 6);
        close_list(&m, list, 2);
        assert_true(tls_client_hello_read(made_view(&m), false, &hello));
        assert_int_equal(hello.name.len, n == 255 ? 255 : 0);
    }
}

static void extensions_that_reach_behind_the_end_make_the_list_unknown(void **state)
{
    (void)state;
    struct tls_hello hello;
    begin_client();
    size_t list = open_list(&m, 2);
    put_server_name(&m, "a", 1);
    put(&m, "\0\x17\0\4abc", 7); /* one byte is missing */
    close_list(&m, list, 2);
    assert_true(tls_client_hello_read(made_view(&m), false, &hello));
    assert_true(hello.broken);
    assert_int_equal(hello.name.len, 1); /* what came before holds */
    assert_int_equal(hello.extensions.len, 4 + 5 + 1);
}

static void servers_decide(void **state)
{
    (void)state;
    static const struct {
        uint16_t field, extension, agreed;
        bool hides;
    } cases[] = {
        {0x0300, 0, 0x0300, false},      {0x0301, 0, 0x0301, false},
        {0x0303, 0, 0x0303, false},      {0x0303, 0x0304, 0x0304, true},
        {0x0303, 0x7f1c, 0x7f1c, true},  {0x0303, 0xfb1a, 0xfb1a, true},
        {0x0303, 0x0302, 0x0302, false}, {0x7f12, 0, 0x7f12, true},
        {0x7f05, 0, 0x7f01, true}, /* an early draft */
        {0x0304, 0, 0x7f01, true},
    };
    struct tls_hello hello;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m.len = 0;
        put_number(&m, cases[i].field, 2);
        put_zeros(&m, 32);
        bool draft = cases[i].field > 0x0303;
        if (!draft)
            put(&m, "\2id", 3);
        put_number(&m, 0xc02f, 2);
        if (!draft)
            put_number(&m, 0, 1);
        size_t fixed = m.len;
        size_t list = open_list(&m, 2);
        if (cases[i].extension) {
            uint8_t version[2];
            store_be16(version, cases[i].extension);
            put_extension(&m, TLS_EXTENSION_VERSIONS, version, 2);
        }
        put_extension(&m, 23, "", 0);
        close_list(&m, list, 2);
        assert_true(tls_server_hello_read(made_view(&m), &hello));
        assert_int_equal(load_be16(hello.ciphers.data), 0xc02f);
        assert_int_equal(hello.extensions.len, m.len - list);
        if (hello.agreed != cases[i].agreed ||
            tls_hides_certificate(hello.agreed) != cases[i].hides)
            fail_msg("case %zu: %04x", i, hello.agreed);
        for (size_t n = 0; n < fixed; n++)
            assert_false(tls_server_hello_read((struct bytes){m.data, n}, &hello));
    }
}

static void grease_is_known(void **state)
{
    (void)state;
    unsigned n = 0;
    for (unsigned value = 0; value < 65536; value++)
        n += tls_is_grease((uint16_t)value);
    assert_int_equal(n, 16); /* RFC 8701, 2 */
    assert_true(tls_is_grease(0x0a0a) && tls_is_grease(0xfafa));
    assert_false(tls_is_grease(0x0a1a) || tls_is_grease(0x0b0b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_a_client_are_views),
        cmocka_unit_test(a_hello_is_cut_anywhere),
        cmocka_unit_test(an_odd_list_of_ciphers_is_refused),
        cmocka_unit_test(content_that_contradicts_itself_ends_the_list),
        cmocka_unit_test(names_have_a_longest),
        cmocka_unit_test(extensions_that_reach_behind_the_end_make_the_list_unknown),
        cmocka_unit_test(servers_decide),
        cmocka_unit_test(grease_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
