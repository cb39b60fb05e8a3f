/* A sealed log: resuming after any loss, resubmission, other keys, equal drafts give equal bytes.
 */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/dir_walk.h"

#include <signal.h>
#include <sys/resource.h>

/* tree_digest: of all names and bytes beneath a directory. */
struct tree_sum {
    const char *dir;
    uint8_t sum[SHA256_BYTES];
};
static void add_to_sum(void *ctx, const char *path, enum dir_item item)
{
    struct tree_sum *t = ctx;
    uint8_t content[SHA256_BYTES];
    char *full = path_in(t->dir, path);
    assert_int_equal(item, DIR_FILE);
    assert_int_equal(sha256_file(content, full), 0);
    sha256_pieces(t->sum, (struct piece[]){{t->sum, 32}, {path, strlen(path)}, {content, 32}}, 3);
    free(full);
}
static struct tree_sum sum_of(const char *dir)
{
    struct tree_sum t = {.dir = dir};
    assert_int_equal(dir_walk(dir, add_to_sum, &t), 0);
    return t;
}

static void equal_drafts_give_equal_bytes_however_they_are_batched(void **state)
{
    (void)state;
    struct fixture a, b;
    fixture_make(&a);
    fixture_make(&b);
    fixture_fill(&a, LEDGER_FACTS, 0, 300);
    fixture_fill(&b, LEDGER_FACTS, 0, 1);
    fixture_fill(&b, LEDGER_FACTS, 1, 256);
    fixture_fill(&b, LEDGER_FACTS, 200, 257);
    fixture_fill(&b, LEDGER_FACTS, 257, 300);
    struct tree_sum x = sum_of(a.dir), y = sum_of(b.dir);
    assert_memory_equal(x.sum, y.sum, sizeof x.sum);
    fixture_remove(&a);
    fixture_remove(&b);
}

static void order_of_fields_does_not_matter(void **state)
{
    (void)state;
    struct fixture f;
    struct sealed_log *l;
    struct sample s;
    bool repeated;
    fixture_make(&f);
    assert_int_equal(fixture_open(&f, LEDGER_ACTS, &l), 0);
    assert_int_equal(log_append(l, sample_act(&s, 1), &repeated, &f.diags), 0);
    assert_false(repeated);
    struct entry_field first = s.fields[0];
    s.fields[0] = s.fields[2];
    s.fields[2] = first;
    assert_int_equal(log_append(l, &s.draft, &repeated, &f.diags), 0);
    assert_true(repeated);
    assert_int_equal(log_size(l), 1);
    log_close(l);
    fixture_remove(&f);
}

static void other_content_is_a_conflict_also_after_reopening(void **state)
{
    (void)state;
    struct fixture f;
    struct sealed_log *l;
    struct sample s;
    bool repeated;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_ACTS, 0, 3);
    assert_int_equal(fixture_open(&f, LEDGER_ACTS, &l), 0);
    sample_act(&s, 2);
    s.fields[1].value = "\"8\"";
    assert_int_equal(log_append(l, &s.draft, &repeated, &f.diags), ERR_CONFLICT);
    assert_true(diags_mention(&f.diags, "start-2"));
    /* The log goes on. */
    assert_int_equal(log_append(l, sample_act(&s, 3), &repeated, &f.diags), 0);
    s.draft.revision = 2;
    assert_int_equal(log_append(l, &s.draft, &repeated, &f.diags), 0);
    assert_int_equal(log_publish(l, &f.diags), 0);
    assert_int_equal(log_published(l), 5);
    log_close(l);
    fixture_remove(&f);
}

static void whatever_file_is_lost_is_made_again(void **state)
{
    (void)state;
    static const char *const lost[] = {"facts/checkpoint",         "facts/tile/0/000",
                                       "facts/tile/0/001.p/4",     "facts/tile/1/000.p/1",
                                       "facts/tile/entries/000",   "facts/tile/entries/001.p/4",
                                       "private/facts/disclosures"};
    struct fixture f;
    struct sealed_log *l;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 260);
    struct tree_sum before = sum_of(f.dir);
    for (size_t i = 0; i < 2 * sizeof lost / sizeof lost[0]; i++) {
        char *path = path_in(f.dir, lost[i / 2]);
        /* Gone, or cut in half; a torn checkpoint is no checkpoint and is not written over. */
        assert_int_equal(i % 2 && i > 1 ? truncate(path, 50) : unlink(path), 0);
        assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
        log_close(l);
        struct tree_sum after = sum_of(f.dir);
        if (memcmp(before.sum, after.sum, sizeof before.sum) != 0)
            fail_msg("%s is not as it was", lost[i / 2]);
        free(path);
    }
    fixture_remove(&f);
}

