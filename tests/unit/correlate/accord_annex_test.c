/* Annexes: that they are the signed ones, and what they may not say. */
#include "tests/unit/correlate/accord_fixture.h"

#include "base/json.h"

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

static int load(struct fixture *f)
{
    struct accord *a;
    int error = accord_load(&a, in_fixture(f, "amber-own.yaml"), NULL, &f->diags);
    accord_destroy(a);
    return error;
}

/* load_changed: with the annex changed and its new root put into the accord. */
static int load_changed(struct fixture *f, const char *annex, const char *old, const char *new,
                        char **text)
{
    char before[65], after[65], path[TEMPORARY_FILE];
    snprintf(path, sizeof path, "%s", in_fixture(f, annex));
    assert_int_equal(accord_annex_root(path, NULL, false, before, &f->diags), 0);
    *text = change_file(f, annex, old, new);
    if (accord_annex_root(path, NULL, false, after, &f->diags) == 0)
        free(change_file(f, "amber-own.yaml", before, after));
    diags_free(&f->diags);
    f->diags = (struct diags){0};
    return load(f);
}

static void changed_annex_does_not_fit_its_root(void **state)
{
    struct fixture *f = *state;
    struct text accord = {0};
    assert_int_equal(load(f), 0);
    free(change_file(f, "amber.assets.yaml", "class: important", "class: vital"));
    assert_int_equal(load(f), ERR_CORRUPT);
    assert_int_equal(file_read(in_fixture(f, "amber-own.yaml"), 1 << 20, &accord), 0);
    char *at = strstr(accord.data, "amber.assets.yaml, root: ");
    at[strlen("amber.assets.yaml, root: ")] = '@';
    expect_diag_at(f, "amber-own.yaml", accord.data, "@", ERR_CORRUPT);
    text_free(&accord);
}

static void changed_monitored_space_does_not_fit_the_root(void **state)
{
    struct fixture *f = *state;
    free(change_file(f, "amber.assets.yaml", "10.30.0.0/16, ", ""));
    assert_int_equal(load(f), ERR_CORRUPT);
}

static void changed_salt_does_not_fit_the_root(void **state)
{
    struct fixture *f = *state;
    struct text salts = {0};
    assert_int_equal(file_read(in_fixture(f, "amber.networks.salts"), 4096, &salts), 0);
    salts.data[0] = salts.data[0] == 'A' ? 'B' : 'A';
    put_file(f, "amber.networks.salts", salts.data);
    assert_int_equal(load(f), ERR_CORRUPT);
    text_free(&salts);
}

static void root_does_not_depend_on_how_an_annex_is_written(void **state)
{
    struct fixture *f = *state;
    free(change_file(f, "amber.assets.yaml", "party: amber\n", "# a remark\nparty: \"amber\"\n"));
    assert_int_equal(load(f), 0);
}

static void missing_and_surplus_salts_are_errors(void **state)
{
    struct fixture *f = *state;
    struct text salts = {0};
    assert_int_equal(file_read(in_fixture(f, "amber.networks.salts"), 4096, &salts), 0);
    char saved = salts.data[46];
    salts.data[46] = '\0';
    put_file(f, "amber.networks.salts", salts.data);
    assert_int_equal(load(f), ERR_TRUNCATED);
    assert_int_equal(f->diags.items[0].pos.line, 3);
    salts.data[46] = saved;
    text_append(&salts, salts.data, 23);
    put_file(f, "amber.networks.salts", salts.data);
    assert_int_equal(load(f), ERR_CORRUPT);
    text_free(&salts);
}

static void assets_that_overlap_are_named_both(void **state)
{
    struct fixture *f = *state;
    char *text;
    assert_int_equal(load_changed(f, "amber.assets.yaml", "networks: [10.30.2.0/24]",
                                  "networks: [10.20.0.0/18]", &text),
                     ERR_CONFLICT);
    expect_diag_at(f, "amber.assets.yaml", text, "10.20.0.0/18]", ERR_CONFLICT);
    assert_non_null(strstr(f->diags.items[0].text, "pumping-2"));
    assert_non_null(strstr(f->diags.items[0].text, "substation-7"));
    free(text);
}

