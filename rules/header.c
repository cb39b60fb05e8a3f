/* The header of a rule: action, protocol, addresses and ports with lists, negation and variables.
 * Suricata's documentation, "Rules Format".
 *
 * A list is what its elements name together, without what its negated elements name; without a
 * positive element it is everything else. That holds inside a negated list too, so that
 * ![10.0.0.0/8,!10.5.0.0/16] has 10.5.0.0/16.
 */
#include "rules/signature.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NESTING_MAX 16

static const char *variable_of(const struct rule_context *ctx, const char *name, size_t len)
{
    for (size_t i = ctx->n_variables; i-- > 0;) /* later ones override */
        if (strlen(ctx->variables[i].name) == len && memcmp(ctx->variables[i].name, name, len) == 0)
            return ctx->variables[i].value;
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *len)
{
    while (*len && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len && is_blank((*text)[*len - 1]))
        (*len)--;
}

/* Addresses and ports are walked the same way; they differ in what an element is. */
struct walk {
    const struct rule_context *ctx;
    const struct range *all;
    int (*element)(struct walk *w, const char *text, size_t len, struct ranges *out);
    const char *why;      /* the fault */
    const char *where;    /* in the rule */
    char named[64];       /* what it is about */
    const char *variable; /* where the rule names the variable that the text at hand is from */
};

static int walk_fault(struct walk *w, const char *why, const char *text, size_t len)
{
    w->why = why;
    w->where = w->variable ? w->variable : text;
    snprintf(w->named, sizeof w->named, "%.*s", (int)len, text);
    return ERR_SYNTAX;
}

static int walk_list(struct walk *w, const char *text, size_t len, unsigned depth,
                     struct ranges *out);

static int walk_variable(struct walk *w, const char *text, size_t len, unsigned depth,
                         struct ranges *out)
{
    const char *value = variable_of(w->ctx, text + 1, len - 1), *outer = w->variable;
    if (!value)
        return walk_fault(w, "the variable is not set", text, len);
    w->variable = outer ? outer : text;
    int error = walk_list(w, value, strlen(value), depth, out);
    w->variable = outer;
    return error;
}

/* walk_one: an element, a list or a variable, perhaps negated. */
static int walk_one(struct walk *w, const char *text, size_t len, unsigned depth,
                    struct ranges *out, bool *negated)
{
    trim(&text, &len);
    if (depth > NESTING_MAX)
        return walk_fault(w, "nested too deeply", text, len);
    *negated = len && *text == '!';
    if (*negated) {
        text++;
        len--;
        trim(&text, &len);
    }
    if (len == 0)
        return walk_fault(w, "an element is empty", text, len);
    if (*text == '!')
        return walk_fault(w, "negated twice", text, len);
    if (*text == '$')
        return walk_variable(w, text, len, depth + 1, out);
    if (*text != '[')
        return w->element(w, text, len, out);
    if (text[len - 1] != ']')
        return walk_fault(w, "a bracket is not closed", text, len);
    return walk_list(w, text + 1, len - 2, depth + 1, out);
}

/* walk_list: elements between commas; out gets what they name, in order. */
static int walk_list(struct walk *w, const char *text, size_t len, unsigned depth,
                     struct ranges *out)
{
    struct ranges in = {0}, without = {0};
    size_t from = 0, open = 0, positive = 0;
    int error = 0;
    for (size_t i = 0; i <= len && !error; i++) {
        if (i < len && text[i] == '[')
            open++;
        else if (i < len && text[i] == ']')
            open -= open > 0;
        if (i < len && (text[i] != ',' || open))
            continue;
        struct ranges one = {0};
        bool negated;
        error = walk_one(w, text + from, i - from, depth, &one, &negated);
        if (!error)
            error = ranges_add_all(negated ? &without : &in, &one);
        positive += !error && !negated;
        ranges_free(&one);
        from = i + 1;
    }
    if (!error && positive == 0)
        error = ranges_add(&in, w->all);
    if (!error) {
        ranges_sort(&in);
        ranges_sort(&without);
        error = ranges_subtract(&in, &without);
    }
    if (!error)
        error = ranges_add_all(out, &in);
    ranges_free(&in);
    ranges_free(&without);
    return error;
}

