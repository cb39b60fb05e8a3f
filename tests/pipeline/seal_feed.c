/* Feeds a sealer over seam 2 as fast as it takes entries, and writes down what it was told.
 *
 *     seal_feed SEALER LEDGER KEY SECRET [FROM TO [GROUP EVERY]]
 *
 * Entries FROM to TO - 1 of an endless list, always the same: facts, and every tenth one an act.
 * With GROUP they go in groups that reach the sealer as one batch, each acknowledged before the
 * next, and there is a checkpoint after every EVERY of them; so two runs make the same system
 * calls. The last lines on stdout are both verifier keys and "submitted N acknowledged N sealed N
 * repeated N". Ends 0, or 3 when not all could be sealed. The environment may say:
 *
 *     PLIMSOLL_FEED_STATUS   a file of numbers as they grow: acknowledged, sealed, and those that
 * are acknowledged or kept in the engine's own file PLIMSOLL_FEED_ORPHAN   after so many entries
 * the sealer is killed and SEALER removed PLIMSOLL_FEED_ORIGIN   in place of ledger.test.example
 *     PLIMSOLL_FEED_TIME     the acts' first wall clock, in ns
 *     PLIMSOLL_FEED_ROOM     bytes that may wait while no sealer takes them
 *     PLIMSOLL_FEED_PATIENCE seconds that this is borne when they are used up
 */
#include "ledger/sealer_client.h"

#include "base/error.h"
#include "base/text.h"
#include "ledger/entry_table.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ACKNOWLEDGED, SEALED, KEPT, NUMBERS };

struct feed {
    struct sealer_client *client;
    struct sealer_hello hello;
    struct diags diags;
    volatile uint64_t *status; /* shared with who watches */
    struct text assets;
    unsigned long long time;
    unsigned orphan; /* 0: never */
    const char *program;
};

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static volatile uint64_t *open_status(void)
{
    static uint64_t nowhere[NUMBERS];
    const char *path = getenv("PLIMSOLL_FEED_STATUS");
    int fd = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
    if (fd < 0 || ftruncate(fd, sizeof nowhere))
        return nowhere;
    void *map = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return map == MAP_FAILED ? nowhere : map;
}

static void tell_status(struct feed *f)
{
    struct sealer_counts counts = sealer_counts(f->client);
    f->status[ACKNOWLEDGED] = counts.acknowledged;
    f->status[SEALED] = counts.sealed;
    if (counts.acknowledged > f->status[KEPT])
        f->status[KEPT] = counts.acknowledged;
}

/* submit: entry number i of the list. Lists have 0 to 6 elements. */
static int submit(struct feed *f, unsigned i)
{
    char id[40], time[40];
    struct entry_field fields[3];
    struct entry_draft draft = {.id = id, .revision = 1, .fields = fields, .n = 3};
    int len = snprintf(time, sizeof time, "\"%llu\"", f->time + i);
    if (i % 10 == 9) {
        draft.kind = i % 20 == 9 ? ENTRY_START : ENTRY_STOP;
        fields[0] = (struct entry_field){"facts-size", "0", 1};
        fields[1] = (struct entry_field){"time", time, (size_t)len};
        fields[2] = (struct entry_field){"version", "\"test\"", 6};
    } else {
        draft.kind = ENTRY_COVERAGE;
        text_clear(&f->assets);
        text_puts(&f->assets, "[");
        for (unsigned k = 0; k < i % 7; k++)
            text_printf(&f->assets, "%s{\"id\":\"plc-%u\",\"seen\":%u}", k ? "," : "", k, i);
        text_puts(&f->assets, "]");
        fields[0] = (struct entry_field){"assets", text_str(&f->assets), f->assets.len};
        fields[1] = (struct entry_field){"from", time, (size_t)len};
        fields[2] = (struct entry_field){"to", "\"1767312000000000000\"", 21};
    }
    snprintf(id, sizeof id, "%s-%u", entry_kind_name(draft.kind), i);
    return sealer_submit(f->client, &draft, &f->diags);
}

/* sealer_pid: this program's only child. */
static pid_t sealer_pid(void)
{
    char path[64];
    int pid = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *in = fopen(path, "re");
    if (in && fscanf(in, "%d", &pid) != 1)
        pid = 0;
    if (in)
        fclose(in);
    return pid;
}

