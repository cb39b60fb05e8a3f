/* Mails by hand: which files are in them, however they are cut. What Suricata makes of them is
 * asked in tests/system/mail_test.py. */
#include "proto/mime.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files as text: names, colon, content in brackets. */
struct files {
    const struct mime *m;
    char text[70000];
    size_t n;
};

static void add(struct files *f, const void *bytes, size_t len)
{
    assert_true(f->n + len < sizeof(f->text));
    memcpy(f->text + f->n, bytes, len);
    f->n += len;
}

static void on_begin(void *ctx)
{
    struct files *f = ctx;
    const struct mime_name *name = mime_file_name(f->m);
    assert_true(name->found);
    add(f, name->bytes, name->len);
    if (name->shown) {
        add(f, "|", 1);
        add(f, name->bytes_shown, name->len_shown);
    }
    add(f, ":[", 2);
}

static void on_bytes(void *ctx, struct bytes bytes)
{
    assert_true(bytes.len > 0);
    add(ctx, bytes.data, bytes.len);
}

static void on_end(void *ctx)
{
    add(ctx, "]", 1);
}

static void must_have_bytes(const char *mail, size_t len, const char *wanted)
{
    static const size_t widths[] = {1, 2, 3, 7, 64, 100, 100000};
    static struct files f;
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        struct mime *m = malloc(sizeof(*m));
        struct mime_sink sink = {.ctx = &f, .begin = on_begin, .bytes = on_bytes, .end = on_end};
        assert_non_null(m);
        memset(m, 0xa5, sizeof(*m));
        f.m = m;
        f.n = 0;
        mime_begin(m);
        for (size_t at = 0; at < len; at += widths[i]) {
            size_t n = len - at < widths[i] ? len - at : widths[i];
            uint8_t *piece = malloc(n);
            assert_non_null(piece);
            memcpy(piece, mail + at, n);
            mime_feed(m, (struct bytes){piece, n}, &sink);
            free(piece);
        }
        mime_end(m, &sink);
        f.text[f.n] = 0;
        if (strcmp(f.text, wanted) != 0)
            fail_msg("width %zu: %s, not %s", widths[i], f.text, wanted);
        free(m);
    }
}

static void must_have(const char *mail, const char *wanted)
{
    must_have_bytes(mail, strlen(mail), wanted);
}

#define MIXED  "Content-Type: multipart/mixed; boundary=xy\r\n\r\n"
#define NAMED  "--xy\r\nContent-Disposition: attachment; filename=f\r\n"
#define PLAIN  NAMED "\r\n"
#define BASE64 NAMED "Content-Transfer-Encoding: base64\r\n\r\n"
#define QUOTED NAMED "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
#define TEXT   "--xy\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
#define END    "--xy--\r\n"

static void files_and_texts(void **unused)
{
    (void)unused;
    must_have(MIXED PLAIN "one\r\n" TEXT PLAIN "two\r\n" END, "f:[one]f:[two]");
    must_have(MIXED "before\r\n" TEXT END "behind\r\n", "");
    must_have(MIXED PLAIN "\r\n" END, "f:[]");
    must_have("Subject: x\r\n\r\n" PLAIN "one\r\n" END, "");
    must_have("Content-Type: x; name=n\r\n\r\none\r\ntwo\r\n", "n:[one\r\ntwo]");
}

static void what_makes_a_file(void **unused)
{
    (void)unused;
    must_have("Content-Disposition: inline; filename=f\r\n\r\nx\r\n", "f:[x]");
    must_have("Content-Disposition: attachment\r\n\r\nx\r\n", "");
    /* of both the disposition's name counts, in whatever order */
    must_have("Content-Type: x; name=n\r\nContent-Disposition: a; filename=f\r\n\r\nx\r\n",
              "f:[x]");
    must_have("Content-Disposition: a; filename=f\r\nContent-Type: x; name=n\r\n\r\nx\r\n",
              "f:[x]");
    /* of one field twice the last one */
    must_have("Content-Disposition: a; filename=f\r\nContent-Disposition: inline\r\n\r\nx\r\n", "");
}

static void lines_that_are_no_delimiters(void **unused)
{
    (void)unused;
    must_have(MIXED PLAIN "-\r\n--\r\n--x\r\n-- xy\r\n -xy\r\na --xy\r\n\r\r\n" END,
              "f:[-\r\n--\r\n--x\r\n-- xy\r\n -xy\r\na --xy\r\n\r]");
    /* the end of the line before a delimiter is the delimiter's */
    must_have(MIXED PLAIN "a\r\n\r\n" END, "f:[a\r\n]");
    must_have(MIXED PLAIN "a\n\n" END, "f:[a\n]");
    must_have(MIXED PLAIN "a\r" END, "f:[a\r--xy--]");
}

