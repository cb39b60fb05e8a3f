/* The engine's end: start the sealer, hand entries over, count what comes back. */
#include "ledger/sealer_client.h"

#include "base/error.h"
#include "ledger/draft_codec.h"
#include "ledger/sealer_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEALER_WINDOW 256 /* entries on their way at most */

struct sealer_client {
    int fd;
    pid_t pid;
    struct sealer_counts counts;
    uint64_t refused;
    bool closed;
    bool checkpoint_done; /* the answer to a checkpoint came */
    int error;            /* of an entry or checkpoint, not yet told to the caller */
    struct diags told;    /* and its diagnostics */
    struct text in, out;
    char *name;
};

static _Noreturn void become_sealer(const struct sealer_config *config, int fd)
{
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    /* Only the socket and stderr are the sealer's: a pipe held open would keep its reader waiting.
     */
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        fcntl(fd, F_SETFD, 0))
        _exit(127);
    execl(config->program, config->program, number, config->ledger_dir, config->key_file,
          config->secret_file, config->origin_facts, config->origin_acts, (char *)NULL);
    _exit(127);
}

static int launch(struct sealer_client *c, const struct sealer_config *config, struct diags *diags)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return diag_error(diags, ERR_IO, diag_file(config->program), NULL,
                          "cannot make a socket pair: %s", strerror(errno));
    /* Above the three standard ones, which the child gives away. */
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);
    close(pair[1]);
    c->fd = pair[0];
    c->pid = theirs < 0 ? -1 : fork();
    if (c->pid == 0)
        become_sealer(config, theirs);
    if (theirs >= 0)
        close(theirs);
    if (c->pid < 0)
        return diag_error(diags, ERR_IO, diag_file(config->program), NULL,
                          "cannot start the sealer: %s", strerror(errno));
    return 0;
}

static void reap(struct sealer_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->pid > 0)
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    c->pid = -1;
}

static void free_client(struct sealer_client *c)
{
    reap(c);
    text_free(&c->in);
    text_free(&c->out);
    diags_free(&c->told);
    free(c->name);
    free(c);
}

static int copy_string(struct reader *r, char *out, size_t room)
{
    size_t len;
    const char *s = wire_string(r, &len);
    if (len >= room)
        return ERR_CORRUPT;
    memcpy(out, s, len);
    out[len] = 0;
    return 0;
}

static int take_hello(struct reader *r, struct sealer_hello *hello, struct diags *diags)
{
    const uint8_t *key = reader_take(r, sizeof hello->incident_key);
    if (key)
        memcpy(hello->incident_key, key, sizeof hello->incident_key);
    hello->facts_size = wire_u64(r);
    hello->acts_size = wire_u64(r);
    hello->made_key = wire_u32(r) != 0;
    hello->made_secret = wire_u32(r) != 0;
    int error = copy_string(r, hello->vkey_facts, sizeof hello->vkey_facts);
    if (!error)
        error = copy_string(r, hello->vkey_acts, sizeof hello->vkey_acts);
    wire_diags(r, diags);
    return error || r->failed ? ERR_CLOSED : 0;
}

static int await_hello(struct sealer_client *c, struct sealer_hello *hello, struct diags *diags)
{
    size_t at = 0;
    enum wire_type type;
    struct reader r;
    int got, error = ERR_CLOSED;
    while ((got = wire_next(&c->in, &at, &type, &r)) == 0)
        if (wire_receive(c->fd, &c->in, true) < 0)
            break;
    if (got == 1 && type == WIRE_HELLO) {
        error = take_hello(&r, hello, diags);
    } else if (got == 1 && type == WIRE_FAILED) {
        error = wire_error(&r);
        size_t before = diags->errors;
        wire_diags(&r, diags);
        if (diags->errors == before)
            diag_error(diags, error, diag_file(c->name), NULL, "the sealer did not start: %s",
                       error_text(error));
        return error;
    }
    wire_consume(&c->in, at);
    if (error)
        diag_error(diags, ERR_IO, diag_file(c->name), "it is installed beside plimsoll",
                   "the sealer did not start");
    return error ? ERR_IO : 0;
}

