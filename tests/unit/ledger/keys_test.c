/* The key file and the secret file: made once, for the owner only, and read strictly. */
#include "ledger/keys.h"

#include "base/error.h"
#include "base/file.h"
#include "tests/unit/check.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_ROOM 128
#define FACTS     "amber.example/facts"
#define ACTS      "amber.example/acts"

struct place {
    char dir[PATH_ROOM], path[PATH_ROOM + 16];
    struct diags diags;
};

static void place_make(struct place *p)
{
    *p = (struct place){.dir = "/tmp/plimsoll-keys-XXXXXX"};
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/new/file", p->dir);
}

static void place_remove(struct place *p)
{
    char command[PATH_ROOM + 16];
    snprintf(command, sizeof command, "rm -rf %s", p->dir);
    assert_int_equal(system(command), 0);
    diags_free(&p->diags);
}

static void write_file(struct place *p, const char *content)
{
    char dir[PATH_ROOM + 16];
    snprintf(dir, sizeof dir, "%s/new", p->dir);
    assert_int_equal(file_make_dirs(dir, 0700), 0);
    assert_int_equal(file_replace(p->path, content, strlen(content), 0600), 0);
}

static void keys_are_made_once_and_found_again(void **state)
{
    (void)state;
    struct place p;
    struct note_signer facts, acts, again;
    struct stat st;
    bool made = false;
    place_make(&p);
    assert_int_equal(keys_load(p.path, FACTS, true, &facts, &made, &p.diags), 0);
    assert_true(made);
    assert_int_equal(stat(p.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(keys_load(p.path, ACTS, true, &acts, &made, &p.diags), 0);
    assert_memory_not_equal(facts.secret, acts.secret, sizeof facts.secret);
    made = false;
    assert_int_equal(keys_load(p.path, FACTS, false, &again, &made, &p.diags), 0);
    assert_false(made);
    assert_memory_equal(again.secret, facts.secret, sizeof facts.secret);
    assert_string_equal(again.verifier.name, FACTS);
    assert_int_equal(keys_load(p.path, ACTS, false, &again, &made, &p.diags), 0);
    assert_memory_equal(again.secret, acts.secret, sizeof acts.secret);
    assert_int_equal(p.diags.n, 0);
    place_remove(&p);
}

static void key_of_a_log_that_exists_is_not_made_anew(void **state)
{
    (void)state;
    struct place p;
    struct note_signer signer;
    bool made = false;
    place_make(&p);
    assert_int_equal(keys_load(p.path, FACTS, false, &signer, &made, &p.diags), ERR_KEY);
    assert_int_equal(access(p.path, F_OK), -1);
    assert_int_equal(keys_load(p.path, FACTS, true, &signer, &made, &p.diags), 0);
    made = false;
    assert_int_equal(keys_load(p.path, ACTS, false, &signer, &made, &p.diags), ERR_KEY);
    assert_false(made);
    place_remove(&p);
}

static void damaged_key_file_is_refused_with_its_line(void **state)
{
    (void)state;
    struct place p;
    struct note_signer signer;
    struct text t = {0}, broken = {0};
    bool made = false;
    place_make(&p);
    assert_int_equal(keys_load(p.path, FACTS, true, &signer, &made, &p.diags), 0);
    assert_int_equal(keys_load(p.path, ACTS, true, &signer, &made, &p.diags), 0);
    assert_int_equal(file_read(p.path, 4096, &t), 0);
    size_t second = (size_t)(strchr(t.data, '\n') - t.data) + 1;
    /* The last character before the newline is padding or carries bits of the seed: the hash tells.
     */
    for (size_t at = second; at < t.len - 1; at++) {
        text_clear(&broken);
        text_append(&broken, t.data, t.len);
        broken.data[at] = broken.data[at] == 'A' ? 'B' : 'A';
        write_file(&p, broken.data);
        diags_free(&p.diags);
        p.diags = (struct diags){0};
        assert_int_equal(keys_load(p.path, ACTS, true, &signer, &made, &p.diags), ERR_KEY);
        assert_int_equal(p.diags.items[0].pos.line, 2);
    }
    text_free(&t);
    text_free(&broken);
    place_remove(&p);
}

static void two_keys_of_one_log_are_refused(void **state)
{
    (void)state;
    struct place p;
    struct note_signer a, b;
    struct text t = {0};
    bool made = false;
    place_make(&p);
    assert_int_equal(note_signer_generate(FACTS, &a), 0);
    assert_int_equal(note_signer_generate(FACTS, &b), 0);
    note_signer_format(&t, &a);
    text_puts(&t, "\n");
    note_signer_format(&t, &b);
    text_puts(&t, "\n");
    write_file(&p, t.data);
    assert_int_equal(keys_load(p.path, FACTS, true, &a, &made, &p.diags), ERR_KEY);
    text_free(&t);
    place_remove(&p);
}

static void secret_is_made_once_and_found_again(void **state)
{
    (void)state;
    struct place p;
    uint8_t first[LEDGER_SECRET_BYTES], again[LEDGER_SECRET_BYTES];
    struct stat st;
    bool made = false;
    place_make(&p);
    assert_int_equal(secret_load(p.path, false, first, &made, &p.diags), ERR_KEY);
    assert_int_equal(access(p.path, F_OK), -1);
    assert_int_equal(secret_load(p.path, true, first, &made, &p.diags), 0);
    assert_true(made);
    assert_int_equal(stat(p.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    made = false;
    assert_int_equal(secret_load(p.path, true, again, &made, &p.diags), 0);
    assert_false(made);
    assert_memory_equal(first, again, sizeof first);
    place_remove(&p);
}

#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void only_64_hex_digits_are_a_secret(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        int result;
    } rows[] = {
        {HEX64, 0},
        {HEX64 "\n", 0},
        {HEX64 "\n\n", ERR_KEY},
        {HEX64 "0", ERR_KEY},
        {"0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ERR_KEY},
        {" 00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", ERR_KEY},
        {"00", ERR_KEY},
        {"\n", ERR_KEY},
    };
    struct place p;
    place_make(&p);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t got[LEDGER_SECRET_BYTES];
        bool made = false;
        write_file(&p, rows[i].content);
        if (secret_load(p.path, true, got, &made, &p.diags) != rows[i].result)
            fail_msg("row %zu", i);
        assert_false(made);
        for (unsigned k = 0; k < LEDGER_SECRET_BYTES && rows[i].result == 0; k++)
            assert_int_equal(got[k], k);
    }
    place_remove(&p);
}

/* make_both: what a sealer that starts makes; 0 if it is what the files hold in the end. */
static int make_both(const char *key_file, const char *secret_file, int begin, int end)
{
    struct note_signer mine, there;
    uint8_t secret[LEDGER_SECRET_BYTES], secret_there[LEDGER_SECRET_BYTES];
    struct diags diags = {0};
    bool made = false;
    char unused;
    if (read(begin, &unused, 1) != 0)
        return 1;
    if (keys_load(key_file, FACTS, true, &mine, &made, &diags) ||
        secret_load(secret_file, true, secret, &made, &diags))
        return 2;
    close(end); /* the others are told that this one is done */
    return keys_load(key_file, FACTS, false, &there, &made, &diags) ||
           memcmp(mine.secret, there.secret, sizeof mine.secret) != 0 ||
           secret_load(secret_file, false, secret_there, &made, &diags) ||
           memcmp(secret, secret_there, sizeof secret) != 0;
}

/* Two first starts with one key file: no ledger is begun with a key that is lost at once. */
static void makers_at_the_same_time_agree_on_one_key(void **state)
{
    (void)state;
    enum { MAKERS = 8, ROUNDS = 10 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct place p;
        char secret_file[PATH_ROOM + 32];
        int begin[2], end[2];
        char unused;
        place_make(&p);
        snprintf(secret_file, sizeof secret_file, "%s/new/secret", p.dir);
        assert_int_equal(pipe(begin), 0);
        assert_int_equal(pipe(end), 0);
        for (unsigned i = 0; i < MAKERS; i++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) {
                close(begin[1]);
                close(end[0]);
                _exit(make_both(p.path, secret_file, begin[0], end[1]));
            }
        }
        close(begin[0]);
        close(end[1]);
        close(begin[1]); /* all of them now */
        assert_int_equal(read(end[0], &unused, 1), 0);
        close(end[0]);
        for (unsigned i = 0; i < MAKERS; i++) {
            int status;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        place_remove(&p);
    }
}

static void pipe_or_directory_is_no_key_file(void **state)
{
    (void)state;
    struct place p;
    struct note_signer signer;
    uint8_t secret[LEDGER_SECRET_BYTES];
    bool made = false;
    place_make(&p);
    write_file(&p, "");
    assert_int_equal(unlink(p.path), 0);
    assert_int_equal(mkfifo(p.path, 0600), 0);
    alarm(20); /* ends a test that waits */
    assert_int_equal(keys_load(p.path, FACTS, true, &signer, &made, &p.diags), ERR_KEY);
    assert_int_equal(secret_load(p.path, true, secret, &made, &p.diags), ERR_KEY);
    alarm(0);
    assert_int_equal(unlink(p.path), 0);
    assert_int_equal(mkdir(p.path, 0700), 0);
    assert_int_equal(keys_load(p.path, FACTS, true, &signer, &made, &p.diags), ERR_KEY);
    assert_int_equal(secret_load(p.path, true, secret, &made, &p.diags), ERR_KEY);
    assert_int_equal(p.diags.errors, 4);
    assert_false(made);
    place_remove(&p);
}

static bool warned(const struct place *p)
{
    for (size_t i = 0; i < p->diags.n; i++)
        if (p->diags.items[i].level == DIAG_WARNING && strstr(p->diags.items[i].text, "others"))
            return true;
    return false;
}

static void file_that_others_can_read_is_warned_of(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0400, 0640, 0604, 0602, 0666};
    struct place p;
    uint8_t secret[LEDGER_SECRET_BYTES];
    bool made = false;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        place_make(&p);
        assert_int_equal(secret_load(p.path, true, secret, &made, &p.diags), 0);
        assert_int_equal(chmod(p.path, modes[i]), 0);
        keys_warn_shared(p.path, &p.diags);
        assert_int_equal(warned(&p), i >= 2);
        place_remove(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_made_once_and_found_again),
        cmocka_unit_test(key_of_a_log_that_exists_is_not_made_anew),
        cmocka_unit_test(damaged_key_file_is_refused_with_its_line),
        cmocka_unit_test(two_keys_of_one_log_are_refused),
        cmocka_unit_test(secret_is_made_once_and_found_again),
        cmocka_unit_test(only_64_hex_digits_are_a_secret),
        cmocka_unit_test(makers_at_the_same_time_agree_on_one_key),
        cmocka_unit_test(file_that_others_can_read_is_warned_of),
        cmocka_unit_test(pipe_or_directory_is_no_key_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
