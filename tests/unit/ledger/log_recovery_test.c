/* A sealed log after a crash at any step, with a damaged file, and on a full disk: it is whole
 * again, or it is refused and left as it is. */
#include "ledger/log.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/checkpoint.h"
#include "ledger/dir_walk.h"
#include "ledger/entry_table.h"
#include "ledger/merkle.h"
#include "ledger/tiles.h"
#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ORIGIN    "ledger.amber.example/grid/facts-2026"
#define PATH_ROOM 512

static const uint8_t secret[LEDGER_SECRET_BYTES] = {1, 2, 3};

/* A ledger directory, and a log in it while one is open. */
struct place {
    char dir[PATH_ROOM];
    struct note_signer signer;
    struct sealed_log *log;
    struct diags diags;
};

static void place_make(struct place *p)
{
    static const uint8_t seed[ED25519_SECRET_BYTES] = {9};
    *p = (struct place){0};
    temporary_folder(p->dir);
    assert_int_equal(note_signer_from_seed(ORIGIN, seed, &p->signer), 0);
}

static void shell(const char *format, const char *a, const char *b)
{
    char *command;
    assert_true(asprintf(&command, format, a, b) > 0);
    if (system(command) != 0)
        fail_msg("%s", command);
    free(command);
}

static void place_remove(struct place *p)
{
    log_close(p->log);
    diags_free(&p->diags);
    shell("rm -rf %s%s", p->dir, "");
}

static int try_open(struct place *p)
{
    const struct log_config config = {
        .ledger_dir = p->dir, .which = LEDGER_FACTS, .secret = secret, .signer = &p->signer};
    return log_open(&p->log, &config, &p->diags);
}

static void open_log(struct place *p)
{
    int error = try_open(p);
    if (error) {
        diags_print(&p->diags, stderr);
        fail_msg("log_open: %s", error_text(error));
    }
}

static void close_log(struct place *p)
{
    log_close(p->log);
    p->log = NULL;
}

/* An accord entry of a given number; `text` is what its party field says. */
static int append(struct place *p, unsigned number, uint32_t revision, const char *text,
                  bool *repeated)
{
    char id[32], party[64];
    bool unused;
    snprintf(id, sizeof id, "accord-%u", number);
    size_t len = (size_t)snprintf(party, sizeof party, "\"%s\"", text);
    const struct entry_field fields[] = {
        {"party", party, len}, {"version", "1", 1}, {"accord", "\"a\"", 3}, {"digest", "\"d\"", 3}};
    const struct entry_draft draft = {ENTRY_ACCORD, id, revision, fields, 4};
    return log_append(p->log, &draft, repeated ? repeated : &unused, &p->diags);
}

static void append_many(struct place *p, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        assert_int_equal(append(p, i, 1, "amber", NULL), 0);
}

static void path_of(const struct place *p, const char *name, char out[2 * PATH_ROOM])
{
    snprintf(out, 2 * PATH_ROOM, "%s/%s", p->dir, name);
}

static void read_into(const struct place *p, const char *name, struct text *out)
{
    char path[2 * PATH_ROOM];
    path_of(p, name, path);
    text_clear(out);
    assert_int_equal(file_read(path, 1 << 26, out), 0);
}

/* One file is one tile of the size. */
struct tile_count {
    uint64_t size, files;
};

static void check_public_file(void *ctx, const char *path, enum dir_item item)
{
    struct tile_count *count = ctx;
    struct tile_id id;
    assert_int_equal(item, DIR_FILE);
    if (strcmp(path, "checkpoint") == 0)
        return;
    if (tile_parse(path, &id) || !tile_belongs(&id, count->size))
        fail_msg("not of a log of %lu entries: %s", count->size, path);
    count->files++;
}

static int count_tile(void *ctx, const struct tile_id *id)
{
    (void)id;
    ++*(uint64_t *)ctx;
    return 0;
}

/* The public directory: a signed checkpoint of `size`, the tiles of that size and nothing else, and
 * the root is that of the entries in the bundles. */
