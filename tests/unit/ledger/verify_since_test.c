/* A log against checkpoints that were remembered: a continuation, a roll-back, another history. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/checkpoint.h"
#include "ledger/merkle.h"

/* A remembered checkpoint is a copy beside the ledger. */
static char *remember(const struct fixture *f, const char *name)
{
    struct text note = {0};
    char *from = path_in(f->dir, "facts/checkpoint"), *to;
    assert_true(asprintf(&to, "%s.%s", f->dir, name) > 0);
    assert_int_equal(file_read(from, 1 << 16, &note), 0);
    assert_int_equal(file_replace(to, note.data, note.len, 0644), 0);
    text_free(&note);
    free(from);
    return to;
}

static int verify_from(struct fixture *f, const char *const *since, size_t n,
                       struct verify_result *result)
{
    const char *keys[] = {text_str(&f->vkeys[0]), text_str(&f->vkeys[1])};
    struct verify_request request = {
        .dir = f->dir, .keys = keys, .n_keys = 2, .since = since, .n_since = n};
    diags_free(&f->diags);
    f->diags = (struct diags){0};
    return ledger_verify(&request, result, &f->diags);
}

static void forget(char *path)
{
    unlink(path);
    free(path);
}

/* Around the edges of subtrees and tiles, and the log that has not moved. */
static void grown_log_goes_on_from_every_checkpoint_before(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 1, 2, 3, 255, 256, 257, 300};
    enum { N = sizeof sizes / sizeof sizes[0] };
    char *since[N];
    struct fixture f;
    struct verify_result result;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_ACTS, 0, 1);
    for (unsigned i = 0; i < N; i++) {
        char name[16];
        fixture_fill(&f, LEDGER_FACTS, i ? sizes[i - 1] : 0, sizes[i]);
        snprintf(name, sizeof name, "at-%u", sizes[i]);
        since[i] = remember(&f, name);
        assert_int_equal(verify_from(&f, (const char *const *)since, i + 1, &result), 0);
        assert_int_equal(result.continued, i + 1);
    }
    for (unsigned i = 0; i < N; i++)
        forget(since[i]);
    fixture_remove(&f);
}

/* The public files of a smaller log, put back: every signature in them is good. */
static void log_behind_a_remembered_checkpoint_is_a_roll_back(void **state)
{
    (void)state;
    struct fixture f, older;
    struct verify_result result;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 20);
    char *since = remember(&f, "at-20");
    fixture_remove(&f);
    fixture_make(&older);
    fixture_fill(&older, LEDGER_FACTS, 0, 12);
    fixture_fill(&older, LEDGER_ACTS, 0, 1);
    assert_int_equal(verify_from(&older, NULL, 0, &result), 0);
    assert_int_equal(verify_from(&older, (const char *const[]){since}, 1, &result), ERR_CONFLICT);
    assert_true(diags_mention(&older.diags, "roll-back"));
    assert_true(diags_mention(&older.diags, since));
    assert_int_equal(result.continued, 0);
    forget(since);
    fixture_remove(&older);
}

/* The same key has signed another first entry. */
static void log_with_another_past_is_a_fork(void **state)
{
    (void)state;
    struct fixture f, other;
    struct verify_result result;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 20);
    char *since = remember(&f, "at-20");
    fixture_remove(&f);
    fixture_make(&other);
    fixture_fill(&other, LEDGER_FACTS, 1, 30);
    fixture_fill(&other, LEDGER_ACTS, 0, 1);
    assert_int_equal(verify_from(&other, NULL, 0, &result), 0);
    assert_int_equal(verify_from(&other, (const char *const[]){since}, 1, &result), ERR_CONFLICT);
    assert_true(diags_mention(&other.diags, "forked history"));
    forget(since);
    fixture_remove(&other);
}

static void checkpoint_that_proves_nothing_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct verify_result result;
    struct text note = {0};
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 5);
    fixture_fill(&f, LEDGER_ACTS, 0, 1);
    char *since = remember(&f, "note");
    assert_int_equal(file_read(since, 1 << 16, &note), 0);
    /* A size that nobody signed. */
    char *size = strstr(note.data, "\n5\n");
    assert_non_null(size);
    size[1] = '4';
    assert_int_equal(file_replace(since, note.data, note.len, 0644), 0);
    assert_int_equal(verify_from(&f, (const char *const[]){since}, 1, &result), ERR_SIGNATURE);
    assert_true(diags_mention(&f.diags, since));
    /* Another log's: it says nothing of this one. */
    struct note_signer stranger;
    const uint8_t seed[ED25519_SECRET_BYTES] = {3}, root[SHA256_BYTES] = {0};
    assert_int_equal(note_signer_from_seed("other.example/log", seed, &stranger), 0);
    text_clear(&note);
    assert_int_equal(checkpoint_write(&note, 5, root, &stranger), 0);
    assert_int_equal(file_replace(since, note.data, note.len, 0644), 0);
    assert_int_equal(verify_from(&f, (const char *const[]){since}, 1, &result), ERR_KEY);
    assert_int_equal(file_replace(since, "nothing\n", 8, 0644), 0);
    assert_int_equal(verify_from(&f, (const char *const[]){since}, 1, &result), ERR_CORRUPT);
    assert_int_equal(unlink(since), 0);
    assert_int_equal(verify_from(&f, (const char *const[]){since}, 1, &result), ERR_IO);
    assert_true(diags_mention(&f.diags, since));
    free(since);
    text_free(&note);
    fixture_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grown_log_goes_on_from_every_checkpoint_before),
        cmocka_unit_test(log_behind_a_remembered_checkpoint_is_a_roll_back),
        cmocka_unit_test(log_with_another_past_is_a_fork),
        cmocka_unit_test(checkpoint_that_proves_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
