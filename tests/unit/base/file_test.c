#include "tests/unit/check.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/file_test.XXXXXX", path[64], deep[64];
    struct text out = {0};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(deep, sizeof deep, "%s/a/b", dir);
    snprintf(path, sizeof path, "%s/a/b/f", dir);
    assert_int_equal(file_replace(path, "x", 1, 0600), ERR_IO);
    assert_int_equal(file_make_dirs(deep, 0700), 0);
    assert_int_equal(file_make_dirs(deep, 0700), 0);
    assert_int_equal(file_replace(path, "old content", 11, 0600), 0);
    assert_int_equal(file_replace(path, "new", 3, 0600), 0);
    assert_int_equal(file_read(path, 100, &out), 0);
    assert_string_equal(text_str(&out), "new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    text_clear(&out);
    assert_int_equal(file_read(path, 2, &out), ERR_RANGE);
    assert_int_equal(file_read("/nonexistent/f", 2, &out), ERR_NOT_FOUND);
    strcat(path, ".new");
    assert_int_equal(access(path, F_OK), -1);
    text_free(&out);
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* What is for its owner only must not land in a file that somebody else made and can read. */
static void what_stands_in_the_way_is_not_written_into(void **state)
{
    (void)state;
    char dir[] = "/tmp/file_test.XXXXXX", path[64], fresh[64], target[64];
    struct text out = {0};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/secret", dir);
    snprintf(fresh, sizeof fresh, "%s/secret.new", dir);
    snprintf(target, sizeof target, "%s/elsewhere", dir);
    /* A link to a file of somebody else, then a file that all can read and one has open. */
    assert_int_equal(symlink(target, fresh), 0);
    assert_int_equal(file_replace(path, "one", 3, 0600), 0);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    FILE *held = fopen(fresh, "w+e");
    assert_non_null(held);
    assert_int_equal(fchmod(fileno(held), 0666), 0);
    assert_int_equal(file_replace(path, "two", 3, 0600), 0);
    assert_int_equal(fgetc(held), EOF);
    assert_int_equal(fclose(held), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(path, 100, &out), 0);
    assert_string_equal(text_str(&out), "two");
    text_free(&out);
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced_whole),
        cmocka_unit_test(what_stands_in_the_way_is_not_written_into)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
