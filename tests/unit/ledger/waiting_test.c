/* What waits: in order, bounded, and in a file that outlives whoever wrote it. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/waiting.h"

#include <fcntl.h>
#include <sys/resource.h>

struct place {
    char *dir, *file;
    struct waiting waiting;
    struct diags diags;
};

static void place_make(struct place *p)
{
    *p = (struct place){.dir = make_temporary()};
    char *private_dir = path_in(p->dir, "private");
    assert_int_equal(file_make_dirs(private_dir, 0700), 0);
    free(private_dir);
    p->file = path_in(p->dir, "private/waiting");
}
static void place_remove(struct place *p)
{
    remove_tree(p->dir);
    free(p->dir);
    free(p->file);
    diags_free(&p->diags);
}
static int open_waiting(struct place *p, size_t max)
{
    return waiting_open(&p->waiting, p->dir, max, &p->diags);
}

static int add(struct waiting *w, unsigned number)
{
    char text[32];
    return waiting_add(w, text, (size_t)snprintf(text, sizeof text, "draft %u", number));
}
static void assert_waits(const struct waiting *w, unsigned from, unsigned to)
{
    const struct waiting_draft *d = w->first;
    for (unsigned i = from; i < to; i++, d = d->next) {
        char text[32];
        size_t len = (size_t)snprintf(text, sizeof text, "draft %u", i);
        assert_non_null(d);
        assert_int_equal(d->len, len);
        assert_memory_equal(d->bytes, text, len);
    }
    assert_null(d);
    assert_int_equal(w->n, to - from);
}

static void kept_drafts_are_there_for_the_next_owner_and_others_are_not(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 65536), 0);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(add(&p.waiting, i), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    assert_int_equal(add(&p.waiting, 7), 0);
    assert_waits(&p.waiting, 0, 8);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(open_waiting(&p, 65536), 0);
    assert_waits(&p.waiting, 0, 7);
    waiting_close(&p.waiting, &p.diags);
    place_remove(&p);
}

static void room_is_reserved_and_taken_away_when_nothing_waits(void **state)
{
    (void)state;
    struct place p;
    struct stat st;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 300000), 0);
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(st.st_size, 300000);
    assert_true(st.st_blocks * 512 >= 300000);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(add(&p.waiting, 0), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    waiting_done(&p.waiting);
    waiting_reset(&p.waiting);
    assert_int_equal(stat(p.file, &st), 0);
    assert_true(st.st_blocks * 512 >= 300000);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(access(p.file, F_OK), -1);
    place_remove(&p);
}

/* Records of equal length take the places of older ones: none of those comes back. */
/* A directory of the file's name stands for a disk that takes no change. */
static void file_that_stays_is_said(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 65536), 0);
    assert_int_equal(unlink(p.file), 0);
    assert_int_equal(mkdir(p.file, 0700), 0);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(p.diags.n, 1);
    assert_int_equal(p.diags.items[0].level, DIAG_WARNING);
    assert_true(diags_mention(&p.diags, "but the file stays"));
    assert_true(diags_mention(&p.diags, "Is a directory"));
    place_remove(&p);
}

/* Without its descriptor a file can no more be emptied than on a disk that answers with errors.
 * What waits since then is not said to be nothing. */
static void file_that_is_not_emptied_is_said_while_nothing_waits(void **state)
{
    (void)state;
    for (unsigned later = 0; later < 2; later++) {
        struct place p;
        place_make(&p);
        assert_int_equal(open_waiting(&p, 65536), 0);
        assert_int_equal(add(&p.waiting, 0), 0);
        assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
        waiting_done(&p.waiting);
        close(p.waiting.file.fd);
        p.waiting.file.fd = -1;
        waiting_reset(&p.waiting);
        for (unsigned i = 0; i < later; i++)
            assert_int_equal(add(&p.waiting, 1), 0);
        waiting_close(&p.waiting, &p.diags);
        assert_int_equal(p.diags.n, !later);
        assert_int_equal(diags_mention(&p.diags, "Bad file descriptor"), !later);
        assert_int_equal(access(p.file, F_OK), 0);
        place_remove(&p);
    }
}

static void reset_file_gives_nothing_back(void **state)
{
    (void)state;
    struct place p;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 65536), 0);
    for (unsigned i = 10; i < 20; i++)
        assert_int_equal(add(&p.waiting, i), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    for (unsigned i = 0; i < 10; i++)
        waiting_done(&p.waiting);
    waiting_reset(&p.waiting);
    assert_int_equal(add(&p.waiting, 30), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(open_waiting(&p, 65536), 0);
    assert_waits(&p.waiting, 30, 31);
    waiting_close(&p.waiting, &p.diags);
    place_remove(&p);
}

static void bound_is_kept_in_memory_and_in_the_file(void **state)
{
    (void)state;
    struct place p;
    struct stat st;
    unsigned n = 0;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 1000), 0);
    while (add(&p.waiting, 100 + n) == 0)
        n++;
    assert_int_equal(n, 1000 / (4 + 32 + 9)); /* a record is length, digest, "draft 100" */
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(st.st_size, 1000);
    /* One that is done makes room in memory; in the file only an empty list does. */
    waiting_done(&p.waiting);
    assert_int_equal(add(&p.waiting, 200), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), ERR_FULL);
    assert_int_equal(p.waiting.n, n);
    waiting_close(&p.waiting, &p.diags);
    /* What is there is taken, also by an owner that allows less. */
    assert_int_equal(open_waiting(&p, 10), 0);
    assert_waits(&p.waiting, 100, 100 + n);
    waiting_close(&p.waiting, &p.diags);
    place_remove(&p);
}

