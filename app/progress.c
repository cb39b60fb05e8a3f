/* One line on stderr, redrawn in place. */
#include "app/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40

void progress_init(struct progress *p)
{
    p->on = isatty(STDERR_FILENO) == 1;
}

void progress_show(void *ctx, uint64_t position, uint64_t size, uint64_t packets)
{
    const struct progress *p = ctx;
    if (!p->on || size == 0)
        return;
    int done = (int)(position >= size ? WIDTH : position * WIDTH / size);
    fprintf(stderr, "\r[%.*s%*s] %3lu %%  %lu packets ", done,
            "########################################", WIDTH - done, "",
            position >= size ? 100 : position * 100 / size, packets);
    fflush(stderr);
}

void progress_clear(struct progress *p)
{
    if (p->on)
        fputs("\r\033[K", stderr);
}
