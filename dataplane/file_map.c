/* The guard: a handler for SIGBUS that puts zeros under the rest of the map in which it happened.
 *
 * A signal handler gets no argument of ours, so the open maps are a list of the process: the only
 * state here that is not in a struct of the caller. Maps are opened and closed by one thread at a
 * time and not while others read that map; the handler, which may run in any thread, only follows
 * the list. Whoever else wants the signal gets it: for an address in none of our maps the handler
 * that was there before is put back.
 */
#include "dataplane/file_map.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic(struct file_map *) maps;
static struct sigaction before; /* valid while maps is not empty */

static void put_zeros(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)info->si_addr & ~(page - 1);
    for (struct file_map *m = atomic_load(&maps); m; m = m->next) {
        uintptr_t begin = (uintptr_t)m->data, end = begin + m->size;
        if (at < begin || at >= end)
            continue;
        int saved = errno;
        void *done =
            mmap((void *)at, end - at, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        errno = saved;
        if (done == MAP_FAILED)
            break;
        size_t from = at - begin, known = atomic_load(&m->zeroed);
        while (from < known && !atomic_compare_exchange_weak(&m->zeroed, &known, from))
            ;
        return;
    }
    sigaction(SIGBUS, &before, NULL); /* what touched the page does so again, and is told */
}

int file_map_open(struct file_map *map, int fd, size_t size)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return ERR_IO;
    (void)madvise(data, size, MADV_SEQUENTIAL); /* advice only */
    *map = (struct file_map){.data = data, .size = size, .fd = fd};
    map->next = atomic_load(&maps);
    atomic_init(&map->zeroed, SIZE_MAX);
    if (!map->next) {
        struct sigaction guard = {.sa_sigaction = put_zeros, .sa_flags = SA_SIGINFO};
        sigemptyset(&guard.sa_mask);
        sigaction(SIGBUS, &guard, &before);
    }
    atomic_store(&maps, map);
    return 0;
}

void file_map_close(struct file_map *map)
{
    if (!map->data)
        return;
    struct file_map *first = atomic_load(&maps);
    if (first == map) {
        atomic_store(&maps, map->next);
    } else {
        while (first->next != map)
            first = first->next;
        first->next = map->next;
    }
    if (!atomic_load(&maps))
        sigaction(SIGBUS, &before, NULL);
    munmap((void *)(uintptr_t)map->data, map->size);
    close(map->fd);
    *map = (struct file_map){0};
}

bool file_map_shrunk(const struct file_map *map, size_t *now)
{
    struct stat st;
    size_t size = atomic_load(&map->zeroed);
    if (fstat(map->fd, &st) == 0 && (size_t)st.st_size < size)
        size = (size_t)st.st_size;
    if (size >= map->size)
        return false;
    *now = size;
    return true;
}
