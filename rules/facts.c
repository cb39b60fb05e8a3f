/* Facts on a rule, in words. */
#include "rules/facts.h"

#include "rules/words.h"

#include <string.h>

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
    text_printf(out, "%s in ", s->literal.nocase ? " (any case)" : "");
    words_section(out, s, s->literal.section);
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

/* ---- looking for it ---- */

/* chosen_content: the content that the literal is a piece of; NULL. */
static const struct content *chosen_content(const struct signature *s)
{
    const struct content *found = NULL;
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        if (c->kind != STEP_CONTENT || c->flags & CONTENT_NEGATED ||
            c->section != s->literal.section ||
            !memmem(c->bytes, c->len, s->literal.bytes, s->literal.len))
            continue;
        if (!found || (c->flags & CONTENT_FAST && !(found->flags & CONTENT_FAST)))
            found = c;
    }
    return found;
}

static unsigned usable_contents(const struct signature *s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->n_contents; i++)
        n += s->contents[i].kind == STEP_CONTENT && !(s->contents[i].flags & CONTENT_NEGATED);
    return n;
}

void rule_put_choice(struct text *out, const struct rule_set *set, uint32_t index)
{
    const struct signature *s = &set->rules[index];
    const struct content *c = s->literal.len ? chosen_content(s) : NULL;
    unsigned n = usable_contents(s);
    if (!s->literal.len) {
        text_puts(out,
                  s->addresses_only ? "nothing: it asks for addresses alone and is found by these"
                  : n ? "nothing: all that must be there is too common, so it is asked of every "
                        "input that its ports allow"
                      : "nothing: no content must be there, so it is asked of every input that "
                        "its ports allow");
        return;
    }
    rule_put_literal(out, set, index);
    if (s->literal.at != LITERAL_ANYWHERE)
        text_printf(out, ", looked up at byte %u", s->literal.at);
    else if (s->literal.end != UINT32_MAX && s->views != VIEW_MESSAGE)
        text_printf(out, ", scanned for in the first %u bytes", SCAN_START_BYTES);
    if (!c)
        return;
    text_printf(out, "; %s",
                s->literal.len == c->len            ? "all of "
                : s->literal.at == LITERAL_ANYWHERE ? "the rarest piece of "
                                                    : "a piece of ");
    words_step(out, s, (unsigned)(c - s->contents));
    if (c->flags & CONTENT_FAST)
        text_puts(out, ", which the rule names as fast_pattern");
    else if (n > 1)
        text_printf(out, ", which is the rarest of its %u contents", n);
    else
        text_puts(out, ", its only content that must be there");
}

static bool is_member(const struct literal_set *set, uint32_t rule)
{
    unsigned low = 0, end = set->n_rules;
    while (low < end) {
        unsigned middle = low + (end - low) / 2;
        if (set->rules[middle] == rule)
            return true;
        if (set->rules[middle] < rule)
            low = middle + 1;
        else
            end = middle;
    }
    return false;
}

static void put_kind(struct text *out, const struct signature *s)
{
    if (s->views == VIEW_MESSAGE)
        text_printf(out, "messages%s%s, %s", s->protocol ? " of " : "",
                    s->protocol ? protocol_words[s->protocol].name : "",
                    s->directions == 1   ? "to the server"
                    : s->directions == 2 ? "to the client"
                                         : "in both directions");
    else
        text_puts(out, s->views == VIEW_STREAM                   ? "bytes of streams, in order"
                       : s->views == (VIEW_PACKET | VIEW_STREAM) ? "packets, and bytes of streams"
                                                                 : "packets");
}

void rule_put_groups(struct text *out, const struct rule_set *set, uint32_t index)
{
    const struct signature *s = &set->rules[index];
    unsigned groups = 0, least = UINT32_MAX, most = 0;
    for (unsigned i = 0; i < set->n_literal_sets; i++) {
        const struct literal_set *l = set->literal_sets[i];
        if (!is_member(l, index))
            continue;
        groups++;
        least = l->n_rules < least ? l->n_rules : least;
        most = l->n_rules > most ? l->n_rules : most;
    }
    put_kind(out, s);
    if (s->views != VIEW_MESSAGE && s->flow & (FLOW_TO_SERVER | FLOW_TO_CLIENT))
        text_puts(out, s->flow & FLOW_TO_SERVER ? ", to the server" : ", to the client");
    text_printf(out, "; in %u set%s of rules that are looked for together", groups,
                groups == 1 ? "" : "s");
    if (groups)
        text_printf(out, least == most ? ", of %u rules" : ", of %u to %u rules", least, most);
}

void rule_put_effects(struct text *out, const struct rule_set *set, uint32_t index)
{
    static const char *const verbs[] = {
        [FLOWBIT_SET] = "sets", [FLOWBIT_UNSET] = "unsets", [FLOWBIT_TOGGLE] = "toggles"};
    const struct signature *s = &set->rules[index];
    for (unsigned i = 0; i < s->n_flowbits; i++)
        if (s->flowbits[i].op < FLOWBIT_ISSET)
            text_printf(out, "%s the flowbit %s\n", verbs[s->flowbits[i].op],
                        set->flowbit_names[s->flowbits[i].bit]);
    if (s->action == ACTION_PASS)
        text_puts(out, "nothing more is matched in the packet, or in the flow\n");
    else if (s->noalert)
        text_puts(out, "nothing is told (noalert)\n");
    else
        text_puts(out, "an alert\n");
    if (s->threshold.type) {
        text_puts(out, "of the alerts some are held back: ");
        words_threshold(out, s);
        text_puts(out, "\n");
    }
}