static void assert_published(const struct place *p, uint64_t size)
{
    struct text t = {0};
    struct note_view note;
    struct checkpoint checkpoint;
    struct merkle tree = {0};
    size_t at, unknown;
    uint8_t leaf[SHA256_BYTES];
    read_into(p, "facts/checkpoint", &t);
    assert_int_equal(note_parse(t.data, t.len, &note, &at), 0);
    assert_int_equal(note_open(&note, &p->signer.verifier, &unknown), 0);
    assert_int_equal(checkpoint_parse(note.body, note.body_len, &checkpoint, &at), 0);
    assert_int_equal(checkpoint.size, size);

    char dir[2 * PATH_ROOM];
    struct tile_count count = {.size = size};
    uint64_t expected = 0;
    path_of(p, "facts", dir);
    assert_int_equal(dir_walk(dir, check_public_file, &count), 0);
    tiles_each(0, size, count_tile, &expected);
    assert_int_equal(count.files, expected);

    for (uint64_t bundle = 0; bundle * TILE_WIDTH < size; bundle++) {
        const uint64_t left = size - bundle * TILE_WIDTH;
        const struct tile_id id = {TILE_ENTRIES, bundle,
                                   left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH};
        char name[TILE_PATH_MAX], path[TILE_PATH_MAX + 8];
        tile_path(&id, name);
        snprintf(path, sizeof path, "facts/%s", name);
        read_into(p, path, &t);
        for (size_t i = 0; i < t.len;) {
            const uint8_t *b = (const uint8_t *)t.data + i;
            size_t len = (size_t)b[0] << 8 | b[1];
            assert_true(i + 2 + len <= t.len);
            merkle_leaf(leaf, b + 2, len);
            assert_int_equal(merkle_append(&tree, leaf), 0);
            i += 2 + len;
        }
    }
    assert_int_equal(merkle_size(&tree), size);
    merkle_root(&tree, leaf);
    assert_memory_equal(leaf, checkpoint.root, SHA256_BYTES);
    merkle_free(&tree);
    text_free(&t);
}

static void assert_said(const struct place *p, const char *words)
{
    for (size_t i = 0; i < p->diags.n; i++)
        if (strstr(p->diags.items[i].text, words))
            return;
    diags_print(&p->diags, stderr);
    fail_msg("no diagnostic says \"%s\"", words);
}

static void published_directory_holds_one_size_and_no_more(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 255, 256, 257, 600};
    struct place p;
    unsigned before = 0;
    place_make(&p);
    open_log(&p);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        append_many(&p, before, sizes[i]);
        assert_int_equal(log_size(p.log), sizes[i]);
        assert_int_equal(log_published(p.log), before);
        assert_int_equal(log_publish(p.log, &p.diags), 0);
        assert_int_equal(log_published(p.log), sizes[i]);
        assert_published(&p, sizes[i]);
        before = sizes[i];
        if (i % 2) { /* and a log that is opened again goes on as one that was never closed */
            close_log(&p);
            open_log(&p);
            assert_published(&p, before);
        }
    }
    place_remove(&p);
}

static void second_writer_is_refused(void **state)
{
    (void)state;
    struct place p, second;
    place_make(&p);
    open_log(&p);
    second = p;
    second.diags = (struct diags){0};
    assert_int_equal(try_open(&second), ERR_CONFLICT);
    diags_free(&second.diags);
    place_remove(&p);
}

/* A crash leaves every file either as it was before the publication or as it was after. Each file
 * of the later state is put back to the earlier one, or taken away if it was not there: opening
 * mends it. */
struct crash {
    struct place *p;
    const char *before, *after;
    unsigned tried;
};

static void crash_at_file(void *ctx, const char *path, enum dir_item item)
{
    struct crash *c = ctx;
    char from[2 * PATH_ROOM], to[2 * PATH_ROOM];
    if (item != DIR_FILE || strcmp(path, "private/facts/wal") == 0 ||
        strcmp(path, "private/facts/secret-check") == 0)
        return;
    shell("rm -rf %s/*%s", c->p->dir, "");
    shell("cp -a %s/. %s/", c->after, c->p->dir);
    snprintf(from, sizeof from, "%s/%s", c->before, path);
    snprintf(to, sizeof to, "%s/%s", c->p->dir, path);
    assert_int_equal(unlink(to), 0);
    if (access(from, F_OK) == 0)
        shell("cp -a %s %s", from, to);
    open_log(c->p);
    close_log(c->p);
    shell("diff -r %s %s", c->p->dir, c->after);
    c->tried++;
}

