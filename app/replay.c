/* The composition root of a replay: who is made in which order, which thread runs what.
 *
 * The sealer's process is started before EAL and before threads. The caller's thread feeds the
 * workers (and is one, when there is one); the judge has a thread of its own and is the only one
 * that talks to the sealer while it runs. Nothing flows back.
 */
#include "app/replay.h"

#include "app/acts.h"
#include "app/eve.h"
#include "app/evidence.h"
#include "app/out_stats.h"
#include "app/progress.h"
#include "app/user_files.h"
#include "base/error.h"
#include "base/idle.h"
#include "correlate/judge.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Without a ledger ids are keyed by this; they are then no secret and bind to nothing. */
static const char unsealed_key[32] = "plimsoll: unsealed incident ids";

#define EAL_MEMORY_MB 768

struct replay {
    const struct replay_options *options;
    struct policies policies;
    unsigned generation;          /* of the judge's thread: the policy in force */
    struct sealer_client *sealer; /* NULL: nothing is sealed */
    struct sealer_hello hello;
    struct correlator *correlator;
    struct judge_policy judging[CORRELATOR_POLICIES_MAX];
    struct engine_policy inspecting[CORRELATOR_POLICIES_MAX];
    struct judge *judge;
    bool eal_started;
    struct eve *eve;           /* NULL: events are not written */
    struct evidence *evidence; /* NULL: none is written */
    struct evidence_sum evidence_sum;
    struct engine *engine;
    struct results results;
    struct coverage_sum coverage[CORRELATOR_POLICIES_MAX]; /* one an accord, at its first policy */
    struct engine_stats stats;
    /* of the judge's thread while it runs */
    struct diags judge_diags;
    struct text line;
    bool seal_failed;
    uint64_t not_handed_over; /* entries, after the sealer and what may wait for it failed */
};

static atomic_bool stop_asked; /* set by the signal handler: stop reading, finish what was read */

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    atomic_store_explicit(&stop_asked, true, memory_order_relaxed);
}

/* seal: after a failure no more is read, and what was read is named as not sealed. */
static void seal(struct replay *r, const struct entry_draft *entry)
{
    if (!r->sealer)
        return;
    int error = r->seal_failed ? ERR_FULL : sealer_submit(r->sealer, entry, &r->judge_diags);
    if (r->seal_failed)
        diag_error(&r->judge_diags, error, diag_file(r->options->ledger), NULL,
                   "entry %s, revision %u, is not sealed", entry->id, entry->revision);
    r->not_handed_over += error == ERR_FULL;
    if (error) {
        r->seal_failed = true;
        atomic_store_explicit(&stop_asked, true, memory_order_relaxed);
    }
}

static void print_entry(struct replay *r, const char *type, const struct entry_draft *entry)
{
    if (!r->options->json)
        return;
    text_clear(&r->line);
    entry_object(&r->line, type, entry);
    puts(text_str(&r->line));
}

static void on_judged(void *ctx, const struct judged *judged)
{
    struct replay *r = ctx;
    results_take(&r->results, judged);
    if (r->evidence)
        evidence_judged(r->evidence, judged);
    if (!judged->raised)
        return;
    seal(r, &judged->entry);
    print_entry(r, "finding", &judged->entry);
}

static void on_joined(void *ctx, uint32_t campaign, const struct incident_ref *incident,
                      uint64_t observations)
{
    struct replay *r = ctx;
    if (r->evidence)
        evidence_joined(r->evidence, campaign, incident, observations);
}

static void on_evidence(void *ctx, const struct evidence_file *file)
{
    struct replay *r = ctx;
    r->evidence_sum.files++;
    r->evidence_sum.packets += file->packets;
    r->evidence_sum.missing += file->missing;
    seal(r, &file->entry);
    print_entry(r, "evidence", &file->entry);
}

/* accord_since: the first policy of the accord that is in force under this one. */
static unsigned accord_since(const struct policies *p, unsigned generation)
{
    while (generation && p->items[generation].same_accord)
        generation--;
    return generation;
}

static int seal_policy_entry(void *ctx, const struct entry_draft *entry)
{
    seal(ctx, entry);
    return 0;
}