static void second_engine_is_refused_and_takes_nothing_away(void **state)
{
    (void)state;
    struct place p, second;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 65536), 0);
    second = p;
    second.diags = (struct diags){0};
    assert_int_equal(open_waiting(&second, 65536), ERR_CONFLICT);
    assert_int_equal(second.waiting.n, 0);
    waiting_close(&second.waiting, &second.diags);
    diags_free(&second.diags);
    assert_int_equal(access(p.file, F_OK), 0);
    assert_int_equal(add(&p.waiting, 0), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(open_waiting(&p, 65536), 0);
    assert_waits(&p.waiting, 0, 1);
    waiting_close(&p.waiting, &p.diags);
    place_remove(&p);
}

/* A write that was torn, wherever: what is whole in front of it is there. */
static void torn_file_gives_what_is_whole(void **state)
{
    (void)state;
    struct place p;
    struct text whole = {0};
    place_make(&p);
    assert_int_equal(open_waiting(&p, 400), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(add(&p.waiting, i), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    const size_t record = p.waiting.bytes / 4;
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(file_read(p.file, 4096, &whole), 0);
    for (size_t at = 0; at < 4 * record; at++) {
        struct text torn = {0};
        text_append(&torn, whole.data, whole.len);
        memset(torn.data + at, 0, whole.len - at);
        assert_int_equal(file_replace(p.file, torn.data, torn.len, 0600), 0);
        text_free(&torn);
        assert_int_equal(open_waiting(&p, 400), 0);
        assert_waits(&p.waiting, 0, (unsigned)(at / record));
        waiting_close(&p.waiting, &p.diags);
    }
    text_free(&whole);
    place_remove(&p);
}

/* What is cut off behind a torn record was never promised; that something is cut off is said. */
static void damage_is_said_and_reserved_room_is_none(void **state)
{
    (void)state;
    struct place p;
    struct text whole = {0};
    place_make(&p);
    assert_int_equal(open_waiting(&p, 400), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(add(&p.waiting, i), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    const size_t record = p.waiting.bytes / 4;
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(open_waiting(&p, 400), 0);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(p.diags.n, 0);
    assert_int_equal(file_read(p.file, 4096, &whole), 0);
    whole.data[2 * record + 40] ^= 1;
    assert_int_equal(file_replace(p.file, whole.data, whole.len, 0600), 0);
    assert_int_equal(open_waiting(&p, 400), 0);
    assert_waits(&p.waiting, 0, 2);
    assert_true(diags_mention(&p.diags, "behind the 2 entries"));
    waiting_close(&p.waiting, &p.diags);
    text_free(&whole);
    place_remove(&p);
}

/* With no file descriptor left for reading it: it could as well be the disk. */
static void file_that_cannot_be_read_is_not_taken_away(void **state)
{
    (void)state;
    struct place p;
    struct rlimit before, few;
    place_make(&p);
    assert_int_equal(open_waiting(&p, 400), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(add(&p.waiting, i), 0);
    assert_int_equal(waiting_keep(&p.waiting, &p.diags), 0);
    waiting_close(&p.waiting, &p.diags);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    for (rlim_t more = 0; more < 4; more++) {
        few = before;
        few.rlim_cur = (rlim_t)lowest + more;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        int error = open_waiting(&p, 400);
        waiting_close(&p.waiting, &p.diags);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(error, more < 3 ? ERR_IO : 0);
        assert_int_equal(open_waiting(&p, 400), 0);
        assert_waits(&p.waiting, 0, 4);
        waiting_close(&p.waiting, &p.diags);
    }
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_drafts_are_there_for_the_next_owner_and_others_are_not),
        cmocka_unit_test(room_is_reserved_and_taken_away_when_nothing_waits),
        cmocka_unit_test(file_that_stays_is_said),
        cmocka_unit_test(file_that_is_not_emptied_is_said_while_nothing_waits),
        cmocka_unit_test(reset_file_gives_nothing_back),
        cmocka_unit_test(bound_is_kept_in_memory_and_in_the_file),
        cmocka_unit_test(second_engine_is_refused_and_takes_nothing_away),
        cmocka_unit_test(torn_file_gives_what_is_whole),
        cmocka_unit_test(damage_is_said_and_reserved_room_is_none),
        cmocka_unit_test(file_that_cannot_be_read_is_not_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
