/* C2SP signed-note (c2sp.org/signed-note): a text, a blank line, and signature lines
 * "— NAME BASE64(4-byte key id || signature)". Keys: verifier NAME+HASH+BASE64(type || public key),
 * signer PRIVATE+KEY+NAME+HASH+BASE64(type || seed). Type 1 is Ed25519. Base64 is read strictly.
 */
#ifndef BASE_NOTE_H
#define BASE_NOTE_H

#include "base/digest.h"
#include "base/text.h"

#include <stdbool.h>

#define NOTE_NAME_MAX 200

struct note_verifier {
    char name[NOTE_NAME_MAX];
    uint32_t hash;
    uint8_t key[ED25519_PUBLIC_BYTES];
};

struct note_signer {
    struct note_verifier verifier;
    uint8_t secret[ED25519_SECRET_BYTES];
};

/* note_verifier_parse: 0, ERR_SYNTAX (form), ERR_KEY (the hash does not fit name and key, or
 * unknown type). */
int note_verifier_parse(const char *text, struct note_verifier *out);
void note_verifier_format(struct text *out, const struct note_verifier *v);
int note_signer_parse(const char *text, struct note_signer *out);
void note_signer_format(struct text *out, const struct note_signer *s);
/* note_signer_generate: a new random key; note_signer_from_seed: the key of a given seed. */
int note_signer_generate(const char *name, struct note_signer *out);
int note_signer_from_seed(const char *name, const uint8_t seed[ED25519_SECRET_BYTES],
                          struct note_signer *out);

/* note_sign: append the signed note of body (ends in a newline) to out. */
int note_sign(struct text *out, const char *body, size_t len, const struct note_signer *signer);
/* note_signature_line: append one signature line over body. */
int note_signature_line(struct text *out, const char *body, size_t len,
                        const struct note_signer *signer);

struct note_signature_view {
    const char *name;
    size_t name_len;
    uint32_t hash;
    uint8_t signature[128];
    size_t signature_len;
};
#define NOTE_SIGNATURES_MAX 16
struct note_view {
    const char *body; /* with its last newline */
    size_t body_len;
    struct note_signature_view signatures[NOTE_SIGNATURES_MAX];
    size_t n;
};
/* note_parse: the form only; ERR_SYNTAX with the offset of the fault in *at. Views point into text.
 */
int note_parse(const char *text, size_t len, struct note_view *out, size_t *at);
/* note_open: 0 when a signature of the key is there and verifies; ERR_NOT_FOUND when none of that
 * name and hash is there (*unknown counts lines of other keys, which are to be ignored);
 * ERR_SIGNATURE. */
int note_open(const struct note_view *note, const struct note_verifier *key, size_t *unknown);

#endif
