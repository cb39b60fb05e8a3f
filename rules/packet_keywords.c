/* Keywords on the headers of one packet. Suricata's documentation, "IP Keywords", "TCP keywords",
 * "ICMP keywords". */
#include "rules/keyword.h"

#include "base/error.h"
#include "rules/matcher.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static struct header_test *test_add(struct rule_reader *r, const struct value *v, unsigned field)
{
    struct signature *s = r->sig;
    if (s->n_tests == HEADER_TESTS) {
        value_fault(r, v, "more conditions on headers than a rule may have");
        return NULL;
    }
    s->tests[s->n_tests] = (struct header_test){.field = (uint8_t)field};
    return &s->tests[s->n_tests++];
}

static uint32_t most(unsigned field)
{
    static const uint32_t rows[MATCH_FIELD_COUNT] = {[FIELD_TTL] = 255,
                                                     [FIELD_TOS] = 255,
                                                     [FIELD_IP_ID] = 65535,
                                                     [FIELD_FRAGMENT_OFFSET] = 8191,
                                                     [FIELD_IP_PROTOCOL] = 255,
                                                     [FIELD_TCP_SEQ] = UINT32_MAX,
                                                     [FIELD_TCP_ACK] = UINT32_MAX,
                                                     [FIELD_TCP_WINDOW] = 65535,
                                                     [FIELD_TCP_MSS] = 65535,
                                                     [FIELD_ICMP_TYPE] = 255,
                                                     [FIELD_ICMP_CODE] = 255,
                                                     [FIELD_ICMP_ID] = 65535,
                                                     [FIELD_ICMP_SEQ] = 65535};
    return rows[field];
}

int packet_stream_size(struct rule_reader *r, const struct value *v, unsigned arg)
{
    static const struct {
        const char *word;
        uint8_t fields[2]; /* all of them must hold; one where they are the same */
    } rows[] = {{"client", {FIELD_STREAM_CLIENT, FIELD_STREAM_CLIENT}},
                {"server", {FIELD_STREAM_SERVER, FIELD_STREAM_SERVER}},
                {"both", {FIELD_STREAM_CLIENT, FIELD_STREAM_SERVER}},
                {"either", {FIELD_STREAM_EITHER, FIELD_STREAM_EITHER}}};
    struct value rest = *v, side, op, number;
    char range[32];
    (void)arg;
    if (!value_next(&rest, ',', &side) || !value_next(&rest, ',', &op) ||
        !value_next(&rest, ',', &number) || rest.text)
        return value_fault(r, v, "stream_size is SIDE,OPERATOR,NUMBER");
    size_t i = 0;
    while (i < sizeof rows / sizeof rows[0] && !value_is(&side, rows[i].word))
        i++;
    if (i == sizeof rows / sizeof rows[0])
        return value_fault(r, &side, "a side is client, server, both or either");
    if (op.len + number.len >= sizeof range)
        return value_fault(r, &number, "no number that is allowed here");
    memcpy(range, op.text, op.len);
    memcpy(range + op.len, number.text, number.len);
    const struct value whole = {range, op.len + number.len, number.at - op.len};
    for (unsigned k = 0; k < 2 && (k == 0 || rows[i].fields[1] != rows[i].fields[0]); k++) {
        struct header_test *t = test_add(r, v, rows[i].fields[k]);
        int error =
            t ? value_range(r, &whole, UINT32_MAX - 1, &t->low, &t->high, &t->negated) : ERR_FULL;
        if (error)
            return error;
    }
    return 0;
}

int packet_number(struct rule_reader *r, const struct value *v, unsigned field)
{
    int error = rule_view(r, v->at, VIEW_PACKET);
    struct header_test *t = error ? NULL : test_add(r, v, field);
    struct value number = *v;
    if (!t)
        return ERR_SYNTAX;
    bool quoted = v->len > 2 && *v->text == '"' && v->text[v->len - 1] == '"';
    if (quoted)
        number = value_unquoted(v);
    return value_range(r, &number, most(field), &t->low, &t->high, &t->negated);
}

/* bit_letters: letters as bits; a letter that is no row is a fault. */
struct bit_letter {
    char letter;
    uint8_t bit;
};
static int bit_letters(struct rule_reader *r, const struct value *v, const struct bit_letter *rows,
                       size_t n, uint32_t *out)
{
    for (size_t at = 0; at < v->len; at++) {
        size_t i = 0;
        while (i < n && rows[i].letter != toupper((unsigned char)v->text[at]))
            i++;
        if (i == n)
            return rule_fault(r, v->at + at, ERR_SYNTAX, "no bit of this header",
                              "`%c` names no bit of this header", v->text[at]);
        *out |= rows[i].bit;
    }
    return 0;
}

