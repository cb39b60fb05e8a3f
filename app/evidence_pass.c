/* One reading of the captures for the evidence of some findings.
 *
 * A packet has the same place (t, input, seq) as in the run (dataplane/reread.h). An observation
 * names of its conversation the packets from the moment at which it began to its own place; what
 * was made of one packet names that one alone, also an ICMP error, which is about a conversation
 * that it is no part of. That the packet at its own place is there, in its conversation, is what
 * tells that the captures are still what they were.
 */
#include "app/evidence_parts.h"

#include "base/error.h"
#include "base/pcapng_write.h"
#include "base/table.h"
#include "base/time_point.h"
#include "dataplane/flow.h"
#include "dataplane/icmp_error.h"
#include "dataplane/reread.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define COMMENT_OBSERVATIONS 8 /* of one packet that a comment lists; more are counted */

/* Packets that an observation names. */
struct span {
    struct flow_key key;
    int64_t from_ns;
    struct order to; /* its last packet is not behind this */
    struct named *named;
};

/* The spans of one conversation: n from `first` on, ascending by beginning; those in front of
 * `open` are over. */
struct talk {
    uint32_t first, n, open;
};

struct pass {
    struct span *spans;
    size_t n_spans;
    struct table *talks; /* struct flow_key -> struct talk */
    const struct subject *subjects;
    struct pcapng_writer *writers; /* one a finding */
    struct text *comments; /* likewise: of the packet under way, empty: not of this finding */
    unsigned *listed;
    size_t n;
    char (*paths)[PATH_MAX];
};

/* key_of: tunnels and shards do not count, since observations do not tell them. */
static struct flow_key key_of(const struct packet *pkt)
{
    struct packet plain = *pkt;
    struct flow_key key;
    plain.tunnels = plain.shard = 0;
    flow_key_of(&plain, &key);
    return key;
}

static struct span span_of(struct named *named)
{
    const struct observation *o = named->obs;
    const struct packet ends = {.source = o->source,
                                .target = o->target,
                                .source_port = o->source_port,
                                .target_port = o->target_port,
                                .transport = o->transport,
                                .vlan = o->tenant,
                                .point = (uint8_t)o->point};
    return (struct span){.key = key_of(&ends),
                         .from_ns = o->began_ns,
                         .to = {.t = o->order.t, .input = o->order.input, .seq = o->order.seq},
                         .named = named};
}

static int by_key(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(&x->key, &y->key, sizeof x->key);
    if (order)
        return order;
    if (x->from_ns != y->from_ns)
        return x->from_ns < y->from_ns ? -1 : 1;
    if (x->named->finding != y->named->finding)
        return x->named->finding < y->named->finding ? -1 : 1;
    return (x->named->number > y->named->number) - (x->named->number < y->named->number);
}

static int index_spans(struct pass *p, struct subject *subjects, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += subjects[i].n;
    p->spans = calloc(total + 1, sizeof *p->spans);
    p->talks = table_create(total + 1, sizeof(struct flow_key), sizeof(struct talk), 0);
    if (!p->spans || !p->talks)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < subjects[i].n; k++)
            p->spans[p->n_spans++] = span_of(&subjects[i].named[k]);
    qsort(p->spans, p->n_spans, sizeof *p->spans, by_key);
    for (size_t i = 0; i < p->n_spans; i++) {
        bool made;
        struct talk *talk = table_add(p->talks, &p->spans[i].key, &made);
        if (!talk)
            return ERR_NOMEM;
        if (made)
            talk->first = talk->open = (uint32_t)i;
        talk->n++;
    }
    return 0;
}

/* Comments. */

static void put_what(struct text *out, const struct observation *o)
{
    text_puts(out, kind_words[o->kind].name);
    if (o->kind == KIND_HIT) {
        text_printf(out, " of rule %u:%u:%u", o->rule_gid, o->rule_sid, o->rule_rev);
        return;
    }
    if (o->protocol != PROTOCOL_UNKNOWN)
        text_printf(out, " %s", protocol_words[o->protocol].name);
    if (o->kind == KIND_COMMAND)
        text_printf(out, " %s", operation_words[o->operation].name);
    text_printf(out, " %s", outcome_words[o->outcome].name);
}

/* comment: what the packet shows of one observation. */
static void comment(struct pass *p, const struct span *span, int64_t t, bool decides)
{
    uint32_t finding = span->named->finding;
    struct text *out = &p->comments[finding];
    if (p->listed[finding]++ >= COMMENT_OBSERVATIONS)
        return;
    text_printf(out, "%sobservation %u of %zu, ", out->len ? "; " : "", span->named->number,
                p->subjects[finding].n);
    put_what(out, span->named->obs);
    text_puts(out, decides && t == span->from_ns ? ": seen here"
                   : decides                     ? ": decided here"
                   : t == span->from_ns          ? ": begins here"
                                                 : ": goes on");
}

static bool is_one_packet(const struct observation *o)
{
    return (o->kind == KIND_HIT || o->kind == KIND_ERROR) && o->began_ns == o->order.t;
}

/* name_in: what observations of a conversation say of the packet at `place`; about: those that are
 * about it alone, and not of it. */