static void entries_that_no_checkpoint_covers_are_sealed_on_opening(void **state)
{
    (void)state;
    struct fixture f;
    struct sealed_log *l;
    struct sample s;
    bool repeated;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 3);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
    assert_int_equal(log_append(l, sample_fact(&s, 3), &repeated, &f.diags), 0);
    assert_int_equal(log_commit(l, &f.diags), 0);
    assert_int_equal(log_append(l, sample_fact(&s, 4), &repeated, &f.diags), 0);
    log_close(l); /* without publishing; the last one was not even committed */
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
    assert_int_equal(log_size(l), 4);
    assert_int_equal(log_published(l), 4);
    log_close(l);
    fixture_fill(&f, LEDGER_ACTS, 0, 0);
    struct verify_result result;
    assert_int_equal(fixture_verify(&f, &result), 0);
    assert_int_equal(result.facts_size, 4);
    fixture_remove(&f);
}

static void leftovers_of_an_interrupted_write_are_swept_and_strays_are_not(void **state)
{
    (void)state;
    static const char *const left[] = {"facts/tile/0/000.p/2", "facts/tile/entries/000.p/7",
                                       "facts/tile/0/000.p/3.new", "facts/checkpoint.new",
                                       "facts/tile/0/001"};
    struct fixture f;
    struct sealed_log *l;
    struct verify_result result;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 3);
    fixture_fill(&f, LEDGER_ACTS, 0, 0);
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char *path = path_in(f.dir, left[i]);
        assert_int_equal(file_replace(path, "x", 1, 0644), 0);
        free(path);
    }
    assert_int_equal(fixture_verify(&f, &result), ERR_CORRUPT);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
    log_close(l);
    assert_int_equal(fixture_verify(&f, &result), 0);
    char *stray = path_in(f.dir, "facts/tile/0/stray");
    assert_int_equal(file_replace(stray, "x", 1, 0644), 0);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
    log_close(l);
    assert_int_equal(access(stray, F_OK), 0);
    free(stray);
    fixture_remove(&f);
}

static void wal_shorter_than_the_checkpoint_is_corrupt(void **state)
{
    (void)state;
    struct fixture f;
    struct sealed_log *l;
    struct stat st;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 3);
    char *wal = path_in(f.dir, "private/facts/wal");
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(truncate(wal, st.st_size - 1), 0);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), ERR_CORRUPT);
    assert_null(l);
    /* What is left of it is not touched. */
    off_t size = st.st_size - 1;
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_size, size);
    free(wal);
    fixture_remove(&f);
}

static void wal_of_another_ledger_is_corrupt(void **state)
{
    (void)state;
    struct fixture f, other;
    struct sealed_log *l;
    struct text wal = {0};
    fixture_make(&f);
    fixture_make(&other);
    fixture_fill(&f, LEDGER_FACTS, 0, 3);
    fixture_fill(&other, LEDGER_FACTS, 1, 4);
    char *here = path_in(f.dir, "private/facts/wal"),
         *there = path_in(other.dir, "private/facts/wal");
    assert_int_equal(file_read(there, 1 << 20, &wal), 0);
    assert_int_equal(file_replace(here, wal.data, wal.len, 0600), 0);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), ERR_CORRUPT);
    text_free(&wal);
    free(here);
    free(there);
    fixture_remove(&f);
    fixture_remove(&other);
}

