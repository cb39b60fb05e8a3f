/* Conditions of detections, e.g. "selection and not 1 of filter_*": read by descent into postfix
 * order. */
#include "correlate/definition_parts.h"

#include "base/error.h"

#include <string.h>

struct condition_reader {
    struct detection *detection;
    const char *at;
    char word[64]; /* the current one; "" at the end */
    const char *why;
};

static void next_word(struct condition_reader *r)
{
    r->at += strspn(r->at, " \t\n");
    size_t len = *r->at == '(' || *r->at == ')' ? 1 : strcspn(r->at, " \t\n()");
    if (len >= sizeof r->word) {
        r->why = "a name in the condition is too long";
        len = 0;
        r->at += strlen(r->at);
    }
    memcpy(r->word, r->at, len);
    r->word[len] = 0;
    r->at += len;
}

static void emit(struct condition_reader *r, enum condition_op op, unsigned selection)
{
    struct condition *c = &r->detection->condition;
    if (c->n == CONDITION_STEPS) {
        r->why = "the condition is too long";
        return;
    }
    c->step[c->n].op = (uint8_t)op;
    c->step[c->n].selection = (uint8_t)selection;
    c->n++;
}

/* matches: NAME, or PREFIX* for a name that begins so, or them for all. */
static bool matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);
    if (strcmp(pattern, "them") == 0)
        return true;
    if (len && pattern[len - 1] == '*')
        return strncmp(pattern, name, len - 1) == 0;
    return strcmp(pattern, name) == 0;
}

/* read_group: the selections that the current word names, joined by op. */
static void read_group(struct condition_reader *r, enum condition_op op)
{
    unsigned found = 0;
    for (unsigned i = 0; i < r->detection->n_selections; i++)
        if (matches(r->word, r->detection->selections[i].name)) {
            emit(r, CONDITION_SELECTION, i);
            if (found++)
                emit(r, op, 0);
        }
    if (!found)
        r->why = "the condition names a selection that is not there";
    next_word(r);
}

static void read_or(struct condition_reader *r, unsigned depth);

static void read_operand(struct condition_reader *r, unsigned depth)
{
    if (depth > 16)
        r->why = "the condition is nested too deeply";
    if (r->why)
        return;
    if (strcmp(r->word, "not") == 0) {
        next_word(r);
        read_operand(r, depth + 1);
        emit(r, CONDITION_NOT, 0);
    } else if (strcmp(r->word, "(") == 0) {
        next_word(r);
        read_or(r, depth + 1);
        if (!r->why && strcmp(r->word, ")") != 0)
            r->why = "a bracket of the condition is not closed";
        next_word(r);
    } else if (strcmp(r->word, "1") == 0 || strcmp(r->word, "all") == 0) {
        enum condition_op op = r->word[0] == '1' ? CONDITION_OR : CONDITION_AND;
        next_word(r);
        if (strcmp(r->word, "of") != 0) {
            r->why = "`1` and `all` are followed by `of` and a name";
            return;
        }
        next_word(r);
        read_group(r, op);
    } else if (r->word[0] == 0) {
        r->why = "the condition ends where a selection is expected";
    } else if (strchr(r->word, '*')) {
        r->why = "a pattern is preceded by `1 of` or `all of`";
    } else {
        read_group(r, CONDITION_AND);
    }
}

static void read_and(struct condition_reader *r, unsigned depth)
{
    read_operand(r, depth);
    while (!r->why && strcmp(r->word, "and") == 0) {
        next_word(r);
        read_operand(r, depth);
        emit(r, CONDITION_AND, 0);
    }
}

static void read_or(struct condition_reader *r, unsigned depth)
{
    read_and(r, depth);
    while (!r->why && strcmp(r->word, "or") == 0) {
        next_word(r);
        read_and(r, depth);
        emit(r, CONDITION_OR, 0);
    }
}

int condition_parse(struct detection *d, const char *text, const char **why)
{
    struct condition_reader r = {.detection = d, .at = text};
    next_word(&r);
    read_or(&r, 0);
    if (!r.why && r.word[0])
        r.why = "and, or, or the end is expected in the condition";
    *why = r.why;
    return r.why ? ERR_SYNTAX : 0;
}
