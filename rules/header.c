/* The header of a rule: action, protocol, addresses and ports with lists, negation and variables.
 * Suricata's documentation, "Rules Format".
 */
#include "rules/signature.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define NESTING_MAX 16

bool address_set_holds(const struct address_set *set, const struct address *address)
{
    if (set->any)
        return true;
    for (unsigned i = 0; i < set->n_out; i++)
        if (prefix_holds(&set->out[i], address))
            return false;
    for (unsigned i = 0; i < set->n_in; i++)
        if (prefix_holds(&set->in[i], address))
            return true;
    return set->n_in == 0;
}

static const char *variable_of(const struct rule_context *ctx, const char *name, size_t len)
{
    for (size_t i = ctx->n_variables; i-- > 0;) /* later ones override */
        if (strlen(ctx->variables[i].name) == len && memcmp(ctx->variables[i].name, name, len) == 0)
            return ctx->variables[i].value;
    return NULL;
}

/* A list is walked the same way for addresses and ports; an element is handed on with its sign. */
struct list_walk {
    const struct rule_context *ctx;
    const char *why; /* the fault */
    char named[64];  /* what it is about */
    int (*element)(struct list_walk *w, const char *text, size_t len, bool negated);
    void *out;
};

static int walk_fault(struct list_walk *w, const char *why, const char *text, size_t len)
{
    w->why = why;
    snprintf(w->named, sizeof w->named, "%.*s", (int)len, text);
    return ERR_SYNTAX;
}

static int walk(struct list_walk *w, const char *text, size_t len, bool negated, unsigned depth);

/* walk_list: the inside of brackets. */
static int walk_list(struct list_walk *w, const char *text, size_t len, bool negated,
                     unsigned depth)
{
    size_t from = 0;
    unsigned open = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] == '[')
            open++;
        else if (i < len && text[i] == ']')
            open -= open > 0;
        else if (i == len || (text[i] == ',' && !open)) {
            int error = walk(w, text + from, i - from, negated, depth + 1);
            if (error)
                return error;
            from = i + 1;
        }
    }
    return 0;
}