static bool word_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* number_of: digits as a number no larger than max. */
static bool number_of(const char *text, size_t len, unsigned max, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        *out = 10 * *out + (unsigned)(text[i] - '0');
        if (*out > max)
            return false;
    }
    return len > 0;
}

static const struct range every_address = {
    .high = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}};
static const struct range every_v4 = {
    .low = {{[10] = 255, [11] = 255}},
    .high = {{[10] = 255, [11] = 255, [12] = 255, [13] = 255, [14] = 255, [15] = 255}}};
static const struct range every_port = {.high = {{[14] = 255, [15] = 255}}};

/* ADDRESS or ADDRESS/LENGTH; bits behind the length are ignored, as in Suricata. */
static int address_element(struct walk *w, const char *text, size_t len, struct ranges *out)
{
    if (word_is(text, len, "any"))
        return ranges_add(out, &every_address);
    char host[ADDRESS_TEXT_ROOM];
    const char *slash = memchr(text, '/', len);
    size_t host_len = slash ? (size_t)(slash - text) : len;
    struct range item;
    if (host_len >= sizeof host)
        return walk_fault(w, "no address", text, len);
    memcpy(host, text, host_len);
    host[host_len] = 0;
    if (address_parse(host, &item.low))
        return walk_fault(w, "no address", text, len);
    bool v4 = strchr(host, ':') == NULL;
    unsigned bits = 128;
    if (slash) {
        if (!number_of(slash + 1, len - host_len - 1, v4 ? 32 : 128, &bits))
            return walk_fault(w, "no length of a prefix", text, len);
        bits += v4 ? 96 : 0;
    }
    item.high = item.low;
    for (unsigned bit = bits; bit < 128; bit++) {
        uint8_t mask = (uint8_t)(0x80u >> bit % 8);
        item.low.b[bit / 8] &= (uint8_t)~mask;
        item.high.b[bit / 8] |= mask;
    }
    struct ranges one = {0};
    int error = ranges_add(&one, &item);
    /* An IPv6 prefix has no IPv4 addresses, though they are held in it. */
    if (!error && bits < 96) {
        struct ranges mapped = {.items = (struct range *)&every_v4, .n = 1};
        error = ranges_subtract(&one, &mapped);
    }
    if (!error)
        error = ranges_add_all(out, &one);
    ranges_free(&one);
    return error;
}

/* PORT, LOW:HIGH, LOW: or :HIGH. */
static int port_element(struct walk *w, const char *text, size_t len, struct ranges *out)
{
    if (word_is(text, len, "any"))
        return ranges_add(out, &every_port);
    const char *colon = memchr(text, ':', len), *low_text = text;
    size_t low_len = colon ? (size_t)(colon - text) : len;
    unsigned low = 0, high = 65535;
    trim(&low_text, &low_len);
    if ((low_len || !colon) && !number_of(low_text, low_len, 65535, &low))
        return walk_fault(w, "no port", text, len);
    if (colon) {
        const char *high_text = colon + 1;
        size_t high_len = len - (size_t)(high_text - text);
        trim(&high_text, &high_len);
        if ((high_len && !number_of(high_text, high_len, 65535, &high)) || (!low_len && !high_len))
            return walk_fault(w, "no port", text, len);
    } else {
        high = low;
    }
    if (high < low)
        return walk_fault(w, "a range that ends before it begins", text, len);
    struct range item = {.low = {{[14] = (uint8_t)(low >> 8), [15] = (uint8_t)low}},
                         .high = {{[14] = (uint8_t)(high >> 8), [15] = (uint8_t)high}}};
    return ranges_add(out, &item);
}

/* A field of the header. */
struct field {
    size_t at, len;
};

