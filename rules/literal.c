/* Choosing the literal of a rule: of its contents the one whose rarest piece is the rarest.
 *
 * How rare four bytes are is known from traffic, as far as they are common (common_pieces.inc, by
 * bench/common_pieces.c); a longer piece is as rare as the rarest four bytes of it, a shorter one
 * as its bytes. A content whose place is known counts as rarer, for it is only found there; so does
 * the one that the rule names as fast_pattern, whose author knows what is rare where it stands; one
 * in a part that has few values is never rare. Of a rule that looks into parts of messages it is a
 * content of a part. Longer pieces than eight bytes take Hyperscan's slower path; what is looked up
 * at its place is four bytes, two, or one.
 */
#include "rules/set_parts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* In bits: what makes a content the better choice. */
#define PLACE_BITS  8  /* its place is known */
#define START_BITS  3  /* it is near the start */
#define NAMED_BITS  4  /* the rule names it */
#define WORD_BITS   6  /* at most, of a part that has few values */
#define SHORT_BITS  12 /* at most, of fewer than four bytes */
#define RARE_BITS   20 /* of four bytes that are not common */
#define COMMON_BITS 7  /* what is more common is not looked for: asking each time is cheaper */
#define PORTS_BITS  13 /* likewise, where few ports are asked for: these find the rule */
#define ENOUGH_BITS \
    12 /* as rare as this the first bytes are looked up, not rarer ones behind them */

static const struct {
    uint32_t piece;
    uint8_t bits;
} common[] = {
#define P(piece, bits) {piece, bits},
#include "rules/common_pieces.inc"
#undef P
};
#define COMMON_N (sizeof common / sizeof common[0])

/* bits_of_four: of four bytes, letters in either case. */
static unsigned bits_of_four(const uint8_t *bytes)
{
    uint32_t piece = (uint32_t)literal_probe_key(bytes, 4);
    size_t low = 0, end = COMMON_N;
    while (low < end) {
        size_t middle = low + (end - low) / 2;
        if (common[middle].piece == piece)
            return common[middle].bits;
        if (common[middle].piece < piece)
            low = middle + 1;
        else
            end = middle;
    }
    return RARE_BITS;
}

/* bits_of_byte: zero and 0xff bytes and blanks are common, then lower case letters by their
 * frequency in text, digits, the punctuation of URLs. */
static unsigned bits_of_byte(uint8_t byte)
{
    if (byte == 0)
        return 2;
    if (byte == 0xff || byte == 0x20)
        return 5;
    if (islower(byte))
        return strchr("etaoinsr", byte) ? 4 : strchr("jqxz", byte) ? 8 : 6;
    if (isupper(byte))
        return 8;
    if (isdigit(byte))
        return byte == '0' || byte == '1' ? 6 : 7;
    if (byte == '\r' || byte == '\n' || strchr("/.:=-&%;\"", byte))
        return 6;
    return byte == 1 ? 6 : 11;
}

/* rarity: in eighths of a bit: of the rarest four bytes; where these are alike all of them decide,
 * and a little what the bytes are by themselves. */
static unsigned rarity(const uint8_t *bytes, unsigned len, bool nocase)
{
    unsigned sum = 0, best = 0, all = 0, fours = len < 4 ? 0 : len - 3;
    for (unsigned i = 0; i < len; i++)
        sum += bits_of_byte(bytes[i]) - (nocase && isalpha(bytes[i]));
    if (len == 1) /* it is in most data */
        return 8 * (COMMON_BITS - 1);
    if (len < 4)
        return 8 * (sum < SHORT_BITS ? sum : SHORT_BITS) + sum;
    for (unsigned i = 0; i < fours; i++) {
        unsigned bits = bits_of_four(bytes + i);
        best = bits > best ? bits : best;
        all += bits;
    }
    return 8 * best + 4 * all / fours + sum / 4;
}

/* What could be looked for. */
struct choice {
    struct literal literal;
    const struct content *content;
    unsigned rarity, /* with what makes it the better choice */
        bits;        /* of the literal by itself, in eighths */
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
    unsigned value = rarity(c->bytes + at, len, nocase);
    if (value <= best->rarity)
        return;
    *best = (struct choice){
        .literal = {.len = (uint8_t)len, .nocase = nocase, .section = c->section, .at = at},
        .content = c,
        .rarity = value,
        .bits = value};
    memcpy(best->literal.bytes, c->bytes + at, len);
}

/* piece_to_probe: of a content at a known place. Parts of messages begin alike, so there it is what
 * stands last; places are kept few. */
static struct choice piece_to_probe(const struct content *c, uint32_t begin)
{
    unsigned len = c->len >= 8 ? 8 : c->len >= 4 ? 4 : c->len >= 2 ? 2 : 1;
    struct choice best = {.content = NULL};
    if (c->section)
        try_piece(c, (c->len - len) / 4 * 4, len, &best);
    for (unsigned at = 0; at + len <= c->len && best.rarity < 8 * ENOUGH_BITS; at++)
        try_piece(c, at, len, &best);
    best.literal.at += begin;
    best.literal.end = best.literal.at + len;
    return best;
}

/* without_tail: the length of a piece without what it repeats at its end: with one that ends in the
 * same byte three times Hyperscan takes a hundred times as long to compile a set. */
static unsigned without_tail(const uint8_t *bytes, unsigned len)
{
    while (len > 4 && bytes[len - 1] == bytes[len - 2] && bytes[len - 1] == bytes[len - 3])
        len--;
    return len;
}

