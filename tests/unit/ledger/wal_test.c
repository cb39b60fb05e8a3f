/* The write-ahead log: what was committed comes back, and only that, wherever the file is torn. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/wal.h"

#define RECORDS 4

struct taken {
    unsigned n;
};

static int take_record(void *ctx, const void *payload, size_t len)
{
    struct taken *t = ctx;
    char expected[32];
    snprintf(expected, sizeof expected, "payload %u", t->n);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(payload, expected, len);
    t->n++;
    return 0;
}

static void put_records(struct wal *wal, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char payload[32];
        snprintf(payload, sizeof payload, "payload %u", i);
        assert_int_equal(wal_append(wal, payload, strlen(payload)), 0);
    }
}

static void file_torn_at_any_byte_gives_the_records_before(void **state)
{
    (void)state;
    char *dir = make_temporary(), *path = path_in(dir, "wal");
    struct diags diags = {0};
    struct text whole = {0};
    struct wal wal;
    uint64_t cut;
    struct taken t = {0};
    assert_int_equal(wal_open(&wal, path, take_record, &t, &cut, &diags), 0);
    put_records(&wal, 0, RECORDS);
    assert_int_equal(wal_commit(&wal, &diags), 0);
    wal_close(&wal);
    assert_int_equal(file_read(path, 4096, &whole), 0);
    size_t record = whole.len / RECORDS;
    for (size_t len = 0; len <= whole.len; len++)
        for (int garbage = 0; garbage < 2; garbage++) {
            struct text torn = {0};
            text_append(&torn, whole.data, len);
            for (int i = 0; garbage && i < 60; i++)
                text_append(&torn, "\0", 1);
            assert_int_equal(file_replace(path, text_str(&torn), torn.len, 0600), 0);
            t.n = 0;
            assert_int_equal(wal_open(&wal, path, take_record, &t, &cut, &diags), 0);
            assert_int_equal(t.n, len / record);
            assert_int_equal(cut, torn.len - t.n * record);
            assert_int_equal(wal_cut(&wal, &diags), 0);
            /* It goes on from there. */
            put_records(&wal, t.n, RECORDS);
            assert_int_equal(wal_commit(&wal, &diags), 0);
            wal_close(&wal);
            struct text again = {0};
            assert_int_equal(file_read(path, 4096, &again), 0);
            assert_int_equal(again.len, whole.len);
            assert_memory_equal(again.data, whole.data, whole.len);
            text_free(&again);
            text_free(&torn);
        }
    text_free(&whole);
    remove_tree(dir);
    free(dir);
    free(path);
}

static void changed_byte_ends_the_log_before_its_record(void **state)
{
    (void)state;
    char *dir = make_temporary(), *path = path_in(dir, "wal");
    struct diags diags = {0};
    struct text whole = {0};
    struct wal wal;
    uint64_t cut;
    struct taken t = {0};
    assert_int_equal(wal_open(&wal, path, take_record, &t, &cut, &diags), 0);
    put_records(&wal, 0, RECORDS);
    assert_int_equal(wal_commit(&wal, &diags), 0);
    wal_close(&wal);
    assert_int_equal(file_read(path, 4096, &whole), 0);
    for (size_t at = 0; at < whole.len; at++) {
        whole.data[at] ^= 0x20;
        assert_int_equal(file_replace(path, whole.data, whole.len, 0600), 0);
        whole.data[at] ^= 0x20;
        t.n = 0;
        assert_int_equal(wal_open(&wal, path, take_record, &t, &cut, &diags), 0);
        assert_int_equal(t.n, at / (whole.len / RECORDS));
        wal_close(&wal);
    }
    text_free(&whole);
    remove_tree(dir);
    free(dir);
    free(path);
}

static void uncommitted_records_are_not_in_the_file(void **state)
{
    (void)state;
    char *dir = make_temporary(), *path = path_in(dir, "wal");
    struct diags diags = {0};
    struct wal wal;
    uint64_t cut;
    struct taken t = {0};
    assert_int_equal(wal_open(&wal, path, take_record, &t, &cut, &diags), 0);
    put_records(&wal, 0, 2);
    assert_int_equal(wal_commit(&wal, &diags), 0);
    put_records(&wal, 2, 3);
    wal_close(&wal);
    assert_int_equal(wal_open(&wal, path, take_record, &t, &cut, &diags), 0);
    assert_int_equal(t.n, 2);
    wal_close(&wal);
    remove_tree(dir);
    free(dir);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_torn_at_any_byte_gives_the_records_before),
        cmocka_unit_test(changed_byte_ends_the_log_before_its_record),
        cmocka_unit_test(uncommitted_records_are_not_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
