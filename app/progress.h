/* A progress bar on a terminal; nothing in a pipe. */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool on;
};

void progress_init(struct progress *p);
/* progress_show: the function that engine_config wants; ctx is the struct progress. */
void progress_show(void *ctx, uint64_t position, uint64_t size, uint64_t packets);
void progress_clear(struct progress *p);

#endif
