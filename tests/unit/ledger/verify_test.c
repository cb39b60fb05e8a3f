/* Verifying: every byte of a small ledger changed, files missing, too many or swapped. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/dir_walk.h"

static struct fixture fixture;

static int make_ledger(void **state)
{
    (void)state;
    fixture_make(&fixture);
    fixture_fill(&fixture, LEDGER_FACTS, 0, 2);
    fixture_fill(&fixture, LEDGER_ACTS, 0, 1);
    return 0;
}

static int remove_ledger(void **state)
{
    (void)state;
    fixture_remove(&fixture);
    return 0;
}

static void untouched_ledger_verifies(void **state)
{
    (void)state;
    struct verify_result result;
    assert_int_equal(fixture_verify(&fixture, &result), 0);
    assert_int_equal(result.facts_size, 2);
    assert_int_equal(result.acts_size, 1);
    assert_int_equal(result.private_entries, 3);
    assert_int_equal(result.ignored_signature_lines, 0);
}

struct file_list {
    char *paths[64];
    size_t n;
    const char *log;
};

static void add_file(void *ctx, const char *path, enum dir_item item)
{
    struct file_list *list = ctx;
    assert_int_equal(item, DIR_FILE);
    assert_true(list->n < 64);
    assert_true(asprintf(&list->paths[list->n++], "%s/%s", list->log, path) > 0);
}

static void public_files(struct file_list *list)
{
    *list = (struct file_list){0};
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        list->log = i ? "acts" : "facts";
        char *dir = path_in(fixture.dir, list->log);
        assert_int_equal(dir_walk(dir, add_file, list), 0);
        free(dir);
    }
}

static void free_files(struct file_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->paths[i]);
}

static void overwrite(const char *path, const char *data, size_t len)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

static void every_changed_byte_is_found_and_its_log_named(void **state)
{
    (void)state;
    struct file_list files;
    struct verify_result result;
    public_files(&files);
    assert_int_equal(files.n, 6);
    for (size_t i = 0; i < files.n; i++) {
        char *path = path_in(fixture.dir, files.paths[i]);
        struct text data = {0};
        assert_int_equal(file_read(path, 1 << 20, &data), 0);
        for (size_t at = 0; at < data.len; at++)
            for (int flip = 0x01; flip <= 0x80; flip += 0x7f) {
                data.data[at] = (char)(data.data[at] ^ flip);
                overwrite(path, data.data, data.len);
                int error = fixture_verify(&fixture, &result);
                data.data[at] = (char)(data.data[at] ^ flip);
                if (error == 0)
                    fail_msg("%s byte %zu ^ %#x is not noticed", files.paths[i], at,
                             (unsigned)flip);
                if (!diags_mention(&fixture.diags, i < 3 ? "facts/" : "acts/"))
                    fail_msg("%s byte %zu: the log is not named", files.paths[i], at);
            }
        overwrite(path, data.data, data.len);
        text_free(&data);
        free(path);
    }
    free_files(&files);
    assert_int_equal(fixture_verify(&fixture, &result), 0);
}

static void file_that_is_missing_short_or_long_is_named(void **state)
{
    (void)state;
    struct file_list files;
    struct verify_result result;
    public_files(&files);
    for (size_t i = 0; i < files.n; i++) {
        char *path = path_in(fixture.dir, files.paths[i]);
        struct text data = {0};
        assert_int_equal(file_read(path, 1 << 20, &data), 0);
        assert_int_equal(unlink(path), 0);
        assert_true(fixture_verify(&fixture, &result) != 0);
        assert_true(diags_mention(&fixture.diags, files.paths[i]));
        overwrite(path, data.data, data.len - 1);
        assert_true(fixture_verify(&fixture, &result) != 0);
        assert_true(diags_mention(&fixture.diags, files.paths[i]));
        text_append(&data, "\n", 1);
        overwrite(path, data.data, data.len);
        assert_true(fixture_verify(&fixture, &result) != 0);
        assert_true(diags_mention(&fixture.diags, files.paths[i]));
        overwrite(path, data.data, data.len - 1);
        text_free(&data);
        free(path);
    }
    free_files(&files);
    assert_int_equal(fixture_verify(&fixture, &result), 0);
}

static void stray_file_directory_and_link_are_named(void **state)
{
    (void)state;
    static const char *const strays[] = {"facts/stray", "facts/tile/stray", "acts/tile/0/000",
                                         "facts/tile/0/000.p/3", "facts/tile/1/000"};
    struct verify_result result;
    for (size_t i = 0; i < sizeof strays / sizeof strays[0]; i++) {
        char *path = path_in(fixture.dir, strays[i]), *above = strdup(path);
        *strrchr(above, '/') = 0;
        mkdir(above, 0755);
        overwrite(path, "x", 1);
        assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
        assert_true(diags_mention(&fixture.diags, strays[i]));
        unlink(path);
        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
        assert_true(diags_mention(&fixture.diags, strays[i]));
        rmdir(path);
        assert_int_equal(symlink("/dev/null", path), 0);
        assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
        unlink(path);
        rmdir(above);
        free(above);
        free(path);
    }
    assert_int_equal(fixture_verify(&fixture, &result), 0);
}

/* A pipe without a writer would be waited for; a link leads out of what was given to be verified.
 */
