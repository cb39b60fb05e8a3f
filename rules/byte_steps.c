/* isdataat, byte_test, byte_jump and byte_extract. Suricata's documentation, "Payload Keywords". */
#include "rules/keyword.h"

#include "base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define OFFSET_MAX 65535

static int not_here(struct rule_reader *r, const struct value *v, const char *reason)
{
    return rule_fault(r, v->at, ERR_UNSUPPORTED, reason, "`%.*s` is not in this build", (int)v->len,
                      v->text);
}

/* Words of the three; what a word may be used with. */
enum { IN_TEST = 1, IN_JUMP = 2, IN_EXTRACT = 4, IN_ALL = 7 };
enum number_word {
    RELATIVE,
    BIG,
    LITTLE,
    STRING,
    HEX,
    DEC,
    OCT,
    ALIGN,
    FROM_BEGINNING,
    FROM_END,
    MULTIPLIER,
    POST_OFFSET,
    BITMASK,
    DCE
};
static const struct {
    const char *name;
    uint8_t word, with;
    bool argument;
} words[] = {
    {"relative", RELATIVE, IN_ALL, false},
    {"big", BIG, IN_ALL, false},
    {"little", LITTLE, IN_ALL, false},
    {"string", STRING, IN_ALL, false},
    {"hex", HEX, IN_ALL, false},
    {"dec", DEC, IN_ALL, false},
    {"oct", OCT, IN_ALL, false},
    {"align", ALIGN, IN_JUMP, false},
    {"align", ALIGN, IN_EXTRACT, true},
    {"from_beginning", FROM_BEGINNING, IN_JUMP, false},
    {"from_end", FROM_END, IN_JUMP, false},
    {"multiplier", MULTIPLIER, IN_JUMP | IN_EXTRACT, true},
    {"post_offset", POST_OFFSET, IN_JUMP, true},
    {"bitmask", BITMASK, IN_TEST | IN_JUMP, true},
    {"dce", DCE, IN_ALL, false},
};

static int read_mask(struct rule_reader *r, const struct value *v, uint64_t *out)
{
    char text[24], *end;
    if (v->len == 0 || v->len >= sizeof text)
        return value_fault(r, v, "no bit mask");
    memcpy(text, v->text, v->len);
    text[v->len] = 0;
    *out = strtoull(text, &end, 16);
    return *end || *out == 0 || *out > UINT32_MAX ? value_fault(r, v, "no bit mask") : 0;
}

static int read_word(struct rule_reader *r, struct content *c, struct byte_step *b, unsigned with,
                     const struct value *part)
{
    struct value argument = *part, name;
    uint64_t number;
    int64_t place;
    int error;
    value_next(&argument, ' ', &name);
    argument = argument.text ? value_trimmed(argument) : (struct value){name.text, 0, name.at};
    size_t i = 0;
    while (i < sizeof words / sizeof words[0] &&
           (!value_is(&name, words[i].name) || !(words[i].with & with)))
        i++;
    if (i == sizeof words / sizeof words[0])
        return value_fault(r, part, "no word that belongs here");
    if (words[i].argument != (argument.len != 0))
        return value_fault(r, part,
                           words[i].argument ? "a number is missing" : "nothing may follow here");
    switch ((enum number_word)words[i].word) {
    case RELATIVE:
        c->flags |= CONTENT_DISTANCE;
        return 0;
    case BIG:
    case LITTLE:
        b->little = words[i].word == LITTLE;
        b->ordered = true;
        return 0;
    case STRING:
        b->digits = true;
        return 0;
    case HEX:
    case DEC:
    case OCT:
        b->base = words[i].word == HEX ? 16 : words[i].word == DEC ? 10 : 8;
        return 0;
    case ALIGN:
        b->align = 4;
        if (!argument.len)
            return 0;
        error = value_number(r, &argument, 2, 4, &number);
        b->align = (uint8_t)number;
        return error ? error : number == 3 ? value_fault(r, &argument, "align is 2 or 4") : 0;
    case FROM_BEGINNING:
        b->from_beginning = true;
        return 0;
    case FROM_END:
        b->from_end = true;
        return 0;
    case MULTIPLIER:
        error = value_number(r, &argument, 1, UINT16_MAX, &number);
        b->multiplier = (uint32_t)number;
        return error;
    case POST_OFFSET:
        error = value_signed(r, &argument, OFFSET_MAX, &place);
        b->post_offset = (int32_t)place;
        return error;
    case BITMASK:
        return read_mask(r, &argument, &b->mask);
    case DCE:
        return not_here(r, part, "dce");
    }
    return 0;
}

