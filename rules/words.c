/* What a rule asks, in words. Places of bytes are said as rules say them, counted from 0. */
#include "rules/words.h"

#include <ctype.h>
#include <string.h>

static const char *const ask_names[ASK_COUNT] = {
#define X(s, name, text) [ASK_##s] = name,
    RULE_ASKS(X)
#undef X
};

static const char *const field_names[MATCH_FIELD_COUNT] = {
#define X(s, name) [FIELD_##s] = name,
    MATCH_FIELDS(X)
#undef X
};

static const char *const transform_names[TRANSFORM_COUNT] = {
#define X(s, name, text) [TRANSFORM_##s] = name,
    RULE_TRANSFORMS(X)
#undef X
};

static const char *const part_names[PROTO_PART_COUNT] = {
#define X(s, protocol, directions, name, text) [PART_##s] = name,
    PROTO_PARTS(X)
#undef X
};

const char *words_ask_name(enum rule_ask ask)
{
    return ask_names[ask];
}

const char *words_step_name(const struct content *c)
{
    static const char *const names[] = {
        [STEP_CONTENT] = "content",     [STEP_PCRE] = "pcre",
        [STEP_ISDATAAT] = "isdataat",   [STEP_BYTE_TEST] = "byte_test",
        [STEP_BYTE_JUMP] = "byte_jump", [STEP_BYTE_EXTRACT] = "byte_extract",
        [STEP_SIZE] = "bsize",          [STEP_BYTE_MATH] = "byte_math",
        [STEP_ASN1] = "asn1",           [STEP_BASE64] = "base64_decode"};
    return c->kind < sizeof names / sizeof *names ? names[c->kind] : "step";
}

void words_bytes(struct text *out, const uint8_t *data, size_t len, size_t max)
{
    size_t shown = len < max ? len : max;
    bool hex = false;
    text_puts(out, "\"");
    for (size_t i = 0; i < shown; i++) {
        bool plain = data[i] >= 0x20 && data[i] < 0x7f && !strchr("|\";:\\", data[i]);
        if (plain == hex)
            text_puts(out, "|");
        else if (!plain)
            text_puts(out, " ");
        hex = !plain;
        if (plain)
            text_append(out, &data[i], 1);
        else
            text_printf(out, "%02x", data[i]);
    }
    text_puts(out, hex ? "|\"" : "\"");
    if (shown < len)
        text_printf(out, "... (%zu bytes)", len);
}

void words_section(struct text *out, const struct signature *s, unsigned section)
{
    const struct part_view *view = s->sections[section].view;
    if (!view) {
        text_puts(out, s->views == (VIEW_PACKET | VIEW_STREAM) ? "the payload or the stream"
                       : s->views & VIEW_PACKET                ? "the payload"
                                                               : "the stream");
        return;
    }
    if (!view->parts)
        text_puts(out, s->sections[section].header ? "a header as it is" : "what was decoded");
    bool first = true;
    for (unsigned part = 0; part < PROTO_PART_COUNT; part++)
        if (view->parts >> part & 1) {
            text_printf(out, "%s%s", first ? "" : " or ", part_names[part]);
            first = false;
        }
    for (unsigned i = 0; i < view->n_transforms; i++)
        text_printf(out, ", %s", transform_names[view->transforms[i]]);
}

static void put_flags(struct text *out, uint32_t value)
{
    static const char letters[] = "FSRPAUEC";
    if (!(value & 255))
        text_puts(out, "0");
    for (unsigned i = 0; i < 8; i++)
        if (value >> i & 1)
            text_printf(out, "%c", letters[i]);
}

void words_header_value(struct text *out, enum match_field field, uint32_t value)
{
    static const char fragment[] = "MDR";
    if (field == FIELD_TCP_FLAGS) {
        put_flags(out, value);
    } else if (field == FIELD_FRAGMENT_BITS) {
        if (!(value & 7))
            text_puts(out, "none");
        for (unsigned i = 0; i < 3; i++)
            if (value >> i & 1)
                text_printf(out, "%c", fragment[i]);
    } else {
        text_printf(out, "%u", value);
    }
}

