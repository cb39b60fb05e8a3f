/* A folder with the shipped example accord and its annexes, in which a test can change any piece.
 * PLIMSOLL_SOURCE names the project's folder. */
#ifndef TESTS_UNIT_CORRELATE_ACCORD_FIXTURE_H
#define TESTS_UNIT_CORRELATE_ACCORD_FIXTURE_H

#include "base/error.h"
#include "base/file.h"
#include "base/note.h"
#include "correlate/accord.h"
#include "tests/unit/temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    char dir[TEMPORARY_ROOM];
    char path[TEMPORARY_FILE]; /* of a file, until the next call */
    struct diags diags;
};

static inline const char *in_fixture(struct fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    return f->path;
}

static inline char *shipped_file(const char *name)
{
    struct text path = {0}, text = {0};
    const char *root = getenv("PLIMSOLL_SOURCE");
    text_printf(&path, "%s/rules/packs/accords/%s", root ? root : ".", name);
    if (file_read(text_str(&path), 1 << 20, &text))
        fail_msg("cannot read %s: set PLIMSOLL_SOURCE", text_str(&path));
    text_free(&path);
    return text.data;
}

static inline void put_file(struct fixture *f, const char *name, const char *content)
{
    assert_int_equal(file_replace(in_fixture(f, name), content, strlen(content), 0644), 0);
}

static const char *const fixture_files[] = {
    "example-grid.yaml",   "amber-own.yaml",       "amber.assets.yaml", "amber.assets.salts",
    "amber.networks.yaml", "amber.networks.salts", "example-grid.note", "key",
    "other-key",           "annex.yaml",           "annex.salts",       NULL};

static inline void fixture_start(struct fixture *f)
{
    *f = (struct fixture){0};
    temporary_folder(f->dir);
    for (int i = 0; i < 7; i++) {
        char *content = shipped_file(fixture_files[i]);
        put_file(f, fixture_files[i], content);
        free(content);
    }
}

static inline void fixture_end(struct fixture *f)
{
    for (int i = 0; fixture_files[i]; i++)
        unlink(in_fixture(f, fixture_files[i]));
    assert_int_equal(rmdir(f->dir), 0);
    diags_free(&f->diags);
}

/* replaced: the text with the first `old` made `new`; the test is wrong if it is not there. */
static inline char *replaced(const char *text, const char *old, const char *new)
{
    struct text out = {0};
    const char *at = strstr(text, old);
    if (!at)
        fail_msg("'%s' is not in the text", old);
    text_append(&out, text, (size_t)(at - text));
    text_puts(&out, new);
    text_puts(&out, at + strlen(old));
    return out.data;
}

/* change_file: make one replacement in a file of the fixture. Returns the new text. */
static inline char *change_file(struct fixture *f, const char *name, const char *old,
                                const char *new)
{
    struct text text = {0};
    assert_int_equal(file_read(in_fixture(f, name), 1 << 20, &text), 0);
    char *changed = replaced(text.data, old, new);
    put_file(f, name, changed);
    text_free(&text);
    return changed;
}

/* expect_diag_at: an error of that kind at the place of `marker`, the first in the text. */
static inline void expect_diag_at(const struct fixture *f, const char *name, const char *text,
                                  const char *marker, int error)
{
    const char *at = strstr(text, marker);
    assert_non_null(at);
    uint32_t line = 1, col = 1;
    for (const char *p = text; p < at; p++) {
        line += *p == '\n';
        col = *p == '\n' ? 1 : col + 1;
    }
    for (size_t i = 0; i < f->diags.n; i++) {
        const struct diag *d = &f->diags.items[i];
        if (d->error == error && d->pos.line == line && d->pos.col == col &&
            strstr(d->pos.file, name))
            return;
    }
    diags_print(&f->diags, stderr);
    fail_msg("no error %d at %s:%u:%u", error, name, line, col);
}

static inline struct note_signer test_key(const char *name)
{
    struct note_signer signer;
    uint8_t seed[SHA256_BYTES];
    struct text text = {0};
    text_printf(&text, "plimsoll test key: %s", name);
    sha256(seed, text.data, text.len);
    text_free(&text);
    assert_int_equal(note_signer_from_seed(name, seed, &signer), 0);
    return signer;
}

static inline void put_key(struct fixture *f, const char *file, const char *name)
{
    struct note_signer signer = test_key(name);
    struct text text = {0};
    note_signer_format(&text, &signer);
    text_puts(&text, "\n");
    put_file(f, file, text.data);
    text_free(&text);
}

#endif
