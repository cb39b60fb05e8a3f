#include "tests/unit/check.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

/* RFC 4648, section 10. */
static const struct {
    const char *plain, *base64, *url, *base32;
} vectors[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "my"},
    {"fo", "Zm8=", "Zm8", "mzxq"},
    {"foo", "Zm9v", "Zm9v", "mzxw6"},
    {"foob", "Zm9vYg==", "Zm9vYg", "mzxw6yq"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "mzxw6ytb"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "mzxw6ytboi"},
};

static void encodings_give_the_vectors_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char out[64];
        const uint8_t *data = (const uint8_t *)vectors[i].plain;
        size_t len = strlen(vectors[i].plain);
        assert_int_equal(base64_encode(out, data, len, false), strlen(vectors[i].base64));
        assert_string_equal(out, vectors[i].base64);
        base64_encode(out, data, len, true);
        assert_string_equal(out, vectors[i].url);
        base32_lower(out, data, len);
        assert_string_equal(out, vectors[i].base32);
    }
}

static void decoding_turns_encoding_round(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 500; round++) {
        uint8_t data[40], back[64];
        size_t len = random_below(&seed, sizeof data);
        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)random_next(&seed);
        for (int url = 0; url < 2; url++) {
            char out[BASE64_ROOM(sizeof data)];
            size_t n = base64_encode(out, data, len, url);
            assert_int_equal(base64_decode(back, out, n, url), (long)len);
            assert_memory_equal(back, data, len);
        }
    }
}

static void decoding_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    uint8_t out[16];
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zm9v\n", "Zm9-", "Zg==Zg=="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(base64_decode(out, bad[i], strlen(bad[i]), false), ERR_SYNTAX);
    assert_int_equal(base64_decode(out, "Zg==", 4, true), ERR_SYNTAX);
    assert_int_equal(base64_decode(out, "Zh", 2, true), ERR_SYNTAX);
    assert_int_equal(base64_decode(out, "Zm9v+A", 6, true), ERR_SYNTAX);
}

static void text_grows_and_ends_in_a_nul(void **state)
{
    (void)state;
    struct text t = {0};
    assert_string_equal(text_str(&t), "");
    for (int i = 0; i < 1000; i++)
        text_printf(&t, "%d,", i);
    assert_int_equal(t.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(t.data), t.len);
    assert_false(t.failed);
    text_clear(&t);
    text_puts(&t, "x");
    assert_string_equal(text_str(&t), "x");
    text_free(&t);
}

static void numbers_are_read_whole_or_refused(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_int_equal(text_u64("18446744073709551615", UINT64_MAX, &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(text_u64("18446744073709551616", UINT64_MAX, &v), ERR_RANGE);
    assert_int_equal(text_u64("65536", 65535, &v), ERR_RANGE);
    assert_int_equal(text_u64("", 9, &v), ERR_SYNTAX);
    assert_int_equal(text_u64("-1", 9, &v), ERR_SYNTAX);
    assert_int_equal(text_u64("1 ", 9, &v), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings_give_the_vectors_of_the_rfc),
        cmocka_unit_test(decoding_turns_encoding_round),
        cmocka_unit_test(decoding_refuses_what_is_not_canonical),
        cmocka_unit_test(text_grows_and_ends_in_a_nul),
        cmocka_unit_test(numbers_are_read_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
