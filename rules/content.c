/* content and what modifies it. Suricata's documentation, "Payload Keywords" and "Prefiltering
 * Keywords". */
#include "rules/keyword.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>

#define PLACE_MAX    65535
#define DISTANCE_MAX 1048576

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static int byte_fault(struct rule_reader *r, const struct value *v, size_t i, const char *why)
{
    return rule_fault(r, v->at + i, ERR_SYNTAX, why, "%s", why);
}

/* hex_bytes: what is between bars; *i is behind the first bar and ends at the second. */
static int hex_bytes(struct rule_reader *r, const struct value *v, size_t *i, uint8_t *out,
                     size_t *n)
{
    size_t bar = *i - 1;
    for (; *i < v->len && v->text[*i] != '|'; ++*i) {
        char c = v->text[*i];
        if (c == ' ' || c == ',')
            continue;
        char next = *i + 1 < v->len ? v->text[*i + 1] : '|';
        int high = hex_value(c), low = hex_value(next);
        if (high >= 0 && low < 0 && (next == '|' || next == ' '))
            return byte_fault(r, v, *i, "half a byte between bars");
        if (high < 0 || low < 0)
            return byte_fault(r, v, high < 0 ? *i : *i + 1, "no hex digit between bars");
        if (*n == CONTENT_BYTES)
            return byte_fault(r, v, *i, "longer than a content may be");
        out[(*n)++] = (uint8_t)(high << 4 | low);
        ++*i;
    }
    return *i < v->len ? 0 : byte_fault(r, v, bar, "a bar is not closed");
}

/* content_bytes: text with |hex| and escapes as bytes. */
static int content_bytes(struct rule_reader *r, const struct value *v, uint8_t *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < v->len; i++) {
        if (v->text[i] == '|') {
            i++;
            int error = hex_bytes(r, v, &i, out, n);
            if (error)
                return error;
            continue;
        }
        if (v->text[i] == '"')
            return byte_fault(r, v, i, "a quote that is not escaped");
        if (v->text[i] == '\\') {
            i++;
            if (i == v->len || !strchr("\\\";:", v->text[i]))
                return byte_fault(r, v, i - 1, "only \\ \" ; : are escaped");
        }
        if (*n == CONTENT_BYTES)
            return byte_fault(r, v, i, "longer than a content may be");
        out[(*n)++] = (uint8_t)v->text[i];
    }
    return *n ? 0 : value_fault(r, v, "an empty content");
}

int content_begin(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value inner = *v;
    uint8_t bytes[CONTENT_BYTES];
    size_t n;
    (void)arg;
    bool negated = *inner.text == '!';
    if (negated)
        inner = value_trimmed((struct value){v->text + 1, v->len - 1, v->at + 1});
    if (inner.len < 2 || inner.text[0] != '"' || inner.text[inner.len - 1] != '"')
        return value_fault(r, v, "a content stands in quotes");
    inner = value_unquoted(&inner);
    int error = content_bytes(r, &inner, bytes, &n);
    if (error)
        return error;
    struct content *c = step_add(r, v, STEP_CONTENT);
    if (!c)
        return ERR_SYNTAX;
    c->bytes = arena_memdup(r->ctx->arena, bytes, n);
    c->len = (uint16_t)n;
    c->flags = negated ? CONTENT_NEGATED : 0;
    return c->bytes ? 0 : ERR_NOMEM;
}

/* Modifiers that exclude each other: none of a goes with any of b. */
static const struct {
    uint32_t a, b;
    const char *why;
} exclusions[] = {
    {CONTENT_ABSOLUTE, CONTENT_RELATIVE, "offset and depth do not go with distance and within"},
    {CONTENT_STARTSWITH, CONTENT_ABSOLUTE | CONTENT_RELATIVE,
     "startswith does not go with offset, depth, distance or within"},
    {CONTENT_FAST, CONTENT_NEGATED, "fast_pattern on a negated content"},
};

/* modify: set a flag of the last content, once; *out is that content. */
static int modify(struct rule_reader *r, unsigned flag, struct content **out)
{
    unsigned i_last = r->sig->n_contents;
    while (i_last && r->sig->contents[i_last - 1].kind != STEP_CONTENT)
        i_last--;
    if (i_last == 0)
        return rule_fault(r, r->option_at, ERR_SYNTAX, "modifier without a content",
                          "there is no content before this to modify");
    struct content *c = &r->sig->contents[i_last - 1];
    *out = c;
    if (c->flags & flag)
        return rule_fault(r, r->option_at, ERR_SYNTAX, "modifier given twice",
                          "this content has this modifier already");
    for (size_t i = 0; i < sizeof exclusions / sizeof exclusions[0]; i++)
        if ((flag & exclusions[i].a && c->flags & exclusions[i].b) ||
            (flag & exclusions[i].b && c->flags & exclusions[i].a))
            return rule_fault(r, r->option_at, ERR_SCHEMA, exclusions[i].why, "%s",
                              exclusions[i].why);
    c->flags |= flag;
    return 0;
}

int content_flag(struct rule_reader *r, const struct value *v, unsigned flag)
{
    struct content *c = NULL;
    (void)v;
    return modify(r, flag, &c);
}

int content_nocase(struct rule_reader *r, const struct value *v, unsigned flag)
{
    struct content *c = NULL;
    (void)v;
    int error = modify(r, flag, &c);
    if (error)
        return error;
    uint8_t *lower = arena_alloc(r->ctx->arena, c->len);
    if (!lower)
        return ERR_NOMEM;
    for (unsigned i = 0; i < c->len; i++)
        lower[i] = (uint8_t)tolower(c->bytes[i]);
    c->bytes = lower;
    return 0;
}