static void on_policy(void *ctx, unsigned generation)
{
    struct replay *r = ctx;
    r->generation = generation;
    policy_entries(&r->policies.items[generation], seal_policy_entry, r);
}

static void on_coverage(void *ctx, const struct judged_coverage *coverage)
{
    struct replay *r = ctx;
    r->coverage[accord_since(&r->policies, r->generation)].intervals++;
    seal(r, &coverage->entry);
    print_entry(r, "coverage", &coverage->entry);
}

static void *judge_main(void *ctx)
{
    struct replay *r = ctx;
    struct revision revision;
    struct idle idle = {0};
    int got;
    while ((got = correlator_next(r->correlator, &revision)) != ERR_CLOSED) {
        if (got == 0) {
            idle_wait(&idle);
            continue;
        }
        idle = (struct idle){0};
        if (revision.kind == REVISION_COVERAGE)
            coverage_sum_add(&r->coverage[accord_since(&r->policies, revision.generation)],
                             &revision);
        judge_take(r->judge, &revision);
    }
    judge_end(r->judge);
    return NULL;
}

/* The first entries are the caller's thread's, before there is a judge. */
struct first_entries {
    struct sealer_client *sealer;
    struct diags *diags;
};

static int submit_first(void *ctx, const struct entry_draft *entry)
{
    const struct first_entries *first = ctx;
    return sealer_submit(first->sealer, entry, first->diags);
}

static int start_sealer(struct replay *r, struct diags *diags)
{
    const struct replay_options *o = r->options;
    if (!o->ledger)
        return 0;
    struct user_files files;
    int error = policies_one_origin(&r->policies, diags);
    if (error)
        return error;
    error = user_files_find(&files, o->ledger_key, o->ledger_secret, diags);
    if (error)
        return error;
    const struct policy *policy = &r->policies.items[0];
    const struct accord_party *party = policy->accord ? accord_own_party(policy->accord) : NULL;
    struct sealer_config config = {
        .program = files.sealer,
        .ledger_dir = o->ledger,
        .key_file = files.key,
        .secret_file = files.secret,
        .origin_facts = party ? party->origin_facts : "plimsoll.invalid/facts",
        .origin_acts = party ? party->origin_acts : "plimsoll.invalid/acts",
    };
    error = sealer_start(&r->sealer, &config, &r->hello, diags);
    if (!error && (r->hello.made_key || r->hello.made_secret))
        diag_add(diags, DIAG_NOTE, 0, diag_file(NULL),
                 "keep them apart from the ledger, and back them up",
                 "new ledger keys were made: %s and %s", files.key, files.secret);
    user_files_free(&files);
    if (!error)
        error = acts_start(r->sealer, &r->hello, diags);
    struct first_entries first = {r->sealer, diags};
    return error ? error : policy_entries(policy, submit_first, &first);
}

static int make_judging(struct replay *r, struct diags *diags)
{
    struct correlator_policy correlation[CORRELATOR_POLICIES_MAX];
    if (results_init(&r->results))
        return ERR_NOMEM;
    for (unsigned i = 0; i < r->policies.n; i++) {
        const struct policy *p = &r->policies.items[i];
        const struct asset *assets;
        if (coverage_sum_init(&r->coverage[i], p->accord ? accord_assets(p->accord, &assets) : 0))
            return ERR_NOMEM;
        correlation[i] = (struct correlator_policy){
            .from_ns = p->from_ns,
            .definitions = p->definitions,
            .hosts = p->accord ? accord_hosts(p->accord) : NULL,
            .same_accord = p->same_accord,
            .incident_quiet_ns = p->incident_quiet_ns,
            .update_interval_ns = p->incident_quiet_ns,
        };
        r->judging[i] = (struct judge_policy){
            .accord = p->accord,
            .definitions = p->definitions,
            .same_accord = p->same_accord,
            .update_ns = p->incident_quiet_ns,
        };
        memcpy(r->judging[i].digest, p->digest, SHA256_BYTES);
    }
    struct correlator_config correlator = {
        .workers = (unsigned)r->options->workers,
        .policies = correlation,
        .n_policies = r->policies.n,
        .points = r->options->sensors.n,
        .keep = r->evidence ? CORRELATOR_KEEP : 0,
    };
    int error = correlator_create(&r->correlator, &correlator, diags);
    if (error)
        return error;
    struct judge_config judge = {
        .policies = r->judging,
        .n_policies = r->policies.n,
        .incident_key = r->sealer ? r->hello.incident_key : (const uint8_t *)unsealed_key,
        .sink = {.ctx = r,
                 .judged = on_judged,
                 .joined = on_joined,
                 .coverage = on_coverage,
                 .policy = on_policy},
    };
    return judge_create(&r->judge, &judge, diags);
}

