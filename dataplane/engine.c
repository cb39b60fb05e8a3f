/* The engine: sizes and makes everything, runs feeder and workers, sums what they counted. */
#include "dataplane/engine.h"

#include "base/error.h"
#include "base/text.h"
#include "dataplane/engine_parts.h"

#include <rte_cycles.h>
#include <rte_lcore.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROGRESS_PER_SECOND 10

struct engine_limits engine_default_limits(void)
{
    return (struct engine_limits)
    {
#define X(member, name, value, text) .member = value,
        ENGINE_LIMITS(X)
#undef X
    };
}

int engine_limits_set(struct engine_limits *limits, const char *word)
{
    const char *equals = strchr(word, '=');
    uint64_t value;
    uint32_t *member = NULL;
#define X(row, name, by_default, text)                       \
    if (equals && strlen(name) == (size_t)(equals - word) && \
        strncmp(word, name, strlen(name)) == 0)              \
        member = &limits->row;
    ENGINE_LIMITS(X)
#undef X
    if (!member)
        return ERR_NOT_FOUND;
    if (text_u64(equals + 1, INT32_MAX, &value))
        return ERR_RANGE;
    *member = (uint32_t)value;
    return 0;
}

static void push_observation(void *ctx, const struct observation *obs)
{
    struct worker *w = ctx;
    correlator_push(w->engine->config.correlator, w->number, obs);
}

static int make_worker(struct engine *e, unsigned number, struct diags *diags)
{
    struct worker *w = &e->workers[number];
    *w = (struct worker){.engine = e, .number = number, .reached = ORDER_MIN};
    struct line_config line = {
        .worker = number,
        .workers = e->config.workers,
        .pools = &e->pools,
        .policies = e->config.policies,
        .carries = (const struct rule_carry *const *)e->carries,
        .n_policies = e->config.n_policies,
        .clock_error_ns = e->config.clock_error_ns,
        .stream_depth = e->config.limits.stream_depth,
        .body_depth = e->config.limits.body_depth,
        .time_stages = e->config.time_stages,
        .output = {.ctx = w,
                   .observe = push_observation,
                   .event = e->config.events.take ? worker_event : NULL},
    };
    int error = port_open(&w->port, number, e->mbufs, diags);
    if (!error)
        error = line_create(&w->line, &line, diags);
    if (!error)
        e->memory_bytes += line_bytes(w->line);
    return error;
}

/* make_mbufs: more than can wait in rings and bursts, so that the feeder always gets one. */
static int make_mbufs(struct engine *e, struct diags *diags)
{
    static atomic_uint pools_made; /* for names alone */
    char name[RTE_MEMPOOL_NAMESIZE];
    unsigned n = e->config.workers * (PORT_RING + 2 * BURST_MAX) + 1024;
    uint16_t private = RTE_ALIGN_CEIL(sizeof(struct mbuf_private), RTE_MBUF_PRIV_ALIGN);
    snprintf(name, sizeof name, "mbufs%u", atomic_fetch_add(&pools_made, 1));
    e->mbufs =
        rte_pktmbuf_pool_create(name, n, 256, private, RTE_PKTMBUF_HEADROOM, (int)rte_socket_id());
    if (!e->mbufs)
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                          "no memory for %u packet buffers", n);
    e->memory_bytes += (size_t)n * rte_mempool_calc_obj_size(e->mbufs->elt_size, 0, NULL);
    return 0;
}

