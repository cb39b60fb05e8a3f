/* The options of a rule: keywords with their values, and what must hold between them. Suricata's
 * documentation, "Meta Keywords", "Payload Keywords", "Flow Keywords". */
#include "rules/keyword.h"

#include "base/error.h"
#include "rules/matcher.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

int value_fault(struct rule_reader *r, const struct value *v, const char *why)
{
    return rule_fault(r, v->at, ERR_SYNTAX, why, "%s: `%.*s`", why,
                      (int)(v->len > 60 ? 60 : v->len), v->text);
}

bool value_is(const struct value *v, const char *word)
{
    return strlen(word) == v->len && memcmp(v->text, word, v->len) == 0;
}

struct value value_trimmed(struct value v)
{
    while (v.len && isspace((unsigned char)*v.text)) {
        v.text++;
        v.at++;
        v.len--;
    }
    while (v.len && isspace((unsigned char)v.text[v.len - 1]))
        v.len--;
    return v;
}

bool value_next(struct value *rest, char separator, struct value *out)
{
    *out = (struct value){0};
    if (rest->text == NULL)
        return false;
    const char *end = memchr(rest->text, separator, rest->len);
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    *out = value_trimmed((struct value){rest->text, len, rest->at});
    if (end)
        *rest = (struct value){end + 1, rest->len - len - 1, rest->at + len + 1};
    else
        rest->text = NULL;
    return true;
}

int value_number(struct rule_reader *r, const struct value *v, uint64_t min, uint64_t max,
                 uint64_t *out)
{
    char buf[24];
    if (v->len && v->len < sizeof buf) {
        memcpy(buf, v->text, v->len);
        buf[v->len] = 0;
        if (text_u64(buf, max, out) == 0 && *out >= min)
            return 0;
    }
    return rule_fault(r, v->at, ERR_SYNTAX, "no number that is allowed here",
                      "`%.*s` is no number from %lu to %lu", (int)v->len, v->text, min, max);
}

struct value value_unquoted(const struct value *v)
{
    return (struct value){v->text + 1, v->len - 2, v->at + 1};
}

static int on_msg(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value inner = value_unquoted(v);
    char *out = arena_alloc(r->ctx->arena, inner.len + 1);
    size_t n = 0;
    (void)arg;
    if (!out)
        return ERR_NOMEM;
    for (size_t i = 0; i < inner.len; i++) {
        /* Else `msg:"x", content:"y";` would be a message, and the content lost without a word. */
        if (inner.text[i] == '"')
            return rule_fault(
                r, inner.at + i, ERR_SYNTAX, "quote within a message",
                "the message ends here, and no ; follows (\\\" is a quote within it)");
        if (inner.text[i] == '\\' && ++i == inner.len)
            return rule_fault(r, inner.at + i - 1, ERR_SYNTAX, "escape",
                              "the closing quote is escaped");
        out[n++] = inner.text[i];
    }
    if (n == 0)
        return value_fault(r, v, "an empty message");
    r->sig->msg = out;
    return 0;
}

/* on_id: a number from 1; `field` is where in the signature it goes. */
static int on_id(struct rule_reader *r, const struct value *v, unsigned field)
{
    uint64_t number;
    int error = value_number(r, v, 1, UINT32_MAX, &number);
    if (!error)
        *(uint32_t *)((char *)r->sig + field) = (uint32_t)number;
    return error;
}

static int on_classtype(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)arg;
    r->sig->classtype = arena_strndup(r->ctx->arena, v->text, v->len);
    return r->sig->classtype ? 0 : ERR_NOMEM;
}

static int on_priority(struct rule_reader *r, const struct value *v, unsigned arg)
{
    uint64_t number;
    int error = value_number(r, v, 1, 255, &number);
    (void)arg;
    if (!error)
        r->sig->priority = (uint8_t)number;
    return error;
}

static int on_metadata(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct signature *s = r->sig;
    struct value rest = *v, part;
    (void)arg;
    while (value_next(&rest, ',', &part)) {
        struct value key, words = part;
        value_next(&words, ' ', &key);
        if (!value_is(&key, "tag") || !words.text)
            continue;
        if (s->n_tags == TAGS_MAX)
            return value_fault(r, &part, "more tags than are kept");
        words = value_trimmed(words);
        s->tags[s->n_tags] = arena_strndup(r->ctx->arena, words.text, words.len);
        if (!s->tags[s->n_tags++])
            return ERR_NOMEM;
    }
    return 0;
}

