/* Starting plimsoll-sealer and reading its first message. */
#include "ledger/sealer_process.h"

#include "base/error.h"
#include "ledger/draft_codec.h"
#include "ledger/sealer_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEALER_FD 3 /* the sealer's end of the socket, in the sealer */

int sealer_process_set(struct sealer_process *p, const struct sealer_config *config)
{
    const char *const words[] = {config->program,     "3",
                                 config->ledger_dir,  config->key_file,
                                 config->secret_file, config->origin_facts,
                                 config->origin_acts};
    *p = (struct sealer_process){.fd = -1, .pid = -1};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!(p->argv[i] = strdup(words[i])))
            return ERR_NOMEM;
    return 0;
}

void sealer_process_end(struct sealer_process *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    if (p->pid > 0)
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    p->pid = -1;
}

void sealer_process_free(struct sealer_process *p)
{
    sealer_process_end(p);
    for (size_t i = 0; i < sizeof p->argv / sizeof p->argv[0]; i++)
        free(p->argv[i]);
    *p = (struct sealer_process){.fd = -1, .pid = -1};
}

/* spawn: only the socket and stderr are the sealer's: a pipe held open would keep its reader
 * waiting. posix_spawn does not copy the memory of an engine that is large by now. */
static int spawn(struct sealer_process *p, int theirs)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = posix_spawn_file_actions_adddup2(&files, theirs, SEALER_FD);
        if (!error)
            error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        if (!error)
            error = posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
        if (!error)
            error = posix_spawn_file_actions_addclosefrom_np(&files, SEALER_FD + 1);
        if (!error)
            error = posix_spawnattr_setsigmask(&attributes, &none);
        if (!error)
            error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        if (!error)
            error = posix_spawn(&p->pid, p->argv[0], &files, &attributes, p->argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return error;
}

static int launch(struct sealer_process *p, struct diags *diags)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return diag_error(diags, ERR_IO, diag_file(p->argv[0]), NULL,
                          "cannot make a socket pair: %s", strerror(errno));
    /* Above the standard ones, which the child gives away. */
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, SEALER_FD);
    int error = theirs < 0 ? errno : spawn(p, theirs);
    close(pair[1]);
    if (theirs >= 0)
        close(theirs);
    p->fd = pair[0];
    if (!error)
        return 0;
    p->pid = -1;
    return diag_error(diags, ERR_IO, diag_file(p->argv[0]), "it is installed beside plimsoll",
                      "the sealer did not start: %s", strerror(error));
}

static void copy_string(struct reader *r, char *out, size_t room)
{
    size_t len;
    const char *s = wire_string(r, &len);
    if (len >= room)
        r->failed = true;
    else
        memcpy(out, s, len);
    out[len < room ? len : 0] = 0;
}

/* time_of: the field "time" of an act: a string of nanoseconds. */
static int64_t time_of(const struct entry_draft *draft)
{
    for (size_t i = 0; i < draft->n; i++) {
        const struct entry_field *f = &draft->fields[i];
        if (strcmp(f->name, "time") == 0 && f->value_len > 2)
            return strtoll(f->value + 1, NULL, 10);
    }
    return 0;
}

void sealer_take_state(struct reader *r, struct sealer_hello *out)
{
    struct draft_copy copy = {0};
    size_t len;
    out->facts_size = wire_u64(r);
    out->acts_size = wire_u64(r);
    const char *act = wire_string(r, &len);
    out->last_act = (struct sealer_act){0};
    if (len && draft_decode(act, len, &copy) == 0) {
        out->last_act.any = true;
        out->last_act.kind = copy.draft.kind;
        out->last_act.time_ns = time_of(&copy.draft);
        strncpy(out->last_act.id, copy.draft.id, sizeof out->last_act.id - 1);
    }
    draft_copy_free(&copy);
}

static void take_hello(struct reader *r, struct sealer_hello *hello, struct diags *diags)
{
    const uint8_t *key = reader_take(r, sizeof hello->incident_key);
    if (key)
        memcpy(hello->incident_key, key, sizeof hello->incident_key);
    hello->made_key = wire_u32(r) != 0;
    hello->made_secret = wire_u32(r) != 0;
    copy_string(r, hello->vkey_facts, sizeof hello->vkey_facts);
    copy_string(r, hello->vkey_acts, sizeof hello->vkey_acts);
    sealer_take_state(r, hello);
    wire_diags(r, diags);
}

static int await_hello(struct sealer_process *p, struct text *in, struct sealer_hello *hello,
                       struct diags *diags)
{
    size_t at = 0, before = diags->errors;
    enum wire_type type;
    struct reader r;
    int got, error = ERR_IO;
    while ((got = wire_next(in, &at, &type, &r)) == 0)
        if (wire_receive(p->fd, in, true) < 0)
            break;
    if (got == 1 && type == WIRE_HELLO) {
        take_hello(&r, hello, diags);
        error = r.failed ? ERR_IO : 0;
    } else if (got == 1 && type == WIRE_FAILED) {
        error = wire_error(&r);
        wire_diags(&r, diags);
    }
    wire_consume(in, at);
    if (error && diags->errors == before)
        diag_error(diags, error, diag_file(p->argv[0]), "it is installed beside plimsoll",
                   "the sealer did not start: %s", error_text(error));
    return error;
}

int sealer_process_start(struct sealer_process *p, struct text *in, struct sealer_hello *hello,
                         struct diags *diags)
{
    *hello = (struct sealer_hello){0};
    text_clear(in);
    int error = launch(p, diags);
    if (!error)
        error = await_hello(p, in, hello, diags);
    if (error)
        sealer_process_end(p);
    return error;
}
