/* Signatures over accords, and keys. */
#include "tests/unit/correlate/accord_fixture.h"

#include <sys/stat.h>

static int start(void **state)
{
    struct fixture *f = malloc(sizeof *f);
    fixture_start(f);
    *state = f;
    return 0;
}
static int end(void **state)
{
    fixture_end(*state);
    free(*state);
    return 0;
}

static int verify(struct fixture *f)
{
    char path[TEMPORARY_FILE], note[TEMPORARY_FILE];
    FILE *out = fopen("/dev/null", "w");
    snprintf(path, sizeof path, "%s/example-grid.yaml", f->dir);
    snprintf(note, sizeof note, "%s/example-grid.note", f->dir);
    int error = accord_verify(path, note, out, &f->diags);
    fclose(out);
    return error;
}

static int sign(struct fixture *f, const char *name)
{
    char path[TEMPORARY_FILE], key[TEMPORARY_FILE], note[TEMPORARY_FILE];
    put_key(f, "key", name);
    snprintf(path, sizeof path, "%s/example-grid.yaml", f->dir);
    snprintf(key, sizeof key, "%s/key", f->dir);
    snprintf(note, sizeof note, "%s/example-grid.note", f->dir);
    return accord_sign(path, key, note, &f->diags);
}

static void shipped_note_is_signed_by_both_parties(void **state)
{
    assert_int_equal(verify(*state), 0);
}

static void quorum_of_every_party_is_needed(void **state)
{
    struct fixture *f = *state;
    unlink(in_fixture(f, "example-grid.note"));
    assert_int_equal(verify(f), ERR_NOT_FOUND);
    assert_int_equal(sign(f, "amber"), 0);
    assert_int_equal(verify(f), ERR_SIGNATURE);
    assert_int_equal(sign(f, "amber-reserve"), 0);
    assert_int_equal(verify(f), ERR_SIGNATURE);
    assert_int_equal(sign(f, "basalt"), 0);
    assert_int_equal(verify(f), 0);
}

static void second_signature_of_a_key_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct text before = {0}, after = {0};
    assert_int_equal(file_read(in_fixture(f, "example-grid.note"), 4096, &before), 0);
    assert_int_equal(sign(f, "amber"), 0);
    assert_int_equal(file_read(in_fixture(f, "example-grid.note"), 4096, &after), 0);
    assert_string_equal(before.data, after.data);
    text_free(&before);
    text_free(&after);
}

static void key_of_no_party_cannot_sign(void **state)
{
    assert_int_equal(sign(*state, "cobalt"), ERR_KEY);
    assert_int_equal(verify(*state), 0);
}

static void key_of_the_same_name_but_other_bytes_cannot_sign(void **state)
{
    struct fixture *f = *state;
    uint8_t seed[32] = {7};
    struct note_signer signer;
    struct text text = {0};
    char path[TEMPORARY_FILE], note[TEMPORARY_FILE], key[TEMPORARY_FILE];
    assert_int_equal(note_signer_from_seed("amber", seed, &signer), 0);
    note_signer_format(&text, &signer);
    put_file(f, "other-key", text.data);
    text_free(&text);
    snprintf(path, sizeof path, "%s/example-grid.yaml", f->dir);
    snprintf(key, sizeof key, "%s/other-key", f->dir);
    snprintf(note, sizeof note, "%s/example-grid.note", f->dir);
    assert_int_equal(accord_sign(path, key, note, &f->diags), ERR_KEY);
}

static void changed_accord_is_not_the_signed_one(void **state)
{
    struct fixture *f = *state;
    free(change_file(f, "example-grid.yaml", "completed: 70", "completed: 71"));
    assert_int_equal(verify(f), ERR_CONFLICT);
    assert_int_equal(sign(f, "amber"), ERR_CONFLICT);
}

static void damaged_signature_does_not_verify(void **state)
{
    struct fixture *f = *state;
    struct text note = {0};
    assert_int_equal(file_read(in_fixture(f, "example-grid.note"), 4096, &note), 0);
    char *at = strstr(note.data, "basalt ") + 30;
    *at = *at == 'A' ? 'B' : 'A';
    put_file(f, "example-grid.note", note.data);
    assert_int_equal(verify(f), ERR_SIGNATURE);
    text_free(&note);
}

static void note_without_its_form_is_refused_with_a_position(void **state)
{
    struct fixture *f = *state;
    put_file(f, "example-grid.note", "plimsoll-accord/1\nexample-grid\n");
    assert_int_equal(verify(f), ERR_SYNTAX);
    assert_true(f->diags.items[0].pos.line > 0);
}

static void key_file_is_private_and_never_overwritten(void **state)
{
    struct fixture *f = *state;
    char vkey[512] = "", path[TEMPORARY_FILE];
    struct text key = {0}, formatted = {0};
    struct note_signer signer;
    struct stat st;
    snprintf(path, sizeof path, "%s", in_fixture(f, "key"));
    FILE *out = fmemopen(vkey, sizeof vkey, "w");
    assert_int_equal(accord_keygen("amber", path, out, &f->diags), 0);
    fclose(out);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(path, 4096, &key), 0);
    key.data[key.len - 1] = '\0';
    assert_int_equal(note_signer_parse(key.data, &signer), 0);
    note_verifier_format(&formatted, &signer.verifier);
    vkey[strcspn(vkey, "\n")] = '\0';
    assert_string_equal(vkey, formatted.data);
    out = fopen("/dev/null", "w");
    assert_int_equal(accord_keygen("amber", path, out, &f->diags), ERR_EXISTS);
    assert_int_not_equal(accord_keygen("two words", in_fixture(f, "other-key"), out, &f->diags), 0);
    fclose(out);
    struct text again = {0};
    assert_int_equal(file_read(path, 4096, &again), 0);
    assert_memory_equal(again.data, key.data, key.len - 1);
    text_free(&key);
    text_free(&again);
    text_free(&formatted);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(shipped_note_is_signed_by_both_parties),
        TEST(quorum_of_every_party_is_needed),
        TEST(second_signature_of_a_key_changes_nothing),
        TEST(key_of_no_party_cannot_sign),
        TEST(key_of_the_same_name_but_other_bytes_cannot_sign),
        TEST(changed_accord_is_not_the_signed_one),
        TEST(damaged_signature_does_not_verify),
        TEST(note_without_its_form_is_refused_with_a_position),
        TEST(key_file_is_private_and_never_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
