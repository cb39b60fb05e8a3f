/* The engine's end: hand entries over, count what comes back, keep what cannot be handed over. */
#include "ledger/sealer_client.h"

#include "base/error.h"
#include "ledger/draft_codec.h"
#include "ledger/sealer_process.h"
#include "ledger/sealer_wire.h"
#include "ledger/waiting.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMED_MAX 16 /* entries that a diagnostic names */

struct sealer_client {
    struct sealer_process process;
    struct waiting waiting;
    const struct waiting_draft *unsent; /* the first that this sealer was not given */
    uint64_t in_flight;                 /* given and not answered */
    int down;                           /* why there is no sealer, or 0 */
    struct diags why;                   /* the same in words, of the last try to start one */
    bool memory_only;                   /* the file takes nothing, and that was said */
    bool named;                         /* what is not sealed was named since there was a sealer */
    unsigned untried;                   /* entries since another one was tried */
    unsigned patience_s;
    struct sealer_counts counts;
    struct sealer_hello state;
    bool checkpoint_done; /* the answer to a checkpoint came */
    int error;            /* of an entry, not yet told to the caller */
    struct diags told;    /* and its diagnostics */
    struct text in, out, draft;
};

/* tell: hand the caller what went wrong since the last call. */
static int tell(struct sealer_client *c, struct diags *diags)
{
    for (size_t i = 0; i < c->told.n; i++) {
        const struct diag *d = &c->told.items[i];
        diag_add(diags, d->level, d->error, d->pos, d->hint, "%s", d->text);
    }
    diags_free(&c->told);
    c->told = (struct diags){0};
    int error = c->error;
    c->error = 0;
    return error;
}

/* is_of_the_disk: an error after which the same draft may be taken later. */
static bool is_of_the_disk(int error)
{
    return error == ERR_FULL || error == ERR_IO || error == ERR_NOMEM;
}

/* keep: what is unacknowledged is in the file; that it cannot be is said once. */
static void keep(struct sealer_client *c)
{
    struct diags why = {0};
    bool failed = waiting_keep(&c->waiting, &why) != 0;
    if (failed && !c->memory_only)
        diag_error(&c->told, ERR_IO, diag_file(c->waiting.path),
                   "they are lost if this process ends before a sealer takes them",
                   "%" PRIu64 " entries wait in memory only: %s", c->waiting.n,
                   why.n ? why.items[0].text : "no reason is known");
    c->memory_only = failed;
    diags_free(&why);
}

/* go_down: there is no sealer, or none that can write. */
static void go_down(struct sealer_client *c, int why)
{
    sealer_process_end(&c->process);
    c->down = why;
    c->in_flight = 0;
    c->untried = SEALER_WINDOW;
    text_clear(&c->in);
    diag_warning(&c->told, why, diag_file(c->waiting.path),
                 "nothing of them is sealed until a sealer takes them",
                 "the sealer %s; %" PRIu64 " entries wait here",
                 why == ERR_CLOSED ? "is gone" : "cannot write", c->waiting.n);
    keep(c);
}

static int take_ack(struct sealer_client *c, struct reader *r)
{
    uint32_t n = wire_u32(r);
    int broken = 0;
    for (uint32_t i = 0; i < n && !r->failed && c->in_flight; i++) {
        int error = wire_error(r);
        bool repeated = wire_u32(r) != 0;
        broken = broken ? broken : is_of_the_disk(error) ? error : 0;
        if (broken) /* this one and all behind it stay */
            continue;
        c->in_flight--;
        waiting_done(&c->waiting);
        c->counts.acknowledged += !error;
        c->counts.repeated += !error && repeated;
        c->counts.refused += error != 0;
        c->error = c->error ? c->error : error;
    }
    return broken;
}

static int take_answer(struct sealer_client *c, enum wire_type type, struct reader *r)
{
    int broken = 0;
    if (type == WIRE_ACK) {
        broken = take_ack(c, r);
    } else if (type == WIRE_SEALED) {
        broken = wire_error(r);
        c->checkpoint_done = !broken;
        sealer_take_state(r, &c->state);
        if (!broken)
            c->counts.sealed = c->counts.acknowledged;
    }
    wire_diags(r, &c->told);
    return r->failed ? ERR_CLOSED : broken;
}