static int walk(struct list_walk *w, const char *text, size_t len, bool negated, unsigned depth)
{
    while (len && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (depth > NESTING_MAX)
        return walk_fault(w, "nested too deeply", text, len);
    if (len == 0)
        return walk_fault(w, "an element is empty", text, len);
    if (*text == '!')
        return walk(w, text + 1, len - 1, !negated, depth + 1);
    if (*text == '[') {
        if (text[len - 1] != ']')
            return walk_fault(w, "a bracket is not closed", text, len);
        return walk_list(w, text + 1, len - 2, negated, depth);
    }
    if (*text == '$') {
        const char *value = variable_of(w->ctx, text + 1, len - 1);
        if (!value)
            return walk_fault(w, "the variable is not set", text, len);
        return walk(w, value, strlen(value), negated, depth + 1);
    }
    return w->element(w, text, len, negated);
}

/* Addresses. */
struct address_build {
    struct arena *arena;
    struct address_set *set;
    unsigned cap_in, cap_out;
    bool any_in, any_out;
};

static int add_prefix(struct address_build *b, struct prefix **list, unsigned *n, unsigned *cap,
                      const struct prefix *p)
{
    if (*n == *cap) {
        unsigned grown_cap = *cap ? 2 * *cap : 4;
        struct prefix *grown = arena_alloc(b->arena, grown_cap * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        if (*n)
            memcpy(grown, *list, *n * sizeof *grown);
        *list = grown;
        *cap = grown_cap;
    }
    (*list)[(*n)++] = *p;
    return 0;
}

static int address_element(struct list_walk *w, const char *text, size_t len, bool negated)
{
    struct address_build *b = w->out;
    char buf[ADDRESS_TEXT_ROOM];
    struct prefix p;
    if (len == 3 && memcmp(text, "any", 3) == 0) {
        if (negated)
            return walk_fault(w, "nothing is left of !any", text, len);
        b->any_in = true;
        return 0;
    }
    if (len >= sizeof buf)
        return walk_fault(w, "no address", text, len);
    memcpy(buf, text, len);
    buf[len] = 0;
    int error = prefix_parse(buf, &p);
    if (error == ERR_SYNTAX)
        return walk_fault(w, "no address", text, len);
    /* Bits behind the length are ignored, as in Suricata; prefix_parse keeps them, so they are cut
     * off here. */
    if (error == ERR_RANGE) {
        for (unsigned bit = p.len; bit < 128; bit++)
            p.address.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
        if (strchr(buf, '/') == NULL)
            return walk_fault(w, "no address", text, len);
    }
    struct address_set *set = b->set;
    return negated ? add_prefix(b, &set->out, &set->n_out, &b->cap_out, &p)
                   : add_prefix(b, &set->in, &set->n_in, &b->cap_in, &p);
}

/* Ports. */
struct port_build {
    struct port_set *in, *out;
    bool some_in;
};

static int port_element(struct list_walk *w, const char *text, size_t len, bool negated)
{
    struct port_build *b = w->out;
    char buf[16];
    uint64_t low = 0, high = 65535;
    if (len == 3 && memcmp(text, "any", 3) == 0) {
        if (negated)
            return walk_fault(w, "nothing is left of !any", text, len);
    } else {
        if (len >= sizeof buf)
            return walk_fault(w, "no port", text, len);
        memcpy(buf, text, len);
        buf[len] = 0;
        char *colon = strchr(buf, ':');
        if (colon)
            *colon = 0;
        if ((buf[0] || !colon) && text_u64(buf, 65535, &low))
            return walk_fault(w, "no port", text, len);
        if (!colon)
            high = low;
        else if (colon[1] && text_u64(colon + 1, 65535, &high))
            return walk_fault(w, "no port", text, len);
        if (high < low)
            return walk_fault(w, "a range that ends before it begins", text, len);
    }
    b->some_in |= !negated;
    struct port_set *set = negated ? b->out : b->in;
    for (uint64_t port = low; port <= high; port++)
        set->bits[port / 64] |= (uint64_t)1 << port % 64;
    return 0;
}

static int report_walk(struct rule_reader *r, size_t at, const struct list_walk *w, int error)
{
    if (error == ERR_NOMEM)
        return error;
    return rule_fault(r, at, error, w->why, "%s: `%s`", w->why, w->named);
}

static int address_set_of(struct rule_reader *r, size_t at, size_t len,
                          const struct address_set **out)
{
    struct rule_context *ctx = r->ctx;
    const char *text = r->text + at;
    for (size_t i = 0; i < ctx->n_address_sets; i++)
        if (strlen(ctx->address_sets[i]->text) == len &&
            memcmp(ctx->address_sets[i]->text, text, len) == 0) {
            *out = ctx->address_sets[i];
            return 0;
        }
    struct address_set *set = arena_alloc(ctx->arena, sizeof *set);
    struct address_set **sets = arena_alloc(ctx->arena, (ctx->n_address_sets + 1) * sizeof *sets);
    if (!set || !sets)
        return ERR_NOMEM;
    struct address_build b = {.arena = ctx->arena, .set = set};
    struct list_walk w = {.ctx = ctx, .element = address_element, .out = &b};
    int error = walk(&w, text, len, false, 0);
    if (error)
        return report_walk(r, at, &w, error);
    set->any = b.any_in && !set->n_out;
    if (b.any_in)
        set->n_in = 0;
    set->text = arena_strndup(ctx->arena, text, len);
    if (ctx->n_address_sets)
        memcpy(sets, ctx->address_sets, ctx->n_address_sets * sizeof *sets);
    sets[ctx->n_address_sets++] = set;
    ctx->address_sets = sets;
    *out = set;
    return 0;
}

static int port_set_of(struct rule_reader *r, size_t at, size_t len, const struct port_set **out)
{
    struct rule_context *ctx = r->ctx;
    const char *text = r->text + at;
    for (size_t i = 0; i < ctx->n_port_sets; i++)
        if (strlen(ctx->port_sets[i]->text) == len &&
            memcmp(ctx->port_sets[i]->text, text, len) == 0) {
            *out = ctx->port_sets[i];
            return 0;
        }
    struct port_set *in = arena_alloc(ctx->arena, sizeof *in),
                    *negative = arena_alloc(ctx->arena, sizeof *negative);
    struct port_set **sets = arena_alloc(ctx->arena, (ctx->n_port_sets + 1) * sizeof *sets);
    if (!in || !negative || !sets)
        return ERR_NOMEM;
    struct port_build b = {.in = in, .out = negative};
    struct list_walk w = {.ctx = ctx, .element = port_element, .out = &b};
    int error = walk(&w, text, len, false, 0);
    if (error)
        return report_walk(r, at, &w, error);
    uint64_t all = UINT64_MAX;
    for (unsigned i = 0; i < 1024; i++) {
        in->bits[i] = (b.some_in ? in->bits[i] : UINT64_MAX) & ~negative->bits[i];
        all &= in->bits[i];
    }
    in->any = all == UINT64_MAX;
    in->text = arena_strndup(ctx->arena, text, len);
    if (ctx->n_port_sets)
        memcpy(sets, ctx->port_sets, ctx->n_port_sets * sizeof *sets);
    sets[ctx->n_port_sets++] = in;
    ctx->port_sets = sets;
    *out = in;
    return 0;
}

/* next_field: a run without blanks, brackets may hold some; its place and length. */
static int next_field(struct rule_reader *r, size_t *at, size_t *len, const char *what)
{
    unsigned open = 0;
    while (r->at < r->len && (r->text[r->at] == ' ' || r->text[r->at] == '\t'))
        r->at++;
    *at = r->at;
    for (; r->at < r->len; r->at++) {
        char c = r->text[r->at];
        if ((c == ' ' || c == '\t' || c == '(') && !open)
            break;
        open += c == '[';
        open -= c == ']' && open;
    }
    *len = r->at - *at;
    if (*len)
        return 0;
    return rule_fault(r, *at, ERR_SYNTAX, "header", "%s is missing", what);
}

static bool field_is(const struct rule_reader *r, size_t at, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(r->text + at, word, len) == 0;
}

static int parse_action(struct rule_reader *r, size_t at, size_t len)
{
    static const struct {
        const char *name;
        uint8_t action;
    } rows[] = {{"alert", ACTION_ALERT},      {"pass", ACTION_PASS},
                {"drop", ACTION_DROP},        {"reject", ACTION_REJECT},
                {"rejectsrc", ACTION_REJECT}, {"rejectdst", ACTION_REJECT},
                {"rejectboth", ACTION_REJECT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (field_is(r, at, len, rows[i].name)) {
            r->sig->action = rows[i].action;
            return 0;
        }
    return rule_fault(r, at, ERR_SYNTAX, "action", "`%.*s` is no action", (int)len, r->text + at);
}

static int parse_protocol(struct rule_reader *r, size_t at, size_t len)
{
    static const struct {
        const char *name;
        uint8_t transport, view;
    } rows[] = {{"ip", TRANSPORT_IP, VIEW_PACKET},
                {"tcp", TRANSPORT_TCP, VIEW_ANY},
                {"udp", TRANSPORT_UDP, VIEW_PACKET},
                {"tcp-pkt", TRANSPORT_TCP, VIEW_PACKET},
                {"tcp-stream", TRANSPORT_TCP, VIEW_STREAM}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (field_is(r, at, len, rows[i].name)) {
            r->sig->transport = rows[i].transport;
            r->sig->view = rows[i].view;
            return 0;
        }
    const char *reason = arena_strndup(r->ctx->arena, r->text + at, len);
    return rule_fault(r, at, ERR_UNSUPPORTED, reason, "the protocol `%.*s` is not in this build",
                      (int)len, r->text + at);
}

int header_parse(struct rule_reader *r)
{
    size_t at, len;
    int error;
    if ((error = next_field(r, &at, &len, "the action")) || (error = parse_action(r, at, len)) ||
        (error = next_field(r, &at, &len, "the protocol")) ||
        (error = parse_protocol(r, at, len)) ||
        (error = next_field(r, &at, &len, "the source address")) ||
        (error = address_set_of(r, at, len, &r->sig->source)) ||
        (error = next_field(r, &at, &len, "the source port")) ||
        (error = port_set_of(r, at, len, &r->sig->source_port)) ||
        (error = next_field(r, &at, &len, "the direction")))
        return error;
    if (field_is(r, at, len, "<>"))
        r->sig->bidirectional = true;
    else if (!field_is(r, at, len, "->"))
        return rule_fault(r, at, ERR_SYNTAX, "direction", "`%.*s` is no direction; -> or <>",
                          (int)len, r->text + at);
    if ((error = next_field(r, &at, &len, "the target address")) ||
        (error = address_set_of(r, at, len, &r->sig->target)) ||
        (error = next_field(r, &at, &len, "the target port")) ||
        (error = port_set_of(r, at, len, &r->sig->target_port)))
        return error;
    while (r->at < r->len && (r->text[r->at] == ' ' || r->text[r->at] == '\t'))
        r->at++;
    if (r->at == r->len || r->text[r->at] != '(')
        return rule_fault(r, r->at, ERR_SYNTAX, "header", "( is expected behind the header");
    r->at++;
    return 0;
}
