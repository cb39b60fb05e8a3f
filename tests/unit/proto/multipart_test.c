/* Forms by hand: which files are in them, however they are cut. What Suricata makes of forms is
 * asked in tests/system/http_test.py. */
#include "proto/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define B(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

/* Files as text: name, colon, content in brackets. */
struct files {
    const struct multipart *m;
    char text[8192];
    size_t n;
    bool open;
};

static void add(struct files *f, const void *bytes, size_t len)
{
    assert_true(f->n + len < sizeof(f->text));
    memcpy(f->text + f->n, bytes, len);
    f->n += len;
}

static void begin(struct files *f)
{
    if (f->open)
        return;
    add(f, f->m->name, f->m->n_name);
    add(f, ":[", 2);
    f->open = true;
}

static void on_bytes(void *ctx, struct bytes bytes)
{
    begin(ctx);
    add(ctx, bytes.data, bytes.len);
}

static void on_end(void *ctx)
{
    struct files *f = ctx;
    begin(f);
    add(f, "]", 1);
    f->open = false;
}

static void must_have(struct bytes content_type, struct bytes form, const char *wanted)
{
    static const size_t widths[] = {1, 2, 3, 7, 100, 100000};
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        struct multipart *m = malloc(sizeof(*m));
        struct files f = {.m = m};
        struct multipart_sink sink = {.ctx = &f, .bytes = on_bytes, .end = on_end};
        assert_non_null(m);
        memset(m, 0xa5, sizeof(*m));
        assert_int_equal(multipart_begin(m, content_type), MULTIPART_READABLE);
        for (size_t at = 0; at < form.len; at += widths[i]) {
            size_t n = form.len - at < widths[i] ? form.len - at : widths[i];
            multipart_feed(m, (struct bytes){form.data + at, n}, &sink);
        }
        multipart_end(m, &sink);
        f.text[f.n] = 0;
        if (strcmp(f.text, wanted) != 0)
            fail_msg("width %zu: %s, not %s", widths[i], f.text, wanted);
        free(m);
    }
}

#define TYPE  B("multipart/form-data; boundary=xy")
#define NAMED "--xy\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\n\r\n"
#define VALUE "--xy\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nvalue\r\n"
#define END   "--xy--\r\n"

static void files_and_values(void **unused)
{
    (void)unused;
    must_have(TYPE, B(NAMED "one\r\n" VALUE NAMED "two\r\n" END), "f:[one]f:[two]");
    must_have(TYPE, B("before\r\n" VALUE END "behind\r\n" NAMED "late\r\n" END), "");
    must_have(TYPE, B(NAMED "\r\n" END), "f:[]");
}

static void what_looks_like_a_delimiter(void **unused)
{
    (void)unused;
    must_have(TYPE, B(NAMED "\r\r\n-\r\n--x\r\n--x\r\r\n--xz\r\n" END),
              "f:[\r\r\n-\r\n--x\r\n--x\r\r\n--xz]");
    /* no line of its own */
    must_have(TYPE, B(NAMED "a --xy b\r\n" END), "f:[a --xy b]");
}

static void forms_that_break_off(void **unused)
{
    (void)unused;
    must_have(TYPE, B(NAMED "one"), "f:[one]");
    must_have(TYPE, B(NAMED "one\r\n--x"), "f:[one\r\n--x]");
    must_have(TYPE, B("--xy\r\nContent-Disposition: form-data; filename=f\r\n"), "");
}

static void names(void **unused)
{
    (void)unused;
    static const struct {
        const char *field, *wanted;
    } cases[] = {
        {"Content-Disposition: x; filename=a", "a:[]"},
        {"content-disposition:x;FILENAME=\"a b\"", "a b:[]"},
        {"Content-Disposition: x; filename=\"a;b\"; c", "a;b:[]"},
        {"Content-Disposition: x; filename=\"a\\\"b\"", "a\\\"b:[]"},
        {"Content-Disposition: x; filename=\"\"", ":[]"},
        {"Content-Disposition: x; filename=", ""}, /* nothing behind the name is no name */
        {"Content-Disposition: x; xfilename=a", ""},
        {"Content-Type: filename=a", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char form[256];
        int n = snprintf(form, sizeof(form), "--xy\r\n%s\r\n\r\n\r\n" END, cases[i].field);
        must_have(TYPE, (struct bytes){(const uint8_t *)form, (size_t)n}, cases[i].wanted);
    }
}

static void long_lines_are_cut(void **unused)
{
    (void)unused;
    static char form[6000];
    int n = sprintf(form, "--xy\r\nX: ");
    memset(form + n, 'y', 3000);
    n += 3000;
    n += sprintf(form + n, "\r\nContent-Disposition: x; filename=f\r\n\r\na\r\n" END);
    must_have(TYPE, (struct bytes){(const uint8_t *)form, (size_t)n}, "f:[a]");
}

static void boundaries(void **unused)
{
    (void)unused;
    struct multipart m;
    char type[512] = "multipart/form-data; boundary=";
    must_have(B("a; c=\"boundary=z;\"; BOUNDARY=\"xy\""), B(NAMED "1\r\n" END), "f:[1]");
    assert_int_equal(multipart_begin(&m, B("multipart/form-data")), MULTIPART_NONE);
    assert_int_equal(multipart_begin(&m, B("multipart/form-data; boundary=")), MULTIPART_NONE);
    size_t n = strlen(type);
    memset(type + n, 'b', 300);
    /* 199 bytes and no more */
    assert_int_equal(multipart_begin(&m, (struct bytes){(uint8_t *)type, n + 199}),
                     MULTIPART_READABLE);
    assert_int_equal(multipart_begin(&m, (struct bytes){(uint8_t *)type, n + 200}),
                     MULTIPART_UNREADABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_values),     cmocka_unit_test(what_looks_like_a_delimiter),
        cmocka_unit_test(forms_that_break_off), cmocka_unit_test(names),
        cmocka_unit_test(long_lines_are_cut),   cmocka_unit_test(boundaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
