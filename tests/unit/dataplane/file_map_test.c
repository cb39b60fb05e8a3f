/* Maps of files that become shorter: read on, see zeros, and be told. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "dataplane/file_map.h"
#include "tests/unit/dataplane/capture_build.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096

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

static struct path write_pages(const char *name, unsigned pages, uint8_t fill)
{
    uint8_t *data = malloc((size_t)pages * PAGE);
    assert_non_null(data);
    memset(data, fill, (size_t)pages * PAGE);
    struct path p = file_write(&folder, name, data, (size_t)pages * PAGE);
    free(data);
    return p;
}

static void open_map(struct file_map *m, const struct path *p, unsigned pages)
{
    int fd = open(p->text, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(file_map_open(m, fd, (size_t)pages * PAGE), 0);
}

static void what_the_file_lost_reads_as_zeros_and_is_told(void **state)
{
    (void)state;
    struct path p = write_pages("a", 8, 'x');
    struct file_map m;
    size_t now = 7;
    open_map(&m, &p, 8);
    assert_false(file_map_shrunk(&m, &now));
    assert_int_equal(now, 7);
    assert_int_equal(truncate(p.text, 3 * PAGE + 100), 0);
    assert_true(file_map_shrunk(&m, &now)); /* before anything is touched */
    assert_int_equal(now, 3 * PAGE + 100);
    assert_int_equal(m.data[3 * PAGE + 99], 'x');
    assert_int_equal(m.data[3 * PAGE + 100], 0); /* the rest of the last page: no signal comes */
    for (size_t at = 4 * PAGE; at < 8 * PAGE; at += 1000)
        assert_int_equal(m.data[at], 0);
    assert_int_equal(m.data[0], 'x');
    /* It stays told when the file grows again: the zeros are still in the map. */
    assert_int_equal(truncate(p.text, 8 * PAGE), 0);
    assert_true(file_map_shrunk(&m, &now));
    assert_int_equal(now, 4 * PAGE);
    file_map_close(&m);
}

static void each_map_is_guarded(void **state)
{
    (void)state;
    struct path a = write_pages("a", 2, 'a'), b = write_pages("b", 2, 'b'),
                c = write_pages("c", 2, 'c');
    struct file_map x, y, z;
    open_map(&x, &a, 2);
    open_map(&y, &b, 2);
    open_map(&z, &c, 2);
    file_map_close(&y); /* the one in the middle of the list */
    assert_int_equal(truncate(a.text, 0), 0);
    assert_int_equal(truncate(c.text, 0), 0);
    assert_int_equal(x.data[PAGE], 0);
    assert_int_equal(x.data[0], 0);
    assert_int_equal(z.data[0], 0);
    size_t now;
    assert_true(file_map_shrunk(&x, &now));
    assert_int_equal(now, 0);
    file_map_close(&x);
    file_map_close(&z);
    file_map_close(&z); /* closed already: nothing to do */
}

static void a_fault_elsewhere_is_not_ours(void **state)
{
    (void)state;
    struct path a = write_pages("a", 1, 'a'), other = write_pages("o", 1, 'o');
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct file_map m;
        signal(SIGBUS, SIG_DFL);
        open_map(&m, &a, 1);
        int fd = open(other.text, O_RDONLY);
        const volatile uint8_t *map = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
        if (truncate(other.text, 0) != 0)
            _exit(1);
        _exit(map[0] == 0 ? 2 : 3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void the_earlier_handler_is_put_back(void **state)
{
    (void)state;
    struct path a = write_pages("a", 1, 'a');
    struct sigaction mine = {.sa_handler = SIG_IGN}, now;
    struct sigaction saved;
    sigaction(SIGBUS, &mine, &saved);
    struct file_map m;
    open_map(&m, &a, 1);
    sigaction(SIGBUS, NULL, &now);
    assert_true(now.sa_handler != SIG_IGN);
    file_map_close(&m);
    sigaction(SIGBUS, NULL, &now);
    assert_true(now.sa_handler == SIG_IGN);
    sigaction(SIGBUS, &saved, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_file_lost_reads_as_zeros_and_is_told),
        cmocka_unit_test(each_map_is_guarded),
        cmocka_unit_test(a_fault_elsewhere_is_not_ours),
        cmocka_unit_test(the_earlier_handler_is_put_back),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
