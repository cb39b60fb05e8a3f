/* Keywords on protocols of applications that are no parts of their own. Suricata's documentation,
 * "Generic App Layer Keywords", "SSL/TLS Keywords". */
#include "rules/keyword.h"

#include "base/error.h"
#include "rules/matcher.h"

#include <stdio.h>
#include <string.h>

static int add_protocol(struct rule_reader *r, const struct value *v, uint32_t protocol,
                        bool negated)
{
    struct signature *s = r->sig;
    for (unsigned i = 0; i < s->n_tests; i++)
        if (s->tests[i].field == FIELD_APP_PROTOCOL &&
            (!negated || !s->tests[i].negated || s->tests[i].low == protocol))
            return rule_fault(r, v->at, ERR_SCHEMA, "app-layer-protocol twice",
                              "a flow speaks one protocol; only what it is not may be said more "
                              "often, each once");
    if (s->n_tests == HEADER_TESTS)
        return value_fault(r, v, "more conditions on headers than a rule may have");
    s->tests[s->n_tests++] = (struct header_test){
        .field = FIELD_APP_PROTOCOL, .low = protocol, .high = protocol, .negated = negated};
    return 0;
}

int app_protocol(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value name = *v;
    (void)arg;
    bool negated = *name.text == '!';
    if (negated)
        name = value_trimmed((struct value){v->text + 1, v->len - 1, v->at + 1});
    if (name.len > 1 && *name.text == '"' && name.text[name.len - 1] == '"')
        name = value_unquoted(&name);
    if (r->sig->protocol)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "app-layer-protocol twice",
                          "the rule is of %s already", protocol_words[r->sig->protocol].name);
    uint8_t protocol =
        value_is(&name, "failed") ? PROTOCOL_UNKNOWN : header_protocol(name.text, name.len);
    if (!protocol && !value_is(&name, "failed"))
        return rule_fault(r, name.at, ERR_UNSUPPORTED, "app-layer-protocol",
                          "the protocol `%.*s` is not in this build", (int)name.len, name.text);
    return add_protocol(r, &name, protocol, negated);
}

int app_protocol_check(struct rule_reader *r)
{
    const struct signature *s = r->sig;
    bool asked = false;
    for (unsigned i = 0; i < s->n_tests; i++) {
        if (s->tests[i].field != FIELD_APP_PROTOCOL)
            return 0;
        asked = true;
    }
    if (!asked || s->n_contents || s->n_flowbits || s->n_flowints || s->n_pair_bits ||
        s->has_dsize || s->same_ip)
        return 0;
    return rule_fault(r, r->at, ERR_UNSUPPORTED, "app-layer-protocol alone",
                      "a rule that asks for nothing but app-layer-protocol is not in this build");
}

/* Versions by the words of both keywords, and as the part has them. */
static const struct {
    const char *word, *hex, *part;
} versions[] = {{"sslv2", "0x0002", "0x0002"}, {"sslv3", "0x0300", "0x0300"},
                {"tls1.0", "0x0301", "1.0"},   {"tls1.1", "0x0302", "1.1"},
                {"tls1.2", "0x0303", "1.2"},   {"tls1.3", "0x0304", "1.3"}};
#define VERSIONS (sizeof versions / sizeof versions[0])

/* ask_version: the part of the version is as the expression says, from its start to its end. */
static int ask_version(struct rule_reader *r, const struct value *v, const char *expression)
{
    const struct part_view before = r->part;
    bool used = r->part_used;
    unsigned own_section = r->own_section;
    char text[96];
    int n = snprintf(text, sizeof text, "\"/^(?:%s)\\z/\"", expression);
    const char *copy = arena_strndup(r->ctx->arena, text, (size_t)n);
    struct value pcre = {copy, (size_t)n, v->at};
    if (!copy)
        return ERR_NOMEM;
    r->own_section = 0;
    r->part = (struct part_view){.parts = UINT64_C(1) << PART_TLS_VERSION};
    int error = step_pcre(r, &pcre, 0);
    r->part = before;
    r->part_used = used;
    r->own_section = own_section;
    return error;
}

int app_tls_version(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)arg;
    for (size_t i = 0; i < VERSIONS; i++)
        if (value_is(v, versions[i].hex) ||
            (*versions[i].part != '0' && value_is(v, versions[i].part)))
            return ask_version(r, v, versions[i].part);
    return value_fault(r, v, "a version is 1.0, 1.1, 1.2 or 1.3, or from 0x0300 to 0x0304");
}

int app_ssl_version(struct rule_reader *r, const struct value *v, unsigned arg)
{
    char expression[64] = "";
    unsigned n = 0, of_negated = 0, seen = 0;
    struct value rest = *v, part;
    (void)arg;
    for (; value_next(&rest, ',', &part); n++) {
        size_t i = 0;
        struct value word = part;
        if (part.len && *part.text == '!')
            word = value_trimmed((struct value){part.text + 1, part.len - 1, part.at + 1});
        of_negated += word.text != part.text;
        while (i < VERSIONS && (strlen(versions[i].word) != word.len ||
                                strncasecmp(versions[i].word, word.text, word.len) != 0))
            i++;
        if (i == VERSIONS || seen >> i & 1)
            return value_fault(r, &part,
                               i < VERSIONS ? "this version is there twice"
                                            : "a version is sslv2, sslv3, or tls1.0 to "
                                              "tls1.3");
        seen |= 1u << i;
        if (of_negated && of_negated <= n)
            return value_fault(r, &part, "either all versions are negated or none");
        snprintf(expression + strlen(expression), sizeof expression - strlen(expression), "%s%s",
                 n            ? "|"
                 : of_negated ? "(?!"
                              : "",
                 versions[i].part);
    }
    if (of_negated)
        strcat(expression, ").*");
    return ask_version(r, v, expression);
}
