/* --stats: one JSON object with every count of a run. */
#ifndef APP_OUT_STATS_H
#define APP_OUT_STATS_H

#include "app/screen.h"

/* out_stats_write: to a file, replaced as a whole. 0 or ERR_IO with a diagnostic. */
int out_stats_write(const char *path, const struct screen *screen, struct diags *diags);

#endif