/* take_answers: what came in; waits for something only if asked to. */
static void take_answers(struct sealer_client *c, bool wait)
{
    size_t at = 0;
    enum wire_type type;
    struct reader r;
    int got, error = 0, received = 0;
    if (c->down)
        return;
    for (;;) {
        /* What is here already counts as something, also when the other end is gone. */
        while (!error && (got = wire_next(&c->in, &at, &type, &r)) != 0) {
            error = got < 0 ? ERR_CLOSED : take_answer(c, type, &r);
            wait = false;
        }
        if (!error && received < 0)
            error = ERR_CLOSED;
        if (error || (received = wire_receive(c->process.fd, &c->in, wait)) == 0)
            break;
    }
    wire_consume(&c->in, at);
    if (error)
        go_down(c, error);
}

static void send_message(struct sealer_client *c)
{
    if (c->out.failed || wire_send(c->process.fd, &c->out, &c->in)) {
        /* An acknowledgement may have come before the end did. */
        take_answers(c, false);
        if (!c->down)
            go_down(c, ERR_CLOSED);
    }
    text_clear(&c->out);
}

/* send_waiting: as many as may be on their way. */
static void send_waiting(struct sealer_client *c)
{
    while (!c->down && c->unsent && c->in_flight < SEALER_WINDOW) {
        const struct waiting_draft *d = c->unsent;
        size_t begin = wire_begin(&c->out, WIRE_DRAFT);
        text_append(&c->out, d->bytes, d->len);
        wire_end(&c->out, begin);
        c->unsent = d->next;
        c->in_flight++;
        send_message(c);
    }
}

static void settle(struct sealer_client *c)
{
    while (!c->down && (c->unsent || c->in_flight)) {
        send_waiting(c);
        if (c->in_flight)
            take_answers(c, true);
    }
    if (!c->down)
        waiting_reset(&c->waiting);
}

/* try_again: another sealer, and all that waits to it. */
static void try_again(struct sealer_client *c)
{
    uint64_t n = c->waiting.n;
    diags_free(&c->why);
    c->why = (struct diags){0};
    c->untried = 0;
    int error = sealer_process_start(&c->process, &c->in, &c->state, &c->why);
    c->down = error;
    if (error)
        return;
    c->named = false;
    c->unsent = c->waiting.first;
    settle(c);
    c->untried = 0;
    if (!c->down)
        diag_add(&c->told, DIAG_NOTE, 0, diag_file(c->waiting.path), NULL,
                 "a sealer is there again and took the %" PRIu64 " entries that waited", n);
}

/* name_waiting: the ids and revisions of what waits, as many as fit into a line. */
static void name_waiting(const struct sealer_client *c, struct text *out)
{
    struct draft_copy copy = {0};
    unsigned named = 0;
    for (const struct waiting_draft *d = c->waiting.first; d; d = d->next) {
        if (named == NAMED_MAX) {
            text_printf(out, " and %" PRIu64 " more", c->waiting.n - named);
            break;
        }
        if (draft_decode(d->bytes, d->len, &copy) == 0)
            text_printf(out, "%s%s (%" PRIu32 ")", named ? ", " : ": ", copy.draft.id,
                        copy.draft.revision);
        named++;
    }
    draft_copy_free(&copy);
}

/* unsealed: say what is not sealed, and why. */
static int unsealed(struct sealer_client *c, struct diags *diags)
{
    struct text names = {0};
    const struct sealer_counts n = sealer_counts(c);
    if (c->named)
        return c->down;
    c->named = true;
    for (size_t i = 0; i < c->why.n; i++) {
        const struct diag *d = &c->why.items[i];
        diag_add(diags, d->level, d->error, d->pos, d->hint, "%s", d->text);
    }
    if (n.acknowledged > n.sealed)
        diag_error(diags, c->down, diag_file(c->waiting.path), NULL,
                   "%" PRIu64 " entries are on the sealer's disk but under no checkpoint yet",
                   n.acknowledged - n.sealed);
    name_waiting(c, &names);
    if (n.waiting)
        diag_error(diags, c->down, diag_file(c->waiting.path),
                   "run again when that is mended: what waits here is handed over first, and what "
                   "is sealed is not repeated",
                   "%" PRIu64 " entries are not sealed, with their revisions%s", n.waiting,
                   text_str(&names));
    text_free(&names);
    return c->down;
}