/* place_of: a number, or a variable of byte_extract; then `flag` says so. Returns whether it is a
 * number in *number. */
static int place_of(struct rule_reader *r, const struct value *v, uint64_t max, unsigned flag,
                    struct content *c, int32_t *out, bool *number)
{
    uint8_t variable;
    int64_t place;
    *number = !value_is_name(v);
    if (!*number)
        c->flags |= flag;
    int error = *number ? value_signed(r, v, max, &place) : variable_number(r, v, &variable);
    if (!error)
        *out = *number ? (int32_t)place : variable;
    return error;
}

/* content_place: offset and depth. */
int content_place(struct rule_reader *r, const struct value *v, unsigned flag)
{
    struct content *c = NULL;
    bool number, depth = flag == CONTENT_DEPTH;
    int error = modify(r, flag, &c);
    if (error)
        return error;
    error = place_of(r, v, PLACE_MAX, depth ? CONTENT_DEPTH_VARIABLE : CONTENT_OFFSET_VARIABLE, c,
                     depth ? &c->depth : &c->offset, &number);
    if (!error && number && (depth ? c->depth : c->offset) < 0)
        return rule_fault(r, v->at, ERR_SYNTAX, "no number that is allowed here",
                          "`%.*s` is no number from 0 to %d", (int)v->len, v->text, PLACE_MAX);
    if (!error && number && depth && c->depth < c->len)
        return value_fault(r, v, "depth is smaller than the content");
    return error;
}

/* content_distance: distance and within. */
int content_distance(struct rule_reader *r, const struct value *v, unsigned flag)
{
    struct content *c = NULL;
    bool number, within = flag == CONTENT_WITHIN;
    int error = modify(r, flag, &c);
    if (!error)
        error = place_of(r, v, DISTANCE_MAX,
                         within ? CONTENT_WITHIN_VARIABLE : CONTENT_DISTANCE_VARIABLE, c,
                         within ? &c->within : &c->distance, &number);
    if (!error && number && within && c->within < c->len)
        return value_fault(r, v, "within is smaller than the content");
    return error;
}

int content_fast_pattern(struct rule_reader *r, const struct value *v, unsigned flag)
{
    struct content *c = NULL;
    int error = modify(r, flag, &c);
    if (error)
        return error;
    for (unsigned i = 0; i < r->sig->n_contents; i++)
        if (&r->sig->contents[i] != c && r->sig->contents[i].flags & CONTENT_FAST)
            return rule_fault(r, v->at, ERR_SCHEMA, "fast_pattern twice",
                              "a rule has one fast_pattern");
    if (v->len == 0 || value_is(v, "only"))
        return 0;
    struct value rest = *v, at_text, len_text;
    uint64_t at, len;
    value_next(&rest, ',', &at_text);
    if (!value_next(&rest, ',', &len_text) || rest.text)
        return value_fault(r, v, "fast_pattern: nothing, only, or OFFSET,LENGTH");
    if ((error = value_number(r, &at_text, 0, CONTENT_BYTES, &at)) ||
        (error = value_number(r, &len_text, 1, CONTENT_BYTES, &len)))
        return error;
    if (at + len > c->len)
        return value_fault(r, v, "fast_pattern beyond the content");
    c->fast_at = (uint16_t)at;
    c->fast_len = (uint16_t)len;
    return 0;
}

/* may_retry: what follows in the chain, up to the next place that is not negated, has a within. So
 * a later place of this content may help. Without, what follows only asks to be behind it, and the
 * first place serves best. Of steps that are no contents any may hold at a later place. */
static bool may_retry(const struct signature *s, const struct content *c)
{
    for (unsigned i = c->next; i; i = s->contents[i].next) {
        if (s->contents[i].kind == STEP_BASE64 ||
            s->contents[i].kind == STEP_ASN1) /* Suricata tries the first place alone */
            return false;
        if (s->contents[i].flags & CONTENT_WITHIN || s->contents[i].kind != STEP_CONTENT ||
            !s->ascending)
            return true;
        if (!(s->contents[i].flags & CONTENT_NEGATED))
            return false;
    }
    return false;
}

/* is_ascending: no step of a chain puts what follows at a place that may go back as its own goes
 * on. */
static bool is_ascending(const struct signature *s)
{
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        if (c->kind == STEP_BASE64 || c->kind == STEP_BYTE_JUMP || c->kind == STEP_BYTE_EXTRACT ||
            c->kind == STEP_BYTE_MATH || (c->kind == STEP_PCRE && step_moves(c)))
            return false;
    }
    return true;
}

void contents_link(struct signature *s)
{
    struct content *last_of[SECTIONS_MAX] = {0};
    s->ascending = is_ascending(s);
    for (unsigned i = 0; i < s->n_contents; i++) {
        struct content *c = &s->contents[i], **last = &last_of[c->section];
        bool relative = c->flags & CONTENT_RELATIVE;
        if (!relative && !step_moves(c))
            continue;
        if (*last && relative)
            (*last)->next = (uint8_t)i;
        else
            c->flags |= CONTENT_HEAD;
        *last = c;
    }
    for (unsigned i = 0; i < s->n_contents; i++)
        if (may_retry(s, &s->contents[i]))
            s->contents[i].flags |= CONTENT_RETRY;
}