/* A directory where a file is to be written stands for any error at that file. */
static void error_at_a_tile_or_checkpoint_takes_the_new_tiles_back(void **state)
{
    (void)state;
    static const char *const places[] = {"facts/tile/entries/000.p/3.new",
                                         "facts/tile/0/000.p/3.new", "facts/checkpoint.new"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct fixture f;
        struct sealed_log *l;
        struct sample s;
        struct verify_result result;
        bool repeated;
        fixture_make(&f);
        fixture_fill(&f, LEDGER_FACTS, 0, 2);
        fixture_fill(&f, LEDGER_ACTS, 0, 0);
        char *place = path_in(f.dir, places[i]);
        assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
        assert_int_equal(file_make_dirs(place, 0755), 0);
        assert_int_equal(log_append(l, sample_fact(&s, 2), &repeated, &f.diags), 0);
        assert_int_equal(log_publish(l, &f.diags), ERR_IO);
        assert_int_equal(rmdir(place), 0);
        assert_int_equal(fixture_verify(&f, &result), 0);
        assert_int_equal(result.facts_size, 2);
        /* The same log goes on when the disk does. */
        assert_int_equal(log_publish(l, &f.diags), 0);
        assert_int_equal(fixture_verify(&f, &result), 0);
        assert_int_equal(result.facts_size, 3);
        log_close(l);
        free(place);
        fixture_remove(&f);
    }
}

static void other_key_and_other_secret_are_refused_and_named(void **state)
{
    (void)state;
    struct fixture f;
    struct sealed_log *l;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 3);
    struct tree_sum before = sum_of(f.dir);
    struct note_signer right = f.signers[LEDGER_FACTS];
    assert_int_equal(note_signer_generate(ORIGIN_FACTS, &f.signers[LEDGER_FACTS]), 0);
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), ERR_KEY);
    assert_true(diags_mention(&f.diags, "key"));
    f.signers[LEDGER_FACTS] = right;
    f.secret[0] ^= 1;
    assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), ERR_KEY);
    assert_true(diags_mention(&f.diags, "secret"));
    struct tree_sum after = sum_of(f.dir);
    assert_memory_equal(before.sum, after.sum, sizeof before.sum);
    fixture_remove(&f);
}

/* At every limit on file sizes: an error, the checkpoint before verifies, and the work goes on
 * after. */
static void full_disk_at_any_file_leaves_the_checkpoint_before(void **state)
{
    (void)state;
    for (rlim_t limit = 100; limit < 60000; limit += limit < 3000 ? 700 : 9000) {
        struct fixture f;
        struct sealed_log *l;
        struct sample s;
        struct rlimit before, small;
        struct verify_result result;
        bool repeated;
        fixture_make(&f);
        fixture_fill(&f, LEDGER_FACTS, 0, 2);
        fixture_fill(&f, LEDGER_ACTS, 0, 0);
        assert_int_equal(fixture_open(&f, LEDGER_FACTS, &l), 0);
        for (unsigned i = 2; i < 70; i++)
            assert_int_equal(log_append(l, sample_fact(&s, i), &repeated, &f.diags), 0);
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = before;
        small.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int error = log_publish(l, &f.diags);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        log_close(l);
        assert_int_equal(fixture_verify(&f, &result), 0);
        assert_int_equal(error, result.facts_size == 70 ? 0 : ERR_FULL);
        assert_true(error == 0 || result.facts_size == 2);
        fixture_fill(&f, LEDGER_FACTS, 0, 70);
        assert_int_equal(fixture_verify(&f, &result), 0);
        assert_int_equal(result.facts_size, 70);
        fixture_remove(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_drafts_give_equal_bytes_however_they_are_batched),
        cmocka_unit_test(order_of_fields_does_not_matter),
        cmocka_unit_test(other_content_is_a_conflict_also_after_reopening),
        cmocka_unit_test(whatever_file_is_lost_is_made_again),
        cmocka_unit_test(entries_that_no_checkpoint_covers_are_sealed_on_opening),
        cmocka_unit_test(leftovers_of_an_interrupted_write_are_swept_and_strays_are_not),
        cmocka_unit_test(wal_shorter_than_the_checkpoint_is_corrupt),
        cmocka_unit_test(wal_of_another_ledger_is_corrupt),
        cmocka_unit_test(error_at_a_tile_or_checkpoint_takes_the_new_tiles_back),
        cmocka_unit_test(other_key_and_other_secret_are_refused_and_named),
        cmocka_unit_test(full_disk_at_any_file_leaves_the_checkpoint_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