static void put_range(struct text *out, uint32_t low, uint32_t high, bool negated)
{
    if (negated)
        text_puts(out, "not ");
    if (low == high)
        text_printf(out, "%u", low);
    else if (low == 0)
        text_printf(out, "at most %u", high);
    else if (high >= UINT32_MAX - 1)
        text_printf(out, "at least %u", low);
    else
        text_printf(out, "%u to %u", low, high);
}

static void put_header_test(struct text *out, const struct header_test *t)
{
    static const char *const how[] = {[COMPARE_BITS] = "exactly ",
                                      [COMPARE_ANY_BIT] = "any of ",
                                      [COMPARE_ALL_BITS] = "all of ",
                                      [COMPARE_NOT_ALL_BITS] = "not all of "};
    text_printf(out, "%s ", field_names[t->field]);
    if (t->field == FIELD_STREAM_CLIENT || t->field == FIELD_STREAM_SERVER ||
        t->field == FIELD_STREAM_EITHER)
        text_puts(out, t->field == FIELD_STREAM_CLIENT   ? "of the client "
                       : t->field == FIELD_STREAM_SERVER ? "of the server "
                                                         : "of either side ");
    if (t->compare == COMPARE_RANGE) {
        put_range(out, t->low, t->high, t->negated);
        return;
    }
    text_puts(out, how[t->compare]);
    words_header_value(out, (enum match_field)t->field, t->low);
    if (t->field == FIELD_TCP_FLAGS && (t->high & 255) != 255) {
        text_puts(out, ", whatever ");
        put_flags(out, ~t->high);
        text_puts(out, " are");
    }
}

static void put_flowbits(struct text *out, const struct rule_set *set, const struct signature *s,
                         unsigned last)
{
    unsigned first = last;
    while (first && s->flowbits[first - 1].or_next)
        first--;
    for (unsigned i = first; i <= last; i++)
        text_printf(out, "%s%s is %s", i > first ? ", or " : "",
                    set->flowbit_names[s->flowbits[i].bit],
                    s->flowbits[i].op == FLOWBIT_ISNOTSET ? "not set" : "set");
}

static const char *transport_name(const struct signature *s)
{
    static const char *const names[] = {
        [TRANSPORT_IP] = "ip",     [TRANSPORT_TCP] = "tcp",   [TRANSPORT_UDP] = "udp",
        [TRANSPORT_ICMP] = "icmp", [TRANSPORT_SCTP] = "sctp", [TRANSPORT_TCP_UDP] = "tcp or udp"};
    return names[s->transport];
}

static void put_input(struct text *out, const struct signature *s)
{
    if (s->views == VIEW_MESSAGE)
        text_printf(out, "a message%s%s, %s", s->protocol ? " of " : "",
                    s->protocol ? protocol_words[s->protocol].name : "",
                    s->directions == 1   ? "to the server"
                    : s->directions == 2 ? "to the client"
                                         : "in either direction");
    else
        text_puts(out, s->views == VIEW_STREAM ? "bytes of a stream, in order" : "a packet");
}

