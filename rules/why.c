/* Ranking what came near. What is asked of an input is noted with pointers into it; only if the
 * input is one of the nearest so far are texts made of them, before the call returns. */
#include "rules/why.h"

#include "base/ip_protocol.h"

#include "rules/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX   160
#define BYTES_SHOWN 48
#define NEAR_WINDOW 8192 /* bytes in which what resembles a content most is looked for */

/* What holding weighs; of steps see step_weight. */
static const uint8_t weights[ASK_COUNT] = {
    [ASK_INSPECTED] = 1, [ASK_DEPTH] = 1,       [ASK_PASS] = 1,     [ASK_TRANSPORT] = 3,
    [ASK_SOURCE] = 2,    [ASK_SOURCE_PORT] = 2, [ASK_TARGET] = 2,   [ASK_TARGET_PORT] = 2,
    [ASK_DIRECTION] = 2, [ASK_DSIZE] = 2,       [ASK_NETWORK] = 1,  [ASK_SAME_IP] = 2,
    [ASK_HEADER] = 2,    [ASK_STATE] = 2,       [ASK_PROTOCOL] = 3, [ASK_FLOWBITS] = 2,
    [ASK_INPUT] = 6,     [ASK_PART] = 4,        [ASK_FRESH] = 8,    [ASK_LITERAL] = 1,
};
#define PAYLOAD_WEIGHT 6 /* of a packet that nobody inspected and that carried something */

struct note {
    uint8_t ask, verdict, section;
    uint16_t index;
    struct trace_place place;
    struct match_bytes bytes;
};

struct step_note {
    bool tried, held;
    struct trace_place place;
};

/* Steps of one section, of one of the bytes that they were asked of. */
struct attempt {
    struct step_note steps[CONTENTS_MAX];
    struct match_bytes bytes;
    unsigned held;
};

struct why {
    struct why_config config;
    const struct signature *sig;
    struct rule_trace trace;
    struct rule_watch watch;
    uint8_t head[CONTENTS_MAX], rank[CONTENTS_MAX]; /* of a step: its chain, its place in it */

    /* of the input under way */
    bool asking, fresh;
    struct note notes[NOTES_MAX];
    unsigned n_notes;
    struct step_note now[CONTENTS_MAX]; /* the last try of each step */
    struct attempt attempt, best;
    int reached[CONTENTS_MAX]; /* of a chain, by its head: how far the best try came */
    unsigned attempts;
    struct why_moment moment;

    struct why_miss *misses[WHY_MISSES];
    unsigned n_misses;
    struct why_match matches[WHY_MATCHES];
    uint64_t last_flow; /* in which the rule matched last */
    struct why_result result;
};

/* next_of: the next step of a chain; CONTENTS_MAX behind the last. */
static unsigned next_of(const struct signature *s, unsigned step)
{
    return s->contents[step].next ? s->contents[step].next : CONTENTS_MAX;
}

/* is_any: the rule names no address or port here, so it asks nothing. */
static bool is_any(const struct signature *s, enum rule_ask ask)
{
    const char *text = ask == ASK_SOURCE        ? s->source->text
                       : ask == ASK_SOURCE_PORT ? s->source_port->text
                       : ask == ASK_TARGET      ? s->target->text
                       : ask == ASK_TARGET_PORT ? s->target_port->text
                                                : "";
    return strcmp(text, "any") == 0;
}

/* ---- notes ---- */

static void add_note(struct why *w, struct note note)
{
    if (w->n_notes < NOTES_MAX)
        w->notes[w->n_notes++] = note;
}