int engine_open(struct engine **out, const struct engine_config *config, struct diags *diags)
{
    *out = NULL;
    if (config->n_policies < 1 || config->n_policies > CORRELATOR_POLICIES_MAX)
        return diag_error(diags, ERR_RANGE, diag_file(NULL), NULL, "1 to %d policies",
                          CORRELATOR_POLICIES_MAX);
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return ERR_NOMEM;
    e->config = *config;
    if (e->config.burst == 0)
        e->config.burst = 32;
    e->ticks_hz = rte_get_tsc_hz();
    watermark_publish(&e->source.queued, ORDER_MIN);
    e->workers = aligned_alloc(64, (config->workers * sizeof *e->workers + 63) / 64 * 64);
    int error = e->workers ? 0 : ERR_NOMEM;
    if (!error)
        memset(e->workers, 0, config->workers * sizeof *e->workers);
    if (!error)
        error = merge_open(&e->merge, config->captures, config->points, config->n_captures,
                           config->stop, diags);
    if (!error && merge_counts(e->merge).inputs > ORDER_INPUTS_MAX)
        error = diag_error(diags, ERR_RANGE, diag_file(NULL), "run them in several runs",
                           "more than %d captures", ORDER_INPUTS_MAX);
    if (!error)
        error =
            intake_open(&e->intake, &config->limits.intake, merge_counts(e->merge).inputs, diags);
    if (!error)
        error = line_pools_init(&e->pools, &config->limits);
    if (!error) {
        e->memory_bytes = line_pools_bytes(&e->pools) + correlator_bytes(config->correlator) +
                          merge_bytes(e->merge);
        if (intake_mirror(e->intake))
            e->memory_bytes += mirror_bytes(intake_mirror(e->intake));
        error = make_mbufs(e, diags);
    }
    for (unsigned i = 0; i + 1 < config->n_policies && !error; i++) {
        e->carries[i] = rule_carry_create(config->policies[i].rules, config->policies[i + 1].rules);
        error = e->carries[i] ? 0 : ERR_NOMEM;
    }
    for (unsigned w = 0; w < config->workers && !error; w++)
        error = make_worker(e, w, diags);
    if (error) {
        engine_close(e);
        return error;
    }
    *out = e;
    return 0;
}

void engine_close(struct engine *e)
{
    for (unsigned w = 0; e->workers && w < e->config.workers; w++) {
        line_destroy(e->workers[w].line);
        port_close(&e->workers[w].port);
    }
    for (unsigned i = 0; i < CORRELATOR_POLICIES_MAX; i++)
        rule_carry_destroy(e->carries[i]);
    free(e->workers);
    rte_mempool_free(e->mbufs);
    line_pools_free(&e->pools);
    intake_close(e->intake);
    merge_close(e->merge);
    free(e);
}

/* pin: a core of its own while there are cores enough for all workers and the feeder. */
static void pin(const struct worker *w)
{
    cpu_set_t allowed, mine;
    if (sched_getaffinity(0, sizeof allowed, &allowed) ||
        (unsigned)CPU_COUNT(&allowed) <= w->engine->config.workers)
        return;
    unsigned skip = w->number + 1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && skip-- == 0) {
            CPU_ZERO(&mine);
            CPU_SET(cpu, &mine);
            pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
            return;
        }
}

static void *worker_main(void *ctx)
{
    struct worker *w = ctx;
    rte_thread_register();
    pin(w);
    correlator_begin(w->engine->config.correlator, w->number);
    worker_run(w);
    rte_thread_unregister();
    return NULL;
}

/* pump_all: feed until the end; with one worker this thread does its work too, burst by burst. */
static void pump_all(struct engine *e, struct diags *diags)
{
    uint64_t next = 0;
    while (feeder_pump(e, diags)) {
        if (e->config.workers == 1)
            worker_poll(&e->workers[0]);
        uint64_t now = rte_rdtsc();
        if (e->config.progress && now >= next) {
            struct merge_counts counts = merge_counts(e->merge);
            e->config.progress(e->config.progress_ctx, counts.total.position, counts.total.size,
                               e->source_packets);
            next = now + e->ticks_hz / PROGRESS_PER_SECOND;
        }
    }
}

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int engine_run(struct engine *e, struct diags *diags)
{
    double start = now_seconds();
    int error = 0;
    for (unsigned w = 0; w < e->config.workers && e->config.workers > 1; w++) {
        if (pthread_create(&e->workers[w].thread, NULL, worker_main, &e->workers[w]))
            return diag_error(diags, ERR_NOMEM, diag_file(NULL), "use fewer workers",
                              "cannot start worker %u", w);
        e->workers[w].started = true;
    }
    if (e->config.workers == 1)
        correlator_begin(e->config.correlator, 0);
    if (intake_mirror(e->intake))
        mirror_wait(intake_mirror(e->intake), feeder_wait, e);
    pump_all(e, diags);
    intake_end(e->intake);
    if (e->config.workers == 1)
        worker_run(&e->workers[0]);
    for (unsigned w = 0; w < e->config.workers; w++)
        if (e->workers[w].started)
            pthread_join(e->workers[w].thread, NULL);
    merge_check(e->merge, diags);
    e->seconds = now_seconds() - start;
    return error;
}