void words_ask(struct text *out, const struct rule_set *set, const struct signature *s,
               enum rule_ask ask, unsigned index)
{
    switch (ask) {
    case ASK_TRANSPORT:
        text_puts(out, transport_name(s));
        break;
    case ASK_SOURCE:
        text_puts(out, s->source->text);
        break;
    case ASK_SOURCE_PORT:
        text_puts(out, s->source_port->text);
        break;
    case ASK_TARGET:
        text_puts(out, s->target->text);
        break;
    case ASK_TARGET_PORT:
        text_puts(out, s->target_port->text);
        break;
    case ASK_DIRECTION:
        text_puts(out, s->flow & FLOW_TO_SERVER ? "to the server" : "to the client");
        break;
    case ASK_DSIZE:
        put_range(out, s->dsize_low, s->dsize_high >= UINT16_MAX ? UINT32_MAX : s->dsize_high,
                  s->dsize_negated);
        text_puts(out, " bytes of payload");
        break;
    case ASK_NETWORK:
        text_printf(out, "IPv%u", s->network);
        break;
    case ASK_HEADER:
        put_header_test(out, &s->tests[index]);
        break;
    case ASK_STATE:
        text_puts(out, s->flow & FLOW_ESTABLISHED ? "established" : "not established");
        break;
    case ASK_PROTOCOL:
        text_puts(out, protocol_words[s->protocol].name);
        break;
    case ASK_FLOWBITS:
        put_flowbits(out, set, s, index);
        break;
    case ASK_INPUT:
        put_input(out, s);
        break;
    case ASK_PART:
        words_section(out, s, index);
        break;
    case ASK_INSPECTED:
    case ASK_DEPTH:
    case ASK_PASS:
    case ASK_SAME_IP:
    case ASK_FRESH:
    case ASK_LITERAL:
    case ASK_STEP:
    case ASK_OTHER:
    case ASK_COUNT: {
        static const char *const texts[ASK_COUNT + 1] = {
#define X(suffix, name, text) [ASK_##suffix] = text,
            RULE_ASKS(X)
#undef X
                [ASK_COUNT] = ""
        };
        text_puts(out, texts[ask]);
    }
    }
}

/* extractor: which step read a variable. */
static void put_variable(struct text *out, const struct signature *s, int64_t variable)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        if (c->kind != STEP_BYTE_EXTRACT)
            continue;
        n++;
        if (c->number->variable == variable) {
            text_printf(out, "the value of byte_extract %u", n);
            return;
        }
    }
    text_printf(out, "variable %d", (int)variable);
}

static void put_number(struct text *out, const struct signature *s, bool variable, int64_t value)
{
    if (variable)
        put_variable(out, s, value);
    else
        text_printf(out, "%d", (int)value);
}

/* put_place: where a content may be. */
static void put_place(struct text *out, const struct signature *s, const struct content *c)
{
    uint32_t f = c->flags;
    if (f & CONTENT_STARTSWITH)
        text_puts(out, "; startswith");
    if (f & CONTENT_OFFSET && !(f & CONTENT_STARTSWITH)) {
        text_puts(out, "; offset ");
        put_number(out, s, f & CONTENT_OFFSET_VARIABLE, c->offset);
    }
    if (f & CONTENT_DEPTH) {
        text_puts(out, "; depth ");
        put_number(out, s, f & CONTENT_DEPTH_VARIABLE, c->depth);
    }
    if (f & CONTENT_DISTANCE) {
        text_puts(out, "; distance ");
        put_number(out, s, f & CONTENT_DISTANCE_VARIABLE, c->distance);
    }
    if (f & CONTENT_WITHIN) {
        text_puts(out, "; within ");
        put_number(out, s, f & CONTENT_WITHIN_VARIABLE, c->within);
    }
    if (f & CONTENT_ENDSWITH)
        text_puts(out, "; endswith");
}

static void put_operation(struct text *out, const struct signature *s, const struct byte_step *b)
{
    static const char *const operators[] = {
        [BYTE_LESS] = "<", [BYTE_GREATER] = ">",  [BYTE_EQUAL] = "=",    [BYTE_AND] = "&",
        [BYTE_XOR] = "^",  [BYTE_AT_MOST] = "<=", [BYTE_AT_LEAST] = ">="};
    text_printf(out, " %s%s ", b->negated ? "!" : "", operators[b->op]);
    if (b->value_variable)
        put_variable(out, s, (int64_t)b->value);
    else
        text_printf(out, "%lu", b->value);
}

