/* pcre: expressions compiled by PCRE2 and made machine code; what cannot be is rejected, for only
 * machine code runs without memory of its own. Suricata's documentation, "pcre". */
#include "rules/keyword.h"

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <string.h>

/* Letters behind the expression: options of PCRE2, places, and buffers that this build does not
 * have. */
static const struct {
    char letter;
    uint32_t option;
    const char *buffer;
} letters[] = {
    {'i', PCRE2_CASELESS, NULL},
    {'m', PCRE2_MULTILINE, NULL},
    {'s', PCRE2_DOTALL, NULL},
    {'x', PCRE2_EXTENDED, NULL},
    {'A', PCRE2_ANCHORED, NULL},
    {'E', PCRE2_DOLLAR_ENDONLY, NULL},
    {'G', PCRE2_UNGREEDY, NULL},
    {'R', 0, NULL},
    {'B', 0, NULL},
    {'O', 0, NULL},
    {'U', 0, "http_uri"},
    {'I', 0, "http_raw_uri"},
    {'P', 0, "http_client_body"},
    {'Q', 0, "http_server_body"},
    {'H', 0, "http_header"},
    {'D', 0, "http_raw_header"},
    {'M', 0, "http_method"},
    {'C', 0, "http_cookie"},
    {'S', 0, "http_stat_code"},
    {'Y', 0, "http_stat_msg"},
    {'V', 0, "http_user_agent"},
    {'W', 0, "http_host"},
    {'Z', 0, "http_raw_host"},
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
        if (letters[i].buffer)
            return rule_fault(r, v->at + at, ERR_UNSUPPORTED, letters[i].buffer,
                              "the buffer %s (pcre flag %c) is not in this build",
                              letters[i].buffer, v->text[at]);
        *options |= letters[i].option;
        if (v->text[at] == 'R')
            c->flags |= CONTENT_DISTANCE;
    }
    return 0;
}

static int compile(struct rule_reader *r, const struct value *text, uint32_t options,
                   struct content *c)
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
    if (!regex || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE)) {
        pcre2_code_free(code);
        return regex ? value_fault(r, text, "PCRE2 makes no machine code of this expression")
                     : ERR_NOMEM;
    }
    *regex = (struct regex){.next = r->ctx->regexes, .code = code};
    r->ctx->regexes = regex;
    c->regex = regex;
    return 0;
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
    return error ? error : compile(r, &text, options, c);
}

void regexes_free(struct regex *list)
{
    for (; list; list = list->next)
        pcre2_code_free(list->code);
}
