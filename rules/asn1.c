/* asn1: lengths in BER that once overflowed what decoders had room for. Suricata's documentation,
 * "Payload Keywords", asn1; ITU-T X.690, 8.1.
 *
 * Values are walked with a stack of their ends, so the depth of what comes from outside is bounded
 * and nothing is looked at twice.
 */
#include "rules/asn1.h"

#include "base/error.h"
#include "rules/keyword.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX  256 /* Suricata's asn1-max-frames, as its configuration has it */
#define VALUES_MAX 256 /* one behind the other */
#define DOUBLE_MAX 256

/* One value: its identifier and length. */
struct head {
    unsigned class, number;
    bool constructed, indefinite;
    size_t len, size; /* of the contents; of this */
};
enum { UNIVERSAL_BITSTRING = 3, UNIVERSAL_REAL = 9, UNIVERSAL_SEQUENCE = 16, UNIVERSAL_SET = 17 };

/* read_head: false where there is none, or more contents than data. */
static bool read_head(const uint8_t *data, size_t n, struct head *h)
{
    size_t at = 1;
    if (n < 2)
        return false;
    *h = (struct head){.class = data[0] >> 6, .number = data[0] & 31, .constructed = data[0] & 32};
    if (h->number == 31) {
        h->number = 0;
        do {
            if (at == n || at > 5)
                return false;
            h->number = h->number << 7 | (data[at] & 127u);
        } while (data[at++] & 128);
    }
    if (at == n)
        return false;
    size_t bytes = data[at] & 128 ? data[at] & 127u : 0;
    h->len = data[at] & 128 ? 0 : data[at];
    h->indefinite = data[at++] == 128;
    if (bytes > 8 || bytes > n - at)
        return false;
    for (size_t i = 0; i < bytes; i++)
        h->len = h->len << 8 | data[at++];
    h->size = at;
    return h->len <= n - at;
}

static bool all_of(const uint8_t *data, size_t n, bool (*is)(uint8_t))
{
    for (size_t i = 0; i < n; i++)
        if (!is(data[i]))
            return false;
    return true;
}

static bool is_digit(uint8_t c)
{
    return isdigit(c) || c == ' ';
}
static bool is_printable(uint8_t c) /* X.680, 41.4 */
{
    return (c < 128 && isalnum(c)) || (c && strchr(" '()+,-./:=?", c));
}
static bool is_ascii(uint8_t c)
{
    return c < 128;
}
static bool is_visible(uint8_t c)
{
    return c >= 32 && c < 127;
}

/* is_valid: contents that are none of their type end the walk, as in Suricata. */
static bool is_valid(const struct head *h, const uint8_t *contents)
{
    if (h->indefinite) /* Suricata finds its end; that is not in this build */
        return false;
    if (h->class != 0)
        return true;
    switch (h->number) {
    case 10: /* ENUMERATED */
        return h->len <= 8 && !h->constructed;
    case 1: /* BOOLEAN */
        return h->len == 1 && !h->constructed;
    case UNIVERSAL_BITSTRING:
        return h->len != 0 && !h->constructed;
    case 2: /* INTEGER */
    case 5: /* NULL */
    case 6: /* OBJECT IDENTIFIER */
        return !h->constructed;
    case UNIVERSAL_SEQUENCE:
    case UNIVERSAL_SET:
        return h->constructed;
    case 18:
        return all_of(contents, h->len, is_digit);
    case 19:
        return all_of(contents, h->len, is_printable);
    case 22:
        return all_of(contents, h->len, is_ascii);
    case 26:
        return all_of(contents, h->len, is_visible);
    default:
        return true;
    }
}

static bool value_holds(const struct byte_step *ask, const struct head *h, const uint8_t *contents)
{
    bool primitive = h->class == 0 && !h->constructed;
    if (ask->op & ASN1_OVERSIZE && h->len > ask->value)
        return true;
    if (ask->op & ASN1_BITSTRING && primitive && h->number == UNIVERSAL_BITSTRING && h->len &&
        contents[0] > h->len * 8)
        return true;
    return ask->op & ASN1_DOUBLE && primitive && h->number == UNIVERSAL_REAL &&
           h->len > DOUBLE_MAX && (contents[0] & 0xc0) == 0;
}