/* put_read: of a step that reads a number: from where. */
static void put_read(struct text *out, const struct signature *s, const struct content *c)
{
    const struct byte_step *b = c->number;
    if (b->digits)
        text_puts(out, "digits");
    else
        text_printf(out, "%u byte%s%s", b->bytes, b->bytes == 1 ? "" : "s",
                    b->little ? " little" : "");
    text_puts(out, " at ");
    put_number(out, s, b->offset_variable, b->offset);
    if (c->flags & CONTENT_RELATIVE)
        text_puts(out, " behind what is before");
    if (b->mask)
        text_printf(out, ", mask 0x%lx", b->mask);
}

void words_step(struct text *out, const struct signature *s, unsigned step)
{
    const struct content *c = &s->contents[step];
    const struct byte_step *b = c->number;
    bool negated = c->flags & CONTENT_NEGATED;
    text_printf(out, "%s %s", words_step_name(c), negated ? "!" : "");
    switch ((enum step_kind)c->kind) {
    case STEP_CONTENT:
        words_bytes(out, c->bytes, c->len, 64);
        if (c->flags & CONTENT_NOCASE)
            text_puts(out, "; nocase");
        put_place(out, s, c);
        break;
    case STEP_PCRE:
        text_puts(out, c->regex->text);
        if (c->flags & CONTENT_RELATIVE)
            text_puts(out, " behind what is before");
        break;
    case STEP_ISDATAAT:
        put_number(out, s, b->offset_variable, b->offset);
        if (c->flags & CONTENT_RELATIVE)
            text_puts(out, " behind what is before");
        break;
    case STEP_BYTE_TEST:
        put_read(out, s, c);
        put_operation(out, s, b);
        break;
    case STEP_ASN1:
    case STEP_BASE64:
        text_puts(out, c->kind == STEP_ASN1 ? "a value at " : "what is encoded from ");
        put_number(out, s, b->offset_variable, b->offset);
        if (c->flags & CONTENT_RELATIVE)
            text_puts(out, " behind what is before");
        break;
    case STEP_BYTE_MATH:
        put_read(out, s, c);
        break;
    case STEP_BYTE_JUMP:
    case STEP_BYTE_EXTRACT:
        put_read(out, s, c);
        if (b->multiplier > 1)
            text_printf(out, ", times %u", b->multiplier);
        if (c->kind == STEP_BYTE_JUMP && b->post_offset)
            text_printf(out, ", and %d more", b->post_offset);
        break;
    case STEP_SIZE:
        put_range(out, b->low, b->high, b->negated);
        break;
    }
}

void words_header(struct text *out, const struct signature *s)
{
    static const char *const actions[] = {[ACTION_PASS] = "pass",
                                          [ACTION_DROP] = "drop",
                                          [ACTION_REJECT] = "reject",
                                          [ACTION_ALERT] = "alert"};
    text_printf(out, "%s %s %s %s %s %s %s", actions[s->action],
                s->protocol ? protocol_words[s->protocol].name : transport_name(s), s->source->text,
                s->source_port->text, s->bidirectional ? "<>" : "->", s->target->text,
                s->target_port->text);
}

void words_threshold(struct text *out, const struct signature *s)
{
    static const char *const types[] = {[THRESHOLD_LIMIT] = "threshold type limit",
                                        [THRESHOLD_EVERY] = "threshold type threshold",
                                        [THRESHOLD_BOTH] = "threshold type both",
                                        [THRESHOLD_FILTER] = "detection_filter"};
    static const char *const tracks[] = {[TRACK_SOURCE] = "by_src",
                                         [TRACK_TARGET] = "by_dst",
                                         [TRACK_BOTH] = "by_both",
                                         [TRACK_RULE] = "by_rule"};
    const struct rule_threshold *t = &s->threshold;
    if (t->type != THRESHOLD_NONE)
        text_printf(out, "%s, track %s, count %u, seconds %u", types[t->type], tracks[t->track],
                    t->count, t->seconds);
}
