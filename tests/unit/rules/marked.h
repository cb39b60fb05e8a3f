/* Texts with a fault in them, for tests that say where it is: the mark ^ stands there. */
#ifndef TESTS_UNIT_RULES_MARKED_H
#define TESTS_UNIT_RULES_MARKED_H

#include "tests/unit/check.h"

#include "base/diag.h"
#include "base/error.h"

#include <string.h>

struct marked {
    char text[1024];    /* without the mark */
    uint32_t line, col; /* where it stood */
};

static inline struct marked marked_text(const char *given)
{
    struct marked m = {.line = 1, .col = 1};
    const char *mark = strchr(given, '^');
    assert_non_null(mark);
    assert_true(strlen(given) < sizeof m.text);
    for (const char *at = given; at < mark; at++) {
        m.col = *at == '\n' ? 1 : m.col + 1;
        m.line += *at == '\n';
    }
    memcpy(m.text, given, (size_t)(mark - given));
    strcpy(m.text + (mark - given), mark + 1);
    return m;
}

/* expect_fault_at_mark: one diagnostic, of this file, at the mark. */
static inline void expect_fault_at_mark(const struct diags *diags, const char *path,
                                        const struct marked *m)
{
    assert_int_equal(diags->n, 1);
    const struct diag_pos *pos = &diags->items[0].pos;
    assert_string_equal(pos->file, path);
    if (pos->line != m->line || pos->col != m->col)
        fail_msg("%s: at %u:%u, not %u:%u", m->text, pos->line, pos->col, m->line, m->col);
}

#endif
