/* pcre: expressions compiled by PCRE2 and made machine code; what cannot be is rejected, for only
 * machine code runs without memory of its own. Suricata's documentation, "pcre". */
#include "rules/keyword.h"

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <string.h>

/* Letters behind the expression: options of PCRE2, places, and parts of messages. */
static const struct {
    char letter;
    uint32_t option;
    unsigned part;
} letters[] = {
    {'i', PCRE2_CASELESS, PART_NONE},
    {'m', PCRE2_MULTILINE, PART_NONE},
    {'s', PCRE2_DOTALL, PART_NONE},
    {'x', PCRE2_EXTENDED, PART_NONE},
    {'A', PCRE2_ANCHORED, PART_NONE},
    {'E', PCRE2_DOLLAR_ENDONLY, PART_NONE},
    {'G', PCRE2_UNGREEDY, PART_NONE},
    {'R', 0, PART_NONE},
    {'B', 0, PART_NONE},
    {'O', 0, PART_NONE},
    {'U', 0, PART_HTTP_URI},
    {'I', 0, PART_HTTP_URI_RAW},
    {'P', 0, PART_HTTP_REQUEST_BODY},
    {'Q', 0, PART_HTTP_RESPONSE_BODY}, /* or what file_data has */
    {'H', 0, PART_HTTP_HEADER},
    {'D', 0, PART_HTTP_HEADER_RAW},
    {'M', 0, PART_HTTP_METHOD},
    {'C', 0, PART_HTTP_COOKIE},
    {'S', 0, PART_HTTP_STAT_CODE},
    {'Y', 0, PART_HTTP_STAT_MSG},
    {'V', 0, PART_HTTP_USER_AGENT},
    {'W', 0, PART_HTTP_HOST},
    {'Z', 0, PART_HTTP_HOST_RAW},
};

static int read_letters(struct rule_reader *r, struct content *c, const struct value *v,
                        uint32_t *options)
{
    for (size_t at = 0; at < v->len; at++) {
        size_t i = 0;
        while (i < sizeof letters / sizeof letters[0] && letters[i].letter != v->text[at])
            i++;
        if (i == sizeof letters / sizeof letters[0])
            return rule_fault(r, v->at + at, ERR_SYNTAX, "pcre flag", "`%c` is no flag of pcre",
                              v->text[at]);
        if (letters[i].part) {
            int error = section_move(r, c, v->at + at, letters[i].part);
            if (error)
                return error;
        }
        *options |= letters[i].option;
        if (v->text[at] == 'R')
            c->flags |= CONTENT_DISTANCE;
    }
    return 0;
}

/* compile: whole  the expression as the rule has it. */
static int compile(struct rule_reader *r, const struct value *text, const struct value *whole,
                   uint32_t options, struct content *c)
{
    int number;
    PCRE2_SIZE at;
    PCRE2_UCHAR why[128];
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text->text, text->len, options, &number, &at, NULL);
    if (!code) {
        pcre2_get_error_message(number, why, sizeof why);
        return rule_fault(r, text->at + at, ERR_SYNTAX, "no expression of PCRE2",
                          "no expression of PCRE2: %s", (const char *)why);
    }
    struct regex *regex = arena_alloc(r->ctx->arena, sizeof *regex);
    char *written = arena_alloc(r->ctx->arena, whole->len + 1);
    if (!regex || !written || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE)) {
        pcre2_code_free(code);
        return regex && written
                   ? value_fault(r, text, "PCRE2 makes no machine code of this expression")
                   : ERR_NOMEM;
    }
    memcpy(written, whole->text, whole->len);
    written[whole->len] = 0;
    *regex = (struct regex){.next = r->ctx->regexes, .code = code, .text = written};
    r->ctx->regexes = regex;
    c->regex = regex;
    return 0;
}

/* check_relative: without a part's keyword something must have been found before in the same bytes.
 */
static int check_relative(struct rule_reader *r, const struct content *c,
                          const struct value *letters_given)
{
    const char *relative = memchr(letters_given->text, 'R', letters_given->len);
    if (!relative || r->part.parts || r->own_section)
        return 0;
    for (const struct content *before = r->sig->contents; before < c; before++)
        if (before->section == c->section &&
            (before->kind == STEP_CONTENT || before->kind == STEP_PCRE))
            return 0;
    return rule_fault(r, letters_given->at + (size_t)(relative - letters_given->text), ERR_SCHEMA,
                      "relative to nothing", "there is nothing in these bytes before this");
}

int step_pcre(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct content *c = step_add(r, v, STEP_PCRE);
    struct value inner = *v;
    uint32_t options = 0;
    (void)arg;
    if (!c)
        return ERR_SYNTAX;
    if (*inner.text == '!') {
        c->flags |= CONTENT_NEGATED;
        inner = value_trimmed((struct value){v->text + 1, v->len - 1, v->at + 1});
    }
    if (inner.len < 2 || inner.text[0] != '"' || inner.text[inner.len - 1] != '"')
        return value_fault(r, v, "an expression stands in quotes");
    inner = value_unquoted(&inner);
    const char *last = memrchr(inner.text, '/', inner.len);
    if (inner.len < 2 || *inner.text != '/' || last == inner.text)
        return value_fault(r, v, "an expression stands between slashes");
    size_t n = (size_t)(last - inner.text);
    struct value text = {inner.text + 1, n - 1, inner.at + 1},
                 behind = {last + 1, inner.len - n - 1, inner.at + n + 1};
    const char *captures = memchr(behind.text, ',', behind.len);
    if (captures)
        return rule_fault(r, behind.at + (size_t)(captures - behind.text), ERR_UNSUPPORTED,
                          "pcre captures", "captures into variables are not in this build");
    int error = read_letters(r, c, &behind, &options);
    if (!error)
        error = check_relative(r, c, &behind);
    return error ? error : compile(r, &text, &inner, options, c);
}

void regexes_free(struct regex *list)
{
    for (; list; list = list->next)
        pcre2_code_free(list->code);
}