static void base64_is_decoded(void **unused)
{
    (void)unused;
    /* RFC 4648, 10 */
    must_have(MIXED BASE64 "Zm9vYmFy\r\n" END, "f:[foobar]");
    must_have(MIXED BASE64 "Zm9v\r\nYmE=\r\n" END, "f:[fooba]");
    must_have(MIXED BASE64 "Zg==\r\n" END, "f:[f]");
    /* what is not in the alphabet does not count; blocks go over ends of lines */
    must_have(MIXED BASE64 "Z m*9\r\nvY\r\n\r\nmFy\r\n" END, "f:[foobar]");
    /* a block that is not whole */
    must_have(MIXED BASE64 "Zm9vYmE\r\n" END, "f:[fooba]");
    must_have(MIXED BASE64 "Zm9vY\r\n" END, "f:[foo]");
    must_have(MIXED BASE64 "Zg==Zg==\r\n" END, "f:[ff]");
}

static void quoted_printable_is_decoded(void **unused)
{
    (void)unused;
    must_have(MIXED QUOTED "a=3Db=\r\nc\r\n" END, "f:[a=bc\r\n]");
    must_have(MIXED QUOTED "=41=42\r\n\r\n=\r\nx\n\n" END, "f:[AB\r\n\r\nx\r\n\n]");
    /* of an escape that is none the sign alone is left out */
    must_have(MIXED QUOTED "=4g=g4=4\r\n" END, "f:[4gg44\r\n]");
    must_have(MIXED QUOTED "==41==\r\n=a0\r\n" END, "f:[Aa0\r\n]");
    must_have(MIXED QUOTED "=30=39=41=46=5F=60=3@=3G=3/=3:\r\n" END, "f:[09AF_`3@3G3/3:\r\n]");
    must_have(MIXED QUOTED "a\rb\r\r\n" END, "f:[a\rb\r\r\n]");
}

static void parts_within_parts(void **unused)
{
    (void)unused;
    static const char inner[] = MIXED "--xy\r\nContent-Type: multipart/x; boundary=\"xyz\"\r\n\r\n"
                                      "--xyz\r\nContent-Disposition: a; filename=in\r\n\r\n1\r\n";
    char mail[1000];
    snprintf(mail, sizeof mail, "%s--xyz--\r\n%s", inner, PLAIN "2\r\n" END);
    must_have(mail, "in:[1]f:[2]");
    /* the inner one is not closed */
    snprintf(mail, sizeof mail, "%s%s", inner, PLAIN "2\r\n" END);
    must_have(mail, "in:[1]f:[2]");
    snprintf(mail, sizeof mail, "%s%s", inner, END "--xyz\r\n" NAMED "\r\n3\r\n");
    must_have(mail, "in:[1]");
}

static void messages_within_messages(void **unused)
{
    (void)unused;
    must_have(MIXED "--xy\r\nContent-Type: message/rfc822; name=m\r\n\r\nSubject: s\r\n"
                    "Content-Disposition: a; filename=in\r\n\r\n1\r\n" PLAIN "2\r\n" END,
              "in:[1]f:[2]");
    must_have(MIXED
              "--xy\r\nContent-Type: message/rfc822; name=m\r\n\r\nSubject: s\r\n\r\n1\r\n" END,
              "");
    /* encoded, which it must not be: a file then */
    must_have(MIXED "--xy\r\nContent-Type: message/rfc822; name=m\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\nZm9v\r\n" END,
              "m:[foo]");
    /* it says that it is, and is not */
    must_have(MIXED "--xy\r\nContent-Type: message/rfc822; name=m\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n"
                    "Content-Disposition: a; filename=in\r\n\r\n1\r\n" PLAIN "2\r\n" END,
              "in:[1]f:[2]");
    must_have(MIXED "--xy\r\nContent-Type: message/rfc822; name=m\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n\r\n" PLAIN "2\r\n" END,
              "f:[2]");
}

