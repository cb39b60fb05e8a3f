/* Where a rule stands in the files it was read from, also one that does not load. */
#ifndef APP_RULE_SOURCE_H
#define APP_RULE_SOURCE_H

#include "app/options.h"

#include <stdint.h>

struct rule_source {
    const char *file; /* of the list; NULL: no file has this sid */
    uint32_t line;    /* of its first line */
    uint32_t last;    /* of its last */
    bool commented;   /* each line of it with this sid is */
};

/* rule_source_find: by the text of `sid:N;`; one that is not commented out goes before one that is.
 * ERR_NOT_FOUND or ERR_IO when a file cannot be read. */
int rule_source_find(const struct option_list *files, uint32_t sid, struct rule_source *out);

#endif
