/* Weak rules: what compiling knows of them, and their texts for the places. */
#include "rules/lint.h"

#include "base/error.h"
#include "base/file.h"
#include "rules/matcher.h"
#include "rules/rule_text.h"
#include "rules/set_parts.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 20)
#define SHORT_LITERAL  2

const struct lint_kind_row lint_kinds[LINT_KIND_COUNT] = {
#define X(s, id, level, text) [LINT_##s] = {id, text, DIAG_##level},
    LINT_KINDS(X)
#undef X
};

struct linter {
    const struct rule_set *set;
    uint64_t set_bits[MATCH_FLOWBITS / 64], asked_bits[MATCH_FLOWBITS / 64]; /* by some rule */
    void (*found)(void *ctx, enum lint_kind kind, struct diag_pos pos, const char *text);
    void *ctx;
    const struct signature *rule; /* under way */
    const char *file;
};

static void say(struct linter *l, enum lint_kind kind, const struct rule_option *at,
                const char *text)
{
    l->found(l->ctx, kind, (struct diag_pos){.file = l->file, .line = at->line, .col = at->col},
             text);
}

/* ---- what is to be looked for ---- */

/* is_anchored: an expression that can begin in one place alone. */
static bool is_anchored(const struct rule_option *pcre)
{
    const char *slash = memchr(pcre->value, '/', pcre->value_len), *last = slash;
    size_t left = slash ? pcre->value_len - (size_t)(slash - pcre->value) : 0;
    if (left > 1 && slash[1] == '^')
        return true;
    if (left > 2 && slash[1] == '\\' && slash[2] == 'A')
        return true;
    for (size_t i = 1; i < left; i++)
        last = slash[i] == '/' ? slash + i : last;
    size_t flags = slash ? pcre->value_len - (size_t)(last - pcre->value) : 0;
    return flags && (memchr(last, 'A', flags) || memchr(last, 'R', flags));
}

/* best_length: of what the rule is looked for by; of one that its ports find, of its contents. */
static unsigned best_length(const struct signature *s)
{
    unsigned best = s->literal.len;
    bool by_ports = s->views != VIEW_MESSAGE && (signature_asks_few(s, s->source_port) ||
                                                 signature_asks_few(s, s->target_port));
    for (unsigned i = 0; i < s->n_contents && by_ports; i++) {
        const struct content *c = &s->contents[i];
        if (c->kind == STEP_CONTENT && !(c->flags & CONTENT_NEGATED) && c->len > best)
            best = c->len;
    }
    return best;
}

static void check_literal(struct linter *l, const struct rule_option *first,
                          const struct rule_option *pcre)
{
    const struct signature *s = l->rule;
    char text[128];
    unsigned best = best_length(s);
    if (best > SHORT_LITERAL || s->n_contents == 0)
        return;
    if (best) {
        snprintf(text, sizeof text, "the best that can be looked for has %u byte%s", best,
                 best == 1 ? "" : "s");
        say(l, LINT_SHORT_LITERAL, first, text);
    } else if (pcre->name && !is_anchored(pcre)) {
        say(l, LINT_UNANCHORED_PCRE, pcre,
            "an expression without an anchor, and no content to look for before it runs");
    } else {
        say(l, LINT_NO_LITERAL, first,
            "no content that must be there, so there is nothing to look for");
    }
}

/* is_step: an option that asks for bytes. */
static bool is_step(const struct rule_option *o)
{
    static const char *const names[] = {"content",   "pcre",         "byte_test", "isdataat",
                                        "byte_jump", "byte_extract", "bsize",     "urilen"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (rule_option_is(o, names[i]))
            return true;
    return false;
}

/* ---- flowbits ---- */

static bool bit_of(const uint64_t *bits, unsigned bit)
{
    return bits[bit / 64] >> bit % 64 & 1;
}

static void collect_bits(struct linter *l)
{
    for (size_t i = 0; i < l->set->counts.loaded; i++)
        for (unsigned k = 0; k < l->set->rules[i].n_flowbits; k++) {
            const struct flowbit *f = &l->set->rules[i].flowbits[k];
            uint64_t *bits = f->op == FLOWBIT_SET || f->op == FLOWBIT_TOGGLE ? l->set_bits
                             : f->op == FLOWBIT_UNSET                        ? NULL
                                                                             : l->asked_bits;
            if (bits)
                bits[f->bit / 64] |= UINT64_C(1) << f->bit % 64;
        }
}

/* names: is this bit's name in the option? */
static bool names(const struct rule_option *o, const char *name)
{
    size_t len = strlen(name);
    for (size_t at = 0; at + len <= o->value_len; at++) {
        bool begins = at == 0 || strchr(",| :", o->value[at - 1]),
             ends = at + len == o->value_len || strchr(",| ", o->value[at + len]);
        if (begins && ends && memcmp(o->value + at, name, len) == 0)
            return true;
    }
    return false;
}

/* asks_in_vain: none of the alternatives of a question is ever set. */
static bool asks_in_vain(const struct linter *l, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        const struct flowbit *f = &l->rule->flowbits[i];
        if (f->op != FLOWBIT_ISSET || bit_of(l->set_bits, f->bit))
            return false;
    }
    return true;
}

