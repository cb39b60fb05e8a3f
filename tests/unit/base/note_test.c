#include "tests/unit/check.h"

#include "base/error.h"
#include "base/note.h"

#include <string.h>

/* The example of the signed-note documentation (c2sp.org/signed-note and its Go implementation). */
static const char signer_text[] =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
static const char verifier_text[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char body[] = "If you think cryptography is the answer to your problem,\n"
                           "then you don't know what your problem is.\n";
static const char line[] =
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static void the_published_example_is_signed_and_verified(void **state)
{
    (void)state;
    struct note_signer signer;
    struct note_verifier verifier;
    struct text note = {0}, key = {0};
    assert_int_equal(note_signer_parse(signer_text, &signer), 0);
    assert_int_equal(note_verifier_parse(verifier_text, &verifier), 0);
    note_verifier_format(&key, &signer.verifier);
    assert_string_equal(text_str(&key), verifier_text);
    text_clear(&key);
    note_signer_format(&key, &signer);
    assert_string_equal(text_str(&key), signer_text);

    assert_int_equal(note_sign(&note, body, sizeof body - 1, &signer), 0);
    assert_string_equal(text_str(&note) + sizeof body, line);
    struct note_view view;
    size_t at, unknown;
    assert_int_equal(note_parse(note.data, note.len, &view, &at), 0);
    assert_int_equal(view.body_len, sizeof body - 1);
    assert_int_equal(note_open(&view, &verifier, &unknown), 0);
    assert_int_equal(unknown, 0);
    text_free(&note);
    text_free(&key);
}

static void every_changed_bit_of_a_note_is_noticed(void **state)
{
    (void)state;
    struct note_verifier verifier;
    struct text note = {0};
    note_verifier_parse(verifier_text, &verifier);
    text_puts(&note, body);
    text_puts(&note, "\n");
    text_puts(&note, line);
    for (size_t i = 0; i < note.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct note_view view;
            size_t at, unknown;
            note.data[i] ^= (char)(1 << bit);
            int error = note_parse(note.data, note.len, &view, &at);
            if (!error)
                error = note_open(&view, &verifier, &unknown);
            assert_int_not_equal(error, 0);
            note.data[i] ^= (char)(1 << bit);
        }
    text_free(&note);
}

static void lines_of_other_keys_are_counted_and_ignored(void **state)
{
    (void)state;
    struct note_verifier verifier;
    struct note_signer other;
    struct text note = {0};
    note_verifier_parse(verifier_text, &verifier);
    assert_int_equal(note_signer_generate("someone.example/else", &other), 0);
    assert_int_equal(note_sign(&note, body, sizeof body - 1, &other), 0);
    struct note_view view;
    size_t at, unknown;
    assert_int_equal(note_parse(note.data, note.len, &view, &at), 0);
    assert_int_equal(note_open(&view, &verifier, &unknown), ERR_NOT_FOUND);
    assert_int_equal(unknown, 1);
    text_puts(&note, line);
    assert_int_equal(note_parse(note.data, note.len, &view, &at), 0);
    assert_int_equal(note_open(&view, &verifier, &unknown), 0);
    assert_int_equal(unknown, 1);
    text_free(&note);
}

static void keys_are_read_strictly(void **state)
{
    (void)state;
    struct note_verifier v;
    assert_int_equal(note_verifier_parse(
                         "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &v),
                     ERR_KEY);
    assert_int_equal(note_verifier_parse("PeterNeumann+c74f20a3+AX...", &v), ERR_SYNTAX);
    assert_int_equal(note_verifier_parse(
                         "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &v),
                     ERR_SYNTAX);
    assert_int_equal(note_verifier_parse(
                         "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", &v),
                     ERR_SYNTAX);
    assert_int_equal(note_verifier_parse("PeterNeumann", &v), ERR_SYNTAX);
    assert_int_equal(note_verifier_parse("", &v), ERR_SYNTAX);
}

static void a_form_that_is_no_note_is_refused_with_its_place(void **state)
{
    (void)state;
    struct note_view view;
    size_t at;
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {{"", 0},          {"a\n", 2},  {"a\n\n", 3}, {"a\n\nno signature\n", 3},
                {"a\x01\n\n", 1}, {"a\xff", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(note_parse(rows[i].text, strlen(rows[i].text), &view, &at), ERR_SYNTAX);
        assert_int_equal(at, rows[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_example_is_signed_and_verified),
        cmocka_unit_test(every_changed_bit_of_a_note_is_noticed),
        cmocka_unit_test(lines_of_other_keys_are_counted_and_ignored),
        cmocka_unit_test(keys_are_read_strictly),
        cmocka_unit_test(a_form_that_is_no_note_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
