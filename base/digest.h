/* SHA-256, SHA-1, MD5, HMAC-SHA-256, Ed25519 and random bytes, by OpenSSL. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES            32
#define SHA1_BYTES              20
#define MD5_BYTES               16
#define ED25519_SECRET_BYTES    32
#define ED25519_PUBLIC_BYTES    32
#define ED25519_SIGNATURE_BYTES 64

struct piece {
    const void *data;
    size_t len;
};

/* digest_prepare_thread: nothing, since no digest takes memory. */
void digest_prepare_thread(void);
/* sha256_pieces: of n pieces, one behind the other. */
void sha256_pieces(uint8_t out[SHA256_BYTES], const struct piece *pieces, size_t n);
void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t len);
/* sha1, md5: for formats that name things by them; they prove nothing. */
void sha1(uint8_t out[SHA1_BYTES], const void *data, size_t len);
void md5(uint8_t out[MD5_BYTES], const void *data, size_t len);
void hmac_sha256(uint8_t out[SHA256_BYTES], const uint8_t *key, size_t key_len, const void *data,
                 size_t len);
/* sha256_file: digest of a file's bytes; 0 or ERR_IO. */
int sha256_file(uint8_t out[SHA256_BYTES], const char *path);

/* RFC 8032. A secret is the 32-byte seed. */
int ed25519_public(uint8_t out[ED25519_PUBLIC_BYTES], const uint8_t secret[ED25519_SECRET_BYTES]);
int ed25519_sign(uint8_t out[ED25519_SIGNATURE_BYTES], const uint8_t secret[ED25519_SECRET_BYTES],
                 const void *data, size_t len);
/* ed25519_verify: 0 or ERR_SIGNATURE. */
int ed25519_verify(const uint8_t signature[ED25519_SIGNATURE_BYTES],
                   const uint8_t key[ED25519_PUBLIC_BYTES], const void *data, size_t len);
int random_bytes(void *out, size_t len);

#endif
