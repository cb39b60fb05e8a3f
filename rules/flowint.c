/* flowint: numbers that a flow remembers, by name. Suricata's documentation, "Flow Keywords". */
#include "rules/keyword.h"

#include "base/error.h"
#include "rules/matcher.h"
#include "rules/set_parts.h"

#include <ctype.h>
#include <string.h>

/* name_number: of those of all rules, made when it is new. */
static int name_number(struct rule_reader *r, const struct value *name, uint8_t *out)
{
    struct rule_context *ctx = r->ctx;
    bool good = name->len > 1 && isalpha((unsigned char)*name->text);
    for (size_t i = 0; i < name->len; i++)
        good &= isalnum((unsigned char)name->text[i]) || strchr("_./", name->text[i]) != NULL;
    if (!good)
        return value_fault(r, name, "a flowint's name is a letter, and letters, digits, _ . /");
    for (unsigned i = 0; i < ctx->n_flowints; i++)
        if (value_is(name, ctx->flowint_names[i])) {
            *out = (uint8_t)i;
            return 0;
        }
    if (ctx->n_flowints == MATCH_FLOWINTS)
        return rule_fault(r, name->at, ERR_FULL, "flowints",
                          "more than %d names of flowints; `%.*s` finds no room", MATCH_FLOWINTS,
                          (int)name->len, name->text);
    ctx->flowint_names[ctx->n_flowints] = arena_strndup(ctx->arena, name->text, name->len);
    *out = (uint8_t)ctx->n_flowints;
    return ctx->flowint_names[ctx->n_flowints++] ? 0 : ERR_NOMEM;
}

static const struct {
    const char *text;
    enum flowint_op op;
} operators[] = {
    {"=", FLOWINT_SET},        {"+", FLOWINT_ADD},           {"-", FLOWINT_SUBTRACT},
    {"<", FLOWINT_LESS},       {"<=", FLOWINT_AT_MOST},      {">", FLOWINT_GREATER},
    {">=", FLOWINT_AT_LEAST},  {"==", FLOWINT_EQUAL},        {"!=", FLOWINT_NOT_EQUAL},
    {"isset", FLOWINT_IS_SET}, {"notset", FLOWINT_IS_UNSET}, {"isnotset", FLOWINT_IS_UNSET}};
#define OPERATORS (sizeof operators / sizeof operators[0])

int flowint_read(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct signature *s = r->sig;
    struct value rest = *v, name, op, operand;
    uint64_t number = 0;
    size_t i = 0;
    (void)arg;
    if (s->n_flowints == FLOWINTS_MAX)
        return value_fault(r, v, "more conditions on flowints than a rule may have");
    struct flowint *f = &s->flowints[s->n_flowints];
    value_next(&rest, ',', &name);
    if (!value_next(&rest, ',', &op))
        return value_fault(r, v, "flowint is NAME,OPERATOR,VALUE");
    while (i < OPERATORS && !value_is(&op, operators[i].text))
        i++;
    if (i == OPERATORS)
        return value_fault(r, &op, "no operator of flowint");
    *f = (struct flowint){.op = (uint8_t)operators[i].op};
    bool has_operand = value_next(&rest, ',', &operand);
    int error = name_number(r, &name, &f->name);
    if (error || f->op == FLOWINT_IS_SET || f->op == FLOWINT_IS_UNSET) {
        s->n_flowints++;
        return error;
    }
    if (!has_operand)
        return value_fault(r, v, "flowint is NAME,OPERATOR,VALUE");
    f->of_other = value_is_name(&operand);
    error = f->of_other ? name_number(r, &operand, &f->other)
                        : value_number(r, &operand, 0, UINT32_MAX, &number);
    f->value = (uint32_t)number;
    s->n_flowints++;
    return error;
}

/* compares: numbers are 32 bits wide and wrap, as in Suricata. */
static bool compares(unsigned op, uint32_t a, uint32_t b)
{
    switch ((enum flowint_op)op) {
    case FLOWINT_LESS:
        return a < b;
    case FLOWINT_AT_MOST:
        return a <= b;
    case FLOWINT_GREATER:
        return a > b;
    case FLOWINT_AT_LEAST:
        return a >= b;
    case FLOWINT_EQUAL:
        return a == b;
    case FLOWINT_NOT_EQUAL:
        return a != b;
    default:
        return false;
    }
}

/* operand: the value of a number that is not set is 0. */
static uint32_t operand(const struct flowint *f, const struct match_flow *flow)
{
    return f->of_other ? flow->flowints[f->other] : f->value;
}

bool flowints_hold(const struct signature *s, const struct match_flow *flow)
{
    for (unsigned i = 0; i < s->n_flowints; i++) {
        const struct flowint *f = &s->flowints[i];
        bool set = flow->flowints_set >> f->name & 1;
        if (f->op <= FLOWINT_SUBTRACT)
            continue;
        if (f->op == FLOWINT_IS_UNSET
                ? set
                : !set || (f->op != FLOWINT_IS_SET &&
                           !compares(f->op, flow->flowints[f->name], operand(f, flow))))
            return false;
    }
    return true;
}

void flowints_apply(const struct signature *s, struct match_flow *flow)
{
    for (unsigned i = 0; i < s->n_flowints; i++) {
        const struct flowint *f = &s->flowints[i];
        uint8_t bit = (uint8_t)(1u << f->name);
        uint32_t *own = &flow->flowints[f->name], value = operand(f, flow);
        if (f->op > FLOWINT_SUBTRACT || (f->op == FLOWINT_SUBTRACT && !(flow->flowints_set & bit)))
            continue; /* what is not set is not made less */
        *own = f->op == FLOWINT_SUBTRACT ? *own - value
               : f->op == FLOWINT_ADD    ? *own + value
                                         : value;
        flow->flowints_set |= bit;
    }
}