static void on_asked(struct rule_trace *trace, enum rule_ask ask, unsigned index, bool held)
{
    struct why *w = trace->ctx;
    bool effect = ask == ASK_FLOWBITS && w->sig->flowbits[index].op < FLOWBIT_ISSET;
    if (ask == ASK_PART || effect || is_any(w->sig, ask)) /* a part is told with its bytes */
        return;
    w->fresh |= ask == ASK_FRESH && held;
    if (ask == ASK_FRESH && held)
        return;
    w->result.asked[ask]++;
    w->result.held[ask] += held;
    add_note(w, (struct note){.ask = (uint8_t)ask,
                              .verdict = held ? WHY_HELD : WHY_FAILED,
                              .index = (uint16_t)index});
}

static void begin_attempt(struct why *w, const struct match_bytes *bytes)
{
    memset(&w->attempt, 0, sizeof w->attempt);
    memset(w->now, 0, sizeof w->now);
    memset(w->reached, 0xff, sizeof w->reached);
    w->attempt.bytes = *bytes;
    w->attempts++;
}

/* end_attempt: of several bytes those count of which most steps held. */
static void end_attempt(struct why *w)
{
    w->attempt.held = 0;
    for (unsigned i = 0; i < w->sig->n_contents; i++)
        w->attempt.held += w->attempt.steps[i].held;
    if (w->attempts == 1 || w->attempt.held > w->best.held)
        w->best = w->attempt;
}

/* uses_variable: the step needs a number that another one reads. */
static bool uses_variable(const struct content *c)
{
    uint32_t flags = CONTENT_OFFSET_VARIABLE | CONTENT_DEPTH_VARIABLE | CONTENT_DISTANCE_VARIABLE |
                     CONTENT_WITHIN_VARIABLE;
    return c->flags & flags ||
           (c->number && (c->number->value_variable || c->number->offset_variable));
}

static void note_step(struct why *w, unsigned i, bool *unread)
{
    const struct content *c = &w->sig->contents[i];
    const struct step_note *s = &w->best.steps[i];
    bool asked = w->attempts && s->tried && !(*unread && uses_variable(c));
    *unread |= c->kind == STEP_BYTE_EXTRACT && !s->held;
    add_note(w, (struct note){.ask = ASK_STEP,
                              .verdict = !asked    ? WHY_NOT_ASKED
                                         : s->held ? WHY_HELD
                                                   : WHY_FAILED,
                              .section = c->section,
                              .index = (uint16_t)i,
                              .place = s->place,
                              .bytes = w->best.bytes});
}

static bool in_chain(const struct content *c)
{
    return step_moves(c) || c->flags & CONTENT_RELATIVE;
}

/* note_section: its steps in the order in which they are asked. */
static void note_section(struct why *w, unsigned section)
{
    const struct signature *s = w->sig;
    bool unread = false;
    if (section) {
        w->result.asked[ASK_PART]++;
        w->result.held[ASK_PART] += w->attempts != 0;
        add_note(w, (struct note){.ask = ASK_PART,
                                  .verdict = w->attempts ? WHY_HELD : WHY_FAILED,
                                  .section = (uint8_t)section,
                                  .index = (uint16_t)section});
    }
    for (unsigned i = 0; i < s->n_contents; i++) {
        const struct content *c = &s->contents[i];
        if (c->section != section)
            continue;
        if (c->flags & CONTENT_HEAD)
            for (unsigned k = i; k < CONTENTS_MAX; k = next_of(s, k))
                note_step(w, k, &unread);
        else if (!in_chain(c))
            note_step(w, i, &unread);
    }
}

static void on_bytes(struct rule_trace *trace, unsigned section, const struct match_bytes *bytes,
                     bool held)
{
    struct why *w = trace->ctx;
    (void)held;
    if (w->attempts)
        end_attempt(w);
    if (bytes) {
        begin_attempt(w, bytes);
        return;
    }
    note_section(w, section);
    w->attempts = 0;
}