/* read_words: what follows the numbers, and what must hold between it. */
static int read_words(struct rule_reader *r, struct content *c, struct byte_step *b, unsigned with,
                      struct value *rest, const struct value *count)
{
    struct value part;
    int error = 0;
    b->multiplier = b->multiplier ? b->multiplier : 1;
    while (!error && value_next(rest, ',', &part))
        error = read_word(r, c, b, with, &part);
    if (error)
        return error;
    if (b->base && !b->digits)
        return value_fault(r, count, "hex, dec and oct go with string");
    if (b->digits && b->ordered && with == IN_EXTRACT)
        return value_fault(r, count, "the order of bytes says nothing of a string");
    if (!b->bytes && !b->digits && with != IN_JUMP) /* of digits: as many as there are */
        return value_fault(r, count, "a number has a byte at least");
    if (b->bytes > (b->digits ? DIGITS_MAX : 8))
        return value_fault(r, count, "more bytes than a number has");
    if (b->from_beginning && b->from_end)
        return value_fault(r, count, "from_beginning does not go with from_end");
    return 0;
}

static struct byte_step *begin(struct rule_reader *r, const struct value *v, enum step_kind kind,
                               struct content **c)
{
    struct byte_step *b = arena_alloc(r->ctx->arena, sizeof *b);
    *c = b ? step_add(r, v, kind) : NULL;
    if (*c)
        (*c)->number = b;
    return *c ? b : NULL;
}

static int read_count(struct rule_reader *r, struct value *rest, struct byte_step *b,
                      struct value *count)
{
    uint64_t number;
    value_next(rest, ',', count);
    if (value_is_name(count))
        return not_here(r, count, "number of bytes from a variable");
    int error = value_number(r, count, 0, DIGITS_MAX, &number);
    b->bytes = (uint8_t)number;
    return error;
}

static int read_offset(struct rule_reader *r, struct value *rest, struct byte_step *b)
{
    struct value part;
    uint8_t variable;
    int64_t place;
    if (!value_next(rest, ',', &part))
        return rule_fault(r, r->option_at, ERR_SYNTAX, "offset missing", "an offset is missing");
    b->offset_variable = value_is_name(&part);
    int error = b->offset_variable ? variable_number(r, &part, &variable)
                                   : value_signed(r, &part, OFFSET_MAX, &place);
    b->offset = b->offset_variable ? variable : (int32_t)place;
    return error;
}

int step_isdataat(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct content *c;
    struct byte_step *b = begin(r, v, STEP_ISDATAAT, &c);
    struct value rest = *v, part;
    (void)arg;
    if (!b)
        return ERR_NOMEM;
    if (*rest.text == '!') {
        c->flags |= CONTENT_NEGATED;
        rest = value_trimmed((struct value){v->text + 1, v->len - 1, v->at + 1});
    }
    int error = read_offset(r, &rest, b);
    if (!error && !b->offset_variable && b->offset < 0)
        error = value_fault(r, v, "isdataat counts forward");
    while (!error && value_next(&rest, ',', &part)) {
        if (value_is(&part, "relative"))
            c->flags |= CONTENT_DISTANCE;
        else if (!value_is(&part, "rawbytes"))
            error = value_fault(r, &part, "isdataat knows relative and rawbytes");
    }
    return error;
}

static int read_operator(struct rule_reader *r, struct value *rest, struct byte_step *b)
{
    static const struct {
        const char *text;
        uint8_t op;
        bool negated;
    } rows[] = {{"<", BYTE_LESS, false},      {">", BYTE_GREATER, false},
                {"=", BYTE_EQUAL, false},     {"&", BYTE_AND, false},
                {"^", BYTE_XOR, false},       {"<=", BYTE_AT_MOST, false},
                {">=", BYTE_AT_LEAST, false}, {"!", BYTE_EQUAL, true}};
    struct value part;
    if (!value_next(rest, ',', &part))
        return rule_fault(r, r->option_at, ERR_SYNTAX, "operator missing",
                          "an operator is missing");
    bool negated = part.len > 1 && *part.text == '!';
    if (negated)
        part = value_trimmed((struct value){part.text + 1, part.len - 1, part.at + 1});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (value_is(&part, rows[i].text)) {
            b->op = rows[i].op;
            b->negated = negated || rows[i].negated;
            return 0;
        }
    return value_fault(r, &part, "no operator");
}

