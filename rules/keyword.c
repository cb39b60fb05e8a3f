/* The options of a rule: keywords with their values, and what must hold between them. Suricata's
 * documentation, "Meta Keywords", "Payload Keywords", "Flow Keywords". */
#include "rules/signature.h"

#include "base/error.h"
#include "base/text.h"
#include "rules/matcher.h"

#include <ctype.h>
#include <string.h>

/* A keyword's value: a part of the rule's text, without blanks at its ends. */
struct value {
    const char *text;
    size_t len, at;
};

static int fault_at(struct rule_reader *r, const struct value *v, const char *why)
{
    return rule_fault(r, v->at, ERR_SYNTAX, why, "%s: `%.*s`", why,
                      (int)(v->len > 60 ? 60 : v->len), v->text);
}

static bool value_is(const struct value *v, const char *word)
{
    return strlen(word) == v->len && memcmp(v->text, word, v->len) == 0;
}

/* next_part: the part of v up to a separator; v moves behind it. False when nothing is left. */
static bool next_part(struct value *v, char separator, struct value *out)
{
    if (v->text == NULL)
        return false;
    const char *end = memchr(v->text, separator, v->len);
    size_t len = end ? (size_t)(end - v->text) : v->len;
    *out = (struct value){v->text, len, v->at};
    if (end)
        *v = (struct value){v->text + len + 1, v->len - len - 1, v->at + len + 1};
    else
        v->text = NULL;
    while (out->len && isblank((unsigned char)*out->text)) {
        out->text++;
        out->at++;
        out->len--;
    }
    while (out->len && isblank((unsigned char)out->text[out->len - 1]))
        out->len--;
    return true;
}

static int number_of(struct rule_reader *r, const struct value *v, uint64_t max, uint64_t *out)
{
    char buf[24];
    if (v->len && v->len < sizeof buf) {
        memcpy(buf, v->text, v->len);
        buf[v->len] = 0;
        if (text_u64(buf, max, out) == 0)
            return 0;
    }
    return fault_at(r, v, "no number that is allowed here");
}

/* signed_of: a whole number; a name is a variable of byte_extract, which this build lacks. */
static int signed_of(struct rule_reader *r, const struct value *v, int32_t *out)
{
    struct value digits = *v;
    uint64_t number;
    bool minus = v->len && *v->text == '-';
    if (v->len && (isalpha((unsigned char)*v->text) || *v->text == '_'))
        return rule_fault(r, v->at, ERR_UNSUPPORTED, "byte variables",
                          "the variable `%.*s` is not in this build", (int)v->len, v->text);
    if (minus) {
        digits.text++;
        digits.at++;
        digits.len--;
    }
    int error = number_of(r, &digits, 1048576, &number);
    if (!error)
        *out = minus ? -(int32_t)number : (int32_t)number;
    return error;
}

/* unquoted: without the quotes around it, if there are any. */
static struct value unquoted(const struct value *v)
{
    if (v->len >= 2 && v->text[0] == '"' && v->text[v->len - 1] == '"')
        return (struct value){v->text + 1, v->len - 2, v->at + 1};
    return *v;
}

static int on_msg(struct rule_reader *r, const struct value *v)
{
    struct value inner = unquoted(v);
    char *out = arena_alloc(r->ctx->arena, inner.len + 1);
    size_t n = 0;
    if (!out)
        return ERR_NOMEM;
    for (size_t i = 0; i < inner.len; i++) {
        i += inner.text[i] == '\\' && i + 1 < inner.len;
        out[n++] = inner.text[i];
    }
    r->sig->msg = out;
    return 0;
}

static int u32_of(struct rule_reader *r, const struct value *v, uint32_t *out)
{
    uint64_t number;
    int error = number_of(r, v, UINT32_MAX, &number);
    if (!error)
        *out = (uint32_t)number;
    return error;
}
static int on_sid(struct rule_reader *r, const struct value *v)
{
    int error = u32_of(r, v, &r->sig->sid);
    return error || r->sig->sid ? error : fault_at(r, v, "a sid is at least 1");
}
static int on_gid(struct rule_reader *r, const struct value *v)
{
    return u32_of(r, v, &r->sig->gid);
}
static int on_rev(struct rule_reader *r, const struct value *v)
{
    return u32_of(r, v, &r->sig->rev);
}

