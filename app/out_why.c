/* What came near, and the cause: the first condition that failed of what came nearest. */
#include "app/out_why.h"

#include "base/json.h"
#include "base/time_point.h"
#include "rules/facts.h"

#include <ctype.h>
#include <string.h>

#define MISSES_SHOWN  3
#define MATCHES_SHOWN 8
#define VALUE_SHOWN   120

static const char *const fate_names[FATE_COUNT] = {
#define X(s, name, text) [FATE_##s] = name,
    ALERT_FATES(X)
#undef X
};
static const char *const fate_texts[FATE_COUNT] = {
#define X(s, name, text) [FATE_##s] = text,
    ALERT_FATES(X)
#undef X
};

static const char *when(char out[TIME_TEXT_ROOM], int64_t ns)
{
    time_format(out, ns);
    out[10] = ' ';
    out[26] = '\0';
    return out;
}

/* ---- facts beside the conditions ---- */

/* put_values: of the variables that a text names. */
static void put_values(struct text *out, const struct why_answer *a, const char *text)
{
    for (const char *p = text; (p = strchr(p, '$')); p++) {
        size_t len = 0;
        while (isalnum((unsigned char)p[1 + len]) || p[1 + len] == '_')
            len++;
        const char *value = rule_inputs_variable(a->inputs, p + 1, len);
        if (value)
            text_printf(out, " ($%.*s is %.*s%s)", (int)len, p + 1, VALUE_SHOWN, value,
                        strlen(value) > VALUE_SHOWN ? "..." : "");
    }
}

/* put_never: that a condition of headers held at no input at all. */
static void put_never(struct text *out, const struct why_answer *a, const struct why_condition *c)
{
    const struct why_result *r = &a->result;
    if (c->verdict == WHY_FAILED && c->ask >= ASK_TRANSPORT && c->ask < ASK_HEADER &&
        r->asked[c->ask] > 1 && !r->held[c->ask])
        text_puts(out, "; no packet of the capture has it");
}

static void put_was(struct text *out, const struct why_answer *a, const struct why_condition *c)
{
    text_puts(out, c->was);
    put_never(out, a, c);
    if (c->ask == ASK_FLOWBITS && c->verdict == WHY_FAILED)
        rule_put_setters(out, a->inputs->set, a->rule);
}

static void put_wanted(struct text *out, const struct why_answer *a, const struct why_condition *c)
{
    text_puts(out, c->wanted);
    if (c->ask == ASK_SOURCE || c->ask == ASK_TARGET || c->ask == ASK_SOURCE_PORT ||
        c->ask == ASK_TARGET_PORT)
        put_values(out, a, c->wanted);
}

static void put_literal(struct text *out, const struct why_answer *a)
{
    struct text literal = {0};
    if (!rule_put_literal(&literal, a->inputs->set, a->rule))
        text_puts(out, "It has no literal and is asked of every input.");
    else if (a->result.natural)
        text_printf(out, "Its literal, %s, was seen in %lu of them.", text_str(&literal),
                    a->result.natural);
    else
        text_printf(out, "Its literal, %s, was never seen.", text_str(&literal));
    text_free(&literal);
}

static void put_ends(struct text *out, const struct why_place *p)
{
    char a[ADDRESS_TEXT_ROOM], b[ADDRESS_TEXT_ROOM];
    text_printf(out, "%s:%u -> %s:%u", address_format(a, &p->source), p->source_port,
                address_format(b, &p->target), p->target_port);
}

static const struct why_condition *cause_of(const struct why_answer *a)
{
    const struct why_result *r = &a->result;
    return r->matched || !r->n_misses ? NULL
                                      : &r->misses[0]->conditions[r->misses[0]->first_failed];
}

/* no_input: why nothing was asked at all. */
static const char *no_input(const struct why_answer *a)
{
    if (a->one_flow && !a->result.flow_seen)
        return "the capture has no flow of this number";
    return a->counts.packets ? "the capture has no packet that could be inspected"
                             : "the capture has no packets";
}