static void check_flowbits(struct linter *l, const struct rule_option *o)
{
    const struct signature *s = l->rule;
    char text[256];
    for (unsigned first = 0, i = 0; i < s->n_flowbits; i++) {
        const struct flowbit *f = &s->flowbits[i];
        const char *name = l->set->flowbit_names[f->bit];
        if (f->or_next)
            continue;
        bool here = names(o, name), isset = f->op == FLOWBIT_ISSET;
        if (here && isset && o->value_len > 5 && memcmp(o->value, "isset", 5) == 0 &&
            asks_in_vain(l, first, i)) {
            snprintf(text, sizeof text, "no rule that is loaded sets %s", name);
            say(l, LINT_FLOWBIT_NEVER_SET, o, text);
        }
        if (here && f->op == FLOWBIT_SET && memcmp(o->value, "set", 3) == 0 &&
            !bit_of(l->asked_bits, f->bit)) {
            snprintf(text, sizeof text, "no rule that is loaded asks for %s", name);
            say(l, LINT_FLOWBIT_NEVER_TESTED, o, text);
        }
        first = i + 1;
    }
}

/* ---- techniques ---- */

static const struct {
    const char *id, *name, *successor, *of;
} revoked[] = {
#define REVOKED(id, name, successor, of) {id, name, successor, of},
#include "rules/attack_revoked.def"
#undef REVOKED
};

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.';
}

static void check_techniques(struct linter *l, const struct rule_option *o)
{
    char text[256];
    for (size_t i = 0; i < sizeof revoked / sizeof *revoked; i++) {
        size_t len = strlen(revoked[i].id);
        const char *at =
            o->value_len < len ? NULL : memmem(o->value, o->value_len, revoked[i].id, len);
        if (!at || (at > o->value && is_word(at[-1])) ||
            (at + len < o->value + o->value_len && is_word(at[len])))
            continue;
        snprintf(text, sizeof text, "%s (%s) was revoked; its successor is %s (%s: %s)",
                 revoked[i].id, revoked[i].name, revoked[i].successor, revoked[i].of,
                 revoked[i].name);
        struct rule_option here = *o;
        for (const char *p = o->name; p < at; p++) {
            here.line += *p == '\n';
            here.col = *p == '\n' ? 1 : here.col + 1;
        }
        say(l, LINT_REVOKED_TECHNIQUE, &here, text);
    }
}

/* ---- rule by rule ---- */

static void check_rule(struct linter *l, const char *text, size_t len)
{
    struct rule_walk walk = rule_walk_begin(text, len, l->rule->pos.line);
    struct rule_option o, first = {.line = l->rule->pos.line, .col = 1}, pcre = {0};
    while (rule_walk_next(&walk, &o)) {
        bool step = is_step(&o);
        if (step && !first.name)
            first = o;
        if (step && rule_option_is(&o, "pcre") && !pcre.name && *o.value != '!')
            pcre = o;
        if (rule_option_is(&o, "flowbits"))
            check_flowbits(l, &o);
        if (rule_option_is(&o, "metadata"))
            check_techniques(l, &o);
    }
    check_literal(l, &first, &pcre);
}

static int by_place(const void *a, const void *b, void *ctx)
{
    const struct rule_set *set = ctx;
    const struct diag_pos *x = &set->rules[*(const uint32_t *)a].pos,
                          *y = &set->rules[*(const uint32_t *)b].pos;
    int order = strcmp(x->file, y->file);
    return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

/* check_file: the rules of this file, which ascend by their lines. */
static int check_file(struct linter *l, const uint32_t *rules, size_t n)
{
    struct text data = {0};
    int error = file_read(l->file, FILE_BYTES_MAX, &data);
    uint32_t line = 1;
    size_t at = 0;
    for (size_t i = 0; i < n && !error; i++) {
        l->rule = &l->set->rules[rules[i]];
        while (line < l->rule->pos.line && at < data.len) {
            const char *end = memchr(data.data + at, '\n', data.len - at);
            at = end ? (size_t)(end - data.data) + 1 : data.len;
            line++;
        }
        check_rule(l, data.data + at, data.len - at);
    }
    text_free(&data);
    return error;
}

int lint(const struct rule_set *set, const char *const *files, size_t n_files,
         void (*found)(void *ctx, enum lint_kind kind, struct diag_pos pos, const char *text),
         void *ctx)
{
    struct linter l = {.set = set, .found = found, .ctx = ctx};
    size_t n = set->counts.loaded;
    uint32_t *order = calloc(n + 1, sizeof *order);
    int error = order ? 0 : ERR_NOMEM;
    for (size_t i = 0; i < n && !error; i++)
        order[i] = (uint32_t)i;
    if (!error && n)
        qsort_r(order, n, sizeof *order, by_place, (void *)(uintptr_t)set);
    collect_bits(&l);
    for (size_t f = 0; f < n_files && !error; f++) {
        size_t first = 0, end;
        while (first < n && strcmp(set->rules[order[first]].pos.file, files[f]) != 0)
            first++;
        for (end = first; end < n && strcmp(set->rules[order[end]].pos.file, files[f]) == 0;)
            end++;
        l.file = files[f];
        if (end > first)
            error = check_file(&l, order + first, end - first);
    }
    free(order);
    return error;
}
