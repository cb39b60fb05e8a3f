/* A replay: the composition of the line, from captures to sealed findings. cmd_replay.c has its
 * options. */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include "app/policies.h"
#include "app/sensors.h"

struct replay_options {
    struct policy_files policy;
    struct option_list switches;    /* T=FILE */
    struct option_list limit_words; /* NAME=N */
    struct option_list strip;
    struct option_list sensor_words; /* NAME=CAPTURE */
    struct sensors sensors;          /* of the captures */
    const char *checksums, *filter;
    struct engine_limits limits;
    const char *eve, *eve_types, *evidence, *ledger, *ledger_key, *ledger_secret, *stats;
    unsigned eve_type_bits; /* of eve_types */
    uint64_t workers, burst, fail_on;
    int64_t clock_error; /* ns, -1: unknown */
    bool json, stage_times, memory;
};

/* replay_run: returns an exit code. Diagnostics are added to diags, nothing is printed but the
 * results. */
int replay_run(const struct replay_options *options, const struct option_list *captures,
               struct diags *diags);

#endif