static int run_engine(struct replay *r, const struct option_list *captures, struct diags *diags)
{
    const struct replay_options *o = r->options;
    struct progress progress;
    progress_init(&progress);
    for (unsigned i = 0; i < r->policies.n; i++) {
        const struct policy *p = &r->policies.items[i];
        r->inspecting[i] = (struct engine_policy){
            .from_ns = p->from_ns,
            .rules = p->rules,
            .hosts = p->accord ? accord_hosts(p->accord) : NULL,
            .coverage_interval_ns = p->coverage_interval_ns,
        };
    }
    struct engine_config config = {
        .workers = (unsigned)o->workers,
        .burst = (unsigned)o->burst,
        .captures = captures->items,
        .points = o->sensors.points,
        .n_captures = captures->n,
        .policies = r->inspecting,
        .n_policies = r->policies.n,
        .correlator = r->correlator,
        .clock_error_ns = o->clock_error < 0 ? TIME_ERROR_UNKNOWN : (uint64_t)o->clock_error,
        .limits = r->policies.items[0].limits,
        .events = r->eve ? eve_events(r->eve) : (struct engine_events){0},
        .time_stages = o->stage_times,
        .stop = &stop_asked,
        .progress = progress_show,
        .progress_ctx = &progress,
    };
    int error = engine_eal_start(EAL_MEMORY_MB, diags);
    if (error)
        return error;
    r->eal_started = true;
    error = engine_open(&r->engine, &config, diags);
    if (error)
        return error;
    if (o->memory)
        engine_memory_report(r->engine, stderr);

    error = r->eve ? eve_start(r->eve, diags) : 0;
    if (error)
        return error;
    pthread_t judge_thread;
    if (pthread_create(&judge_thread, NULL, judge_main, r))
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                          "cannot start the judge's thread");
    error = engine_run(r->engine, diags);
    pthread_join(judge_thread, NULL);
    if (r->eve && eve_finish(r->eve, diags) && !error)
        error = ERR_IO;
    progress_clear(&progress);
    engine_stats(r->engine, &r->stats);
    if (r->evidence) {
        struct evidence_run run = {captures, o->sensors.points, &config.limits,
                                   r->stats.source_packets};
        int failed = evidence_write(r->evidence, r->correlator, &run, on_evidence, r, diags);
        error = error ? error : failed;
    }
    for (size_t i = 0; i < r->judge_diags.n; i++) {
        const struct diag *d = &r->judge_diags.items[i];
        diag_add(diags, d->level, d->error, d->pos, d->hint, "%s", d->text);
    }
    return error;
}

/* The summary line of --json: event time and counts only, equal at any number of workers. */
static void print_json_end(const struct replay *r, const struct correlator_counters *correlation)
{
    for (size_t i = 0; i < r->results.n; i++)
        if (!r->results.items[i].raised)
            puts(text_str(&r->results.items[i].entry));
    const struct engine_counters *c = &r->stats.counters;
    printf("{\"type\":\"summary\",\"packets\":%lu,\"bytes\":%lu,\"broken-inputs\":%u,"
           "\"observations\":%lu,\"hits\":%lu,\"commands\":%lu,\"attempts\":%lu,\"incidents\":%lu,"
           "\"findings\":%zu,\"not-raised\":%zu,\"reproducible\":%s}\n",
           c->packets, c->bytes_captured, r->stats.broken_inputs, c->observations, c->hits,
           c->commands, c->attempts, correlation->incidents, r->results.raised,
           r->results.not_raised, r->stats.budget_total_reached ? "false" : "true");
}

