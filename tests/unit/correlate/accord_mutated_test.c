/* Ten thousand damaged accords and annexes: nothing crashes or hangs, and nothing is accepted that
 * was not written. An accord that loads although its tree of keys and scalars is another one has
 * another digest; one whose tree is the same (a remark, a blank was hit) has the same. A damaged
 * annex loads only if its tree is the same, since the accord holds its root. */
#include "tests/unit/check.h"

#include "base/yaml.h"
#include "tests/unit/correlate/accord_fixture.h"

#define FILES 10000
#define SEED  20026 /* the same files every time, unless PLIMSOLL_TEST_SEED says otherwise */

static const char *const words[] = {
    "-",    ":",  ": ",      "[",      "]",       "{",          "}",    ",",  "\n", "  ",
    "\"",   "'",  "#",       "&a",     "*a",      "!!int 3",    "|",    ">-", "0",  "-1",
    "1e-6", "1h", "accord:", "lines:", "at-most", "9999999999", "\xff", "%",  "~"};

static void change(uint64_t *rng, struct text *t)
{
    size_t at = random_below(rng, t->len), rest = t->len - at,
           span = 1 + random_below(rng, rest < 30 ? rest : 30);
    const char *word = words[random_below(rng, sizeof words / sizeof words[0])];
    struct text out = {0};
    text_append(&out, t->data, at);
    switch (random_below(rng, 5)) {
    case 0:
        text_printf(&out, "%c", t->data[at] ^ (char)(1 << random_below(rng, 7)));
        at++;
        break;
    case 1:
        at += span; /* left out */
        break;
    case 2:
        text_append(&out, t->data + at, span); /* there twice */
        break;
    case 3:
        text_puts(&out, word);
        break;
    default:
        text_puts(&out, word);
        at += span;
    }
    text_append(&out, t->data + at, t->len - at);
    text_free(t);
    *t = out;
}

/* tree_of: keys and scalars in their order, with what holds them; "" for what is no YAML. */
static void put_tree(struct text *out, const struct yaml_node *n)
{
    text_printf(out, "(%d %s=%s", (int)n->type, n->key ? n->key : "", n->scalar ? n->scalar : "");
    for (const struct yaml_node *child = n->first; child; child = child->next)
        put_tree(out, child);
    text_puts(out, ")");
}

static void tree_of(struct text *out, const struct text *file)
{
    struct yaml_documents docs;
    struct diags diags = {0};
    text_clear(out);
    if (yaml_parse("file", text_str(file), file->len, &docs, &diags) == 0) {
        for (size_t i = 0; i < docs.n; i++)
            if (docs.roots[i])
                put_tree(out, docs.roots[i]);
        yaml_documents_free(&docs);
    }
    diags_free(&diags);
}

/* put: without waiting for the disk, as file_replace does. */
static void put(const char *path, const struct text *content)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text_str(content), 1, content->len, out), content->len);
    fclose(out);
}

static bool load_digest(struct fixture *f, uint8_t digest[SHA256_BYTES])
{
    struct accord *a = NULL;
    int error = accord_load(&a, in_fixture(f, "example-grid.yaml"), "amber", &f->diags);
    assert_int_equal(error == 0, a != NULL);
    assert_true(error == 0 || f->diags.errors > 0);
    if (a) {
        accord_digest(a, digest);
        accord_destroy(a);
    }
    diags_free(&f->diags);
    f->diags = (struct diags){0};
    return error == 0;
}

static void damaged_files_mean_what_is_written_or_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"example-grid.yaml", "example-grid.yaml",
                                        "amber.assets.yaml", "amber.networks.yaml"};
    struct fixture f;
    struct text whole[4] = {0}, trees[4] = {0}, tree = {0};
    uint8_t digest[SHA256_BYTES], other[SHA256_BYTES];
    uint64_t rng = getenv("PLIMSOLL_TEST_SEED") ? random_seed() : SEED;
    unsigned loaded = 0, meaning = 0;
    fixture_start(&f);
    assert_true(load_digest(&f, digest));
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(file_read(in_fixture(&f, names[i]), 1 << 20, &whole[i]), 0);
        tree_of(&trees[i], &whole[i]);
    }
    for (unsigned n = 0; n < FILES; n++) {
        unsigned which = n % 4;
        struct text damaged = {0};
        text_append(&damaged, whole[which].data, whole[which].len);
        for (uint64_t changes = 1 + random_below(&rng, 3); changes && damaged.len; changes--)
            change(&rng, &damaged);
        put(in_fixture(&f, names[which]), &damaged);
        tree_of(&tree, &damaged);
        bool same = tree.len == trees[which].len &&
                    memcmp(text_str(&tree), text_str(&trees[which]), tree.len) == 0;
        if (load_digest(&f, other)) {
            loaded++;
            meaning += !same;
            bool equal = memcmp(digest, other, sizeof digest) == 0;
            if (equal != same)
                fail_msg("%s, file %u: the tree is %s, the digest %s:\n%s", names[which], n,
                         same ? "the same" : "another", equal ? "the same" : "another",
                         text_str(&damaged));
        } else if (same) {
            fail_msg("%s, file %u: refused although nothing that counts was changed:\n%s",
                     names[which], n, text_str(&damaged));
        }
        text_free(&damaged);
        put(in_fixture(&f, names[which]), &whole[which]);
    }
    printf("%d files: %u loaded, %u of them with another meaning\n", FILES, loaded, meaning);
    assert_true(loaded > 100 && meaning > 10);
    for (unsigned i = 0; i < 4; i++) {
        text_free(&whole[i]);
        text_free(&trees[i]);
    }
    text_free(&tree);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_files_mean_what_is_written_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
