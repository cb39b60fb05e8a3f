/* Checkpoints: what is written reads back, and only the one strict form is read. */
#include "ledger/checkpoint.h"

#include "base/error.h"
#include "tests/unit/check.h"

#include <string.h>

#define ORIGIN "ledger.amber.example/grid/facts-2026"
#define ROOT   "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static void checkpoint_reads_back_under_its_signature(void **state)
{
    (void)state;
    struct note_signer signer;
    struct note_view note;
    struct checkpoint got;
    struct text t = {0};
    static const uint8_t seed[ED25519_SECRET_BYTES] = {42};
    uint8_t root[SHA256_BYTES];
    size_t at, unknown;
    sha256(root, "", 0);
    assert_int_equal(note_signer_from_seed(ORIGIN, seed, &signer), 0);
    assert_int_equal(checkpoint_write(&t, 20852163, root, &signer), 0);
    static const char head[] = ORIGIN "\n20852163\n" ROOT "\n\n\xe2\x80\x94 " ORIGIN " ";
    assert_memory_equal(t.data, head, sizeof head - 1);
    assert_int_equal(note_parse(t.data, t.len, &note, &at), 0);
    assert_int_equal(note_open(&note, &signer.verifier, &unknown), 0);
    assert_int_equal(checkpoint_parse(note.body, note.body_len, &got, &at), 0);
    assert_string_equal(got.origin, ORIGIN);
    assert_int_equal(got.size, 20852163);
    assert_memory_equal(got.root, root, SHA256_BYTES);
    text_free(&t);
}

static void only_three_strict_lines_are_a_checkpoint(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int result;
        size_t at;
    } rows[] = {
        {"o\n0\n" ROOT "\n", 0, 0},
        {"o\n9223372036854775807\n" ROOT "\n", 0, 0},
        {"o\n9223372036854775808\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n18446744073709551616\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n01\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n+1\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n-1\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n 1\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n1 \n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n0x1\n" ROOT "\n", ERR_SYNTAX, 2},
        {"o\n\n" ROOT "\n", ERR_SYNTAX, 2},
        {"\n1\n" ROOT "\n", ERR_SYNTAX, 0},
        {"o\n1\n", ERR_SYNTAX, 4},
        {"o\n1\n" ROOT "\nextension\n", ERR_SYNTAX, 49},
        {"o\n1\n" ROOT, ERR_SYNTAX, 4},
        {"o\n1\n" ROOT " \n", ERR_SYNTAX, 4},
        /* The unused bits of the last character, and no padding, and a byte less. */
        {"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", ERR_SYNTAX, 4},
        {"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n", ERR_SYNTAX, 4},
        {"o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n", ERR_SYNTAX, 4},
        {"o\n1\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n", ERR_SYNTAX, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct checkpoint got;
        size_t at = 0;
        int result = checkpoint_parse(rows[i].body, strlen(rows[i].body), &got, &at);
        if (result != rows[i].result || (result && at != rows[i].at))
            fail_msg("row %zu: %d at %zu", i, result, at);
    }
}

/* A body is not NUL-terminated; and a NUL in the origin must not shorten it. */
static void every_cut_of_a_body_is_refused(void **state)
{
    (void)state;
    static const char whole[] = "origin\n12\n" ROOT "\n";
    struct checkpoint got;
    size_t at;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *cut = malloc(len ? len : 1);
        memcpy(cut, whole, len);
        assert_int_equal(checkpoint_parse(cut, len, &got, &at), ERR_SYNTAX);
        assert_true(at <= len);
        free(cut);
    }
    char nul[sizeof whole];
    memcpy(nul, whole, sizeof whole);
    nul[3] = 0;
    assert_int_equal(checkpoint_parse(nul, sizeof nul - 1, &got, &at), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoint_reads_back_under_its_signature),
        cmocka_unit_test(only_three_strict_lines_are_a_checkpoint),
        cmocka_unit_test(every_cut_of_a_body_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
