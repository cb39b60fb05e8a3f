/* Suricata's configuration of one row a line (classification.config, reference.config): a prefix,
 * then what the row is about; empty lines and those that begin with # are left out. Inside rules/.
 */
#ifndef RULES_CONFIG_LINES_H
#define RULES_CONFIG_LINES_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>

/* What follows the prefix of one line. */
struct config_line {
    const char *at, *end;
    const char *begin;   /* of the line; columns count from there */
    struct diag_pos pos; /* of the line, at the prefix */
};

struct config_format {
    const char *prefix, *form; /* form: what follows the prefix, for who reads an error */
    size_t row_size;
    /* 0, or an error with a diagnostic */
    int (*read)(const struct config_line *line, struct arena *arena, void *row,
                struct diags *diags);
};

/* config_lines_read: the rows of a file in its order. ERR_NOT_FOUND or ERR_IO, ERR_NOMEM, or the
 * first error of a line, with line and column. */
int config_lines_read(const struct config_format *format, const char *path, struct arena *arena,
                      void **rows, size_t *n, struct diags *diags);

/* config_fault: what is wrong with the line at this place of it. */
int config_fault(const struct config_line *line, const char *at, struct diags *diags,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