static int on_reference(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value place = *v, type;
    (void)arg;
    value_next(&place, ',', &type);
    if (!place.text || type.len == 0 || value_trimmed(place).len == 0)
        return value_fault(r, v, "a reference is TYPE,PLACE");
    place = value_trimmed(place);
    struct reference *reference = arena_alloc(r->ctx->arena, sizeof *reference);
    struct reference **last = &r->sig->references;
    if (!reference)
        return ERR_NOMEM;
    *reference = (struct reference){
        .system = arena_strndup(r->ctx->arena, type.text, type.len),
        .place = arena_strndup(r->ctx->arena, place.text, place.len),
    };
    while (*last)
        last = &(*last)->next;
    *last = reference;
    return reference->system && reference->place ? 0 : ERR_NOMEM;
}

static int on_target(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)arg;
    return value_is(v, "src_ip") || value_is(v, "dest_ip")
               ? 0
               : value_fault(r, v, "a target is src_ip or dest_ip");
}

static int on_flow(struct rule_reader *r, const struct value *v, unsigned arg)
{
    static const struct {
        const char *word;
        uint8_t flow, excludes, view;
    } rows[] = {{"to_server", FLOW_TO_SERVER, FLOW_TO_CLIENT, 0},
                {"from_client", FLOW_TO_SERVER, FLOW_TO_CLIENT, 0},
                {"to_client", FLOW_TO_CLIENT, FLOW_TO_SERVER, 0},
                {"from_server", FLOW_TO_CLIENT, FLOW_TO_SERVER, 0},
                {"established", FLOW_ESTABLISHED, FLOW_NOT_ESTABLISHED | FLOW_STATELESS, 0},
                {"not_established", FLOW_NOT_ESTABLISHED, FLOW_ESTABLISHED, 0},
                {"stateless", FLOW_STATELESS, FLOW_ESTABLISHED, 0},
                {"only_stream", 0, 0, VIEW_STREAM},
                {"no_stream", 0, 0, VIEW_PACKET}};
    struct value rest = *v, part;
    (void)arg;
    while (value_next(&rest, ',', &part)) {
        size_t i = 0;
        while (i < sizeof rows / sizeof rows[0] &&
               (strlen(rows[i].word) != part.len || strncasecmp(rows[i].word, part.text, part.len)))
            i++;
        if (i == sizeof rows / sizeof rows[0])
            return rule_fault(r, part.at, ERR_UNSUPPORTED, "flow option",
                              "the flow option `%.*s` is not in this build", (int)part.len,
                              part.text);
        if (r->sig->flow & rows[i].flow)
            return value_fault(r, &part, "a flow option is there twice");
        if (r->sig->flow & rows[i].excludes)
            return value_fault(r, &part, "flow options that exclude each other");
        r->sig->flow |= rows[i].flow;
        if (rows[i].view) {
            int error = rule_view(r, part.at, rows[i].view);
            if (error)
                return error;
        }
    }
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
    const char *copy = arena_strndup(ctx->arena, name->text, name->len);
    if (!copy)
        return ERR_NOMEM;
    ctx->flowbit_names[ctx->n_flowbits] = copy;
    *out = (uint16_t)ctx->n_flowbits++;
    return 0;
}

static int add_flowbit(struct rule_reader *r, const struct value *name, enum flowbit_op op,
                       bool or_next)
{
    struct signature *s = r->sig;
    if (name->len == 0)
        return value_fault(r, name, "a flowbit has a name");
    for (size_t i = 0; i < name->len; i++)
        if (isspace((unsigned char)name->text[i]))
            return value_fault(r, name, "a flowbit's name has no blanks");
    if (s->n_flowbits == FLOWBITS_MAX)
        return value_fault(r, name, "more flowbits than a rule may have");
    struct flowbit *bit = &s->flowbits[s->n_flowbits++];
    *bit = (struct flowbit){.op = (uint8_t)op, .or_next = or_next};
    return flowbit_number(r, name, &bit->bit);
}