/* on_step: of a chain that is tried at several places the try counts that came furthest. */
static void on_step(struct rule_trace *trace, unsigned step, bool held,
                    const struct trace_place *place)
{
    struct why *w = trace->ctx;
    struct step_note note = {true, held, *place};
    unsigned head = w->head[step];
    int reached = 2 * w->rank[step] + held;
    w->now[step] = note;
    if (!in_chain(&w->sig->contents[step])) {
        w->attempt.steps[step] = note;
        return;
    }
    if (reached <= w->reached[head])
        return;
    w->reached[head] = reached;
    for (unsigned k = head; k < CONTENTS_MAX; k = next_of(w->sig, k))
        w->attempt.steps[k] = w->rank[k] <= w->rank[step] ? w->now[k] : (struct step_note){0};
}

static void place_steps(struct why *w)
{
    const struct signature *s = w->sig;
    for (unsigned i = 0; i < s->n_contents; i++) {
        if (!(s->contents[i].flags & CONTENT_HEAD))
            continue;
        uint8_t rank = 0;
        for (unsigned k = i; k < CONTENTS_MAX; k = next_of(s, k)) {
            w->head[k] = (uint8_t)i;
            w->rank[k] = rank++;
        }
    }
}

/* ---- weighing ---- */

static unsigned step_weight(const struct content *c)
{
    if (c->flags & CONTENT_NEGATED || c->kind == STEP_ISDATAAT)
        return 1;
    if (c->kind == STEP_CONTENT)
        return 2 + (c->len < 8 ? c->len : 8);
    return c->kind == STEP_PCRE ? 6 : 3;
}

/* is_unknown: asked of a flow, and the packet was given to none. */
static bool is_unknown(const struct watched *what, const struct note *n)
{
    return what->not_inspected &&
           (n->ask == ASK_STATE || n->ask == ASK_PROTOCOL || n->ask == ASK_DIRECTION ||
            n->ask == ASK_FLOWBITS || n->ask == ASK_INPUT);
}

struct weight {
    unsigned score, in_order, first_failed;
};

static struct weight weigh(struct why *w, const struct watched *what)
{
    struct weight sum = {.first_failed = NOTES_MAX};
    for (unsigned i = 0; i < w->n_notes; i++) {
        struct note *n = &w->notes[i];
        bool unknown = is_unknown(what, n);
        if (unknown)
            n->verdict = WHY_NOT_ASKED;
        if (n->verdict == WHY_HELD || (unknown && n->ask != ASK_INPUT))
            sum.score +=
                n->ask == ASK_STEP ? step_weight(&w->sig->contents[n->index]) : weights[n->ask];
        if (n->verdict != WHY_HELD && sum.first_failed == NOTES_MAX && !unknown) {
            sum.first_failed = i;
            sum.in_order = i;
        }
    }
    if (!what->ends_only)
        sum.score += weights[ASK_INPUT];
    if (w->fresh)
        sum.score += weights[ASK_FRESH];
    /* Of inputs that are alike otherwise the one that shows more. */
    sum.score += (what->input->len != 0) + (what->ends_only && what->input->protocol);
    if (what->not_inspected && what->ends_only && what->input->len)
        sum.score += PAYLOAD_WEIGHT;
    return sum;
}

/* ---- texts ---- */

static char *taken(struct text *t)
{
    char *s = t->data ? t->data : strdup("");
    *t = (struct text){0};
    return s;
}

static void put_address(struct text *out, const struct address *a)
{
    char text[ADDRESS_TEXT_ROOM];
    text_puts(out, address_format(text, a));
}

static void put_flowbits(struct text *out, const struct why *w, const struct note *n)
{
    const struct signature *s = w->sig;
    unsigned first = n->index;
    while (first && s->flowbits[first - 1].or_next)
        first--;
    for (unsigned i = first; i <= n->index && n->verdict == WHY_FAILED; i++)
        text_printf(out, "%s%s is %s", i > first ? ", " : "",
                    w->config.set->flowbit_names[s->flowbits[i].bit],
                    s->flowbits[i].op == FLOWBIT_ISSET ? "not set" : "set");
    if (n->verdict != WHY_FAILED)
        text_puts(out, "so it is");
}

