/* Classes of rules: what a classtype means, and how important it is. Inside rules/. */
#ifndef RULES_CLASSES_H
#define RULES_CLASSES_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/text.h"

#include <stdint.h>

struct rule_class {
    const char *name, *text;
    uint8_t priority;
};

/* classes_read: the rows of a classification.config (`config classification: NAME,TEXT,PRIORITY`);
 * ERR_NOT_FOUND or ERR_IO, ERR_SYNTAX with line and column. normal gets what was read, in one form.
 */
int classes_read(const char *path, struct arena *arena, struct rule_class **out, size_t *n,
                 struct text *normal, struct diags *diags);
/* class_find: of those read the last of this name, else of Suricata's own (which have no text);
 * NULL. */
const struct rule_class *class_find(const struct rule_class *read, size_t n, const char *name);

#endif