static int on_flowbits(struct rule_reader *r, const struct value *v, unsigned arg)
{
    static const char *const ops[] = {"set", "unset", "toggle", "isset", "isnotset"};
    struct value names = *v, op, name;
    (void)arg;
    value_next(&names, ',', &op);
    if (value_is(&op, "noalert")) {
        r->sig->noalert = true;
        return names.text ? value_fault(r, v, "noalert has no name") : 0;
    }
    unsigned which = 0;
    while (which < 5 && !value_is(&op, ops[which]))
        which++;
    if (which == 5)
        return value_fault(r, &op, "no operation on flowbits");
    if (!names.text)
        return value_fault(r, v, "a flowbit has a name");
    int error = 0;
    while (!error && value_next(&names, '|', &name)) {
        if (names.text && which < FLOWBIT_ISSET)
            return value_fault(r, &name, "only isset and isnotset have alternatives");
        error = add_flowbit(r, &name, which, names.text != NULL);
    }
    return error;
}

int value_signed(struct rule_reader *r, const struct value *v, uint64_t max, int64_t *out)
{
    uint64_t number;
    bool sign = v->len && (*v->text == '-' || *v->text == '+');
    struct value digits =
        sign ? value_trimmed((struct value){v->text + 1, v->len - 1, v->at + 1}) : *v;
    int error = value_number(r, &digits, 0, max, &number);
    if (!error)
        *out = sign && *v->text == '-' ? -(int64_t)number : (int64_t)number;
    return error;
}

/* separator_of: where LOW and HIGH of a range part; NULL for no range. */
static const char *separator_of(const struct value *v, size_t *len)
{
    const char *between = memmem(v->text, v->len, "<>", 2);
    *len = between ? 2 : 1;
    return between ? between : memchr(v->text, '-', v->len);
}

int value_range(struct rule_reader *r, const struct value *v, uint32_t max, uint32_t *out_low,
                uint32_t *out_high, bool *negated)
{
    struct value number = *v;
    uint64_t low, high;
    size_t separator;
    int error;
    *negated = false;
    const char *between = separator_of(v, &separator);
    if (between) {
        size_t n = (size_t)(between - v->text);
        struct value first = value_trimmed((struct value){v->text, n, v->at});
        number = value_trimmed(
            (struct value){between + separator, v->len - n - separator, v->at + n + separator});
        if ((error = value_number(r, &first, 0, max, &low)) ||
            (error = value_number(r, &number, 0, max, &high)))
            return error;
        if (high < low + 2)
            return value_fault(r, v, "a range that holds nothing");
        *out_low = (uint32_t)low + 1;
        *out_high = (uint32_t)high - 1;
        return 0;
    }
    char sign = v->len && strchr("<>!=", *v->text) ? *v->text : 0;
    bool equal = sign && sign != '=' && v->len > 1 && v->text[1] == '=';
    bool below = sign == '<' && !equal, above = sign == '>' && !equal;
    size_t n = (sign != 0) + equal;
    number = value_trimmed((struct value){v->text + n, v->len - n, v->at + n});
    if ((error = value_number(r, &number, below, max - above, &low)))
        return error;
    *negated = sign == '!';
    *out_low = sign == '<' ? 0 : (uint32_t)low + above;
    *out_high = sign == '>' ? max : (uint32_t)low - below;
    return 0;
}

bool value_is_name(const struct value *v)
{
    return v->len && (isalpha((unsigned char)*v->text) || *v->text == '_');
}

int variable_number(struct rule_reader *r, const struct value *v, uint8_t *out)
{
    for (unsigned i = 0; i < r->sig->n_variables; i++)
        if (value_is(v, r->variables[i])) {
            *out = (uint8_t)i;
            return 0;
        }
    return rule_fault(r, v->at, ERR_SYNTAX, "unknown variable",
                      "`%.*s` is not extracted before this", (int)v->len, v->text);
}

struct content *step_add(struct rule_reader *r, const struct value *v, enum step_kind kind)
{
    struct signature *s = r->sig;
    if (s->n_contents == CONTENTS_MAX) {
        value_fault(r, v, "more contents than a rule may have");
        return NULL;
    }
    int section = section_now(r);
    if (section < 0 || section_closed(r, v->at, (unsigned)section))
        return NULL;
    s->contents[s->n_contents] =
        (struct content){.kind = (uint8_t)kind, .section = (uint8_t)section};
    return &s->contents[s->n_contents++];
}

struct content *step_add_behind(struct rule_reader *r, const struct value *v, enum step_kind kind)
{
    struct signature *s = r->sig;
    unsigned before = s->n_contents;
    struct content *c = step_add(r, v, kind);
    if (c && before && !r->part.parts && !r->own_section &&
        s->contents[before - 1].section != s->decoded)
        c->section = s->contents[before - 1].section;
    return c;
}

