/* The three lines of a checkpoint, written and read strictly. */
#include "ledger/checkpoint.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROOT_CHARS 44

int checkpoint_write(struct text *out, uint64_t size, const uint8_t root[SHA256_BYTES],
                     const struct note_signer *signer)
{
    struct text body = {0};
    char encoded[BASE64_ROOM(SHA256_BYTES)];
    base64_encode(encoded, root, SHA256_BYTES, false);
    text_printf(&body, "%s\n%" PRIu64 "\n%s\n", signer->verifier.name, size, encoded);
    int error = body.failed ? ERR_NOMEM : note_sign(out, body.data, body.len, signer);
    text_free(&body);
    return error;
}

/* parse_size: decimal, no sign, no leading zero. */
static bool parse_size(const char *s, size_t len, uint64_t *out)
{
    char number[24];
    if (len == 0 || len >= sizeof number || (s[0] == '0' && len > 1))
        return false;
    memcpy(number, s, len);
    number[len] = 0;
    return text_u64(number, INT64_MAX, out) == 0;
}

int checkpoint_parse(const char *body, size_t len, struct checkpoint *out, size_t *at)
{
    const char *line[3] = {0};
    size_t length[3] = {0}, n = 0;
    *out = (struct checkpoint){0};
    for (size_t i = 0; i < len;) {
        const char *end = memchr(body + i, '\n', len - i);
        *at = i;
        if (!end || n == 3)
            return ERR_SYNTAX;
        line[n] = body + i;
        length[n++] = (size_t)(end - (body + i));
        i = (size_t)(end - body) + 1;
    }
    *at = len;
    if (n != 3)
        return ERR_SYNTAX;
    *at = 0;
    if (length[0] == 0 || length[0] >= sizeof out->origin || memchr(line[0], 0, length[0]))
        return ERR_SYNTAX;
    memcpy(out->origin, line[0], length[0]);
    *at = (size_t)(line[1] - body);
    if (!parse_size(line[1], length[1], &out->size))
        return ERR_SYNTAX;
    *at = (size_t)(line[2] - body);
    uint8_t root[ROOT_CHARS * 3 / 4];
    if (length[2] != ROOT_CHARS || base64_decode(root, line[2], length[2], false) != SHA256_BYTES)
        return ERR_SYNTAX;
    memcpy(out->root, root, SHA256_BYTES);
    return 0;
}
