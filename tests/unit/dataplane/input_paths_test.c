/* Folders become the files in and below them, in an order that depends on their names alone. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "dataplane/input_paths.h"
#include "tests/unit/dataplane/capture_build.h"

static struct folder folder;

static int make_folder(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void make(const char *name)
{
    struct path p = folder_file(&folder, name);
    assert_int_equal(mkdir(p.text, 0700), 0);
}

static void expect_path(const struct input_paths *p, size_t i, const char *name, bool found)
{
    assert_true(i < p->n);
    struct path want = folder_file(&folder, name);
    assert_string_equal(p->items[i].path, found ? want.text : name);
    assert_int_equal(p->items[i].found, found);
}

static void a_folder_is_its_files_in_order(void **state)
{
    (void)state;
    make("b");
    make("b/deep");
    make("empty");
    /* Bytes decide: capitals come before small letters, and the folder b between a and b.pcap. */
    static const char *const files[] = {"Z.pcap",   "a.pcap", "b/2",    "b/10",
                                        "b/deep/x", "b.pcap", ".hidden"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        file_write(&folder, files[i], "x", 1);
    struct path fifo = folder_file(&folder, "fifo"), link = folder_file(&folder, "link"),
                to_file = folder_file(&folder, "to-file");
    assert_int_equal(mkfifo(fifo.text, 0600), 0);
    assert_int_equal(symlink(".", link.text), 0); /* would never end */
    assert_int_equal(symlink("a.pcap", to_file.text), 0);
    struct diags diags = {0};
    struct input_paths p;
    const char *const given[] = {"some file", folder.path};
    assert_int_equal(input_paths_find(&p, given, 2, &diags), 0);
    static const char *const want[] = {".hidden", "Z.pcap",   "a.pcap", "b/10",
                                       "b/2",     "b/deep/x", "b.pcap", "to-file"};
    assert_int_equal(p.n, 1 + sizeof want / sizeof want[0]);
    expect_path(&p, 0, "some file", false);
    assert_int_equal(p.items[0].given, 0);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        expect_path(&p, i + 1, want[i], true);
        assert_int_equal(p.items[i + 1].given, 1);
    }
    assert_int_equal(p.broken, 0);
    /* The FIFO and the link to a folder are named, and no error. */
    assert_int_equal(diags.errors, 0);
    assert_int_equal(diags.warnings, 2);
    assert_string_equal(diags.items[0].pos.file, fifo.text);
    assert_string_equal(diags.items[1].pos.file, link.text);
    input_paths_free(&p);
    diags_free(&diags);
}

static void what_cannot_be_walked_is_broken(void **state)
{
    (void)state;
    struct path empty = folder_file(&folder, "empty2");
    assert_int_equal(mkdir(empty.text, 0700), 0);
    struct diags diags = {0};
    struct input_paths p;
    const char *const given[] = {empty.text, "-", "-"};
    assert_int_equal(input_paths_find(&p, given, 3, &diags), 0);
    assert_int_equal(p.n, 1);
    assert_string_equal(p.items[0].path, "-");
    assert_int_equal(p.broken, 2);
    assert_int_equal(diags.errors, 2);
    assert_string_equal(diags.items[0].pos.file, empty.text);
    assert_true(diags_hold(&diags, DIAG_ERROR, "only once"));
    input_paths_free(&p);
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_its_files_in_order),
        cmocka_unit_test(what_cannot_be_walked_is_broken),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