static int on_dsize(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct signature *s = r->sig;
    (void)arg;
    int error = rule_view(r, v->at, VIEW_PACKET);
    s->has_dsize = true;
    return error ? error
                 : value_range(r, v, UINT16_MAX, &s->dsize_low, &s->dsize_high, &s->dsize_negated);
}

static int on_nothing(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)r;
    (void)v;
    (void)arg;
    return 0;
}

/* The version whose language this is. */
static const uint64_t version_held[3] = {7, 0, 10};

/* read_version: N, N.N or N.N.N from the start of rest; *order: below 0 when it is before ours. */
static int read_version(struct rule_reader *r, struct value *rest, int *order)
{
    struct value word = *rest, part;
    size_t n = 0;
    while (n < word.len && !strchr(" |", word.text[n]))
        n++;
    *rest = value_trimmed((struct value){word.text + n, word.len - n, word.at + n});
    word.len = n;
    *order = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t number = 0;
        int error = value_next(&word, '.', &part) ? value_number(r, &part, 0, 255, &number) : 0;
        if (error)
            return error;
        if (*order == 0)
            *order = number < version_held[i] ? -1 : number > version_held[i];
    }
    return word.text ? value_fault(r, &word, "a version has three numbers") : 0;
}

/* version_holds: alternatives of comparisons that hold together. */
static int version_holds(struct rule_reader *r, struct value rest, bool *holds)
{
    bool all = true;
    *holds = false;
    while (rest.len) {
        if (*rest.text == '|') {
            *holds |= all;
            all = true;
            rest = value_trimmed((struct value){rest.text + 1, rest.len - 1, rest.at + 1});
            continue;
        }
        char sign = *rest.text;
        size_t n = 1 + (rest.len > 1 && rest.text[1] == '=');
        int order;
        if (sign != '<' && sign != '>')
            return value_fault(r, &rest, "a version is compared by <, <=, > or >=");
        rest = value_trimmed((struct value){rest.text + n, rest.len - n, rest.at + n});
        int error = read_version(r, &rest, &order);
        if (error)
            return error;
        all &= (n == 2 && order == 0) || (sign == '<' ? order > 0 : order < 0);
    }
    *holds |= all;
    return 0;
}

static int on_requires(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value rest = *v, part, name;
    (void)arg;
    while (value_next(&rest, ',', &part)) {
        struct value argument = part;
        bool holds = false;
        value_next(&argument, ' ', &name);
        argument = argument.text ? value_trimmed(argument) : (struct value){name.text, 0, name.at};
        if (argument.len == 0)
            return value_fault(r, &part, "requires asks for a version or a feature");
        int error = value_is(&name, "version") ? version_holds(r, argument, &holds) : 0;
        if (error)
            return error;
        if (!holds)
            return rule_fault(r, part.at, ERR_UNSUPPORTED, "requires",
                              "this is Suricata 7.0.10 without features, not `%.*s`", (int)part.len,
                              part.text);
    }
    return 0;
}

/* on_tag: Suricata's documentation, "Meta Keywords" knows it by its form alone. */
static int on_tag(struct rule_reader *r, const struct value *v, unsigned arg)
{
    static const char *const metrics[] = {"packets", "bytes", "seconds"};
    struct value rest = *v, type, count, metric, direction;
    uint64_t number;
    (void)arg;
    value_next(&rest, ',', &type);
    if (!value_is(&type, "session") && !value_is(&type, "host"))
        return value_fault(r, &type, "tag is of a session or a host");
    if (!value_next(&rest, ',', &count))
        return 0;
    int error = value_number(r, &count, 0, UINT32_MAX, &number);
    if (error)
        return error;
    if (!value_next(&rest, ',', &metric))
        return value_fault(r, v, "tag counts packets, bytes or seconds");
    size_t i = 0;
    while (i < 3 && !value_is(&metric, metrics[i]))
        i++;
    if (i == 3)
        return value_fault(r, &metric, "tag counts packets, bytes or seconds");
    if (value_next(&rest, ',', &direction) &&
        ((!value_is(&direction, "src") && !value_is(&direction, "dst")) || rest.text))
        return value_fault(r, &direction, "a direction is src or dst");
    return 0;
}

