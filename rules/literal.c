/* Choosing the literal of a rule: of its contents the one whose rarest piece is the rarest.
 *
 * A content whose place is known counts as rarer, for it is only found there; so does the one that
 * the rule names as fast_pattern; one in a part that has few values is never rare. Of a rule that
 * looks into parts of messages it is a content of a part. Longer
 * pieces than eight bytes take Hyperscan's slower path; what is looked up at its place is four
 * bytes, two, or one. Rarity is estimated from what is common in network payloads: zero and 0xff
 * bytes, blanks, lower case letters by their frequency in text, digits, punctuation of URLs.
 */
#include "rules/set_parts.h"

#include <ctype.h>
#include <string.h>

/* In bits, as rarity is: what makes a content the better choice. */
#define PLACE_BITS 18 /* its place is known */
#define START_BITS 5  /* it is near the start */
#define NAMED_BITS 10 /* the rule names it */
#define WORD_BITS  6  /* at most, of a part that has few values */
#define PIECE_BITS \
    12 /* as rare as this the first bytes are looked up, not rarer ones behind them */

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

/* What could be looked for. */
struct choice {
    struct literal literal;
    uint32_t at, end; /* as literal_at and literal_end */
    unsigned bits;
};

/* span_of: where the content may begin, and where it ends at the latest, from the start of the
 * data; false when that is not known. */
static bool span_of(const struct content *c, uint32_t *begin, uint32_t *end)
{
    const uint32_t variable = CONTENT_OFFSET_VARIABLE | CONTENT_DEPTH_VARIABLE |
                              CONTENT_DISTANCE_VARIABLE | CONTENT_WITHIN_VARIABLE;
    bool relative = c->flags & CONTENT_RELATIVE;
    int64_t from = relative ? c->distance : c->offset, room = -1;
    if (c->flags & variable || (relative && !(c->flags & CONTENT_HEAD)) || from < 0)
        return false;
    if (c->flags & CONTENT_WITHIN)
        room = c->within;
    else if (c->flags & CONTENT_DEPTH)
        room = c->depth;
    else if (c->flags & CONTENT_STARTSWITH)
        room = c->len;
    *begin = (uint32_t)from;
    *end = (uint32_t)(from + room);
    return room >= c->len && from + room < INT32_MAX;
}

/* try_piece: the len bytes of the content at `at`. */
static void try_piece(const struct content *c, unsigned at, unsigned len, struct choice *best)
{
    bool nocase = c->flags & CONTENT_NOCASE;
    unsigned bits = rarity(c->bytes + at, len, nocase);
    if (bits <= best->bits)
        return;
    *best =
        (struct choice){.literal = {.len = (uint8_t)len, .nocase = nocase}, .at = at, .bits = bits};
    memcpy(best->literal.bytes, c->bytes + at, len);
}

/* piece_to_probe: of a content at a known place. */
static struct choice piece_to_probe(const struct content *c, uint32_t begin)
{
    unsigned len = c->len >= 4 ? 4 : c->len >= 2 ? 2 : 1;
    struct choice best = {0};
    for (unsigned at = 0; at + len <= c->len && best.bits < PIECE_BITS; at++)
        try_piece(c, at, len, &best);
    best.at += begin;
    best.end = best.at + len;
    return best;
}

/* piece_to_scan: of the part of a content that may be chosen. */
static struct choice piece_to_scan(const struct content *c)
{
    unsigned from = c->fast_at, len = c->fast_len ? c->fast_len : c->len;
    unsigned piece = len < LITERAL_BYTES ? len : LITERAL_BYTES;
    struct choice best = {0};
    for (unsigned at = from; at + piece <= from + len; at++)
        try_piece(c, at, piece, &best);
    best.at = LITERAL_ANYWHERE;
    best.end = UINT32_MAX;
    return best;
}

#define FEW_VALUES                                                                 \
    (UINT64_C(1) << PART_HTTP_METHOD | UINT64_C(1) << PART_HTTP_PROTOCOL |         \
     UINT64_C(1) << PART_HTTP_STAT_CODE | UINT64_C(1) << PART_HTTP_STAT_MSG |      \
     UINT64_C(1) << PART_HTTP_CONNECTION | UINT64_C(1) << PART_HTTP_CONTENT_TYPE | \
     UINT64_C(1) << PART_TLS_VERSION | UINT64_C(1) << PART_SSH_PROTO)

static struct choice choice_of(const struct signature *s, const struct content *c)
{
    const struct part_view *view = s->sections[c->section].view;
    uint32_t begin, end;
    bool placed = span_of(c, &begin, &end);
    struct choice choice =
        placed && end - begin == c->len ? piece_to_probe(c, begin) : piece_to_scan(c);
    if (choice.at != LITERAL_ANYWHERE) {
        choice.bits += PLACE_BITS;
    } else if (placed && end <= SCAN_START_BYTES) {
        choice.end = end;
        choice.bits += START_BITS;
    }
    choice.bits += c->flags & CONTENT_FAST ? NAMED_BITS : 0;
    if (view && view->parts & FEW_VALUES && choice.bits > WORD_BITS)
        choice.bits = WORD_BITS;
    return choice;
}

void literal_choose(struct signature *s)
{
    unsigned best = 0, positive = 0;
    const struct content *chosen = NULL;
    s->literal_at = LITERAL_ANYWHERE;
    s->literal_end = UINT32_MAX;
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        if (c->flags & CONTENT_NEGATED || c->kind == STEP_SIZE)
            continue;
        positive++;
        if (c->kind != STEP_CONTENT || (s->n_sections > 1 && c->section == 0))
            continue;
        struct choice choice = choice_of(s, c);
        if (choice.bits <= best)
            continue;
        best = choice.bits;
        chosen = c;
        s->literal = choice.literal;
        s->literal_at = choice.at;
        s->literal_end = choice.end;
        s->literal_section = c->section;
    }
    s->grows = positive > 1 || (chosen && s->literal.len < chosen->len);
}