/* ---- for people ---- */

static void print_condition(FILE *out, const struct why_answer *a, const struct why_condition *c)
{
    static const char *const verdicts[] = {
        [WHY_HELD] = "held", [WHY_FAILED] = "FAILED", [WHY_NOT_ASKED] = "-"};
    struct text wanted = {0}, was = {0};
    put_wanted(&wanted, a, c);
    put_was(&was, a, c);
    fprintf(out, "    %-6s  %-12s ", verdicts[c->verdict], c->name);
    if (c->where && c->ask == ASK_STEP)
        fprintf(out, "[%s] ", c->where);
    fputs(text_str(&wanted), out);
    if (c->verdict == WHY_NOT_ASKED)
        fputs("\n", out);
    else if (c->verdict == WHY_FAILED)
        fprintf(out, "\n%23s%s\n", "was: ", text_str(&was));
    else
        fprintf(out, "   (%s)\n", text_str(&was));
    text_free(&wanted);
    text_free(&was);
}

static void print_place(FILE *out, const struct why_answer *a, const struct why_place *p)
{
    char time[TIME_TEXT_ROOM];
    struct text ends = {0};
    put_ends(&ends, p);
    if (p->has_flow)
        fprintf(out, "flow %lu, ", p->flow);
    if (a->counts.inputs > 1)
        fprintf(out, "capture %u, ", p->input);
    fprintf(out, "packet %lu, %s UTC, %s\n", p->packet, when(time, p->t), text_str(&ends));
    text_free(&ends);
}

static void print_miss(FILE *out, const struct why_answer *a, unsigned i)
{
    const struct why_miss *m = a->result.misses[i];
    fprintf(out, "\nNEAREST %u: ", i + 1);
    print_place(out, a, &m->place);
    fprintf(out, "  %s\n", m->what);
    for (unsigned k = 0; k < m->n; k++)
        print_condition(out, a, &m->conditions[k]);
}

static bool same_cause(const struct why_miss *m, const struct why_miss *other)
{
    const struct why_condition *x = &m->conditions[m->first_failed],
                               *y = &other->conditions[other->first_failed];
    return x->ask == y->ask && strcmp(x->wanted, y->wanted) == 0;
}

/* print_misses: the nearest of each cause; others that miss by the same are counted. */
static void print_misses(FILE *out, const struct why_answer *a)
{
    const struct why_result *r = &a->result;
    unsigned shown = 0;
    for (unsigned i = 0; i < r->n_misses; i++) {
        unsigned k = 0, others = 0;
        while (k < i && !same_cause(r->misses[k], r->misses[i]))
            k++;
        if (k < i || shown == MISSES_SHOWN)
            continue;
        shown++;
        print_miss(out, a, i);
        for (k = i + 1; k < r->n_misses; k++)
            others += same_cause(r->misses[k], r->misses[i]);
        if (others)
            fprintf(out, "  by the same condition %u other input%s missed, of those kept\n", others,
                    others == 1 ? "" : "s");
    }
}

static void print_matches(FILE *out, const struct why_answer *a)
{
    const struct why_result *r = &a->result;
    const char *untold = rule_untold(a->inputs->set, a->rule);
    struct text threshold = {0};
    fprintf(out, "\nIt matched %lu time%s: %lu told, %lu held back", r->matched,
            r->matched == 1 ? "" : "s", r->fates[FATE_TOLD],
            r->fates[FATE_LIMITED] + r->fates[FATE_BELOW]);
    if (r->untold)
        fprintf(out, ", %lu of which nothing is told (%s)", r->untold,
                untold ? untold : "more hits in one input than are kept");
    fputs(".\n", out);
    rule_put_threshold(&threshold, a->inputs->set, a->rule);
    for (unsigned fate = FATE_TOLD + 1; fate < FATE_COUNT; fate++)
        if (r->fates[fate])
            fprintf(out, "CAUSE %s: %s, %lu time%s: %s\n", fate_names[fate], text_str(&threshold),
                    r->fates[fate], r->fates[fate] == 1 ? "" : "s", fate_texts[fate]);
    text_free(&threshold);
    for (unsigned i = 0; i < r->n_matches && i < MATCHES_SHOWN; i++) {
        fprintf(out, "  %-8s ", r->matches[i].untold ? "not told" : fate_names[r->matches[i].fate]);
        print_place(out, a, &r->matches[i].place);
    }
    if (r->matched > MATCHES_SHOWN)
        fprintf(out, "  and %lu more\n", r->matched - MATCHES_SHOWN);
}