int sealer_start(struct sealer_client **out, const struct sealer_config *config,
                 struct sealer_hello *hello, struct diags *diags)
{
    struct sealer_client *c = calloc(1, sizeof *c);
    *out = NULL;
    *hello = (struct sealer_hello){0};
    if (!c)
        return ERR_NOMEM;
    c->fd = -1;
    c->pid = -1;
    c->name = strdup(config->program);
    int error = c->name ? launch(c, config, diags) : ERR_NOMEM;
    if (!error)
        error = await_hello(c, hello, diags);
    if (error) {
        free_client(c);
        return error;
    }
    *out = c;
    return 0;
}

static void take_answer(struct sealer_client *c, enum wire_type type, struct reader *r)
{
    int error = 0;
    if (type == WIRE_ACK) {
        c->counts.acknowledged += wire_u32(r);
        c->counts.repeated += wire_u32(r);
        c->refused += wire_u32(r);
        error = wire_error(r);
    } else if (type == WIRE_SEALED) {
        error = wire_error(r);
        c->checkpoint_done = true;
        if (!error)
            c->counts.sealed = c->counts.acknowledged;
    }
    wire_diags(r, &c->told);
    if (error && !c->error)
        c->error = error;
    if (r->failed)
        c->closed = true;
}

/* take_answers: what came in; waits for something only if asked to. */
static void take_answers(struct sealer_client *c, bool wait)
{
    size_t at = 0;
    enum wire_type type;
    struct reader r;
    int got = 1;
    if (c->closed)
        return;
    /* What is here already counts as something. */
    while ((got = wire_next(&c->in, &at, &type, &r)) == 1) {
        take_answer(c, type, &r);
        wait = false;
    }
    int received = got < 0 ? got : wire_receive(c->fd, &c->in, wait);
    while ((got = wire_next(&c->in, &at, &type, &r)) == 1)
        take_answer(c, type, &r);
    wire_consume(&c->in, at);
    if (received < 0 || got < 0)
        c->closed = true;
}

static uint64_t on_their_way(const struct sealer_client *c)
{
    return c->counts.submitted - c->counts.acknowledged - c->refused;
}

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
    if (!error && c->closed)
        error = diag_error(diags, ERR_CLOSED, diag_file(c->name),
                           "run again: what is sealed already is not repeated",
                           "the sealer is gone; %lu entries may not be sealed",
                           c->counts.submitted - c->counts.sealed);
    return error;
}

static void send_message(struct sealer_client *c)
{
    if (!c->closed && (c->out.failed || wire_send(c->fd, &c->out, &c->in)))
        c->closed = true;
    text_clear(&c->out);
}

int sealer_submit(struct sealer_client *c, const struct entry_draft *draft, struct diags *diags)
{
    while (!c->closed && on_their_way(c) >= SEALER_WINDOW)
        take_answers(c, true);
    size_t begin = wire_begin(&c->out, WIRE_DRAFT);
    int error = draft_encode(&c->out, draft);
    if (error) {
        text_clear(&c->out);
        return diag_error(diags, error, diag_file("entry"), NULL,
                          "entry %s cannot be handed to the sealer: %s", draft->id,
                          error_text(error));
    }
    wire_end(&c->out, begin);
    c->counts.submitted++;
    send_message(c);
    take_answers(c, false);
    return tell(c, diags);
}

int sealer_flush(struct sealer_client *c, struct diags *diags)
{
    while (!c->closed && on_their_way(c))
        take_answers(c, true);
    return tell(c, diags);
}

int sealer_checkpoint(struct sealer_client *c, struct diags *diags)
{
    c->checkpoint_done = false;
    wire_end(&c->out, wire_begin(&c->out, WIRE_CHECKPOINT));
    send_message(c);
    while (!c->closed && !c->checkpoint_done)
        take_answers(c, true);
    return tell(c, diags);
}

struct sealer_counts sealer_counts(const struct sealer_client *c)
{
    return c->counts;
}

int sealer_finish(struct sealer_client *c, struct diags *diags)
{
    int error = sealer_checkpoint(c, diags);
    free_client(c);
    return error;
}