static void put_header_value(struct text *out, const struct why *w, const struct watched *what,
                             const struct note *n)
{
    const struct header_test *t = &w->sig->tests[n->index];
    const struct match_input *in = what->input;
    if (t->field == FIELD_IP_PROTOCOL)
        text_printf(out, "%u", in->transport);
    else if (t->field == FIELD_STREAM_CLIENT || t->field == FIELD_STREAM_SERVER)
        text_printf(out, "%u", in->stream_size[t->field == FIELD_STREAM_SERVER]);
    else if (t->field == FIELD_STREAM_EITHER)
        text_printf(out, "%u and %u", in->stream_size[0], in->stream_size[1]);
    else if (in->header && in->header->has >> t->field & 1)
        words_header_value(out, (enum match_field)t->field, in->header->value[t->field]);
    else
        text_puts(out, "the packet has no such field");
}

static void put_state(struct text *out, const struct why *w, const struct match_input *in)
{
    const struct why_moment *m = &w->moment;
    text_puts(out, in->established ? "established" : "not established");
    if (in->established || m->handshake)
        return;
    if (m->seen[0] && m->seen[1])
        text_puts(out, ": no handshake, and no data");
    else
        text_printf(out, ": only the %s was seen", m->seen[0] ? "client" : "server");
}

static const char *transport_word(uint8_t transport)
{
    return transport == IP_TCP     ? "TCP"
           : transport == IP_UDP   ? "UDP"
           : transport == IP_ICMP  ? "ICMP"
           : transport == IP_ICMP6 ? "ICMPv6"
                                   : "IP";
}

static void put_was(struct text *out, const struct why *w, const struct watched *what,
                    const struct note *n)
{
    const struct match_input *in = what->input;
    bool turned = n->index;
    switch ((enum rule_ask)n->ask) {
    case ASK_INSPECTED:
        text_puts(out, what->not_inspected);
        break;
    case ASK_DEPTH:
        text_printf(out, "at byte %lu; the depth is %u",
                    what->body ? what->body->at : in->stream_at,
                    what->body ? w->config.body_depth : w->config.stream_depth);
        break;
    case ASK_PASS:
        text_printf(out, "rule %u:%u matched, a pass", rule_gid(w->config.set, n->index),
                    rule_sid(w->config.set, n->index));
        break;
    case ASK_TRANSPORT:
        text_printf(out, "%s, IP protocol %u", transport_word(in->transport), in->transport);
        break;
    case ASK_SOURCE:
        put_address(out, turned ? &in->target : &in->source);
        break;
    case ASK_TARGET:
        put_address(out, turned ? &in->source : &in->target);
        break;
    case ASK_SOURCE_PORT:
        text_printf(out, "%u", turned ? in->target_port : in->source_port);
        break;
    case ASK_TARGET_PORT:
        text_printf(out, "%u", turned ? in->source_port : in->target_port);
        break;
    case ASK_DIRECTION:
        text_puts(out, in->to_server ? "to the server" : "to the client");
        break;
    case ASK_DSIZE:
        text_printf(out, "%u", in->len);
        break;
    case ASK_NETWORK:
    case ASK_SAME_IP:
        put_address(out, &in->source);
        text_puts(out, " and ");
        put_address(out, &in->target);
        break;
    case ASK_HEADER:
        put_header_value(out, w, what, n);
        break;
    case ASK_STATE:
        put_state(out, w, in);
        break;
    case ASK_PROTOCOL:
        text_puts(out, in->protocol ? protocol_words[in->protocol].name : "not recognised");
        break;
    case ASK_FLOWBITS:
        put_flowbits(out, w, n);
        break;
    case ASK_INPUT:
        text_printf(out, "a packet of %u bytes of payload, and nothing else came with it%s",
                    in->len, w->moment.gaps ? "; bytes of the flow are missing" : "");
        break;
    case ASK_PART:
        text_puts(out, n->verdict == WHY_HELD ? "there" : "there is none");
        break;
    case ASK_FRESH:
        text_puts(out, n->verdict == WHY_HELD ? "it does" : "all of it was there before");
        break;
    case ASK_LITERAL:
        text_puts(out, "not in bytes that were new");
        break;
    case ASK_STEP:
    case ASK_OTHER:
    case ASK_COUNT:
        break;
    }
}