static int on_noalert(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)v;
    (void)arg;
    r->sig->noalert = true;
    return 0;
}

enum keyword_form { NONE = 0, VALUE = 1, OPTIONAL = 2, ONCE = 4, QUOTED = 8, MAYBE_QUOTED = 24 };
static const struct keyword {
    const char *name;
    unsigned form;
    keyword_fn *on;
    unsigned arg;
} keywords[] = {
#define KEYWORD(name, form, function, arg, text) {name, form, function, arg},
#include "rules/keywords.def"
#define X(s, protocol, directions, keyword, text) {keyword, NONE, section_part, PART_##s},
    PROTO_PARTS(X)
#undef X
#define X(s, keyword, text) {keyword, NONE, section_transform, TRANSFORM_##s},
        RULE_TRANSFORMS(X)
#undef X
#define X(s, keyword, text) {keyword, NONE, section_header, HEADER_##s},
            PACKET_HEADERS(X)
#undef X
};
#define KEYWORDS (sizeof keywords / sizeof keywords[0])
static_assert(KEYWORDS <= 64 * KEYWORD_WORDS, "a bit of rule_reader.seen each");

/* read_option: up to the semicolon that ends it; *more is false at the closing bracket. */
static int read_option(struct rule_reader *r, struct value *name, struct value *value, bool *more)
{
    while (r->at < r->len && isspace((unsigned char)r->text[r->at]))
        r->at++;
    *more = r->at < r->len && r->text[r->at] != ')';
    if (!*more)
        return r->at < r->len
                   ? 0
                   : rule_fault(r, r->len, ERR_SYNTAX, "not closed", "the rule ends without )");
    size_t start = r->at;
    const char *colon = NULL;
    for (; r->at < r->len && r->text[r->at] != ';'; r->at++) {
        if (r->text[r->at] == '\\')
            r->at++;
        else if (r->text[r->at] == ':' && !colon)
            colon = r->text + r->at;
    }
    if (r->at >= r->len)
        return rule_fault(r, start, ERR_SYNTAX, "not closed", "this option does not end in ;");
    struct value rest = {r->text + start, r->at++ - start, start};
    value_next(&rest, colon ? ':' : ';', name);
    *value = rest.text ? value_trimmed(rest) : (struct value){name->text, 0, name->at};
    return 0;
}

static int check_form(struct rule_reader *r, const struct keyword *k, const struct value *name,
                      const struct value *value)
{
    size_t number = (size_t)(k - keywords);
    uint64_t bit = UINT64_C(1) << number % 64, *seen = &r->seen[number / 64];
    if (k->form & ONCE && *seen & bit)
        return rule_fault(r, name->at, ERR_SCHEMA, "keyword given twice", "`%s` is there twice",
                          k->name);
    *seen |= bit;
    if (k->form & VALUE && value->len == 0)
        return rule_fault(r, name->at, ERR_SYNTAX, "value missing", "`%s` needs a value", k->name);
    if (!(k->form & (VALUE | OPTIONAL)) && value->len)
        return rule_fault(r, value->at, ERR_SYNTAX, "value not allowed", "`%s` takes no value",
                          k->name);
    bool quote = value->len && *value->text == '"';
    if (quote && !(k->form & QUOTED))
        return rule_fault(r, value->at, ERR_SYNTAX, "quotes", "`%s` takes no quotes", k->name);
    if ((k->form & MAYBE_QUOTED) == QUOTED &&
        (!quote || value->len < 2 || value->text[value->len - 1] != '"'))
        return rule_fault(r, value->at, ERR_SYNTAX, "quotes", "`%s` stands in quotes", k->name);
    return 0;
}

/* note_option: into the normalised text. */
static void note_option(struct rule_reader *r, const struct keyword *k, const struct value *value)
{
    text_puts(&r->normal, k->name);
    if (value->len)
        text_puts(&r->normal, ":");
    text_append(&r->normal, value->text, value->len);
    text_puts(&r->normal, ";");
}

static int read_keyword(struct rule_reader *r, const struct value *name, const struct value *value)
{
    r->option_at = name->at;
    if (name->len == 0)
        return rule_fault(r, name->at, ERR_SYNTAX, "keyword missing", "there is no keyword here");
    for (size_t i = 0; i < KEYWORDS; i++) {
        const struct keyword *k = &keywords[i];
        if (strlen(k->name) != name->len || strncasecmp(k->name, name->text, name->len) != 0)
            continue;
        int error = check_form(r, k, name, value);
        if (error)
            return error;
        note_option(r, k, value);
        return k->on(r, value, k->arg);
    }
    const char *reason = arena_strndup(r->ctx->arena, name->text, name->len);
    return rule_fault(r, name->at, ERR_UNSUPPORTED, reason ? reason : "keyword",
                      "the keyword `%.*s` is not in this build", (int)name->len, name->text);
}

