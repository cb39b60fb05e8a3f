/* plimsoll-sealer: the process that holds the keys and writes the ledger.
 *
 *     plimsoll-sealer FD LEDGER KEYFILE SECRETFILE ORIGIN-FACTS ORIGIN-ACTS
 *
 * Started by the engine (ledger/sealer_client.h), which talks to it over the socket FD. It does not
 * end by a signal from the terminal: what the engine still hands over is to be sealed. It ends when
 * the socket is closed, with a last checkpoint. Drafts that wait together share one write and one
 * fdatasync.
 */
#include "base/error.h"
#include "ledger/draft_codec.h"
#include "ledger/entry_table.h"
#include "ledger/keys.h"
#include "ledger/log.h"
#include "ledger/sealer_wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES (4u << 20)

enum { ARG_FD = 1, ARG_DIR, ARG_KEY, ARG_SECRET, ARG_ORIGIN_FACTS, ARG_ORIGIN_ACTS, ARGS };

/* What became of one draft. */
struct result {
    int error;
    bool repeated;
};

struct sealer {
    int fd;
    uint8_t secret[LEDGER_SECRET_BYTES];
    struct note_signer signers[LEDGER_LOGS];
    struct sealed_log *logs[LEDGER_LOGS];
    bool made_key, made_secret;
    struct text in, out;
    struct draft_copy copy;
    struct result *batch; /* of the drafts that are not answered yet */
    size_t n, room;
    struct diags diags;
};

static int open_logs(struct sealer *s, char **argv)
{
    const char *dir = argv[ARG_DIR];
    bool any = false;
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        bool made = false, there = log_exists(dir, (enum ledger_log)i);
        any = any || there;
        int error = keys_load(argv[ARG_KEY], argv[ARG_ORIGIN_FACTS + i], !there, &s->signers[i],
                              &made, &s->diags);
        if (error)
            return error;
        s->made_key = s->made_key || made;
    }
    int error = secret_load(argv[ARG_SECRET], !any, s->secret, &s->made_secret, &s->diags);
    keys_warn_shared(argv[ARG_KEY], &s->diags);
    keys_warn_shared(argv[ARG_SECRET], &s->diags);
    for (unsigned i = 0; i < LEDGER_LOGS && !error; i++) {
        struct log_config config = {dir, (enum ledger_log)i, s->secret, &s->signers[i]};
        error = log_open(&s->logs[i], &config, &s->diags);
    }
    return error;
}

static int send_out(struct sealer *s)
{
    int error = s->out.failed ? ERR_NOMEM : wire_send(s->fd, &s->out, NULL);
    text_clear(&s->out);
    diags_free(&s->diags);
    s->diags = (struct diags){0};
    return error;
}

static void put_state(struct sealer *s)
{
    size_t len;
    for (unsigned i = 0; i < LEDGER_LOGS; i++)
        put_u64(&s->out, log_size(s->logs[i]));
    const char *act = log_last_act(s->logs[LEDGER_ACTS], &len);
    put_string(&s->out, act, len);
}

static int send_hello(struct sealer *s, int error)
{
    size_t begin = wire_begin(&s->out, error ? WIRE_FAILED : WIRE_HELLO);
    if (error) {
        wire_put_error(&s->out, error);
    } else {
        uint8_t key[SHA256_BYTES];
        ledger_incident_key(s->secret, key);
        text_append(&s->out, key, sizeof key);
        put_u32(&s->out, s->made_key);
        put_u32(&s->out, s->made_secret);
        for (unsigned i = 0; i < LEDGER_LOGS; i++) {
            struct text vkey = {0};
            note_verifier_format(&vkey, &s->signers[i].verifier);
            put_string(&s->out, text_str(&vkey), vkey.len);
            text_free(&vkey);
        }
        put_state(s);
    }
    wire_put_diags(&s->out, &s->diags);
    wire_end(&s->out, begin);
    return send_out(s);
}