/* nearest: where the bytes resemble the content most; how many are equal. */
static unsigned nearest(const struct content *c, const struct match_bytes *b, int64_t low,
                        int64_t end, int64_t *at)
{
    unsigned most = 0;
    bool nocase = c->flags & CONTENT_NOCASE;
    if (end - low > NEAR_WINDOW)
        end = low + NEAR_WINDOW;
    for (int64_t p = low; p + c->len <= end; p++) {
        unsigned equal = 0;
        for (unsigned i = 0; i < c->len; i++)
            equal += (nocase ? tolower(b->data[p + i]) : b->data[p + i]) == c->bytes[i];
        if (equal > most) {
            most = equal;
            *at = p;
        }
    }
    return most;
}

/* put_missing: what stands where a content was looked for. */
static void put_missing(struct text *out, const struct content *c, const struct note *n)
{
    const struct match_bytes *b = &n->bytes;
    int64_t low = n->place.low < 0 ? 0 : n->place.low, end = n->place.end, at = 0;
    if (end > (int64_t)b->len)
        end = b->len;
    if (low >= end) {
        text_printf(out, "nothing: %s ends at %ld", b->at ? "what is here" : "it",
                    (long)b->at + b->len);
        return;
    }
    if (end - low < c->len) {
        text_printf(out, "no room: %ld bytes at %ld, ", (long)(end - low), (long)(b->at) + low);
        words_bytes(out, b->data + low, (size_t)(end - low), BYTES_SHOWN);
        return;
    }
    unsigned equal = nearest(c, b, low, end, &at);
    if (equal) {
        text_puts(out, "nearest is ");
        words_bytes(out, b->data + at, c->len, BYTES_SHOWN);
        text_printf(out, " at %ld, %u of %u bytes equal; ", (long)b->at + at, equal, c->len);
    }
    text_printf(out, "at %ld to %ld there is ", (long)b->at + low, (long)b->at + end);
    words_bytes(out, b->data + low, (size_t)(end - low), BYTES_SHOWN);
}

static void put_found(struct text *out, const struct note *n, const char *what)
{
    int64_t at = n->place.at, len = n->place.to - at;
    text_printf(out, "%s at %ld", what, (long)n->bytes.at + at);
    if (at >= 0 && len > 0 && at + len <= (int64_t)n->bytes.len) {
        text_puts(out, ", ");
        words_bytes(out, n->bytes.data + at, (size_t)len, BYTES_SHOWN);
    }
}

static void put_bytes_from(struct text *out, const struct note *n)
{
    int64_t low = n->place.low < 0 ? 0 : n->place.low;
    if (low >= (int64_t)n->bytes.len) {
        text_printf(out, "nothing behind %ld", (long)n->bytes.at + n->bytes.len);
        return;
    }
    text_printf(out, "from %ld on there is ", (long)n->bytes.at + low);
    words_bytes(out, n->bytes.data + low, n->bytes.len - (size_t)low, BYTES_SHOWN);
}

static void put_number(struct text *out, const struct content *c, const struct note *n)
{
    const struct trace_place *p = &n->place;
    if (!p->was_read) {
        text_printf(out, "no number there: %u bytes at %ld, and it ends at %ld", c->number->bytes,
                    (long)n->bytes.at + p->low, (long)n->bytes.at + n->bytes.len);
        return;
    }
    text_printf(out, "%lu, read at %ld from ", p->value, (long)n->bytes.at + p->at);
    words_bytes(out, n->bytes.data + p->at, (size_t)(p->end - p->at), BYTES_SHOWN);
    if (c->kind == STEP_BYTE_JUMP)
        text_printf(out, n->verdict == WHY_HELD ? ", to %ld" : ", which leads out of the data",
                    (long)n->bytes.at + p->to);
}