static int read_compared(struct rule_reader *r, struct value *rest, struct byte_step *b)
{
    struct value part;
    uint8_t variable;
    char text[24], *end;
    if (!value_next(rest, ',', &part) || part.len == 0)
        return rule_fault(r, r->option_at, ERR_SYNTAX, "value missing", "a value is missing");
    b->value_variable = value_is_name(&part);
    if (b->value_variable) {
        int error = variable_number(r, &part, &variable);
        b->value = variable;
        return error;
    }
    if (part.len >= sizeof text || !isdigit((unsigned char)*part.text))
        return value_fault(r, &part, "no number");
    memcpy(text, part.text, part.len);
    text[part.len] = 0;
    b->value = strtoull(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
    return *end ? value_fault(r, &part, "no number") : 0;
}

int step_byte_test(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct content *c;
    struct byte_step *b = begin(r, v, STEP_BYTE_TEST, &c);
    struct value rest = *v, count;
    int error;
    (void)arg;
    if (!b)
        return ERR_NOMEM;
    if ((error = read_count(r, &rest, b, &count)) || (error = read_operator(r, &rest, b)) ||
        (error = read_compared(r, &rest, b)) || (error = read_offset(r, &rest, b)))
        return error;
    return read_words(r, c, b, IN_TEST, &rest, &count);
}

int step_byte_jump(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct content *c;
    struct byte_step *b = begin(r, v, STEP_BYTE_JUMP, &c);
    struct value rest = *v, count;
    int error;
    (void)arg;
    if (!b)
        return ERR_NOMEM;
    if ((error = read_count(r, &rest, b, &count)) || (error = read_offset(r, &rest, b)))
        return error;
    return read_words(r, c, b, IN_JUMP, &rest, &count);
}

/* add_variable: a name that what follows may use. */
static int add_variable(struct rule_reader *r, const struct value *name, struct byte_step *b)
{
    if (!value_is_name(name))
        return rule_fault(r, name->at, ERR_SYNTAX, "variable missing", "the variable has no name");
    if (r->sig->n_variables == VARIABLES_MAX)
        return value_fault(r, name, "more variables than a rule may have");
    for (unsigned i = 0; i < r->sig->n_variables; i++)
        if (value_is(name, r->variables[i]))
            return value_fault(r, name, "this variable is there already");
    b->variable = (uint8_t)r->sig->n_variables;
    r->variables[b->variable] = arena_strndup(r->ctx->arena, name->text, name->len);
    return r->variables[b->variable] ? 0 : ERR_NOMEM;
}

int step_byte_extract(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct content *c;
    struct byte_step *b = begin(r, v, STEP_BYTE_EXTRACT, &c);
    struct value rest = *v, count, name;
    int error;
    (void)arg;
    if (!b)
        return ERR_NOMEM;
    if ((error = read_count(r, &rest, b, &count)) || (error = read_offset(r, &rest, b)))
        return error;
    if (!value_next(&rest, ',', &name))
        return rule_fault(r, v->at, ERR_SYNTAX, "variable missing", "the variable has no name");
    if ((error = add_variable(r, &name, b)))
        return error;
    error = read_words(r, c, b, IN_EXTRACT, &rest, &count);
    r->sig->n_variables++;
    return error;
}

/* Words of byte_math, each with a value but `relative`; the first five are asked for. */
enum math_word {
    MATH_BYTES,
    MATH_OFFSET,
    MATH_OPER,
    MATH_RVALUE,
    MATH_RESULT,
    MATH_RELATIVE,
    MATH_ENDIAN,
    MATH_STRING,
    MATH_BITMASK,
    MATH_DCE,
    MATH_WORDS
};
static const char *const math_words[MATH_WORDS] = {
    [MATH_BYTES] = "bytes",   [MATH_OFFSET] = "offset", [MATH_OPER] = "oper",
    [MATH_RVALUE] = "rvalue", [MATH_RESULT] = "result", [MATH_RELATIVE] = "relative",
    [MATH_ENDIAN] = "endian", [MATH_STRING] = "string", [MATH_BITMASK] = "bitmask",
    [MATH_DCE] = "dce"};

/* one_word: of a list the place of the word; -1 with a fault reported. */
static int one_word(struct rule_reader *r, const struct value *v, const char *const *list, size_t n,
                    const char *why)
{
    for (size_t i = 0; i < n; i++)
        if (value_is(v, list[i]))
            return (int)i;
    value_fault(r, v, why);
    return -1;
}

static int math_operand(struct rule_reader *r, struct byte_step *b, const struct value *v)
{
    uint8_t variable = 0;
    b->value_variable = value_is_name(v);
    if (!b->value_variable)
        return value_number(r, v, 0, UINT32_MAX, &b->value);
    int error = variable_number(r, v, &variable);
    b->value = variable;
    return error;
}

static int math_word(struct rule_reader *r, struct content *c, struct byte_step *b,
                     enum math_word word, const struct value *v, struct value *result)
{
    static const char *const operators[] = {"+", "-", "/", "*", "<<", ">>"},
                             *const bases[] = {"hex", "dec", "oct"},
                             *const orders[] = {"big", "little"};
    uint64_t number = 0;
    int64_t place = 0;
    int error = 0, which = 0;
    switch (word) {
    case MATH_BYTES:
        if (value_is_name(v))
            return not_here(r, v, "number of bytes from a variable");
        error = value_number(r, v, 1, 10, &number);
        b->bytes = (uint8_t)number;
        return error;
    case MATH_OFFSET:
        error = value_signed(r, v, OFFSET_MAX, &place);
        b->offset = (int32_t)place;
        return error;
    case MATH_OPER:
        which = one_word(r, v, operators, 6, "no operator");
        b->op = (uint8_t)(BYTE_ADD + which);
        break;
    case MATH_RVALUE:
        return math_operand(r, b, v);
    case MATH_RESULT:
        *result = *v;
        return 0;
    case MATH_RELATIVE:
        c->flags |= CONTENT_DISTANCE;
        return 0;
    case MATH_ENDIAN:
        which = one_word(r, v, orders, 2, "an order is big or little");
        b->little = which == 1;
        break;
    case MATH_STRING:
        which = one_word(r, v, bases, 3, "digits are hex, dec or oct");
        b->digits = true;
        b->base = which == 0 ? 16 : which == 1 ? 10 : 8;
        break;
    case MATH_BITMASK:
        return read_mask(r, v, &b->mask);
    case MATH_DCE:
    case MATH_WORDS:
        return not_here(r, v, "dce");
    }
    return which < 0 ? ERR_SYNTAX : 0;
}

int step_byte_math(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct content *c;
    struct byte_step *b = begin(r, v, STEP_BYTE_MATH, &c);
    struct value rest = *v, part, result = {0};
    unsigned seen = 0;
    (void)arg;
    while (b && value_next(&rest, ',', &part)) {
        struct value argument = part, name;
        value_next(&argument, ' ', &name);
        argument = argument.text ? value_trimmed(argument) : (struct value){name.text, 0, name.at};
        int word = one_word(r, &name, math_words, MATH_WORDS, "no word that belongs here");
        if (word < 0)
            return ERR_SYNTAX;
        if (seen >> word & 1)
            return value_fault(r, &part, "this is there twice");
        seen |= 1u << word;
        if ((word != MATH_RELATIVE && word != MATH_DCE) != (argument.len != 0))
            return value_fault(r, &part,
                               argument.len ? "nothing may follow here" : "a value is missing");
        int error = math_word(r, c, b, (enum math_word)word, &argument, &result);
        if (error)
            return error;
    }
    if (!b)
        return ERR_NOMEM;
    if ((seen & 31) != 31)
        return value_fault(r, v, "bytes, offset, oper, rvalue and result are asked for");
    if (b->bytes > (b->digits ? 10 : b->op >= BYTE_SHIFT_LEFT ? 4 : 8))
        return value_fault(r, v, "more bytes than a number has");
    int error = add_variable(r, &result, b);
    r->sig->n_variables += !error;
    return error;
}
