/* References of rules: where systems that rules refer to are. Inside rules/. */
#ifndef RULES_REFERENCES_H
#define RULES_REFERENCES_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/text.h"

/* A row of a reference.config; names are compared without regard to case. */
struct reference_system {
    const char *name, *url; /* url: what stands in front of a place there */
};

/* What a rule refers to: a place within a system. */
struct reference {
    struct reference *next;
    const char *system, *place;
};

/* references_read: the rows of a reference.config (`config reference: NAME URL`); as
 * config_lines_read. */
int references_read(const char *path, struct arena *arena, struct reference_system **out, size_t *n,
                    struct diags *diags);
/* reference_url: of those read the last of this system and the place; a place that is a whole URL
 * as it is; SYSTEM,PLACE where no system is of this name. */
void reference_url(struct text *out, const struct reference_system *read, size_t n,
                   const struct reference *reference);

#endif
