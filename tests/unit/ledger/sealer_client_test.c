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
    p->config = (struct sealer_config){.program = program,
                                       .ledger_dir = p->ledger,
                                       .key_file = p->key,
                                       .secret_file = p->secret,
                                       .origin_facts = ORIGIN_FACTS,
                                       .origin_acts = ORIGIN_ACTS};
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

static void set_limit(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int submit_facts(struct pair *p, unsigned from, unsigned to)
{
    struct sample s;
    int error = 0;
    for (unsigned i = from; i < to && !error; i++)
        error = sealer_submit(p->client, sample_fact(&s, i), &p->diags);
    return error;
}

static void forget_diags(struct pair *p)
{
    diags_free(&p->diags);
    p->diags = (struct diags){0};
}

/* A limit on file sizes stands for a full disk; the sealer inherits it when it is started. */
static void disk_that_is_full_for_a_while_delays_and_loses_nothing(void **state)
{
    (void)state;
    struct pair p;
    struct verify_result result;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(submit_facts(&p, 0, 5), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);

    set_limit(6000);
    assert_int_equal(pair_start(&p), 0);
    set_limit(RLIM_INFINITY);
    forget_diags(&p);
    assert_int_equal(submit_facts(&p, 0, 300), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    assert_int_equal(sealer_counts(p.client).sealed, 300);
    assert_true(diags_mention(&p.diags, "cannot write"));
    assert_true(diags_mention(&p.diags, "a sealer is there again"));
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 300);
    pair_remove(&p);
}

static void disk_that_stays_full_is_loud_and_the_checkpoint_before_stands(void **state)
{
    (void)state;
    struct pair p;
    struct verify_result result;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(submit_facts(&p, 0, 5), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);

    set_limit(6000);
    assert_int_equal(pair_start(&p), 0);
    assert_true(diags_mention(&p.diags, "no room could be reserved"));
    assert_int_equal(submit_facts(&p, 0, 300), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), ERR_FULL);
    assert_true(diags_mention(&p.diags, "wait in memory only"));
    struct sealer_counts counts = sealer_counts(p.client);
    assert_int_equal(counts.sealed, 0);
    assert_int_equal(counts.submitted, 300);
    assert_int_equal(counts.acknowledged + counts.waiting, 300);
    assert_true(diags_mention(&p.diags, "entries are not sealed"));
    assert_true(diags_mention(&p.diags, "c-299") || counts.waiting > 16);
    assert_int_equal(sealer_finish(p.client, &p.diags), ERR_FULL);
    assert_true(diags_mention(&p.diags, "what waited in memory only is lost"));
    set_limit(RLIM_INFINITY);
    forget_diags(&p);
    assert_int_equal(pair_verify(&p, &result), 0);
    /* Those of before, and of the others no more than six thousand bytes can hold. */
    assert_true(result.facts_size >= 5 && result.facts_size < 20);

    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(submit_facts(&p, 0, 300), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 300);
    pair_remove(&p);
}

/* Killed at any moment: what was acknowledged is there again, and the run goes on with another. */
static void killed_sealer_is_replaced_and_nothing_is_lost(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    struct verify_result result;
    pair_make(&p);
    for (unsigned round = 0; round < 10; round++) {
        forget_diags(&p);
        assert_int_equal(pair_start(&p), 0);
        assert_int_equal(p.hello.facts_size, 40 * round);
        for (unsigned i = 0; i < 40 * round + 40; i++) {
            assert_int_equal(sealer_submit(p.client, sample_fact(&s, i), &p.diags), 0);
            if (i % (41 + 7 * round) == 20)
                kill_children();
        }
        assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
        assert_true(diags_mention(&p.diags, "the sealer is gone"));
        struct sealer_counts counts = sealer_counts(p.client);
        assert_int_equal(counts.sealed, 40 * round + 40);
        assert_true(counts.repeated >= 40 * round);
        assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    }
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 400);
    pair_remove(&p);
}

