/* Tiles: names, and a directory that holds exactly the files of its size. */
#include "tests/unit/ledger/ledger_fixture.h"

#include "ledger/dir_walk.h"
#include "ledger/tiles.h"

static void names_are_those_of_the_format(void **state)
{
    (void)state;
    static const struct {
        struct tile_id id;
        const char *path;
    } rows[] = {
        {{0, 0, 256}, "tile/0/000"},
        {{0, 0, 7}, "tile/0/000.p/7"},
        {{1, 999, 256}, "tile/1/999"},
        {{0, 1000, 256}, "tile/0/x001/000"},
        {{2, 1234067, 256}, "tile/2/x001/x234/067"},
        {{TILE_ENTRIES, 1234067, 255}, "tile/entries/x001/x234/067.p/255"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[TILE_PATH_MAX];
        struct tile_id id;
        tile_path(&rows[i].id, path);
        assert_string_equal(path, rows[i].path);
        assert_int_equal(tile_parse(path, &id), 0);
        assert_int_equal(id.level, rows[i].id.level);
        assert_int_equal(id.index, rows[i].id.index);
        assert_int_equal(id.width, rows[i].id.width);
    }
}

static void names_in_any_other_form_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"tile/0/0",           "tile/00/000",       "tile/0/0000",
                                      "tile/0/000.p/256",   "tile/0/000.p/0",    "tile/0/000.p/07",
                                      "tile/0/x000/001",    "tile/0/000/",       "tile/entries/1",
                                      "tile/-1/000",        "tile/0/x001/x0/01", "tile/0/001/000",
                                      "tile/0/000.p/7.new", "tile//000",         "tile/6/000",
                                      "checkpoint",         "tile/0/x",          ""};
    struct tile_id id;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (tile_parse(bad[i], &id) == 0)
            fail_msg("%s is taken for a tile", bad[i]);
}

struct listing {
    struct text names;
};
static void add_name(void *ctx, const char *path, enum dir_item item)
{
    struct listing *l = ctx;
    assert_int_equal(item, DIR_FILE);
    text_printf(&l->names, "%s ", path);
}

static void directory_holds_the_files_of_its_size_at_every_step(void **state)
{
    (void)state;
    static const struct {
        unsigned size;
        const char *files;
    } steps[] = {
        {1, "checkpoint tile/0/000.p/1 tile/entries/000.p/1 "},
        {255, "checkpoint tile/0/000.p/255 tile/entries/000.p/255 "},
        {256, "checkpoint tile/0/000 tile/1/000.p/1 tile/entries/000 "},
        {257, "checkpoint tile/0/000 tile/0/001.p/1 tile/1/000.p/1 tile/entries/000 "
              "tile/entries/001.p/1 "},
        {600, "checkpoint tile/0/000 tile/0/001 tile/0/002.p/88 tile/1/000.p/2 tile/entries/000 "
              "tile/entries/001 tile/entries/002.p/88 "},
    };
    struct fixture f;
    struct verify_result result;
    fixture_make(&f);
    fixture_fill(&f, LEDGER_FACTS, 0, 0);
    char *dir = path_in(f.dir, "acts");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct listing l = {0};
        fixture_fill(&f, LEDGER_ACTS, i ? steps[i - 1].size : 0, steps[i].size);
        assert_int_equal(dir_walk(dir, add_name, &l), 0);
        assert_string_equal(text_str(&l.names), steps[i].files);
        assert_int_equal(fixture_verify(&f, &result), 0);
        assert_int_equal(result.acts_size, steps[i].size);
        text_free(&l.names);
    }
    free(dir);
    fixture_remove(&f);
}

static int count_one(void *ctx, const struct tile_id *id)
{
    uint64_t *n = ctx;
    assert_true(id->width > 0 && id->width <= TILE_WIDTH);
    ++*n;
    return 0;
}

static void tiles_of_a_size_are_those_that_belong_to_it(void **state)
{
    (void)state;
    const uint64_t size = 65536 + 300;
    uint64_t n = 0, belong = 0;
    assert_int_equal(tiles_each(0, size, count_one, &n), 0);
    for (int level = TILE_ENTRIES; level < 3; level++)
        for (uint64_t index = 0; index < 300; index++)
            for (unsigned width = 1; width <= TILE_WIDTH; width++)
                belong += tile_belongs(&(struct tile_id){level, index, width}, size);
    assert_int_equal(n, belong);
    /* From 300 entries earlier: the two new full bundles' share and what is above. */
    n = 0;
    assert_int_equal(tiles_each(size, size, count_one, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(tiles_each(size - 1, size, count_one, &n), 0);
    assert_int_equal(n, 2);
}

static void entries_that_are_dropped_leave_the_others_in_place(void **state)
{
    (void)state;
    struct entry_list list = {0};
    char entry[32];
    for (unsigned i = 0; i < 700; i++) {
        snprintf(entry, sizeof entry, "entry %u", i);
        assert_int_equal(entry_list_append(&list, entry, strlen(entry)), 0);
        if (i == 300 || i == 301)
            entry_list_drop(&list, i);
    }
    entry_list_drop(&list, 600);
    assert_int_equal(list.first, 512);
    for (unsigned i = 512; i < 700; i++) {
        size_t len;
        const char *got = entry_list_get(&list, i, &len);
        snprintf(entry, sizeof entry, "entry %u", i);
        assert_int_equal(len, strlen(entry));
        assert_memory_equal(got, entry, len);
    }
    entry_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_format),
        cmocka_unit_test(names_in_any_other_form_are_none),
        cmocka_unit_test(directory_holds_the_files_of_its_size_at_every_step),
        cmocka_unit_test(tiles_of_a_size_are_those_that_belong_to_it),
        cmocka_unit_test(entries_that_are_dropped_leave_the_others_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
