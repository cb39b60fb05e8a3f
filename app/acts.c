/* Start and stop, by the wall clock. */
#include "app/acts.h"

#include "base/json.h"
#include "base/time_point.h"

#include <stdio.h>
#include <time.h>

int acts_seal(struct sealer_client *sealer, enum entry_kind kind, const struct sealer_hello *hello,
              struct diags *diags)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t ns = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
    char id[64], time[40], size[24];
    snprintf(id, sizeof id, "%s-%ld", entry_kind_name(kind), ns);
    int time_len = snprintf(time, sizeof time, "\"%ld\"", ns);
    int size_len = snprintf(size, sizeof size, "%lu", hello->facts_size);
    const struct entry_field fields[] = {
        {"facts-size", size, (size_t)size_len},
        {"time", time, (size_t)time_len},
        {"version", "\"" PLIMSOLL_VERSION "\"", sizeof PLIMSOLL_VERSION + 1},
    };
    struct entry_draft draft = {.kind = kind, .id = id, .revision = 1, .fields = fields, .n = 3};
    return sealer_submit(sealer, &draft, diags);
}
