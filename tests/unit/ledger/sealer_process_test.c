/* The sealer as a process: counts, signals, an end of either side, a full disk. The first argument
 * is the program. */
#include "ledger/sealer_client.h"

#include "base/error.h"
#include "base/file.h"
#include "base/note.h"
#include "ledger/commitment.h"
#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_ROOM 256

/* Of the whole run; CMocka hands no argument to a test without a fixture. */
static const char *program;

struct place {
    char dir[PATH_ROOM], ledger[PATH_ROOM + 16], key[PATH_ROOM + 16], secret[PATH_ROOM + 16];
    struct sealer_config config;
    struct sealer_client *client;
    struct sealer_hello hello;
    struct diags diags;
};

static void place_make(struct place *p)
{
    *p = (struct place){0};
    temporary_folder(p->dir);
    snprintf(p->ledger, sizeof p->ledger, "%s/ledger", p->dir);
    snprintf(p->key, sizeof p->key, "%s/keys/key", p->dir);
    snprintf(p->secret, sizeof p->secret, "%s/keys/secret", p->dir);
    p->config = (struct sealer_config){.program = program,
                                       .ledger_dir = p->ledger,
                                       .key_file = p->key,
                                       .secret_file = p->secret,
                                       .origin_facts = "amber.example/facts",
                                       .origin_acts = "amber.example/acts"};
    assert_non_null(p->config.program);
}

static void place_remove(struct place *p)
{
    char command[PATH_ROOM + 16];
    snprintf(command, sizeof command, "rm -rf %s", p->dir);
    assert_int_equal(system(command), 0);
    diags_free(&p->diags);
}

static void start(struct place *p)
{
    int error = sealer_start(&p->client, &p->config, &p->hello, &p->diags);
    if (error) {
        diags_print(&p->diags, stderr);
        fail_msg("sealer_start: %s", error_text(error));
    }
}

static int submit(struct place *p, unsigned number, const char *text)
{
    char id[32], party[4096];
    snprintf(id, sizeof id, "accord-%u", number);
    size_t len = (size_t)snprintf(party, sizeof party, "\"%s\"", text);
    const struct entry_field fields[] = {
        {"accord", "\"a\"", 3}, {"digest", "\"d\"", 3}, {"party", party, len}, {"version", "1", 1}};
    const struct entry_draft draft = {ENTRY_ACCORD, id, 1, fields, 4};
    return sealer_submit(p->client, &draft, &p->diags);
}

static void assert_said(const struct place *p, const char *words)
{
    for (size_t i = 0; i < p->diags.n; i++)
        if (strstr(p->diags.items[i].text, words))
            return;
    diags_print(&p->diags, stderr);
    fail_msg("no diagnostic says \"%s\"", words);
}

/* The sealer is this program's only child. */
static pid_t child(void)
{
    char path[64];
    struct text t = {0};
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    assert_int_equal(file_read(path, 4096, &t), 0);
    pid_t pid = (pid_t)atoi(text_str(&t));
    text_free(&t);
    assert_true(pid > 1);
    return pid;
}