static int take_draft(struct sealer *s, const struct reader *payload)
{
    struct result result = {0};
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        struct result *grown = realloc(s->batch, room * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        s->batch = grown;
        s->room = room;
    }
    result.error = draft_decode(payload->at, reader_left(payload), &s->copy);
    if (result.error)
        diag_error(&s->diags, result.error, diag_file("sealer"), NULL,
                   "an entry came in that is none");
    else
        result.error = log_append(s->logs[entry_kind_log(s->copy.draft.kind)], &s->copy.draft,
                                  &result.repeated, &s->diags);
    s->batch[s->n++] = result;
    return 0;
}

/* end_batch: make the batch durable, then answer for each of its drafts. */
static int end_batch(struct sealer *s)
{
    int failed = 0;
    if (s->n == 0)
        return 0;
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        int error = log_commit(s->logs[i], &s->diags);
        failed = failed ? failed : error;
    }
    size_t begin = wire_begin(&s->out, WIRE_ACK);
    put_u32(&s->out, (uint32_t)s->n);
    for (size_t i = 0; i < s->n; i++) {
        /* Which log a draft went to is not kept: what is in the other one is repeated, no more. */
        wire_put_error(&s->out, s->batch[i].error ? s->batch[i].error : failed);
        put_u32(&s->out, s->batch[i].repeated);
    }
    wire_put_diags(&s->out, &s->diags);
    wire_end(&s->out, begin);
    s->n = 0;
    return send_out(s);
}

static int publish(struct sealer *s)
{
    int result = 0;
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        int error = log_publish(s->logs[i], &s->diags);
        result = result ? result : error;
    }
    return result;
}

static int send_sealed(struct sealer *s)
{
    int error = publish(s);
    size_t begin = wire_begin(&s->out, WIRE_SEALED);
    wire_put_error(&s->out, error);
    put_state(s);
    wire_put_diags(&s->out, &s->diags);
    wire_end(&s->out, begin);
    return send_out(s);
}

/* take_messages: everything that came in whole. 0 or ERR_CLOSED, ERR_CORRUPT. */
static int take_messages(struct sealer *s)
{
    size_t at = 0;
    enum wire_type type;
    struct reader payload;
    int got, error = 0;
    while (!error && (got = wire_next(&s->in, &at, &type, &payload)) != 0) {
        if (got < 0)
            return got;
        if (type == WIRE_DRAFT)
            error = take_draft(s, &payload);
        else if (type == WIRE_CHECKPOINT && !(error = end_batch(s)))
            error = send_sealed(s);
    }
    wire_consume(&s->in, at);
    return error ? error : end_batch(s);
}

static void serve(struct sealer *s)
{
    int got = 1;
    while (got >= 0) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        if (poll(&p, 1, -1) < 0 && errno != EINTR)
            return;
        /* All that waits is one batch. */
        do
            got = wire_receive(s->fd, &s->in, false);
        while (got > 0 && s->in.len < BATCH_BYTES);
        int error = take_messages(s);
        if (error)
            got = error;
    }
}

int main(int argc, char **argv)
{
    struct sealer s = {0};
    uint64_t fd;
    if (argc != ARGS || text_u64(argv[ARG_FD], INT_MAX, &fd)) {
        fputs("plimsoll-sealer is started by plimsoll itself\n", stderr);
        return 2;
    }
    s.fd = (int)fd;
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes comes back as an error of the write */
    int error = open_logs(&s, argv);
    if (send_hello(&s, error) == 0 && !error)
        serve(&s);
    if (!error)
        publish(&s);
    for (unsigned i = 0; i < LEDGER_LOGS; i++)
        log_close(s.logs[i]);
    wipe(s.secret, sizeof s.secret);
    wipe(s.signers, sizeof s.signers);
    text_free(&s.in);
    text_free(&s.out);
    free(s.batch);
    draft_copy_free(&s.copy);
    diags_free(&s.diags);
    return 0;
}
