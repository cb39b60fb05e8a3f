/* Facts on a rule, in words. */
#include "rules/facts.h"

#include "rules/words.h"

#define SETTERS_SHOWN 5

struct diag_pos rule_place(const struct rule_set *set, uint32_t index)
{
    return set->rules[index].pos;
}

void rule_put_header(struct text *out, const struct rule_set *set, uint32_t index)
{
    words_header(out, &set->rules[index]);
}

void rule_put_threshold(struct text *out, const struct rule_set *set, uint32_t index)
{
    words_threshold(out, &set->rules[index]);
}

bool rule_put_literal(struct text *out, const struct rule_set *set, uint32_t index)
{
    const struct signature *s = &set->rules[index];
    if (!s->literal.len)
        return false;
    words_bytes(out, s->literal.bytes, s->literal.len, LITERAL_BYTES);
    text_printf(out, "%s, looked for in ", s->literal.nocase ? " (any case)" : "");
    words_section(out, s, s->literal_section);
    return true;
}

static bool sets_bit(const struct signature *s, uint16_t bit)
{
    for (unsigned i = 0; i < s->n_flowbits; i++)
        if (s->flowbits[i].bit == bit &&
            (s->flowbits[i].op == FLOWBIT_SET || s->flowbits[i].op == FLOWBIT_TOGGLE))
            return true;
    return false;
}

static void put_setters(struct text *out, const struct rule_set *set, uint16_t bit)
{
    unsigned n = 0;
    for (size_t i = 0; i < set->counts.loaded; i++) {
        const struct signature *s = &set->rules[i];
        if (sets_bit(s, bit) && n++ < SETTERS_SHOWN)
            text_printf(out, "%s%u:%u", n > 1 ? ", " : "; it is set by ", s->gid, s->sid);
    }
    if (n > SETTERS_SHOWN)
        text_printf(out, " and %u more", n - SETTERS_SHOWN);
    if (n == 0)
        text_printf(out, "; no rule that is loaded sets %s", set->flowbit_names[bit]);
}

void rule_put_setters(struct text *out, const struct rule_set *set, uint32_t index)
{
    const struct signature *s = &set->rules[index];
    for (unsigned i = 0; i < s->n_flowbits; i++)
        if (s->flowbits[i].op == FLOWBIT_ISSET)
            put_setters(out, set, s->flowbits[i].bit);
}

const char *rule_untold(const struct rule_set *set, uint32_t index)
{
    const struct signature *s = &set->rules[index];
    return s->action == ACTION_PASS ? "pass" : s->noalert ? "noalert" : NULL;
}