static void first_start_makes_keys_for_the_owner_only(void **state)
{
    (void)state;
    struct place p;
    struct stat st;
    struct note_verifier key;
    place_make(&p);
    start(&p);
    assert_true(p.hello.made_key && p.hello.made_secret);
    assert_int_equal(p.hello.facts_size, 0);
    assert_int_equal(note_verifier_parse(p.hello.vkey_facts, &key), 0);
    assert_string_equal(key.name, "amber.example/facts");
    assert_int_equal(note_verifier_parse(p.hello.vkey_acts, &key), 0);
    assert_string_equal(key.name, "amber.example/acts");
    assert_int_equal(stat(p.key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(p.secret, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct sealer_hello first = p.hello;
    assert_int_equal(submit(&p, 1, "amber"), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);

    start(&p);
    assert_false(p.hello.made_key || p.hello.made_secret);
    assert_int_equal(p.hello.facts_size, 1);
    assert_string_equal(p.hello.vkey_facts, first.vkey_facts);
    assert_memory_equal(p.hello.incident_key, first.incident_key, sizeof first.incident_key);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    place_remove(&p);
}

static void counts_say_what_is_durable_and_what_is_sealed(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    start(&p);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(submit(&p, i % 900, "amber"), 0);
    struct sealer_counts counts = sealer_counts(p.client);
    assert_int_equal(counts.submitted, 1000);
    assert_true(counts.acknowledged >= 1000 - 256 && counts.acknowledged <= 1000);
    assert_int_equal(counts.sealed, 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    counts = sealer_counts(p.client);
    assert_int_equal(counts.acknowledged, 1000);
    assert_int_equal(counts.sealed, 1000);
    assert_int_equal(counts.repeated, 100);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    start(&p);
    assert_int_equal(p.hello.facts_size, 900);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    place_remove(&p);
}

static void another_key_or_secret_is_refused_at_the_start(void **state)
{
    (void)state;
    struct place p;
    char other[PATH_ROOM + 16];
    place_make(&p);
    start(&p);
    assert_int_equal(submit(&p, 1, "amber"), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    snprintf(other, sizeof other, "%s/keys/other", p.dir);
    p.config.key_file = other;
    assert_int_equal(sealer_start(&p.client, &p.config, &p.hello, &p.diags), ERR_KEY);
    assert_null(p.client);
    assert_said(&p, "key");
    p.config.key_file = p.key;
    p.config.secret_file = other;
    assert_int_equal(sealer_start(&p.client, &p.config, &p.hello, &p.diags), ERR_KEY);
    assert_said(&p, "secret");
    /* A refused start makes no file: an empty place is not a new secret. */
    assert_int_equal(access(other, F_OK), -1);
    static const char zeros[] =
        "0000000000000000000000000000000000000000000000000000000000000000\n";
    assert_int_equal(file_replace(other, zeros, sizeof zeros - 1, 0600), 0);
    assert_int_equal(sealer_start(&p.client, &p.config, &p.hello, &p.diags), ERR_KEY);
    place_remove(&p);
}

static void killed_sealer_is_noticed_and_another_goes_on(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    start(&p);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(submit(&p, i, "amber"), 0);
    pid_t first = child();
    assert_int_equal(kill(first, SIGKILL), 0);
    for (unsigned i = 300; i < 1000; i++)
        assert_int_equal(submit(&p, i, "amber"), 0);
    assert_said(&p, "gone");
    assert_true(child() != first);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    assert_int_equal(sealer_counts(p.client).sealed, 1000);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    start(&p);
    assert_int_equal(p.hello.facts_size, 1000);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    place_remove(&p);
}

static void interrupt_from_the_terminal_does_not_end_it(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    start(&p);
    assert_int_equal(kill(child(), SIGINT), 0);
    assert_int_equal(submit(&p, 1, "amber"), 0);
    assert_int_equal(kill(child(), SIGINT), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    assert_int_equal(sealer_counts(p.client).sealed, 1);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    place_remove(&p);
}

/* The engine dies: what it handed over is sealed all the same. */
static void engine_that_vanishes_leaves_a_checkpoint(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    pid_t engine = fork();
    if (engine == 0) {
        start(&p);
        submit(&p, 1, "amber");
        while (sealer_counts(p.client).acknowledged < 1)
            submit(&p, 1, "amber");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(engine, &status, 0), engine);
    assert_int_equal(status, 0);
    char path[2 * PATH_ROOM];
    struct text t = {0};
    snprintf(path, sizeof path, "%s/facts/checkpoint", p.ledger);
    for (int i = 0; i < 500 && !strstr(text_str(&t), "\n1\n"); i++) {
        usleep(10000);
        text_clear(&t);
        file_read(path, 4096, &t);
    }
    assert_non_null(strstr(text_str(&t), "\n1\n"));
    text_free(&t);
    usleep(50000); /* the sealer lets go of its lock */
    place_remove(&p);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("the path of plimsoll-sealer is wanted\n", stderr);
        return 2;
    }
    program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_start_makes_keys_for_the_owner_only),
        cmocka_unit_test(counts_say_what_is_durable_and_what_is_sealed),
        cmocka_unit_test(another_key_or_secret_is_refused_at_the_start),
        cmocka_unit_test(killed_sealer_is_noticed_and_another_goes_on),
        cmocka_unit_test(interrupt_from_the_terminal_does_not_end_it),
        cmocka_unit_test(engine_that_vanishes_leaves_a_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