static void put_step_was(struct text *out, const struct why *w, const struct note *n)
{
    const struct content *c = &w->sig->contents[n->index];
    bool negated = c->flags & CONTENT_NEGATED, held = n->verdict == WHY_HELD;
    if (n->verdict == WHY_NOT_ASKED)
        return;
    switch ((enum step_kind)c->kind) {
    case STEP_CONTENT:
        if (held)
            negated ? text_puts(out, "not there") : put_found(out, n, "there");
        else if (negated)
            text_printf(out, "it is there, at %ld", (long)n->bytes.at + n->place.at);
        else
            put_missing(out, c, n);
        return;
    case STEP_PCRE:
        if (held != negated) {
            put_found(out, n, "it matches");
            return;
        }
        put_bytes_from(out, n);
        text_puts(out, ", no match");
        return;
    case STEP_ISDATAAT:
        text_printf(out, "asked of %ld; it ends at %ld", (long)n->bytes.at + n->place.low,
                    (long)n->bytes.at + n->bytes.len);
        return;
    case STEP_SIZE:
        text_printf(out, "%ld bytes%s", (long)n->place.to,
                    n->bytes.unfinished ? " so far, and more to come" : "");
        return;
    case STEP_ASN1:
    case STEP_BASE64:
        put_bytes_from(out, n);
        return;
    case STEP_BYTE_TEST:
    case STEP_BYTE_JUMP:
    case STEP_BYTE_EXTRACT:
    case STEP_BYTE_MATH:
        put_number(out, c, n);
        return;
    }
}

static void make_condition(struct why_condition *out, const struct why *w,
                           const struct watched *what, const struct note *n)
{
    struct text t = {0};
    bool step = n->ask == ASK_STEP, part = n->ask == ASK_PART;
    *out = (struct why_condition){.ask = (enum rule_ask)n->ask,
                                  .verdict = (enum why_verdict)n->verdict};
    out->name =
        step ? words_step_name(&w->sig->contents[n->index]) : words_ask_name((enum rule_ask)n->ask);
    if (step || part) {
        words_section(&t, w->sig, n->section);
        out->where = taken(&t);
    }
    if (step)
        words_step(&t, w->sig, n->index);
    else
        words_ask(&t, w->config.set, w->sig, (enum rule_ask)n->ask, n->index);
    out->wanted = taken(&t);
    if (step)
        put_step_was(&t, w, n);
    else if (n->verdict != WHY_NOT_ASKED)
        put_was(&t, w, what, n);
    out->was = taken(&t);
}

static char *what_text(const struct watched *what)
{
    struct text t = {0};
    const struct match_input *in = what->input;
    const struct proto_message *m = what->message;
    switch (what->kind) {
    case WATCHED_PACKET:
        text_printf(&t, "a %s packet with %u bytes of payload", transport_word(in->transport),
                    in->len);
        break;
    case WATCHED_STREAM:
        text_printf(&t, "the stream to the %s, bytes %lu to %lu, from %lu on new",
                    in->to_server ? "server" : "client", in->stream_at, in->stream_at + in->len,
                    in->stream_at + in->fresh);
        break;
    case WATCHED_MESSAGE:
    case WATCHED_BODY:
        text_printf(&t, "message %u of %s to the %s", m->transaction,
                    protocol_words[m->protocol].name,
                    m->direction == PROTO_TO_SERVER ? "server" : "client");
        if (what->body)
            text_printf(&t, ", its body up to byte %lu", what->body->at + what->body->len);
        break;
    }
    return taken(&t);
}