/* set_ranges: what a field of addresses or ports names; the caller frees out. */
static int set_ranges(struct rule_reader *r, const struct field *f, struct walk *w,
                      struct ranges *out)
{
    const char *text = r->text + f->at;
    bool negated;
    struct ranges one = {0};
    w->ctx = r->ctx;
    int error = walk_one(w, text, f->len, 0, &one, &negated);
    if (!error && negated) {
        error = ranges_add(out, w->all);
        if (!error)
            error = ranges_subtract(out, &one);
    } else if (!error) {
        error = ranges_add_all(out, &one);
        ranges_sort(out);
    }
    ranges_free(&one);
    if (!error && out->n == 0)
        error = walk_fault(w, "nothing is left of this", text, f->len);
    if (error == ERR_SYNTAX)
        return rule_fault(r, (size_t)(w->where - r->text), error, w->why, "%s: `%s`", w->why,
                          w->named);
    return error;
}

static unsigned index_of(const char *text, size_t len)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash % SET_INDEX;
}

static int address_set_of(struct rule_reader *r, const struct field *f,
                          const struct address_set **out)
{
    struct rule_context *ctx = r->ctx;
    const char *text = r->text + f->at;
    struct address_set **place = &ctx->address_sets[index_of(text, f->len)];
    for (struct address_set *set = *place; set; set = set->next)
        if (strlen(set->text) == f->len && memcmp(set->text, text, f->len) == 0) {
            *out = set;
            return 0;
        }
    struct walk w = {.all = &every_address, .element = address_element};
    struct ranges ranges = {0};
    int error = set_ranges(r, f, &w, &ranges);
    struct address_set *set = NULL;
    if (!error) {
        set = arena_alloc(ctx->arena, sizeof *set);
        error = set ? 0 : ERR_NOMEM;
    }
    if (!error) {
        *set = (struct address_set){
            .next = *place,
            .text = arena_strndup(ctx->arena, text, f->len),
            .number = ctx->n_address_sets++,
            .ranges = arena_memdup(ctx->arena, ranges.items, ranges.n * sizeof *ranges.items),
            .n = ranges.n};
        error = set->text && set->ranges ? 0 : ERR_NOMEM;
    }
    if (!error) {
        *place = set;
        *out = set;
    }
    ranges_free(&ranges);
    return error;
}

const struct address_set *rule_addresses(struct rule_context *ctx, const char *text)
{
    struct diags diags = {0}; /* each rule that names it says what is wrong */
    size_t len = strlen(text);
    struct rule_reader r = {.ctx = ctx,
                            .text = text,
                            .len = len,
                            .raw = text,
                            .raw_len = len,
                            .file = text,
                            .line = 1,
                            .diags = &diags};
    const struct address_set *set = NULL;
    int error = address_set_of(&r, &(struct field){0, len}, &set);
    diags_free(&diags);
    return error ? NULL : set;
}

static unsigned port_of(const struct address *a)
{
    return (unsigned)a->b[14] << 8 | a->b[15];
}

static int port_set_of(struct rule_reader *r, const struct field *f, const struct port_set **out)
{
    struct rule_context *ctx = r->ctx;
    const char *text = r->text + f->at;
    struct port_set **place = &ctx->port_sets[index_of(text, f->len)];
    for (struct port_set *set = *place; set; set = set->next)
        if (strlen(set->text) == f->len && memcmp(set->text, text, f->len) == 0) {
            *out = set;
            return 0;
        }
    struct walk w = {.all = &every_port, .element = port_element};
    struct ranges ranges = {0};
    int error = set_ranges(r, f, &w, &ranges);
    struct port_set *set = NULL;
    if (!error) {
        set = arena_alloc(ctx->arena, sizeof *set);
        error = set ? 0 : ERR_NOMEM;
    }
    if (!error) {
        for (size_t i = 0; i < ranges.n; i++)
            for (unsigned port = port_of(&ranges.items[i].low);
                 port <= port_of(&ranges.items[i].high); port++, set->n++)
                set->bits[port / 64] |= (uint64_t)1 << port % 64;
        set->any = set->n == 65536;
        set->text = arena_strndup(ctx->arena, text, f->len);
        set->next = *place;
        error = set->text ? 0 : ERR_NOMEM;
    }
    if (!error) {
        *place = set;
        *out = set;
    }
    ranges_free(&ranges);
    return error;
}

