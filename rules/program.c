/* Confirming a rule: header first, then what it asks of the bytes, as Suricata defines it.
 *
 * Steps that are relative to each other are a chain, searched with backtracking: when what follows
 * a place does not hold, the next place is tried, if that can help (CONTENT_RETRY), else the rule
 * does not hold. Places of contents are tried in ascending order, so what is behind them is asked
 * from ascending places too, and a place that failed once need not be tried again: `tried` only
 * moves forward, and a chain costs at most one walk over the data a content, whatever the data is.
 * With a jump, an expression or a variable in the rule that does not hold; then a budget bounds the
 * work.
 *
 * A match must end in the new bytes: once each chain holds somewhere, one of the steps must also
 * read there, the others as before. A rule without a step that finds something is asked once, where
 * the stream begins.
 */
#include "rules/asn1.h"
#include "rules/base64.h"
#include "rules/conditions.h"
#include "rules/find.h"
#include "rules/matcher.h"
#include "rules/message_views.h"
#include "rules/trace.h"

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_CONTENT UINT32_MAX
#define STEPS_MAX  3000 /* of a rule whose places are not ascending, on one input */
#define STEP_BYTES 256  /* decoding so many costs a step */

/* As in Suricata's default configuration. */
#define MATCH_LIMIT 3500
#define DEPTH_LIMIT 1500
#define STACK_BYTES (256 * 1024)

struct search {
    const struct signature *sig;
    unsigned section; /* whose steps are asked, of these bytes */
    const struct match_bytes *in;
    struct confirm_room *room;
    unsigned fresh;              /* the step that must read in the new bytes; NO_CONTENT: none */
    unsigned steps;              /* made so far, when places are not ascending */
    bool over;                   /* it cannot hold, no other place helps */
    bool beyond;                 /* what did not hold may when more of the data comes */
    int64_t tried[CONTENTS_MAX]; /* no place before this needs a try; set when a chain begins */
    uint64_t variables[VARIABLES_MAX];
};

/* search_begin: most rules fail early, so no more is set than they need. */
static void search_begin(struct search *s, const struct signature *sig, unsigned section,
                         const struct match_bytes *in, struct confirm_room *room)
{
    s->sig = sig;
    s->section = section;
    s->in = in;
    s->room = room;
    s->fresh = NO_CONTENT;
    s->steps = 0;
    s->over = s->beyond = false;
    memset(s->variables, 0, sig->n_variables * sizeof s->variables[0]);
}

int confirm_room_init(struct confirm_room *room)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_jit_stack *stack = pcre2_jit_stack_create(32 * 1024, STACK_BYTES, NULL);
    *room = (struct confirm_room){
        .match = pcre2_match_data_create(16, NULL), .limits = limits, .stack = stack};
    room->decoded = malloc(RULE_BASE64_ROOM);
    if (!room->match || !limits || !stack || !room->decoded)
        return ERR_NOMEM;
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    pcre2_jit_stack_assign(limits, NULL, stack);
    return 0;
}

void confirm_room_free(struct confirm_room *room)
{
    pcre2_match_data_free(room->match);
    pcre2_match_context_free(room->limits);
    pcre2_jit_stack_free(room->stack);
    free(room->decoded);
}

static void give_up(struct search *s)
{
    s->over = true;
    s->room->cut = true;
}

/* place: a number of the step, or the value of the variable that it names; what is beyond any data
 * is cut to that. */
static int64_t place(const struct search *s, const struct content *c, unsigned flag, int32_t number)
{
    if (!(c->flags & flag))
        return number;
    uint64_t value = s->variables[number];
    return value < INT32_MAX ? (int64_t)value : INT32_MAX;
}

/* bounds_of: where the content may begin and must end, as places in the data; *open: behind its end
 * too. The stream's start may lie before the data. */