/* Rows: annex, what is replaced, by what, where the error is, which error. */
static const struct {
    const char *annex, *old, *new, *marker;
    int error;
} faults[] = {
    {"amber.assets.yaml", "id: pumping-2", "id: hospital-3", "hospital-3\n    sector: health",
     ERR_EXISTS},
    {"amber.assets.yaml", "class: important", "class: dear", "dear", ERR_SCHEMA},
    {"amber.assets.yaml", "networks: [10.20.7.0/24]", "networks: [10.20.7.1/24]", "10.20.7.1/24",
     ERR_RANGE},
    {"amber.assets.yaml", "networks: [10.20.7.0/24]", "networks: [ten]", "ten]", ERR_SYNTAX},
    {"amber.assets.yaml", "port: 502", "port: 70000", "70000", ERR_RANGE},
    {"amber.assets.yaml", "    networks: [10.20.60.0/24]\n    site: amber-north\n",
     "    networks: [10.20.60.0/24]\n", "10.20.60.0/24]", ERR_SCHEMA},
    {"amber.assets.yaml", "0x3001", "0x30011", "0x30011", ERR_RANGE},
    {"amber.assets.yaml", "party: amber", "party: basalt", "basalt", ERR_CONFLICT},
    {"amber.networks.yaml", "role: government", "rolle: government", "rolle", ERR_SCHEMA},
    {"amber.networks.yaml", " site: amber-north,", "", "10.20.0.0/16", ERR_SCHEMA},
    {"amber.networks.yaml", "from: 2025-06-01", "from: June", "June", ERR_SYNTAX},
};

static void each_fault_of_an_annex_is_refused_where_it_stands(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct fixture f;
        char *text;
        print_message("  %s\n", faults[i].new);
        fixture_start(&f);
        assert_int_not_equal(load_changed(&f, faults[i].annex, faults[i].old, faults[i].new, &text),
                             0);
        expect_diag_at(&f, faults[i].annex, text, faults[i].marker, faults[i].error);
        free(text);
        fixture_end(&f);
    }
    (void)state;
}

/* The root by the definition, with nothing of the code under test but the text helpers. */
static void root_is_that_of_rfc_6962_over_disclosures(void **state)
{
    struct fixture *f = *state;
    static const char *const rows[] = {
        "{\"from\":\"2024-01-01\",\"prefix\":\"10.20.0.0/"
        "16\",\"role\":\"government\",\"site\":\"amber-north\"}",
        "{\"from\":\"2025-06-01\",\"note\":\"leased to third "
        "parties\",\"prefix\":\"198.51.100.0/24\",\"role\":\"hosting\"}",
        "{\"from\":\"2024-01-01\",\"prefix\":\"2001:db8::/32\",\"role\":\"research\"}",
    };
    uint8_t leaf[3][SHA256_BYTES], left[SHA256_BYTES], root[SHA256_BYTES];
    for (int i = 0; i < 3; i++) {
        char label[64], salt[32], encoded[512];
        uint8_t digest[SHA256_BYTES];
        struct text json = {0};
        snprintf(label, sizeof label, "plimsoll test salt: amber.networks %d", i);
        sha256(digest, label, strlen(label));
        base64_encode(salt, digest, 16, true);
        text_printf(&json, "[\"%s\",%s]", salt, rows[i]);
        size_t len = base64_encode(encoded, (uint8_t *)json.data, json.len, true);
        struct piece pieces[] = {{"\0", 1}, {encoded, len}};
        sha256_pieces(leaf[i], pieces, 2);
        text_free(&json);
    }
    struct piece two[] = {{"\1", 1}, {leaf[0], 32}, {leaf[1], 32}};
    sha256_pieces(left, two, 3);
    struct piece all[] = {{"\1", 1}, {left, 32}, {leaf[2], 32}};
    sha256_pieces(root, all, 3);
    char wanted[65], got[65];
    hex_encode(wanted, root, sizeof root);
    assert_int_equal(
        accord_annex_root(in_fixture(f, "amber.networks.yaml"), NULL, false, got, &f->diags), 0);
    assert_string_equal(got, wanted);
}

static void salts_are_drawn_once_and_kept(void **state)
{
    struct fixture *f = *state;
    char *annex = shipped_file("amber.networks.yaml");
    char first[65], again[65], path[TEMPORARY_FILE];
    put_file(f, "annex.yaml", annex);
    free(annex);
    snprintf(path, sizeof path, "%s", in_fixture(f, "annex.yaml"));
    assert_int_equal(accord_annex_root(path, NULL, false, first, &f->diags), ERR_NOT_FOUND);
    assert_int_equal(accord_annex_root(path, NULL, true, first, &f->diags), 0);
    assert_int_equal(accord_annex_root(path, NULL, true, again, &f->diags), 0);
    assert_string_equal(first, again);
    struct stat st;
    assert_int_equal(stat(in_fixture(f, "annex.salts"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 3 * 23);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(changed_annex_does_not_fit_its_root),
        TEST(changed_monitored_space_does_not_fit_the_root),
        TEST(changed_salt_does_not_fit_the_root),
        TEST(root_does_not_depend_on_how_an_annex_is_written),
        TEST(missing_and_surplus_salts_are_errors),
        TEST(assets_that_overlap_are_named_both),
        TEST(each_fault_of_an_annex_is_refused_where_it_stands),
        TEST(root_is_that_of_rfc_6962_over_disclosures),
        TEST(salts_are_drawn_once_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