void out_why_text(FILE *out, const struct why_answer *a)
{
    const struct rule_set *set = a->inputs->set;
    struct diag_pos pos = rule_place(set, a->rule);
    const struct why_result *r = &a->result;
    const struct why_condition *cause = cause_of(a);
    struct text head = {0}, literal = {0}, wanted = {0}, was = {0};
    rule_put_header(&head, set, a->rule);
    put_literal(&literal, a);
    fprintf(out, "rule %u:%u rev %u, %s\n  %s\n  %s:%u\n", rule_gid(set, a->rule),
            rule_sid(set, a->rule), rule_rev(set, a->rule), rule_msg(set, a->rule), text_str(&head),
            pos.file, pos.line);
    fprintf(out, "%lu packets, %lu flows; asked of %lu inputs. %s\n", a->counts.packets,
            a->counts.flows, r->inputs, text_str(&literal));
    if (r->matched)
        print_matches(out, a);
    else if (!cause)
        fprintf(out, "\nIt did not match.\nCAUSE nothing: %s\n", no_input(a));
    if (cause) {
        put_wanted(&wanted, a, cause);
        put_was(&was, a, cause);
        fprintf(out, "\nIt did not match.\nCAUSE %s: wanted %s; was %s\n", cause->name,
                text_str(&wanted), text_str(&was));
    }
    if (cause)
        print_misses(out, a);
    text_free(&head);
    text_free(&literal);
    text_free(&wanted);
    text_free(&was);
}