static bool bounds_of(const struct search *s, const struct content *c, int64_t previous,
                      int64_t *low, int64_t *end, bool *open)
{
    int64_t len = s->in->len;
    *low = -(int64_t)s->in->at;
    *end = INT64_MAX;
    if (c->flags & CONTENT_RELATIVE)
        *low = previous + place(s, c, CONTENT_DISTANCE_VARIABLE, c->distance);
    else
        *low += place(s, c, CONTENT_OFFSET_VARIABLE, c->offset);
    if (c->flags & CONTENT_WITHIN)
        *end = *low + place(s, c, CONTENT_WITHIN_VARIABLE, c->within);
    else if (c->flags & CONTENT_DEPTH)
        *end = *low + place(s, c, CONTENT_DEPTH_VARIABLE, c->depth);
    else if (c->flags & CONTENT_STARTSWITH)
        *end = *low + c->len;
    if (c->flags & CONTENT_ENDSWITH) /* no room is left when it must end before */
        *low = *low > len - c->len ? *low : len - c->len;
    if (*low < 0)
        *low = 0;
    *open = *end > len || c->flags & CONTENT_ENDSWITH;
    if (*end > len)
        *end = len;
    return *end - *low >= c->len;
}

/* find: the first place from `low` where the content stands and ends by `end`; -1. */
static int64_t find(const struct search *s, const struct content *c, int64_t low, int64_t end)
{
    const uint8_t *data = s->in->data;
    if (end - low < c->len)
        return -1;
    const uint8_t *p = c->flags & CONTENT_NOCASE
                           ? find_any_case(data + low, (size_t)(end - low), c->bytes, c->len)
                           : find_bytes(data + low, (size_t)(end - low), c->bytes, c->len);
    return p ? p - data : -1;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* base_of: where a step that is no content counts from: the end of the one before, or the start. */
static int64_t base_of(const struct search *s, const struct content *c, int64_t previous)
{
    return c->flags & CONTENT_RELATIVE ? previous : -(int64_t)s->in->at;
}

static int64_t number_at(const struct search *s, const struct content *c, int64_t previous)
{
    const struct byte_step *b = c->number;
    int64_t offset = b->offset;
    if (b->offset_variable) {
        uint64_t value = s->variables[b->offset];
        offset = value < INT32_MAX ? (int64_t)value : INT32_MAX;
    }
    return base_of(s, c, previous) + offset;
}

/* digits_of: a number in text, as far as there are digits of its base. */
static bool digits_of(const uint8_t *data, unsigned n, unsigned base, uint64_t *value,
                      unsigned *used)
{
    char text[24], *end;
    memcpy(text, data, n);
    text[n] = 0;
    errno = 0;
    *value = strtoull(text, &end, (int)base);
    *used = (unsigned)(end - text);
    return *used && errno == 0;
}

static uint64_t masked(uint64_t value, uint64_t mask)
{
    return (value & mask) >> __builtin_ctzll(mask);
}

/* read_number: false where the bytes are not there. *end is behind them. */
static bool read_number(struct search *s, const struct content *c, int64_t at, uint64_t *value,
                        int64_t *end)
{
    const struct byte_step *b = c->number;
    unsigned used = b->bytes;
    *value = 0;
    s->beyond |= b->digits || at + b->bytes > (int64_t)s->in->len;
    if (at < 0 || at + b->bytes > (int64_t)s->in->len)
        return false;
    const uint8_t *data = s->in->data + at;
    if (b->digits && !b->bytes) /* as many as there are */
        used = s->in->len - at < DIGITS_MAX ? (unsigned)(s->in->len - at) : DIGITS_MAX;
    if (b->digits && !digits_of(data, used, b->base, value, &used))
        return false;
    for (unsigned i = 0; !b->digits && i < b->bytes; i++)
        *value = *value << 8 | data[b->little ? b->bytes - 1u - i : i];
    *end = at + used;
    if (b->mask && c->kind != STEP_BYTE_MATH)
        *value = masked(*value, b->mask);
    return true;
}

static bool compares(const struct search *s, const struct byte_step *b, uint64_t value)
{
    uint64_t other = b->value_variable ? s->variables[b->value] : b->value;
    switch ((enum byte_operator)b->op) {
    case BYTE_LESS:
        return value < other;
    case BYTE_GREATER:
        return value > other;
    case BYTE_EQUAL:
        return value == other;
    case BYTE_AND:
        return (value & other) != 0;
    case BYTE_XOR:
        return (value ^ other) != 0;
    case BYTE_AT_MOST:
        return value <= other;
    case BYTE_AT_LEAST:
        return value >= other;
    default:
        return false;
    }
}

/* calculate: the mask is for the result. False for a division by 0. */
static bool calculate(const struct search *s, const struct byte_step *b, uint64_t value,
                      uint64_t *result)
{
    uint64_t other = b->value_variable ? s->variables[b->value] : b->value;
    if (b->op == BYTE_DIVIDE && other == 0)
        return false;
    switch ((enum byte_operator)b->op) {
    case BYTE_ADD:
        value += other;
        break;
    case BYTE_SUBTRACT:
        value -= other;
        break;
    case BYTE_DIVIDE:
        value /= other;
        break;
    case BYTE_MULTIPLY:
        value *= other;
        break;
    case BYTE_SHIFT_LEFT:
        value = other < 64 ? value << other : 0;
        break;
    default:
        value = other < 64 ? value >> other : 0;
        break;
    }
    *result = b->mask ? masked(value, b->mask) : value;
    return true;
}

/* jump: where a byte_jump leads; false when that is behind the data. In front of it there is only
 * its start. */
static bool jump(struct search *s, const struct byte_step *b, uint64_t value, int64_t end,
                 int64_t *to)
{
    if (value > UINT32_MAX)
        return false;
    int64_t far = (int64_t)(value * b->multiplier);
    if (b->align)
        far = (far + 3) & ~INT64_C(3);
    far += b->post_offset;
    *to = far + (b->from_beginning ? -(int64_t)s->in->at : b->from_end ? (int64_t)s->in->len : end);
    *to = larger(*to, 0);
    s->beyond |= b->from_end || *to >= (int64_t)s->in->len;
    return *to < (int64_t)s->in->len;
}

static bool fresh_enough(const struct search *s, unsigned i, int64_t end)
{
    return i != s->fresh || end > (int64_t)s->in->fresh;
}

/* number_holds: of a step that reads a number or asks for a place. *previous moves with those that
 * move. */
static bool number_holds(struct search *s, unsigned i, int64_t *previous)
{
    const struct content *c = &s->sig->contents[i];
    const struct byte_step *b = c->number;
    int64_t at = number_at(s, c, *previous), end = at, to;
    uint64_t value;
    if (c->kind ==
        STEP_ISDATAAT) { /* relative: so many bytes follow; else there is a byte at this place */
        end = at + !(c->flags & CONTENT_RELATIVE);
        s->beyond |= end > (int64_t)s->in->len;
        return (end <= (int64_t)s->in->len) != !!(c->flags & CONTENT_NEGATED) &&
               fresh_enough(s, i, end);
    }
    s->beyond |= c->kind == STEP_ASN1;
    if (c->kind == STEP_ASN1)
        return at >= 0 && at < (int64_t)s->in->len &&
               asn1_holds(b, s->in->data + at, s->in->len - (size_t)at);
    if (!read_number(s, c, at, &value, &end) || !fresh_enough(s, i, end))
        return false;
    if (c->kind == STEP_BYTE_TEST)
        return compares(s, b, value) != b->negated;
    if (c->kind == STEP_BYTE_EXTRACT) {
        value *= b->multiplier;
        s->variables[b->variable] =
            b->align ? (value + b->align - 1) & ~(uint64_t)(b->align - 1) : value;
        *previous = end;
        return true;
    }
    if (c->kind == STEP_BYTE_MATH) {
        *previous = end;
        return calculate(s, b, value, &s->variables[b->variable]);
    }
    if (!jump(s, b, value, end, &to))
        return false;
    *previous = to;
    return true;
}

/* tell: how a step went. Apart from told, so that without a watch nothing is made of it. */
static __attribute__((noinline)) bool tell(const struct search *s, const struct content *c,
                                           bool held, int64_t low, int64_t end, int64_t at,
                                           int64_t to)
{
    struct trace_place place = {.low = low, .end = end, .at = at, .to = to};
    struct rule_trace *trace = s->room->trace;
    trace->step(trace, (unsigned)(c - s->sig->contents), held, &place);
    return held;
}

static inline bool told(const struct search *s, const struct content *c, bool held, int64_t low,
                        int64_t end, int64_t at, int64_t to)
{
    return __builtin_expect(s->room->trace != NULL, 0) ? tell(s, c, held, low, end, at, to) : held;
}

/* number_asked: number_holds, and told. */
static bool number_asked(struct search *s, unsigned i, int64_t *previous)
{
    const struct content *c = &s->sig->contents[i];
    int64_t at = s->room->trace ? number_at(s, c, *previous) : 0;
    bool held = number_holds(s, i, previous);
    if (!s->room->trace)
        return held;
    struct trace_place place = {.low = at, .end = at + c->number->bytes, .at = at, .to = *previous};
    if (c->kind != STEP_ISDATAAT)
        place.was_read = read_number(s, c, at, &place.value, &place.end);
    s->room->trace->step(s->room->trace, i, held, &place);
    return held;
}

/* expression_finds: the first place from `from` where the expression holds in the data from `base`
 * on; *begin and *end are places in the data. */
static bool expression_finds(struct search *s, const struct content *c, int64_t base, int64_t from,
                             int64_t *begin, int64_t *end)
{
    s->beyond = true;
    if (s->in->len == 0 || base > (int64_t)s->in->len)
        return false;
    base = base < 0 ? 0 : base;
    /* What is before the data is not the start of the stream, so nothing begins a line here. */
    uint32_t options = base == 0 && s->in->at ? PCRE2_NOTBOL : 0;
    int n = pcre2_match(c->regex->code, s->in->data + base, (PCRE2_SIZE)(s->in->len - base),
                        (PCRE2_SIZE)(from > base ? from - base : 0), options, s->room->match,
                        s->room->limits);
    if (n < 0) {
        if (n != PCRE2_ERROR_NOMATCH)
            give_up(s);
        return false;
    }
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(s->room->match);
    *begin = base + (int64_t)found[0];
    *end = base + (int64_t)found[1];
    return true;
}

static bool chain_holds(struct search *s, unsigned i, int64_t previous);

static bool rest_holds(struct search *s, const struct content *c, int64_t previous)
{
    return !c->next || chain_holds(s, c->next, previous);
}

static bool all_hold(struct search *s);

/* decoded_holds: does what is asked of decoded bytes hold of those that the step decodes? Decoding
 * counts as steps, for a chain may come here once for every place before it. */
static bool decoded_holds(struct search *s, unsigned i, int64_t previous)
{
    const struct content *c = &s->sig->contents[i];
    int64_t at = number_at(s, c, previous), left = (int64_t)s->in->len - at;
    size_t used, n = left > (int64_t)c->number->value ? (size_t)c->number->value : (size_t)left;
    s->beyond = true;
    if (at < 0 || left <= 0)
        return false;
    const struct match_bytes bytes = {
        .data = s->room->decoded,
        .len = (uint32_t)rule_base64(s->in->data + at, n, s->room->decoded, &used)};
    s->steps += (unsigned)used / STEP_BYTES;
    if (bytes.len == 0 || !s->sig->decoded || !fresh_enough(s, i, at + (int64_t)used))
        return false;
    struct search inner;
    search_begin(&inner, s->sig, s->sig->decoded, &bytes, s->room);
    inner.steps = s->steps;
    memcpy(inner.variables, s->variables, s->sig->n_variables * sizeof s->variables[0]);
    bool held = all_hold(&inner);
    s->steps = inner.steps;
    s->over |= s->room->cut;
    return held && !s->over;
}

static bool expression_holds(struct search *s, unsigned i, int64_t previous)
{
    const struct content *c = &s->sig->contents[i];
    int64_t base = base_of(s, c, previous), begin, end;
    if (c->flags & CONTENT_NEGATED) {
        begin = end = 0;
        bool held = !expression_finds(s, c, base, base, &begin, &end) && !s->over;
        return told(s, c, held, base, s->in->len, begin, end) && rest_holds(s, c, previous);
    }
    for (int64_t from = base; expression_finds(s, c, base, from, &begin, &end);) {
        told(s, c, true, base, s->in->len, begin, end);
        if (fresh_enough(s, i, end) && rest_holds(s, c, end))
            return true;
        from = begin + 1;
        if (s->over || from > (int64_t)s->in->len)
            break;
    }
    return told(s, c, false, base, s->in->len, 0, 0);
}

/* content_holds: does content i and what is behind it in its chain hold? */
static bool content_holds(struct search *s, unsigned i, int64_t previous)
{
    const struct content *c = &s->sig->contents[i];
    int64_t low, end, none = INT64_MIN, *tried = s->sig->ascending ? &s->tried[i] : &none;
    bool open, room = bounds_of(s, c, previous, &low, &end, &open);
    const int64_t from = low;
    s->beyond |= open;
    if (c->flags & CONTENT_NEGATED) {
        int64_t at = room ? find(s, c, larger(low, *tried), end) : -1;
        if (at >= 0)
            *tried = at;
        else if (room)
            *tried = larger(*tried, end - c->len + 1);
        return told(s, c, at < 0, from, end, at, 0) && rest_holds(s, c, previous);
    }
    if (!room)
        return told(s, c, false, from, end, 0, 0);
    if (i == s->fresh)
        low = larger(low, (int64_t)s->in->fresh - c->len + 1);
    for (low = larger(low, *tried);; low = *tried) {
        int64_t at = find(s, c, low, end);
        if (at < 0) {
            *tried = larger(*tried, end - c->len + 1);
            return told(s, c, false, from, end, 0, 0);
        }
        told(s, c, true, from, end, at, at + c->len);
        if (rest_holds(s, c, at + c->len))
            return true;
        *tried = at + 1;
        s->over |= !(c->flags & CONTENT_RETRY);
        if (s->over)
            return false;
    }
}

/* chain_holds: do step i and those behind it in its chain hold, the one before having ended at
 * `previous`? */
static bool chain_holds(struct search *s, unsigned i, int64_t previous)
{
    const struct content *c = &s->sig->contents[i];
    if (!s->sig->ascending && ++s->steps > STEPS_MAX)
        give_up(s);
    if (s->over)
        return false;
    if (c->kind == STEP_CONTENT)
        return content_holds(s, i, previous);
    if (c->kind == STEP_PCRE)
        return expression_holds(s, i, previous);
    if (c->kind == STEP_BASE64)
        return told(s, c, decoded_holds(s, i, previous), 0, s->in->len, 0, 0);
    return number_asked(s, i, &previous) && rest_holds(s, c, previous);
}

static bool size_holds(struct search *s, const struct byte_step *size)
{
    uint64_t bytes = s->in->at + s->in->len;
    s->beyond |= s->in->unfinished;
    return !s->in->unfinished && (bytes >= size->low && bytes <= size->high) != size->negated;
}

/* alone_holds: of a step that is in no chain. */
static bool alone_holds(struct search *s, unsigned i)
{
    const struct content *c = &s->sig->contents[i];
    int64_t low = 0, end = 0, start = -(int64_t)s->in->at;
    bool open;
    if (c->kind == STEP_CONTENT) { /* a negated one */
        int64_t at = bounds_of(s, c, 0, &low, &end, &open) ? find(s, c, low, end) : -1;
        s->beyond |= c->flags & CONTENT_ENDSWITH;
        return told(s, c, at < 0, low, end, at, 0);
    }
    if (c->kind == STEP_PCRE) {
        bool held = !expression_finds(s, c, start, start, &low, &end) && !s->over;
        return told(s, c, held, start, s->in->len, low, end);
    }
    if (c->kind == STEP_SIZE)
        return told(s, c, size_holds(s, c->number), 0, 0, 0, (int64_t)(s->in->at + s->in->len));
    if (c->kind == STEP_BASE64)
        return told(s, c, decoded_holds(s, i, start), 0, s->in->len, 0, 0);
    return number_asked(s, i, &start);
}

static bool in_chain(const struct content *c)
{
    return step_moves(c) || c->flags & CONTENT_RELATIVE;
}

static bool chain_from_head(struct search *s, unsigned head)
{
    memset(s->tried, 0, s->sig->n_contents * sizeof s->tried[0]);
    s->over = false;
    return chain_holds(s, head, -(int64_t)s->in->at);
}

static bool all_hold(struct search *s)
{
    bool all = true;
    for (unsigned i = 0; i < s->sig->n_contents; i++) {
        const struct content *c = &s->sig->contents[i];
        if (c->section != s->section)
            continue;
        s->beyond = s->sig->n_variables != 0;
        if (c->flags & CONTENT_HEAD ? !chain_from_head(s, i) : !in_chain(c) && !alone_holds(s, i)) {
            all = false;
            if (!s->room->trace)
                return false;
        }
    }
    return all;
}

/* holds_freshly: all hold already; so they do with step i in the new bytes, if what it depends on
 * and what depends on it does. Variables are such a tie between chains. */
static bool holds_freshly(struct search *s, unsigned head, unsigned i)
{
    s->fresh = i;
    if (s->sig->n_variables)
        return all_hold(s);
    return in_chain(&s->sig->contents[i]) ? chain_from_head(s, head) : alone_holds(s, i);
}

/* is_found: does the step find something in the bytes themselves? */
static bool is_found(const struct content *c)
{
    return c->section == 0 && !(c->flags & CONTENT_NEGATED);
}

static void bytes_told(const struct search *s, const struct match_bytes *bytes, bool held)
{
    if (s->room->trace)
        s->room->trace->bytes(s->room->trace, s->section, bytes, held);
}

/* bytes_hold: what is asked of the bytes themselves, and told. */
static bool bytes_hold(struct search *s)
{
    bytes_told(s, s->in, false);
    bool held = all_hold(s);
    bytes_told(s, NULL, held);
    return held;
}

/* ends_freshly: of a rule that looks into packets or streams, all of which holds. */
static bool ends_freshly(struct search *s)
{
    const struct signature *sig = s->sig;
    const struct match_bytes *in = s->in;
    unsigned positive = 0, head = 0;
    for (unsigned i = 0; i < sig->n_contents; i++)
        positive += is_found(&sig->contents[i]);
    if (in->fresh == 0 && (positive || in->at == 0))
        return true;
    for (unsigned i = 0; i < sig->n_contents; i++) {
        const struct content *c = &sig->contents[i];
        if (c->flags & CONTENT_HEAD && c->section == 0)
            head = i;
        if (is_found(c) && holds_freshly(s, head, i))
            return true;
    }
    return sig->n_contents == 0;
}

/* contents_hold: of a rule that looks into packets or streams. */
static enum rule_verdict contents_hold(const struct signature *sig, const struct match_bytes *in,
                                       struct confirm_room *room)
{
    struct search s;
    search_begin(&s, sig, 0, in, room);
    if (!bytes_hold(&s))
        return s.beyond ? RULE_NOT_YET : RULE_NEVER;
    struct rule_trace *trace = room->trace;
    room->trace = NULL; /* the steps were told of */
    bool held = ends_freshly(&s);
    room->trace = trace;
    return condition_asked(room, ASK_FRESH, 0, held) && held ? RULE_MATCHES : RULE_NOT_YET;
}

/* headers_hold: what is asked of headers as bytes. */
static bool headers_hold(const struct signature *sig, const struct match_input *in,
                         struct confirm_room *room)
{
    struct rule_trace *trace = room->trace;
    bool held = true;
    room->trace = NULL;
    for (unsigned i = 1; i < sig->n_sections && held; i++) {
        unsigned header = sig->sections[i].header;
        if (!header)
            continue;
        struct bytes of = in->header ? in->header->headers[header] : (struct bytes){NULL, 0};
        const struct match_bytes bytes = {.data = of.data, .len = (uint32_t)of.len};
        struct search s;
        search_begin(&s, sig, i, &bytes, room);
        held = of.len && all_hold(&s);
    }
    room->trace = trace;
    return held || condition_asked(room, ASK_OTHER, 0, false);
}

/* ends_hold: what the screen has not asked. */
static bool ends_hold(const struct signature *s, const struct match_input *in,
                      const struct confirm_room *room)
{
    return (room->screened && !s->bidirectional) || conditions_ends(s, in, room);
}

void rule_trace_ends(const struct signature *s, const struct match_input *input,
                     struct confirm_room *room)
{
    room->cut = false;
    (void)(conditions_ends(s, input, room) && conditions_direction(s, input, room) &&
           conditions_header(s, input, room) && conditions_state(s, input, room) &&
           conditions_protocol(s, input, room));
}

enum rule_verdict rule_confirm(const struct signature *s, const struct match_input *input,
                               const struct match_flow *flow, struct confirm_room *room)
{
    const struct match_bytes bytes = {
        .data = input->data, .len = input->len, .fresh = input->fresh, .at = input->stream_at};
    room->cut = false;
    if (!ends_hold(s, input, room) || !conditions_direction(s, input, room) ||
        !conditions_dsize(s, input->len, room) || !conditions_header(s, input, room) ||
        !headers_hold(s, input, room))
        return RULE_NEVER;
    if (!conditions_protocol(s, input, room) || !conditions_state(s, input, room) ||
        !conditions_remembered(s, input, flow, room))
        return RULE_NOT_YET;
    return contents_hold(s, &bytes, room);
}

/* section_holds: all of it in one and the same part. */
static bool section_holds(struct search *s, unsigned number, struct message_views *views)
{
    unsigned n;
    const struct match_bytes *bytes = message_views_of(views, s->sig->sections[number].view, &n);
    bool beyond = n == 0; /* it may come yet */
    s->section = number;
    bool held = false;
    for (unsigned i = 0; i < n && !held; i++) {
        s->in = &bytes[i];
        bytes_told(s, s->in, false);
        held = all_hold(s);
        beyond |= s->beyond;
    }
    bytes_told(s, NULL, held);
    s->beyond = beyond;
    return held;
}

/* sections_hold: of those that look into bodies or what comes with them, or of the others. */
static bool sections_hold(struct search *s, struct message_views *views, bool bodies)
{
    for (unsigned i = 1; i < s->sig->n_sections; i++)
        if (s->sig->sections[i].view->parts &&
            !!bodies_for(s->sig->sections[i].view->parts) == bodies &&
            !condition_asked(s->room, ASK_PART, i, section_holds(s, i, views)))
            return false;
    return true;
}

enum rule_verdict rule_confirm_message(const struct signature *s, const struct match_input *input,
                                       struct message_views *views, const struct match_flow *flow,
                                       struct confirm_room *room)
{
    const struct match_bytes bytes = {
        .data = input->data, .len = input->len, .at = input->stream_at};
    room->cut = false;
    if (!ends_hold(s, input, room) || !conditions_direction(s, input, room) ||
        !conditions_header(s, input, room) || !conditions_state(s, input, room))
        return RULE_NEVER;
    struct search search;
    search_begin(&search, s, 0, NULL, room);
    if (!sections_hold(&search, views, false))
        return RULE_NEVER;
    search.in = &bytes;
    search.section = 0;
    if (!bytes_hold(&search) && !room->trace)
        return RULE_NEVER;
    if (!conditions_remembered(s, input, flow, room))
        return RULE_NOT_YET;
    if (sections_hold(&search, views, true))
        return RULE_MATCHES;
    return search.beyond ? RULE_NOT_YET : RULE_NEVER;
}