static void crash_between_any_two_files_is_mended(void **state)
{
    (void)state;
    struct place p;
    char before[PATH_ROOM], after[PATH_ROOM];
    temporary_folder(before);
    temporary_folder(after);
    place_make(&p);
    open_log(&p);
    append_many(&p, 0, 250);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    shell("cp -a %s/. %s/", p.dir, before);
    append_many(&p, 250, 258);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    close_log(&p);
    shell("cp -a %s/. %s/", p.dir, after);
    struct crash crash = {.p = &p, .before = before, .after = after};
    assert_int_equal(dir_walk(after, crash_at_file, &crash), 0);
    assert_int_equal(crash.tried, 7); /* checkpoint, five tiles, disclosures */

    /* The write-ahead log is ahead of everything else. */
    char wal[2 * PATH_ROOM];
    shell("rm -rf %s/*%s", p.dir, "");
    shell("cp -a %s/. %s/", before, p.dir);
    snprintf(wal, sizeof wal, "%s/private/facts/wal", after);
    shell("cp -a %s %s/private/facts/wal", wal, p.dir);
    open_log(&p);
    close_log(&p);
    shell("diff -r %s %s", p.dir, after);
    shell("rm -rf %s %s", before, after);
    place_remove(&p);
}

/* What no crash does: the write-ahead log is damaged where it is sealed. It is refused and left as
 * it is, because a copy of these bytes may be all that is left. */
static void damaged_log_is_refused_and_not_cut(void **state)
{
    (void)state;
    struct place p;
    struct text whole = {0}, after = {0};
    char path[2 * PATH_ROOM];
    place_make(&p);
    open_log(&p);
    append_many(&p, 0, 5);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    close_log(&p);
    path_of(&p, "private/facts/wal", path);
    read_into(&p, "private/facts/wal", &whole);
    for (size_t at = 0; at < whole.len; at += 13) {
        whole.data[at] = (char)(whole.data[at] ^ 4);
        assert_int_equal(file_replace(path, whole.data, whole.len, 0600), 0);
        assert_int_equal(try_open(&p), ERR_CORRUPT);
        read_into(&p, "private/facts/wal", &after);
        assert_int_equal(after.len, whole.len);
        assert_memory_equal(after.data, whole.data, whole.len);
        whole.data[at] = (char)(whole.data[at] ^ 4);
    }
    assert_int_equal(file_replace(path, whole.data, whole.len, 0600), 0);
    open_log(&p);
    assert_published(&p, 5);
    text_free(&whole);
    text_free(&after);
    place_remove(&p);
}

/* A limit on file sizes stands for a full disk. The checkpoint before stays valid; with room again
 * a second run seals what was refused. */
static void full_disk_keeps_the_checkpoint_and_a_later_run_goes_on(void **state)
{
    (void)state;
    struct place p;
    struct rlimit before, small;
    place_make(&p);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t room = 0; room < 70000; room += 1511) {
        shell("rm -rf %s/*%s", p.dir, "");
        open_log(&p);
        append_many(&p, 0, 10);
        assert_int_equal(log_publish(p.log, &p.diags), 0);
        small = before;
        small.rlim_cur = room;
        append_many(&p, 10, 40);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int error = log_publish(p.log, &p.diags);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(error == 0 || error == ERR_FULL);
        if (room == 0)
            assert_int_equal(error, ERR_FULL);
        assert_published(&p, error ? 10 : 40);
        close_log(&p);
        open_log(&p);
        append_many(&p, 0, 40);
        assert_int_equal(log_publish(p.log, &p.diags), 0);
        assert_published(&p, 40);
        close_log(&p);
    }
    assert_said(&p, "File too large");
    place_remove(&p);
}

static void draft_that_does_not_fit_its_table_is_refused(void **state)
{
    (void)state;
    struct place p;
    bool repeated;
    const struct entry_draft draft = {ENTRY_ACCORD, "accord-1", 1, NULL, 0};
    place_make(&p);
    open_log(&p);
    assert_int_equal(log_append(p.log, &draft, &repeated, &p.diags), ERR_SCHEMA);
    assert_int_equal(log_size(p.log), 0);
    append_many(&p, 0, 1);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    assert_published(&p, 1);
    place_remove(&p);
}

/* What the disk refused is not known to the log any more, so it takes nothing behind it. */
static void log_takes_nothing_more_after_a_failed_commit(void **state)
{
    (void)state;
    struct place p;
    struct rlimit before, small;
    place_make(&p);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    open_log(&p);
    append_many(&p, 0, 3);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    append_many(&p, 3, 6);
    small = before;
    small.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int error = log_commit(p.log, &p.diags);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, ERR_FULL);
    assert_int_equal(append(&p, 7, 1, "amber", NULL), ERR_FULL);
    assert_int_equal(log_publish(p.log, &p.diags), ERR_FULL);
    assert_published(&p, 3);
    close_log(&p);
    open_log(&p);
    assert_int_equal(log_size(p.log), 3);
    append_many(&p, 3, 8);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    assert_published(&p, 8);
    place_remove(&p);
}

