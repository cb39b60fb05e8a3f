/* Hashes and signatures by OpenSSL 3. A thread keeps one hashing context and the fetched digest,
 * which makes a small hash three times as fast as the one-shot call. */
#include "base/digest.h"

#include "base/error.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct hasher {
    EVP_MD_CTX *ctx;
    EVP_MD *md;
};

static pthread_key_t hasher_key;
static pthread_once_t hasher_once = PTHREAD_ONCE_INIT;

static void hasher_free(void *p)
{
    struct hasher *h = p;
    EVP_MD_CTX_free(h->ctx);
    EVP_MD_free(h->md);
    free(h);
}

static void hasher_key_make(void)
{
    if (pthread_key_create(&hasher_key, hasher_free))
        abort();
}

/* A process that cannot make a SHA-256 context can seal nothing and must not go on. */
static struct hasher *hasher_of_thread(void)
{
    pthread_once(&hasher_once, hasher_key_make);
    struct hasher *h = pthread_getspecific(hasher_key);
    if (h)
        return h;
    h = calloc(1, sizeof *h);
    if (h) {
        h->ctx = EVP_MD_CTX_new();
        h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
    if (!h || !h->ctx || !h->md || pthread_setspecific(hasher_key, h))
        abort();
    return h;
}

void digest_prepare_thread(void)
{
    uint8_t digest[SHA256_BYTES];
    sha256(digest, "", 0);
}

void sha256_pieces(uint8_t out[SHA256_BYTES], const struct piece *pieces, size_t n)
{
    struct hasher *h = hasher_of_thread();
    int ok = EVP_DigestInit_ex2(h->ctx, h->md, NULL);
    for (size_t i = 0; i < n; i++)
        ok &= EVP_DigestUpdate(h->ctx, pieces[i].data, pieces[i].len);
    if (!(ok & EVP_DigestFinal_ex(h->ctx, out, NULL)))
        abort();
}

void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t len)
{
    struct piece piece = {data, len};
    sha256_pieces(out, &piece, 1);
}

void sha1(uint8_t out[SHA1_BYTES], const void *data, size_t len)
{
    if (!EVP_Digest(data, len, out, NULL, EVP_sha1(), NULL))
        abort();
}

void hmac_sha256(uint8_t out[SHA256_BYTES], const uint8_t *key, size_t key_len, const void *data,
                 size_t len)
{
    /* RFC 2104 over the thread's hasher. */
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