/* ---- keeping ---- */

static void free_miss(struct why_miss *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        free(m->conditions[i].where);
        free(m->conditions[i].wanted);
        free(m->conditions[i].was);
    }
    free(m->conditions);
    free(m->what);
    free(m);
}

/* nearer: of two misses, < 0 when the first one is. */
static int nearer(const struct why_miss *a, const struct why_miss *b)
{
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->in_order != b->in_order)
        return a->in_order > b->in_order ? -1 : 1;
    return a->place.t != b->place.t ? (a->place.t < b->place.t ? -1 : 1) : 0;
}

static bool same_cause(const struct why_miss *a, const struct why_miss *b)
{
    const struct why_condition *x = &a->conditions[a->first_failed],
                               *y = &b->conditions[b->first_failed];
    return x->ask == y->ask && strcmp(x->wanted, y->wanted) == 0;
}

static struct why_miss *make_miss(const struct why *w, const struct watched *what,
                                  const struct weight *weight)
{
    struct why_miss *m = calloc(1, sizeof *m);
    struct why_condition *conditions = calloc(w->n_notes, sizeof *conditions);
    if (!m || !conditions) {
        free(m);
        free(conditions);
        return NULL;
    }
    *m = (struct why_miss){.place = w->moment.place,
                           .what = what_text(what),
                           .score = weight->score,
                           .in_order = weight->in_order,
                           .first_failed = weight->first_failed,
                           .conditions = conditions,
                           .n = w->n_notes};
    for (unsigned i = 0; i < w->n_notes; i++)
        make_condition(&conditions[i], w, what, &w->notes[i]);
    return m;
}

static void drop(struct why *w, unsigned i)
{
    free_miss(w->misses[i]);
    w->misses[i] = w->misses[--w->n_misses];
}

/* keep: in place of one of the same flow and cause that is less near, of the least near of its flow
 * or of all where there is no room. */
static void keep(struct why *w, struct why_miss *m)
{
    unsigned of_flow = 0, worst_of_flow = 0, worst = 0;
    for (unsigned i = 0; i < w->n_misses; i++) {
        const struct why_miss *other = w->misses[i];
        worst = nearer(w->misses[worst], other) < 0 ? i : worst;
        if (other->place.has_flow != m->place.has_flow || other->place.flow != m->place.flow)
            continue;
        if (same_cause(other, m)) {
            if (nearer(m, other) < 0) {
                free_miss(w->misses[i]);
                w->misses[i] = m;
            } else {
                free_miss(m);
            }
            return;
        }
        worst_of_flow =
            !of_flow++ || nearer(w->misses[worst_of_flow], other) < 0 ? i : worst_of_flow;
    }
    if (of_flow == WHY_OF_FLOW || w->n_misses == WHY_MISSES) {
        unsigned out = of_flow == WHY_OF_FLOW ? worst_of_flow : worst;
        if (nearer(w->misses[out], m) < 0) {
            free_miss(m);
            return;
        }
        drop(w, out);
    }
    w->misses[w->n_misses++] = m;
}

/* could_stay: whether there is any use in making texts of it. */
static bool could_stay(const struct why *w, const struct weight *weight)
{
    if (w->n_misses < WHY_MISSES)
        return true;
    for (unsigned i = 0; i < w->n_misses; i++)
        if (w->misses[i]->score < weight->score)
            return true;
    return false;
}

/* seen_as_well: the same flow has one of this score and cause already: the first one stays. */
static bool seen_as_well(const struct why *w, const struct weight *weight)
{
    const struct note *n = &w->notes[weight->first_failed];
    for (unsigned i = 0; i < w->n_misses; i++) {
        const struct why_miss *m = w->misses[i];
        if (m->place.has_flow == w->moment.place.has_flow &&
            m->place.flow == w->moment.place.flow && m->score >= weight->score &&
            m->in_order >= weight->in_order && m->n == w->n_notes &&
            m->first_failed == weight->first_failed && m->conditions[m->first_failed].ask == n->ask)
            return true;
    }
    return false;
}