/* choose_message: of a rule that looks into parts. */
static int choose_message(struct rule_reader *r)
{
    struct signature *s = r->sig;
    if (s->views == VIEW_PACKET) /* that of streams says nothing of parts, as in Suricata */
        return rule_fault(r, r->view_at, ERR_SCHEMA, "packets and parts",
                          "this looks at packets, the rule looks into parts of messages");
    unsigned flow = s->flow & FLOW_TO_SERVER ? 1 : s->flow & FLOW_TO_CLIENT ? 2 : 3;
    s->directions = (uint8_t)(s->directions ? s->directions & flow : flow);
    if (s->directions == 0)
        return rule_fault(r, r->part_at, ERR_SCHEMA, "direction of a part",
                          "messages of the rule's direction do not have this part");
    s->views = VIEW_MESSAGE;
    return 0;
}

/* choose_views: packets, the stream, or both. Contents are looked for in the stream; those with a
 * place counted from the start in each packet too, as in Suricata, for many protocols put a message
 * in a packet. A pass is tried on both, for it must be known before the rules that it is to
 * silence. */
static int choose_views(struct rule_reader *r)
{
    struct signature *s = r->sig;
    const unsigned placed = CONTENT_ABSOLUTE | CONTENT_STARTSWITH;
    if (signature_has_parts(s))
        return choose_message(r);
    if (s->views == VIEW_STREAM &&
        ((s->transport != TRANSPORT_TCP && s->transport != TRANSPORT_IP) || s->n_contents == 0))
        return rule_fault(r, r->view_at, ERR_SCHEMA, "nothing for a stream",
                          "nothing in this rule can be looked for in a stream");
    if (s->views) {
        if (s->views == VIEW_STREAM)
            s->transport = TRANSPORT_TCP; /* what else has streams */
        return 0;
    }
    s->views = s->n_contents == 0 ? VIEW_PACKET : VIEW_STREAM;
    for (unsigned i = 0; i < s->n_contents; i++)
        if (s->contents[i].flags & placed && s->contents[i].section == 0)
            s->views |= VIEW_PACKET;
    if (s->action == ACTION_PASS)
        s->views = VIEW_PACKET | VIEW_STREAM;
    return 0;
}

/* addresses_only: as Suricata's IP-only rules, which are tried once a direction of a flow. */
static bool addresses_only(const struct signature *s)
{
    bool only = s->n_contents == 0 && s->n_flowints == 0 && s->n_pair_bits == 0 &&
                s->n_sections == 1 && !s->protocol && !s->flow && !s->has_dsize && !s->same_ip &&
                s->source_port->any && s->target_port->any;
    for (unsigned i = 0; i < s->n_flowbits; i++)
        only &= s->flowbits[i].op < FLOWBIT_ISSET;
    for (unsigned i = 0; i < s->n_tests; i++)
        only &= s->tests[i].field == FIELD_IP_PROTOCOL;
    return only;
}

int keywords_parse(struct rule_reader *r)
{
    r->sig->gid = 1;
    r->sig->n_sections = 1;
    for (;;) {
        struct value name = {0}, value = {0};
        bool more;
        int error = read_option(r, &name, &value, &more);
        if (!error && more)
            error = read_keyword(r, &name, &value);
        if (error)
            return error;
        if (more)
            continue;
        text_puts(&r->normal, ")");
        if (r->sig->sid == 0)
            return rule_fault(r, r->at, ERR_SCHEMA, "sid missing", "the rule has no sid");
        error = section_packet(r, &value, 0);
        if (error)
            return error;
        contents_link(r->sig);
        r->sig->addresses_only = addresses_only(r->sig);
        error = app_protocol_check(r);
        if (!error)
            error = choose_views(r);
        if (!error)
            literal_choose(r->sig);
        for (unsigned i = 1; i < r->sig->n_sections && !error; i++)
            r->sig->bodies |= bodies_for(r->sig->sections[i].view->parts);
        return error;
    }
}