/* The program can be taken away while it runs: then there is no other. */
static void make_program_removable(struct pair *p)
{
    char *link = path_in(p->dir, "sealer"), *whole = realpath(program, NULL);
    assert_non_null(whole);
    assert_int_equal(symlink(whole, link), 0);
    p->config.program = link;
    free(whole);
}
static void remove_program(struct pair *p)
{
    assert_int_equal(unlink(p->config.program), 0);
}
static void restore_program(struct pair *p)
{
    char *link = (char *)(uintptr_t)p->config.program, *whole = realpath(program, NULL);
    assert_int_equal(symlink(whole, link), 0);
    free(whole);
}

static bool has_waiting_file(const struct pair *p)
{
    char *path = path_in(p->ledger, "private/waiting");
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static void without_a_sealer_entries_wait_and_the_next_start_seals_them(void **state)
{
    (void)state;
    struct pair p;
    struct verify_result result;
    pair_make(&p);
    make_program_removable(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(submit_facts(&p, 0, 50), 0);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), 0);
    assert_int_equal(p.diags.errors + p.diags.warnings, 0);
    remove_program(&p);
    kill_children();
    assert_int_equal(submit_facts(&p, 50, 700), 0);
    assert_int_equal(sealer_counts(p.client).sealed, 50);
    assert_int_equal(sealer_checkpoint(p.client, &p.diags), ERR_IO);
    struct sealer_counts counts = sealer_counts(p.client);
    assert_int_equal(counts.sealed, 50);
    assert_int_equal(counts.acknowledged + counts.waiting, 700);
    assert_true(diags_mention(&p.diags, "are not sealed"));
    assert_true(diags_mention(&p.diags, "and 6")); /* of some 650, sixteen have their names */
    assert_true(sealer_finish(p.client, &p.diags) != 0);
    assert_true(has_waiting_file(&p));
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 50);

    restore_program(&p);
    forget_diags(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_true(diags_mention(&p.diags, "were handed over"));
    assert_int_equal(p.hello.facts_size, 700);
    assert_int_equal(sealer_counts(p.client).sealed, sealer_counts(p.client).submitted);
    /* The same input again adds nothing. */
    assert_int_equal(submit_facts(&p, 0, 700), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_false(has_waiting_file(&p));
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, 700);
    free((char *)(uintptr_t)p.config.program);
    pair_remove(&p);
}

static void sealer_that_comes_back_is_noticed_before_the_end(void **state)
{
    (void)state;
    struct pair p;
    pair_make(&p);
    make_program_removable(&p);
    assert_int_equal(pair_start(&p), 0);
    remove_program(&p);
    kill_children();
    assert_int_equal(submit_facts(&p, 0, 100), 0);
    assert_int_equal(sealer_counts(p.client).acknowledged, 0);
    restore_program(&p);
    assert_int_equal(submit_facts(&p, 100, 100 + 2 * SEALER_WINDOW), 0);
    assert_true(diags_mention(&p.diags, "a sealer is there again"));
    assert_true(sealer_counts(p.client).acknowledged > 100);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    free((char *)(uintptr_t)p.config.program);
    pair_remove(&p);
}