/* Half-written tiles in directories of their own, tiles of an earlier size, and private lines that
 * were never acknowledged: nothing of it is left, nor an empty directory. */
static void leftovers_of_a_crash_are_gone_after_opening(void **state)
{
    (void)state;
    struct place p;
    struct text before = {0}, after = {0};
    place_make(&p);
    open_log(&p);
    append_many(&p, 0, 5);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    close_log(&p);
    read_into(&p, "private/facts/disclosures", &before);
    shell("cp %s/facts/tile/0/000.p/5 %s/facts/tile/0/000.p/4", p.dir, p.dir);
    shell("mkdir -p %s/facts/tile/entries/001.p && echo half > %s/facts/tile/entries/001.p/7.new",
          p.dir, p.dir);
    shell("mkdir -p %s/facts/tile/1/x001%s", p.dir, "");
    shell("echo half > %s/facts/checkpoint.new%s", p.dir, "");
    shell("cp %s/private/facts/disclosures %s/tail", p.dir, p.dir);
    shell("head -c 300 %s/tail >> %s/private/facts/disclosures", p.dir, p.dir);
    open_log(&p);
    assert_published(&p, 5);
    read_into(&p, "private/facts/disclosures", &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, after.len);
    text_free(&before);
    text_free(&after);
    place_remove(&p);
}

/* The check of the secret is lost, and another secret is given: it must not take the place of the
 * right one. */
static void wrong_secret_leaves_no_trace(void **state)
{
    (void)state;
    static const uint8_t other[LEDGER_SECRET_BYTES] = {4, 5, 6};
    struct place p;
    char path[2 * PATH_ROOM];
    place_make(&p);
    open_log(&p);
    append_many(&p, 0, 5);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    close_log(&p);
    path_of(&p, "private/facts/secret-check", path);
    assert_int_equal(unlink(path), 0);
    const struct log_config config = {
        .ledger_dir = p.dir, .which = LEDGER_FACTS, .secret = other, .signer = &p.signer};
    assert_int_equal(log_open(&p.log, &config, &p.diags), ERR_CORRUPT);
    assert_int_equal(access(path, F_OK), -1);
    open_log(&p);
    assert_published(&p, 5);
    assert_int_equal(access(path, F_OK), 0);
    place_remove(&p);
}

/* A copy of the entries and tiles without checkpoint and private side: a new log would sweep them
 * away. */
static void tiles_of_a_log_that_is_not_known_are_left_alone(void **state)
{
    (void)state;
    struct place p;
    struct text before = {0}, after = {0};
    static const char bundle[] = "facts/tile/entries/000.p/5";
    place_make(&p);
    open_log(&p);
    append_many(&p, 0, 5);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    close_log(&p);
    read_into(&p, bundle, &before);
    shell("rm -r %s/private %s/facts/checkpoint", p.dir, p.dir);
    assert_int_equal(try_open(&p), ERR_CORRUPT);
    read_into(&p, bundle, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, after.len);
    text_free(&before);
    text_free(&after);
    place_remove(&p);
}

/* The public directory leads elsewhere: nothing is sealed where verifying does not look. */
static void log_behind_a_link_is_refused(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    open_log(&p);
    append_many(&p, 0, 5);
    assert_int_equal(log_publish(p.log, &p.diags), 0);
    close_log(&p);
    shell("mv %s/facts %s/elsewhere", p.dir, p.dir);
    shell("ln -s elsewhere %s/facts%s", p.dir, "");
    assert_int_equal(try_open(&p), ERR_CONFLICT);
    assert_said(&p, "this is a link");
    shell("rm %s/facts%s", p.dir, "");
    shell("mv %s/elsewhere %s/facts", p.dir, p.dir);
    open_log(&p);
    assert_published(&p, 5);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_directory_holds_one_size_and_no_more),
        cmocka_unit_test(second_writer_is_refused),
        cmocka_unit_test(crash_between_any_two_files_is_mended),
        cmocka_unit_test(damaged_log_is_refused_and_not_cut),
        cmocka_unit_test(full_disk_keeps_the_checkpoint_and_a_later_run_goes_on),
        cmocka_unit_test(draft_that_does_not_fit_its_table_is_refused),
        cmocka_unit_test(log_takes_nothing_more_after_a_failed_commit),
        cmocka_unit_test(leftovers_of_a_crash_are_gone_after_opening),
        cmocka_unit_test(wrong_secret_leaves_no_trace),
        cmocka_unit_test(tiles_of_a_log_that_is_not_known_are_left_alone),
        cmocka_unit_test(log_behind_a_link_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
