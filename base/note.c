/* C2SP signed-note: parsing is strict, because a stranger's bytes are judged by it. */
#include "base/note.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#define TYPE_ED25519 1
#define DASH         "\xe2\x80\x94 " /* U+2014 EM DASH and a space begin a signature line */
#define DASH_LEN     4

/* A key name: not empty, no plus, no white space; here also only printable ASCII or UTF-8 bytes. */
static bool name_ok(const char *name, size_t len)
{
    if (len == 0 || len >= NOTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
            return false;
    return true;
}

/* key_hash: the first four bytes of SHA-256(name || "\n" || type || public key). */
static uint32_t key_hash(const char *name, const uint8_t key[ED25519_PUBLIC_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    const uint8_t head[2] = {'\n', TYPE_ED25519};
    sha256_pieces(
        digest, (struct piece[]){{name, strlen(name)}, {head, 2}, {key, ED25519_PUBLIC_BYTES}}, 3);
    return load_be32(digest);
}

/* parse_hash: exactly eight lower-case hex digits. */
static bool parse_hash(const char *s, size_t len, uint32_t *out)
{
    *out = 0;
    if (len != 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        char c = s[i];
        uint32_t v = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                            : 16;
        if (v == 16)
            return false;
        *out = *out << 4 | v;
    }
    return true;
}

/* parse_key: NAME+HASH+BASE64(type || 32 bytes). */
static int parse_key(const char *text, char name[NOTE_NAME_MAX], uint32_t *hash, uint8_t bytes[32])
{
    const char *plus = strchr(text, '+');
    const char *second = plus ? strchr(plus + 1, '+') : NULL;
    if (!second || !name_ok(text, (size_t)(plus - text)))
        return ERR_SYNTAX;
    if (!parse_hash(plus + 1, (size_t)(second - plus - 1), hash))
        return ERR_SYNTAX;
    const char *encoded = second + 1;
    size_t len = strlen(encoded);
    uint8_t raw[96];
    if (len > 128)
        return ERR_SYNTAX;
    long n = base64_decode(raw, encoded, len, false);
    if (n < 1)
        return ERR_SYNTAX;
    if (raw[0] != TYPE_ED25519)
        return ERR_KEY;
    if (n != 33)
        return ERR_SYNTAX;
    memcpy(name, text, (size_t)(plus - text));
    name[plus - text] = 0;
    memcpy(bytes, raw + 1, 32);
    return 0;
}

int note_verifier_parse(const char *text, struct note_verifier *out)
{
    *out = (struct note_verifier){0};
    int error = parse_key(text, out->name, &out->hash, out->key);
    if (error)
        return error;
    return key_hash(out->name, out->key) == out->hash ? 0 : ERR_KEY;
}

static void format_key(struct text *out, const char *name, uint32_t hash, const uint8_t bytes[32])
{
    uint8_t raw[33] = {TYPE_ED25519};
    char encoded[BASE64_ROOM(33)];
    memcpy(raw + 1, bytes, 32);
    base64_encode(encoded, raw, sizeof raw, false);
    text_printf(out, "%s+%08x+%s", name, hash, encoded);
}

void note_verifier_format(struct text *out, const struct note_verifier *v)
{
    format_key(out, v->name, v->hash, v->key);
}

int note_signer_parse(const char *text, struct note_signer *out)
{
    static const char head[] = "PRIVATE+KEY+";
    *out = (struct note_signer){0};
    if (strncmp(text, head, sizeof head - 1) != 0)
        return ERR_SYNTAX;
    uint32_t hash;
    char name[NOTE_NAME_MAX];
    int error = parse_key(text + sizeof head - 1, name, &hash, out->secret);
    if (!error)
        error = note_signer_from_seed(name, out->secret, out);
    if (error)
        return error;
    return out->verifier.hash == hash ? 0 : ERR_KEY;
}

void note_signer_format(struct text *out, const struct note_signer *s)
{
    text_puts(out, "PRIVATE+KEY+");
    format_key(out, s->verifier.name, s->verifier.hash, s->secret);
}

int note_signer_from_seed(const char *name, const uint8_t seed[ED25519_SECRET_BYTES],
                          struct note_signer *out)
{
    size_t len = strlen(name);
    if (!name_ok(name, len))
        return ERR_SYNTAX;
    memmove(out->secret, seed, ED25519_SECRET_BYTES);
    memset(out->verifier.name, 0, sizeof out->verifier.name);
    memcpy(out->verifier.name, name, len);
    int error = ed25519_public(out->verifier.key, out->secret);
    if (!error)
        out->verifier.hash = key_hash(out->verifier.name, out->verifier.key);
    return error;
}

int note_signer_generate(const char *name, struct note_signer *out)
{
    uint8_t seed[ED25519_SECRET_BYTES];
    int error = random_bytes(seed, sizeof seed);
    return error ? error : note_signer_from_seed(name, seed, out);
}

int note_signature_line(struct text *out, const char *body, size_t len,
                        const struct note_signer *signer)
{
    uint8_t raw[4 + ED25519_SIGNATURE_BYTES];
    char encoded[BASE64_ROOM(sizeof raw)];
    store_be32(raw, signer->verifier.hash);
    int error = ed25519_sign(raw + 4, signer->secret, body, len);
    if (error)
        return error;
    base64_encode(encoded, raw, sizeof raw, false);
    text_printf(out, DASH "%s %s\n", signer->verifier.name, encoded);
    return out->failed ? ERR_NOMEM : 0;
}

int note_sign(struct text *out, const char *body, size_t len, const struct note_signer *signer)
{
    if (len == 0 || body[len - 1] != '\n')
        return ERR_SYNTAX;
    text_append(out, body, len);
    text_puts(out, "\n");
    return note_signature_line(out, body, len, signer);
}

/* utf8_ok: well-formed UTF-8 without control characters other than newline. */
static bool utf8_ok(const char *text, size_t len, size_t *at)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        *at = i;
        unsigned char c = s[i];
        size_t n = c < 0x80                ? 1
                   : c >= 0xc2 && c < 0xe0 ? 2
                   : c >= 0xe0 && c < 0xf0 ? 3
                   : c >= 0xf0 && c < 0xf5 ? 4
                                           : 0;
        if (n == 0 || len - i < n || (n == 1 && (c < 0x20 || c == 0x7f) && c != '\n'))
            return false;
        for (size_t k = 1; k < n; k++)
            if ((s[i + k] & 0xc0) != 0x80)
                return false;
        if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] > 0x9f) ||
            (c == 0xf0 && s[i + 1] < 0x90) || (c == 0xf4 && s[i + 1] > 0x8f))
            return false;
        i += n;
    }
    return true;
}