static void add_line(struct engine_stats *out, const struct worker *w)
{
    const struct line_stats *s = line_stats(w->line);
    struct matcher_stats matched = line_matcher_stats(w->line);
#define X(name, unit, what, text) out->counters.name += s->counters.name;
    ENGINE_COUNTERS(X)
#undef X
    for (unsigned p = 0; p < PROTOCOL_COUNT; p++) {
        out->anomalies[p] += s->anomalies[p];
        for (unsigned r = 0; r < OUTCOME_COUNT; r++)
            out->sessions[p][r] += s->sessions[p][r];
        for (unsigned o = 0; o < OPERATION_COUNT; o++)
            for (unsigned r = 0; r < OUTCOME_COUNT; r++)
                out->commands[p][o][r] += s->commands[p][o][r];
    }
    for (unsigned i = 0; i < DECODE_VERDICT_COUNT; i++)
        out->verdicts[i] += s->verdicts[i];
    for (unsigned i = 0; i < PACKET_LAYER_COUNT; i++)
        out->layers[i] += s->layers[i];
    for (unsigned i = 0; i < LINK_TYPES_NAMED_COUNT; i++)
        out->linktypes[i] += s->linktypes[i];
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        out->stage_ns[i] += s->stage_ticks[i];
    out->stage_ns[STAGE_DECODE] += w->decode_ticks;
    out->stage_ns[STAGE_CORRELATE] += w->correlate_ticks;
    if (s->first_ns < out->first_ns)
        out->first_ns = s->first_ns;
    if (s->last_ns > out->last_ns)
        out->last_ns = s->last_ns;
    matcher_stats_add(&out->matcher, &matched);
    out->port_packets += port_received(&w->port);
}

void engine_stats(const struct engine *e, struct engine_stats *out)
{
    struct merge_counts merged = merge_counts(e->merge);
    memset(out, 0, sizeof *out);
    out->first_ns = INT64_MAX;
    out->last_ns = INT64_MIN;
    for (unsigned w = 0; w < e->config.workers; w++)
        add_line(out, &e->workers[w]);
    struct intake_counts intake = intake_counts(e->intake);
    out->counters.filtered = intake.filtered;
    out->counters.stripped = intake.stripped;
    out->counters.fcs = intake.fcs;
    out->counters.mirror_fragments = intake.mirror.fragments;
    out->counters.mirror_datagrams = intake.mirror.datagrams;
    out->counters.mirror_incomplete = intake.mirror.incomplete;
    out->stage_ns[STAGE_SOURCE] = e->source_ticks;
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        out->stage_ns[i] = (uint64_t)((double)out->stage_ns[i] * 1e9 / (double)e->ticks_hz);
    out->source_packets = e->source_packets;
    out->source_bytes = e->source_bytes;
    out->inputs = merged.inputs;
    out->broken_inputs = merged.broken;
    out->budget_total_reached = line_pools_total_reached(&e->pools);
    out->memory_bytes = e->memory_bytes;
    out->seconds = e->seconds;
}

void engine_memory_report(const struct engine *e, FILE *out)
{
    const struct engine_limits *l = &e->config.limits;
    fprintf(out, "memory at most %.1f MiB, touched as it is used:\n",
            (double)e->memory_bytes / (1 << 20));
    fprintf(out, "  flows          %u of %zu bytes, a shard at most a sixteenth\n", l->flows,
            sizeof(struct flow));
    fprintf(out, "  held segments  %u of %d bytes\n", l->hold_segments, HELD_ITEM_BYTES);
    fprintf(out, "  fragments      %u of %d bytes, of %u datagrams of %zu bytes\n", l->fragments,
            FRAGMENT_BYTES, l->datagrams, sizeof(struct datagram));
    fprintf(out, "  stream windows %u of %u bytes\n", l->windows, MATCH_WINDOW);
    fprintf(out, "  parser states  %u of %u bytes\n", l->app_states, PROTO_STATE_MAX);
    fprintf(out, "  block buffers  %.1f MiB\n", (double)merge_bytes(e->merge) / (1 << 20));
    fprintf(out, "  correlation    %.1f MiB\n",
            (double)correlator_bytes(e->config.correlator) / (1 << 20));
}