/* ---- the watch ---- */

static void on_begin(void *ctx, const struct watched *what)
{
    struct why *w = ctx;
    const struct match_input *in = what->input;
    w->moment = w->config.moment(w->config.ctx);
    w->moment.place.source = in->source;
    w->moment.place.target = in->target;
    w->moment.place.source_port = in->source_port;
    w->moment.place.target_port = in->target_port;
    w->moment.place.transport = in->transport;
    w->moment.place.protocol = in->protocol;
    if (what->not_inspected)
        w->moment.place.has_flow = false;
    w->asking =
        !w->config.one_flow || (w->moment.place.has_flow && w->moment.place.flow == w->config.flow);
    w->result.flow_seen |= w->config.one_flow && w->asking;
    w->n_notes = 0;
    w->attempts = 0;
    w->fresh = false;
}

static void on_end(void *ctx, const struct watched *what, bool matches)
{
    struct why *w = ctx;
    if (!w->asking)
        return;
    w->result.inputs += !what->ends_only;
    w->result.natural += what->natural;
    struct weight weight = weigh(w, what);
    if (weight.first_failed == NOTES_MAX) {
        if (what->done || (matches && what->natural))
            return;
        on_asked(&w->trace, matches ? ASK_LITERAL : ASK_OTHER, 0, false);
        weight = weigh(w, what);
    } else if (w->notes[weight.first_failed].ask == ASK_FRESH && w->result.matched &&
               w->last_flow == w->moment.place.flow) {
        return; /* what is there has matched */
    }
    if (what->done || weight.first_failed == NOTES_MAX || !could_stay(w, &weight) ||
        seen_as_well(w, &weight))
        return;
    struct why_miss *m = make_miss(w, what, &weight);
    if (m)
        keep(w, m);
}

static void on_matched(void *ctx, bool untold)
{
    struct why *w = ctx;
    struct why_result *r = &w->result;
    if (!w->asking)
        return;
    w->last_flow = w->moment.place.flow;
    if (r->n_matches < WHY_MATCHES)
        w->matches[r->n_matches++] = (struct why_match){w->moment.place, untold, FATE_TOLD};
    r->matched++;
    r->untold += untold;
}

void why_told(struct why *w, enum alert_fate fate)
{
    struct why_result *r = &w->result;
    if (!w->asking || !r->matched)
        return;
    r->fates[fate]++;
    if (r->matched == r->n_matches)
        w->matches[r->n_matches - 1].fate = fate;
}

struct why *why_create(const struct why_config *config)
{
    struct why *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->config = *config;
    w->sig = &config->set->rules[config->rule];
    w->trace = (struct rule_trace){w, on_asked, on_bytes, on_step};
    w->watch = (struct rule_watch){.rule = config->rule,
                                   .trace = &w->trace,
                                   .ctx = w,
                                   .begin = on_begin,
                                   .end = on_end,
                                   .matched = on_matched};
    place_steps(w);
    return w;
}

void why_free(struct why *w)
{
    if (!w)
        return;
    for (unsigned i = 0; i < w->n_misses; i++)
        free_miss(w->misses[i]);
    free(w);
}

struct rule_watch *why_watch(struct why *w)
{
    return &w->watch;
}

static int by_nearness(const void *a, const void *b)
{
    return nearer(*(struct why_miss *const *)a, *(struct why_miss *const *)b);
}

struct why_result why_result(struct why *w)
{
    if (w->n_misses)
        qsort(w->misses, w->n_misses, sizeof w->misses[0], by_nearness);
    w->result.misses = (const struct why_miss *const *)w->misses;
    w->result.n_misses = w->n_misses;
    w->result.matches = w->matches;
    return w->result;
}