static int on_classtype(struct rule_reader *r, const struct value *v)
{
    r->sig->classtype = arena_strndup(r->ctx->arena, v->text, v->len);
    return r->sig->classtype ? 0 : ERR_NOMEM;
}

static int on_priority(struct rule_reader *r, const struct value *v)
{
    uint64_t number;
    int error = number_of(r, v, 255, &number);
    if (error)
        return error;
    r->sig->priority = (uint8_t)number;
    r->sig->has_priority = true;
    return 0;
}

static int on_metadata(struct rule_reader *r, const struct value *v)
{
    struct value rest = *v, part;
    while (next_part(&rest, ',', &part)) {
        struct value key, words = part;
        if (!next_part(&words, ' ', &key) || !value_is(&key, "tag") || !words.text)
            continue;
        if (r->sig->n_tags == TAGS_MAX)
            return fault_at(r, &part, "more tags than are kept");
        struct value tag;
        next_part(&words, ',', &tag);
        r->sig->tags[r->sig->n_tags++] = arena_strndup(r->ctx->arena, tag.text, tag.len);
    }
    return 0;
}

static int on_ignored(struct rule_reader *r, const struct value *v)
{
    (void)r;
    (void)v;
    return 0;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* content_bytes: text with |hex| and escapes as bytes. */
static int content_bytes(struct rule_reader *r, const struct value *v, uint8_t *out, size_t *n)
{
    bool hex = false;
    int high = -1;
    *n = 0;
    for (size_t i = 0; i < v->len; i++) {
        char c = v->text[i];
        if (c == '|') {
            if (high >= 0)
                return fault_at(r, v, "half a byte between bars");
            hex = !hex;
            continue;
        }
        if (*n == CONTENT_BYTES)
            return fault_at(r, v, "longer than 255 bytes");
        if (hex) {
            int digit = hex_value(c);
            if (isblank((unsigned char)c) && high < 0)
                continue;
            if (digit < 0)
                return fault_at(r, v, "no hex digit between bars");
            if (high < 0) {
                high = digit;
                continue;
            }
            out[(*n)++] = (uint8_t)(high << 4 | digit);
            high = -1;
            continue;
        }
        if (c == '\\') {
            if (i + 1 == v->len || !strchr("\\\";:", v->text[i + 1]))
                return fault_at(r, v, "only \\ \" ; : are escaped");
            c = v->text[++i];
        } else if (c == '"') {
            return fault_at(r, v, "a quote that is not escaped");
        }
        out[(*n)++] = (uint8_t)c;
    }
    if (hex)
        return fault_at(r, v, "a bar is not closed");
    return *n ? 0 : fault_at(r, v, "an empty content");
}

static int on_content(struct rule_reader *r, const struct value *v)
{
    struct value inner = *v;
    uint8_t bytes[CONTENT_BYTES];
    size_t n;
    if (r->sig->n_contents == CONTENTS_MAX)
        return fault_at(r, v, "more contents than a rule may have");
    struct content *c = &r->sig->contents[r->sig->n_contents];
    *c = (struct content){0};
    if (inner.len && *inner.text == '!') {
        c->flags |= CONTENT_NEGATED;
        inner.text++;
        inner.at++;
        inner.len--;
    }
    while (inner.len && isblank((unsigned char)*inner.text)) {
        inner.text++;
        inner.at++;
        inner.len--;
    }
    if (inner.len < 2 || inner.text[0] != '"' || inner.text[inner.len - 1] != '"')
        return fault_at(r, v, "a content stands in quotes");
    inner = unquoted(&inner);
    int error = content_bytes(r, &inner, bytes, &n);
    if (error)
        return error;
    c->bytes = arena_memdup(r->ctx->arena, bytes, n);
    c->len = (uint8_t)n;
    r->sig->n_contents++;
    return c->bytes ? 0 : ERR_NOMEM;
}

/* last_content: the content that a modifier is about. */
static int last_content(struct rule_reader *r, size_t at, struct content **out)
{
    *out = NULL;
    if (r->sig->n_contents == 0)
        return rule_fault(r, at, ERR_SYNTAX, "modifier without a content",
                          "there is no content before this to modify");
    *out = &r->sig->contents[r->sig->n_contents - 1];
    return 0;
}

/* modify: set a flag once. */
static int modify(struct rule_reader *r, size_t at, uint16_t flag, struct content **c)
{
    int error = last_content(r, at, c);
    if (error)
        return error;
    if ((*c)->flags & flag)
        return rule_fault(r, at, ERR_SYNTAX, "modifier given twice",
                          "this modifier is there twice");
    (*c)->flags |= flag;
    return 0;
}

static int on_nocase(struct rule_reader *r, const struct value *v)
{
    struct content *c;
    int error = modify(r, v->at, CONTENT_NOCASE, &c);
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

static int on_place(struct rule_reader *r, const struct value *v, uint16_t flag,
                    int32_t *(*field)(struct content *c))
{
    struct content *c;
    int error = modify(r, v->at, flag, &c);
    return error ? error : signed_of(r, v, field(c));
}
#define PLACE(name, flag)                                              \
    static int32_t *name##_of(struct content *c)                       \
    {                                                                  \
        return &c->name;                                               \
    }                                                                  \
    static int on_##name(struct rule_reader *r, const struct value *v) \
    {                                                                  \
        return on_place(r, v, flag, name##_of);                        \
    }
PLACE(offset, CONTENT_OFFSET)
PLACE(depth, CONTENT_DEPTH)
PLACE(distance, CONTENT_DISTANCE)
PLACE(within, CONTENT_WITHIN)

static int on_startswith(struct rule_reader *r, const struct value *v)
{
    struct content *c = NULL;
    return modify(r, v->at, CONTENT_STARTSWITH, &c);
}

static int on_endswith(struct rule_reader *r, const struct value *v)
{
    struct content *c = NULL;
    return modify(r, v->at, CONTENT_ENDSWITH, &c);
}

static int on_fast_pattern(struct rule_reader *r, const struct value *v)
{
    struct content *c;
    int error = modify(r, v->at, CONTENT_FAST, &c);
    if (error || v->len == 0 || value_is(v, "only"))
        return error;
    struct value rest = *v, part;
    uint64_t at, len;
    next_part(&rest, ',', &part);
    if ((error = number_of(r, &part, 254, &at)))
        return error;
    if (!next_part(&rest, ',', &part))
        return fault_at(r, v, "fast_pattern: nothing, only, or OFFSET,LENGTH");
    if ((error = number_of(r, &part, 255, &len)))
        return error;
    if (at + len > c->len || len == 0)
        return fault_at(r, v, "beyond the content");
    c->fast_at = (uint8_t)at;
    c->fast_len = (uint8_t)len;
    return 0;
}

static int on_flow(struct rule_reader *r, const struct value *v)
{
    static const struct {
        const char *word;
        uint8_t flow, view;
    } rows[] = {{"to_server", FLOW_TO_SERVER, 0},     {"from_client", FLOW_TO_SERVER, 0},
                {"to_client", FLOW_TO_CLIENT, 0},     {"from_server", FLOW_TO_CLIENT, 0},
                {"established", FLOW_ESTABLISHED, 0}, {"not_established", FLOW_NOT_ESTABLISHED, 0},
                {"stateless", FLOW_STATELESS, 0},     {"only_stream", 0, VIEW_STREAM},
                {"no_stream", 0, VIEW_PACKET}};
    struct value rest = *v, part;
    while (next_part(&rest, ',', &part)) {
        size_t i = 0;
        while (i < sizeof rows / sizeof rows[0] && !value_is(&part, rows[i].word))
            i++;
        if (i == sizeof rows / sizeof rows[0])
            return rule_fault(r, part.at, ERR_UNSUPPORTED, "flow option",
                              "the flow option `%.*s` is not in this build", (int)part.len,
                              part.text);
        r->sig->flow |= rows[i].flow;
        if (rows[i].view)
            r->sig->view = rows[i].view;
    }
    uint8_t flow = r->sig->flow;
    if ((flow & FLOW_TO_SERVER && flow & FLOW_TO_CLIENT) ||
        (flow & FLOW_ESTABLISHED && flow & FLOW_NOT_ESTABLISHED))
        return fault_at(r, v, "flow options that exclude each other");
    return 0;
}

static int flowbit_number(struct rule_reader *r, const struct value *name, uint16_t *out)
{
    struct rule_context *ctx = r->ctx;
    for (unsigned i = 0; i < ctx->n_flowbits; i++)
        if (value_is(name, ctx->flowbit_names[i])) {
            *out = (uint16_t)i;
            return 0;
        }
    if (ctx->n_flowbits == MATCH_FLOWBITS)
        return rule_fault(r, name->at, ERR_FULL, "flowbits",
                          "more than %d flowbit names; `%.*s` finds no room", MATCH_FLOWBITS,
                          (int)name->len, name->text);
    ctx->flowbit_names[ctx->n_flowbits] = arena_strndup(ctx->arena, name->text, name->len);
    *out = (uint16_t)ctx->n_flowbits++;
    return 0;
}

static int on_flowbits(struct rule_reader *r, const struct value *v)
{
    static const char *const ops[] = {"set", "unset", "toggle", "isset", "isnotset"};
    struct value rest = *v, op, name;
    next_part(&rest, ',', &op);
    if (value_is(&op, "noalert")) {
        r->sig->noalert = true;
        return 0;
    }
    unsigned which = 0;
    while (which < 5 && !value_is(&op, ops[which]))
        which++;
    if (which == 5)
        return fault_at(r, &op, "no operation on flowbits");
    if (!next_part(&rest, ',', &name) || name.len == 0)
        return fault_at(r, v, "a flowbit has a name");
    if (memchr(name.text, '|', name.len))
        return rule_fault(r, name.at, ERR_UNSUPPORTED, "flowbits with |",
                          "alternatives of flowbits are not in this build");
    if (r->sig->n_flowbits == FLOWBITS_MAX)
        return fault_at(r, v, "more flowbits than a rule may have");
    struct flowbit *bit = &r->sig->flowbits[r->sig->n_flowbits++];
    bit->op = (uint8_t)which;
    return flowbit_number(r, &name, &bit->bit);
}

static int on_dsize(struct rule_reader *r, const struct value *v)
{
    struct signature *s = r->sig;
    struct value rest = *v, low;
    uint64_t a, b;
    s->has_dsize = true;
    s->dsize_high = UINT16_MAX;
    const char *between = v->len > 2 ? memmem(v->text, v->len, "<>", 2) : NULL;
    char first = v->len ? *v->text : 0;
    int error;
    if (between) {
        size_t n = (size_t)(between - v->text);
        low = (struct value){v->text, n, v->at};
        rest = (struct value){between + 2, v->len - n - 2, v->at + n + 2};
        if ((error = number_of(r, &low, UINT16_MAX, &a)) ||
            (error = number_of(r, &rest, UINT16_MAX, &b)))
            return error;
        if (b <= a + 1)
            return fault_at(r, v, "a range that holds nothing");
        s->dsize_low = (uint32_t)a + 1;
        s->dsize_high = (uint32_t)b - 1;
        return 0;
    }
    if (first == '<' || first == '>' || first == '!') {
        rest.text++;
        rest.at++;
        rest.len--;
    }
    if ((error = number_of(r, &rest, UINT16_MAX, &a)))
        return error;
    if (first == '<' && a == 0)
        return fault_at(r, v, "a range that holds nothing");
    s->dsize_low = first == '<' ? 0 : first == '>' ? (uint32_t)a + 1 : (uint32_t)a;
    s->dsize_high = first == '<' ? (uint32_t)a - 1 : first == '>' ? UINT16_MAX : (uint32_t)a;
    s->dsize_negated = first == '!';
    return 0;
}

static int on_noalert(struct rule_reader *r, const struct value *v)
{
    (void)v;
    r->sig->noalert = true;
    return 0;
}

enum keyword_form { NONE, VALUE, OPTIONAL };
static const struct keyword {
    const char *name;
    enum keyword_form form;
    int (*on)(struct rule_reader *r, const struct value *v);
} keywords[] = {
#define KEYWORD(name, form, function, text) {name, form, function},
#include "rules/keywords.def"
};

/* read_option: up to the semicolon that ends it; false at the closing bracket. */
static int read_option(struct rule_reader *r, struct value *name, struct value *value, bool *more)
{
    while (r->at < r->len && isspace((unsigned char)r->text[r->at]))
        r->at++;
    *more = r->at < r->len && r->text[r->at] != ')';
    if (!*more)
        return r->at < r->len
                   ? 0
                   : rule_fault(r, r->len, ERR_SYNTAX, "not closed", "the rule ends without )");
    size_t start = r->at, colon = 0;
    for (; r->at < r->len && r->text[r->at] != ';'; r->at++) {
        if (r->text[r->at] == '\\')
            r->at++;
        else if (r->text[r->at] == ':' && !colon)
            colon = r->at;
    }
    if (r->at >= r->len)
        return rule_fault(r, start, ERR_SYNTAX, "not closed", "this option does not end in ;");
    size_t end = r->at++;
    struct value whole = {r->text + start, (colon ? colon : end) - start, start};
    next_part(&whole, '\n', name);
    if (colon) {
        struct value after = {r->text + colon + 1, end - colon - 1, colon + 1};
        *value = after;
        while (value->len && isspace((unsigned char)*value->text)) {
            value->text++;
            value->at++;
            value->len--;
        }
        while (value->len && isspace((unsigned char)value->text[value->len - 1]))
            value->len--;
    } else {
        *value = (struct value){r->text + start, 0, start};
    }
    return 0;
}

static int read_keyword(struct rule_reader *r, const struct value *name, const struct value *value)
{
    bool has_value = value->len > 0;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (!value_is(name, keywords[i].name))
            continue;
        if (keywords[i].form == VALUE && !has_value)
            return rule_fault(r, name->at, ERR_SYNTAX, "value missing", "`%s` needs a value",
                              keywords[i].name);
        if (keywords[i].form == NONE && has_value)
            return rule_fault(r, value->at, ERR_SYNTAX, "value not allowed", "`%s` takes no value",
                              keywords[i].name);
        return keywords[i].on(r, value);
    }
    const char *reason = arena_strndup(r->ctx->arena, name->text, name->len);
    return rule_fault(r, name->at, ERR_UNSUPPORTED, reason ? reason : "keyword",
                      "the keyword `%.*s` is not in this build", (int)name->len, name->text);
}

/* check_content: modifiers that exclude each other, and bounds that nothing can meet. */
static int check_content(struct rule_reader *r, unsigned i)
{
    struct content *c = &r->sig->contents[i];
    bool absolute = c->flags & (CONTENT_OFFSET | CONTENT_DEPTH),
         relative = c->flags & CONTENT_RELATIVE;
    const char *why = NULL;
    if (absolute && relative)
        why = "offset and depth do not go with distance and within";
    else if (c->flags & CONTENT_STARTSWITH && (absolute || relative))
        why = "startswith does not go with offset, depth, distance or within";
    else if (c->flags & CONTENT_ENDSWITH &&
             (c->flags & (CONTENT_OFFSET | CONTENT_WITHIN | CONTENT_DISTANCE)))
        why = "endswith does not go with offset, distance or within";
    else if (c->flags & CONTENT_DEPTH && c->depth < c->len)
        why = "depth is smaller than the content";
    else if (c->flags & CONTENT_WITHIN && c->within < c->len)
        why = "within is smaller than the content";
    else if (c->flags & CONTENT_OFFSET && c->offset < 0)
        why = "offset is negative";
    else if (c->flags & CONTENT_FAST && c->flags & CONTENT_NEGATED)
        why = "fast_pattern on a negated content";
    if (why)
        return rule_fault(r, r->len, ERR_SCHEMA, why, "content %u: %s", i + 1, why);
    if (c->flags & CONTENT_STARTSWITH) {
        c->flags |= CONTENT_OFFSET | CONTENT_DEPTH;
        c->depth = c->len;
    }
    return 0;
}

static int check_rule(struct rule_reader *r)
{
    struct signature *s = r->sig;
    unsigned fast = 0;
    if (s->sid == 0)
        return rule_fault(r, 0, ERR_SCHEMA, "sid missing", "the rule has no sid");
    for (unsigned i = 0; i < s->n_contents; i++) {
        int error = check_content(r, i);
        if (error)
            return error;
        fast += (s->contents[i].flags & CONTENT_FAST) != 0;
    }
    if (fast > 1)
        return rule_fault(r, 0, ERR_SCHEMA, "fast_pattern twice", "a rule has one fast_pattern");
    if (s->has_dsize || s->transport != TRANSPORT_TCP || s->n_contents == 0) {
        if (s->view == VIEW_STREAM)
            return rule_fault(r, 0, ERR_SCHEMA, "stream without contents",
                              "nothing in this rule can be looked for in a stream");
        s->view = VIEW_PACKET;
    } else if (s->view == VIEW_ANY) {
        s->view = VIEW_STREAM;
    }
    return 0;
}

int keywords_parse(struct rule_reader *r)
{
    r->sig->gid = 1;
    for (;;) {
        struct value name, value;
        bool more;
        int error = read_option(r, &name, &value, &more);
        if (!error && more)
            error = read_keyword(r, &name, &value);
        if (error)
            return error;
        if (!more)
            return check_rule(r);
    }
}
