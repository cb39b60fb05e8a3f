/* A line without an engine around it. */
#include "dataplane/solo.h"

#include "base/error.h"
#include "dataplane/capture.h"
#include "dataplane/decode.h"

#include <stdlib.h>
#include <string.h>

struct solo {
    struct solo_config config;
    struct engine_policy policy;
    struct line_pools pools;
    struct merge *merge;
    struct intake *intake;
    struct line *line;
};

int solo_open(struct solo **out, const struct solo_config *config, struct diags *diags)
{
    struct solo *s = *out = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    s->config = *config;
    s->policy = (struct engine_policy){.rules = config->rules, .coverage_interval_ns = INT64_MAX};
    int error = merge_open(&s->merge, config->captures, NULL, config->n_captures, NULL, diags);
    if (!error)
        error =
            intake_open(&s->intake, &config->limits.intake, merge_counts(s->merge).inputs, diags);
    if (!error)
        error = line_pools_init(&s->pools, &config->limits);
    struct line_config line = {
        .workers = 1,
        .pools = &s->pools,
        .policies = &s->policy,
        .n_policies = 1,
        .clock_error_ns = 0,
        .stream_depth = config->limits.stream_depth,
        .body_depth = config->limits.body_depth,
        .watch = config->watch,
        .costs = config->costs,
        .output = config->output,
    };
    if (!error)
        error = line_create(&s->line, &line, diags);
    if (error) {
        solo_close(s);
        *out = NULL;
    }
    return error;
}

void solo_close(struct solo *s)
{
    if (!s)
        return;
    line_destroy(s->line);
    line_pools_free(&s->pools);
    intake_close(s->intake);
    merge_close(s->merge);
    free(s);
}

/* take: a frame that intake took. */
static void take(struct solo *s, const struct frame *frame, uint32_t input, uint64_t seq,
                 uint8_t flags)
{
    struct packet pkt;
    memset(&pkt, 0, sizeof pkt);
    intake_packet(&pkt, frame, input, seq, flags);
    decode_frame(&pkt, frame->data, frame->captured);
    line_packet(s->line, &pkt, frame->data, NULL);
    if (s->config.watch)
        line_watched(s->line, &pkt, frame->data);
}

int solo_run(struct solo *s, struct diags *diags)
{
    struct frame frame;
    uint32_t input;
    uint64_t seq;
    int got;
    int64_t last = 0;
    while ((got = merge_next(s->merge, &frame, &input, &seq, diags)) != 0) {
        uint8_t flags = 0;
        if (got != 1)
            continue;
        last = frame.t;
        if (intake_takes(s->intake, &frame, input, &flags))
            take(s, &frame, input, seq, flags);
    }
    intake_end(s->intake);
    line_finish(s->line, last);
    merge_check(s->merge, diags);
    return 0;
}

struct line_moment solo_moment(const struct solo *s)
{
    return line_moment(s->line);
}

struct solo_counts solo_counts(const struct solo *s)
{
    const struct line_stats *stats = line_stats(s->line);
    struct merge_counts merged = merge_counts(s->merge);
    struct solo_counts counts = {.packets = stats->counters.packets,
                                 .flows = stats->counters.flows,
                                 .flows_home = stats->counters.flows_home,
                                 .inputs = merged.inputs,
                                 .broken = merged.broken,
                                 .matcher = line_matcher_stats(s->line)};
    memcpy(counts.verdicts, stats->verdicts, sizeof counts.verdicts);
    return counts;
}
