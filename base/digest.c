/* Hashes and signatures by OpenSSL 3. The digests are its low-level ones, with a context on the
 * stack: EVP of 3.0 takes memory for every digest (112 bytes for SHA-256), even with a context and
 * a digest that are kept, and twice the time for a small one (143 ns, not 71, for 100 bytes). */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/digest.h"

#include "base/error.h"

#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <stdio.h>

void sha256_pieces(uint8_t out[SHA256_BYTES], const struct piece *pieces, size_t n)
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < n; i++)
        SHA256_Update(&ctx, pieces[i].data, pieces[i].len);
    SHA256_Final(out, &ctx);
}

void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t len)
{
    sha256_pieces(out, &(struct piece){data, len}, 1);
}

void sha1(uint8_t out[SHA1_BYTES], const void *data, size_t len)
{
    SHA_CTX ctx;
    SHA1_Init(&ctx);
    SHA1_Update(&ctx, data, len);
    SHA1_Final(out, &ctx);
}

void md5(uint8_t out[MD5_BYTES], const void *data, size_t len)
{
    MD5_CTX ctx;
    MD5_Init(&ctx);
    MD5_Update(&ctx, data, len);
    MD5_Final(out, &ctx);
}

void digest_prepare_thread(void)
{
}

void hmac_sha256(uint8_t out[SHA256_BYTES], const uint8_t *key, size_t key_len, const void *data,
                 size_t len)
{
    /* RFC 2104. */
    uint8_t block[64] = {0}, inner[64], outer[64], middle[SHA256_BYTES];
    if (key_len > sizeof block)
        sha256(block, key, key_len);
    else
        for (size_t i = 0; i < key_len; i++)
            block[i] = key[i];
    for (size_t i = 0; i < sizeof block; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    sha256_pieces(middle, (struct piece[]){{inner, sizeof inner}, {data, len}}, 2);
    sha256_pieces(out, (struct piece[]){{outer, sizeof outer}, {middle, sizeof middle}}, 2);
}

int sha256_file(uint8_t out[SHA256_BYTES], const char *path)
{
    FILE *f = fopen(path, "rbe");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t block[65536];
    size_t n;
    int ok = f && ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    while (ok && (n = fread(block, 1, sizeof block, f)) > 0)
        ok = EVP_DigestUpdate(ctx, block, n);
    ok = ok && !ferror(f) && EVP_DigestFinal_ex(ctx, out, NULL);
    EVP_MD_CTX_free(ctx);
    if (f)
        fclose(f);
    return ok ? 0 : ERR_IO;
}

int ed25519_public(uint8_t out[ED25519_PUBLIC_BYTES], const uint8_t secret[ED25519_SECRET_BYTES])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_SECRET_BYTES);
    size_t len = ED25519_PUBLIC_BYTES;
    int ok = key && EVP_PKEY_get_raw_public_key(key, out, &len);
    EVP_PKEY_free(key);
    return ok ? 0 : ERR_KEY;
}

int ed25519_sign(uint8_t out[ED25519_SIGNATURE_BYTES], const uint8_t secret[ED25519_SECRET_BYTES],
                 const void *data, size_t len)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_SECRET_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t out_len = ED25519_SIGNATURE_BYTES;
    int ok = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestSign(ctx, out, &out_len, data, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok ? 0 : ERR_KEY;
}

int ed25519_verify(const uint8_t signature[ED25519_SIGNATURE_BYTES],
                   const uint8_t key_bytes[ED25519_PUBLIC_BYTES], const void *data, size_t len)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key_bytes, ED25519_PUBLIC_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestVerify(ctx, signature, ED25519_SIGNATURE_BYTES, data, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok ? 0 : ERR_SIGNATURE;
}

int random_bytes(void *out, size_t len)
{
    return RAND_bytes(out, (int)len) == 1 ? 0 : ERR_INTERNAL;
}
