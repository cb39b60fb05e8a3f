/* The literals of plain scanning: one per rule, as Suricata picks it when nothing else is known.
 *
 * A tolerant scanner, not a rule parser: it looks for content, nocase and fast_pattern and steps
 * over everything else, so that rules which this build rejects count in the baseline too.
 */
#ifndef BENCH_BARE_RULES_H
#define BENCH_BARE_RULES_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bare_literal {
    const uint8_t *bytes; /* lower case where nocase */
    size_t len;
    bool nocase;
};

struct bare_literals {
    struct bare_literal *items;
    size_t n, cap;
    size_t rules;      /* enabled ones read */
    size_t no_content; /* of these the ones without a content that is not negated */
    struct arena arena;
};

/* bare_rules_read: add the literal of each enabled rule of a file. */
int bare_rules_read(struct bare_literals *l, const char *path, struct diags *diags);
/* bare_literals_distinct: drop repetitions and what is shorter than `min` bytes. */
void bare_literals_distinct(struct bare_literals *l, size_t min);
void bare_literals_free(struct bare_literals *l);

#endif
