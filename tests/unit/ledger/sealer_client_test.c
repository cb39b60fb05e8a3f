/* The engine's end and the sealer together: entries in, a ledger that verifies out. The program's
 * path is the first argument. */
#include "tests/unit/ledger/ledger_fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

struct pair {
    char *dir, *ledger, *key, *secret;
    struct sealer_config config;
    struct sealer_hello hello;
    struct sealer_client *client;
    struct diags diags;
};

static const char *program;

static void pair_make(struct pair *p)
{
    *p = (struct pair){.dir = make_temporary()};
    p->ledger = path_in(p->dir, "ledger");
    p->key = path_in(p->dir, "config/key");
    p->secret = path_in(p->dir, "config/secret");
    p->config =
        (struct sealer_config){program, p->ledger, p->key, p->secret, ORIGIN_FACTS, ORIGIN_ACTS};
}

static int pair_start(struct pair *p)
{
    return sealer_start(&p->client, &p->config, &p->hello, &p->diags);
}

static void pair_remove(struct pair *p)
{
    remove_tree(p->dir);
    free(p->dir);
    free(p->ledger);
    free(p->key);
    free(p->secret);
    diags_free(&p->diags);
}

static int pair_verify(struct pair *p, struct verify_result *result)
{
    const char *keys[] = {p->hello.vkey_facts, p->hello.vkey_acts};
    struct verify_request request = {.dir = p->ledger, .keys = keys, .n_keys = 2};
    return ledger_verify(&request, result, &p->diags);
}

static void submitted_entries_are_sealed_and_verify(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    struct verify_result result;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_true(p.hello.made_key && p.hello.made_secret);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
    assert_int_equal(sealer_submit(p.client, sample_act(&s, 1), &p.diags), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    struct sealer_counts counts = sealer_counts(p.client);
    assert_int_equal(counts.submitted, 1001);
    assert_int_equal(counts.sealed, 1001);
    assert_int_equal(counts.repeated, 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 1000);
    assert_int_equal(result.acts_size, 1);
    assert_int_equal(result.private_entries, 1001);
    struct stat st;
    assert_int_equal(stat(p.key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(p.secret, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    pair_remove(&p);
}

static void second_run_repeats_nothing_and_keeps_its_keys(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    struct verify_result result;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    struct sealer_hello first = p.hello;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_start(&p), 0);
    assert_false(p.hello.made_key || p.hello.made_secret);
    assert_int_equal(p.hello.facts_size, 10);
    assert_memory_equal(p.hello.incident_key, first.incident_key, 32);
    assert_string_equal(p.hello.vkey_facts, first.vkey_facts);
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    assert_int_equal(sealer_counts(p.client).repeated, 10);
    assert_int_equal(sealer_counts(p.client).sealed, 12);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 12);
    pair_remove(&p);
}

static void other_content_under_an_id_is_a_conflict_that_names_it(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(sealer_submit(p.client, sample_act(&s, 1), &p.diags), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    sample_act(&s, 1);
    s.fields[2].value = "\"2\"";
    int error = sealer_submit(p.client, &s.draft, &p.diags);
    if (!error)
        error = sealer_checkpoint(p.client, &p.diags);
    assert_int_equal(error, ERR_CONFLICT);
    assert_true(diags_mention(&p.diags, "start-1"));
    sealer_finish(p.client, &p.diags);
    pair_remove(&p);
}

static void other_secret_is_refused_and_says_so(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    char other[66];
    memset(other, 'a', 64);
    other[64] = '\n';
    assert_int_equal(file_replace(p.secret, other, 65, 0600), 0);
    assert_int_equal(pair_start(&p), ERR_KEY);
    assert_true(diags_mention(&p.diags, "secret"));
    assert_null(p.client);
    pair_remove(&p);
}

static void lost_key_is_not_made_anew(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(unlink(p.key), 0);
    assert_int_equal(pair_start(&p), ERR_KEY);
    assert_true(diags_mention(&p.diags, "key"));
    assert_int_equal(access(p.key, F_OK), -1);
    pair_remove(&p);
}

static void program_that_is_missing_is_an_error(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    p.config.program = "/nonexistent/plimsoll-sealer";
    assert_int_equal(pair_start(&p), ERR_IO);
    assert_true(diags_mention(&p.diags, "did not start"));
    pair_remove(&p);
}

/* kill_children: SIGKILL to every process whose parent this one is: only the sealer. */
static void kill_children(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *e;
    assert_non_null(processes);
    while ((e = readdir(processes))) {
        char path[300];
        int pid, parent;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *in = fopen(path, "re");
        if (in && fscanf(in, "%d %*s %*c %d", &pid, &parent) == 2 && parent == getpid())
            kill(pid, SIGKILL);
        if (in)
            fclose(in);
    }
    closedir(processes);
}

/* A limit on file sizes stands for a full disk. */
static void full_disk_keeps_the_checkpoint_and_a_rerun_goes_on(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    struct verify_result result;
    struct rlimit before, small;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 6000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int error = pair_start(&p);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, 0);
    for (unsigned i = 0; i < 300 && !error; i++)
        error = sealer_submit(p.client, sample_fact(&s, i), &p.diags);
    if (!error)
        error = sealer_checkpoint(p.client, &p.diags);
    assert_int_equal(error, ERR_FULL);
    assert_true(sealer_counts(p.client).sealed < 300);
    assert_int_equal(sealer_finish(p.client, &p.diags), ERR_FULL);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 5);

    assert_int_equal(pair_start(&p), 0);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 300);
    pair_remove(&p);
}

/* Killed at any moment: what was acknowledged is there again, and the work goes on. */
static void killed_sealer_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    struct verify_result result;
    uint64_t acknowledged = 0;
    pair_make(&p);
    for (unsigned round = 0; round < 10; round++) {
        assert_int_equal(pair_start(&p), 0);
        assert_true(p.hello.facts_size >= acknowledged);
        int error = 0;
        for (unsigned i = 0; i < 400 && !error; i++) {
            error = sealer_submit(p.client, sample_fact(&s, i), &p.diags);
            if (i == 20 + 37 * round)
                kill_children();
        }
        assert_true(error == 0 || error == ERR_CLOSED);
        acknowledged = sealer_counts(p.client).acknowledged;
        assert_int_equal(sealer_finish(p.client, &p.diags), ERR_CLOSED);
        diags_free(&p.diags);
        p.diags = (struct diags){0};
    }
    assert_int_equal(pair_start(&p), 0);
    for (unsigned i = 0; i < 400; i++)
        assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 400);
    pair_remove(&p);
}

static void two_sealers_do_not_write_one_ledger(void **state)
{
    (void)state;
    struct pair p;
    struct sealer_client *second;
    struct sealer_hello hello;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(sealer_start(&second, &p.config, &hello, &p.diags), ERR_CONFLICT);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    pair_remove(&p);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: sealer_client_test PLIMSOLL-SEALER\n", stderr);
        return 2;
    }
    program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submitted_entries_are_sealed_and_verify),
        cmocka_unit_test(second_run_repeats_nothing_and_keeps_its_keys),
        cmocka_unit_test(other_content_under_an_id_is_a_conflict_that_names_it),
        cmocka_unit_test(other_secret_is_refused_and_says_so),
        cmocka_unit_test(lost_key_is_not_made_anew),
        cmocka_unit_test(program_that_is_missing_is_an_error),
        cmocka_unit_test(full_disk_keeps_the_checkpoint_and_a_rerun_goes_on),
        cmocka_unit_test(killed_sealer_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(two_sealers_do_not_write_one_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