static void name_in(struct pass *p, const struct packet *ends, struct order place, bool about)
{
    struct flow_key key = key_of(ends);
    struct talk *talk = table_find(p->talks, &key);
    if (!talk)
        return;
    uint32_t end = talk->first + talk->n;
    while (talk->open < end && p->spans[talk->open].to.t < place.t)
        talk->open++;
    for (uint32_t i = talk->open; i < end && p->spans[i].from_ns <= place.t; i++) {
        struct span *span = &p->spans[i];
        const struct observation *o = span->named->obs;
        int order = order_compare(&place, &span->to);
        if (order > 0 || (order < 0 && is_one_packet(o)) || (o->kind == KIND_ERROR) != about)
            continue;
        /* What a timer decided is there when its beginning is. */
        span->named->found |=
            order == 0 || span->to.input == ORDER_TIMER || span->to.input >= ORDER_CLOSING;
        comment(p, span, place.t, order == 0);
    }
}

/* name: every finding that names the packet gets its comment. */
static void name(struct pass *p, const struct reread_packet *packet)
{
    const struct packet *pkt = packet->pkt;
    struct order place = order_of(pkt->t, pkt->input, pkt->seq, 0);
    struct icmp_error error;
    if (pkt->verdict != DECODE_TRANSPORT && pkt->verdict != DECODE_NETWORK &&
        pkt->verdict != DECODE_FRAGMENT)
        return;
    name_in(p, pkt, place, false);
    if (pkt->verdict == DECODE_NETWORK && icmp_error_read(pkt, packet->data, &error)) {
        const struct packet quoted = {.source = error.source,
                                      .target = error.target,
                                      .source_port = error.source_port,
                                      .target_port = error.target_port,
                                      .transport = error.transport,
                                      .vlan = pkt->vlan,
                                      .point = pkt->point};
        name_in(p, &quoted, place, true);
    }
}

/* copy: a frame that is there already, because it was named as a fragment, is not there twice. */
static void copy(struct pass *p, size_t finding, struct reread_frame *f)
{
    static_assert(EVIDENCE_PASS <= 8 * sizeof f->marks, "a frame has a mark for each finding");
    uint64_t *marks = &f->marks[finding / 64], mark = UINT64_C(1) << finding % 64;
    if (!(*marks & mark))
        pcapng_write_packet(&p->writers[finding],
                            &(struct pcapng_packet){.ns = f->frame.t,
                                                    .data = f->frame.data,
                                                    .captured = f->frame.captured,
                                                    .wire = f->frame.wire,
                                                    .linktype = f->frame.linktype,
                                                    .fcs = f->frame.fcs < 16 ? f->frame.fcs : 0,
                                                    .comment = text_str(&p->comments[finding])});
    *marks |= mark;
}

static void copy_named(struct pass *p, const struct reread_packet *packet)
{
    for (size_t i = 0; i < p->n; i++) {
        if (!p->listed[i])
            continue;
        if (p->listed[i] > COMMENT_OBSERVATIONS)
            text_printf(&p->comments[i], "; and %u more", p->listed[i] - COMMENT_OBSERVATIONS);
        for (struct reread_frame *f = packet->frames; f; f = f->next)
            copy(p, i, f);
        text_clear(&p->comments[i]);
        p->listed[i] = 0;
    }
}

static int read_captures(struct pass *p, const struct evidence_run *run, struct diags *diags)
{
    struct diags again = {
        0}; /* what is wrong with the captures was said when they were read first */
    struct reread *reread;
    struct reread_packet packet;
    uint64_t frames = 0;
    int got = reread_open(&reread, run->captures->items, run->points, run->captures->n, run->limits,
                          &again);
    if (!got) {
        while ((got = reread_next(reread, &packet, &again)) == 1 &&
               reread_frames(reread) <= run->frames) {
            name(p, &packet);
            copy_named(p, &packet);
        }
        frames = reread_frames(reread);
        reread_close(reread);
    }
    diags_free(&again);
    if (got == ERR_NOMEM)
        return diag_error(diags, got, diag_file(NULL), NULL, "no memory for the evidence");
    if (frames < run->frames)
        return diag_error(
            diags, ERR_CORRUPT, diag_file(NULL), "evidence needs them as they were",
            "the captures have become shorter since they were read: %lu of %lu packets", frames,
            run->frames);
    return 0;
}

int evidence_pass(const char *dir, struct subject *subjects, size_t n,
                  const struct evidence_run *run, uint64_t *written, struct diags *diags)
{
    struct pass p = {.subjects = subjects};
    p.writers = calloc(n, sizeof *p.writers);
    p.comments = calloc(n, sizeof *p.comments);
    p.listed = calloc(n, sizeof *p.listed);
    p.paths = calloc(n, sizeof *p.paths);
    int error =
        p.writers && p.comments && p.listed && p.paths ? index_spans(&p, subjects, n) : ERR_NOMEM;
    for (; p.n < n && !error; p.n += !error)
        error = evidence_path(p.paths[p.n], PATH_MAX, dir, subjects[p.n].id)
                    ? pcapng_write_open(&p.writers[p.n], p.paths[p.n], diags)
                    : diag_error(diags, ERR_IO, diag_file(dir), NULL, "the path is too long");
    if (!error)
        error = read_captures(&p, run, diags);
    for (size_t i = 0; i < p.n; i++) {
        int closed = pcapng_write_close(&p.writers[i], diags);
        error = error ? error : closed;
        written[i] = p.writers[i].packets;
    }
    for (size_t i = 0; i < n && p.comments; i++)
        text_free(&p.comments[i]);
    if (p.talks)
        table_destroy(p.talks);
    free(p.spans);
    free(p.writers);
    free(p.comments);
    free(p.listed);
    free(p.paths);
    return error;
}
