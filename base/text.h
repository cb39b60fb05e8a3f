/* A growing text, and the encodings the formats need.
 *
 * struct text owns its bytes and keeps a NUL behind them. An append that runs out of memory sets
 * `failed` and leaves the text as it was; ask once at the end.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data; /* NULL while empty */
    size_t len, cap;
    bool failed;
};

void text_free(struct text *t);
void text_clear(struct text *t);
void text_append(struct text *t, const void *data, size_t len);
void text_puts(struct text *t, const char *s);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* text_str: the content as a string, "" while empty; valid until the next change. */
const char *text_str(const struct text *t);

/* Lower case hex; out has room for 2 * len + 1. */
void hex_encode(char *out, const uint8_t *data, size_t len);

/* RFC 4648 base64. `url` picks the URL alphabet without padding, else the standard one with it.
 * out has room for BASE64_ROOM(len). Returns the length without the NUL. */
#define BASE64_ROOM(len) (((len) + 2) / 3 * 4 + 1)
size_t base64_encode(char *out, const uint8_t *data, size_t len, bool url);
/* base64_decode: strict: canonical trailing bits, right padding, no blanks. out has room for len *
 * 3 / 4. Returns the decoded length or ERR_SYNTAX. */
long base64_decode(uint8_t *out, const char *text, size_t len, bool url);

/* base32_lower: RFC 4648 base32 without padding, in lower case; out has room for (len * 8 + 4) / 5
 * + 1. */
size_t base32_lower(char *out, const uint8_t *data, size_t len);

/* text_u64: a whole string of decimal digits as a number no larger than max; 0 or ERR_SYNTAX,
 * ERR_RANGE. */
int text_u64(const char *s, uint64_t max, uint64_t *out);

#endif
