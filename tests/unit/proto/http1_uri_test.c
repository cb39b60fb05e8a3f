/* Targets as libhtp normalises them; each of these was asked of Suricata too
 * (tests/system/http_test.py). */
#include "proto/http1_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define B(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

struct row {
    struct bytes target, uri, host; /* a host without data: the target names none */
};
#define NO_HOST \
    {           \
        0       \
    }

static const struct row rows[] = {
    /* nothing to do: a view into the target */
    {B("/a/b.c?d=e+f&g#h"), B("/a/b.c?d=e+f&g#h"), NO_HOST},
    {B("*"), B("*"), NO_HOST},
    /* decoded once; a slash and a backslash too */
    {B("/%41%2541%2fb%5cc"), B("/A%41/b/c"), NO_HOST},
    {B("/a?b=%41%2541%2f"), B("/a?b=A%41/"), NO_HOST},
    {B("/a%00b"), B("/a\0b"), NO_HOST},
    /* what is no encoding stays */
    {B("/%zz%4"), B("/%zz%4"), NO_HOST},
    {B("/%"), B("/%"), NO_HOST},
    {B("/?%u0041%zz%4"), B("/?%u0041%zz%4"), NO_HOST}, /* the query knows no %u */
    {B("/%u0041%uzzzz%u12"), B("/A%uzzzz%u12"), NO_HOST},
    {B("/a#%u0041%42"), B("/a#AB"), NO_HOST},
    /* Windows-1252 fits best: c with caron, fullwidth A, a division slash, one that has no fit */
    {B("/%u010d%uff21%u2215b%u4e2d"), B("/cA/b?"), NO_HOST},
    {B("/\xc4\x8d\xef\xbc\xa1"), B("/cA"), NO_HOST},
    {B("/%c3%a9"), B("/\xe9"), NO_HOST},
    {B("/%f0%9f%98%80"), B("/?"), NO_HOST},
    /* UTF-8 that is longer than it needs to be, cut off in the middle, cut off at the end */
    {B("/%c0%afa%e0%80%af"), B("//a/"), NO_HOST},
    {B("/\xc3x\xffy"), B("/?x?y"), NO_HOST},
    {B("/x\xe4\xb8"), B("/x"), NO_HOST},
    {B("/%ed%a0%80"), B("/???"), NO_HOST}, /* a surrogate, half of a pair */
    /* slashes and dots */
    {B("//a///b\\\\c"), B("/a/b/c"), NO_HOST},
    {B("/a/./b/../c"), B("/a/c"), NO_HOST},
    {B("/../../a"), B("/a"), NO_HOST},
    {B("/a/%2e%2e/b"), B("/b"), NO_HOST},
    {B("/a/b/.."), B("/a"), NO_HOST},
    {B("/a/b/../"), B("/a"), NO_HOST},
    {B("/a/b/."), B("/a/b"), NO_HOST},
    {B("/.../..a/.b"), B("/.../..a/.b"), NO_HOST},
    {B("../a"), B("a"), NO_HOST},
    {B("./../a/b"), B("a/b"), NO_HOST},
    {B("a/../b"), B("/b"), NO_HOST},
    {B(".."), B(""), NO_HOST},
    {B("/a?b/../c//d"), B("/a?b/../c//d"), NO_HOST},
    /* absolute */
    {B("http://u:p@Ho%53t.:80/a?b"), B("/a?b"), B("host")},
    {B("http://[FE80::1]:80"), B(""), B("[fe80::1]")},
    {B("ftp://h/x"), B("/x"), B("h")},
    {B("http:///a"), B("/a"), NO_HOST},
    {B("http:a"), B("a"), NO_HOST},
};

static void must_be(size_t i, const char *what, struct bytes got, struct bytes wanted)
{
    if (got.len != wanted.len || (got.len && memcmp(got.data, wanted.data, got.len) != 0))
        fail_msg("row %zu, %s: %.*s", i, what, (int)got.len,
                 got.data ? (const char *)got.data : "");
}

static void normalised(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t memory[256];
        struct proto_scratch scratch = {.data = memory, .room = sizeof(memory)};
        uint8_t *copy = malloc(rows[i].target.len);
        assert_non_null(copy);
        memcpy(copy, rows[i].target.data, rows[i].target.len);
        struct bytes target = {copy, rows[i].target.len};
        must_be(i, "uri", http1_uri(target, false, &scratch), rows[i].uri);
        struct bytes host = http1_uri_host(target, false, &scratch);
        must_be(i, "host", host, rows[i].host);
        assert_int_equal(host.data != NULL, rows[i].host.data != NULL);
        free(copy);
    }
}

static void the_first_row_is_not_copied(void **unused)
{
    (void)unused;
    struct proto_scratch none = {0};
    assert_ptr_equal(http1_uri(rows[0].target, false, &none).data, rows[0].target.data);
}

static void of_connect_it_is_the_host(void **unused)
{
    (void)unused;
    uint8_t memory[64];
    struct proto_scratch scratch = {.data = memory, .room = sizeof(memory)};
    must_be(0, "uri", http1_uri(B("Ex.AM:443"), true, &scratch), B(""));
    must_be(0, "host", http1_uri_host(B("Ex.AM:443"), true, &scratch), B("ex.am"));
    /* no host has a slash: RFC 3986, 3.2.2. Clients that do so want a path */
    must_be(1, "uri", http1_uri(B("/a//b"), true, &scratch), B("/a/b"));
    assert_null(http1_uri_host(B("/a//b"), true, &scratch).data);
}

/* Whatever room there is, nothing is written behind it. */
static void little_room(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t room = 0; room < 20; room++) {
            uint8_t *memory = malloc(room + (room == 0));
            assert_non_null(memory);
            struct proto_scratch scratch = {.data = memory, .room = room};
            http1_uri(rows[i].target, false, &scratch);
            http1_uri_host(rows[i].target, false, &scratch);
            assert_true(scratch.used <= room);
            free(memory);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalised),
        cmocka_unit_test(the_first_row_is_not_copied),
        cmocka_unit_test(of_connect_it_is_the_host),
        cmocka_unit_test(little_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