static int begin(struct sealer_client *c, const struct sealer_config *config, struct diags *diags)
{
    size_t max = config->waiting_bytes ? config->waiting_bytes : SEALER_WAITING_BYTES;
    c->patience_s = config->patience_s ? config->patience_s : SEALER_PATIENCE_S;
    int error = sealer_process_set(&c->process, config);
    if (!error)
        error = sealer_process_start(&c->process, &c->in, &c->state, diags);
    if (!error)
        error = waiting_open(&c->waiting, config->ledger_dir, max, diags);
    if (error || c->waiting.n == 0)
        return error;
    /* An earlier run left these. Should one be refused, the file stays as it is. */
    uint64_t n = c->waiting.n;
    c->counts.submitted = n;
    c->unsent = c->waiting.first;
    while (!c->down && !c->error && (c->unsent || c->in_flight)) {
        send_waiting(c);
        take_answers(c, true);
    }
    error = tell(c, diags);
    if (error)
        return diag_error(
            diags, error, diag_file(c->waiting.path),
            "it holds what an earlier run could not seal: look at it, then move it away",
            "an entry that waited was refused");
    if (c->down)
        return unsealed(c, diags);
    diag_add(diags, DIAG_NOTE, 0, diag_file(c->waiting.path), NULL,
             "%" PRIu64 " entries that an earlier run could not seal were handed over", n);
    waiting_reset(&c->waiting);
    return sealer_checkpoint(c, diags);
}

static void free_client(struct sealer_client *c, struct diags *diags)
{
    sealer_process_free(&c->process);
    waiting_close(&c->waiting, diags);
    text_free(&c->in);
    text_free(&c->out);
    text_free(&c->draft);
    diags_free(&c->told);
    diags_free(&c->why);
    free(c);
}

int sealer_start(struct sealer_client **out, const struct sealer_config *config,
                 struct sealer_hello *hello, struct diags *diags)
{
    struct sealer_client *c = calloc(1, sizeof *c);
    *out = NULL;
    *hello = (struct sealer_hello){0};
    if (!c)
        return ERR_NOMEM;
    c->waiting = (struct waiting){.lock = -1, .file = {.fd = -1}};
    int error = begin(c, config, diags);
    *hello = c->state;
    if (error)
        free_client(c, diags);
    else
        *out = c;
    return error;
}

/* add: the draft waits; while there is no room for it, as long as there is patience. */
static int add(struct sealer_client *c)
{
    unsigned tries = 0;
    int error;
    while ((error = waiting_add(&c->waiting, c->draft.data, c->draft.len)) == ERR_FULL) {
        if (c->waiting.n == 0)
            return ERR_SCHEMA; /* alone it is larger than all that may wait */
        if (!c->down) {
            send_waiting(c);
            take_answers(c, true);
        } else if (tries == c->patience_s) {
            return ERR_FULL;
        } else {
            if (tries++)
                sleep(1);
            try_again(c);
        }
    }
    if (!error && !c->unsent)
        c->unsent = c->waiting.last;
    return error;
}

int sealer_submit(struct sealer_client *c, const struct entry_draft *draft, struct diags *diags)
{
    text_clear(&c->draft);
    int error = draft_encode(&c->draft, draft);
    if (!error)
        error = add(c);
    if (error) {
        tell(c, diags);
        if (error == ERR_FULL)
            unsealed(c, diags);
        return diag_error(diags, error, diag_file(c->waiting.path), NULL,
                          "entry %s, revision %" PRIu32 ", cannot be handed over: %s", draft->id,
                          draft->revision, error_text(error));
    }
    c->counts.submitted++;
    send_waiting(c);
    while (!c->down && c->unsent) {
        take_answers(c, true);
        send_waiting(c);
    }
    take_answers(c, false);
    if (c->down) {
        keep(c);
        if (c->untried++ >= SEALER_WINDOW)
            try_again(c);
    }
    return tell(c, diags);
}

int sealer_flush(struct sealer_client *c, struct diags *diags)
{
    settle(c);
    if (c->down && c->untried >= SEALER_WINDOW)
        try_again(c);
    return tell(c, diags);
}

int sealer_checkpoint(struct sealer_client *c, struct diags *diags)
{
    c->checkpoint_done = false;
    for (unsigned tries = 0; tries < 2 && !c->checkpoint_done; tries++) {
        if (c->down)
            try_again(c);
        settle(c);
        if (c->down)
            continue;
        wire_end(&c->out, wire_begin(&c->out, WIRE_CHECKPOINT));
        send_message(c);
        while (!c->down && !c->checkpoint_done)
            take_answers(c, true);
    }
    int error = tell(c, diags);
    return c->checkpoint_done ? error : unsealed(c, diags);
}

struct sealer_counts sealer_counts(const struct sealer_client *c)
{
    struct sealer_counts counts = c->counts;
    counts.waiting = c->waiting.n;
    return counts;
}

int sealer_finish(struct sealer_client *c, struct diags *diags)
{
    int error = sealer_checkpoint(c, diags);
    if (c->memory_only && c->waiting.n)
        diag_error(diags, ERR_IO, diag_file(c->waiting.path), NULL,
                   "what waited in memory only is lost");
    free_client(c, diags);
    return error;
}