/* parse_signature: one line without its newline. */
static bool parse_signature(const char *line, size_t len, struct note_signature_view *out)
{
    if (len < DASH_LEN || memcmp(line, DASH, DASH_LEN) != 0)
        return false;
    line += DASH_LEN;
    len -= DASH_LEN;
    const char *space = memchr(line, ' ', len);
    if (!space || !name_ok(line, (size_t)(space - line)))
        return false;
    size_t encoded = len - (size_t)(space + 1 - line);
    uint8_t raw[4 + sizeof out->signature + 3];
    if (encoded > (sizeof raw) / 3 * 4)
        return false;
    long n = base64_decode(raw, space + 1, encoded, false);
    if (n < 5 || (size_t)n - 4 > sizeof out->signature)
        return false;
    out->name = line;
    out->name_len = (size_t)(space - line);
    out->hash = load_be32(raw);
    out->signature_len = (size_t)n - 4;
    memcpy(out->signature, raw + 4, out->signature_len);
    return true;
}

int note_parse(const char *text, size_t len, struct note_view *out, size_t *at)
{
    *out = (struct note_view){0};
    *at = 0;
    if (!utf8_ok(text, len, at))
        return ERR_SYNTAX;
    /* The body ends at the last blank line. */
    size_t split = 0;
    for (size_t i = 1; i < len; i++)
        if (text[i] == '\n' && text[i - 1] == '\n')
            split = i;
    *at = len;
    if (split == 0 || text[len - 1] != '\n' || split + 1 == len)
        return ERR_SYNTAX;
    out->body = text;
    out->body_len = split;
    for (size_t i = split + 1; i < len;) {
        const char *end = memchr(text + i, '\n', len - i);
        *at = i;
        if (out->n == NOTE_SIGNATURES_MAX)
            return ERR_RANGE;
        if (!parse_signature(text + i, (size_t)(end - (text + i)), &out->signatures[out->n++]))
            return ERR_SYNTAX;
        i = (size_t)(end - text) + 1;
    }
    return 0;
}

int note_open(const struct note_view *note, const struct note_verifier *key, size_t *unknown)
{
    int result = ERR_NOT_FOUND;
    size_t others = 0;
    for (size_t i = 0; i < note->n; i++) {
        const struct note_signature_view *s = &note->signatures[i];
        if (s->hash != key->hash || s->name_len != strlen(key->name) ||
            memcmp(s->name, key->name, s->name_len) != 0) {
            others++;
            continue;
        }
        /* A key signs once; a second line of it is refused, good or bad. */
        if (result != ERR_NOT_FOUND || s->signature_len != ED25519_SIGNATURE_BYTES)
            result = ERR_SIGNATURE;
        else
            result = ed25519_verify(s->signature, key->key, note->body, note->body_len);
    }
    if (unknown)
        *unknown = others;
    return result;
}
