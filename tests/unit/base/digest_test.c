#include "tests/unit/check.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

#include <openssl/crypto.h>

#include <string.h>

static void from_hex(uint8_t *out, const char *hex)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void assert_hex(const uint8_t *data, size_t len, const char *want)
{
    char out[256];
    hex_encode(out, data, len);
    assert_string_equal(out, want);
}

static void sha256_of_abc_and_of_nothing(void **state)
{
    (void)state;
    uint8_t out[SHA256_BYTES];
    /* FIPS 180-4, example; the empty text as every implementation has it. */
    sha256_pieces(out, (struct piece[]){{"a", 1}, {"", 0}, {"bc", 2}}, 3);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(out, "", 0);
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void sha1_and_md5_of_abc(void **state)
{
    (void)state;
    uint8_t out[SHA1_BYTES];
    /* RFC 3174, 7.3; RFC 1321, A.5. */
    sha1(out, "abc", 3);
    assert_hex(out, SHA1_BYTES, "a9993e364706816aba3e25717850c26c9cd0d89d");
    md5(out, "abc", 3);
    assert_hex(out, MD5_BYTES, "900150983cd24fb0d6963f7d28e17f72");
    md5(out, "", 0);
    assert_hex(out, MD5_BYTES, "d41d8cd98f00b204e9800998ecf8427e");
}

static unsigned allocations;

static void *counted_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(size);
}

static void *counted_realloc(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, size);
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void digests_take_no_memory(void **state)
{
    (void)state;
    uint8_t out[SHA256_BYTES];
    OPENSSL_free(OPENSSL_malloc(1));
    assert_int_equal(allocations, 1); /* they are counted */
    for (int i = 0; i < 3; i++) {
        md5(out, "abc", 3);
        sha1(out, "abc", 3);
        sha256(out, "abc", 3);
    }
    assert_int_equal(allocations, 1);
}

static void hmac_gives_the_vectors_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t out[SHA256_BYTES], key[131];
    memset(key, 0x0b, 20);
    hmac_sha256(out, key, 20, "Hi There", 8);
    assert_hex(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256(out, (const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    static const char longer[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    hmac_sha256(out, key, 131, longer, sizeof longer - 1);
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void ed25519_gives_the_vector_of_rfc_8032(void **state)
{
    (void)state;
    uint8_t secret[32], key[32], signature[64];
    /* RFC 8032, 7.1, test 2. */
    from_hex(secret, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    assert_int_equal(ed25519_public(key, secret), 0);
    assert_hex(key, 32, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_int_equal(ed25519_sign(signature, secret, "\x72", 1), 0);
    assert_hex(signature, 64,
               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    assert_int_equal(ed25519_verify(signature, key, "\x72", 1), 0);
    assert_int_equal(ed25519_verify(signature, key, "\x73", 1), ERR_SIGNATURE);
    signature[5] ^= 1;
    assert_int_equal(ed25519_verify(signature, key, "\x72", 1), ERR_SIGNATURE);
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_abc_and_of_nothing),
        cmocka_unit_test(sha1_and_md5_of_abc),
        cmocka_unit_test(digests_take_no_memory),
        cmocka_unit_test(hmac_gives_the_vectors_of_rfc_4231),
        cmocka_unit_test(ed25519_gives_the_vector_of_rfc_8032),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