/* ---- JSON ---- */

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void put_count(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

static void put_text(struct json_writer *w, const char *key, struct text *value)
{
    put_pair(w, key, text_str(value));
    text_free(value);
}

static void json_place(struct json_writer *w, const struct why_place *p)
{
    char text[ADDRESS_TEXT_ROOM], time[TIME_TEXT_ROOM];
    if (p->has_flow)
        put_count(w, "flow", p->flow);
    put_count(w, "capture", p->input);
    put_count(w, "packet", p->packet);
    put_pair(w, "time", time_format(time, p->t));
    put_pair(w, "source", address_format(text, &p->source));
    put_count(w, "source_port", p->source_port);
    put_pair(w, "target", address_format(text, &p->target));
    put_count(w, "target_port", p->target_port);
}

static void json_condition(struct json_writer *w, const struct why_answer *a,
                           const struct why_condition *c)
{
    static const char *const verdicts[] = {
        [WHY_HELD] = "held", [WHY_FAILED] = "failed", [WHY_NOT_ASKED] = "not-asked"};
    struct text wanted = {0}, was = {0};
    put_wanted(&wanted, a, c);
    put_was(&was, a, c);
    json_open_object(w);
    put_pair(w, "condition", c->name);
    put_pair(w, "verdict", verdicts[c->verdict]);
    if (c->where)
        put_pair(w, "where", c->where);
    put_text(w, "wanted", &wanted);
    put_text(w, "was", &was);
    json_close_object(w);
}

static void end_line(FILE *out, struct text *line)
{
    fprintf(out, "%s\n", text_str(line));
    text_clear(line);
}

static void json_miss(struct json_writer *w, const struct why_answer *a, unsigned i)
{
    const struct why_miss *m = a->result.misses[i];
    json_open_object(w);
    put_pair(w, "type", "miss");
    put_count(w, "rank", i + 1);
    json_place(w, &m->place);
    put_pair(w, "input", m->what);
    put_count(w, "held_in_order", m->in_order);
    json_put_key(w, "conditions");
    json_open_array(w);
    for (unsigned k = 0; k < m->n; k++)
        json_condition(w, a, &m->conditions[k]);
    json_close_array(w);
    json_close_object(w);
}

static void json_match(struct json_writer *w, const struct why_match *m)
{
    json_open_object(w);
    put_pair(w, "type", "match");
    json_place(w, &m->place);
    put_pair(w, "fate", m->untold ? "not-told" : fate_names[m->fate]);
    json_close_object(w);
}

/* json_cause: of what did not match; or of what was held back. */
static void json_cause(struct json_writer *w, const struct why_answer *a)
{
    const struct why_result *r = &a->result;
    const struct why_condition *cause = cause_of(a);
    struct text threshold = {0};
    json_put_key(w, "cause");
    if (cause) {
        json_condition(w, a, cause);
        return;
    }
    json_open_object(w);
    if (!r->matched) {
        put_pair(w, "condition", "nothing");
        put_pair(w, "was", no_input(a));
    }
    for (unsigned fate = FATE_TOLD + 1; fate < FATE_COUNT; fate++)
        if (r->fates[fate]) {
            rule_put_threshold(&threshold, a->inputs->set, a->rule);
            put_pair(w, "condition", fate_names[fate]);
            put_text(w, "wanted", &threshold);
            put_pair(w, "was", fate_texts[fate]);
            break;
        }
    if (r->matched && r->untold == r->matched && rule_untold(a->inputs->set, a->rule)) {
        put_pair(w, "condition", rule_untold(a->inputs->set, a->rule));
        put_pair(w, "was", "the rule matched, and nothing is told of that");
    }
    json_close_object(w);
}

static void json_answer(struct json_writer *w, const struct why_answer *a)
{
    const struct why_result *r = &a->result;
    const struct rule_set *set = a->inputs->set;
    struct diag_pos pos = rule_place(set, a->rule);
    struct text literal = {0};
    put_literal(&literal, a);
    json_open_object(w);
    put_pair(w, "type", "answer");
    put_count(w, "gid", rule_gid(set, a->rule));
    put_count(w, "sid", rule_sid(set, a->rule));
    put_count(w, "rev", rule_rev(set, a->rule));
    put_pair(w, "msg", rule_msg(set, a->rule));
    put_pair(w, "file", pos.file);
    put_count(w, "line", pos.line);
    put_count(w, "packets", a->counts.packets);
    put_count(w, "flows", a->counts.flows);
    put_count(w, "inputs", r->inputs);
    put_count(w, "literal_seen", r->natural);
    put_text(w, "literal", &literal);
    put_count(w, "matched", r->matched);
    put_count(w, "told", r->fates[FATE_TOLD]);
    put_count(w, "held_back", r->fates[FATE_LIMITED] + r->fates[FATE_BELOW]);
    json_cause(w, a);
    json_close_object(w);
}

void out_why_json(FILE *out, const struct why_answer *a)
{
    const struct why_result *r = &a->result;
    struct text line = {0};
    struct json_writer w = json_writer_to(&line);
    for (unsigned i = 0; i < r->n_matches; i++) {
        w = json_writer_to(&line);
        json_match(&w, &r->matches[i]);
        end_line(out, &line);
    }
    for (unsigned i = 0; i < r->n_misses; i++) {
        w = json_writer_to(&line);
        json_miss(&w, a, i);
        end_line(out, &line);
    }
    w = json_writer_to(&line);
    json_answer(&w, a);
    end_line(out, &line);
    text_free(&line);
}