static int report(struct replay *r, struct diags *diags)
{
    struct sealer_counts sealed = {0};
    if (r->sealer) {
        if (r->seal_failed || acts_stop(r->sealer, &r->hello, diags) ||
            sealer_checkpoint(r->sealer, diags))
            r->seal_failed = true;
        sealed = sealer_counts(r->sealer);
        sealed.submitted += r->not_handed_over;
        if (r->seal_failed)
            diag_error(diags, ERR_IO, diag_file(r->options->ledger),
                       "make room or mend the disk, then run again: what is sealed already is not "
                       "repeated",
                       "%lu of %lu entries are not sealed", sealed.submitted - sealed.sealed,
                       sealed.submitted);
    }
    struct correlator_counters correlation = correlator_counters(r->correlator);
    struct judge_counters judge = judge_counters(r->judge);
    uint64_t incidents[CORRELATOR_WORKERS_MAX];
    for (unsigned w = 0; w < r->options->workers; w++)
        incidents[w] = correlator_incidents(r->correlator, w);
    struct screen screen = {
        .results = &r->results,
        .coverage = r->coverage,
        .stats = &r->stats,
        .correlation = &correlation,
        .judge = &judge,
        .incidents_by_worker = incidents,
        .n_workers = (unsigned)r->options->workers,
        .policies = &r->policies,
        .ledger_dir = r->options->ledger,
        .sealed = &sealed,
        .evidence_dir = r->options->evidence,
        .evidence = &r->evidence_sum,
        .fates = r->eve ? eve_fates(r->eve) : NULL,
        .hello = &r->hello,
    };
    if (r->options->json)
        print_json_end(r, &correlation);
    else
        screen_print(stdout, &screen);
    return r->options->stats ? out_stats_write(r->options->stats, &screen, diags) : 0;
}

static void clean_up(struct replay *r, struct diags *diags)
{
    if (r->engine)
        engine_close(r->engine);
    eve_close(r->eve);
    evidence_destroy(r->evidence);
    if (r->judge)
        judge_destroy(r->judge);
    if (r->correlator)
        correlator_destroy(r->correlator);
    if (r->sealer && sealer_finish(r->sealer, diags))
        r->seal_failed = true;
    if (r->eal_started)
        engine_eal_stop();
    for (unsigned i = 0; i < CORRELATOR_POLICIES_MAX; i++)
        coverage_sum_free(&r->coverage[i]);
    results_free(&r->results);
    policies_free(&r->policies);
    text_free(&r->line);
    diags_free(&r->judge_diags);
}

int replay_run(const struct replay_options *options, const struct option_list *captures,
               struct diags *diags)
{
    struct replay r = {.options = options};
    int error =
        policies_load(&r.policies, &options->policy, &options->limits, &options->switches, diags);
    if (error)
        return EXIT_USAGE;

    signal(SIGINT, ask_to_stop);
    signal(SIGTERM, ask_to_stop);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes comes back as an error of the write */
    error = start_sealer(&r, diags);
    if (!error && options->evidence)
        error = evidence_create(&r.evidence, options->evidence, diags);
    if (!error)
        error = make_judging(&r, diags);
    if (!error && options->eve)
        error = eve_open(&r.eve, options->eve, options->eve_type_bits, (unsigned)options->workers,
                         &r.policies, diags);
    if (error) {
        clean_up(&r, diags);
        return error == ERR_FULL || error == ERR_IO ? EXIT_PARTIAL : EXIT_USAGE;
    }
    error = run_engine(&r, captures, diags);
    bool partial = error != 0 || r.stats.broken_inputs;
    if (r.stats.inputs && report(&r, diags))
        partial = true;
    bool fail = r.results.raised && (uint64_t)r.results.worst_severity >= options->fail_on;
    bool nothing_read = error && !r.stats.inputs;
    clean_up(&r, diags);
    if (nothing_read)
        return error == ERR_NOT_FOUND ? EXIT_USAGE : EXIT_PARTIAL;
    return partial || r.seal_failed ? EXIT_PARTIAL : fail ? EXIT_FAIL_ON : EXIT_DONE;
}