static void deeper_than_is_read(void **unused)
{
    (void)unused;
    static const char *const deepest[][2] = {
        {"Content-Disposition: a; filename=f\r\n\r\n1\r\n--b%d--\r\n", "f:[1]"},
        {"Content-Type: m; boundary=deep\r\n\r\n--deep\r\n"
         "Content-Disposition: a; filename=f\r\n\r\n1\r\n--b%d\r\n"
         "Content-Disposition: a; filename=g\r\n\r\n2\r\n",
         "g:[2]"}};
    for (int k = 0; k < 2; k++) {
        struct text mail = {0};
        text_puts(&mail, "Content-Type: multipart/mixed; boundary=b100\r\n\r\n");
        for (int i = 1; i < MIME_DEPTH_MAX; i++)
            text_printf(&mail, "--b%d\r\nContent-Type: m; boundary=b%d\r\n\r\n", i + 99, i + 100);
        text_printf(&mail, "--b%d\r\n", MIME_DEPTH_MAX + 99);
        text_printf(&mail, deepest[k][0], MIME_DEPTH_MAX + 99);
        must_have(text_str(&mail), deepest[k][1]);
        text_free(&mail);
    }
}

static void heads(void **unused)
{
    (void)unused;
    must_have("CONTENT-disposition:x;\r\n filename=f\r\n\r\n1\r\n", "f:[1]");
    must_have("Content-Disposition: x; filename=a\r\n\tb\r\n\r\n1\r\n", "a\tb:[1]");
    /* the first line is none of a head: so is nothing */
    must_have("hello\r\nContent-Disposition: x; filename=f\r\n\r\n1\r\n", "");
    must_have("Content-Disposition : x; filename=f\r\n\r\n1\r\n", "");
    /* it breaks off with a delimiter, or with the mail */
    must_have(MIXED NAMED PLAIN "1\r\n" END, "f:[1]");
    must_have(MIXED NAMED, "");
    must_have(MIXED PLAIN, "f:[]");
    must_have(MIXED PLAIN "1\r\n--x", "f:[1\r\n--x]");
    must_have(MIXED PLAIN "1\r\n--xy", "f:[1]");
    must_have(MIXED QUOTED "1=4", "f:[14]");
}

static void boundaries(void **unused)
{
    (void)unused;
    char mail[2000], boundary[400];
    for (int n = 253; n <= 256; n++) {
        memset(boundary, 'b', (size_t)n);
        boundary[n] = 0;
        snprintf(mail, sizeof mail,
                 "Content-Type: m/m; boundary=\"%s\"\r\n\r\n--%s\r\n"
                 "Content-Disposition: a; filename=f\r\n\r\n1\r\n--%s--\r\n",
                 boundary, boundary, boundary);
        must_have(mail, n <= MIME_BOUNDARY_MAX ? "f:[1]" : "");
    }
    must_have(
        "Content-Type: m/m; boundary=\"\"\r\n\r\n--\r\nContent-Type: x; name=n\r\n\r\n1\r\n--\r\n",
        "n:[1]");
}

static void long_lines(void **unused)
{
    (void)unused;
    static char mail[20000], wanted[20000];
    int n = sprintf(mail, MIXED "--xy");
    memset(mail + n, ' ', 3000); /* behind a delimiter anything may stand */
    n += 3000;
    n += sprintf(mail + n, "\r\nX: ");
    memset(mail + n, 'y', 3000);
    n += 3000;
    n += sprintf(mail + n, "\r\nContent-Disposition: x; filename=f\r\n\r\n--");
    memset(mail + n, 'z', 5000);
    n += 5000;
    sprintf(mail + n, "\r\n" END);
    int w = sprintf(wanted, "f:[--");
    memset(wanted + w, 'z', 5000);
    strcpy(wanted + w + 5000, "]");
    must_have(mail, wanted);
    /* of a value what is beyond 2000 bytes is not read */
    n = sprintf(mail, "Content-Disposition: a; ");
    memset(mail + n, 'x', 1981);
    n += 1981;
    strcpy(mail + n, "=1; filename=abcdef\r\n\r\n1\r\n");
    must_have(mail, "abc:[1]");
}

static void zeros_are_bytes(void **unused)
{
    (void)unused;
    static const char mail[] = MIXED BASE64 "AAA\0A\r\n" END;
    struct mime *m = malloc(sizeof *m);
    static struct files f;
    struct mime_sink sink = {.ctx = &f, .begin = on_begin, .bytes = on_bytes, .end = on_end};
    assert_non_null(m);
    f.m = m;
    mime_begin(m);
    mime_feed(m, (struct bytes){(const uint8_t *)mail, sizeof mail - 1}, &sink);
    mime_end(m, &sink);
    assert_int_equal(f.n, 7);
    assert_memory_equal(f.text, "f:[\0\0\0]", 7);
    free(m);
}

