/* Counts from outside what is given to Hyperscan: the linker puts this in place of hs_scan
 * (--wrap=hs_scan). At exit it writes "CALLS BYTES" to the file that PLIMSOLL_HS_SCAN_COUNT names.
 */
#include <hs.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ulong calls, bytes;

hs_error_t __real_hs_scan(const hs_database_t *db, const char *data, unsigned int length,
                          unsigned int flags, hs_scratch_t *scratch, match_event_handler on_event,
                          void *ctx);
hs_error_t __wrap_hs_scan(const hs_database_t *db, const char *data, unsigned int length,
                          unsigned int flags, hs_scratch_t *scratch, match_event_handler on_event,
                          void *ctx);

hs_error_t __wrap_hs_scan(const hs_database_t *db, const char *data, unsigned int length,
                          unsigned int flags, hs_scratch_t *scratch, match_event_handler on_event,
                          void *ctx)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, length, memory_order_relaxed);
    return __real_hs_scan(db, data, length, flags, scratch, on_event, ctx);
}

__attribute__((destructor)) static void write_counts(void)
{
    const char *path = getenv("PLIMSOLL_HS_SCAN_COUNT");
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f)
        return;
    fprintf(f, "%lu %lu\n", atomic_load(&calls), atomic_load(&bytes));
    fclose(f);
}