static void pipe_or_link_in_the_place_of_a_file_is_named(void **state)
{
    (void)state;
    static const char *const places[] = {"facts/checkpoint", "facts/tile/0/000.p/2",
                                         "facts/tile/entries/000.p/2", "private/facts/disclosures"};
    struct verify_result result;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *path = path_in(fixture.dir, places[i]), *away = path_in(fixture.dir, "away");
        assert_int_equal(rename(path, away), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        alarm(20); /* ends a test that waits */
        assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
        alarm(0);
        assert_true(diags_mention(&fixture.diags, places[i]));
        assert_true(diags_mention(&fixture.diags, "no plain file"));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(away, path), 0);
        assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
        assert_true(diags_mention(&fixture.diags, "no plain file"));
        assert_int_equal(rename(away, path), 0);
        free(path);
        free(away);
    }
    assert_int_equal(fixture_verify(&fixture, &result), 0);
}

static void log_without_key_or_directory_is_an_error(void **state)
{
    (void)state;
    struct verify_result result;
    const char *keys[] = {text_str(&fixture.vkeys[0])};
    struct verify_request request = {.dir = fixture.dir, .keys = keys, .n_keys = 1};
    assert_int_equal(ledger_verify(&request, &result, &fixture.diags), ERR_KEY);
    char *acts = path_in(fixture.dir, "acts"), *away = path_in(fixture.dir, "away");
    assert_int_equal(rename(acts, away), 0);
    assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
    /* The facts in the place of the acts as well. */
    char *facts = path_in(fixture.dir, "facts");
    assert_int_equal(symlink(facts, acts), 0);
    assert_int_equal(fixture_verify(&fixture, &result), ERR_CORRUPT);
    unlink(acts);
    assert_int_equal(rename(away, acts), 0);
    free(acts);
    free(away);
    free(facts);
}

static void line_of_an_unknown_key_is_counted(void **state)
{
    (void)state;
    struct verify_result result;
    struct note_signer other;
    struct text note = {0}, more = {0};
    struct note_view view;
    size_t at;
    char *path = path_in(fixture.dir, "facts/checkpoint");
    assert_int_equal(note_signer_generate("witness.example/x", &other), 0);
    assert_int_equal(file_read(path, 4096, &note), 0);
    assert_int_equal(note_parse(note.data, note.len, &view, &at), 0);
    text_append(&more, note.data, note.len);
    note_signature_line(&more, view.body, view.body_len, &other);
    overwrite(path, more.data, more.len);
    assert_int_equal(fixture_verify(&fixture, &result), 0);
    assert_int_equal(result.ignored_signature_lines, 1);
    overwrite(path, note.data, note.len);
    text_free(&note);
    text_free(&more);
    free(path);
}

static void changed_private_value_does_not_fit_its_commitment(void **state)
{
    (void)state;
    struct verify_result result;
    struct text data = {0};
    char *path = path_in(fixture.dir, "private/facts/disclosures");
    assert_int_equal(file_read(path, 1 << 20, &data), 0);
    for (size_t at = 0; at < data.len; at += 11) {
        data.data[at] ^= 1;
        overwrite(path, data.data, data.len);
        int error = fixture_verify(&fixture, &result);
        data.data[at] ^= 1;
        if (error != ERR_CORRUPT && error != ERR_SYNTAX)
            fail_msg("private byte %zu is not noticed", at);
        assert_true(result.private_entries < 3);
    }
    overwrite(path, data.data, data.len);
    text_free(&data);
    free(path);
    assert_int_equal(fixture_verify(&fixture, &result), 0);
}

/* What is left out changes no commitment; it is noticed all the same. */
static void disclosure_that_is_left_out_is_noticed(void **state)
{
    (void)state;
    struct verify_result result;
    struct text data = {0}, less = {0};
    char *path = path_in(fixture.dir, "private/facts/disclosures");
    assert_int_equal(file_read(path, 1 << 20, &data), 0);
    unsigned tried = 0;
    char *at = strchr(data.data, '[') + 1, *line_end = strchr(data.data, '\n');
    while (at < line_end && *at == '"') {
        char *next = strchr(at + 1, '"') + 1;
        next += *next == ',';
        text_clear(&less);
        text_append(&less, data.data, (size_t)(at - data.data));
        text_puts(&less, next);
        overwrite(path, less.data, less.len);
        /* The last one left a comma in front of it: no JSON at all. */
        int error = fixture_verify(&fixture, &result);
        assert_true(error == ERR_CORRUPT || (*next == ']' && error == ERR_SYNTAX));
        assert_int_equal(result.private_entries, 2);
        at = next;
        tried++;
    }
    assert_int_equal(tried, 8); /* id, kind, revision, two elements, three fields */
    overwrite(path, data.data, data.len);
    text_free(&data);
    text_free(&less);
    free(path);
    assert_int_equal(fixture_verify(&fixture, &result), 0);
}

static void ledger_of_no_entries_verifies(void **state)
{
    (void)state;
    struct fixture empty;
    struct verify_result result;
    fixture_make(&empty);
    fixture_fill(&empty, LEDGER_FACTS, 0, 0);
    fixture_fill(&empty, LEDGER_ACTS, 0, 0);
    assert_int_equal(fixture_verify(&empty, &result), 0);
    fixture_remove(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untouched_ledger_verifies),
        cmocka_unit_test(every_changed_byte_is_found_and_its_log_named),
        cmocka_unit_test(file_that_is_missing_short_or_long_is_named),
        cmocka_unit_test(stray_file_directory_and_link_are_named),
        cmocka_unit_test(pipe_or_link_in_the_place_of_a_file_is_named),
        cmocka_unit_test(log_without_key_or_directory_is_an_error),
        cmocka_unit_test(line_of_an_unknown_key_is_counted),
        cmocka_unit_test(changed_private_value_does_not_fit_its_commitment),
        cmocka_unit_test(disclosure_that_is_left_out_is_noticed),
        cmocka_unit_test(ledger_of_no_entries_verifies),
    };
    return cmocka_run_group_tests(tests, make_ledger, remove_ledger);
}
