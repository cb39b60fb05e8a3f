/* Commitments: the three worked examples of the format, and what a sealed entry looks like. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "base/json.h"

static const char example_id[] = "f-7q2m4k6zc3vha5nd";
static uint8_t example_secret[LEDGER_SECRET_BYTES];

static struct commitment_maker example_maker(void)
{
    for (unsigned i = 0; i < sizeof example_secret; i++)
        example_secret[i] = (uint8_t)i;
    return (struct commitment_maker){example_secret, "ledger.amber.example/grid/facts-2026"};
}

static void rfc_9901_disclosure_has_its_digest(void **state)
{
    (void)state;
    static const char disclosure[] =
        "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
    char digest[DIGEST_CHARS + 1];
    commitment_digest(disclosure, sizeof disclosure - 1, digest);
    assert_string_equal(digest, "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
}

static void our_disclosure_has_no_blanks(void **state)
{
    (void)state;
    struct text t = {0};
    char digest[DIGEST_CHARS + 1];
    commitment_disclosure(&t, "_26bc4LT-ac6q2KI6cBW5es", "family_name",
                          "\"M\xc3\xb6"
                          "bius\"",
                          9);
    assert_string_equal(text_str(&t),
                        "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd");
    commitment_digest(t.data, t.len, digest);
    assert_string_equal(digest, "TZjouOTrBKEwUNjNDs9yeMzBoQn8FFLPaJjRRmAtwrM");
    text_free(&t);
}

static void salt_and_decoy_are_those_of_the_example(void **state)
{
    (void)state;
    struct commitment_maker maker = example_maker();
    char salt[SALT_CHARS + 1], digest[DIGEST_CHARS + 1];
    struct text t = {0};
    commitment_salt(&maker, example_id, 2, "/outcome", "\"completed\"", 11, salt);
    assert_string_equal(salt, "SJDnAqG87MTmxwJySvI6iA");
    commitment_disclosure(&t, salt, "outcome", "\"completed\"", 11);
    assert_string_equal(text_str(&t),
                        "WyJTSkRuQXFHODdNVG14d0p5U3ZJNmlBIiwib3V0Y29tZSIsImNvbXBsZXRlZCJd");
    commitment_digest(t.data, t.len, digest);
    assert_string_equal(digest, "QltdiPjXrtCXUvM6butbgkcZNmguRtixZSj0rESyowc");
    commitment_decoy(&maker, example_id, 2, 0, digest);
    assert_string_equal(digest, "HR9B_67ehpKMqeYF1TPNWKcrV-mTjMX9GpGzpSzdF60");
    text_free(&t);
}

static void entry_is_canonical_and_padded_to_sixteen(void **state)
{
    (void)state;
    struct commitment_maker maker = example_maker();
    struct sealed_entry sealed = {0};
    struct sample s;
    struct diags diags = {0};
    uint8_t digests[COMMITMENTS_MAX][SHA256_BYTES];
    size_t at;
    const char *why;
    assert_int_equal(commitment_seal(&maker, sample_fact(&s, 1), NULL, &sealed, &diags), 0);
    assert_int_equal(commitment_parse(sealed.entry.data, sealed.entry.len, digests, &at, &why), 16);
    struct text canonical = {0};
    json_t *value = json_read("entry", sealed.entry.data, sealed.entry.len, &diags);
    assert_int_equal(jcs_append(&canonical, value), 0);
    assert_string_equal(text_str(&canonical), text_str(&sealed.entry));
    json_decref(value);
    /* id, kind, revision, three fields and the two elements of the list. */
    value = json_read("disclosures", sealed.disclosures.data, sealed.disclosures.len, &diags);
    assert_int_equal(json_array_size(value), 8);
    json_decref(value);
    text_free(&canonical);
    sealed_entry_free(&sealed);
}

static void value_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    struct commitment_maker maker = example_maker();
    struct sealed_entry sealed = {0};
    struct sample s;
    struct diags diags = {0};
    sample_fact(&s, 1);
    static const char *const bad[] = {"1.0", " 1", "{\"b\":1,\"a\":2}", "nul", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s.fields[2] = (struct entry_field){"to", bad[i], strlen(bad[i])};
        assert_int_equal(commitment_seal(&maker, &s.draft, NULL, &sealed, &diags), ERR_SCHEMA);
    }
    sealed_entry_free(&sealed);
    diags_free(&diags);
}

static void every_changed_byte_of_an_entry_is_refused_or_another_digest(void **state)
{
    (void)state;
    struct commitment_maker maker = example_maker();
    struct sealed_entry sealed = {0};
    struct sample s;
    struct diags diags = {0};
    uint8_t right[COMMITMENTS_MAX][SHA256_BYTES], digests[COMMITMENTS_MAX][SHA256_BYTES];
    size_t at;
    const char *why;
    assert_int_equal(commitment_seal(&maker, sample_fact(&s, 1), NULL, &sealed, &diags), 0);
    commitment_parse(sealed.entry.data, sealed.entry.len, right, &at, &why);
    for (size_t i = 0; i < sealed.entry.len; i++) {
        sealed.entry.data[i] ^= 1;
        int n = commitment_parse(sealed.entry.data, sealed.entry.len, digests, &at, &why);
        assert_true(n == ERR_CORRUPT || memcmp(right, digests, 16 * SHA256_BYTES) != 0);
        sealed.entry.data[i] ^= 1;
        assert_int_equal(commitment_parse(sealed.entry.data, i, digests, &at, &why), ERR_CORRUPT);
    }
    sealed_entry_free(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_9901_disclosure_has_its_digest),
        cmocka_unit_test(our_disclosure_has_no_blanks),
        cmocka_unit_test(salt_and_decoy_are_those_of_the_example),
        cmocka_unit_test(entry_is_canonical_and_padded_to_sixteen),
        cmocka_unit_test(value_that_is_not_canonical_is_refused),
        cmocka_unit_test(every_changed_byte_of_an_entry_is_refused_or_another_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