/* piece_to_scan: of the part of a content that may be chosen. */
static struct choice piece_to_scan(const struct content *c)
{
    unsigned from = c->fast_at, len = c->fast_len ? c->fast_len : c->len;
    unsigned piece = len < LITERAL_BYTES ? len : LITERAL_BYTES;
    struct choice best = {.content = NULL};
    for (unsigned at = from; at + piece <= from + len; at++)
        try_piece(c, at, without_tail(c->bytes + at, piece), &best);
    best.literal.at = LITERAL_ANYWHERE;
    best.literal.end = UINT32_MAX;
    return best;
}

#define FEW_VALUES                                                                 \
    (UINT64_C(1) << PART_HTTP_METHOD | UINT64_C(1) << PART_HTTP_PROTOCOL |         \
     UINT64_C(1) << PART_HTTP_STAT_CODE | UINT64_C(1) << PART_HTTP_STAT_MSG |      \
     UINT64_C(1) << PART_HTTP_CONNECTION | UINT64_C(1) << PART_HTTP_CONTENT_TYPE | \
     UINT64_C(1) << PART_TLS_VERSION | UINT64_C(1) << PART_SSH_PROTO)

/* How parts often begin: what is no more than that tells them from few others. */
static const struct {
    uint64_t parts;
    const char *text;
} beginnings[] = {
    {UINT64_C(1) << PART_HTTP_USER_AGENT, "mozilla/5.0 (windows nt "},
    {UINT64_C(1) << PART_HTTP_USER_AGENT, "mozilla/4.0 (compatible; msie "},
    {UINT64_C(1) << PART_HTTP_REQUEST_LINE | UINT64_C(1) << PART_HTTP_START, "get /"},
    {UINT64_C(1) << PART_HTTP_REQUEST_LINE | UINT64_C(1) << PART_HTTP_START, "post /"},
    {UINT64_C(1) << PART_HTTP_RESPONSE_LINE | UINT64_C(1) << PART_HTTP_START, "http/1.1 200 ok"},
    {UINT64_C(1) << PART_HTTP_HEADER_NAMES, "\r\nhost\r\n"},
    {UINT64_C(1) << PART_HTTP_HEADER | UINT64_C(1) << PART_HTTP_HEADER_RAW, "host: "},
    {UINT64_C(1) << PART_HTTP_ACCEPT, "*/*"},
    {UINT64_C(1) << PART_HTTP_ACCEPT_ENC, "gzip, deflate"},
    {UINT64_C(1) << PART_HTTP_ACCEPT_LANG, "en-us"},
    {UINT64_C(1) << PART_HTTP_HOST | UINT64_C(1) << PART_HTTP_HOST_RAW, "www."},
    {UINT64_C(1) << PART_HTTP_URI | UINT64_C(1) << PART_HTTP_URI_RAW, "/"},
};

static bool begins_often(const struct content *c, const struct part_view *view)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (view->parts & beginnings[i].parts &&
            strncasecmp((const char *)c->bytes, beginnings[i].text, c->len) == 0)
            return true;
    return false;
}

static struct choice choice_of(const struct signature *s, const struct content *c)
{
    const struct part_view *view = s->sections[c->section].view;
    uint32_t begin = 0, end = 0;
    bool placed = span_of(c, &begin, &end);
    struct choice choice =
        placed && end - begin == c->len ? piece_to_probe(c, begin) : piece_to_scan(c);
    if (choice.literal.at != LITERAL_ANYWHERE) {
        choice.rarity += 8 * PLACE_BITS;
    } else if (placed && end <= SCAN_START_BYTES) {
        choice.literal.end = end;
        choice.rarity += 8 * START_BITS;
    }
    choice.rarity += c->flags & CONTENT_FAST ? 8 * NAMED_BITS : 0;
    bool few = view && (view->parts & FEW_VALUES || (placed && !begin && begins_often(c, view)));
    if (few && choice.rarity > 8 * WORD_BITS)
        choice.rarity = 8 * WORD_BITS;
    return choice;
}

/* choose: of the contents that may be chosen. */
static struct choice choose(const struct signature *s)
{
    struct choice best = {.literal = {.at = LITERAL_ANYWHERE, .end = UINT32_MAX}};
    bool has_parts = signature_has_parts(s);
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        bool of_part = c->section && s->sections[c->section].view->parts;
        if (c->kind != STEP_CONTENT || c->flags & CONTENT_NEGATED ||
            (has_parts ? !of_part : c->section != 0))
            continue;
        struct choice choice = choice_of(s, c);
        if (choice.rarity > best.rarity)
            best = choice;
    }
    return best;
}

/* found_otherwise: is the best there is too common to be looked for? */
static bool found_otherwise(const struct signature *s, const struct choice *best)
{
    bool placed = best->literal.at != LITERAL_ANYWHERE,
         few = s->views != VIEW_MESSAGE && !placed &&
               (signature_asks_few(s, s->source_port) || signature_asks_few(s, s->target_port));
    unsigned bits = best->bits + (placed ? 8 * PLACE_BITS : 0);
    return bits < 8 * (few ? PORTS_BITS : COMMON_BITS);
}

void literal_choose(struct signature *s)
{
    struct choice best = choose(s);
    unsigned positive = 0;
    for (unsigned i = 0; i < s->n_contents; i++)
        positive += !(s->contents[i].flags & CONTENT_NEGATED) && s->contents[i].kind != STEP_SIZE;
    if (found_otherwise(s, &best))
        best = (struct choice){.literal = {.at = LITERAL_ANYWHERE, .end = UINT32_MAX}};
    s->literal = best.literal;
    s->grows = positive > 1 || (best.content && best.literal.len < best.content->len);
}
