/* How a thread waits that takes what others hand over and finds nothing: it sleeps, longer each
 * time in a row, so that waiting takes no processor's time from those it waits for. Threads: one
 * for each struct idle. */
#ifndef BASE_IDLE_H
#define BASE_IDLE_H

#include <time.h>

#define IDLE_FIRST_NS 50000
#define IDLE_LAST_NS  1600000 /* what is handed over waits no longer than that */

/* Zeroed is fresh, and to be zeroed when something has come. */
struct idle {
    long ns; /* of the last wait */
};

static inline void idle_wait(struct idle *idle)
{
    idle->ns = idle->ns ? 2 * idle->ns : IDLE_FIRST_NS;
    if (idle->ns > IDLE_LAST_NS)
        idle->ns = IDLE_LAST_NS;
    nanosleep(&(struct timespec){.tv_nsec = idle->ns}, NULL);
}

#endif