/* lose_sealer: all that was handed over is acknowledged; then there is no sealer, nor another. */
static int lose_sealer(struct feed *f)
{
    int error = sealer_flush(f->client, &f->diags);
    tell_status(f);
    siginfo_t info;
    pid_t pid = sealer_pid();
    if (unlink(f->program) || pid <= 0 || kill(pid, SIGKILL) ||
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT))
        return ERR_IO;
    return error;
}

static int feed_all(struct feed *f, unsigned from, unsigned to)
{
    int error = 0;
    for (unsigned i = from; i < to && !error; i++) {
        if (f->orphan && i == f->orphan)
            error = lose_sealer(f);
        if (!error)
            error = submit(f, i);
        tell_status(f);
        /* Without a sealer each is in the file when submit comes back. */
        struct sealer_counts counts = sealer_counts(f->client);
        if (!error && f->orphan && i >= f->orphan && counts.waiting)
            f->status[KEPT] = counts.submitted;
    }
    return error;
}

/* A group reaches the sealer while it is stopped, so that it finds all of it at once. */
static int feed_group(struct feed *f, unsigned from, unsigned to)
{
    pid_t pid = sealer_pid();
    int status;
    if (pid <= 0 || kill(pid, SIGSTOP) || waitpid(pid, &status, WUNTRACED) != pid)
        return ERR_CLOSED;
    int error = feed_all(f, from, to);
    kill(pid, SIGCONT);
    if (!error)
        error = sealer_flush(f->client, &f->diags);
    tell_status(f);
    return error;
}

static int feed_groups(struct feed *f, unsigned from, unsigned to, unsigned size, unsigned every)
{
    int error = 0;
    for (unsigned n = 1; from < to && !error; n++, from += size) {
        error = feed_group(f, from, from + size < to ? from + size : to);
        if (!error && n % every == 0)
            error = sealer_checkpoint(f->client, &f->diags);
        tell_status(f);
    }
    return error;
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 7 && argc != 9) {
        fputs("usage: seal_feed SEALER LEDGER KEY SECRET [FROM TO [GROUP EVERY]]\n", stderr);
        return 2;
    }
    const char *origin = setting("PLIMSOLL_FEED_ORIGIN", "ledger.test.example");
    char facts[128], acts[128];
    snprintf(facts, sizeof facts, "%s/facts", origin);
    snprintf(acts, sizeof acts, "%s/acts", origin);
    struct sealer_config config = {
        .program = argv[1],
        .ledger_dir = argv[2],
        .key_file = argv[3],
        .secret_file = argv[4],
        .origin_facts = facts,
        .origin_acts = acts,
        .waiting_bytes = (size_t)atoi(setting("PLIMSOLL_FEED_ROOM", "0")),
        .patience_s = (unsigned)atoi(setting("PLIMSOLL_FEED_PATIENCE", "0"))};
    struct feed f = {.status = open_status(),
                     .program = argv[1],
                     .orphan = (unsigned)atoi(setting("PLIMSOLL_FEED_ORPHAN", "0")),
                     .time =
                         strtoull(setting("PLIMSOLL_FEED_TIME", "1767225600000000000"), NULL, 10)};
    signal(SIGXFSZ, SIG_IGN);
    unsigned from = argc > 6 ? (unsigned)atoi(argv[5]) : 0;
    unsigned to = argc > 6 ? (unsigned)atoi(argv[6]) : 0;
    int error = sealer_start(&f.client, &config, &f.hello, &f.diags);
    if (!error) {
        printf("%s\n%s\n", f.hello.vkey_facts, f.hello.vkey_acts);
        if (argc == 9)
            error = feed_groups(&f, from, to, (unsigned)atoi(argv[7]), (unsigned)atoi(argv[8]));
        else
            error = feed_all(&f, from, to);
        int last = sealer_checkpoint(f.client, &f.diags);
        error = error ? error : last;
        tell_status(&f);
        struct sealer_counts c = sealer_counts(f.client);
        printf("submitted %lu acknowledged %lu sealed %lu repeated %lu\n", c.submitted,
               c.acknowledged, c.sealed, c.repeated);
        last = sealer_finish(f.client, &f.diags);
        error = error ? error : last;
    }
    diags_print(&f.diags, stderr);
    diags_free(&f.diags);
    text_free(&f.assets);
    return error ? 3 : 0;
}