static void full_waiting_file_is_borne_for_the_stated_time(void **state)
{
    (void)state;
    struct pair p;
    struct verify_result result;
    unsigned taken = 0;
    struct sample s;
    pair_make(&p);
    make_program_removable(&p);
    p.config.waiting_bytes = 4096;
    p.config.patience_s = 1;
    assert_int_equal(pair_start(&p), 0);
    remove_program(&p);
    kill_children();
    while (sealer_submit(p.client, sample_fact(&s, taken), &p.diags) == 0)
        assert_true(taken++ < 100);
    assert_true(taken > 10); /* a record of such a fact has some 150 bytes */
    assert_int_equal(sealer_counts(p.client).waiting, taken);
    char refused[32];
    snprintf(refused, sizeof refused, "entry c-%u, revision 1", taken);
    assert_true(diags_mention(&p.diags, refused));
    assert_true(diags_mention(&p.diags, "c-0 (1), c-1 (1)"));
    assert_int_equal(sealer_submit(p.client, sample_fact(&s, taken), &p.diags), ERR_FULL);
    restore_program(&p);
    assert_int_equal(sealer_submit(p.client, sample_fact(&s, taken), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_verify(&p, &result), 0);
    assert_int_equal(result.facts_size, taken + 1);
    free((char *)(uintptr_t)p.config.program);
    pair_remove(&p);
}

/* What waits may have been sealed otherwise since: it is not dropped unseen. */
static void waiting_entry_that_is_refused_stays_until_somebody_looked(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    pair_make(&p);
    make_program_removable(&p);
    assert_int_equal(pair_start(&p), 0);
    remove_program(&p);
    kill_children();
    sample_act(&s, 1);
    s.fields[2].value = "\"2\"";
    assert_int_equal(sealer_submit(p.client, &s.draft, &p.diags), 0);
    assert_true(sealer_finish(p.client, &p.diags) != 0);
    restore_program(&p);

    char *waiting = path_in(p.ledger, "private/waiting"), *aside = path_in(p.dir, "aside");
    assert_int_equal(rename(waiting, aside), 0);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(sealer_submit(p.client, sample_act(&s, 1), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(rename(aside, waiting), 0);
    for (unsigned i = 0; i < 2; i++) {
        forget_diags(&p);
        assert_int_equal(pair_start(&p), ERR_CONFLICT);
        assert_true(diags_mention(&p.diags, "start-1"));
        assert_true(diags_mention(&p.diags, "private/waiting"));
        assert_true(has_waiting_file(&p));
    }
    assert_int_equal(unlink(waiting), 0);
    assert_int_equal(pair_start(&p), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    free(waiting);
    free(aside);
    free((char *)(uintptr_t)p.config.program);
    pair_remove(&p);
}

static void hello_names_the_last_act_of_a_run(void **state)
{
    (void)state;
    struct pair p;
    struct sample s;
    pair_make(&p);
    assert_int_equal(pair_start(&p), 0);
    assert_false(p.hello.last_act.any);
    assert_int_equal(sealer_submit(p.client, sample_act(&s, 41), &p.diags), 0);
    assert_int_equal(sealer_submit(p.client, sample_act(&s, 42), &p.diags), 0);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
    assert_int_equal(pair_start(&p), 0);
    assert_true(p.hello.last_act.any);
    assert_int_equal(p.hello.last_act.kind, ENTRY_START);
    assert_string_equal(p.hello.last_act.id, "start-42");
    assert_int_equal(p.hello.last_act.time_ns, 42);
    assert_int_equal(sealer_finish(p.client, &p.diags), 0);
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
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submitted_entries_are_sealed_and_verify),
        cmocka_unit_test(second_run_repeats_nothing_and_keeps_its_keys),
        cmocka_unit_test(other_content_under_an_id_is_a_conflict_that_names_it),
        cmocka_unit_test(other_secret_is_refused_and_says_so),
        cmocka_unit_test(lost_key_is_not_made_anew),
        cmocka_unit_test(program_that_is_missing_is_an_error),
        cmocka_unit_test(disk_that_is_full_for_a_while_delays_and_loses_nothing),
        cmocka_unit_test(disk_that_stays_full_is_loud_and_the_checkpoint_before_stands),
        cmocka_unit_test(killed_sealer_is_replaced_and_nothing_is_lost),
        cmocka_unit_test(without_a_sealer_entries_wait_and_the_next_start_seals_them),
        cmocka_unit_test(sealer_that_comes_back_is_noticed_before_the_end),
        cmocka_unit_test(full_waiting_file_is_borne_for_the_stated_time),
        cmocka_unit_test(waiting_entry_that_is_refused_stays_until_somebody_looked),
        cmocka_unit_test(hello_names_the_last_act_of_a_run),
        cmocka_unit_test(two_sealers_do_not_write_one_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