/* modifier: + all of these and others, * any of these, ! not all of these; none: these alone. */
static enum header_compare modifier(struct value *v)
{
    static const struct {
        char sign;
        uint8_t compare;
    } rows[] = {{'+', COMPARE_ALL_BITS}, {'*', COMPARE_ANY_BIT}, {'!', COMPARE_NOT_ALL_BITS}};
    for (size_t i = 0; i < 3 && v->len; i++) {
        bool front = *v->text == rows[i].sign, end = v->text[v->len - 1] == rows[i].sign;
        if (!front && !end)
            continue;
        *v = value_trimmed((struct value){v->text + front, v->len - 1, v->at + front});
        return rows[i].compare;
    }
    return COMPARE_BITS;
}

/* RFC 9293, 3.1; the two of RFC 3168 also by the numbers they once had. */
static const struct bit_letter tcp_letters[] = {{'F', 1},   {'S', 2},   {'R', 4},  {'P', 8},
                                                {'A', 16},  {'U', 32},  {'E', 64}, {'2', 64},
                                                {'C', 128}, {'1', 128}, {'0', 0}};

int packet_flags(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value rest = *v, bits, ignored;
    uint32_t masked = 0;
    int error = rule_view(r, v->at, VIEW_PACKET);
    struct header_test *t = error ? NULL : test_add(r, v, arg);
    if (!t)
        return ERR_SYNTAX;
    value_next(&rest, ',', &bits);
    t->compare = (uint8_t)modifier(&bits);
    if (bits.len == 0)
        return value_fault(r, v, "flags are missing");
    error = bit_letters(r, &bits, tcp_letters, sizeof tcp_letters / sizeof *tcp_letters, &t->low);
    if (!error && value_next(&rest, ',', &ignored))
        error = bit_letters(r, &ignored, tcp_letters, sizeof tcp_letters / sizeof *tcp_letters,
                            &masked);
    t->high = ~masked & 0xff;
    return error;
}

static const struct bit_letter fragment_letters[] = {{'M', 1}, {'D', 2}, {'R', 4}};

int packet_fragbits(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value bits = *v;
    int error = rule_view(r, v->at, VIEW_PACKET);
    struct header_test *t = error ? NULL : test_add(r, v, arg);
    if (!t)
        return ERR_SYNTAX;
    t->compare = (uint8_t)modifier(&bits);
    t->high = 7;
    if (bits.len == 0)
        return value_fault(r, v, "bits are missing");
    return bit_letters(r, &bits, fragment_letters, 3, &t->low);
}

/* Names of the registry of protocol numbers (IANA) that rules use. */
static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {{"icmp", 1},   {"igmp", 2},       {"ipip", 4},   {"tcp", 6},   {"egp", 8},
                 {"igp", 9},    {"udp", 17},       {"gre", 47},   {"esp", 50},  {"ah", 51},
                 {"icmp6", 58}, {"ipv6-icmp", 58}, {"eigrp", 88}, {"ospf", 89}, {"pim", 103},
                 {"vrrp", 112}, {"sctp", 132}};

int packet_protocol(struct rule_reader *r, const struct value *v, unsigned field)
{
    struct value name = *v;
    if (r->sig->transport != TRANSPORT_IP)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "ip_proto", "ip_proto is for rules of ip");
    struct header_test *t = test_add(r, v, field);
    if (!t)
        return ERR_SYNTAX;
    if (*name.text == '!')
        name = value_trimmed((struct value){v->text + 1, v->len - 1, v->at + 1});
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (strlen(protocols[i].name) == name.len &&
            strncasecmp(protocols[i].name, name.text, name.len) == 0) {
            t->low = t->high = protocols[i].number;
            t->negated = name.text != v->text;
            return 0;
        }
    return value_range(r, v, most(field), &t->low, &t->high, &t->negated);
}

int packet_ip_options(struct rule_reader *r, const struct value *v, unsigned arg)
{
    static const char *const words[] = {
#define X(s, number, word) word,
        IPV4_OPTIONS(X)
#undef X
    };
    int error = rule_view(r, v->at, VIEW_PACKET);
    struct header_test *t = error ? NULL : test_add(r, v, arg);
    if (!t)
        return ERR_SYNTAX;
    t->compare = COMPARE_ANY_BIT;
    t->high = (1u << IPV4_OPTION_COUNT) - 1;
    for (unsigned i = 0; i < IPV4_OPTION_COUNT; i++)
        if (strlen(words[i]) == v->len && strncasecmp(words[i], v->text, v->len) == 0)
            t->low = 1u << i;
    if (v->len == 3 && strncasecmp(v->text, "any", 3) == 0)
        t->low = t->high;
    return t->low ? 0 : value_fault(r, v, "no option of IPv4");
}

int packet_same_ip(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)arg;
    r->sig->same_ip = true;
    return rule_view(r, v->at, VIEW_PACKET);
}