/* next_field: a run without blanks, brackets may hold some. */
static int next_field(struct rule_reader *r, const char *what, struct field *out)
{
    size_t opened[NESTING_MAX + 2];
    unsigned open = 0;
    while (r->at < r->len && is_blank(r->text[r->at]))
        r->at++;
    out->at = r->at;
    for (; r->at < r->len; r->at++) {
        char c = r->text[r->at];
        if ((is_blank(c) || c == '(') && !open)
            break;
        if (c == ']' && !open--)
            return rule_fault(r, r->at, ERR_SYNTAX, "brackets", "a bracket is not opened");
        if (c == '[') {
            if (open == sizeof opened / sizeof opened[0])
                return rule_fault(r, r->at, ERR_SYNTAX, "brackets", "nested too deeply");
            opened[open++] = r->at;
        }
    }
    if (open)
        return rule_fault(r, opened[open - 1], ERR_SYNTAX, "brackets", "a bracket is not closed");
    out->len = r->at - out->at;
    if (!out->len)
        return rule_fault(r, out->at, ERR_SYNTAX, "header", "%s is missing", what);
    for (size_t i = 0; i < out->len; i++)
        if (!is_blank(r->text[out->at + i]))
            text_append(&r->normal, r->text + out->at + i, 1);
    text_puts(&r->normal, " ");
    return 0;
}

static bool field_is(const struct rule_reader *r, const struct field *f, const char *word)
{
    return word_is(r->text + f->at, f->len, word);
}

static int parse_action(struct rule_reader *r)
{
    static const struct {
        const char *name;
        uint8_t action;
    } rows[] = {{"alert", ACTION_ALERT},      {"pass", ACTION_PASS},
                {"drop", ACTION_DROP},        {"reject", ACTION_REJECT},
                {"rejectsrc", ACTION_REJECT}, {"rejectdst", ACTION_REJECT},
                {"rejectboth", ACTION_REJECT}};
    struct field f;
    int error = next_field(r, "the action", &f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !error; i++)
        if (field_is(r, &f, rows[i].name)) {
            r->sig->action = rows[i].action;
            return 0;
        }
    return error ? error
                 : rule_fault(r, f.at, ERR_SYNTAX, "action", "`%.*s` is no action", (int)f.len,
                              r->text + f.at);
}

static const struct {
    const char *name;
    uint8_t transport, view, network, protocol;
} protocols[] = {{"ip", TRANSPORT_IP, 0, 0, 0},
                 {"ipv4", TRANSPORT_IP, 0, 4, 0},
                 {"ip4", TRANSPORT_IP, 0, 4, 0},
                 {"ipv6", TRANSPORT_IP, 0, 6, 0},
                 {"ip6", TRANSPORT_IP, 0, 6, 0},
                 {"tcp", TRANSPORT_TCP, 0, 0, 0},
                 {"tcpv4", TRANSPORT_TCP, 0, 4, 0},
                 {"tcp4", TRANSPORT_TCP, 0, 4, 0},
                 {"tcpv6", TRANSPORT_TCP, 0, 6, 0},
                 {"tcp6", TRANSPORT_TCP, 0, 6, 0},
                 {"udp", TRANSPORT_UDP, 0, 0, 0},
                 {"udpv4", TRANSPORT_UDP, 0, 4, 0},
                 {"udp4", TRANSPORT_UDP, 0, 4, 0},
                 {"udpv6", TRANSPORT_UDP, 0, 6, 0},
                 {"udp6", TRANSPORT_UDP, 0, 6, 0},
                 {"icmp", TRANSPORT_ICMP, 0, 0, 0},
                 {"icmpv4", TRANSPORT_ICMP, 0, 4, 0},
                 {"icmp4", TRANSPORT_ICMP, 0, 4, 0},
                 {"icmpv6", TRANSPORT_ICMP, 0, 6, 0},
                 {"icmp6", TRANSPORT_ICMP, 0, 6, 0},
                 {"sctp", TRANSPORT_SCTP, 0, 0, 0},
                 {"tcp-pkt", TRANSPORT_TCP, VIEW_PACKET, 0, 0},
                 {"tcp-stream", TRANSPORT_TCP, VIEW_STREAM, 0, 0},
                 {"http", TRANSPORT_TCP, 0, 0, PROTOCOL_HTTP},
                 {"http1", TRANSPORT_TCP, 0, 0, PROTOCOL_HTTP},
                 {"dns", TRANSPORT_TCP_UDP, 0, 0, PROTOCOL_DNS},
                 {"tls", TRANSPORT_TCP, 0, 0, PROTOCOL_TLS},
                 {"ssl", TRANSPORT_TCP, 0, 0, PROTOCOL_TLS},
                 {"ssh", TRANSPORT_TCP, 0, 0, PROTOCOL_SSH},
                 {"smtp", TRANSPORT_TCP, 0, 0, PROTOCOL_SMTP},
                 {"ftp", TRANSPORT_TCP, 0, 0, PROTOCOL_FTP},
                 {"modbus", TRANSPORT_TCP, 0, 0, PROTOCOL_MODBUS},
                 {"telnet", TRANSPORT_TCP, 0, 0, PROTOCOL_TELNET},
                 {"rdp", TRANSPORT_TCP, 0, 0, PROTOCOL_RDP},
                 {"rfb", TRANSPORT_TCP, 0, 0, PROTOCOL_VNC}};