/* ---- names ---- */

static void names(void **unused)
{
    (void)unused;
    static const struct {
        const char *field, *wanted;
    } cases[] = {
        {"x; filename=a", "a"},
        {"x;FileName=\"a b\"", "a b"},
        {"x; filename=\"a;b\"; c", "a;b"},
        {"x; filename=a b ; c=d", "a b "},
        {"x; filename = a", " a"},
        {"x; filename = \"a\" ; b=c", "a"},
        {"x; y=\"filename=b\"; filename=a", "a"},
        {"x; filename=a; filename=b", "b"},
        {"x; y; filename=a", "a"},
        {"x; filename=\"a", "a"},
        {"x; filename=\"\"", ""},
        {"x; xfilename=a", NULL},
        {"x; filename=", NULL},
        {"filename=a", NULL},
        {"", NULL},
        /* an escape: as it is written up to the next quote, as a reader has it behind | */
        {"x; filename=\"a\\\"b\"", "a\\|a\"b"},
        /* RFC 2231, 3 and 4 */
        {"x; filename*0=\"a\"; filename*1=b", "ab"},
        {"x; filename*1=b; filename*0=a", "ab"},
        {"x; filename*1=b", NULL},
        {"x; filename*=utf-8'en'a%20%62", "a b"},
        {"x; filename*=a%2", "a%2"},
        {"x; filename*=%30%39%4a%4F%5f%7A%1g%g1", "09JO_z%1g%g1"},
        {"x; filename*0*=us-ascii''a%20; filename*1=%62; filename*2*=%63", "a %62c"},
        {"x; filename=a; filename*=utf-8''b", "a|b"},
        {"x; filename*0=a; filename*1*=%62", "a|ab"},
        /* RFC 2047, 2 and 6.2 */
        {"x; filename=\"=?utf-8?Q?a=2E_b?=\"", "=?utf-8?Q?a=2E_b?=|a. b"},
        {"x; filename=\"=?a?B?YQ==?= =?a?b?Yg==?= c\"", "=?a?B?YQ==?= =?a?b?Yg==?= c|ab c"},
        {"x; filename==?x?Q?a", "=?x?Q?a"},
        {"x; filename==?x?R?a?=", "=?x?R?a?="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mime_name name;
        char text[600];
        size_t len = strlen(cases[i].field);
        uint8_t *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, cases[i].field, len);
        mime_name((struct bytes){copy, len}, "filename", &name);
        snprintf(text, sizeof text, "%.*s%s%.*s", (int)name.len, (const char *)name.bytes,
                 name.shown ? "|" : "", name.shown ? (int)name.len_shown : 0,
                 (const char *)name.bytes_shown);
        if (name.found != (cases[i].wanted != NULL))
            fail_msg("%s: found %d", cases[i].field, name.found);
        if (name.found && strcmp(text, cases[i].wanted) != 0)
            fail_msg("%s: %s, not %s", cases[i].field, text, cases[i].wanted);
        free(copy);
    }
}

static void long_names_are_cut(void **unused)
{
    (void)unused;
    static char field[1000];
    struct mime_name name;
    int n = sprintf(field, "x; filename=");
    memset(field + n, 'n', 300);
    mime_name((struct bytes){(const uint8_t *)field, (size_t)n + 300}, "filename", &name);
    assert_int_equal(name.len, MIME_NAME_MAX);
    assert_false(name.shown);
    n = sprintf(field, "x; filename*=''");
    memset(field + n, 'n', 300);
    mime_name((struct bytes){(const uint8_t *)field, (size_t)n + 300}, "filename", &name);
    assert_int_equal(name.len, MIME_NAME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_texts),
        cmocka_unit_test(what_makes_a_file),
        cmocka_unit_test(lines_that_are_no_delimiters),
        cmocka_unit_test(base64_is_decoded),
        cmocka_unit_test(quoted_printable_is_decoded),
        cmocka_unit_test(parts_within_parts),
        cmocka_unit_test(messages_within_messages),
        cmocka_unit_test(deeper_than_is_read),
        cmocka_unit_test(heads),
        cmocka_unit_test(boundaries),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(zeros_are_bytes),
        cmocka_unit_test(names),
        cmocka_unit_test(long_names_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