/* walk: the value that begins at `at` and those in it; ask NULL: whether all of them are valid,
 * else whether for one of them what is asked for holds. *at is behind it. */
static bool walk(const struct byte_step *ask, const uint8_t *data, size_t len, size_t *at)
{
    size_t ends[DEPTH_MAX];
    unsigned depth = 0;
    do {
        struct head h;
        if (!read_head(data + *at, (depth ? ends[depth - 1] : len) - *at, &h))
            return false;
        *at += h.size;
        if (ask ? value_holds(ask, &h, data + *at) : !is_valid(&h, data + *at))
            return ask != NULL;
        bool holds_others =
            h.class == 0 && (h.number == UNIVERSAL_SEQUENCE || h.number == UNIVERSAL_SET);
        if (holds_others && depth == DEPTH_MAX)
            return false;
        if (holds_others)
            ends[depth++] = *at + h.len;
        else
            *at += h.len;
        while (depth && *at == ends[depth - 1])
            depth--;
    } while (depth);
    return !ask;
}

bool asn1_holds(const struct byte_step *ask, const uint8_t *data, size_t len)
{
    for (size_t at = 0, values = 0; at < len; values++) {
        size_t end = at;
        if (values == VALUES_MAX || !walk(NULL, data, len, &end))
            return false;
        if (walk(ask, data, len, &at))
            return true;
        at = end;
    }
    return false;
}

static int read_word(struct rule_reader *r, const struct value *part, struct content *c,
                     struct byte_step *b, bool *placed)
{
    struct value argument = *part, name;
    uint64_t number = 0;
    int64_t place = 0;
    int error = 0;
    value_next(&argument, ' ', &name);
    argument = argument.text ? value_trimmed(argument) : (struct value){name.text, 0, name.at};
    bool absolute = value_is(&name, "absolute_offset"),
         relative = value_is(&name, "relative_offset"),
         oversize = value_is(&name, "oversize_length");
    if (value_is(&name, "bitstring_overflow"))
        b->op |= ASN1_BITSTRING;
    else if (value_is(&name, "double_overflow"))
        b->op |= ASN1_DOUBLE;
    else if (!absolute && !relative && !oversize)
        return value_fault(r, part, "no word that belongs here");
    if ((absolute || relative || oversize) != (argument.len != 0))
        return value_fault(r, part,
                           argument.len ? "nothing may follow here" : "a number is missing");
    if (oversize) {
        error = value_number(r, &argument, 0, UINT32_MAX, &number);
        b->value = number;
        b->op |= ASN1_OVERSIZE;
    }
    if (absolute || relative) {
        if (*placed)
            return value_fault(r, part, "one offset is enough");
        error = value_signed(r, &argument, UINT16_MAX, &place);
        if (!error && absolute && place < 0)
            return value_fault(r, &argument, "an absolute offset counts forward");
        b->offset = (int32_t)place;
        c->flags |= relative ? CONTENT_DISTANCE : 0;
        *placed = true;
    }
    return error;
}

int step_asn1(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct byte_step *b = arena_alloc(r->ctx->arena, sizeof *b);
    int error = rule_view(r, v->at, VIEW_PACKET);
    struct content *c = b && !error ? step_add(r, v, STEP_ASN1) : NULL;
    struct value rest = *v, part;
    bool placed = false;
    (void)arg;
    if (!c)
        return ERR_SCHEMA;
    c->number = b;
    c->section = 0; /* of the packet, whatever is before it */
    while (value_next(&rest, ',', &part)) {
        error = read_word(r, &part, c, b, &placed);
        if (error)
            return error;
    }
    return b->op ? 0 : value_fault(r, v, "asn1 asks for one of its three overflows");
}
