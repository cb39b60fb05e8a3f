/* Diagnostics: what is wrong, where, and what to do about it.
 *
 * A loader collects all it finds in one struct diags and goes on as far as it can; the caller
 * prints them as FILE:LINE:COL: error: TEXT (hint: HINT), sorted as they were found.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum diag_level { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

/* A place in an input. line and col count from 1, 0 means none; packet counts from 1, 0 means none.
 */
struct diag_pos {
    const char *file;
    uint32_t line, col;
    uint64_t packet;
};

struct diag {
    enum diag_level level;
    int error;           /* one of base/error.h */
    struct diag_pos pos; /* pos.file is a copy owned by the list */
    char *text;
    char *hint; /* what to do; NULL if there is nothing to say */
};

/* The list owns its strings. Zero-initialise; diags_free when done. At most `limit` are kept (0:
 * 1000), the rest is only counted. */
struct diags {
    struct diag *items;
    size_t n, cap, limit;
    size_t errors, warnings; /* counted, kept or not */
};

/* diag_add: append one diagnostic. Returns `error`, so that a caller can return it in one line.
 *   hint   NULL or what to do
 *   threads  the owner of the list */
int diag_add(struct diags *list, enum diag_level level, int error, struct diag_pos pos,
             const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* diag_error(list, error, pos, hint, format, ...), diag_warning likewise. */
#define diag_error(list, error, ...)   diag_add((list), DIAG_ERROR, (error), __VA_ARGS__)
#define diag_warning(list, error, ...) diag_add((list), DIAG_WARNING, (error), __VA_ARGS__)

/* diag_file: a position that names only a file. */
static inline struct diag_pos diag_file(const char *file)
{
    return (struct diag_pos){.file = file};
}

/* diags_print: one line a diagnostic, then a count of those that were not kept. */
void diags_print(const struct diags *list, FILE *out);
void diags_free(struct diags *list);
/* diags_move: what was collected apart goes to the end of a list; a level above `at_most` is
 * lowered to it. `from` is then empty. */
void diags_move(struct diags *into, struct diags *from, enum diag_level at_most);

#endif
