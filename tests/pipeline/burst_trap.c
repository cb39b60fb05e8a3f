/* Traps what must not happen inside a burst: memory from the heap, locks, formatted printing,
 * system calls. The linker puts these in place of the calls that the worker makes into the line and
 * into correlation, and of the calls of the project's own objects into the C library; system calls
 * of any code are caught by the kernel (Syscall User Dispatch, prctl(2)).
 *
 * At exit it writes "BURSTS HEAP LOCKS PRINTS SYSCALLS YIELDS FIRST" to the file that
 * PLIMSOLL_BURST_TRAP names; yields are waits for a full ring, and no fault; FIRST is the number of
 * the first system call. PLIMSOLL_BURST_PROVE makes one of each happen, to show that they are seen.
 */
#include "correlate/correlator.h"
#include "dataplane/line.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static atomic_ulong bursts, heap, locks, prints, syscalls, yields;
static atomic_int first = -1;
static _Thread_local bool inside, armed;
static _Thread_local volatile char selector; /* 0: allowed, 1: trapped */

static void on_syscall(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    selector = 0; /* returning from here is a system call too */
    int none = -1;
    if (info->si_syscall == SYS_sched_yield) {
        atomic_fetch_add(&yields, 1);
        sched_yield();
    } else {
        atomic_fetch_add(&syscalls, 1);
        atomic_compare_exchange_strong(&first, &none, info->si_syscall);
    }
}

static void arm(void)
{
    struct sigaction action = {.sa_sigaction = on_syscall, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1L, 0L, 0L, &selector))
        abort();
    armed = true;
}

static void prove(void)
{
    static atomic_bool proven;
    if (!getenv("PLIMSOLL_BURST_PROVE") || atomic_exchange(&proven, true))
        return;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char text[8];
    void *volatile p = malloc(64);
    free(p);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    snprintf(text, sizeof text, "%d", (int)sizeof p);
    syscall(SYS_getppid);
}

static bool enter(void)
{
    if (inside)
        return false;
    if (!armed)
        arm();
    atomic_fetch_add_explicit(&bursts, 1, memory_order_relaxed);
    inside = true;
    selector = 1;
    prove();
    return true;
}

static void leave(bool entered)
{
    if (!entered)
        return;
    selector = 0;
    inside = false;
}

#define COUNT(what)                                                    \
    do {                                                               \
        if (inside)                                                    \
            atomic_fetch_add_explicit(&what, 1, memory_order_relaxed); \
    } while (0)

/* What a worker does in a burst. */
void __real_line_packet(struct line *line, const struct packet *pkt, const uint8_t *data,
                        const struct line_look *look);
void __wrap_line_packet(struct line *line, const struct packet *pkt, const uint8_t *data,
                        const struct line_look *look);
void __wrap_line_packet(struct line *line, const struct packet *pkt, const uint8_t *data,
                        const struct line_look *look)
{
    bool entered = enter();
    __real_line_packet(line, pkt, data, look);
    leave(entered);
}

void __real_line_expire(struct line *line, int64_t t);
void __wrap_line_expire(struct line *line, int64_t t);
void __wrap_line_expire(struct line *line, int64_t t)
{
    bool entered = enter();
    __real_line_expire(line, t);
    leave(entered);
}

size_t __real_correlator_turn(struct correlator *c, unsigned worker);
size_t __wrap_correlator_turn(struct correlator *c, unsigned worker);
size_t __wrap_correlator_turn(struct correlator *c, unsigned worker)
{
    bool entered = enter();
    size_t n = __real_correlator_turn(c, worker);
    leave(entered);
    return n;
}

/* What must not happen in one. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    COUNT(heap);
    return __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    COUNT(heap);
    return __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
    COUNT(heap);
    return __real_realloc(p, size);
}

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    COUNT(heap);
    __real_free(p);
}

int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
    COUNT(locks);
    return __real_pthread_mutex_lock(lock);
}

int __wrap_snprintf(char *out, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int __wrap_snprintf(char *out, size_t room, const char *format, ...)
{
    va_list args;
    COUNT(prints);
    va_start(args, format);
    int n = vsnprintf(out, room, format, args);
    va_end(args);
    return n;
}

int __real_vsnprintf(char *out, size_t room, const char *format, va_list args);
int __wrap_vsnprintf(char *out, size_t room, const char *format, va_list args);
int __wrap_vsnprintf(char *out, size_t room, const char *format, va_list args)
{
    COUNT(prints);
    return __real_vsnprintf(out, room, format, args);
}

__attribute__((destructor)) static void write_counts(void)
{
    const char *path = getenv("PLIMSOLL_BURST_TRAP");
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f)
        return;
    fprintf(f, "%lu %lu %lu %lu %lu %lu %d\n", atomic_load(&bursts), atomic_load(&heap),
            atomic_load(&locks), atomic_load(&prints), atomic_load(&syscalls), atomic_load(&yields),
            atomic_load(&first));
    fclose(f);
}
