/* Choosing the literal of a rule: the content it names as fast_pattern, else the one whose rarest
 * piece is the rarest; of that, the rarest piece of at most eight bytes.
 *
 * Of a rule that looks into parts of messages it is a content of a part. Longer pieces take
 * Hyperscan's slower path. Rarity is estimated from what is common in network payloads: zero and
 * 0xff bytes, blanks, lower case letters by their frequency in text, digits, punctuation of URLs.
 */
#include "rules/signature.h"

#include <ctype.h>
#include <string.h>

/* commonness: about -log2 of the frequency, turned round: larger is more common. */
static unsigned commonness(uint8_t byte)
{
    if (byte == 0)
        return 12;
    if (byte == 0xff || byte == 0x20)
        return 9;
    if (islower(byte))
        return strchr("etaoinsr", byte) ? 10 : strchr("jqxz", byte) ? 6 : 8;
    if (isupper(byte))
        return 6;
    if (isdigit(byte))
        return byte == '0' || byte == '1' ? 8 : 7;
    if (byte == '\r' || byte == '\n' || strchr("/.:=-&%;\"", byte))
        return 8;
    return byte == 1 ? 8 : 3;
}

/* rarity: bits that a piece of the content gives; a caseless letter gives one less. */
static unsigned rarity(const uint8_t *bytes, unsigned len, bool nocase)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < len; i++)
        sum += 14 - commonness(bytes[i]) - (nocase && isalpha(bytes[i]));
    return sum;
}

/* rarest_piece: of the part of a content that may be chosen; its rarity, never 0. */
static unsigned rarest_piece(const struct content *c, struct literal *out)
{
    unsigned from = c->fast_at, len = c->fast_len ? c->fast_len : c->len, best = 0;
    bool nocase = c->flags & CONTENT_NOCASE;
    unsigned piece = len < LITERAL_BYTES ? len : LITERAL_BYTES;
    for (unsigned at = from; at + piece <= from + len; at++) {
        unsigned value = rarity(c->bytes + at, piece, nocase);
        if (value <= best)
            continue;
        best = value;
        memset(out, 0, sizeof *out);
        out->len = (uint8_t)piece;
        out->nocase = nocase;
        memcpy(out->bytes, c->bytes + at, piece);
    }
    return best;
}

void literal_choose(struct signature *s)
{
    unsigned best = 0, positive = 0;
    const struct content *chosen = NULL;
    bool has_parts = signature_has_parts(s);
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        struct literal piece;
        if (c->flags & CONTENT_NEGATED || c->kind == STEP_SIZE)
            continue;
        positive++;
        bool of_part = c->section && s->sections[c->section].view->parts;
        if (c->kind != STEP_CONTENT || (has_parts ? !of_part : c->section != 0))
            continue;
        unsigned value = rarest_piece(c, &piece);
        if (c->flags & CONTENT_FAST)
            value = UINT32_MAX;
        if (value > best) {
            best = value;
            s->literal = piece;
            s->literal_section = c->section;
            chosen = c;
        }
    }
    s->grows = positive > 1 || (chosen && s->literal.len < chosen->len);
}