uint8_t header_protocol(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (word_is(name, len, protocols[i].name))
            return protocols[i].protocol;
    return PROTOCOL_UNKNOWN;
}

static int parse_protocol(struct rule_reader *r)
{
    struct field f;
    int error = next_field(r, "the protocol", &f);
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0] && !error; i++)
        if (field_is(r, &f, protocols[i].name)) {
            r->sig->transport = protocols[i].transport;
            r->sig->network = protocols[i].network;
            r->sig->protocol = protocols[i].protocol;
            return protocols[i].view ? rule_view(r, f.at, protocols[i].view) : 0;
        }
    if (error)
        return error;
    const char *reason = arena_strndup(r->ctx->arena, r->text + f.at, f.len);
    return rule_fault(r, f.at, ERR_UNSUPPORTED, reason ? reason : "protocol",
                      "the protocol `%.*s` is not in this build", (int)f.len, r->text + f.at);
}

static int parse_direction(struct rule_reader *r)
{
    struct field f;
    int error = next_field(r, "the direction", &f);
    if (error)
        return error;
    r->sig->bidirectional = field_is(r, &f, "<>");
    if (r->sig->bidirectional || field_is(r, &f, "->"))
        return 0;
    return rule_fault(r, f.at, ERR_SYNTAX, "direction", "`%.*s` is no direction; -> or <>",
                      (int)f.len, r->text + f.at);
}

static int parse_end(struct rule_reader *r, const char *address_name, const char *port_name,
                     const struct address_set **address, const struct port_set **port)
{
    struct field f;
    int error = next_field(r, address_name, &f);
    if (!error)
        error = address_set_of(r, &f, address);
    if (!error)
        error = next_field(r, port_name, &f);
    return error ? error : port_set_of(r, &f, port);
}

int header_parse(struct rule_reader *r)
{
    struct signature *s = r->sig;
    int error;
    if ((error = parse_action(r)) || (error = parse_protocol(r)) ||
        (error =
             parse_end(r, "the source address", "the source port", &s->source, &s->source_port)) ||
        (error = parse_direction(r)) ||
        (error =
             parse_end(r, "the target address", "the target port", &s->target, &s->target_port)))
        return error;
    while (r->at < r->len && is_blank(r->text[r->at]))
        r->at++;
    if (r->at == r->len || r->text[r->at] != '(')
        return rule_fault(r, r->at, ERR_SYNTAX, "header", "( is expected behind the header");
    r->at++;
    text_puts(&r->normal, "(");
    return 0;
}
